"""The controller's decisions: one step from inputs to outputs, in a fixed order (design §4).

No clock, pin, bus or memory is touched here. The app carries out what comes back: the
contactor first when it opens, then the records, then the contactor when it closes.
"""

from karez_protocols import causes, flags, record

from . import pump
from .contactor import Contactor
from .cut_off import CutOff
from .event_log import EventLog
from .permission import Permission
from .pump import Pump
from .readings import Readings
from .recording import Recorder
from .resume import Resume
from .schedule import Schedule
from .starting import Starting
from .step_io import Inputs, Outputs  # noqa: F401 - whoever steps a controller finds its inputs here
from .watch import Watch

_WANTING = bytes((pump.AWAITING, pump.COMMITTING, pump.STARTING, pump.RUNNING))  # water is wanted


class Controller:
    """Pure parts of one site, called in a fixed order."""

    def __init__(self, site, settings, parts):
        self._settings = settings
        self._seed = 0
        self.parts = parts
        self.books = parts.books
        self.clock = parts.clock
        self.pump = Pump()
        self.recorder = Recorder(parts.books, self.pump)
        self.log = EventLog(self.recorder, parts.books)
        self.permission = Permission(site, settings, parts)
        self.readings = Readings(self.recorder, parts.books, parts.clock, self.log)
        self.watch = Watch(settings, parts, self.recorder, self.log)
        self.resume = Resume(settings, self.permission.is_protected)
        self.starting = Starting(self, settings, parts)
        self.contactor = Contactor(site, settings, parts.books, self.recorder, self.pump)
        self._schedule = Schedule(settings)
        self.account = 0
        self.credential = bytes(8)
        self.start_volume_l = None
        self.start_cause = causes.NONE
        self.stop_cause = causes.NONE
        self.refused = causes.NONE  # why the last start was
        self.cut_off = CutOff()
        self._has_dropped = False  # the contactor opened by itself
        self.trial = None  # the step test under way
        self._out = Outputs()

    def step(self, inputs, now_ms):
        """Decide. Call at least every 500 ms, and at once when something came in.

        What is known comes first, then what must stop, then what may start: nothing that
        stands against the pump in this step waits for the next one.
        """
        self._out = Outputs()
        self.clock.set(inputs.utc_s, inputs.time_state, now_ms)
        self._read(inputs, now_ms)
        self._confirm(inputs.committed, now_ms)
        self._look(inputs.door, now_ms)
        self._ends(now_ms)
        self.starting.hear(inputs, now_ms)
        if self.trial:
            from .trial import feed

            self._out.answers += feed(self, now_ms)
        for words in inputs.changes:
            from .changes import answer  # a few times a year

            self._out.answers.append(answer(self, words, now_ms))
        self._come_back(now_ms)
        if inputs.is_signed:
            self._fire(pump.SIGNED, now_ms)
        self._overdue(now_ms)
        self._close_cut_off(now_ms)
        self._note_status()
        self._periodic(inputs.fill_percent, now_ms)
        self.log.collect(self.parts, now_ms)
        self._out.records, self.log.records = self.log.records, []
        self._out.close, self._out.trip = self.pump.is_closed, self.pump.is_tripped
        return self._out

    def restart(self, outages_s, head, seed=0):
        """Say how long the outage was and what ran when it began.

        `outages_s`: seconds since the last good reading of water and of energy, and since the head
        was saved; each None when not trusted.
        `seed`: any number of this box and boot; it spreads automatic restarts.
        """
        self.starting.boot = head["boot"]
        self._seed = seed
        self.readings.outage_s, self.readings.energy_outage_s, dark_s = outages_s
        self.starting.rest(head.get("rest_s") or 0, dark_s)
        if self.cut_off.take(head):
            self.account, self.credential = head["account"], head["credential"]
            self.start_volume_l = head["start_volume_l"]
            # The litres up to the cut, and over it, are his who pumped them.
            self.parts.accounts.begin(self.account, self.start_volume_l)
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

    # -- what is known ------------------------------------------------------------------

    def _read(self, inputs, now_ms):
        """Contact, meters and books, and the lines of the right that the litres have passed."""
        contactor = self.contactor
        contactor.look(inputs.aux)
        self.readings.take(inputs, not self.pump.is_closed and not contactor.runs, now_ms)
        contactor.look(inputs.aux)
        self.books.tick(now_ms, self.pump.is_closed or contactor.runs)
        if self.is_pumping or contactor.runs:
            for percent in self.permission.lines_passed():
                self.log.event(causes.WARNING_LINE, now_ms, percent)

    def _confirm(self, committed, now_ms):
        """What the memory, the contactor and the meters say of the last act."""
        state = self.pump.state
        if committed is not None and state == pump.COMMITTING:
            self._stored(committed, now_ms)
        event = self.contactor.judge(now_ms)
        mains = self.contactor.mains
        self.resume.mains(mains.is_present, now_ms)
        if event is not None:
            if self.pump.state == pump.RUNNING:
                self.stop_cause = causes.FEEDBACK_LOST
                self._has_dropped = True
            self._fire(event, now_ms)
        if self.stop_cause == causes.FEEDBACK_LOST and mains.is_gone and self.is_pumping:
            self.stop_cause = causes.MAINS_LOST  # the contact falls at once, the meter tells why a poll later
        if self.pump.state == pump.SETTLING and self.contactor.is_settled():
            self._fire(pump.SETTLED, now_ms)

    def _stored(self, is_stored, now_ms):
        """The start is written, or the memory has refused it."""
        # A dead store stops no drinking water (design §6); the alarm stands.
        if is_stored or self.permission.is_protected:
            self._fire(pump.COMMITTED, now_ms)
            return
        self.refused = causes.STORE_DEAD  # told on the panel: no record can tell it
        self._fire(pump.COMMIT_FAILED, now_ms)
        self.parts.accounts.end(self.books.volume_l)
        self.permission.is_emergency = False

    def _look(self, door, now_ms):
        if self.watch.door(door, now_ms):
            self._out.checkpoint = True  # tamper is covered by a signature (design §8)
        self.watch.foreign(self.is_pumping, self.contactor.runs, now_ms)
        self.watch.compare(self.pump.is_closed, self.contactor.aux, now_ms)
        self.watch.long_waits(now_ms)
        if self.parts.orders.end(self.clock.date_utc_s):
            self._out.orders_ended = True

    # -- the contactor ------------------------------------------------------------------

    def permit(self, account, credential, cause, now_ms):
        """Every start condition holds: the pump is wanted."""
        self.resume.cancel()
        self.account, self.credential = account, credential
        self.start_cause, self.stop_cause = cause, causes.NONE
        self._has_dropped = False
        self.permission.is_emergency = cause == causes.EMERGENCY
        self.permission.is_trial = False
        self._fire(pump.START, now_ms)

    def stop(self, cause, now_ms):
        """Open the contactor for a cause; the first cause of a stop stays."""
        self.resume.cancel()
        if self.pump.state == pump.AWAITING:
            self.permission.is_emergency = False
        elif self.pump.state in _WANTING:
            self.stop_cause = cause
        self._fire(pump.STOP, now_ms)

    def protect(self, now_ms):
        """Return the protection's cause against running now, causes.NONE without one."""
        meter, switched_ms = self.recorder.energy, self.contactor.switched_ms
        runs = self.pump.state == pump.RUNNING
        return self.parts.protection.check(meter.values, meter.at_ms, switched_ms, runs, now_ms)

    def _ends(self, now_ms):
        """Stop what is wanted as soon as anything forbids it."""
        cause = self.protect(now_ms)
        state = self.pump.state
        if state not in _WANTING:
            return
        if state == pump.STARTING:
            cause = causes.NONE  # what was so before the contactor closed says nothing of the motor
        run_ms = now_ms - self.contactor.switched_ms if self.pump.is_closed else 0
        flow_lph = self.recorder.water.value("flow_lph")
        cause = cause or self.permission.ends(self.account, run_ms, flow_lph, now_ms)
        if not cause:
            return
        if cause == causes.NO_WATER:
            self.parts.protection.lockout.begin(cause, now_ms)
        self.stop(cause, now_ms)
        if state == pump.AWAITING:
            self.starting.refuse(cause, now_ms)  # it has not begun: no stop will tell

    def _overdue(self, now_ms):
        if not self.pump.is_overdue(now_ms):
            return
        # A memory that says nothing stops no drinking water either.
        is_silent = self.pump.state == pump.COMMITTING and self.permission.is_protected
        self._fire(pump.COMMITTED if is_silent else pump.OVERDUE, now_ms)

    def _fire(self, event, now_ms):
        actions = self.contactor.fire(event, now_ms)
        recorder = self.recorder
        if actions & pump.ALARM_NOT_STARTED:
            is_stored = self.pump.state == pump.STOPPING
            self.stop_cause = causes.FEEDBACK_LOST if is_stored else causes.STORE_DEAD
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
        self.starting.stopped(now_ms)
        self._out.checkpoint = True
        if self._has_dropped and self.contactor.is_dumb:
            # The contactor fell and the power meter fell silent with it: it hangs on the same mains.
            self.resume.mains(False, now_ms)
        self.resume.arm(self.stop_cause, self._seed, now_ms, self._settings["restart_delay_s"] * 1000)

    def _close_cut_off(self, now_ms):
        """Write the stop of an irrigation that the last run did not live to end."""
        cause = self.cut_off.end(self.contactor, self.books.is_known, now_ms)
        if cause:
            self.stop_cause = cause
            if not self.contactor.runs:
                self._end(now_ms)

    def _come_back(self, now_ms):
        """Drinking water starts by itself after the mains return; nothing else does."""
        if self.pump.state == pump.OFF and not self.cut_off.is_pending and self.resume.is_due(now_ms):
            self.starting.start(self.account, bytes(8), causes.AUTOMATIC, now_ms)

    # -- writing ------------------------------------------------------------------------

    def _periodic(self, fill_percent, now_ms):
        second = self.clock.utc_s if self.clock.is_trusted else now_ms // 1000
        if self._schedule.is_interval_over(second, self.is_pumping, fill_percent):
            self.log.write(self.recorder.interval(now_ms), now_ms)
        if self._schedule.is_checkpoint_due(now_ms, self.is_pumping, self._out.checkpoint):
            self._out.checkpoint = True

    def _note_status(self):
        contactor = self.contactor
        self.watch.status(self.pump, contactor.aux, contactor.has_power, self.permission.is_emergency)

    def _irrigation(self, kind, cause, now_ms):
        self._note_status()
        used_l = self.parts.accounts.used(self.books.volume_l)
        who = self.account, self.credential, used_l, self.permission.ceiling_l(True)
        self.log.write(self.recorder.irrigation(kind, cause, *who, now_ms), now_ms)
