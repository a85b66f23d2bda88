"""Drinking water restarts by itself after the mains return: once, spread, and nothing else does."""

from karez_firmware.core.resume import Resume
from karez_protocols import causes

SETTINGS = {"resume_min_s": 60, "resume_max_s": 900}
MAINS = (causes.MAINS_LOST, causes.RESTARTED, causes.FEEDBACK_LOST)


def resume(is_protected=True, **changed):
    settings = dict(SETTINGS)
    settings.update(changed)
    return Resume(settings, is_protected)


def due_ms(one, from_ms=0, to_ms=4_000_000, step_ms=1000):
    """Every moment at which a start comes."""
    return [now_ms for now_ms in range(from_ms, to_ms, step_ms) if one.is_due(now_ms)]


def test_after_a_restart_it_starts_once_between_one_and_fifteen_minutes():
    for seed in (0, 1, 59_999, 123_456_789, 840_000, 840_001, 2**64 - 1):
        one = resume()
        assert one.arm(causes.RESTARTED, seed, 1000)
        found = due_ms(one, step_ms=500)
        assert len(found) == 1 and 61_000 <= found[0] <= 901_500, seed
        assert not one.is_armed


def test_the_moment_is_the_seeds_to_the_millisecond():
    for seed, wait_ms in ((0, 60_000), (7, 60_007), (840_000, 900_000), (840_001, 60_000)):
        one = resume()
        one.arm(causes.RESTARTED, seed, 5000)
        assert not one.is_due(5000 + wait_ms - 1) and one.is_armed
        assert one.is_due(5000 + wait_ms) and not one.is_due(5000 + wait_ms)


def test_a_county_does_not_start_at_once():
    minutes = [0] * 16
    for well in range(1400):
        one = resume()
        one.arm(causes.RESTARTED, well * 2_654_435_761, 0)
        minutes[due_ms(one)[0] // 60_000] += 1
    assert minutes[0] == 0 and max(minutes) < 140, minutes  # 14 minutes: 100 each


def test_only_the_mains_arm_it():
    for cause, _ in causes.every():
        one = resume()
        one.mains(False, 0)
        assert one.arm(cause, 0, 0) == (cause in MAINS), cause
        one.mains(True, 0)
        assert bool(due_ms(one)) == (cause in MAINS), cause


def test_a_lost_feedback_alone_is_not_the_mains():
    one = resume()
    assert not one.arm(causes.FEEDBACK_LOST, 0, 0)  # not known
    one.mains(True, 0)
    assert not one.arm(causes.FEEDBACK_LOST, 0, 0) and due_ms(one) == []
    one.mains(False, 0)
    one.mains(None, 0)  # unknown changes nothing
    assert one.arm(causes.FEEDBACK_LOST, 0, 0)


def test_an_irrigation_well_stays_off():
    for cause in MAINS:
        one = resume(is_protected=False)
        one.mains(False, 0)
        assert not one.arm(cause, 0, 0) and not one.is_armed
        one.mains(True, 0)
        assert due_ms(one) == []


def test_the_minutes_count_from_the_return_of_the_mains():
    one = resume()
    assert one.arm(causes.MAINS_LOST, 0, 1000)  # on a battery: the mains are gone by definition
    assert due_ms(one, to_ms=5_000_000) == []
    one.mains(True, 5_000_000)
    one.mains(True, 5_030_000)  # said at every step; only the first counts
    assert not one.is_due(5_059_999)
    one.mains(False, 5_059_999)  # gone again before its time: from the start
    assert not one.is_due(5_060_000)
    one.mains(True, 6_000_000)
    assert not one.is_due(6_059_999) and one.is_due(6_060_000)


def test_a_person_or_an_order_ends_it():
    one = resume()
    one.arm(causes.RESTARTED, 0, 0)
    one.cancel()
    assert not one.is_armed and due_ms(one) == []
    one.cancel()
    assert not one.is_armed


def test_another_stop_ends_it():
    for cause in (causes.BUTTON, causes.SEALED, causes.PHASE_LOSS, causes.WATER_CEILING):
        one = resume()
        one.arm(causes.RESTARTED, 0, 0)
        assert not one.arm(cause, 0, 10) and due_ms(one) == [], cause


def test_the_motor_rests_first_and_the_spread_comes_after():
    one = resume()
    one.arm(causes.RESTARTED, 100, 0, rest_ms=900_000)
    assert not one.is_due(900_099) and one.is_due(900_100)
    one.arm(causes.RESTARTED, 100, 0, rest_ms=10)
    assert not one.is_due(60_099) and one.is_due(60_100)


def test_settings_in_the_wrong_order_spread_nothing_and_do_not_fail():
    one = resume(resume_min_s=900, resume_max_s=60)
    one.arm(causes.RESTARTED, 12_345, 0)
    assert not one.is_due(899_999) and one.is_due(900_000)
