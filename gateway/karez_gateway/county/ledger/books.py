"""The books of a span as reports and traces take them from the store: one snapshot, every litre of it."""

from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass

from sqlalchemy import Connection

from karez_gateway.calendars import Calendar
from karez_gateway.county.ledger import hearing, rollup, standing
from karez_gateway.county.ledger.classing import Placing
from karez_gateway.county.ledger.hearing import DAY_S, Rates
from karez_gateway.county.ledger.rollup import Line
from karez_gateway.county.registry.objects import Object, Registry
from karez_gateway.county.years import periods
from karez_gateway.county.years.wateryear import Span
from karez_gateway.store import closings, controllers, corrections, entries, heard, objects, rollups
from karez_gateway.store.closings import Closed
from karez_gateway.store.corrections import Kept


@dataclass(frozen=True, slots=True)
class Books:
    """Lines of every site, by the months of a span, and what is known of the sites."""

    span: Span
    months: list[Span]
    lines: list[Line]
    corrections: list[Kept]  # in force
    closed: dict[int, Closed]  # month -> its close, where the log holds it
    versions: list[Object]
    placing: Placing
    rates: dict[str, Rates]
    entries: int  # how many the store has

    @property
    def registry(self) -> Registry:
        """As it stands now."""
        return Registry.of(self.versions)

    @property
    def sites(self) -> list[str]:
        """Every site that has litres, a controller, or a place in the registry."""
        registered = {name for name, _ in self.registry.of_kind("site")}
        return sorted({one.site for one in self.lines} | set(self.rates) | registered)


def read(connection: Connection, span: Span, civil: Calendar, now_s: int) -> Books:
    """All of a span of whole hours."""
    months = periods.months(span, civil)
    bounds = [one.from_utc_s for one in months] + [span.to_utc_s]
    booked = {(one.site, one.at, one.method): one.litres for one in rollups.sums(connection, bounds)}
    kept = corrections.in_force(connection, span)
    added: Counter[tuple[str, int, int]] = Counter()
    for one in kept:
        at = bisect_right(bounds, one.hour_utc * rollups.HOUR_S) - 1
        added[one.site, at, one.method] += one.litres
    closed = {
        months.index(Span(one.from_utc_s, one.to_utc_s)): one
        for one in closings.between(connection, *span)
        if one.log_index is not None and Span(one.from_utc_s, one.to_utc_s) in months
    }
    frozen = {at: closings.totals(connection, one.from_utc_s) for at, one in closed.items()}
    versions = objects.every(connection)
    return Books(
        span=span,
        months=months,
        lines=rollup.lines(booked, added, frozen),
        corrections=kept,
        closed=closed,
        versions=versions,
        placing=Placing(versions, [one.to_utc_s for one in months]),
        rates=_rates(connection, span, now_s),
        entries=entries.next_index(connection),
    )


def _rates(connection: Connection, span: Span, now_s: int) -> dict[str, Rates]:
    since = controllers.since(connection)
    for site, day in heard.first_days(connection).items():
        since[site] = min(since.get(site, day * DAY_S), day * DAY_S)
    days = standing.days_heard(connection, span)
    return {site: hearing.of_site(days.get(site, {}), span, utc_s, now_s) for site, utc_s in since.items()}
