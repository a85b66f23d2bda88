"""`karez gateway feeder`: the wells of a transformer from their records, its own meter by hand."""

import datetime as dt
import json

import pytest
from typer.testing import CliRunner

from karez_gateway.cli.main import app

from .county import create, opened
from .synthetic import INTERVAL_S, START_UTC_S, SyntheticController

FROM_S = START_UTC_S + 2 * INTERVAL_S
TO_S = START_UTC_S + 12 * INTERVAL_S


def box_at(site, wh, *, intervals=12, first_wh=1_000, after_s=0):
    """A box whose energy rises by so much in each interval."""
    box = SyntheticController(site, site)
    box.utc_s += after_s
    for number in range(1, intervals + 1):
        box.interval(100, energy_wh=None if wh is None else first_wh + number * wh)
    box.checkpoint()
    return box


@pytest.fixture
def asked(tmp_path):
    """(kWh, wells, boxes, options) -> result of the verb."""

    def ask(kwh, wells, boxes, *options, from_s=FROM_S, to_s=TO_S):
        directory = create(tmp_path / "g")
        with opened(directory) as county:
            county.enrol(*boxes)
            for box in boxes:
                county.take(box, *box.payloads())
            county.work()
        times = [dt.datetime.fromtimestamp(one, dt.UTC).isoformat() for one in (from_s, to_s)]
        words = ["feeder", "--data", str(directory), "--from", times[0], "--to", times[1], "--kwh", str(kwh)]
        return CliRunner().invoke(app, [*words, *options, *wells])

    return ask


def test_the_balance_of_a_period_takes_each_wells_energy_between_its_ends(asked):
    found = asked(50.0, ["well-1", "well-2"], [box_at("well-1", 2_000), box_at("well-2", 3_000)], "--json")
    assert found.exit_code == 0, found.output
    said = json.loads(found.stdout)
    assert said["wells"] == {"well-1": 20_000, "well-2": 30_000}
    assert (said["wells_wh"], said["feeder_wh"], said["unexplained_wh"], said["finding"]) == (
        50_000,
        50_000,
        0,
        "",
    )


def test_a_pump_without_a_meter_and_a_wrong_ratio_are_findings(asked):
    boxes = [box_at("well-1", 2_000)]
    found = asked(30.0, ["well-1"], boxes)
    assert found.exit_code == 1 and "a pump without a meter" in found.stdout
    assert "8.5 kWh" in found.stdout  # 30 less 20, less the 1.5 that the lines may lose


def test_wells_that_used_more_than_there_was_are_impossible(asked):
    found = asked(10.0, ["well-1"], [box_at("well-1", 2_000)])
    assert found.exit_code == 1 and "look at the ratios" in found.stdout


def test_what_is_not_known_is_no_zero_and_every_such_well_is_named(asked):
    boxes = [box_at("well-1", 2_000), box_at("well-2", None), box_at("well-3", 2_000, after_s=7_200)]
    found = asked(20.0, ["well-1", "well-2", "well-3", "well-9"], boxes)
    assert found.exit_code == 2
    assert "well-2: its energy at" in found.stderr and "well-3: no verified record" in found.stderr
    assert "well-9: no believed controller" in found.stderr and "well-1:" not in found.stderr


@pytest.mark.parametrize(
    ("kwh", "wells", "times", "sentence"),
    [
        ("inf", ["well-1"], {}, "is no reading"),
        ("5", ["well-1", "well-1"], {}, "named twice"),
        ("5", ["well-1"], {"to_s": FROM_S}, "ends before it begins"),
    ],
)
def test_what_is_asked_wrongly_is_refused(asked, kwh, wells, times, sentence):
    found = asked(kwh, wells, [box_at("well-1", 2_000)], **times)
    assert found.exit_code == 2 and sentence in found.stderr


def test_an_energy_that_begins_anew_within_the_period_is_not_balanced(asked):
    box = box_at("well-1", 2_000, intervals=6)
    for number in range(1, 7):
        box.interval(100, energy_wh=number)
    box.checkpoint()
    found = asked(20.0, ["well-1"], [box])
    assert found.exit_code == 2 and "begins anew" in found.stderr
