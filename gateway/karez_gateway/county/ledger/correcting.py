"""Putting corrections into the books: checked as a whole, kept with one act or not at all."""

import json
from collections.abc import Sequence

from sqlalchemy import Connection

from karez_gateway.calendars import MONTH, Calendar
from karez_gateway.county import acts
from karez_gateway.county.acts import Deed
from karez_gateway.county.ledger import corrections as pure
from karez_gateway.county.ledger.corrections import Below, Correction
from karez_gateway.county.years.wateryear import Span
from karez_gateway.errors import Refused
from karez_gateway.ledger import figures
from karez_gateway.store import acts as stored_acts
from karez_gateway.store import corrections, objects, rollups, sites
from karez_gateway.store.corrections import Kept


def correct(
    connection: Connection,
    those: Sequence[Correction],
    deed: Deed,
    civil: Calendar,
    *,
    may_fall: bool = False,
) -> tuple[int, list[Below]]:
    """Keep corrections; return the act's number and the months that fall below zero.

    Raises Refused, and nothing is kept: an unknown site, a span that is wrong, too many of them, or a month
    below zero that nobody said may be (`may_fall`).
    """
    if not 0 < len(those) <= pure.ROWS_MAX:
        raise Refused(f"an act holds 1 to {pure.ROWS_MAX} corrections, not {len(those)}")
    for one in those:
        pure.checked(one, civil, deed.now_s)
    _known_sites(connection, those)
    below = pure.below_zero(those, _booked(connection, those, civil), civil)
    if below and not may_fall:
        raise Refused(f"{_told(below)}: say --below-zero if that is meant")
    act_id = acts.write(connection, pure.SORT, deed, pure.detail(those, below))
    corrections.add(connection, [_kept(act_id, row, one) for row, one in enumerate(those)])
    return act_id, below


def refuse_again(connection: Connection, those: Sequence[Correction], deed: Deed) -> None:
    """Refuse a file of corrections that is brought again, as after a cut: its litres would count twice."""
    rows = [_without_energy(one) for one in those]  # energy is what was left of it at the time
    for one in stored_acts.every(connection, pure.SORT):
        is_same_deed = (one.because, one.document) == (deed.because, deed.document)
        if is_same_deed and list(map(_without_energy, pure.said(json.loads(one.detail)))) == rows:
            raise Refused(
                f"act {one.id} has these very corrections: if they are meant twice, say another --because"
            )


def _without_energy(one: Correction) -> Correction:
    return one._replace(energy_wh=0)


def _kept(act_id: int, row: int, one: Correction) -> Kept:
    return Kept(act_id, row, *one[:5], one.hour_utc, one.litres, one.energy_wh, log_index=None)


def _known_sites(connection: Connection, those: Sequence[Correction]) -> None:
    registry = objects.registry(connection)
    for site in sorted({one.site for one in those}):
        if registry.get("site", site) is None and not sites.exists(connection, site):
            raise Refused(f"site {site[:64]!r} is neither in the registry nor has it ever had a controller")


def _booked(
    connection: Connection, those: Sequence[Correction], civil: Calendar
) -> dict[tuple[str, int, int], int]:
    """(site, month, method) -> litres with every correction, also those that wait for the log."""
    wanted = sorted({one.site for one in those})
    only = wanted[0] if len(wanted) == 1 else None
    found: dict[tuple[str, int, int], int] = {}
    for month in sorted(pure.months_of(those, civil)):
        end = civil.after(MONTH, month)
        for one in rollups.sums(connection, (month, end), only):
            if one.site in wanted:
                found[one.site, month, one.method] = one.litres
        for each in corrections.every(connection, Span(month, end), only):
            key = each.site, month, each.method
            found[key] = found.get(key, 0) + each.litres
    return found


def _told(below: Sequence[Below]) -> str:
    first = below[0]
    more = f" and {len(below) - 1} more" if len(below) > 1 else ""
    method = figures.method(first.method).code
    return f"{first.site} would have {first.litres:,} L {method} in {first.month}{more}"
