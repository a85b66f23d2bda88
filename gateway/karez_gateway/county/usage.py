"""Litres that sites took, for whoever plans, warns, reports or closes a year: one place says what counts."""

from sqlalchemy import Connection, func, select

from karez_gateway.county.wateryear import Span
from karez_gateway.store import corrections
from karez_gateway.store.schema import ledger

HOUR_S = 3600

Usage = dict[str, dict[int, int]]  # site -> method -> litres


def of_sites(connection: Connection, span: Span) -> Usage:
    """Litres of every site by method (karez_protocols.record) in a span of whole hours.

    With the corrections that the log holds, so a method's litres may be below zero where a person said so.
    """
    query = (
        select(ledger.c.site, ledger.c.method, func.sum(ledger.c.litres))
        .where(ledger.c.hour_utc >= span.from_utc_s // HOUR_S, ledger.c.hour_utc < span.to_utc_s // HOUR_S)
        .group_by(ledger.c.site, ledger.c.method)
    )
    found: Usage = {}
    for site, method, litres in connection.execute(query):
        found.setdefault(site, {})[method] = int(litres)
    for (site, method), litres in corrections.litres(connection, span).items():
        of_site = found.setdefault(site, {})
        of_site[method] = of_site.get(method, 0) + litres
    return found


def total_l(usage: Usage, site: str) -> int:
    """Litres of one site by all methods."""
    return sum(usage.get(site, {}).values())
