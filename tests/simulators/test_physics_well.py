"""The parts of a well: what wears, starves, stalls, sticks, and what the books make of it."""

import pytest

from karez_simulators.physics import motor, pump, well_faults
from karez_simulators.physics.contactor import Contactor
from karez_simulators.physics.well import Well
from karez_simulators.physics.well_parameters import WellParameters

STILL = WellParameters(rated_drawdown_mm=0)
DIRECT = WellParameters(inrush_permille=6000)


def running(parameters=None, until_ms=60_000):
    well = Well(parameters)
    well.set_contactor(True, 0)
    well.advance(until_ms)
    return well


def spent(well, from_ms, until_ms):
    """(litres, watt-hours) between two instants."""
    well.advance(from_ms)
    volume_ul, energy_milliwh = well.volume_ul, well.energy_milliwh
    well.advance(until_ms)
    return (well.volume_ul - volume_ul) / 1e6, (well.energy_milliwh - energy_milliwh) / 1e3


# -- pump


def test_a_worn_pump_gives_less_and_takes_the_same():
    well = running(STILL)
    litres, watt_hours = spent(well, 60_000, 3_660_000)
    well.set_wear_permille(200, 3_660_000)
    less, same = spent(well, 3_661_000, 7_261_000)
    assert 0.6 * litres < less < 0.8 * litres and same == pytest.approx(watt_hours, rel=1e-6)
    well.set_wear_permille(0, 7_261_000)
    assert spent(well, 7_262_000, 10_862_000) == pytest.approx((litres, watt_hours), rel=1e-6)


def test_sand_wears_the_pump_by_what_it_lifts():
    # 50 ppm: a tenth of the head in 50,000 m3. At 60 m3/h that is 833 h, a little more as the flow falls.
    well = running(STILL)
    well.set_sand_ppm(50, 60_000)
    well.advance(60_000 + 900 * 3_600_000)
    owed_permille = 50 * well.volume_l // (50 * 50_000_000 // 100)
    assert owed_permille - 1 <= well.condition.wear_permille <= owed_permille >= 90
    assert not well.condition.is_unsteady
    well.set_sand_ppm(0, 3_300_000_000)
    worn = well.condition.wear_permille
    well.advance(3_400_000_000)
    assert well.condition.wear_permille == worn


def test_slugs_of_sand_and_bubbles_make_the_flow_jump_the_same_way_for_the_same_seed():
    def flows(seed, spoil):
        well = Well(seed=seed)
        well.set_contactor(True, 0)
        spoil(well)
        found = []
        for second in range(60, 180):
            well.advance(second * 1000)
            found.append(well.flow_lph)
        return found

    def sand(well):
        well.set_sand_ppm(5_000, 0)

    def air(well):
        well.set_air_permille(60, 0)

    for spoil in (sand, air):
        assert flows(1, spoil) == flows(1, spoil) != flows(2, spoil)
        assert len(set(flows(1, spoil))) > 10
        assert max(flows(1, spoil)) <= 66_000 and min(flows(1, spoil)) > 20_000


def test_two_percent_of_air_cost_a_tenth_of_the_water_and_a_meter_counts_the_air():
    well = running(STILL, 3_600_000)
    litres, _ = spent(well, 3_600_000, 7_200_000)
    assert well.pipe_volume_ul == well.volume_ul
    well.condition.breath_permille = 1000
    well.set_air_permille(20, 7_200_000)
    assert well.flow_lph == pytest.approx(0.9 * litres, rel=0.001)
    assert well.pipe_flow_lph == well.flow_lph * 1000 // 980
    before_ul = well.volume_ul
    well.advance(10_800_000)
    air_ul = well.pipe_volume_ul - well.volume_ul
    assert air_ul == (well.volume_ul - before_ul) * 20 // 980 > 0
    well.set_air_permille(0, 10_800_000)
    well.advance(14_400_000)
    assert well.pipe_volume_ul - well.volume_ul == air_ul
    well.set_air_permille(200, 14_400_000)  # gas-locked
    well.advance(14_500_000)
    assert well.flow_lph == 0 and well.power_w > 0


def test_a_well_that_runs_dry_gives_nothing_and_idles():
    well = running(STILL)
    well.set_dry(True, 60_000)
    well.advance(62_000)
    assert well.flow_lph == 0 and well.water_level_mm == STILL.intake_mm
    idle_w = STILL.rated_power_w * pump.SHUTOFF_POWER_PERMILLE // 1000
    assert well.power_w == idle_w
    well.set_dry(False, 62_000)
    well.advance(64_000)
    assert well.flow_lph == 60_000


def test_water_that_falls_to_the_intake_leaves_the_pump_what_flows_in():
    # 12 m of drawdown at rated flow, and only 3 m of water above the intake: a quarter of the flow.
    parameters = WellParameters()
    well = running(parameters)
    well.set_static_level_mm(parameters.intake_mm - 3_000, 60_000)
    well.advance(3_600_000)
    assert well.water_level_mm == parameters.intake_mm
    assert well.flow_lph == pytest.approx(15_000, rel=0.001)
    idle_w = parameters.rated_power_w * pump.SHUTOFF_POWER_PERMILLE // 1000
    assert idle_w < well.power_w < parameters.rated_power_w
    well.set_static_level_mm(parameters.intake_mm, 3_600_000)
    well.advance(3_605_000)
    assert well.flow_lph == 0


# -- motor and supply


def test_a_motor_switched_on_direct_draws_its_inrush_once():
    soft, direct = Well(WellParameters()), Well(DIRECT)
    for well in (soft, direct):
        well.set_contactor(True, 0)
        well.advance(200)
    assert direct.power_w == pytest.approx(
        DIRECT.rated_power_w * 6 * motor.LOCKED_FACTOR_PERMILLE / motor.RUNNING_FACTOR_PERMILLE, rel=0.05
    )
    assert direct.power_factor_permille < soft.power_factor_permille == motor.RUNNING_FACTOR_PERMILLE
    for well in (soft, direct):
        well.advance(1_000)
    assert direct.power_w == soft.power_w
    more_milliwh = direct.energy_milliwh - soft.energy_milliwh
    # a triangle over the whole spin-up
    extra_w = DIRECT.rated_power_w * (6_000 * 350 // 860 - 1000) / 1000
    assert more_milliwh == pytest.approx(extra_w / 2 * 1000 / 3600, abs=1)
    for well in (soft, direct):
        well.advance(3_600_000)
    assert direct.energy_milliwh - soft.energy_milliwh == pytest.approx(more_milliwh, abs=1)


def test_a_brown_out_slows_the_pump_and_costs_energy_per_litre():
    well = running(STILL)
    litres, watt_hours = spent(well, 60_000, 3_660_000)
    well.set_voltage_permille(800, 3_660_000)
    less, energy = spent(well, 3_661_000, 7_261_000)
    assert 0.8 * litres < less < litres
    assert less / energy < litres / watt_hours
    assert well.is_powered and not well.is_stalled
    well.set_voltage_permille(1000, 7_261_000)
    assert spent(well, 7_262_000, 10_862_000) == pytest.approx((litres, watt_hours), rel=1e-6)


def test_below_its_pull_out_voltage_a_motor_stalls_and_heats():
    well = running(STILL)
    well.set_voltage_permille(motor.STALL_PERMILLE - 1, 60_000)
    well.advance(61_000)
    assert well.is_stalled and well.flow_lph == 0
    assert well.power_w > STILL.rated_power_w and well.power_factor_permille == 350
    well.set_voltage_permille(1000, 61_000)
    well.advance(63_000)
    assert well.flow_lph == 60_000


def test_a_contactor_lets_go_in_a_deep_brown_out_and_pulls_in_again():
    well = running(STILL)
    well.set_voltage_permille(540, 60_000)
    assert not well.contactor and not well.is_powered and well.mains
    well.set_voltage_permille(700, 61_000)  # not yet enough to pull in
    assert not well.contactor
    well.set_voltage_permille(850, 62_000)
    well.advance(64_000)
    assert well.contactor and well.flow_lph > 0
    well.set_voltage_permille(0, 65_000)
    assert not well.mains and well.power_w == 0


def test_a_running_motor_that_loses_a_phase_runs_on_and_one_at_rest_only_hums():
    well = running(STILL)
    well.set_phase_lost(True, 60_000)
    well.advance(62_000)
    assert 50_000 < well.flow_lph < 60_000 and not well.is_stalled
    well.set_contactor(False, 62_000)
    well.set_contactor(True, 70_000)
    well.advance(75_000)
    assert well.is_stalled and well.flow_lph == 0 and well.power_w > STILL.rated_power_w
    well.set_phase_lost(False, 75_000)
    well.advance(77_000)
    assert well.flow_lph == 60_000


def test_voltages_and_conditions_that_no_well_has_are_refused():
    well = Well()
    for setter, greatest in (
        (well.set_voltage_permille, motor.VOLTAGE_PERMILLE_MAX),
        (well.set_wear_permille, pump.WEAR_PERMILLE_MAX),
        (well.set_air_permille, pump.AIR_PERMILLE_MAX),
        (well.set_sand_ppm, pump.SAND_PPM_MAX),
    ):
        for value in (-1, greatest + 1, 1.5, True, None, 10**30):
            with pytest.raises(ValueError, match="whole number"):
                setter(value, 0)
        setter(greatest, 0)


# -- contactor


def test_a_weld_holds_what_was_closed_and_nothing_that_was_open():
    contactor = Contactor()
    contactor.set_welded(True)
    assert not contactor.is_closed
    contactor.set_coil(True)
    contactor.set_coil(False)
    assert contactor.is_closed
    contactor.set_voltage_permille(0)
    contactor.set_voltage_permille(1000)
    assert contactor.is_closed
    contactor.set_welded(False)
    assert not contactor.is_closed


def test_a_pump_behind_welded_contacts_runs_on_and_is_in_the_books():
    well = running(STILL)
    well.set_welded(True, 60_000)
    well.set_contactor(False, 60_000)
    assert well.contactor and well.is_powered
    litres, watt_hours = spent(well, 60_000, 120_000)
    assert litres == pytest.approx(1_000, abs=1) and watt_hours > 0
    well.set_mains(False, 120_000)
    well.advance(130_000)
    assert well.flow_lph == 0
    well.set_mains(True, 130_000)  # nobody has asked for it: it runs
    well.advance(132_000)
    assert well.flow_lph == 60_000
    well.set_welded(False, 132_000)
    assert not well.is_powered


# -- by name


def test_every_fault_by_name_changes_the_well_and_is_taken_back():
    for part, names in well_faults.PARTS.items():
        for name in names:
            spoilt, sound = Well(seed=5), Well(seed=5)
            for well in (spoilt, sound):
                well.set_contactor(True, 0)
                well.advance(30_000)
            well_faults.spoil(spoilt, part, name, True, 30_000)
            for well in (spoilt, sound):
                well.set_contactor(False, 90_000)
                well.set_contactor(True, 100_000)
                well.advance(200_000)
            assert (spoilt.volume_ul, spoilt.energy_milliwh) != (sound.volume_ul, sound.energy_milliwh), name
            well_faults.spoil(spoilt, part, name, False, 200_000)
            for well in (spoilt, sound):
                well.advance(7_200_000)
            assert spoilt.flow_lph == pytest.approx(sound.flow_lph, abs=2), name


def test_an_unknown_fault_names_those_there_are():
    with pytest.raises(KeyError, match="only pump, supply, contactor"):
        well_faults.spoil(Well(), "roof", "leaks", True, 0)
    with pytest.raises(KeyError, match="dry_run, worn, sand, air"):
        well_faults.spoil(Well(), "pump", "welded", True, 0)
