"""The motor's protection: each cause at the end of its delay and not before; no endless restarts."""

from karez_firmware.core import protection
from karez_firmware.core.protection import Lockout, Protection
from karez_protocols import causes, event_details, fields

SETTINGS = {
    "voltage_dv": 2200, "phase_loss_percent": 60, "voltage_low_percent": 85, "voltage_high_percent": 115,
    "voltage_delay_s": 5, "current_ca": 4000, "current_percent": 125, "current_delay_s": 10,
    "dry_percent": 50, "dry_delay_s": 30, "lockout_s": 900, "lockout_trips": 3,
}  # fmt: skip
RATED_W = 22_000
DAY_MS = 86_400_000
GOOD = {
    "voltage_a_dv": 2200, "voltage_b_dv": 2190, "voltage_c_dv": 2210,
    "current_a_ca": 3900, "current_b_ca": 3950, "current_c_ca": 4000, "power_w": 21_000,
}  # fmt: skip
REST = dict(GOOD)
REST.update({"current_a_ca": 0, "current_b_ca": 0, "current_c_ca": 0, "power_w": 0})


def reading(base=GOOD, **changed):
    values = dict(base)
    values.update(changed)
    return values


def volts(a, b, c):
    return {"voltage_a_dv": a, "voltage_b_dv": b, "voltage_c_dv": c}


def amps(a, b, c):
    return {"current_a_ca": a, "current_b_ca": b, "current_c_ca": c}


def protect(rated_w=RATED_W, **changed):
    settings = dict(SETTINGS)
    settings.update(changed)
    return Protection(settings, rated_w)


def trip_s(values, bad_from_s=20, good_from_s=200, **changed):
    """(cause, second) of the stop of a pump that runs since 0 s and shows `values` from a second on.

    `values` may be a function of the second; a reading that is None failed.
    """
    guard = protect(**changed)
    now, at_ms = GOOD, None
    for now_ms in range(0, 100_001, 250):
        if now_ms % 1000 == 0:
            second = now_ms // 1000
            now = values(second) if callable(values) else values
            now = now if bad_from_s <= second < good_from_s else GOOD
            at_ms, now = (at_ms, {}) if now is None else (now_ms, now)
        cause = guard.check(now, at_ms, 0, True, now_ms)
        if cause:
            return cause, now_ms / 1000
    return causes.NONE, None


def stands(values, **changed):
    """The cause that one reading at rest gives a start."""
    return protect(**changed).check(values, 5000, 0, False, 5000)


def test_a_sound_motor_trips_nothing():
    assert trip_s(GOOD) == (causes.NONE, None)
    assert stands(REST) == causes.NONE


def test_each_cause_comes_at_the_end_of_its_delay_and_not_before():
    for values, cause, delay_s in (
        (volts(2200, 1319, 2200), causes.PHASE_LOSS, 2),
        (amps(20, 4100, 4100), causes.PHASE_LOSS, 2),
        (amps(5001, 3900, 3900), causes.OVER_CURRENT, 10),
        (volts(1869, 2000, 2000), causes.UNDER_VOLTAGE, 5),
        (volts(2000, 2531, 2000), causes.OVER_VOLTAGE, 5),
        ({"power_w": 10_999}, causes.DRY_RUN, 30),
        (volts(0, 0, 0) | {"power_w": 0}, causes.MAINS_LOST, 2),
    ):
        assert trip_s(reading(**values)) == (cause, 20 + delay_s), values
        # Over one reading before its delay: nothing.
        assert trip_s(reading(**values), good_from_s=20 + delay_s) == (causes.NONE, None), values


def test_the_value_on_the_line_trips_nothing():
    for values in (
        volts(1870, 1870, 2530),  # 85 % and 115 %
        amps(5000, 5000, 5000),  # 125 % of 40 A
        amps(3000, 300, 3000),  # 10 % of the others
        amps(800, 0, 800),  # the others carry no more than 20 % of rated
        {"power_w": 11_000},
    ):
        assert trip_s(reading(**values)) == (causes.NONE, None), values
    assert trip_s(reading(**volts(2200, 1320, 2200)))[0] == causes.UNDER_VOLTAGE  # 60 %: there, and low
    assert trip_s(reading(**volts(1200, 1320, 1200))) == (causes.PHASE_LOSS, 22)
    assert trip_s(reading(**amps(3000, 299, 3000))) == (causes.PHASE_LOSS, 22)
    assert trip_s(reading(**amps(802, 0, 801))) == (causes.PHASE_LOSS, 22)


def test_delays_and_lines_are_the_settings():
    low, high = reading(**volts(1700, 1700, 1700)), reading(**amps(4100, 4100, 4100))
    assert trip_s(low, voltage_delay_s=0) == (causes.UNDER_VOLTAGE, 20)
    assert trip_s(low, voltage_low_percent=70) == (causes.NONE, None)
    assert trip_s(high, current_percent=102, current_delay_s=3) == (causes.OVER_CURRENT, 23)
    assert trip_s(reading(power_w=4000), dry_delay_s=7) == (causes.DRY_RUN, 27)
    assert trip_s(reading(**volts(2200, 1600, 2200)), phase_loss_percent=75) == (causes.PHASE_LOSS, 22)


def test_a_setting_of_zero_switches_a_protection_off():
    assert trip_s(reading(**amps(9000, 9000, 9000)), current_ca=0) == (causes.NONE, None)
    assert trip_s(reading(**amps(0, 9000, 9000)), current_ca=0) == (causes.NONE, None)
    assert trip_s(reading(power_w=0), dry_percent=0) == (causes.NONE, None)
    assert trip_s(reading(power_w=0), rated_w=None) == (causes.NONE, None)
    assert trip_s(reading(**volts(0, 9000, 2200)), voltage_dv=0) == (causes.NONE, None)
    assert stands(reading(REST, **volts(0, 9000, 2200)), voltage_dv=0) == causes.NONE


def test_unknown_is_never_zero():
    assert trip_s({}) == (causes.NONE, None)
    assert trip_s(dict.fromkeys(GOOD)) == (causes.NONE, None)
    for name in GOOD:  # one value missing changes nothing on a sound motor, and hides no other cause
        assert trip_s(reading(**{name: None})) == (causes.NONE, None), name
        if not name.startswith("voltage"):
            low = reading(**volts(1700, 1700, 1700))
            low[name] = None
            assert trip_s(low)[0] == causes.UNDER_VOLTAGE, name


def test_a_single_phase_motor_has_one_phase_and_misses_no_other():
    one = {"voltage_a_dv": 2200, "current_a_ca": 3900, "power_w": 8000}
    assert trip_s(one, rated_w=8000) == (causes.NONE, None)
    assert stands(one) == causes.NONE
    assert trip_s(reading(one, voltage_a_dv=1200), rated_w=8000) == (causes.UNDER_VOLTAGE, 25)
    assert trip_s(reading(one, current_a_ca=5100), rated_w=8000) == (causes.OVER_CURRENT, 30)


def test_two_transformers_on_three_phases_see_a_lost_phase():
    assert trip_s(reading(**amps(3000, None, 3100))) == (causes.NONE, None)
    assert trip_s(reading(**amps(3000, None, 100))) == (causes.PHASE_LOSS, 22)


def test_a_reversed_transformer_is_no_lost_phase_and_no_dry_run():
    assert trip_s(reading(power_w=-21_000, **amps(-3900, 3900, 3900))) == (causes.NONE, None)
    assert trip_s(reading(**amps(-5100, 3900, 3900))) == (causes.OVER_CURRENT, 30)


def test_all_phases_low_is_a_brown_out_and_none_at_all_is_the_mains():
    assert trip_s(reading(**volts(1200, 1200, 1200))) == (causes.UNDER_VOLTAGE, 25)
    assert trip_s(reading(**volts(220, 220, 220))) == (causes.UNDER_VOLTAGE, 25)
    assert trip_s(reading(power_w=0, **volts(219, 219, 219))) == (causes.MAINS_LOST, 22)


def test_lost_mains_lock_nothing_out():
    guard = protect()
    for second in range(20):
        cause = guard.check(reading(power_w=0, **volts(0, 0, 0)), second * 1000, 0, True, second * 1000)
    assert cause == causes.MAINS_LOST
    assert guard.lockout.refusal(20_000) == causes.NONE and guard.lockout.events == []


def test_the_first_two_seconds_after_a_switching_are_noise():
    assert trip_s(reading(**volts(0, 2200, 2200)), bad_from_s=0) == (causes.PHASE_LOSS, 4)
    guard = protect()
    assert guard.check(reading(REST, **volts(0, 2200, 2200)), 6999, 5000, False, 6999) == causes.NONE
    assert guard.check(reading(REST, **volts(0, 2200, 2200)), 7000, 5000, False, 7000) == causes.PHASE_LOSS


def test_a_dry_run_is_judged_after_fifteen_seconds_of_run():
    assert trip_s(reading(power_w=1000), bad_from_s=0) == (causes.DRY_RUN, 45)
    guard = protect()
    for second in range(1000, 1045):
        dry = guard.check(reading(power_w=0), second * 1000, 1_000_000, True, second * 1000)
        assert dry == causes.NONE, second
    assert guard.check(reading(power_w=0), 1_045_000, 1_000_000, True, 1_045_000) == causes.DRY_RUN
    assert trip_s(lambda second: reading(power_w=0 if second < 15 else 20_000), bad_from_s=0)[0] == 0


def test_a_new_run_begins_every_delay_anew():
    guard = protect()
    bad = reading(**amps(6000, 6000, 6000))
    for second in range(20, 30):
        assert guard.check(bad, second * 1000, 0, True, second * 1000) == causes.NONE
    for second in range(40, 52):
        assert guard.check(bad, second * 1000, 40_000, True, second * 1000) == causes.NONE, second
    assert guard.check(bad, 52_000, 40_000, True, 52_000) == causes.OVER_CURRENT
    # Off and on again within the time that readings may be apart; the cause of the last run is over.
    assert guard.check(bad, 52_000, 53_000, False, 53_000) == causes.NONE
    for second in range(54, 66):
        assert guard.check(bad, second * 1000, 54_000, True, second * 1000) == causes.NONE, second
    assert guard.check(bad, 66_000, 54_000, True, 66_000) == causes.OVER_CURRENT


def test_a_reading_counts_once_however_often_it_is_shown():
    guard = protect()
    for now_ms in range(20_000, 60_000, 250):
        assert guard.check(reading(**volts(0, 2200, 2200)), 20_000, 0, True, now_ms) == causes.NONE


def test_lost_answers_neither_trip_nor_clear_and_a_long_silence_begins_anew():
    bad = reading(**amps(6000, 6000, 6000))
    assert trip_s(lambda second: None if second in (24, 25, 29) else bad) == (causes.OVER_CURRENT, 30)
    assert trip_s(lambda second: {} if second in (24, 25, 29) else bad) == (causes.OVER_CURRENT, 30)
    # 23 s and 28 s are five seconds apart: the same condition; 23 s and 29 s are not.
    assert trip_s(lambda second: None if 24 <= second < 28 else bad) == (causes.OVER_CURRENT, 30)
    assert trip_s(lambda second: None if 24 <= second < 29 else bad) == (causes.OVER_CURRENT, 39)


def test_a_start_is_refused_while_the_voltage_is_wrong():
    for values, cause in (
        (volts(0, 2200, 2200), causes.PHASE_LOSS),
        (volts(1800, 1800, 1800), causes.UNDER_VOLTAGE),
        (volts(2600, 2200, 2200), causes.OVER_VOLTAGE),
        (volts(None, 1800, None), causes.UNDER_VOLTAGE),
        (volts(None, None, None), causes.NONE),
    ):
        assert stands(reading(REST, **values)) == cause, values
    # No voltage at all at rest: a meter behind the contactor, which must not forbid every start.
    assert stands(reading(REST, **volts(0, 0, 0))) == causes.NONE
    assert stands(reading(REST, power_w=0, **amps(0, 3000, 3000))) == causes.NONE  # only the voltages


def test_a_standing_cause_goes_with_the_next_good_reading_or_with_its_age():
    guard = protect()
    bad = reading(REST, **volts(1500, 1500, 1500))
    assert guard.check(bad, 10_000, 0, False, 10_000) == causes.UNDER_VOLTAGE
    assert guard.check({}, 10_000, 0, False, 15_000) == causes.UNDER_VOLTAGE  # that reading failed
    assert guard.check(REST, 20_000, 0, False, 20_000) == causes.NONE
    assert guard.check(bad, 30_000, 0, False, 30_000) == causes.UNDER_VOLTAGE
    assert guard.check({}, 30_000, 0, False, 60_000) == causes.UNDER_VOLTAGE
    assert guard.check({}, 30_000, 0, False, 60_001) == causes.NONE
    assert protect().check({}, None, 0, False, 99_000) == causes.NONE
    assert not guard.lockout.events


def test_mains_are_there_gone_or_not_known():
    for values, is_present in (
        (volts(2200, 2200, 2200), True),
        (volts(0, 0, 220), True),
        (volts(0, 0, 219), False),
        (volts(None, 0, None), False),
        (volts(None, None, None), None),
        ({}, None),
    ):
        assert protection.is_mains_present(values, 2200) is is_present, values
    assert protection.is_mains_present(GOOD, 0) is None


# -- lock-out ---------------------------------------------------------------------------


def lockout(**changed):
    settings = dict(SETTINGS)
    settings.update(changed)
    return Lockout(settings)


def test_a_trip_locks_out_once_and_says_so():
    guard = protect()
    for second in range(60):
        cause = guard.check(reading(**volts(0, 2200, 2200)), second * 1000, 0, True, second * 1000)
    assert cause == causes.PHASE_LOSS
    lock = guard.lockout
    assert lock.trips == 1 and lock.refusal(60_000) == causes.LOCKED_OUT
    assert lock.events == [
        (causes.LOCKOUT_BEGAN, {"cause": causes.PHASE_LOSS, "trips": 1, "seconds": 900}),
    ]
    # Tripped at 4 s; it ends by itself, without anybody asking.
    guard.check(REST, None, 5000, False, 903_999)
    assert len(lock.events) == 1
    guard.check(REST, None, 5000, False, 904_000)
    assert lock.events[1:] == [
        (causes.LOCKOUT_ENDED, {"cause": causes.PHASE_LOSS, "trips": 1, "seconds": 0}),
    ]
    assert lock.refusal(904_000) == causes.NONE and lock.cause == causes.NONE


def test_its_events_fit_their_record():
    lock = lockout(lockout_trips=2)
    lock.begin(causes.DRY_RUN, 0)
    lock.begin(causes.DRY_RUN, 0)
    for _, values in lock.events:
        detail = fields.pack(event_details.LOCKOUT, values)
        assert len(detail) == 24 and fields.unpack(event_details.LOCKOUT, detail) == values
    assert lock.events[1][1]["seconds"] is None  # no end: until a technician resets it


def test_the_time_left_is_rounded_up_and_runs_down():
    lock = lockout()
    assert lock.left_s(0) == 0
    lock.begin(causes.NO_WATER, 1000)
    for now_ms, left_s in ((1000, 900), (1001, 900), (2000, 899), (900_999, 1), (901_000, 0)):
        assert lock.left_s(now_ms) == left_s, now_ms
        assert lock.refusal(now_ms) == (causes.LOCKED_OUT if left_s else causes.NONE)


def test_it_doubles_with_every_trip_up_to_four_hours():
    lock = lockout(lockout_trips=50)
    waits, now_ms = [], 0
    for _ in range(8):
        lock.begin(causes.OVER_CURRENT, now_ms)
        waits.append(lock.left_s(now_ms))
        now_ms += waits[-1] * 1000
        assert lock.refusal(now_ms) == causes.NONE
    assert waits == [900, 1800, 3600, 7200, 14_400, 14_400, 14_400, 14_400]


def test_after_the_last_trip_only_a_technician_ends_it():
    lock = lockout()
    for at_ms in (0, 3_600_000, 2 * 3_600_000):
        assert not lock.is_latched
        lock.begin(causes.PHASE_LOSS, at_ms)
    assert lock.is_latched and lock.left_s(10 * DAY_MS) is None
    assert lock.refusal(10 * DAY_MS) == causes.LOCKED_OUT
    del lock.events[:]
    lock.reset()
    assert [cause for cause, _ in lock.events] == [causes.LOCKOUT_ENDED]
    assert lock.refusal(10 * DAY_MS) == causes.NONE and lock.left_s(10 * DAY_MS) == 0 and lock.trips == 0
    lock.reset()
    assert len(lock.events) == 1  # nothing stood: nothing ended


def test_trips_more_than_a_day_apart_do_not_count_together():
    lock = lockout()
    for day in range(5):
        lock.begin(causes.PHASE_LOSS, day * (DAY_MS // 2))
        assert not lock.is_latched and lock.trips <= 2 and lock.left_s(day * (DAY_MS // 2)) <= 1800
    lock = lockout(lockout_trips=2)
    lock.begin(causes.PHASE_LOSS, 5 * DAY_MS)
    lock.begin(causes.PHASE_LOSS, 6 * DAY_MS - 1)
    assert lock.is_latched


def test_half_an_hour_of_sound_running_forgets_the_trips_before_it():
    def ran(run_ms):
        guard = protect()
        guard.lockout.begin(causes.DRY_RUN, 0)
        guard.lockout.begin(causes.DRY_RUN, 2_000_000)
        start_ms = 5_000_000
        for now_ms in range(start_ms, start_ms + run_ms + 1, 1000):
            assert guard.check(GOOD, now_ms, start_ms, True, now_ms) == causes.NONE
        return guard.lockout.trips

    assert ran(1_799_000) == 2 and ran(1_800_000) == 0


def test_a_run_that_ends_in_a_trip_is_no_sound_one():
    guard = protect()
    guard.lockout.begin(causes.DRY_RUN, 0)
    guard.lockout.tick(1_000_000, 0)
    for second in range(1000, 1100):
        guard.check(reading(**volts(0, 2200, 2200)), second * 1000, 1_000_000, True, second * 1000)
    guard.check({}, None, 1_000_000, True, 2_900_000)  # the contactor did not open: it runs on
    assert guard.lockout.trips == 2 and guard.lockout.refusal(2_900_000) == causes.NONE


def test_power_cycling_clears_nothing():
    lock = lockout()
    lock.begin(causes.PHASE_LOSS, 0)
    lock.begin(causes.DRY_RUN, 1_000_000)
    kept = lock.snapshot(1_300_500)
    assert kept == {
        "lockout_cause": causes.DRY_RUN, "lockout_trips": 2, "lockout_left_s": 1500, "is_latched": 0,
    }  # fmt: skip
    again = lockout()
    again.restore(fields.unpack(protection.LAYOUT, fields.pack(protection.LAYOUT, kept)), 50)
    assert again.left_s(50) == 1500 and again.cause == causes.DRY_RUN and again.events == []
    assert again.refusal(1_500_049) == causes.LOCKED_OUT and again.refusal(1_500_050) == causes.NONE
    assert again.events[0][0] == causes.LOCKOUT_ENDED
    again.begin(causes.DRY_RUN, 2_000_000)
    assert again.is_latched
    latched = lockout()
    latched.restore(again.snapshot(2_000_000), 7)
    assert latched.is_latched and latched.left_s(DAY_MS) is None
    assert latched.refusal(DAY_MS) == causes.LOCKED_OUT


def test_power_cycling_every_minute_does_not_run_it_down_faster():
    lock, up_s = lockout(), 0
    lock.begin(causes.PHASE_LOSS, 0)
    kept = lock.snapshot(0)
    while kept["lockout_left_s"]:
        lock = lockout()
        lock.restore(kept, 3)
        up_s += 60
        kept = lock.snapshot(60_003)
    assert up_s == 900


def test_a_memory_that_was_never_written_locks_nothing_out():
    for raw in (bytes(7), b"\xff" * 7):
        lock = lockout()
        lock.restore(fields.unpack(protection.LAYOUT, raw), 9)
        assert lock.refusal(9) == causes.NONE and lock.trips == 0 and lock.left_s(9) == 0


def test_more_trips_than_a_byte_counts_still_fit_their_field():
    lock = lockout(lockout_trips=3)
    for at_ms in range(300):  # a contactor that hangs, a caller that goes on
        lock.begin(causes.NO_WATER, at_ms)
    assert lock.trips == 100 and lock.left_s(300) is None
    assert len(fields.pack(protection.LAYOUT, lock.snapshot(300))) == 7
