"""Times of SL 651: two digits of the year and so on down, on the platform's clock.

Send time YYMMDDhhmmss, observation time YYMMDDhhmm, query limits YYMMDDhh. The century is 20.
"""

from collections import namedtuple

from . import bcd
from .errors import Malformed, NotAllowed

SENT_BYTES = 6
OBSERVED_BYTES = 5
HOUR_BYTES = 4

Time = namedtuple("Time", "year month day hour minute second")  # noqa: PYI024 - no typing on MicroPython
Step = namedtuple("Step", "days hours minutes")  # noqa: PYI024 - the same


def days_of_month(year: int, month: int) -> int:
    """Days of a month of the Gregorian calendar."""
    if month == 2:
        return 29 if year % 4 == 0 and (year % 100 or year % 400 == 0) else 28
    return 30 if month in (4, 6, 9, 11) else 31


def _is_time(time):
    return (
        1 <= time.month <= 12
        and 1 <= time.day <= days_of_month(time.year, time.month)
        and 0 <= time.hour <= 23
        and 0 <= time.minute <= 59
        and 0 <= time.second <= 59
    )


def decode_time(raw: bytes) -> Time:
    """Time of 4, 5 or 6 bytes; what is missing is 0. Raises Malformed if it is no time."""
    if not HOUR_BYTES <= len(raw) <= SENT_BYTES:
        raise Malformed("a time has 4 to 6 bytes, not %d" % len(raw))
    parts = [bcd.decode(bytes(raw[at : at + 1])) for at in range(len(raw))]
    parts += [0] * (SENT_BYTES - len(raw))
    time = Time(2000 + parts[0], parts[1], parts[2], parts[3], parts[4], parts[5])
    if not _is_time(time):
        raise Malformed("%s is no time" % time_text(time))
    return time


def encode_time(time: Time, size: int) -> bytes:
    """4, 5 or 6 bytes of a time. Raises NotAllowed on what is no time or would be cut off."""
    if not 2000 <= time.year <= 2099 or not _is_time(time):
        raise NotAllowed("%s is no time of this century" % time_text(time))
    if (size < SENT_BYTES and time.second) or (size < OBSERVED_BYTES and time.minute):
        raise NotAllowed("%s is finer than its field" % time_text(time))
    parts = (time.year - 2000, time.month, time.day, time.hour, time.minute, time.second)
    return b"".join([bcd.encode(part, 1) for part in parts[:size]])


def time_text(time: Time) -> str:
    """A time as people write it, to the second."""
    return "%04d-%02d-%02d %02d:%02d:%02d" % tuple(time)


def _days(year, month, day):
    """Days from 1970-01-01 to a date, by counting years from March."""
    if month < 3:
        year -= 1
        month += 12
    return 365 * year + year // 4 - year // 100 + year // 400 + (153 * month - 457) // 5 + day - 719469


def utc_of(time: Time, utc_offset_s: int) -> int:
    """UTC seconds of a time on a clock that is `utc_offset_s` ahead."""
    of_day = time.hour * 3600 + time.minute * 60 + time.second
    return _days(time.year, time.month, time.day) * 86400 + of_day - utc_offset_s


def time_at(utc_s: int, utc_offset_s: int) -> Time:
    """The time on that clock at UTC seconds."""
    local_s = utc_s + utc_offset_s
    days = local_s // 86400
    year = 1970 + days * 400 // 146097
    while _days(year + 1, 1, 1) <= days:
        year += 1
    while _days(year, 1, 1) > days:
        year -= 1
    month = 12
    while _days(year, month, 1) > days:
        month -= 1
    of_day = local_s % 86400
    day = days - _days(year, month, 1) + 1
    return Time(year, month, day, of_day // 3600, of_day // 60 % 60, of_day % 60)


def check_step(step: Step) -> bool:
    """True if a step is in the ranges of table C.3; all zeros stands for the hour's series F4 to FC."""
    return 0 <= step.days <= 31 and 0 <= step.hours <= 23 and 0 <= step.minutes <= 59


def decode_step(raw: bytes) -> Step:
    """Step of 3 bytes: days, hours, minutes. Raises Malformed."""
    if len(raw) != 3:
        raise Malformed("a step has 3 bytes, not %d" % len(raw))
    step = Step(*[bcd.decode(bytes(raw[at : at + 1])) for at in range(3)])
    if not check_step(step):
        raise Malformed("%d days %d hours %d minutes are no step" % tuple(step))
    return step


def encode_step(step: Step) -> bytes:
    """3 bytes of a step. Raises NotAllowed."""
    if not check_step(step):
        raise NotAllowed("%d days %d hours %d minutes are no step" % tuple(step))
    return b"".join([bcd.encode(part, 1) for part in step])
