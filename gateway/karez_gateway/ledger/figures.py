"""Litres of a site by hour, day or month, each with its method, its evidence, and what its records are.

Litres are those of the ledger, to the litre. Beside them stands, per period, how many records say so: good
ones; numbers that are missing and records that were quarantined, both counted in the period of the next good
record, whose litres take theirs along (a gap's litres belong to the period in which it ends, design §5); and
records that are not judged yet. A period with good records and no litres is a well that did not pump; a
period without any is one of which nothing is known, and is left out. Corrections in force stand beside the
litres that were booked, never in them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from sqlalchemy import Connection

from karez_gateway.calendars import Calendar
from karez_gateway.county.years.wateryear import Span
from karez_gateway.store import corrections, sites
from karez_gateway.store.corrections import Kept
from karez_gateway.store.ledgers import Hour, Litres
from karez_gateway.store.sites import Chain
from karez_protocols import record


class Method(NamedTuple):
    """How a volume was obtained: a word for programs, and for people."""

    code: str
    en: str
    zh: str


UNKNOWN = Method("unknown", "by a method that is not known", "计量方式未知")
METHODS = {
    record.METERED: Method("metered", "metered", "计量"),
    record.CONVERTED: Method(
        "converted", "converted from energy, this well's coefficient", "以电折水（本井系数）"
    ),
    record.CONVERTED_GROUP: Method(
        "converted-group", "converted from energy, the group's coefficient", "以电折水（分组系数）"
    ),
    record.ESTIMATED: Method("estimated", "estimated", "估算"),
}

STATISTIC_EN = (
    "Litres are differences of the well register W between good readings that follow one another, booked to "
    "the hour in which the later reading lies; a gap's litres belong to the period in which it ends. Each "
    "figure has the method of the later reading."
)
STATISTIC_ZH = (
    "水量为相邻两次有效读数的累计取水量之差，计入后一次读数所在的小时；中断期间的水量计入中断结束的时段。"
    "每个数值均按后一次读数的计量方式列出。"
)


def method(number: int) -> Method:
    """What a record's or a cell's method is called."""
    return METHODS.get(number, UNKNOWN)


@dataclass(slots=True)
class Counts:
    """Records of one period."""

    good: int = 0
    missing: int = 0
    quarantined: int = 0
    unjudged: int = 0

    def take(self, waiting: "Counts") -> None:
        """Add what waited for a good record."""
        self.missing += waiting.missing
        self.quarantined += waiting.quarantined

    def __bool__(self) -> bool:
        """True if anything is known."""
        return bool(self.good or self.missing or self.quarantined or self.unjudged)


@dataclass(slots=True)
class Figure:
    """Litres of one method, and between which entries of the store their readings lie."""

    method: int
    volume_l: int
    first_entry: int
    last_entry: int


@dataclass(slots=True)
class Period:
    """One hour, day or month of a site."""

    from_utc_s: int
    to_utc_s: int
    figures: list[Figure] = field(default_factory=list)
    counts: Counts = field(default_factory=Counts)
    corrections: list[Kept] = field(default_factory=list)  # in force, whose litres count here

    @property
    def volume_l(self) -> int:
        """Litres of all methods, as booked."""
        return sum(one.volume_l for one in self.figures)

    @property
    def correction_l(self) -> int:
        """What corrections add; below zero where they take."""
        return sum(one.litres for one in self.corrections)


def of_site(
    connection: Connection, site: str, calendar: Calendar, step: str, from_utc_s: int, to_utc_s: int
) -> list[Period]:
    """Periods of which anything is known, oldest first; the span lies on the limits of `step`."""
    counts: dict[int, Counts] = {}
    for chain in sites.chains(connection, site):
        _count(connection, chain, calendar, step, (from_utc_s, to_utc_s), counts)
    figures = _figures(sites.cells(connection, site, from_utc_s, to_utc_s), calendar, step)
    added: dict[int, list[Kept]] = {}
    for one in corrections.in_force(connection, Span(from_utc_s, to_utc_s), site):
        added.setdefault(calendar.start(step, one.hour_utc * sites.HOUR_S), []).append(one)
    return [
        Period(start, end, figures.get(start, []), counts.get(start, Counts()), added.get(start, []))
        for start, end in calendar.periods(step, from_utc_s, to_utc_s)
        if start in figures or counts.get(start) or start in added
    ]


def _figures(cells: Sequence[tuple[Hour, Litres]], calendar: Calendar, step: str) -> dict[int, list[Figure]]:
    """Begin of a period -> its figures by method."""
    found: dict[int, dict[int, Figure]] = {}
    for hour, cell in cells:
        of_period = found.setdefault(calendar.start(step, hour.hour_utc * sites.HOUR_S), {})
        first, last = sorted((cell.first_entry, cell.last_entry))
        known = of_period.get(hour.method)
        if known is None:
            of_period[hour.method] = Figure(hour.method, cell.litres, first, last)
        else:
            known.volume_l += cell.litres
            known.first_entry = min(known.first_entry, first)
            known.last_entry = max(known.last_entry, last)
    return {start: [each[number] for number in sorted(each)] for start, each in found.items()}


def _count(
    connection: Connection,
    chain: Chain,
    calendar: Calendar,
    step: str,
    span: tuple[int, int],
    counts: dict[int, Counts],
) -> None:
    """Add one chain's records to the periods of a span."""
    expected = sites.first_at(connection, chain, span[0])
    waiting = Counts()  # what the next good record takes along
    start: int | None = None  # of the period of the last good record
    end = -1  # of that period
    for one in sites.records(connection, chain, expected):
        waiting.missing += max(one.seq - expected, 0)
        expected = max(expected, one.seq + 1)
        if one.is_judged and one.reason is not None:
            waiting.quarantined += 1
            continue
        if one.utc_s is not None:
            if one.utc_s >= span[1] and sites.is_sure(one.head):
                return
            if not span[0] <= one.utc_s < span[1]:
                start = None
            elif start is None or not start <= one.utc_s < end:
                start = calendar.start(step, one.utc_s)
                end = calendar.after(step, start)
        if start is None:  # no time yet, or one outside: what waits goes with it
            waiting = Counts()
            continue
        here = counts.setdefault(start, Counts())
        here.take(waiting)
        waiting = Counts()
        if one.is_judged:
            here.good += 1
        else:
            here.unjudged += 1
    if start is not None:  # nothing good came after them yet
        counts[start].take(waiting)
