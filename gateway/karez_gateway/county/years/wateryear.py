"""Water years: twelve months from the first day of a settable month (domain.md §9: it may not be January).

A water year bears the name of the calendar year in which it begins. Its periods are the year itself, its
months, and the rounds of irrigation that the county's registry names.
"""

from typing import NamedTuple

from karez_gateway.calendars import MONTH, Calendar
from karez_gateway.errors import Refused

YEAR = "year"  # the period that is the whole year
MONTHS = tuple(f"{month:02d}" for month in range(1, 13))
FIRST_YEAR, LAST_YEAR = 1971, 2104  # within 32 bits of UTC seconds


class Span(NamedTuple):
    """From a moment to another, which is no part of it; UTC seconds."""

    from_utc_s: int
    to_utc_s: int


class WaterYears:
    """Years at `calendar`'s civil time that begin in `first_month`."""

    def __init__(self, calendar: Calendar, first_month: int = 1) -> None:
        """Take calendar and month (1 to 12)."""
        self.calendar = calendar
        self.first_month = first_month

    def span(self, year: int) -> Span:
        """The whole year. Raises Refused for one outside 1971 to 2104."""
        return Span(self._month_start(year, self.first_month), self._month_start(year + 1, self.first_month))

    def of(self, utc_s: int) -> int:
        """The year in which a moment lies."""
        local = self.calendar.local(utc_s)
        return local.year if local.month >= self.first_month else local.year - 1

    def month(self, year: int, month: int) -> Span:
        """A calendar month (1 to 12) of a water year."""
        start = self._month_start(year + (month < self.first_month), month)
        return Span(start, self.calendar.after(MONTH, start))

    def months(self, year: int) -> list[tuple[str, Span]]:
        """Its twelve months in their order: ("07", span)."""
        order = [(self.first_month + at - 1) % 12 + 1 for at in range(12)]
        return [(f"{month:02d}", self.month(year, month)) for month in order]

    def _month_start(self, year: int, month: int) -> int:
        if not FIRST_YEAR <= year <= LAST_YEAR + 1:
            raise Refused(f"{year} is no water year: {FIRST_YEAR} to {LAST_YEAR}")
        return self.calendar.moment(f"{year}-{month:02d}-01")
