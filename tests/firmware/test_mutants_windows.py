"""What mutants of the windows showed: how many, how long a round, how long a chain."""

from karez_firmware.core import windows
from karez_firmware.core.windows import Windows
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
