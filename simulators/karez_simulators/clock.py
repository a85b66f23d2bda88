"""The bench's clock: one simulated time for well, meters, line and controller.

Simulated time runs `speed` times as fast as the machine's. A change of speed
bends the line of time and never breaks it: the instant of the change is the new
origin, so nothing jumps. All arithmetic is in whole nanoseconds.

Where a controller reads the same clock (clock_page.py), time runs only as long as
bench and controller have the processor: it is granted for HORIZON_NS at a time, and
stands still behind a grant that nobody renews, for STILL_NS at most. Nor does it run past
what the bench has yet to do (`expect`) by more than SLACK_NS. So a machine that is too
busy for them makes the run longer, and nobody in it late.
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
# Real time of one grant: how long a busy loop or a turn of the controller may take before time stands.
# A stall costs at most speed times this.
HORIZON_NS = 10 * NS_PER_MS
# A bench that is gone for longer than any busy machine keeps it from running holds nobody's time up.
STILL_NS = 2 * NS_PER_S
# Simulated time by which the bench may be late. A meter's byte must not come so late that its answer
# seems to be over: half of the gap that the controller allows (drivers/master.py, BYTE_GAP_US).
SLACK_NS = 10 * NS_PER_MS
ENDLESS_NS = 1 << 60  # nobody else takes part: time runs for good


class Stretch(NamedTuple):
    """A stretch of the clock: `speed` times as fast for `fast_ns` real ones, then still, then 1x."""

    origin_ns: int
    real_origin_ns: int
    fast_ns: int
    speed: int

    def at(self, real_ns: int) -> int:
        """The simulated instant at a real one."""
        passed_ns = real_ns - self.real_origin_ns
        return self.origin_ns + min(passed_ns, self.fast_ns) * self.speed + self._behind(passed_ns)

    def ran(self, real_ns: int) -> int:
        """Real nanoseconds since the origin in which time did not stand still."""
        passed_ns = real_ns - self.real_origin_ns
        return min(passed_ns, self.fast_ns) + self._behind(passed_ns)

    def _behind(self, passed_ns: int) -> int:
        """Real nanoseconds at 1x, behind the time that stood still."""
        return max(passed_ns - self.fast_ns - STILL_NS, 0)


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
        self._ran_ns = 0  # before this stretch
        self.renewed_ns = 0  # the machine's clock when all who take part were asked last
        self._watchers: list[Callable[[], None]] = []
        self._due_ns: dict[object, int] = {}  # what the bench has yet to do, and when
        self._readers: list[tuple[Callable[[], int | None], Callable[[], None]]] = []
        self._sleepers: set[asyncio.Future[None]] = set()

    @property
    def speed(self) -> int:
        """Simulated seconds per real second, 1..20; may be set at any time."""
        return self._stretch.speed

    @speed.setter
    def speed(self, speed: int) -> None:
        self._bend(_checked(speed), 0 if self._readers else ENDLESS_NS)
        self.renew()
        for sleeper in self._sleepers:
            if not sleeper.done():
                sleeper.set_result(None)
        for watcher in tuple(self._watchers):
            watcher()

    @property
    def stretch(self) -> Stretch:
        """What time does from the last bend on, if there is no other."""
        return self._stretch

    def join(self, vouched_ns: Callable[[], int | None], publish: Callable[[], None]) -> None:
        """Let somebody else take part: time runs as far as he vouches for (None: any), and he is told."""
        self._readers.append((vouched_ns, publish))
        self.renew()

    def leave(self, vouched_ns: Callable[[], int | None], publish: Callable[[], None]) -> None:
        """He takes part no more: without anybody else time runs for good. Harmless twice."""
        if (vouched_ns, publish) in self._readers:
            self._readers.remove((vouched_ns, publish))
        if not self._readers:
            self._bend(self.speed, ENDLESS_NS)

    def renew(self) -> None:
        """Grant what all who take part can vouch for, and publish it. To be called every few milliseconds."""
        if not self._readers:
            return
        self.renewed_ns = self._monotonic_ns()
        limits_ns = [limit_ns for vouched_ns, _ in self._readers if (limit_ns := vouched_ns()) is not None]
        self.grant(min(limits_ns, default=None))
        for _, publish in self._readers:
            publish()

    def grant(self, until_ns: int | None) -> None:
        """Let time run for HORIZON_NS from now, and not past `until_ns`, simulated, nor what is expected."""
        real_ns, speed = self._monotonic_ns(), self.speed
        now_ns = self._stretch.at(real_ns)
        limit_ns = now_ns + speed * HORIZON_NS if until_ns is None else until_ns
        limit_ns = min(limit_ns, min(self._due_ns.values(), default=limit_ns) + SLACK_NS)
        fast_ns = min(max(limit_ns - now_ns, 0) // speed, HORIZON_NS)
        self._ran_ns += self._stretch.ran(real_ns)
        self._stretch = Stretch(now_ns, real_ns, fast_ns, speed)

    def expect(self, who: object, instant_ns: int | None) -> None:
        """The bench has something to do for `who` at this simulated instant, or no more (None)."""
        if instant_ns is None:
            self._due_ns.pop(who, None)
        else:
            self._due_ns[who] = instant_ns
        if not self._readers:
            return
        stretch, limit_ns = self._stretch, min(self._due_ns.values(), default=ENDLESS_NS) + SLACK_NS
        granted_ns = stretch.origin_ns + stretch.fast_ns * stretch.speed
        if limit_ns < granted_ns or granted_ns - self.now_ns() < SLACK_NS // 2:
            self.renew()

    def now_ns(self) -> int:
        """Simulated nanoseconds since this clock was made."""
        return self._stretch.at(self._monotonic_ns())

    def real_ns(self) -> int:
        """The machine's monotonic clock."""
        return self._monotonic_ns()

    def ran_ns(self) -> int:
        """Real nanoseconds since this clock was made in which time did not stand still: for patience."""
        return self._ran_ns + self._stretch.ran(self._monotonic_ns())

    def now_ms(self) -> int:
        """Simulated milliseconds since this clock was made."""
        return self.now_ns() // NS_PER_MS

    def utc(self) -> int:
        """Simulated UTC in seconds since 1970."""
        return self._utc_start_s + self.now_ns() // NS_PER_S

    def real_ns_at(self, simulated_ns: int) -> int:
        """The machine's monotonic instant at which `now_ns()` reaches `simulated_ns`, at this speed.

        Where time does not run all the while, it is early: whoever is woken looks again.
        """
        real_ns = self._monotonic_ns()
        return real_ns + self._wait_ns(simulated_ns, real_ns)

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

    def _wait_ns(self, simulated_ns: int, real_ns: int) -> int:
        """Real nanoseconds to sleep before it is worth looking at the clock again."""
        wait_ns = -(-(simulated_ns - self._stretch.at(real_ns)) // self.speed)  # rounded up
        stands = real_ns - self._stretch.real_origin_ns >= self._stretch.fast_ns
        if stands and wait_ns > 0:
            return max(wait_ns, NS_PER_MS)  # who looks often takes the processor from who is late
        return wait_ns

    def _bend(self, speed: int, fast_ns: int) -> None:
        real_ns = self._monotonic_ns()
        self._ran_ns += self._stretch.ran(real_ns)
        self._stretch = Stretch(self._stretch.at(real_ns), real_ns, fast_ns, speed)

    async def _sleep_until_ns(self, deadline_ns: int) -> None:
        loop, who = asyncio.get_running_loop(), object()
        self.expect(who, deadline_ns)
        try:
            while (wait_ns := self._wait_ns(deadline_ns, self._monotonic_ns())) > 0:
                sleeper: asyncio.Future[None] = loop.create_future()
                alarm = loop.call_later(wait_ns / NS_PER_S, _wake, sleeper)
                self._sleepers.add(sleeper)
                try:
                    await sleeper
                finally:
                    alarm.cancel()
                    self._sleepers.discard(sleeper)
        finally:
            self.expect(who, None)


def _wake(sleeper: asyncio.Future[None]) -> None:
    if not sleeper.done():
        sleeper.set_result(None)


def _checked(speed: int) -> int:
    if isinstance(speed, bool) or not isinstance(speed, int) or not 1 <= speed <= SPEED_MAX:
        raise ValueError(f"speed must be a whole number from 1 to {SPEED_MAX}, not {speed!r}")
    return speed
