"""`fields` for a machine with room: each layout's text is read once, not at every record.

The controller has no room for tables, so its codec cuts the text apart each time; this module is not for
it. A county's gateway takes and answers a hundred frames a second, and a simulated world packs as many of
its own time. Bytes, values and errors are the same; of several faults in one layout the first that is found
may be another. tests/gateway/test_quick_fields.py holds the two against each other.
"""

import struct

from . import fields
from .errors import Malformed

_EACH = fields.each


def _once(function):
    """Remember what `function` says of a layout; there are some dozens of them."""
    known: dict = {}

    def remembered(layout):
        found = known.get(layout)
        if found is None:
            found = known[layout] = function(layout)
        return found

    return remembered


@_once
def _rows(layout):
    return tuple(_EACH(layout))


def each(layout):
    """As fields.each."""
    return _rows(layout)


def size_of(layout):
    """As fields.size_of."""
    return _cut(layout)[0].size


@_once
def _ranges(layout):
    """Rows of (name, kind, size, what stands for unknown as bits, lowest, highest)."""
    found = []
    for name, kind, _, size in _rows(layout):
        bits = 8 * size
        unknown = (1 << bits) - 1 if kind == "u" else 1 << (bits - 1)
        low, high = (0, unknown - 1) if kind == "u" else (1 - unknown, unknown - 1)
        found.append((name, kind, size, unknown, low, high))
    return tuple(found)


_WHOLE = {("u", 1): "B", ("u", 2): "H", ("u", 4): "I", ("u", 8): "Q",
          ("s", 1): "b", ("s", 2): "h", ("s", 4): "i", ("s", 8): "q"}  # fmt: skip
_READY, _BITS, _BYTES, _TEXT, _ZEROS = range(5)  # what is left to do with a part


@_once
def _cut(layout):
    """How to cut a layout in one go, and of each part (name, what is left to do, unknown, signed)."""
    codes, parts = "<", []
    for (name, kind, at, size), row in zip(_rows(layout), _ranges(layout)):
        code = _WHOLE.get((kind, size))
        is_signed = kind == "s"
        codes += code or "%ds" % size
        left = _READY if code else {"u": _BITS, "s": _BITS, "b": _BYTES, "t": _TEXT}.get(kind, _ZEROS)
        parts.append((at if left == _ZEROS else name, left, -row[3] if is_signed else row[3], is_signed))
    return struct.Struct(codes), tuple(parts)


def pack(layout, values):
    """As fields.pack."""
    parts = []
    for name, kind, size, unknown, low, high in _ranges(layout):
        if kind == "x":
            parts.append(bytes(size))
        elif kind not in "us":
            parts.append(fields._bytes(name, kind, values[name], size))
        elif (value := values[name]) is None:
            parts.append(unknown.to_bytes(size, "little"))
        elif low <= value <= high:
            parts.append(value.to_bytes(size, "little", signed=kind == "s"))
        else:
            fields._integer(name, kind, value, size)
    return b"".join(parts)


def pack_into(layout, buffer, offset, values):
    """As fields.pack_into."""
    end = offset + size_of(layout)
    buffer[offset:end] = pack(layout, values)
    return end


def unpack(layout, data, offset=0):
    """As fields.unpack."""
    cut, parts = _cut(layout)
    if len(data) - offset < cut.size:
        raise Malformed("%d bytes, %d needed" % (len(data) - offset, cut.size))
    values: dict = {}
    for value, (name, left, unknown, is_signed) in zip(cut.unpack_from(data, offset), parts):
        if left == _READY:
            values[name] = None if value == unknown else value
        elif left == _BYTES:
            values[name] = value
        elif left == _BITS:
            number = int.from_bytes(value, "little", signed=is_signed)
            values[name] = None if number == unknown else number
        elif left == _TEXT:
            values[name] = fields._text(name, value)
        elif any(value):
            raise Malformed("reserved bytes at offset %s are not zero" % name)
    return values


PLACES = tuple((fields, one.__name__, one) for one in (each, size_of, pack, pack_into, unpack))


class Quickened:
    """While it is entered, everybody in this process uses it."""

    def __init__(self, places=PLACES):
        """`places`: rows of owner, name and what stands there meanwhile."""
        self._places = places
        self._kept: list = []

    def __enter__(self):
        """Take the places."""
        self._kept = [getattr(owner, name) for owner, name, _ in self._places]
        for owner, name, function in self._places:
            setattr(owner, name, function)

    def __exit__(self, *_):
        """Give them back."""
        for (owner, name, _), function in zip(self._places, self._kept):
            setattr(owner, name, function)
