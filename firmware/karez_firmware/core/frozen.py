"""A meter whose flow stands still to the last digit (C5)."""

from karez_protocols.constant import const

_FROZEN_MS = const(1_800_000)


class Frozen:
    """C5: the same flow to the digit for half an hour of pumping, while power moves."""

    def __init__(self):
        self._flow_lph = None
        self._restart()

    def _restart(self):
        self.ms = 0
        self._least_w = self._most_w = None

    def feed(self, flow_lph, power_w, is_running, elapsed_ms):
        """Return True when it is, False when the flow moves, None while nothing can be said."""
        if flow_lph is None:
            return None
        if flow_lph != self._flow_lph:
            self._flow_lph = flow_lph
            self._restart()
            return False
        if flow_lph <= 0 or not is_running or power_w is None:
            return None
        self.ms += elapsed_ms
        self._least_w = power_w if self._least_w is None else min(self._least_w, power_w)
        self._most_w = power_w if self._most_w is None else max(self._most_w, power_w)
        # Power within 2 %: a flow that moves no digit either is nothing odd.
        if self.ms >= _FROZEN_MS and (self._most_w - self._least_w) * 50 >= self._most_w:
            return True
        return None
