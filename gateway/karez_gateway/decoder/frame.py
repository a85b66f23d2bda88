"""`karez decode frame`: payloads of the field link, what MQTT carries between controller and gateway.

Up: a header and records. Down: an acknowledgement, or 02 and a signed grant. State: what is
retained. A payload does not say which topic it came from; `--set topic=` does. Without it an
acknowledgement and a frame of one record, which begin alike, are told apart by what follows.
"""

import re
from collections.abc import Iterator
from dataclasses import replace

from karez_protocols import fields, link, record
from karez_protocols.errors import ProtocolError
from karez_protocols.link_gateway import decode_state

from . import grant, own_words
from .finding import KIND_INVALID, Field, Finding, Options, WrongOption
from .layout_fields import plain, rows
from .record import H_SIZE, Slots

TOPICS = ("up", "down", "state")
SETTINGS = {
    "topic": "up, down or state: last part of the MQTT topic the payloads came from",
    "before": "chain value before the first record, 64 hex digits: the records are checked against it",
    "key": "public key of the regulator, 64 hex digits: the signature of a grant is checked with it",
}

_ACK_SIZE: int = fields.size_of(link.ACK_BODY)
_STATE_SIZE: int = fields.size_of(link.STATE_BODY)
# Up: version, 1..16 slots, reserved, numbers, then the first record's version and kind.
_UP = re.compile(rb"\x01[\x01-\x10]\0\0.{8}\x01[\x01-\x0d]", re.DOTALL)
_UP_HEADER = re.compile(rb"\x01[\x01-\x10]\0\0")
_ACK = re.compile(rb"\x01\x01\0\0")
_GRANT = re.compile(rb"\x02\x01[\x00\x01][\x00-\x02][\x01-\x10]")
_BEGIN = re.compile(_UP.pattern + b"|" + _GRANT.pattern, re.DOTALL)
_BEGIN_SIZE = 14  # the longest that _BEGIN looks at
_WILL = """
version u1
online u1
"""


def decode(data: bytes, options: Options) -> list[Finding]:
    """Every payload, its records behind it, and every stretch that is none. Raises WrongOption."""
    before = options.hex_setting("before", H_SIZE)
    key = options.hex_setting("key", grant.KEY_SIZE)
    topic = dict(options.settings).get("topic", "")
    if topic and topic not in TOPICS:
        raise WrongOption(f"topic is one of {', '.join(TOPICS)}, not {topic!r}")
    return list(_Frames(data, topic, before, key).findings())


class _Frames:
    def __init__(self, data: bytes, topic: str, before: bytes | None, key: bytes | None) -> None:
        self._data = data
        self._topic = topic
        self._slots = Slots(before)
        self._key = key

    def findings(self) -> Iterator[Finding]:
        at = 0
        while at < len(self._data):
            found = list(self._at(at)) or [self._stray(at)]
            yield from found
            at = found[0].offset + found[0].length

    def _at(self, at: int) -> Iterator[Finding]:
        """The payload that begins at a place and what it holds; nothing if none does."""
        data, topic = self._data, self._topic
        left = len(data) - at
        if topic == "state" or (not topic and _is_state(data, at)):
            yield self._state(at)
        elif topic in ("", "down") and _GRANT.match(data, at):
            yield self._grant(at)
        elif topic in ("", "down") and _ACK.match(data, at) and (topic or self._is_ack(at)):
            yield self._ack(at)
        elif topic in ("", "up") and _UP_HEADER.match(data, at) and left > link.UP_HEADER_SIZE:
            yield from self._up(at)

    def _is_ack(self, at: int) -> bool:
        """True unless the bytes go on as a frame of one record does."""
        left = len(self._data) - at
        if left <= _ACK_SIZE:
            return left == _ACK_SIZE
        return not _UP.match(self._data, at)

    def _state(self, at: int) -> Finding:
        data = self._data[at:]
        try:
            values = decode_state(data)
        except ProtocolError as error:
            detail = f"A state has {_STATE_SIZE} bytes and begins 01 01, the last will is 01 00: {error}."
            return self._invalid(at, len(data), "state", detail)
        facts: dict[str, object] = {"kind": "state", **plain(values)}
        if values["online"]:
            facts["pump_name"] = own_words.code_name("pump", values["pump"])
        shown = rows(link.STATE_BODY if values["online"] else _WILL, data, 0, at)
        return Finding(at, len(data), facts, tuple(shown))

    def _ack(self, at: int) -> Finding:
        body = self._data[at : at + _ACK_SIZE]
        shown = tuple(_ack_row(one) for one in rows(link.ACK_BODY, body, 0, at))
        if len(body) < _ACK_SIZE:
            detail = f"An acknowledgement has {_ACK_SIZE} bytes, here are {len(body)}."
            return self._invalid(at, len(body), "length", detail, shown)
        values = fields.unpack(link.ACK_BODY, body)
        return Finding(at, _ACK_SIZE, {**plain(values), "kind": "ack"}, shown)

    def _grant(self, at: int) -> Finding:
        """The byte 02 and a grant, as one finding."""
        end = grant.end_at(self._data, at + 1)
        inner = grant.finding(self._data[at + 1 : end], at + 1, self._key)
        first = Field(at, self._data[at : at + 1], "kind", "2 grant")
        return replace(inner, offset=at, length=inner.length + 1, fields=(first, *inner.fields))

    def _up(self, at: int) -> Iterator[Finding]:
        """A frame's header, then its records."""
        data = self._data
        header = fields.unpack(link.UP_HEADER, data, at)
        size = link.UP_HEADER_SIZE + header["count"] * record.SLOT_SIZE
        shown = tuple(rows(link.UP_HEADER, data, at, 0))
        end = self._up_end(at, size)
        if end < at + size:
            detail = f"A frame of {header['count']} records has {size} bytes, here are {end - at}."
            yield self._invalid(at, end - at, "length", detail, shown)
        else:
            yield Finding(at, size, {"kind": "up", **plain(header)}, shown, f"up frame {header['frame']}")
        for begin in range(at + link.UP_HEADER_SIZE, end, record.SLOT_SIZE):
            yield self._slots.finding(data[begin : min(begin + record.SLOT_SIZE, end)], begin)

    def _up_end(self, at: int, size: int) -> int:
        """Where a frame ends: short of its stated size if the input ends or another frame begins."""
        begins = range(at + link.UP_HEADER_SIZE, at + size, record.SLOT_SIZE)
        if at + size <= len(self._data) and all(_is_record(self._data, begin) for begin in begins):
            return at + size
        return self._next(at + 1, min(at + size, len(self._data)))

    def _stray(self, at: int) -> Finding:
        end = self._next(at + 1, len(self._data))
        detail = (
            "No payload begins here: up 01 and the number of records, acknowledgement 01 01, grant 02, "
            f"state 01 01 and {_STATE_SIZE} bytes. Here stands {self._data[at : at + 4].hex(' ')}."
        )
        return self._invalid(at, end - at, "header", detail)

    def _next(self, at: int, end: int) -> int:
        """Where the next payload begins whose inside can be read too; `end` if none does before."""
        for begin in _BEGIN.finditer(self._data, at, end + _BEGIN_SIZE):
            place = begin.start()
            if place >= end:
                break
            is_grant = self._data[place] == link.GRANT
            if grant.is_at(self._data, place + 1) if is_grant else _is_up(self._data, place):
                return place
        return end

    @staticmethod
    def _invalid(at: int, length: int, reason: str, detail: str, shown: tuple[Field, ...] = ()) -> Finding:
        return Finding(at, length, {"kind": KIND_INVALID, "reason": reason, "detail": detail}, shown)


def _is_state(data: bytes, at: int) -> bool:
    left = len(data) - at
    if left == len(link.OFFLINE):
        return data[at:] == link.OFFLINE
    return left == _STATE_SIZE and data[at : at + 2] == b"\x01\x01"


def _is_record(data: bytes, at: int) -> bool:
    try:
        record.decode(data[at : at + record.SLOT_SIZE])
    except ProtocolError:
        return False
    return True


def _is_up(data: bytes, at: int) -> bool:
    """True if a whole frame stands here and its first record can be read."""
    size = link.UP_HEADER_SIZE + data[at + 1] * record.SLOT_SIZE
    return bool(at + size <= len(data)) and _is_record(data, at + link.UP_HEADER_SIZE)


def _ack_row(row: Field) -> Field:
    """In an acknowledgement `kind` is not a record's."""
    return replace(row, meaning="1 acknowledgement") if row.name == "kind" else row
