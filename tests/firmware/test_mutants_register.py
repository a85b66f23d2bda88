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


def test_a_register_without_a_riser_takes_no_fall_and_no_reading_beyond_its_modulus():
    row = {"base": 0, "register_base": 0, "multiplier_ppm": 1_000_000}
    for last, now in ((1000, 999), (0, MODULUS + 1)):
        found = register.Register(Segment(binding.WATER, 1, row), 60_000)
        found.restore(last)
        found.last_ms, found.modulus = 0, MODULUS
        assert found.offer(now, 1000, is_open=True) == register.HELD, now


def test_the_first_reading_of_a_segment_may_not_fall_with_the_contactor_closed():
    found = fresh(riser=50)
    found.reopen(found.segment, 5000, 0)
    assert found.offer(4990, 1000) == register.HELD


def test_what_the_meter_showed_itself_contains_no_turns():
    found = at(MODULUS + 5, modulus=MODULUS)
    found.offer(20, 0, gap_bound=500)
    assert found.last == MODULUS + 5 and found.segment.turned == 0


def test_a_booked_value_is_taken_only_if_it_lies_above_what_is_known():
    for value, last, last_ms, below in (
        (4500, 5500, None, 0), (4001, 5001, None, 0), (4000, 5000, 70, 30), (3999, 5000, 70, 30),
        (None, 5000, 70, 30),
    ):  # fmt: skip
        found = at(5000, below=30, last_ms=70)
        found.catch_up(value)
        assert (found.last, found.last_ms, found.below) == (last, last_ms, below), value
    found = fresh()
    found.catch_up(4000)
    assert (found.last, found.below) == (5000, 0)


def test_whole_turns_are_taken_out_of_a_register_that_was_computed_and_w_stands():
    # From 1,000 on: the value 249,030 lies two whole turns and 50,030 on, 99,000 exactly one turn.
    for value, last, turned in (
        (249_030, 50_030, 2 * MODULUS), (99_000, 0, MODULUS), (98_000, 99_000, 0), (99_001, 1, MODULUS),
    ):  # fmt: skip
        found = fresh()
        found.catch_up(value)
        found.modulus = MODULUS
        results = [found.offer(last + 4, now_ms, gap_bound=500) for now_ms in (0, 1000, 2000)]
        assert results[-1] == register.BACK and found.value == value + 4, value
        assert (found.last, found.segment.turned) == (last + 4, turned), value


def test_in_the_longest_outage_a_well_of_sixty_cubic_metres_an_hour_pumps_720_000():
    assert fresh().bound(400 * 86_400_000) == 720_000_000 + 1


def test_a_reading_offered_without_more_is_of_a_closed_contactor_and_has_nothing_beside_it():
    found = at(5000, last_ms=0, riser=50)
    assert found.offer(4990, 1000) == register.HELD
    found = fresh()
    for now_ms in (0, 1000):
        found.offer(900, now_ms)
    found.offer(900, 2000)
    assert found.agreed() == ((900, 0, 0), (900, 2000, 0))


def test_readings_are_behind_if_the_first_of_them_was_wherever_they_have_come_to():
    for first, is_behind in ((4990, True), (4999, True), (5000, False), (5001, False)):
        found = at(5000)
        found.offer(first, 0)
        assert found.is_behind == is_behind, first
        found.offer(first + 20, 1000)
        assert found.is_behind == is_behind, first


def test_water_runs_back_through_zero_by_the_whole_riser_and_no_farther():
    for now, result in ((99_960, register.BACKFLOW), (99_959, register.HELD)):
        found = at(10, last_ms=0, modulus=MODULUS, riser=50)
        assert found.offer(now, 1000, is_open=True) == result, now
        assert found.last == 10 and found.below == (50 if result == register.BACKFLOW else 0)
    found = at(10, modulus=MODULUS, riser=50)
    results = [found.offer(9_010, now_ms, gap_bound=10_000) for now_ms in (0, 1000, 2000)]
    assert results[-1] == register.BACK and found.value == 9_010 - 1000


def test_backflow_goes_on_below_where_the_meter_stands_and_nowhere_above():
    for now, result, below in (
        (4959, register.BACKFLOW, 41), (4950, register.BACKFLOW, 50), (4949, register.HELD, 40),
        (4960, register.GOOD, 40), (4981, register.GOOD, 19), (4985, register.HELD, 40),
        (5001, register.HELD, 40),
    ):  # fmt: skip
        found = at(5000, below=40, last_ms=0, riser=50)
        assert found.offer(now, 1000, is_open=True) == result, now
        assert (found.below, found.last) == (below, 5000), now
    found = at(5000, last_ms=0, riser=50)
    assert found.offer(4999, 1000, is_open=True) == register.BACKFLOW
    assert (found.last, found.below) == (5000, 1)


def test_after_an_outage_that_nothing_bounds_a_fall_is_believed_with_the_contactor_open_and_standing_still():
    for now, result in (
        (4959, register.BACKFLOW), (4960, register.BACK), (4961, register.BACK), (4962, register.HELD),
    ):  # fmt: skip
        found = at(5000, below=40, riser=50)
        results = [found.offer(now, now_ms, None, is_open=True) for now_ms in (0, 1000, 2000)]
        assert results[-1] == result, now


def fallen(last, readings, now):
    """Whether a meter that stood at `last` shows at 8192 ms that it was set back to `readings` before."""
    found = at(last, last_ms=0)
    for number, reading in enumerate(readings):
        assert found.offer(reading, 8192 - 1000 * (len(readings) - number)) == register.HELD
    assert found.offer(now, 8192) == register.GOOD
    return found.has_fallen


def test_a_meter_that_goes_on_from_a_fall_was_set_back_and_one_that_jumps_home_was_not():
    assert fallen(5000, (4985, 4985, 4985), 5005)  # 20 l in the last second
    assert fallen(20, (10, 12, 15), 21)
    # Home in one second, which 60 m3/h cannot: it was the readings between that were wrong.
    assert not fallen(5000, (4900,) * 6, 5010)
    assert not fallen(30, (3,) * 6, 33)


def test_readings_agree_if_each_is_a_step_from_the_one_before():
    for step, readings, is_agreed in (
        (10, (900, 930, 960), True), (10, (900, 930, 961), False), (1, (900, 900, 1010), False),
        (1, (900, 921, 942), True), (1, (900, 899, 920), False), (1, (900, 900, 900), True),
    ):  # fmt: skip
        found = at(50_000)
        found.step = step
        for number, reading in enumerate(readings):
            found.offer(reading, 6192 + 1000 * number)
        assert (found.agreed() is not None) == is_agreed, readings


def test_no_reading_under_the_bindings_own_or_seventeen_million_cubic_metres_above_begins_the_books():
    for reading, is_believed in ((999, False), (1000, True), (1001 + (1 << 34), False)):
        found = fresh()
        for now_ms in (0, 1000, 2000):
            found.offer(reading, now_ms)
        assert found.is_known == is_believed, reading


def test_over_a_gap_the_step_may_be_as_large_as_its_bound_and_no_fall_at_all():
    for now, below, is_believed in (
        (5500, 0, True), (5501, 0, False), (5000, 0, True), (4999, 0, False), (5470, 30, True),
        (5471, 30, False), (4970, 30, True), (4969, 30, False),
    ):  # fmt: skip
        found = at(5000, below)
        results = [found.offer(now, now_ms, gap_bound=500) for now_ms in (0, 1000, 2000)]
        assert results[-1] == (register.BACK if is_believed else register.HELD), (now, below)


def decided(last, now, below=0, modulus=MODULUS):
    """What eleven readings of `now`, held since a second after `last`, come to; the value moved by."""
    found = at(last, below, last_ms=0, modulus=modulus)
    before = found.value
    for now_ms in range(1000, 11_001, 1000):
        result = found.offer(now, now_ms)
    return result, found.value - before


def test_a_rollover_is_a_step_that_the_time_since_the_last_good_reading_allows():
    assert fresh().bound(11_000) == 230
    rolled, opened = (register.ROLLED, 222), (register.OPENED, 0)
    # 99,900 was the highest, the meter stood 8 under it.
    assert decided(99_900, 122, below=8) == rolled and decided(99_900, 123, below=8) == opened
    # Nothing at all is the least step; a total that stood above its modulus has not come so far.
    assert decided(MODULUS, 0) == (register.ROLLED, 0) and decided(MODULUS + 1, 0) == opened
    # From the middle of its range no well comes home so soon.
    assert decided(50_000, 5) == opened and decided(50_000, 0) == opened


def test_a_rollover_reaches_an_eighth_of_the_modulus_and_no_farther():
    # Of 1,007 that is 125: 100 to the end and 25 from there on.
    assert decided(907, 25, modulus=1007) == (register.ROLLED, 125)
    assert decided(907, 26, modulus=1007) == (register.OPENED, 0)
