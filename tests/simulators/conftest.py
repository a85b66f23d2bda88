"""A plain Modbus master on a serial port: what a controller is to the line, without its cleverness."""

import asyncio
import os
import time

import pytest
from pymodbus.framer import FramerRTU


class Master:
    """Writes raw bytes to a port and collects what comes back, with the instants of both."""

    def __init__(self, port_path):
        self.fd = os.open(port_path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        self.got = bytearray()
        self.arrived_ns = []
        self.sent_ns = 0
        self._grown = asyncio.Event()
        asyncio.get_running_loop().add_reader(self.fd, self._read)

    def _read(self):
        data = os.read(self.fd, 256)
        self.got += data
        self.arrived_ns += [time.monotonic_ns()] * len(data)
        self._grown.set()

    def send(self, data):
        self.sent_ns = time.monotonic_ns()
        os.write(self.fd, data)

    async def take(self, count, within_s=2.0):
        """The next `count` bytes; fewer if they do not come in time."""
        try:
            async with asyncio.timeout(within_s):
                while len(self.got) < count:
                    self._grown.clear()
                    await self._grown.wait()
        except TimeoutError:
            pass
        taken = bytes(self.got[:count])
        self.got = self.got[count:]
        return taken

    async def ask(self, request, count, within_s=2.0):
        self.arrived_ns = []
        self.send(request)
        return await self.take(count, within_s)

    async def ask_in_vain(self, request, line, for_s=0.02):
        """What became of a request on the line, and what came back for it: nothing, one hopes."""
        ended = asyncio.get_running_loop().create_future()
        before, line.tap = line.tap, ended.set_result
        self.send(request)
        carried = await asyncio.wait_for(ended, 2.0)  # however busy this machine is
        line.tap = before
        return carried.fate, await self.take(1, for_s)

    @property
    def took_ns(self):
        """From the write of the request to the last byte of the answer."""
        return self.arrived_ns[-1] - self.sent_ns

    def close(self):
        asyncio.get_running_loop().remove_reader(self.fd)
        os.close(self.fd)


def with_crc(body):
    return body + FramerRTU.compute_CRC(body).to_bytes(2, "big")


@pytest.fixture
def crc():
    """Bytes of a frame without its check; with it."""
    return with_crc


@pytest.fixture
def read_request():
    """Address, function, wire start, count to request frame."""

    def build(address, function, start, count):
        return with_crc(bytes((address, function)) + start.to_bytes(2, "big") + count.to_bytes(2, "big"))

    return build


@pytest.fixture
async def master():
    """Opens masters on port paths and closes them after the test."""
    opened = []

    def on(port_path):
        opened.append(Master(port_path))
        return opened[-1]

    yield on
    for one in opened:
        one.close()
