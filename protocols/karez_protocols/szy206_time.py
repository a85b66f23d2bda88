"""Times inside SZY 206 / SL/T 427 frames: the time tag Tp, the clock of 11H, the ends of a query.

All are decimals of the platform's local clock. A 5-byte tag has no month and year.
"""

from collections import namedtuple

from . import bcd
from .errors import Malformed, NotAllowed

# A tag without month and year is taken for the latest such day that is not further ahead of the
# receiver's clock than this: station clocks run ahead a little, samples arrive weeks late.
TAG_AHEAD_S_MAX = 3600
CLOCK_BYTES = 6

TimeTag = namedtuple(  # noqa: PYI024 - no typing on MicroPython
    "TimeTag", ("year", "month", "day", "hour", "minute", "second", "delay_min")
)
# weekday: 1 = Monday .. 7 = Sunday, None = not given (0 on the wire).
Clock = namedtuple(  # noqa: PYI024 - no typing on MicroPython
    "Clock", ("year", "month", "day", "hour", "minute", "second", "weekday")
)


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


def check(year, month, day, hour, minute, second):
    """Raise Malformed unless there is such a moment; year and month may be None."""
    last = 31
    if month is not None:
        last = _days_of_month(2000 if year is None else year, month) if 1 <= month <= 12 else 0
    if second > 59 or minute > 59 or hour > 23 or not 1 <= day <= last:
        raise Malformed("the digits are no time")


def decode_tag(raw: bytes, is_day_first: bool = False) -> TimeTag:
    """Time tag of 5 bytes (year and month None) or 7. The delay is binary minutes. Raises Malformed.

    `is_day_first`: day, hour, minute, second, as one early vendor has them.
    """
    if len(raw) not in (5, 7):
        raise Malformed("a time tag has 5 or 7 bytes, not %d" % len(raw))
    parts = [bcd.decode(raw[at : at + 1]) for at in range(4)]
    second, minute, hour, day = reversed(parts) if is_day_first else parts
    year = month = None
    if len(raw) == 7:
        month = bcd.decode(raw[4:5])
        year = 2000 + bcd.decode(raw[5:6])
    check(year, month, day, hour, minute, second)
    return TimeTag(year, month, day, hour, minute, second, raw[-1])


def encode_tag(tag: "TimeTag | None", tp_len: int, is_day_first: bool = False) -> bytes:
    """Bytes of a tag: 5 leave year and month out, 7 need them. Raises NotAllowed."""
    if not isinstance(tag, TimeTag):
        raise NotAllowed("a time tag is a TimeTag, not %s" % (tag,))
    if not 0 <= tag.delay_min <= 255:
        raise NotAllowed("a delay is 0..255 minutes")
    if tag.year is not None and not 2000 <= tag.year <= 2099:  # five bytes would hide a dead clock
        raise NotAllowed("the year %d has no two digits" % tag.year)
    parts = (tag.second, tag.minute, tag.hour, tag.day)
    raw = b"".join([bcd.encode(part, 1) for part in (reversed(parts) if is_day_first else parts)])
    if tp_len == 7:
        if tag.month is None or tag.year is None:
            raise NotAllowed("a 7-byte time tag needs month and year")
        raw += bcd.encode(tag.month, 1) + bcd.encode(tag.year - 2000, 1)
    raw += bytes([tag.delay_min])
    try:
        decode_tag(raw, is_day_first)
    except Malformed:
        raise NotAllowed("the time tag is no time")
    return raw


def whole_minute(tag: TimeTag) -> TimeTag:
    """The tag with its seconds cut off. Raises NotAllowed on what is no tag."""
    if not isinstance(tag, TimeTag):
        raise NotAllowed("a time tag is a TimeTag, not %s" % (tag,))
    return TimeTag(tag.year, tag.month, tag.day, tag.hour, tag.minute, 0, tag.delay_min)


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


def is_stale(tag: TimeTag, utc_offset_s: int, now_utc_s: int) -> bool:
    """True if a receiver must drop the frame: its clock and the tag are further apart than the delay.

    Delay 0 = no such check. The transcription of SL/T 427 speaks of the difference of the two
    times, so a tag as far in the future is stale too.
    """
    if tag.delay_min == 0:
        return False
    apart_s = now_utc_s - utc_of(tag, utc_offset_s, now_utc_s)
    return abs(apart_s) > 60 * tag.delay_min


def decode_clock(raw: bytes) -> Clock:
    """Clock of 6 bytes (11H, 51H), or of 5 without seconds (the records of 63H). Raises Malformed.

    The fifth byte holds the weekday in its upper three bits and the month below.
    """
    if len(raw) not in (CLOCK_BYTES - 1, CLOCK_BYTES):
        raise Malformed("a clock has 6 bytes, not %d" % len(raw))
    second = bcd.decode(raw[:1]) if len(raw) == CLOCK_BYTES else 0
    minute, hour, day = [bcd.decode(raw[at : at + 1]) for at in range(-5, -2)]
    month = bcd.decode(bytes([raw[-2] & 0x1F]))
    year = 2000 + bcd.decode(raw[-1:])
    check(year, month, day, hour, minute, second)
    return Clock(year, month, day, hour, minute, second, raw[-2] >> 5 or None)


def encode_clock(clock: Clock, size: int = CLOCK_BYTES) -> bytes:
    """Bytes of a clock of 2000..2099. Raises NotAllowed."""
    weekday = 0 if clock.weekday is None else clock.weekday
    if not 0 <= weekday <= 7 or not 2000 <= clock.year <= 2099:
        raise NotAllowed("weekday %s of the year %d" % (clock.weekday, clock.year))
    parts = (clock.second, clock.minute, clock.hour, clock.day, clock.month, clock.year - 2000)
    raw = bytearray(b"".join([bcd.encode(part, 1) for part in parts]))
    raw[4] |= weekday << 5
    try:
        decode_clock(bytes(raw))
    except Malformed:
        raise NotAllowed("the clock shows no time")
    return bytes(raw[CLOCK_BYTES - size :])


def clock_at(utc_s: int, utc_offset_s: int) -> Clock:
    """Clock that shows a UTC time, with its weekday."""
    local_s = utc_s + utc_offset_s
    days, of_day = local_s // 86400, local_s % 86400
    year, month, day = _date(days)
    weekday = (days + 3) % 7 + 1  # 1970-01-01 was a Thursday
    return Clock(year, month, day, of_day // 3600, of_day // 60 % 60, of_day % 60, weekday)
