"""The controller's decisions on a desk: no right, no water; right used up, stop; every stop explained."""

from desk import CARD, SITE, UTC, Desk, a_grant, ready
from karez_firmware.core import pump
from karez_protocols import causes, flags, grant, record, site_class


def refusal(desk):
    """Press start and return why it was refused."""
    desk.press()
    desk.step()
    assert desk.records[-1]["kind"] == record.EVENT and desk.records[-1]["cause"] == causes.START_REFUSED
    assert not desk.closed
    return desk.records[-1]["subject"]


def test_an_irrigation_runs_from_button_to_button_and_its_litres_are_exact():
    desk = ready()
    desk.press()
    desk.run(10)
    assert desk.closed and desk.controller.pump.state == pump.RUNNING
    desk.press("stop")
    desk.run(4)
    start, stop = desk.last(record.START), desk.last(record.STOP)
    assert stop["cause"] == causes.BUTTON and start["account"] == 7 and start["credential"] == CARD
    assert stop["volume_l"] - start["volume_l"] == desk.litres > 100
    assert desk.controller.pump.state == pump.OFF


def test_no_right_no_water():
    assert refusal(Desk()) == causes.BOOKS_UNKNOWN
    desk = Desk()
    desk.run(4)
    assert refusal(desk) == causes.GRANT_MISSING
    desk.rights.install(*a_grant(1000, to_utc_s=UTC))
    assert refusal(desk) == causes.GRANT_EXPIRED
    desk.rights.install(*a_grant(0))
    assert refusal(desk) == causes.WATER_CEILING
    desk = ready()
    desk.press(card=b"stranger")
    desk.step()
    assert desk.records[-1]["subject"] == causes.IDENTITY_UNKNOWN


def test_right_used_up_stop_with_an_overshoot_below_flow_times_refresh_and_delay():
    for ceiling in range(150, 170):
        desk = ready(ceiling)
        desk.press()
        desk.run(30)
        assert desk.last(record.STOP)["cause"] == causes.WATER_CEILING and not desk.closed
        # design §13: flow x (meter refresh 1 s + 1.1 s) + one register step.
        assert desk.litres - ceiling <= 60_000 * 2_100 // 3_600_000 + 1, ceiling
        assert desk.last(record.STOP)["volume_l"] == desk.litres


def test_after_a_cut_off_a_new_grant_arms_and_a_person_starts():
    desk = ready(100)
    desk.press()
    desk.run(30)
    desk.rights.install(*a_grant(500, seq=2))
    desk.run(5)
    assert not desk.closed
    desk.press()
    desk.run(5)
    assert desk.closed


def test_a_cut_during_irrigation_stops_it_and_an_expiry_too():
    desk = ready(1000)
    desk.press()
    desk.run(5)
    desk.rights.install(*a_grant(10, seq=2))
    desk.step()
    assert not desk.closed
    desk.run(4)
    assert desk.last(record.STOP)["cause"] == causes.WATER_CEILING
    desk.rights.install(*a_grant(1000, seq=3, to_utc_s=UTC + desk.now_ms // 1000 + 5))
    desk.press()
    desk.run(12)
    assert desk.last(record.STOP)["cause"] == causes.GRANT_EXPIRED


def test_policies_finish_and_warn_do_what_they_say():
    desk = ready()
    desk.rights.install(*a_grant(50, policy=grant.FINISH, finish_100l=1))
    desk.press()
    desk.run(40)
    assert 140 <= desk.litres <= 190 and refusal(desk) == causes.WATER_CEILING
    desk = ready()
    desk.rights.install(*a_grant(50, policy=grant.WARN))
    desk.press()
    desk.run(20)
    assert desk.closed and (record.EVENT, causes.WARNING_LINE) in desk.kinds()


def test_drinking_water_is_never_cut_by_quota():
    site = dict(SITE)
    site["class"] = site_class.DOMESTIC
    desk = Desk(site)
    desk.run(4)
    desk.press()
    desk.run(10)
    assert desk.closed


def test_a_silent_water_meter_counts_by_energy_against_the_ceiling_and_stops_at_it():
    desk = ready(400)
    desk.press()
    desk.run(5)
    desk.water_status = 1
    desk.run(40)
    stop = desk.last(record.STOP)
    assert stop["cause"] == causes.WATER_CEILING and stop["held_l"] > 0 and stop["method"] == record.CONVERTED
    assert stop["flow_lph"] is None and stop["alarms"] & flags.WATER_SILENT
    assert stop["volume_l"] + stop["held_l"] >= 400 and desk.litres < 450
    assert (record.EVENT, causes.METER_SILENT) in desk.kinds()


def test_a_cut_bus_cable_stops_at_the_ceiling_too():
    desk = ready(400)
    desk.press()
    desk.run(5)
    desk.water_status = desk.energy_status = 1
    desk.run(60)
    stop = desk.last(record.STOP)
    assert stop["cause"] == causes.WATER_CEILING and not desk.closed
    assert desk.litres <= 400 + 60_000 * 4 // 3600


def test_when_the_power_meter_answers_again_p_is_what_it_counted():
    desk = ready(4000)
    desk.press()
    desk.run(5)
    desk.water_status = desk.energy_status = 1
    desk.run(10)
    blind_l = desk.books.held_l
    desk.energy_status = 0
    desk.run(5)
    # 22 Wh pump a litre here, the upper coefficient books 3 l/Wh: P follows the meter again.
    assert blind_l > 100 and desk.books.held_l != blind_l and desk.closed
    desk.water_status = 0
    desk.run(3)
    assert desk.books.held_l == 0 and desk.books.volume_l == desk.litres


def test_a_failed_reading_after_the_stop_is_not_taken_for_still_water():
    desk = ready()
    desk.press()
    desk.run(5)
    desk.run_down_l = 8  # still counted by the meter after the contactor has opened
    desk.press("stop")
    desk.water_status = 2
    desk.run(2)
    assert desk.controller.pump.state == pump.SETTLING
    desk.water_status = 0
    desk.run(2)
    assert desk.last(record.STOP)["volume_l"] == desk.litres + 8


def test_a_meter_without_signal_is_not_read_as_standing_still():
    desk = ready(400)
    desk.press()
    desk.run(5)
    desk.no_signal = True
    desk.run(40)
    stop = desk.last(record.STOP)
    assert stop["cause"] == causes.WATER_CEILING and stop["held_l"] > 0 and stop["flow_lph"] is None


def test_one_lost_answer_is_no_silent_meter():
    desk = ready()
    desk.press()
    desk.run(5)
    desk.water_status = 2
    desk.run(2)
    desk.water_status = 0
    desk.run(5)
    assert (record.EVENT, causes.METER_SILENT) not in desk.kinds()
    assert desk.books.volume_l == desk.litres


def test_a_start_that_cannot_be_committed_closes_nothing():
    desk = ready()
    desk.commit = False
    desk.press()
    desk.run(3)
    assert desk.litres == 0 and desk.controller.pump.state == pump.OFF


def test_a_contactor_that_does_not_open_is_never_reported_as_stopped_and_is_counted_on():
    desk = ready()
    desk.press()
    desk.run(5)
    desk.welded = True
    desk.press("stop")
    desk.run(10)
    assert desk.controller.pump.state == pump.STUCK and (record.STOP, causes.BUTTON) not in desk.kinds()
    assert (record.EVENT, causes.DID_NOT_STOP) in desk.kinds()
    assert desk.books.volume_l > 150
    desk.welded = False
    desk.run(5)
    assert desk.last(record.STOP)["volume_l"] == desk.litres


def test_a_lost_feedback_opens_and_says_so():
    desk = ready()
    desk.press()
    desk.run(3)
    desk.closed = False  # mains gone: the coil drops by itself
    desk.step()
    desk.run(4)
    assert desk.last(record.STOP)["cause"] == causes.FEEDBACK_LOST


def test_the_motor_rests_before_it_starts_again():
    desk = ready(settings={"restart_delay_s": 20})
    desk.press()
    desk.run(3)
    desk.press("stop")
    desk.run(4)
    assert refusal(desk) == causes.RESTART_DELAY
    desk.run(20)
    desk.press()
    desk.run(2)
    assert desk.closed


def test_after_a_restart_the_cut_off_irrigation_is_closed_with_all_its_litres_and_the_pump_stays_off():
    desk = ready()
    desk.press()
    desk.run(10)
    restored = {
        "register_l": desk.books.water.last, "energy_register_wh": desk.books.energy.last, "held_l": 0,
        "running": 1, "account": 7, "credential": CARD, "start_volume_l": 0, "boot": 1,
    }  # fmt: skip
    again = Desk(restored=restored)
    again.rights.install(*a_grant(1000))
    again.register_l += desk.litres + 9  # what still flowed before the coil dropped
    again.run(6)
    assert not again.closed
    gap, stop = again.last(record.GAP), again.last(record.STOP)
    assert gap["volume_l"] == desk.litres + 9 and gap["volume_before_l"] == restored["register_l"] - 23_879
    assert stop["cause"] == causes.RESTARTED and stop["volume_l"] == desk.litres + 9


def test_current_with_the_contactor_open_is_an_event_and_the_books_count_on():
    desk = ready()
    desk.welded = True
    desk.run(10)
    assert (record.EVENT, causes.FOREIGN_CURRENT) in desk.kinds() and desk.books.volume_l > 100
    assert refusal(desk) == causes.FOREIGN_CURRENT


def test_interval_records_end_on_the_clock_and_checkpoints_follow_stops():
    desk = ready(settings={"interval_idle_s": 60})
    desk.run(200)
    intervals = [v for v in desk.records if v["kind"] == record.INTERVAL]
    assert len(intervals) in (3, 4)
    desk.press()
    desk.run(3)
    desk.press("stop")
    outs = [desk.step() for _ in range(50)]
    assert [out.checkpoint for out in outs].count(True) == 1


def test_every_record_of_a_long_day_encodes():
    desk = ready(300)
    desk.press()
    desk.run(30)
    desk.water_status = 2
    desk.run(5)
    for values in desk.records:
        values.update({"seq": 1, "utc_s": 1, "boot": 1, "uptime_s": 1, "time_state": 2, "grant_seq": 1})
        assert len(record.encode(values)) == 112
