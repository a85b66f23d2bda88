"""The gateway's service as a process of its own, and a synthetic controller's end of its field link."""

import asyncio
import contextlib
import json
import math
import signal
import subprocess
import sys

import aiomqtt

from karez_gateway import config as configuration
from karez_gateway import data as data_directory
from karez_gateway.operation.status import status as facts_of
from karez_protocols import link

from .county import create

KAREZ = [sys.executable, "-m", "karez_gateway"]


def karez(*words):
    """Run one command to its end."""
    return subprocess.run([*KAREZ, "gateway", *map(str, words)], capture_output=True, text=True, check=False)


def status(directory):
    """What `karez gateway status --json` prints, without starting a process for each look."""
    config = configuration.load(directory)
    with data_directory.beside(config) as store:
        return facts_of(store, config)


class Running:
    """A running service: its stdout events, its stderr as text."""

    def __init__(self, process):
        self.process = process
        self.log = asyncio.create_task(process.stderr.read())

    async def event(self, name):
        """Read stdout up to an event of this name."""
        while True:
            line = await self.process.stdout.readline()
            assert line, f"the service ended before {name}: {(await self.log).decode()}"
            found = json.loads(line)
            if found["event"] == name:
                return found

    async def end(self, number=signal.SIGTERM):
        """Signal it and wait; return (exit code, log lines)."""
        self.process.send_signal(number)
        code = await self.process.wait()
        return code, (await self.log).decode().splitlines()


@contextlib.asynccontextmanager
async def service(directory):
    """`karez gateway run`; killed at the end if it still runs."""
    process = await asyncio.create_subprocess_exec(
        *KAREZ, "gateway", "run", "--data", str(directory), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    running = Running(process)
    try:
        yield running
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        await running.log


@contextlib.asynccontextmanager
async def connected(directory):
    """A running service that has reached its broker."""
    async with service(directory) as running:
        await running.event("connected")
        yield running


class Box:
    """A synthetic controller's end of the field link."""

    def __init__(self, controller, broker, context=None):
        self.controller = controller
        # Before Python 3.12 aiomqtt's own limits lose a cancellation that comes together with an answer.
        self.client = aiomqtt.Client(
            broker.host, broker.port, identifier=controller.name, tls_context=context, timeout=math.inf
        )

    async def __aenter__(self):
        await self.client.__aenter__()
        await self.client.subscribe(link.topic(self.controller.name, "down"), qos=1)
        return self

    async def __aexit__(self, *raised):
        await self.client.__aexit__(*raised)

    async def publish(self, payload, leaf="up"):
        await self.client.publish(link.topic(self.controller.name, leaf), payload, qos=1)

    async def received(self, kind):
        """The next down payload of a kind."""
        while True:
            message = await anext(self.client.messages)
            found, value = link.decode_down(message.payload)
            if found == kind:
                return value

    async def acknowledged(self, seq):
        """Wait until everything up to a number is stored."""
        while (await self.received(link.ACK))["seq"] < seq:
            pass

    async def send(self, first=1):
        for payload in self.controller.payloads(first):
            await self.publish(payload)
        await self.acknowledged(self.controller.seq)


def directory_for(tmp_path, port, *boxes, extra=""):
    """A data directory that names the broker's port, with these boxes enrolled."""
    directory = create(tmp_path / "g", extra)
    path = directory / "gateway.toml"
    path.write_text(path.read_text().replace("port = 1883", f"port = {port}"))
    for box in boxes:
        enrol(directory, box)
    return directory


def enrol(directory, box):
    path = directory / "box.binding"
    path.write_bytes(box.binding)
    done = karez("enrol", "--data", directory, path)
    assert done.returncode == 0 and box.name in done.stdout


async def until_status(directory, holds):
    while not holds(found := await asyncio.to_thread(status, directory)):
        pass
    return found
