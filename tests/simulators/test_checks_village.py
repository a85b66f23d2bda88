"""Checks of two wells and of whole seasons: each can fail, and says in one line what is missing."""

import asyncio
import json

import pytest

from karez_protocols import causes, record
from karez_simulators import cards, scenario, season_checks
from karez_simulators.acts import Play
from karez_simulators.cable import DeskError
from karez_simulators.desk import Desk, Plan
from karez_simulators.provisioning import Identity
from karez_simulators.second_well import There
from karez_simulators.village import NextDesk
from karez_simulators.well import WellParameters
from slots import slot

STILL = WellParameters(rated_drawdown_mm=0)
CUT_S = 1_800_000_000
LEAST_S, MOST_S = 60, 900  # settings.py: resume_min_s, resume_max_s


@pytest.fixture
def play(tmp_path):
    """A play with a second well, whose controllers are not started: their cables are written by hand."""
    play = Play(Desk(tmp_path, Plan(well=STILL)))
    play.there = There(NextDesk(play.desk, tmp_path, 2))
    for desk, number in zip(both(play), (100_000, 300_000), strict=True):
        desk.site.begin_counting()
        desk.identity = Identity("box", number.to_bytes(4, "little") + bytes(28), b"")
    return play


def both(play):
    return play.desk, play.there.desk


def write(desk, kind, seq, **known):
    desk.hear(["record", slot(kind, seq, **known).hex()])


def comes_back(play, *waits_s):
    for desk, wait_s in zip(both(play), waits_s, strict=True):
        write(desk, record.STOP, 1, utc_s=CUT_S)
        write(desk, record.START, 2, cause=causes.AUTOMATIC, utc_s=CUT_S + wait_s, boot=3)


@pytest.mark.parametrize(
    ("waits_s", "holds"),
    [
        ((160, 360), True),  # the numbers in the keys, in ms, and the least wait
        ((162, 360), True),  # records tell whole seconds
        ((360, 360), False),  # at once
        ((LEAST_S - 10, LEAST_S + 190), False),
        ((MOST_S - 190, MOST_S + 10), False),
    ],
)
async def test_wells_come_back_in_time_and_each_at_its_own_moment(play, waits_s, holds):
    comes_back(play, *waits_s)
    held, figures = await play.come_back_apart()
    assert held is holds and (figures["first"], figures["last"]) == waits_s
    assert figures["own"] == 200


@pytest.mark.parametrize(
    ("started", "runs", "holds"),
    [
        ((cards.FAMILY, cards.FAMILY), (True, True), True),
        ((cards.FAMILY, cards.FARMER), (True, True), False),  # one account, and another card
        ((cards.FAMILY, cards.FAMILY), (True, False), False),
    ],
)
async def test_one_card_runs_both_wells(play, started, runs, holds):
    for desk, card, is_on in zip(both(play), started, runs, strict=True):
        write(desk, record.START, 1, account=cards.ACCOUNTS[card], credential=cards.CARDS[card])
        desk.site.set_contactor(is_on)
    assert (await play.card_at_both(cards.FAMILY))[0] is holds


@pytest.mark.parametrize(
    ("second", "holds"),
    [
        ({}, True),
        ({"cause": causes.BUTTON}, False),
        ({"volume_l": 5}, False),  # more than its meter has counted
    ],
)
async def test_each_well_keeps_its_own_ceiling(play, second, holds):
    stop = {"cause": causes.WATER_CEILING, "ceiling_l": 0, "volume_l": 0}
    write(play.desk, record.STOP, 1, **stop)
    write(play.there.desk, record.STOP, 1, **stop | second)
    held, figures = await play.ceilings_kept()
    assert held is holds and figures["ceiling"] == 0


async def test_without_a_second_well_nothing_is_done_there(tmp_path):
    play = Play(Desk(tmp_path, Plan(well=STILL)))
    for step in (play.stop_there(), play.grant_there(5), play.feeder_cut(), play.ceilings_kept()):
        with pytest.raises(DeskError, match="second_well puts one up"):
            await step


async def test_one_second_well_is_enough(play):
    with pytest.raises(DeskError, match="already"):
        await play.second_well()


DAY_S = 7200


def a_season(found, median_days, most_days):
    """What the verb says of ten wells."""
    delays = [1] * 9 + [median_days and median_days * DAY_S] * 8 + [most_days and most_days * DAY_S] * 2
    row = {"name": "ramp", "strength": 5, "runs": 10, "found": found, "delays_s": delays[:19]}
    years = {"name": "plain", "strength": 0, "runs": 10, "days": 3650, "events": {"C4 days less": found}}
    return {"day_s": DAY_S, "year_days": 365, "attacks": [row], "honest": [years]}


@pytest.fixture
def verb(monkeypatch):
    """`karez bench detection` says this."""

    def says(document, code=0):
        class Process:
            returncode = code

            async def communicate(self):
                return f"{json.dumps(document)}\n".encode(), b"progress\nkarez bench: no such seeds\n"

        async def start(*_words, **_pipes):
            return Process()

        monkeypatch.setattr(season_checks.asyncio, "create_subprocess_exec", start)

    return says


@pytest.mark.parametrize(
    ("season", "holds"),
    [
        ((10, 40, 90), True),
        ((9, 40, 90), True),
        ((8, 40, None), False),
        ((10, 40, 91), False),
        ((0, None, None), False),
    ],
)
async def test_a_drift_is_told_by_nine_wells_of_ten_and_in_time(play, verb, season, holds):
    verb(a_season(*season))
    held, figures = await play.told_in_season("ramp", 5, 10, 90)
    assert held is holds and figures["found"] == season[0]


@pytest.mark.parametrize(("alarms", "holds"), [(0, True), (9, True), (10, False)])
async def test_honest_wells_are_accused_less_than_once_a_year(play, verb, alarms, holds):
    verb(a_season(alarms, 1, 1))
    assert (await play.quiet_years("plain", 10))[0] is holds


async def test_a_verb_that_fails_is_one_line(play, verb):
    verb({}, code=2)
    with pytest.raises(DeskError, match=r"no such seeds$"):
        await play.quiet_years("plain", 10)
    verb(a_season(1, 1, 1))
    with pytest.raises(DeskError, match="no case 'ramp' with the strength 6"):
        await play.told_in_season("ramp", 6, 10, 90)


async def test_the_verb_itself_is_understood(play):
    async with asyncio.timeout(600):
        held, figures = await play.told_in_season("shunt", 100, 1, 1)
    assert held and figures["runs"] == figures["found"] == 1


@pytest.mark.parametrize(
    ("step", "said"),
    [
        (
            'check = "told_in_season", case = "ramp", strength = 6, wells = 2, days = 9',
            "strength = 6 of ramp",
        ),
        ('check = "told_in_season", case = "plain", strength = 0, wells = 2, days = 9', "'plain' is none of"),
        ('check = "quiet_years", case = "sand", wells = 2', "'sand' is none of plain, noisy, season"),
        ('check = "quiet_years", case = "sandy", wells = 2', "did you mean 'sand'?"),
        ('check = "quiet_years", case = "plain", wells = 0', "wells = 0 is outside 1..200"),
    ],
)
def test_a_case_that_the_study_lacks_is_found_before_anything_starts(step, said):
    document = scenario.read_toml(
        "x",
        f'title = "T"\ntitle_zh = "题"\n[[act]]\ntitle = "A"\ntitle_zh = "幕"\nsteps = [ {{ {step} }} ]\n',
    )
    with pytest.raises(scenario.ScenarioError) as caught:
        scenario.parse("x", document)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("use", "said"), [('"drinking"', "'drinking' in use is not known"), ("5", "use = 5 in the file must be")]
)
def test_a_use_of_water_that_nobody_knows_is_refused(use, said):
    document = scenario.read_toml("x", f"use = {use}")
    with pytest.raises(scenario.ScenarioError) as caught:
        scenario.parse("x", document)
    assert any(said in fault for fault in caught.value.faults)
