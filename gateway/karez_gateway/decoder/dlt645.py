"""`karez decode dlt645`: DL/T 645-2007 frames, and reads by DL/T 645-1997, of a raw capture."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from karez_protocols import dlt645_data, dlt645_functions, dlt645_relay, dlt645_stream
from karez_protocols import dlt645_messages as messages
from karez_protocols.dlt645 import MORE
from karez_protocols.dlt645_frames import ERROR, REPLY, BadFrame, Frame, decode_frame, preamble_bytes
from karez_protocols.errors import BadChecksum, ProtocolError

from .dlt645_words import FUNCTIONS_1997, shown_name, shown_value, unit_of
from .finding import Field, Finding, Options

if TYPE_CHECKING:
    from karez_protocols.piece import Piece

_BYTES_SHOWN = 32  # of a stretch that is no frame
_HEXADECIMAL = {"di": 8, "di2": 4, "n1": 2, "n2": 2, "rate_code": 2, "signal": 2}
_RAW_NAMES = {"expiry": "expiry_raw", "clock": "clock_raw", "moment": "moment_raw"}


def decode(data: bytes, options: Options) -> list[Finding]:  # noqa: ARG001 - the interface of a decoder
    """Return one Finding for each frame, and for each stretch that is none. Raises nothing."""
    return [_finding(data, piece) for piece in dlt645_stream.pieces(data)]


def _finding(data: bytes, piece: Piece) -> Finding:
    raw = data[piece.offset : piece.offset + piece.length]
    if piece.error is not None:
        return _invalid(piece, raw, piece.error)
    frame = decode_frame(raw)
    facts = _header_facts(frame, raw)
    try:
        found = _values(piece.frame)
    except BadFrame as error:
        return _invalid(piece, raw, error)
    facts |= _message_facts(frame, piece.frame, found)
    return Finding(piece.offset, piece.length, facts, _fields(piece.offset, raw, frame, found))


# -- what is no frame -------------------------------------------------------------------


def _invalid(piece: Piece, raw: bytes, error: ProtocolError) -> Finding:
    facts: dict[str, Any] = {"kind": "invalid"}
    if isinstance(error, BadChecksum):
        facts |= {"reason": "checksum", "expected_cs": f"{error.expected:02X}"}
    else:
        facts["reason"] = error.reason if isinstance(error, BadFrame) else "length"
    facts["detail"] = str(error)
    if facts["reason"] == "function":  # named only once a frame is whole
        facts["detail"] += _other_function(raw)
    field = Field(piece.offset, raw[:_BYTES_SHOWN], "bytes", facts["detail"])
    return Finding(piece.offset, piece.length, facts, (field,))


def _other_function(raw: bytes) -> str:
    name = FUNCTIONS_1997.get(raw[preamble_bytes(raw) + 8] & 0x1F)
    return "; the checksum is right" + (f", and in DL/T 645-1997 it {name}" if name else "")


# -- facts ------------------------------------------------------------------------------


def _is_1997(frame: Frame) -> bool:
    return bool(frame.control & 0x1F == dlt645_functions.READ_1997)


def _header_facts(frame: Frame, raw: bytes) -> dict[str, Any]:
    kind = "error" if frame.control & ERROR else "response" if frame.control & REPLY else "request"
    facts: dict[str, Any] = {
        "kind": kind,
        "preamble_fe": preamble_bytes(raw),
        "address": frame.address,
        "ctrl": f"{frame.control:02X}",
    }
    if _is_1997(frame):
        facts["standard"] = "DL/T 645-1997"
    else:
        facts["function"] = dlt645_functions.FUNCTION_NAMES[frame.control & 0x1F]
    return facts


def _values(message: Any) -> list[Any] | None:
    """The Values of a reply to a read; None where there are none or the identifier is not known."""
    if not isinstance(message, messages.ReadReply | messages.Read1997Reply) or not message.data:
        return None
    is_2007 = isinstance(message, messages.ReadReply)
    what = (dlt645_data.meaning if is_2007 else dlt645_data.meaning_1997)(message.di)
    try:
        return None if what is None else dlt645_data.values_of(what, message.data)
    except BadFrame as error:
        if error.reason == "digits":
            raise
        return None  # a good frame of a meter that fills this identifier otherwise: shown as bytes


def _message_facts(frame: Frame, message: Any, found: list[Any] | None) -> dict[str, Any]:
    if isinstance(message, messages.Refused):
        return _refusal_facts(frame, message)
    if isinstance(message, messages.NoData):
        return {"detail": "a good reply without data: the meter has none"}
    if isinstance(message, messages.Accepted):
        return {}
    if isinstance(message, messages.ReadReply | messages.Read1997Reply):
        return _reply_facts(message, found)
    facts: dict[str, Any] = {}
    for name, start, end in messages.parts_of(frame):
        part = frame.data[start:end]
        key = "di" if name == "di2" else name
        if name in _HEXADECIMAL:
            facts[key] = f"{getattr(message, key):0{_HEXADECIMAL[name]}X}"
        elif name == "data" or name in _RAW_NAMES:
            if part:
                facts[_RAW_NAMES.get(name, "data")] = _hex(part)
        else:
            facts[key] = getattr(message, key)
        facts |= _meaning_facts(name, part)
    return facts | _more(message)


def _meaning_facts(name: str, part: bytes) -> dict[str, Any]:
    if name == "n1" and part[0] in dlt645_relay.ACTIONS:
        return {"action": dlt645_relay.ACTIONS[part[0]]}
    moment = _moment(part) if name in ("expiry", "clock") else None
    return {name: moment} if moment else {}


def _more(message: Any) -> dict[str, Any]:
    return {"more_follows": True} if getattr(message, "more", False) else {}


def _refusal_facts(frame: Frame, message: Any) -> dict[str, Any]:
    facts: dict[str, Any] = {"err": f"{message.code:0{2 * len(frame.data)}X}"}
    if not _is_1997(frame):  # its bits are not in our sources
        is_security = message.function == dlt645_functions.SECURITY
        names = dlt645_relay.SECURITY_ERROR_BITS if is_security else dlt645_relay.ERROR_BITS
        facts["err_bits"] = dlt645_relay.bit_names(message.code, names)
    return facts


def _reply_facts(message: Any, found: list[Any] | None) -> dict[str, Any]:
    is_1997 = isinstance(message, messages.Read1997Reply)
    facts: dict[str, Any] = {"di": f"{message.di:0{4 if is_1997 else 8}X}"} | _more(message)
    if is_1997:
        # The public replies name no unit: the digits are the fact, where they are digits.
        backwards = _hex(bytes(reversed(message.data)))
        return facts | ({"value_bcd": backwards} if backwards.isdecimal() else {"data": _hex(message.data)})
    if found is None:
        return facts | {"data": _hex(message.data)}
    if found[0].unit == "bits":
        return facts | {"data": _hex(message.data)} | _status_facts(found)
    if found[0].name == "rated_voltage":  # text, for the reader: the fact is its bytes
        return facts | {"data": _hex(message.data)}
    facts["values"] = {shown_name(value): shown_value(value) for value in found}
    backwards = _hex(bytes(reversed(message.data)))
    if len(found) == 1 and (found[0].unit != "text" or backwards.isdecimal()):
        facts["value_bcd"] = backwards
    if len(found) > 1 or not _is_present_quantity(message.di):
        facts["data"] = _hex(message.data)
    return facts


def _is_present_quantity(di: int) -> bool:
    """True for active energies, voltages, currents and powers of now: their digits say it all."""
    return not di & 0xFF and (di >> 24 == 2 or di >> 16 <= 2)


def _status_facts(found: list[Any]) -> dict[str, Any]:
    facts: dict[str, Any] = {"values": {value.name: value.value for value in found}}
    for value in found:
        if value.name == "status_word_3" and value.value is not None:
            word = dlt645_relay.status_word_3(value.value)
            facts["relay"] = "open" if word.is_open else "closed"
            facts["relay_command"] = "trip" if word.was_told_to_trip else "close"
            facts["supply"] = word.supply
            facts["meter_type"] = word.meter_type
    return facts


def _hex(raw: bytes) -> str:
    return raw.hex().upper()


def _moment(raw: bytes) -> str | None:
    """Second, minute, hour, day, month, year in BCD, as text; None if there is no such moment."""
    text = _hex(bytes(reversed(raw)))
    if not text.isdecimal():
        return None
    try:
        # The meter's own clock, of no stated zone; the zone here only keeps the type whole.
        moment = datetime.strptime("20" + text, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return None
    return moment.strftime("%Y-%m-%d %H:%M:%S")


# -- fields, for a person ---------------------------------------------------------------


def _fields(offset: int, raw: bytes, frame: Frame, found: list[Any] | None) -> tuple[Field, ...]:
    at = preamble_bytes(raw)

    def field(start: int, end: int, name: str, meaning: str, unit: str = "") -> Field:
        return Field(offset + start, raw[start:end], name, meaning, unit)

    fields = [field(0, at, "preamble", f"{at} x FE")] if at else []
    fields += [
        field(at, at + 1, "start", "68"),
        field(at + 1, at + 7, "address", frame.address),
        field(at + 7, at + 8, "start", "68"),
        field(at + 8, at + 9, "control code", _control_meaning(frame)),
        field(at + 9, at + 10, "length", f"{len(frame.data)} bytes of data"),
    ]
    for name, start, end in messages.parts_of(frame):
        first = at + 10 + start
        if name == "data" and found:
            size = (end - start) // len(found)
            for number, value in enumerate(found):
                shown = "not supported" if value.value is None else str(_in_words(value))
                unit = unit_of(value)
                fields.append(
                    field(first + number * size, first + (number + 1) * size, value.name, shown, unit)
                )
        elif end > start:
            shown = _part_meaning(name, frame, start, end)
            is_cipher = name == "data" and frame.control == dlt645_functions.RELAY
            fields.append(field(first, at + 10 + end, "ciphertext" if is_cipher else _noun(name), shown))
    fields.append(field(len(raw) - 2, len(raw) - 1, "checksum", "right"))
    fields.append(field(len(raw) - 1, len(raw), "end", "16"))
    return tuple(fields)


def _noun(name: str) -> str:
    return {"di": "identifier", "di2": "identifier", "n1": "N1", "n2": "N2"}.get(name, name.replace("_", " "))


def _in_words(value: Any) -> Any:
    if value.unit == "bits":
        return f"{value.value:04X}"
    return shown_value(value)


def _control_meaning(frame: Frame) -> str:
    name = dlt645_functions.FUNCTION_NAMES[frame.control & 0x1F].replace("_", " ")
    if frame.control & ERROR:
        return f"{name}, refused"
    if not frame.control & REPLY:
        return f"{name}, request"
    if frame.control & 0x1F == dlt645_functions.RELAY:
        return "relay, accepted: not yet moved, read status word 3"
    return f"{name}, reply" + (", more follows" if frame.control & MORE else "")


def _part_meaning(name: str, frame: Frame, start: int, end: int) -> str:
    """What a field says: its bytes without 33H, highest first, and their meaning."""
    part = frame.data[start:end]
    if name == "data" or name in _RAW_NAMES:
        moment = _moment(part) if name in ("expiry", "clock") else None
        return moment or _hex(part) + " as sent, 33 taken off"
    text = _hex(bytes(reversed(part)))
    if name == "error":
        is_security = frame.control & 0x1F == dlt645_functions.SECURITY
        names = dlt645_relay.SECURITY_ERROR_BITS if is_security else dlt645_relay.ERROR_BITS
        bits = [] if _is_1997(frame) else dlt645_relay.bit_names(int.from_bytes(part, "little"), names)
        return " ".join([text, *(bit.replace("_", " ") for bit in bits)])
    if name == "n1":
        return f"{text} {dlt645_relay.ACTIONS.get(part[0], 'unknown').replace('_', ' ')}"
    what = dlt645_data.meaning(int(text, 16)) if name == "di" else None
    if name == "di2":
        what = dlt645_data.meaning_1997(int(text, 16))
    return f"{text} {what.names[0].replace('_', ' ')}" if what and len(what.names) == 1 else text
