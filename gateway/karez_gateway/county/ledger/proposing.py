"""Proposals of corrections for revised coefficients, from the store."""

from collections.abc import Sequence

from sqlalchemy import Connection

from karez_gateway.calendars import DAY, MONTH, Calendar
from karez_gateway.county.ledger import coefficient
from karez_gateway.county.ledger.coefficient import Day, Proposal
from karez_gateway.county.wateryear import Span
from karez_gateway.errors import Refused
from karez_gateway.store import corrections, objects, rollups
from karez_protocols import record


def propose(
    connection: Connection,
    span: Span,
    civil: Calendar,
    sites: Sequence[str] | None = None,
    old_l_per_kwh: int | None = None,
) -> tuple[list[Proposal], list[str]]:
    """(proposals, what could not be judged) of whole months. Raises Refused: a site without such litres."""
    bounds = [begin for begin, _ in civil.periods(DAY, *span)] + [span.to_utc_s]
    days = [
        Day(one.site, bounds[one.at], bounds[one.at + 1], one.litres)
        for one in rollups.sums(connection, bounds)
        if one.method == record.CONVERTED and (not sites or one.site in sites)
    ]
    for site in sites or []:
        if not any(day.site == site for day in days):
            raise Refused(f"{site} has no litres converted by its own coefficient in that time")
    earlier: dict[tuple[str, int], int] = {}
    for one in corrections.every(connection, span):
        if one.kind == coefficient.KIND and one.method == record.CONVERTED:
            key = one.site, civil.start(MONTH, one.from_utc_s)
            earlier[key] = earlier.get(key, 0) + one.litres
    return coefficient.proposals(days, objects.every(connection), earlier, civil, old_l_per_kwh)
