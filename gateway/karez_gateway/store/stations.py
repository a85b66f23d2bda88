"""SQL for what a platform asks about a station: a controller's verified records by number and by time.

Records carry their time inside the slot, so a range of time is found by halving the range of numbers:
numbers rise with time as long as the clock is synchronised. A record whose time is not sure is found
where its number stands among those of the range. Only good records are given out.
"""

from collections.abc import Collection

from sqlalchemy import Connection, func, select

from karez_gateway.store import chains, ledgers, revocations
from karez_gateway.store.entries import SLOT, Stored
from karez_gateway.store.schema import (
    chain_state,
    command,
    controller,
    entry,
    former_binding,
    ledger,
    verdict,
)
from karez_gateway.verifier import slots
from karez_protocols import record

HOUR_S = 3600
ROWS_AT_ONCE = 256  # a range ends where its time ends, which the database cannot see

_STORED = (
    entry.c.log_index,
    entry.c.controller_id,
    entry.c.chain,
    entry.c.seq,
    entry.c.received_utc_s,
    entry.c.body,
)


def some_names(connection: Connection, limit: int) -> list[str]:
    """Names of controllers that are believed, at most `limit`."""
    query = select(controller.c.name).where(controller.c.id.not_in(revocations.IDS)).limit(limit)
    return list(connection.execute(query).scalars())


def chains_of(connection: Connection, controller_id: int) -> list[tuple[int, int]]:
    """(chain, verified up to) of a controller, the newest chain first; none that it began at another site."""
    former = select(func.coalesce(func.max(former_binding.c.last_chain), 0)).where(
        former_binding.c.controller_id == controller_id
    )
    query = (
        select(chain_state.c.chain, chain_state.c.verified_seq)
        .where(chain_state.c.controller_id == controller_id)
        .where(chain_state.c.chain > former.scalar_subquery())
        .order_by(chain_state.c.chain.desc())
    )
    return [(row[0], row[1]) for row in connection.execute(query)]


def newest(connection: Connection, controller_id: int, kinds: Collection[int]) -> Stored | None:
    """The last good record of some kinds."""
    for chain, verified_seq in chains_of(connection, controller_id):
        query = (
            select(*_STORED)
            .join(verdict, verdict.c.log_index == entry.c.log_index)
            .where(entry.c.controller_id == controller_id, entry.c.chain == chain)
            .where(entry.c.seq <= verified_seq)
            .where(verdict.c.reason.is_(None), verdict.c.record_kind.in_(kinds))
            .order_by(entry.c.seq.desc())
            .limit(1)
        )
        row = connection.execute(query).first()
        if row is not None:
            return Stored._make(row)
    return None


def between(
    connection: Connection,
    controller_id: int,
    first_utc_s: int,
    last_utc_s: int,
    kinds: Collection[int],
    limit: int,
) -> list[Stored]:
    """Good records of some kinds from a time to another, both included, by number; at most `limit`.

    Those without a time are in no range.
    """
    found: list[Stored] = []
    for chain, verified_seq in reversed(chains_of(connection, controller_id)):
        seq = _first_at(connection, controller_id, chain, verified_seq, first_utc_s)
        query = (
            select(*_STORED)
            .join(verdict, verdict.c.log_index == entry.c.log_index)
            .where(entry.c.controller_id == controller_id, entry.c.chain == chain)
            .where(entry.c.seq >= seq, entry.c.seq <= verified_seq)
            .where(verdict.c.reason.is_(None), verdict.c.record_kind.in_(kinds))
            .order_by(entry.c.seq)
        )
        with connection.execute(query.execution_options(yield_per=ROWS_AT_ONCE)) as rows:
            for row in rows:
                one = Stored._make(row)
                head = slots.head(one.slot)
                if len(found) == limit or (_is_sure(head) and head.utc_s > last_utc_s):
                    break
                if slots.has_time(head) and first_utc_s <= head.utc_s <= last_utc_s:
                    found.append(one)
    return found


def _first_at(connection: Connection, controller_id: int, chain: int, verified_seq: int, utc_s: int) -> int:
    """A number from which on records of a chain are of this time or later."""
    low, high = 1, verified_seq + 1
    while low < high:
        middle = (low + high) // 2
        query = (
            select(entry.c.seq, entry.c.body)
            .where(entry.c.controller_id == controller_id, entry.c.chain == chain, entry.c.seq >= middle)
            .order_by(entry.c.seq, entry.c.log_index)
            .limit(1)
        )
        row = connection.execute(query).first()
        if row is None:
            high = middle
            continue
        head = slots.head(row[1][SLOT])
        if _is_sure(head) and head.utc_s < utc_s:
            low = row[0] + 1
        else:  # a time that may be anything hides nothing before it
            high = middle
    return low


def _is_sure(head: slots.Head) -> bool:
    return head.time_state == record.TIME_SYNCHRONISED and slots.has_time(head)


def grant_digest(connection: Connection, controller_id: int) -> bytes | None:
    """Digest of the grant in force, as the controller recorded it in its newest chain."""
    for chain, _ in chains_of(connection, controller_id)[:1]:
        marks = chains.verified(connection, (controller_id, chain))
        return None if marks is None else marks.grant_digest
    return None


def volume_at_l(connection: Connection, controller_id: int, site: str, utc_s: int) -> int | None:
    """W at the last reading before a time's hour: what the ledger has booked, less what it booked since."""
    books = (
        ledgers.book_of(connection, (controller_id, chain))
        for chain, _ in chains_of(connection, controller_id)
    )
    last = next((one for one in books if one is not None), None)
    if last is None:
        return None
    since = select(func.sum(ledger.c.litres)).where(
        ledger.c.site == site, ledger.c.hour_utc >= utc_s // HOUR_S
    )
    return last.volume_l - int(connection.execute(since).scalar() or 0)


def command_state(connection: Connection, number: int) -> str:
    """What became of a wish (store.commands), by its number."""
    return str(connection.execute(select(command.c.state).where(command.c.id == number)).scalar_one())
