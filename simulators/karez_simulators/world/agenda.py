"""What happens next: acts in the order of their time, and of their entry where times are equal."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

Act = "Callable[[], None]"


class Agenda:
    """Virtual time in milliseconds since the run began. It moves only from one act to the next."""

    def __init__(self, utc_s: int) -> None:
        """Begin at this UTC second."""
        self.began_utc_s = utc_s
        self.now_ms = 0
        self._is_stopped = False
        self._acts: list[tuple[int, int, Callable[[], None]]] = []
        self._entered = 0

    @property
    def utc_s(self) -> int:
        """UTC seconds now."""
        return self.began_utc_s + self.now_ms // 1000

    def at(self, time_ms: int, act: Callable[[], None]) -> None:
        """Enter an act; one whose time has passed is due now."""
        self._entered += 1
        heapq.heappush(self._acts, (max(time_ms, self.now_ms), self._entered, act))

    def after(self, wait_ms: int, act: Callable[[], None]) -> None:
        """Enter an act so many milliseconds from now."""
        self.at(self.now_ms + wait_ms, act)

    def run(self, until_ms: int) -> None:
        """Do everything that falls before `until_ms`, then stand there."""
        while self._acts and self._acts[0][0] < until_ms and not self._is_stopped:
            self.now_ms, _, act = heapq.heappop(self._acts)
            act()
        if not self._is_stopped:
            self.now_ms = until_ms

    def stop(self) -> None:
        """Nothing more happens after the act at hand."""
        self._is_stopped = True
