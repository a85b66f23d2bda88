"""The RS-485 pair between a controller and its meters, paced like copper.

The controller gets a pty; a pty hands over whole writes at once, a wire does not.
So the line books every byte at its own time: a byte written while another is
still going out waits its turn, a request is over when the wire has been silent
for 3.5 characters, a reply begins after the meter's latency and arrives character
by character. All instants are simulated nanoseconds, so the clock's speed scales
the wire with everything else.

What a wire does to careless masters it does here: a request that begins less than
3.5 characters after the last reply is lost, two talkers at once spoil each other,
and what is addressed to nobody is answered by nobody. Pauses inside a frame up to
3.5 characters are forgiven, as most meters do. There is no parity: ptys are 8N1.
"""

from __future__ import annotations

import asyncio
import heapq
import time
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Protocol

from karez_simulators.line_noise import Noise
from karez_simulators.serial_port import SerialPort
from karez_simulators.wire_timer import WireTimer

if TYPE_CHECKING:
    from collections.abc import Callable

    from karez_simulators.clock import Clock

NS_PER_S = 1_000_000_000
BITS_PER_CHARACTER = 10  # start, 8 data, stop (8N1)
BAUDS = (1200, 2400, 4800, 9600, 19_200, 38_400, 57_600, 115_200)  # what meters and termios both know
SILENCE_FIXED_ABOVE_BAUD = 19_200  # Modbus over serial line, 2.5.1.1: above it t3.5 is fixed
SILENCE_FIXED_NS = 1_750_000
LATENCY_NS = 10_000_000  # constructed; meters answer within 1 to 100 ms (modbus-timing.md section 3)
# Bytes are handed over no more often than this in real time, except a frame's last:
# at speed 20 a character lasts 52 us, and a wake-up for each would eat the machine.
HANDOVER_NS = 500_000
ADDRESS_MAX = 247
FRAME_BYTES_MAX = 512  # twice the longest Modbus frame; what is longer is noise


class Station(Protocol):
    """What hangs on the line: gets whole frames, may answer each once through `reply`, now or later."""

    def receive(self, frame: bytes, reply: Callable[[bytes], None]) -> None:
        """Take a frame that begins with this station's address."""


@dataclass
class LineCounters:
    """What has happened on the wire since it was opened."""

    requests: int = 0
    replies: int = 0
    unanswered_unknown: int = 0  # nobody has this address
    unanswered_silent: int = 0  # the meter is switched silent
    gap_violations: int = 0  # request begun within 3.5 characters of a reply
    collisions: int = 0
    lost_bytes: int = 0  # nobody read the port


@dataclass(frozen=True)
class Carried:
    """One frame seen on the wire, with its instants in simulated nanoseconds."""

    kind: str  # "request" or "reply"
    data: bytes
    start_ns: int
    end_ns: int
    fate: str  # request: routed, unknown, silent, spoilt; reply: sent


@dataclass
class _Branch:
    station: Station
    latency_ns: int
    silent: bool = False


@dataclass
class _Request:
    data: bytearray = field(default_factory=bytearray)
    start_ns: int = 0
    end_ns: int = 0
    spoilt: bool = False


class Line:
    """A paced, half-duplex line. `open` inside a running loop, `close` when done.

    `port_path` is the serial port for the controller. Settable at any time:
    `echo` (the master hears itself), `noise.ppm` (bytes spoilt per million carried,
    by `seed`), `strict_gap` (drop requests that come too early), `tap` (called with
    each `Carried` frame). Raises ValueError for a baud rate that is not in BAUDS.
    """

    def __init__(self, clock: Clock, *, baud: int = 9600, echo: bool = False, seed: int = 0) -> None:
        if baud not in BAUDS:
            raise ValueError(f"baud must be one of {BAUDS}, not {baud!r}")
        self.baud = baud
        self.echo = echo
        self.strict_gap = True
        self.tap: Callable[[Carried], None] | None = None
        self.counters = LineCounters()
        self.noise = Noise(seed)
        self.character_ns = BITS_PER_CHARACTER * NS_PER_S // baud
        self.silence_ns = SILENCE_FIXED_NS if baud > SILENCE_FIXED_ABOVE_BAUD else self.character_ns * 7 // 2
        self._clock = clock
        self._branches: dict[int, _Branch] = {}
        self._stray = b""
        self._request: _Request | None = None
        self._reply_start_ns = 0
        self._reply_end_ns = 0
        self._arriving: list[list[int]] = []  # heap of [instant, order, byte] for the master
        self._last_arrival_ns = 0
        self._order = 0
        self._handed_over_real_ns = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._port: SerialPort | None = None
        self._timer: WireTimer | None = None

    def open(self) -> None:
        """Make the pty and listen on it. Raises OSError if the system has no more ptys."""
        self._port = SerialPort(self.baud)
        self._timer = WireTimer(self._act)
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._port.master_fd, self._hear)
        self._clock.watch(self._arm)

    def close(self) -> None:
        """Give back port and timer; replies still under way are dropped. Harmless twice."""
        if self._port is None or self._timer is None or self._loop is None:
            return
        self._loop.remove_reader(self._port.master_fd)
        self._clock.unwatch(self._arm)
        self._timer.close()
        self._port.close()
        self._port = self._timer = self._request = None
        self._arriving.clear()

    @property
    def port_path(self) -> str:
        """Path of the serial port. Raises RuntimeError while the line is closed."""
        if self._port is None:
            raise RuntimeError("the line is not open")
        return self._port.path

    def attach(self, address: int, station: Station, *, latency_ns: int = LATENCY_NS) -> None:
        """Hang a station on the line. Raises ValueError if the address is impossible or taken."""
        if not 1 <= address <= ADDRESS_MAX:
            raise ValueError(f"address must be 1 to {ADDRESS_MAX}, not {address!r}")
        if address in self._branches:
            raise ValueError(f"address {address} is taken")
        self._branches[address] = _Branch(station, latency_ns)

    def set_latency(self, address: int, latency_ns: int) -> None:
        """From the end of the silence after a request to the first bit of the answer. KeyError if unknown."""
        self._branches[address].latency_ns = latency_ns

    def set_silent(self, address: int, silent: bool) -> None:
        """A silent meter hears nothing and says nothing. KeyError if unknown."""
        self._branches[address].silent = silent

    def noise_next(self, count: int, toward: str = "master") -> None:
        """Spoil the next `count` bytes toward the "master" or the "meters". KeyError for other ends."""
        self.noise.next(count, toward)

    def stray_next(self, data: bytes) -> None:
        """Put bytes on the wire right before the next reply, as a floating pair does."""
        self._stray += data

    def least_ns(self, request_bytes: int, reply_bytes: int, address: int) -> int:
        """The wire's own time for one exchange: bytes, silence and the meter's latency."""
        on_wire_ns = (request_bytes + reply_bytes) * self.character_ns
        return on_wire_ns + self.silence_ns + self._branches[address].latency_ns

    def _hear(self) -> None:
        if self._port is None:
            return
        data = self._port.read()
        if not data:
            return
        now_ns = self._clock.now_ns()
        request = self._request
        if request is not None and now_ns >= request.end_ns + self.silence_ns:
            # The alarm for its end is late; the wire was silent all the same.
            self._end_request(request)
            request = None
        if request is None:
            request = self._request = _Request(start_ns=now_ns, end_ns=now_ns)
            self._check_gap(request)
        start_ns = max(now_ns, request.end_ns)  # the sender's UART sends one byte after the other
        request.data += data
        request.end_ns = start_ns + len(data) * self.character_ns
        if len(request.data) > FRAME_BYTES_MAX:
            del request.data[FRAME_BYTES_MAX:]
            request.spoilt = True
        if self.echo:
            self._carry(data, start_ns)
        self._collide()
        self._arm()

    def _check_gap(self, request: _Request) -> None:
        """MODBUS over serial line 2.5.1: frames are separated by at least 3.5 characters of silence."""
        since_ns = request.start_ns - self._reply_end_ns
        if self.counters.replies and 0 <= since_ns < self.silence_ns:
            self.counters.gap_violations += 1
            request.spoilt = request.spoilt or self.strict_gap

    def _collide(self) -> None:
        """Two talkers at once: the bytes that overlap are garbage for everybody."""
        request = self._request
        if request is None:
            return
        start_ns = max(request.start_ns, self._reply_start_ns)
        end_ns = min(request.end_ns, self._reply_end_ns)
        if start_ns >= end_ns or request.spoilt:
            return
        request.spoilt = True
        self.counters.collisions += 1
        for entry in self._arriving:
            if entry[0] > start_ns and entry[0] - self.character_ns < end_ns:
                entry[2] = self.noise.spoil(entry[2])

    def _end_request(self, request: _Request) -> None:
        self._request = None
        self.counters.requests += 1
        frame = bytes(self.noise.carry(byte, "meters") for byte in request.data)
        branch = self._branches.get(frame[0])
        fate = "routed"
        if request.spoilt:
            fate = "spoilt"
        elif branch is None:  # also address 0: broadcasts have no answer and these meters no use for them
            fate = "unknown"
            self.counters.unanswered_unknown += 1
        elif branch.silent:
            fate = "silent"
            self.counters.unanswered_silent += 1
        if self.tap is not None:
            self.tap(Carried("request", frame, request.start_ns, request.end_ns, fate))
        if fate == "routed" and branch is not None:
            earliest_ns = request.end_ns + self.silence_ns + branch.latency_ns
            branch.station.receive(frame, partial(self._answer, branch, earliest_ns))

    def _answer(self, branch: _Branch, earliest_ns: int, data: bytes) -> None:
        """A station answers: book the bytes, not before its latency, not over another reply."""
        if self._port is None or branch.silent or not data:
            return
        data, self._stray = self._stray + data, b""
        start_ns = max(earliest_ns, self._clock.now_ns(), self._reply_end_ns)
        self._reply_start_ns = start_ns
        self._reply_end_ns = start_ns + len(data) * self.character_ns
        self._carry(data, start_ns)
        self.counters.replies += 1
        if self.tap is not None:
            self.tap(Carried("reply", data, start_ns, self._reply_end_ns, "sent"))
        self._collide()
        self._arm()

    def _carry(self, data: bytes, start_ns: int) -> None:
        for byte in data:
            start_ns += self.character_ns
            self._order += 1
            self._last_arrival_ns = max(self._last_arrival_ns, start_ns)
            heapq.heappush(self._arriving, [start_ns, self._order, self.noise.carry(byte, "master")])

    def _act(self) -> None:
        """The alarm rang: hand over what has arrived, end the request that is over."""
        if self._port is None:
            return
        now_ns = self._clock.now_ns()
        arrived = bytearray()
        while self._arriving and self._arriving[0][0] <= now_ns:
            arrived.append(heapq.heappop(self._arriving)[2])
        if arrived:
            self._handed_over_real_ns = time.monotonic_ns()
            self.counters.lost_bytes += len(arrived) - self._port.write(arrived)
        request = self._request
        if request is not None and now_ns >= request.end_ns + self.silence_ns:
            self._end_request(request)
        self._arm()

    def _arm(self) -> None:
        """Set the alarm for the next thing that happens on the wire, at the present speed."""
        if self._timer is None:
            return
        wanted = []
        if self._request is not None:
            wanted.append(self._clock.real_ns_at(self._request.end_ns + self.silence_ns))
        if self._arriving:
            next_ns = self._clock.real_ns_at(self._arriving[0][0])
            last_ns = self._clock.real_ns_at(self._last_arrival_ns)
            wanted.append(min(max(next_ns, self._handed_over_real_ns + HANDOVER_NS), last_ns))
        self._timer.set(min(wanted) if wanted else None)
