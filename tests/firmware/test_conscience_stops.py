"""Every cause of a stop by itself, end to end, and who is not stopped by it."""

from desk import UTC, a_grant, a_row, an_order, detail_of, domestic, pumping, ready
from karez_firmware.core import pump
from karez_protocols import causes, flags, grant, order, record

PHASES = (2200, 2200, 2200)
MOTOR = {"current_ca": 4_000, "dry_percent": 40}


def stopped(desk, seconds=1):
    """Let it happen; the coil has to be open, and the cause of the stop record is returned."""
    desk.run(seconds)
    assert not desk.closed
    desk.run(13)
    desk.check_records()
    assert desk.count(record.START, causes.CARD) == 1
    return desk.last(record.STOP)["cause"]


def spared(desk, seconds=5):
    """It goes on."""
    desk.run(seconds)
    return desk.closed and desk.controller.pump.state == pump.RUNNING


def test_every_order_opens_in_the_step_it_comes_in_and_drinking_water_obeys_what_is_no_ration():
    area = {"scope": order.AREA, "target": "area-1"}
    local_min = (UTC // 60 + 480) % 1440
    hours = {"from_min": (local_min + 30) % 1440, "to_min": (local_min + 60) % 1440}
    for kind, changed, cause in (
        (order.STOP, {}, causes.ORDER_STOP), (order.SEAL, {}, causes.SEALED),
        (order.HOURS, hours, causes.ORDER_HOURS),
        (order.STOP, dict(area, basis=order.AREA_LEVEL), causes.AREA_LEVEL),
        (order.STOP, dict(area, basis=order.AREA_VOLUME), causes.AREA_VOLUME),
    ):  # fmt: skip
        for site in (None, domestic()):
            desk = pumping(site=site, areas=("area-1",))
            assert desk.parts.orders.accept(an_order(kind, **changed)) == causes.NONE
            if site and "basis" in changed:
                assert spared(desk)
                continue
            desk.step()
            assert not desk.closed
            assert stopped(desk) == cause


def test_an_order_that_ends_is_dropped_and_the_memory_hears_of_it():
    desk = pumping()
    desk.parts.orders.accept(an_order(until_utc_s=UTC + 30))
    assert stopped(desk) == causes.ORDER_STOP
    outs = [desk.step().orders_ended for _ in range(300)]
    assert outs.count(True) == 1 and desk.count(record.EVENT, causes.ORDER_ENDED) == 1
    assert desk.refusal() == causes.NONE


def test_a_window_closes_the_longest_run_ends_and_drinking_water_keeps_its_windows_too():
    local_min = (UTC // 60 + 480) % 1440
    window = {"from_min": (local_min - 30) % 1440, "to_min": (local_min + 1) % 1440, "days": 127}
    for site in (None, domestic()):
        assert stopped(pumping(site=site, windows=[window]), 60) == causes.WINDOW_OVER
    desk = pumping(settings={"run_max_s": 20})
    assert desk.controller.permission.ends_in_s() == 100_000 - 8
    desk.run(15)
    assert desk.closed
    assert stopped(desk, 3) == causes.RUN_TIME


def test_the_right_ends_in_each_of_its_ways_and_none_of_them_reaches_drinking_water():
    rows = [a_row(grant.WATER, 5000), a_row(grant.ENERGY, 60)]
    for right, cause in (
        (a_grant(5, 2), causes.WATER_CEILING), ((a_grant(1, 2)[0], rows), causes.ENERGY_CEILING),
        (a_grant(5000, 2, to_utc_s=UTC + 3), causes.GRANT_EXPIRED),
    ):  # fmt: skip
        desk = pumping()
        desk.rights.install(*right)
        assert stopped(desk, 10) == cause
        desk = pumping(site=domestic())
        desk.rights.install(*right)
        assert spared(desk, 10)


def test_an_energy_meter_that_falls_silent_still_ends_the_energy_right_by_what_it_can_have_come_to():
    desk = pumping()
    desk.rights.install(a_grant(1, 2)[0], [a_row(grant.WATER, 100_000), a_row(grant.ENERGY, 300)])
    desk.energy_status = 1
    desk.run(50)
    # 22 kW x 1.25 for the whole silence: never more energy than the right, and not at once.
    assert desk.last(record.STOP)["cause"] == causes.ENERGY_CEILING
    assert 100 * 3_600_000 < desk.work_mwh <= 300 * 3_600_000


def test_the_motor_s_protections_stop_with_their_delay_lock_out_and_spare_nobody():
    for site in (None, domestic()):
        for volts, amperes, watts, cause, delay_s in (
            ((2200, 1000, 2200), None, None, causes.PHASE_LOSS, 2),
            ((1800, 1800, 1800), None, None, causes.UNDER_VOLTAGE, 5),
            ((2600, 2600, 2600), None, None, causes.OVER_VOLTAGE, 5),
            (PHASES, (6000, 6000, 6000), None, causes.OVER_CURRENT, 10),
            (PHASES, (4000, 4000, 100), None, causes.PHASE_LOSS, 2),
            (PHASES, None, 7_000, causes.DRY_RUN, 30),
        ):
            desk = pumping(5000, site=site, settings=MOTOR)
            desk.voltages = PHASES
            desk.run(20)
            desk.voltages, desk.currents, desk.power_says = volts, amperes, watts
            desk.run(delay_s - 1)
            assert desk.closed, cause
            desk.run(3)
            assert not desk.closed, cause
            desk.voltages, desk.currents, desk.power_says = PHASES, None, None
            assert stopped(desk) == cause
            found = detail_of(desk.event(causes.LOCKOUT_BEGAN))
            assert (found["cause"], found["trips"], found["seconds"]) == (cause, 1, 900)
            assert desk.controller.recorder.status & flags.LOCKED_OUT
            assert desk.refusal() == causes.LOCKED_OUT


def test_a_pump_that_lifts_no_water_is_stopped_by_c1_and_locked_out_but_not_a_village_s():
    desk = pumping(100_000)
    desk.run(30)
    desk.step_ms = 500
    desk.is_bypassed = True
    desk.run(170)
    assert not desk.controller.recorder.alarms & flags.NO_WATER
    desk.run(30)
    assert desk.controller.recorder.alarms & flags.NO_WATER and desk.closed
    desk.run(110)
    assert not desk.closed and desk.last(record.STOP)["cause"] == causes.NO_WATER
    assert desk.count(record.EVENT, causes.ENERGY_WITHOUT_WATER) == 1
    found = detail_of(desk.event(causes.LOCKOUT_BEGAN))
    assert found["cause"] == causes.NO_WATER and desk.refusal() == causes.LOCKED_OUT
    desk.check_records()
    # The power meter dies with the alarm standing: the next run still has its full time.
    desk.energy_status = 1
    desk.change("reset")
    desk.step()
    desk.press()
    desk.run(20)
    assert desk.closed
    desk = pumping(site=domestic())
    desk.step_ms = 500
    desk.is_bypassed = True
    desk.run(400)
    assert desk.closed and desk.controller.recorder.alarms & flags.NO_WATER


def test_a_person_and_the_network_stop_with_their_own_cause_and_the_first_cause_stays():
    desk = pumping()
    desk.press("stop", b"")
    desk.command("stop")
    desk.parts.orders.accept(an_order())
    desk.step()
    desk.parts.orders.accept(an_order(order.SEAL, 2))
    assert stopped(desk) == causes.ORDER_STOP  # what forbids is looked at before hands are
    desk = pumping()
    desk.command("stop")
    desk.press("stop", b"")
    assert stopped(desk) == causes.BUTTON  # who stands at the well goes first


def test_a_stop_between_record_and_closing_closes_nothing_and_has_its_record():
    desk = ready()
    desk.commit = None
    desk.press()
    desk.run(2)
    desk.press("stop")
    desk.run(12)
    assert desk.litres == 0 and desk.last(record.STOP)["cause"] == causes.BUTTON
    desk.check_records()


def test_warning_lines_come_once_each_also_when_the_last_litres_run_out_after_the_stop():
    desk = ready(300)
    desk.run_down_l = 8
    desk.press()
    desk.run(40)
    percents = [v["subject"] for v in desk.records if v["cause"] == causes.WARNING_LINE]
    assert percents == [80, 90, 100] and desk.last(record.STOP)["cause"] == causes.WATER_CEILING


def test_a_finish_allowance_serves_the_irrigation_in_progress_and_no_other():
    desk = ready()
    desk.rights.install(*a_grant(60, 2, grant.FINISH, finish_100l=1))
    desk.press()
    desk.run(6)
    assert desk.last(record.START)["ceiling_l"] == 160
    desk.run(20)
    assert 150 <= desk.litres <= 160 + 36 and desk.last(record.STOP)["cause"] == causes.WATER_CEILING
    assert desk.refusal() == causes.WATER_CEILING
