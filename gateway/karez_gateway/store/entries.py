"""SQL over `entry`, `fork` and `passed`: what arrived, under which number, in which order."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, LargeBinary, bindparam, func, insert, select

from karez_gateway.store.bulk import Bulk
from karez_gateway.store.schema import entry, fork, passed
from karez_gateway.verifier.slots import UTC_S
from karez_protocols import fields
from karez_protocols.entry import RECORD, RECORD_BODY
from karez_protocols.record import SLOT_SIZE

# A record entry ends with the slot as it came.
SLOT = slice(fields.size_of(RECORD_BODY) - SLOT_SIZE, fields.size_of(RECORD_BODY))


class NewEntry(NamedTuple):
    """One row of `entry`; the key fields are empty unless it is a record."""

    log_index: int
    kind: int
    controller_id: int | None
    chain: int | None
    seq: int | None
    digest: bytes
    received_utc_s: int
    body: bytes


class Stored(NamedTuple):
    """A record as stages read it."""

    log_index: int
    controller_id: int
    chain: int
    seq: int
    received_utc_s: int
    body: bytes

    @property
    def slot(self) -> bytes:
        """The 128 bytes as they came."""
        return self.body[SLOT]


_STORED = (entry.c.log_index, entry.c.controller_id, entry.c.chain, entry.c.seq, entry.c.received_utc_s)
_INSERT = Bulk(entry, NewEntry._fields)
ASKED_MAX = 500  # indexes in one question
_BODIES_OF = select(entry.c.log_index, entry.c.body).where(
    entry.c.log_index.in_(bindparam("indexes", expanding=True))
)
_AFTER = (
    select(entry.c.kind, *_STORED, entry.c.body)
    .where(entry.c.log_index > bindparam("after"), entry.c.log_index <= bindparam("until"))
    .order_by(entry.c.log_index)
)


def next_index(connection: Connection) -> int:
    """How many entries there are: indexes are contiguous from 0."""
    top = connection.execute(select(func.max(entry.c.log_index))).scalar()
    return 0 if top is None else int(top) + 1


def add(connection: Connection, rows: Sequence[NewEntry]) -> None:
    """Insert entries."""
    _INSERT.run(connection, rows)


def add_forks(connection: Connection, pairs: Sequence[tuple[int, int]]) -> None:
    """Note (later entry, first entry) of the same number."""
    connection.execute(insert(fork), [{"log_index": a, "first_index": b} for a, b in pairs])


def newest_received_utc_s(connection: Connection) -> int | None:
    """When the newest entry came, by this machine's clock then; None in an empty log."""
    query = select(entry.c.received_utc_s).order_by(entry.c.log_index.desc()).limit(1)
    return connection.execute(query).scalar()


def received_utc_s(connection: Connection, controller_id: int, chain: int, seq: int) -> int | None:
    """When a record came, the first of its number; None if none did."""
    query = select(func.min(entry.c.received_utc_s)).where(
        entry.c.controller_id == controller_id, entry.c.chain == chain, entry.c.seq == seq
    )
    return connection.execute(query).scalar()


def bodies(connection: Connection, first: int, limit: int) -> list[bytes]:
    """Entry bodies from an index on."""
    query = select(entry.c.body).where(entry.c.log_index >= first).order_by(entry.c.log_index).limit(limit)
    return [bytes(body) for body in connection.execute(query).scalars()]


def body(connection: Connection, log_index: int) -> bytes | None:
    """One entry's body."""
    return connection.execute(select(entry.c.body).where(entry.c.log_index == log_index)).scalar()


def bodies_of(connection: Connection, log_indexes: Sequence[int]) -> dict[int, bytes]:
    """Index -> body of some entries, as far as they are there."""
    found: dict[int, bytes] = {}
    for at in range(0, len(log_indexes), ASKED_MAX):
        rows = connection.execute(_BODIES_OF, {"indexes": list(log_indexes[at : at + ASKED_MAX])})
        found.update((index, bytes(data)) for index, data in rows)
    return found


def records_after(connection: Connection, log_index: int, limit: int) -> tuple[int, list[Stored]]:
    """Records among the next `limit` entries after an index, and the last index looked at."""
    rows = connection.execute(_AFTER, {"after": log_index, "until": log_index + limit}).all()
    last = rows[-1][1] if rows else log_index
    return last, [Stored._make(row[1:]) for row in rows if row[0] == RECORD]


def records_from(
    connection: Connection, controller_id: int, chain: int, seq: int, until_index: int, limit: int
) -> list[Stored]:
    """Records of a chain from a number on, by number, as far as they stand at or below an index."""
    query = (
        select(*_STORED, entry.c.body)
        .where(entry.c.controller_id == controller_id, entry.c.chain == chain, entry.c.seq >= seq)
        .where(entry.c.log_index <= until_index)
        .order_by(entry.c.seq, entry.c.log_index)
        .limit(limit)
    )
    return [Stored._make(row) for row in connection.execute(query)]


class When(NamedTuple):
    """A record's number and its time, UTC seconds; all ones: it carries none."""

    seq: int
    utc_s: int


_TIME = func.substr(entry.c.body, SLOT.start + UTC_S.start + 1, UTC_S.stop - UTC_S.start, type_=LargeBinary)
_TIMES = (
    select(entry.c.seq, _TIME)
    .where(entry.c.controller_id == bindparam("controller"), entry.c.chain == bindparam("chain"))
    .where(entry.c.seq >= bindparam("first"))
    .order_by(entry.c.seq, entry.c.log_index)
    .limit(bindparam("most"))
)


def times(connection: Connection, key: tuple[int, int], seq: int, limit: int) -> list[When]:
    """When records of a chain were made, from a number on, by number."""
    asked = {"controller": key[0], "chain": key[1], "first": seq, "most": limit}
    return [When(row[0], int.from_bytes(row[1], "little")) for row in connection.execute(_TIMES, asked)]


def keys(
    connection: Connection, controller_id: int, chain: int, first: int, last: int
) -> Iterator[tuple[int, bytes, int]]:
    """(seq, digest, log index) of a chain's records in a range of numbers, in order of arrival."""
    query = (
        select(entry.c.seq, entry.c.digest, entry.c.log_index)
        .where(entry.c.controller_id == controller_id, entry.c.chain == chain)
        .where(entry.c.seq >= first, entry.c.seq <= last)
        .order_by(entry.c.log_index)
    )
    for seq, digest, log_index in connection.execute(query):
        yield seq, bytes(digest), log_index


def seqs_above(connection: Connection, controller_id: int, chain: int, seq: int) -> Iterator[int]:
    """Stored numbers above one, rising."""
    query = (
        select(entry.c.seq)
        .where(entry.c.controller_id == controller_id, entry.c.chain == chain, entry.c.seq > seq)
        .order_by(entry.c.seq)
    )
    yield from connection.execute(query).scalars()


def add_passed(connection: Connection, controller_id: int, chain: int, first: int, last: int) -> None:
    """Note numbers that will not come; saying it twice changes nothing."""
    key = {"controller_id": controller_id, "chain": chain, "first_seq": first, "last_seq": last}
    known = select(passed).filter_by(**key)
    if connection.execute(known).first() is None:
        connection.execute(insert(passed), [key])


def passed_ranges(connection: Connection, controller_id: int, chain: int) -> list[tuple[int, int]]:
    """(first, last) of all ranges that will not come."""
    query = select(passed.c.first_seq, passed.c.last_seq).filter_by(controller_id=controller_id, chain=chain)
    return [(first, last) for first, last in connection.execute(query)]
