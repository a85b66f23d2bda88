"""What mutants of the register showed: ages in whole seconds, near rollovers, what agrees and since when."""

from karez_firmware.core import register
from karez_firmware.core.segment import Segment
from karez_protocols import binding

MODULUS = 100_000


def fresh(base=0, register_base=1000, riser=0, rate_per_h=60_000):
    row = {"base": base, "register_base": register_base, "multiplier_ppm": 1_000_000}
    return register.Register(Segment(binding.WATER, 1, row), rate_per_h, riser)


def at(last, below=0, last_ms=None, modulus=None, riser=0):
    """A register whose highest good reading was `last`."""
    found = fresh(riser=riser)
    found.restore(last, below)
    found.last_ms, found.modulus = last_ms, modulus
    return found


def test_numbers_of_results_stay_apart():
    results = (register.GOOD, register.BACK, register.HELD, register.UNCERTAIN, register.ROLLED)
    assert results + (register.BACKFLOW, register.OPENED) == (1, 2, 3, 4, 5, 6, 7)  # noqa: RUF005 - MicroPython


def test_the_time_since_the_last_good_reading_is_rounded_up_to_seconds():
    for last_ms, now_ms, since_ms in (
        (5000, 5000, 0), (5000, 5001, 1000), (5000, 5999, 1000), (5000, 6000, 1000), (5000, 6001, 2000),
        (7321, 8321, 1000), (7321, 99_999_321, 99_992_000), (7321, 99_999_322, 99_993_000),
    ):  # fmt: skip
        found = at(1000, last_ms=last_ms).since_ms(now_ms, None)
        assert found == since_ms and isinstance(found, int), (last_ms, now_ms)
        assert at(1000, last_ms=last_ms).since_ms(now_ms, 77) == since_ms


def test_after_a_restart_the_outage_counts_and_the_uptime_rounded_up():
    for now_ms, outage_s, since_ms in (
        (0, 0, 0), (0, 7, 7000), (1, 7, 8000), (999, 7, 8000), (1000, 7, 8000), (1001, 7, 9000),
        (5_000_000, 3, 5_003_000), (5_000_001, 3, 5_004_000),
    ):  # fmt: skip
        found = at(1000).since_ms(now_ms, outage_s)
        assert found == since_ms and isinstance(found, int), (now_ms, outage_s)
    assert at(1000).since_ms(5000, None) is None


def test_one_reading_is_believed_up_to_a_minute_after_the_last():
    for age_ms, is_current in ((59_999, True), (60_000, True), (60_001, False)):
        assert at(1000, last_ms=500).is_current(500 + age_ms) == is_current


def test_a_step_is_bounded_by_a_quarter_over_rated_and_one_step_of_the_register():
    found = fresh()
    for elapsed_ms, bound in (
        (0, 1),
        (47, 1),
        (48, 2),
        (1000, 21),
        (3_600_000, 75_001),
        (36_000_000, 750_001),
    ):
        assert found.bound(elapsed_ms) == bound and isinstance(found.bound(elapsed_ms), int), elapsed_ms
    found.step = 10
    assert found.bound(1000) == 30


def test_no_record_holds_a_register_below_nought_or_from_two_to_the_47th_on():
    for value, is_taken in (
        (-1, False), (0, True), (1, True), ((1 << 47) - 1, True), (1 << 47, False), ((1 << 47) + 1, False),
        (1 << 48, False),
    ):  # fmt: skip
        found = fresh()
        for now_ms in (0, 1000, 2000):
            found.offer(value, now_ms)
        assert (found.agreed() is not None or found.is_known) == is_taken, value


def test_a_well_of_seventeen_million_cubic_metres_is_believed_and_no_larger_one():
    for above, result in ((0, register.BACK), ((1 << 34) - 1, register.BACK), (1 << 34, register.HELD)):
        found = fresh()
        results = [found.offer(1000 + above, now_ms) for now_ms in (0, 1000, 2000)]
        assert results[-1] == result, above


def test_a_near_rollover_is_a_step_ahead_and_a_far_fall_is_none():
    # Of 100,000 an eighth, 12,500, may be behind it.
    for last, now, below, ahead in (
        (99_000, 99_000, 0, 0), (99_000, 99_001, 0, 1), (99_000, 98_999, 0, -1), (99_000, 0, 0, 1_000),
        (99_000, 11_500, 0, 12_500), (99_000, 11_501, 0, -87_499), (99_000, 11_400, 100, 12_500),
        (99_000, 11_401, 100, -87_499), (99_000, 98_950, 50, 0), (50_000, 100, 0, -49_900),
    ):  # fmt: skip
        assert at(last, below, modulus=MODULUS).ahead_of(now) == ahead, (last, now, below)
        assert at(last, below).ahead_of(now) == now - last + below


def test_what_a_person_accepts_counts_on_and_a_rollover_adds_its_turn():
    for now, below, turned in (
        (99_000, 0, 0),
        (99_500, 0, 0),
        (98_980, 50, 0),
        (98_950, 50, 0),
        (200, 0, MODULUS),
    ):
        found = at(99_000, below, modulus=MODULUS)
        assert found.accept(now, 5000) == register.BACK and found.segment.turned == turned, now
        assert found.value == max(now, 99_000 if now > 90_000 else 0) + turned - 1000, now
    found = fresh()
    assert found.accept(1500, 5000) == register.BACK and (found.value, found.below) == (500, 0)


def test_of_the_readings_that_agree_the_first_and_the_last_are_told():
    found = at(5000)
    for number, now_ms in enumerate(range(0, 8001, 1000)):
        found.offer(100 + number, now_ms, beside=number)
        agreed = found.agreed()
        if number < 2:
            assert agreed is None
        else:
            assert agreed == ((100, 0, 0), (100 + number, now_ms, number))
    assert found.is_behind


def test_what_is_held_for_ten_seconds_is_uncertain_from_the_third_reading_on():
    for times_ms, result in (
        ((0, 5000, 9999), register.HELD), ((0, 5000, 10_000), register.UNCERTAIN),
        ((0, 5000, 10_001), register.UNCERTAIN), ((0, 20_000), register.HELD),
        ((0, 1000, 2000, 3000, 20_000), register.UNCERTAIN),
    ):  # fmt: skip
        found = fresh()
        for now_ms in times_ms:
            told = found.offer(-5, now_ms)
        assert told == result, times_ms


def test_a_fresh_register_has_held_nothing_and_nothing_flowed():
    found = fresh()
    assert (found.blind_ms, found.below, found.has_fallen, found.is_uncertain) == (0, 0, False, False)
    assert found.value is None and not found.is_known and not found.is_behind and found.agreed() is None


def test_blind_time_counts_from_the_last_good_reading_at_most():
    found = at(1000, last_ms=60_000)
    found.wait(10_000, 63_000)
    assert found.blind_ms == 3000
    found.wait(500, 64_000)
    assert found.blind_ms == 3500
    found = at(1000)
    found.wait(10_000, 3000)
    assert found.blind_ms == 10_000
