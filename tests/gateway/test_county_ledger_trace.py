"""From a figure back to the meter's own bytes, and that a changed cell, register or act is found."""

import json

import pytest
from sqlalchemy import update
from typer.testing import CliRunner

from karez_gateway.cli.main import app
from karez_gateway.county.ledger import registers, tracing
from karez_gateway.county.ledger.registers import Meter, Unit
from karez_gateway.store.schema import act, ledger
from karez_gateway.verifier.cli import app as verifying
from karez_protocols import record

from .ledger_desk import CIVIL, CONVERTED, METERED, Well, office, raw_register, region, site
from .synthetic import tampered


@pytest.fixture
def desk(tmp_path):
    with office(tmp_path / "g") as found:
        yield found


def traced(desk, period, name="well-1"):
    with desk.store.reading() as connection:
        return tracing.trace(connection, desk.places, name, desk.period(period).span, CIVIL)


def run(desk, *words):
    return CliRunner().invoke(app, [words[0], "--data", str(desk.directory), *words[1:]])


def well(days=12):
    box = Well("a", "well-1")
    box.days(days, litres=24_024)
    return box


def test_every_litre_is_found_again_in_the_records_and_in_the_registers(desk):
    box = well()
    desk.hear(box)
    found = traced(desk, "2026-09-25")
    assert found.booked_l == found.again_l == found.register_l == 24_024
    assert found.problems == [] and len(found.steps) == 24
    one = found.steps[3]
    assert one.seen.raw == raw_register(one.volume_l - 1_000_000).hex()
    assert (one.seen.state, one.seen.volume_l, one.litres) == (registers.AGREES, one.volume_l, 1001)
    assert one.before_seq == one.seq - 1 or box.slots[one.seq - 1][1] != record.INTERVAL
    assert one.place.log_origin == "karez.test/county"


def test_the_first_record_counts_from_the_binding(desk):
    desk.hear(well())
    found = traced(desk, "2026-09-21")
    assert found.booked_l == found.again_l > found.register_l  # nothing comes before it to compare with
    assert (found.steps[0].before_seq, found.steps[0].litres) == (None, 1001)


@pytest.mark.parametrize("litres", [0, 1, 999, 1000, 123_456, 4_294_967])
def test_a_register_is_read_from_its_own_bytes(litres):
    found = Meter("tuf2000m").register(raw_register(litres))
    assert litres in found.values()  # m³; the meter keeps the unit in another register


@pytest.mark.parametrize("name", ["", "no-such-meter", "../../etc/passwd"])
def test_a_profile_that_is_not_known_tells_nothing(name):
    assert Meter(name).register(bytes(8)) == {} and Meter(name).turn(Unit(1, 0)) == 0


def test_a_ledger_that_was_changed_does_not_agree(desk):
    desk.hear(well())
    with desk.store.writing() as connection:
        connection.execute(update(ledger).where(ledger.c.litres > 0).values(litres=ledger.c.litres - 1))
    found = traced(desk, "2026-09-25")
    assert (
        len(found.problems) == 24
        and "the ledger has 1000 L metered, the records say 1001 L" in found.problems[0]
    )
    done = run(desk, "trace", "--site", "well-1", "--period", "2026-09-25")
    assert done.exit_code == 1 and done.output.count("PROBLEM") == 24


def test_a_register_that_w_does_not_follow_is_named(desk):
    box = Well("a", "well-1")
    box.interval(1000)
    box.interval(1000, water_raw=raw_register(1500))
    box.checkpoint()
    desk.hear(box)
    found = traced(desk, "2026-09")
    assert [one.seen.state for one in found.steps] == [registers.AGREES, registers.DIFFERS]
    assert "1001500 L by the register" in found.problems[0] and "W says 1002000 L" in found.problems[0]


def test_a_held_reading_is_no_contradiction(desk):
    box = Well("a", "well-1")
    box.interval(1000)
    box.interval(0, water_raw=raw_register(9999), held_l=700)
    box.interval(500)
    box.checkpoint()
    desk.hear(box)
    found = traced(desk, "2026-09")
    assert found.problems == [] and found.booked_l == 1500
    assert [one.litres for one in found.steps] == [1000, 500]


def test_what_a_quarantined_record_took_is_proved_by_the_next_one(desk):
    box = Well("a", "well-1")
    for _ in range(4):
        box.interval(250)
    box.checkpoint()
    box.slots[2] = tampered(box.slots[2], 70)
    box.interval(100)
    box.checkpoint()
    desk.hear(box)
    found = traced(desk, "2026-09")
    assert found.booked_l == found.again_l == 1100 and found.problems == []


def test_corrections_stand_there_with_who_decided_them(desk):
    desk.hear(well(40))
    desk.correct(("well-1", "dispute", "2026-10", "metered", "", "-2", ""))
    desk.close("2026-10")
    told = json.loads(run(desk, "trace", "--site", "well-1", "--period", "2026-10", "--json").output)
    (one,) = told["corrections"]
    assert (one["litres"], one["by"], one["because"]) == (-2000, "li", "test")
    assert one["entry"].startswith("karez.test/county#") and len(one["sha256"]) == 64
    assert told["total_l"] == told["booked_l"] - 2000 and told["closed"][0]["month"] == "2026-10"
    with desk.store.writing() as connection:
        connection.execute(update(act).where(act.c.sort == "correction").values(detail=b"{}"))
    done = run(desk, "trace", "--site", "well-1", "--period", "2026-10")
    assert done.exit_code == 1 and "is not what was decided" in done.output


def test_the_commands_it_names_prove_the_litres(desk, tmp_path):
    box = well(5)
    desk.hear(box)
    told = json.loads(run(desk, "trace", "--site", "well-1", "--period", "2026-09-23", "--json").output)
    ((export, verify),) = told["prove"]
    words = export.replace("DIRECTORY", str(desk.directory)).split()[2:]
    words[-1] = str(tmp_path / words[-1])
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    assert verify.endswith("--trust trust.json")
    proved = CliRunner().invoke(
        verifying, [words[-1], "--trust", str(desk.directory / "trust.json"), "--json"]
    )
    assert proved.exit_code == 0, proved.output
    assert json.loads(proved.output)["litres"]["metered"] >= told["booked_l"]


def test_a_region_is_traced_down_to_its_sites(desk):
    other = Well("b", "canal-1")
    other.days(12, method=CONVERTED)
    desk.hear(well(), other)
    desk.register(
        region("6504"),
        region("650402", "6504"),
        site("well-1", region="650402"),
        site("canal-1", region="650402", sort="intake", source="surface", point="branch-outlet"),
    )
    told = json.loads(run(desk, "trace", "--region", "6504", "--period", "2026-10", "--json").output)
    assert {one["name"] for one in told["points"]} == {"wellhead", "branch-outlet"}  # never added up
    for one in told["sites"]:
        again = json.loads(run(desk, "trace", "--site", one["name"], "--period", "2026-10", "--json").output)
        assert again["booked_l"] == one["booked_l"] > 0
    text = run(desk, "trace", "--region", "6504", "--period", "2026-10").output
    assert "--site canal-1 --period 2026-10" in text


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--period", "2026-10"), "--site or --region"),
        (("--period", "2026-10", "--site", "a", "--region", "b"), "one of both"),
        (("--period", "soon", "--site", "well-1"), "is no period here"),
        (("--period", "2026-10", "--site", "well-9"), "no controller stands or stood at well-9"),
        (("--period", "2026-10", "--region", "x"), "region x is not in the registry"),
    ],
)
def test_what_cannot_be_traced_is_said(desk, words, says):
    desk.hear(well(1))
    done = run(desk, "trace", *words)
    assert done.exit_code == 2 and says in done.output


def test_methods_are_those_of_the_wire():
    assert (METERED, CONVERTED) == (record.METERED, record.CONVERTED)


def test_a_rollover_is_followed():
    followed = registers.Register(Well("a", "well-1").binding)
    turn = 2**31 * 1000
    seen = []
    for litres in (turn - 3000, turn + 2000, turn + 9000):
        box = Well("a", "well-1")
        slot = box.interval(litres, water_raw=raw_register(litres % turn), flow_lph=0)
        seen.append(followed.read(slot).state)
    assert seen == [registers.AGREES] * 3


def test_a_chain_that_no_bundle_holds_any_more_is_not_promised(desk):
    box = well(3)
    after = box.next_chain()
    after.interval(7, water_raw=raw_register(after.volume_l + 7 - 1_000_000))
    after.checkpoint()
    desk.hear(box)
    desk.county.take(after, *after.payloads())
    desk.county.work()
    told = json.loads(run(desk, "trace", "--site", "well-1", "--period", "2026-09", "--json").output)
    assert told["problems"] == [] and told["booked_l"] == told["from_records_l"] == 3 * 24_024 + 7
    old, new = told["prove"]
    assert len(old) == 1 and "a bundle holds the newest chain, 2" in old[0]
    assert new[0].startswith("karez gateway export")
