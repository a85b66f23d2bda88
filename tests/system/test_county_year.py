"""A small county from its limits to the close of a water year: every total is held against the truth."""

import csv
import json

import pytest

from county import create, opened
from karez_gateway.verifier.cli import app as verify
from karez_protocols import causes
from season import at

from .county_story import M3, SUPPLY, YEAR, YEARS, Story, table

FARMING = ("well-1", "well-2", "well-3")
PLANS = {"well-1": 36_300, "well-2": 22_000, "well-3": 14_000, "well-d": 4_000, "canal-1": 49_500}


@pytest.fixture
def story(tmp_path, monkeypatch):
    with opened(create(tmp_path / "gateway")) as county:
        yield Story(tmp_path, county, monkeypatch)


def test_a_county_lives_through_a_water_year(story):
    limits_become_rights(story)
    spring_is_watched(story)
    a_cut_below_use_stops_a_well(story)
    a_transfer_moves_a_right(story)
    a_correction_comes_back_as_water(story)
    the_power_company_s_month_is_compared(story)
    a_late_month_stands_apart(story)
    the_year_is_closed_and_deducted(story)
    the_next_year_begins_where_this_one_ended(story)
    every_total_is_the_truth(story)


def limits_become_rights(story):
    assert "taken, as act 1" in story.import_registry()
    story.set_up_office()
    story.rest("2026-12-31T20")
    story.rest("2027-01-02T08")
    assert story.irrigate("well-1", "2027-01-02T10", 2) == 0  # no right, no water
    assert story.wells["well-1"].refused == [causes.GRANT_MISSING]
    story.serve()
    assert {site: int(m3) for site, m3 in story.decompose(YEAR).items()} == PLANS
    shown = story.give_rights(YEAR, "rights-1")
    assert len(shown["sites"]) == len(PLANS)
    assert story.in_force(YEAR) == {site: m3 * M3 for site, m3 in PLANS.items()}


def spring_is_watched(story):
    assert story.irrigate("well-1", "2027-03-05T06", 200) == 12_000 * M3
    assert story.irrigate("well-2", "2027-03-10T06", 200) == 12_000 * M3
    story.drink(3)
    story.close_month("2027-03")
    assert story.irrigate("well-3", "2027-04-01T06", 150) == 9_000 * M3
    assert story.irrigate("canal-1", "2027-04-05T06", 300) == 18_000 * M3
    assert story.irrigate("well-1", "2027-04-10T06", 250) == 15_000 * M3
    story.drink(4)
    story.serve()
    assert ("used", "well-1", "80") not in story.alarms()
    assert story.irrigate("well-1", "2027-05-10T06", 50) == 3_000 * M3  # 30,000 of 36,300
    story.drink(5)
    story.serve()
    assert {("used", "well-1", "80")} <= story.alarms()
    assert ("used", "well-1", "90") not in story.alarms()
    assert story.irrigate("well-1", "2027-05-20T06", 50) == 3_000 * M3
    story.drink(6)
    story.serve()
    assert {("used", "well-1", "80"), ("used", "well-1", "90")} <= story.alarms()


def a_cut_below_use_stops_a_well(story):
    story.rest("2027-06-20T08")
    story.serve()
    cut = ("quota", "adjust", "--year", YEAR, "--plan", "well-2=10000", "--because", "inefficient")
    assert "--below-use" in story.gateway(*cut, "--document", "No. 7", ok=2)
    story.gateway(*cut, "--document", "No. 7", "--below-use")
    story.give_rights(YEAR, "cut-2")
    assert story.irrigate("well-2", "2027-07-01T06", 10) == 0
    assert story.wells["well-2"].refused == [causes.WATER_CEILING]


def a_transfer_moves_a_right(story):
    story.rest("2027-07-03T08")
    story.serve()
    words = ("quota", "transfer", "--year", YEAR, "--from", "well-3", "--to", "well-1", "--volume", "2700")
    words += ("--because", "agreed", "--document", "T-1")
    story.gateway(*words, ok=2)  # another village: somebody has to say so
    story.gateway(*words, "--across", "region")
    story.give_rights(YEAR, "transfer-3")
    assert story.in_force(YEAR)["well-1"] == 39_000 * M3
    assert story.irrigate("well-1", "2027-07-10T06", 300) == 6_000 * M3
    assert story.wells["well-1"].ended[-1][1] == causes.WATER_CEILING


def a_correction_comes_back_as_water(story):
    story.drink(7)
    story.rest("2027-08-03T08")
    story.serve()
    words = ("ledger", "correct", "--site", "well-1", "--period", "2027-07", "--volume", "-500")
    story.gateway(*words, "--kind", "dispute", "--because", "dial read twice", "--document", "D-1")
    story.serve()
    shown = story.give_rights(YEAR, "dispute-4")
    (site,) = (one for one in shown["sites"] if one["site"] == "well-1")
    assert "-500" in json.dumps(site) or "-500000" in json.dumps(site)
    assert story.irrigate("well-1", "2027-08-10T06", 100) == 500 * M3


def the_power_company_s_month_is_compared(story):
    month = YEARS.month(YEAR, 7)
    story.drink(8)
    story.rest("2027-09-02T08")
    story.serve()
    rows = []
    for site, number in SUPPLY.items():
        energy_wh = story.wells[site].energy_in(month)
        if site == "well-1":
            energy_wh = energy_wh * 30 // 40  # its transformers are 150/5, the company reckons with 200/5
        rows.append((number.lstrip("0"), 40, energy_wh // 1000))
    path = table(story.folder / "grid-07.csv", "meter multiplier kwh", rows)
    story.gateway("power", "import", path, "--month", "2027-07", "--because", "July")
    found = story.facts("power", "compare", "--month", "2027-07")
    differing = {one["site"]: one["likely"][0]["cause"] for one in found["cases"]}
    assert differing == {"well-1": "ct-ratio"}, found
    story.gateway("power", "compare", "--month", "2027-07", "--keep", "--because", "July reconciled")


def a_late_month_stands_apart(story):
    story.drink(9)
    story.drink(10)
    assert story.irrigate("well-3", "2027-10-05T06", 20) == 1_200 * M3
    story.hold_back("well-3")
    story.close_month("2027-10", despite=True)
    before = story.of_wells("month", "2027-10")
    story.send_again("well-3")
    story.serve()
    after = story.of_wells("month", "2027-10")
    assert before["total_l"] == after["total_l"] == 480 * M3
    assert (before["late_l"], after["late_l"]) == (0, 1_200 * M3)


def the_year_is_closed_and_deducted(story):
    for month in (11, 12):
        story.drink(month)
    story.rest("2027-12-31T22")
    story.rest("2028-01-03T08")
    story.serve()
    story.gateway("quota", "close", "freeze", "--year", YEAR, "--because", "year end")
    story.serve()
    decided = story.folder / "decided.csv"
    story.gateway("quota", "close", "export", "--year", YEAR, "--out", decided)
    with decided.open(encoding="utf-8-sig", newline="") as file:
        rows = {row["site"]: row for row in csv.DictReader(file)}
    said = {
        name: rows["well-2"][name] for name in ("plan_m3", "used_m3", "over_plan_m3", "proposed_deduction_m3")
    }
    assert list(said.values()) == ["10000", "12000", "2000", "2000"]
    assert "well-d" not in rows  # drinking water used more than its plan, and nothing comes off
    story.gateway(
        "quota",
        "close",
        "apply",
        decided,
        "--year",
        YEAR,
        "--because",
        "meeting of 3 January",
        "--document",
        "No. 9",
    )
    story.serve()


def the_next_year_begins_where_this_one_ended(story):
    plans = {site: int(m3) for site, m3 in story.decompose(YEAR + 1).items()}
    assert plans == PLANS | {"well-2": 22_000 - 2_000}
    story.give_rights(YEAR + 1, "rights-2028")
    assert story.in_force(YEAR + 1) == {site: m3 * M3 for site, m3 in plans.items()}
    documents = {one["document"] for one in story.facts("grants", "state", "--year", YEAR)}
    assert "rights-2028" not in documents  # what was issued later says nothing about the year before
    for site, m3 in plans.items():
        well = story.wells[site]
        row = well.rights.row(0, at("2028-02-01T00"))
        taken_l = well.litres_in(YEARS.span(YEAR + 1))
        assert row["ceiling"] == well.volume_l + m3 * M3 - taken_l, site


def every_total_is_the_truth(story):
    for name, span in YEARS.months(YEAR):
        truth = story.truth(span)
        if name == "07":
            truth["well-1"] -= 500 * M3
        assert story.booked(span) == truth, name
    truth = story.truth(YEARS.span(YEAR))
    story.gateway("trace", "--site", "well-1", "--period", str(YEAR))
    wells_l = sum(litres for site, litres in truth.items() if site.startswith("well")) - 500 * M3
    for kind, period, form in (
        ("year", YEAR, "xlsx"),
        ("quarter", f"{YEAR}-Q3", "csv"),
        ("half-year", f"{YEAR}-H2", "pdf"),
    ):
        out = story.folder / f"{kind}.{form}"
        story.gateway("report", kind, "--period", period, "--lang", "zh", "--format", form, "--out", out)
        assert out.stat().st_size > 1000
    story.gateway("acts", "check")
    bundle = story.folder / "well-1.karez"
    story.run("export", "--data", story.data, "--site", "well-1", bundle)
    story.run(bundle, "--trust", story.trust(), app=verify)
    year = story.of_wells("year", str(YEAR))
    assert year["total_l"] + year["late_l"] == wells_l
