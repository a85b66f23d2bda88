"""Somebody else on the pair: a second master that polls on its own beat, or a station that babbles."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from karez_simulators.adapter_line import AdapterLine
    from karez_simulators.clock import Clock
    from karez_simulators.line import Line

LISTEN_MS = 2  # constructed: how often a polite master looks whether the pair is free


class SecondMaster:
    """Sends `frames` in turn, one every `period_ms`, until `stop`.

    The line's stations answer it and the first master hears both. Polite: it waits for
    3.5 characters of silence first; else it talks into whatever is going on. `bauds`: the
    rate of each frame, default the line's.
    """

    def __init__(
        self,
        line: Line | AdapterLine,
        clock: Clock,
        frames: list[bytes],
        period_ms: int,
        *,
        bauds: Sequence[int] = (),
        polite: bool = False,
        name: str = "second master",
    ) -> None:
        self.sent = 0
        self._line = line
        self._clock = clock
        self._frames = frames
        self._bauds = tuple(bauds) or (line.baud,) * len(frames)
        self._period_ms = period_ms
        self._polite = polite
        self._name = name
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to poll. Raises RuntimeError outside a running loop."""
        self._task = asyncio.create_task(self._run())

    def cancel(self) -> None:
        """Poll no more, without waiting for it."""
        if self._task is not None:
            self._task.cancel()

    async def stop(self) -> None:
        """Poll no more; harmless twice."""
        self.cancel()
        task, self._task = self._task, None
        if task is not None:
            await asyncio.gather(task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            while self._polite and not self._line.is_quiet():
                await self._clock.sleep_ms(LISTEN_MS)
            at = self.sent % len(self._frames)
            self._line.transmit(self._frames[at], self._name, self._bauds[at])
            self.sent += 1
            await self._clock.sleep_ms(self._period_ms)


def babbler(line: Line, clock: Clock, seed: int = 0, period_ms: int = 50, length: int = 20) -> SecondMaster:
    """A station whose transmitter has gone wild: bytes from nowhere, all the time, whoever talks."""
    source = random.Random(seed)
    frames = [source.randbytes(length) for _ in range(64)]
    return SecondMaster(line, clock, frames, period_ms, name="babbler")
