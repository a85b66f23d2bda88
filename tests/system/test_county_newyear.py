"""A box dies over New Year, a cut makes room for a rise: the county and the office come through both."""

import pytest

from county import create, opened
from karez_gateway.regulator.cli import app as regulator
from karez_protocols import causes, record
from season import SeasonWell, at

from .county_story import M3, YEAR, YEARS, Story, table

# Of the old box: signed and sent, sent without a signature, neither; and what no box has seen.
SEEN_L, UNSIGNED_L, UNSENT_L, UNSEEN_L = 5_000, 2_000, 2_500, 1_000
AFTER_L = UNSIGNED_L + UNSENT_L + UNSEEN_L


@pytest.fixture
def story(tmp_path, monkeypatch):
    with opened(create(tmp_path / "gateway")) as county:
        yield Story(tmp_path, county, monkeypatch)


def test_a_county_comes_over_new_year_with_a_dead_box_and_a_cut(story):
    story.import_registry()
    story.set_up_office()
    old = a_box_dies_in_december(story)
    a_spare_takes_over_in_january(story, old)
    the_office_signs_in_the_same_year(story)
    a_cut_makes_no_room_before_it_is_held(story)
    the_dead_box_is_read_out_and_healed(story, old)


def a_box_dies_in_december(story):
    story.rest("2026-12-29T20")
    old = story.wells["well-1"]
    old.measured(record.INTERVAL, SEEN_L, 3600)
    old.checkpoint()
    old.measured(record.INTERVAL, UNSIGNED_L, 3600)
    story.serve()
    old.measured(record.INTERVAL, UNSENT_L, 3600)
    return old


def a_spare_takes_over_in_january(story, old):
    """The meter has gone on; the technician writes down what it shows."""
    spare = SeasonWell(
        "well-1", begins_utc_s=at("2027-01-03T08"), spare="spare ", base_l=old.volume_l + UNSEEN_L
    )
    story.wells["well-1"] = spare
    story.county.enrol(spare)
    story.rest("2027-01-05T08")
    story.serve()


def the_office_signs_in_the_same_year(story):
    story.decompose(YEAR)
    # This office gives no litre more than is planned now.
    rows = [("65", YEAR, "farming", "ground", "72300"), ("65", YEAR, "farming", "surface", "49500")]
    rows.append(("65", YEAR, "domestic", "ground", "4000"))
    table(story.office / "limits.csv", "region year class source volume_m3", rows)
    shown = story.give_rights(YEAR, "rights-1")
    (mine,) = (one for one in shown["sites"] if one["site"] == "well-1")
    assert (mine["ledger_l"], mine["gap_l"]) == (AFTER_L, AFTER_L)
    assert "note-year-end" in mine["notes"]
    assert story.in_force(YEAR)["well-1"] == 36_300 * M3
    assert story.irrigate("well-1", "2027-02-01T06", 10) == 600 * M3
    story.serve()


def a_cut_makes_no_room_before_it_is_held(story):
    for plan in ("well-2=10000", "well-1=39000"):
        words = (
            "quota",
            "adjust",
            "--year",
            YEAR,
            "--plan",
            plan,
            "--because",
            "agreed",
            "--document",
            "A-1",
        )
        story.gateway(*words)
    asked = story.folder / "both.request"
    said = ("--because", "both", "--document", "both")
    story.gateway("grants", "prepare", "--year", YEAR, "--out", asked, *said)
    words = ("grant", asked, "--office", story.office, "--key", story.office / "root.pem")
    refused = story.run(*words, "--out", story.folder / "both.grants", ok=1, app=regulator)
    assert "12,000 m³ more may still be taken" in refused and "(well-2)" in refused
    shown = story.give_rights(YEAR, "cut", "--site", "well-2")
    assert [one["held_l"] - one["right_l"] for one in shown["sites"]] == [12_000 * M3]
    story.rest("2027-03-01T08")
    story.serve()
    story.give_rights(YEAR, "rise", "--site", "well-1", "--site", "well-2")
    held = story.in_force(YEAR)
    assert (held["well-1"], held["well-2"]) == (39_000 * M3, 10_000 * M3)


def the_dead_box_is_read_out_and_healed(story, old):
    """What it had not sent was booked in January, as a gap; on the bench it signs that it was December's."""
    old.utc_s = at("2026-12-30T00")
    old.checkpoint()
    first, old.reported = old.reported + 1, old.seq
    story.county.take(old, *old.payloads(first))
    story.serve()
    (found,) = story.facts("ledger", "doubles", "--year", YEAR)
    assert (found["site"], found["to_heal_l"]) == ("well-1", UNSENT_L)
    words = ("ledger", "correct", "--site", "well-1", "--period", "2027-02", "--kind", "double")
    story.gateway(*words, "--volume", "-2.5", "--because", "read on the bench", "--document", "B-1")
    story.serve()
    story.give_rights(YEAR, "healed", "--site", "well-1")
    truth = story.truth(YEARS.span(YEAR))
    assert story.booked(YEARS.span(YEAR)) == truth | {"well-1": truth["well-1"] + UNSEEN_L}
    assert story.irrigate("well-1", "2027-05-01T06", 700) == 39_000 * M3 - 600 * M3 - UNSEEN_L
    assert story.wells["well-1"].ended[-1][1] == causes.WATER_CEILING
    story.serve()
    told = story.gateway("trace", "--site", "well-1", "--period", str(YEAR))
    assert f"box {old.name}" in told and "read on the bench" in told
