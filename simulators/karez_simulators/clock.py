"""The bench's clock: one simulated time for well, meters, line and controller.

Simulated time runs `speed` times as fast as the machine's. A change of speed
bends the line of time and never breaks it: the instant of the change is the new
origin, so nothing jumps. All arithmetic is in whole nanoseconds.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

SPEED_MAX = 20  # above this the real VM of the controller no longer keeps up
NS_PER_MS = 1_000_000
NS_PER_S = 1_000_000_000


class Clock:
    """Scaled time. `now_ns`, `now_ms` and `utc` are integers and never fall.

    `utc_start_s` is the UTC second at simulated instant 0 (default: now);
    `monotonic_ns` is the machine's clock, given by tests that bring their own.
    Raises ValueError for a speed outside 1..20.
    """

    def __init__(
        self,
        speed: int = 1,
        *,
        utc_start_s: int | None = None,
        monotonic_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self._monotonic_ns = monotonic_ns
        self._utc_start_s = int(time.time()) if utc_start_s is None else utc_start_s
        self._real_origin_ns = monotonic_ns()
        self._origin_ns = 0
        self._speed = _checked(speed)
        self._watchers: list[Callable[[], None]] = []
        self._sleepers: set[asyncio.Future[None]] = set()

    @property
    def speed(self) -> int:
        """Simulated seconds per real second, 1..20; may be set at any time."""
        return self._speed

    @speed.setter
    def speed(self, speed: int) -> None:
        wanted = _checked(speed)
        real_ns = self._monotonic_ns()
        self._origin_ns = self._simulated_ns(real_ns)
        self._real_origin_ns = real_ns
        self._speed = wanted
        for sleeper in self._sleepers:
            if not sleeper.done():
                sleeper.set_result(None)
        for watcher in tuple(self._watchers):
            watcher()

    def now_ns(self) -> int:
        """Simulated nanoseconds since this clock was made."""
        return self._simulated_ns(self._monotonic_ns())

    def now_ms(self) -> int:
        """Simulated milliseconds since this clock was made."""
        return self.now_ns() // NS_PER_MS

    def utc(self) -> int:
        """Simulated UTC in seconds since 1970."""
        return self._utc_start_s + self.now_ns() // NS_PER_S

    def real_ns_at(self, simulated_ns: int) -> int:
        """The machine's monotonic instant at which `now_ns()` reaches `simulated_ns`, at this speed."""
        ahead_ns = simulated_ns - self._origin_ns
        return self._real_origin_ns - (-ahead_ns // self._speed)  # rounded up: never early

    async def sleep_ms(self, duration_ms: int) -> None:
        """Sleep that many simulated milliseconds; a change of speed changes the rest of it."""
        await self._sleep_until_ns(self.now_ns() + duration_ms * NS_PER_MS)

    async def sleep_until_ms(self, instant_ms: int) -> None:
        """Sleep until `now_ms()` has reached the instant; at once if it has."""
        await self._sleep_until_ns(instant_ms * NS_PER_MS)

    def watch(self, changed: Callable[[], None]) -> None:
        """Call `changed()` after every change of speed, until `unwatch`."""
        self._watchers.append(changed)

    def unwatch(self, changed: Callable[[], None]) -> None:
        """Stop calling `changed`; harmless if it is not watched."""
        if changed in self._watchers:
            self._watchers.remove(changed)

    def _simulated_ns(self, real_ns: int) -> int:
        return self._origin_ns + (real_ns - self._real_origin_ns) * self._speed

    async def _sleep_until_ns(self, deadline_ns: int) -> None:
        loop = asyncio.get_running_loop()
        while (left_ns := deadline_ns - self.now_ns()) > 0:
            sleeper: asyncio.Future[None] = loop.create_future()
            alarm = loop.call_later(left_ns / self._speed / NS_PER_S, _wake, sleeper)
            self._sleepers.add(sleeper)
            try:
                await sleeper
            finally:
                alarm.cancel()
                self._sleepers.discard(sleeper)


def _wake(sleeper: asyncio.Future[None]) -> None:
    if not sleeper.done():
        sleeper.set_result(None)


def _checked(speed: int) -> int:
    if isinstance(speed, bool) or not isinstance(speed, int) or not 1 <= speed <= SPEED_MAX:
        raise ValueError(f"speed must be a whole number from 1 to {SPEED_MAX}, not {speed!r}")
    return speed
