"""Ticks that wrap, widened once into microseconds that grow for ever (design §4).

On a 32-bit chip `ticks_us` begins anew after 2^30 µs (18 min), and a difference is sound for half
of that: whoever waits asks far more often.
"""


class Ticks:
    """`source() -> tick` and `difference(later, earlier) -> µs`: `time.ticks_us` and `time.ticks_diff`."""

    def __init__(self, source, difference):
        self._source = source
        self._difference = difference
        self._tick = source()
        self._us = 0

    def now_us(self):
        """Microseconds since this object was made."""
        tick = self._source()
        self._us += self._difference(tick, self._tick)
        self._tick = tick
        return self._us
