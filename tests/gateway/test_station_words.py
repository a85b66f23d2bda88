"""What a record says of pump, door and alarms, bit by bit, and what both standards make of it."""

import pytest

from karez_gateway.store import outboxes
from karez_gateway.uploads import sl651, station_words, szy206
from karez_gateway.uploads.station_words import alarms_of, is_pump_running
from karez_gateway.verifier import slots
from karez_protocols import causes, flags, record, sl651_status, szy206_words
from karez_protocols.errors import NotAllowed
from karez_simulators.platform_szy206 import PlatformSzy206

from .county import create, opened
from .synthetic import BASE_VOLUME_L, SyntheticController
from .uploading import counts, destination, fed, sending, until

STATION = bytes.fromhex("4101050100")
PUMPING = (2, 3, 4, 5)  # starting, running, stopping, did not stop


def made(kind=record.INTERVAL, **values):
    box = SyntheticController("words", "well-1")
    return box.measure(kind, **{"flow_lph": 0, "status": 0, "alarms": 0, "method": record.METERED} | values)


def alarm_206(slot):
    return set(szy206_words.alarm_names(szy206.report_of(slot, STATION, 0).alarm))


def state_206(slot):
    return szy206_words.state_facts(szy206.report_of(slot, STATION, 0).state)


def status_651(slot):
    word = sl651.report_of(slot, STATION, 0).status
    return None if word is None else sl651_status.status_facts(word)


def every_bit(first, last):
    return [1 << at for at in range(32) if first <= 1 << at <= last]


METER_FAULTS = (
    flags.WATER_SILENT,
    flags.UNCERTAIN,
    flags.IMPOSSIBLE,
    flags.CHANNELS,
    flags.REVERSED,
    flags.STUCK,
    flags.FROZEN,
)


@pytest.mark.parametrize("bit", every_bit(flags.NOT_STOPPED, flags.WITNESS_SILENT))
def test_each_alarm_bit_of_a_record_sets_what_it_means_and_nothing_else(bit):
    slot = made(alarms=bit)
    expected = {"flow_meter_fault"} if bit in METER_FAULTS else set()
    expected |= {"level_meter_fault"} if bit == flags.LEVEL_SILENT else set()
    assert alarm_206(slot) == expected
    expected |= {"storage_fault"} if bit in (flags.STORE_FAILED, flags.FRAM) else set()
    assert set(status_651(slot)["alarms"]) == expected


CEILINGS = {causes.ACCOUNT_EMPTY, causes.WATER_CEILING, causes.ENERGY_CEILING}
OUT_OF_RIGHT = {causes.GRANT_EXPIRED, causes.GRANT_MISSING, causes.OFFLINE_CEILING, causes.AREA_VOLUME}


@pytest.mark.parametrize("cause", [number for number, _ in causes.every()])
def test_each_cause_of_a_stop_sets_what_it_means_and_only_on_a_stop(cause):
    both = set()
    both |= {"mains_failed"} if cause == causes.MAINS_LOST else set()
    both |= {"level_limit"} if cause == causes.AREA_LEVEL else set()
    both |= {"flow_meter_fault"} if cause == causes.METER_FAULT else set()
    both |= {"remaining_low"} if cause in CEILINGS else set()
    quota = {"quota_alarm"} if cause in CEILINGS | OUT_OF_RIGHT else set()
    stopped = made(record.STOP, cause=cause)
    assert alarm_206(stopped) == both | quota | {"pump_changed"}
    assert set(status_651(stopped)["alarms"]) == both
    assert alarm_206(made(record.INTERVAL, cause=cause)) == set()
    assert alarm_206(made(record.START, cause=cause)) == {"pump_changed"}


@pytest.mark.parametrize("status", [0, *every_bit(flags.COMMANDED, flags.ORDERED)])
def test_the_door_is_open_when_the_status_says_so_and_at_no_other_time(status):
    for is_open, bits in ((False, status), (True, status | flags.DOOR_OPEN)):
        slot = made(status=bits)
        assert state_206(slot)["is_door_open"] is is_open
        assert ("door" in alarm_206(slot)) is is_open
        assert status_651(slot)["is_door_open"] is is_open


@pytest.mark.parametrize("state", range(8))
def test_every_pump_state_of_a_record_is_running_or_stopped(state):
    slot = made(pump=state)
    assert is_pump_running(slot) is (state in PUMPING)
    assert state_206(slot)["is_pump_running"] is status_651(slot)["is_pump_running"] is (state in PUMPING)


def test_a_pump_that_something_else_switched_on_runs_whatever_the_controller_commands():
    slot = made(pump=0, alarms=flags.FOREIGN_RUN)
    assert state_206(slot)["is_pump_running"] and status_651(slot)["is_pump_running"]


@pytest.mark.parametrize(
    ("values", "is_running"),
    [
        ({"status": flags.COMMANDED}, True),
        ({"status": flags.AUX_CLOSED}, True),
        ({"status": flags.POWER_PRESENT}, True),
        ({"status": flags.BOOKS_KNOWN | flags.FLOW_PRESENT | flags.DOOR_OPEN}, False),
        ({"status": 0, "flow_lph": 50_000}, False),
        ({"status": None, "kind": record.STOP, "flow_lph": 50_000}, False),
        ({"status": None, "flow_lph": 50_000}, True),
        ({"status": None, "flow_lph": -1}, None),
        ({"status": None, "flow_lph": 0}, None),
        ({"status": None, "flow_lph": None}, None),
        ({"status": None, "flow_lph": None, "alarms": None}, None),
        ({"status": None, "flow_lph": None, "alarms": flags.FOREIGN_RUN}, True),
    ],
)
@pytest.mark.parametrize("state", [None, 200])
def test_a_record_without_a_pump_state_is_read_by_what_else_it_says(values, is_running, state):
    slot = made(**{"pump": state} | values)
    assert is_pump_running(slot) is is_running
    if is_running is None:
        with pytest.raises(NotAllowed):
            szy206.report_of(slot, STATION, 0)
        assert status_651(slot) is None
    else:
        assert state_206(slot)["is_pump_running"] is is_running


def test_what_the_words_cannot_say_of_an_651_record_leaves_the_whole_word_out():
    assert status_651(made(pump=3, status=None)) is None  # no door
    assert status_651(made(pump=3, alarms=None)) is None
    assert state_206(made(pump=3, status=None))["is_door_open"] is False


def test_a_well_without_a_flow_has_a_fault_only_where_a_meter_should_have_said_it():
    for method in (record.METERED, 0, None):
        assert alarm_206(made(flow_lph=None, method=method)) == {"flow_meter_fault"}
    for method in (record.CONVERTED, record.CONVERTED_GROUP, record.ESTIMATED):
        assert alarm_206(made(flow_lph=None, method=method)) == set()
        assert "flow_meter_fault" in alarm_206(made(flow_lph=None, method=method, alarms=flags.WATER_SILENT))


@pytest.mark.parametrize(("grant_seq", "is_on"), [(0, False), (None, False), (1, True), (7, True)])
def test_quota_control_is_in_while_a_grant_is_in_force(grant_seq, is_on):
    assert state_206(made(grant_seq=grant_seq))["is_quota_on"] is is_on


def test_what_no_record_says_is_never_set():
    found = state_206(
        made(record.STOP, cause=causes.WATER_CEILING, status=(1 << 16) - 2, alarms=(1 << 23) - 1)
    )
    assert (found["is_card_on"], found["is_on_battery"], found["work_mode"], found["reserved"]) == (
        False,
        False,
        0,
        0,
    )
    said = alarms_of(made(record.STOP, cause=causes.MAINS_LOST, status=(1 << 16) - 2, alarms=(1 << 23) - 1))
    never = {
        "battery_low",
        "flow_limit",
        "quality_limit",
        "pressure_limit",
        "temperature_limit",
        "card_alarm",
    }
    assert not said & never
    known = set(szy206_words.ALARMS.split()) | set(sl651_status.ALARMS.split())
    assert said <= known and set(station_words.BY_ALARM) | set(station_words.BY_STOP) <= known


def test_the_volume_of_a_record_that_no_report_can_carry_is_in_the_next_ones_register():
    box = SyntheticController("words", "well-1")
    before = box.interval(4000)
    with pytest.raises(NotAllowed):
        szy206.report_of(box.interval(4000, pump=None, status=None, flow_lph=None), STATION, 0)
    after = szy206.report_of(box.interval(4000), STATION, 0)
    assert after.volume_m3 * 1000 - slots.volume_l(before) == 8000


async def test_a_refused_report_is_shown_and_its_litres_arrive_with_the_next_one(tmp_path):
    box = SyntheticController("words", "well-1")
    box.interval(4000)
    box.interval(4000, pump=None, status=None, flow_lph=None)
    box.interval(4000)
    box.checkpoint()
    async with PlatformSzy206() as platform:
        with opened(create(tmp_path / "g")) as county:
            fed(county, box)
            async with sending(county, destination(platform)):
                await until(lambda: counts(county) == {"confirmed": 2, "refused": 1})
            with county.store.reading() as connection:
                (refusal,) = outboxes.last_refused(connection, "county", 9)
    assert refusal.seq == 2 and "whether the pump runs" in refusal.reason
    assert [one.volume_m3 * 1000 - BASE_VOLUME_L for one in platform.reports] == [4000, 12_000]
