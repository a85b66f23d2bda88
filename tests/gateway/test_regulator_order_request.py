"""A gateway's request for orders at the office: shown in words, signed whole or not, never for drinking."""

import json
import shutil
import time

import pytest

from karez_gateway.county.alarms import response
from karez_gateway.verifier.statements import verifies
from karez_protocols import order

from .alarm_county import facts, region, site
from .regulator_desk import PASSPHRASE, REGIONS, digest_in, run, with_key
from .synthetic import REGULATOR, public

NORTH = "north"
SITES = (
    "site,region,class,source\nw1,650401,farming,ground\nw2,650401,farming,ground\n"
    "d1,650401,domestic,ground\n"
)
WELLS = (
    region("650401"),
    site("w1", "650401"),
    site("w2", "650401"),
    site("d1", "650401", **{"class": "domestic"}),
)

FIGURES = {"facts": {"year": 2026, "used_l": 100_000, "limit_l": 100_000, "source": "all"}}


@pytest.fixture
def office(tmp_path, monkeypatch):
    monkeypatch.setenv("KAREZ_KEY_PASSPHRASE", PASSPHRASE)
    monkeypatch.setenv("LANG", "C.UTF-8")
    found = with_key(tmp_path / "office")
    (found / "sites.csv").write_text(SITES)
    return found


def asked(folder, *, stage="stop", now_s=None, change=None, **wishes):
    """A request as the gateway writes it, in a file; `change` makes another one of it."""
    found = response.propose(
        facts(*WELLS).places,
        {"id": 21, "rule": "area-volume", "line": f"all {stage}", "subject": "650401", "value": 100}
        | FIGURES,
        now_s=now_s or int(time.time()),
        **wishes,
    )
    found |= {"by": "li", "because": "limit reached", "document": "W-21"}
    (change or (lambda each: None))(found)
    path = folder / "north.json"
    path.write_text(json.dumps(found, ensure_ascii=False, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    return path


def sign(folder, path, out, *more, ok=0):
    return run(folder, "order", "--request", path, "--key", folder / "root.pem", "--out", out, *more, ok=ok)


def signed(path):
    values, message, signature = order.open_signed(path.read_bytes())
    assert verifies(public(REGULATOR), signature, message)
    return values


def test_an_order_a_well_is_shown_signed_and_kept_as_one_line(office):
    path, out = asked(office), office / "out"
    out.mkdir()
    shown = sign(office, path, out, ok=3)
    for said in ("alarm 21 in region 650401", "100 % of the limit", "Left out: d1: domestic", "Orders: 2"):
        assert said in shown
    for said in (
        "Order 1 of office 0: w1 stops",
        "Order 2 of office 0: w2 stops",
        "volume",
        "Document: W-21",
    ):
        assert said in shown
    assert not list(out.iterdir()) and not (office / "journal.jsonl").exists()
    sign(office, path, out, "--digest", digest_in(shown))
    found = [signed(out / name) for name in ("w1-1.order", "w2-2.order")]
    assert [(one["target"], one["seq"], one["basis"]) for one in found] == [("w1", 1, 2), ("w2", 2, 2)]
    (line,) = map(json.loads, (office / "journal.jsonl").read_text().splitlines())
    assert (line["sort"], line["seq"], len(line["orders"])) == ("orders", 2, 2)
    assert "2 orders of office 0, document W-21" in run(office, "journal", "show")
    shutil.rmtree(out)
    out.mkdir()
    run(office, "journal", "again", "1", "--out", out)
    assert [signed(out / name) for name in ("w1-1.order", "w2-2.order")] == found
    assert "was signed before: line 1" in sign(office, path, out, ok=2)
    plain = ("order", "stop", "--site", "w1", "--document", "W", "--key", office / "root.pem")
    assert "Order 3 of office 0" in run(office, *plain, "--out", office / "o.order", ok=3)


def test_a_named_area_is_one_order_of_hours_in_one_file(office):
    path, out = asked(office, stage="hours", area=NORTH, hours=("05:00", "11:00")), office / "n.order"
    shown = sign(office, path, out, "--lang", "zh", "--document", "W-22", ok=3)
    assert "指令数：1" in shown and "05:00 至 11:00" in shown and "2 口井" in shown and "文号：W-22" in shown
    sign(office, path, out, "--document", "W-22", "--digest", digest_in(shown))
    values = signed(out)
    assert (values["scope"], values["target"], values["document"]) == (order.AREA, NORTH, "W-22")
    assert (values["kind"], values["from_min"], values["to_min"]) == (order.HOURS, 300, 660)


def put(**changes):
    return lambda found: found.update(changes)


def first_order(**changes):
    return lambda found: found["orders"][0].update(changes)


@pytest.mark.parametrize(
    ("change", "name"),
    [
        (put(format="karez-order-request/2"), "order-request-format"),
        (lambda found: found.pop("format"), "order-request-format"),
        (put(more=1), "request-name"),
        (lambda found: found.pop("facts"), "request-name"),
        (lambda found: found["sites"].append("w9"), "order-request-parts"),
        (lambda found: found["orders"].pop(), "order-request-parts"),
        (first_order(target="d1"), "order-request-parts"),
        (first_order(kind="seal"), "order-request-parts"),
        (first_order(until_utc_s=4_000_000_000), "order-request-parts"),
        (first_order(document="W-1"), "order-request-parts"),
        (put(kind="seal"), "request-value"),
        (put(basis="plain"), "request-value"),
        (put(sites=[]), "request-value"),
        (put(sites=["w1", "w1"]), "request-value"),
        (put(sites=["../w1", "w2"]), "request-value"),
        (put(area="x" * 17), "request-value"),
        (put(until_utc_s=True), "request-value"),
        (put(text_en="\x1b[2J"), "request-value"),
        (put(left_out=[{"site": "d1"}]), "request-value"),
    ],
)
def test_a_request_that_was_changed_or_is_none_is_refused(office, change, name):
    (office / "out").mkdir()
    facts = json.loads(sign(office, asked(office, change=change), office / "out", "--json", ok=1))
    assert facts["faults"][0]["fault"] == name
    assert not (office / "journal.jsonl").exists()


@pytest.mark.parametrize("cut", [b"", b"{", b"[]", b"[" * 100_000, b'{"format": 1, "format": 2}', b"\xff"])
def test_a_file_that_is_no_request_is_refused(office, cut):
    path = asked(office)
    path.write_bytes(cut)
    facts = json.loads(sign(office, path, office / "x.order", "--json", ok=1))
    assert facts["faults"][0]["fault"] in ("order-request-json", "order-request-format")


@pytest.mark.parametrize("area", ["", NORTH])
def test_drinking_water_by_the_office_s_own_table_is_never_ordered(office, area):
    (office / "sites.csv").write_text(SITES.replace("w2,650401,farming", "w2,650401,domestic"))
    (office / "out").mkdir()
    facts = json.loads(sign(office, asked(office, area=area), office / "out", "--json", ok=1))
    assert [(one["place"], one["fault"]) for one in facts["faults"]] == [("north.json, w2", "order-drinking")]


def test_what_could_not_be_checked_is_said(office):
    (office / "out").mkdir()
    (office / "sites.csv").write_text(SITES.replace("w2,", "w7,"))
    assert "sites.csv does not know w2" in sign(office, asked(office), office / "out", ok=3)
    (office / "sites.csv").unlink()
    assert "there is no sites.csv here" in sign(office, asked(office), office / "out", ok=3)
    (office / "sites.csv").write_text(SITES)
    (office / "regions.csv").write_text(REGIONS + "1,x,2\n")
    assert "there is no region" in sign(office, asked(office), office / "out", ok=1)


def test_wrong_options_and_an_old_request_are_said_before_anything_is_signed(office):
    path, out = asked(office), office / "out"
    out.mkdir()
    assert "leave out the kind" in sign(office, path, out, "--until", "2099-01-01", ok=2)
    assert "name a folder that is there" in sign(office, path, office / "one.order", ok=2)
    assert "may not sign orders" in sign(office, path, out, "--as", "4", ok=2)
    assert "say what is ordered" in run(office, "order", "--key", office / "root.pem", "--out", out, ok=2)
    old = asked(office, now_s=int(time.time()) - 8 * 86_400)
    assert "ends before it is issued" in sign(office, old, out, ok=2)
    (out / "w2-2.order").write_bytes(b"kept")
    assert "is not replaced" in sign(office, asked(office), out, ok=2)
    assert [one.name for one in out.iterdir()] == ["w2-2.order"] and not (office / "journal.jsonl").exists()
