"""CJ/T 188: what the data after SER say: totals, units, clock, status, valve. Both directions.

    901F, water and gas   total(4) unit  settlement(4) unit  clock(7) status(2)
    901F, heat            settlement(4) unit  energy(4) unit  power(4) unit  flow(4) unit
                          total(4) unit  supply(3) return(3) hours(3)  clock(7) status(2)

Numbers are packed decimal, lowest pair first, XXXXXX.XX (flow of a heat meter XXXX.XXXX,
temperatures XXXX.XX degrees C, hours whole). A number full of FF is not supported: None.
Some heat meters send each unit before its number.
"""

from collections import namedtuple

from . import bcd
from .cjt188_frames import NotDigits, WrongLength, text
from .errors import Malformed, NotAllowed

METERING = 0x901F
VALVE = 0xA017
METERING_BYTES = 19  # after SER, so L = 16H
HEAT_BYTES = 43  # L = 2EH

# Numbers are the digits as an integer; clock is seven bytes, status two, as on the wire.
Metering = namedtuple("Metering", "total total_unit settlement settlement_unit clock status")  # noqa: PYI024 - no typing on MicroPython
Heat = namedtuple(  # noqa: PYI024 - the same
    "Heat",
    "settlement settlement_unit energy energy_unit power power_unit flow flow_unit total total_unit "
    "supply_cdeg return_cdeg working_h clock status",
)
Clock = namedtuple("Clock", "year month day hour minute second")  # noqa: PYI024 - the same

_METERING = (4, 1, 4, 1, 7, 2)
_HEAT = (4, 1, 4, 1, 4, 1, 4, 1, 4, 1, 3, 3, 3, 7, 2)

_HEAT_PAIRS = 5  # numbers of a heat meter that have a unit; they stand in front

# Unit code -> (text, name with the integer unit, decimal exponent to it). 05, 08, 14, 17, 29, 2C
# and 35 stand in real frames; the others are of two tables (01 of one), without a frame.
UNITS = {
    0x01: ("j", "energy_j", 0),
    0x02: ("wh", "energy_wh", 0),
    0x05: ("kwh", "energy_wh", 3),
    0x08: ("mwh", "energy_wh", 6),
    0x0A: ("mwh", "energy_wh", 8),  # MWh x 100
    0x0B: ("kj", "energy_j", 3),
    0x0E: ("mj", "energy_j", 6),
    0x11: ("gj", "energy_j", 9),
    0x13: ("gj", "energy_j", 11),  # GJ x 100
    0x14: ("w", "power_w", 0),
    0x17: ("kw", "power_w", 3),
    0x1A: ("mw", "power_w", 6),
    0x29: ("l", "volume_l", 0),
    0x2C: ("m3", "volume_l", 3),
    0x32: ("lph", "flow_lph", 0),
    0x35: ("m3h", "flow_lph", 3),
}
_LITRES = 0x29
VALVE_COMMANDS = {"open": 0x55, "close": 0x99, "vendor_66": 0x66, "vendor_77": 0x77}
VALVE_STATES = ("open", "closed", None, "abnormal")  # by the two bits; 10 has no meaning

_IDENTIFIERS = (0x81, 0x90, 0xA0, 0xD1)  # high bytes of all that the standard names


def identifier(key):
    """Return an identifier as the standard writes it, 0x901F for 0x1F90; unknown ones as they are."""
    if key >> 8 not in _IDENTIFIERS and key & 0xFF in _IDENTIFIERS:
        return (key & 0xFF) << 8 | key >> 8
    return key


def _number(raw, at):
    if raw == b"\xff" * len(raw):
        return None
    try:
        return bcd.decode(raw)
    except Malformed:
        raise NotDigits("bytes %s, %d after SER, are not all digits" % (text(raw), at))


def _unpacked(sizes, data):
    if len(data) != sum(sizes):
        raise WrongLength("%d bytes of data, %d expected" % (len(data), sum(sizes)))
    values: list = []
    at = 0
    for size in sizes:
        raw = bytes(data[at : at + size])
        if size == 1:
            values.append(raw[0])
        elif size in (3, 4):
            values.append(_number(raw, at))
        else:
            values.append(raw)
        at += size
    return values


def _packed(sizes, values):
    data = b""
    for size, value in zip(sizes, values):
        if size == 1:
            if not 0 <= value <= 0xFF:
                raise NotAllowed("unit %d is not a byte" % value)
            data += bytes((value,))
        elif size in (3, 4):
            data += b"\xff" * size if value is None else bcd.encode(value, size)
        else:
            if len(value) != size:
                raise NotAllowed("%d bytes, %d needed" % (len(value), size))
            data += bytes(value)
    return data


def decode_metering(data):
    """Return the Metering after SER of a 901F reply. Raises WrongLength, NotDigits."""
    return Metering(*_unpacked(_METERING, data))


def encode_metering(metering):
    """Return the 19 bytes of a Metering. Raises NotAllowed on a value outside its range."""
    return _packed(_METERING, metering)


def is_unit_first(data):
    """True if the data of a heat meter make sense only with each unit before its number."""
    pairs = range(0, 5 * _HEAT_PAIRS, 5)
    if len(data) != HEAT_BYTES or all(data[at + 4] in UNITS for at in pairs):
        return False
    return all(data[at] in UNITS for at in pairs)


def decode_heat(data, unit_first=False):
    """Return the Heat after SER of a heat meter's 901F reply. Raises as decode_metering.

    `unit_first`: each unit stands before its number, as some makers have it.
    """
    data = bytes(data)
    if unit_first:
        last = 5 * _HEAT_PAIRS
        turned = [data[at + 1 : at + 5] + data[at : at + 1] for at in range(0, last, 5)]
        data = b"".join(turned) + data[last:]
    return Heat(*_unpacked(_HEAT, data))


def encode_heat(heat, unit_first=False):
    """Return the 43 bytes of a Heat. Raises NotAllowed on a value outside its range."""
    data = _packed(_HEAT, heat)
    if not unit_first:
        return data
    last = 5 * _HEAT_PAIRS
    turned = [data[at + 4 : at + 5] + data[at : at + 4] for at in range(0, last, 5)]
    return b"".join(turned) + data[last:]


def quantity(unit, digits, decimals=2, litre_decimals=0):
    """Return (name, integer) of a number, rounded half up: ("volume_l", 17047); None if unknown.

    `decimals`: places the format implies. Litres (29) imply `litre_decimals` instead: in the
    one frame found they were whole, which is inferred from its size.
    """
    row = UNITS.get(unit)
    if row is None or digits is None:
        return None
    exponent = row[2] - (litre_decimals if unit == _LITRES else decimals)
    if exponent >= 0:
        return row[1], digits * 10**exponent
    below = 10**-exponent
    return row[1], (2 * digits + below) // (2 * below)


def clock(raw, is_high_first=False):
    """Return the Clock in seven bytes, None if they are all 0, all FF or no digits.

    ss mm hh DD MM YY CC, or the other way round from some makers. It need not be a date:
    see is_date.
    """
    raw = bytes(raw)
    if is_high_first:
        raw = bytes(reversed(raw))
    for byte in raw:
        if byte >> 4 > 9 or byte & 15 > 9:
            return None
    if raw == bytes(7):
        return None
    second, minute, hour, day, month = (bcd.decode(raw[at : at + 1]) for at in range(5))
    return Clock(bcd.decode(raw[5:]), month, day, hour, minute, second)


def is_date(moment):
    """True if a Clock names a moment of the years 1900 to 2099."""
    if moment is None or not 1900 <= moment.year <= 2099 or not 1 <= moment.month <= 12:
        return False
    days = b"\x1f\x1c\x1f\x1e\x1f\x1e\x1f\x1f\x1e\x1f\x1e\x1f"[moment.month - 1]
    if moment.month == 2 and moment.year % 4 == 0 and moment.year != 1900:
        days = 29
    return 1 <= moment.day <= days and moment.hour < 24 and moment.minute < 60 and moment.second < 60


def is_clock_high_first(raw):
    """True if these bytes are a date only when read high byte first."""
    return not is_date(clock(raw)) and is_date(clock(raw, is_high_first=True))


def clock_bytes(moment, is_high_first=False):
    """Return the seven bytes of a Clock, zeros for None. Raises NotAllowed unless it is a date."""
    if moment is None:
        return bytes(7)
    if not is_date(moment):
        raise NotAllowed("%s is not a moment" % (tuple(moment),))
    raw = b""
    for value in (moment.second, moment.minute, moment.hour, moment.day, moment.month):
        raw += bcd.encode(value, 1)
    raw += bcd.encode(moment.year, 2)
    return bytes(reversed(raw)) if is_high_first else raw


def valve(status, is_high_bits=False):
    """Return "open", "closed", "abnormal" or None from the two bytes of status.

    Bits 1 and 0 of the first byte; one firmware uses bits 7 and 6: check with a real valve.
    """
    return VALVE_STATES[status[0] >> 6 if is_high_bits else status[0] & 3]


def is_battery_low(status, is_high_bits=False):
    """True if bit 2 of the first byte of status is set; bit 5 in the firmware of `valve`."""
    return bool(status[0] & (0x20 if is_high_bits else 0x04))


def status_bytes(valve_state, battery_low, second=0, is_high_bits=False):
    """Return the two bytes of status. Raises NotAllowed for a state that has no bits."""
    if valve_state is None or valve_state not in VALVE_STATES or not 0 <= second <= 0xFF:
        raise NotAllowed("valve %s, second byte %s" % (valve_state, second))
    bits = VALVE_STATES.index(valve_state)
    if is_high_bits:
        return bytes((bits << 6 | (0x20 if battery_low else 0), second))
    return bytes((bits | (0x04 if battery_low else 0), second))


def valve_command(data):
    """Return the name of a command to the valve, None for any other byte (00 asks, with one maker).

    Names with "vendor" are one maker's: 66 free opening, 77 forced closing. The standard has
    55 and 99 only.
    """
    for name, byte in VALVE_COMMANDS.items():
        if bytes(data) == bytes((byte,)):
            return name
    return None


def is_moved(command, status, is_high_bits=False):
    """True once a later reading's status shows what was commanded ("open" or "close").

    A reply to the command itself says "accepted", not "moved": a valve travels for 10 s or more.
    """
    wanted = {"open": "open", "close": "closed"}.get(command)
    return wanted is not None and valve(status, is_high_bits) == wanted
