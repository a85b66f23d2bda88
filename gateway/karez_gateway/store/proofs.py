"""SQL over `downlink` and the records that decided it: what a controller has shown to hold, and where."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection, select

from karez_gateway.store.downlinks import ACCEPTED
from karez_gateway.store.entries import SLOT
from karez_gateway.store.schema import downlink, entry, fork, verdict
from karez_gateway.verifier.slots import PLACES
from karez_protocols import record

ASKED_MAX = 5000  # SQLite takes 32,766 parameters in one statement
_DIGEST = slice(*PLACES[record.GRANT]["digest"][:2])  # as in every record of an object


class Proof(NamedTuple):
    """An accepted object and the record that says so."""

    id: int
    sort: int
    office: int | None
    object_seq: int | None
    chain: int
    seq: int
    log_index: int
    received_utc_s: int
    times_again: int


def of_controllers(connection: Connection, numbers: Sequence[int]) -> dict[int, list[Proof]]:
    """What each of these controllers has accepted, oldest first; none of those that have accepted nothing.

    Asked for together: a county's states come at once, every minute.
    """
    query = (
        select(
            downlink.c.controller_id,
            downlink.c.id,
            downlink.c.sort,
            downlink.c.office,
            downlink.c.object_seq,
            entry.c.chain,
            entry.c.seq,
            entry.c.log_index,
            entry.c.received_utc_s,
            downlink.c.times_again,
        )
        .join(entry, entry.c.log_index == downlink.c.decided_index)
        .where(downlink.c.state == ACCEPTED)
        .order_by(downlink.c.id)
    )
    found: dict[int, list[Proof]] = {}
    for at in range(0, len(numbers), ASKED_MAX):
        asked = query.where(downlink.c.controller_id.in_(numbers[at : at + ASKED_MAX]))
        for number, *facts in connection.execute(asked):
            found.setdefault(number, []).append(Proof._make(facts))
    return found


def is_forked_since(connection: Connection, controller_id: int, log_index: int) -> bool:
    """True if after an entry a second record came for any number of this controller: rare, so asked first."""
    query = select(fork.c.log_index).join(entry, entry.c.log_index == fork.c.log_index)
    where = (fork.c.log_index > log_index, entry.c.controller_id == controller_id)
    return connection.execute(query.where(*where).limit(1)).first() is not None


def is_forked_before(
    connection: Connection, controller_id: int, chain: int, seq: int, log_index: int
) -> bool:
    """True if after an entry another record came for its number, or for one before it."""
    query = (
        select(fork.c.log_index)
        .join(entry, entry.c.log_index == fork.c.log_index)
        .where(entry.c.controller_id == controller_id, entry.c.chain == chain)
        .where(entry.c.seq <= seq, fork.c.log_index > log_index)
        .limit(1)
    )
    return connection.execute(query).first() is not None


def good_object(connection: Connection, controller_id: int, sort: int, digest: bytes) -> int | None:
    """Where a verified record of this controller names an object, however it came; None if none does."""
    query = (
        select(entry.c.log_index, entry.c.body)
        .join(verdict, verdict.c.log_index == entry.c.log_index)
        .where(entry.c.controller_id == controller_id, verdict.c.record_kind == sort)
        .where(verdict.c.reason.is_(None))
    )
    for log_index, body in connection.execute(query):
        if body[SLOT][_DIGEST] == digest:
            return int(log_index)
    return None
