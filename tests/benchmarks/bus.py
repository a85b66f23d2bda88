"""How much of the wire's time our bus master loses, beside pymodbus and minimalmodbus.

All read the same 20 registers from one meter on one paced line, 9600 8N1, back to back, in
blocks taken in turn, so that what else this machine does hits all of them. Our master runs in
the real MicroPython VM on ports/unix, as on the bench.

An exchange lasts from one answer complete in the caller's hands to the next. The least that the
wire allows:

    request, 8 characters            8.33 ms
    silence, 3.5 characters          3.65    by which the meter knows that the request is over
    the meter's latency             10.00
    answer, 45 characters           46.88
    silence, 3.5 characters          3.65    which every master owes the line before it asks again
                                    72.50

(MODBUS over serial line 2.5.1: frames are separated by at least 3.5 characters.) One per cent is
725 us, for everything between: two wake-ups of the line's process, two of the master's, its turns,
and the rounding of its waits.
"""

import contextlib
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from entry import entry
from karez_simulators.firmware_image import micropython

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
NAMES = ("bus_exchange_vs_wire", "bus_exchange_vs_wire_minimalmodbus")
OURS = "karez, MicroPython"
BASELINES = ("pymodbus", "minimalmodbus")
ROUNDS, EXCHANGES = 9, 24  # at least 200 each, in under a minute
QUICK_ROUNDS, QUICK_EXCHANGES = 2, 5
REST_S = 0.03  # between blocks: the line falls silent
HEAP_KB = 160  # design section 13
TARGET = 1.01
JITTER_SLEEPS = 200


class Child:
    """A process that answers each line with a line of JSON."""

    def __init__(self, command, **options):
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, **options
        )

    def hear(self):
        line = self._process.stdout.readline()
        if not line.startswith(("[", "{")):  # it said why and ended
            self._process.stdin.close()
            raise RuntimeError(f"{self._process.args}: {line}{self._process.stdout.read()}")
        return json.loads(line)

    def ask(self, text):
        self._process.stdin.write(f"{text}\n")
        self._process.stdin.flush()
        return self.hear()

    def close(self):
        self._process.stdin.close()
        self._process.stdout.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


@contextlib.contextmanager
def our_master(port):
    folders = (HERE, ROOT / "protocols", ROOT / "firmware")
    environment = {**os.environ, "MICROPYPATH": ":".join(os.path.relpath(one, ROOT) for one in folders)}
    script = str(HERE / "bus_master_vm.py")
    ours, theirs = socket.socketpair()  # the bench's end stays quiet: only the line wakes the master
    with tempfile.TemporaryDirectory() as folder, ours, theirs:
        command = [micropython(), "-X", f"heapsize={HEAP_KB}k", script, folder, port, str(theirs.fileno())]
        with contextlib.closing(
            Child(command, pass_fds=[theirs.fileno()], env=environment, cwd=ROOT)
        ) as child:
            yield child


def lateness_us(carried, told):
    """Return the medians of what is lost at both ends of the wire.

    (after the request until the answer begins: the line's own; after the answer until the next
    request begins: the answer's way to the master, its turn, and the request's way to the line)
    """
    asked, between = [], []
    for before, after in zip(carried, carried[1:]):
        gap_us = (after[1] - before[2]) / 1000 - told["silence_us"]
        if after[0] and not before[0]:
            asked.append(gap_us - told["latency_us"])
        elif before[0] and not after[0]:
            between.append(gap_us)
    return statistics.median(asked), statistics.median(between)


def jitter_us():
    """Return (median, 95th percentile): how late this machine wakes a process that slept 1 ms."""
    late = []
    for _ in range(JITTER_SLEEPS):
        due_ns = time.monotonic_ns() + 1_000_000
        time.sleep(0.001)
        late.append((time.monotonic_ns() - due_ns) / 1000)
    return statistics.median(late), statistics.quantiles(late, n=20)[-1]


class Tally:
    """What one master did in all its blocks."""

    def __init__(self, child):
        self.child = child
        self.times_us, self.frames = [], []
        self.failed = self.too_early = 0

    def take(self, line, exchanges):
        """One block."""
        done, passed = self.child.ask(exchanges), line.ask("")
        self.times_us += done["us"]
        self.failed += done["failed"]
        self.frames += passed["frames"]
        self.too_early += passed["too_early"]

    def told(self, told):
        """The words for the reader."""
        asked_us, between_us = lateness_us(self.frames, told)
        return (
            f"{len(self.times_us)} exchanges, median {statistics.median(self.times_us) / 1000:.2f} ms, "
            f"lost {asked_us:.0f} us before answers and {between_us:.0f} before requests; "
            f"{self.failed} failed, {self.too_early} requests too early"
        )


def run_blocks(line, tallies, rounds, exchanges, say):
    """Each master a block a round, every round another one first."""
    for turn in range(rounds):
        for at in range(len(tallies)):
            time.sleep(REST_S)
            tallies[(turn + at) % len(tallies)].take(line, exchanges)
        say(f"  round {turn + 1} of {rounds}")


def measure(quick, say):
    """Return the entries; `say(text)` prints progress."""
    rounds, exchanges = (QUICK_ROUNDS, QUICK_EXCHANGES) if quick else (ROUNDS, EXCHANGES)
    late_us = jitter_us()
    say(
        f"  a sleep of 1 ms ends {late_us[0]:.0f} us late (median), {late_us[1]:.0f} us (p95); "
        f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    )
    with contextlib.ExitStack() as stack:
        line = stack.enter_context(contextlib.closing(Child([sys.executable, str(HERE / "bus_line.py")])))
        told = line.hear()
        tallies = {OURS: Tally(stack.enter_context(our_master(told["port"])))}
        for name in BASELINES:
            command = [sys.executable, str(HERE / "bus_masters.py"), name, told["port"]]
            tallies[name] = Tally(stack.enter_context(contextlib.closing(Child(command))))
        run_blocks(line, list(tallies.values()), rounds, exchanges, say)
    found = {}
    for name, tally in tallies.items():
        found[name] = statistics.median(tally.times_us) / told["least_us"]
        say(f"  {name}: {found[name]:.4f}; {tally.told(told)}")
    return [
        entry(
            name, round(found[OURS], 4), "times the wire's minimum",
            baseline=baseline, baseline_value=round(found[baseline], 4), at_most=TARGET,
        )
        for name, baseline in zip(NAMES, BASELINES)
    ]  # fmt: skip
