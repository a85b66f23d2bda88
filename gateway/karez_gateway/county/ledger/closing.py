"""Closing a month: its totals by site and method stand for good, with what was missing when it was closed.

Whatever comes later to a closed month, litres or corrections, is shown as late beside it and never in it.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import Connection

from karez_gateway.calendars import MONTH, Calendar
from karez_gateway.county import acts
from karez_gateway.county.acts import Deed
from karez_gateway.county.ledger import standing
from karez_gateway.county.years.periods import Period
from karez_gateway.errors import Refused
from karez_gateway.store import closings, corrections, entries, rollups
from karez_gateway.store.closings import Closed, Total, Totals

SORT = "month close"
SAID_MAX = 20


class Done(NamedTuple):
    """A closed month."""

    act_id: int
    digest: str
    totals: Totals
    missing: list[str]


def look(connection: Connection, month: Period, now_s: int, civil: Calendar, *, despite: bool) -> list[str]:
    """What a month lacks. Raises Refused: not over, closed already, or it lacks something (`despite`).

    It takes some seconds in a large county: a snapshot for reading does, nobody need wait for it.
    """
    _refuse(connection, month, now_s, civil)
    missing = standing.missing(connection, month.span, civil)
    if missing and not despite:
        listed = "; ".join(missing[:SAID_MAX])
        more = f"; and {len(missing) - SAID_MAX} more" if len(missing) > SAID_MAX else ""
        raise Refused(f"{month.name} is not complete: {listed}{more}. Say --despite to close it as it is")
    return missing


def _refuse(connection: Connection, month: Period, now_s: int, civil: Calendar) -> None:
    if now_s < month.span.to_utc_s:
        raise Refused(f"{month.name} is not over: it ends {civil.iso(month.span.to_utc_s)}")
    for one in closings.every(connection):
        if one.from_utc_s < month.span.to_utc_s and one.to_utc_s > month.span.from_utc_s:
            raise Refused(f"{month.name} is closed already, by act {one.act_id}: what came since is late")


def close(connection: Connection, month: Period, deed: Deed, civil: Calendar, missing: Sequence[str]) -> Done:
    """Close a month of which `look` said what is missing. Raises Refused: not over, or closed already."""
    _refuse(connection, month, deed.now_s, civil)
    totals = now(connection, month)
    seal = digest(totals)
    count = entries.next_index(connection)
    detail = {
        "month": civil.name(MONTH, month.span.from_utc_s),
        "from_utc_s": month.span.from_utc_s,
        "to_utc_s": month.span.to_utc_s,
        "entries": count,
        "totals": len(totals),
        "litres": sum(one.litres for one in totals.values()),
        "correction_l": sum(one.correction_l for one in totals.values()),
        "sha256": seal.hex(),
        "missing": list(missing),
    }
    act_id = acts.write(connection, SORT, deed, detail)
    closings.add(connection, Closed(*month.span, act_id, count, seal), totals)
    return Done(act_id, seal.hex(), totals, list(missing))


def now(connection: Connection, month: Period) -> Totals:
    """What a month has now: ledger, and the corrections that the log holds."""
    found: dict[tuple[str, int], list[int]] = {}
    for one in rollups.sums(connection, month.span):
        found.setdefault((one.site, one.method), [0, 0])[0] = one.litres
    for key, litres in corrections.litres(connection, month.span).items():
        found.setdefault(key, [0, 0])[1] = litres
    return {key: Total(*each) for key, each in sorted(found.items())}


def digest(totals: Mapping[tuple[str, int], Total]) -> bytes:
    """SHA-256 over a line for each site and method: the same totals, the same digest."""
    lines = sorted(
        f"{site}\t{method}\t{one.litres}\t{one.correction_l}\n" for (site, method), one in totals.items()
    )
    return hashlib.sha256("".join(lines).encode()).digest()
