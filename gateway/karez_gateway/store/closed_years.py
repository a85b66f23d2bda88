"""SQL over closed water years and the decisions that followed from them."""

import json
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from sqlalchemy import Connection, insert, select

from karez_gateway.store.schema import act, closed_site, year_decision

Body = Mapping[str, Any]


class ClosedYear(NamedTuple):
    """Which act closed it, whether the log holds that, and the bodies of its sites by name."""

    act_id: int
    is_in_force: bool
    bodies: dict[str, Body]


class DecisionRow(NamedTuple):
    """One decision. `is_in_force`: the log holds its act."""

    site: str
    act_id: int
    is_in_force: bool
    body: Body


def text(body: Body) -> str:
    """A body as it is kept and as digests have it: one JSON text, keys in order."""
    return json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def add_closed(connection: Connection, year: int, act_id: int, bodies: Iterable[Body]) -> None:
    """Keep a year's sites; each can be kept once only."""
    rows = [{"water_year": year, "site": one["site"], "act_id": act_id, "body": text(one)} for one in bodies]
    if rows:
        connection.execute(insert(closed_site), rows)


def closed(connection: Connection, year: int) -> ClosedYear | None:
    """A closed year; None if it is open."""
    query = (
        select(closed_site.c.site, closed_site.c.act_id, act.c.log_index, closed_site.c.body)
        .join(act, act.c.id == closed_site.c.act_id)
        .where(closed_site.c.water_year == year)
        .order_by(closed_site.c.site)
    )
    rows = connection.execute(query).all()
    if not rows:
        return None
    return ClosedYear(rows[0][1], rows[0][2] is not None, {row[0]: json.loads(row[3]) for row in rows})


def add_decisions(connection: Connection, year: int, act_id: int, bodies: Mapping[str, Body]) -> None:
    """Keep what an act decided, by site."""
    rows = [
        {"water_year": year, "site": site, "act_id": act_id, "body": text(body)}
        for site, body in bodies.items()
    ]
    if rows:
        connection.execute(insert(year_decision), rows)


def decisions(connection: Connection, year: int) -> dict[str, DecisionRow]:
    """The newest decision of each site about a year."""
    query = (
        select(year_decision.c.site, year_decision.c.act_id, act.c.log_index, year_decision.c.body)
        .join(act, act.c.id == year_decision.c.act_id)
        .where(year_decision.c.water_year == year)
        .order_by(year_decision.c.act_id)
    )
    return {
        site: DecisionRow(site, act_id, log_index is not None, json.loads(body))
        for site, act_id, log_index, body in connection.execute(query)
    }
