"""One connection to an SL 651-2014 platform, sans-I/O: bytes and `now_ms` in, events and bytes out.

Rules (clauses: docs/wire/sl651.md):
- there is no log-in and no good-bye; 2FH (mode M1) says who is on the line, at first and after every
  silence;
- one report at a time, in mode M2, or M3 when its body is longer than a packet; three attempts, then it
  has failed, and with it the session: on a new connection nothing stale can arrive;
- a confirm counts by direction, station, function, writing and serial, so neither a late one nor a
  second one confirms another report; the centre's number in it is not looked at: platforms differ;
- what ends with ENQ is handed over, never acted on; `reply` sends what came of it (mode M4).
"""

from collections.abc import Callable
from typing import Any

from karez_protocols import sl651
from karez_protocols.sl651_frames import ENQ, NAK, Frame
from karez_protocols.sl651_messages import KeepAlive, Line
from karez_protocols.sl651_modes import FAILED, M2, M3, SERIAL_MAX, WAITING, Transmission, next_serial
from karez_protocols.sl651_packets import divided
from karez_protocols.sl651_stream import StreamReader
from karez_protocols.sl651_times import Time, time_at
from karez_protocols.sl651_writing import encode_message

from .sl651_events import Counters, SessionSettings, StationReport
from .sl651_message import message_of
from .stream_events import Event, Failure, LoggedIn, PlatformAsked, ReportConfirmed
from .stream_session import Cause, SessionMisuse, State, StreamSession, Table

# A pair not in the table changes nothing.
NEXT: Table = {
    (State.OFFLINE, Cause.CONNECTED): State.READY,
    (State.OFFLINE, Cause.CLOSED): State.ENDED,
    (State.READY, Cause.REPORT_WAITING): State.REPORTING,
    (State.READY, Cause.CLOSED): State.ENDED,
    (State.REPORTING, Cause.CONFIRMED): State.READY,
    (State.REPORTING, Cause.UNANSWERED): State.ENDED,
    (State.REPORTING, Cause.CLOSED): State.ENDED,
}


class Sl651Session(StreamSession[StationReport]):
    """The station's side of one connection: says who is on the line, reports, holds it.

    `utc_s` gives the send time of each message; `serial` is the one before the first message's.
    """

    def __init__(
        self, station: bytes, settings: SessionSettings, utc_s: Callable[[], int], serial: int = SERIAL_MAX
    ) -> None:
        """Begin nothing yet."""
        super().__init__(NEXT)
        self.counters = Counters()
        self.reader = StreamReader(settings.form.dialect)
        self._station = station
        self._settings = settings
        self._utc_s = utc_s
        self._serial = serial
        self._sent: Time | None = None  # of the last message with data: 2FH repeats it with its serial
        self._request = b""
        self._transmission: Transmission | None = None
        self._answered: set[int] = set()  # functions whose last frame may still come

    @property
    def next_deadline_ms(self) -> int | None:
        """When `time_passed` must be called at the latest; None = no need."""
        if self._transmission is not None:
            return self._transmission.next_deadline_ms
        if self.state is State.READY:
            return self._last_sent_ms + self._settings.keep_alive_ms
        return None

    def connected(self, now_ms: int) -> list[Event]:
        """The connection stands: say who we are."""
        self._begin()
        self._last_sent_ms = now_ms
        if self._settings.announces:
            self._hold_link(now_ms)
        return [LoggedIn(self._station)]

    def send(self, report: StationReport, now_ms: int) -> None:
        """Take one report. Raises NotAllowed or TooLarge if the standard cannot carry it, SessionMisuse."""
        if self.state is not State.READY:
            raise SessionMisuse(f"a report in state {self.state.name}")
        serial, sent = next_serial(self._serial), self._now()
        settings = self._settings
        message = message_of(report, settings.station_class, settings.form, serial, sent)
        frame = encode_message(message, self._line(report.address), dialect=settings.form.dialect)
        frames = divided(frame, settings.packet_bytes)
        request = b"".join(self._encode(one) for one in frames)
        self._fire(Cause.REPORT_WAITING)
        self._report, self._request = report, request
        self._serial, self._sent = serial, sent
        self._transmission = Transmission(frames, M2 if len(frames) == 1 else M3, settings.answer_ms)
        self._put(self._transmission.start(now_ms), now_ms)

    def reply(self, asked: PlatformAsked, answer: Any, now_ms: int) -> None:
        """Send an answer: a message of sl651_messages; its serial is given here.

        Raises NotAllowed or TooLarge if the standard cannot carry it, SessionMisuse after the end.
        """
        self._must_stand("an answer")
        serial = next_serial(self._serial)
        line = self._line(asked.frame.station)._replace(is_ascii=asked.frame.is_ascii)
        message = answer._replace(serial=serial)
        frame = encode_message(message, line, dialect=self._settings.form.dialect)
        data = self._encode(frame)
        self._serial, self._sent = serial, answer.sent
        self._answered.add(frame.function)
        self.counters.replies += 1
        self._out += data
        self._last_sent_ms = now_ms

    def receive(self, data: bytes, now_ms: int) -> list[Event]:
        """Bytes of the platform. Raises nothing: what is no frame is counted."""
        events: list[Event] = []
        frames = self.reader.feed(data)
        self._take(frames, now_ms, events)
        return events

    def time_passed(self, now_ms: int) -> list[Event]:
        """Repeat, give up or hold the link, whichever is due."""
        events: list[Event] = []
        deadline_ms = self.next_deadline_ms
        if deadline_ms is None or now_ms < deadline_ms:
            return events
        transmission = self._transmission
        if transmission is None:
            self._hold_link(now_ms)
            return events
        self._take(self.reader.silence(), now_ms, events)  # a frame behind a torn one
        frames = transmission.time_passed(now_ms)
        if frames:
            self.counters.repeats += 1
            self._put(frames, now_ms)
        elif transmission.state == FAILED:
            events += self._end(Cause.UNANSWERED, Failure.UNANSWERED)
        return events

    def _now(self) -> Time:
        return time_at(self._utc_s(), self._settings.form.dialect.utc_offset_s)

    def _line(self, station: bytes) -> Line:
        settings = self._settings
        return Line(settings.centre, station, settings.password, settings.form.is_ascii)

    def _encode(self, frame: Frame) -> bytes:
        return bytes(sl651.encode(frame, self._settings.form.dialect))

    def _put(self, frames: list[Frame], now_ms: int) -> None:
        self._last_sent_ms = now_ms
        for frame in frames:
            self._out += self._encode(frame)

    def _hold_link(self, now_ms: int) -> None:
        """2FH: serial and time of the last message with data, never counted (6.6.4.2)."""
        self._sent = self._sent or self._now()
        message = KeepAlive(self._serial, self._sent)
        frame = encode_message(message, self._line(self._station), dialect=self._settings.form.dialect)
        self._put([frame], now_ms)

    def _take(self, frames: list[Frame], now_ms: int, events: list[Event]) -> None:
        for frame, raw in zip(frames, self.reader.raws, strict=True):
            if frame.is_up:
                self.counters.wrong_direction += 1
            elif frame.end == ENQ:
                self.counters.requests += 1
                events.append(PlatformAsked(frame, raw))
            else:
                self._take_confirm(frame, raw, now_ms, events)

    def _take_confirm(self, frame: Frame, raw: bytes, now_ms: int, events: list[Event]) -> None:
        transmission = self._transmission
        if transmission is not None:
            again = transmission.receive(frame, now_ms)
            if again:
                self.counters.resends += len(again)
                self._put(again, now_ms)
                return
            if transmission.state != WAITING:
                self._confirmed(raw, events)
                return
        if frame.end != NAK and frame.function in self._answered:
            self._answered.discard(frame.function)
            self.counters.finals += 1
        else:
            self.counters.confirms_unmatched += 1

    def _confirmed(self, raw: bytes, events: list[Event]) -> None:
        report, self._report = self._report, None
        self._transmission = None
        self._fire(Cause.CONFIRMED)
        events.append(ReportConfirmed(report, self._request, raw))

    def _end(self, cause: Cause, failure: Failure) -> list[Event]:
        self._transmission = None
        return super()._end(cause, failure)
