"""The clock: a floor that only rises, time that stands before it, steps, and who may set it."""

from karez_firmware.core import clock
from karez_firmware.core.clock import Clock
from karez_protocols import causes, record

UTC = 1_790_000_000
DAY_S = 86_400
DAY_MS = DAY_S * 1000
SYNC = record.TIME_SYNCHRONISED
INFO = record.TIME_INFORMATIVE
UNKNOWN = record.TIME_UNKNOWN


def a_clock(utc_s=UTC, state=SYNC, now_ms=0):
    """A clock with a floor an hour and a half ago that has heard its port once."""
    found = Clock(UTC - 5400)
    found.set(utc_s, state, now_ms)
    return found


def test_time_before_the_floor_is_unknown_and_stands_at_the_floor():
    found = Clock(1000)
    assert (found.utc_s, found.is_trusted) == (1000, False)
    found.set(999, SYNC)
    assert (found.utc_s, found.state) == (1000, UNKNOWN)
    found.set(1000, SYNC)
    assert found.is_trusted and found.utc_s == 1000


def test_a_dead_clock_stands_at_the_floor_and_comes_back():
    found = Clock(1000)
    found.set(5000, SYNC)
    found.set(None, UNKNOWN)
    assert (found.utc_s, found.is_trusted) == (1000, False)
    found.set(5010, SYNC)
    assert (found.utc_s, found.is_trusted) == (5010, True)


def test_the_floor_is_raised_and_never_lowered():
    found = Clock(1000)
    found.raise_floor(4000)
    found.raise_floor(2000)
    assert found.floor_utc_s == 4000
    found.set(3999, SYNC)
    assert not found.is_trusted and found.utc_s == 4000


def test_only_synchronised_time_binds():
    found = Clock(0)
    for state, is_trusted in ((UNKNOWN, False), (INFO, False), (SYNC, True)):
        found.set(10, state)
        assert found.is_trusted == is_trusted


def test_a_grant_issued_after_what_the_clock_says_makes_it_doubtful_at_once():
    found = a_clock()
    found.raise_floor(UTC + 10)
    assert (found.utc_s, found.state, found.floor_utc_s) == (UTC + 10, UNKNOWN, UTC + 10)
    found.set(UTC + 11, SYNC, 100)
    assert found.is_trusted


def test_a_grant_issued_this_very_second_raises_no_doubt():
    found = a_clock()
    found.raise_floor(UTC)
    assert found.is_trusted and found.floor_utc_s == UTC


def test_dates_end_by_the_clock_when_it_is_trusted_and_by_the_floor_when_not():
    found = a_clock()
    assert found.date_utc_s == UTC
    found.set(UTC + 1, INFO, 1000)
    assert found.date_utc_s == found.floor_utc_s < UTC


# -- what raises the floor ----------------------------------------------------------------


def test_uptime_raises_the_floor_second_by_second():
    found = Clock(UTC)
    for now_ms in range(500, 10_501, 250):
        found.set(None, UNKNOWN, now_ms)
    assert found.floor_utc_s == found.utc_s == UTC + 10
    found.set(None, UNKNOWN, 11_499)
    assert found.floor_utc_s == UTC + 10
    found.set(None, UNKNOWN, 11_500)
    assert found.floor_utc_s == UTC + 11


def test_a_running_rtc_raises_the_floor_to_an_hour_before_it():
    found = a_clock()
    assert found.floor_utc_s == UTC - 3600
    found.set(UTC + 7200, SYNC, 7_200_000)
    assert found.floor_utc_s == UTC + 3600


def test_time_that_only_informs_raises_no_floor():
    found = a_clock(state=INFO)
    assert found.floor_utc_s == UTC - 5400


def test_a_set_back_clock_is_unknown_and_cannot_make_a_date_later():
    found = a_clock()
    for now_ms in range(1000, 20_001, 1000):
        found.set(UTC - 40 * DAY_S, SYNC, now_ms)
        assert not found.is_trusted and found.date_utc_s == UTC - 3600 + now_ms // 1000


def test_an_rtc_alone_reaches_400_days_and_not_further():
    for ahead_s, is_trusted in ((400 * DAY_S, True), (400 * DAY_S + 1, False)):
        found = Clock(UTC)
        found.set(UTC + ahead_s, SYNC, 0)
        assert found.is_trusted == is_trusted
        assert found.floor_utc_s == (UTC + ahead_s - 3600 if is_trusted else UTC)


def test_the_reach_does_not_walk_step_by_step_but_with_uptime_and_signed_dates():
    found = Clock(UTC)
    found.set(UTC + 300 * DAY_S, SYNC, 0)
    found.set(UTC + 500 * DAY_S, SYNC, 1000)
    assert found.state == UNKNOWN
    found.set(UTC + 401 * DAY_S, SYNC, DAY_MS)
    assert found.utc_s == UTC + 401 * DAY_S
    found.raise_floor(UTC + 350 * DAY_S)
    found.set(UTC + 500 * DAY_S, SYNC, DAY_MS + 1000)
    assert found.utc_s == UTC + 500 * DAY_S


def test_a_box_without_a_floor_takes_its_first_trusted_time_as_it_is():
    found = Clock(0)
    found.set(None, UNKNOWN, 0)
    found.set(None, UNKNOWN, 60_000)
    assert found.floor_utc_s == 0  # uptime since 1970 would be a floor that says nothing
    found.set(UTC, SYNC, 61_000)
    assert found.is_trusted and found.floor_utc_s == UTC - 3600
    found.set(UTC + 401 * DAY_S, SYNC, 62_000)
    assert not found.is_trusted


# -- steps --------------------------------------------------------------------------------


def test_a_step_of_more_than_two_seconds_is_an_event_with_the_time_it_would_have_been():
    for step_s, events in ((2, []), (-2, []), (3, [UTC + 10]), (-3, [UTC + 10]), (900, [UTC + 10])):
        found = a_clock()
        found.set(UTC + 10 + step_s, SYNC, 10_000)
        assert found.events == [(causes.CLOCK_STEPPED, utc_s) for utc_s in events], step_s


def test_a_step_is_told_once():
    found = a_clock()
    for second in range(1, 100):
        found.set(UTC + 900 + second, SYNC, second * 1000)
    assert found.events == [(causes.CLOCK_STEPPED, UTC + 1)]


def test_a_clock_that_runs_two_seconds_ahead_at_every_look_is_found():
    found = a_clock()
    for look in range(1, 20):
        found.set(UTC + 2 * look, SYNC, 250 * look)
    assert found.events


def test_the_drift_of_an_honest_quartz_is_no_step():
    found = a_clock()
    for hour in range(1, 24 * 120):
        now_ms = hour * 3_600_000
        found.set(UTC + (now_ms + now_ms // 5000) // 1000, SYNC, now_ms)  # 200 ppm fast
    assert found.events == []


def test_a_clock_that_comes_back_after_days_is_measured_over_all_of_them():
    found = a_clock()
    found.set(None, UNKNOWN, DAY_MS)
    found.set(UTC + 10 * DAY_S + 400, SYNC, 10 * DAY_MS)
    assert found.events == []
    found.set(None, UNKNOWN, 11 * DAY_MS)
    found.set(UTC + 20 * DAY_S + 900, SYNC, 20 * DAY_MS)
    assert len(found.events) == 1


def test_a_clock_that_steps_to_and_fro_fills_no_heap():
    found = a_clock()
    for look in range(100):
        found.set(UTC + 1000 * (look & 1), SYNC, look)
    assert len(found.events) == 8


# -- 90 days ------------------------------------------------------------------------------


def test_after_90_days_without_authenticated_time_the_clock_only_informs():
    found = a_clock()
    found.set(UTC + 90 * DAY_S, SYNC, 90 * DAY_MS)
    assert found.is_trusted
    found.set(UTC + 90 * DAY_S + 1, SYNC, 90 * DAY_MS + 1000)
    assert found.state == INFO
    found.raise_floor(UTC + 89 * DAY_S)
    found.set(UTC + 90 * DAY_S + 2, SYNC, 90 * DAY_MS + 2000)
    assert found.is_trusted and found.authenticated_utc_s == UTC + 89 * DAY_S


def test_the_90_days_go_on_over_a_restart():
    found = Clock(UTC, UTC - 90 * DAY_S)
    found.set(UTC, SYNC, 0)
    assert found.is_trusted
    found.set(UTC + 1, SYNC, 1000)
    assert found.state == INFO


def test_an_aged_clock_still_raises_the_floor():
    found = Clock(UTC, UTC - 91 * DAY_S)
    found.set(UTC + DAY_S, SYNC, 0)
    assert found.state == INFO and found.floor_utc_s == UTC + DAY_S - 3600


# -- setting it ---------------------------------------------------------------------------


def test_the_gateway_moves_a_trusted_clock_ten_minutes_a_day_and_no_further():
    for way in (1, -1):
        found = Clock(UTC - 20_000)
        found.set(UTC, SYNC, 0)
        assert found.adjust(UTC + way * 1800, clock.GATEWAY, 0) == (UTC + way * 600, SYNC)
        assert found.utc_s == UTC + way * 600 and found.is_trusted
        assert found.adjust(UTC + way * 1800, clock.GATEWAY, 0) is None
        day = UTC + way * 600 + DAY_S
        found.set(day - 1, SYNC, DAY_MS - 1000)
        assert found.adjust(day + way * 1800, clock.GATEWAY, DAY_MS - 1000) is None
        found.set(day, SYNC, DAY_MS)
        assert found.adjust(day + way * 1800, clock.GATEWAY, DAY_MS) == (day + way * 600, SYNC)


def test_small_moves_add_up_and_no_day_holds_more_than_ten_minutes():
    found = Clock(UTC - 200_000)
    found.set(UTC, SYNC, 0)
    moves = []
    utc_s = UTC
    for minute in range(4 * 1440):
        now_ms = minute * 60_000
        found.set(utc_s, SYNC, now_ms)
        said = found.adjust(utc_s + 7, clock.GATEWAY, now_ms)
        if said:
            moves.append((now_ms, said[0] - utc_s))
            utc_s = said[0]
        utc_s += 60
    for first_ms, _ in moves:
        assert sum([moved for at_ms, moved in moves if first_ms <= at_ms < first_ms + DAY_MS]) <= 600
    assert sum([moved for _, moved in moves]) >= 1200  # and it does move


def test_to_and_fro_counts_both_ways():
    found = Clock(UTC - 20_000)
    found.set(UTC, SYNC, 0)
    assert found.adjust(UTC + 400, clock.GATEWAY, 0) == (UTC + 400, SYNC)
    assert found.adjust(UTC - 400, clock.GATEWAY, 0) == (UTC + 200, SYNC)
    assert found.adjust(UTC - 400, clock.GATEWAY, 0) is None


def test_a_clock_without_trust_takes_the_gateways_time_and_informs():
    found = Clock(UTC)
    assert found.adjust(UTC + 5000, clock.GATEWAY, 0) == (UTC + 5000, INFO)
    assert found.floor_utc_s == UTC and not found.is_trusted
    assert found.adjust(UTC + 401 * DAY_S, clock.GATEWAY, 0) is None
    # And once more, as the port keeps the state with the time.
    found.set(UTC + 5001, INFO, 1000)
    assert found.adjust(UTC + 9000, clock.GATEWAY, 1000) == (UTC + 9000, INFO)
    assert found.floor_utc_s == UTC + 1


def test_an_aged_clock_is_moved_no_further_and_stays_aged():
    found = Clock(UTC, UTC - 91 * DAY_S)
    found.set(UTC + DAY_S, SYNC, 0)
    assert found.adjust(UTC + 2 * DAY_S, clock.GATEWAY, 0) == (UTC + DAY_S + 600, SYNC)
    assert found.state == INFO


def test_a_signed_time_sets_the_clock_freely_and_counts_as_authenticated():
    found = Clock(UTC - 5400, UTC - 91 * DAY_S)
    found.set(UTC + DAY_S, SYNC, 0)
    assert found.state == INFO
    assert found.adjust(UTC + 3 * DAY_S, clock.SIGNED, 0) == (UTC + 3 * DAY_S, SYNC)
    assert found.is_trusted and found.authenticated_utc_s == UTC + 3 * DAY_S
    assert found.adjust(UTC + 500 * DAY_S, clock.SIGNED, 0) is None  # a laptop with a flat battery


def test_nobody_sets_a_clock_before_the_floor():
    for source in (clock.GATEWAY, clock.SIGNED):
        found = a_clock()
        assert found.adjust(UTC - 5000, source, 0)[0] >= UTC - 3600
        assert found.utc_s >= found.floor_utc_s == UTC - 3600
        found.adjust(1, source, 0)
        assert found.utc_s >= found.floor_utc_s


def test_setting_is_an_event_when_it_is_a_step_and_is_not_told_again():
    found = a_clock()
    assert found.adjust(UTC + 2, clock.GATEWAY, 0) == (UTC + 2, SYNC)
    assert found.events == []
    found.adjust(UTC + 60, clock.GATEWAY, 0)
    found.set(UTC + 61, SYNC, 1000)
    assert found.events == [(causes.CLOCK_STEPPED, UTC + 2)]


def test_the_right_time_from_the_gateway_changes_nothing():
    assert a_clock().adjust(UTC, clock.GATEWAY, 0) is None
    assert a_clock().adjust(UTC + 2000, clock.GATEWAY, 2_000_000) is None  # time has passed since
    assert a_clock().adjust(UTC + 1, clock.GATEWAY, 0) == (UTC + 1, SYNC)
    assert a_clock().adjust(UTC - 1, clock.GATEWAY, 0) == (UTC - 1, SYNC)


def test_a_clock_that_stopped_is_not_trusted_because_the_gateway_set_it_going():
    found = a_clock()
    found.set(None, UNKNOWN, 1000)
    assert found.adjust(UTC + 40 * DAY_S, clock.GATEWAY, 1000)[1] == INFO
    found.set(UTC + 40 * DAY_S, INFO, 1000)
    assert not found.is_trusted and found.date_utc_s < UTC


def test_a_clock_that_a_signed_date_has_overtaken_is_not_trusted_because_the_gateway_moved_it():
    found = a_clock()
    found.raise_floor(UTC + 1)  # signed a second ahead of this clock
    assert not found.is_trusted
    assert found.adjust(UTC + 2, clock.GATEWAY, 0) == (UTC + 2, INFO)
    assert not found.is_trusted
    found.set(UTC + 2, SYNC, 1000)  # its own clock has come up to it meanwhile
    assert found.is_trusted
