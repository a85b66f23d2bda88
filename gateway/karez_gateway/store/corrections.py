"""SQL over `correction`: what people added to the ledger, and which of it the log holds."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, func, insert, select

from karez_gateway.county.years.wateryear import Span
from karez_gateway.store.schema import act, correction

HOUR_S = 3600


class Kept(NamedTuple):
    """One row of an act. `log_index` None: the log does not hold it yet, and it counts nowhere."""

    act_id: int
    row: int
    site: str
    kind: str
    method: int
    from_utc_s: int
    to_utc_s: int
    hour_utc: int
    litres: int
    energy_wh: int
    log_index: int | None


_T = correction.c
_JOINED = correction.join(act, act.c.id == _T.act_id)
_ALL = select(*correction.c, act.c.log_index).select_from(_JOINED).order_by(_T.act_id, _T.row)
_IN_FORCE = act.c.log_index.is_not(None)


def _within(span: Span) -> ColumnElement[bool]:
    hours = span.from_utc_s // HOUR_S, span.to_utc_s // HOUR_S
    return (_T.hour_utc >= hours[0]) & (_T.hour_utc < hours[1])


def _read(connection: Connection, query: Select[Any]) -> list[Kept]:
    return [Kept(*row) for row in connection.execute(query)]


def add(connection: Connection, kept: Iterable[Kept]) -> None:
    """Keep rows of an act."""
    rows = [one._asdict() for one in kept]
    for row in rows:
        del row["log_index"]
    connection.execute(insert(correction), rows)


def in_force(connection: Connection, span: Span, site: str | None = None) -> list[Kept]:
    """Those that count in a span, of all sites or one."""
    query = _ALL.where(_within(span), _IN_FORCE)
    return _read(connection, query if site is None else query.where(_T.site == site))


def every(connection: Connection, span: Span | None = None, site: str | None = None) -> list[Kept]:
    """Also those that the log does not hold yet."""
    query = _ALL if span is None else _ALL.where(_within(span))
    return _read(connection, query if site is None else query.where(_T.site == site))


def entered(connection: Connection, site: str, first_index: int, end_index: int) -> list[Kept]:
    """Those of a site that came into force by entries of the store in a range."""
    query = _ALL.where(_T.site == site, act.c.log_index >= first_index, act.c.log_index < end_index)
    return _read(connection, query)


def of_act(connection: Connection, act_id: int) -> list[Kept]:
    """The rows of one act."""
    return _read(connection, _ALL.where(_T.act_id == act_id))


def litres(connection: Connection, span: Span) -> dict[tuple[str, int], int]:
    """(site, method) -> litres in force in a span."""
    query = (
        select(_T.site, _T.method, func.sum(_T.litres))
        .select_from(_JOINED)
        .where(_within(span), _IN_FORCE)
        .group_by(_T.site, _T.method)
    )
    return {(site, method): int(total) for site, method, total in connection.execute(query)}
