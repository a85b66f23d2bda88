"""A platform that speaks SZY 206 / SL/T 427 over TCP: polite by default, rude on request.

    async with PlatformSzy206() as platform:
        ... connect to platform.host, platform.port ...
        await platform.received(3)
        platform.reports[0].volume_m3

Reports are kept once per (A, AFN, type, Tp), as the standard's repeats require; a tag without month
is completed from the platform's clock first, or next month's reports would pass for copies.
"""

import hashlib
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from karez_protocols.errors import ProtocolError
from karez_protocols.szy206 import SZY206_2016, Dialect, Frame
from karez_protocols.szy206_commands import Answer, Upload
from karez_protocols.szy206_functions import CONFIRMED
from karez_protocols.szy206_messages import (
    LOG_IN,
    LOG_OUT,
    Confirm,
    LinkTest,
    SelfReport,
    confirm_of,
    decode_message,
)
from karez_protocols.szy206_parts import Assembly
from karez_protocols.szy206_stream import StreamReader
from karez_protocols.szy206_time import tag_at, utc_of
from karez_simulators import platform_szy206_asks as asks
from karez_simulators.platform_asks import Ask, Question
from karez_simulators.platform_books import LOOPBACK
from karez_simulators.platform_kept import Journal, Kept, LinkMessage, plain
from karez_simulators.platform_link import Link
from karez_simulators.platform_manners import POLITE, Manners
from karez_simulators.platform_server import PlatformServer

__all__ = ("LOOPBACK", "POLITE", "LinkMessage", "Manners", "PlatformSzy206", "ReceivedReport")

LITRES_PER_M3 = 1000
ASSEMBLIES_MAX = 64  # divided messages under way on one connection; the oldest is given up
LINK_WORDS = {LOG_IN: "log-in", LOG_OUT: "log-out"}
PASSWORD = b"\x12\x34"  # of the standards' examples


@dataclass
class ReceivedReport(Kept):
    """A report with what it says: C0H, 81H or 82H (`message` a SelfReport), 83H or 84H (an Upload)."""

    address: bytes = b""
    message: Any = None

    @property
    def alarm(self) -> int:
        """The alarm word, 0 where the message has none."""
        return int(self.quantities.get("alarm") or 0)

    @property
    def state(self) -> int:
        """The state word, 0 where the message has none."""
        return int(self.quantities.get("state") or 0)

    @property
    def flow_lph(self) -> int | None:
        """Flow of the first channel."""
        return self.quantities.get("flow_lph")

    @property
    def volume_m3(self) -> int | None:
        """Register of the first channel in whole cubic metres."""
        volume_l = self.quantities.get("volume_l")
        return None if volume_l is None else int(volume_l) // LITRES_PER_M3


class _Pieces:
    """A divided message: what is there of it, and its bytes."""

    def __init__(self) -> None:
        self.assembly = Assembly()
        self.raws: dict[int, bytes] = {}  # by DIVS


class PlatformSzy206(PlatformServer):
    """The centre of one dialect. `password` is what its commands carry."""

    standard = "szy206"

    def __init__(
        self,
        dialect: Dialect = SZY206_2016,
        manners: Manners = POLITE,
        *,
        host: str = LOOPBACK,
        port: int = 0,
        utc_s: Callable[[], float] = time.time,
        journal: Journal | None = None,
        script: Iterable[Ask] = (),
        password: bytes = PASSWORD,
    ) -> None:
        self.dialect = dialect
        self.password = password
        super().__init__(manners, host=host, port=port, utc_s=utc_s, journal=journal, script=script)

    @property
    def reports(self) -> list[ReceivedReport]:
        """Reports in order of arrival, each once."""
        return [one for one in self.books.reports.values() if isinstance(one, ReceivedReport)]

    def new_reader(self) -> StreamReader:
        """A reader for one connection's bytes."""
        return StreamReader()

    def raws_of(self, reader: StreamReader, frames: list[Frame]) -> list[bytes]:  # noqa: ARG002 - as SL 651
        """The bytes of the frames that the reader has just found."""
        return [frame.raw or b"" for frame in frames]

    # -- what comes ------------------------------------------------------------------------

    def take(self, frame: Frame, raw: bytes, link: Link) -> None:
        """Store what a frame brings; confirm what is owed one."""
        self.heard(frame.address, link)
        try:
            whole, raw = self._whole(frame, raw, link)
            message = None if whole is None else decode_message(whole, self.dialect)
        except ProtocolError as error:
            self.not_understood(raw, str(error))
            return
        if whole is None or message is None:
            if frame.afn in CONFIRMED:  # each fragment is confirmed with its DIVS
                self.confirm(link, lambda: self._confirm(frame), [])
            return
        if isinstance(message, LinkTest):
            self.linked(
                frame.address.hex().upper(),
                LINK_WORDS.get(message.kind, "keep-alive"),
                LinkMessage(message.address, message.kind),
            )
            link.say(self._good_confirm(frame))
        elif isinstance(message, SelfReport | Upload):
            report = self._report(message, whole, raw)
            kept = self.store(report)
            if kept is not None:
                self.confirm(link, lambda: self._confirm(frame), [kept])
        elif not self.is_answered(frame.address, whole, raw):
            self.not_understood(raw, f"nobody waits for an answer {frame.afn:02X}", "unasked")

    def _whole(self, frame: Frame, raw: bytes, link: Link) -> tuple[Frame | None, bytes]:
        """The message a frame ends or is, and its bytes; None while some are missing.

        Raises Malformed, TooLarge.
        """
        if frame.divs is None:
            return frame, raw
        pieces: _Pieces = link.parts.pop(frame.address, None) or _Pieces()
        while len(link.parts) >= ASSEMBLIES_MAX:
            link.parts.pop(next(iter(link.parts)))
        link.parts[frame.address] = pieces
        if pieces.assembly.is_idle:
            pieces.raws = {}
        whole = pieces.assembly.take(frame)
        pieces.raws[frame.divs] = raw
        return whole, b"".join(pieces.raws[divs] for divs in sorted(pieces.raws, reverse=True))

    def _report(self, message: "SelfReport | Upload", frame: Frame, raw: bytes) -> ReceivedReport:
        if isinstance(message, SelfReport):
            utc_s = utc_of(message.tag, self.dialect.utc_offset_s, int(self._utc_s()))
            values: dict[str, Any] = {}
            for at, reading in enumerate(message.readings, 1):
                values |= {name if at == 1 else f"{name}_{at}": one for name, one in reading.items()}
            values |= {"alarm": message.alarm, "state": message.state}
        else:
            utc_s = int(self._utc_s())
            values = plain(message.values)
        # FCB (in C) and CS are a repeat's own; the rest must be the same.
        content = frame.address + frame.afn.to_bytes(2, "big") + frame.body
        return ReceivedReport(
            frame.address.hex().upper(),
            f"{frame.afn:02X}/{frame.type_code}",
            utc_s,
            values,
            content,
            raw,
            id=hashlib.sha256(content).hexdigest()[:32] if isinstance(message, Upload) else "",
            address=frame.address,
            message=message,
        )

    def _good_confirm(self, frame: Frame) -> bytes:
        return self._bytes_of(confirm_of(frame))

    def _bytes_of(self, confirm: Confirm) -> bytes:
        if self.dialect.confirm_with_tp:
            confirm.tag = tag_at(self.now_s(), self.dialect.utc_offset_s)
        return confirm.encode(self.dialect)

    def _confirm(self, frame: Frame) -> bytes:
        """The confirm as the manners want it."""
        manners = self.manners
        confirm = confirm_of(frame)
        if manners.is_station_wrong:
            confirm.address = confirm.address[:4] + bytes([confirm.address[4] ^ 1])
        if manners.is_function_wrong:
            confirm.afn = next(afn for afn in CONFIRMED[1:] if afn != frame.afn)
        if manners.is_number_wrong:
            confirm.fcb = (confirm.fcb - 1) % 4  # of an attempt that was not made yet
        data = self._bytes_of(confirm)
        if manners.is_checksum_wrong:
            data = data[:-2] + bytes([data[-2] ^ 0x55]) + data[-1:]
        return data

    # -- what it asks ----------------------------------------------------------------------

    def check(self, ask: Ask) -> None:
        """Raise BadAsk if this standard has no such question."""
        asks.attempts_of(ask, bytes(5), self.password, int(self._utc_s()), self.dialect)

    def question(self, station: bytes, ask: Ask) -> Question:
        """The frames of a question: FCB 3, 2, 1. Raises BadAsk."""
        password = self.password
        if self.manners.is_password_wrong:
            password = bytes(one ^ 0x55 for one in password)
        return asks.question(ask, station, password, self.now_s(), self.dialect)

    def read_answer(self, frame: Frame) -> dict[str, Any]:
        """What an answer says, as JSON can hold it."""
        message = decode_message(frame, self.dialect)
        return plain(message.values) if isinstance(message, Answer) else {}
