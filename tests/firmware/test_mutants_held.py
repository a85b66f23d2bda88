"""What mutants of P showed: when a register is fresh, what a millisecond counts, what good readings leave."""

from karez_firmware.core.held import Held, is_fresh
from karez_firmware.core.register import Register
from karez_firmware.core.segment import Segment
from karez_protocols import grant

HOUR_MS = 3_600_000


def a_register(last_ms=None, blind_ms=0):
    """A register that was last good at `last_ms`, and in which water may have flowed so long."""
    row = {"base": 0, "register_base": 0, "multiplier_ppm": 1_000_000}
    found = Register(Segment(grant.WATER, 1, row), 60_000)
    found.restore(0)
    found.last_ms, found.blind_ms = last_ms, blind_ms
    return found


def test_a_register_is_fresh_for_two_and_a_half_seconds():
    for age_ms, is_fresh_yet in ((0, True), (2_499, True), (2_500, True), (2_501, False), (60_000, False)):
        assert is_fresh(a_register(last_ms=7_000), 7_000 + age_ms) == is_fresh_yet, age_ms
    assert not is_fresh(a_register(), 0)


def test_p_begins_at_nothing_with_a_meter_nobody_doubts():
    found = Held(60_000, 3_000)
    assert (found.litres, found.uncounted_l, found.is_doubted) == (0, 0, False)


def test_p_is_rated_flow_times_time_closed_to_the_litre_after_a_year_too():
    for hours in (1, 8_760):
        assert Held(60_000, 3_000).estimate(a_register(None, hours * HOUR_MS), None, 0) == 60_000 * hours


def test_a_power_meter_that_answers_has_counted_every_millisecond():
    # At 3,600 m3/h a millisecond is a litre.
    for last_ms, litres in ((5_000, 3), (2_500, 3), (2_499, 3 + 7)):
        found = Held(HOUR_MS, 3_000)
        found.energy_wh = 0
        energy = a_register(last_ms, 7)
        energy.last = 1
        assert found.estimate(a_register(None, 9), energy, 5_000) == litres, last_ms


def test_a_good_reading_of_a_doubted_meter_leaves_what_it_has_not_counted_and_never_less_than_before():
    for estimate_l, counted_l, uncounted_l in ((40, 30, 20), (40, 31, 19), (40, 40, 10), (40, 41, 10)):
        found = Held(60_000, 3_000)
        found.restore(40, 10, None, True)
        found.settle(estimate_l + 10, counted_l, None)
        assert (found.uncounted_l, found.litres) == (uncounted_l, uncounted_l), counted_l
        assert not found.is_doubted


def still(found, blind_ms=0, energy=None):
    """Litres that P would begin with; at HOUR_MS litres an hour a millisecond is one."""
    return found.still_l(a_register(0, blind_ms), energy, 0)


def test_what_p_would_begin_with_is_all_time_closed_and_what_was_there_before_a_restart():
    found = Held(HOUR_MS, 3_000)
    assert still(found) == 0
    found.settle(0, 0, None, 4)
    assert still(found, 6) == 10
    found.restore(5, 5, None, False)
    assert still(found) == 0
    found.restore(5, 5, None, False, 12)
    assert still(found, 6) == 18
    found.restore(100, 100, None, False, 0xFFFF_FFFE)
    assert still(found) == 0xFFFF_FFFE - 100


def test_energy_since_the_head_is_all_of_the_standing_and_what_is_told_late_in_a_run_is_not():
    energy = a_register(last_ms=0)
    energy.last = 1_000
    found = Held(HOUR_MS, 3_000)
    found.settle(0, 0, 0, 0)
    assert still(found, energy=energy) == 3  # one step of the register
    found.restore(0, 0, 0, False)
    assert still(found, energy=energy) == 3_000
