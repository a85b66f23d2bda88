"""A platform that speaks SZY 206 / SL/T 427 over TCP: polite by default, rude on request.

    async with PlatformSzy206() as platform:
        ... connect to platform.host, platform.port ...
        await platform.received(3)
        platform.reports[0].volume_m3

Reports are kept once per (A, AFN, type, Tp), as the standard's repeats require; a tag without month
is completed from the platform's clock first, or next month's reports would pass for copies.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from karez_protocols.errors import ProtocolError
from karez_protocols.szy206 import SZY206_2016, Dialect, Frame
from karez_protocols.szy206_functions import REPORT
from karez_protocols.szy206_messages import LinkTest, SelfReport, confirm_of, decode_message
from karez_protocols.szy206_readings import TYPE_FLOW
from karez_protocols.szy206_stream import StreamReader
from karez_protocols.szy206_time import tag_at, utc_of

LOOPBACK = "127.0.0.1"
LITRES_PER_M3 = 1000
REPORTS_MAX = 1_000_000  # a bench that reports for weeks must not eat the desk's memory


@dataclass(frozen=True)
class Manners:
    """How the platform behaves; the default is polite. May be changed while it runs.

    is_silent          takes what comes and answers nothing, stores nothing
    confirms_lost      stores, but loses this many confirms of reports first
    is_checksum_wrong  confirms with a wrong checksum
    hangs_up           stores, then closes the connection instead of confirming a report
    delay_s            waits before each answer
    confirms_twice     sends each confirm two times
    """

    is_silent: bool = False
    confirms_lost: int = 0
    is_checksum_wrong: bool = False
    hangs_up: bool = False
    delay_s: float = 0.0
    confirms_twice: bool = False


POLITE = Manners()


@dataclass
class ReceivedReport:
    """One report: its first copy's facts and bytes, the last confirm sent for it, how often it came."""

    address: bytes
    flow_lph: int | None
    volume_m3: int | None
    alarm: int
    state: int
    utc_s: int  # sampling time
    message: SelfReport
    request_bytes: bytes
    confirm_bytes: bytes = b""
    copies: int = 1
    is_contradicted: bool = False  # a later copy under the same key said something else


@dataclass(frozen=True)
class LinkMessage:
    """A log-in (F0), log-out (F1) or keep-alive (F2)."""

    address: bytes
    kind: int


@dataclass
class Counters:
    """What came beside good reports."""

    connections: int = 0
    frames_ignored: int = 0  # while silent, or not from a station
    frames_not_understood: int = 0
    reports_refused: int = 0  # above REPORTS_MAX
    bad_checksums: int = 0
    noise_bytes: int = 0


class PlatformSzy206:
    """The centre. `start` and `stop` may alternate: the port stays the same once it is known."""

    def __init__(
        self,
        dialect: Dialect = SZY206_2016,
        manners: Manners = POLITE,
        *,
        host: str = LOOPBACK,
        port: int = 0,
        utc_s: Callable[[], float] = time.time,
    ) -> None:
        self.dialect = dialect
        self.host = host
        self.port = port  # 0 = any free one, known after start
        self.counters = Counters()
        self.links: list[LinkMessage] = []
        self._utc_s = utc_s
        self._reports: dict[tuple[bytes, int, int, int], ReceivedReport] = {}
        self._server: asyncio.Server | None = None
        self._connections: set[_Connection] = set()
        self._arrived = asyncio.Event()
        self.behave(manners)

    @property
    def reports(self) -> list[ReceivedReport]:
        """Reports in order of arrival, each once."""
        return list(self._reports.values())

    def behave(self, manners: Manners) -> None:
        """Change the manners now; lost confirms are counted anew."""
        self.manners = manners
        self.confirms_to_lose = manners.confirms_lost

    @property
    def is_serving(self) -> bool:
        """True between start and stop."""
        return self._server is not None and self._server.is_serving()

    async def start(self) -> None:
        """Listen. Raises OSError if the port is taken."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Connection(self), self.host, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Stop listening and drop every connection; what was received stays."""
        if self._server is None:
            return
        self._server.close()
        for connection in list(self._connections):
            connection.abort()
            await connection.lost
        await self._server.wait_closed()
        self._server = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def received(self, count: int) -> None:
        """Return when at least `count` different reports are there."""
        await self.until(lambda: len(self._reports) >= count)

    async def until(self, is_true: Callable[[], bool]) -> None:
        """Return when `is_true`; asked again whenever bytes have been dealt with."""
        while not is_true():
            self._arrived.clear()
            await self._arrived.wait()

    def dealt(self) -> None:
        """Wake who waits in `until`."""
        self._arrived.set()

    def push(self, data: bytes) -> None:
        """Send bytes of your own down every connection: a command, or rubbish."""
        for connection in self._connections:
            connection.write(data)

    def joined(self, connection: "_Connection") -> None:
        """Count a connection in."""
        self.counters.connections += 1
        self._connections.add(connection)

    def left(self, connection: "_Connection") -> None:
        """Let a connection go."""
        self._connections.discard(connection)

    def answer(self, frame: Frame) -> bytes | None:
        """Store what a frame brings; return the confirm, None = none is due or none is given."""
        try:
            message = decode_message(frame, self.dialect)
        except ProtocolError:
            self.counters.frames_not_understood += 1
            return None
        if isinstance(message, LinkTest):
            self.links.append(LinkMessage(message.address, message.kind))
            return self._confirm(frame)
        if not isinstance(message, SelfReport) or not _is_of_a_well(message):
            self.counters.frames_not_understood += 1
            return None
        report = self._store(message, frame)
        if report is None:
            return None
        if self.confirms_to_lose > 0:
            self.confirms_to_lose -= 1
            return None
        if self.manners.hangs_up:
            return None
        report.confirm_bytes = self._confirm(frame)
        return report.confirm_bytes

    def _confirm(self, frame: Frame) -> bytes:
        tag = None
        if self.dialect.confirm_with_tp:
            tag = tag_at(int(self._utc_s()), self.dialect.utc_offset_s)
        return confirm_of(frame, tag).encode(self.dialect)

    def _store(self, message: SelfReport, frame: Frame) -> ReceivedReport | None:
        raw = frame.raw or b""
        utc_s = utc_of(message.tag, self.dialect.utc_offset_s, int(self._utc_s()))
        key = (frame.address, frame.afn, frame.type_code, utc_s)
        known = self._reports.get(key)
        if known is not None:
            known.copies += 1
            # FCB (in C) and CS are a repeat's own; the rest must be the same.
            known.is_contradicted |= known.request_bytes[4:-2] != raw[4:-2]
            return known
        if len(self._reports) >= REPORTS_MAX:
            self.counters.reports_refused += 1
            return None
        first = message.readings[0]
        volume_l = first.get("volume_l")
        report = ReceivedReport(
            message.address,
            first.get("flow_lph"),
            None if volume_l is None else volume_l // LITRES_PER_M3,
            message.alarm,
            message.state,
            utc_s,
            message,
            raw,
        )
        self._reports[key] = report
        return report


def _is_of_a_well(message: SelfReport) -> bool:
    """True for what this platform stores: C0H with flow and volume."""
    return message.afn == REPORT and message.type_code == TYPE_FLOW and bool(message.readings)


class _Connection(asyncio.Protocol):
    """One station's connection: frames in, confirms out, with the platform's manners."""

    def __init__(self, platform: PlatformSzy206) -> None:
        self._platform = platform
        self._loop = asyncio.get_running_loop()
        self._reader = StreamReader()
        self._transport: asyncio.Transport | None = None
        self._delayed: set[asyncio.TimerHandle] = set()
        self.lost: asyncio.Future[None] = self._loop.create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if isinstance(transport, asyncio.Transport):
            self._transport = transport
        self._platform.joined(self)
        if not self._platform.is_serving:  # accepted by the system just before stop
            self.abort()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio gives it
        for timer in self._delayed:
            timer.cancel()
        self._transport = None
        self._platform.left(self)
        self.lost.set_result(None)

    def data_received(self, data: bytes) -> None:
        counters = self._platform.counters
        noise, bad = self._reader.noise_bytes, self._reader.bad_checksums
        frames = self._reader.feed(data)
        counters.noise_bytes += self._reader.noise_bytes - noise
        counters.bad_checksums += self._reader.bad_checksums - bad
        for frame in frames:
            manners = self._platform.manners
            if manners.is_silent or not frame.is_up:
                counters.frames_ignored += 1
                continue
            confirm = self._platform.answer(frame)
            if confirm is not None:
                self._give(confirm, manners)
            elif manners.hangs_up and self._transport is not None:
                self._transport.close()
        self._platform.dealt()

    def _give(self, confirm: bytes, manners: Manners) -> None:
        if manners.is_checksum_wrong:
            confirm = confirm[:-2] + bytes([confirm[-2] ^ 0x55]) + confirm[-1:]
        if manners.confirms_twice:
            confirm += confirm
        if manners.delay_s > 0:
            self._delayed = {timer for timer in self._delayed if timer.when() > self._loop.time()}
            self._delayed.add(self._loop.call_later(manners.delay_s, self.write, confirm))
        else:
            self.write(confirm)

    def write(self, data: bytes) -> None:
        """Send, if the connection still stands."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    def abort(self) -> None:
        """Drop the connection at once."""
        if self._transport is not None:
            self._transport.abort()
