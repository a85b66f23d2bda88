"""What mutants of the outage showed: a day, 400 days, and the steps of both registers."""

from karez_firmware.core import outage
from karez_firmware.core.held import Held
from karez_firmware.core.register import Register
from karez_firmware.core.segment import Segment
from karez_protocols import grant, record

PER_MS = 2_880_000  # at this rate a quarter more is one unit each millisecond
DAY_MS = 86_400_000


def a_register(quantity, last, rate_per_h=PER_MS, step=1, **changed):
    row = {"base": 0, "register_base": 0, "multiplier_ppm": 1_000_000}
    row.update(changed)
    found = Register(Segment(quantity, 1, row), rate_per_h)
    found.restore(last)
    found.step = step
    return found


def test_an_outage_of_unknown_length_lasts_400_days_at_most_and_a_rollover_in_it_one():
    bounds = (400 * DAY_MS + 1, DAY_MS + 1)
    assert outage.of_energy(a_register(grant.ENERGY, 5), 9_000, None) == bounds
    converted = a_register(grant.WATER, 5, method=record.CONVERTED)
    assert outage.of_water(converted, None, Held(60_000, 3_000), 9_000, None) == bounds
    assert outage.of_energy(a_register(grant.ENERGY, 5), 9_000, 7) == (16_001, 16_001)


def of_water(used_wh, outage_s, energy_step=1, water_step=1, upper_ml_per_wh=3_000):
    """Bounds of a water register in the outage of which so much energy was used."""
    held = Held(60_000, upper_ml_per_wh)
    held.energy_wh = 700
    energy = a_register(grant.ENERGY, 700 + used_wh, step=energy_step)
    energy.last_ms = 9_000
    return outage.of_water(a_register(grant.WATER, 5, step=water_step), energy, held, 9_000, outage_s)


def test_energy_bounds_water_by_what_it_shows_and_a_step_of_either_register():
    for named, litres in (
        ({"used_wh": 0}, 3 + 1), ({"used_wh": 10}, 33 + 1), ({"used_wh": 10, "energy_step": 30}, 120 + 1),
        ({"used_wh": 10, "water_step": 100}, 33 + 100),
        ({"used_wh": 10, "energy_step": 300, "water_step": 10}, 930 + 10),
        # 2.999 l/Wh: 999 Wh and one make 2,999 l; 332 and one 998.667, of which no litre is rounded up.
        ({"used_wh": 999, "upper_ml_per_wh": 2_999}, 2_999 + 1),
        ({"used_wh": 332, "upper_ml_per_wh": 2_999}, 998 + 1),
    ):  # fmt: skip
        by_energy, roll_bound = of_water(outage_s=None, **named)
        assert by_energy == roll_bound == litres and isinstance(by_energy, int), named


def test_a_known_time_bounds_a_step_and_the_lesser_of_time_and_energy_a_rollover():
    assert of_water(10, 1) == (10_000 + 1, 33 + 1)
    assert of_water(10_000, 1) == (10_000 + 1, 10_000 + 1)
