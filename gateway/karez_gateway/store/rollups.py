"""SQL over `ledger`: litres of all sites, summed by the database over the periods of a span."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection, case, func, select

from karez_gateway.store.schema import ledger

HOUR_S = 3600


class Sum(NamedTuple):
    """Litres of a site in one period by one method."""

    site: str
    at: int  # which period
    method: int
    litres: int


def sums(connection: Connection, bounds: Sequence[int], site: str | None = None) -> list[Sum]:
    """Litres of each period; `bounds`: rising UTC seconds of whole hours, the last one the end of all."""
    hours = [one // HOUR_S for one in bounds]
    place = case(*((ledger.c.hour_utc < end, at) for at, end in enumerate(hours[1:])))
    query = (
        select(ledger.c.site, place.label("period_at"), ledger.c.method, func.sum(ledger.c.litres))
        .where(ledger.c.hour_utc >= hours[0], ledger.c.hour_utc < hours[-1])
        .group_by(ledger.c.site, "period_at", ledger.c.method)
        .order_by(ledger.c.site, "period_at", ledger.c.method)
    )
    if site is not None:
        query = query.where(ledger.c.site == site)
    return [Sum(row[0], row[1], row[2], int(row[3])) for row in connection.execute(query)]
