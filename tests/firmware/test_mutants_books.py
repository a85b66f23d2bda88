"""What mutants of the books showed: defaults, boundaries of P and W, what runs back while P counts."""

from karez_firmware.core import register
from karez_protocols import causes, event_details, grant, record
from test_books_segments import CONVERTED, ENERGY, WATER, Site, converted, falling, known, row

HOUR_MS = 3_600_000


def test_while_ten_seconds_decide_a_288th_of_an_hours_flow_may_run():
    # 60 m3/h for 10 s is 167 l, a quarter more is 208.
    for rated_flow_lph, litres in ((60_000, 208), (287, 0), (288, 1)):
        found = Site(rated_flow_lph=rated_flow_lph).books.decision_l
        assert found == litres and isinstance(found, int), rated_flow_lph


def uncounted(litres, riser_l=50):
    """A site whose meter said that it counts nothing while so many litres ran, and then counts again."""
    site = known(upper_ml_per_wh=1000, riser_l=riser_l)
    site.measuring = False
    for _ in range(30):
        site.run(1, 0, min(8, litres))
        litres -= min(8, litres)
    site.measuring = None
    site.run(1)
    return site


def test_uncounted_litres_of_one_decision_stay_in_p_and_one_more_opens_a_segment():
    site = uncounted(208)
    assert (site.books.held_l, site.books.volume_l, site.books.segment) == (208, 0, 1)
    site = uncounted(209)
    assert (site.books.held_l, site.books.volume_l, site.books.segment) == (0, 209, 3)
    assert site.opened()["reason"] == event_details.JUMP


def test_from_a_tenth_of_rated_flow_on_a_total_has_to_move():
    for rated_flow_lph, flow_lph, is_stuck in (
        (60_000, 5_999, False), (60_000, 6_000, True), (60_009, 6_000, True), (60_009, 5_999, False),
    ):  # fmt: skip
        site = known(rated_flow_lph=rated_flow_lph)
        site.flow_lph = flow_lph
        site.run(70, 0, 6)
        assert site.books.is_stuck == is_stuck, (rated_flow_lph, flow_lph)


def test_a_site_without_a_riser_takes_no_fall():
    for riser_l in (None, 0):
        site = known(riser_l=riser_l)
        assert site.books.riser_l == 0 and falling(site, 1).results[-1] == register.HELD


def test_before_the_first_tick_nobody_has_said_that_the_contactor_is_closed():
    site = Site((WATER,), known(rows=(WATER,)).books.snapshot())
    site.books.read_water(90_000, 1_000, None)
    site.books.read_water(10_000, 11_000, None)
    site.books.tick(11_000, False)
    assert site.books.held_l == 0


def test_the_first_tick_has_no_length_and_a_late_reading_takes_no_time_back():
    # A litre every millisecond.
    site = Site((WATER,), known(rows=(WATER,)).books.snapshot(), rated_flow_lph=HOUR_MS)
    site.books.tick(5_000, True)
    assert site.books.held_l == 0
    site.books.tick(5_001, True)
    assert site.books.held_l == 1
    site.books.tick(6_000, False)
    site.books.read_water(90_000, 5_999, None)
    site.books.tick(7_000, True)
    assert site.books.held_l == 1 + 1_000


def test_what_is_counted_beside_the_meter_is_called_by_what_counts_it():
    estimated = row(grant.WATER, 0, method=record.ESTIMATED)
    for rows, method in (
        ((WATER, ENERGY), record.CONVERTED), ((WATER,), record.ESTIMATED), ((CONVERTED,), record.ESTIMATED),
        ((estimated, ENERGY), record.ESTIMATED), ((estimated,), record.ESTIMATED),
    ):  # fmt: skip
        site = Site(rows).run(4)
        site.is_silent, site.is_dark = True, rows[0] is CONVERTED
        site.run(10, 16, 6)
        assert site.books.held_l > 100 and site.books.method == method, rows
        again = Site(rows, site.books.snapshot(), 20)
        assert again.books.method == method, rows


def test_litres_that_only_wait_for_a_segment_change_no_method_over_a_power_cut():
    for litres in (300, 150):
        site = known()
        head = site.books.snapshot()
        head["held_l"], head["water_uncounted_l"] = litres, int(str(litres))  # two objects, as from FRAM
        assert Site(head=head).books.method == record.METERED
        head["water_uncounted_l"] = litres - 1
        assert Site(head=head).books.method == record.CONVERTED


def test_a_reading_offered_without_more_moves_in_steps_of_one_and_of_a_closed_contactor():
    for litres, wh, water, energy in (
        (21, 8, register.GOOD, register.GOOD), (22, 9, register.HELD, register.HELD),
        (-10, -1, register.HELD, register.HELD),
    ):  # fmt: skip
        site = known()
        site.is_closed = True
        site.second()
        # 60 m3/h for a second is 20.8 l with a quarter more, 22 kW are 7.6 Wh.
        assert site.books.read_water(20_000 + litres, 5_000, None) == water, litres
        assert site.books.read_energy(1_000 + wh, 5_000, None) == energy, wh


def test_a_power_meter_that_counts_backwards_with_the_contactor_closed_counts_no_litre():
    site = converted()
    assert site.books.read_energy(1_001, 4_000, None, reverse=5) == register.GOOD
    assert site.books.read_energy(1_001, 5_000, None, reverse=6) == register.HELD
    assert site.books.is_reversed


def test_no_energy_runs_back_and_none_lies_beyond_the_modulus():
    for wh, result in ((999, register.HELD), (6_001, register.HELD), (1_001, register.GOOD)):
        site = converted((CONVERTED,))
        assert site.books.read_energy(wh, 4_000, None, 1, 5_000, is_open=True) == result, wh
        site = known()
        assert site.books.read_energy(wh, 4_000, None, 1, 5_000, is_open=True) == result, wh


def test_a_converted_wells_step_is_bounded_by_its_power_and_not_by_its_flow():
    for wh, result in ((8, register.GOOD), (9, register.HELD)):
        assert converted((CONVERTED,)).books.read_energy(1_000 + wh, 4_000, None) == result


def test_the_riser_is_as_deep_in_the_units_of_any_register():
    for multiplier_ppm, riser_l, units in ((1_000, 1_000, 1_000_000), (3_000_000, 50, 16)):
        for fall, result in ((units, register.BACKFLOW), (units + 1, register.HELD)):
            site = known(rows=(row(grant.WATER, 20_000, multiplier_ppm=multiplier_ppm),), riser_l=riser_l)
            site.books.water.restore(5_000_000)
            site.books.water.last_ms = site.now_ms
            site.water_l = 5_000_000 - fall
            assert site.second() == result, (multiplier_ppm, fall)


def test_a_gap_is_told_with_a_reading_that_comes_back_and_with_no_other():
    site = known().run(5, 16, 6)
    assert site.books.gap is None
    head = known(rows=(WATER,)).run(5, 16).books.snapshot()
    assert Site((WATER,), head, 20).run(3).books.gap is None  # 20,000 is under it: nothing came back
    site = Site((WATER,), head, 20)
    site.water_l += 80
    assert site.run(3).books.gap == (80, None)


def silent(site, *used_wh):
    """The water meter is silent while the pump runs, and answers again when it stands."""
    site.is_silent = True
    for wh in used_wh:
        site.run(1, 0, wh)
    site.is_silent = site.is_closed = False
    return site


def test_a_fall_is_backflow_only_if_no_more_was_counted_beside_it_than_the_riser_holds():
    for used_wh, litres in (((8, 8), 48), ((8, 8, 1), 51), ((8,) * 7, 168)):
        site = silent(known(riser_l=50).run(10, 16, 6), *used_wh)
        assert site.second(-10) == register.BACKFLOW
        # Above the riser's volume the meter was set back: it has not counted what P shows.
        assert site.books.held_l == (litres if litres > 50 else 0), litres
        assert site.books.volume_l == 160
    site = silent(known(riser_l=51).run(10, 16, 6), 8, 8, 1)
    assert site.second(-10) == register.BACKFLOW and site.books.held_l == 0


def test_what_was_uncounted_before_did_not_run_out_of_the_riser():
    for used_wh, litres in (((6, 6), 12), ((8, 8, 1), 12 + 51), ((8, 8, 8), 12 + 72)):
        site = known(riser_l=50)
        site.run(10, 16, 6)
        site.measuring = False
        site.run(1, 0, 4)
        site.measuring = None
        site.run(1)
        assert site.books.held_l == 12
        silent(site, *used_wh)
        assert site.second(-10) == register.BACKFLOW and site.books.held_l == litres, used_wh


def test_rated_power_times_the_hours_closed_stands_for_energy_that_nobody_read():
    site = known()
    site.is_dark, site.is_closed = True, True
    for _ in range(10):
        site.now_ms += 100 * HOUR_MS
        site.books.tick(site.now_ms, True)
    site.is_dark, site.is_silent, site.wh = False, True, 5
    site.run(11)
    # And 6 Wh in the second until the first reading.
    assert site.opened()["quantity"] == grant.ENERGY and site.opened()["base"] == 22_000 * 1_000 + 6


def test_a_take_over_without_a_version_is_of_version_nought():
    site = known()
    assert site.books.take_over(2_500_000, site.now_ms) == causes.NONE
    assert site.books.water.segment.coefficient_version == 0


def told_late(water_at_ms, opened_ms):
    """P of a well whose energy meter tells of 3 Wh seconds after the contactor has opened."""
    site = known(upper_ml_per_wh=2000)
    books, now_ms = site.books, site.now_ms
    books.tick(now_ms + 1000, True)
    books.read_water(site.water_l, now_ms + water_at_ms, None)
    books.tick(now_ms + opened_ms, False)
    books.read_energy(site.wh + 3, now_ms + 9_000, None)
    books.tick(now_ms + 9_000, False)
    return books.held_l


def test_energy_told_late_is_p_unless_water_was_read_behind_the_opening():
    assert told_late(1_500, 2_000) == told_late(2_000, 2_000) == 6
    assert told_late(2_001, 2_000) == 0


def test_energy_of_an_outage_is_p_before_the_water_meter_answers():
    site = known(upper_ml_per_wh=2000).run(5, 16, 6).again(upper_ml_per_wh=2000)
    site.is_silent = True
    site.wh += 30
    site.run(5)
    assert not site.is_closed and site.books.held_l == 60
