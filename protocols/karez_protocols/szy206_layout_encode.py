"""Writing the data fields of SZY 206 / SL/T 427: the other half of szy206_layout, whose text it walks."""

import binascii

from . import bcd
from . import szy206_time as times
from . import szy206_values as values
from .errors import Malformed, NotAllowed
from .szy206_dialect import LOW_FIRST, Dialect
from .szy206_layout import parsed

_DIGITS = {"d": bcd.encode, "n": values.encode_number, "s": values.encode_signed, "m": values.encode_balance}


def _given(source, name):
    if not isinstance(source, dict) or name not in source:
        raise NotAllowed("%s is not given" % name)
    return source[name]


def _integer(name, value):
    if not isinstance(value, int):
        raise NotAllowed("%s is an integer, not %s" % (name, value))
    return value


def _steps(field, value):
    """Return the digits of a value in its unit, None of None. Raises NotAllowed between two steps."""
    if value is None:
        if field.kind in "du":
            raise NotAllowed("%s is not known" % field.name)
        return None
    _integer(field.name, value)
    if value % field.factor:
        raise NotAllowed("%s = %d is no multiple of %d" % (field.name, value, field.factor))
    digits = value // field.factor
    if field.maximum is not None and abs(digits) > field.maximum:
        raise NotAllowed("%s = %d is above %d" % (field.name, value, field.maximum * field.factor))
    return digits


def _raw(name, value, size):
    if not isinstance(value, (bytes, bytearray)) or (size and len(value) != size):
        raise NotAllowed("%s is %s bytes" % (name, size or "some"))
    return bytes(value)


def _nibbles(field, source):
    high, low = [_integer(name, _given(source, name)) for name in field.name.split("+")]
    if not 0 <= high <= 15 or not 0 <= low <= 15:
        raise NotAllowed("%s is 0..15 each, not %d and %d" % (field.name, high, low))
    return bytes([high << 4 | low])


def _text(field, value):
    if not isinstance(value, str) or len(value) != 2 * field.size:
        raise NotAllowed("%s is %d digits" % (field.name, 2 * field.size))
    if not all("0" <= digit <= "9" for digit in value):
        raise NotAllowed("%s is digits only" % field.name)
    return binascii.unhexlify(value)


def _moment(field, value):
    """Bytes of t4 or q4, smallest unit first."""
    if not isinstance(value, (tuple, list)) or len(value) != 4:
        raise NotAllowed("%s has four parts" % field.name)
    parts = [_integer(field.name, part) for part in value]
    is_full = field.kind == "t"
    if is_full and not 2000 <= parts[0] <= 2099:
        raise NotAllowed("the year %d has no two digits" % parts[0])
    try:
        if is_full:
            times.check(parts[0], parts[1], parts[2], parts[3], 0, 0)
        else:
            times.check(None, parts[0], parts[1], parts[2], parts[3], 0)
    except Malformed:
        raise NotAllowed("%s is no moment" % field.name)
    if is_full:
        parts[0] -= 2000
    return b"".join([bcd.encode(part, 1) for part in reversed(parts)])


def encode_field(field, source, dialect: Dialect):
    """Bytes of one field, its value taken from the dict `source`. Raises NotAllowed."""
    kind = field.kind
    if kind == "h":
        return _nibbles(field, source)
    value = _given(source, field.name)
    if kind == "f":
        unit = _integer("flow_unit", source.get("flow_unit", dialect.flow_unit))
        return values.encode_flow(None if value is None else _integer(field.name, value), unit)
    if kind == "w":
        direction = source.get("wind_direction")
        if direction is not None:
            _integer("wind_direction", direction)
        return values.encode_wind(_steps(field, value), direction)
    if kind == "b":
        return _raw(field.name, value, field.size)
    if kind == "p":
        raw = _raw(field.name, value, field.size)
        return bytes(reversed(raw)) if dialect.pw_order == LOW_FIRST else raw
    if kind == "x":
        return _text(field, value)
    if kind == "k":
        if not isinstance(value, times.Clock):
            raise NotAllowed("%s is a Clock" % field.name)
        return times.encode_clock(value, field.size)
    if kind in "tq":
        return _moment(field, value)
    digits = _steps(field, value)
    if kind == "u":
        if not 0 <= digits < 1 << 8 * field.size:
            raise NotAllowed("%s = %d is outside %d bytes" % (field.name, digits, field.size))
        return digits.to_bytes(field.size, "little")
    return _DIGITS[kind](digits, field.size)


def encode(layout, source, dialect: Dialect):
    """Bytes of a dict by its layout. Raises NotAllowed on what the wire cannot carry."""
    head, group, row, tail = parsed(layout)
    out = [encode_field(field, source, dialect) for field in head]
    if group:
        rows = _given(source, group)
        if not isinstance(rows, (list, tuple)):
            raise NotAllowed("%s is a list" % group)
        for one in rows:
            out += [encode_field(field, one, dialect) for field in row]
    out += [encode_field(field, source, dialect) for field in tail]
    return b"".join(out)
