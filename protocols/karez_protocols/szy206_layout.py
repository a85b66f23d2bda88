"""Data fields D of SZY 206 / SL/T 427: written once as text, walked by encoder, decoder, `karez decode`.

A layout is one line per field, `name kind [factor [maximum]]`, in wire order. `[name` opens a
group that repeats as often as the bytes allow, `]` closes it:

    dN   decimal of N bytes; must be there
    nN   decimal of N bytes, AA = None
    sN   signed decimal: high nibble of the last byte 0 or F
    mN   signed decimal: sign in the top bit of the last byte
    uN   binary, low byte first
    bN   bytes as they are; b0 = all that is left
    xN   decimal digits as text, in the order of the wire
    p2   a password, in the dialect's order
    h1   two nibbles; the name is high+low
    f5   flow in L/h, and its unit on the wire as flow_unit
    w3   wind speed, and its direction as wind_direction
    k6   a Clock; k5 without seconds
    t4   hour, day, month, year: a tuple (year, month, day, hour)
    q4   minute, hour, day, month: a tuple (month, day, hour, minute)

A value is the digits times `factor`, so that it comes out in the unit its name says. `maximum` is
the largest digits the standard allows. What does not fit the steps of the wire is refused, not
rounded; only a flow in m³/s is rounded to the nearest litre a second.
"""

import binascii
from collections import namedtuple

from . import bcd
from . import szy206_time as times
from . import szy206_values as values
from .errors import Malformed
from .szy206_dialect import LOW_FIRST, Dialect

Field = namedtuple("Field", "name kind size factor maximum")  # noqa: PYI024 - no typing on MicroPython
# A field in its place: row = None, or its group's name and the number of the row.
Span = namedtuple("Span", "field offset size row")  # noqa: PYI024 - the same


class WrongSize(Malformed):
    """The bytes are more or fewer than the layout takes."""


def parsed(layout):
    """Return (fields before the group, its name or None, its fields, fields behind it)."""
    parts: list = [[], [], []]
    at = 0
    group = None
    for line in layout.split("\n"):
        if line[:1] == "[":
            group = line[1:]
            at = 1
        elif line == "]":
            at = 2
        elif line:
            words = line.split()
            factor = int(words[2]) if len(words) > 2 else 1
            maximum = int(words[3]) if len(words) > 3 else None
            parts[at].append(Field(words[0], words[1][0], int(words[1][1:]), factor, maximum))
    return parts[0], group, parts[1], parts[2]


def size_of(fields):
    """Bytes of some fields."""
    return sum([field.size for field in fields])


def spans(layout, size):
    """Return the Spans of `size` bytes of data. Raises WrongSize if they do not fill the layout."""
    head, group, row, tail = parsed(layout)
    places: list = [(field, None) for field in head]
    left = size - size_of(head) - size_of(tail)
    has_rest = not group and any(field.size == 0 for field in head)
    if group and left >= 0 and left % size_of(row) == 0:
        for number in range(left // size_of(row)):
            places += [(field, (group, number)) for field in row]
        left = 0
    if left < 0 or (left and not has_rest):
        raise WrongSize("%d bytes of data do not fit this function" % size)
    found = []
    at = 0
    for field, where in places + [(field, None) for field in tail]:
        length = field.size or (left if field.kind == "b" else 0)
        found.append(Span(field, at, length, where))
        at += length
    return found


def _scaled(digits, field):
    if digits is None:
        return None
    if field.maximum is not None and abs(digits) > field.maximum:
        raise Malformed("%s: %d is above %d" % (field.name, digits, field.maximum))
    return digits * field.factor


def _pairs(raw):
    return [bcd.decode(raw[at : at + 1]) for at in range(len(raw))]


def _moment(raw, kind):
    """Return the tuple of t4 or q4, largest unit first. Raises Malformed if there is no such moment."""
    first, second, third, fourth = reversed(_pairs(raw))
    if kind == "t":
        times.check(2000 + first, second, third, fourth, 0, 0)
        return 2000 + first, second, third, fourth
    times.check(None, first, second, third, fourth, 0)
    return first, second, third, fourth


def decode_field(field, raw, dialect: Dialect, target):
    """Put the value of one field into the dict `target`. Raises Malformed."""
    name, kind = field.name, field.kind
    if kind == "h":
        high, low = name.split("+")
        target[high], target[low] = raw[0] >> 4, raw[0] & 0x0F
    elif kind == "f":
        target[name], target["flow_unit"] = values.decode_flow(raw)
    elif kind == "w":
        speed, target["wind_direction"] = values.decode_wind(raw)
        target[name] = _scaled(speed, field)
    elif kind == "b":
        target[name] = bytes(raw)
    elif kind == "p":
        target[name] = bytes(reversed(raw)) if dialect.pw_order == LOW_FIRST else bytes(raw)
    elif kind == "x":
        _pairs(raw)
        target[name] = binascii.hexlify(raw).decode()
    elif kind == "k":
        target[name] = times.decode_clock(raw)
    elif kind in "tq":
        target[name] = _moment(raw, kind)
    elif kind == "u":
        target[name] = _scaled(int.from_bytes(raw, "little"), field)
    else:
        target[name] = _scaled(_digits(kind, raw), field)


def _digits(kind, raw):
    if kind == "s":
        return values.decode_signed(raw)
    if kind == "m":
        return values.decode_balance(raw)
    return bcd.decode(raw) if kind == "d" else values.decode_number(raw)


def decode(layout, data, dialect: Dialect):
    """Return {name: value} of the bytes; a group is a list of such. Raises Malformed."""
    found: dict = {}
    group = parsed(layout)[1]
    if group:
        found[group] = []
    for field, at, size, row in spans(layout, len(data)):
        target = found
        if row:
            if row[1] == len(found[group]):
                found[group].append({})
            target = found[group][row[1]]
        decode_field(field, bytes(data[at : at + size]), dialect, target)
    return found
