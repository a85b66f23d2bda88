"""A disk that is full, for real: the service says so, promises nothing that is not kept, and goes on later.

Two ways that need no right of root: a limit on the size of files (RLIMIT_FSIZE, errno EFBIG), which
SQLite's WAL meets, and /dev/full (errno ENOSPC), which the log meets in the place of its next checkpoint.
"""

import asyncio
import json
import resource
import subprocess

from karez_gateway.log.tlog import NEXT
from karez_gateway.log.writer import TEMPORARY
from karez_gateway.service import failure
from karez_protocols import link
from karez_simulators.broker import LinkBroker

from .service_process import (
    KAREZ,
    Box,
    Running,
    connected,
    directory_for,
    karez,
    status,
    until_status,
)
from .synthetic import BASE_VOLUME_L, SyntheticController

FILE_BYTES_MAX = 400_000  # of WAL: some ten frames
WAIT_S = 30


async def limited(directory):
    """A service whose files may not grow beyond a limit."""
    return Running(
        await asyncio.create_subprocess_exec(
            *KAREZ, "gateway", "run", "--data", str(directory),
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_BYTES_MAX, FILE_BYTES_MAX)),
        )
    )  # fmt: skip


async def fill(box, end, running):
    """Send frame after frame until the service has ended; return the last number it acknowledged."""
    acknowledged = 0
    ended = asyncio.create_task(running.process.wait())
    for payload in box.payloads():
        await end.publish(payload)
        heard = asyncio.create_task(end.received(link.ACK))
        await asyncio.wait({heard, ended}, return_when=asyncio.FIRST_COMPLETED, timeout=WAIT_S)
        if heard.done():
            acknowledged = heard.result()["seq"]
        else:
            heard.cancel()
            break
    assert await ended == 1
    return acknowledged


async def all_taken(directory, broker, box):
    """Now there is room: everything is taken, and nothing was counted twice."""
    async with connected(directory) as running:
        async with Box(box, broker) as end:
            await end.send()
        wanted_l = box.volume_l - BASE_VOLUME_L

        def is_done(found):
            (one,) = found["controllers"]
            return one["chains"][0]["signed_seq"] == box.seq and one["litres_booked"] == wanted_l

        found = await until_status(directory, is_done)
        assert found["running"] and found["stopped"] is None
        assert (await running.end())[0] == 0
    assert status(directory)["stopped"] is None


async def test_a_store_that_may_not_grow_ends_the_service_with_its_reason_and_no_promise(
    tmp_path,
):
    box = SyntheticController("a", "well-1")
    box.irrigate(1000)
    async with LinkBroker() as broker:
        directory = directory_for(tmp_path, broker.port, box)
        running = await limited(directory)
        await running.event("connected")
        async with Box(box, broker) as end:
            acknowledged = await fill(box, end, running)
        log = [json.loads(line) for line in (await running.log).decode().splitlines()]
        assert log[-1]["event"] == "stopped by an error"
        assert log[-1]["reason"].startswith("the store cannot be written (")
        assert failure.GOES_ON in log[-1]["reason"]
        found = status(directory)
        assert found["stopped"]["reason"] == log[-1]["reason"]
        assert found["controllers"][0]["chains"][0]["stored_seq"] == acknowledged > 0
        assert "STOPPED" in karez("status", "--data", directory).stdout
        await all_taken(directory, broker, box)


async def test_a_log_without_room_says_so_at_each_start_and_goes_on_when_there_is(
    tmp_path,
):
    box = SyntheticController("a", "well-1")
    box.irrigate(30)
    async with LinkBroker() as broker:
        directory = directory_for(tmp_path, broker.port, box)
        next_one = directory / "log" / (NEXT + TEMPORARY)
        async with connected(directory) as running:
            async with Box(box, broker) as end:
                await end.publish(box.frame(1))
                await end.acknowledged(1)
                next_one.unlink(missing_ok=True)
                next_one.symlink_to("/dev/full")
                await end.publish(box.frame(2))
                assert await running.process.wait() == 1
                assert not len(end.client.messages)
            log = [json.loads(line) for line in (await running.log).decode().splitlines()]
        assert log[-1]["reason"].startswith("the disk is full (No space left on device): make room")
        again = karez("run", "--data", directory)
        assert again.returncode == 2 and "the disk is full" in again.stderr
        assert len(again.stderr.splitlines()) == 1
        assert "the disk is full" in status(directory)["stopped"]["reason"]
        next_one.unlink()
        await all_taken(directory, broker, box)
