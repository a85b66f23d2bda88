"""What mutants of the segment showed: values far from its base, odd coefficients, resets and jumps."""

from karez_firmware.core import books, register, segment
from karez_protocols import binding, event_details

SITE = {"upper_ml_per_wh": 3000, "rated_flow_lph": 60_000, "rated_power_w": 22_000}
WATER = {"quantity": binding.WATER, "base": 0, "register_base": 23_879, "multiplier_ppm": 1_000_000}
ENERGY = {"quantity": binding.ENERGY, "base": 0, "register_base": 1_000, "multiplier_ppm": 1_000_000}


def a_segment(multiplier_ppm, base=5_003, register_base=77, turned=0):
    found = segment.Segment(
        binding.WATER, 1, {"base": base, "register_base": register_base, "multiplier_ppm": multiplier_ppm}
    )
    found.turned = turned
    return found


def test_a_multiplier_of_one_books_litre_by_litre_for_a_wells_life():
    found = a_segment(1_000_000)
    for units in (0, 1, 999_999, 1_000_000, 10**9, 10**10 + 7):
        assert found.value(77 + units) == 5_003 + units


def test_the_register_of_a_value_is_the_least_one_that_books_it():
    for multiplier_ppm in (1, 7, 333_333, 999_999, 1_000_000, 1_000_001, 2_500_000, 4_294_967_294):
        for turned in (0, 99_999_999):
            found = a_segment(multiplier_ppm, turned=turned)
            for above in (0, 1, 2, 3, 1_000, 999_999, 10**9 + 1):
                at = found.register_at(5_003 + above)
                assert isinstance(at, int)
                assert found.value(at) >= 5_003 + above > found.value(at - 1), (multiplier_ppm, above)


def test_a_segment_of_an_old_binding_has_the_coefficient_of_version_nought():
    assert a_segment(1_000_000).coefficient_version == 0


def reason(first, last, bound):
    """Why a segment begins, where the register stood at `last` and now counts on from `first`."""
    found = books.Books(SITE, [WATER, ENERGY])
    followed = register.Register(a_segment(1_000_000), 60_000)
    followed.last = last
    followed.first = (first, 0)
    segment.decide(found, followed, first, 100_000, bound, 0)
    return found.events[-1][1]["reason"]


def test_what_lies_under_the_last_reading_and_near_zero_is_a_reset():
    reset, jump = event_details.RESET, event_details.JUMP
    for first, bound, expected in (
        (0, 400, reset), (399, 400, reset), (400, 400, reset), (401, 400, jump), (900, 400, jump),
        (4_999, 9_000, reset), (5_000, 9_000, jump), (5_001, 9_000, jump), (9_001, 9_000, jump),
        (5_001, 400, jump),
    ):  # fmt: skip
        assert reason(first, 5_000, bound) == expected, (first, bound)
