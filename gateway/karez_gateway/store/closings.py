"""SQL over `closed_month` and `closed_total`: totals that stand for good."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, insert, select

from karez_gateway.store.schema import act, closed_month, closed_total


class Closed(NamedTuple):
    """A closed month. `log_index` None: the log does not hold the act yet."""

    from_utc_s: int
    to_utc_s: int
    act_id: int
    entries: int
    digest: bytes
    log_index: int | None = None


class Total(NamedTuple):
    """What a site had by one method when the month was closed."""

    litres: int
    correction_l: int


Totals = dict[tuple[str, int], Total]  # (site, method)

_ALL: Select[Any] = (
    select(*closed_month.c, act.c.log_index)
    .select_from(closed_month.join(act, act.c.id == closed_month.c.act_id))
    .order_by(closed_month.c.from_utc_s)
)


def add(connection: Connection, one: Closed, totals: Mapping[tuple[str, int], Total]) -> None:
    """Close a month."""
    row = one._asdict()
    del row["log_index"]
    connection.execute(insert(closed_month), [row])
    rows = [
        {"from_utc_s": one.from_utc_s, "site": site, "method": method, **total._asdict()}
        for (site, method), total in totals.items()
    ]
    if rows:
        connection.execute(insert(closed_total), rows)


def every(connection: Connection) -> list[Closed]:
    """All closed months, the oldest first."""
    return [Closed(*row) for row in connection.execute(_ALL)]


def between(connection: Connection, from_utc_s: int, to_utc_s: int) -> list[Closed]:
    """Those that lie in a span."""
    query = _ALL.where(closed_month.c.from_utc_s >= from_utc_s, closed_month.c.to_utc_s <= to_utc_s)
    return [Closed(*row) for row in connection.execute(query)]


def totals(connection: Connection, from_utc_s: int) -> Totals:
    """What stands for good of a month."""
    columns = (closed_total.c.site, closed_total.c.method, closed_total.c.litres, closed_total.c.correction_l)
    query = select(*columns).where(closed_total.c.from_utc_s == from_utc_s)
    return {(site, method): Total(litres, more) for site, method, litres, more in connection.execute(query)}
