"""A platform that speaks SL 651-2014 over TCP, HEX and ASCII mixed: polite by default, rude on request.

    async with PlatformSl651() as platform:
        ... connect to platform.host, platform.port ...
        await platform.received(3)
        platform.reports[0].quantities["total_l"]

Reports are kept once per (station, function, time of observation): a station sends again what was not
confirmed, with the same observation time and perhaps another serial. A frame with several times is several.
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from karez_protocols import sl651, sl651_packets
from karez_protocols import sl651_functions as functions
from karez_protocols import sl651_messages as messages
from karez_protocols import sl651_modes as modes
from karez_protocols.errors import Malformed, ProtocolError
from karez_protocols.sl651_dialect import KAREZ_ELEMENTS, Dialect
from karez_protocols.sl651_frames import ACK, EOT, ESC, ETB, ETX, Frame
from karez_protocols.sl651_reading import decode_message, is_fragment
from karez_protocols.sl651_stations import station_text
from karez_protocols.sl651_stream import StreamReader
from karez_protocols.sl651_times import time_at, utc_of
from karez_protocols.sl651_writing import encode_message
from karez_simulators import platform_sl651_asks as asks
from karez_simulators.platform_asks import Ask, Question
from karez_simulators.platform_books import LOOPBACK
from karez_simulators.platform_kept import Journal, Kept, LinkMessage, plain
from karez_simulators.platform_link import Link
from karez_simulators.platform_manners import POLITE, Manners
from karez_simulators.platform_server import PlatformServer
from karez_simulators.platform_sl651_values import observed_in, quantities_of

WITH_KAREZ_ELEMENTS = Dialect(elements=KAREZ_ELEMENTS)
PASSWORD = 0x1234  # of the standard's examples
ASSEMBLIES_MAX = 64  # messages of several packets under way on one connection

# What a station sends of itself; 4C to 4E also come as reports of a state that changed.
REPORTS = (*range(functions.TEST, functions.PICTURE + 1), functions.PUMPS, functions.VALVES, functions.GATES)


@dataclass
class ReceivedSl651(Kept):
    """A report of one station and one time; `frame` is the whole message it came in."""

    address: bytes = b""
    frame: Any = None


class _Packets:
    """A message of several packets: what is there of it, its bytes, how often each was asked for again."""

    def __init__(self) -> None:
        self.assembly = sl651_packets.Assembly()
        self.raws: dict[int, bytes] = {}
        self.resends: dict[int, int] = {}


class PlatformSl651(PlatformServer):
    """The centre. `password` is what its commands carry.

    `mode` M1 confirms nothing, M2 and M3 what is whole. `end` is how a confirm ends where nothing else is
    due: EOT, or ACK as some centres do; ETB is answered by ACK, and ESC goes out while it has questions.
    """

    standard = "sl651"

    def __init__(
        self,
        dialect: Dialect = WITH_KAREZ_ELEMENTS,
        manners: Manners = POLITE,
        *,
        host: str = LOOPBACK,
        port: int = 0,
        utc_s: Callable[[], float] = time.time,
        journal: Journal | None = None,
        script: Iterable[Ask] = (),
        password: int = PASSWORD,
        mode: int = modes.M3,
        end: int = EOT,
    ) -> None:
        self.dialect = dialect
        self.password = password
        self.mode = mode
        self.end = end
        self._lines: dict[bytes, messages.Line] = {}
        super().__init__(manners, host=host, port=port, utc_s=utc_s, journal=journal, script=script)

    @property
    def reports(self) -> list[ReceivedSl651]:
        """Reports in order of arrival, each once."""
        return [one for one in self.books.reports.values() if isinstance(one, ReceivedSl651)]

    def new_reader(self) -> StreamReader:
        """A reader for one connection's bytes."""
        return StreamReader(self.dialect)

    def raws_of(self, reader: StreamReader, frames: list[Frame]) -> list[bytes]:  # noqa: ARG002 - as SZY 206
        """The bytes of the frames that the reader has just found."""
        return reader.raws

    def _now(self) -> Any:
        return time_at(self.now_s(), self.dialect.utc_offset_s)

    # -- what comes ------------------------------------------------------------------------

    def take(self, frame: Frame, raw: bytes, link: Link) -> None:
        """Store what a frame brings; confirm what is owed one."""
        if self.heard(frame.station, link):
            self._lines[frame.station] = modes.line_of(frame)
        try:
            if is_fragment(frame):
                self._take_packet(frame, raw, link)
            else:
                self._take_whole(frame, frame, raw, link)
        except ProtocolError as error:
            self.not_understood(raw, str(error))

    def _take_whole(self, whole: Frame, last: Frame, raw: bytes, link: Link) -> None:
        message = decode_message(whole, self.dialect)
        if isinstance(message, messages.KeepAlive):  # 6.6.4.2: never answered
            self.linked(
                station_text(whole.station), "keep-alive", LinkMessage(whole.station, functions.KEEP_ALIVE)
            )
        elif self.is_answered(whole.station, whole, raw):
            pass  # `ask` sends the last frame
        elif whole.function in REPORTS or whole.function in self.dialect.user_reports:
            reports = self._store(message, whole, raw)
            if reports and self.mode != modes.M1:
                self.confirm(link, lambda: self._confirm(last, message.serial), reports)
        else:
            self.not_understood(raw, f"nobody waits for an answer {whole.function:02X}", "unasked")

    def _store(self, message: Any, frame: Frame, raw: bytes) -> list[Kept]:
        kept = []
        for station, observed, elements in observed_in(message, frame.station, self.dialect):
            report = ReceivedSl651(
                station_text(station),
                f"{frame.function:02X}",
                utc_of(observed, self.dialect.utc_offset_s),
                quantities_of(elements, self.dialect),
                repr((elements, plain(message) if not elements else "")).encode(),
                raw,
                address=station,
                frame=frame,
            )
            one = self.store(report)
            kept += [] if one is None else [one]
        return kept

    # -- packets ---------------------------------------------------------------------------

    def _take_packet(self, frame: Frame, raw: bytes, link: Link) -> None:
        packets, is_new = self._packets(frame, link)
        packets.raws[frame.packet[1]] = raw
        if packets.assembly.is_whole() and not (is_new or frame.end == ETX):
            return  # a repeat of it all: its last packet is confirmed
        if packets.assembly.is_whole():
            joined = b"".join(packets.raws[number] for number in sorted(packets.raws))
            self._take_whole(packets.assembly.whole(), frame, joined, link)
        elif frame.end == ETX and self.mode != modes.M1:
            missing = packets.assembly.missing()[0]
            asked = packets.resends[missing] = packets.resends.get(missing, 0) + 1
            if asked <= modes.RESENDS_MAX:
                resend = packets.assembly.resend(self._now())
                link.say(sl651.encode(encode_message(resend, modes.line_of(frame), dialect=self.dialect)))

    def _packets(self, frame: Frame, link: Link) -> tuple[_Packets, bool]:
        """The message a packet is of, and if it brings something new.

        A whole one stays until another begins: its repeats are confirmed again.
        """
        packets: _Packets = link.parts.pop(frame.station, None) or _Packets()
        while len(link.parts) >= ASSEMBLIES_MAX:
            link.parts.pop(next(iter(link.parts)))
        link.parts[frame.station] = packets
        was_whole = packets.assembly.is_whole()
        try:
            packets.assembly.take(frame)
        except Malformed:
            was_whole, packets = False, _Packets()
            link.parts[frame.station] = packets
            packets.assembly.take(frame)
        return packets, not was_whole

    # -- confirms --------------------------------------------------------------------------

    def _end_of(self, frame: Frame) -> int:
        if frame.end == ETB and frame.packet is None:  # more frames follow
            return ACK
        return ESC if self.has_questions(frame.station) else self.end

    def _confirm(self, frame: Frame, serial: int) -> bytes:
        """The confirm of a message that ends with this frame, as the manners want it."""
        manners = self.manners
        line = modes.line_of(frame)
        packet = None if frame.packet is None else (frame.packet[0], frame.packet[0])
        function = frame.function
        if manners.is_station_wrong:
            line = line._replace(station=line.station[:4] + bytes([line.station[4] ^ 1]))
        if manners.is_function_wrong:
            function = functions.TIMED if function != functions.TIMED else functions.ADDITIONAL
        if manners.is_number_wrong:
            serial = modes.next_serial(serial)
        answer: Any = messages.Confirm(function, serial, self._now(), self._end_of(frame), packet)
        if manners.refuses:
            answer = messages.Resend(function, serial, self._now(), frame.packet)
        data = sl651.encode(encode_message(answer, line, dialect=self.dialect), self.dialect)
        if manners.is_checksum_wrong:
            wrong = bytes([data[-1] ^ 0x55]) if not line.is_ascii else b"1" if data[-1:] == b"0" else b"0"
            data = data[:-1] + wrong
        return data

    # -- what it asks ----------------------------------------------------------------------

    def check(self, ask: Ask) -> None:
        """Raise BadAsk if this standard has no such question."""
        line = messages.Line(1, bytes(5), self.password, False)
        moment = time_at(int(self._utc_s()), self.dialect.utc_offset_s)
        asks.question(ask, line, moment, self.dialect)

    def question(self, station: bytes, ask: Ask) -> Question:
        """The frames of a question, three times the same. Raises BadAsk."""
        line = self._lines[station]
        password = self.password ^ (0x5555 if self.manners.is_password_wrong else 0)
        asking = asks.question(ask, line._replace(password=password), self._now(), self.dialect)
        raw = sl651.encode(asking, self.dialect)

        def last(frame: Frame) -> bytes:
            end = ESC if self.has_questions(station) else self.end
            final = modes.confirm_for(frame, self._now(), end)
            return sl651.encode(encode_message(final, line, dialect=self.dialect), self.dialect)

        return Question([raw] * modes.ATTEMPTS_MAX, lambda frame: modes.answers(asking, frame), last)

    def read_answer(self, frame: Frame) -> dict[str, Any]:
        """What an answer says, as JSON can hold it, and its quantities in our units."""
        return asks.read_answer(frame, self.dialect)
