"""SQL over `event_count`: how many good records of a kind and cause a chain holds."""

from collections.abc import Collection, Mapping
from typing import NamedTuple

from sqlalchemy import Connection, func, select

from karez_gateway.store.bulk import Bulk
from karez_gateway.store.schema import event_count
from karez_protocols import record

# What is there all the time is not counted: intervals, and statements with their signatures.
COUNTED = tuple(
    kind
    for kind in range(1, len(record.KIND_NAMES))
    if kind not in (record.INTERVAL, record.STATEMENT, record.SIGNATURE)
)
_ADD = Bulk(
    event_count,
    ("controller_id", "chain", "record_kind", "cause", "records"),
    known="records = event_count.records + excluded.records",
)


class Event(NamedTuple):
    """What is counted."""

    controller_id: int
    chain: int
    record_kind: int
    cause: int


def add(connection: Connection, counts: Mapping[Event, int]) -> None:
    """Add to the counts."""
    _ADD.run(connection, [(*key, count) for key, count in counts.items()])


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
