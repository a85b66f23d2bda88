"""The unix port: the same app on Linux, under real MicroPython.

UART = a pty, NOR and FRAM = files, pins and panel = a stream socket to the bench. When the
bench goes away (end of file) the outputs go off and the process ends: the bench is the
mains, the relay board and the watchdog of this controller.

Lines from the bench:   clock SPEED UTC_MS · aux 0|1 · door 0|1 · start CREDENTIAL ·
                        stop CREDENTIAL · object NAME HEX · pulse INPUT COUNT · loop INPUT 0|1 ·
                        bundle [FROM] · swap QUANTITY OLD CLOSING NEW OPENING · confirm QUANTITY ·
                        convert PPM VERSION · takeover PPM VERSION [OPENING] · reset ·
                        steptest SECONDS|end
Lines to the bench:     identity NAME KEY POINT · coil 0|1 · trip 0|1 · panel LINE|LINE|LINE|LINE ·
                        beat WAITING PHASE LAST_LOSS LATE_MS FAILURES FREE · record SLOT ·
                        need SORT ... · taken SORT · refused TEXT ·
                        commissioned (the process ends; start it anew) · bundle OFFSET HEX ·
                        bundle end SIZE SHA256 · bundle refused TEXT · done VERB ·
                        refused VERB TEXT · result steptest TEXT

The beat is the heart of both outputs: five seconds without one, and the bench lets coil and
trip go, as the monostables on a board do when nobody holds them.
"""

import os
import select
import sys
import time

from karez_firmware.store.devices import SECTOR
from karez_protocols import record
from karez_protocols.constant import const

from .files import FileFram, FileNor
from .unix_net import Stream
from .unix_uart import Uart

NOR_SIZE = 272 * SECTOR
FRAM_SIZE = SECTOR
LINE_SIZE_MAX = 8_300  # an object of 4 kB in hex, and its name
INPUTS = 2  # for pulses
WAIT_MS_MAX = 200  # never away from the control loop for longer (design §4: step every 500 ms)
# Below a millisecond poll() cannot wait; a silent interval ends by spinning on the clock.
SPIN_US = 1_000
STILL_US = const(2_000_000)  # a bench that is gone for longer does not hold our time up


_TIME_TRIES = const(100)  # of 20 ms
_OFF, _ON = 0, 1
# Whole lines, ready: an output goes off also when no byte of heap is left.
_COIL = (b"coil 0\n", b"coil 1\n")
_TRIP = (b"trip 0\n", b"trip 1\n")


class BenchGone(BaseException):
    """The bench closed its end: outputs off, and out. No handler of a task's errors catches it."""


class Port:
    """What the app needs of a board, on Linux."""

    tier = 3  # C: an open board (integrity §5.3)
    board = "unix"
    slot = 0
    tls_block_ms = 50

    def __init__(self, folder, uart_paths, bench_fd):
        self.nor = FileNor(folder + "/nor.bin", NOR_SIZE)
        self.fram = FileFram(folder + "/fram.bin", FRAM_SIZE)
        here = sys.modules.get("karez_here")  # of what started this one of two images
        self.flash = None
        if here:
            self.slot, path = here
            self.flash = FileNor(path, os.stat(path)[6])
        self._bench = open(bench_fd, "r+b")
        self._text = b""
        self._buffer = bytearray(512)  # no garbage per turn
        self._poll = select.poll()
        self._poll.register(self._bench, select.POLLIN)
        self.uarts = [Uart(path) for path in uart_paths]
        self._lines = [uart.file for uart in self.uarts]
        self.console = None  # a terminal's line, where there is one
        for line in self._lines:
            self._poll.register(line, select.POLLIN)
        # The bench's clock in shared memory (simulators: clock_page.py), where there is some.
        self._page = sys.modules.get("clock") or [0, 0]
        self._edition = 0  # of the page, whose words the next four are
        self._base_us = self._now_us = 0  # simulated microseconds at the tick below
        self._base_tick = time.ticks_us()
        self._fast_us = 1 << 60  # real ones from there on while time runs; behind them it stands
        self._stands = False
        self._speed = 1
        self._utc_base_ms = int(time.time()) * 1000
        self._time_state = record.TIME_SYNCHRONISED
        self._net = None
        self._has_time = False
        self._pulses = [0] * INPUTS  # since the app last took them
        self._is_sound = [True] * INPUTS  # the supervised loop of each pulse input
        self._early = []  # what the bench said before it told the time
        self._unsent = b""  # the end of a line that the socket took in part
        self._coil = self._trip = _OFF
        self._is_coil_said = self._is_trip_said = True

    # -- time ---------------------------------------------------------------------------

    def now_us(self):
        """Simulated microseconds since start, growing for ever."""
        if self._page[0] != self._edition:
            self._turn_page()
        real_us = time.ticks_diff(time.ticks_us(), self._base_tick)
        late_us = real_us - self._fast_us
        self._stands = late_us > 0
        now_us = self._base_us + real_us * self._speed
        if self._stands:
            now_us += max(late_us - STILL_US, 0) - late_us * self._speed
        # A speed that falls is heard of after it fell: then time stands for so long.
        self._now_us = max(now_us, self._now_us)
        return self._now_us

    def _turn_page(self):
        page = self._page
        while page[0] != self._edition:  # the bench may write the next one meanwhile
            self._edition = page[0]
            at = 2 + 6 * (self._edition & 1)
            self._base_us = page[at] << 32 | page[at + 1]
            self._base_tick = page[at + 2] << 32 | page[at + 3]
            self._fast_us = page[at + 4]
            self._speed = page[at + 5]

    def now_ms(self):
        """Simulated milliseconds since start."""
        return self.now_us() // 1000

    def utc(self):
        """(UTC seconds, time state): the bench's clock stands for a radio-set RTC."""
        return (self._utc_base_ms + self.now_ms()) // 1000, self._time_state

    def set_utc(self, utc_s, time_state):
        """Set the clock, and keep with it how far it may be believed; the bench may set it anew."""
        self._utc_base_ms = utc_s * 1000 - self.now_ms()
        self._time_state = time_state

    def _set_clock(self, speed, utc_ms):
        """Go on from this moment at another speed; `utc_ms` is the bench's UTC now."""
        self._base_us = self.now_us()
        self._base_tick = time.ticks_us()
        self._speed = speed
        self._edition = 0  # a page knows better
        self._utc_base_ms = utc_ms - self._base_us // 1000
        self._time_state = record.TIME_SYNCHRONISED

    def wait(self, deadline_us):
        """Return when something came in or the deadline (simulated µs) is there."""
        while True:
            now_us = self.now_us()
            self._page[1] = now_us // 1000  # so far we keep up
            left_us = (deadline_us - now_us) // self._speed  # real ones, if time is fast all the while
            left_ms = min((left_us - SPIN_US // 2) // 1000, WAIT_MS_MAX)
            if left_us <= SPIN_US:
                if not self._stands:
                    break
                left_ms = 1  # who spins on a machine that is late makes it later
            self._page[1] += left_ms * self._speed
            came = self._poll.poll(left_ms)
            for thing, event in came:
                if event & select.POLLHUP and thing in self._lines:
                    self._poll.unregister(thing)  # a line that is gone would end every wait at once
                    self._lines.remove(thing)
            if came or left_ms == WAIT_MS_MAX:
                self._page[1] = self.now_us() // 1000
                return
        while self.now_us() < deadline_us:
            if self._stands:
                time.sleep_ms(1)

    def open_console(self, path):
        """Let there be a console on this pty or serial port."""
        from .unix_console import (
            Console,
        )  # behind the bring-up: what it loads then stands between its leavings

        self.console = Console(path)
        self._lines.append(self.console.file)
        self._poll.register(self.console.file, select.POLLIN)

    def random(self, size):
        """Random bytes of the system."""
        return os.urandom(size)

    def random_below(self, limit):
        """A random integer in 0..limit-1, for jitter."""
        return int.from_bytes(os.urandom(4), "little") % limit

    def take_pulses(self, number):
        """Return (pulses since the last call, whether the loop is sound) of a pulse input."""
        pulses, self._pulses[number] = self._pulses[number], 0
        return pulses, self._is_sound[number]

    # -- network ------------------------------------------------------------------------

    def connect(self, link, certificate, key, authority):
        """Return a non-blocking stream to the broker (the contract of uplink.mqtt_client)."""
        tls_name = link.get("tls_name") or link["host"]
        return Stream(link["host"], link["port"], certificate, key, authority, tls_name, (self, link))

    def listen_to(self, stream):
        """Wake up for a stream (or for none): bytes that arrive end a wait."""
        if self._net is not None:
            try:
                self._poll.unregister(self._net)
            except (KeyError, OSError):
                pass
        self._net = None
        sock = getattr(stream, "socket", None)
        if sock is not None:
            self._poll.register(sock, select.POLLIN)
            self._net = sock

    # -- bench --------------------------------------------------------------------------

    def say(self, text):
        """Send one line to the bench; False when there is no room for it now. Raises BenchGone.

        A bench that does not read must not hold the loop, so a line without room is lost.
        """
        return self._send(text.encode() + b"\n")

    def _send(self, line):
        try:
            if self._unsent:
                taken = self._bench.write(self._unsent) or 0
                self._unsent = self._unsent[taken:]
                if self._unsent:
                    return False
            taken = self._bench.write(line)
        except OSError:
            raise BenchGone
        if taken is None:
            return False
        if taken < len(line):
            self._unsent = line[taken:]  # the rest goes first next time
        return True

    def set_coil(self, on):
        """Command the contactor."""
        self._coil = _ON if on else _OFF
        self._is_coil_said = self._send(_COIL[self._coil])

    def set_trip(self, on):
        """Command the second trip: the shunt release of the breaker, energised to trip."""
        self._trip = _ON if on else _OFF
        self._is_trip_said = self._send(_TRIP[self._trip])

    def hold(self):
        """Keep both outputs as they were commanded. Call after every step of the control."""
        if not self._is_coil_said:
            self._is_coil_said = self._send(_COIL[self._coil])
        if not self._is_trip_said:
            self._is_trip_said = self._send(_TRIP[self._trip])

    def feed(self):
        """The bench is the watchdog: what it hears is the beat line, which goes with every feed."""

    def start_watchdog(self):
        """The bench watches from the first line on."""

    def reset(self):
        """Start anew: a process can only end, and the bench start another. Raises BenchGone."""
        raise BenchGone

    def lines(self):
        """Return complete lines from the bench, each as its words. Raises BenchGone at its end."""
        if self._early and self._has_time:
            early, self._early = self._early, []
            return early
        try:
            count = self._bench.readinto(self._buffer)
        except OSError:
            count = 0
        if count == 0:
            raise BenchGone
        if not count:
            return ()
        parts = (self._text + self._buffer[:count]).split(b"\n")
        self._text = parts.pop()
        if len(self._text) > LINE_SIZE_MAX:
            self._text = b""
        lines = []
        for part in parts:
            try:
                words = str(part, "utf-8").split(" ")
                if words[0] == "pulse":
                    self._pulses[int(words[1])] += int(words[2])
                elif words[0] == "loop":
                    self._is_sound[int(words[1])] = words[2] == "1"
                elif words[0] != "clock":
                    lines.append(words)
                elif int(words[1]) > 0:
                    self._set_clock(int(words[1]), int(words[2]))
                    self._has_time = True
            except (ValueError, IndexError):
                continue  # no line of ours
        return lines

    def await_time(self):
        """Wait for the bench's first word on the time, as a board waits for its RTC; not for ever."""
        for _ in range(_TIME_TRIES):
            if self._has_time:
                return
            self.wait(self.now_us() + 20_000)
            self._early += self.lines()

    @staticmethod
    def resource(name):
        """Return the bytes of a file that ships with the firmware."""
        for folder in sys.path:
            try:
                with open(folder + "/" + name, "rb") as file:
                    return file.read()
            except OSError:
                continue
        raise OSError(2)
