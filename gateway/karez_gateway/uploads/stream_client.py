"""What the upload clients of both standards have in common: a StreamSession carried by a TCP connection.

A thin asyncio shell: bytes, time and outcomes; what is said and believed is the session's. One client
is one connection. After an UploadError it is over: make a new one.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any, Generic, Self, TypedDict

import structlog

from . import LinkDown, NoConfirm, Receipt, UploadError
from .stream_events import Failure, LoggedIn, PlatformAsked, ReportConfirmed, ReportFailed, SessionEnded
from .stream_session import Report, StreamSession

_log = structlog.get_logger()

# A platform asks one after another and waits. More than this at once is not asking.
REQUESTS_WAITING_MAX = 16

# Takes what the platform asked; returns what the session's `reply` sends, None for silence.
OnRequest = Callable[[PlatformAsked], Awaitable[Any]]


def utc_s() -> int:
    """The clock of this machine."""
    return int(time.time())


class Options(TypedDict, total=False):
    """What a StreamClient takes by name, whichever standard its session speaks."""

    connect_s: float
    close_s: float
    on_request: OnRequest | None
    utc_s: Callable[[], int]


def _error(failure: Failure, what: str) -> UploadError:
    if failure is Failure.UNANSWERED:
        return NoConfirm(f"the platform did not confirm {what}")
    return LinkDown(f"connection over before the platform confirmed {what}")


class Link(asyncio.Protocol):
    """Session events go to their owner; the session's deadline becomes a timer."""

    def __init__(self, session: StreamSession[Any], on_event: Callable[[Any], None]) -> None:
        """Take a session that has not begun."""
        self._loop = asyncio.get_running_loop()
        self._session = session
        self._on_event = on_event
        self._timer: asyncio.TimerHandle | None = None
        self.transport: asyncio.Transport | None = None
        self.lost: asyncio.Future[None] = self._loop.create_future()

    def now_ms(self) -> int:
        """The loop's clock."""
        return int(self._loop.time() * 1000)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Asyncio: it stands."""
        if isinstance(transport, asyncio.Transport):
            self.transport = transport
        self.carry_out(self._session.connected(self.now_ms()))

    def data_received(self, data: bytes) -> None:
        """Asyncio: bytes came."""
        self.carry_out(self._session.receive(data, self.now_ms()))

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio gives it
        """Asyncio: it is gone."""
        self.carry_out(self._session.disconnected())
        self.transport = None
        self.lost.set_result(None)

    def carry_out(self, events: list[Any]) -> None:
        """Write what the session wants written, set the timer, tell the owner."""
        data = self._session.data_to_send()
        if self.transport is not None and data:
            self.transport.write(data)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        deadline_ms = self._session.next_deadline_ms
        if deadline_ms is not None:
            self._timer = self._loop.call_at(deadline_ms / 1000, self._on_timer)
        for event in events:
            self._on_event(event)
            if isinstance(event, SessionEnded) and self.transport is not None:
                self.transport.close()

    def _on_timer(self) -> None:
        self._timer = None
        self.carry_out(self._session.time_passed(self.now_ms()))


class StreamClient(Generic[Report]):
    """Sends reports to one platform, one after another, and hands over what it asks.

    `on_request` is awaited for one request at a time, beside the reports. `utc_s` dates the receipts.
    """

    def __init__(
        self,
        host: str,
        port: int,
        session: StreamSession[Report],
        *,
        connect_s: float = 10.0,
        close_s: float = 1.0,
        on_request: OnRequest | None = None,
        utc_s: Callable[[], int] = utc_s,
    ) -> None:
        """Connect nowhere yet."""
        self._host = host
        self._port = port
        self._session = session
        self._connect_s = connect_s
        self._close_s = close_s
        self._on_request = on_request
        self._utc_s = utc_s
        self.requests_dropped = 0  # more than REQUESTS_WAITING_MAX at once, or nobody to ask
        self._link: Link | None = None
        self._ready: asyncio.Future[None] | None = None
        self._outcome: asyncio.Future[Receipt] | None = None
        self._turn = asyncio.Lock()
        self._asked: asyncio.Queue[PlatformAsked] = asyncio.Queue(REQUESTS_WAITING_MAX)
        self._answering: asyncio.Task[None] | None = None

    @property
    def is_over(self) -> bool:
        """True when this connection is used up: make a new client."""
        return self._session.is_over

    async def __aenter__(self) -> Self:
        """Connect and log in. Raises LinkDown or NoConfirm."""
        self._ready = asyncio.get_running_loop().create_future()
        self._link = Link(self._session, self._on_event)
        try:
            await self._connect(self._link)
            await self._ready
        except BaseException:  # cancelled, too: no connection stays behind
            self._ready.cancel()  # nobody will ask for its outcome any more
            await self._close()
            raise
        if self._on_request is not None:
            self._answering = asyncio.create_task(self._answer(self._link, self._on_request))
            self._answering.add_done_callback(self._answering_ended)
        return self

    async def _connect(self, link: Link) -> None:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._connect_s):
                await loop.create_connection(lambda: link, self._host, self._port)
        except OSError as error:  # TimeoutError is one
            raise LinkDown(f"no connection to {self._host}:{self._port}: {error}") from error

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Log out and close, within `close_s`."""
        await self._close()

    async def send(self, report: Report) -> Receipt:
        """Send one report and return its receipt; calls queue up.

        Raises NoConfirm or LinkDown (then this client is over), NotAllowed for a value the standard
        cannot carry (nothing was sent). A cancelled call ends the connection: its outcome is unknown.
        """
        async with self._turn:
            link = self._link
            if link is None or link.transport is None or link.transport.is_closing():
                raise LinkDown("the connection is over")
            self._session.send(report, link.now_ms())
            self._outcome = asyncio.get_running_loop().create_future()
            link.carry_out([])
            try:
                return await self._outcome
            except asyncio.CancelledError:
                link.carry_out(self._session.log_out())
                raise
            finally:
                self._outcome = None

    def _on_event(self, event: Any) -> None:
        ready, outcome = self._ready, self._outcome
        if isinstance(event, LoggedIn) and ready is not None and not ready.done():
            ready.set_result(None)
        elif isinstance(event, SessionEnded) and ready is not None and not ready.done():
            ready.set_exception(_error(event.failure, "the log-in"))
        elif isinstance(event, ReportConfirmed) and outcome is not None and not outcome.done():
            outcome.set_result(Receipt(event.request_bytes, event.confirm_bytes, self._utc_s()))
        elif isinstance(event, ReportFailed) and outcome is not None and not outcome.done():
            outcome.set_exception(_error(event.failure, "the report"))
        elif isinstance(event, PlatformAsked):
            if self._on_request is None or self._asked.full():
                if not self.requests_dropped:  # once a connection; the counter has the rest
                    _log.warning("platform asks more than is answered", host=self._host, port=self._port)
                self.requests_dropped += 1
            else:
                self._asked.put_nowait(event)

    async def _answer(self, link: Link, on_request: OnRequest) -> None:
        """Answer one request after another, until the connection is closed."""
        while True:
            asked = await self._asked.get()
            answer = await on_request(asked)
            if answer is not None and not self._session.is_over:
                self._session.reply(asked, answer, link.now_ms())
                link.carry_out([])

    def _answering_ended(self, task: asyncio.Task[None]) -> None:
        """An error of ours ends the connection, or nobody would hear of it before `_close`."""
        if not task.cancelled() and self._link is not None and self._link.transport is not None:
            self._link.carry_out(self._session.log_out())

    async def _close(self) -> None:
        answering, self._answering = self._answering, None
        if answering is not None:
            answering.cancel()
        await self._close_link()
        if answering is not None:
            await asyncio.wait([answering])
            if not answering.cancelled():
                answering.result()  # raises what ended it

    async def _close_link(self) -> None:
        link = self._link
        if link is None or link.transport is None:  # never connected, or lost already
            return
        link.carry_out(self._session.log_out())
        link.transport.close()
        await asyncio.wait([link.lost], timeout=self._close_s)
        if link.transport is not None:  # a peer that does not read keeps the last bytes here
            link.transport.abort()
            await link.lost
