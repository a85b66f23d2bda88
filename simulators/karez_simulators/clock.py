"""The bench's clock: one simulated time for well, meters, line and controller.

Simulated time runs `speed` times as fast as the machine's. A change of speed
bends the line of time and never breaks it: the instant of the change is the new
origin, so nothing jumps. All arithmetic is in whole nanoseconds.

Where a controller reads the same clock (clock_page.py), time is fast only as long as
bench and controller keep up: fast time is granted for HORIZON_NS at a time, and what
comes after a grant that nobody renews runs as fast as the machine's. So a machine
that stalls one of them for 200 ms costs 200 simulated ms, at any speed.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

SPEED_MAX = 20  # above this the real VM of the controller no longer keeps up
NS_PER_MS = 1_000_000
NS_PER_S = 1_000_000_000
# Real time of one grant of fast time: how long a busy loop or a turn of the controller may take
# before time slows down. A stall costs at most speed times this and its own length.
HORIZON_NS = 10 * NS_PER_MS
ENDLESS_NS = 1 << 60  # nobody else takes part: time is fast for good


class Stretch(NamedTuple):
    """A stretch of the clock: `speed` times as fast for `fast_ns` real ones, from there on 1x."""

    origin_ns: int
    real_origin_ns: int
    fast_ns: int
    speed: int

    def at(self, real_ns: int) -> int:
        """The simulated instant at a real one."""
        passed_ns = real_ns - self.real_origin_ns
        return self.origin_ns + passed_ns + min(passed_ns, self.fast_ns) * (self.speed - 1)


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
        self._stretch = Stretch(0, monotonic_ns(), ENDLESS_NS, _checked(speed))
        self._watchers: list[Callable[[], None]] = []
        self._sleepers: set[asyncio.Future[None]] = set()

    @property
    def speed(self) -> int:
        """Simulated seconds per real second, 1..20; may be set at any time."""
        return self._stretch.speed

    @speed.setter
    def speed(self, speed: int) -> None:
        wanted = _checked(speed)
        is_endless = self._stretch.fast_ns == ENDLESS_NS
        self._bend(wanted, ENDLESS_NS if is_endless else 0)  # a watcher grants the first fast time
        for sleeper in self._sleepers:
            if not sleeper.done():
                sleeper.set_result(None)
        for watcher in tuple(self._watchers):
            watcher()

    @property
    def stretch(self) -> Stretch:
        """What time does from the last bend on, if there is no other."""
        return self._stretch

    def grant(self, until_ns: int | None) -> None:
        """Let time be fast for HORIZON_NS from now, and not past `until_ns`, simulated.

        What was granted before is not taken back: a reader of the stretch before is never ahead.
        """
        before, real_ns = self._stretch, self._monotonic_ns()
        now_ns, fast_ns = before.at(real_ns), HORIZON_NS
        if until_ns is not None:
            fast_ns = min(fast_ns, max(until_ns - now_ns, 0) // before.speed)
        if before.fast_ns != ENDLESS_NS:
            fast_ns = max(fast_ns, before.fast_ns - (real_ns - before.real_origin_ns))
        self._stretch = Stretch(now_ns, real_ns, fast_ns, before.speed)

    def release(self) -> None:
        """Let time be fast for good: nobody else takes part any more."""
        self._bend(self.speed, ENDLESS_NS)

    def now_ns(self) -> int:
        """Simulated nanoseconds since this clock was made."""
        return self._stretch.at(self._monotonic_ns())

    def now_ms(self) -> int:
        """Simulated milliseconds since this clock was made."""
        return self.now_ns() // NS_PER_MS

    def utc(self) -> int:
        """Simulated UTC in seconds since 1970."""
        return self._utc_start_s + self.now_ns() // NS_PER_S

    def real_ns_at(self, simulated_ns: int) -> int:
        """The machine's monotonic instant at which `now_ns()` reaches `simulated_ns`, at this speed.

        Where time is not fast all the while, it is early: whoever is woken looks again.
        """
        real_ns = self._monotonic_ns()
        ahead_ns = simulated_ns - self._stretch.at(real_ns)
        wait_ns = -(-ahead_ns // self.speed)  # rounded up
        if real_ns - self._stretch.real_origin_ns >= self._stretch.fast_ns:
            wait_ns = min(max(wait_ns, NS_PER_MS), ahead_ns)  # late as it is: not to be woken often
        return real_ns + wait_ns

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

    def _bend(self, speed: int, fast_ns: int) -> None:
        real_ns = self._monotonic_ns()
        self._stretch = Stretch(self._stretch.at(real_ns), real_ns, fast_ns, speed)

    async def _sleep_until_ns(self, deadline_ns: int) -> None:
        loop = asyncio.get_running_loop()
        while (left_ns := deadline_ns - self.now_ns()) > 0:
            sleeper: asyncio.Future[None] = loop.create_future()
            alarm = loop.call_later(left_ns / self.speed / NS_PER_S, _wake, sleeper)
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
