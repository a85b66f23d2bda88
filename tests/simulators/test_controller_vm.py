"""The bench's side of a controller's wires: whatever becomes of the process, the contactor drops.

The process here is a program of ours that keeps the contract of `main_unix`: it closes the coil,
beats, and reads what comes. The real firmware goes through the same wires in tests/system.
"""

import asyncio
import os
import signal
import sys

import pytest

from karez_simulators.clock import Clock
from karez_simulators.controller_vm import DEAD_MAN_MS, ControllerVm
from karez_simulators.firmware_image import VmMissingError
from karez_simulators.physical_site import PhysicalSite
from karez_simulators.vm_start import HEAP_COPIED_KB

SPEED = 20
WAIT_S = 20

# argv as a board's: -X heapsize=... -m MODULE FOLDER UART BENCH_FD
PROGRAM = f"""#!{sys.executable}
import os, select, socket, sys, time
folder, uart, bench = sys.argv[-3], sys.argv[-2], socket.socket(fileno=int(sys.argv[-1]))
bench.setblocking(True)
bench.sendall(b"identity FAKE 00 00\\nstarted " + " ".join(sys.argv[1:-3]).encode() + b"\\n" + PROLOGUE)
while True:
    bench.sendall(b"beat 0 0 0\\n")
    if select.select([bench], [], [], 0.01)[0]:
        data = bench.recv(4096)
        if not data or b"end" in data:
            sys.exit(int(b"badly" in data))
        bench.sendall(b"".join(b"heard " + line + b"\\n" for line in data.splitlines()))
"""


class Wires:
    """A site, a clock and a controller in one folder; `heard` are the controller's lines."""

    def __init__(self, folder, monkeypatch, prologue=b"coil 1\n"):
        program = folder / "vm"
        program.write_text(PROGRAM.replace("PROLOGUE", repr(prologue)))
        program.chmod(0o755)
        monkeypatch.setenv("KAREZ_MICROPYTHON", str(program))
        self.clock = Clock(SPEED)
        self.site = PhysicalSite(self.clock)
        self.heard = []
        self._news = asyncio.Event()
        self.vm = ControllerVm(folder / "controller", folder, self.site, self.clock, self._hear)

    def _hear(self, words):
        if words[0] == "burst":
            raise ValueError("what nobody understands")
        self.heard.append(" ".join(words))
        self._news.set()

    @property
    def contact(self):
        """The newest that the controller heard of its auxiliary contact."""
        return next((line for line in reversed(self.heard) if line.startswith("heard aux")), "")

    async def until(self, is_so):
        """Return when it is so; beats make the time pass."""
        async with asyncio.timeout(WAIT_S):
            while not is_so():
                self._news.clear()
                try:
                    await asyncio.wait_for(self._news.wait(), 0.01)
                except TimeoutError:
                    continue

    async def __aenter__(self):
        await self.site.start()
        await self.vm.start()
        return self

    async def __aexit__(self, *_):
        await self.vm.stop()
        await self.site.stop()


@pytest.fixture
def wires(tmp_path, monkeypatch):
    return Wires(tmp_path, monkeypatch)


async def test_the_coil_closes_the_contactor_and_the_contact_is_told_back(wires):
    async with wires:
        await wires.until(lambda: wires.site.well.contactor and "heard aux 1" in wires.heard)
        assert wires.vm.is_running and wires.vm.obituary == ""
        # A VM that is a program of its own copies the image to its heap, so it is given more.
        assert f"started -X heapsize={HEAP_COPIED_KB}k -m karez_firmware.main_unix" in wires.heard
        assert any(line.startswith("heard clock 20 ") for line in wires.heard)
        wires.vm.press("start", b"\x01\x02")
        await wires.until(lambda: "heard start 0102" in wires.heard)
    assert not wires.site.well.contactor


async def test_the_contact_that_is_told_back_is_the_welded_one(tmp_path, monkeypatch):
    wires = Wires(tmp_path, monkeypatch, prologue=b"coil 1\ncoil 0\n")
    wires.site.part_fault("contactor", "welded")
    async with wires:
        await wires.until(lambda: wires.heard.count("heard aux 1") == 2)  # closed, and closed still
        assert wires.site.well.contactor and wires.contact == "heard aux 1"
        wires.site.part_fault("contactor", "welded", on=False)
        await wires.until(lambda: wires.contact == "heard aux 0")
        assert not wires.site.well.contactor


async def test_a_contact_that_lets_go_in_a_brown_out_is_told_back(wires):
    async with wires:
        await wires.until(lambda: wires.contact == "heard aux 1")
        wires.site.part_fault("supply", "deep_brown_out")
        await wires.until(lambda: wires.contact == "heard aux 0")
        wires.site.part_fault("supply", "deep_brown_out", on=False)  # the coil was on all the while
        await wires.until(lambda: wires.contact == "heard aux 1")


async def test_a_killed_controller_drops_the_contactor(wires):
    async with wires:
        await wires.until(lambda: wires.site.well.contactor)
        wires.vm.kill()
        await wires.until(lambda: not wires.site.well.contactor and not wires.vm.is_running)
        assert wires.vm.obituary == ""  # we did that
        wires.vm.send("nobody hears this")


@pytest.mark.parametrize("how", ["end", "end badly"])
async def test_a_controller_that_ends_on_its_own_drops_the_contactor_and_is_told_of(wires, how):
    async with wires:
        await wires.until(lambda: wires.site.well.contactor)
        wires.vm.send(how)
        await wires.until(lambda: not wires.site.well.contactor and not wires.vm.is_running)
        assert wires.vm.obituary.startswith("the controller ended: ")
        assert "controller.log" in wires.vm.obituary


async def test_a_controller_that_stands_still_loses_its_coil_within_five_seconds(wires):
    async with wires:
        await wires.until(lambda: wires.site.well.contactor)
        os.kill(wires.vm._process.pid, signal.SIGSTOP)
        stopped_ms = wires.clock.now_ms()
        await wires.until(lambda: not wires.site.well.contactor)
        took_ms = wires.clock.now_ms() - stopped_ms
        print(f"dead-man after {took_ms} ms")
        # One look of `until`, and what a busy machine keeps it waiting, times 20.
        assert took_ms <= DEAD_MAN_MS + 2_000
        assert wires.vm.is_running
        os.kill(wires.vm._process.pid, signal.SIGCONT)
        await wires.until(lambda: "heard aux 0" in wires.heard)
        assert not wires.site.well.contactor


async def test_a_controller_that_beats_keeps_its_coil(wires):
    async with wires:
        await wires.until(lambda: wires.site.well.contactor)
        end_ms = wires.clock.now_ms() + 3 * DEAD_MAN_MS
        while wires.clock.now_ms() < end_ms:
            await wires.until(lambda: wires.heard.pop().startswith("beat") if wires.heard else False)
            assert wires.site.well.contactor


async def test_a_stopped_process_does_not_survive_the_bench(wires):
    async with wires:
        await wires.until(lambda: wires.site.well.contactor)
        pid = wires.vm._process.pid
        os.kill(pid, signal.SIGSTOP)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    await wires.vm.stop()  # harmless twice


async def test_lines_that_nobody_understands_drop_the_contactor(tmp_path, monkeypatch):
    wires = Wires(tmp_path, monkeypatch, b"coil 1\nburst\n")
    async with wires:
        await wires.until(lambda: wires.heard and not wires.site.well.contactor)


async def test_a_line_without_end_drops_the_contactor(tmp_path, monkeypatch):
    wires = Wires(tmp_path, monkeypatch, b"coil 1\n" + b"x" * 200_000)
    async with wires:
        await wires.until(lambda: wires.heard and not wires.site.well.contactor)


async def test_it_starts_again_where_it_was_killed(wires):
    async with wires:
        await wires.until(lambda: wires.site.well.contactor)
        wires.vm.kill()
        await wires.until(lambda: not wires.site.well.contactor)
        await wires.vm.stop()
        await wires.vm.start()
        await wires.until(lambda: wires.site.well.contactor)
        assert wires.vm.is_running


async def test_without_a_vm_nothing_is_left_open(tmp_path, monkeypatch):
    wires = Wires(tmp_path, monkeypatch)
    monkeypatch.setenv("KAREZ_MICROPYTHON", "/nonexistent")
    await wires.site.start()
    try:
        with pytest.raises(VmMissingError):
            await wires.vm.start()
        assert not wires.vm.is_running
        await wires.vm.stop()
    finally:
        await wires.site.stop()
