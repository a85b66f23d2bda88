"""A box on the real VM, in a process of its own, with a flash of two slots; the test is bench and console."""

import json
import os
import select
import signal
import socket
import subprocess
import time

from karez_firmware.store import objects
from karez_firmware.store.devices import SECTOR
from karez_firmware.update import marks
from karez_protocols import console, record
from karez_simulators import board_image, firmware_image
from karez_simulators.vm_start import FLASH, Start
from test_console_acts import a_list, proof
from updates import FILES
from wellhouse import UTC, a_config, memories

SPEED = 20
PATIENCE_S = 60  # for one thing to happen, on a busy machine
SLOT_SECTORS = 128
NOR_SIZE, FRAM_SIZE = 272 * SECTOR, SECTOR  # of ports/unix.py, which only MicroPython can load


def image(extra=None):
    """The ROMFS of these sources, as the desk's VM runs it."""
    built = firmware_image.build(firmware_image.cache())
    inside = {**board_image.inside_of(built), **FILES, **(extra or {})}
    return built, board_image.packed(inside)


class Box:
    """One controller's memories as files, and its process."""

    def __init__(self, folder, built, rom):
        self.folder, self._built = folder, built
        self.flash = folder / "flash.bin"
        size = (2 * SLOT_SECTORS + 4) * SECTOR
        self.flash.write_bytes(rom + b"\xff" * (size - len(rom)))
        self._closed = socket.socket()  # a port at which nobody listens
        self._closed.bind(("127.0.0.1", 0))
        link = {"host": "127.0.0.1", "port": self._closed.getsockname()[1], "tls_name": "gw"}
        nor, fram = memories(NOR_SIZE // SECTOR - objects.SECTORS, config=a_config(link=link))
        objects.write(nor, objects.TECHNICIANS, 0, a_list())
        (folder / "nor.bin").write_bytes(nor.read(0, NOR_SIZE))
        (folder / "fram.bin").write_bytes(fram.read(0, FRAM_SIZE))
        self.ptys = [os.openpty(), os.openpty()]  # a meter line where nobody answers, and the console
        self.process = self.bench = None
        self._text = self._answer = b""
        self.slots: list = []  # every record that it showed
        self._tag = 0
        self._past_s = 0

    def start(self):
        """Start the process, as the mains do."""
        self.end()
        ours, theirs = socket.socketpair()
        theirs.setblocking(False)
        line, terminal = (os.ttyname(slave) for _, slave in self.ptys)
        how = Start()
        with theirs, (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                how.command(self._built, str(self.folder), line, str(theirs.fileno()), terminal),
                env={**os.environ, **how.environment(), FLASH: str(self.flash)}, cwd=self._built,
                pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
        self.bench = ours
        self._past_s += 1_000  # its clock goes on while it is dark
        self._text = b""
        ours.sendall(b"clock %d %d\n" % (SPEED, (UTC + self._past_s) * 1000))

    def end(self):
        """kill -9, and nothing is left."""
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
            self.bench.close()

    def close(self):
        self.end()
        self._closed.close()
        for one in (fd for pair in self.ptys for fd in pair):
            os.close(one)

    def hear(self):
        """Take what bench and console hear now; False at the bench's end."""
        ready = select.select([self.bench, self.ptys[1][0]], [], [], 0.1)[0]
        if self.ptys[1][0] in ready:
            self._answer += os.read(self.ptys[1][0], 4096)
        if self.bench not in ready:
            return True
        try:
            data = self.bench.recv(65_536)
        except ConnectionResetError:
            data = b""
        *lines, self._text = (self._text + data).split(b"\n")
        self.slots += [bytes.fromhex(line[7:].decode()) for line in lines if line.startswith(b"record ")]
        return bool(data)

    def until(self, is_so, what):
        """Hear until something holds; the process may have ended meanwhile."""
        end = time.monotonic() + PATIENCE_S
        while not is_so():
            assert time.monotonic() < end, f"{what}: not within {PATIENCE_S} s; {self.log()}"
            assert self.hear(), f"{what}: the process ended; {self.log()}"

    def ended(self):
        """Hear until the process ends by itself; return its exit code."""
        while self.hear():
            pass
        return self.process.wait(PATIENCE_S)

    def log(self):
        return (self.folder / "log").read_text(errors="replace")[-1500:]

    def events(self, cause):
        found = [record.decode(one) for one in self.slots if one[1] == record.EVENT]
        return [one for one in found if one["cause"] == cause]

    def send(self, *words):
        """Write a request to the console."""
        self._tag += 1
        os.write(self.ptys[1][0], console.request([str(word) for word in words], self._tag))

    def ask(self, *words):
        """Return the last answer to a request at the console."""
        self.send(*words)
        found: list = []
        self.until(lambda: self._is_answered(found), f"an answer to {words[:3]}")
        return found[0]

    def _is_answered(self, found):
        while b"\n" in self._answer:
            line, self._answer = self._answer.split(b"\n", 1)
            try:
                values = json.loads(console.unsealed(line))
            except console.Malformed:
                continue
            if values.pop("tag", None) == self._tag and "more" not in values:
                found.append(values)
        return bool(found)

    def connect(self):
        """Wake the console of a box that has started, and log in as a technician."""
        self.until(lambda: self.slots, "the records of its start")
        self._answer = b""
        os.write(self.ptys[1][0], b"\r")
        self.ask("json")
        assert self.ask("prove", proof(self.ask("login", 7)))["ok"]

    def row(self):
        """The newest row of the flash."""
        return marks.Slots(_Cells(self.flash.read_bytes())).newest()

    def fill(self, slot, first, data):
        """Put chunks from `first` on into a slot of a box that is dark, as an earlier visit would have."""
        cells = bytearray(self.flash.read_bytes())
        at = (slot * SLOT_SECTORS + first) * SECTOR
        cells[at : at + len(data)] = data
        self.flash.write_bytes(cells)


class _Cells:
    """A flash that is only read."""

    def __init__(self, data):
        self._data, self.size = data, len(data)

    def read(self, at, size):
        return self._data[at : at + size]
