"""What is looked at without deciding about the pump: strangers, meters against each other, silence."""

from karez_protocols import causes, flags
from karez_protocols.constant import const

from .crosscheck import Seen

# The cross-check's own alarms: C1, C2, C4, C5, C6.
_COMPARED = flags.NO_WATER | flags.NO_ENERGY | flags.RATIO | flags.IMPOSSIBLE | flags.CHANNELS | flags.FROZEN
_FOREIGN_MS = const(5_000)  # C3: power or a closed contactor this long while commanded open (integrity §4)
_PROVISIONAL_S = const(2_592_000)  # 30 days without a grant that acknowledges it (design §5)
_DAY_S = const(86_400)


class Watch:
    """Alarms and status bits of one site. `log`: where events go."""

    def __init__(self, settings, parts, recorder, log):
        self._settings = settings
        self._parts = parts
        self._recorder = recorder
        self._log = log
        self._foreign_ms = None
        self._door = None
        self._seen = Seen()  # one for all steps: garbage of four objects a second adds up
        self._heard_utc_s = None  # last acknowledgement

    def quiet_since(self, utc_s):
        """Say when the gateway last acknowledged anything, None when it never did or nobody knows."""
        self._heard_utc_s = utc_s

    def door(self, is_open, now_ms):
        """The door switch, None where there is none; return True when it has been opened."""
        if is_open is None or is_open == self._door:
            return False
        was_known, self._door = self._door is not None, is_open
        if is_open or was_known:  # a door that is shut at a start is no news
            self._log.note(causes.DOOR_OPENED if is_open else causes.DOOR_CLOSED, now_ms)
        return is_open

    def foreign(self, is_pumping, runs, now_ms):
        """C3: power or a closed contactor while commanded open is recorded, and counted on."""
        recorder = self._recorder
        if is_pumping or not runs:
            self._foreign_ms = None
            recorder.alarms &= ~flags.FOREIGN_RUN
        elif self._foreign_ms is None:
            self._foreign_ms = now_ms
        elif now_ms - self._foreign_ms > _FOREIGN_MS and not recorder.alarms & flags.FOREIGN_RUN:
            recorder.alarms |= flags.FOREIGN_RUN
            self._log.note(causes.FOREIGN_CURRENT, now_ms)

    def compare(self, is_closed, aux, now_ms):
        """Water against energy (C1, C2, C4-C6)."""
        parts, recorder = self._parts, self._recorder
        check, clock, books = parts.crosscheck, parts.clock, parts.books
        seen = self._seen
        seen.is_closed, seen.aux = is_closed, aux
        seen.flow_lph, seen.flow_at_ms = recorder.water.value("flow_lph"), recorder.water.at_ms
        seen.power_w, seen.power_at_ms = recorder.energy.value("power_w"), recorder.energy.at_ms
        seen.volume_l, seen.energy_wh = books.volume_l, books.energy_wh
        energy = recorder.energy
        if energy.value("energy_wh") is None or (books.energy and books.energy.last_ms != energy.at_ms):
            seen.energy_wh = None  # E stands while its meter is silent or held: that is no water without work
        seen.is_water_good = books.is_known and not books.held_l and not books.is_converted
        seen.segment = books.segment << 16 | (books.energy.segment.number if books.energy else 0)
        seen.volume_step_l = books.water.step
        seen.energy_step_wh = books.energy.step if books.energy else 1
        seen.second_l = recorder.witness.value("volume_l")
        seen.second_step_l = recorder.witness.step
        seen.day = None
        if clock.is_trusted:
            seen.day = (clock.utc_s + self._settings["utc_offset_min"] * 60) // _DAY_S
        check.step(now_ms, seen)
        recorder.alarms = recorder.alarms & ~_COMPARED | check.alarms

    def long_waits(self, now_ms):
        """Days without acknowledgement warn and never stop; so does what nobody confirms."""
        self._late(flags.QUIET, causes.QUIET, self._is_quiet(), now_ms)
        self._late(flags.OVERDUE, causes.PROVISIONAL_OVERDUE, self._is_overdue(), now_ms)

    def _late(self, bit, cause, is_so, now_ms):
        if is_so and not self._recorder.alarms & bit:
            self._log.event(cause, now_ms)
        self._recorder.raise_if(bit, is_so)

    def _is_quiet(self):
        if self._heard_utc_s is None:
            return False
        return self._parts.clock.date_utc_s - self._heard_utc_s >= self._settings["quiet_days"] * _DAY_S

    def _is_overdue(self):
        books, date_utc_s = self._parts.books, self._parts.clock.date_utc_s
        for followed in (books.water, books.energy):
            segment = followed.segment if followed else None
            if segment is None or segment.is_confirmed or segment.opened_utc_s is None:
                continue
            if date_utc_s - segment.opened_utc_s > _PROVISIONAL_S:
                return True
        return False

    def status(self, pump, aux, has_power, is_emergency):
        """The status bits of a record; what the start and the store set stays."""
        parts, recorder = self._parts, self._recorder
        status = recorder.status & (flags.HEAD_REBUILT | flags.STARTED_UNSIGNED | flags.FRAM_DEAD)
        for is_so, bit in (
            (pump.is_closed, flags.COMMANDED),
            (aux, flags.AUX_CLOSED),
            (has_power, flags.POWER_PRESENT),
            (recorder.water.value("flow_lph"), flags.FLOW_PRESENT),
            (parts.books.is_known, flags.BOOKS_KNOWN),
            (parts.books.is_provisional, flags.PROVISIONAL),
            (parts.protection.lockout.cause, flags.LOCKED_OUT),
            (is_emergency, flags.EMERGENCY),
            (pump.is_tripped, flags.TRIPPED),
            (parts.orders.count, flags.ORDERED),
            (self._door, flags.DOOR_OPEN),
        ):
            if is_so:
                status |= bit
        recorder.status = status
        recorder.raise_if(flags.PROTECTION, parts.protection.lockout.cause)
