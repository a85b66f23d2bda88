"""A region's figure, down to its sites: each with what to trace next."""

import shlex
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection

from karez_gateway.calendars import Calendar
from karez_gateway.county.ledger import books as ledger_books
from karez_gateway.county.ledger.correction_file import shown
from karez_gateway.county.ledger.rollup import roll
from karez_gateway.county.years.wateryear import Span
from karez_gateway.errors import Refused


def trace(connection: Connection, region: str, span: Span, civil: Calendar, now_s: int) -> dict[str, Any]:
    """Sums of a region by metering point, and of every site of it. Raises Refused: it is not there."""
    books = ledger_books.read(connection, span, civil, now_s)
    if books.registry.get("region", region) is None:
        raise Refused(f"region {region} is not in the registry")
    place = books.placing.of
    mine = [
        one
        for one in books.lines
        if region in (*place(one.site, one.at).admin, *place(one.site, one.at).basin)
    ]
    points = roll(mine, lambda line: [place(line.site, line.at).point])
    of_sites = roll(mine, lambda line: [line.site])

    def row(name: str, amount: Any) -> dict[str, Any]:
        sums = {"booked_l": amount.booked_l, "correction_l": amount.correction_l, "late_l": amount.late_l}
        return {"name": name, **sums, "total_l": amount.total_l}

    return {
        "region": region,
        "from": civil.iso(span.from_utc_s),
        "to": civil.iso(span.to_utc_s),
        "points": [row(name, amount) for name, amount in sorted(points.items())],
        "sites": [row(name, amount) for name, amount in sorted(of_sites.items())],
    }


def lines(told: dict[str, Any], period: str) -> Iterator[str]:
    """For people."""
    yield f"{told['region']}  {told['from']} – {told['to']}"
    for one in told["points"]:
        late = f", late {shown(one['late_l'])} m³" if one["late_l"] else ""
        yield f"  {one['name']:<16} {shown(one['total_l']):>16} m³{late}"
    for one in told["sites"]:
        late = f", late {shown(one['late_l'])} m³" if one["late_l"] else ""
        yield f"site  {one['name']:<16} {shown(one['total_l']):>16} m³{late}"
        name = shlex.quote(one["name"])
        yield f"      karez gateway trace --data DIRECTORY --site {name} --period {period}"
