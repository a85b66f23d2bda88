"""One connection to an SZY 206 / SL/T 427 platform, sans-I/O: bytes and `now_ms` in, events and bytes out.

Rules:
- one exchange at a time; a time-out repeats it with FCB 3, 2, 1, then it has failed (szy206: FCB);
- a confirm is matched by address, AFN and FCB only: platforms differ in the rest;
- confirms come in the order of the requests, so a match also settles every older request. A late
  confirm of an older repeat then never counts for the next report;
- a failure ends the session: on a new connection no stale confirm can arrive;
- commands of the platform are reported, never acted on.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto

from karez_protocols.szy206 import FCB_FIRST, Frame
from karez_protocols.szy206_functions import LINK, REPORT
from karez_protocols.szy206_messages import KEEP_ALIVE, LOG_IN, LOG_OUT, LinkTest, SelfReport
from karez_protocols.szy206_readings import TYPE_FLOW
from karez_protocols.szy206_stream import StreamReader
from karez_protocols.szy206_time import tag_at

from .szy206_events import (
    CommandUnsupported,
    Counters,
    Event,
    Failure,
    FlowReport,
    LoggedIn,
    ReportConfirmed,
    ReportFailed,
    SessionEnded,
    SessionSettings,
)

# A receiver drops a frame older than Tp + delay; 0 = no such check. A backlog is always old.
TAG_DELAY_MIN = 0
LITRES_PER_M3 = 1000

# Data byte of a report's confirm: 2 and 3 want the station in query or maintenance mode.
_MODES_NOT_HONOURED = (2, 3)


class SessionMisuse(RuntimeError):
    """The owner called out of turn: a report while one is under way, or outside the session's life."""


class State(Enum):
    """Where the session stands."""

    OFFLINE = auto()
    LOGGING_IN = auto()
    READY = auto()
    REPORTING = auto()
    KEEPING_ALIVE = auto()
    ENDED = auto()


class Cause(Enum):
    """What moves it."""

    CONNECTED = auto()
    CONFIRMED = auto()
    UNANSWERED = auto()
    STATION_UNKNOWN = auto()
    REPORT_WAITING = auto()
    IDLE = auto()
    CLOSED = auto()


# A pair not in the table changes nothing.
NEXT: dict[tuple[State, Cause], State] = {
    (State.OFFLINE, Cause.CONNECTED): State.LOGGING_IN,
    (State.OFFLINE, Cause.CLOSED): State.ENDED,
    (State.LOGGING_IN, Cause.CONFIRMED): State.READY,
    (State.LOGGING_IN, Cause.UNANSWERED): State.ENDED,
    (State.LOGGING_IN, Cause.CLOSED): State.ENDED,
    (State.READY, Cause.STATION_UNKNOWN): State.LOGGING_IN,
    (State.READY, Cause.REPORT_WAITING): State.REPORTING,
    (State.READY, Cause.IDLE): State.KEEPING_ALIVE,
    (State.READY, Cause.CLOSED): State.ENDED,
    (State.REPORTING, Cause.CONFIRMED): State.READY,
    (State.REPORTING, Cause.UNANSWERED): State.ENDED,
    (State.REPORTING, Cause.CLOSED): State.ENDED,
    (State.KEEPING_ALIVE, Cause.CONFIRMED): State.READY,
    (State.KEEPING_ALIVE, Cause.UNANSWERED): State.ENDED,
    (State.KEEPING_ALIVE, Cause.CLOSED): State.ENDED,
}


@dataclass(eq=False)
class _Exchange:
    """A request until it is confirmed or has failed; `encode` gives its bytes for an FCB."""

    address: bytes
    afn: int
    encode: Callable[[int], bytes]
    fcb: int = FCB_FIRST
    deadline_ms: int = 0


@dataclass(frozen=True, eq=False)
class _Sent:
    """One repeat on its way, until its confirm or a later one's arrives."""

    exchange: _Exchange
    fcb: int
    request_bytes: bytes


class Szy206Session:
    """The station's side of one connection. Call order: connected, then anything, until SessionEnded."""

    def __init__(self, link_address: bytes, settings: SessionSettings) -> None:
        self.state = State.OFFLINE
        self.counters = Counters()
        self.reader = StreamReader()
        self._link_address = link_address
        self._settings = settings
        self._out = b""
        self._last_sent_ms = 0
        self._exchange: _Exchange | None = None
        self._sent: list[_Sent] = []  # at most one exchange's repeats and those of the one before
        self._report: FlowReport | None = None
        self._stations: set[bytes] = set()

    @property
    def next_deadline_ms(self) -> int | None:
        """When `time_passed` must be called at the latest; None = no need."""
        if self._exchange is not None:
            return self._exchange.deadline_ms
        if self.state is State.READY:
            return self._last_sent_ms + self._settings.keep_alive_ms
        return None

    def data_to_send(self) -> bytes:
        """Bytes to put on the wire now; they are handed out once."""
        data, self._out = self._out, b""
        return data

    def connected(self, now_ms: int) -> None:
        """The connection stands: log in."""
        if not self._fire(Cause.CONNECTED):
            raise SessionMisuse(f"connected in state {self.state.name}")
        self._log_in(self._link_address, now_ms)

    def send(self, report: FlowReport, now_ms: int) -> None:
        """Take one report. Raises NotAllowed if the standard cannot carry it, SessionMisuse out of turn."""
        if self.state in (State.OFFLINE, State.ENDED) or self._report is not None:
            raise SessionMisuse(
                f"a report in state {self.state.name}, one under way: {self._report is not None}"
            )
        self._encode(report, FCB_FIRST)
        self._report = report
        self._advance(now_ms)

    def receive(self, data: bytes, now_ms: int) -> list[Event]:
        """Bytes of the platform. Raises nothing: what is no frame is counted."""
        events: list[Event] = []
        for frame in self.reader.feed(data):
            self._take(frame, now_ms, events)
        return events

    def time_passed(self, now_ms: int) -> list[Event]:
        """Repeat, give up or keep alive, whichever is due."""
        events: list[Event] = []
        exchange = self._exchange
        if exchange is not None and now_ms >= exchange.deadline_ms:
            for frame in self.reader.silence():  # a frame behind a torn one
                self._take(frame, now_ms, events)
            if self._exchange is exchange:
                self._repeat(exchange, now_ms, events)
        elif self.state is State.READY and now_ms >= self._last_sent_ms + self._settings.keep_alive_ms:
            self._keep_alive(now_ms)
        return events

    def log_out(self) -> list[Event]:
        """Say good-bye (F1) without waiting for an answer: nothing hangs on it."""
        if self.state not in (State.OFFLINE, State.ENDED):
            self._out += LinkTest(self._link_address, LOG_OUT).encode()
        return self._end(Cause.CLOSED, Failure.LOGGED_OUT)

    def disconnected(self) -> list[Event]:
        """The connection is gone."""
        self._out = b""
        return self._end(Cause.CLOSED, Failure.DISCONNECTED)

    def _fire(self, cause: Cause) -> bool:
        after = NEXT.get((self.state, cause))
        if after is None:
            return False
        self.state = after
        return True

    def _advance(self, now_ms: int) -> None:
        """Start what waits, if nothing is under way."""
        report = self._report
        if self.state is not State.READY or report is None:
            return
        if self._settings.logs_in_each_station and report.address not in self._stations:
            self._fire(Cause.STATION_UNKNOWN)
            self._log_in(report.address, now_ms)
            return
        self._fire(Cause.REPORT_WAITING)
        self._start(_Exchange(report.address, REPORT, lambda fcb: self._encode(report, fcb)), now_ms)

    def _log_in(self, address: bytes, now_ms: int) -> None:
        self._start(
            _Exchange(address, LINK, lambda fcb: LinkTest(address, LOG_IN, fcb).encode()),
            now_ms,
        )

    def _keep_alive(self, now_ms: int) -> None:
        address = self._link_address
        if not self._settings.keep_alive_is_confirmed:
            self._out += LinkTest(address, KEEP_ALIVE).encode()
            self._last_sent_ms = now_ms
            return
        self._fire(Cause.IDLE)
        self._start(
            _Exchange(address, LINK, lambda fcb: LinkTest(address, KEEP_ALIVE, fcb).encode()),
            now_ms,
        )

    def _encode(self, report: FlowReport, fcb: int) -> bytes:
        dialect = self._settings.dialect
        volume_l = None if report.volume_m3 is None else report.volume_m3 * LITRES_PER_M3
        channel = {"flow_lph": report.flow_lph, "volume_l": volume_l}
        tag = tag_at(report.utc_s, dialect.utc_offset_s, TAG_DELAY_MIN)
        words = (report.alarm, report.state)
        return SelfReport(report.address, TYPE_FLOW, [channel], *words, tag, fcb=fcb).encode(dialect)

    def _start(self, exchange: _Exchange, now_ms: int) -> None:
        self._exchange = exchange
        self._put(exchange, now_ms)

    def _put(self, exchange: _Exchange, now_ms: int) -> None:
        request = exchange.encode(exchange.fcb)
        exchange.deadline_ms = now_ms + self._settings.answer_ms
        self._sent.append(_Sent(exchange, exchange.fcb, request))
        self._last_sent_ms = now_ms
        self._out += request

    def _repeat(self, exchange: _Exchange, now_ms: int, events: list[Event]) -> None:
        exchange.fcb -= 1
        if exchange.fcb == 0:  # FCB 0: the service failed
            events += self._end(Cause.UNANSWERED, Failure.UNANSWERED)
            return
        self.counters.repeats += 1
        self._put(exchange, now_ms)

    def _take(self, frame: Frame, now_ms: int, events: list[Event]) -> None:
        if frame.is_up:
            self.counters.wrong_direction += 1
        elif frame.afn in (LINK, REPORT):
            self._take_confirm(frame, now_ms, events)
        else:
            events.append(CommandUnsupported(frame.address, frame.afn, frame.raw or b""))

    def _take_confirm(self, frame: Frame, now_ms: int, events: list[Event]) -> None:
        key = (frame.address, frame.afn, frame.fcb)
        for at, sent in enumerate(self._sent):
            if (sent.exchange.address, sent.exchange.afn, sent.fcb) == key:
                del self._sent[: at + 1]
                if sent.exchange is self._exchange:
                    self._confirmed(sent, frame, now_ms, events)
                else:
                    self.counters.confirms_late += 1
                return
        if frame.afn == REPORT:  # a platform that confirms F2 though we do not ask it to is no oddity
            self.counters.confirms_unmatched += 1

    def _confirmed(self, sent: _Sent, frame: Frame, now_ms: int, events: list[Event]) -> None:
        was = self.state
        confirm = frame.raw or b""
        self._exchange = None
        self._fire(Cause.CONFIRMED)
        if was is State.LOGGING_IN:
            self._stations.add(frame.address)
            events.append(LoggedIn(frame.address))
        elif was is State.REPORTING and self._report is not None:
            events.append(ReportConfirmed(self._report, sent.request_bytes, confirm))
            self._report = None
            if frame.body[:1] and frame.body[0] in _MODES_NOT_HONOURED:
                events.append(CommandUnsupported(frame.address, frame.afn, confirm))
        self._advance(now_ms)

    def _end(self, cause: Cause, failure: Failure) -> list[Event]:
        events: list[Event] = []
        if self._fire(cause):
            if self._report is not None:
                events.append(ReportFailed(self._report, failure))
            events.append(SessionEnded(failure))
        self._exchange = self._report = None
        return events
