"""What a restart must know: accounts, lock-outs and cross-check in FRAM, and what tells without it."""

from cuts import at_every_cut
from karez_firmware.core import pump, ratio
from karez_firmware.ports import fake_memory
from karez_firmware.store import fram_map, objects
from karez_protocols import causes, flags, record, site_class
from wellhouse import UTC, House, Well, a_binding, a_config, a_grant, memories, ready

RING = (objects.SECTORS * 4096, (objects.SECTORS + 4) * 4096)
HEAD_END = fram_map.HEAD[0] + 2 * fram_map.HEAD[1]


def account_l(house):
    """A of the account of wellhouse's card."""
    return house.app.parts.accounts.used_of(7, house.app.books.volume_l)


def irrigated(house=None, seconds=10):
    """A house whose account 7 has used some litres."""
    house = house or ready(100_000)
    house.press()
    house.run(seconds)
    assert house.state == pump.RUNNING
    house.press("stop")
    house.run(8)
    assert house.state == pump.OFF
    return house


class Writes:
    """Who writes to FRAM, and when."""

    def __init__(self, house):
        self.at_us: list = []
        self.places: list = []
        self.while_waiting = 0
        self._house = house
        house.fram.mains = fake_memory.Mains(on_write=self._write)

    def _write(self, memory, name, arguments):
        self.at_us.append(self._house.port.us)
        self.places.append(arguments[0])
        self.while_waiting += self._house.app._is_waiting()


def test_accounts_survive_a_restart_and_go_on_from_there():
    house = irrigated()
    used_l = account_l(house)
    assert used_l == house.app.books.volume_l > 50
    again = house.again()
    assert account_l(again) == used_l
    again.run(5)
    irrigated(again)
    assert account_l(again) == again.app.books.volume_l > used_l


def test_the_litres_of_an_irrigation_that_a_cut_ended_are_the_accounts():
    house = ready(100_000)
    house.press()
    house.run(20)
    again = house.again()
    again.run(8)
    stop = again.last(record.STOP)
    assert stop["cause"] == causes.RESTARTED and stop["account"] == 7
    assert stop["account_l"] == account_l(again) == again.app.books.volume_l == again.well.litres
    assert account_l(again.again()) == again.well.litres


def test_a_cut_at_every_write_of_an_irrigation_loses_no_litre_of_an_account():
    house = ready(100_000)

    def look(nor, fram):
        house.well.go_on(house.port.us)
        again = House(nor, fram, house.well.copy(), UTC + 200)
        again.run(5)
        assert account_l(again) == again.app.books.volume_l == again.well.litres

    assert at_every_cut(house.nor, house.fram, lambda: irrigated(house, 6), look) > 12


def test_a_stop_that_the_memory_did_not_take_is_not_counted_twice_by_the_restart():
    house = ready(100_000)
    house.press()
    house.run(10)
    house.nor.bad = RING
    house.press("stop")
    house.run(20)  # the head and the tables are written, the stop is not
    house.nor.bad = (0, 0)
    again = house.again()
    again.run(8)
    assert again.last(record.STOP)["account_l"] == account_l(again) == again.well.litres > 0


def test_a_torn_copy_of_a_table_leaves_the_other_and_the_ring_the_rest():
    house = irrigated()
    used_l = account_l(house)
    at, size = fram_map.ACCOUNTS
    for torn in (0, 1):
        fram = house.fram.copy()
        fram.write(at + torn * size + 20, b"\x55" * 40)
        assert account_l(House(house.nor.copy(), fram, Well(), UTC + 100)) == used_l
    fram = house.fram.copy()
    fram.write(HEAD_END, bytes(fram.size - HEAD_END))  # every table
    assert account_l(House(house.nor.copy(), fram, Well(), UTC + 100)) == used_l


def test_a_lock_out_survives_a_restart_and_without_its_table_the_record_tells():
    nor, fram = memories(config=a_config(settings={"restart_delay_s": 0, "no_water_stop_s": 30}))
    house = ready(100_000, nor=nor, fram=fram)
    house.press()
    house.run(5)
    lockout = house.app.parts.protection.lockout
    lockout.begin(causes.DRY_RUN, house.port.now_ms())
    house.app.controller.stop(causes.DRY_RUN, house.port.now_ms())
    house.run(10)
    assert lockout.cause == causes.DRY_RUN
    for is_lost in (False, True):
        fram = house.fram.copy()
        if is_lost:
            fram.write(HEAD_END, bytes(fram.size - HEAD_END))
        again = House(house.nor.copy(), fram, house.well.copy(), UTC + 60)
        found = again.app.parts.protection.lockout
        assert (found.cause, found.trips) == (causes.DRY_RUN, 1), is_lost
        again.run(5)
        again.press()
        again.run(3)
        assert not again.well.closed and again.app.controller.recorder.status & flags.LOCKED_OUT
    # Ended, and the table is older than that.
    lockout.reset()
    stale = house.fram.copy()
    house.run(4)
    assert (record.EVENT, causes.LOCKOUT_ENDED) in house.kinds()
    at = fram_map.PROTECTION[0]
    house.fram.write(at, stale.read(at, fram_map.END - at))
    house.fram.write(fram_map.ACCOUNTS[0], bytes(1024))
    again = House(house.nor.copy(), house.fram.copy(), house.well.copy(), UTC + 60)
    assert again.app.parts.protection.lockout.cause == causes.NONE


def test_a_latched_lock_out_comes_back_latched_without_its_table():
    house = ready(100_000)
    lockout = house.app.parts.protection.lockout
    for _ in range(3):
        lockout.begin(causes.PHASE_LOSS, house.port.now_ms())
    assert lockout.is_latched
    house.run(10)
    house.fram.write(HEAD_END, bytes(house.fram.size - HEAD_END))
    again = house.again()
    assert again.app.parts.protection.lockout.is_latched and again.app.parts.protection.lockout.trips == 3


def test_the_cross_check_goes_on_where_it_was_and_begins_anew_without_its_table():
    house = ready(100_000)
    house.app.parts.crosscheck.ratio._slow = 12_345
    house.run(8)
    again = house.again()
    assert again.app.parts.crosscheck.snapshot()["ratio_slow"] == 12_345
    house.fram.write(fram_map.CROSS_CHECK[0], bytes(256))
    assert house.again().app.parts.crosscheck.snapshot()["ratio_slow"] == 0


def test_an_unknown_number_in_the_cross_checks_table_begins_it_anew():
    for name in [one.split(" ")[0] for one in ratio.LAYOUT.strip().split("\n")]:
        house = ready(1000)
        check = house.app.parts.crosscheck
        values = check.snapshot()
        values[name] = None
        house.app.keeper._check._snapshot = lambda kept=values: dict(kept)
        house.run(8)
        again = house.again()
        again.press()
        again.run(8)  # nothing there may trip over it
        assert again.app.supervisor.health()["failures"] == 0, name


def test_a_number_that_no_table_holds_stops_nothing_and_leaves_the_one_before():
    house = irrigated()
    keeper = house.app.keeper
    keeper._check._snapshot = lambda: {"ratio_kind": 1 << 70}
    keeper._accounts._snapshot = lambda: {"chain": 1, "seq": 1 << 40, "table": bytes(321)}
    house.run(12)
    assert house.app.supervisor.health()["failures"] == 0
    assert account_l(house.again()) == account_l(house)


def test_a_table_of_accounts_that_is_none_is_the_rings_to_tell():
    house = irrigated()
    table = {"chain": 1, "seq": 99, "table": b"\xff" * 321}
    house.app.keeper._accounts._snapshot = lambda: dict(table)
    house.run(8)
    assert account_l(house.again()) == account_l(house)


def test_with_a_dead_fram_accounts_and_lock_outs_come_back_from_the_ring():
    house = ready(100_000)
    house.fram.is_dead = True
    irrigated(house)
    used_l = account_l(house)
    house.app.parts.protection.lockout.begin(causes.PHASE_LOSS, house.port.now_ms())
    house.run(10)
    assert house.app.controller.recorder.status & flags.FRAM_DEAD
    again = house.again()
    again.fram.is_dead = True
    assert again.app.parts.protection.lockout.cause == causes.PHASE_LOSS
    assert account_l(again) == used_l > 0
    again.run(5)
    boot = again.last(record.BOOT)
    assert boot["tier"] == 3 and boot["status"] & flags.FRAM_DEAD
    again.check_chain()


def test_nothing_is_written_while_an_answer_is_outstanding_and_the_head_every_five_seconds():
    house = ready(100_000)
    house.run(6)
    house.nor.mains = fake_memory.Mains()
    writes = Writes(house)
    before = house.app.journal.head["seq"]
    house.run(60)
    assert house.app.journal.head["seq"] == before  # else records write the head
    heads = [us for us, at in zip(writes.at_us, writes.places) if at < HEAD_END]
    assert 10 <= len(heads) <= 12 and writes.while_waiting == 0
    assert all(after - first >= 4_900_000 for first, after in zip(heads, heads[1:]))
    for silent in ((), (2,), (1, 2)):
        house.well.silent = silent
        house.press()
        house.run(12)
    assert writes.while_waiting == 0


def test_a_stop_may_be_written_while_an_answer_is_outstanding():
    house = ready(100_000)
    house.press()
    house.run(5)
    house.well.silent = (1, 2)
    house.press("stop")
    house.run(20)
    assert house.last(record.STOP)["cause"] == causes.BUTTON


def test_the_second_trip_stays_held_over_a_restart():
    house = ready(100_000)
    house.press()
    house.run(5)
    house.well.has_jammed = True
    house.press("stop")
    house.run(10)
    assert house.port.is_trip_on and house.app.journal.head["is_tripped"] == 1
    again = house.again()
    again.run(2)
    assert again.port.is_trip_on


def test_a_stop_that_a_cut_overtakes_before_its_record_keeps_its_cause_and_the_motor_its_rest():
    house = ready(100_000)
    house.press()
    house.run(5)
    house.well.has_jammed = True
    house.press("stop")
    house.run(1)
    assert record.STOP not in [values["kind"] for values in house.records()]
    assert house.app.journal.head["stop_cause"] == causes.BUTTON
    house.well.has_jammed = False
    again = house.again()
    again.run(20)
    assert again.last(record.STOP)["cause"] == causes.BUTTON
    assert again.app.journal.head["stop_cause"] == causes.NONE


def test_the_rest_of_the_motor_is_kept_every_few_seconds():
    nor, fram = memories(config=a_config(settings={"restart_delay_s": 300}))
    house = ready(100_000, nor=nor, fram=fram)
    house.press()
    house.run(10)
    assert house.app.journal.head["rest_s"] == 300
    house.press("stop")
    house.run(60)
    assert 235 <= house.app.journal.head["rest_s"] <= 255
    again = house.again()
    again.run(3)
    again.press()
    again.run(3)
    assert again.app.controller.refused == causes.RESTART_DELAY


def test_a_power_meter_that_was_silent_long_before_the_cut_comes_back_as_the_same_meter():
    house = ready(100_000)
    house.press()
    house.run(20)
    house.well.silent = (2,)
    house.run(900)
    house.press("stop")
    house.run(20)
    head = house.app.journal.head
    assert head["good_utc_s"] - head["energy_good_utc_s"] > 900
    again = house.again()
    again.run(20)
    books = again.app.books
    assert books.energy_wh == again.well.energy_wh > 5_000 and not books.is_provisional
    assert again.app.controller.readings.energy_outage_s > again.app.controller.readings.outage_s + 900


def test_the_rest_counts_down_by_the_time_without_power_alone():
    nor, fram = memories(config=a_config(settings={"restart_delay_s": 300}))
    house = ready(100_000, nor=nor, fram=fram)
    house.press()
    house.run(10)
    house.press("stop")
    house.run(8)
    house.well.silent = (1,)  # the last good reading of water is soon older than the cut
    house.run(100)
    rest_s = house.app.journal.head["rest_s"]
    again = house.again(after_s=30)
    again.run(1)
    left_s = again.app.controller.starting.rest_s(again.port.now_ms())
    assert 190 <= rest_s <= 202 and rest_s - 42 <= left_s <= rest_s - 30


def test_the_floor_of_a_signed_object_and_its_authenticity_survive_a_restart():
    house = ready(100_000)
    house.offer(a_grant(200_000, 2, issued_utc_s=UTC - 7))
    house.run(6)
    head = house.app.journal.head
    assert head["authenticated_utc_s"] == UTC - 7 and head["floor_utc_s"] >= UTC - 3_600
    again = house.again()
    assert again.app.parts.clock.authenticated_utc_s == UTC - 7


def test_drinking_water_that_was_to_come_back_still_does_after_a_second_cut():
    nor, fram = memories(signed_binding=a_binding(**{"class": site_class.DOMESTIC}))
    house = ready(100_000, nor=nor, fram=fram)
    house.press()
    house.run(5)
    first = house.again()
    first.run(20)  # closed by the restart, and armed
    assert first.app.journal.head["is_resuming"] == 1 and first.last(record.STOP)["cause"] == causes.RESTARTED
    second = first.again()
    for _ in range(960):
        if not second.well.closed:
            second.run(1)
    assert second.well.closed


def acknowledge(house, seq=None):
    """The gateway's word for everything so far."""
    seq = house.app.journal.head["seq"] if seq is None else seq
    house.port.broker.send(b"\x01\x01\0\0" + bytes(4) + (1).to_bytes(4, "little") + seq.to_bytes(4, "little"))
    house.run(1)


def test_when_the_gateway_was_heard_last_is_kept_by_trusted_time_alone():
    house = ready(100_000, broker=True)
    house.run(10)
    acknowledge(house)
    head = house.app.journal.head
    heard_utc_s = head["acknowledged_utc_s"]
    assert UTC + 10 <= heard_utc_s <= UTC + 20
    house.port.utc_s = None
    house.run(20)
    acknowledge(house, 3)
    assert head["acknowledged_utc_s"] == heard_utc_s  # the floor lies an hour back
    assert house.again().app.journal.head["acknowledged_utc_s"] == heard_utc_s


def test_a_gateway_never_heard_by_trusted_time_leaves_no_date():
    house = House(broker=True)
    house.port.utc_s = None
    house.run(10)
    acknowledge(house)
    assert house.app.journal.head["acknowledged_seq"] and house.app.journal.head["acknowledged_utc_s"] is None


def test_days_without_an_acknowledgement_raise_an_alarm_and_stop_nobody():
    nor, fram = memories(config=a_config(settings={"restart_delay_s": 0, "quiet_days": 2}))
    house = ready(100_000, nor=nor, fram=fram, broker=True)
    house.run(10)
    acknowledge(house)
    again = house.again(after_s=2 * 86_400 + 60, broker=True)
    again.run(10)
    assert again.app.controller.recorder.alarms & flags.QUIET
    assert (record.EVENT, causes.QUIET) in again.kinds()
    again.press()
    again.run(6)
    assert again.well.closed
    acknowledge(again)
    again.run(2)
    assert not again.app.controller.recorder.alarms & flags.QUIET and again.well.closed
