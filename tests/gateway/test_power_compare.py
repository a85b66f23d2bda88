"""Differences with a known cause are given that cause, and a county whose figures agree is left alone."""

import random

import pytest

from karez_gateway.county.alarms.facts import Day
from karez_gateway.county.power import comparing, likely, supply
from karez_gateway.county.power.comparing import Counted, Tolerance
from karez_gateway.county.power.statement import Reading

from .alarm_county import litres, plan, region, registry, site

FIRST, END = "2026-07-01", "2026-08-01"
BEGIN = comparing.day_number(FIRST)
DAYS = 31


def meter(serial, name, quantity="supply", **values):
    plain = {"serial": serial, "site": name, "quantity": quantity, "from_date": "2024-01-01"}
    return ("meter", plain | values)


def reading(serial, kwh, **values):
    plain = {"from_date": FIRST, "to_date": END, "multiplier_milli": None, "has_dates": False, "line": 2}
    return Reading(**({"meter": serial, "energy_wh": kwh * 1000} | plain | values))


def steady(name, kwh_a_day, first=-20, end=DAYS + 20, **values):
    """A well that takes the same each day, with records each hour."""
    plain = {"energy_wh": kwh_a_day * 1000, "gap_s": 3600, "gap_energy_wh": 0}
    plain |= {"lowest_mm": None, "highest_mm": None}
    return [Day(**({"site": name, "day": BEGIN + at} | plain | values)) for at in range(first, end)]


def compare(readings, meters, days, tolerance=Tolerance()):  # noqa: B008 - a NamedTuple
    sites = {values["site"] for _, values in meters}
    known = registry(region("651"), *(site(name) for name in sites), *meters)
    counted = Counted(days)
    found = comparing.cases(readings, known, counted, (FIRST, END), tolerance)
    likely.find(found, counted, tolerance)
    return {one.site or one.meters[0]: one for one in found}


def causes(case):
    return [one["cause"] for one in case.likely]


def test_what_agrees_within_the_tolerance_is_no_difference():
    found = compare([reading("0001", 3250)], [meter("1", "w1")], steady("w1", 100))
    assert (found["w1"].state, found["w1"].difference_wh, causes(found["w1"])) == ("agrees", 150_000, [])


@pytest.mark.parametrize(
    ("kwh", "state"), [(3262, "agrees"), (3265, "differs"), (2953, "agrees"), (2950, "differs")]
)
def test_the_tolerance_is_a_share_of_what_the_company_says(kwh, state):
    found = compare([reading("1", kwh)], [meter("1", "w1")], steady("w1", 100))
    assert found["w1"].state == state


@pytest.mark.parametrize(("written", "real"), [(40, 30), (40, 1), (30, 60), (1, 40), (20, 15)])
def test_a_wrong_ct_ratio_is_named_with_the_one_that_would_fit(written, real):
    ours, theirs = 100 * DAYS, 100 * DAYS * real // written
    found = compare(
        [reading("1", theirs)],
        [meter("1", "w1", multiplier_milli=written * 1000)],
        steady("w1", ours // DAYS),
    )
    (one,) = [each for each in found["w1"].likely if each["cause"] == "ct-ratio"]
    assert (one["facts"]["written"], one["facts"]["would_fit"]) == (written, real)
    assert f"{real}" in one["en"] and f"{written}" in one["zh"]


def test_figures_of_two_neighbours_that_were_swapped_are_named_at_both():
    meters = [meter("1", "w1"), meter("2", "w2"), meter("3", "w3")]
    days = steady("w1", 100) + steady("w2", 37) + steady("w3", 50)
    found = compare(
        [reading("1", 37 * DAYS), reading("2", 100 * DAYS), reading("3", 50 * DAYS)], meters, days
    )
    assert [found[name].likely[0]["facts"] for name in ("w1", "w2")] == [{"site": "w2"}, {"site": "w1"}]
    assert found["w3"].state == "agrees"


def test_a_gap_in_the_records_is_stated_and_not_filled_in():
    days = [one for one in steady("w1", 100) if not 10 <= one.day - BEGIN < 15]
    found = compare([reading("1", 3100)], [meter("1", "w1")], days)
    assert found["w1"].ours.energy_wh == 2_600_000
    (one,) = [each for each in found["w1"].likely if each["cause"] == "gaps"]
    assert one["facts"]["days_lacking"] == 5


def test_the_days_on_which_the_company_read_its_meter_are_compared():
    """A well that ran in the last week of June only: by the month it differs, by the days it agrees."""
    days = steady("w1", 0) + steady("w1", 200, -7, 0)
    days = list({(one.site, one.day): one for one in days}.values())
    dates = {"from_date": "2026-06-24", "to_date": "2026-07-24", "has_dates": True}
    assert compare([reading("1", 1400, **dates)], [meter("1", "w1")], days)["w1"].state == "agrees"
    found = compare([reading("1", 1400)], [meter("1", "w1")], days)["w1"]
    (one,) = [each for each in found.likely if each["cause"] == "shifted"]
    assert one["facts"]["days"] == -7


def test_a_meter_that_was_changed_within_the_month_is_said_and_both_rows_count():
    meters = [meter("old", "w1", to_date="2026-07-10"), meter("new", "w1", from_date="2026-07-10")]
    found = compare([reading("old", 900), reading("new", 2200)], meters, steady("w1", 100))
    assert found["w1"].state == "agrees" and found["w1"].theirs_wh == 3_100_000
    found = compare([reading("new", 2200)], meters, steady("w1", 100))
    assert "meter-changed" in causes(found["w1"])
    assert found["w1"].likely[0]["facts"] == {"date": "2026-07-10"}


def test_energy_past_the_controller_and_a_meter_that_stands_still_are_told_apart():
    meters = [meter("1", "w1"), meter("2", "w2"), meter("3", "w3")]
    days = steady("w1", 0) + steady("w2", 100) + steady("w3", 0)
    found = compare([reading("1", 3000), reading("2", 0), reading("3", 0)], meters, days)
    assert causes(found["w1"])[0] == "bypass" and causes(found["w2"])[0] == "standing"
    assert found["w3"].state == "agrees"


def test_what_is_missing_on_either_side_is_said():
    meters = [meter("1", "w1"), meter("2", "w2", to_date="2026-06-30"), meter("3", "w3")]
    found = compare([reading("9", 10), reading("3", 10)], meters, steady("w1", 100))
    assert {name: (one.state, causes(one)) for name, one in found.items()} == {
        "9": ("not-here", ["not-here"]),
        "w1": ("not-in-file", ["not-in-file"]),
        "w3": ("no-records", ["no-records"]),
    }


def test_numbers_that_only_zeros_tell_apart_are_not_guessed():
    meters = [meter("01", "w1"), meter("001", "w2")]
    days = steady("w1", 1) + steady("w2", 1)
    found = compare([reading("1", 31), reading("001", 31)], meters, days)
    assert found["1"].state == "not-here" and found["w2"].state == "agrees"


def test_another_multiplier_is_told_even_where_the_energy_agrees():
    found = compare(
        [reading("1", 3100, multiplier_milli=40_000)],
        [meter("1", "w1", multiplier_milli=30_000)],
        steady("w1", 100),
    )
    assert (found["w1"].state, causes(found["w1"])) == ("agrees", ["multiplier"])


def test_a_little_more_is_own_use_and_a_lot_more_of_nothing_known_is_unknown():
    found = compare([reading("1", 360)], [meter("1", "w1")], steady("w1", 10))
    assert causes(found["w1"]) == ["own-use"]
    found = compare([reading("1", 2222)], [meter("1", "w1")], steady("w1", 100, 0, DAYS))
    assert causes(found["w1"]) == ["unknown"]
    assert found["w1"].likely[0]["zh"] == "原因不明"


def test_planted_causes_are_found_in_a_county_and_nobody_else_is_blamed():
    """Sixty wells with their own figures; four faults are planted; each is found and nothing else differs."""
    source = random.Random(7)
    use = {f"w{at}": source.randint(60, 400) for at in range(60)}
    meters = [meter(f"{1000 + at}", name, multiplier_milli=40_000) for at, name in enumerate(use)]
    file = {values["serial"]: use[values["site"]] * DAYS for _, values in meters}
    days = [one for name, kwh in use.items() for one in steady(name, kwh)]
    use_pair = sorted((use[name], serial) for name, serial in (("w3", "1003"), ("w4", "1004")))
    assert use_pair[0][0] * 1.2 < use_pair[1][0]  # the pair differs enough to be seen
    file["1003"], file["1004"] = file["1004"], file["1003"]
    file["1010"] = file["1010"] * 50 // 40
    days = [one for one in days if not (one.site == "w20" and 0 <= one.day - BEGIN < 12)]
    del file["1030"]
    readings = [reading(serial, kwh) for serial, kwh in file.items()]
    found = compare(readings, meters, days)
    blamed = {name: causes(one)[0] for name, one in found.items() if one.state != "agrees"}
    assert blamed == {
        "w3": "swapped",
        "w4": "swapped",
        "w10": "ct-ratio",
        "w20": blamed["w20"],
        "w30": "not-in-file",
    }
    assert "gaps" in causes(found["w20"])


def permit(number, to_date="2027-01-01"):
    return ("permit", {"number": number, "holder": "h", "volume_l": 1, "to_date": to_date})


def factor(name, l_per_kwh, from_date="2026-01-01"):
    return ("coefficient", {"site": name, "from_date": from_date, "l_per_kwh": l_per_kwh})


def listed(*objects, used=None):
    known = registry(region("651"), permit("P"), permit("old", "2026-06-30"), *objects)
    return {one.site: one for one in supply.wells(known, used or {}, 2026, "2026-07-01")}


def test_a_licensed_and_metered_well_may_be_supplied_with_what_its_water_is_worth():
    found = listed(
        site("w1", permit="P"),
        meter("s", "w1", multiplier_milli=40_000),
        meter("m", "w1", "water"),
        plan("w1", 1000),
        factor("w1", 2500, "2025-01-01"),
        factor("w1", 2000),
        factor("w1", 9000, "2026-12-01"),
        used=litres(w1=400),
    )["w1"]
    assert (found.may, found.reasons, found.remaining_l, found.energy_wh) == (True, (), 600_000, 300_000)
    assert found.meters == (("s", 40_000),)


@pytest.mark.parametrize(
    ("values", "meters", "reasons"),
    [
        ({}, ["water", "supply"], ("unlicensed",)),
        ({"permit": "old"}, ["water", "supply"], ("permit-over",)),
        ({"permit": "P", "status": "pending"}, ["water", "supply"], ("pending",)),
        ({"permit": "P", "status": "sealed"}, ["water", "supply"], ("sealed",)),
        ({"permit": "P"}, ["supply"], ("no-meter",)),
        ({"permit": "P"}, ["energy", "supply"], ("no-meter",)),  # no coefficient
        ({"permit": "P"}, ["water"], ("no-supply-meter",)),
    ],
)
def test_a_well_that_must_not_be_supplied_says_why_and_gets_no_energy(values, meters, reasons):
    things = [meter(f"{at}", "w1", quantity) for at, quantity in enumerate(meters)]
    extra = [factor("w1", 2000)] if "water" in meters else []
    found = listed(site("w1", **values), *things, plan("w1", 1000), *extra)["w1"]
    assert found.reasons == reasons and found.may == (reasons == ("no-supply-meter",))
    assert found.energy_wh in ((500_000,) if found.may else (0, None))


def test_energy_with_a_coefficient_counts_as_metered_and_intakes_are_no_wells():
    found = listed(
        site("w1", permit="P"),
        meter("e", "w1", "energy"),
        meter("s", "w1"),
        factor("w1", 2000),
        site("canal", sort="intake"),
    )
    assert found["w1"].may and found["w1"].energy_wh is None and set(found) == {"w1"}
