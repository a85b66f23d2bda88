"""Patience with a process: what it spends asleep counts, what the machine keeps from it does not."""

import asyncio
import os
import sys

import pytest

from karez_simulators import fair_wait
from karez_simulators.processor_share import ProcessorShare


async def sleeper():
    return await asyncio.create_subprocess_exec(
        sys.executable, "-c", "input()", stdin=asyncio.subprocess.PIPE
    )


async def test_what_is_done_in_time_is_handed_on():
    async def answer():
        return 7

    assert await fair_wait.within(answer(), os.getpid(), 5) == 7


async def test_a_process_that_only_waits_uses_its_time_up():
    process = await sleeper()
    try:
        with pytest.raises(TimeoutError):
            await fair_wait.within(process.wait(), process.pid, 0.3)
    finally:
        process.kill()
        await process.wait()


async def test_what_the_machine_keeps_from_it_does_not_count(monkeypatch):
    looks, is_enough = [], asyncio.Event()

    def held_up(_share, passed_ns):
        looks.append(passed_ns)
        if len(looks) == 4:
            is_enough.set()
        return 0

    monkeypatch.setattr(ProcessorShare, "look_ns", held_up)

    assert await fair_wait.within(is_enough.wait(), os.getpid(), 0.01)
    assert sum(looks) > 10_000_000


async def test_a_machine_that_tells_nothing_of_its_processes_has_plain_seconds(monkeypatch):
    def nothing(_share, _pid):
        raise FileNotFoundError

    monkeypatch.setattr(ProcessorShare, "__init__", nothing)
    with pytest.raises(TimeoutError):
        await fair_wait.within(asyncio.sleep(60), os.getpid(), 0.2)


async def test_who_gives_up_leaves_nothing_behind():
    ended = asyncio.Event()

    async def work():
        try:
            await asyncio.sleep(60)
        finally:
            ended.set()

    waiting = asyncio.create_task(fair_wait.within(work(), os.getpid(), 50))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert ended.is_set()
