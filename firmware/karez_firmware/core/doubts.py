"""What a meter says against its own total: it runs backwards, stands still, or measures nothing.

Such a total is answered in good order and counts nothing. Its reading is held, and what P
counts meanwhile no later reading of the register takes back (books.py).
"""

from karez_protocols.constant import const

_STILL_MS = const(60_000)  # meters refresh a total every few seconds; a minute is no refresh any more
_STEPS = const(3)  # and so many steps of the register must be missing by then
_REVERSE_MS = const(60_000)  # a coarse reverse total moves now and then: so long after its last move


class Doubts:
    """Watches one meter. `least_lph`: below it the low-flow cut-off of a meter stops its total."""

    def __init__(self, least_lph):
        self._least_lph = least_lph
        self.is_stuck = False  # the total stands while the meter says that water flows (field F6)
        self.is_reversed = False  # the reverse total moves while pumping
        self._register = None
        self._since_ms = self._at_ms = 0
        self._owed = 0  # l/h x ms that should have been counted since the register moved
        self._reverse = None
        self._reverse_ms = 0

    def take(self, register, now_ms, step, is_open, reverse, flow_lph, measuring):
        """Return True if this reading's total is not to be counted on. Unknown is None throughout."""
        has_advanced = self._register is not None and register > self._register
        self._watch_flow(register, now_ms, step, flow_lph)
        is_backwards = self._watch_reverse(has_advanced, now_ms, is_open, reverse)
        # With the contactor open there is nothing that could go uncounted.
        return measuring is False or is_backwards or (self.is_stuck and not is_open)

    def _watch_flow(self, register, now_ms, step, flow_lph):
        elapsed_ms, self._at_ms = now_ms - self._at_ms, now_ms
        is_little = flow_lph is not None and flow_lph < self._least_lph
        if register != self._register or elapsed_ms > _STILL_MS or is_little:
            self._register, self._since_ms, self._owed = register, now_ms, 0
        elif flow_lph is not None:
            self._owed += flow_lph * elapsed_ms
        self.is_stuck = now_ms - self._since_ms >= _STILL_MS and self._owed > _STEPS * step * 3_600_000

    def _watch_reverse(self, has_advanced, now_ms, is_open, reverse):
        before = self._reverse
        if reverse is not None:
            self._reverse = reverse
            if before is not None and reverse != before and not is_open:
                self._reverse_ms = now_ms
                self.is_reversed = True
                return True
        if is_open or now_ms - self._reverse_ms > _REVERSE_MS:
            self.is_reversed = False
        return self.is_reversed and not has_advanced
