"""VM or bench stall while time is fast: a stall of its own costs its length, the machine's nothing.

The bounds hold on any machine, for what really passed is measured: a busy one has longer stalls, not
dearer ones.
"""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time

import pytest

from karez_simulators import firmware_image, vm_start
from karez_simulators.clock import ENDLESS_NS, HORIZON_NS, NS_PER_MS, Clock
from karez_simulators.clock_page import can_share
from karez_simulators.controller_vm import ControllerVm
from karez_simulators.physical_site import PhysicalSite
from karez_simulators.vm_start import Start

pytestmark = pytest.mark.skipif(
    not (vm_start.can_run_in_place() and can_share()), reason="this VM shares no memory with the bench"
)
SPEED = 5
STALL_S = 0.3
WAIT_S = 60
SLEEP_MS = 20  # simulated
# What may be fast in a stall, real time: the rest of a sleep, and one grant behind it.
FAST_NS = SLEEP_MS * NS_PER_MS // SPEED + HORIZON_NS

# A controller of a few lines on the firmware's own port: it tells its time after each sleep.
SCRIPT = f"""
import sys
from karez_firmware.ports.unix import BenchGone, Port
port = Port(sys.argv[1], [sys.argv[2]], int(sys.argv[3]))
port.await_time()
try:
    while True:
        port.say("time %d" % port.now_us())
        deadline_us = port.now_us() + {SLEEP_MS * 1000}
        while port.now_us() < deadline_us:
            port.wait(deadline_us)
        port.lines()
except BenchGone:
    pass
"""


class Told:
    """A controller that tells its time, beside the bench's clock."""

    def __init__(self, folder):
        (folder / "stalls.py").write_text(SCRIPT)
        image = firmware_image.build(firmware_image.cache())
        self.clock = Clock(SPEED)
        self.site = PhysicalSite(self.clock)
        self.vm = ControllerVm(folder / "controller", image, self.site, self.clock, self._hear)
        self.vm.how = Start("stalls", path=(str(folder),))
        self.times_us = []
        self._news = asyncio.Event()

    def _hear(self, words):
        if words[0] == "time":
            self.times_us.append(int(words[1]))
            self._news.set()

    async def hears(self, count=1):
        """Return when the controller has told its time so many times more."""
        wanted = len(self.times_us) + count
        async with asyncio.timeout(WAIT_S):
            while len(self.times_us) < wanted:
                self._news.clear()
                await self._news.wait()

    def now_us(self):
        """The bench's time as the controller counts it: since its start."""
        return (self.clock.now_ns() - self.vm._page._zero_ns) // 1000

    async def __aenter__(self):
        await self.site.start()
        await self.vm.start()
        await self.hears()
        return self

    async def __aexit__(self, *_):
        await self.vm.stop()
        await self.site.stop()


async def test_a_stalled_controller_costs_its_stall_and_is_as_late_as_that(tmp_path):
    async with Told(tmp_path) as told:
        await told.hears(10)
        pid = told.vm._process.pid
        os.kill(pid, signal.SIGSTOP)
        await asyncio.to_thread(os.waitid, os.P_PID, pid, os.WSTOPPED | os.WNOWAIT)
        real_ns, began_ns = time.monotonic_ns(), told.clock.now_ns()
        last_us = told.now_us()
        await asyncio.sleep(STALL_S)
        stall_ns, cost_ns = time.monotonic_ns() - real_ns, told.clock.now_ns() - began_ns
        told.times_us.clear()  # what it said before
        os.kill(pid, signal.SIGCONT)
        await told.hears(2)  # the first may be what it was about to say
        print(f"a stall of {stall_ns / 1e6:.0f} ms cost {cost_ns / 1e6:.0f} simulated ms")
        assert stall_ns >= STALL_S * 1e9
        assert stall_ns <= cost_ns <= stall_ns + (SPEED - 1) * FAST_NS
        assert last_us + cost_ns // 1000 - 1000 <= told.times_us[1] <= told.now_us()


# Takes one processor from everybody who must run on it, until its input ends.
GREEDY = """
import os, sys, threading
os.sched_setaffinity(0, {cpu})
os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
print(flush=True)
while True: pass
"""


@contextlib.contextmanager
def starved(pid):
    """Have a process find its processor taken by others, as on a machine that does too much."""
    cpus = os.sched_getaffinity(pid)
    one = {min(cpus)}
    greedy = subprocess.Popen(
        [sys.executable, "-c", GREEDY.format(cpu=one)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        if not greedy.stdout.readline():
            why = greedy.stderr.read().decode().splitlines()[-1]
            pytest.skip(f"only root may take a processor away: {why}")
        os.sched_setaffinity(pid, one)
        yield
        os.sched_setaffinity(pid, cpus)
    finally:
        greedy.kill()
        greedy.communicate()


async def test_a_controller_that_gets_no_processor_stops_time_and_is_not_late(tmp_path):
    async with Told(tmp_path) as told:
        await told.hears(10)
        pid = told.vm._process.pid
        its_clock = ~pid << 3 | 2  # clock_getcpuclockid(3)
        with starved(pid):
            told.times_us.clear()
            used_ns = time.clock_gettime_ns(its_clock)
            real_ns, began_ns = time.monotonic_ns(), told.clock.now_ns()
            await asyncio.sleep(STALL_S)
            stall_ns, cost_ns = time.monotonic_ns() - real_ns, told.clock.now_ns() - began_ns
            used_ns = time.clock_gettime_ns(its_clock) - used_ns
        # It was heard of so often, and vouched for a sleep each time; at the end it may have vouched unheard.
        vouched_ns = (len(told.times_us) + 2) * (SLEEP_MS * NS_PER_MS + SPEED * HORIZON_NS)
        print(f"{stall_ns / 1e6:.0f} ms without a processor cost {cost_ns / 1e6:.0f} simulated ms")
        assert cost_ns <= vouched_ns + used_ns
        await told.hears(10)


async def test_a_stalled_bench_stops_time_and_the_controller_agrees(tmp_path):
    async with Told(tmp_path) as told:
        await told.hears(10)
        began_ns = told.clock.now_ns()
        time.sleep(STALL_S)  # noqa: ASYNC251 - the stall
        assert told.clock.now_ns() - began_ns <= SPEED * HORIZON_NS
        until_us = told.now_us()
        while told.times_us[-1] < until_us:
            await told.hears()
            assert told.times_us[-1] <= told.now_us()
        assert told.times_us == sorted(told.times_us)


async def test_time_is_fast_while_both_keep_up_and_for_good_once_the_controller_is_gone(tmp_path):
    async with Told(tmp_path) as told:
        real_ns, began_ns = time.monotonic_ns(), told.clock.now_ns()
        while told.clock.now_ns() - began_ns < 2 * (time.monotonic_ns() - real_ns) + 1000 * NS_PER_MS:
            await told.hears()
        told.clock.speed = 20
        told.clock.speed = 1
        await told.hears(3)
        told.clock.speed = SPEED
        until_us = told.now_us()
        while told.times_us[-1] < until_us:
            await told.hears()
        assert told.times_us == sorted(told.times_us)
        told.vm.kill()
        async with asyncio.timeout(WAIT_S):
            await told.vm._tasks[0]  # it reads to the end
        assert told.vm._page is None
        assert told.clock.stretch.fast_ns == ENDLESS_NS
