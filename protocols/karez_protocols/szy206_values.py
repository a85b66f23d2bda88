"""Values inside SZY 206 / SL/T 427 frames: decimal numbers, flow, volume, time tag, alarm and state words.

Integers with their unit in the name. None = not measured, on the wire a field full of AAH.
"""

from collections import namedtuple

from . import bcd
from .errors import Malformed, NotAllowed

# D5 D4 of the fifth flow byte. One step is 1 L/s or 1 L/h; some platforms ignore the bits
# and read m3/s, so that is what we send unless told otherwise.
FLOW_M3_S = 0
FLOW_M3_H = 3
FLOW_BYTES = 5
VOLUME_BYTES = 5
_MISSING = 0xAA

# A tag without month and year is taken for the latest such day that is not further ahead of the
# receiver's clock than this: station clocks run ahead a little, samples arrive weeks late.
TAG_AHEAD_S_MAX = 3600

# Work mode in D1 D0 of the state word (a confirm's data byte counts 0 compatible, 1 self report).
MODE_SELF_REPORT = 0
MODE_SELF_REPORT_CONFIRMED = 1
MODE_QUERY = 2
MODE_MAINTENANCE = 3

ALARMS = (
    "mains_failed battery_low level_limit flow_limit quality_limit flow_meter_fault pump_changed "
    "level_meter_fault pressure_limit temperature_limit card_alarm quota_alarm remaining_low door "
    "reserved_14 reserved_15"
)

TimeTag = namedtuple(  # noqa: PYI024 - no typing on MicroPython
    "TimeTag", ("year", "month", "day", "hour", "minute", "second", "delay_min")
)


def is_missing(raw: bytes) -> bool:
    """True if the field is full of AAH: not measured."""
    return len(raw) > 0 and bytes(raw) == bytes([_MISSING]) * len(raw)


def decode_number(raw: bytes) -> "int | None":
    """Unsigned decimal of a field, None if it is missing. Raises Malformed."""
    return None if is_missing(raw) else bcd.decode(raw)


def encode_number(value: "int | None", size: int) -> bytes:
    """Field of an unsigned decimal, or of a missing one. Raises NotAllowed."""
    return bytes([_MISSING]) * size if value is None else bcd.encode(value, size)


def decode_signed(raw: bytes) -> "int | None":
    """Signed decimal: the high nibble of the last byte is 0 (plus) or F (minus). Raises Malformed."""
    if is_missing(raw):
        return None
    sign = raw[-1] >> 4
    if sign not in (0, 15):
        raise Malformed("sign nibble %X is neither 0 nor F" % sign)
    value = bcd.decode(raw[:-1] + bytes([raw[-1] & 0x0F]))
    return -value if sign else value


def encode_signed(value: "int | None", size: int) -> bytes:
    """Field of a signed decimal of 2 × size - 1 digits, or of a missing one. Raises NotAllowed."""
    if value is None:
        return bytes([_MISSING]) * size
    if abs(value) >= 10 ** (2 * size - 1):
        raise NotAllowed("%d does not fit in %d digits and a sign" % (value, 2 * size - 1))
    raw = bytearray(bcd.encode(abs(value), size))
    if value < 0:
        raw[-1] |= 0xF0
    return bytes(raw)


def decode_flow(raw: bytes) -> "tuple[int | None, int]":
    """(flow in L/h, unit on the wire) of 5 bytes: both units come out exact. Raises Malformed."""
    if len(raw) != FLOW_BYTES:
        raise Malformed("a flow has 5 bytes, not %d" % len(raw))
    if is_missing(raw):
        return None, FLOW_M3_S
    sign = raw[4] >> 6
    unit = raw[4] >> 4 & 3
    if sign not in (0, 3) or unit not in (FLOW_M3_S, FLOW_M3_H):
        raise Malformed("sign and unit bits of flow byte %02X" % raw[4])
    value = bcd.decode(raw[:4] + bytes([raw[4] & 0x0F]))
    if unit == FLOW_M3_S:
        value *= 3600
    return (-value if sign else value), unit


def encode_flow(flow_lph: "int | None", unit: int) -> bytes:
    """5 bytes of a flow in L/h; in m3/s it is rounded to the nearest L/s. Raises NotAllowed."""
    if flow_lph is None:
        return bytes([_MISSING]) * FLOW_BYTES
    if unit not in (FLOW_M3_S, FLOW_M3_H):
        raise NotAllowed("flow unit %d" % unit)
    steps = abs(flow_lph)
    if unit == FLOW_M3_S:
        steps = (steps + 1800) // 3600
    if steps > 999999999:
        raise NotAllowed("flow %d L/h is above the standard's 999999.999" % flow_lph)
    raw = bytearray(bcd.encode(steps, FLOW_BYTES))
    raw[4] |= unit << 4 | (0xC0 if flow_lph < 0 and steps else 0)
    return bytes(raw)


def decode_volume(raw: bytes) -> "int | None":
    """Whole m3 of 5 bytes, None if missing. Raises Malformed."""
    if len(raw) != VOLUME_BYTES:
        raise Malformed("a volume has 5 bytes, not %d" % len(raw))
    return decode_number(raw)


def encode_volume(volume_m3: "int | None") -> bytes:
    """5 bytes of whole m3, 0..9,999,999,999 (litres are rounded down by their owner). Raises NotAllowed."""
    return encode_number(volume_m3, VOLUME_BYTES)


def _days_of_month(year, month):
    if month == 2:
        return 29 if year % 4 == 0 and (year % 100 or year % 400 == 0) else 28
    return 30 if month in (4, 6, 9, 11) else 31


def _days(year, month, day):
    """Days from 1970-01-01 to a date, by counting years from March."""
    if month < 3:
        year -= 1
        month += 12
    return 365 * year + year // 4 - year // 100 + year // 400 + (153 * month - 457) // 5 + day - 719469


def _date(days):
    """(year, month, day) of days since 1970-01-01."""
    days += 719468
    era = days // 146097
    of_era = days - era * 146097
    year = (of_era - of_era // 1460 + of_era // 36524 - of_era // 146096) // 365
    of_year = of_era - (365 * year + year // 4 - year // 100)
    march = (5 * of_year + 2) // 153
    day = of_year - (153 * march + 2) // 5 + 1
    month = march + 3 if march < 10 else march - 9
    return era * 400 + year + (1 if month < 3 else 0), month, day


def decode_tag(raw: bytes) -> TimeTag:
    """Time tag of 5 bytes (year and month None) or 7. The delay is binary minutes. Raises Malformed."""
    if len(raw) not in (5, 7):
        raise Malformed("a time tag has 5 or 7 bytes, not %d" % len(raw))
    second, minute, hour, day = [bcd.decode(raw[at : at + 1]) for at in range(4)]
    year = month = None
    last = 31
    if len(raw) == 7:
        month = bcd.decode(raw[4:5])
        year = 2000 + bcd.decode(raw[5:6])
        last = _days_of_month(year, month) if 1 <= month <= 12 else 0
    if second > 59 or minute > 59 or hour > 23 or not 1 <= day <= last:
        raise Malformed("the time tag is no time")
    return TimeTag(year, month, day, hour, minute, second, raw[-1])


def encode_tag(tag: TimeTag, tp_len: int) -> bytes:
    """Bytes of a tag: 5 leave year and month out, 7 need them. Raises NotAllowed."""
    if not 0 <= tag.delay_min <= 255:
        raise NotAllowed("a delay is 0..255 minutes")
    if tag.year is not None and not 2000 <= tag.year <= 2099:  # five bytes would hide a dead clock
        raise NotAllowed("the year %d has no two digits" % tag.year)
    raw = bytes()
    for value in (tag.second, tag.minute, tag.hour, tag.day):
        raw += bcd.encode(value, 1)
    if tp_len == 7:
        if tag.month is None or tag.year is None:
            raise NotAllowed("a 7-byte time tag needs month and year")
        raw += bcd.encode(tag.month, 1) + bcd.encode(tag.year - 2000, 1)
    raw += bytes([tag.delay_min])
    try:
        decode_tag(raw)
    except Malformed:
        raise NotAllowed("the time tag is no time")
    return raw


def tag_at(utc_s: int, utc_offset_s: int, delay_min: int = 0) -> TimeTag:
    """Tag of a UTC time on the platform's clock. Delay 0 = the receiver checks no age."""
    local_s = utc_s + utc_offset_s
    year, month, day = _date(local_s // 86400)
    of_day = local_s % 86400
    return TimeTag(year, month, day, of_day // 3600, of_day // 60 % 60, of_day % 60, delay_min)


def utc_of(tag: TimeTag, utc_offset_s: int, received_utc_s: int) -> int:
    """UTC seconds of a tag; a missing month comes from the receive time, the latest one that fits."""
    of_day = tag.hour * 3600 + tag.minute * 60 + tag.second - utc_offset_s
    if tag.month is not None:
        return _days(tag.year, tag.month, tag.day) * 86400 + of_day
    year, month, _ = _date((received_utc_s + utc_offset_s) // 86400)
    months = year * 12 + month  # one past the receiver's month, counted from 0
    while True:  # of any two months running one has 31 days: three rounds at most
        year, month = months // 12, months % 12 + 1
        utc_s = _days(year, month, tag.day) * 86400 + of_day
        if tag.day <= _days_of_month(year, month) and utc_s <= received_utc_s + TAG_AHEAD_S_MAX:
            return utc_s
        months -= 1


def alarm_word(names: "list[str]") -> int:
    """Alarm word with the named bits of ALARMS set. Raises NotAllowed on a name that is none."""
    known = ALARMS.split()
    word = 0
    for name in names:
        if name not in known:
            raise NotAllowed("no alarm is called %s" % name)
        word |= 1 << known.index(name)
    return word


def alarm_names(word: int) -> "list[str]":
    """Names of the bits set in an alarm word, lowest first."""
    return [name for bit, name in enumerate(ALARMS.split()) if word >> bit & 1]


def state_word(
    *,
    work_mode: int,
    is_card_on: bool,
    is_quota_on: bool,
    is_pump_running: bool,
    is_door_open: bool,
    is_on_battery: bool,
) -> int:
    """State word from facts. No argument has a default: 0000H says "pump running, door open"."""
    if not 0 <= work_mode <= 3:
        raise NotAllowed("a work mode is 0..3")
    return (
        work_mode
        | bool(is_card_on) << 2
        | bool(is_quota_on) << 3
        | (not is_pump_running) << 4
        | (not is_door_open) << 5
        | bool(is_on_battery) << 6
    )


def state_facts(word: int) -> dict:
    """The facts of a state word, by the names `state_word` takes, and `reserved` (D7..D15)."""
    return {
        "work_mode": word & 3,
        "is_card_on": bool(word & 0x04),
        "is_quota_on": bool(word & 0x08),
        "is_pump_running": not word & 0x10,
        "is_door_open": not word & 0x20,
        "is_on_battery": bool(word & 0x40),
        "reserved": word >> 7,
    }
