"""Litres that sites took, for whoever plans, warns, reports or closes a year: one place says what counts."""

from sqlalchemy import Connection, bindparam, func, select

from karez_gateway.county.years.wateryear import Span
from karez_gateway.store import corrections
from karez_gateway.store.schema import ledger

HOUR_S = 3600

# A year of all sites is asked for site by site, along the table's own key: in one query the database sorts
# every hour of the county. Some days are few hours, and one query is quicker than thousands.
SHORT_S = 31 * 86_400

_OF_ALL = (
    select(ledger.c.site, ledger.c.method, func.sum(ledger.c.litres))
    .where(ledger.c.hour_utc >= bindparam("first"), ledger.c.hour_utc < bindparam("end"))
    .group_by(ledger.c.site, ledger.c.method)
)
_OF_SITE = _OF_ALL.where(ledger.c.site == bindparam("of_site"))
_FIRST = select(func.min(ledger.c.site).label("site")).cte("each", recursive=True)
_NEXT = select(func.min(ledger.c.site)).where(ledger.c.site > _FIRST.c.site).correlate(_FIRST)
_EACH = _FIRST.union_all(select(_NEXT.scalar_subquery()).where(_FIRST.c.site.is_not(None)))
_SITES = select(_EACH.c.site).where(_EACH.c.site.is_not(None))  # one look at the key for each

Usage = dict[str, dict[int, int]]  # site -> method -> litres


def of_sites(connection: Connection, span: Span) -> Usage:
    """Litres of every site by method (karez_protocols.record) in a span of whole hours.

    With the corrections that the log holds, so a method's litres may be below zero where a person said so.
    """
    found = _booked(connection, span)
    for (site, method), litres in corrections.litres(connection, span).items():
        of_site = found.setdefault(site, {})
        of_site[method] = of_site.get(method, 0) + litres
    return found


def _booked(connection: Connection, span: Span) -> Usage:
    hours = {"first": span.from_utc_s // HOUR_S, "end": span.to_utc_s // HOUR_S}
    if span.to_utc_s - span.from_utc_s <= SHORT_S:
        rows = connection.execute(_OF_ALL, hours).all()
    else:
        sites = connection.execute(_SITES).scalars().all()
        rows = [row for one in sites for row in connection.execute(_OF_SITE, hours | {"of_site": one})]
    found: Usage = {}
    for site, method, litres in rows:
        found.setdefault(site, {})[method] = int(litres)
    return found


def total_l(usage: Usage, site: str) -> int:
    """Litres of one site by all methods."""
    return sum(usage.get(site, {}).values())
