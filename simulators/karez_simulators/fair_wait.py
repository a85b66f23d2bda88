"""Patience with another process of ours: seconds in which the machine held it up do not count."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING, TypeVar

from karez_simulators.processor_share import ProcessorShare

if TYPE_CHECKING:
    from collections.abc import Coroutine

LOOK_S = 0.1
NS_PER_S = 1_000_000_000
Done = TypeVar("Done")


async def within(doing: Coroutine[object, object, Done], pid: int, seconds: float) -> Done:
    """Wait for what a process is to do. Raises TimeoutError once it has had so many seconds for it.

    On a machine without /proc every second counts.
    """
    share = None
    with contextlib.suppress(OSError):
        share = ProcessorShare(pid)
    task = asyncio.ensure_future(doing)
    left_ns, looked_ns = int(seconds * NS_PER_S), time.monotonic_ns()
    try:
        while True:
            await asyncio.wait({task}, timeout=LOOK_S)
            if task.done():
                return task.result()
            now_ns = time.monotonic_ns()
            passed_ns, looked_ns = now_ns - looked_ns, now_ns
            left_ns -= passed_ns if share is None else share.look_ns(passed_ns)
            if left_ns <= 0:
                raise TimeoutError
    finally:
        if share is not None:
            share.close()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
