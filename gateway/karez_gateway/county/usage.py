"""Litres that sites took, for whoever plans, warns, reports or closes a year: one place says what counts."""

from sqlalchemy import Connection, func, select

from karez_gateway.county.wateryear import Span
from karez_gateway.store.schema import ledger

HOUR_S = 3600

Usage = dict[str, dict[int, int]]  # site -> method -> litres


def of_sites(connection: Connection, span: Span) -> Usage:
    """Litres of every site by method (karez_protocols.record) in a span of whole hours."""
    query = (
        select(ledger.c.site, ledger.c.method, func.sum(ledger.c.litres))
        .where(ledger.c.hour_utc >= span.from_utc_s // HOUR_S, ledger.c.hour_utc < span.to_utc_s // HOUR_S)
        .group_by(ledger.c.site, ledger.c.method)
    )
    found: Usage = {}
    for site, method, litres in connection.execute(query):
        found.setdefault(site, {})[method] = int(litres)
    return found


def total_l(usage: Usage, site: str) -> int:
    """Litres of one site by all methods."""
    return sum(usage.get(site, {}).values())
