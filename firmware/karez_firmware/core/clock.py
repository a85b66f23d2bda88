"""What time it is, and how far that may be believed (design §6).

The *floor* is a time that has certainly passed. It is raised by authenticated time, by
uptime and by a running RTC, and nothing lowers it: a clock that was set back cannot revive
a grant. Dates bind with trusted time, else by the floor.
"""

from karez_protocols import causes, record
from karez_protocols.constant import const

# Sources of adjust().
GATEWAY = 1  # whoever runs the gateway or its network
SIGNED = 2  # under a key this box knows: a technician's signed challenge

_DAY_S = const(86_400)
_REACH_S = const(34_560_000)  # 400 days: what a clock alone may say is past, at once (design §6)
# The RTC's own error stays above the floor: 60 ppm in 400 days are 35 min. A floor right under
# a fast clock would forbid for ever to set it right.
_SLACK_S = const(3_600)
_STEP_S = const(2)  # integrity §5: a step > 2 s writes an event; whole seconds jitter by one
_ANCHOR_S = const(3_600)  # steps are found against uptime of the last hour, so slow cheating adds up
_DRIFT = const(2_000)  # ... less 1/2000: two quartzes in sun and frost stay within 500 ppm
_MOVE_S = const(600)  # design §6: gateway time alone moves a trusted clock at most so far a day
_MOVES_MAX = const(8)  # remembered; an older one is counted with its successor, so never too little
_AGED_S = const(7_776_000)  # 90 days without authenticated time: informative (integrity §3, row 12)
_EVENTS_MAX = const(8)  # nobody takes them: they must not fill the heap


class Clock:
    """UTC seconds with a time state and a floor.

    `floor_utc_s`: from the head, 0 when none is known. `authenticated_utc_s`: the last
    authenticated time, from the head; None counts the 90 days from the first trusted time.
    """

    def __init__(self, floor_utc_s, authenticated_utc_s=None):
        self.floor_utc_s = floor_utc_s
        self.utc_s = floor_utc_s
        self.state = record.TIME_UNKNOWN
        self.authenticated_utc_s = authenticated_utc_s
        self.events: list = []  # (cause, subject) for the caller to take
        self._base_utc_s = floor_utc_s  # the reach counts from here; rises with uptime
        self._now_ms = None  # of the last call
        self._rest_ms = 0  # uptime that is not yet a whole second
        self._anchor = None  # (utc_s, now_ms) when the port's clock was last found right
        self._is_set = False  # the port's clock was set from trusted time, however long ago
        self._moves: list = []  # (now_ms, seconds) by which the gateway moved it

    @property
    def is_trusted(self):
        """True when dates may bind."""
        return self.state == record.TIME_SYNCHRONISED

    @property
    def date_utc_s(self):
        """The time by which dates end: the clock's when it is trusted, else the floor."""
        return self.utc_s if self.is_trusted else self.floor_utc_s

    def set(self, utc_s, state, now_ms=None):
        """Take the port's clock: None or a time before the floor is not believed.

        `state`: SYNCHRONISED = it never stopped since it was set from trusted time,
        INFORMATIVE = it runs, UNKNOWN = it stopped. With `now_ms` (monotonic) uptime and the
        RTC raise the floor, its reach is bounded and steps are found.
        """
        if now_ms is not None:
            self._pass(now_ms)
        self._is_set = False
        if utc_s is None or utc_s < self.floor_utc_s or (now_ms is not None and self._is_beyond(utc_s)):
            self._doubt()
            return
        self.utc_s = utc_s
        self.state = state
        if now_ms is not None and state != record.TIME_UNKNOWN:
            self._watch(utc_s, now_ms)
        if state == record.TIME_SYNCHRONISED:
            self._is_set = True
            if now_ms is not None:
                self.floor_utc_s = max(self.floor_utc_s, utc_s - _SLACK_S)
                self._base_utc_s = self._base_utc_s or utc_s
            self._age()

    def _doubt(self):
        self._is_set = False  # or the gateway's next move would make a clock of nobody's trusted
        self.utc_s = self.floor_utc_s
        self.state = record.TIME_UNKNOWN

    def _pass(self, now_ms):
        """Uptime has certainly passed."""
        if self._now_ms is not None and self._base_utc_s:
            total_ms = self._rest_ms + now_ms - self._now_ms
            self._rest_ms = total_ms % 1000
            self.utc_s += total_ms // 1000
            self.floor_utc_s += total_ms // 1000
            self._base_utc_s += total_ms // 1000
        self._now_ms = now_ms

    def _is_beyond(self, utc_s):
        """True for a time so far ahead that a clock alone does not prove it."""
        return self._base_utc_s and utc_s > self._base_utc_s + _REACH_S

    def _watch(self, utc_s, now_ms):
        """Find steps of the port's clock against uptime."""
        if self._anchor is not None:
            elapsed_s = (now_ms - self._anchor[1]) // 1000
            expected_s = self._anchor[0] + elapsed_s
            if abs(utc_s - expected_s) > _STEP_S + elapsed_s // _DRIFT:
                self._stepped(expected_s)
            elif elapsed_s < _ANCHOR_S:
                return
        self._anchor = (utc_s, now_ms)

    def _stepped(self, before_utc_s):
        """`before_utc_s`: what the clock would have said; the record has what it says now."""
        if len(self.events) < _EVENTS_MAX:
            self.events.append((causes.CLOCK_STEPPED, before_utc_s))

    def _age(self):
        """A clock that nobody vouched for in 90 days is informative."""
        if self.authenticated_utc_s is None:
            self.authenticated_utc_s = self.utc_s
        if self.utc_s - self.authenticated_utc_s > _AGED_S:
            self.state = record.TIME_INFORMATIVE

    def raise_floor(self, utc_s):
        """Take an authenticated time that has passed: the date of issue of a signed object."""
        self.floor_utc_s = max(self.floor_utc_s, utc_s)
        self._base_utc_s = max(self._base_utc_s, utc_s)
        self.authenticated_utc_s = max(self.authenticated_utc_s or 0, utc_s)
        if self.utc_s < self.floor_utc_s:  # at once, not with the next look at the port
            self._doubt()

    def adjust(self, utc_s, source, now_ms):
        """Take a time from outside; return (utc_s, state) for the port's clock to keep, or None.

        The gateway moves a clock that was set from trusted time by 10 min a day and no
        further; any other it sets, and then it informs. Nobody sets it before the floor. The
        port keeps the state with the time: it is not trusted because it ticks.
        """
        self._pass(now_ms)
        if self._is_beyond(utc_s):
            return None
        utc_s = max(utc_s, self.floor_utc_s)
        state = record.TIME_SYNCHRONISED
        if source == GATEWAY and self._is_set:
            utc_s = self._limited(utc_s, now_ms)
            if utc_s == self.utc_s:
                return None
        elif source == GATEWAY:
            state = record.TIME_INFORMATIVE
        else:
            self.authenticated_utc_s = utc_s
        if abs(utc_s - self.utc_s) > _STEP_S:
            self._stepped(self.utc_s)
        self.utc_s, self.state = utc_s, state
        self._is_set = state == record.TIME_SYNCHRONISED
        if self._is_set:
            self._age()  # moved by the gateway, it is not younger
        self._anchor = (utc_s, now_ms)
        return utc_s, state

    def _limited(self, utc_s, now_ms):
        """Return how far the gateway may move the clock towards this time today."""
        left_s = _MOVE_S
        kept = []
        for at_ms, moved_s in self._moves:
            if now_ms - at_ms < _DAY_S * 1000:
                kept.append((at_ms, moved_s))
                left_s -= moved_s
        wanted_s = utc_s - self.utc_s
        moved_s = min(abs(wanted_s), left_s)
        if moved_s:
            kept.append((now_ms, moved_s))
        if len(kept) > _MOVES_MAX:
            first = kept.pop(0)
            kept[0] = (kept[0][0], kept[0][1] + first[1])
        self._moves = kept
        return self.utc_s + (moved_s if wanted_s > 0 else -moved_s)
