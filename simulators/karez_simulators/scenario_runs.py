"""Plays many scenarios, each in a process of its own as a person would, so many at a time."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from karez_simulators.play import SIGNALS, Stopped

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

JOBS_MAX = 16
END_S = 30  # that a scenario has to take down its desk once it is told to
MARKS = ("✗", "karez bench: ")  # of the lines that say what went wrong


@dataclass(frozen=True)
class Run:
    """How one scenario went. `why`: its own lines on what did not hold."""

    name: str
    passed: bool
    seconds: float
    why: tuple[str, ...] = ()

    def facts(self) -> dict[str, object]:
        """What a program is told of it."""
        return {"name": self.name, "passed": self.passed, "seconds": round(self.seconds, 1)}


def run(names: Sequence[str], broker: str, jobs: int, tell: Callable[[Run], None]) -> list[Run]:
    """Play them in an event loop of its own; return the runs in the order of `names`.

    `tell` hears of each as it ends. Raises Stopped once a signal has ended it, with nothing left running.
    """

    async def whole() -> list[Run]:
        playing = asyncio.ensure_future(_all(names, broker, jobs, tell))
        heard: list[int] = []

        def stop(number: int) -> None:
            if not heard:  # an impatient second Ctrl-C must not cut the tidying up short
                heard.append(number)
                playing.cancel()

        for number in SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:
                asyncio.get_running_loop().add_signal_handler(number, stop, number)
        try:
            return await playing
        except asyncio.CancelledError:
            raise Stopped from None

    return asyncio.run(whole())


async def _all(names: Sequence[str], broker: str, jobs: int, tell: Callable[[Run], None]) -> list[Run]:
    free = asyncio.Semaphore(jobs)

    async def one(name: str) -> Run:
        async with free:
            found = await _one(name, broker)
        tell(found)
        return found

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(name)) for name in names]
    return [task.result() for task in tasks]


async def _one(name: str, broker: str) -> Run:
    began = time.monotonic()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "karez_gateway", "bench", "run", name, "--broker", broker, "--lang", "en",
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )  # fmt: skip
    try:
        said, _ = await process.communicate()
    finally:
        await _end(process)
    lines = said.decode(errors="replace").splitlines()
    why = [line.strip() for line in lines if line.strip().startswith(MARKS)]
    passed = process.returncode == 0
    if not passed and not why:
        why = [f"exit {process.returncode}: {lines[-1] if lines else 'it said nothing'}"]
    return Run(name, passed, time.monotonic() - began, () if passed else tuple(why))


async def _end(process: asyncio.subprocess.Process) -> None:
    """A scenario that is told to stop takes its own desk down; one that does not is killed."""
    if process.returncode is not None:
        return
    with contextlib.suppress(ProcessLookupError, TimeoutError):
        process.send_signal(signal.SIGINT)
        async with asyncio.timeout(END_S):
            await process.wait()
    if process.returncode is None:
        process.kill()
        await process.wait()
