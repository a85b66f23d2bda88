"""SQL for a spare: the newest verified records of a box that say one thing each."""

from collections.abc import Collection, Iterator
from typing import NamedTuple

from sqlalchemy import Connection, select

from karez_gateway.store.chains import Key
from karez_gateway.store.entries import SLOT
from karez_gateway.store.schema import entry, verdict

ROWS_AT_ONCE = 512


class Good(NamedTuple):
    """A record that was judged good, and where the store has it."""

    log_index: int
    seq: int
    slot: bytes


def good(
    connection: Connection, key: Key, kinds: Collection[int], *, newest_first: bool = False
) -> Iterator[Good]:
    """Good records of some kinds of a chain, by number."""
    number = entry.c.seq.desc() if newest_first else entry.c.seq
    query = (
        select(entry.c.log_index, entry.c.seq, entry.c.body)
        .join(verdict, verdict.c.log_index == entry.c.log_index)
        .where(entry.c.controller_id == key[0], entry.c.chain == key[1])
        .where(verdict.c.reason.is_(None), verdict.c.record_kind.in_(kinds))
        .order_by(number, entry.c.log_index)
    )
    with connection.execute(query.execution_options(yield_per=ROWS_AT_ONCE)) as rows:
        for row in rows:
            yield Good(row[0], row[1], bytes(row[2])[SLOT])
