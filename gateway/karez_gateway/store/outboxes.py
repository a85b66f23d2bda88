"""SQL over `outbox`: reports that wait for a platform, and the receipts of those it has."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Connection, func, insert, select, update

from karez_gateway.store.entries import Stored
from karez_gateway.store.schema import entry, outbox

WAITING = "waiting"
CONFIRMED = "confirmed"
REFUSED = "refused"


class NewReport(NamedTuple):
    """A report to be sent; refused at once when the standard cannot carry it."""

    destination: str
    position: int
    log_index: int
    body: bytes
    reason: str | None


@dataclass(frozen=True, slots=True)
class Waiting:
    """The next report of a destination."""

    position: int
    body: bytes
    attempts: int
    next_try_utc_s: int
    record: Stored


def add(connection: Connection, rows: Sequence[NewReport]) -> None:
    """Queue reports."""
    if not rows:
        return
    connection.execute(
        insert(outbox),
        [
            row._asdict() | {"state": REFUSED if row.reason else WAITING, "attempts": 0, "next_try_utc_s": 0}
            for row in rows
        ],
    )


def first(connection: Connection, destination: str) -> Waiting | None:
    """The report that is to be sent next: the lowest one that waits."""
    query = (
        select(
            outbox.c.position,
            outbox.c.body,
            outbox.c.attempts,
            outbox.c.next_try_utc_s,
            entry.c.log_index,
            entry.c.controller_id,
            entry.c.chain,
            entry.c.seq,
            entry.c.received_utc_s,
            entry.c.body,
        )
        .join(entry, entry.c.log_index == outbox.c.log_index)
        .where(outbox.c.destination == destination, outbox.c.state == WAITING)
        .order_by(outbox.c.position)
        .limit(1)
    )
    row = connection.execute(query).first()
    return None if row is None else Waiting(*row[:4], Stored._make(row[4:]))


def failed(connection: Connection, destination: str, position: int, next_try_utc_s: int, reason: str) -> None:
    """An attempt came to nothing; the report keeps its place."""
    connection.execute(
        update(outbox)
        .filter_by(destination=destination, position=position)
        .values(attempts=outbox.c.attempts + 1, next_try_utc_s=next_try_utc_s, reason=reason)
    )


def refused(connection: Connection, destination: str, position: int, reason: str) -> None:
    """The standard cannot carry this report: it is shown and passed over."""
    connection.execute(
        update(outbox)
        .filter_by(destination=destination, position=position)
        .values(state=REFUSED, reason=reason)
    )


def confirmed(
    connection: Connection,
    destination: str,
    position: int,
    *,
    request: bytes,
    confirm: bytes,
    utc_s: int,
    upload_index: int,
) -> None:
    """The platform has it; `upload_index` is the receipt's own entry in the log."""
    connection.execute(
        update(outbox)
        .filter_by(destination=destination, position=position)
        .values(
            state=CONFIRMED,
            reason=None,
            attempts=outbox.c.attempts + 1,
            request=request,
            confirm=confirm,
            confirmed_utc_s=utc_s,
            upload_index=upload_index,
        )
    )


def counts(connection: Connection, destination: str) -> dict[str, int]:
    """Reports by state."""
    query = select(outbox.c.state, func.count()).filter_by(destination=destination).group_by(outbox.c.state)
    return {row[0]: row[1] for row in connection.execute(query)}


def last_reason(connection: Connection, destination: str) -> str | None:
    """Why the first waiting report has not gone yet."""
    query = select(outbox.c.reason).filter_by(destination=destination, state=WAITING)
    return connection.execute(query.order_by(outbox.c.position).limit(1)).scalar()


def last_confirmed(connection: Connection, destination: str) -> list[Stored]:
    """The newest record each controller has confirmed at a destination."""
    newest = (
        select(func.max(outbox.c.position).label("position"))
        .join(entry, entry.c.log_index == outbox.c.log_index)
        .where(outbox.c.destination == destination, outbox.c.state == CONFIRMED)
        .group_by(entry.c.controller_id)
        .subquery()
    )
    query = (
        select(
            entry.c.log_index,
            entry.c.controller_id,
            entry.c.chain,
            entry.c.seq,
            entry.c.received_utc_s,
            entry.c.body,
        )
        .join(outbox, outbox.c.log_index == entry.c.log_index)
        .join(newest, newest.c.position == outbox.c.position)
        .where(outbox.c.destination == destination)
    )
    return [Stored._make(row) for row in connection.execute(query)]


def receipts(connection: Connection, first_index: int, last_index: int) -> dict[int, list[int]]:
    """Record's log index -> log indexes of its receipts, for records in a range of the log."""
    query = (
        select(outbox.c.log_index, outbox.c.upload_index)
        .where(outbox.c.upload_index.is_not(None))
        .where(outbox.c.log_index >= first_index, outbox.c.log_index <= last_index)
        .order_by(outbox.c.upload_index)
    )
    found: dict[int, list[int]] = {}
    for log_index, upload_index in connection.execute(query):
        found.setdefault(log_index, []).append(upload_index)
    return found
