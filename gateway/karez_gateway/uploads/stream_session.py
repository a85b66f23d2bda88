"""What sessions of SZY 206 and SL 651 have in common: one connection's life, sans-I/O.

Rules:
- bytes and `now_ms` come in, events and bytes go out; no clock and no socket in here;
- the standard brings its table of states; what is said, repeated and believed is the standard's, too;
- one report at a time: its failure ends the session, and the session's end fails it.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from enum import Enum, auto
from typing import Any, Generic, TypeVar

from .stream_events import Event, Failure, PlatformAsked, ReportFailed, SessionEnded

Report = TypeVar("Report")


class SessionMisuse(RuntimeError):
    """The owner called out of turn: a report while one is under way, or outside the session's life."""


class State(Enum):
    """Where a session stands. A standard without log-in or confirmed keep-alive never enters those."""

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


Table = Mapping[tuple[State, Cause], State]


class StreamSession(ABC, Generic[Report]):
    """The station's side of one connection. Call order: connected, then anything, until SessionEnded."""

    def __init__(self, table: Table) -> None:
        """Begin nothing yet. A pair that is not in the standard's table changes nothing."""
        self.state = State.OFFLINE
        self._table = table
        self._report: Report | None = None
        self._out = b""
        self._last_sent_ms = 0

    @property
    def is_over(self) -> bool:
        """True when nothing more will happen."""
        return self.state is State.ENDED

    @property
    @abstractmethod
    def next_deadline_ms(self) -> int | None:
        """When `time_passed` must be called at the latest; None = no need."""

    def data_to_send(self) -> bytes:
        """Bytes to put on the wire now; they are handed out once."""
        data, self._out = self._out, b""
        return data

    @abstractmethod
    def connected(self, now_ms: int) -> list[Event]:
        """The connection stands. Raises SessionMisuse the second time."""

    @abstractmethod
    def send(self, report: Report, now_ms: int) -> None:
        """Take one report. Raises NotAllowed if the standard cannot carry it, SessionMisuse out of turn."""

    @abstractmethod
    def reply(self, asked: PlatformAsked, answer: Any, now_ms: int) -> None:
        """Send the answer to what the platform asked. Raises NotAllowed, TooLarge, SessionMisuse."""

    @abstractmethod
    def receive(self, data: bytes, now_ms: int) -> list[Event]:
        """Bytes of the platform. Raises nothing: what is no frame is counted."""

    @abstractmethod
    def time_passed(self, now_ms: int) -> list[Event]:
        """Repeat, give up or keep alive, whichever is due."""

    def log_out(self) -> list[Event]:
        """End it from our side."""
        return self._end(Cause.CLOSED, Failure.LOGGED_OUT)

    def disconnected(self) -> list[Event]:
        """The connection is gone."""
        self._out = b""
        return self._end(Cause.CLOSED, Failure.DISCONNECTED)

    def _fire(self, cause: Cause) -> bool:
        after = self._table.get((self.state, cause))
        if after is None:
            return False
        self.state = after
        return True

    def _begin(self) -> None:
        if not self._fire(Cause.CONNECTED):
            raise SessionMisuse(f"connected in state {self.state.name}")

    def _must_stand(self, what: str) -> None:
        if self.state in (State.OFFLINE, State.ENDED):
            raise SessionMisuse(f"{what} in state {self.state.name}")

    def _end(self, cause: Cause, failure: Failure) -> list[Event]:
        events: list[Event] = []
        if self._fire(cause):
            if self._report is not None:
                events.append(ReportFailed(self._report, failure))
            events.append(SessionEnded(failure))
        self._report = None
        return events
