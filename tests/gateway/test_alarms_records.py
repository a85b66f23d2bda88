"""Alarms of records: once each, over when a record says so, and no kill doubles or loses one."""

import contextlib

import pytest
from sqlalchemy import select

from karez_gateway.store.schema import well, well_day
from karez_protocols import causes, flags, record

from .alarm_county import region, site
from .alarm_desk import Desk
from .county import create, opened
from .synthetic import START_UTC_S, SyntheticController, tampered

DAY_S = 86400


class Killed(BaseException):
    """Not an Exception: nothing may catch it on the way."""


@pytest.fixture
def desk(tmp_path, database_kind):
    with opened(create(tmp_path / "g")) as county:
        yield Desk(county)


def row(desk, table):
    with desk.county.store.reading() as connection:
        return [dict(one._mapping) for one in connection.execute(select(table))]


def test_a_bit_is_an_alarm_until_a_record_is_without_it(desk):
    box = SyntheticController("a", "well-1")
    box.interval(10, alarms=flags.FOREIGN_RUN | flags.WATER_SILENT)
    box.interval(10, alarms=flags.FOREIGN_RUN)
    box.interval(10, alarms=flags.FOREIGN_RUN)
    desk.take(box)
    assert desk.open() == {
        ("record", "well-1", "alarm:3"): ("raised", 1),
        ("record", "well-1", "alarm:4"): ("latched", 1),
    }
    (foreign,) = [one for one in desk.all() if one.line == "alarm:3"]
    assert (foreign.severity, foreign.facts["seq"]) == ("urgent", 1)


def test_an_event_stays_latched_and_one_that_is_undone_is_over(desk):
    box = SyntheticController("a", "well-1")
    box.event(causes.LOGIN_LOCKED)
    box.event(causes.LOGIN_LOCKED)
    box.event(causes.DOOR_OPENED)
    desk.take(box)
    assert desk.open() == {
        ("record", "well-1", f"event:{causes.LOGIN_LOCKED}"): ("latched", 2),
        ("record", "well-1", f"event:{causes.DOOR_OPENED}"): ("raised", 1),
    }
    box.event(causes.DOOR_CLOSED)
    desk.county.take(box, box.frame(box.seq))
    desk.work()
    assert desk.open()["record", "well-1", f"event:{causes.DOOR_OPENED}"] == ("latched", 1)


def test_a_record_that_does_not_hold_and_a_second_one_under_a_number_are_told(desk):
    box = SyntheticController("a", "well-1")
    box.interval(10)
    box.interval(10)
    false = tampered(box.slots[2], 60)
    desk.county.enrol(box)
    desk.county.take(box, box.carry([box.slots[1], box.slots[2]]), box.carry([false]))
    desk.work()
    assert set(desk.open()) == {("evidence", "well-1", "quarantined"), ("evidence", "well-1", "fork")}
    assert set(desk.open().values()) == {("latched", 1)}


def test_what_a_county_does_not_want_to_hear_is_not_told(tmp_path, database_kind):
    extra = '\n[[alarms.rule]]\nrule = "record"\nregion = "65"\nset = { ignore = ["alarm:3"] }\n'
    with opened(create(tmp_path / "g", extra)) as county:
        desk = Desk(county)
        desk.put(region("65"), site("well-1", "65"))
        boxes = [SyntheticController(name, name) for name in ("well-1", "well-2")]
        for box in boxes:
            box.interval(10, alarms=flags.FOREIGN_RUN)
        desk.take(*boxes)
        assert set(desk.open()) == {("record", "well-2", "alarm:3")}


def test_history_is_no_news_but_what_still_holds_is(desk):
    box = SyntheticController("a", "well-1")
    box.interval(10, alarms=flags.FOREIGN_RUN)
    box.event(causes.LOGIN_LOCKED, alarms=flags.FOREIGN_RUN)
    desk.now_s = START_UTC_S + 60 * DAY_S
    desk.take(box)
    assert desk.open() == {}
    box.interval(10, after_s=60 * DAY_S - 3600, alarms=flags.FOREIGN_RUN)
    desk.county.take(box, box.frame(box.seq))
    desk.work()
    assert set(desk.open()) == {("record", "well-1", "alarm:3")}


def test_an_older_box_at_a_site_says_events_but_nothing_of_how_the_well_stands(desk):
    old, new = SyntheticController("old", "well-1"), SyntheticController("new", "well-1")
    new.interval(10, energy_wh=100)
    desk.take(old, new)
    with desk.county.store.writing() as connection:
        connection.execute(well.update().values(issued_utc_s=well.c.issued_utc_s + 1))  # bound later
    desk.records._states = None
    old.interval(10, alarms=flags.FOREIGN_RUN, energy_wh=900)
    old.event(causes.LOGIN_LOCKED)
    desk.county.take(old, *old.payloads())
    desk.work()
    assert set(desk.open()) == {("record", "well-1", f"event:{causes.LOGIN_LOCKED}")}
    assert row(desk, well)[0]["energy_wh"] == 100


def test_energy_gaps_and_levels_are_kept_by_the_day(desk):
    box = SyntheticController("a", "well-1")
    box.interval(1, energy_wh=1000, level_mm=30_000)
    box.interval(1, energy_wh=1400, level_mm=20_000)
    box.interval(1, energy_wh=None, level_mm=None)
    box.measure(
        record.GAP, 1, 5 * 3600, energy_wh=2400
    )  # the evening of the 22nd became its next day at UTC+8
    box.interval(1, energy_wh=2500, alarms=flags.LEVEL_SILENT, level_mm=1)
    desk.take(box)
    first, second = row(desk, well_day)
    assert (first["energy_wh"], first["lowest_mm"], first["highest_mm"]) == (400, 20_000, 30_000)
    assert (second["energy_wh"], second["gap_energy_wh"]) == (1100, 1000)
    assert (second["gap_s"], second["lowest_mm"]) == (5 * 3600, None)
    assert second["day"] == first["day"] + 1


def contents(desk):
    """All that the stage keeps, without what a second run may number differently."""
    kept = [one for table in (well, well_day) for one in row(desk, table)]
    return desk.open(), kept


def busy_box():
    box = SyntheticController("a", "well-1")
    for at in range(40):
        box.interval(10, alarms=flags.FOREIGN_RUN if at % 7 == 3 else 0, energy_wh=100 * at)
        if at % 11 == 0:
            box.event(causes.LOGIN_LOCKED, energy_wh=100 * at)
    return box


def test_a_stage_that_is_killed_at_every_step_says_what_an_unharmed_one_says(
    tmp_path, monkeypatch, database_kind
):
    from karez_gateway.alarms import records as alarmrecords

    monkeypatch.setattr(alarmrecords, "SLICE", 5)
    deaths = []

    def dies(phase):
        if phase == alarmrecords.STAGE and len(deaths) % 2 == 0:
            deaths.append(phase)
            raise Killed
        deaths.append(phase)

    with opened(create(tmp_path / "g")) as county:
        desk = Desk(county, dies)
        county.enrol(box := busy_box())
        county.take(box, *box.payloads())
        county.work()
        for _ in range(100):
            with contextlib.suppress(Killed):
                if not desk.records.step():
                    break
        killed = contents(desk)
        history = len(desk.all())
    assert len(deaths) > 10
    monkeypatch.setattr(alarmrecords, "SLICE", 4096)
    if database_kind == "postgresql":
        return  # one server's one database: the second county would be the first
    with opened(create(tmp_path / "h")) as county:
        desk = Desk(county)
        desk.take(busy_box())
        # Larger slices see fewer comings and goings; nothing that is left open differs.
        assert contents(desk) == killed and len(desk.all()) == history


def test_what_is_stored_is_the_newest_good_record(desk):
    box = SyntheticController("a", "well-1")
    box.irrigate(3)
    desk.take(box)
    (kept,) = row(desk, well)
    assert kept["utc_s"] == box.utc_s and kept["chain"] == 1
