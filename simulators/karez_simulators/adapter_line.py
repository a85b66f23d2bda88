"""The same stations on a real serial adapter: the UART and the copper do the pacing.

A frame ends with silence, as on any line. But USB adapters hold bytes back up to 16 ms,
so a frame that is not complete yet gets more patience than t3.5. Adapters that hear
themselves are understood: our own bytes coming back are dropped.

What a real adapter cannot do: put the master's own bytes back on the wire while they are sent
(echo), see a collision, keep other talkers' rates, answer sooner than it has heard, and spoil
what is already in its buffer.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any

from karez_simulators.line_noise import Noise
from karez_simulators.line_station import LATENCY_NS, NOISY_PERMILLE, Branch, Pair, Station
from karez_simulators.line_traffic import (
    BURST_STRAY_PERMILLE,
    NS_PER_S,
    Carried,
    LineCounters,
    character_ns,
    silence_ns,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from karez_simulators.clock import Clock

PATIENCE_NS = 25_000_000  # FTDI's latency timer is 16 ms; the rest is the scheduler
READ_BYTES_MAX = 4096
FRAME_BYTES_MAX = 512
FIXED_REQUEST_BYTES = 8  # Modbus functions 01 to 06 and 08 0000
FIXED_FUNCTIONS = (1, 2, 3, 4, 5, 6, 8)
WRITES_OF_MANY = (15, 16)


class AdapterLine(Pair):
    """Stations behind a serial port of this machine. `open` inside a running loop, `close` when done.

    `noise.ppm` spoils what is said and heard; `patience_ns` is how long the rest of a frame may
    take to come. Both may be set at any time. `lost` is called with the error if the adapter
    goes away. `open` raises OSError (pyserial's SerialException is one) if the port is missing
    or taken, ValueError for settings it does not know.
    """

    def __init__(self, clock: Clock, path: str, baud: int, parity: str = "N", stop_bits: int = 1) -> None:
        super().__init__()
        self.port_path = path
        self.baud = baud
        self.tap: Callable[[Carried], None] | None = None
        self.lost: Callable[[OSError], None] | None = None
        self.counters = LineCounters()
        self.noise = Noise(0)
        self.patience_ns = PATIENCE_NS
        self._clock = clock
        self._parity, self._stop_bits = parity, stop_bits
        self._serial: Any = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._heard = bytearray()
        self._heard_ns = 0
        self._echo = b""  # what we have said and may hear again
        self._said_until_ns = 0
        self._burst_until_ns = 0
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

    def is_quiet(self) -> bool:
        """Whether nobody has been heard and nothing has been said for 3.5 characters."""
        return not self._heard and self._clock.now_ns() >= self._said_until_ns + silence_ns(self.baud)

    def transmit(self, data: bytes, talker: str, baud: int | None = None) -> None:  # noqa: ARG002 - as Line's
        """Somebody else asks, at this port's rate: the master hears it, our stations answer."""
        if self._serial is None or self._loop is None or not data:
            return
        start_ns = self._clock.now_ns()
        if not self._write(data):
            return
        wait_ns = self._said_until_ns - start_ns + silence_ns(self.baud)
        self._loop.call_later(wait_ns / NS_PER_S, self._route, data, "foreign", start_ns)

    def burst(self, duration_ms: int) -> None:
        """A contactor switches now: bytes from nowhere go out, what passes meanwhile is garbage."""
        if self._serial is None:
            return
        self._burst_until_ns = self._clock.now_ns() + duration_ms * 1_000_000
        characters = duration_ms * 1_000_000 // character_ns(self.baud)
        stray = [self.noise.any_byte() for _ in range(characters) if self.noise.happens(BURST_STRAY_PERMILLE)]
        self._write(bytes(stray))

    # -- hearing

    def _hear(self) -> None:
        if self._serial is None or self._loop is None:
            return
        try:
            data = self._serial.read(READ_BYTES_MAX)
        except OSError as error:
            self._give_up(error)
            return
        now_ns = self._clock.now_ns()
        if not self._heard:
            self._heard_ns = now_ns
        self._heard += data
        del self._heard[FRAME_BYTES_MAX:]
        self._forget_echo(now_ns)
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        if self._heard:
            least_ns = silence_ns(self.baud)
            wait_ns = least_ns if self._is_complete() else max(self.patience_ns, least_ns)
            self._alarm = self._loop.call_later(wait_ns / NS_PER_S, self._end_request)

    def _forget_echo(self, now_ns: int) -> None:
        """Drop our own bytes once they are all back; some that are alike may begin a request."""
        if self._echo and self._heard.startswith(self._echo):
            del self._heard[: len(self._echo)]
            self._echo = b""
        elif now_ns > self._said_until_ns + self.patience_ns or not self._echo.startswith(bytes(self._heard)):
            self._echo = b""

    def _is_complete(self) -> bool:
        heard = self._heard
        if any(branch.hears is not None for branch in self._branches.hearers(bytes(heard))):
            return True
        if len(heard) < FIXED_REQUEST_BYTES:
            return False
        if heard[1] in WRITES_OF_MANY:
            return len(heard) >= FIXED_REQUEST_BYTES + 1 + heard[6]
        return heard[1] in FIXED_FUNCTIONS

    def _end_request(self) -> None:
        frame = bytes(self._heard)
        self._heard.clear()
        self._alarm = None
        self._echo = b""
        self._route(frame, "request", self._heard_ns)

    def _route(self, frame: bytes, kind: str, start_ns: int) -> None:
        frame = self._spoilt(frame, "meters", start_ns)
        is_foreign = kind == "foreign"
        self.counters.foreign += is_foreign
        self.counters.requests += not is_foreign
        hearers = self._branches.hearers(frame)
        awake = [branch for branch in hearers if not branch.silent]
        fate = "routed" if awake else "silent" if hearers else "unknown"
        self.counters.unanswered_unknown += fate == "unknown" and not is_foreign
        self.counters.unanswered_silent += fate == "silent" and not is_foreign
        if self.tap is not None:
            keys = tuple(branch.key for branch in hearers)
            self.tap(Carried(kind, frame, start_ns, self._clock.now_ns(), fate, keys))
        for branch in awake:
            branch.station.receive(frame, partial(self._answer, branch))

    # -- saying

    def _answer(self, branch: Branch, data: bytes) -> None:
        if self._loop is not None and data:
            self._loop.call_later(branch.delay_ns / NS_PER_S, self._say, branch, data)

    def _say(self, branch: Branch, data: bytes) -> None:
        if self._serial is None or branch.silent:
            return
        start_ns = self._clock.now_ns()
        if branch.noisy and self.noise.happens(NOISY_PERMILLE):
            data = self.noise.spoil_one(data)
        data = self._spoilt(data, "master", start_ns)
        if not self._write(data):
            return
        self.counters.replies += 1
        if self.tap is not None:
            self.tap(Carried("reply", data, start_ns, self._said_until_ns, "sent", (branch.key,)))

    def _spoilt(self, data: bytes, toward: str, now_ns: int) -> bytes:
        """What noise leaves of these bytes; of a burst's time none is right."""
        lasting = max(self._burst_until_ns - now_ns, 0)
        struck = -(-lasting // character_ns(self.baud))
        carried = [self.noise.spoil(byte) for byte in data[:struck]]
        return bytes(carried + [self.noise.carry(byte, toward) for byte in data[struck:]])

    def _write(self, data: bytes) -> bool:
        """Hand bytes to the port; whether it took them."""
        now_ns = self._clock.now_ns()
        try:
            taken = self._serial.write(data) or 0
        except OSError as error:
            self._give_up(error)
            return False
        self.counters.lost_bytes += len(data) - taken
        self._said_until_ns = max(now_ns, self._said_until_ns) + taken * character_ns(self.baud)
        self._echo = data[:taken]
        return True

    def _give_up(self, error: OSError) -> None:
        self.close()
        if self.lost is not None:
            self.lost(error)
