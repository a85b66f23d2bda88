"""The books: W moves by plausible steps only, never falls, and P counts what is not believed."""

from karez_firmware.core import books, register
from karez_firmware.core.segment import Segment
from karez_protocols import binding, record

SITE = {"upper_ml_per_wh": 3000, "rated_flow_lph": 60_000, "rated_power_w": 22_000}
WATER = {"quantity": binding.WATER, "base": 0, "register_base": 23_879, "multiplier_ppm": 1_000_000}
ENERGY = {"quantity": binding.ENERGY, "base": 0, "register_base": 1_000, "multiplier_ppm": 1_000_000}


def fresh_register(base=0, register_base=1000, multiplier_ppm=1_000_000, riser=0):
    """A register that nobody has read yet, at 60 m3/h."""
    row = {"base": base, "register_base": register_base, "multiplier_ppm": multiplier_ppm}
    return register.Register(Segment(binding.WATER, 1, row), 60_000, riser)


def a_register(**named):
    """A register that has agreed on 1000 at 2 s."""
    found = fresh_register(**named)
    for now_ms in (0, 1000, 2000):
        result = found.offer(1000, now_ms)
    assert result == register.BACK and found.value == 0
    return found


def known_books():
    """Books whose both registers have agreed; at 2 s."""
    found = books.Books(SITE, [WATER, ENERGY])
    for now_ms in (0, 1000, 2000):
        found.read_energy(1_000, now_ms, None)
        found.read_water(23_879, now_ms, None)
    assert found.volume_l == 0 and found.energy_wh == 0
    return found


def test_three_agreeing_readings_begin_the_books():
    found = fresh_register()
    assert found.offer(1000, 0) == register.HELD and found.value is None
    assert found.offer(1001, 1000) == register.HELD
    assert found.offer(1002, 2000) == register.BACK and found.value == 2


def test_a_step_is_plausible_up_to_a_quarter_over_rated_and_one_step():
    # 60 m3/h for 1 s is 16.7 l; a quarter more is 20.8 l, one register step makes 21.
    assert a_register().offer(1000 + 21, 3000) == register.GOOD
    assert a_register().offer(1000 + 22, 3000) == register.HELD
    assert a_register().offer(999, 3000) == register.HELD


def test_one_wild_reading_moves_nothing_and_the_next_good_one_counts():
    found = a_register()
    assert found.offer(66_536_000, 3000) == register.HELD and found.value == 0
    assert found.offer(1020, 4000) == register.GOOD and found.value == 20


def test_a_register_that_falls_and_stays_decides_after_ten_seconds_and_w_stands():
    found = a_register()
    assert found.offer(1020, 3000) == register.GOOD
    results = [found.offer(5 + i, 4000 + 1000 * i, beside=i) for i in range(12)]
    # The caller has to open a segment; until it does nothing changes.
    assert results[:10] == [register.HELD] * 10 and results[10:] == [register.OPENED] * 2
    assert found.value == 20 and found.first == (5, 0)


def test_readings_that_never_agree_are_held_and_uncertain_after_ten_seconds():
    found = a_register()
    results = [found.offer(90_000 * (1 + i % 2), 3000 + 1000 * i) for i in range(12)]
    assert results[:10] == [register.HELD] * 10 and results[10:] == [register.UNCERTAIN] * 2
    assert found.is_uncertain and found.value == 0
    assert found.offer(1001, 15_000) == register.GOOD and not found.is_uncertain


def test_what_no_meter_shows_is_held():
    found = a_register()
    for at, wild in enumerate((-5, -4, -3, 1 << 47, (1 << 47) + 1)):
        assert found.offer(wild, 3000 + 5000 * at) in (register.HELD, register.UNCERTAIN), wild
    assert found.value == 0 and found.agreed() is None


def test_after_a_restart_the_step_over_the_gap_is_bounded_by_the_outage():
    for step, outage_s, expected in (
        (300, 20, register.BACK),
        (300, 10, register.HELD),
        (300, None, register.HELD),
    ):
        found = fresh_register()
        found.restore(5000)
        bound = None if outage_s is None else found.bound(outage_s * 1000)
        for now_ms in (0, 1000, 2000):
            result = found.offer(5000 + step, now_ms, bound)
        assert result == expected, (step, outage_s)
        assert found.value == (4300 if expected == register.BACK else 4000)


def test_no_sequence_of_readings_makes_w_fall():
    found = a_register()
    value = seed = 1
    now_ms = 3000
    highest = 0
    for _ in range(2000):
        seed = (seed * 1_103_515_245 + 12_345) & 0x7FFFFFFF
        kind = seed >> 16 & 7
        now_ms += 1000 if kind else 90_000
        value += 16
        wild = seed & 0xFFFF if kind == 1 else (-(seed & 0xFF) if kind == 2 else 0)
        found.offer(1000 + value + wild, now_ms, found.bound(90_000))
        assert found.value >= highest
        highest = found.value


def test_the_multiplier_scales_and_the_base_carries_on():
    found = fresh_register(500, 100, 2_500_000)
    for now_ms in (0, 1000, 2000):
        found.offer(104, now_ms)
    assert found.value == 510


def test_p_counts_by_energy_while_the_water_meter_is_silent_and_a_good_reading_clears_it():
    found = known_books()
    for second in range(3, 20):
        found.read_energy(1_000 + 6 * (second - 2), second * 1000, None)
        found.tick(second * 1000, True)
    # 17 s at 6 Wh/s, upper coefficient 3 l/Wh.
    assert found.held_l == 17 * 6 * 3 and found.volume_l == 0 and found.charged_l == 306
    assert found.method == record.CONVERTED
    assert found.read_water(23_879 + 250, 20_000, None) == register.GOOD
    assert found.held_l == 0 and found.charged_l == 250 and found.method == record.METERED


def test_energy_read_behind_the_last_water_of_a_run_is_no_p():
    for last_ms, held_l in ((20_500, 0), (19_500, 8 * 3)):  # read behind the opening, or before it
        found = known_books()
        found.tick(3_000, True)
        found.read_energy(1_100, 19_000, None)
        found.tick(20_000, True)
        if last_ms < 20_000:
            found.read_water(23_879 + 250, last_ms, None)
        found.tick(20_001, False)
        if last_ms > 20_000:
            found.read_water(23_879 + 250, last_ms, None)
        found.read_energy(1_108, 20_600, None)
        found.tick(24_000, False)
        assert found.volume_l == 250 and found.held_l == held_l, last_ms


def test_without_an_energy_meter_p_counts_rated_flow_times_time_closed():
    found = books.Books(SITE, [WATER])
    for now_ms in (0, 1000, 2000):
        found.read_water(23_879, now_ms, None)
    found.tick(2000, True)
    for second in range(3, 13):
        found.tick(second * 1000, True)
    # P begins when a second poll is missed; the time closed counts from then on.
    assert 0 < found.held_l <= 60_000 * 10 // 3600


def test_a_gap_names_what_stood_before_it():
    found = books.Books(SITE, [WATER, ENERGY])
    found.restore({"register_l": 24_879, "energy_register_wh": 1_300, "held_l": 0})
    for now_ms in (0, 1000, 2000):
        found.read_energy(1_310, now_ms, 30)
        found.read_water(24_900, now_ms, 30)
    assert found.gap == (1000, 300) and found.volume_l == 1021


def test_an_untrusted_outage_is_bounded_by_energy_times_the_upper_coefficient():
    for step_l, is_booked in ((29, True), (40, False)):
        found = books.Books(SITE, [WATER, ENERGY])
        found.restore({"register_l": 24_879, "energy_register_wh": 1_300, "held_l": 0})
        found.energy.offer(1_310, 0, 1000)
        found.energy.offer(1_310, 1, 1000)
        found.energy.offer(1_310, 2, 1000)
        for now_ms in (1000, 2000, 3000):
            found.read_water(24_879 + step_l, now_ms, None)
        assert (found.volume_l == 1000 + step_l) == is_booked, step_l


def test_a_register_that_moves_in_coarse_steps_is_believed_one_step_at_a_time():
    # A pulse of 100 L, and 0.01 kWh behind a transformer of 30: both more than a second's flow.
    found = known_books()
    assert found.read_water(23_979, 3000, None, 100) == register.GOOD and found.volume_l == 100
    assert found.read_energy(1_300, 3000, None, 300) == register.GOOD and found.energy_wh == 300
    assert found.read_water(24_179, 4000, None, 100) == register.HELD  # two steps at once
    assert found.read_water(24_079, 5000, None, 1) == register.HELD  # the same step of a fine register
    assert found.read_water(24_079, 6000, None, 100) == register.GOOD
