"""`karez decode modbus`: Modbus RTU frames of a raw capture, by whomever they were sent."""

from __future__ import annotations

from collections import ChainMap
from typing import TYPE_CHECKING, Any

from karez_protocols import modbus_messages as messages
from karez_protocols.errors import BadChecksum, Malformed, ProtocolError
from karez_protocols.exchange import Failure, Reply
from karez_protocols.modbus import Request
from karez_protocols.modbus_gaps import Cut, Stray
from karez_protocols.modbus_stream import is_reply, pieces

from .finding import Finding, Options, WrongOption
from .modbus_fields import bits_of, fields_of, fields_of_bad, function_name, registers_of
from .modbus_registers import MeterMap, Reading, meter_map

if TYPE_CHECKING:
    from karez_protocols.piece import Piece


SETTINGS = {"start": "first register, from 0, of the answers whose question is not in the capture"}


def decode(data: bytes, options: Options) -> list[Finding]:
    """Return one Finding for each frame, and for each stretch that is none.

    With a profile, register values too. Raises WrongOption for a profile that is not there.
    """
    found = pieces(data)
    asked = _questions(found)
    told = _told_start(options)
    meters = _Meters(meter_map(options.profile), told, found, asked) if options.profile else None
    return [_finding(data, piece, request, meters) for piece, request in zip(found, asked, strict=True)]


def _told_start(options: Options) -> int | None:
    text = dict(options.settings).get("start")
    if text is None:
        return None
    try:
        start = int(text, 0)
    except ValueError:
        start = -1
    if not 0 <= start <= 0xFFFF:
        raise WrongOption(f"start is a register from 0 to 65535, also as 0x1010, not {text}")
    return start


def _questions(found: list[Piece]) -> list[Any]:
    """Return, of each piece, the request it answers, or None."""
    asked: list[Any] = []
    waiting = None
    for piece in found:
        message = piece.frame
        asked.append(None)
        if message is None:
            continue
        if is_reply(message):
            if waiting is not None and messages.is_answer(waiting, message):
                asked[-1] = waiting
            waiting = None
        else:
            waiting = message
    return asked


class _Meters:
    """Registers heard of each address, read with one meter's map."""

    def __init__(self, meter: MeterMap, told: int | None, found: list[Piece], asked: list[Any]) -> None:
        self._map = meter
        self._told = told  # where answers without a question begin
        self.is_told = told is not None
        self._first: dict[int, dict[int, int]] = {}  # of the whole capture, what came first
        self._latest: dict[int, dict[int, int]] = {}
        for piece, request in zip(found, asked, strict=True):
            start = self.start(piece.frame, request)
            if start is not None:
                heard = _heard(start, piece.frame)
                self._first[piece.frame.address] = heard | self._first.get(piece.frame.address, {})

    def start(self, message: Any, request: Any) -> int | None:
        """Return the register with which a reply begins; None if that is not known, or not this map's."""
        if not isinstance(message, Reply) or message.function != self._map.function:
            return None
        if request is not None:
            return int(request.start)
        if self._told is not None:
            return self._told
        # A reply as long as just one request of the profile is taken for its answer; another for
        # one that begins where the map does, as most tools read. The finding says that it is assumed.
        fitting = [start for start, count in self._map.requests if 2 * count == len(message.data)]
        first: int = fitting[0] if len(fitting) == 1 else min(start for start, _ in self._map.requests)
        return first

    def values(self, start: int, message: Reply) -> tuple[dict[str, int | None], list[Reading]]:
        """Return the values of a reply and the fields behind them; replies come in their order."""
        heard = _heard(start, message)
        latest = self._latest.setdefault(message.address, {})
        values = self._map.values(heard, ChainMap(latest, self._first[message.address]))
        latest.update(heard)
        return values, self._map.readings(heard, values)


def _heard(start: int, message: Reply) -> dict[int, int]:
    return dict(enumerate(registers_of(message.data), start))


def _finding(data: bytes, piece: Piece, request: Any, meters: _Meters | None) -> Finding:
    raw = data[piece.offset : piece.offset + piece.length]
    message = piece.frame
    if message is None:
        return _invalid(piece, raw, piece.error)
    facts = _facts(message, request)
    start = None
    readings: list[Reading] = []
    if request is not None and messages.has_registers(message.function):
        start = request.start
    if meters:
        place = meters.start(message, request)
        if place is not None:
            start = place
            facts["start"] = facts.get("start", start)
            values, readings = meters.values(start, message)
            if values:
                facts["values"] = values
            if request is None and not meters.is_told:
                facts["start_assumed"] = True
    fields = fields_of(piece.offset, raw, message, request, start, readings)
    title = ""
    if facts.get("start_assumed"):
        title = f"response, taken to begin at register {start} (--set start=N says otherwise)"
    return Finding(piece.offset, piece.length, facts, fields, title)


# -- what is no message -----------------------------------------------------------------


def _invalid(piece: Piece, raw: bytes, error: ProtocolError) -> Finding:
    facts: dict[str, Any] = {"kind": "invalid", "reason": _reason(error)}
    if isinstance(error, BadChecksum):
        expected = _wire(error.expected)
        facts |= {
            "expected_crc": expected,
            "detail": f"CRC {_wire(error.found)} on the wire, {expected} expected",
        }
        fields = fields_of_bad(piece.offset, raw, f"wrong, {expected} expected")
        return Finding(piece.offset, piece.length, facts, fields)
    facts["detail"] = str(error)
    if isinstance(error, messages.UnknownFunction):
        name = function_name(raw[1] & 0x7F)
        facts["detail"] += "" if name == "unknown" else f" ({name}, not taken apart)"
        facts["detail"] += "; the CRC is right"
    is_frame = not isinstance(error, Stray | Cut)
    fields = fields_of_bad(piece.offset, raw, "right") if is_frame else ()
    return Finding(piece.offset, piece.length, facts, fields)


def _wire(crc: int) -> str:
    return crc.to_bytes(2, "little").hex().upper()


def _reason(error: ProtocolError) -> str:
    if isinstance(error, BadChecksum):
        return "crc"
    if isinstance(error, messages.UnknownFunction):
        return "function"
    if isinstance(error, messages.WrongAddress):
        return "address"
    if isinstance(error, Stray):
        return "noise"
    return "length" if isinstance(error, Malformed) else "value"


# -- facts ------------------------------------------------------------------------------


def _facts(message: Any, request: Any) -> dict[str, Any]:
    kind = "response" if is_reply(message) else "request"
    facts: dict[str, Any] = {"kind": kind, "addr": message.address, "func": message.function}
    if isinstance(message, Failure):
        return facts | {"kind": "exception", "exception": message.code}
    if isinstance(message, Reply):
        return facts | {"byte_count": len(message.data)} | _data_facts(message, request)
    if isinstance(message, messages.Identify):
        return facts
    facts["start"] = message.start
    if message.function in (messages.WRITE_COIL, messages.WRITE_REGISTER):
        key = "bits" if message.function == messages.WRITE_COIL else "registers"
        return facts | {key: [message.value]}
    facts["qty"] = message.value if isinstance(message, messages.Written) else message.count
    if isinstance(message, messages.ReadWrite):
        facts |= {"write_start": message.write_start, "write_qty": len(message.data) // 2}
    if isinstance(message, Request | messages.Written):
        return facts
    return facts | _data_facts(message, message)


def _data_facts(message: Any, request: Any) -> dict[str, Any]:
    """Registers or bits; `request` says how many of the bits count."""
    if message.function == messages.IDENTIFY:
        return {"data": message.data.hex().upper()}
    if messages.has_registers(message.function):
        return {"registers": registers_of(message.data)}
    return {"bits": bits_of(message.data, request.count if request else 8 * len(message.data))}
