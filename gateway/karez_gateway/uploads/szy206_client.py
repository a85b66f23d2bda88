"""The session on a TCP connection: a thin asyncio shell that carries bytes, time and outcomes.

    async with Szy206Client("platform.example", 9000, address) as client:
        receipt = await client.send(FlowReport(...))

One client is one connection. After an UploadError it is over: make a new one.
"""

import asyncio
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from . import LinkDown, NoConfirm, Receipt, UploadError
from .szy206_events import (
    CommandUnsupported,
    Event,
    Failure,
    FlowReport,
    LoggedIn,
    ReportConfirmed,
    ReportFailed,
    SessionEnded,
    SessionSettings,
)
from .szy206_session import Szy206Session


def _utc_s() -> int:
    return int(time.time())


def _error(failure: Failure, what: str) -> UploadError:
    if failure is Failure.UNANSWERED:
        return NoConfirm(f"the platform did not confirm {what}")
    return LinkDown(f"connection over before the platform confirmed {what}")


class _Link(asyncio.Protocol):
    """Session events become the outcome of futures; the session's deadline becomes a timer."""

    def __init__(self, session: Szy206Session, on_event: Callable[[Event], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._session = session
        self._on_event = on_event
        self._timer: asyncio.TimerHandle | None = None
        self.transport: asyncio.Transport | None = None
        self.lost: asyncio.Future[None] = self._loop.create_future()

    def now_ms(self) -> int:
        return int(self._loop.time() * 1000)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if isinstance(transport, asyncio.Transport):
            self.transport = transport
        self._session.connected(self.now_ms())
        self.carry_out([])

    def data_received(self, data: bytes) -> None:
        self.carry_out(self._session.receive(data, self.now_ms()))

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio gives it
        self.carry_out(self._session.disconnected())
        self.transport = None
        self.lost.set_result(None)

    def carry_out(self, events: list[Event]) -> None:
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


class Szy206Client:
    """Sends reports to one platform, one after another.

    `link_address` logs in and keeps the connection alive; reports may carry other addresses.
    `on_command` is told what the platform asked for and did not get. `utc_s` dates the receipts.
    """

    def __init__(
        self,
        host: str,
        port: int,
        link_address: bytes,
        settings: SessionSettings | None = None,
        *,
        connect_s: float = 10.0,
        close_s: float = 1.0,
        on_command: Callable[[CommandUnsupported], None] | None = None,
        utc_s: Callable[[], int] = _utc_s,
    ) -> None:
        self._host = host
        self._port = port
        self._connect_s = connect_s
        self._close_s = close_s
        self._on_command = on_command
        self._utc_s = utc_s
        self.session = Szy206Session(link_address, settings or SessionSettings())
        self._link: _Link | None = None
        self._logged_in: asyncio.Future[None] | None = None
        self._outcome: asyncio.Future[Receipt] | None = None
        self._turn = asyncio.Lock()

    async def __aenter__(self) -> Self:
        """Connect and log in. Raises LinkDown or NoConfirm."""
        self._logged_in = asyncio.get_running_loop().create_future()
        self._link = _Link(self.session, self._on_event)
        try:
            await self._connect(self._link)
            await self._logged_in
        except BaseException:
            self._logged_in.cancel()  # nobody will ask for its outcome any more
            await self._close()
            raise
        return self

    async def _connect(self, link: _Link) -> None:
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

    async def send(self, report: FlowReport) -> Receipt:
        """Send one report and return its receipt; calls queue up.

        Raises NoConfirm or LinkDown (then this client is over), NotAllowed for a value the standard
        cannot carry (nothing was sent). A cancelled call ends the connection: its outcome is unknown.
        """
        async with self._turn:
            link = self._link
            if link is None or link.transport is None or link.transport.is_closing():
                raise LinkDown("the connection is over")
            self.session.send(report, link.now_ms())
            self._outcome = asyncio.get_running_loop().create_future()
            link.carry_out([])
            try:
                return await self._outcome
            except asyncio.CancelledError:
                link.carry_out(self.session.log_out())
                raise
            finally:
                self._outcome = None

    def _on_event(self, event: Event) -> None:
        logged_in, outcome = self._logged_in, self._outcome
        if isinstance(event, LoggedIn) and logged_in is not None and not logged_in.done():
            logged_in.set_result(None)
        elif isinstance(event, SessionEnded) and logged_in is not None and not logged_in.done():
            logged_in.set_exception(_error(event.failure, "the log-in"))
        elif isinstance(event, ReportConfirmed) and outcome is not None and not outcome.done():
            outcome.set_result(Receipt(event.request_bytes, event.confirm_bytes, self._utc_s()))
        elif isinstance(event, ReportFailed) and outcome is not None and not outcome.done():
            outcome.set_exception(_error(event.failure, "the report"))
        elif isinstance(event, CommandUnsupported) and self._on_command is not None:
            self._on_command(event)

    async def _close(self) -> None:
        link = self._link
        if link is None or link.transport is None:  # never connected, or lost already
            return
        link.carry_out(self.session.log_out())
        link.transport.close()
        await asyncio.wait([link.lost], timeout=self._close_s)
        if link.transport is not None:  # a peer that does not read keeps the last bytes here
            link.transport.abort()
            await link.lost
