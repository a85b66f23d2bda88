"""Slots of a bundle by offset: a well-year is 35,040 of them, so the layouts are measured once.

The offsets come from the codec's layout texts; nothing here repeats a number of record.py.
"""

import struct
from collections.abc import Iterable
from typing import NamedTuple

from karez_protocols import fields, record
from karez_protocols.record import CONTENT_SIZE, SLOT_SIZE

_CODES = {1: "B", 2: "H", 4: "I", 8: "Q"}


def _places(layouts: Iterable[str]) -> dict[str, tuple[int, int, str]]:
    """Field name -> (start, end, kind letter) in the content; reserved fields are numbered."""
    places: dict[str, tuple[int, int, str]] = {}
    base = 0
    for layout in layouts:
        for name, kind, at, size in fields.each(layout):
            key = f"{name}.{base + at}" if kind == "x" else name
            places[key] = (base + at, base + at + size, kind)
        base += fields.size_of(layout)
    return places


PLACES = {kind: _places(record.layouts(kind)) for kind in range(1, len(record.KIND_NAMES))}
HEADER = struct.Struct("<" + "".join(_CODES[size] for _, _, _, size in fields.each(record.HEADER)))
RESERVED = {
    kind: [(start, end) for start, end, letter in places.values() if letter == "x"]
    for kind, places in PLACES.items()
}
_RESERVED_BITS = {
    kind: sum(((1 << 8 * (end - start)) - 1) << 8 * start for start, end in places)
    for kind, places in RESERVED.items()
}
_ZEROS = bytes(SLOT_SIZE)
_UNKNOWN_U4 = (1 << 32) - 1

_MEASURED = PLACES[record.INTERVAL]
_VOLUME = slice(*_MEASURED["volume_l"][:2])
UNKNOWN_VOLUME = (1 << 8 * (_VOLUME.stop - _VOLUME.start)) - 1
_PUMP = _MEASURED["pump"][0]
UTC_S = slice(*_MEASURED["utc_s"][:2])  # in the header: the same in every kind


_READING = struct.Struct(
    "<{}xB{}xI{}xB{}xIH".format(
        _MEASURED["kind"][0],
        UTC_S.start - _MEASURED["kind"][1],
        _MEASURED["method"][0] - UTC_S.stop,
        _VOLUME.start - _MEASURED["method"][1],
    )
)


class Head(NamedTuple):
    """The header of one slot, as integers; all ones stay all ones."""

    version: int
    kind: int
    cause: int
    time_state: int
    seq: int
    utc_s: int
    boot: int
    uptime_s: int
    grant_seq: int


def head(slot: bytes) -> Head:
    """Header of a slot."""
    return Head(*HEADER.unpack_from(slot))


def has_time(header: Head) -> bool:
    """True if the record carries a UTC time at all."""
    return header.utc_s != _UNKNOWN_U4


def utc_s(slot: bytes) -> int | None:
    """The time of a slot of any kind, UTC seconds; None = it carries none. Its first bytes are enough."""
    value = int.from_bytes(slot[UTC_S], "little")
    return None if value == _UNKNOWN_U4 else value


def raw(slot: bytes, kind: int, name: str) -> bytes:
    """The bytes of a field of a slot of this kind."""
    start, end, _ = PLACES[kind][name]
    return slot[start:end]


def number(slot: bytes, kind: int, name: str) -> int:
    """An unsigned field of a slot of this kind; all ones stay all ones."""
    return int.from_bytes(raw(slot, kind, name), "little")


def volume_l(slot: bytes) -> int | None:
    """W of a measuring record, litres; None = not known."""
    value = int.from_bytes(slot[_VOLUME], "little")
    return None if value == UNKNOWN_VOLUME else value


def reading(body: bytes, at: int) -> tuple[int, int, int, int]:
    """(kind, utc_s, method, volume_l) of the slot that begins at a byte of `body`; all ones stay all ones.

    The last two are those of a measuring kind. For whoever reads millions: one step instead of four.
    """
    kind, time_s, method, low, high = _READING.unpack_from(body, at)
    return kind, time_s, method, low | high << 32


def pump(slot: bytes) -> int:
    """The pump byte of a measuring record."""
    return slot[_PUMP]


def fault(slot: bytes, header: Head) -> str | None:
    """Why a slot of a known kind is no record of this version, or None; as record.decode, but by offset."""
    if header.version != record.VERSION:
        return f"version {header.version}"
    if not int.from_bytes(slot, "little") & _RESERVED_BITS[header.kind]:
        return None
    for start, end in RESERVED[header.kind]:
        if slot[start:end] != _ZEROS[: end - start]:
            return f"reserved bytes {start}..{end - 1} are not zero"
    return None


def field_at(slot: bytes, offset: int) -> str:
    """Name of the field that byte `offset` of a slot belongs to."""
    if offset >= CONTENT_SIZE:
        return "h"
    kind = slot[1] if slot[1] in PLACES else record.EVENT
    places = PLACES[kind].items()
    return next(name.partition(".")[0] for name, (start, end, _) in places if start <= offset < end)
