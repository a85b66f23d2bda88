"""On a machine that is too busy for the bench no meter answers late: its own work takes no simulated time."""

import asyncio

import pytest

from karez_simulators.clock import HORIZON_NS, SLACK_NS, SPEED_MAX, Clock
from karez_simulators.line import Line
from karez_simulators.modbus_server import MeterServer
from karez_simulators.tuf2000m import Tuf2000m
from karez_simulators.well import Well

REQUEST = bytes.fromhex("010300080002")
CRC = bytes.fromhex("45C9")
LATENCY_NS = 5_000_000
TURNS = 8  # of the event loop, in which a station makes up its answer


class Thinker:
    """A station that answers so many turns of the event loop after it was asked; 0: never."""

    def __init__(self, turns):
        self._turns = turns

    def receive(self, frame, reply):
        if self._turns:
            self._later(self._turns, reply)

    def _later(self, turns, reply):
        if turns:
            asyncio.get_running_loop().call_soon(self._later, turns - 1, reply)
        else:
            reply(b"answer")


class Busy:
    """A machine on which each turn of the bench's loop lasts as long as one grant of time."""

    def __init__(self, speed):
        self.ns = 1  # the alarm of the line then rings all the time
        self.clock = Clock(speed, monotonic_ns=lambda: self.ns)
        self.clock.join(lambda: None, lambda: None)  # a controller that keeps up
        self.line = Line(self.clock)

    async def turn(self):
        self.clock.renew()
        self.ns += HORIZON_NS
        await asyncio.sleep(0)

    async def asked(self, port, station):
        """From the end of a request to the first bit of its answer; None: none came in the next second."""
        self.line.attach(1, station, latency_ns=LATENCY_NS)
        frames = []
        self.line.tap = frames.append
        port.send(REQUEST + CRC)
        while not frames:
            await self.turn()
        asked, until_ns = frames[0], self.clock.now_ns() + 1_000_000_000
        assert (asked.kind, asked.fate) == ("request", "routed")
        while len(frames) < 2 and self.clock.now_ns() < until_ns:
            await self.turn()
        return frames[1].start_ns - asked.end_ns if len(frames) > 1 else None


@pytest.fixture
async def busy(request):
    machine = Busy(request.param)
    machine.line.open()
    yield machine
    machine.line.close()


@pytest.mark.parametrize("busy", [1, 5, SPEED_MAX], indirect=True)
async def test_an_answer_that_takes_many_turns_of_the_bench_is_not_late(busy, master):
    took_ns = await busy.asked(master(busy.line.port_path), Thinker(TURNS))
    assert 0 <= took_ns - busy.line.silence_ns - LATENCY_NS <= SLACK_NS


@pytest.mark.parametrize("busy", [SPEED_MAX], indirect=True)
async def test_a_meter_that_the_library_serves_is_not_late(busy, master):
    server = MeterServer(Tuf2000m(1, Well()))
    server.start()
    try:
        took_ns = await busy.asked(master(busy.line.port_path), server)
    finally:
        await server.stop()
    assert 0 <= took_ns - busy.line.silence_ns - LATENCY_NS <= SLACK_NS


@pytest.mark.parametrize("busy", [1, SPEED_MAX], indirect=True)
async def test_a_station_that_never_answers_holds_no_time_up(busy, master):
    assert await busy.asked(master(busy.line.port_path), Thinker(0)) is None
