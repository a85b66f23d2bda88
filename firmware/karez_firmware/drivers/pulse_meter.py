"""A meter that sends a pulse per so many litres or watt-hours: the register is ours, in FRAM.

The count is kept at every pulse, so a power cut loses at most the one that is going on; what
passes while the box has no power is not counted at all, and a count in a restored memory comes
back old. So a site with pulses alone needs evidence tier A, or carries no fee (design §5).
"""

from karez_protocols import causes, record
from karez_protocols.constant import const

from .master import OK, SILENT

_HOUR_US = const(3_600_000_000)
_STILL = const(3)  # so many pulse times without a pulse are no flow
_STILL_US_MIN = const(10_000_000)
_LOOK_BACK = const(64)  # records: the newest that holds a count is among the last few


class PulseMeter:
    """Stands among the app's buses. `milli`: thousandths of a litre or watt-hour per pulse.

    `port.take_pulses(input)` returns (pulses since the last call, whether the supervised loop
    is sound). A broken or shorted loop is a silent meter: its count stands, unknown how far.
    The count of a witness begins at 0 with every start: only how far it moves is ever compared (C6).
    """

    is_waiting = False

    def __init__(self, port, journal, quantity, milli, number):
        self._port = port
        self._journal = journal
        self._quantity = quantity
        self.readers = ((quantity, None),)  # as a bus says them; there are no bytes to show
        self._names = ("energy_wh", "power_w") if quantity == "energy" else ("volume_l", "flow_lph")
        self._milli = milli
        self._input = number
        self._key = None if quantity == "witness" else quantity + "_pulses"  # in the head
        self._count = 0 if self._key is None else journal.head[self._key]
        if self._count is None:
            self._count = journal.head[self._key] = self._last_recorded()
        self._due_us = 0
        self._pulse_us = None  # when the last one came
        self._between_us = 0  # time between the last two; 0: not yet known
        self._began_us = None

    def hear(self):
        """Nothing comes in by bytes."""

    def turn(self, now_us, poll_us, heard=None):  # noqa: ARG002 - a bus's turn
        """Return (name, reading) at every pulse and every poll, else None."""
        if self._began_us is None:
            self._began_us = now_us
        pulses, is_sound = self._port.take_pulses(self._input)
        if pulses:
            self._keep(self._count + pulses)
            if self._pulse_us is not None:
                self._between_us = max(1, (now_us - self._pulse_us) // pulses)
            self._pulse_us = now_us
        elif now_us < self._due_us:
            return None
        self._due_us = now_us + poll_us
        return self._quantity, self._reading(is_sound, now_us)

    def _keep(self, count):
        self._count = count
        if self._key is not None:
            self._journal.head[self._key] = count
            self._journal.save()

    def cancel(self):
        """Nothing is ever half read here."""

    def hurry(self, now_us):
        """The contactor has switched: tell what is there now."""
        self._due_us = now_us

    def next_deadline_us(self):
        """When the next turn is needed even if no pulse comes."""
        return self._due_us

    def _last_recorded(self):
        """The count in the newest record that holds one; 0 on a new box, and where pulses are new.

        Behind a change of configuration the registers may be another meter's, and are no count.
        """
        newest = self._journal.head["seq"]
        for seq in range(newest, max(newest - _LOOK_BACK, 0), -1):
            slot = self._journal.slot(seq)
            if slot and record.is_measuring(slot[1]):
                if slot[2] == causes.CONFIG_REPLACED:
                    return 0
                values = record.legible(slot)
                if values and values[self._quantity + "_age_ds"] is not None:
                    return int.from_bytes(values[self._quantity + "_raw"], "big")
        return 0

    def _rate(self, now_us):
        """Litres or watt-hours an hour by the last two pulses; None until that can be said."""
        since_us = now_us - (self._began_us if self._pulse_us is None else self._pulse_us)
        if since_us > max(_STILL * self._between_us, _STILL_US_MIN):
            return 0
        if not self._between_us:
            return None
        return self._milli * _HOUR_US // (1000 * max(self._between_us, since_us))

    def _reading(self, is_sound, now_us):
        count = self._count
        total, rate = self._names
        return {
            "status": OK if is_sound else SILENT,
            "values": {total: count * self._milli // 1000, rate: self._rate(now_us)}
            if is_sound
            else {total: None, rate: None},
            "raw": count.to_bytes(8, "big"),
            "at_ms": now_us // 1000 if is_sound else None,
            "code": 0,
            "measuring": None,
            "modulus": None,
            "step": -(-self._milli // 1000),
        }
