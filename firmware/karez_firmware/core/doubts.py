"""What a meter says against its own total: it runs backwards, stands still, or measures nothing.

Such a total is answered in good order and counts nothing. Its reading is held, and what P
counts meanwhile no later reading of the register takes back (books.py), unless the register has
made up by then for all that its own flow says.
"""

from karez_protocols.constant import const

_STILL_MS = const(60_000)  # meters refresh a total every few seconds; a minute is no refresh any more
_STEPS = const(3)  # and so many steps of the register must be missing by then
_MADE_UP_PART = const(8)  # of what is owed, what one meter's flow and total may differ by
_REVERSE_MS = const(60_000)  # a coarse reverse total moves now and then: so long after its last move


class Doubts:
    """Watches one meter. `least_lph`: below it the low-flow cut-off of a meter stops its total."""

    def __init__(self, least_lph):
        self._least_lph = least_lph
        self.is_stuck = False  # the total stands while the meter says that water flows (field F6)
        self.has_made_up = False  # it has moved by all that was owed: it had only not shown it
        self.is_little = False  # the meter says that next to nothing flows
        self.is_reversed = False  # the reverse total moves while pumping
        self._register = None
        self._at_ms = self._still_ms = 0
        self._owed = 0  # l/h x ms that should have been counted since the register moved
        self._reverse = None
        self._reverse_ms = 0

    def take(self, register, now_ms, step, is_open, reverse, flow_lph, measuring):
        """Return True if this reading's total is not to be counted on. Unknown is None throughout."""
        has_advanced = self._register is not None and register > self._register
        self._watch_flow(register, now_ms, step, flow_lph)
        is_backwards = self._watch_reverse(has_advanced, now_ms, is_open, reverse)
        # With the contactor open, or next to nothing flowing, there is nothing that could go uncounted.
        is_stuck = self.is_stuck and not is_open and not self.is_little
        return measuring is False or is_backwards or is_stuck

    def _watch_flow(self, register, now_ms, step, flow_lph):
        elapsed_ms, self._at_ms = now_ms - self._at_ms, now_ms
        self.is_little = flow_lph is not None and flow_lph < self._least_lph
        if register != self._register:
            if self._owed:
                moved = (register - self._register + step) * 3_600_000
                self.has_made_up = moved >= self._owed - self._owed // _MADE_UP_PART
            self._register, self._still_ms, self._owed = register, 0, 0
        elif flow_lph is not None and not self.is_little and elapsed_ms <= _STILL_MS:
            # A pause or a silence takes nothing back: the register has still not moved.
            self._still_ms += elapsed_ms
            self._owed += flow_lph * elapsed_ms
        self.is_stuck = self._still_ms >= _STILL_MS and self._owed > _STEPS * step * 3_600_000

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
