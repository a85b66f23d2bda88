"""Contactor, mains and motor: what does not open, does not close, drops or comes back by itself."""

from desk import CARD, SITE, UTC, Desk, a_grant, an_order, domestic, pumping, ready
from karez_firmware.core import pump
from karez_firmware.core.cut_off import stopped_for
from karez_firmware.store import head
from karez_protocols import causes, flags, record

PHASES = (2200, 2200, 2200)


def test_a_welded_contactor_is_tripped_never_reported_as_stopped_and_alarms_again():
    for aux_says in (None, False):
        desk = pumping()
        desk.step_ms = 500
        desk.welded = True
        desk.aux_says = aux_says
        desk.press("stop")
        desk.run(7)
        controller = desk.controller
        assert controller.pump.state == pump.STUCK or aux_says is False
        assert desk.count(record.EVENT, causes.TRIPPED) == 1 and desk.out.trip
        assert controller.recorder.alarms & flags.NOT_STOPPED or aux_says is False
        if aux_says is None:
            desk.run(300)
            assert desk.count(record.EVENT, causes.DID_NOT_STOP) == 2
            assert (record.STOP, causes.BUTTON) not in desk.kinds()
            desk.welded = False
        desk.run(12)
        assert desk.last(record.STOP)["volume_l"] == desk.litres and not desk.runs
        assert desk.controller.recorder.status & flags.TRIPPED
        desk.welded, desk.aux_says = False, None
        desk.press()
        desk.run(2)
        assert desk.runs and not desk.out.trip
        desk.check_records()


def test_without_a_second_trip_the_books_count_on_behind_a_welded_contactor():
    desk = pumping()
    desk.welded = True
    desk.press("stop")
    for _ in range(300):
        desk.step()
        desk.tripped = False  # nothing is wired to it
    assert desk.controller.pump.state == pump.STUCK and abs(desk.books.volume_l - desk.litres) <= 17
    assert (record.STOP, causes.BUTTON) not in desk.kinds()
    desk.press("stop")
    desk.step()
    assert desk.count(record.EVENT, causes.TRIPPED) == 1  # a person's second stop is no second alarm


def test_a_thermal_relay_ends_the_run_and_says_that_the_feedback_was_lost():
    desk = pumping(5000)
    desk.voltages = PHASES
    desk.run(20)
    desk.is_thermal_open = True
    desk.run(16)
    assert not desk.closed
    desk.run(5)
    assert desk.last(record.STOP)["cause"] == causes.FEEDBACK_LOST


def test_mains_that_go_are_told_from_a_contactor_that_drops():
    for loses_mains, cause in ((True, causes.MAINS_LOST), (False, causes.FEEDBACK_LOST)):
        desk = ready()
        desk.voltages = PHASES
        desk.run(13)
        desk.press()
        desk.run(5)
        desk.has_mains = not loses_mains
        desk.closed = False
        desk.step()
        assert not desk.out.close
        desk.run(12)
        assert desk.last(record.STOP)["cause"] == cause
        assert desk.count(record.STOP, cause) == 1


def test_mains_that_go_behind_a_contact_that_holds_are_the_mains():
    desk = pumping()
    desk.voltages = PHASES
    desk.run(3)
    desk.voltages, desk.power_says = (0, 0, 0), 0
    desk.run(4)
    assert not desk.closed
    desk.run(5)
    assert desk.last(record.STOP)["cause"] == causes.MAINS_LOST
    assert desk.count(record.EVENT, causes.LOCKOUT_BEGAN) == 0


def test_a_contactor_that_does_not_close_is_not_left_commanded():
    desk = ready()
    desk.has_mains = False
    desk.press()
    desk.run(20)
    assert desk.last(record.STOP)["cause"] == causes.FEEDBACK_LOST
    assert desk.count(record.EVENT, causes.DID_NOT_START) == 1 and not desk.out.close


def a_village(**named):
    desk = pumping(site=domestic(), settings={"restart_delay_s": 120}, seed=7, **named)
    desk.voltages = PHASES
    desk.run(5)
    desk.step_ms = 500
    return desk


def test_drinking_water_comes_back_well_after_the_mains_and_only_then():
    for is_silent in (False, True):  # the power meter may hang on the same mains
        desk = a_village()
        desk.has_mains = False
        desk.energy_status = 1 if is_silent else 0
        desk.run(1200)
        assert not desk.closed
        desk.has_mains, desk.energy_status = True, 0
        desk.run(100)
        assert not desk.closed
        desk.run(60)
        assert desk.closed and desk.last(record.START)["cause"] == causes.AUTOMATIC
        assert desk.last(record.START)["account"] == 7
        desk.check_records()


def test_after_a_person_s_stop_an_order_or_a_relay_nothing_comes_back():
    def by_a_person(desk):
        desk.press("stop")

    def by_an_order(desk):
        desk.parts.orders.accept(an_order())

    def by_the_relay(desk):
        desk.closed = False

    for end in (by_a_person, by_an_order, by_the_relay):
        desk = a_village()
        end(desk)
        desk.run(15)
        assert not desk.closed
        desk.has_mains = False
        desk.run(30)
        desk.has_mains = True
        desk.run(1200)
        assert not desk.closed


def test_a_person_s_stop_while_the_mains_are_away_holds_and_a_field_s_well_never_comes_back():
    desk = a_village()
    desk.has_mains = False
    desk.run(30)
    desk.press("stop")
    desk.has_mains = True
    desk.run(1200)
    assert not desk.closed
    desk = ready(5000)
    desk.voltages = PHASES
    desk.run(13)
    desk.press()
    desk.run(5)
    desk.has_mains = False
    desk.run(30)
    desk.has_mains = True
    desk.step_ms = 500
    desk.run(1200)
    assert not desk.closed


def restored(desk, **changed):
    """What the head holds of a desk that lost its power."""
    values = head.fresh()
    values.update({
        "register_l": desk.books.water.last, "energy_register_wh": desk.books.energy.last, "held_l": 0,
        "running": 1, "account": 7, "credential": CARD, "start_volume_l": 0, "boot": 1,
    })  # fmt: skip
    values.update(changed)
    return values


def test_over_a_restart_the_litres_are_charged_to_who_pumped_them():
    desk = pumping()
    again = Desk(dict(SITE, issued_utc_s=UTC - 5), restored=restored(desk))
    assert again.controller.clock.floor_utc_s == UTC - 5
    assert again.refusal() == causes.NOT_READY
    again.register_l += desk.litres + 9
    again.run(6)
    stop = again.last(record.STOP)
    assert stop["cause"] == causes.RESTARTED and stop["account"] == 7
    assert stop["account_l"] == stop["volume_l"] == desk.litres + 9
    assert again.parts.accounts.used_of(7, again.books.volume_l) == desk.litres + 9
    again.check_records()


def test_a_contactor_still_closed_after_a_restart_is_tripped_and_not_reported_as_stopped():
    desk = pumping()
    again = Desk(restored=restored(desk))
    again.register_l += desk.litres
    again.register_wh += desk.work_mwh // 3_600_000
    again.welded = True
    again.run(8)
    assert again.refusal() in (causes.ALREADY_RUNNING, causes.FOREIGN_CURRENT)
    assert (record.STOP, causes.RESTARTED) not in again.kinds()
    again.run(4)
    assert again.out.trip and again.count(record.EVENT, causes.DID_NOT_STOP) == 1
    again.welded = False
    again.run(12)
    assert again.last(record.STOP)["cause"] == causes.RESTARTED
    assert again.last(record.STOP)["volume_l"] == desk.litres + again.litres
    again.check_records()


def test_a_village_well_cut_off_comes_back_and_so_it_does_when_the_mains_go_a_second_time():
    desk = a_village()
    for values in (restored(desk), restored(desk, running=0, is_resuming=1)):
        again = Desk(site=domestic(), restored=values)
        again.voltages = PHASES
        again.register_l += desk.litres
        again.register_wh += desk.work_mwh // 3_600_000
        again.step_ms = 500
        again.run(60)
        assert not again.closed
        again.run(1000)
        assert again.closed and again.last(record.START)["cause"] == causes.AUTOMATIC
    again = Desk(restored=restored(desk, running=0, is_tripped=1))
    again.step()
    assert again.out.trip


def test_a_person_s_stop_that_a_power_cut_overtook_keeps_its_cause_and_nothing_comes_back():
    desk = a_village()
    again = Desk(site=domestic(), restored=restored(desk, stop_cause=causes.BUTTON))
    again.voltages = PHASES
    again.register_l += desk.litres
    again.register_wh += desk.work_mwh // 3_600_000
    again.step_ms = 500
    again.run(1100)
    assert not again.closed and not any(v["kind"] == record.START for v in again.records)
    assert [v["cause"] for v in again.records if v["kind"] == record.STOP] == [causes.BUTTON]


def test_what_the_head_tells_of_a_stop_under_way_is_a_decision_s_cause_and_never_the_mains():
    desk = pumping()
    assert stopped_for(desk.controller) == causes.NONE
    desk.welded = True  # it stays under way
    desk.press("stop")
    desk.run(2)
    assert stopped_for(desk.controller) == causes.BUTTON
    desk = pumping()
    desk.has_mains = False
    desk.step()
    assert desk.controller.is_pumping and stopped_for(desk.controller) == causes.NONE
    desk.run(30)
    assert stopped_for(desk.controller) == causes.NONE and not desk.controller.is_pumping


def test_the_motor_rests_on_over_a_restart_less_an_outage_that_is_certain():
    desk = pumping(settings={"restart_delay_s": 600})
    assert desk.controller.starting.rest_s(desk.now_ms) == 600  # from the moment it stops
    desk.press("stop")
    desk.run(100)
    rest_s = desk.controller.starting.rest_s(desk.now_ms)
    assert 500 < rest_s < 510
    again = Desk(restored=restored(desk, running=0, rest_s=rest_s), settings={"restart_delay_s": 600})
    again.rights.install(*a_grant(5000))
    again.register_l += desk.litres
    again.register_wh += desk.work_mwh // 3_600_000
    again.step_ms = 500
    again.run(rest_s - 5 - 1)  # the desk's outage lasted 5 s
    assert again.refusal() == causes.RESTART_DELAY
    again.run(2)
    again.press()
    again.run(4)
    assert again.closed
