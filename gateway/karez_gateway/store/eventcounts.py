"""SQL over `event_count`: how many good records of a kind and cause a chain holds."""

from collections.abc import Collection, Mapping
from typing import NamedTuple

from sqlalchemy import Connection, func, insert, select, tuple_, update

from karez_gateway.store.schema import event_count
from karez_protocols import record

# What is there all the time is not counted: intervals, and statements with their signatures.
COUNTED = tuple(
    kind
    for kind in range(1, len(record.KIND_NAMES))
    if kind not in (record.INTERVAL, record.STATEMENT, record.SIGNATURE)
)
# Four parameters a row; SQLite takes 32,766 in one statement.
ASKED_MAX = 5000

_KEY = (event_count.c.controller_id, event_count.c.chain, event_count.c.record_kind, event_count.c.cause)


class Event(NamedTuple):
    """What is counted."""

    controller_id: int
    chain: int
    record_kind: int
    cause: int


def add(connection: Connection, counts: Mapping[Event, int]) -> None:
    """Add to the counts."""
    keys = list(counts)
    known: set[Event] = set()
    for at in range(0, len(keys), ASKED_MAX):
        query = select(*_KEY).where(tuple_(*_KEY).in_([tuple(key) for key in keys[at : at + ASKED_MAX]]))
        known.update(Event(*row) for row in connection.execute(query))
    fresh = [key._asdict() | {"records": count} for key, count in counts.items() if key not in known]
    if fresh:
        connection.execute(insert(event_count), fresh)
    for key in known:
        change = update(event_count).filter_by(**key._asdict())
        connection.execute(change.values(records=event_count.c.records + counts[key]))


def of_chains(
    connection: Connection, controller_id: int, chains: Collection[int]
) -> dict[tuple[int, int], int]:
    """(kind, cause) -> records, over some chains of a controller."""
    query = (
        select(event_count.c.record_kind, event_count.c.cause, func.sum(event_count.c.records))
        .where(event_count.c.controller_id == controller_id, event_count.c.chain.in_(chains))
        .group_by(event_count.c.record_kind, event_count.c.cause)
    )
    return {(row[0], row[1]): int(row[2]) for row in connection.execute(query)}
