"""Windows of rotation irrigation: the local week, cycles, midnight, and no clock."""

from karez_firmware.core.windows import CYCLE_DAYS_MAX, ROWS_MAX, Windows
from karez_protocols import causes, errors

OFFSET_MIN = 480
MONDAY = 1_789_920_000  # 2026-09-21 00:00 at UTC+8
DAY = (MONDAY + 480 * 60) // 86_400  # its number since 1970-01-01
HOUR, DAY_S = 3600, 86_400
MON, TUE, WED, THU, FRI, SAT, SUN = 1, 2, 4, 8, 16, 32, 64
EVERY_DAY = 127
NONE = causes.NONE


def week(days, from_min, to_min):
    """A row of the week."""
    return {"days": days, "from_min": from_min, "to_min": to_min}


def cycle(cycle_days, open_days, from_min=0, to_min=1440, first_day=DAY):
    """A row of a round: of so many days the first so many are open."""
    return {
        "cycle_days": cycle_days, "first_day": first_day, "open_days": open_days,
        "from_min": from_min, "to_min": to_min,
    }  # fmt: skip


def windows(*rows, run_max_s=0):
    """Windows at UTC+8."""
    return Windows(list(rows), OFFSET_MIN, run_max_s)


def refused(*rows):
    """True if these rows are no configuration."""
    try:
        windows(*rows)
    except errors.NotAllowed:
        return True
    return False


def open_hours(found, days=7):
    """The hours from Monday 00:00 on that begin open."""
    return [hour for hour in range(24 * days) if found.is_open(MONDAY + hour * HOUR)]


def changes(found, count, utc_s=MONDAY):
    """The next changes, in hours from Monday."""
    out = []
    for _ in range(count):
        utc_s = found.next_change(utc_s)
        if utc_s is None:
            out.append(None)
            break
        out.append((utc_s - MONDAY) / HOUR)
    return out


def test_the_day_these_tests_begin_on_is_a_monday():
    assert (MONDAY + OFFSET_MIN * 60) % DAY_S == 0 and (DAY + 3) % 7 == 0


def test_without_windows_it_is_always_open():
    found = windows()
    assert open_hours(found) == list(range(168))
    assert found.next_change(MONDAY) is None and found.cause(MONDAY, True) == NONE


def test_a_window_opens_and_closes_on_its_minute_in_local_time():
    found = windows(week(WED, 8 * 60 + 30, 20 * 60))
    wednesday = MONDAY + 2 * DAY_S
    begin, end = wednesday + 8 * HOUR + 1800, wednesday + 20 * HOUR
    for utc_s, is_open in ((begin - 1, False), (begin, True), (end - 1, True), (end, False)):
        assert found.is_open(utc_s) == is_open
        assert found.cause(utc_s, True) == (NONE if is_open else causes.WINDOW_OVER)


def test_each_day_of_the_week_has_its_bit():
    for at, bit in enumerate((MON, TUE, WED, THU, FRI, SAT, SUN)):
        found = windows(week(bit, 0, 1440))
        assert open_hours(found) == list(range(24 * at, 24 * at + 24))


def test_a_window_over_midnight_belongs_to_the_day_it_begins_on():
    found = windows(week(SUN | TUE, 22 * 60, 6 * 60))
    assert open_hours(found) == [0, 1, 2, 3, 4, 5, 46, 47, 48, 49, 50, 51, 52, 53, 166, 167]
    assert changes(found, 5) == [6, 46, 54, 166, 174]


def test_rounds_of_rotation_open_their_days_before_and_after_the_first():
    found = windows(cycle(10, 3, 6 * 60, 18 * 60))
    opened = [day for day in range(-10, 25) if found.is_open(MONDAY + day * DAY_S + 12 * HOUR)]
    assert opened == [-10, -9, -8, 0, 1, 2, 10, 11, 12, 20, 21, 22]
    assert changes(found, 7) == [6, 18, 30, 42, 54, 66, 246]


def test_a_round_that_began_yesterday_evening_is_open_this_morning():
    found = windows(cycle(10, 1, 22 * 60, 6 * 60))
    assert open_hours(found, 10) == [22, 23, 24, 25, 26, 27, 28, 29]


def test_rows_add_up_and_the_end_is_the_last_of_those_that_overlap():
    found = windows(week(MON, 360, 720), week(MON, 600, 900), week(MON, 900, 960), week(MON, 1000, 1020))
    assert changes(found, 4) == [6, 16, 1000 / 60, 17]


def test_windows_that_follow_each_other_over_midnight_are_one():
    found = windows(week(MON, 20 * 60, 1440), week(TUE, 0, 6 * 60))
    assert changes(found, 3) == [20, 30, 188]


def test_a_window_of_all_days_never_changes_and_is_soon_known():
    assert changes(windows(week(EVERY_DAY, 0, 1440)), 1) == [None]
    assert changes(windows(week(EVERY_DAY, 600, 500), week(EVERY_DAY, 400, 700)), 1) == [None]


def test_six_open_days_in_a_row_end_where_they_end():
    found = windows(week(EVERY_DAY - SUN, 0, 1440))
    assert changes(found, 3) == [144, 168, 312]


def test_the_next_change_is_where_it_really_changes():
    rows = [week(MON | FRI, 1320, 300), week(TUE, 200, 700), cycle(9, 2, 660, 1200), cycle(4, 1, 1300, 100)]
    found = windows(*rows)
    utc_s, end = MONDAY, MONDAY + 30 * DAY_S
    while utc_s < end:
        change = found.next_change(utc_s)
        for between in range(utc_s, change, 600):
            assert found.is_open(between) == found.is_open(utc_s)
        assert found.is_open(change - 1) == found.is_open(utc_s) != found.is_open(change)
        utc_s = change


def test_without_trusted_time_a_closed_window_is_recorded_once_and_stops_nobody():
    found = windows(week(MON, 360, 720))
    for second in range(5):
        assert found.cause(MONDAY + second, False) == NONE
    assert found.events == [(causes.WINDOW_IGNORED, 0)]
    assert found.cause(MONDAY, True) == causes.WINDOW_OVER
    assert found.cause(MONDAY, False) == NONE and len(found.events) == 1
    inside = windows(week(MON, 360, 720))
    assert inside.cause(MONDAY + 7 * HOUR, False) == NONE and inside.events == []


def test_the_longest_run_holds_with_and_without_a_clock():
    found = windows(run_max_s=7200)
    for is_trusted in (True, False):
        assert found.cause(MONDAY, is_trusted, 7199) == NONE
        assert found.cause(MONDAY, is_trusted, 7200) == causes.RUN_TIME
    both = windows(week(MON, 360, 720), run_max_s=7200)
    assert both.cause(MONDAY, True, 7200) == causes.WINDOW_OVER
    assert both.cause(MONDAY, False, 7200) == causes.RUN_TIME
    assert windows().cause(MONDAY, True, 10**6) == NONE


def test_rows_that_make_no_sense_are_refused():
    for from_min, to_min in ((-1, 5), (1440, 5), (5, 0), (5, 1441), (5, 5)):
        assert refused(week(MON, from_min, to_min)), (from_min, to_min)
    for days in (0, 128, -1):
        assert refused(week(days, 0, 60)), days
    for cycle_days, open_days in ((0, 0), (5, 0), (5, 6), (CYCLE_DAYS_MAX + 1, 1)):
        assert refused(cycle(cycle_days, open_days)), cycle_days
    assert refused(*[week(MON, 0, 60)] * (ROWS_MAX + 1))
    assert not refused(*[week(MON, 0, 60)] * ROWS_MAX)
    assert not refused(week(1, 0, 1), week(127, 1439, 1440))
    assert not refused(cycle(1, 1), cycle(CYCLE_DAYS_MAX, CYCLE_DAYS_MAX))


def test_the_longest_round_is_found_to_its_next_opening():
    found = windows(cycle(CYCLE_DAYS_MAX, 1, 600, 660))
    assert changes(found, 3) == [10, 11, CYCLE_DAYS_MAX * 24 + 10]
