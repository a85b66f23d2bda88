"""The RS-485 pair between a controller and its meters, paced like copper.

The controller gets a pty; a pty hands over whole writes at once, a wire does not.
So the line books every byte at its own time: a byte written while another is
still going out waits its turn, a request is over when the wire has been silent
for 3.5 characters, a reply begins after the meter's latency and arrives character
by character. All instants are simulated nanoseconds, so the clock's speed scales
the wire with everything else.

What a wire does to careless masters it does here: a request that begins less than
3.5 characters after somebody else's bytes is lost, two talkers at once spoil each
other, a frame at another rate than the meter's is noise to it, and what is addressed
to nobody is answered by nobody. Pauses inside a frame up to 3.5 characters are
forgiven, as most meters do. The rate of a frame is the one its sender has set on the
port when the frame begins. There is no parity: the kernel keeps ptys at eight bits
without, and the pacing counts 8N1.
"""

from __future__ import annotations

import asyncio
import time
from functools import partial
from typing import TYPE_CHECKING

from karez_simulators.line_arrivals import Arrivals
from karez_simulators.line_noise import Noise
from karez_simulators.line_station import LATENCY_NS, NOISY_PERMILLE, Branch, Pair, Station
from karez_simulators.line_talks import Talks
from karez_simulators.line_thinking import Thinking
from karez_simulators.line_traffic import (
    BURST,
    BURST_STRAY_PERMILLE,
    CONTROLLER,
    Carried,
    LineCounters,
    Talk,
    character_ns,
    checked_baud,
    silence_ns,
)
from karez_simulators.serial_port import SerialPort
from karez_simulators.wire_timer import WireTimer

if TYPE_CHECKING:
    from collections.abc import Callable

    from karez_simulators.clock import Clock

# Bytes are handed over no more often than this in real time, except a frame's last:
# at speed 20 a character lasts 52 us, and a wake-up for each would eat the machine.
HANDOVER_NS = 500_000
FRAME_BYTES_MAX = 512  # twice the longest Modbus frame; what is longer is noise


class Line(Pair):
    """A paced, half-duplex line. `open` inside a running loop, `close` when done.

    `port_path` is the serial port for the controller. Settable at any time:
    `echo` (the master hears itself), `noise.ppm` (bytes spoilt per million carried,
    by `seed`), `strict_gap` (drop requests that come too early), `leading_zeros` and
    `trailing_zeros` (00 bytes of a floating pair around every reply), `tap` (called with
    each `Carried` frame). Raises ValueError for a baud rate that is not in BAUDS.
    """

    def __init__(self, clock: Clock, *, baud: int = 9600, echo: bool = False, seed: int = 0) -> None:
        super().__init__()
        self.baud = checked_baud(baud)
        self.echo = echo
        self.strict_gap = True
        self.leading_zeros = self.trailing_zeros = 0
        self.tap: Callable[[Carried], None] | None = None
        self.counters = LineCounters()
        self.noise = Noise(seed)
        self.character_ns = character_ns(baud)
        self.silence_ns = silence_ns(baud)
        self._clock = clock
        self._stray = b""
        self._request: Talk | None = None  # the controller's, still open
        self._arrivals = Arrivals()
        self._talks = Talks(self.counters, self._arrivals, self.noise.spoil)
        self._thinking = Thinking(clock)
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
        self._clock.expect(self, None)
        self._thinking.clear()
        self._timer.close()
        self._port.close()
        self._port = self._timer = self._request = None
        self._talks.clear()
        self._arrivals.clear()

    @property
    def port_path(self) -> str:
        """Path of the serial port. Raises RuntimeError while the line is closed."""
        if self._port is None:
            raise RuntimeError("the line is not open")
        return self._port.path

    def attach(
        self,
        key: int | str,
        station: Station,
        *,
        latency_ns: int = LATENCY_NS,
        baud: int | None = None,
        hears: Callable[[bytes], bool] | None = None,
    ) -> None:
        """Hang a station on the line; it hears and answers at `baud` (default: the line's rate).

        `key` is a Modbus address, or with `hears` (which frames are meant for it) any
        name. Raises ValueError if the address is impossible or taken.
        """
        self._branches.attach(key, station, latency_ns, None if baud is None else checked_baud(baud), hears)

    def noise_next(self, count: int, toward: str = "master") -> None:
        """Spoil the next `count` bytes toward the "master" or the "meters". KeyError for other ends."""
        self.noise.next(count, toward)

    def stray_next(self, data: bytes) -> None:
        """Put bytes on the wire right before the next reply, as a floating pair does."""
        self._stray += data

    def burst(self, duration_ms: int) -> None:
        """A contactor switches now: what is on the wire meanwhile is garbage, and more comes from nowhere."""
        if self._port is None:
            return
        now_ns = self._clock.now_ns()
        talk = Talk(BURST, self.baud, now_ns, now_ns + duration_ms * 1_000_000)
        self._talks.collide(talk)
        self._talks.add(talk)
        for at_ns in range(now_ns, talk.end_ns - self.character_ns + 1, self.character_ns):
            if self.noise.happens(BURST_STRAY_PERMILLE):
                self._arrivals.book(bytes((self.noise.any_byte(),)), at_ns, self.character_ns)
        self._arm()

    def transmit(self, data: bytes, talker: str, baud: int | None = None) -> None:
        """Somebody else talks, from now on: the master hears it, stations may answer it."""
        if self._port is None or not data:
            return
        now_ns = self._clock.now_ns()
        talk = Talk(talker, baud or self.baud, now_ns, now_ns, bytearray(data))
        talk.end_ns += len(data) * character_ns(talk.baud)
        self._talks.begin(talk, now_ns)
        self._carry(data, talk)
        self._talks.collide(talk)
        self._arm()

    def is_quiet(self) -> bool:
        """Whether nobody has driven the pair for 3.5 characters: a polite talker waits for it."""
        return self._talks.is_quiet(self._clock.now_ns())

    def least_ns(self, request_bytes: int, reply_bytes: int, key: int | str, silences: int = 1) -> int:
        """The wire's own time for one exchange: bytes, silence and the meter's latency.

        `silences`: 1 up to the reply's last byte; 2 for exchanges back to back, where the
        master owes the next silence too. KeyError for an unknown station.
        """
        branch = self._branches[key]
        baud = branch.baud or self.baud
        on_wire_ns = (request_bytes + reply_bytes) * character_ns(baud)
        return on_wire_ns + silences * silence_ns(baud) + branch.delay_ns

    def _hear(self) -> None:
        if self._port is None:
            return
        data = self._port.read()
        if not data:
            return
        now_ns = self._clock.now_ns()
        request = self._request
        if request is not None and now_ns >= request.over_ns:
            # The alarm for its end is late; the wire was silent all the same.
            self._end_request(request)
            request = None
        if request is None:
            request = self._request = Talk(CONTROLLER, self._port.baud or self.baud, now_ns, now_ns)
            self._talks.begin(request, now_ns)
        start_ns = max(now_ns, request.end_ns)  # the sender's UART sends one byte after the other
        request.data += data
        request.end_ns = start_ns + len(data) * character_ns(request.baud)
        if len(request.data) > FRAME_BYTES_MAX:
            del request.data[FRAME_BYTES_MAX:]
            request.spoilt = True
        if self.echo:
            self._carry(data, Talk(CONTROLLER, request.baud, start_ns, request.end_ns))
        self._talks.collide(request)
        self._arm()

    def _end_request(self, request: Talk) -> None:
        self._talks.open.remove(request)
        is_foreign = request is not self._request
        if is_foreign:
            self.counters.foreign += 1
        else:
            self._request = None
            self.counters.requests += 1
        frame = bytes(self.noise.carry(byte, "meters") for byte in request.data)
        hearers = self._branches.hearers(frame)
        awake = [branch for branch in hearers if not branch.silent]
        tuned = [branch for branch in awake if (branch.baud or self.baud) == request.baud]
        # The 3.5 characters are Modbus': other protocols find their frames by length.
        is_early = request.is_early and not any(branch.hears for branch in hearers)
        self.counters.gap_violations += is_early
        fate = "routed"
        if request.spoilt:
            fate = "spoilt"
            tuned = []
        elif is_early and self.strict_gap:
            fate = "too_early"
            tuned = []
        elif not hearers:  # also address 0: broadcasts have no answer and Modbus meters no use for them
            fate = "unknown"
            self.counters.unanswered_unknown += not is_foreign
        elif not awake:
            fate = "silent"
            self.counters.unanswered_silent += not is_foreign
        elif not tuned:
            fate = "wrong_baud"
            self.counters.unanswered_baud += not is_foreign
        if self.tap is not None:
            kind = "foreign" if is_foreign else "request"
            keys = tuple(branch.key for branch in hearers)
            self.tap(Carried(kind, frame, request.start_ns, request.end_ns, fate, keys))
        for branch in tuned:
            earliest_ns = request.over_ns + branch.delay_ns
            self._thinking.begin(branch.key, earliest_ns)
            branch.station.receive(frame, partial(self._answer, branch, earliest_ns))

    def _answer(self, branch: Branch, earliest_ns: int, data: bytes) -> None:
        """A station answers: book the bytes, not before its latency, not over its own last words."""
        self._thinking.end(branch.key)
        if self._port is None or branch.silent or not data:
            return
        data, self._stray = self._stray + data, b""
        data = bytes(self.leading_zeros) + data + bytes(self.trailing_zeros)
        if branch.noisy and self.noise.happens(NOISY_PERMILLE):
            data = self.noise.spoil_one(data)
        start_ns = max(earliest_ns, self._clock.now_ns(), branch.busy_until_ns)
        talk = Talk(branch.key, branch.baud or self.baud, start_ns, start_ns)
        talk.end_ns = branch.busy_until_ns = start_ns + len(data) * character_ns(talk.baud)
        self._talks.add(talk)
        self._carry(data, talk)
        self.counters.replies += 1
        if self.tap is not None:
            self.tap(Carried("reply", data, start_ns, talk.end_ns, "sent", (branch.key,)))
        self._talks.collide(talk)
        self._arm()

    def _carry(self, data: bytes, talk: Talk) -> None:
        heard = bytes(self.noise.carry(byte, "master") for byte in data)
        if self._port is not None and self._port.baud not in (None, talk.baud):
            heard = bytes(
                self.noise.spoil(byte) for byte in heard
            )  # the master's UART is set to another rate
        self._arrivals.book(heard, talk.start_ns, character_ns(talk.baud))

    def _act(self) -> None:
        """The alarm rang: hand over what has arrived, end the requests that are over."""
        if self._port is None:
            return
        now_ns = self._clock.now_ns()
        arrived = self._arrivals.take(now_ns)
        if arrived:
            self._handed_over_real_ns = time.monotonic_ns()
            self.counters.lost_bytes += len(arrived) - self._port.write(arrived)
        for request in [request for request in self._talks.open if now_ns >= request.over_ns]:
            self._end_request(request)
        self._arm()

    def _arm(self) -> None:
        """Set the alarm for the next thing that happens on the wire, at the present speed."""
        if self._timer is None:
            return
        over_ns = [request.over_ns for request in self._talks.open]
        due_ns = [*over_ns, self._arrivals.next_ns] if self._arrivals else over_ns
        self._clock.expect(self, min(due_ns, default=None))
        wanted = [self._clock.real_ns_at(instant_ns) for instant_ns in over_ns]
        if self._arrivals:
            next_ns = self._clock.real_ns_at(self._arrivals.next_ns)
            last_ns = self._clock.real_ns_at(self._arrivals.last_ns)
            wanted.append(min(max(next_ns, self._handed_over_real_ns + HANDOVER_NS), last_ns))
        self._timer.set(min(wanted) if wanted else None)
