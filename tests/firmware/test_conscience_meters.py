"""Meters that lie, fail or are changed while water flows: W never falls, and the ceiling still stops."""

from desk import CONVERTED, FLOW_LPH, SITE, UTC, Desk, a_grant, a_row, pumping, ready
from karez_firmware.core import pump
from karez_firmware.store import head
from karez_protocols import binding, causes, flags, grant, record

# Design §13: flow x (the meter's refresh + 1.1 s) + one step of its register.
OVERSHOOT_L = FLOW_LPH * 2_100 // 3_600_000 + 1


def watched(desk, seconds):
    """Run, and see that W never falls, nor what the ceilings test while it stands."""
    before = desk.books.volume_l or 0
    for _ in range(seconds * 1000 // desk.step_ms):
        desk.step()
        now = desk.books.volume_l
        assert now is None or now >= before, (before, now)
        before = now or before


def test_a_power_register_that_is_held_is_no_water_without_work_either():
    site = dict(SITE)
    site.update({"reference_ml_per_wh": 2_727, "physical_ml_per_wh": 4_000})
    desk = pumping(1_000_000, site=site)
    desk.run(700)
    register_wh = desk.register_wh
    for second in range(1_300):
        desk.register_wh = register_wh - 40_000 - second % 2 * 20_000  # no two in a row agree
        desk.run(1)
    desk.register_wh = register_wh
    desk.run(700)
    check = desk.parts.crosscheck
    assert not check.alarms and desk.books.energy.segment.number == 2
    assert desk.count(record.EVENT, causes.IMPOSSIBLE) == desk.count(record.EVENT, causes.RATIO_OFF) == 0
    values = check.snapshot()
    assert abs(values["ratio_volume_l"] * 1000 // values["ratio_energy_wh"] - 2_727) <= 10


def test_a_silent_power_meter_is_no_water_without_work():
    site = dict(SITE)
    site.update({"reference_ml_per_wh": 2_727, "physical_ml_per_wh": 4_000})
    desk = pumping(1_000_000, site=site)
    desk.step_ms = 500
    desk.run(700)
    desk.energy_status = 1
    desk.run(1_300)
    assert desk.controller.recorder.alarms & flags.ENERGY_SILENT
    desk.energy_status = 0
    desk.run(1_300)  # all within one day of the clock
    check = desk.parts.crosscheck
    assert not check.alarms
    assert desk.count(record.EVENT, causes.IMPOSSIBLE) == desk.count(record.EVENT, causes.RATIO_OFF) == 0
    # What ran meanwhile is in the day's sums, water and work alike.
    values = check.snapshot()
    expected_l = FLOW_LPH * 3_300 // 3_600
    assert expected_l - 300 < values["ratio_volume_l"] <= expected_l + 100
    assert abs(values["ratio_volume_l"] * 1000 // values["ratio_energy_wh"] - 2_727) <= 10
    # It is no hiding place: water that passed the meter shows as soon as the power meter is back.
    desk.energy_status, desk.is_bypassed = 1, True
    desk.foreign_lph = FLOW_LPH // 4
    desk.run(1_200)
    desk.energy_status = 0
    desk.run(1_700)
    assert desk.count(record.EVENT, causes.RATIO_OFF) == 1


def test_water_without_energy_is_c2_and_flags_without_a_stop():
    desk = pumping(100_000)
    desk.step_ms = 500
    desk.power_says = 0
    desk.aux_says = True
    desk.controller.contactor._feedback._rated_power_w = None  # a site whose power meter confirms nothing
    desk.run(130)
    assert desk.controller.recorder.alarms & flags.NO_ENERGY and desk.closed
    assert desk.count(record.EVENT, causes.WATER_WITHOUT_ENERGY) == 1
    desk.check_records()


def test_water_that_flows_with_the_pump_off_is_counted_and_raises_c2():
    desk = ready()
    desk.step_ms = 500
    desk.foreign_lph = 30_000
    watched(desk, 180)
    assert desk.books.volume_l == desk.metered_mlh // 3_600_000 > 1000
    assert desk.controller.recorder.alarms & flags.NO_ENERGY
    assert desk.refusal() == causes.WATER_CEILING


def test_a_foreign_run_is_c3_counted_and_passes_the_warning_lines():
    desk = ready(300)
    desk.welded = True
    watched(desk, 40)
    assert desk.count(record.EVENT, causes.FOREIGN_CURRENT) == 1
    assert desk.controller.recorder.alarms & flags.FOREIGN_RUN
    assert desk.count(record.EVENT, causes.WARNING_LINE) == 3
    desk.welded = False
    desk.run(2)
    assert not desk.controller.recorder.alarms & flags.FOREIGN_RUN


def test_power_alone_with_an_open_contact_is_c3_too():
    desk = ready()
    desk.welded, desk.aux_says = True, False
    desk.run(10)
    assert desk.count(record.EVENT, causes.FOREIGN_CURRENT) == 1
    assert desk.refusal() == causes.FOREIGN_CURRENT


def test_a_meter_changed_in_the_middle_of_an_irrigation_never_lowers_w_and_the_ceiling_holds():
    for spoil in (
        lambda desk: setattr(desk, "register_l", -desk.litres),  # reset to zero
        lambda desk: setattr(desk, "register_l", 5_000),  # swapped for one that reads less
        lambda desk: setattr(desk, "register_l", 900_000),  # or more
    ):
        desk = pumping(900)
        spoil(desk)
        watched(desk, 90)
        stop = desk.last(record.STOP)
        assert stop["cause"] == causes.WATER_CEILING
        # P counts by the upper coefficient meanwhile: it may stop early, by that, and never late.
        assert 700 < desk.litres <= 900 + OVERSHOOT_L
        assert desk.books.segment == 3 and desk.books.is_provisional
        assert desk.litres - 1 <= desk.books.charged_l <= desk.litres * 11 // 10 + OVERSHOOT_L
        desk.check_records()


def test_a_register_that_rolls_over_stays_in_its_segment():
    desk = ready(5000)
    desk.register_l, desk.modulus = 23_879, 23_879 + 200
    desk.press()
    desk.run(6)
    for _ in range(300):
        if desk.metered_mlh // 3_600_000 >= 200 and desk.register_l == 23_879:
            desk.register_l -= desk.modulus
        desk.step()
    assert desk.count(record.EVENT, causes.ROLLOVER) == 1 and desk.books.segment == 1
    assert abs(desk.books.volume_l - desk.litres) <= 17
    desk.check_records()


def test_a_total_that_stands_while_the_meter_says_that_water_flows_is_told_and_counted_on():
    desk = pumping(3000)
    desk.step_ms = 500
    standing = desk.register_l + desk.metered_mlh // 3_600_000
    for _ in range(400):
        flowing = FLOW_LPH * desk.step_ms if desk.runs else 0
        desk.register_l = standing - (desk.metered_mlh + flowing) // 3_600_000
        desk.step()
    assert desk.count(record.EVENT, causes.METER_STUCK) == 1
    assert desk.controller.recorder.alarms & flags.STUCK or not desk.closed
    assert desk.books.charged_l >= desk.litres - 60_000 * 70 // 3600
    desk.check_records()


def test_a_meter_that_counts_backwards_is_told_and_counted_on():
    desk = pumping(2000)
    desk.reverse_l = 10
    desk.run(2)
    desk.is_bypassed = True
    for second in range(60):
        desk.reverse_l = 10 + 16 * second
        desk.register_l -= 16
        desk.run(1)
    assert desk.count(record.EVENT, causes.REVERSE_FLOW) == 1
    assert desk.controller.recorder.alarms & flags.REVERSED or not desk.closed
    assert desk.books.charged_l >= desk.litres - OVERSHOOT_L
    desk.check_records()


def test_water_that_runs_back_after_a_stop_is_neither_booked_nor_credited():
    desk = pumping(site=dict(SITE, riser_l=60))
    desk.press("stop")
    desk.step()
    volume_l = desk.books.volume_l
    desk.run(3)
    desk.register_l -= 40
    watched(desk, 5)
    assert desk.books.volume_l >= volume_l and desk.count(record.EVENT, causes.BACKFLOW) == 1
    desk.press()
    watched(desk, 10)
    desk.press("stop")
    watched(desk, 5)
    assert desk.books.volume_l == desk.litres - 40


def a_converted_well(ceiling=500, **named):
    desk = Desk(segments=CONVERTED, **named)
    desk.rights.install(*a_grant(ceiling))
    desk.run(4)
    return desk


def test_a_converted_well_stops_within_one_energy_step_times_its_coefficient():
    desk = a_converted_well()
    desk.water_status = 1  # there is none
    desk.press()
    watched(desk, 60)
    stop = desk.last(record.STOP)
    assert stop["cause"] == causes.WATER_CEILING and stop["method"] == record.CONVERTED
    assert 500 - 3 <= desk.litres <= 500 + OVERSHOOT_L + 3
    assert abs(desk.books.volume_l - desk.litres) <= 3
    assert desk.controller.pump.state == pump.OFF
    desk.check_records()


def test_the_stop_of_a_converted_well_holds_the_last_litre_though_register_and_power_are_read_apart():
    desk = a_converted_well()
    desk.is_read_apart = True
    desk.press()
    desk.run(10)
    for _ in range(8):  # almost a second after a reading
        desk.step()
    desk.press("stop")
    desk.run(6)
    assert desk.controller.pump.state == pump.OFF and desk.litres > 100
    assert abs(desk.last(record.STOP)["volume_l"] - desk.litres) <= 3


def test_a_converted_well_without_a_segment_for_energy_is_confirmed_by_its_power_all_the_same():
    desk = Desk(segments=CONVERTED[:1])
    desk.rights.install(*a_grant(500))
    desk.run(4)
    desk.water_status = 1
    desk.press()
    desk.run(5)
    desk.welded, desk.aux_says = True, False
    desk.press("stop")
    desk.run(7)
    assert desk.out.trip
    desk = Desk(segments=CONVERTED[:1])
    desk.rights.install(*a_grant(500))
    desk.run(4)
    desk.press()
    desk.run(5)
    desk.press("stop")
    desk.run(4)
    assert desk.last(record.STOP)["energy_wh"] is None and desk.controller.pump.state == pump.OFF


def test_a_converted_well_whose_power_meter_falls_silent_counts_rated_flow_and_stops():
    desk = a_converted_well()
    desk.press()
    desk.run(5)
    desk.energy_status = 1
    watched(desk, 60)
    assert desk.last(record.STOP)["cause"] == causes.WATER_CEILING
    assert desk.litres <= 500 + OVERSHOOT_L and desk.books.charged_l >= 490
    # Back after a silence: the gap has its record.
    desk.energy_status = 0
    watched(desk, 70)
    assert desk.books.held_l == 0 and abs(desk.books.volume_l - desk.litres) <= 3
    desk.check_records()


def test_a_site_without_any_meter_counts_rated_flow_times_time_closed():
    one = {
        "quantity": binding.WATER, "method": record.ESTIMATED, "base": 0, "register_base": 0,
        "multiplier_ppm": 1_000_000, "coefficient_version": 0,
    }  # fmt: skip
    desk = Desk(segments=[one])
    desk.read_ms = 1 << 30
    desk.rights.install(*a_grant(200))
    desk.press()
    desk.run(60)
    stop = desk.last(record.STOP)
    assert stop["cause"] == causes.WATER_CEILING and stop["method"] == record.ESTIMATED
    assert abs(desk.litres - 200) <= OVERSHOOT_L and desk.controller.poll_ms() == 1000
    desk.check_records()


def test_a_site_without_a_power_meter_settles_by_its_water_alone():
    desk = Desk(segments=[CONVERTED[0] and dict(CONVERTED[0], method=record.METERED, register_base=23_879,
                                                multiplier_ppm=1_000_000)])  # fmt: skip
    desk.energy_status = 1
    desk.rights.install(*a_grant(1000))
    desk.run(4)
    desk.press()
    desk.run(6)
    desk.press("stop")
    desk.run(7)
    assert desk.controller.pump.state == pump.OFF and desk.last(record.STOP)["volume_l"] == desk.litres


def cut_off(desk, outage_s):
    """The same site after an outage, with nothing running."""
    values = head.fresh()
    values.update({"register_l": desk.books.water.last, "energy_register_wh": desk.books.energy.last})
    again = Desk(restored=values)
    readings = again.controller.readings
    readings.outage_s = readings.energy_outage_s = outage_s
    again.register_l = desk.register_l + desk.litres
    again.register_wh = desk.register_wh + desk.work_mwh // 3_600_000
    again.rights.install(*a_grant(100_000))
    return again


def test_after_an_outage_of_unknown_length_water_without_energy_waits_for_a_person():
    again = cut_off(pumping(), None)
    again.register_l += 50_000
    again.energy_status = 1  # nothing bounds it: neither time nor energy
    again.run(20)
    assert again.refusal() == causes.BOOKS_UNKNOWN
    assert again.controller.recorder.alarms & flags.UNCERTAIN
    assert again.count(record.EVENT, causes.SEGMENT_UNCERTAIN) == 1
    again.change("confirm", "water")
    assert again.step().answers == ["done confirm"]
    again.run(2)
    assert again.refusal() == causes.NONE and not again.controller.recorder.alarms & flags.UNCERTAIN
    assert again.books.volume_l >= 50_000
    again.check_records()


def test_untrusted_time_binds_litres_and_forgets_dates():
    desk = ready()
    desk.clock_s, desk.time_state = None, record.TIME_UNKNOWN
    desk.rights.install(*a_grant(300, 2, to_utc_s=UTC + 5))
    assert desk.controller.permission.ends_in_s() is not None
    desk.step()
    assert desk.controller.permission.ends_in_s() is None
    desk.press()
    desk.run(3)
    assert desk.closed
    watched(desk, 40)
    assert desk.litres <= 300 + OVERSHOOT_L
    assert desk.last(record.STOP)["cause"] in (causes.WATER_CEILING, causes.GRANT_EXPIRED)
    desk.check_records()


def test_new_year_s_night_is_bridged_by_the_interim_row_and_nothing_resets():
    desk = ready()
    rows = [
        a_row(grant.WATER, 10_000, to_utc_s=UTC + 20),
        a_row(grant.WATER, 400, from_utc_s=UTC + 20, to_utc_s=UTC + 100_000),
    ]
    desk.rights.install(a_grant(1, 2)[0], rows)
    assert desk.controller.permission.ends_in_s() == 16
    desk.press()
    watched(desk, 18)
    assert desk.closed and desk.controller.left_l() < 400
    watched(desk, 30)
    stop = desk.last(record.STOP)
    assert stop["cause"] == causes.WATER_CEILING and stop["ceiling_l"] == 400
    assert desk.litres <= 400 + OVERSHOOT_L


def test_a_long_outage_of_the_gateway_thins_the_intervals():
    for fill_percent, most in ((0, 31), (80, 3), (95, 1)):
        desk = ready(settings={"interval_idle_s": 60})
        desk.step_ms = 500
        desk.fill_percent = fill_percent
        desk.run(1800)
        assert most - 1 <= desk.count(record.INTERVAL, causes.NONE) <= most
        assert desk.controller.poll_ms() == 10_000


def test_the_stop_waits_for_a_last_step_that_is_not_believed_yet():
    for steps in range(20):
        desk = Desk(segments=CONVERTED)
        desk.energy_grain_wh = 10  # and says nothing of it: ten at once are much for a moment
        desk.rights.install(*a_grant(10_000))
        desk.run(4)
        desk.press()
        desk.run(10)
        desk.read_ms = 100  # the bus hurries when the contactor moves
        for _ in range(steps):
            desk.step()
        desk.press("stop")
        desk.run(8)
        shown_wh = desk.work_mwh // 36_000_000 * 10
        assert desk.last(record.STOP)["volume_l"] == shown_wh * 2_727_272 // 1_000_000, steps
