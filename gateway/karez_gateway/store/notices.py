"""SQL over `notice`: what waits to be told to whom, and what became of it."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, func, insert, select, update

from karez_gateway.store import alarms
from karez_gateway.store.alarms import Alarm
from karez_gateway.store.schema import alarm, notice

WAITING, SENT, DROPPED = "waiting", "sent", "dropped"


class Notice(NamedTuple):
    """One of them, with its alarm as it stands now."""

    id: int
    word: str
    utc_s: int
    attempts: int
    alarm: Alarm


class Queue(NamedTuple):
    """What waits for one address."""

    address: str
    first_id: int
    attempts: int
    next_try_utc_s: int
    has_urgent: bool
    notices: int


def add(connection: Connection, rows: Iterable[tuple[str, str, int, str]], now_s: int) -> None:
    """Queue (receiver, address, alarm, word)."""
    names = ("receiver", "address", "alarm_id", "word")
    state = {"utc_s": now_s, "state": WAITING, "attempts": 0, "next_try_utc_s": now_s}
    wanted = [dict(zip(names, row, strict=True)) | state for row in rows]
    if wanted:
        connection.execute(insert(notice), wanted)


def queues(connection: Connection, receiver: str) -> list[Queue]:
    """What waits for a receiver, by address; the oldest first."""
    query = (
        select(
            notice.c.address,
            func.min(notice.c.id),
            func.max(notice.c.attempts),
            func.max(notice.c.next_try_utc_s),
            func.max((alarm.c.severity == "urgent").cast(notice.c.attempts.type)),
            func.count(),
        )
        .join(alarm, alarm.c.id == notice.c.alarm_id)
        .where(notice.c.receiver == receiver, notice.c.state == WAITING)
        .group_by(notice.c.address)
        .order_by(func.min(notice.c.id))
    )
    return [Queue(row[0], row[1], row[2], row[3], bool(row[4]), row[5]) for row in connection.execute(query)]


def waiting(connection: Connection, receiver: str, address: str, limit: int) -> list[Notice]:
    """The oldest that wait for an address."""
    query = (
        select(notice.c.id, notice.c.word, notice.c.utc_s, notice.c.attempts, notice.c.alarm_id)
        .where(notice.c.receiver == receiver, notice.c.address == address, notice.c.state == WAITING)
        .order_by(notice.c.id)
        .limit(limit)
    )
    rows = connection.execute(query).all()
    known = alarms.by_number(connection, list({row[4] for row in rows}))
    return [Notice(row[0], row[1], row[2], row[3], known[row[4]]) for row in rows]


def sent_since(connection: Connection, receiver: str, address: str, since_utc_s: int) -> list[int]:
    """When messages went to an address since a moment, oldest first."""
    query = (
        select(func.min(notice.c.sent_utc_s))
        .where(notice.c.receiver == receiver, notice.c.address == address, notice.c.sent_utc_s > since_utc_s)
        .group_by(notice.c.message)
    )
    return sorted(int(one) for one in connection.execute(query).scalars())


def sent(connection: Connection, ids: Sequence[int], now_s: int) -> None:
    """They went, in one message."""
    values = {"state": SENT, "sent_utc_s": now_s, "message": min(ids), "problem": None}
    for at in range(0, len(ids), alarms.ASKED_MAX):
        part = ids[at : at + alarms.ASKED_MAX]
        connection.execute(update(notice).where(notice.c.id.in_(part)).values(**values))


def failed(
    connection: Connection,
    receiver: str,
    address: str,
    problem: str,
    next_try_utc_s: int,
    drop_before_utc_s: int,
) -> int:
    """They did not go; return how many of them are too old to be tried again."""
    mine = (notice.c.receiver == receiver, notice.c.address == address, notice.c.state == WAITING)
    values = {"attempts": notice.c.attempts + 1, "problem": problem, "next_try_utc_s": next_try_utc_s}
    connection.execute(update(notice).where(*mine).values(**values))
    old = update(notice).where(*mine, notice.c.utc_s < drop_before_utc_s).values(state=DROPPED)
    return connection.execute(old).rowcount


def of_alarm(connection: Connection, alarm_id: int) -> list[dict[str, object]]:
    """Whom an alarm was told, oldest first."""
    names = ("receiver", "address", "word", "utc_s", "state", "attempts", "problem", "sent_utc_s")
    query = select(*(notice.c[name] for name in names)).where(notice.c.alarm_id == alarm_id)
    return [dict(zip(names, row, strict=True)) for row in connection.execute(query.order_by(notice.c.id))]


def totals(connection: Connection) -> dict[tuple[str, str], int]:
    """(receiver, state) -> how many notices."""
    query = select(notice.c.receiver, notice.c.state, func.count()).group_by(
        notice.c.receiver, notice.c.state
    )
    return {(row[0], row[1]): int(row[2]) for row in connection.execute(query)}
