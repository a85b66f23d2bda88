"""Whatever is done to a well: exact books, no free water, levels that go where they must."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from karez_simulators.physics import pump, well_faults
from karez_simulators.physics.well import Well
from karez_simulators.physics.well_parameters import GREATEST_FLOW_PERMILLE, WellParameters

FAULTS = [(part, name) for part, names in well_faults.PARTS.items() for name in names]


@st.composite
def wells(draw):
    """Any well that can be."""
    head_mm = draw(st.integers(20_000, 250_000))
    start_ms, down_ms = draw(st.integers(1, 3_000)), draw(st.integers(1, 3_000))
    return WellParameters(
        rated_flow_lph=draw(st.integers(5_000, 200_000)),
        static_level_mm=head_mm,
        rated_drawdown_mm=draw(st.integers(0, head_mm // 5)),
        delivery_head_mm=draw(st.integers(0, 60_000)),
        efficiency_permille=draw(st.integers(200, 800)),
        recovery_ms=draw(st.integers(1_000, 600_000)),
        spin_up_ms=start_ms + down_ms + draw(st.integers(0, 3_000)),
        motor_start_ms=start_ms,
        run_down_ms=down_ms,
        submergence_mm=draw(st.integers(0, 50_000)),
        inrush_permille=draw(st.sampled_from([1_000, 3_000, 6_500])),
    )


def closes(well, value, now_ms):
    well.set_contactor(bool(value % 2), now_ms)


def spoils(well, value, now_ms):
    well_faults.spoil(well, *FAULTS[value % len(FAULTS)], bool(value % 2), now_ms)


def falls(well, value, now_ms):
    well.set_static_level_mm(well.parameters.static_level_mm + value % 40_000, now_ms)


# What happens, with a number of its own, and how long until the next.
happenings = st.lists(
    st.tuples(
        st.sampled_from([closes, closes, spoils, falls]), st.integers(0, 1 << 16), st.integers(0, 400_000)
    ),
    min_size=1,
    max_size=25,
)


def live(parameters, events, steps_ms):
    """The well after all of it, asked at steps of these lengths in turn (none: at events only)."""
    well, now_ms, asked = Well(parameters, seed=9), 0, 0
    for act, value, pause_ms in events:
        act(well, value, now_ms)
        end_ms = now_ms + pause_ms
        while steps_ms and now_ms < end_ms:
            now_ms = min(now_ms + steps_ms[asked % len(steps_ms)], end_ms)
            asked += 1
            well.advance(now_ms)
            assert well.pipe_volume_ul >= well.volume_ul
        now_ms = end_ms
    well.advance(now_ms + 1_000)
    return well


def told(well):
    return (
        well._ramps.water, well._ramps.energy, well.volume_ul, well.pipe_volume_ul, well.energy_milliwh,
        well.flow_lph, well.power_w, well.water_level_mm, well.condition, well.contactor,
    )  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(wells(), happenings, st.lists(st.integers(1, 90_000), min_size=1, max_size=6))
def test_books_are_the_same_however_time_is_cut(parameters, events, steps_ms):
    assert told(live(parameters, events, [])) == told(
        live(parameters, events, [max(step, 50) for step in steps_ms])
    )


@settings(max_examples=60, deadline=None)
@given(wells(), happenings)
def test_no_water_is_free(parameters, events):
    """m3/kWh <= 367 eta / H, H the least head there was, but for what a pump switched off still gives."""
    well = live(parameters, events, [])
    shallowest_mm = parameters.static_level_mm + parameters.delivery_head_mm
    lifted_ul = 367_098 * parameters.efficiency_permille * well.energy_milliwh // shallowest_mm
    # A motor may start against a deep level and stop at a shallow one: its run-down is then worth more than
    # its start has cost. One run-down for each switching, at the greatest flow there is.
    flow_lph = parameters.rated_flow_lph * GREATEST_FLOW_PERMILLE // 1000
    run_down_ul = flow_lph * 1_000_000 * parameters.run_down_ms // (2 * 3_600_000)
    assert well.volume_ul <= lifted_ul + run_down_ul * len(events)


@settings(max_examples=40, deadline=None)
@given(wells(), st.integers(2_000, 7_200_000))
def test_no_water_is_free_at_all_where_nothing_is_spoilt(parameters, run_ms):
    well = Well(parameters)
    well.set_contactor(True, 0)
    well.set_contactor(False, run_ms)
    well.advance(run_ms + 60_000)
    shallowest_mm = parameters.static_level_mm + parameters.delivery_head_mm
    bound_ul = 367_098 * parameters.efficiency_permille * well.energy_milliwh // shallowest_mm
    assert well.volume_ul <= bound_ul + 1_000_000 * 367 // shallowest_mm  # of the energy's last thousandth


@settings(max_examples=40, deadline=None)
@given(wells())
def test_the_level_falls_to_where_the_flow_holds_it_and_rises_again(parameters):
    well = Well(parameters)
    well.set_contactor(True, 0)
    until_ms = 40 * parameters.recovery_ms + 600_000
    well.advance(until_ms)
    assert parameters.static_level_mm <= well.water_level_mm <= parameters.intake_mm
    held_mm = (
        parameters.static_level_mm + parameters.rated_drawdown_mm * well.flow_lph // parameters.rated_flow_lph
    )
    per_lph_mm = parameters.rated_drawdown_mm // parameters.rated_flow_lph  # the flow is told in whole ones
    assert well.water_level_mm == pytest.approx(held_mm, abs=2 + 2 * per_lph_mm)
    well.set_contactor(False, until_ms)
    well.advance(2 * until_ms)
    assert well.water_level_mm == parameters.static_level_mm


@settings(max_examples=40, deadline=None)
@given(wells(), st.integers(0, 400_000_000), st.integers(0, 400_000_000))
def test_a_pump_gives_less_against_more_head_and_less_when_it_is_slower_or_worn(parameters, one_um, other_um):
    def flow(head_um, speed=1000, wear=0):
        return pump.curve_mlph(parameters.rated_flow_lph, parameters.rated_head_mm, head_um, speed, wear)

    low, high = sorted((one_um, other_um))
    assert flow(low) >= flow(high) >= flow(high, speed=950) >= flow(high, speed=950, wear=100)
    rated = flow(parameters.rated_head_mm * 1000)
    assert rated == parameters.rated_flow_lph * 1000
    assert flow(parameters.rated_head_mm * pump.SHUTOFF_HEAD_PERMILLE) == 0
