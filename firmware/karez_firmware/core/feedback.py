"""What confirms the contactor: its auxiliary contact *and* the current (design §6, field F9 F10).

Neither is believed alone while the other can be asked: a welded contactor may have a contact
that says "open", a closed one may feed a motor whose thermal relay has tripped. A power meter
that is silent or not there says nothing, and then the contact decides alone.
"""

from karez_protocols.constant import const

from . import pump

_PRESENT_DIVISOR = const(20)  # less than a twentieth of the rated power is the panel's own
_FRESH_MS = const(3_000)  # a power reading rules for three polls, so that one lost answer hides no current
# Without any reading the contact decides a second before pump.FEEDBACK_MS: the mains that drop
# the contactor silence the meter too, and that is no contactor that did not open.
_ALONE_MS = const(4_000)
_ABSENT_MS = const(10_000)  # closed but without power this long while running: a thermal relay
_RUN_UP_MS = const(15_000)  # a soft starter ramps up for as long, and the meter refreshes late


class Feedback:
    """Judges one contactor. `rated_power_w`: None when no power meter belongs to it."""

    def __init__(self, rated_power_w):
        self._rated_power_w = rated_power_w
        self._power_w = None  # the last one that was known
        self._at_ms = None
        self._absent_ms = None  # time of the first reading in a row without power

    def has_power(self, power_w):
        """True or False, None when the power is not known."""
        if power_w is None or not self._rated_power_w:
            return None
        # A reversed transformer counts backwards; what flows, flows.
        return abs(power_w) > self._rated_power_w // _PRESENT_DIVISOR

    def judge(self, state, aux, power_w, power_at_ms, since_ms, is_energy_ok, now_ms):
        """Return pump.FEEDBACK_ON, pump.FEEDBACK_OFF, or None while nothing is sure.

        Call at every step with the pump's `state` and its `since_ms`: no reading taken before
        the last change counts. `power_w` was read at `power_at_ms` (both None if unknown);
        `is_energy_ok`: False when the meter is missing or silent.
        """
        if power_w is not None and power_at_ms is not None and power_at_ms != self._at_ms:
            self._take(power_w, power_at_ms)
        power = self._power(since_ms, now_ms)
        if state == pump.RUNNING:
            is_lost = not aux or (is_energy_ok and self._is_dead(power, since_ms, now_ms))
            return pump.FEEDBACK_OFF if is_lost else None
        if state not in (pump.STARTING, pump.STOPPING, pump.STUCK, pump.SETTLING):
            return None
        if power is None:
            if is_energy_ok and self._rated_power_w and now_ms - since_ms < _ALONE_MS:
                return None
            power = aux
        # After a stop, power alone is enough to say that it runs: the contact may lie.
        if power and (aux or state == pump.SETTLING):
            return pump.FEEDBACK_ON
        return None if power or aux else pump.FEEDBACK_OFF

    def _power(self, since_ms, now_ms):
        if self._at_ms is None or self._at_ms <= since_ms or now_ms - self._at_ms > _FRESH_MS:
            return None
        return self.has_power(self._power_w)

    def _take(self, power_w, at_ms):
        """Take a new reading; note since when the readings in a row have shown no power."""
        is_gap = self._at_ms is None or at_ms - self._at_ms > _FRESH_MS
        self._power_w, self._at_ms = power_w, at_ms
        if self.has_power(power_w) is not False:
            self._absent_ms = None
        elif self._absent_ms is None or is_gap:
            self._absent_ms = at_ms

    def _is_dead(self, power, since_ms, now_ms):
        if power is not False or self._absent_ms is None or now_ms - since_ms < _RUN_UP_MS:
            return False
        return self._at_ms - self._absent_ms >= _ABSENT_MS
