"""What mutants of the feedback showed: the last millisecond of a limit, and odd rated powers."""

from karez_firmware.core import pump
from karez_firmware.core.feedback import Feedback

RATED_W = 22_000


def lost(times_ms, now_ms, since_ms=0, powered_ms=()):
    """True if a running pump is found dead at `now_ms`, after readings without power at `times_ms`."""
    feedback = Feedback(RATED_W)
    for at_ms in sorted(set(times_ms) | set(powered_ms)):
        power_w = RATED_W if at_ms in powered_ms else 0
        feedback.judge(pump.RUNNING, True, power_w, at_ms, since_ms, True, at_ms)
    return feedback.judge(pump.RUNNING, True, None, None, since_ms, True, now_ms) == pump.FEEDBACK_OFF


def test_a_motor_is_dead_after_ten_seconds_without_power_and_not_a_millisecond_sooner():
    for last_ms, is_lost in ((39_999, False), (40_000, True), (40_001, True)):
        assert lost((30_000, 33_000, 36_000, 39_000, last_ms), last_ms) == is_lost, last_ms


def test_a_motor_runs_up_for_fifteen_seconds_and_not_a_millisecond_less():
    times_ms = (1000, 4000, 7000, 10_000, 13_000)
    assert not lost(times_ms, 14_999) and lost(times_ms, 15_000)


def test_readings_three_seconds_apart_are_in_a_row_and_further_ones_are_not():
    assert lost((30_000, 33_000, 36_000, 39_000, 42_000), 42_000)
    assert not lost((30_000, 33_001, 36_001, 39_001, 42_001), 42_001)


def test_a_motor_of_an_odd_power_is_judged_by_whole_watts():
    # A twentieth of 119 W is 5.95 W: five and below are the panel's own.
    assert Feedback(119).has_power(5) is False and Feedback(119).has_power(6) is True


def test_a_reading_is_known_by_the_value_of_its_time():
    # The last good answer's values are handed in again until the next: a lost one is no reading.
    feedback = Feedback(RATED_W)
    for now_ms in range(30_000, 45_000, 1000):
        at_ms = int(str(30_000))  # equal, and another object each time
        assert feedback.judge(pump.RUNNING, True, 0, at_ms, 0, True, now_ms) is None


def test_the_contact_alone_confirms_only_where_a_confirmation_is_awaited():
    for state in (pump.OFF, pump.RUNNING, pump.AWAITING, pump.COMMITTING):
        assert Feedback(RATED_W).judge(state, True, RATED_W, 2000, 1000, True, 2000) is None
