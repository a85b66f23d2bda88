"""Wells laid up for the winter: not silent, not unseen; meters with both readings."""

import json

import pytest
from typer.testing import CliRunner

from karez_gateway.alarms import layups
from karez_gateway.cli.main import app
from karez_gateway.county.acts import Deed
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


def lay_up(desk, days=100, **more):
    return layups.begin(
        desk.county.store, "well-1", desk.now_s + days * DAY_S, Deed("li", "pipe drained", desk.now_s), **more
    )


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
        box.interval(0, energy_wh=energy_wh)
        box.checkpoint()
        desk.county.take(box, *box.payloads())
        desk.work()
        desk.look("laid-up")
        found = [one for one in desk.all() if one.rule == "laid-up"]
        assert [one.value for one in found] == told_wh
    assert (found[0].subject, found[0].severity, found[0].state) == ("well-1", "urgent", "raised")
    layups.end(desk.county.store, "well-1", Deed("li", "it pumps", desk.now_s + 1))
    desk.now_s += 2
    desk.look("laid-up")
    assert desk.open()["laid-up", "well-1", "runs"][0] == "latched"


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
