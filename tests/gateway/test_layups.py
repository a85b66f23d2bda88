"""Wells laid up for the winter: not silent, not unseen; meters with both readings."""

import json
import time

import pytest
from typer.testing import CliRunner

from karez_gateway.alarms import layups
from karez_gateway.cli.main import app
from karez_gateway.county.acts import Deed
from karez_gateway.county.alarms import layups as layup_acts
from karez_gateway.county.alarms import words
from karez_gateway.county.alarms.facts import Live
from karez_gateway.errors import Refused
from karez_gateway.store import wells

from .alarm_county import region, site
from .alarm_desk import Desk
from .county import create, opened
from .synthetic import SyntheticController

DAY_S = 86_400


@pytest.fixture
def desk(tmp_path):
    with opened(create(tmp_path / "g")) as county:
        desk = Desk(county)
        desk.put(region("651"), site("well-1"), site("well-2"))
        boxes = [SyntheticController(name, name) for name in ("well-1", "well-2")]
        for box in boxes:
            box.interval(500, energy_wh=3_000)
            box.checkpoint()
        desk.take(*boxes)
        desk.boxes = boxes
        desk.live = Live(since_utc_s=0, broker_down_utc_s=None)
        with county.store.reading() as connection:
            desk.now_s = max(one.received_utc_s for one in wells.wells(connection).values()) + 60
        yield desk


def lay_up(desk, days=100, name="well-1", **more):
    return layups.begin(
        desk.county.store, name, desk.now_s + days * DAY_S, Deed("li", "pipe drained", desk.now_s), **more
    )


UNKNOWN_E = None


def hear(desk, box, litres=0, *, utc_s=None, **values):
    """One more record of a box, of now or of a moment; what the rule says: {line: value}."""
    first = box.seq + 1
    box.utc_s = max(box.utc_s, desk.now_s if utc_s is None else utc_s)
    box.interval(litres, **values)
    box.checkpoint()
    desk.county.take(box, *box.payloads(first))
    desk.work()
    desk.look("laid-up")
    return {one.line: one.value for one in desk.all() if one.rule == "laid-up"}


def silent(desk):
    desk.look("silent", "laid-up")
    return {
        subject
        for (rule, subject, _), (state, _) in desk.open().items()
        if rule == "silent" and state == "raised"
    }


def test_a_well_that_is_laid_up_is_not_called_silent_until_its_day(desk):
    lay_up(desk)
    desk.now_s += 7 * 3600
    assert silent(desk) == {"well-2"}
    desk.now_s += 100 * DAY_S
    assert silent(desk) == {"well-1", "well-2"}


def test_an_alarm_of_before_is_over_and_the_end_brings_silence_back(desk):
    desk.now_s += 7 * 3600
    assert silent(desk) == {"well-1", "well-2"}
    lay_up(desk)
    assert silent(desk) == {"well-2"}
    desk.now_s += 60
    layups.end(desk.county.store, "well-1", Deed("li", "spring", desk.now_s))
    assert silent(desk) == {"well-1", "well-2"}


def test_a_well_that_takes_energy_though_it_rests_is_an_alarm(desk):
    lay_up(desk)
    box = desk.boxes[0]
    for energy_wh, told_wh in ((3_999, []), (4_000, [1_000])):
        hear(desk, box, energy_wh=energy_wh)
        found = [one for one in desk.all() if one.rule == "laid-up"]
        assert [one.value for one in found] == told_wh
    assert (found[0].subject, found[0].severity, found[0].state) == ("well-1", "urgent", "raised")
    layups.end(desk.county.store, "well-1", Deed("li", "it pumps", desk.now_s + 1))
    desk.now_s += 2
    desk.look("laid-up")
    assert desk.open()["laid-up", "well-1", "runs"][0] == "latched"


def test_a_well_that_takes_water_though_it_rests_is_an_alarm(desk):
    lay_up(desk)
    box = desk.boxes[0]
    assert hear(desk, box, 999, energy_wh=3_000) == {}
    assert hear(desk, box, 1, energy_wh=3_000) == {"water": 1_000}
    (found,) = [one for one in desk.all() if one.rule == "laid-up"]
    assert (found.subject, found.severity, found.state) == ("well-1", "urgent", "raised")
    assert words.say(found.rule, found.line, found.value, found.facts, "en").startswith(
        "1 m³ since it was laid"
    )
    assert hear(desk, box, 1_000, energy_wh=4_000) == {"water": 1_000, "runs": 1_000}


def test_a_well_that_said_no_energy_when_it_was_laid_up_is_watched_from_its_first_word_on(desk):
    hear(desk, desk.boxes[1], energy_wh=UNKNOWN_E)
    desk.put(site("well-3"))
    lay_up(desk, name="well-3")
    box = SyntheticController("well-3", "well-3")
    desk.county.enrol(box)
    for energy_wh in (UNKNOWN_E, 50_000, UNKNOWN_E, 50_999):
        assert hear(desk, box, energy_wh=energy_wh) == {}
    assert hear(desk, box, energy_wh=51_000) == {"runs": 1_000}


@pytest.mark.parametrize("is_told_at_once", [True, False])
def test_another_box_at_a_resting_well_hides_nothing_behind_the_register_of_the_old_one(
    desk, is_told_at_once
):
    lay_up(desk)
    box = SyntheticController("spare", "well-1")
    desk.county.enrol(box)
    if not is_told_at_once:
        assert hear(desk, box, energy_wh=UNKNOWN_E) == {}
    assert hear(desk, box, energy_wh=100) == {}
    assert hear(desk, box, 5, energy_wh=1_099) == {}
    assert hear(desk, box, 995, energy_wh=1_100) == {"runs": 1_000, "water": 1_000}


def test_another_box_whose_register_is_higher_is_no_alarm(desk):
    lay_up(desk)
    box = SyntheticController("spare", "well-1")
    desk.county.enrol(box)
    assert hear(desk, box, energy_wh=UNKNOWN_E) == {}
    assert hear(desk, box, 50_000, energy_wh=90_000) == {"water": 50_000}


def test_what_was_taken_before_and_is_heard_while_it_rests_is_no_alarm(desk):
    begun_utc_s = desk.now_s
    lay_up(desk)
    box = desk.boxes[0]
    assert box.utc_s < begun_utc_s - 1_000
    assert hear(desk, box, 40_000, energy_wh=9_000, utc_s=begun_utc_s - 900) == {}
    assert hear(desk, box, 999, energy_wh=9_999) == {}
    assert hear(desk, box, 1, energy_wh=10_000) == {"runs": 1_000, "water": 1_000}


def test_each_lay_up_counts_what_was_taken_in_it(desk):
    box = desk.boxes[0]
    lay_up(desk)
    assert hear(desk, box, energy_wh=3_900) == {}
    desk.now_s = box.utc_s + 60
    layups.end(desk.county.store, "well-1", Deed("li", "spring", desk.now_s))
    desk.now_s += 60
    assert hear(desk, box, 80_000, energy_wh=99_000) == {}
    desk.now_s = box.utc_s + 60
    lay_up(desk)
    assert hear(desk, box, 900, energy_wh=99_900) == {}


@pytest.mark.parametrize(
    ("heard", "said"),
    [
        ((None, None, None, ""), ["nothing was ever heard of it"]),
        ((60, 5, 5, ""), []),
        ((60, 5, 5, "TUF-1"), ["its meter is off: water is not watched"]),
        ((60, None, 5, ""), ["its box says no energy: energy is not watched"]),
        (
            (60, None, 5, "TUF-1"),
            ["its box says no energy", "its meter is off", "so nothing watches this well"],
        ),
        ((60, None, None, ""), ["its box says no energy", "its box says no water", "so nothing watches"]),
        ((7200 * 3, 5, 5, ""), ["it was heard last 6 hours ago"]),
    ],
)
def test_what_of_a_resting_well_cannot_be_watched_is_said(heard, said):
    found = layup_acts.unwatched(*heard)
    assert len(found) == len(said)
    assert all(line.startswith(begin) for line, begin in zip(found, said, strict=True))


def test_who_begins_hears_what_cannot_be_watched(desk):
    desk.put(site("well-3"))
    words_of = ["--until", time.strftime("%Y-%m-%d", time.gmtime(time.time() + 90 * DAY_S)), "--by", "li"]
    done = karez(desk, "begin", "well-3", *words_of, "--because", "winter")
    assert done.exit_code == 0 and "well-3 rests until" in done.stdout
    assert "nothing was ever heard of it" in done.stderr


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"days": 0}, "--until is past"),
        ({"days": 301}, "300 days"),
        ({"serial": "TUF-1"}, "--meter and --closing both"),
        ({"closing_l": 5}, "--meter and --closing both"),
        *(
            ({"serial": serial, "closing_l": 5}, "--meter is one line of at most 64 bytes")
            for serial in ("TUF\x1b[2J", "two\nlines", " ", "x" * 65, "表" * 22)
        ),
    ],
)
def test_a_lay_up_that_makes_no_sense_is_refused(desk, more, said):
    with pytest.raises(Refused, match=said):
        lay_up(desk, **more)


def test_a_meter_that_was_off_has_both_readings_and_is_told_when_it_moved(desk):
    lay_up(desk, serial="TUF-1", closing_l=20_481_300)
    with pytest.raises(Refused, match="laid up already, by li"):
        lay_up(desk)
    deed = Deed("li", "spring", desk.now_s + 60)
    with pytest.raises(Refused, match=r"TUF-1 was taken off at 20,481\.3 m³: "):
        layups.end(desk.county.store, "well-1", deed)
    with pytest.raises(Refused, match="well-2 is not laid up"):
        layups.end(desk.county.store, "well-2", deed)
    done = karez(desk, "end", "well-1", "--opening", "20481.8", "--because", "spring", "--by", "li")
    assert "moved by 0.5 m³ while it was off" in done.stdout
    (one,) = json.loads(karez(desk, "list", "--all", "--json").stdout)
    assert (one["closing_l"], one["opening_l"], one["moved_l"]) == (20_481_300, 20_481_800, 500)
    assert json.loads(karez(desk, "list", "--json").stdout) == []


def test_a_lay_up_over_one_that_is_due_is_refused_so_that_its_meter_is_not_lost(desk):
    lay_up(desk, days=1, serial="TUF-1", closing_l=20_481_300)
    desk.now_s += 2 * DAY_S
    with pytest.raises(
        Refused, match=r"is due, .*: end it first, .*layup end well-1 --opening .* meter TUF-1"
    ):
        lay_up(desk)
    ended = layups.end(
        desk.county.store, "well-1", Deed("li", "longer winter", desk.now_s), opening_l=20_481_800
    )
    assert ended.moved_l == 500
    again = lay_up(desk, serial="TUF-1", closing_l=20_481_800)
    desk.now_s += 101 * DAY_S
    with pytest.raises(Refused, match=r"is due, .*: end it first"):
        lay_up(desk)
    assert layups.end(desk.county.store, "well-1", Deed("li", "spring", desk.now_s), 20_481_800).moved_l == 0
    assert lay_up(desk).number > again.number


def karez(desk, verb, *words):
    return CliRunner().invoke(app, ["layup", verb, "--data", str(desk.county.config.data), *words])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nowhere", "--until", "2104-01-01"], "there is no site"),
        (["well-1", "--until", "some day"], "is no day"),
        (["well-1", "--until", "2026-01-01"], "--until is past"),
        (["well-1", "--until", "2104-01-01"], "300 days"),
        (["well-1", "--until", "2104-01-01", "--meter", "T", "--closing", "much"], "--closing"),
        (["well-1", "--until", "2104-01-01", "--meter", "T", "--closing", "9" * 60], "--closing"),
    ],
)
def test_bad_words_are_one_line(desk, words, said):
    done = karez(desk, "begin", *words, "--because", "winter", "--by", "li")
    assert done.exit_code and said in done.stderr and "Traceback" not in done.stderr


def test_nobody_lays_up_without_a_reason(desk):
    done = karez(desk, "begin", "well-1", "--until", "2027-03-01", "--by", "li")
    assert done.exit_code and "--because" in done.stderr
