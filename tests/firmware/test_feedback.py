"""What confirms the contactor: contact and current, never one of them while the other can be asked."""

from karez_firmware.core import pump
from karez_firmware.core.feedback import Feedback

RATED_W = 22_000
PRESENT_W, ABSENT_W = RATED_W // 20 + 1, RATED_W // 20  # the line between them is 5 %
ON, OFF = pump.FEEDBACK_ON, pump.FEEDBACK_OFF
WAITING = (pump.STARTING, pump.STOPPING, pump.STUCK, pump.SETTLING)


def judge(state, aux, power_w, at_ms=1500, now_ms=1500, is_ok=True, rated_w=RATED_W):
    """The verdict of a fresh judge; the state began at 1000."""
    return Feedback(rated_w).judge(state, aux, power_w, at_ms, 1000, is_ok, now_ms)


def test_every_contact_and_power_in_every_state():
    # One row a state: contact and power say on/on, on/off, off/on, off/off.
    rows = {
        pump.OFF: (None, None, None, None),
        pump.AWAITING: (None, None, None, None),
        pump.COMMITTING: (None, None, None, None),
        pump.STARTING: (ON, None, None, OFF),
        pump.RUNNING: (None, None, OFF, OFF),
        pump.STOPPING: (ON, None, None, OFF),
        pump.STUCK: (ON, None, None, OFF),
        pump.SETTLING: (ON, None, ON, OFF),  # after a stop, power alone says that it runs
    }
    assert sorted(rows) == list(range(8))
    for state, row in rows.items():
        found = [judge(state, aux, power) for aux in (True, False) for power in (PRESENT_W, ABSENT_W)]
        assert tuple(found) == row, state


def test_a_meter_that_is_silent_or_missing_leaves_the_contact_alone():
    for state in WAITING:
        for aux, verdict in ((True, ON), (False, OFF)):
            assert judge(state, aux, None, None, is_ok=False) == verdict
            assert judge(state, aux, None, None, is_ok=True) is None  # it may still answer
            assert judge(state, aux, None, None, is_ok=True, rated_w=None) == verdict
            assert judge(state, aux, 500, 1500, is_ok=True, rated_w=None) == verdict
    assert judge(pump.RUNNING, False, None, None, is_ok=False) == OFF
    assert judge(pump.RUNNING, True, None, None, is_ok=False) is None


def test_the_contact_decides_alone_after_four_seconds_without_a_reading():
    # The mains that dropped the contactor silence the meter; it is known as gone too late for the limit.
    for aux, verdict in ((True, ON), (False, OFF)):
        assert judge(pump.STOPPING, aux, None, None, now_ms=4999) is None
        assert judge(pump.STOPPING, aux, None, None, now_ms=5000) == verdict
    assert pump.FEEDBACK_MS > 4000


def test_a_reading_from_before_the_change_says_nothing():
    for state in WAITING:
        for at_ms in (0, 999, 1000):
            assert judge(state, True, PRESENT_W, at_ms, now_ms=1500) is None
            assert judge(state, False, 0, at_ms, now_ms=1500) is None
        assert judge(state, True, PRESENT_W, 1001) == ON and judge(state, False, 0, 1001) == OFF


def test_a_lost_answer_does_not_hide_the_current_of_a_welded_contactor_whose_contact_lies():
    feedback = Feedback(RATED_W)
    for now_ms in range(1000, 1000 + pump.FEEDBACK_MS + 1, 100):
        power_w = None if 3000 < now_ms < 6000 else RATED_W  # answers at 1, 2, 3 s, two are lost
        at_ms = now_ms // 1000 * 1000 if power_w else None
        assert feedback.judge(pump.STOPPING, False, power_w, at_ms, 1000, True, now_ms) is None


def test_a_reading_rules_for_three_seconds():
    feedback = Feedback(RATED_W)
    assert feedback.judge(pump.STUCK, False, RATED_W, 10_000, 1000, True, 10_000) is None
    # Failed since: Meter.value is None, its time that of the last good answer.
    assert feedback.judge(pump.STUCK, False, None, 10_000, 1000, True, 13_000) is None
    assert feedback.judge(pump.STUCK, False, None, 10_000, 1000, True, 13_001) == OFF


def test_an_answer_without_its_power_does_not_hide_the_current():
    feedback = Feedback(RATED_W)
    assert feedback.judge(pump.STOPPING, False, RATED_W, 4000, 1000, True, 4000) is None
    assert feedback.judge(pump.STOPPING, False, None, 5000, 1000, True, 5000) is None  # marked invalid
    assert feedback.judge(pump.STOPPING, False, None, 7000, 1000, True, 7001) == OFF


def test_what_was_taken_for_stopped_and_still_runs_is_found_while_settling():
    feedback = Feedback(RATED_W)
    assert feedback.judge(pump.STOPPING, False, None, None, 1000, False, 1100) == OFF  # a silent meter
    assert feedback.judge(pump.SETTLING, False, None, None, 1100, True, 1200) is None
    assert feedback.judge(pump.SETTLING, False, RATED_W, 2000, 1100, True, 2000) == ON


def test_a_reversed_transformer_counts_as_power():
    assert judge(pump.STARTING, True, -RATED_W) == ON and judge(pump.STOPPING, False, -RATED_W) is None
    feedback = Feedback(RATED_W)
    assert feedback.has_power(-RATED_W) is True and feedback.has_power(-ABSENT_W) is False
    assert feedback.has_power(None) is None and Feedback(None).has_power(RATED_W) is None


class Run:
    """A running pump, judged every 100 ms, read every second; `says(second)` is the power or None."""

    def __init__(self, says, is_ok=lambda second: True):
        self.feedback = Feedback(RATED_W)
        self.says, self.is_ok = says, is_ok

    def lost_ms(self, seconds=60, since_ms=0, aux=True):
        """When the feedback is lost after `since_ms`, None if never."""
        power_w = at_ms = None
        for now_ms in range(since_ms, since_ms + seconds * 1000 + 1, 100):
            if now_ms % 1000 == 0:
                power_w = self.says(now_ms // 1000)
                at_ms = at_ms if power_w is None else now_ms
            ok = self.is_ok(now_ms // 1000)
            verdict = self.feedback.judge(pump.RUNNING, aux, power_w, at_ms, since_ms, ok, now_ms)
            if verdict is not None:
                assert verdict == OFF
                return now_ms
        return None


def test_a_thermal_relay_that_trips_is_found_after_ten_seconds_without_power():
    assert Run(lambda second: RATED_W).lost_ms() is None
    assert Run(lambda second: RATED_W if second < 30 else 0).lost_ms() == 40_000
    assert Run(lambda second: RATED_W if second < 30 else ABSENT_W).lost_ms() == 40_000
    assert Run(lambda second: RATED_W if second < 30 else PRESENT_W).lost_ms() is None
    dips = Run(lambda second: 0 if second % 10 else RATED_W)  # never ten seconds in a row
    assert dips.lost_ms() is None


def test_a_soft_starter_has_fifteen_seconds():
    assert Run(lambda second: 0).lost_ms() == 15_000
    assert Run(lambda second: 0 if second < 15 else RATED_W).lost_ms() is None
    assert Run(lambda second: 0 if second < 16 else RATED_W).lost_ms() == 15_000


def test_a_reading_taken_before_the_run_does_not_begin_its_ten_seconds():
    feedback = Feedback(RATED_W)
    for at_ms in range(1000, 9001, 1000):
        assert feedback.judge(pump.RUNNING, True, 0, at_ms, 9_000, True, 9_000) is None
    for at_ms in range(10_000, 24_001, 1000):
        verdict = feedback.judge(pump.RUNNING, True, 0, at_ms, 9_000, True, at_ms)
        assert verdict == (OFF if at_ms >= 24_000 else None), at_ms


def test_a_silent_meter_is_no_missing_power():
    silent = Run(lambda second: 0 if second in (20, 21) else None if second > 21 else RATED_W)
    assert silent.lost_ms() is None
    gone = Run(lambda second: 0 if second > 20 else RATED_W, is_ok=lambda second: second < 21)
    assert gone.lost_ms() is None


def test_a_meter_that_falls_silent_before_the_run_is_fifteen_seconds_old_says_nothing():
    assert Run(lambda second: 0 if second < 12 else None).lost_ms() is None


def test_ten_seconds_begin_again_after_a_silence():
    # Nobody knows what ran between 22 and 40 s.
    def says(second):
        return RATED_W if second < 21 else None if 22 <= second < 40 else 0

    assert Run(says).lost_ms() == 50_000


def test_an_open_contact_while_running_is_lost_at_once():
    assert Run(lambda second: RATED_W).lost_ms(aux=False) == 0


def test_one_run_does_not_inherit_the_seconds_of_the_one_before():
    run = Run(lambda second: 0)
    assert run.lost_ms(9) is None
    run.feedback.judge(pump.SETTLING, False, 0, 10_000, 9_500, True, 10_000)
    assert run.lost_ms(since_ms=11_000) == 26_000
