"""What a platform asks and commands, through the real clients, the real store and the real rules."""

import asyncio
import random
import time
from contextlib import asynccontextmanager

import pytest
import structlog

from karez_gateway.config import Commands as Settings
from karez_gateway.config import Destination
from karez_gateway.controllers import enrolment
from karez_gateway.downlink import commands
from karez_gateway.errors import Refused
from karez_gateway.store import commands as table
from karez_gateway.uploads import downlink_rules as rules
from karez_gateway.uploads import sl651, sl651_answers, szy206_answers
from karez_gateway.uploads.downlink_rules import Permissions, Verdict
from karez_gateway.uploads.platform_requests import (
    LINES_PER_MINUTE,
    Desk,
    of_destination,
    sl651_requests,
    szy206_requests,
)
from karez_gateway.uploads.sl651_client import Sl651Client
from karez_gateway.uploads.sl651_events import SessionSettings as Sl651Settings
from karez_gateway.uploads.station_view import FRESH_S, Right, StoredStation, enrolled
from karez_gateway.uploads.stream_events import PlatformAsked
from karez_gateway.uploads.szy206_client import Szy206Client
from karez_gateway.uploads.szy206_events import SessionSettings
from karez_gateway.worker import Worker
from karez_protocols import binding, causes, chain, flags, link, record, site_class, szy206
from karez_protocols import sl651 as sl651_codec
from karez_protocols import sl651_functions as functions651
from karez_protocols import sl651_messages as messages
from karez_protocols import szy206_functions as functions206
from karez_protocols.sl651_messages import Line
from karez_protocols.sl651_parts import Element
from karez_protocols.sl651_quantities import element_for, elements_for, quantities
from karez_protocols.sl651_reading import decode_message
from karez_protocols.sl651_times import Step, time_at
from karez_protocols.sl651_writing import encode_message
from karez_protocols.szy206_commands import Command, is_carried_out
from karez_protocols.szy206_messages import confirm_of
from karez_protocols.szy206_messages import decode_message as decode_206
from karez_protocols.szy206_readings import TYPE_ENERGY, TYPE_FLOW, TYPE_LEVEL, TYPE_RAIN
from karez_protocols.szy206_stream import StreamReader
from karez_protocols.szy206_time import clock_at, tag_at
from karez_protocols.szy206_words import state_facts

from . import synthetic
from .county import create, opened
from .papers import state_of
from .sl651_desk import Centre
from .synthetic import START_UTC_S, SyntheticController, make_grant, tampered
from .test_orders import report

A = bytes.fromhex("4101050001")
PASSWORD = b"\x12\x34"
CEILING_L = 1_500_000
OPEN = Permissions(PASSWORD, remote_stop=True, remote_start=True)
CLOSED = Permissions(PASSWORD)
D206, D427 = szy206.SZY206_2016, szy206.SLT427_2021
FORM = sl651.DIALECTS["651"]


@pytest.fixture
def box():
    return SyntheticController("a", "well-1")


@pytest.fixture
def county(tmp_path, box):
    """A well under a grant that has irrigated an hour and a half, and still does."""
    with opened(create(tmp_path / "g")) as found:
        found.enrol(box)
        found.commands = commands.Commands(found.sequencer)
        paper = make_grant("well-1", 7, CEILING_L)
        enrolment.queue_grant(found.store, paper)
        found.downlinks.log_queued(START_UTC_S)
        found.downlinks.sent(found.downlinks.due(START_UTC_S), START_UTC_S)
        box.accept_grant(paper)
        box.start()
        for _ in range(18):
            box.interval(4000, energy_wh=1_234_567, level_mm=-12_340, voltage_a_dv=2301, current_a_ca=812)
        report(found, box)
        yield found


class Office:
    """A desk of one destination, its clock, and a controller that obeys while the desk waits."""

    def __init__(self, county, box, permissions=CLOSED, *, obeys=True, well="well-1", settings=None):
        self.county, self.box, self.obeys = county, box, obeys
        self.now_s = box.utc_s + 60
        self.worker = Worker()
        self.state = {}
        self.desk = Desk(
            county.store,
            self.worker,
            "county",
            {A: well},
            permissions,
            settings or Settings(),
            self.service,
            utc_s=lambda: self.now_s,
            sleep=self.wait,
        )

    def service(self):
        heard = state_of(self.box, uptime_s=self.now_s - START_UTC_S) | self.state
        return {"presence": {self.box.name: {"utc_s": self.now_s, **heard}}}

    async def wait(self, _seconds):
        """What the service and the controller do while the desk waits."""
        self.now_s += 1
        await self.worker.run(self.carry)

    def carry(self):
        self.county.commands.log_queued(self.now_s)
        for one in self.county.commands.due(self.now_s):
            self.county.commands.sent(one, self.now_s)
            if self.obeys:
                self.box.utc_s = self.now_s
                if one.verb == link.STOP:
                    self.box.stop(0, cause=causes.REMOTE)
                else:
                    self.box.start(cause=causes.REMOTE)
                report(self.county, self.box)
        while self.county.commands.step():
            pass

    def wishes(self):
        with self.county.store.reading() as connection:
            return [(one.verb, one.wished_by, one.state) for one in table.newest(connection, 99)]


@pytest.fixture
def office(county, box):
    """Makes offices; their threads end with the test."""
    made = []

    def make(permissions=CLOSED, **given):
        made.append(Office(county, box, permissions, **given))
        return made[-1]

    yield make
    for one in made:
        one.worker.close()


# -- SZY 206 ------------------------------------------------------------------------------


class Asker206:
    """A centre that asks one question after another, without a wire."""

    def __init__(self, office, dialect=D206):
        self.office, self.dialect = office, dialect
        self.requests = szy206_requests(office.desk, dialect)

    def frame(self, afn, values=None, *, password=PASSWORD, type_code=0, delay_min=5, age_s=0, address=A):
        tag = tag_at(self.office.now_s - age_s, 28800, delay_min)
        command = Command(address, afn, values, password, tag, type_code)
        return szy206.decode(command.encode(self.dialect))

    async def ask(self, afn, values=None, **given):
        """The answer's values, None for silence."""
        raw = await self.raw(self.frame(afn, values, **given))
        return None if raw is None else decode_206(szy206.decode(raw), self.dialect).values

    async def raw(self, frame):
        return await self.requests(PlatformAsked(frame, frame.raw))


async def test_206_questions_are_answered_from_verified_records(office):
    desk = office()
    ask = Asker206(desk).ask
    assert await ask(functions206.QUERY_ADDRESS) == {"address": A}
    assert await ask(functions206.QUERY_CLOCK) == {"clock": clock_at(desk.now_s, 28800)}
    assert await ask(functions206.QUERY_MODE) == {"mode": 1}
    now = await ask(functions206.QUERY_REALTIME, type_code=TYPE_FLOW)
    assert now["readings"] == [{"flow_lph": 46800, "flow_unit": 0, "volume_l": 1_072_000}]
    assert state_facts(now["state"])["is_pump_running"] and state_facts(now["state"])["is_quota_on"]
    level = await ask(functions206.QUERY_REALTIME, type_code=TYPE_LEVEL)
    assert level["readings"] == [{"level_mm": -12340}]
    assert await ask(functions206.QUERY_REALTIME, type_code=TYPE_RAIN) is None
    status = await ask(functions206.QUERY_STATUS)
    assert status == {"alarm": now["alarm"], "state": now["state"]}
    assert (await ask(functions206.QUERY_MOTOR))["voltage_a_v"] == 230
    assert await ask(functions206.QUERY_TOP_UP) == {"last_top_up_l": None, "remaining_l": 428_000}
    assert await ask(functions206.QUERY_REMAINING_ALARM) == {"alarm_l": None, "remaining_l": 428_000}
    kinds = await ask(functions206.QUERY_REPORT_KINDS)
    assert kinds["kinds"] == 4 and {one["interval_min"] for one in kinds["intervals"]} == {None}


async def test_427_has_energy_and_its_long_tags(office):
    ask = Asker206(office(), D427).ask
    found = await ask(functions206.QUERY_REALTIME, type_code=TYPE_ENERGY)
    assert found["readings"] == [{"energy_wh": 1_234_560}]
    assert (await ask(functions206.SET_CLOCK, {"clock": clock_at(0x60000000, 28800)}))["clock"].year == 2026


async def test_206_stored_readings_are_those_of_each_hour_and_missing_where_there_are_none(office):
    ask = Asker206(office()).ask
    local = time_at(START_UTC_S, 28800)  # the whole hour at which all began
    day = (local.year, local.month, local.day)
    asked = {"kind": 2, "index": 0, "start": (*day, local.hour - 1), "end": (*day, local.hour + 1)}
    found = await ask(functions206.QUERY_STORED, asked)
    assert [one["volume_l"] for one in found["values"]] == [None, None, 1_044_000]
    assert {name: found[name] for name in asked} == asked
    # The hour that is not over has no reading yet, though there are records of it.
    later = asked | {"start": (*day, local.hour + 1), "end": (*day, local.hour + 1)}
    assert len((await ask(functions206.QUERY_STORED, later))["values"]) == 1
    backward = asked | {"start": asked["end"], "end": asked["start"]}
    assert await ask(functions206.QUERY_STORED, backward) is None
    assert await ask(functions206.QUERY_STORED, asked | {"start": (day[0], 1, 1, 0)}) is None
    assert await ask(functions206.QUERY_STORED, asked | {"kind": 0}) is None


async def test_an_old_reading_is_never_given_for_now(office):
    desk = office()
    asker = Asker206(desk)
    desk.now_s += FRESH_S + 1
    for afn in (functions206.QUERY_STATUS, functions206.QUERY_MOTOR, functions206.QUERY_TOP_UP):
        assert await asker.ask(afn) is None
    assert await asker.ask(functions206.QUERY_REALTIME, type_code=TYPE_FLOW) is None
    assert await asker.ask(functions206.QUERY_CLOCK) is not None
    assert asker.requests.counts == {"refused": 4, "answered": 1}


async def test_no_word_is_told_of_a_pump_that_nobody_knows(office, county, box):
    box.interval(10, pump=None, status=None, flow_lph=None)
    report(county, box)
    desk = office()
    asker = Asker206(desk)
    assert await asker.ask(functions206.QUERY_STATUS) is None
    assert await asker.ask(functions206.QUERY_REALTIME, type_code=TYPE_FLOW) is None
    assert (await asker.ask(functions206.QUERY_TOP_UP))["remaining_l"] == 427_000  # rounded down
    other = Asker651(desk)
    status = await other.query(functions651.STATUS)
    assert quantities(status.elements, False, other.form.dialect) == {"status": None}
    assert await other.ask(pump(other, False)) is None


async def test_a_pump_that_something_else_switched_on_is_never_told_as_stopped(office, county, box):
    box.stop(10)
    box.interval(4000, alarms=flags.FOREIGN_RUN)
    report(county, box)
    desk = office(OPEN, obeys=False)
    asker = Asker206(desk)
    found = await asker.ask(functions206.QUERY_STATUS)
    assert state_facts(found["state"])["is_pump_running"]
    stop = {"device": 0, "number": 1}
    assert (await asker.ask(functions206.STOP_DEVICE, stop))["outcome"] == 0  # not done
    assert (await Asker651(desk).ask(pump(Asker651(desk), False))).states[0] is True


async def test_when_nothing_is_left_of_the_right_every_answer_says_so(office, county, box):
    asker = Asker206(office())
    low = 1 << 12
    assert not (await asker.ask(functions206.QUERY_STATUS))["alarm"] & low
    box.interval(CEILING_L - box.volume_l - 1)
    report(county, box)
    asker = Asker206(office())
    assert not (await asker.ask(functions206.QUERY_STATUS))["alarm"] & low
    box.interval(1)
    report(county, box)
    desk = office()
    asker, other = Asker206(desk), Asker651(desk)
    assert (await asker.ask(functions206.QUERY_STATUS))["alarm"] & low
    assert (await asker.ask(functions206.QUERY_REALTIME, type_code=TYPE_FLOW))["alarm"] & low
    status = quantities((await other.query(functions651.STATUS)).elements, False, other.form.dialect)
    now = await other.query(functions651.REAL_TIME)
    told = quantities(now.groups[0].elements, False, other.form.dialect)
    assert status["status"] == told["status"] and status["status"] & 1 << 11
    assert told["remaining_1_l"] == 0


async def test_206_event_counters_are_those_of_the_records_and_of_wrong_passwords(office, county, box):
    box.event(causes.DOOR_OPENED)
    report(county, box)
    desk = office()
    asker = Asker206(desk)
    for _ in range(2):
        assert await asker.ask(functions206.QUOTA_ON, password=b"\x00\x00") is None
    counts = [one["count"] for one in (await asker.ask(functions206.QUERY_EVENTS))["counters"]]
    # parameter changed (the grant), state changed (a start, the door), wrong passwords, box opened
    expected = {2: 1, 3: 2, 5: 2, 9: 1}
    assert {number: count for number, count in enumerate(counts, 1) if count} == expected
    desk.now_s += 100 * FRESH_S  # what has happened stays so
    assert (await asker.ask(functions206.QUERY_EVENTS))["counters"][8]["count"] == 1


@pytest.mark.parametrize(
    ("afn", "values"),
    [
        (functions206.TOP_UP, {"added_l": 500_000}),
        (functions206.SET_QUOTA, {"quota_l": 9_000_000}),
        (functions206.SET_REMAINING_ALARM, {"alarm_l": 50_000}),
        (functions206.QUOTA_OFF, None),
        (functions206.CARD_OFF, None),
        (functions206.SET_METER_BASE, {"bases": [{"base_l": 0}]}),
        (functions206.CHANGE_PASSWORD, {"new_password": b"\x00\x00"}),
        (functions206.CLEAR_HISTORY, {"kinds": 7}),
        (functions206.RESET, {"scope": 2}),
    ],
)
async def test_206_no_setting_is_taken_however_often_it_comes(office, afn, values):
    desk = office(OPEN)
    asker = Asker206(desk)
    before = StoredStation(desk.county.store, "well-1").right(desk.now_s)
    first = asker.frame(afn, values)
    repeat = szy206.decode(szy206.encode(szy206.Frame(False, A, afn, first.body, 2)))
    for frame in (first, repeat, first):
        assert await asker.raw(frame) is None  # an echo would be read as yes
    assert asker.requests.counts == {"refused": 3}
    assert StoredStation(desk.county.store, "well-1").right(desk.now_s) == before
    assert desk.wishes() == [] and before.quota_l == 500_000


async def test_206_setting_the_clock_is_answered_with_ours_and_moves_nothing(office):
    desk = office()
    asker = Asker206(desk)
    theirs = clock_at(desk.now_s + 3600, 28800)
    answer = await asker.ask(functions206.SET_CLOCK, {"clock": theirs})
    assert answer == {"clock": clock_at(desk.now_s, 28800)} and asker.requests.counts == {"refused": 1}


async def test_206_a_stop_is_off_until_the_destination_allows_it(office):
    desk = office(
        CLOSED, settings=Settings(remote_stop=True)
    )  # the operator's own leave is not the platform's
    asker = Asker206(desk)
    answer = await asker.ask(functions206.STOP_DEVICE, {"device": 0, "number": 1})
    assert answer == {"outcome": 0, "number": 1}
    assert desk.wishes() == [] and asker.requests.counts == {"refused": 1}


async def test_206_a_stop_is_a_wish_in_the_destinations_name_and_done_when_a_record_says_so(office):
    desk = office(OPEN)
    asker = Asker206(desk)
    frame = asker.frame(functions206.STOP_DEVICE, {"device": 0, "number": 1})
    raw = await asker.raw(frame)
    answer = decode_206(szy206.decode(raw), D206)
    assert is_carried_out(decode_206(frame, D206), answer)
    assert desk.wishes() == [(link.STOP, "county", table.DONE)] and asker.requests.counts == {"command": 1}
    # Its repeats get the same answer and wish nothing.
    again = szy206.decode(szy206.encode(szy206.Frame(False, A, frame.afn, frame.body, 2)))
    assert (await asker.raw(again))[4:-2] == raw[4:-2] and len(desk.wishes()) == 1
    assert asker.requests.counts == {"command": 1, "repeated": 1}


async def test_206_a_stop_that_no_record_proves_is_not_reported_as_done(office):
    desk = office(OPEN, obeys=False)
    answer = await Asker206(desk).ask(functions206.STOP_DEVICE, {"device": 0, "number": 1})
    assert answer == {"outcome": 0, "number": 1}
    assert desk.wishes() == [(link.STOP, "county", table.SENT)]


async def test_stops_count_against_the_limit_of_all_wells(office):
    desk = office(OPEN, settings=Settings(stops_per_hour=2))
    asker = Asker206(desk)
    for _ in range(4):
        desk.now_s += 1
        await asker.ask(functions206.STOP_DEVICE, {"device": 0, "number": 1})
    assert len(desk.wishes()) == 2 and asker.requests.counts == {"command": 2, "refused": 2}


async def test_206_a_start_quotes_a_fresh_state_and_another_device_is_refused(office):
    desk = office(OPEN)
    asker = Asker206(desk)
    assert await asker.ask(functions206.START_DEVICE, {"device": 15, "number": 1}) == {
        "outcome": 0,
        "number": 1,
    }
    assert await asker.ask(functions206.START_DEVICE, {"device": 0, "number": 2}) == {
        "outcome": 0,
        "number": 2,
    }
    desk.state = {"online": 0}
    assert (await asker.ask(functions206.START_DEVICE, {"device": 0, "number": 0}))["outcome"] == 0
    assert desk.wishes() == []
    desk.state = {}
    desk.now_s += 1
    assert (await asker.ask(functions206.START_DEVICE, {"device": 0, "number": 0}))["outcome"] == 10
    assert desk.wishes() == [(link.START, "county", table.DONE)]


async def test_206_a_start_that_is_repeated_across_a_restart_of_the_service_starts_once(office, box):
    desk = office(OPEN)
    asker = Asker206(desk)
    frame = asker.frame(functions206.START_DEVICE, {"device": 0, "number": 0})
    await asker.raw(frame)
    box.utc_s = desk.now_s
    box.stop(0)  # somebody at the well
    report(desk.county, box)
    desk.now_s += 10
    again = Asker206(desk)  # remembers nothing
    answer = decode_206(szy206.decode(await again.raw(frame)), D206).values
    assert answer["outcome"] == 0 and again.requests.counts == {"refused": 1}
    assert desk.wishes() == [(link.START, "county", table.DONE)]


async def test_drinking_water_is_never_stopped(tmp_path):
    box = SyntheticController("d", "village")
    box.binding = drinking(box)
    box.h = chain.genesis(1, box.binding)
    with opened(create(tmp_path / "g")) as county:
        county.enrol(box)
        county.commands = commands.Commands(county.sequencer)
        box.start()
        box.interval(100)
        report(county, box)
        desk = Office(county, box, OPEN, well="village")
        asker = Asker206(desk)
        assert (await asker.ask(functions206.STOP_DEVICE, {"device": 0, "number": 1}))["outcome"] == 0
        assert desk.wishes() == [] and asker.requests.counts == {"refused": 1}
        desk.worker.close()


def drinking(box):
    values, segments, _, _ = binding.open_signed(synthetic.make_binding(box.key, box.site))
    values["class"] = site_class.DOMESTIC
    return synthetic.sign(synthetic.PROVISIONER, binding.LABEL, binding.encode(values, segments))


async def test_206_wrong_password_stale_tag_and_foreign_stations_are_dropped_and_counted(office):
    desk = office(OPEN)
    asker = Asker206(desk)
    stop = (functions206.STOP_DEVICE, {"device": 0, "number": 1})
    assert await asker.ask(*stop, password=b"\x12\x35") is None
    assert await asker.ask(*stop, age_s=360) is None
    assert await asker.ask(*stop, address=A[:4] + b"\x09") is None
    given_up = asker.frame(*stop)
    assert (
        await asker.raw(szy206.decode(szy206.encode(szy206.Frame(False, A, 0x93, given_up.body, 0)))) is None
    )
    assert asker.requests.counts == {"dropped": 4} and desk.wishes() == []


async def test_206_a_recorded_stop_stops_nothing_later_though_its_delay_asks_for_no_check(office):
    desk = office(OPEN)
    asker = Asker206(desk)
    for age_s in (301, -301):
        stop = asker.frame(functions206.STOP_DEVICE, {"device": 0, "number": 1}, delay_min=0, age_s=age_s)
        assert await asker.raw(stop) is None
    assert asker.requests.counts == {"dropped": 2} and desk.wishes() == []
    desk.now_s += 1
    answer = await asker.ask(functions206.STOP_DEVICE, {"device": 0, "number": 1}, delay_min=0, age_s=299)
    assert answer["outcome"] == 10


async def test_206_without_a_password_of_ours_no_command_is_believed(office):
    desk = office(Permissions(None, remote_stop=True))
    asker = Asker206(desk)
    for password in (b"\x00\x00", b"\x12\x34"):
        assert (
            await asker.ask(functions206.STOP_DEVICE, {"device": 0, "number": 1}, password=password)
        ) is None
    assert desk.wishes() == [] and await asker.ask(functions206.QUERY_CLOCK) is not None


async def test_a_work_mode_wished_in_a_confirm_is_refused_and_counted(office):
    asker = Asker206(office())
    wish = szy206.Frame(False, A, functions206.REPORT, b"\x02", 3, TYPE_FLOW)
    assert await asker.raw(szy206.decode(szy206.encode(wish))) is None
    assert asker.requests.counts == {"refused": 1}


# -- SL 651 -------------------------------------------------------------------------------


class Asker651:
    """A centre that asks one question after another, without a wire."""

    def __init__(self, office, form="651"):
        self.office, self.form = office, sl651.DIALECTS[form]
        self.requests = sl651_requests(office.desk, Sl651Settings(form=self.form, password=0x1234))

    @property
    def sent(self):
        return time_at(self.office.now_s, 28800)

    def frame(self, message, *, password=0x1234, station=A):
        frame = encode_message(message, Line(1, station, password, False), dialect=self.form.dialect)
        return sl651_codec.decode(sl651_codec.encode(frame, self.form.dialect), self.form.dialect)

    async def ask(self, message, **given):
        """The answer as a centre reads it from the wire, None for silence."""
        answer = await self.requests(PlatformAsked(self.frame(message, **given), b""))
        if answer is None:
            return None
        frame = encode_message(answer._replace(serial=1), Line(1, A, 0, False), dialect=self.form.dialect)
        return decode_message(frame, self.form.dialect)

    async def query(self, function, **given):
        return await self.ask(messages.Query(function, 0, self.sent), **given)

    def fields(self, report):
        (group,) = report.groups
        return quantities(group.elements, False, self.form.dialect)


async def test_651_questions_are_answered_from_verified_records(office):
    desk = office()
    asker = Asker651(desk)
    now = await asker.query(functions651.REAL_TIME)
    found = asker.fields(now)
    assert (found["total_l"], found["flow_1_lph"], found["level_mm"]) == (1_072_000, 46800, -12340)
    assert (found["energy_wh"], found["remaining_1_l"]) == (1_234_567, 428_000)
    observed = time_at(desk.box.utc_s - desk.box.utc_s % 60, 28800)
    assert now.groups[0].observed == observed and now.sent == asker.sent
    assert asker.fields(await asker.query(functions651.MOTOR))["voltage_a_mv"] == 230_100
    version = await asker.query(functions651.VERSION)
    assert version.text.startswith(b"Karez ")
    status = await asker.query(functions651.STATUS)
    assert quantities(status.elements, False, asker.form.dialect) == {"status": found["status"]}
    clock = await asker.query(functions651.CLOCK)
    assert clock.sent == asker.sent and clock.station == A


async def test_651_event_counters_are_those_of_the_records(office, county, box):
    box.event(causes.DOOR_OPENED)
    report(county, box)
    asker = Asker651(office())
    assert await asker.query(functions651.CLOCK, password=0xBBBB) is None  # no change of the password
    counts = (await asker.query(functions651.COUNTERS)).counts
    assert {number: count for number, count in enumerate(counts, 1) if count} == {2: 1, 3: 2, 9: 1}
    assert len(counts) == 32


async def test_651_given_elements_are_told_as_far_as_they_are_known(office):
    asker = Asker651(office())
    dialect = asker.form.dialect
    names = ("total_l", "remaining_1_l", "hour_volume_1_l", "flow_lph", "battery_mv")
    words = tuple(element_for(name, None, False, dialect) for name in names)
    found = asker.fields(await asker.ask(messages.WordQuery(functions651.GIVEN, 0, asker.sent, words)))
    # The first hour began with no reading at its beginning: how much flowed in it nobody knows.
    assert found == {
        "total_l": 1_072_000,
        "remaining_1_l": 428_000,
        "hour_volume_1_l": None,
        "flow_lph": 46800,
        "battery_mv": None,
    }


async def test_651_a_period_is_one_value_a_step_and_missing_where_no_record_is(office):
    desk = office()
    asker = Asker651(desk)
    desk.now_s = START_UTC_S + 2 * 3600 + 60
    ends = [time_at(START_UTC_S + hours * 3600, 28800) for hours in (0, 2)]

    async def period(name, step):
        word = element_for(name, None, False, asker.form.dialect)
        return await asker.ask(messages.PeriodQuery(0, asker.sent, *ends, step, (word,)))

    found = await period("total_l", Step(0, 1, 0))
    assert found.rows == ((None,), (1_044_000,), (1_072_000,)) and found.observed == ends[0]
    hourly = await period("hour_volume_1_l", Step(0, 1, 0))
    assert [row[0] for row in hourly.rows] == [None, None, 2800]  # hundredths of a cubic metre
    halves = await period("hour_volume_1_l", Step(0, 0, 30))  # of the hour before each half
    assert [row[0] for row in halves.rows] == [None, None, None, 4800, 2800]
    fine = await period("total_l", Step(0, 0, 30))
    assert [row[0] for row in fine.rows] == [None, 1_020_000, 1_044_000, 1_068_000, 1_072_000]
    assert await period("total_l", Step(0, 0, 0)) is None
    assert await period("rain_um", Step(0, 1, 0)) is None


async def test_651_settings_are_told_but_the_password_is_not(office):
    asker = Asker651(office())
    words = (Element(0x02, 5, 0, None), Element(0x0C, 1, 0, None), Element(0x0F, 2, 0, None))
    basic = await asker.ask(messages.WordQuery(functions651.READ_BASIC, 0, asker.sent, words))
    assert [one.value for one in basic.elements[:2]] == [A, 2]
    secret = (*words, Element(0x03, 2, 0, None))
    assert await asker.ask(messages.WordQuery(functions651.READ_BASIC, 0, asker.sent, secret)) is None
    dialect = asker.form.dialect
    words = tuple(element_for(name, None, True, dialect) for name in ("quota_l", "remaining_alarm_1_l"))
    run = await asker.ask(messages.WordQuery(functions651.READ_RUN, 0, asker.sent, words))
    assert quantities(run.elements, True, dialect) == {"quota_l": 500_000, "remaining_alarm_1_l": None}


def writes(sent, dialect):
    recharge = elements_for([("recharge_1_l", 500_000)], True, dialect)
    quota = elements_for([("quota_l", 9_000_000)], True, dialect)
    return [
        messages.Write(functions651.WRITE_RUN, 0, sent, recharge),
        messages.Write(functions651.WRITE_RUN, 0, sent, quota),
        messages.Write(functions651.WRITE_BASIC, 0, sent, (Element(0x02, 5, 0, bytes(5)),)),
        messages.Write(functions651.INITIALISE, 0, sent, (Element(0x97, 0, 0, None),)),
        messages.Write(functions651.FACTORY, 0, sent, (Element(0x98, 0, 0, None),)),
        messages.Write(functions651.PASSWORD, 0, sent, (Element(3, 2, 0, 0x1234), Element(3, 2, 0, 0))),
        messages.Switches(functions651.VALVES, False, 0, sent, None, (True,)),
    ]


async def test_651_no_setting_is_taken_however_often_it_comes(office):
    desk = office(OPEN)
    asker = Asker651(desk)
    before = StoredStation(desk.county.store, "well-1").right(desk.now_s)
    made = writes(asker.sent, asker.form.dialect)
    for message in (*made, *made):
        assert await asker.ask(message) is None
    assert asker.requests.counts == {"refused": 2 * len(made)} and desk.wishes() == []
    assert StoredStation(desk.county.store, "well-1").right(desk.now_s) == before


async def test_651_quota_and_card_control_are_refused_with_what_is_so(office):
    asker = Asker651(office(OPEN))
    off = await asker.ask(messages.Quota(False, 0, asker.sent, None, False))
    assert off.is_on is True  # a grant is in force
    status = (await asker.query(functions651.STATUS)).elements
    card = (Element(0x45, 4, 0, 1 << 9),)
    assert (await asker.ask(messages.Write(functions651.CARD, 0, asker.sent, card))).elements == status
    assert asker.requests.counts == {"refused": 2, "answered": 1}


async def test_651_setting_the_clock_is_answered_with_ours_and_moves_nothing(office):
    desk = office()
    asker = Asker651(desk)
    theirs = time_at(desk.now_s + 3600, 28800)
    answer = await asker.ask(messages.Query(functions651.SET_CLOCK, 0, theirs))
    assert answer.sent == time_at(desk.now_s, 28800) and asker.requests.counts == {"refused": 1}


def pump(asker, is_on, sent=None):
    return messages.Switches(functions651.PUMPS, False, 0, sent or asker.sent, None, (is_on,))


async def test_651_a_stop_is_answered_with_the_pump_as_it_then_is(office):
    desk = office(OPEN)
    asker = Asker651(desk)
    message = pump(asker, False)
    assert (await asker.ask(message)).states[0] is False
    assert desk.wishes() == [(link.STOP, "county", table.DONE)]
    assert (await asker.ask(message)).states[0] is False  # its repeat
    assert len(desk.wishes()) == 1 and asker.requests.counts == {"command": 1, "repeated": 1}


async def test_651_a_stop_that_is_not_allowed_is_answered_with_the_pump_still_running(office):
    desk = office(CLOSED)
    asker = Asker651(desk)
    assert (await asker.ask(pump(asker, False))).states[0] is True
    assert desk.wishes() == [] and asker.requests.counts == {"refused": 1}


async def test_651_a_start_is_a_start_and_old_commands_are_dropped(office):
    desk = office(OPEN)
    asker = Asker651(desk)
    for late_s in (301, -301):
        assert await asker.ask(pump(asker, False, time_at(desk.now_s - late_s, 28800))) is None
    assert desk.wishes() == [] and asker.requests.counts == {"dropped": 2}
    await asker.ask(pump(asker, True))
    assert desk.wishes() == [(link.START, "county", table.DONE)]


async def test_651_a_command_for_a_pump_that_is_not_there_does_not_stop_the_one_that_is(office):
    desk = office(OPEN)
    asker = Asker651(desk)
    message = messages.Switches(functions651.PUMPS, False, 0, asker.sent, None, (False, True))
    assert (await asker.ask(message)).states[0] is True
    assert desk.wishes() == [] and asker.requests.counts == {"refused": 1}


async def test_651_a_wrong_password_is_not_answered_not_even_a_question(office):
    asker = Asker651(office(OPEN))
    assert await asker.query(functions651.CLOCK, password=0x1235) is None
    assert await asker.ask(pump(asker, False), password=0) is None
    assert asker.requests.counts == {"dropped": 2}


async def test_651_without_a_password_of_ours_questions_are_answered_and_commands_are_not(office):
    desk = office(Permissions(None, remote_stop=True))
    asker = Asker651(desk)
    assert await asker.query(functions651.CLOCK, password=0xAAAA) is not None
    assert (await asker.ask(pump(asker, False), password=0xAAAA)).states[0] is True
    assert desk.wishes() == []


# -- both ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("table_of", "answered"),
    [(rules.SZY206, szy206_answers.answered()), (rules.SL651, sl651_answers.answered())],
)
def test_every_function_has_one_rule_and_every_rule_what_it_needs(table_of, answered):
    for function, rule in table_of.items():
        assert rule.what, function
        if rule.verdict is Verdict.ANSWERED or (rule.tells_state and rule.verdict is Verdict.REFUSED):
            assert function in answered, rule.what
        assert bool(rule.reason) == (rule.verdict is Verdict.REFUSED), rule.what
        assert bool(rule.verb) == (rule.verdict is Verdict.COMMAND), rule.what
    commanded = {rule.what for rule in table_of.values() if rule.verdict is Verdict.COMMAND}
    assert len(commanded) <= 2  # nothing but the pump is ever commanded
    assert rules.rule_of(table_of, 0xDF).verdict is Verdict.REFUSED


def test_no_function_of_the_standards_is_without_a_rule():
    known = {
        code for name, code in vars(functions206).items() if name.startswith(("SET_", "QUERY_", "SWITCH_"))
    }
    assert known <= set(rules.SZY206)
    reports = {0x2F, 0x30, 0x31, 0x32, 0x33, 0x34, 0x35}
    rows = {int(line[:2], 16) for line in functions651.TABLE.decode().splitlines()}
    assert rows - reports == set(rules.SL651)


@pytest.mark.parametrize("well", ["well-9", ""])
async def test_a_well_that_is_not_enrolled_or_not_alone_is_answered_for_by_nobody(office, county, well):
    county.enrol(SyntheticController("b", "well-2"))
    desk = office(OPEN, well=well)
    asker = Asker206(desk)
    assert await asker.ask(functions206.QUERY_STATUS) is None
    answer = await asker.ask(functions206.STOP_DEVICE, {"device": 0, "number": 1})
    assert answer == {"outcome": 0, "number": 1} and desk.wishes() == []
    assert await Asker651(desk).query(functions651.REAL_TIME) is None


async def test_the_only_well_needs_no_name_and_a_site_or_a_controller_is_one(office, box):
    for well in ("", "well-1", box.name):
        assert await Asker206(office(well=well)).ask(functions206.QUERY_STATUS) is not None


async def test_every_request_is_one_line_without_its_password_and_a_flood_is_not(office):
    asker = Asker206(office(OPEN))
    with structlog.testing.capture_logs() as lines:
        await asker.ask(functions206.TOP_UP, {"added_l": 500_000})
    (line,) = [one for one in lines if one["event"] == "platform request"]
    assert (line["function"], line["verdict"], line["destination"]) == ("15", "refused", "county")
    assert (
        "signed grant" in line["reason"] and line["answered"] is False and line["station"] == A.hex().upper()
    )
    assert "1234" not in str(line)
    with structlog.testing.capture_logs() as lines:
        for _ in range(2 * LINES_PER_MINUTE):
            await asker.ask(functions206.QUERY_ADDRESS)
    assert len(lines) == LINES_PER_MINUTE - 1
    assert asker.requests.counts["unlogged"] == LINES_PER_MINUTE + 1
    assert asker.requests.counts["answered"] == 2 * LINES_PER_MINUTE


async def test_a_flood_hides_no_command_and_a_lost_connection_no_wish(office):
    desk = office(OPEN)
    asker = Asker206(desk)
    for _ in range(LINES_PER_MINUTE):
        await asker.ask(functions206.QUERY_ADDRESS)
    frame = asker.frame(functions206.STOP_DEVICE, {"device": 0, "number": 1})

    async def hang_up(_seconds):
        raise asyncio.CancelledError

    desk.desk.sleep = hang_up
    with structlog.testing.capture_logs() as lines, pytest.raises(asyncio.CancelledError):
        await asker.raw(frame)
    ((verdict, reason),) = [(one["verdict"], one["reason"]) for one in lines]
    assert verdict == "command" and reason == "wish 1 is queued"
    assert desk.wishes() == [(link.STOP, "county", table.QUEUED)]


async def test_whatever_a_platform_sends_is_judged_and_nothing_escapes(office):
    desk = office(Permissions(b"\x12\x34"))
    one, other = Asker206(desk), Asker651(desk)
    seed = 651
    chance = random.Random(seed)
    for _ in range(400):
        afn = chance.choice([*rules.SZY206, 0x77, 0xFF10])
        body = chance.randbytes(chance.choice((0, 1, 2, 4, 9, 10, 12, 16))) + PASSWORD
        body += b"" if afn >= 0x50 else tag_bytes(desk.now_s)
        frame = szy206.Frame(False, A, afn, body, chance.randrange(4), chance.randrange(16))
        await one.raw(szy206.decode(szy206.encode(frame)))
        function = chance.choice([*rules.SL651, 0x77, 0xE1])
        body = b"\x00\x00" + bytes.fromhex("260921233000") + chance.randbytes(chance.choice((0, 1, 2, 5, 14)))
        raw = sl651_codec.Frame(False, 1, A, 0x1234, function, body, 5, None, False)
        await other.requests(PlatformAsked(sl651_codec.decode(sl651_codec.encode(raw)), b""))
    assert sum(one.requests.counts.values()) == 400 + one.requests.counts["unlogged"], seed
    assert desk.wishes() == []


def tag_bytes(now_s):
    from karez_protocols.szy206_time import encode_tag

    return encode_tag(tag_at(now_s, 28800, 5), 5)


# -- over real connections ----------------------------------------------------------------


@asynccontextmanager
async def centre_206(dialect=D206):
    """A scripted SZY 206 centre: lets stations in, and gives (port, push, answers)."""
    answers = asyncio.Queue()
    writers = []

    def push(data):
        writers[0].write(data)

    async def serve(stream, writer):
        writers.append(writer)
        reader = StreamReader()
        while data := await stream.read(4096):
            for frame in reader.feed(data):
                if frame.afn == functions206.LINK:
                    writer.write(confirm_of(frame).encode(dialect))
                else:
                    answers.put_nowait(frame)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1], push, answers
        for writer in writers:
            writer.close()


async def test_a_206_platform_asks_and_stops_over_a_real_connection(office):
    desk = office(OPEN)
    asker = Asker206(desk)
    async with centre_206() as (port, push, answers):
        client = Szy206Client("127.0.0.1", port, A, SessionSettings(), on_request=asker.requests)
        async with client:
            push(asker.frame(functions206.QUERY_TOP_UP).raw)
            answer = decode_206(await answers.get(), D206)
            assert answer.values["remaining_l"] == 428_000
            stop = asker.frame(functions206.STOP_DEVICE, {"device": 0, "number": 1})
            push(asker.frame(functions206.TOP_UP, {"added_l": 500_000}).raw + stop.raw)
            done = decode_206(await answers.get(), D206)  # nothing came for the top-up
            assert is_carried_out(decode_206(stop, D206), done)
            assert client.session.counters.requests == 3 and client.session.counters.replies == 2
    assert asker.requests.counts == {"answered": 1, "refused": 1, "command": 1}
    assert desk.wishes() == [(link.STOP, "county", table.DONE)]


async def test_a_651_platform_asks_and_stops_over_a_real_connection(office):
    desk = office(OPEN)
    asker = Asker651(desk)
    settings = Sl651Settings(form=asker.form, password=0x1234)
    async with Centre() as centre:
        client = Sl651Client("127.0.0.1", centre.port, A, settings, on_request=asker.requests)
        async with client:
            await centre.until(lambda: centre.frames)

            def push(message):
                centre.push(sl651_codec.encode(asker.frame(message), asker.form.dialect))

            push(messages.Query(functions651.REAL_TIME, 0, asker.sent))
            await centre.until(lambda: len(centre.frames) == 2)
            now = decode_message(centre.frames[1], asker.form.dialect)
            assert asker.fields(now)["remaining_1_l"] == 428_000
            push(pump(asker, False))
            await centre.until(lambda: len(centre.frames) == 3)
            stopped = decode_message(centre.frames[2], asker.form.dialect)
            assert stopped.states[0] is False and stopped.serial == now.serial + 1
            receipt = await client.send(sl651.report_of(desk.box.interval(5), A, 1))
            assert receipt.confirm_bytes
    assert desk.wishes() == [(link.STOP, "county", table.DONE)]


@pytest.mark.parametrize("wells", [{"address": A.hex()}, {"stations": {"well-1": A.hex()}}])
async def test_a_destinations_settings_say_who_answers_and_what_is_allowed(county, box, wells):
    worker = Worker()
    box.utc_s = int(time.time())
    box.interval(0, level_mm=None)
    report(county, box)
    for kind, made in (("szy206", question_206), ("sl651", question_651)):
        to = Destination(name="county", kind=kind, host="127.0.0.1", port=9000, **wells)
        requests = of_destination(to, county.config, county.store, worker, CLOSED)
        answer = await requests(PlatformAsked(made(), b""))
        assert answer is not None and requests.counts == {"answered": 1}
    mqtt = Destination(name="province", kind="mqtt-json", host="127.0.0.1", port=1883)
    assert of_destination(mqtt, county.config, county.store, worker, CLOSED) is None
    worker.close()


def question_206():
    return szy206.decode(szy206.encode(szy206.Frame(False, A, functions206.QUERY_STATUS)))


def question_651():
    now = messages.Query(functions651.REAL_TIME, 0, time_at(int(time.time()), 28800))
    return encode_message(now, Line(1, A, 0x1234, False))


def test_only_who_is_believed_is_found(county, box):
    with county.store.reading() as connection:
        assert enrolled(connection, "").name == box.name


def test_a_range_of_time_is_found_among_many_records_and_over_chains(county, box):
    view = StoredStation(county.store, "well-1")
    times = [one.utc_s for one in view.between(0, 1 << 40)]
    assert len(times) == 18 and times == sorted(times)
    for first in range(0, 18, 5):
        for last in range(first, 18, 5):
            assert [one.utc_s for one in view.between(times[first], times[last])] == times[first : last + 1]
    assert view.between(times[-1] + 1, 1 << 40) == []
    assert view.newest().volume_l == view.newest_interval().volume_l == 1_072_000
    box.stop(7)
    report(county, box)
    assert view.newest().volume_l == 1_072_007 and view.newest_interval().volume_l == 1_072_000
    assert view.newest().is_pump_running is False


def test_clocks_that_are_not_sure_hide_no_record_of_a_range(county, box):
    view = StoredStation(county.store, "well-1")
    times = [one.utc_s for one in view.between(0, 1 << 40)]
    for utc_s in (5, START_UTC_S + 10**8, None):  # 1970, years ahead, no time at all
        true_s = box.utc_s
        box.interval(1, after_s=0, utc_s=utc_s, time_state=record.TIME_INFORMATIVE)
        box.utc_s = true_s
        box.interval(1)
        times.append(box.utc_s)
    report(county, box)
    assert [one.utc_s for one in view.between(START_UTC_S, box.utc_s)] == times
    for first in range(0, len(times), 4):
        found = view.between(times[first], times[-1])
        assert [one.utc_s for one in found] == times[first:]


def test_a_box_that_was_moved_tells_its_new_site_nothing_of_the_old(county, box):
    moved = box.next_chain()
    moved.site = "well-2"
    values, segments, _, _ = binding.open_signed(synthetic.make_binding(box.key, "well-2"))
    values["issued_utc_s"] += 86400
    moved.binding = synthetic.sign(synthetic.PROVISIONER, binding.LABEL, binding.encode(values, segments))
    moved.h = chain.genesis(moved.chain, moved.binding)
    key = synthetic.public(synthetic.PROVISIONER)
    enrolment.rebind(county.store, moved.binding, key, by="li", because="the well fell dry")
    view = StoredStation(county.store, "well-2")
    assert view.newest() is None and view.between(0, 1 << 40) == []
    assert view.right(START_UTC_S) == Right()
    moved.interval(9)
    county.take(moved, *moved.payloads(moved.first_seq))
    county.work()
    assert view.newest().volume_l == moved.volume_l and len(view.between(0, 1 << 40)) == 1
    with pytest.raises(Refused):
        StoredStation(county.store, "well-1").newest()


def test_a_quarantined_record_is_shown_to_no_platform(county, box):
    view = StoredStation(county.store, "well-1")
    before = view.newest()
    bad = tampered(box.interval(1_000_000), 48)
    county.take(box, box.carry([bad]))
    county.work()
    assert view.newest() == before
