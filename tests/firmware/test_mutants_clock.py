"""What mutants of the clock showed: the lines between two seconds, and what is whole."""

from karez_firmware.core import clock
from karez_firmware.core.clock import Clock
from karez_protocols import causes, record

UTC = 1_790_000_000
FLOOR = UTC - 5400
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
REACH_S = 34_560_000
SYNC, INFO, UNKNOWN = record.TIME_SYNCHRONISED, record.TIME_INFORMATIVE, record.TIME_UNKNOWN


def a_clock():
    found = Clock(FLOOR)
    found.set(UTC, SYNC, 0)
    return found


def is_step(ahead_s, now_ms, found=None):
    """True if a port that is so far ahead of uptime is found to have stepped."""
    found = found or a_clock()
    before = len(found.events)
    found.set(UTC + now_ms // 1000 + ahead_s, SYNC, now_ms)
    return len(found.events) > before


def test_slow_cheating_adds_up_over_the_hour_and_begins_anew_with_it():
    # Two seconds at the end of the hour, two more a second later: together a step only while
    # both are measured from the same moment.
    for first_s, is_found in ((3599, True), (3600, False), (3601, False)):
        found = a_clock()
        assert not is_step(2, first_s * 1000, found)
        assert is_step(4, first_s * 1000 + 1000, found) == is_found, first_s


def test_two_quartzes_may_part_by_a_second_in_two_thousand():
    for elapsed_s, ahead_s, is_found in (
        (1999, 2, False), (1999, 3, True), (2000, 3, False), (2000, 4, True),
        (4000, 4, False), (4000, 5, True),
    ):  # fmt: skip
        assert is_step(ahead_s, elapsed_s * 1000) == is_found, (elapsed_s, ahead_s)
        assert is_step(-ahead_s, elapsed_s * 1000) == is_found, (elapsed_s, -ahead_s)


def test_part_of_a_second_of_uptime_is_no_second():
    assert not is_step(-2, 999) and is_step(-3, 999)


def test_an_unknown_time_is_not_watched():
    found = a_clock()
    found.set(UTC + 100, UNKNOWN, 1000)
    assert found.events == []


def test_uptime_counts_in_whole_seconds_and_keeps_the_rest():
    found = a_clock()
    for now_ms, seconds in ((1500, 1), (1999, 1), (2000, 2), (3999, 3)):
        assert found.adjust(UTC + 100 * REACH_S, clock.SIGNED, now_ms) is None  # only the uptime counts
        assert (found.utc_s, found.floor_utc_s) == (UTC + seconds, UTC - 3600 + seconds)
        assert isinstance(found.utc_s, int) and isinstance(found.floor_utc_s, int)


def test_what_a_clock_alone_may_say_rises_with_uptime():
    limit_utc_s = FLOOR + 10_000 + REACH_S
    for utc_s, state in ((limit_utc_s, INFO), (limit_utc_s + 1, UNKNOWN)):
        found = a_clock()
        found.set(utc_s, INFO, 10_000_900)
        assert found.state == state, utc_s


def test_uptime_is_not_counted_twice_for_what_clocks_may_say():
    # 9.99 s in ten looks: nine whole seconds, whatever each look left over.
    for extra_s, state in ((9, INFO), (10, UNKNOWN)):
        found = a_clock()
        for number in range(1, 11):
            found.set(UTC + number, INFO, number * 999)
        found.set(FLOOR + REACH_S + extra_s, INFO, 9990)
        assert found.state == state, extra_s


def test_a_clock_that_the_gateway_set_informs_however_often_it_is_set():
    found = Clock(FLOOR)
    for number in range(1, 4):
        assert found.adjust(UTC + number * 100_000, clock.GATEWAY, number) == (UTC + number * 100_000, INFO)
        assert not found.is_trusted


def test_a_clock_that_moves_back_a_second_has_not_stepped_whatever_its_bits_say():
    found = a_clock()
    found.adjust(UTC - 1, clock.SIGNED, 0)  # UTC ends in seven zero bits
    assert found.events == [] and found.utc_s == UTC - 1


def test_an_object_issued_before_now_raises_no_doubt():
    found = a_clock()
    found.raise_floor(UTC - 10)
    assert (found.utc_s, found.state) == (UTC, SYNC)


def hourly_moves(hour):
    """How far the gateway may move the clock at `hour`, after 10, 11 .. 18 s in nine hours."""
    found = a_clock()
    for number in range(9):
        found.adjust(found.utc_s + 3600 * bool(number) + 10 + number, clock.GATEWAY, number * HOUR_MS)
    before_utc_s = found.utc_s + (hour - 8) * 3600
    utc_s, _ = found.adjust(before_utc_s + 5000, clock.GATEWAY, hour * HOUR_MS)
    return utc_s - before_utc_s


def test_eight_moves_are_remembered_and_an_older_one_counts_with_its_successor():
    assert hourly_moves(9) == 600 - 126
    assert hourly_moves(24) == 600 - 126  # the first is a day old, and counts with the second
    assert hourly_moves(25) == 600 - 105  # both are gone; the others are known one by one
    assert hourly_moves(32) == 600


def test_no_more_than_eight_steps_wait_to_be_taken():
    found = a_clock()
    for number in range(1, 12):
        found.set(UTC + number * 1000, SYNC, number)
    assert len(found.events) == 8 and found.events[0][0] == causes.CLOCK_STEPPED
