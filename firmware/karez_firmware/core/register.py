"""One meter register followed through time: what of it may be believed (design §5).

The booked value is computed from the register, never accumulated (segment.py). A reading is
*good* when it is a plausible step from the last good one; after a start or a silence three
readings must agree first. Readings that are held and agree decide after ten seconds.
"""

from karez_protocols.constant import const

_SILENCE_MS = const(60_000)  # after a longer silence one reading alone is not believed (design §5)
_AGREE = const(3)
_SPAN = const(1 << 34)  # above the binding's reading: 17 million m3, a well's life; a record holds it
_AGREE_MS = const(10_000)  # held readings must agree this long before they decide anything
_REGISTER_MAX = const(1 << 47)  # beyond it no record holds a register; and no total is below zero
# Of the modulus, the farthest a rollover may reach: from farther off a reset explains a fall as well.
_ROLL_PART = const(8)

GOOD = 1  # a plausible step: booked
BACK = 2  # three readings agree after a start or a silence: booked, the step spans the gap
HELD = 3  # not believed, not booked
UNCERTAIN = 4  # held for ten seconds and more, and nothing is decided: a person may be needed
ROLLED = 5  # went through its modulus: booked, the segment goes on
BACKFLOW = 6  # ran back with the contactor open: the meter is sound, nothing is booked or credited
OPENED = 7  # agrees with itself, not with the last good reading: the caller opens a segment (`first`)


class Register:
    """Judge of one register. `rate_per_h` bounds a plausible step, in its own unit per hour.

    `riser`: how far the register may run back under its highest reading with the contactor open.
    """

    def __init__(self, segment, rate_per_h, riser=0):
        self.segment = segment
        self._rate_per_h = rate_per_h
        self._riser = riser
        self.last = None  # the highest good register of this segment, as the meter said it
        self.last_ms = None  # when the last good reading was taken; None after a start
        self.below = 0  # how far under `last` the meter stands since water ran back
        self.blind_ms = 0  # time in which water may have flowed since then
        self.step = 1  # the least by which the register can move now (profile.total_step)
        self.modulus = None  # where it rolls over, None if not known
        self.first = None  # (register, beside) of the first agreeing reading, after OPENED
        self.has_fallen = False  # believed again, but on from readings that had fallen: it was set back
        self.is_uncertain = False  # held for ten seconds and more, nothing decided
        self._is_unwound = False  # `last` may still contain whole turns
        self._was_open = False
        self._held = 0  # readings held since the last good one
        self._held_ms = 0
        self._candidates = []  # (register, ms, beside)

    @property
    def value(self):
        """The booked value (litres or Wh); None before anything was ever believed."""
        return None if self.last is None else self.segment.value(self.last)

    @property
    def is_known(self):
        """True when a reading of this run has been believed."""
        return self.last_ms is not None

    def is_current(self, now_ms):
        """True if no silence lies since the last good reading: one reading can be believed."""
        return self.last_ms is not None and now_ms - self.last_ms <= _SILENCE_MS

    def since_ms(self, now_ms, outage_s):
        """Time since the last good reading, whole seconds rounded up; None when not known.

        `outage_s`: length of the outage before this run, `now_ms`: uptime.
        """
        if self.last_ms is not None:
            return (now_ms - self.last_ms + 999) // 1000 * 1000
        return None if outage_s is None else (outage_s + (now_ms + 999) // 1000) * 1000

    def restore(self, last, below=0):
        """Take the last good register from before a restart; its age is not known here."""
        self.last = last
        self.last_ms = None
        self.below = below

    def catch_up(self, value):
        """Take a value that was booked before a restart and is above what is known here."""
        if value is not None and (self.last is None or value > self.segment.value(self.last)):
            self.restore(self.segment.register_at(max(value, self.segment.base)))
            self._is_unwound = True

    def reopen(self, segment, register, now_ms):
        """Go on with a new segment, which the meter has reached `register` of at `now_ms`.

        `now_ms`: when that was read; a person's entry leaves the time of the last good reading.
        """
        self.segment = segment
        self._believe(register, 0, now_ms, OPENED)

    def wait(self, elapsed_ms, now_ms):
        """Water may have flowed in the time that has passed; what is after the last good reading counts."""
        if self.last_ms is not None:
            elapsed_ms = min(elapsed_ms, now_ms - self.last_ms)
        self.blind_ms += elapsed_ms

    def bound(self, elapsed_ms):
        """The largest plausible step in this time: 1.25 x rated, and one register step."""
        return self._rate_per_h * 5 * elapsed_ms // (4 * 3_600_000) + self.step

    def _is_step(self, step, elapsed_ms):
        return 0 <= step <= self.bound(elapsed_ms)

    def offer(self, register, now_ms, gap_bound=None, is_open=False, roll_bound=None, beside=0):
        """Judge a reading taken at `now_ms`; return one of the results above.

        `gap_bound`: the largest step that the outage before it allows, None when nothing
        bounds it (then a step over a gap stays UNCERTAIN); `roll_bound` the same of a rollover.
        `is_open`: commanded open, and no power. `beside`: what is counted beside the register by
        now; of the first of the agreeing readings it is kept with it.
        """
        was_open, self._was_open = self._was_open, is_open
        if not 0 <= register < _REGISTER_MAX:
            self._candidates = []
            return self._hold(now_ms)
        self._unwind()
        is_current = self.is_current(now_ms)
        if is_current:
            elapsed_ms = now_ms - self.last_ms
            ahead = self._ahead(register)
            if self._is_step(ahead + self.below, elapsed_ms):
                return self._believe(register, ahead, now_ms, GOOD)
            if (is_open or was_open) and self._is_backflow(ahead):
                return self._believe(register, ahead, now_ms, BACKFLOW)
            gap_bound = roll_bound = self.bound(elapsed_ms)
        if not self._agrees(register, now_ms, beside):
            return self._hold(now_ms)
        if not is_current:
            result = self._fits(register, gap_bound, is_open)
            if result:
                ahead = 0 if self.last is None else self._ahead(register)
                return self._believe(register, ahead, now_ms, result)
        return self._decide(register, now_ms, gap_bound, roll_bound)

    def distrust(self):
        """A meter that says itself that it does not count: its reading is held, and is no witness."""
        self._candidates = []
        return HELD

    def _hold(self, now_ms):
        """Count a reading that is not believed; HELD, or UNCERTAIN after ten seconds."""
        if not self._held:
            self._held_ms = now_ms
        self._held += 1
        if self._held >= _AGREE and now_ms - self._held_ms >= _AGREE_MS:
            self.is_uncertain = True
        return UNCERTAIN if self.is_uncertain else HELD

    @property
    def is_behind(self):
        """True while readings are held that agree and began under the last good one, by no rollover."""
        if not self._candidates or self.last is None:
            return False
        return self.ahead_of(self._candidates[0][0]) < 0

    def agreed(self):
        """Return the first and the last of three or more agreeing held readings, or None."""
        if len(self._candidates) < _AGREE:
            return None
        return self._candidates[0], self._candidates[-1]

    def accept(self, register, now_ms):
        """Believe a reading that a person says is a step forward (ahead_of)."""
        ahead = 0 if self.last is None else self._ahead(register)
        if ahead + self.below < 0:
            self.segment.turned += self.modulus
            ahead = 0
        return self._believe(register, ahead, now_ms, BACK)

    def ahead_of(self, register):
        """Return how far a reading lies ahead of where the meter stood, a near rollover seen as one."""
        ahead = register - self.last + self.below
        if self.modulus and ahead + self.modulus <= self.modulus // _ROLL_PART:
            ahead += self.modulus
        return ahead

    # -- judging ------------------------------------------------------------------------

    def _ahead(self, register):
        """How far a reading lies above the highest one; below zero: under it."""
        ahead = register - self.last
        if self._riser and self.modulus and ahead >= self.modulus - self._riser:
            ahead -= self.modulus  # water ran back through zero
        return ahead

    def _is_backflow(self, ahead):
        # Under the highest reading, never under the last: falls do not add up (design §5).
        return -self._riser <= ahead < -self.below

    def _believe(self, register, ahead, now_ms, result):
        self.has_fallen = result in (GOOD, BACK) and self._goes_on_from_fallen(register, now_ms)
        if ahead >= 0:
            self.last = register
        self.below = max(0, -ahead)
        self.last_ms = now_ms
        self.blind_ms = self._held = 0
        self._candidates = []
        self.is_uncertain = self._is_unwound = False
        return result

    def _goes_on_from_fallen(self, register, now_ms):
        if not self.is_behind:
            return False
        before, before_ms, _ = self._candidates[-1]
        return self._is_step(register - before, now_ms - before_ms)

    def _agrees(self, register, now_ms, beside):
        """Add a candidate; True when three in a row agree with one another."""
        if self._candidates:
            before, before_ms, _ = self._candidates[-1]
            if not self._is_step(register - before, now_ms - before_ms):
                self._candidates = []
        self._candidates.append((register, now_ms, beside))
        if len(self._candidates) > _AGREE:
            # The first stays: it tells since when they agree.
            self._candidates.pop(1)
        return len(self._candidates) >= _AGREE

    def _fits(self, register, gap_bound, is_open):
        """Return what three agreeing readings after a silence are, 0 if they fit nothing."""
        if self.last is None:
            return BACK if 0 <= register - self.segment.register_base < _SPAN else 0
        ahead = self._ahead(register)
        # A meter that stands where it stood is plausible however long the outage was.
        if 0 <= ahead + self.below <= (self.step if gap_bound is None else gap_bound):
            return BACK
        return BACKFLOW if is_open and self._is_backflow(ahead) else 0

    def _decide(self, register, now_ms, gap_bound, roll_bound):
        """Three readings agree, and fit no step: after ten seconds a rollover or a new segment."""
        first = self._candidates[0]
        if now_ms - first[1] < _AGREE_MS or self.last is None or gap_bound is None:
            return self._hold(now_ms)  # without any bound: hold and ask (design §5)
        modulus = self.modulus
        if modulus and roll_bound is not None:
            step = register + modulus - self.last + self.below
            if 0 <= step <= min(roll_bound, modulus // _ROLL_PART):
                self.segment.turned += modulus
                return self._believe(register, 0, now_ms, ROLLED)
        self.first = (first[0], first[2])
        return OPENED

    def _unwind(self):
        """Take whole turns out of a register that was computed from its booked value."""
        if self._is_unwound and self.modulus and self.last is not None and self.last >= self.modulus:
            turned = self.last - self.last % self.modulus
            self.segment.turned += turned
            self.last -= turned
        self._is_unwound = False
