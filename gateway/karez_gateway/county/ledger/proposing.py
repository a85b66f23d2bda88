"""Proposals of corrections for revised coefficients, from the store."""

from collections.abc import Sequence

from sqlalchemy import Connection

from karez_gateway.calendars import DAY, MONTH, Calendar
from karez_gateway.county.ledger import coefficient
from karez_gateway.county.ledger.coefficient import Day, Proposal
from karez_gateway.county.years.wateryear import Span
from karez_gateway.errors import Refused
from karez_gateway.store import corrections, objects, rollups


def propose(
    connection: Connection,
    span: Span,
    civil: Calendar,
    sites: Sequence[str] | None = None,
    old_l_per_kwh: int | None = None,
) -> tuple[list[Proposal], list[str]]:
    """(proposals, what could not be judged) of whole months. Raises Refused: a site without such litres.

    Litres of a group's coefficient behind those of a well's own.
    """
    bounds = [begin for begin, _ in civil.periods(DAY, *span)] + [span.to_utc_s]
    days: dict[int, list[Day]] = {method: [] for method in coefficient.METHODS}
    for one in rollups.sums(connection, bounds):
        if one.method in days and (not sites or one.site in sites):
            days[one.method].append(Day(one.site, bounds[one.at], bounds[one.at + 1], one.litres))
    for site in sites or []:
        if not any(day.site == site for each in days.values() for day in each):
            raise Refused(f"{site} has no litres converted from energy by a coefficient in that time")
    earlier: dict[int, dict[tuple[str, int], int]] = {method: {} for method in days}
    for kept in corrections.every(connection, span):
        if kept.kind == coefficient.KIND and kept.method in earlier:
            key = kept.site, civil.start(MONTH, kept.from_utc_s)
            earlier[kept.method][key] = earlier[kept.method].get(key, 0) + kept.litres
    versions = objects.every(connection)
    proposed: list[Proposal] = []
    lacking: list[str] = []
    for method, those in days.items():
        found, says = coefficient.proposals(those, versions, earlier[method], civil, old_l_per_kwh, method)
        proposed += found
        lacking += says
    return proposed, lacking
