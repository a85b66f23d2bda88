"""The controller's decisions: one step from inputs to outputs, in a fixed order (design §4).

No clock, pin, bus or memory is touched here. The app carries out what comes back: the
contactor first when it opens, then the records, then the contactor when it closes.
"""

from karez_protocols import causes, flags, record
from karez_protocols.constant import const

from . import pump
from .event_log import EventLog
from .feedback import Feedback
from .permission import Permission
from .protection import is_mains_present
from .pump import Pump
from .readings import Readings
from .recording import Recorder
from .resume import Resume
from .schedule import Schedule
from .watch import Watch

_CLOSE_AFTER_RESTART_MS = const(60_000)  # an irrigation cut off is closed without a meter after this
_COMMAND_S = const(180)  # a remote start is dead after three minutes (design §6)


class Inputs:
    """What the app saw since the last step."""

    def __init__(self):
        self.aux = False
        self.door = None
        self.utc_s = None
        self.time_state = record.TIME_UNKNOWN
        self.water = None  # finished reading of the water meter, or None
        self.energy = None
        self.level = None
        self.buttons: list = []  # (start, emergency or stop, credential)
        self.remote: list = []  # (start, account, boot, uptime_s it dies at) or (stop,)
        self.changes: list = []  # what a person at the cable changes (hands.py)
        self.committed = None  # True or False once the start record is written or refused
        self.is_signed = True  # no signature over the last stop is outstanding
        self.fill_percent = 0  # of the ring, with records that nobody has confirmed


class Outputs:
    """What the app has to do, in this order: open and trip, write, close."""

    def __init__(self):
        self.close = False
        self.trip = False
        self.records = []  # values of records, without the journal's own fields; a START is a permission
        self.checkpoint = False
        self.orders_ended = False  # the orders in force are to be written anew
        self.answers: list = []  # lines for who is at the cable


class Controller:
    """Pure parts of one site, called in a fixed order."""

    def __init__(self, site, settings, parts):
        self._settings = settings
        self._boot = self._seed = 0
        self.parts = parts
        self.books = parts.books
        self.clock = parts.clock
        self.pump = Pump()
        self.recorder = Recorder(parts.books, self.pump)
        self.log = EventLog(self.recorder)
        self.permission = Permission(site, settings, parts)
        self.readings = Readings(self.recorder, parts.books, parts.clock, self.log)
        self.watch = Watch(settings, parts, self.recorder, self.log)
        self.resume = Resume(settings, self.permission.is_protected)
        self._feedback = Feedback(site["rated_power_w"] if parts.books.energy else None)
        self._schedule = Schedule(settings)
        self.account = 0
        self.credential = bytes(8)
        self.start_volume_l = None
        self.start_cause = causes.NONE
        self.stop_cause = causes.NONE
        self.refused = causes.NONE
        self._is_cut_off = False  # an irrigation of the last run has no stop record yet
        self._stopped_ms = None
        self._ran_ms = 0  # when the contactor was last switched
        self._out = Outputs()

    def step(self, inputs, now_ms):
        """Decide. Call at least every 500 ms, and at once when something came in."""
        self._out = Outputs()
        self.clock.set(inputs.utc_s, inputs.time_state, now_ms)
        runs = inputs.aux or bool(self._has_power())
        self.readings.take(inputs, not self.pump.is_closed and not runs, now_ms)
        self.books.tick(now_ms, self.pump.is_closed or runs)
        self._confirm(inputs, now_ms)
        self._ends(now_ms)
        self._hands(inputs, now_ms)
        if self.pump.is_overdue(now_ms):
            self._fire(pump.OVERDUE, now_ms)
        self._come_back(inputs.aux, now_ms)
        self._close_cut_off(now_ms)
        self._look(inputs, now_ms)
        self._periodic(inputs.fill_percent, now_ms)
        self._drain(now_ms)
        self._out.records, self.log.records = self.log.records, []
        self._out.close, self._out.trip = self.pump.is_closed, self.pump.is_tripped
        return self._out

    def restart(self, outage_s, head, seed=0):
        """Say how long the outage was (None: not trusted) and what ran when it began.

        `seed`: any number of this box and boot; it spreads automatic restarts.
        """
        self._boot = head["boot"]
        self._seed = seed
        self.readings.outage_s = outage_s
        self._is_cut_off = bool(head["running"])
        if self._is_cut_off:
            self.account, self.credential = head["account"], head["credential"]
            self.start_volume_l = head["start_volume_l"]
        elif head.get("is_resuming"):  # the mains went again before it came back
            self.account = head["account"]
            self.resume.arm(causes.RESTARTED, seed, 0, self._settings["restart_delay_s"] * 1000)
        # A second trip that was let go would start the pump behind a welded contactor.
        self.pump.is_tripped = bool(head.get("is_tripped"))

    @property
    def is_pumping(self):
        """True from the moment of a permission until its stop is written."""
        return self.pump.state not in (pump.OFF, pump.AWAITING)

    def poll_ms(self):
        """Time between readings: short while water may flow or the books are in doubt."""
        if self.is_pumping or not self.books.is_known or self.books.held_l:
            return self._settings["poll_pumping_ms"]
        return self._settings["poll_idle_ms"]

    def left_l(self):
        """Return the litres left to whoever pumps, or would; None when unknown."""
        return self.permission.left_l(self.is_pumping, self.account)

    def ends_in_s(self):
        """Return the seconds until right, window or order may end what runs; None when none does."""
        return self.permission.ends_in_s()

    # -- the contactor ------------------------------------------------------------------

    def _has_power(self):
        return self._feedback.has_power(self.recorder.energy.value("power_w"))

    def _confirm(self, inputs, now_ms):
        """What the memory, the signature, the contactor and the meters say of the last act."""
        if inputs.committed is not None:
            # A dead store stops no drinking water (design §6); the alarm stands.
            is_permitted = inputs.committed or self.permission.is_protected
            if not is_permitted and self.pump.state == pump.COMMITTING:
                self.refused = causes.STORE_DEAD  # told on the panel: no record can tell it
            self._fire(pump.COMMITTED if is_permitted else pump.COMMIT_FAILED, now_ms)
        if self.pump.state == pump.AWAITING and inputs.is_signed:
            self._fire(pump.SIGNED, now_ms)
        meter = self.recorder.energy
        event = self._feedback.judge(
            self.pump.state, inputs.aux, meter.value("power_w"), meter.at_ms,
            self.pump.since_ms, meter.state == 0, now_ms,
        )  # fmt: skip
        if event is not None:
            if self.pump.state == pump.RUNNING:
                is_present = is_mains_present(meter.values, self._settings["voltage_dv"])
                self.stop_cause = causes.MAINS_LOST if is_present is False else causes.FEEDBACK_LOST
            self._fire(event, now_ms)
        if self.pump.state == pump.SETTLING and self._is_settled():
            self._fire(pump.SETTLED, now_ms)

    def _is_settled(self):
        """True when both meters answered after the stop and say that nothing runs any more."""
        recorder = self.recorder
        # Where energy is the water meter, there is no other.
        meters = (recorder.energy,) if self.books.is_converted else (recorder.water, recorder.energy)
        for meter in meters:
            if meter.at_ms is None or meter.at_ms <= self.pump.since_ms:
                return False
        # Zero, not unknown: a reading that failed says nothing about what still flows.
        if recorder.water.value("flow_lph") != 0 and not self.books.is_converted:
            return False
        return self._has_power() is False

    def _fire(self, event, now_ms):
        was_closed = self.pump.is_closed
        actions = self.pump.fire(event, now_ms)
        if self.pump.is_closed != was_closed:
            self._ran_ms = now_ms
        recorder = self.recorder
        if actions & pump.ALARM_NOT_STARTED:
            self.stop_cause = causes.FEEDBACK_LOST
            recorder.alarms |= flags.NOT_STARTED
            self.log.event(causes.DID_NOT_START, now_ms)
        if actions & pump.ALARM_NOT_STOPPED:
            recorder.alarms |= flags.NOT_STOPPED
            self.log.event(causes.DID_NOT_STOP, now_ms)
        if actions & pump.TRIP and event != pump.STOP:
            self.log.event(causes.TRIPPED, now_ms)
        if actions & pump.WRITE_START:
            self._begin(actions & pump.FLAG_UNSIGNED, now_ms)
        if actions & pump.WRITE_STOP:
            recorder.alarms &= ~(flags.NOT_STOPPED | flags.NOT_STARTED)
            self._end(now_ms)

    def _begin(self, is_unsigned, now_ms):
        self.parts.accounts.begin(self.account, self.books.volume_l)
        self.start_volume_l = self.books.volume_l
        self.recorder.raise_status(flags.STARTED_UNSIGNED, is_unsigned)
        if is_unsigned:
            self.log.event(causes.STARTED_UNSIGNED, now_ms)
        self._irrigation(record.START, self.start_cause, now_ms)

    def _end(self, now_ms):
        self._irrigation(record.STOP, self.stop_cause, now_ms)
        self.parts.accounts.end(self.books.volume_l)
        self.permission.is_emergency = False
        self._stopped_ms = now_ms
        self._out.checkpoint = True
        self.resume.arm(self.stop_cause, self._seed, now_ms, self._settings["restart_delay_s"] * 1000)

    def stop(self, cause, now_ms):
        """Open the contactor for a cause; the first cause of a stop stays."""
        self.resume.cancel()
        if self.pump.state in (pump.COMMITTING, pump.STARTING, pump.RUNNING):
            self.stop_cause = cause
        self._fire(pump.STOP, now_ms)

    def _ends(self, now_ms):
        """Stop what runs as soon as anything forbids it."""
        meter, runs = self.recorder.energy, self.pump.state == pump.RUNNING
        cause = self.parts.protection.check(meter.values, meter.at_ms, self._ran_ms, runs, now_ms)
        self.resume.mains(is_mains_present(meter.values, self._settings["voltage_dv"]), now_ms)
        if self.pump.state not in (pump.AWAITING, pump.COMMITTING, pump.STARTING, pump.RUNNING):
            return
        run_ms = now_ms - self._ran_ms if self.pump.is_closed else 0
        cause = (
            (cause if runs else causes.NONE)
            or self.permission.ends(self.account, run_ms, self.recorder.water.value("flow_lph"), now_ms)
            or self._dry(runs)
        )
        if cause:
            if cause == causes.NO_WATER:
                self.parts.protection.lockout.begin(cause, now_ms)
            self.stop(cause, now_ms)
        self._warn(now_ms)

    def _dry(self, runs):
        """C1 stops a pump that lifts no water; drinking water is not stopped by a meter's word."""
        if not runs or self.permission.is_protected:
            return causes.NONE
        return self.parts.crosscheck.stop_cause

    def _close_cut_off(self, now_ms):
        """Write the stop of an irrigation that the last run did not live to end."""
        if self._is_cut_off and (self.books.is_known or now_ms >= _CLOSE_AFTER_RESTART_MS):
            self._is_cut_off = False
            self.stop_cause = causes.RESTARTED
            self._end(now_ms)

    # -- starting -----------------------------------------------------------------------

    def _hands(self, inputs, now_ms):
        for kind, credential in inputs.buttons:
            if kind == "stop":
                self.stop(causes.BUTTON, now_ms)
            else:
                account = self.parts.accounts.account_of(credential)
                cause = causes.EMERGENCY if kind == "emergency" else causes.CARD
                self._start(account, credential, cause, inputs.aux, now_ms)
        for words in inputs.remote:
            if words[0] == "stop" and not self.permission.is_protected:
                self.stop(causes.REMOTE, now_ms)
            elif words[0] == "start":
                self._remote_start(words, inputs.aux, now_ms)
        self._change(inputs.changes, now_ms)

    def _remote_start(self, words, aux, now_ms):
        """A start that quotes this boot and a near deadline; any other start is dead (design §6)."""
        _, account, boot, until_s = words
        left_s = until_s - now_ms // 1000
        if boot != self._boot or not 0 <= left_s <= _COMMAND_S:
            self._refuse(causes.COMMAND_STALE, now_ms)
        else:
            self._start(account, bytes(8), causes.REMOTE, aux, now_ms)

    def _start(self, account, credential, cause, aux, now_ms):
        is_emergency = cause == causes.EMERGENCY
        refused = self._refusal(account, aux, is_emergency, now_ms)
        if refused:
            self._refuse(refused, now_ms)
            return
        self.refused = causes.NONE
        self.resume.cancel()
        self.account = account
        self.credential = credential
        self.start_cause = cause
        self.stop_cause = causes.NONE
        self.permission.is_emergency = is_emergency
        if is_emergency:
            self.log.event(causes.EMERGENCY_OPENED, now_ms, account)
        self._fire(pump.START, now_ms)

    def _refuse(self, cause, now_ms):
        self.refused = cause
        self.log.event(causes.START_REFUSED, now_ms, cause)

    def _refusal(self, account, aux, is_emergency, now_ms):
        """Return why a start is refused, causes.NONE when every condition holds."""
        if self.pump.state != pump.OFF:
            return causes.ALREADY_RUNNING
        if account is None:
            return causes.IDENTITY_UNKNOWN
        if aux or self._has_power():
            return causes.FOREIGN_CURRENT
        if self._is_cut_off:
            return causes.NOT_READY
        meter = self.recorder.energy
        cause = self.parts.protection.check(meter.values, meter.at_ms, self._ran_ms, False, now_ms)
        cause = cause or self.permission.refusal(account, is_emergency, now_ms)
        if cause:
            return cause
        rest_ms = self._settings["restart_delay_s"] * 1000
        if self._stopped_ms is not None and now_ms - self._stopped_ms < rest_ms:
            return causes.RESTART_DELAY
        return causes.NONE

    def _come_back(self, aux, now_ms):
        """Drinking water starts by itself after the mains return; nothing else does."""
        if self.pump.state == pump.OFF and not self._is_cut_off and self.resume.is_due(now_ms):
            self._start(self.account, bytes(8), causes.AUTOMATIC, aux, now_ms)

    # -- watching and writing -----------------------------------------------------------

    def _warn(self, now_ms):
        parts = self.parts
        ceiling_l = self.permission.ceiling_l(False)
        for percent in parts.warnings.passed(parts.rights.values, ceiling_l, self.books.charged_l):
            self.log.event(causes.WARNING_LINE, now_ms, percent)

    def _change(self, changes, now_ms):
        """What a person at the cable changes; he hears what became of it."""
        if changes:
            from .changes import carry_out  # a few times a year

            for words in changes:
                why = carry_out(self, words, now_ms)
                self._out.answers.append(
                    "refused %s %s" % (words[0], why) if why else "done " + words[0]
                )

    def _look(self, inputs, now_ms):
        has_power = self._has_power()
        self.watch.door(inputs.door, now_ms)
        self.watch.foreign(self.is_pumping, inputs.aux or has_power, now_ms)
        self.watch.compare(self.pump.is_closed, inputs.aux, now_ms)
        self.watch.long_waits(now_ms)
        if self.parts.orders.end(self.clock.date_utc_s):
            self._out.orders_ended = True
        self.watch.status(self.pump, inputs.aux, has_power, self.permission.is_emergency)

    def _periodic(self, fill_percent, now_ms):
        second = self.clock.utc_s if self.clock.is_trusted else now_ms // 1000
        if self._schedule.is_interval_over(second, self.is_pumping, fill_percent):
            self.log.write(self.recorder.interval(now_ms))
        if self._schedule.is_checkpoint_due(now_ms, self.is_pumping, self._out.checkpoint):
            self._out.checkpoint = True

    def _drain(self, now_ms):
        parts = self.parts
        for events in (
            parts.books.events, parts.clock.events, parts.orders.events, parts.windows.events,
            parts.protection.lockout.events, parts.crosscheck.events,
        ):  # fmt: skip
            if events:
                self.log.drain(events, now_ms)

    def _irrigation(self, kind, cause, now_ms):
        used_l = self.parts.accounts.used(self.books.volume_l)
        ceiling_l = self.permission.ceiling_l(True)
        self.log.write(
            self.recorder.irrigation(kind, cause, self.account, self.credential, used_l, ceiling_l, now_ms)
        )
