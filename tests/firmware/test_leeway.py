"""The network may block the loop only where nothing falls due: shown for every stop that can be foreseen."""

from desk import SEGMENTS, UTC, a_grant, a_row, an_order, domestic, pumping, ready
from karez_firmware.core import pump
from karez_firmware.uplink import leeway
from karez_protocols import causes, grant, order, record

BLOCK_MS = 1_100  # a board's handshake (design §4)
PHASES = (2200, 2200, 2200)
MOTOR = {"current_ca": 4_000, "dry_percent": 40}


class Asked:
    """A leeway that is asked after every step."""

    def __init__(self, desk):
        self.desk = desk
        self.open_ms = []

    def step(self):
        self.desk.step()
        if self.is_open():
            self.open_ms.append(self.desk.now_ms)

    def is_open(self):
        return leeway.may_block(self.desk.controller, BLOCK_MS, self.desk.now_ms)

    def run(self, seconds):
        for _ in range(seconds * 10):
            self.step()
        return self

    def until_stopped(self, seconds=100):
        """Run until the pump opens: the network may have blocked before, but not within twice its time."""
        for _ in range(seconds * 10):
            self.step()
            if not self.desk.closed:
                break
        assert not self.desk.closed
        last_ms = max([at_ms for at_ms in self.open_ms if at_ms < self.desk.opened_ms] or [0])
        assert self.desk.opened_ms - last_ms > 2 * BLOCK_MS, (self.desk.opened_ms, last_ms)
        return bool(last_ms)


def cause_of(asked):
    asked.desk.run(14)
    return asked.desk.last(record.STOP)["cause"]


def test_at_rest_and_in_a_long_run_the_network_may_block():
    asked = Asked(ready())
    assert asked.is_open()
    asked = Asked(pumping(100_000)).run(20)
    assert len(asked.open_ms) == 200


def test_no_stop_of_the_right_or_the_calendar_comes_upon_a_blocked_loop():
    rows = [a_row(grant.WATER, 5000), a_row(grant.ENERGY, 400)]
    local_min = (UTC // 60 + 480) % 1440
    window = {"from_min": (local_min - 30) % 1440, "to_min": (local_min + 1) % 1440, "days": 127}
    hours = {"from_min": (local_min - 30) % 1440, "to_min": (local_min + 1) % 1440}
    for cause, right, named, orders in (
        (causes.WATER_CEILING, a_grant(400, 2), {}, ()),
        (causes.WATER_CEILING, a_grant(300, 2, policy=grant.FINISH, finish_100l=1), {}, ()),
        (causes.ENERGY_CEILING, (a_grant(1, 2)[0], rows), {}, ()),
        (causes.GRANT_EXPIRED, a_grant(5000, 2, to_utc_s=UTC + 30), {}, ()),
        (causes.OFFLINE_CEILING, None, {"settings": {"offline_l": 400}}, ()),
        (causes.ACCOUNT_EMPTY, None, {"ceilings_l": {7: 400}}, ()),
        (causes.WINDOW_OVER, None, {"windows": [window]}, ()),
        (causes.RUN_TIME, None, {"settings": {"run_max_s": 25}}, ()),
        (causes.ORDER_HOURS, None, {}, (an_order(order.HOURS, **hours),)),
    ):  # fmt: skip
        desk = pumping(5000, **named)
        if right:
            desk.rights.install(*right)
        for one in orders:
            assert desk.parts.orders.accept(one) == causes.NONE
        asked = Asked(desk)
        assert asked.until_stopped(), cause  # and before that it might
        assert cause_of(asked) == cause


def test_a_dead_water_meter_ends_no_leeway_and_its_ceiling_still_does():
    desk = pumping(1000)
    desk.water_status = 1  # silent: litres are held at the most that the energy stands for
    asked = Asked(desk)
    assert asked.until_stopped() and cause_of(asked) == causes.WATER_CEILING


def test_energy_that_nobody_reads_is_bounded_here_too():
    desk = pumping(5000)
    desk.rights.install(a_grant(1, 2)[0], [a_row(grant.WATER, 5000), a_row(grant.ENERGY, 700)])
    desk.run(5)
    desk.energy_status = 1
    asked = Asked(desk)
    assert asked.until_stopped() and cause_of(asked) == causes.ENERGY_CEILING


def test_a_well_without_a_power_meter_has_its_leeway_and_its_ceiling():
    asked = Asked(pumping(600, segments=SEGMENTS[:1]))
    assert asked.until_stopped() and cause_of(asked) == causes.WATER_CEILING


def test_untrusted_time_ends_no_leeway():
    desk = pumping(5000, settings={"run_max_s": 60})
    desk.rights.install(*a_grant(5000, 2, to_utc_s=UTC + 10))
    desk.clock_s, desk.time_state = None, record.TIME_UNKNOWN
    assert Asked(desk).run(5).open_ms


def test_a_right_that_only_warns_and_drinking_water_leave_leeway_behind_every_ceiling():
    desk = pumping(100)
    desk.rights.install(*a_grant(50, 2, policy=grant.WARN))
    asked = Asked(desk).run(10)
    assert desk.closed and len(asked.open_ms) == 100
    desk = pumping(100, site=domestic())
    desk.rights.install(*a_grant(50, 2, to_utc_s=UTC + 5))
    asked = Asked(desk).run(10)
    assert desk.closed and len(asked.open_ms) == 100
    assert desk.parts.orders.accept(an_order(order.SEAL)) == causes.NONE
    assert not asked.is_open()  # a seal reaches drinking water


def test_a_protection_that_runs_down_is_not_blocked():
    desk = pumping(5000, settings=MOTOR)
    desk.voltages, desk.currents = PHASES, (4_000, 4_000, 4_000)
    asked = Asked(desk).run(10)
    assert asked.open_ms[-1] == desk.now_ms
    desk.currents = (6_000, 6_000, 6_000)
    desk.run(1)
    asked.open_ms = []
    assert not asked.until_stopped() and cause_of(asked) == causes.OVER_CURRENT


def test_a_condition_that_was_shown_once_by_a_meter_now_silent_is_forgotten():
    desk = pumping(50_000, settings=MOTOR)
    desk.voltages, desk.currents = PHASES, (4_000, 4_000, 4_000)
    desk.run(5)
    desk.currents = (6_000, 6_000, 6_000)
    desk.run(1)
    desk.energy_status = 1
    asked = Asked(desk)
    assert not asked.is_open()
    desk.run(6)
    assert desk.closed and asked.is_open()


def test_while_the_pump_starts_stops_and_settles_nothing_blocks():
    desk = ready()
    asked = Asked(desk)
    desk.press()
    while desk.controller.pump.state != pump.RUNNING:
        asked.step()
    assert asked.open_ms == [desk.now_ms]
    asked.open_ms = []
    desk.press("stop")
    while desk.controller.pump.state != pump.OFF:
        asked.step()
    assert asked.open_ms == [desk.now_ms]


def test_a_trial_of_the_contactor_is_left_alone():
    desk = pumping()
    asked = Asked(desk)
    assert asked.is_open()
    desk.controller.permission.is_trial = True
    assert not asked.is_open()


def test_a_contactor_that_does_not_open_leaves_the_way_for_its_alarm():
    desk = pumping()
    desk.welded = True
    desk.press("stop")
    asked = Asked(desk).run(8)
    assert desk.controller.pump.state == pump.STUCK and asked.is_open()


def test_books_that_are_not_known_leave_none():
    desk = pumping()
    asked = Asked(desk)
    assert asked.is_open()
    desk.books.water.last = None
    assert desk.books.charged_l is None and not asked.is_open()
