"""The flow of a meter that tells only its total (CJ/T 188, pulses): litres by time."""

# A register of 0.01 m3 moves every 0.6 s at 60 m3/h: over 10 s that is 6 % of one step.
_WINDOW_US = 10_000_000


class FlowOfTotals:
    """Feed it totals in their order; unknown until one window has passed."""

    def __init__(self):
        self._from_l = None
        self._from_us = 0
        self._flow_lph = None

    def take(self, volume_l, now_us):
        """Return l/h over the last whole window; None while it is unknown or the total has fallen."""
        if volume_l is None or self._from_l is None or volume_l < self._from_l:
            self._flow_lph = None
        elif now_us - self._from_us >= _WINDOW_US:
            self._flow_lph = (volume_l - self._from_l) * 3_600_000_000 // (now_us - self._from_us)
        else:
            return self._flow_lph
        self._from_l = volume_l
        self._from_us = now_us
        return self._flow_lph
