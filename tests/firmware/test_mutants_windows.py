"""What mutants of the windows showed: how many, how long a round, how long a chain."""

from karez_firmware.core import windows
from karez_firmware.core.windows import Windows
from karez_protocols import causes
from karez_protocols.errors import NotAllowed

DAY_S = 86_400


def a_row(from_min=0, to_min=720, cycle_days=60, open_days=1):
    return {
        "from_min": from_min, "to_min": to_min, "cycle_days": cycle_days, "first_day": 0,
        "open_days": open_days,
    }  # fmt: skip


def refused(rows):
    try:
        windows.check(rows)
    except NotAllowed:
        return True
    return False


def test_sixteen_windows_of_rounds_of_sixty_days_fit_and_no_more():
    assert not refused([a_row()] * 16) and refused([a_row()] * 17)
    assert not refused([a_row(cycle_days=60)]) and refused([a_row(cycle_days=61)])


def test_the_end_of_sixty_four_windows_in_a_chain_is_found_and_of_sixty_five_is_not():
    # 33 open days of two windows each: 65 from the second window on, 64 from the second day on.
    rows = [a_row(0, 720, open_days=33), a_row(720, 1440, open_days=33)]
    found = Windows(rows, 0, 0)
    assert found.next_change(DAY_S // 2) is None
    assert found.next_change(DAY_S) == 33 * DAY_S


def test_rows_outside_the_day_and_the_week_are_refused():
    for changed in (
        {"from_min": -1}, {"from_min": 1440}, {"from_min": 1441}, {"from_min": 5000}, {"to_min": 0},
        {"to_min": -1}, {"to_min": -300}, {"to_min": 1441}, {"from_min": 700, "to_min": int("700")},
    ):  # fmt: skip
        row = a_row()
        row.update(changed)
        assert refused([row]), changed
    for days, is_refused in (
        (-1, True),
        (0, True),
        (1, False),
        (127, False),
        (128, True),
        (129, True),
        (255, True),
    ):
        assert refused([{"from_min": 0, "to_min": 60, "days": days}]) == is_refused, days


def test_a_window_of_all_but_a_minute_passes_midnight():
    found = Windows([a_row(721, 720, cycle_days=1)], 0, 0)
    assert [found.is_open(minute * 60) for minute in (719, 720, 721)] == [True, False, True]


def test_a_run_is_over_at_its_longest_time_and_ever_after():
    found = Windows([], 0, 600)
    for run_s, cause in (
        (599, causes.NONE),
        (600, causes.RUN_TIME),
        (601, causes.RUN_TIME),
        (9000, causes.RUN_TIME),
    ):
        assert found.cause(0, True, run_s) == cause, run_s
    assert Windows([], 0, 1).cause(0, True) == causes.NONE
