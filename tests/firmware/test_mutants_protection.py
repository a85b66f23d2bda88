"""What mutants of the motor's protection showed: a millisecond short, a step late, and what is missing."""

from karez_firmware.core.protection import Lockout, Protection
from karez_protocols import causes

SETTINGS = {
    "voltage_dv": 2200, "phase_loss_percent": 60, "voltage_low_percent": 85, "voltage_high_percent": 115,
    "voltage_delay_s": 5, "current_ca": 4000, "current_percent": 125, "current_delay_s": 10,
    "dry_percent": 50, "dry_delay_s": 30, "lockout_s": 900, "lockout_trips": 3,
}  # fmt: skip
RATED_W = 22_000
DAY_MS = 86_400_000
HALF_HOUR_MS = 1_800_000


def volts(a, b, c):
    return {"voltage_a_dv": a, "voltage_b_dv": b, "voltage_c_dv": c}


def amps(a, b, c):
    return {"current_a_ca": a, "current_b_ca": b, "current_c_ca": c}


def causes_at(values, *times_ms, since_ms=0, **changed):
    """The verdict at each of these times, the pump running since `since_ms` and read there and then."""
    settings = dict(SETTINGS)
    settings.update(changed)
    guard = Protection(settings, RATED_W)
    return [guard.check(values, at_ms, since_ms, True, at_ms) for at_ms in times_ms]


def a_lockout(**changed):
    settings = dict(SETTINGS)
    settings.update(changed)
    return Lockout(settings)


def test_a_delay_ends_at_its_last_millisecond_and_holds_after_it():
    for values, cause, delay_ms in (
        (volts(2200, 100, 2200), causes.PHASE_LOSS, 2_000),
        (amps(5001, 3900, 3900), causes.OVER_CURRENT, 10_000),
        (volts(1869, 2000, 2000), causes.UNDER_VOLTAGE, 5_000),
        (volts(2000, 2531, 2000), causes.OVER_VOLTAGE, 5_000),
        ({"power_w": 10_999}, causes.DRY_RUN, 30_000),
    ):
        for extra_ms, expected in ((-1, causes.NONE), (0, cause), (1, cause), (700, cause)):
            end_ms = 20_000 + delay_ms + extra_ms
            found = causes_at(values, *range(20_000, min(end_ms, 20_000 + delay_ms), 1_000), end_ms)
            assert found == [causes.NONE] * (len(found) - 1) + [expected], (cause, extra_ms)


def test_readings_further_apart_than_five_seconds_make_no_condition():
    values = volts(2200, 100, 2200)
    assert causes_at(values, 20_000, 25_000) == [causes.NONE, causes.PHASE_LOSS]
    assert causes_at(values, 20_000, 25_001) == [causes.NONE, causes.NONE]
    assert causes_at(values, 2_000, 9_000) == [causes.NONE, causes.NONE]


def test_a_pump_that_fills_its_riser_is_not_dry():
    values = {"power_w": 100}
    assert causes_at(values, 15_000, dry_delay_s=0) == [causes.DRY_RUN]
    assert causes_at(values, 14_999, dry_delay_s=0) == [causes.NONE]


def test_what_a_meter_does_not_say_hides_nothing_that_it_says():
    # Without voltages and currents the power alone shows a dry run.
    assert causes_at({"power_w": 100}, 20_000, dry_delay_s=0) == [causes.DRY_RUN]
    assert causes_at(amps(9000, 9000, 9000), 20_000, current_delay_s=0) == [causes.OVER_CURRENT]


def test_phases_of_an_idling_motor_may_differ():
    for amperes in (0, 1, 100, 799):
        assert causes_at(amps(amperes, 0, amperes), 20_000, 22_000) == [causes.NONE, causes.NONE]


def test_the_time_of_the_switching_is_known_by_its_value():
    # Equal, and another object each time: large whole numbers are read anew out of a sum.
    guard = Protection(SETTINGS, RATED_W)
    values = volts(2200, 100, 2200)
    found = [guard.check(values, at_ms, int(str(10) + "0000"), True, at_ms) for at_ms in (110_000, 112_000)]
    assert found == [causes.NONE, causes.PHASE_LOSS]


def test_trips_beyond_the_setting_latch_too():
    found = a_lockout(lockout_trips=3)
    values = {"lockout_cause": None, "lockout_trips": 5, "lockout_left_s": None, "is_latched": None}
    found.restore(values, 0)
    found.begin(causes.PHASE_LOSS, 1000)
    assert found.is_latched and found.trips == 6


def test_a_hundred_trips_are_counted_and_the_oldest_goes():
    found = a_lockout(lockout_trips=200)
    for number in range(101):
        found.begin(causes.DRY_RUN, number * 1000)
    assert found.trips == 100
    found.tick(DAY_MS + 999, 0)
    assert found.trips == 100  # the one at 0 went before
    found.tick(DAY_MS + 1000, 0)
    assert found.trips == 99
    found.tick(DAY_MS + 50_500, 0)  # as late as nobody looked
    assert found.trips == 50


def test_trips_restored_beyond_a_hundred_do_not_leave_their_byte():
    found = a_lockout()
    values = {"lockout_cause": None, "lockout_trips": 254, "lockout_left_s": None, "is_latched": None}
    found.restore(values, 0)
    found.begin(causes.DRY_RUN, 1000)
    assert found.trips == 254


def test_half_an_hour_without_a_fault_clears_the_trips_and_so_does_any_longer_run():
    for run_ms, trips in ((HALF_HOUR_MS - 1, 1), (HALF_HOUR_MS, 0), (HALF_HOUR_MS + 1, 0)):
        found = a_lockout(lockout_s=1)
        found.begin(causes.DRY_RUN, 0)
        found.tick(2_000_000, run_ms)
        assert found.trips == trips, run_ms


def test_a_reset_says_that_nothing_is_left():
    found = a_lockout()
    found.begin(causes.DRY_RUN, 0)
    found.reset()
    cause, values = found.events[-1]
    assert (cause, values["seconds"], values["cause"]) == (causes.LOCKOUT_ENDED, 0, causes.DRY_RUN)


def test_a_lockout_whose_rest_was_never_written_is_over():
    found = a_lockout()
    values = {
        "lockout_cause": causes.DRY_RUN,
        "lockout_trips": None,
        "lockout_left_s": None,
        "is_latched": None,
    }
    found.restore(values, 5000)
    assert found.refusal(5000) == causes.NONE
