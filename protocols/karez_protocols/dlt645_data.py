"""What DL/T 645 identifiers mean: values in integers of the unit named, and the bytes of a meter.

`decode_values(di, data)` gives a list of Value, one for a single identifier, several for a
block (FF in its third or fourth pair). `encode_values` makes the same bytes for a simulated meter.
"""

from collections import namedtuple

from . import bcd
from .dlt645 import address_bytes
from .dlt645_frames import BadFrame, digits_of
from .errors import Malformed, NotAllowed

# value: integer in `unit`, text where the unit is "text", None where the meter says FF: not supported.
Value = namedtuple("Value", "name unit value")  # noqa: PYI024 - no typing on MicroPython
# names: one a value; size: bytes of one; factor: units a last digit; kind: decimal, word, digits,
# text, and of moments (text, decoded only): date, time, datetime, minute.
Meaning = namedtuple("Meaning", "names size unit factor is_signed kind")  # noqa: PYI024 - the same

# Units: wh, dv (0.1 V), ma, dw dvar dva (0.1 W, var, VA), permille, chz (0.01 Hz), ddegc
# (0.1 degree C), fen (0.01 yuan), imp (impulses a kWh), count, bits, text.
TARIFFS_MAX = 63  # DL/T 645-2007: third pair 01 to 3F

_ENERGIES = ("energy_combined", "energy_forward", "energy_reverse")
_PHASES = ("a", "b", "c")
_TOTALS = ("total", "a", "b", "c")
# Second pair of 02..: name, parts by third pair, bytes, unit, units a last digit, signed.
_VARIABLES = {
    0x01: ("voltage", ("", "a", "b", "c"), 2, "dv", 1, False),
    0x02: ("current", ("", "a", "b", "c"), 3, "ma", 1, True),
    0x03: ("power", _TOTALS, 3, "dw", 1, True),
    0x04: ("reactive", _TOTALS, 3, "dvar", 1, True),
    0x05: ("apparent", _TOTALS, 3, "dva", 1, True),
    0x06: ("power_factor", _TOTALS, 2, "permille", 1, True),
}
_OTHERS = {
    0x00900100: Meaning(("remaining_energy",), 4, "wh", 10, False, "decimal"),
    0x00900200: Meaning(("remaining_money",), 4, "fen", 1, False, "decimal"),
    0x02800002: Meaning(("frequency",), 2, "chz", 1, False, "decimal"),
    0x02800007: Meaning(("temperature",), 2, "ddegc", 1, True, "decimal"),
    0x03300D00: Meaning(("cover_openings",), 3, "count", 1, False, "decimal"),
    0x04000101: Meaning(("date",), 4, "text", 1, False, "date"),
    0x04000102: Meaning(("time",), 3, "text", 1, False, "time"),
    0x0400010C: Meaning(("clock",), 7, "text", 1, False, "datetime"),
    0x04000401: Meaning(("communication_address",), 6, "text", 1, False, "digits"),
    0x04000402: Meaning(("meter_number",), 6, "text", 1, False, "digits"),
    0x04000404: Meaning(("rated_voltage",), 6, "text", 1, False, "text"),
    0x04000405: Meaning(("rated_current",), 6, "text", 1, False, "text"),
    0x04000406: Meaning(("maximum_current",), 6, "text", 1, False, "text"),
    0x04000407: Meaning(("accuracy_class",), 4, "text", 1, False, "text"),
    0x04000409: Meaning(("meter_constant",), 3, "imp", 1, False, "decimal"),
    0x1D000001: Meaning(("relay_trips",), 3, "count", 1, False, "decimal"),
}
_STATUS_WORDS = ("1", "2", "3", "4", "5", "6", "7")
# DL/T 645-1997, those that are public with a frame, and their neighbours: XXXXXX.XX kWh, XXX V.
_MEANINGS_1997 = {
    0x9010: Meaning(("energy_forward_total",), 4, "wh", 10, False, "decimal"),
    0xB611: Meaning(("voltage_a",), 2, "dv", 10, False, "decimal"),
    0xB612: Meaning(("voltage_b",), 2, "dv", 10, False, "decimal"),
    0xB613: Meaning(("voltage_c",), 2, "dv", 10, False, "decimal"),
}
# Digits of a moment in the order in which people write them; {} are pairs.
_MOMENTS = {
    "date": "20{}-{}-{} weekday {}",
    "time": "{}:{}:{}",
    "datetime": "20{}-{}-{} weekday {} {}:{}:{}",
    "minute": "20{}-{}-{} {}:{}",
}


def _named(name, parts):
    return tuple([name + "_" + part for part in parts])


def _energy(quantity, tariff, day, before=""):
    if quantity >= len(_ENERGIES) or day:
        return None
    if tariff == 0xFF:
        parts = ["total"] + ["t%d" % at for at in range(1, TARIFFS_MAX + 1)]
    elif tariff <= TARIFFS_MAX:
        parts = ["t%d" % tariff if tariff else "total"]
    else:
        return None
    return Meaning(_named(before + _ENERGIES[quantity], parts), 4, "wh", 10, False, "decimal")


def _frozen(part, last):
    """Of a daily freeze, `last` days back: when, and the energies then."""
    if not 1 <= last <= 0x3F:
        return None
    if part == 0:
        return Meaning(("frozen_at",), 5, "text", 1, False, "minute")
    return _energy(part, 0xFF, 0, "frozen_") if part in (1, 2) else None


def _variable(quantity, part, last):
    if quantity not in _VARIABLES or last:
        return None
    name, parts, size, unit, factor, is_signed = _VARIABLES[quantity]
    chosen = [one for one in (parts if part == 0xFF else parts[part : part + 1]) if one]
    return Meaning(_named(name, chosen), size, unit, factor, is_signed, "decimal") if chosen else None


def meaning(di):
    """Return the Meaning of a 2007 identifier (an integer), None if it is not in the tables."""
    group, quantity, part, last = di >> 24, di >> 16 & 0xFF, di >> 8 & 0xFF, di & 0xFF
    if di in _OTHERS:
        return _OTHERS[di]
    if group == 0:
        return _energy(quantity, part, last)
    if group == 2:
        return _variable(quantity, part, last)
    if group == 5 and quantity == 6:
        return _frozen(part, last)
    if di >> 8 == 0x040005 and (1 <= last <= 7 or last == 0xFF):
        parts = _STATUS_WORDS if last == 0xFF else _STATUS_WORDS[last - 1 : last]
        return Meaning(_named("status_word", parts), 2, "bits", 1, False, "word")
    return None


def meaning_1997(di):
    """Return the Meaning of a 1997 identifier, None if it is not in the tables."""
    return _MEANINGS_1997.get(di)


def _decimal(what, raw):
    sign = 1
    if what.is_signed and raw[-1] & 0x80:
        sign = -1
        raw = raw[:-1] + bytes((raw[-1] & 0x7F,))
    try:
        return sign * bcd.decode(raw) * what.factor
    except Malformed as error:
        raise BadFrame("digits", str(error))


def _moment(what, raw):
    """Return a moment as text, two digits a part; it need not exist."""
    try:
        pairs = ["%02d" % bcd.decode(bytes((byte,))) for byte in reversed(raw)]
    except Malformed as error:
        raise BadFrame("digits", str(error))
    return _MOMENTS[what.kind].format(*pairs).replace("weekday 0", "weekday ")


def _value(what, raw):
    if raw == b"\xff" * len(raw):
        return None
    if what.kind == "decimal":
        return _decimal(what, raw)
    if what.kind == "word":
        return int.from_bytes(raw, "little")
    if what.kind == "digits":
        return digits_of(raw)
    if what.kind in _MOMENTS:
        return _moment(what, raw)
    text = bytes(reversed(raw)).rstrip(b"\0 ").lstrip(b"\0 ")
    if not all(0x20 <= byte < 0x7F for byte in text):
        raise BadFrame("digits", "%s is not ASCII text" % what.names[0])
    return text.decode()


def values_of(what, data):
    """Return the Values that `data` holds for a Meaning. Raises BadFrame (length, digits).

    A block may be shorter than its names: a meter with four tariffs sends five energies.
    """
    count = len(data) // what.size
    if not data or len(data) % what.size or count > len(what.names):
        raise BadFrame(
            "length",
            "%d bytes of %s, one value has %d and there are at most %d"
            % (len(data), what.names[0], what.size, len(what.names)),
        )
    found = []
    for at in range(count):
        raw = data[at * what.size : (at + 1) * what.size]
        found.append(Value(what.names[at], what.unit, _value(what, raw)))
    return found


def decode_values(di, data):
    """Return the Values of a 2007 identifier's data, None if the identifier is unknown. Raises BadFrame."""
    what = meaning(di)
    return None if what is None else values_of(what, data)


def _encode(what, value):
    size = what.size
    if value is None:
        return b"\xff" * size
    if what.kind == "digits":
        return address_bytes(value)
    if what.kind == "text":
        raw = bytes(reversed(value.encode()))
        if len(raw) > size or not all(0x20 < byte < 0x7F for byte in raw):
            raise NotAllowed("%s is not ASCII of at most %d" % (what.names[0], size))
        return bytes(size - len(raw)) + raw
    if what.kind == "word":
        if not 0 <= value < 0xFFFF:  # all ones would say: not supported
            raise NotAllowed("%d is no word of %d bytes" % (value, size))
        return value.to_bytes(size, "little")
    if value % what.factor or (value < 0 and not what.is_signed):
        raise NotAllowed("%s = %d %s cannot be sent" % (what.names[0], value, what.unit))
    raw = bcd.encode(abs(value) // what.factor, size)
    if not what.is_signed:
        return raw
    if raw[-1] & 0x80:  # the top bit is the sign: 79.9999 kW is the most
        raise NotAllowed("%s = %d %s leaves no room for its sign" % (what.names[0], value, what.unit))
    return raw[:-1] + bytes((raw[-1] | (0x80 if value < 0 else 0),))


def encode_values(di, values):
    """Return the data bytes of an identifier: a list of values in its unit, None = not supported.

    Raises NotAllowed for an unknown identifier or a moment, too many values or one outside its range.
    """
    what = meaning(di)
    if what is None or what.kind in _MOMENTS or not 1 <= len(values) <= len(what.names):
        raise NotAllowed("identifier %08X, %d values" % (di, len(values)))
    data = b""
    for value in values:
        data += _encode(what, value)
    return data
