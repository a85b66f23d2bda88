"""Every start condition by itself, end to end: who is refused, why, and who starts all the same."""

from desk import CARD, UTC, Desk, a_grant, a_row, an_order, domestic, pumping, ready
from karez_firmware.core import pump
from karez_protocols import causes, flags, grant, order, record

OTHER = b"card-002"
PHASES = (2200, 2200, 2200)


def test_a_blocked_card_is_nobody_s():
    desk = ready(blocked=(CARD,))
    assert desk.refusal() == causes.IDENTITY_UNKNOWN


def test_an_account_that_is_used_up_starts_nothing_while_its_neighbour_does():
    desk = ready(accounts={CARD: 7, OTHER: 8}, ceilings_l={7: 60})
    desk.press()
    desk.run(20)
    assert desk.last(record.STOP)["cause"] == causes.ACCOUNT_EMPTY
    assert desk.refusal() == causes.ACCOUNT_EMPTY
    assert desk.refusal("start", OTHER) == causes.NONE
    desk.run(3)
    assert desk.closed and desk.last(record.START)["account"] == 8


def test_an_energy_right_needs_an_energy_that_is_known():
    desk = Desk()
    rows = [a_row(grant.WATER, 1000), a_row(grant.ENERGY, 100)]
    desk.rights.install(a_grant(1)[0], rows)
    desk.run(4)
    desk.energy_status = 1
    desk.run(30)
    assert desk.refusal() == causes.BOOKS_UNKNOWN
    desk.energy_status = 0
    desk.run(4)
    assert desk.refusal() == causes.NONE
    desk.run(30)
    assert desk.last(record.STOP)["cause"] == causes.ENERGY_CEILING
    assert desk.refusal() == causes.ENERGY_CEILING


def test_litres_without_a_network_end_and_an_acknowledgement_frees_more():
    desk = ready(settings={"offline_l": 45})
    desk.press()
    desk.run(20)
    assert desk.last(record.STOP)["cause"] == causes.OFFLINE_CEILING
    assert desk.litres <= 45 + 60_000 * 2_100 // 3_600_000 + 1
    assert desk.refusal() == causes.OFFLINE_CEILING
    desk.controller.permission.acknowledged_volume_l = desk.books.volume_l
    assert desk.refusal() == causes.NONE


def test_a_closed_window_refuses_with_trusted_time_and_is_only_noted_without():
    local_min = (UTC // 60 + 480) % 1440
    window = {"from_min": (local_min + 30) % 1440, "to_min": (local_min + 60) % 1440, "days": 127}
    desk = ready(windows=[window])
    assert desk.refusal() == causes.WINDOW_OVER
    desk.clock_s = None
    desk.time_state = record.TIME_UNKNOWN
    assert desk.refusal() == causes.NONE
    assert desk.count(record.EVENT, causes.WINDOW_IGNORED) == 1


def test_each_order_refuses_in_its_own_words_and_a_lift_frees():
    desk = ready(areas=("area-1",))
    area = {"scope": order.AREA, "target": "area-1"}
    local_min = (UTC // 60 + 480) % 1440
    hours = {"from_min": (local_min + 30) % 1440, "to_min": (local_min + 60) % 1440}
    seq = 1
    for kind, changed, cause in (
        (order.STOP, {}, causes.ORDER_STOP), (order.SEAL, {}, causes.SEALED),
        (order.HOURS, hours, causes.ORDER_HOURS),
        (order.STOP, dict(area, basis=order.AREA_LEVEL), causes.AREA_LEVEL),
        (order.STOP, dict(area, basis=order.AREA_VOLUME), causes.AREA_VOLUME),
    ):  # fmt: skip
        assert desk.parts.orders.accept(an_order(kind, seq, **changed)) == causes.NONE
        assert desk.refusal() == cause
        assert desk.controller.recorder.status & flags.ORDERED
        lift = an_order(order.LIFT, seq + 1, lift_office=order.ROOT, lift_seq=order.EVERY)
        assert desk.parts.orders.accept(lift) == causes.NONE
        seq += 2
        desk.step()
    assert not desk.controller.recorder.status & flags.ORDERED
    assert desk.refusal() == causes.NONE


def test_a_phase_that_is_missing_before_the_start_refuses_it():
    desk = ready()
    desk.voltages = (2200, 900, 2200)
    desk.run(3)
    assert desk.refusal() == causes.PHASE_LOSS
    desk.voltages = PHASES
    desk.run(2)
    assert desk.refusal() == causes.NONE


def test_a_locked_out_motor_stays_off_until_a_technician_resets_it():
    desk = ready(settings={"lockout_trips": 1})
    desk.voltages = PHASES
    desk.press()
    desk.run(6)
    desk.voltages = (2200, 900, 2200)
    desk.run(5)
    desk.voltages = PHASES
    desk.run(10)
    assert desk.last(record.STOP)["cause"] == causes.PHASE_LOSS
    assert desk.refusal() == causes.LOCKED_OUT
    desk.run(1000)
    assert desk.refusal() == causes.LOCKED_OUT and desk.controller.recorder.alarms & flags.PROTECTION
    desk.change("reset")
    assert desk.step().answers == ["done reset"]
    assert desk.refusal() == causes.NONE
    desk.check_records()


def test_a_start_waits_ten_seconds_for_the_signature_over_the_last_stop_and_then_says_so():
    desk = ready()
    desk.is_signed = False
    desk.press()
    desk.run(9)
    assert desk.controller.pump.state == pump.AWAITING and not desk.closed
    desk.run(3)
    assert desk.closed and desk.count(record.EVENT, causes.STARTED_UNSIGNED) == 1
    assert desk.last(record.START)["status"] & flags.STARTED_UNSIGNED
    desk.is_signed = True
    desk.press("stop")
    desk.run(5)
    desk.press()
    desk.run(2)
    assert not desk.last(record.START)["status"] & flags.STARTED_UNSIGNED


def test_what_changes_while_a_start_waits_refuses_it_aloud_and_leaves_nothing_behind():
    for kind, spoil, cause in (
        ("start", lambda desk: desk.parts.orders.accept(an_order()), causes.ORDER_STOP),
        ("emergency", lambda desk: desk.rights.install(*a_grant(0, seq=2)), causes.WATER_CEILING),
        ("start", lambda desk: setattr(desk, "voltages", (2200, 0, 2200)), causes.PHASE_LOSS),
    ):
        desk = ready()
        desk.is_signed = False
        desk.press(kind)
        desk.run(3)
        spoil(desk)
        desk.run(2)
        assert desk.controller.refused == cause
        assert desk.event(causes.START_REFUSED)["subject"] == cause
        assert desk.controller.pump.state == pump.OFF and not desk.controller.permission.is_emergency
        assert record.STOP not in [kind for kind, _ in desk.kinds()]


def test_a_person_may_take_a_waiting_start_back():
    desk = ready()
    desk.is_signed = False
    desk.press("emergency")
    desk.run(2)
    desk.press("stop")
    desk.step()
    assert desk.controller.pump.state == pump.OFF and not desk.controller.permission.is_emergency
    desk.is_signed = True
    desk.run(3)
    assert not desk.closed


def test_a_dead_store_refuses_and_charges_nobody_but_never_stops_drinking_water():
    desk = ready()
    desk.commit = False
    desk.press("emergency")
    desk.run(3)
    assert not desk.closed and desk.controller.refused == causes.STORE_DEAD
    assert desk.parts.accounts.number == 0 and not desk.controller.permission.is_emergency
    desk = Desk(domestic())
    desk.run(4)
    desk.commit = False
    desk.press()
    desk.run(3)
    assert desk.closed


def test_a_store_that_says_nothing_starts_nothing_but_drinking_water():
    for site, is_closed in ((None, False), (domestic(), True)):
        desk = ready(site=site)
        desk.commit = None
        desk.press()
        desk.run(9)
        assert not desk.closed
        desk.run(3)
        assert desk.closed == is_closed
        if not is_closed:
            desk.run(12)
            assert desk.last(record.STOP)["cause"] == causes.STORE_DEAD and desk.litres == 0


def test_the_emergency_ceiling_opens_by_button_and_account_is_recorded_and_ends_with_the_irrigation():
    desk = ready(60)
    desk.rights.install(*a_grant(60, seq=2, emergency_100l=1))
    desk.press()
    desk.run(20)
    assert desk.last(record.STOP)["cause"] == causes.WATER_CEILING
    assert desk.refusal() == causes.WATER_CEILING
    assert desk.refusal("emergency", b"stranger") == causes.IDENTITY_UNKNOWN
    assert desk.refusal("emergency") == causes.NONE
    assert desk.event(causes.EMERGENCY_OPENED)["subject"] == 7
    desk.run(3)
    start = desk.last(record.START)
    assert start["cause"] == causes.EMERGENCY and start["status"] & flags.EMERGENCY
    assert start["ceiling_l"] == 160
    desk.run(20)
    stop = desk.last(record.STOP)
    assert stop["cause"] == causes.WATER_CEILING and 150 <= desk.litres <= 160 + 36
    assert stop["status"] & flags.EMERGENCY and desk.books.volume_l > 60
    assert desk.refusal() == causes.WATER_CEILING
    assert not desk.controller.recorder.status & flags.EMERGENCY


def test_an_emergency_yields_to_any_order():
    for kind in (order.STOP, order.SEAL):
        desk = ready(0)
        desk.rights.install(*a_grant(0, seq=2, emergency_100l=10))
        desk.press("emergency")
        desk.run(4)
        assert desk.closed
        desk.parts.orders.accept(an_order(kind))
        desk.step()
        assert not desk.closed
        desk.run(4)
        assert desk.refusal("emergency") in (causes.ORDER_STOP, causes.SEALED)


def test_a_remote_start_quotes_this_boot_and_a_near_deadline():
    desk = ready()
    boot = 0
    for words in (
        ("start", 7, boot + 1, 30),  # of another boot
        ("start", 7, boot, 3),  # its time is over
        ("start", 7, boot, 10_000),  # farther than three minutes
    ):
        desk.command(*words)
        desk.step()
        assert desk.controller.refused == causes.COMMAND_STALE and not desk.closed
    desk.command("start", 99, boot, 30)
    desk.step()
    assert desk.controller.refused == causes.IDENTITY_UNKNOWN
    desk.command("start", 7, boot, 30)
    desk.run(2)
    assert desk.closed and desk.last(record.START)["cause"] == causes.REMOTE
    desk.command("stop")
    desk.run(4)
    assert desk.last(record.STOP)["cause"] == causes.REMOTE
    desk.command("start", 0, boot, 60)  # nobody's: the operator answers for it
    desk.run(2)
    assert desk.closed


def test_a_remote_stop_reaches_no_drinking_water():
    desk = pumping(site=domestic())
    desk.command("stop")
    desk.run(2)
    assert desk.closed


def test_a_button_pressed_all_night_does_not_fill_the_memory():
    desk = ready(0)
    for _ in range(600):
        desk.press()
        desk.step()
        assert desk.controller.refused == causes.WATER_CEILING
    assert 8 <= desk.count(record.EVENT, causes.START_REFUSED) <= 10


def test_a_right_that_only_warns_refuses_no_start_and_the_account_s_own_ceiling_binds_on():
    desk = ready(ceilings_l={7: 90})
    desk.rights.install(*a_grant(30, seq=2, policy=grant.WARN))
    desk.press()
    desk.run(4)
    desk.press("stop")
    desk.run(4)
    assert desk.books.volume_l > 30 and desk.refusal() == causes.NONE
    desk.run(10)
    assert desk.last(record.STOP)["cause"] == causes.ACCOUNT_EMPTY
