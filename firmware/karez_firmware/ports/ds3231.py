"""The battery-backed clock DS3231 on I2C (registers by its data sheet, 19-5170).

It keeps time and, beside it, how far that may be believed: the registers of its first alarm are not
wired to anything here, live on the same battery, and hold the time state.
"""

from karez_protocols import record
from karez_protocols.constant import const

_ADDRESS = const(0x68)
_TIME = const(0x00)  # seconds minutes hours weekday date month year, BCD
_ALARM = const(0x07)  # seconds, minutes of alarm 1: the state, and a mark that it is one
_CONTROL = const(0x0E)
_STATUS = const(0x0F)
_STOPPED = const(0x80)  # OSF: the oscillator has stood still since this bit was cleared
_RUN = b"\x04\x00"  # control: on battery too, no square wave; status: OSF cleared, no 32 kHz output
_MARK = const(0x42)

_DAY_S = const(86_400)
_YEAR_0 = const(2000)
_DAYS_TO_2000 = const(10_957)  # from 1970
_STATES = (record.TIME_INFORMATIVE, record.TIME_SYNCHRONISED)


def _number(bcd):
    high, low = bcd >> 4, bcd & 15
    return high * 10 + low if high < 10 and low < 10 else None


def _bcd(number):
    return number // 10 << 4 | number % 10


def _days(year, month, date):
    """Days from 2000-01-01 to a day of 2000..2099; every fourth of these years is a leap year."""
    days = year * 365 + (year + 3) // 4 + date - 1
    for before in range(1, month):
        days += _month_days(year, before)
    return days


def _month_days(year, month):
    if month == 2:
        return 28 if year % 4 else 29
    return 30 if month in (4, 6, 9, 11) else 31


def utc_of(registers):
    """Return UTC seconds (since 1970) of the seven time registers, None if they are no time."""
    second, minute, hour = (_number(one) for one in registers[:3])
    # The day of the week is nobody's; bit 7 of the month is a century that is not ours.
    date, month, year = _number(registers[4]), _number(registers[5]), _number(registers[6])
    if None in (second, minute, hour, date, month, year):
        return None
    if second > 59 or minute > 59 or hour > 23 or not 1 <= month <= 12:
        return None  # hour: also the 12-hour form, which nobody here sets
    if not 1 <= date <= _month_days(year, month):
        return None
    days = _DAYS_TO_2000 + _days(year, month, date)
    return days * _DAY_S + hour * 3600 + minute * 60 + second


def registers_of(utc_s):
    """Return the seven time registers of UTC seconds. Raises ValueError outside 2000..2099."""
    days, second = utc_s // _DAY_S - _DAYS_TO_2000, utc_s % _DAY_S
    if not 0 <= days < _days(100, 1, 1):
        raise ValueError("a clock of two digits holds no %d" % utc_s)
    weekday = (days + 5) % 7 + 1  # 2000-01-01 was a Saturday; Monday is 1
    year = 0
    while days >= _days(year + 1, 1, 1):
        year += 1
    days -= _days(year, 1, 1)
    month = 1
    while days >= _month_days(year, month):
        days -= _month_days(year, month)
        month += 1
    parts = (second % 60, second // 60 % 60, second // 3600, weekday, days + 1, month, year)
    return bytes(_bcd(part) for part in parts)


class Ds3231:
    """One clock. A chip that does not answer is a clock that stopped, not an error."""

    def __init__(self, i2c):
        self._i2c = i2c

    def read(self):
        """Return (UTC seconds, time state): (None, TIME_UNKNOWN) if it stood still, or does not answer."""
        registers = bytearray(9)
        status = bytearray(1)
        try:
            self._i2c.readfrom_mem_into(_ADDRESS, _TIME, registers)
            self._i2c.readfrom_mem_into(_ADDRESS, _STATUS, status)
        except OSError:
            return None, record.TIME_UNKNOWN
        utc_s = utc_of(registers)
        if utc_s is None or status[0] & _STOPPED:
            return None, record.TIME_UNKNOWN
        state = registers[_ALARM]
        if state not in _STATES or registers[_ALARM + 1] != _MARK:
            return utc_s, record.TIME_INFORMATIVE  # somebody else set it
        return utc_s, state

    def set(self, utc_s, time_state):
        """Set time and state; False when the chip does not take them."""
        try:
            # The mark goes first and the state last: cut in between, the clock merely informs.
            self._i2c.writeto_mem(_ADDRESS, _ALARM, b"\0\0")
            self._i2c.writeto_mem(_ADDRESS, _TIME, registers_of(utc_s))
            self._i2c.writeto_mem(_ADDRESS, _CONTROL, _RUN)
            self._i2c.writeto_mem(_ADDRESS, _ALARM, bytes((time_state, _MARK)))
        except (OSError, ValueError):
            return False
        return True
