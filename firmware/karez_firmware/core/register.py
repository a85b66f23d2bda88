"""One meter register followed through time: what of it may be believed (design §5).

The booked value is computed from the register, never accumulated:
value = base + (register - register_base). A reading is *good* when it is a plausible step
from the last good one; after a start or a silence three readings must agree first.
"""

from karez_protocols.constant import const

_SILENCE_MS = const(60_000)  # after a longer silence one reading alone is not believed (design §5)
_AGREE = const(3)
_SPAN = const(1 << 34)  # above the binding's reading: 17 million m3, a well's life; a record holds it
_AGREE_MS = const(10_000)  # held readings must agree this long before they decide anything

GOOD = 1  # a plausible step: booked
BACK = 2  # three readings agree after a start or a silence: booked, the step spans the gap
HELD = 3  # not believed, not booked
UNCERTAIN = 4  # readings agree among themselves but not with the last good one: a person decides


class Register:
    """Books of one register. `rate_per_h` bounds a plausible step (litres or Wh per hour)."""

    def __init__(self, base, register_base, multiplier_ppm, rate_per_h):
        self._base = base
        self._register_base = register_base
        self._multiplier_ppm = multiplier_ppm
        self._rate_per_h = rate_per_h
        self.last = None  # the last good register, as the meter said it
        self.last_ms = None  # when it was read; None after a start
        self.step = 1  # the least by which the register can move now (profile.total_step)
        self._candidates = []

    @property
    def value(self):
        """The booked value (litres or Wh); None before anything was ever believed."""
        if self.last is None:
            return None
        return self._base + (self.last - self._register_base) * self._multiplier_ppm // 1_000_000

    @property
    def is_known(self):
        """True when a reading of this run has been believed."""
        return self.last_ms is not None

    def restore(self, last):
        """Take the last good register from before a restart; its age is not known here."""
        self.last = last
        self.last_ms = None

    def bound(self, elapsed_ms):
        """The largest plausible step in this time: 1.25 x rated, and one register step."""
        return self._rate_per_h * 5 * elapsed_ms // (4 * 3_600_000) + self.step

    def _is_step(self, step, elapsed_ms):
        return 0 <= step <= self.bound(elapsed_ms)

    def offer(self, register, now_ms, gap_bound=None):
        """Judge a reading taken at `now_ms`; return GOOD, BACK, HELD or UNCERTAIN.

        `gap_bound`: the largest step that the outage before it allows, None when nothing
        bounds it (then a step over a gap stays UNCERTAIN).
        """
        fresh = self.last_ms is not None and now_ms - self.last_ms <= _SILENCE_MS
        if fresh and self._is_step(register - self.last, now_ms - self.last_ms):
            self._believe(register, now_ms)
            return GOOD
        if not self._agrees(register, now_ms):
            return HELD
        first_ms = self._candidates[0][1]
        if not fresh:
            if self.last is None:
                is_step = 0 <= register - self._register_base < _SPAN
            else:
                is_step = gap_bound is not None and 0 <= register - self.last <= gap_bound
            if is_step:
                self._believe(register, now_ms)
                return BACK
        if now_ms - first_ms >= _AGREE_MS:
            return UNCERTAIN
        return HELD

    def _believe(self, register, now_ms):
        self.last = register
        self.last_ms = now_ms
        self._candidates = []

    def _agrees(self, register, now_ms):
        """Add a candidate; True when three in a row agree with one another."""
        if self._candidates:
            before, before_ms = self._candidates[-1]
            if not self._is_step(register - before, now_ms - before_ms):
                self._candidates = []
        self._candidates.append((register, now_ms))
        if len(self._candidates) > _AGREE:
            # The first stays: it tells since when they agree.
            self._candidates.pop(1)
        return len(self._candidates) >= _AGREE
