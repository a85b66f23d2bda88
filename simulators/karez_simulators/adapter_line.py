"""The same stations on a real serial adapter: the UART and the copper do the pacing.

A frame ends with silence, as on any line. But USB adapters hold bytes back up to 16 ms,
so a frame that is not complete yet gets more patience than t3.5. Adapters that hear
themselves are understood: our own answer coming back is dropped.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any

from karez_simulators.line_noise import Noise
from karez_simulators.line_station import LATENCY_NS, NOISY_PERMILLE, Branch, Branches, Station
from karez_simulators.line_traffic import NS_PER_S, Carried, LineCounters, silence_ns

if TYPE_CHECKING:
    from collections.abc import Callable

    from karez_simulators.clock import Clock

PATIENCE_NS = 25_000_000  # FTDI's latency timer is 16 ms; the rest is the scheduler
READ_BYTES_MAX = 4096
FRAME_BYTES_MAX = 512
FIXED_REQUEST_BYTES = 8  # Modbus functions 01 to 06


class AdapterLine:
    """Stations behind a serial port of this machine. `open` inside a running loop, `close` when done.

    `lost` is called with the error if the adapter goes away. `open` raises OSError
    (pyserial's SerialException is one) if the port is missing or taken.
    """

    def __init__(self, clock: Clock, path: str, baud: int, parity: str = "N", stop_bits: int = 1) -> None:
        self.port_path = path
        self.baud = baud
        self.tap: Callable[[Carried], None] | None = None
        self.lost: Callable[[OSError], None] | None = None
        self.counters = LineCounters()
        self.noise = Noise(0)
        self._clock = clock
        self._parity, self._stop_bits = parity, stop_bits
        self._branches = Branches()
        self._serial: Any = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._heard = bytearray()
        self._heard_ns = 0
        self._echo = b""
        self._alarm: asyncio.TimerHandle | None = None

    def open(self) -> None:
        """Take the port. Raises OSError if it is not there, not ours or in use."""
        import serial  # type: ignore[import-untyped] # noqa: PLC0415 - real ports only

        self._serial = serial.Serial(
            self.port_path,
            self.baud,
            parity=self._parity,
            stopbits=self._stop_bits,
            timeout=0,
            write_timeout=0,
            exclusive=True,
        )
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._serial.fileno(), self._hear)

    def close(self) -> None:
        """Give the port back; harmless twice."""
        if self._serial is None or self._loop is None:
            return
        if self._alarm is not None:
            self._alarm.cancel()
        self._loop.remove_reader(self._serial.fileno())
        self._serial.close()
        self._serial = None

    def attach(
        self,
        key: int | str,
        station: Station,
        *,
        latency_ns: int = LATENCY_NS,
        baud: int | None = None,
        hears: Callable[[bytes], bool] | None = None,
    ) -> None:
        """See Line.attach. One adapter has one rate: raises ValueError for another `baud`."""
        if baud not in (None, self.baud):
            raise ValueError(f"the adapter is set to {self.baud} baud, not {baud}")
        self._branches.attach(key, station, latency_ns, baud, hears)

    def set_silent(self, key: int | str, silent: bool) -> None:
        """A silent meter hears nothing and says nothing. KeyError if unknown."""
        self._branches[key].silent = silent

    def set_slow(self, key: int | str, slow: bool) -> None:
        """A slow meter answers a second late. KeyError if unknown."""
        self._branches[key].slow = slow

    def set_noisy(self, key: int | str, noisy: bool) -> None:
        """Of a noisy meter's answers about every second has a wrong byte. KeyError if unknown."""
        self._branches[key].noisy = noisy

    def _hear(self) -> None:
        if self._serial is None or self._loop is None:
            return
        try:
            data = self._serial.read(READ_BYTES_MAX)
        except OSError as error:
            self.close()
            if self.lost is not None:
                self.lost(error)
            return
        if self._echo:
            same = min(len(data), len(self._echo))
            is_echo = data[:same] == self._echo[:same]
            data, self._echo = (data[same:], self._echo[same:]) if is_echo else (data, b"")
        if not data:
            return
        if not self._heard:
            self._heard_ns = self._clock.now_ns()
        self._heard += data
        del self._heard[FRAME_BYTES_MAX:]
        if self._alarm is not None:
            self._alarm.cancel()
        wait_ns = silence_ns(self.baud) if self._is_complete() else max(PATIENCE_NS, silence_ns(self.baud))
        self._alarm = self._loop.call_later(wait_ns / NS_PER_S, self._end_request)

    def _is_complete(self) -> bool:
        heard = self._heard
        if any(branch.hears is not None for branch in self._branches.hearers(bytes(heard))):
            return True
        if len(heard) < FIXED_REQUEST_BYTES:
            return False
        return heard[1] <= 6 or len(heard) >= FIXED_REQUEST_BYTES + 1 + heard[6]

    def _end_request(self) -> None:
        frame = bytes(self._heard)
        self._heard.clear()
        self._alarm = None
        self.counters.requests += 1
        hearers = self._branches.hearers(frame)
        awake = [branch for branch in hearers if not branch.silent]
        fate = "routed" if awake else "silent" if hearers else "unknown"
        self.counters.unanswered_unknown += fate == "unknown"
        self.counters.unanswered_silent += fate == "silent"
        if self.tap is not None:
            keys = tuple(branch.key for branch in hearers)
            self.tap(Carried("request", frame, self._heard_ns, self._clock.now_ns(), fate, keys))
        for branch in awake:
            branch.station.receive(frame, partial(self._answer, branch))

    def _answer(self, branch: Branch, data: bytes) -> None:
        if self._loop is not None and data:
            self._loop.call_later(branch.delay_ns / NS_PER_S, self._say, branch, data)

    def _say(self, branch: Branch, data: bytes) -> None:
        if self._serial is None or branch.silent:
            return
        if branch.noisy and self.noise.happens(NOISY_PERMILLE):
            data = self.noise.spoil_one(data)
        try:
            self._serial.write(data)
        except OSError as error:
            if self.lost is not None:
                self.lost(error)
            return
        self._echo = data
        self.counters.replies += 1
        if self.tap is not None:
            now_ns = self._clock.now_ns()
            self.tap(Carried("reply", data, now_ns, now_ns, "sent", (branch.key,)))
