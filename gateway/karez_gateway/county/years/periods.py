"""Periods that people name: 2026-10-01T14, 2026-10-01, 2026-10, 2026-Q4, 2026-H2, 2026.

Months, quarters and half-years are those of the calendar; a year is the water year that begins in it.
"""

import re
from typing import NamedTuple

from karez_gateway.calendars import DAY, HOUR, MONTH, Calendar
from karez_gateway.county.years.wateryear import Span, WaterYears
from karez_gateway.errors import Refused

QUARTER, HALF, YEAR = "quarter", "half-year", "year"
_FORMS = (
    (HOUR, re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d)")),
    (DAY, re.compile(r"(\d{4})-(\d\d)-(\d\d)")),
    (MONTH, re.compile(r"(\d{4})-(\d\d)")),
    (QUARTER, re.compile(r"(\d{4})-Q([1-4])")),
    (HALF, re.compile(r"(\d{4})-H([12])")),
    (YEAR, re.compile(r"(\d{4})")),
)
EXAMPLES = {
    HOUR: "2026-10-01T14",
    DAY: "2026-10-01",
    MONTH: "2026-10",
    QUARTER: "2026-Q4",
    HALF: "2026-H2",
    YEAR: "2026",
}
_MONTHS = {QUARTER: 3, HALF: 6}


class Period(NamedTuple):
    """A named stretch of time; its end is no part of it."""

    kind: str
    name: str
    span: Span


def named(text: str, years: WaterYears, *kinds: str) -> Period:
    """The period of a name, of some kinds or any. Raises Refused that says how names look."""
    wanted = kinds or tuple(EXAMPLES)
    for kind, form in _FORMS:
        found = form.fullmatch(text)
        if found and kind in wanted:
            return Period(kind, text, _span(kind, text, [*found.groups()], years))
    raise Refused(f"{text[:40]!r} is no period here: write {' or '.join(EXAMPLES[one] for one in wanted)}")


def _span(kind: str, text: str, parts: list[str], years: WaterYears) -> Span:
    civil = years.calendar
    if kind == YEAR:
        return years.span(int(parts[0]))
    if kind in (QUARTER, HALF):
        first = 1 + (int(parts[1]) - 1) * _MONTHS[kind]
        begin = end = civil.moment(f"{parts[0]}-{first:02d}-01")
        for _ in range(_MONTHS[kind]):
            end = civil.after(MONTH, end)
        return Span(begin, end)
    day = civil.moment("-".join([*parts[:3], "01"][:3]))
    if kind != HOUR:
        return Span(day, civil.after(kind, day))
    if int(parts[3]) > 23:
        raise Refused(f"{text} is no hour: 00 to 23")
    begin = day + 3600 * int(parts[3])
    return Span(begin, begin + 3600)


def months(span: Span, civil: Calendar) -> list[Span]:
    """The months of a span, the first and the last one as far as they lie in it."""
    found, at = [], span.from_utc_s
    while at < span.to_utc_s:
        end = min(civil.after(MONTH, civil.start(MONTH, at)), span.to_utc_s)
        found.append(Span(at, end))
        at = end
    return found
