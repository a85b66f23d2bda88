"""Violations and their evidence packs; the trail of what people did, held against the log itself."""

import csv
import hashlib
import io
import json
import zipfile

import pytest
from sqlalchemy import delete, update
from typer.testing import CliRunner

from karez_gateway.cli.main import app
from karez_gateway.data import TRUST
from karez_gateway.store.schema import act, registry_object
from karez_gateway.store.schema import entry as entry_table
from karez_gateway.verifier.cli import app as verify_app
from karez_protocols import flags

from .alarm_county import region, site
from .alarm_desk import Desk
from .county import create, opened
from .synthetic import START_UTC_S, SyntheticController

FROM, TO = "2026-09-21", "2026-09-23"


@pytest.fixture
def desk(tmp_path, database_kind):
    with opened(create(tmp_path / "g")) as county:
        desk = Desk(county)
        desk.put(region("651"), site("well-1"))
        yield desk


def karez(desk, *words):
    return CliRunner().invoke(app, [words[0], words[1], "--data", str(desk.county.config.data), *words[2:]])


def found(desk, *words):
    done = karez(desk, *words, "--json")
    assert done.exit_code in (0, 1), done.stderr
    return json.loads(done.stdout)


def bypassing():
    box = SyntheticController("a", "well-1")
    box.irrigate(3)
    box.interval(500, alarms=flags.FOREIGN_RUN)
    box.checkpoint()
    return box


def open_bypass(desk, *more):
    words = ["--kind", "bypass", "--from", FROM, "--to", TO, "--because", "jumper found", "--by", "li"]
    done = karez(desk, "violations", "open", "well-1", *words, *more)
    assert done.exit_code == 0, done.stderr
    return found(desk, "violations", "list")[0]


def test_a_violation_is_opened_from_an_alarm_and_closed_with_an_outcome(desk):
    desk.take(bypassing())
    (alarm,) = desk.all()
    one = open_bypass(desk, "--alarm", str(alarm.id))
    assert (one["site"], one["litres"], one["alarms"]) == ("well-1", 16_500, [alarm.id])
    number = str(one["number"])
    words = ["--outcome", "punished", "--because", "fine paid", "--by", "wang"]
    assert karez(desk, "violations", "close", number, *words).exit_code == 0
    assert found(desk, "violations", "list") == []
    (closed,) = found(desk, "violations", "list", "--all")
    assert (closed["outcome"], closed["closed_by"]) == ("punished", "wang")
    assert "closed already" in karez(desk, "violations", "close", number, *words).stderr


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"--kind": "theft"}, "--kind is one of"),
        ({"--to": FROM}, "nothing lies between"),
        ({"--alarm": "99"}, "no alarm 99"),
        ({"--alarm": str(1 << 63)}, "less than or equal to 9223372036854775807"),
        ({"--m3": "-1"}, "--m3"),
        ({"--because": ""}, "--because"),
        ({"site": "nowhere"}, "no site nowhere"),
    ],
)
def test_what_cannot_be_a_violation_is_refused_and_leaves_nothing(desk, change, why):
    words = {"--kind": "bypass", "--from": FROM, "--to": TO, "--because": "x", "--by": "li"} | change
    name = words.pop("site", "well-1")
    done = karez(desk, "violations", "open", name, *(part for pair in words.items() for part in pair))
    assert done.exit_code == 2 and why in done.stderr
    assert found(desk, "violations", "list", "--all") == []


@pytest.mark.parametrize(
    "words",
    [
        ("alarms", "show"),
        ("alarms", "acknowledge", "--because", "x"),
        ("alarms", "propose", "--because", "x", "--out", "order.json"),
        ("violations", "close", "--outcome", "punished", "--because", "x"),
        ("violations", "pack", "--out", "pack.zip"),
        ("emergency", "end", "--because", "x"),
    ],
)
def test_a_number_that_no_row_can_have_is_refused(desk, words):
    done = karez(desk, *words, str(1 << 63))
    assert done.exit_code == 2 and "less than or equal to 9223372036854775807" in done.stderr


def test_a_pack_holds_what_a_stranger_can_prove(desk, tmp_path):
    desk.take(bypassing())
    (alarm,) = desk.all()
    number = str(open_bypass(desk, "--alarm", str(alarm.id))["number"])
    desk.county.acts.log_queued(desk.now_s)
    out = tmp_path / "pack.zip"
    done = karez(desk, "violations", "pack", number, "--out", str(out))
    assert done.exit_code == 0, done.stderr
    with zipfile.ZipFile(out) as pack:
        files = {name: pack.read(name) for name in pack.namelist()}
    sums = dict(reversed(line.split("  ")) for line in files["SHA256SUMS"].decode().splitlines())
    assert set(sums) == set(files) - {"SHA256SUMS"}
    assert all(hashlib.sha256(files[name]).hexdigest() == digest for name, digest in sums.items())
    (bundle,) = [name for name in files if name.endswith(".karez")]
    (tmp_path / bundle).write_bytes(files[bundle])
    trust = desk.county.config.data / TRUST
    proof = CliRunner().invoke(verify_app, [str(tmp_path / bundle), "--trust", str(trust)])
    assert proof.exit_code == 0, proof.output
    rows = list(csv.DictReader(io.StringIO(files["ledger.csv"].decode())))
    assert sum(int(row["litres"]) for row in rows) == 16_500
    page = files["violation.html"].decode()
    assert "绕过计量取水" in page and "jumper found" in page and "16.5" in page
    assert "runs past the controller" in page and "水泵绕过控制器运行" in page
    assert json.loads(files["acts.json"])[0]["log_index"] is not None
    assert karez(desk, "violations", "pack", number, "--out", str(out)).exit_code == 2  # never replaced


def test_a_pack_says_which_span_no_bundle_proves(desk, tmp_path):
    box = SyntheticController("a", "well-1")
    box.interval(10)  # no checkpoint: nothing is signed
    desk.take(box)
    number = str(open_bypass(desk)["number"])
    facts = found(desk, "violations", "pack", number, "--out", str(tmp_path / "p.zip"))
    assert [one["file"] for one in facts["bundles"]] == [None]
    assert "no verified signature" in facts["bundles"][0]["problem"]


def test_a_pack_of_an_old_chain_proves_that_chain(desk, tmp_path):
    old = bypassing()
    new = old.next_chain()
    new.utc_s += 10 * 86400
    new.interval(10)
    new.checkpoint()
    desk.take(old)
    desk.county.take(new, *new.payloads(new.first_seq))
    desk.work()
    number = str(open_bypass(desk)["number"])
    facts = found(desk, "violations", "pack", number, "--out", str(tmp_path / "p.zip"))
    assert [(one["chain"], one["proved"]) for one in facts["bundles"]] == [(1, [1, old.seq])]


def test_text_of_people_is_no_markup(desk, tmp_path):
    words = [
        "--kind",
        "other",
        "--from",
        FROM,
        "--to",
        TO,
        "--by",
        "<li>",
        "--because",
        "<script>alert(1)</script>",
    ]
    assert karez(desk, "violations", "open", "well-1", *words).exit_code == 0
    (one,) = found(desk, "violations", "list")
    out = tmp_path / "p.zip"
    assert karez(desk, "violations", "pack", str(one["number"]), "--out", str(out)).exit_code == 0
    with zipfile.ZipFile(out) as pack:
        page = pack.read("violation.html").decode()
    assert "<script>" not in page and "&lt;script&gt;" in page


def test_the_trail_has_what_is_kept_elsewhere(desk):
    from karez_gateway.controllers import revocation
    from karez_gateway.store import uploadactions
    from karez_gateway.uploads import acts as uploadacts

    desk.take(bypassing())
    open_bypass(desk)
    revocation.queue(desk.county.store, "well-1", by="wang", because="stolen", now_s=START_UTC_S)
    with desk.county.store.writing() as connection:
        uploadactions.add(connection, "city", uploadactions.PAUSE, START_UTC_S, "zhao", "they move")
    assert uploadacts.Person("zhao").name == "zhao"
    sorts = {one["sort"]: one["by"] for one in found(desk, "acts", "list")}
    assert sorts == {
        "registry": "li",
        "violation-opened": "li",
        "binding-brought": "",
        "revoke": "wang",
        "upload-pause": "zhao",
    }
    assert [one["sort"] for one in found(desk, "acts", "list", "--by", "zhao")] == ["upload-pause"]
    assert [one["sort"] for one in found(desk, "acts", "list", "--sort", "viol")] == ["violation-opened"]
    assert found(desk, "acts", "list", "--to", "2026-09-21") == []
    lines = karez(desk, "acts", "list", "--csv").stdout.splitlines()
    assert lines[0].startswith("utc_s,sort,by") and len(lines) == 6


def checked(desk):
    return found(desk, "acts", "check")


def test_acts_that_wait_and_acts_that_hold_are_counted(desk):
    open_bypass(desk)
    assert (checked(desk)["good"], checked(desk)["waiting"], checked(desk)["wrong"]) == (0, 2, [])
    desk.county.acts.log_queued(desk.now_s)
    assert (checked(desk)["good"], checked(desk)["waiting"], checked(desk)["wrong"]) == (2, 0, [])


def forged(connection, number):
    """The act and its entry in the table, both rewritten so that they fit each other."""
    from karez_gateway.county.acts import _entry
    from karez_gateway.store import acts

    one = acts.get(connection, number)
    detail = one.detail.replace(b"bypass", b"other ")
    one = one._replace(detail=detail, digest=hashlib.sha256(detail).digest())
    connection.execute(update(act).where(act.c.id == number).values(detail=one.detail, digest=one.digest))
    where = entry_table.c.log_index == one.log_index
    connection.execute(update(entry_table).where(where).values(body=_entry(one)))


TAMPERING = [
    (lambda c, n: c.execute(update(act).where(act.c.id == n).values(because="other")), "reason is not"),
    (lambda c, n: c.execute(update(act).where(act.c.id == n).values(by="nobody")), "by is not"),
    (lambda c, n: c.execute(update(act).where(act.c.id == n).values(detail=b"{}")), "do not give its digest"),
    (lambda c, n: c.execute(update(act).where(act.c.id == n).values(log_index=0)), "log_index|reason|number"),
    (lambda c, n: c.execute(update(act).where(act.c.id == n).values(log_index=None)), "says that it waits"),
    (lambda c, n: c.execute(delete(act).where(act.c.id == n)), "the table has lost it"),
    (lambda c, _: c.execute(update(registry_object).values(body="{}")), "versions that it made"),
    (forged, "the log's own files"),
]


@pytest.mark.parametrize(("tamper", "why"), TAMPERING)
def test_what_was_changed_behind_the_log_s_back_is_found(desk, tamper, why):
    import re

    number = open_bypass(desk)["number"]
    desk.county.acts.log_queued(desk.now_s)
    with desk.county.store.writing() as connection:
        tamper(connection, number)
    done = karez(desk, "acts", "check", "--json")
    wrong = json.loads(done.stdout)["wrong"]
    assert done.exit_code == 1 and re.search(why, " ".join(wrong)), wrong
