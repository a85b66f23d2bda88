"""karez_protocols.fields for a machine with room: each layout's text is read once, not at every record.

The controller has no room for tables, so its codec cuts the text apart each time. A world packs some
hundred layouts a second of its own time. Bytes, values and errors are the same:
tests/simulators/test_world_quick.py holds the two against each other.
"""

from __future__ import annotations

import struct
from contextlib import contextmanager
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from karez_protocols import fields, registers
from karez_protocols.errors import Malformed
from karez_protocols.profile import Profile

if TYPE_CHECKING:
    from collections.abc import Iterator

Layout = str | tuple[str, ...]
_EACH = fields.each


class _Field(NamedTuple):
    name: str
    kind: str
    at: int
    end: int
    size: int
    unknown: int  # as bits
    low: int
    high: int


@cache
def each(layout: Layout) -> tuple[tuple[str, str, int, int], ...]:
    """As fields.each."""
    return tuple(_EACH(layout))


@cache
def size_of(layout: Layout) -> int:
    """As fields.size_of."""
    return sum(size for _, _, _, size in each(layout))


@cache
def _fields(layout: Layout) -> tuple[_Field, ...]:
    found = []
    for name, kind, at, size in each(layout):
        bits = 8 * size
        unknown = (1 << bits) - 1 if kind == "u" else 1 << (bits - 1)
        low, high = (0, unknown - 1) if kind == "u" else (1 - unknown, unknown - 1)
        found.append(_Field(name, kind, at, at + size, size, unknown, low, high))
    return tuple(found)


_WHOLE = {("u", 1): "B", ("u", 2): "H", ("u", 4): "I", ("u", 8): "Q",
          ("s", 1): "b", ("s", 2): "h", ("s", 4): "i", ("s", 8): "q"}  # fmt: skip
_READY, _BITS, _BYTES, _TEXT, _ZEROS = range(5)  # what is left to do with a part


@cache
def _parts(layout: Layout) -> tuple[struct.Struct, tuple[tuple[str, int, int, bool], ...]]:
    """How to cut a layout in one go, and of each part: name, what is left to do, unknown, signed."""
    codes, parts = "<", []
    for one in _fields(layout):
        code = _WHOLE.get((one.kind, one.size))
        is_signed = one.kind == "s"
        codes += code or f"{one.size}s"
        left = _READY if code else {"u": _BITS, "s": _BITS, "b": _BYTES, "t": _TEXT}.get(one.kind, _ZEROS)
        parts.append(
            (
                one.name if left != _ZEROS else str(one.at),
                left,
                -one.unknown if is_signed else one.unknown,
                is_signed,
            )
        )
    return struct.Struct(codes), tuple(parts)


def pack(layout: Layout, values: dict[str, Any]) -> bytes:
    """As fields.pack."""
    parts = []
    for name, kind, _, _, size, unknown, low, high in _fields(layout):
        if kind == "x":
            parts.append(bytes(size))
        elif kind not in "us":
            parts.append(fields._bytes(name, kind, values[name], size))  # noqa: SLF001 - its word for what does not fit
        elif (value := values[name]) is None:
            parts.append(unknown.to_bytes(size, "little"))
        elif low <= value <= high:
            parts.append(value.to_bytes(size, "little", signed=kind == "s"))
        else:
            fields._integer(name, kind, value, size)  # noqa: SLF001 - raises
    return b"".join(parts)


def pack_into(layout: Layout, buffer: bytearray, offset: int, values: dict[str, Any]) -> int:
    """As fields.pack_into."""
    end = offset + size_of(layout)
    buffer[offset:end] = pack(layout, values)
    return end


def unpack(layout: Layout, data: bytes, offset: int = 0) -> dict[str, Any]:
    """As fields.unpack."""
    cut, parts = _parts(layout)
    if len(data) - offset < cut.size:
        raise Malformed(f"{len(data) - offset} bytes, {cut.size} needed")
    values: dict[str, Any] = {}
    for value, (name, left, unknown, is_signed) in zip(cut.unpack_from(data, offset), parts, strict=True):
        if left == _READY:
            values[name] = None if value == unknown else value
        elif left == _BYTES:
            values[name] = value
        elif left == _BITS:
            number = int.from_bytes(value, "little", signed=is_signed)
            values[name] = None if number == unknown else number
        elif left == _TEXT:
            values[name] = fields._text(name, value)  # noqa: SLF001 - the same
        elif any(value):
            raise Malformed(f"reserved bytes at offset {name} are not zero")
    return values


@cache
def _rows(rows: bytes) -> tuple[tuple[Any, ...], ...]:
    return tuple(struct.iter_unpack(registers.ROW, rows))


def row(self: Profile, at: int) -> tuple[Any, ...]:
    """As Profile._row."""
    return _rows(self.rows)[at]


_KNOWN = 4096  # of numbers that meters show: most registers of a well say the same for hours
_PLACES: tuple[tuple[Any, str, Any], ...] = (
    *((fields, one.__name__, one) for one in (each, size_of, pack, pack_into, unpack)),
    (registers, "number", lru_cache(_KNOWN)(registers.number)),
    (registers, "scaled", lru_cache(_KNOWN)(registers.scaled)),
    (Profile, "_row", row),
)


@contextmanager
def quickened() -> Iterator[None]:
    """Let everybody in this process use it."""
    kept = [getattr(owner, name) for owner, name, _ in _PLACES]
    for owner, name, function in _PLACES:
        setattr(owner, name, function)
    try:
        yield
    finally:
        for (owner, name, _), function in zip(_PLACES, kept, strict=True):
            setattr(owner, name, function)
