"""The controller's decisions: one step from inputs to outputs, in a fixed order (design §4).

No clock, pin, bus or memory is touched here. The app carries out what comes back: the
contactor first when it opens, then the records, then the contactor when it closes.
"""

from karez_protocols import causes, grant, record, site_class
from karez_protocols.constant import const

from . import pump, recording, register
from .clock import Clock
from .pump import Pump
from .recording import Recorder
from .schedule import Schedule

_FOREIGN_MS = const(5_000)  # C3: power or a closed contactor this long while commanded open (integrity §4)
_CLOSE_AFTER_RESTART_MS = const(60_000)  # an irrigation cut off is closed without a meter after this


class Inputs:
    """What the app saw since the last step."""

    def __init__(self):
        self.aux = False
        self.utc_s = None
        self.time_state = record.TIME_UNKNOWN
        self.water = None  # finished reading of the water meter, or None
        self.energy = None
        self.buttons = []  # ("start", credential) or ("stop", credential)
        self.committed = None  # True or False once the start record is written or refused


class Outputs:
    """What the app has to do, in this order: open, write, close."""

    def __init__(self):
        self.close = False
        self.records = []  # values of records, without the journal's own fields; a START is a permission
        self.checkpoint = False


class Controller:
    """Pure parts of one site, called in a fixed order."""

    def __init__(self, site, settings, accounts, books, rights, floor_utc_s):
        self._class = site["class"]
        self._rated_flow_lph = site["rated_flow_lph"]
        self._rated_power_w = site["rated_power_w"]
        self._settings = settings
        self._accounts = accounts  # credential (8 bytes) -> account number
        self.books = books
        self.rights = rights
        self.clock = Clock(floor_utc_s)
        self.pump = Pump()
        self.recorder = Recorder(books, self.pump)
        self._schedule = Schedule(settings)
        self.account = 0
        self.credential = bytes(8)
        self.start_volume_l = None
        self.stop_cause = causes.NONE
        self.refused = causes.NONE
        self._is_cut_off = False  # an irrigation of the last run has no stop record yet
        self._stopped_ms = None
        self._foreign_ms = None
        self._warned_seq = None
        self._outage_s = None
        self._out = Outputs()

    def step(self, inputs, now_ms):
        """Decide. Call at least every 500 ms, and at once when something came in."""
        self._out = Outputs()
        self.clock.set(inputs.utc_s, inputs.time_state)
        self._read(inputs, now_ms)
        self.books.tick(now_ms, self.pump.is_closed or inputs.aux)
        self._feedback(inputs, now_ms)
        self._right(now_ms)
        for kind, credential in inputs.buttons:
            if kind == "start":
                self._start(credential, inputs.aux, now_ms)
            elif kind == "stop":
                self.stop(causes.BUTTON, now_ms)
        if self.pump.is_overdue(now_ms):
            self._fire(pump.OVERDUE, now_ms)
        self._close_cut_off(now_ms)
        self._watch_foreign(inputs.aux, now_ms)
        self._set_status(inputs.aux)
        self._periodic(now_ms)
        self._out.close = self.pump.is_closed
        return self._out

    def restart(self, outage_s, head):
        """Say how long the outage was (None: not trusted) and what ran when it began."""
        self._outage_s = outage_s
        self._is_cut_off = bool(head["running"])
        if self._is_cut_off:
            self.account, self.credential = head["account"], head["credential"]
            self.start_volume_l = head["start_volume_l"]

    @property
    def is_pumping(self):
        """True from the moment of a permission until its stop is written."""
        return self.pump.state != pump.OFF

    def poll_ms(self):
        """Time between readings: short while water may flow or the books are in doubt."""
        if self.is_pumping or not self.books.is_known or self.books.held_l:
            return self._settings["poll_pumping_ms"]
        return self._settings["poll_idle_ms"]

    # -- readings -----------------------------------------------------------------------

    def _read(self, inputs, now_ms):
        recorder = self.recorder
        if inputs.energy is not None:
            self._take(recorder.energy, inputs.energy, recording.ENERGY_SILENT, now_ms)
            value = recorder.energy.value("energy_wh")
            if value is not None:
                self.books.read_energy(value, inputs.energy["at_ms"], self._outage_s, inputs.energy["step"])
        if inputs.water is not None:
            self._take(recorder.water, inputs.water, recording.WATER_SILENT, now_ms)
            value = recorder.water.value("volume_l")
            # A meter that says it measures nothing (no signal, empty pipe) keeps its total
            # still: that total is no reading, and P counts meanwhile.
            if value is not None and inputs.water["measuring"] is not False:
                self._read_water(value, inputs.water["at_ms"], inputs.water["step"], now_ms)

    def _read_water(self, register_l, at_ms, step, now_ms):
        recorder = self.recorder
        outage_s = self._outage_s
        if self.books.is_known:  # a silence in this run, not the outage before it
            outage_s = (at_ms - self.books.water.last_ms + 999) // 1000
        result = self.books.read_water(register_l, at_ms, outage_s, step)
        if result == register.BACK and self.books.gap:
            before, self.books.gap = self.books.gap, None
            utc_s = self.clock.utc_s if self.clock.is_trusted else None
            self._out.records.append(recorder.gap(before, outage_s, utc_s, now_ms))
        if result == register.UNCERTAIN and not recorder.alarms & recording.UNCERTAIN:
            recorder.alarms |= recording.UNCERTAIN
            self._event(causes.SEGMENT_UNCERTAIN, now_ms)
        elif not self.books.is_uncertain:
            recorder.alarms &= ~recording.UNCERTAIN

    def _take(self, meter, reading, alarm, now_ms):
        meter.take(reading, now_ms)
        was_silent = self.recorder.alarms & alarm
        if meter.is_gone(now_ms) and not was_silent:
            self.recorder.alarms |= alarm
            self._event(causes.METER_SILENT, now_ms, meter.state)
        elif was_silent and not meter.state:
            self.recorder.alarms &= ~alarm
            self._event(causes.METER_BACK, now_ms)

    # -- pump ---------------------------------------------------------------------------

    def _feedback(self, inputs, now_ms):
        if inputs.committed is not None:
            # A dead store stops no drinking water (design §6); the alarm stands.
            is_permitted = inputs.committed or self._class == site_class.DOMESTIC
            self._fire(pump.COMMITTED if is_permitted else pump.COMMIT_FAILED, now_ms)
        if self.pump.state == pump.RUNNING and not inputs.aux:
            self.stop_cause = causes.FEEDBACK_LOST
        self._fire(pump.FEEDBACK_ON if inputs.aux else pump.FEEDBACK_OFF, now_ms)
        if self.pump.state == pump.SETTLING and self._is_settled():
            self._fire(pump.SETTLED, now_ms)

    def _is_settled(self):
        """True when both meters answered after the stop and say that nothing runs any more."""
        for meter in (self.recorder.water, self.recorder.energy):
            if meter.at_ms is None or meter.at_ms <= self.pump.since_ms:
                return False
        # Zero, not unknown: a reading that failed says nothing about what still flows.
        if self.recorder.water.value("flow_lph") != 0 or self.recorder.energy.value("power_w") is None:
            return False
        return not self._has_power()

    def _has_power(self):
        power_w = self.recorder.energy.value("power_w")
        return power_w is not None and power_w > self._rated_power_w // 20

    def _fire(self, event, now_ms):
        actions = self.pump.fire(event, now_ms)
        recorder = self.recorder
        if actions & pump.ALARM_NOT_STARTED:
            self.stop_cause = causes.FEEDBACK_LOST
            recorder.alarms |= recording.NOT_STARTED
            self._event(causes.DID_NOT_START, now_ms)
        if actions & pump.ALARM_NOT_STOPPED:
            recorder.alarms |= recording.NOT_STOPPED
            self._event(causes.DID_NOT_STOP, now_ms)
        if actions & pump.WRITE_START:
            self._irrigation(record.START, causes.CARD, now_ms)
        if actions & pump.WRITE_STOP:
            recorder.alarms &= ~(recording.NOT_STOPPED | recording.NOT_STARTED)
            self._irrigation(record.STOP, self.stop_cause, now_ms)
            self._stopped_ms = now_ms
            self._out.checkpoint = True

    def stop(self, cause, now_ms):
        """Open the contactor for a cause; the first cause of a stop stays."""
        if self.pump.state in (pump.COMMITTING, pump.STARTING, pump.RUNNING):
            self.stop_cause = cause
            self._fire(pump.STOP, now_ms)

    def _close_cut_off(self, now_ms):
        """Write the stop of an irrigation that the last run did not live to end."""
        if self._is_cut_off and (self.books.is_known or now_ms >= _CLOSE_AFTER_RESTART_MS):
            self._is_cut_off = False
            self.stop_cause = causes.RESTARTED
            self._irrigation(record.STOP, causes.RESTARTED, now_ms)
            self._stopped_ms = now_ms
            self._out.checkpoint = True

    def _start(self, credential, aux, now_ms):
        self.refused = self._refusal(credential, aux, now_ms)
        if self.refused:
            self._event(causes.START_REFUSED, now_ms, self.refused)
            return
        self.account = self._accounts[credential]
        self.credential = credential
        self.stop_cause = causes.NONE
        self.start_volume_l = self.books.volume_l
        self._fire(pump.START, now_ms)

    def _refusal(self, credential, aux, now_ms):
        """Return why a start is refused, causes.NONE when every condition holds."""
        if self.is_pumping:
            return causes.ALREADY_RUNNING
        if credential not in self._accounts:
            return causes.IDENTITY_UNKNOWN
        if aux:
            return causes.FOREIGN_CURRENT
        if self._is_cut_off:
            return causes.NOT_READY
        if self._class != site_class.DOMESTIC:
            if not self.books.is_known or self.books.is_uncertain:
                return causes.BOOKS_UNKNOWN
            cause = self._exceeded(False)
            if cause:
                return cause
        rest_ms = self._settings["restart_delay_s"] * 1000
        if self._stopped_ms is not None and now_ms - self._stopped_ms < rest_ms:
            return causes.RESTART_DELAY
        return causes.NONE

    # -- right --------------------------------------------------------------------------

    def _exceeded(self, in_progress):
        books = self.books
        return self.rights.exceeded(books.charged_l, books.energy_wh, self.clock.utc_s, in_progress)

    def ceiling_l(self):
        """Return the litres of the ceiling in force, None without a right."""
        return self.rights.ceiling(grant.WATER, self.clock.utc_s, self.is_pumping)[0]

    def left_l(self):
        """Return the litres left under the ceiling in force, None when unknown."""
        ceiling_l, charged_l = self.ceiling_l(), self.books.charged_l
        return None if ceiling_l is None or charged_l is None else ceiling_l - charged_l

    def _right(self, now_ms):
        # Drinking water is never cut by quota (design §6).
        if self._class == site_class.DOMESTIC or self.pump.state not in (pump.STARTING, pump.RUNNING):
            return
        cause = self._exceeded(True) or self._nearly()
        if not cause:
            self._warn(now_ms, False)
        elif self.rights.values and self.rights.values["policy"] == grant.WARN:
            self._warn(now_ms, True)
        else:
            self.stop(cause, now_ms)

    def _nearly(self):
        """Early opening: what flows in half a poll and the contactor's delay (design §6)."""
        left_l = self.left_l()
        flow_lph = self.recorder.water.value("flow_lph")
        if left_l is None or flow_lph is None or flow_lph < 0:
            return causes.NONE
        ahead_ms = self._settings["poll_pumping_ms"] // 2 + self._settings["contactor_delay_ms"]
        ahead_l = min(flow_lph, self._rated_flow_lph) * ahead_ms // 3_600_000
        return causes.WATER_CEILING if left_l <= ahead_l else causes.NONE

    def _warn(self, now_ms, is_over):
        """Record once per grant that the warning line is passed."""
        if self._warned_seq == self.rights.seq or self.left_l() is None:
            return
        before_l = self.rights.values["head_volume_l"] or 0
        given_l = self.ceiling_l() - before_l
        used_l = self.books.charged_l - before_l
        if is_over or used_l * 100 >= given_l * self._settings["warn_percent"]:
            self._warned_seq = self.rights.seq
            self._event(causes.WARNING_LINE, now_ms, self._settings["warn_percent"])

    # -- watching and writing -----------------------------------------------------------

    def _watch_foreign(self, aux, now_ms):
        """C3: power or a closed contactor while commanded open is recorded, and counted on."""
        recorder = self.recorder
        if self.is_pumping or not (aux or self._has_power()):
            self._foreign_ms = None
            recorder.alarms &= ~recording.FOREIGN_RUN
        elif self._foreign_ms is None:
            self._foreign_ms = now_ms
        elif now_ms - self._foreign_ms > _FOREIGN_MS and not recorder.alarms & recording.FOREIGN_RUN:
            recorder.alarms |= recording.FOREIGN_RUN
            self._event(causes.FOREIGN_CURRENT, now_ms)

    def _set_status(self, aux):
        recorder = self.recorder
        status = recorder.status & recording.HEAD_REBUILT
        for is_so, bit in (
            (self.pump.is_closed, recording.COMMANDED),
            (aux, recording.AUX_CLOSED),
            (self._has_power(), recording.POWER_PRESENT),
            (recorder.water.value("flow_lph"), recording.FLOW_PRESENT),
            (self.books.is_known, recording.BOOKS_KNOWN),
        ):
            if is_so:
                status |= bit
        recorder.status = status

    def _periodic(self, now_ms):
        second = self.clock.utc_s if self.clock.is_trusted else now_ms // 1000
        if self._schedule.is_interval_over(second, self.is_pumping):
            self._out.records.append(self.recorder.interval(now_ms))
        if self._schedule.is_checkpoint_due(now_ms, self.is_pumping, self._out.checkpoint):
            self._out.checkpoint = True

    def _irrigation(self, kind, cause, now_ms):
        values = self.recorder.irrigation(
            kind, cause, self.account, self.credential, self.ceiling_l(), now_ms
        )
        self._out.records.append(values)

    def _event(self, cause, now_ms, subject=0):
        self._out.records.append(self.recorder.event(cause, now_ms, subject))
