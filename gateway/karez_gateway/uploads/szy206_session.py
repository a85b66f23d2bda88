"""One connection to an SZY 206 / SL/T 427 platform, sans-I/O: bytes and `now_ms` in, events and bytes out.

Rules:
- one exchange at a time; repeats, and which confirm belongs to which of them: szy206_exchange;
- a confirm is matched by address, AFN and FCB only: platforms differ in the rest;
- a failure ends the session: on a new connection no stale confirm can arrive;
- what the platform asks or commands is handed over, never acted on; `reply` sends what came of it.
"""

from karez_protocols.szy206 import Frame
from karez_protocols.szy206_exchange import FAILED, Exchange
from karez_protocols.szy206_functions import LINK, REPORT
from karez_protocols.szy206_messages import KEEP_ALIVE, LOG_IN, LOG_OUT, LinkTest, SelfReport
from karez_protocols.szy206_readings import TYPE_FLOW
from karez_protocols.szy206_stream import StreamReader
from karez_protocols.szy206_time import tag_at

from .stream_events import Event, Failure, LoggedIn, PlatformAsked, ReportConfirmed
from .stream_session import Cause, SessionMisuse, State, StreamSession, Table
from .szy206_events import Counters, FlowReport, SessionSettings

# A receiver drops a frame older than Tp + delay; 0 = no such check. A backlog is always old.
TAG_DELAY_MIN = 0
LITRES_PER_M3 = 1000

# Data byte of a report's confirm: 2 and 3 want the station in query or maintenance mode.
_MODES_NOT_HONOURED = (2, 3)

# A pair not in the table changes nothing.
NEXT: Table = {
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


class Szy206Session(StreamSession[FlowReport]):
    """The station's side of one connection: logs in, reports, keeps alive, logs out."""

    def __init__(self, link_address: bytes, settings: SessionSettings) -> None:
        """Begin nothing yet."""
        super().__init__(NEXT)
        self.reader = StreamReader()
        self._counters = Counters()
        self._link_address = link_address
        self._settings = settings
        self._exchange = Exchange(settings.answer_ms)
        self._stations: set[bytes] = set()

    @property
    def counters(self) -> Counters:
        """What came and went on this connection."""
        self._counters.repeats = self._exchange.repeats
        self._counters.confirms_late = self._exchange.late
        return self._counters

    @property
    def next_deadline_ms(self) -> int | None:
        """When `time_passed` must be called at the latest; None = no need."""
        if self.state is State.READY:
            return self._last_sent_ms + self._settings.keep_alive_ms
        return self._exchange.next_deadline_ms

    def connected(self, now_ms: int) -> list[Event]:
        """The connection stands: log in."""
        self._begin()
        self._ask(_link_test(self._link_address, LOG_IN), now_ms)
        return []

    def send(self, report: FlowReport, now_ms: int) -> None:
        """Take one report. Raises NotAllowed if the standard cannot carry it, SessionMisuse out of turn."""
        self._must_stand("a report")
        if self._report is not None:
            raise SessionMisuse("a report while one is under way")
        self._message(report).encode(self._settings.dialect)
        self._report = report
        self._advance(now_ms)

    def reply(self, asked: PlatformAsked, answer: bytes, now_ms: int) -> None:  # noqa: ARG002 - one signature
        """Send an answer, as szy206_responder makes it. Raises SessionMisuse after the end."""
        self._must_stand("an answer")
        self._counters.replies += 1
        self._out += answer

    def receive(self, data: bytes, now_ms: int) -> list[Event]:
        """Bytes of the platform. Raises nothing: what is no frame is counted."""
        events: list[Event] = []
        for frame in self.reader.feed(data):
            self._take(frame, now_ms, events)
        return events

    def time_passed(self, now_ms: int) -> list[Event]:
        """Repeat, give up or keep alive, whichever is due."""
        events: list[Event] = []
        due_ms = self._exchange.next_deadline_ms
        if due_ms is not None and now_ms >= due_ms:
            for frame in self.reader.silence():  # a frame behind a torn one
                self._take(frame, now_ms, events)
            repeat = self._exchange.time_passed(now_ms)
            if repeat:
                self._put(repeat, now_ms)
            if self._exchange.state == FAILED:
                events += self._end(Cause.UNANSWERED, Failure.UNANSWERED)
        elif self.state is State.READY and now_ms >= self._last_sent_ms + self._settings.keep_alive_ms:
            self._keep_alive(now_ms)
        return events

    def log_out(self) -> list[Event]:
        """Say good-bye (F1) without waiting for an answer: nothing hangs on it."""
        if self.state not in (State.OFFLINE, State.ENDED):
            self._out += LinkTest(self._link_address, LOG_OUT).encode()
        return super().log_out()

    def _advance(self, now_ms: int) -> None:
        """Start what waits, if nothing is under way."""
        report = self._report
        if self.state is not State.READY or report is None:
            return
        if self._settings.logs_in_each_station and report.address not in self._stations:
            self._fire(Cause.STATION_UNKNOWN)
            self._ask(_link_test(report.address, LOG_IN), now_ms)
            return
        self._fire(Cause.REPORT_WAITING)
        self._ask(self._message(report).frame(self._settings.dialect), now_ms)

    def _keep_alive(self, now_ms: int) -> None:
        address = self._link_address
        if not self._settings.keep_alive_is_confirmed:
            self._put(LinkTest(address, KEEP_ALIVE).encode(), now_ms)
            return
        self._fire(Cause.IDLE)
        self._ask(_link_test(address, KEEP_ALIVE), now_ms)

    def _message(self, report: FlowReport) -> SelfReport:
        volume_l = None if report.volume_m3 is None else report.volume_m3 * LITRES_PER_M3
        channel = {"flow_lph": report.flow_lph, "volume_l": volume_l}
        tag = tag_at(report.utc_s, self._settings.dialect.utc_offset_s, TAG_DELAY_MIN)
        return SelfReport(report.address, TYPE_FLOW, [channel], report.alarm, report.state, tag)

    def _ask(self, frame: Frame, now_ms: int) -> None:
        self._put(self._exchange.start(frame, now_ms), now_ms)

    def _put(self, data: bytes, now_ms: int) -> None:
        self._last_sent_ms = now_ms
        self._out += data

    def _take(self, frame: Frame, now_ms: int, events: list[Event]) -> None:
        if frame.is_up:
            self._counters.wrong_direction += 1
        elif frame.afn not in (LINK, REPORT):
            self._asked(frame, events)
        elif self._is_confirm(frame):
            self._confirmed(frame, now_ms, events)

    def _asked(self, frame: Frame, events: list[Event]) -> None:
        self._counters.requests += 1
        events.append(PlatformAsked(frame, frame.raw or b""))

    def _is_confirm(self, frame: Frame) -> bool:
        late = self._exchange.late
        if self._exchange.take(frame):
            return True
        # A platform that confirms F2 though we do not ask it to is no oddity.
        if frame.afn == REPORT and self._exchange.late == late:
            self._counters.confirms_unmatched += 1
        return False

    def _confirmed(self, frame: Frame, now_ms: int, events: list[Event]) -> None:
        was = self.state
        self._fire(Cause.CONFIRMED)
        if was is State.LOGGING_IN:
            self._stations.add(frame.address)
            events.append(LoggedIn(frame.address))
        elif was is State.REPORTING and self._report is not None:
            request = self._exchange.answered_bytes
            events.append(ReportConfirmed(self._report, request, frame.raw or b""))
            self._report = None
            if frame.body[:1] and frame.body[0] in _MODES_NOT_HONOURED:
                self._asked(frame, events)
        self._advance(now_ms)

    def _end(self, cause: Cause, failure: Failure) -> list[Event]:
        self._exchange.drop()
        return super()._end(cause, failure)


def _link_test(address: bytes, kind: int) -> Frame:
    return Frame(True, address, LINK, bytes([kind]))
