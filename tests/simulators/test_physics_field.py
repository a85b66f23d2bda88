"""Wells that share an aquifer and a feeder: Theis beside an independent integral, sag, outages."""

from itertools import pairwise
from math import exp, hypot, log, pi

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from karez_simulators.physics.aquifer import DECAYS, LIMITS, MARK_MS, MODES_S, Aquifer, well_function
from karez_simulators.physics.feeder import DAY_MS, Disturbance, Feeder, rough_supply
from karez_simulators.physics.ramps import ENDLESS_MS
from karez_simulators.physics.well_field import Place, WellField
from karez_simulators.physics.well_parameters import WellParameters

STILL = WellParameters(rated_drawdown_mm=0)
MARK_S = MARK_MS / 1000
HOUR_MS = 3_600_000

aquifers = st.builds(
    Aquifer,
    transmissivity_m2_per_day=st.integers(20, 5_000),
    storativity_ppm=st.integers(50, 200_000),
)


def integral(aquifer, distance_m, from_s, until_s):
    """Drawdown in mm per m3/h, so long after a pulse that lasted from one age to another: Simpson's rule.

    In the logarithm of time, on the kernel exp(-r2 S / 4 T t) / (4 pi T t): no exponential integral in it.
    """
    per_s = aquifer.transmissivity_m2_per_day / 86_400
    reach_s = distance_m**2 * aquifer.storativity_ppm / 1e6 / (4 * per_s)
    least, most = log(max(from_s, reach_s / 60, 1e-6)), log(max(until_s, reach_s / 60, 1e-6))
    count = 8 * max(1, round((most - least) / 0.5))
    step = (most - least) / count
    weights = (1 if i in (0, count) else 4 if i % 2 else 2 for i in range(count + 1))
    found = sum(w * exp(-reach_s * exp(-least - i * step)) for i, w in enumerate(weights)) * step / 3
    return found / (4 * pi * per_s) * 1000 / 3600


# -- the aquifer


def test_the_well_function_is_that_of_the_tables():
    # Theis's table as printed in any textbook (e.g. Freeze and Cherry 1979, table 8.1)
    for u, value in ((1.0, 0.219), (0.1, 1.82), (0.01, 4.04), (1e-4, 8.63), (1e-10, 22.45), (5.0, 0.001148)):
        assert well_function(u) == pytest.approx(value, rel=0.003)
    assert well_function(1000.0) == 0
    for u in (1e-9, 1e-4, 0.01):  # Cooper and Jacob
        assert well_function(u) == pytest.approx(-0.5772 - log(u), rel=0.003)


@settings(max_examples=60, deadline=None)
@given(aquifers, st.integers(10, 5_000), st.floats(0, 5))
def test_the_series_is_theis_from_five_minutes_to_a_year(aquifer, distance_m, decades):
    at_s = min(MARK_S * 10**decades, 3.0e7)
    per_unit = aquifer.weights(distance_m * 1000)
    series = per_unit[0] + sum(
        weight * (1 - exp(-at_s / mode_s)) for weight, mode_s in zip(per_unit[1:], MODES_S, strict=True)
    )
    scale = 1e6 / 3600 / (4 * pi * aquifer.transmissivity_m2_per_day / 86_400) / 1e6  # micrometres per mL/h
    theis = well_function(aquifer.reach_s(distance_m * 1000) / at_s)
    assert series / scale == pytest.approx(theis, abs=0.004)


def test_impossible_aquifers_are_refused():
    for name, (least, greatest) in LIMITS.items():
        for value in (least - 1, greatest + 1, 1.5, True, None, 10**30):
            with pytest.raises(ValueError, match=name):
                Aquifer(**{name: value})


@settings(max_examples=15, deadline=None)
@given(
    aquifers,
    st.lists(st.integers(50, 1_500), min_size=2, max_size=3, unique=True),
    st.lists(st.tuples(st.integers(0, 2), st.booleans(), st.integers(1, 40)), min_size=1, max_size=12),
)
def test_superposition_agrees_with_an_independent_integral(aquifer, along_m, switches):
    field = WellField([Place(WellParameters(), x_m) for x_m in along_m], aquifer)
    flows = []  # m3/h of each well in each five minutes
    mark, volumes = 0, [0] * len(along_m)
    for who, closed, marks in [*switches, (0, False, 20)]:
        # A little off the marks: a mean flow of five minutes is what the aquifer hears.
        field.wells[who % len(along_m)].set_contactor(closed, mark * MARK_MS + 7_000 * (who + 1))
        for _ in range(marks):
            mark += 1
            field.advance(mark * MARK_MS)
            now = [well.volume_ul for well in field.wells]
            flows.append([(a - b) / 1e9 * 3600 / MARK_S for a, b in zip(now, volumes, strict=True)])
            volumes = now
    for at, x_m in enumerate(along_m):
        owed_mm = 0.0
        for other, other_m in enumerate(along_m):
            for age, flow in enumerate(reversed([row[other] for row in flows])):
                if other != at:
                    away_m = hypot(x_m - other_m)
                    owed_mm += flow * integral(aquifer, away_m, age * MARK_S, (age + 1) * MARK_S)
                elif age:  # its own first five minutes are in rated_drawdown_mm
                    owed_mm += flow * integral(aquifer, 0.2, age * MARK_S, (age + 1) * MARK_S)
        # 0.004 in W for each change of flow, at the most that a well gives
        most_mm = max(max(row) for row in flows) * 1000 / 3600 / (4 * pi) / (
            aquifer.transmissivity_m2_per_day / 86_400
        )  # fmt: skip
        assert field.drawdown_mm(at) == pytest.approx(owed_mm, abs=2 + 0.01 * most_mm + 0.01 * owed_mm)


@settings(max_examples=8, deadline=None)
@given(
    st.builds(Aquifer, st.integers(300, 5_000), st.integers(50, 200_000)),  # that can give so much
    st.integers(50, 2_000), st.integers(20_000, 80_000),
)  # fmt: skip
def test_more_water_lowers_the_neighbour_more(aquifer, distance_m, flow_lph):
    found = []
    for times in (1, 2):
        parameters = WellParameters(rated_flow_lph=flow_lph * times, rated_drawdown_mm=0)
        field = WellField([Place(parameters), Place(STILL, distance_m)], aquifer)
        field.wells[0].set_contactor(True, 0)
        lowered = []
        for hour in range(1, 25):
            field.advance(hour * HOUR_MS)
            lowered.append(field.drawdown_mm(1))
        assert all(later >= earlier - 1 for earlier, later in pairwise(lowered))
        found.append(lowered[-1])
    assert found[1] > found[0] or found == [0, 0]


def test_a_stopped_well_recovers_as_theis_says_and_its_neighbour_with_it():
    aquifer = Aquifer(500, 1_000)
    field = WellField([Place(STILL), Place(STILL, 300)], aquifer)
    field.wells[0].set_contactor(True, 0)
    field.advance(24 * HOUR_MS)
    flow_m3h = field.wells[0].flow_lph / 1000
    field.wells[0].set_contactor(False, 24 * HOUR_MS)
    lowest = field.drawdown_mm(0)
    rest = [field.drawdown_mm(0)]
    for hour in (25, 30, 48, 240, 720):
        field.advance(hour * HOUR_MS)
        rest.append(field.drawdown_mm(0))
        # Theis: residual drawdown Q / (4 pi T) ln(t / t')
        owed_mm = flow_m3h / 3600 / (4 * pi * 500 / 86_400) * log(hour / (hour - 24)) * 1000
        assert rest[-1] == pytest.approx(owed_mm, rel=0.03, abs=3)
    assert rest == sorted(rest, reverse=True) and 0 < rest[-1] < lowest // 50


def test_a_neighbour_that_pumps_costs_a_well_water():
    alone, beside = WellField([Place()]), WellField([Place(), Place(x_m=100), Place(y_m=100)])
    for field in (alone, beside):
        for well in field.wells:
            well.set_contactor(True, 0)
        field.advance(96 * HOUR_MS)
    assert beside.wells[0].volume_l < 0.99 * alone.wells[0].volume_l
    assert (
        beside.wells[0].energy_wh / beside.wells[0].volume_l
        > alone.wells[0].energy_wh / alone.wells[0].volume_l
    )


def test_two_wells_at_one_place_are_refused():
    with pytest.raises(ValueError, match="wells 0 and 1 stand at one place"):
        WellField([Place(), Place()])


# -- time


def story(order, asks, seed=3):
    disturbances = rough_supply(11, 1, outages=900, brown_outs=900, phase_losses=150)
    field = WellField(
        [Place(WellParameters(inrush_permille=6000), 200 * at) for at in range(3)],
        Aquifer(), Feeder(disturbances, sag_permille=60), seed=seed,
    )  # fmt: skip
    field.wells[2].set_sand_ppm(2_000, 0)
    for minute in range(0, 24 * 60, 5):
        for at in order:
            if minute % 200 == 30 * at:
                field.wells[at].set_contactor((minute // 200) % 2 == 0, minute * 60_000)
        for ask in range(asks):
            for at in order:
                field.wells[at].advance(minute * 60_000 + ask * 60_000)
    field.advance(DAY_MS)
    return [
        (well.volume_ul, well.energy_milliwh, well.water_level_mm, well._ramps.water, well._ramps.energy)
        for well in field.wells
    ]


def test_books_do_not_depend_on_how_often_and_in_which_order_one_asks():
    first = story((0, 1, 2), 1)
    assert story((2, 0, 1), 1) == story((0, 1, 2), 5) == story((1, 2, 0), 3) == first
    assert story((0, 1, 2), 1, seed=4)[2] != first[2]  # another seed, other slugs of sand
    assert all(volume_ul > 0 for volume_ul, *_ in first)


def test_what_is_done_before_a_mark_that_is_past_is_refused():
    field = WellField([Place(), Place(x_m=100)])
    field.wells[0].advance(MARK_MS - 1)
    field.wells[1].set_contactor(True, 1_000)  # they have not met since
    field.wells[0].advance(MARK_MS)
    with pytest.raises(ValueError, match="time went back"):
        field.wells[1].set_contactor(False, 2_000)


# -- the supply


def test_an_outage_of_the_feeder_stops_all_its_wells_and_no_other_cause_is_needed():
    feeder = Feeder((Disturbance(60_000, 120_000), Disturbance(120_000, 180_000, 700)))
    field = WellField([Place(STILL), Place(STILL, 100)], feeder=feeder)
    for well in field.wells:
        well.set_contactor(True, 0)
    field.advance(61_000)
    assert [(well.mains, well.flow_lph) for well in field.wells] == [(False, 0)] * 2
    field.wells[0].set_contactor(False, 70_000)  # its controller lost the supply, too
    field.advance(179_000)
    assert [well.mains for well in field.wells] == [True, True]
    assert not field.wells[1].contactor  # 70 % do not pull it in
    field.advance(182_000)
    assert [well.flow_lph for well in field.wells] == [0, 60_000]


def test_motors_that_start_pull_the_voltage_down_for_all():
    parameters = WellParameters(inrush_permille=6000)
    field = WellField([Place(parameters), Place(parameters, 100)], feeder=Feeder(sag_permille=100))
    field.wells[0].set_contactor(True, 0)
    field.advance(10_000)
    running = field.wells[1].voltage_permille
    assert running == 1000 - 100 * parameters.rated_power_w // 100_000
    field.wells[1].set_contactor(True, 10_000)
    field.advance(10_500)
    assert field.wells[0].voltage_permille == 1000 - 100 * 7 * parameters.rated_power_w // 100_000
    field.advance(12_000)
    assert field.wells[0].voltage_permille == 1000 - 100 * 2 * parameters.rated_power_w // 100_000


def test_a_feeder_says_what_it_does_and_when():
    feeder = Feeder((Disturbance(2_000, 3_000, 900, True), Disturbance(1_000, 2_000)))
    assert [feeder.supply(ms) for ms in (999, 1_000, 1_999, 2_000, 3_000)] == [
        (1000, False), (0, False), (0, False), (900, True), (1000, False),
    ]  # fmt: skip
    assert [feeder.next_change_ms(ms) for ms in (0, 1_000, 2_500, 3_000)] == [1_000, 2_000, 3_000, ENDLESS_MS]
    for bad in (
        (Disturbance(0, 10), Disturbance(9, 20)),
        (Disturbance(5, 5),),
        (Disturbance(0, 5, -1),),
        (Disturbance(0, 5, 1201),),
    ):
        with pytest.raises(ValueError, match=r"overlap|no such"):
            Feeder(bad)
    with pytest.raises(ValueError, match="sag_permille"):
        Feeder(sag_permille=301)


def test_a_rough_supply_is_the_same_for_the_same_seed_and_about_as_rough_as_asked():
    found = rough_supply(7, 1_000, outages=20, brown_outs=10, phase_losses=5)
    assert found == rough_supply(7, 1_000, outages=20, brown_outs=10, phase_losses=5)
    assert found != rough_supply(8, 1_000, outages=20, brown_outs=10, phase_losses=5)
    Feeder(found)  # in order, and none over another
    outages = [one for one in found if one.voltage_permille == 0]
    lost = [one for one in found if one.is_phase_lost]
    assert 140 < len(outages) < 260 and 25 < len(lost) < 75 and 250 < len(found) < 450
    assert all(0 <= one.from_ms < 1_000 * DAY_MS for one in found)
    assert rough_supply(7, 10, outages=0, brown_outs=0, phase_losses=0) == ()


def test_a_field_that_nobody_pumps_stays_at_rest():
    field = WellField([Place(), Place(x_m=50)])
    field.advance(10 * DAY_MS)
    assert field.drawdown_mm(0) == field.drawdown_mm(1) == 0
    assert len(DECAYS) == len(MODES_S) + 1


def test_a_season_of_five_wells_costs_few_looks_at_their_levels():
    # In place of a stopwatch: a well is settled once a mark while it runs, some fifty times at each switch.
    field = WellField([Place(x_m=200 * at) for at in range(5)])
    looks = 0

    def counted(settle):
        def look():
            nonlocal looks
            looks += 1
            settle()

        return look

    for well in field.wells:
        well._settle = counted(well._settle)
    for mark in range(7 * 288):
        for at, well in enumerate(field.wells):
            if mark % 288 in (60 + at, 180 + at):
                well.set_contactor(mark % 288 < 100, mark * MARK_MS)
            well.advance(mark * MARK_MS)
    assert 5 * 7 * 120 < looks < 5 * 7 * (120 + 2 * 120)
