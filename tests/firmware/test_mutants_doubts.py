"""What mutants of the doubts showed: the minute, the three steps, and reverse totals that fall or stand."""

from karez_firmware.core.doubts import Doubts

BEGAN_MS = 10_000
FLOW_LPH = 180  # three litres in a minute
OWED_MS = 60_000


def still(readings, step=1, least_lph=0):
    """Whether a total that stands since BEGAN_MS is stuck after these (ms later, flow_lph)."""
    found = Doubts(least_lph)
    found.take(500, BEGAN_MS, step, False, None, 57_600, None)
    for later_ms, flow_lph in readings:
        found.take(500, BEGAN_MS + later_ms, step, False, None, flow_lph, None)
    return found.is_stuck


def test_at_first_nothing_is_said_against_a_meter():
    found = Doubts(6_000)
    assert not found.is_stuck and not found.is_reversed
    assert not found.has_made_up and not found.is_little
    assert not found.take(500, 1_000, 1, False, 7, 57_600, None)
    assert not found.is_stuck and not found.is_reversed


def test_a_total_is_stuck_after_a_minute_and_not_before():
    assert not still(((30_000, 57_600), (59_999, 57_600)))
    assert still(((30_000, 57_600), (60_000, 57_600)))


def test_readings_up_to_a_minute_apart_tell_of_the_time_between():
    assert still(((60_000, 57_600),))
    assert not still(((60_001, 57_600),))


def test_more_than_three_steps_of_the_register_must_be_missing():
    assert not still(((OWED_MS, FLOW_LPH),))
    assert still(((OWED_MS, FLOW_LPH), (OWED_MS + 1, 1)))  # and one l/h for a millisecond
    assert not still(((OWED_MS, FLOW_LPH * 2),), step=2)
    assert still(((OWED_MS, FLOW_LPH * 2), (OWED_MS + 1, 1)), step=2)


def test_from_the_least_flow_on_the_total_has_to_move():
    assert still(((60_000, 6_000),), least_lph=6_000)
    assert not still(((60_000, 5_999),), least_lph=6_000)


def reverse(*readings):
    """What is said of each (ms, register, reverse total) with the contactor closed."""
    found = Doubts(6_000)
    return [found.take(total, now_ms, 1, False, back, None, None) for now_ms, total, back in readings]


def test_a_reverse_total_that_moves_is_doubted_and_one_that_stands_is_not():
    # Numbers above 256, made anew: equal, and not the same object.
    assert reverse((0, 500, 1000), (1000, 500, int("1000"))) == [False, False]
    assert reverse((0, 500, 1000), (1000, 500, 1001)) == [False, True]
    assert reverse((0, 500, 1000), (1000, 500, 3)) == [False, True]  # over its end, or reset


def test_a_meter_that_counted_backwards_is_doubted_for_a_minute_unless_it_counts_forwards():
    moved = ((0, 500, 0), (1_000, 500, 5))
    assert reverse(*moved, (61_000, 500, 5))[-1] and not reverse(*moved, (61_001, 500, 5))[-1]
    assert not reverse(*moved, (2_000, 501, 5))[-1]
    assert reverse(*moved, (2_000, 499, 5))[-1]
