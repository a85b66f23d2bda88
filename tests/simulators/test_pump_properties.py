"""Pump table and feedback against a contactor that may weld, lie, drop or lose its meter, in any order."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from karez_firmware.core import protection, pump
from karez_firmware.core.feedback import Feedback
from karez_protocols import causes

RATED_W = 22_000
STEP_MS = 250
REFRESH_MS = 2_000  # a meter's own, at worst
METER_GONE_MS = 3_000  # recording.Meter calls a meter silent so long after its first lost answer


class Contactor:
    """What hangs on the coil: contact, motor, series trip, thermal relay, mains, power meter."""

    def __init__(self):
        self.is_welded = self.does_contact_lie = self.is_thermal_open = self.is_meter_silent = False
        self.has_mains = True
        self.is_closed = self.is_tripped = False
        self._shown_w = 0
        self._next_ms = 0

    def follow(self, coil, trip, now_ms):
        self.is_closed = (coil and self.has_mains) or self.is_welded
        self.is_tripped = trip
        if now_ms >= self._next_ms:  # the meter's own refresh: between two it shows the old value
            self._next_ms = now_ms + REFRESH_MS
            self._shown_w = RATED_W if self.runs else 0

    @property
    def runs(self):
        return self.is_closed and self.has_mains and not self.is_tripped and not self.is_thermal_open

    @property
    def aux(self):
        """The auxiliary contact, which says "open" when it lies."""
        return self.is_closed and not self.does_contact_lie

    def power_w(self):
        """What the meter answers, None when it does not."""
        return None if self.is_meter_silent or not self.has_mains else self._shown_w


def by_a_stop(machine):
    machine.fire(pump.STOP)
    machine.ends_without_alarm()


def by_a_stop_with_a_silent_meter(machine):
    machine.world.is_meter_silent = True
    by_a_stop(machine)


def by_the_mains(machine):
    machine.world.has_mains = False
    machine.ends_without_alarm()


def by_the_thermal_relay(machine):
    machine.world.is_thermal_open = True
    machine.run_for(REFRESH_MS + 17_000)
    assert not machine.pump.is_closed
    machine.ends_without_alarm()


def in_a_weld(machine):
    """Found, tripped, and nobody lets go of the trip but a person who starts."""
    machine.world.is_welded = True
    machine.fire(pump.STOP)
    assert machine.run_for(pump.FEEDBACK_MS) & pump.ALARM_NOT_STOPPED
    for _ in range(200):
        machine.step()
        assert machine.pump.is_tripped and not machine.world.runs


def in_a_weld_whose_contact_lies(machine):
    machine.world.does_contact_lie = True
    in_a_weld(machine)


def in_a_weld_found_late(machine):
    """Nothing but the lying contact answers when it is stopped; the meter comes back while it settles."""
    world = machine.world
    world.is_welded = world.does_contact_lie = world.is_meter_silent = True
    machine.fire(pump.STOP)
    machine.run_for(5_500)
    assert machine.pump.state == pump.SETTLING and world.runs
    world.is_meter_silent = False
    assert machine.run_for(2_000) & pump.TRIP and not world.runs


def in_a_weld_on_a_noisy_line(machine):
    """A lying contact, and two answers in three are lost."""
    machine.world.is_welded = machine.world.does_contact_lie = True
    machine.fire(pump.STOP)
    actions = 0
    for second in range(6):
        machine.world.is_meter_silent = bool(second % 3)
        actions |= machine.run_for(1_000 - STEP_MS)
    assert actions & pump.TRIP and not actions & pump.WRITE_STOP


ENDINGS = (
    by_a_stop,
    by_a_stop_with_a_silent_meter,
    by_the_mains,
    by_the_thermal_relay,
    in_a_weld,
    in_a_weld_whose_contact_lies,
    in_a_weld_found_late,
    in_a_weld_on_a_noisy_line,
)


class PumpMachine(RuleBasedStateMachine):
    """The controller's glue in small, and the invariants of the table beside it."""

    def __init__(self):
        super().__init__()
        self.now_ms = 0
        self.pump = pump.Pump()
        self.feedback = Feedback(RATED_W)
        self.world = Contactor()
        self.power_w = self.at_ms = None
        self.failed_ms = None
        self.wants_run = False
        self.starts = self.closes = self.stops = self.opens = 0

    @initialize(lag=st.integers(0, REFRESH_MS - 1))
    def begin(self, lag):
        self.world._next_ms = lag

    def fire(self, event):
        before = self.pump.state
        actions = self.pump.fire(event, self.now_ms)
        assert bool(actions & pump.CLOSE) == (before == pump.COMMITTING and self.pump.state == pump.STARTING)
        self.opens += bool(actions & pump.OPEN)
        assert not actions & pump.TRIP or self.opens
        if actions & pump.RELEASE_TRIP:
            assert self.wants_run
        self.starts += bool(actions & pump.WRITE_START)
        self.closes += bool(actions & pump.CLOSE)
        self.stops += bool(actions & pump.WRITE_STOP)
        if self.pump.state == pump.OFF and before != pump.OFF:
            assert self.stops == self.closes == 1 or (self.closes == 0 and self.stops <= self.starts <= 1)
            self.starts = self.closes = self.stops = self.opens = 0
            self.wants_run = False
        return actions

    def step(self):
        self.now_ms += STEP_MS
        self.world.follow(self.pump.is_closed, self.pump.is_tripped, self.now_ms)
        if self.now_ms % 1000 == 0:
            self.power_w = self.world.power_w()
            if self.power_w is None:
                self.failed_ms = self.failed_ms or self.now_ms
            else:
                self.at_ms, self.failed_ms = self.now_ms, None
        is_ok = self.failed_ms is None or self.now_ms - self.failed_ms < METER_GONE_MS
        one = self.pump
        verdict = self.feedback.judge(
            one.state, self.world.aux, self.power_w, self.at_ms, one.since_ms, is_ok, self.now_ms
        )
        actions = 0 if verdict is None else self.fire(verdict)
        if one.is_overdue(self.now_ms):
            actions |= self.fire(pump.OVERDUE)
        return actions

    @rule(steps=st.integers(1, 80))
    def time_passes(self, steps):
        for _ in range(steps):
            self.step()

    @precondition(lambda self: self.pump.state == pump.OFF)
    @rule()
    def start(self):
        self.wants_run = True
        self.fire(pump.START)

    @rule(event=st.sampled_from([pump.SIGNED, pump.COMMITTED, pump.COMMIT_FAILED, pump.SETTLED]))
    def something_is_reported(self, event):
        self.fire(event)

    @rule()
    def stop(self):
        self.fire(pump.STOP)
        assert not self.pump.is_closed

    @rule(
        what=st.sampled_from(["is_welded", "does_contact_lie", "is_thermal_open", "is_meter_silent"]),
        so=st.booleans(),
    )
    def something_breaks_or_is_mended(self, what, so):
        setattr(self.world, what, so)

    @rule(so=st.booleans())
    def mains(self, so):
        self.world.has_mains = so

    @invariant()
    def coil_and_trip_are_where_the_state_says(self):
        assert self.pump.is_closed == (self.pump.state in (pump.STARTING, pump.RUNNING))
        assert not (self.pump.is_closed and self.pump.is_tripped)
        assert self.pump.is_closed <= self.wants_run

    @rule(steps=st.integers(0, 60), ending=st.sampled_from(ENDINGS))
    def an_irrigation_on_a_mended_site_ends(self, steps, ending):
        """Most stories need a running pump; what happened before must not change how this one ends."""
        world = self.world
        world.is_welded = world.does_contact_lie = world.is_thermal_open = world.is_meter_silent = False
        world.has_mains = True
        self.fire(pump.STOP)
        self.run_for(pump.COMMIT_MS + pump.FEEDBACK_MS + pump.SETTLE_MS)
        assert self.pump.state == pump.OFF
        self.wants_run = True
        for event in (pump.START, pump.SIGNED, pump.COMMITTED):
            self.fire(event)
        self.run_for(REFRESH_MS + 1_000)
        assert self.pump.state == pump.RUNNING
        self.time_passes(steps)
        ending(self)

    def run_for(self, ms):
        """Let time pass; return every action that was taken."""
        actions = 0
        for _ in range(ms // STEP_MS + 1):
            actions |= self.step()
        return actions

    def ends_without_alarm(self):
        actions = self.run_for(pump.FEEDBACK_MS + pump.SETTLE_MS)
        assert not actions & (pump.TRIP | pump.ALARM_NOT_STOPPED | pump.ALARM_NOT_STARTED)
        assert actions & pump.WRITE_STOP and self.pump.state == pump.OFF


TestPump = PumpMachine.TestCase
TestPump.settings = settings(max_examples=100, stateful_step_count=30, deadline=None)

LOCKOUT = {"lockout_s": 900, "lockout_trips": 3}


class LockoutMachine(RuleBasedStateMachine):
    """Trips, time, power cuts and technicians: the lock-out never runs down faster than uptime."""

    def __init__(self):
        super().__init__()
        self.now_ms = 0
        self.lock = protection.Lockout(LOCKOUT)
        self.owed_ms = 0  # of uptime before a start may be allowed; None: until a reset
        self.trips = 0  # since the last reset, none forgotten: the lock never knows of more

    @rule(cause=st.sampled_from([causes.PHASE_LOSS, causes.DRY_RUN, causes.NO_WATER]))
    def trip(self, cause):
        before = self.lock.trips
        self.lock.begin(cause, self.now_ms)
        self.trips += 1
        assert 1 <= self.lock.trips <= min(before + 1, self.trips)
        if self.lock.trips >= 3 or self.owed_ms is None:
            self.owed_ms = None
        else:
            self.owed_ms = 900_000 << self.lock.trips - 1

    @rule(ms=st.integers(1, 30_000_000))
    def time_passes(self, ms):
        self.now_ms += ms
        self.owed_ms = None if self.owed_ms is None else max(self.owed_ms - ms, 0)

    @rule(off_ms=st.integers(0, 10**9))
    def power_cycle(self, off_ms):
        kept = self.lock.snapshot(self.now_ms)
        self.lock = protection.Lockout(LOCKOUT)
        self.now_ms = off_ms % 7  # uptime begins anew, whatever the outage was
        self.lock.restore(kept, self.now_ms)
        assert self.lock.trips == kept["lockout_trips"]

    @rule()
    def reset(self):
        self.lock.reset()
        self.owed_ms = self.trips = 0

    @invariant()
    def no_start_before_its_time_and_no_refusal_after(self):
        left_s = self.lock.left_s(self.now_ms)
        if self.owed_ms is None:
            assert left_s is None
        else:
            # A power cut rounds up to the next second.
            assert self.owed_ms <= left_s * 1000 or self.owed_ms == 0
        refused = self.lock.refusal(self.now_ms) == causes.LOCKED_OUT
        assert refused == (left_s is None or left_s > 0)

    @invariant()
    def every_end_has_its_beginning(self):
        open_ends = 0
        for cause, _ in self.lock.events:
            open_ends = 1 if cause == causes.LOCKOUT_BEGAN else open_ends - 1
        assert open_ends >= -1  # one may have begun before the last power cut


TestLockout = LockoutMachine.TestCase
TestLockout.settings = settings(max_examples=100, stateful_step_count=30, deadline=None)
