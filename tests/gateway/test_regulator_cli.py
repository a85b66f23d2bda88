"""`karez regulator …` as an office uses it: nothing blind, nothing lost, both languages."""

import base64
import json
import time

import pytest
from typer.testing import CliRunner

from karez_gateway.regulator import limits, request, signed_grants
from karez_gateway.regulator.cli import app
from karez_gateway.technician import keys
from karez_gateway.verifier.statements import verifies
from karez_protocols import key_list, order, technicians

from .regulator_desk import PASSPHRASE, Well, digest_in, opened, run, with_key
from .synthetic import PROVISIONER, REGULATOR, key_of, public

RUNNER = CliRunner()


@pytest.fixture(autouse=True)
def passphrase(monkeypatch):
    monkeypatch.setenv("KAREZ_KEY_PASSPHRASE", PASSPHRASE)
    monkeypatch.setenv("LANG", "C.UTF-8")


@pytest.fixture
def office(tmp_path):
    return with_key(tmp_path / "office")


def asked(office, right_l=400_000, wells=("w1", "w3")):
    """A request of this year in a file, as the gateway writes it; the real clock's year."""
    now_s, year = int(time.time()), time.gmtime().tm_year
    from_utc_s, to_utc_s = limits.load(office).year(year)
    wishes = []
    for site in wells:
        well = Well(site, from_utc_s=from_utc_s, now_s=max(now_s, from_utc_s + 20_000))
        row = request.WishRow("water", from_utc_s, to_utc_s, right_l)
        interim = {"interim_to_utc_s": to_utc_s + 86_400, "interim_l": right_l // 20, "emergency_l": 10_000}
        wishes.append(well.wish(right_l, rows=(row,), **interim))
    head = {"gateway": "test", "year": year, "from_utc_s": from_utc_s, "to_utc_s": to_utc_s}
    path = office / "north.request"
    path.write_bytes(request.encode(head | {"made_utc_s": now_s, "document": "W-3"}, wishes))
    return path


def grant(office, path, *more, ok=0):
    words = ("grant", path, "--key", office / "root.pem", "--out", office / "north.grants", *more)
    return run(office, *words, ok=ok)


def test_grants_are_shown_and_signed_by_the_digest_of_what_was_shown(office):
    path = asked(office)
    shown = grant(office, path, ok=3)
    assert "650401 亚尔镇" in shown and "400 of 1,500 m³, 1,100 left" in shown
    assert "w1: first right, 400 m³" in shown and "nothing was signed" in shown
    assert "2 stop, 0 finish the irrigation in progress, 0 only warn" in shown
    assert "40 m³ by the interim rule" in shown and "0 m³ to finish, 20 m³ in emergencies" in shown
    assert not (office / "north.grants").exists() and not (office / "journal.jsonl").exists()
    wrong = grant(office, path, "--digest", "0" * 64, ok=3)
    assert "is not what was shown" in wrong and not (office / "journal.jsonl").exists()
    done = grant(office, path, "--digest", digest_in(shown), "--by", "li")
    assert "2 signed, line 1 of the journal" in done
    grants = signed_grants.decode((office / "north.grants").read_bytes(), "")
    assert [opened(one)[0]["site"] for one in grants] == ["w1", "w3"]
    assert "is there already" in grant(office, path, "--digest", digest_in(shown), ok=2)
    (office / "north.grants").unlink()
    assert "was signed before: line 1" in grant(office, path, "--digest", digest_in(shown), ok=1)
    later = office / "later.request"
    later.write_bytes(path.read_bytes().replace(b'"gateway": "test"', b'"gateway": "next"'))
    assert "2 controllers did not hold their last grant yet" in grant(office, later, ok=3)
    again = run(office, "journal", "again", "1", "--out", office / "again.grants")
    assert "2 signed" in again
    assert signed_grants.decode((office / "again.grants").read_bytes(), "") == grants
    assert " li  2 grants for" in run(office, "journal", "show")


def test_a_program_gets_the_same_in_json(office):
    path = asked(office)
    shown = json.loads(grant(office, path, "--json", ok=3))
    assert shown["error"] == "unconfirmed" and [one["site"] for one in shown["sites"]] == ["w1", "w3"]
    done = json.loads(grant(office, path, "--json", "--digest", shown["digest"]))
    assert done["ok"] and done["sites"] == 2
    lines = json.loads(run(office, "journal", "show", "--json"))["lines"]
    assert [one["sort"] for one in lines] == ["grants"]
    given = json.loads(run(office, "limits", "show", "--year", time.gmtime().tm_year, "--json"))["limits"]
    assert [one["given_l"] for one in given] == [800_000, 400_000, 400_000, 0]


def test_a_file_a_site_for_a_cable_or_a_tag(office, tmp_path):
    path = asked(office)
    out = tmp_path / "cards"
    out.mkdir()
    shown = run(office, "grant", path, "--key", office / "root.pem", "--out", out, "--json", ok=3)
    digest = json.loads(shown)["digest"]
    run(office, "grant", path, "--key", office / "root.pem", "--out", out, "--digest", digest)
    assert sorted(one.name for one in out.iterdir()) == ["w1-1.grant", "w3-1.grant"]
    assert opened((out / "w3-1.grant").read_bytes())[0]["site"] == "w3"


def test_a_refused_request_names_site_and_reason_in_both_languages(office):
    path = asked(office, right_l=950_000)
    said = grant(office, path, ok=1)
    assert "650402 艾丁湖镇" in said and "too much" in said and "nothing was signed" in said
    assert "超出" in grant(office, path, "--lang", "zh", ok=1)
    facts = json.loads(grant(office, path, "--json", ok=1))
    assert [one["fault"] for one in facts["faults"]] == ["sum-above"]


def test_excuses_are_for_sites_that_are_asked_for(office):
    path = asked(office)
    assert "which no request asks for" in grant(office, path, "--without", "w9=broken", ok=2)
    assert "SITE=REASON" in grant(office, path, "--without", "w1", ok=2)


def test_a_key_that_is_no_root_signs_nothing(office):
    path = asked(office)
    (office / "root.pem").unlink()
    keys.keep(office / "root.pem", key_of("somebody"), PASSPHRASE)
    assert "not among the regulators" in grant(office, path, ok=2)


def test_a_wrong_passphrase_a_missing_key_and_a_missing_folder_are_said(office, monkeypatch):
    path = asked(office)
    assert "cannot be read" in run(office, "grant", path, "--key", "nowhere.pem", "--out", "x", ok=2)
    monkeypatch.setenv("KAREZ_KEY_PASSPHRASE", "another one")
    assert "passphrase is wrong" in grant(office, path, ok=2)
    assert "is no folder" in run(office / "nothing", "limits", "show", "--year", "2027", ok=2)


def test_a_request_cut_short_changed_or_twice_is_refused_by_line(office):
    path = asked(office)
    whole = path.read_bytes()
    lines = whole.splitlines(keepends=True)
    for data, name in (
        (whole[:-9], "request-cut"),
        (b"".join(lines[:2]), "request-count"),
        (lines[0] + lines[1] * 2, "request-twice"),
        (whole.replace(b'"policy": "stop"', b'"policy": "none"', 1), "request-value"),
        (whole.replace(b'"finish_l": 0', b'"finish_l": 0.0', 1), "request-value"),
        (whole.replace(b'"finish_l": 0', b'"finish_l": true', 1), "request-value"),
        (whole.replace(b'"finish_l"', b'"finish"', 1), "request-name"),
        (whole.replace(b"grant request", b"grand request"), "request-kind"),
        (b"\xff" + whole, "request-json"),
        (b"[" * 100_000 + b"\n", "request-json"),
    ):
        path.write_bytes(data)
        facts = json.loads(grant(office, path, "--json", ok=1))
        assert facts["faults"][0]["fault"] == name


def test_orders_are_numbered_by_office_and_shown_in_words(office):
    key, out = ("--key", office / "root.pem"), office / "w1.order"
    words = ("order", "stop", "--site", "w1", "--document", "水政 7 号", *key, "--out", out)
    shown = run(office, *words, ok=3)
    assert "Order 1 of office 0: w1 stops at once" in shown and "until office 0 or the root" in shown
    run(office, *words, "--digest", digest_in(shown))
    values, message, signature = order.open_signed(out.read_bytes())
    assert verifies(public(REGULATOR), signature, message)
    assert (values["kind"], values["seq"], values["document"]) == (order.STOP, 1, "水政 7 号")
    lift = ("order", "lift", "--site", "w1", "--lifts", "0:1", "--document", "W-8", *key)
    shown = run(office, *lift, "--out", office / "l.order", "--lang", "zh", ok=3)
    assert "第 2 号指令" in shown and "第 1 号指令" in shown
    run(office, *lift, "--out", office / "l.order", "--digest", digest_in(shown))
    assert order.open_signed((office / "l.order").read_bytes())[0]["seq"] == 2


def test_hours_areas_and_ends_are_said_as_they_are_signed(office):
    key = ("--key", office / "root.pem", "--out", office / "x.order", "--document", "W-9")
    hours = ("order", "hours", "--area", "north", "--hours", "22:00-06:30", "--until", "2099-06-01", *key)
    shown = run(office, *hours, "--basis", "level", ok=3)
    assert "from 22:00 to 06:30" in shown and "water level" in shown and "2099-06-01 00:00 UTC" in shown
    run(office, *hours, "--basis", "level", "--digest", digest_in(shown))
    values, _, _ = order.open_signed((office / "x.order").read_bytes())
    assert (values["from_min"], values["to_min"], values["basis"]) == (1320, 390, order.AREA_LEVEL)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("stop", "--site", "w1", "--area", "n"), "one site or one area"),
        (("stop",), "one site or one area"),
        (("hours", "--site", "w1", "--hours", "25:00-26:00"), "are no hours"),
        (("hours", "--site", "w1"), "is no order"),
        (("stop", "--site", "w1", "--until", "soon"), "is no day"),
        (("stop", "--site", "w1", "--until", "2001-01-01"), "ends before it is issued"),
        (("seal", "--area", "north"), "a seal or a lift is for one site"),
        (("lift", "--site", "w1", "--lifts", "x"), "names no order"),
        (("lift", "--site", "w1", "--lifts", "2:1", "--as", "3"), "cannot lift"),
        (("stop", "--site", "a name that is far too long"), "is no order"),
        (("stop", "--site", "w1", "--as", "4"), "may not sign orders"),
    ],
)
def test_an_order_that_is_none_is_refused_before_it_is_shown(office, words, said):
    more = ("--document", "W", "--key", office / "root.pem", "--out", office / "x.order")
    assert said in run(office, "order", *words, *more, ok=2)
    assert not (office / "x.order").exists() and not (office / "journal.jsonl").exists()


def table(office, name, text):
    path = office / name
    path.write_text(text)
    return path


def sign_list(office, group, path, out, *more):
    words = (group, "sign", path, "--key", office / "root.pem", "--out", out, *more)
    shown = run(office, *words, ok=3)
    run(office, *words, "--digest", digest_in(shown))
    return shown


def test_a_list_shows_what_changes_and_a_successor_key_may_lift(office):
    first, second = key_of("office 2"), key_of("office 2, next")
    lines = f"office,may,key\n2,orders,{public(first).hex()}\n"
    path = table(office, "offices.csv", lines + f"5,orders grants,{public(key_of('5')).hex()}\n")
    shown = sign_list(office, "keylist", path, office / "1.keys")
    assert "List 1, the first one" in shown and "office 5: grants orders" in shown
    path.write_text(lines.replace(public(first).hex(), public(second).hex()))
    shown = sign_list(office, "keylist", path, office / "2.keys")
    assert f"was      office 2: orders, key {public(first).hex()}" in shown
    assert f"becomes  office 2: orders, key {public(second).hex()}" in shown and "gone     office 5" in shown
    _, rows, message, signature = key_list.open_signed((office / "2.keys").read_bytes())
    assert verifies(public(REGULATOR), signature, message)
    assert key_list.key_of(rows, 2, key_list.ORDERS) == public(second)
    assert "nothing to sign" in run(
        office, "keylist", "sign", path, "--key", office / "root.pem", "--out", office / "3.keys", ok=2
    )
    assert "List 2, " in run(office, "keylist", "show", office / "2.keys")
    keys.keep(office / "two.pem", second, PASSPHRASE)
    words = ("order", "stop", "--site", "w1", "--document", "W", "--as", "2", "--out", office / "o.order")
    run(office, *words, "--key", office / "root.pem", ok=2)
    shown = run(office, *words, "--key", office / "two.pem", ok=3)
    assert "Order 1 of office 2" in shown


def test_technicians_are_listed_with_their_last_day(office):
    path = table(
        office,
        "people.csv",
        f"number,until,key\n7,2099-01-01,{public(key_of('li')).hex()}\n9,,{public(key_of('wu')).hex()}\n",
    )
    shown = sign_list(office, "technicians", path, office / "1.technicians")
    assert "technician 7: until 2099-01-01" in shown and "technician 9: until without end" in shown
    values, rows, message, signature = technicians.open_signed((office / "1.technicians").read_bytes())
    assert verifies(public(REGULATOR), signature, message) and values["seq"] == 1
    assert rows[0]["until_utc_s"] == 4_070_908_800
    assert "technician 9" in run(office, "technicians", "show", office / "1.technicians")


@pytest.mark.parametrize(
    ("lines", "fault"),
    [
        ("0,orders,KEY", "list-number"),
        ("2,all,KEY", "list-may"),
        ("2,orders,abc", "list-key"),
        ("2,orders", "cells"),
    ],
)
def test_a_table_of_offices_with_a_fault_is_refused_by_its_cell(office, lines, fault):
    path = table(office, "o.csv", "office,may,key\n" + lines.replace("KEY", "ab" * 32) + "\n")
    words = ("keylist", "sign", path, "--key", office / "root.pem", "--out", office / "x", "--json")
    assert json.loads(run(office, *words, ok=1))["faults"][0]["fault"] == fault


def test_two_offices_with_one_key_and_a_list_of_another_root_are_refused(office):
    path = table(office, "o.csv", "office,may,key\n" + "".join(f"{n},orders,{'ab' * 32}\n" for n in (2, 3)))
    words = ("keylist", "sign", path, "--key", office / "root.pem", "--out", office / "x")
    assert "has the key of another" in run(office, *words, ok=2)
    body = key_list.encode({"seq": 4, "issued_utc_s": 1}, [])
    foreign = office / "foreign.keys"
    foreign.write_bytes(body + PROVISIONER.sign(b"KZ keys 1\n" + body))
    assert "the root did not sign it" in run(office, "keylist", "show", foreign, ok=2)


def test_a_key_is_made_encrypted_and_never_replaced(office):
    path = office / "new.pem"
    done = RUNNER.invoke(app, ["keygen", str(path), "--json"])
    facts = json.loads(done.output)
    assert facts["public"] == keys.load(path, PASSPHRASE).public_key().public_bytes_raw().hex()
    assert path.stat().st_mode & 0o777 == 0o600 and b"ENCRYPTED" in path.read_bytes()
    assert RUNNER.invoke(app, ["keygen", str(path)]).exit_code == 2


def test_every_verb_has_help_with_an_example():
    groups = {"": ("keygen", "grant", "order"), "keylist": ("show", "sign"), "limits": ("check", "show")}
    groups |= {"technicians": ("show", "sign"), "journal": ("show", "again")}
    for group, verbs in groups.items():
        for verb in verbs:
            done = RUNNER.invoke(app, [*filter(None, [group]), verb, "--help"])
            assert done.exit_code == 0 and "Example: karez regulator" in done.output, (group, verb)


def test_limits_check_says_how_much_there_is(office):
    assert "4 regions, 4 limits, 4 sites: no fault" in run(office, "limits", "check")
    (office / "sites.csv").write_text("site\n")
    assert run(office, "limits", "check", ok=1).count("sites.csv:1: the column") == 3


def test_the_journal_s_grants_are_the_signed_bytes(office):
    path = asked(office)
    shown = grant(office, path, ok=3)
    grant(office, path, "--digest", digest_in(shown))
    (entry,) = map(json.loads, (office / "journal.jsonl").read_text().splitlines())
    kept = [base64.b64decode(one["grant"]) for one in entry["sites"]]
    assert kept == signed_grants.decode((office / "north.grants").read_bytes(), "")
    assert entry["digest"] == digest_in(shown)
