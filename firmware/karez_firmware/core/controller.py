"""The controller's decisions: one step from inputs to outputs, in a fixed order (design §4).

No clock, pin, bus or memory is touched here. The app carries out what comes back: the
contactor first when it opens, then the records, then the contactor when it closes.
"""

from karez_protocols import binding, causes, grant, record

from . import measuring, pump, register
from .clock import Clock
from .measuring import Meter
from .pump import Pump

EVENT_DETAIL = 24
FOREIGN_MS = 5_000  # C3: current or water longer than this with the contactor open (integrity §4)


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
        self.records = []  # values of records, without the journal's own fields
        self.checkpoint = False
        self.is_start = False  # the last record is a permission: report whether it was committed


class Controller:
    """Pure parts of one site, called in a fixed order."""

    def __init__(self, site, segments, settings, accounts, books, rights, floor_utc_s):
        self._class = site["class"]
        self._rated_flow_lph = site["rated_flow_lph"]
        self._rated_power_w = site["rated_power_w"]
        self._settings = settings
        self._accounts = accounts  # credential (8 bytes) -> account number
        self.books = books
        self.rights = rights
        self.clock = Clock(floor_utc_s)
        self.pump = Pump()
        self.water = Meter()
        self.energy = Meter()
        self.status = self.alarms = 0
        self.account = 0
        self.credential = bytes(8)
        self.stop_cause = causes.NONE
        self.start_volume_l = None
        self._start_cause = causes.NONE
        self._stopped_ms = None
        self._opened_ms = None
        self._foreign_ms = None
        self._interval = None
        self._checkpoint_ms = None
        self._warned_seq = None
        self._outage_s = None
        self._silent = {}
        self._out = Outputs()

    # -- one step -----------------------------------------------------------------------

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
                self._start(credential, now_ms)
            elif kind == "stop":
                self.stop(causes.BUTTON, now_ms)
        if self.pump.is_overdue(now_ms):
            self._fire(pump.OVERDUE, now_ms)
        self._watch_foreign(inputs, now_ms)
        self._set_status(inputs)
        self._periodic(now_ms)
        self._out.close = self.pump.is_closed
        return self._out

    def boot(self, outage_s):
        """Tell the books how long the outage was; None when its length cannot be trusted."""
        self._outage_s = outage_s

    def poll_ms(self):
        """How long after one reading the next is due: short while water may flow or books are unknown."""
        if self.pump.state != pump.OFF or not self.books.is_known or self.books.held_l:
            return self._settings["poll_pumping_ms"]
        return self._settings["poll_idle_ms"]

    # -- readings -----------------------------------------------------------------------

    def _read(self, inputs, now_ms):
        if inputs.energy is not None:
            self.energy.take(inputs.energy)
            self._note_silence("energy", inputs.energy["status"], measuring.ENERGY_SILENT, now_ms)
            value = self.energy.value("energy_wh")
            if value is not None:
                self.books.read_energy(value, inputs.energy["at_ms"], self._outage_s)
        if inputs.water is None:
            return
        self.water.take(inputs.water)
        self._note_silence("water", inputs.water["status"], measuring.WATER_SILENT, now_ms)
        value = self.water.value("volume_l")
        if value is None:
            return
        was_uncertain = self.books.is_uncertain
        result = self.books.read_water(value, inputs.water["at_ms"], self._outage_s)
        if result == register.BACK and self.books.gap:
            self._write_gap(now_ms)
        if self.books.is_uncertain and not was_uncertain:
            self.alarms |= measuring.UNCERTAIN
            self._event(causes.SEGMENT_UNCERTAIN, now_ms, value & 0xFFFFFFF)
        elif was_uncertain and not self.books.is_uncertain:
            self.alarms &= ~measuring.UNCERTAIN

    def _note_silence(self, name, status, bit, now_ms):
        was = self._silent.get(name, 0)
        if status and not was:
            self.alarms |= bit
            self._event(causes.METER_SILENT, now_ms, status)
        elif was and not status:
            self.alarms &= ~bit
            self._event(causes.METER_BACK, now_ms, was)
        self._silent[name] = status

    # -- pump ---------------------------------------------------------------------------

    def _feedback(self, inputs, now_ms):
        if inputs.committed is not None:
            self._fire(pump.COMMITTED if inputs.committed else pump.COMMIT_FAILED, now_ms)
        if self.pump.state == pump.RUNNING and not inputs.aux:
            self.stop_cause = causes.FEEDBACK_LOST
        self._fire(pump.FEEDBACK_ON if inputs.aux else pump.FEEDBACK_OFF, now_ms)
        if self.pump.state == pump.SETTLING and self._is_settled(now_ms):
            self._fire(pump.SETTLED, now_ms)

    def _is_settled(self, now_ms):
        """True when both meters answered after the stop and say that nothing runs any more."""
        since_ms = self.pump.since_ms
        for meter in (self.water, self.energy):
            if meter.at_ms is None or meter.at_ms <= since_ms:
                return False
        return not self.water.value("flow_lph") and not self._has_power()

    def _has_power(self):
        power_w = self.energy.value("power_w")
        return power_w is not None and power_w > self._rated_power_w // 20

    def _fire(self, event, now_ms):
        actions = self.pump.fire(event, now_ms)
        if actions & pump.OPEN:
            self._opened_ms = now_ms
        if actions & pump.ALARM_NOT_STARTED:
            self.stop_cause = causes.FEEDBACK_LOST
            self.alarms |= measuring.NOT_STARTED
            self._event(causes.DID_NOT_START, now_ms)
        if actions & pump.ALARM_NOT_STOPPED:
            self.alarms |= measuring.NOT_STOPPED
            self._event(causes.DID_NOT_STOP, now_ms)
        if actions & pump.WRITE_START:
            self._out.records.append(self._irrigation(record.START, self._start_cause, now_ms))
            self._out.is_start = True
        if actions & pump.WRITE_STOP:
            self._stopped_ms = now_ms
            self.alarms &= ~(measuring.NOT_STOPPED | measuring.NOT_STARTED)
            self._out.records.append(self._irrigation(record.STOP, self.stop_cause, now_ms))
            self._out.checkpoint = True

    def stop(self, cause, now_ms):
        """Open the contactor for a cause; the first cause of a stop stays."""
        if self.pump.state in (pump.COMMITTING, pump.STARTING, pump.RUNNING):
            self.stop_cause = cause
            self._fire(pump.STOP, now_ms)

    def close_after_restart(self, head, now_ms):
        """Write the stop of an irrigation that the last run did not live to end."""
        self._out = Outputs()
        self.account, self.credential = head["account"], head["credential"]
        self.start_volume_l = head["start_volume_l"]
        self._out.records.append(self._irrigation(record.STOP, causes.RESTARTED, now_ms))
        self._stopped_ms = now_ms
        return self._out

    def _start(self, credential, now_ms):
        cause = self._refusal(credential, now_ms)
        if cause:
            self._event(causes.START_REFUSED, now_ms, cause)
            return
        self.account = self._accounts[credential]
        self.credential = credential
        self._start_cause = causes.CARD
        self.stop_cause = causes.NONE
        self.start_volume_l = self.books.volume_l
        self._fire(pump.START, now_ms)

    def _refusal(self, credential, now_ms):
        """Return why a start is refused, causes.NONE when every condition holds."""
        if self.pump.state != pump.OFF:
            return causes.ALREADY_RUNNING
        if credential not in self._accounts:
            return causes.IDENTITY_UNKNOWN
        if self.status & measuring.AUX_CLOSED:
            return causes.FOREIGN_CURRENT
        if self._class != binding.DOMESTIC:
            if not self.books.is_known or self.books.is_uncertain:
                return causes.BOOKS_UNKNOWN
            cause = self._exceeded(False)
            if cause:
                return cause
        if self._stopped_ms is not None:
            if now_ms - self._stopped_ms < self._settings["restart_delay_s"] * 1000:
                return causes.RESTART_DELAY
        return causes.NONE

    # -- right --------------------------------------------------------------------------

    def _exceeded(self, in_progress):
        return self.rights.exceeded(
            self.books.charged_l, self.books.energy_wh, self.clock.utc_s, in_progress
        )

    def ceiling_l(self):
        """Return the litres of the ceiling in force, None without a right."""
        return self.rights.ceiling(grant.WATER, self.clock.utc_s, self.pump.state != pump.OFF)[0]

    def _right(self, now_ms):
        # Drinking water is never cut by quota (design §6).
        if self._class == binding.DOMESTIC or self.pump.state not in (pump.STARTING, pump.RUNNING):
            return
        cause = self._exceeded(True) or self._nearly()
        if not cause:
            self._warn(now_ms)
        elif self.rights.values and self.rights.values["policy"] == grant.WARN:
            self._warn(now_ms, True)
        else:
            self.stop(cause, now_ms)

    def _nearly(self):
        """Early opening: what flows in half a poll and the contactor's delay is opened for now."""
        ceiling_l, charged_l = self.ceiling_l(), self.books.charged_l
        flow_lph = self.water.value("flow_lph")
        if ceiling_l is None or charged_l is None or flow_lph is None or flow_lph < 0:
            return causes.NONE
        ahead_ms = self._settings["poll_pumping_ms"] // 2 + self._settings["contactor_delay_ms"]
        ahead_l = min(flow_lph, self._rated_flow_lph) * ahead_ms // 3_600_000
        return causes.WATER_CEILING if ceiling_l - charged_l <= ahead_l else causes.NONE

    def _warn(self, now_ms, is_over=False):
        """Record once per grant that the warning line is passed."""
        ceiling_l, charged_l = self.ceiling_l(), self.books.charged_l
        if ceiling_l is None or charged_l is None or self._warned_seq == self.rights.seq:
            return
        given_l = ceiling_l - (self.rights.values["head_volume_l"] or 0)
        used_l = charged_l - (self.rights.values["head_volume_l"] or 0)
        if is_over or used_l * 100 >= given_l * self._settings["warn_percent"]:
            self._warned_seq = self.rights.seq
            self._event(causes.WARNING_LINE, now_ms, self._settings["warn_percent"])

    # -- watching -----------------------------------------------------------------------

    def _watch_foreign(self, inputs, now_ms):
        """C3: power or a closed contactor while commanded open is recorded, and counted on."""
        idle = self.pump.state == pump.OFF
        if not idle or not (inputs.aux or self._has_power()):
            self._foreign_ms = None
            if idle:
                self.alarms &= ~measuring.FOREIGN_RUN
            return
        if self._foreign_ms is None:
            self._foreign_ms = now_ms
        elif now_ms - self._foreign_ms > FOREIGN_MS and not self.alarms & measuring.FOREIGN_RUN:
            self.alarms |= measuring.FOREIGN_RUN
            self._event(causes.FOREIGN_CURRENT, now_ms)

    def _set_status(self, inputs):
        status = self.status & measuring.HEAD_REBUILT
        if self.pump.is_closed:
            status |= measuring.COMMANDED
        if inputs.aux:
            status |= measuring.AUX_CLOSED
        if self._has_power():
            status |= measuring.POWER_PRESENT
        if self.water.value("flow_lph"):
            status |= measuring.FLOW_PRESENT
        if self.books.is_known:
            status |= measuring.BOOKS_KNOWN
        self.status = status

    def _periodic(self, now_ms):
        pumping = self.pump.state != pump.OFF
        settings = self._settings
        interval_s = settings["interval_pumping_s" if pumping else "interval_idle_s"]
        checkpoint_s = settings["checkpoint_pumping_s" if pumping else "checkpoint_idle_s"]
        # Aligned to the clock, so that hours of the ledger end on a record.
        number = (self.clock.utc_s if self.clock.is_trusted else now_ms // 1000) // interval_s
        if self._is_past_end(interval_s, number):
            values = self._measured(record.INTERVAL, causes.NONE, now_ms)
            self._out.records.append(measuring.fill_electric(values, self.energy))
        self._interval = (interval_s, number)
        if self._checkpoint_ms is None:
            self._checkpoint_ms = now_ms
        elif now_ms - self._checkpoint_ms >= checkpoint_s * 1000:
            self._out.checkpoint = True
        if self._out.checkpoint:
            self._checkpoint_ms = now_ms

    def _is_past_end(self, interval_s, number):
        """True when an interval has ended; a change of its length alone ends none."""
        return self._interval is not None and self._interval[0] == interval_s and self._interval[1] != number

    # -- records ------------------------------------------------------------------------

    def _measured(self, kind, cause, now_ms):
        values = {"kind": kind, "cause": cause}
        return measuring.fill(
            values, self.books, self.water, self.energy, self.pump, now_ms, self.status, self.alarms
        )

    def _irrigation(self, kind, cause, now_ms):
        values = self._measured(kind, cause, now_ms)
        values["account"] = self.account
        values["credential"] = self.credential
        values["account_l"] = None
        values["ceiling_l"] = self.ceiling_l()
        values["actor"] = 0
        return values

    def _event(self, cause, now_ms, subject=0, detail=bytes(EVENT_DETAIL)):
        values = self._measured(record.EVENT, cause, now_ms)
        values["subject"] = subject
        values["detail"] = detail
        self._out.records.append(values)
        return values

    def event(self, cause, now_ms, subject=0, detail=bytes(EVENT_DETAIL)):
        """Return the values of an event record (for what the app itself saw)."""
        self._out = Outputs()
        return self._event(cause, now_ms, subject, detail)

    def boot_record(self, chain, last_seq, outage_s, tier, now_ms):
        """Return the values of the record every start begins with."""
        values = self._measured(record.BOOT, causes.NONE, now_ms)
        values.update(
            {"chain": chain, "order_seq": 0, "last_seq": last_seq, "outage_s": outage_s, "tier": tier}
        )
        return values

    def _write_gap(self, now_ms):
        """The litres between two good readings over an outage, booked where the gap ends."""
        volume_l, energy_wh = self.books.gap
        self.books.gap = None
        values = self._measured(record.GAP, causes.NONE, now_ms)
        values["outage_s"] = self._outage_s
        values["from_utc_s"] = None if self._outage_s is None else self.clock.utc_s - self._outage_s
        values["volume_before_l"] = volume_l
        values["energy_before_wh"] = energy_wh
        self._out.records.append(values)
