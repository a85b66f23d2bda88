"""Fixed little-endian layouts, written once as text and walked by encoder and decoder.

A layout is one line per field, `name kind`, in wire order:

    u1 u2 u4 u5 u6 u8   unsigned integer of that many bytes; all ones = unknown (None)
    s2 s4 s6            signed integer; the most negative value = unknown (None)
    bN                  N bytes as they are
    tN                  text in UTF-8, zero-padded to N bytes
    xN                  reserved: written as zeros, refused unless zero

Several texts in a tuple stand one behind another: joined, they would be a text of their own.
The text costs the controller one string; a table of tuples would cost 200 B of heap a row.
Every string cut out of it costs a search through all names that the controller knows: three a field.
`struct` truncates out-of-range values silently on MicroPython: every value is checked here.
"""

from .errors import Malformed, NotAllowed


def each(layout):
    """Yield (name, kind letter, offset, size in bytes) in wire order."""
    offset = 0
    for text in (layout,) if isinstance(layout, str) else layout:
        start = 0
        while start < len(text):
            end = text.find("\n", start)
            if end < 0:
                end = len(text)
            if end > start:
                gap = text.find(" ", start)
                size = int(text[gap + 2 : end])
                yield text[start:gap], text[gap + 1], offset, size
                offset += size
            start = end + 1


def size_of(layout):
    """Bytes a layout occupies."""
    total = 0
    for _, _, _, size in each(layout):
        total += size
    return total


def _integer(name, kind, value, size):
    bits = 8 * size
    unknown = (1 << bits) - 1 if kind == "u" else 1 << (bits - 1)
    if value is None:
        return unknown
    low, high = (0, unknown - 1) if kind == "u" else (1 - unknown, unknown - 1)
    if not low <= value <= high:
        raise NotAllowed("%s = %d is outside %d..%d" % (name, value, low, high))
    return value & ((1 << bits) - 1)


def _bytes(name, kind, value, size):
    if kind == "t":
        value = value.encode()
        if len(value) > size:
            raise NotAllowed("%s is %d bytes of text, %d fit" % (name, len(value), size))
        return value + bytes(size - len(value))
    if len(value) != size:
        raise NotAllowed("%s is %d bytes, not %d" % (name, len(value), size))
    return value


def pack_into(layout, buffer, offset, values):
    """Write `values` (dict by field name) into `buffer` at `offset`; return the end offset.

    Raises NotAllowed on a value outside its range, KeyError on a missing field
    (a programming mistake, not a wire error).
    """
    end = offset
    for name, kind, at, size in each(layout):
        start = offset + at
        end = start + size
        if kind == "x":
            buffer[start:end] = bytes(size)
        elif kind in "us":
            value = _integer(name, kind, values[name], size)
            buffer[start:end] = value.to_bytes(size, "little")
        else:
            buffer[start:end] = _bytes(name, kind, values[name], size)
    return end


def pack(layout, values):
    """Return the bytes of one layout. See pack_into."""
    buffer = bytearray(size_of(layout))
    pack_into(layout, buffer, 0, values)
    return bytes(buffer)


def _text(name, raw):
    end = raw.find(b"\0")
    text = raw if end < 0 else raw[:end]
    if raw[len(text) :] != bytes(len(raw) - len(text)):
        raise Malformed("%s: bytes after the end of its text" % name)
    try:
        return str(text, "utf-8")
    except ValueError:  # UnicodeError is a ValueError on both runtimes
        raise Malformed("%s is not UTF-8" % name)


def unpack(layout, data, offset=0):
    """Return {name: value} of one layout at `offset` of `data`.

    Raises Malformed when bytes are missing or a reserved byte is not zero.
    """
    values: dict = {}
    for name, kind, at, size in each(layout):
        raw = bytes(data[offset + at : offset + at + size])
        if len(raw) < size:
            raise Malformed("%d bytes, %d needed" % (len(data) - offset, size_of(layout)))
        if kind == "x":
            if raw != bytes(size):
                raise Malformed("reserved bytes at offset %d are not zero" % at)
        elif kind == "b":
            values[name] = raw
        elif kind == "t":
            values[name] = _text(name, raw)
        else:
            value = int.from_bytes(raw, "little")
            top = 1 << (8 * size)
            if kind == "u":
                values[name] = None if value == top - 1 else value
            elif value == top >> 1:
                values[name] = None
            else:
                values[name] = value - top if value >> (8 * size - 1) else value
    return values
