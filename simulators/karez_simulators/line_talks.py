"""Who drives the pair, since when and for how long; who talks too early, and who over whom."""

from __future__ import annotations

from typing import TYPE_CHECKING

from karez_simulators.line_traffic import BURST, LineCounters, Talk

if TYPE_CHECKING:
    from collections.abc import Callable

    from karez_simulators.line_arrivals import Arrivals


class Talks:
    """Talks of now and of a moment ago. `open`: requests of anybody, not yet ended by silence.

    Two at once spoil each other's bytes among the `arrivals`, by `spoil`.
    """

    def __init__(self, counters: LineCounters, arrivals: Arrivals, spoil: Callable[[int], int]) -> None:
        self.open: list[Talk] = []
        self._talks: list[Talk] = []
        self._counters = counters
        self._arrivals = arrivals
        self._spoil = spoil

    def begin(self, request: Talk, now_ns: int) -> None:
        """MODBUS over serial line 2.5.1: frames are separated by at least 3.5 characters of silence."""
        for talk in self._talks:
            if talk.talker not in (request.talker, BURST) and talk.end_ns <= request.start_ns < talk.over_ns:
                request.is_early = True
                break
        self._talks = [talk for talk in self._talks if talk.over_ns > now_ns]
        self._talks.append(request)
        self.open.append(request)

    def add(self, talk: Talk) -> None:
        """Somebody talks who asks nothing: an answer, a burst."""
        self._talks.append(talk)

    def collide(self, talk: Talk) -> None:
        """Two talkers at once: the bytes that overlap are garbage for everybody."""
        for other in self._talks:
            start_ns = max(talk.start_ns, other.start_ns)
            end_ns = min(talk.end_ns, other.end_ns)
            if start_ns >= end_ns or other.talker == talk.talker or other in talk.met:
                continue
            talk.met.append(other)
            other.met.append(talk)
            talk.spoilt = other.spoilt = True
            self._counters.collisions += BURST not in (talk.talker, other.talker)
            self._arrivals.spoil(start_ns, end_ns, self._spoil)

    def is_quiet(self, now_ns: int) -> bool:
        """Whether nobody has driven the pair for 3.5 characters."""
        return not self.open and all(talk.over_ns <= now_ns for talk in self._talks)

    def clear(self) -> None:
        """Nobody talks any more."""
        self.open.clear()
        self._talks.clear()
