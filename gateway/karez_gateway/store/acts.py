"""SQL over `act`: what people did, in order; in force from their entry of the log on."""

import json
from typing import NamedTuple

from sqlalchemy import Connection, func, insert, select, update

from karez_gateway.store.schema import act

TOKENS = TOKEN_MADE, TOKEN_ENDED = "token-made", "token-ended"
BRINGING = "bring-"  # how sorts of acts begin by which signed objects come in (county/bringing.py)


class Act(NamedTuple):
    """One of them. `log_index` None: the service has not logged it yet."""

    id: int
    sort: str
    by: str
    because: str
    document: str
    utc_s: int
    effective_utc_s: int
    detail: bytes
    digest: bytes
    log_index: int | None


def add(connection: Connection, one: Act) -> int:
    """Keep one; its number is given here."""
    row = one._asdict()
    del row["id"], row["log_index"]
    key = connection.execute(insert(act).values(**row)).inserted_primary_key
    if key is None:
        raise RuntimeError("the database gave no key")
    return int(key[0])


def waiting(connection: Connection, limit: int) -> list[Act]:
    """The oldest that the log does not hold yet."""
    query = select(act).where(act.c.log_index.is_(None)).order_by(act.c.id).limit(limit)
    return [Act(*row) for row in connection.execute(query)]


def logged(connection: Connection, act_id: int, log_index: int) -> None:
    """The log holds it."""
    connection.execute(update(act).where(act.c.id == act_id).values(log_index=log_index))


def get(connection: Connection, act_id: int) -> Act | None:
    """One by its number."""
    row = connection.execute(select(act).where(act.c.id == act_id)).first()
    return None if row is None else Act(*row)


def newest_first(
    connection: Connection, sorts: tuple[str, ...] = (), limit: int = 100, before: int = 0
) -> list[Act]:
    """The audit trail, some sorts of it or all; `before`: a number from which to go back."""
    query = select(act).order_by(act.c.id.desc()).limit(limit)
    if sorts:
        query = query.where(act.c.sort.in_(sorts))
    if before:
        query = query.where(act.c.id < before)
    return [Act(*row) for row in connection.execute(query)]


def newest(connection: Connection, *sorts: str) -> int:
    """Number of the newest act of some sorts, 0: there is none."""
    return connection.scalar(select(func.max(act.c.id)).where(act.c.sort.in_(sorts))) or 0


def sorts(connection: Connection) -> dict[int, str]:
    """The sort of every act, by its number."""
    return {one.id: one.sort for one in connection.execute(select(act.c.id, act.c.sort))}


def brought(connection: Connection) -> dict[tuple[str, str], Act]:
    """(SHA-256 of a signed object in hex, controller) -> the first act that brought it in."""
    query = select(act).where(act.c.sort.startswith(BRINGING)).order_by(act.c.id.desc())
    found: dict[tuple[str, str], Act] = {}
    for row in connection.execute(query):
        one = Act(*row)
        for digest, controllers in json.loads(one.detail)["controllers_by_sha256"].items():
            found.update(((digest, controller), one) for controller in controllers)
    return found


def in_force(connection: Connection, *sorts: str) -> list[Act]:
    """All of some sorts that the log holds, oldest first."""
    query = select(act).where(act.c.sort.in_(sorts), act.c.log_index.is_not(None)).order_by(act.c.id)
    return [Act(*row) for row in connection.execute(query)]


def every(connection: Connection, *sorts: str) -> list[Act]:
    """All of some sorts, logged or not, oldest first."""
    query = select(act).where(act.c.sort.in_(sorts)).order_by(act.c.id)
    return [Act(*row) for row in connection.execute(query)]


def after(connection: Connection, act_id: int, limit: int) -> list[Act]:
    """The next ones behind a number, oldest first."""
    query = select(act).where(act.c.id > act_id).order_by(act.c.id).limit(limit)
    return [Act(*row) for row in connection.execute(query)]
