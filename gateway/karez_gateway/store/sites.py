"""SQL by site, for those who only look: its chains, its booked litres, its records by number and time.

A chain belongs to the site at which it began (design §5): boxes are replaced and bound anew. Records carry
their time inside the slot, so a time is found by halving the range of numbers, over records that no check
has refused and whose clock was synchronised.
"""

from collections.abc import Collection, Iterator
from typing import Any, NamedTuple

from sqlalchemy import Connection, LargeBinary, and_, bindparam, func, or_, select, union

from karez_gateway.store import bindings, controllers
from karez_gateway.store.controllers import Controller
from karez_gateway.store.entries import SLOT
from karez_gateway.store.ledgers import Hour, Litres
from karez_gateway.store.schema import (
    chain_state,
    controller,
    entry,
    finding,
    fork,
    former_binding,
    ledger,
    verdict,
)
from karez_gateway.verifier import slots
from karez_gateway.verifier.slots import HEADER, Head
from karez_protocols import record
from karez_protocols.entry import RECORD

HOUR_S = 3600
ROWS_AT_ONCE = 512

# Enough of a slot to know its kind, number and time.
_HEADER = func.substr(entry.c.body, SLOT.start + 1, HEADER.size, type_=LargeBinary)


class Chain(NamedTuple):
    """One chain of a site, and how far ingest and verify have come in it."""

    controller_id: int
    controller: str
    chain: int
    stored_seq: int
    top_seq: int
    verified_seq: int
    covered_seq: int
    broken: bool
    volume_l: int | None
    first_seq: int  # what the chain begins with, where nothing is missing

    @property
    def key(self) -> tuple[int, int]:
        """As other tables name it."""
        return self.controller_id, self.chain


class Seen(NamedTuple):
    """A stored record without its body. Judged and no reason: good."""

    log_index: int
    seq: int
    received_utc_s: int
    head: Head
    is_judged: bool
    reason: str | None

    @property
    def utc_s(self) -> int | None:
        """Its own time."""
        return self.head.utc_s if slots.has_time(self.head) else None


class Whole(NamedTuple):
    """A stored record with its slot."""

    seen: Seen
    slot: bytes


def names(connection: Connection, after: str, limit: int, only: Collection[str] | None) -> list[str]:
    """Names of sites at which a controller stands or stood, in the database's order, from one on."""
    both = union(select(controller.c.site), select(former_binding.c.site)).subquery()
    query = select(both.c.site).where(both.c.site > after).order_by(both.c.site).limit(limit)
    if only is not None:
        query = query.where(both.c.site.in_(only))
    return list(connection.execute(query).scalars())


def exists(connection: Connection, site: str) -> bool:
    """True if a controller stands or stood there."""
    for table in (controller, former_binding):
        if connection.execute(select(table.c.site).where(table.c.site == site).limit(1)).first():
            return True
    return False


def boxes(connection: Connection, site: str) -> list[Controller]:
    """Controllers that stand at a site, the newest binding first, then those that stood there."""
    here = controllers.at_site(connection, site)
    known = {one.id for one in here}
    for one in bindings.were_at(connection, site):
        if one.id not in known:
            known.add(one.id)
            here.append(one)
    return here


def chains(connection: Connection, site: str) -> list[Chain]:
    """Every chain that began at a site, by controller and number."""
    return [one for box in boxes(connection, site) for one in _chains_of(connection, box.id, box.name, site)]


def _chains_of(connection: Connection, controller_id: int, name: str, site: str) -> Iterator[Chain]:
    formers = bindings.formers(connection, controller_id)
    now = controllers.by_id(connection, controller_id).site
    query = select(
        chain_state.c.chain,
        chain_state.c.stored_seq,
        chain_state.c.top_seq,
        chain_state.c.verified_seq,
        chain_state.c.covered_seq,
        chain_state.c.broken,
        chain_state.c.volume_l,
    ).where(chain_state.c.controller_id == controller_id)
    first_seq = 1
    for row in connection.execute(query.order_by(chain_state.c.chain)).all():
        began_at = next((one.site for one in formers if row[0] <= one.last_chain), now)
        if began_at == site:
            yield Chain(controller_id, name, *row, first_seq)
        first_seq = row[2] + 1  # numbers go on in the next chain


def cells(connection: Connection, site: str, from_utc_s: int, to_utc_s: int) -> list[tuple[Hour, Litres]]:
    """What is booked to a site in a span of whole hours, by hour and method."""
    query = (
        select(ledger)
        .where(ledger.c.site == site, ledger.c.hour_utc >= from_utc_s // HOUR_S)
        .where(ledger.c.hour_utc < to_utc_s // HOUR_S)
        .order_by(ledger.c.hour_utc, ledger.c.method)
    )
    return [(Hour(*row[:3]), Litres(*row[3:])) for row in connection.execute(query)]


def booked_to_utc_s(connection: Connection, site: str) -> int | None:
    """End of the last hour to which litres are booked."""
    last = connection.execute(select(func.max(ledger.c.hour_utc)).where(ledger.c.site == site)).scalar()
    return None if last is None else (int(last) + 1) * HOUR_S


_COLUMNS = (
    entry.c.log_index,
    entry.c.seq,
    entry.c.received_utc_s,
    _HEADER,
    verdict.c.position,
    verdict.c.reason,
)
# Written once: to put a statement together takes longer than to run it.
_OF_CHAIN = (
    (entry.c.controller_id == bindparam("of_controller"))
    & (entry.c.chain == bindparam("of_chain"))
    & (entry.c.seq >= bindparam("from_seq"))
)
_JOINED = entry.outerjoin(verdict, verdict.c.log_index == entry.c.log_index)
_RECORDS = select(*_COLUMNS).select_from(_JOINED).where(_OF_CHAIN).order_by(entry.c.seq, entry.c.log_index)
_WHOLE = _RECORDS.add_columns(entry.c.body).limit(bindparam("at_most"))
_WHOLE_BEHIND = _WHOLE.where(
    or_(
        entry.c.seq > bindparam("behind_seq"),
        and_(entry.c.seq == bindparam("behind_seq"), entry.c.log_index > bindparam("behind_index")),
    )
)
_NEXT_UNREFUSED = _RECORDS.where(verdict.c.reason.is_(None), entry.c.seq < bindparam("to_seq")).limit(1)
_LAST_GOOD = (
    select(*_COLUMNS)
    .select_from(_JOINED)
    .where(_OF_CHAIN, entry.c.seq <= bindparam("to_seq"))
    .where(verdict.c.position.is_not(None), verdict.c.reason.is_(None))
    .order_by(entry.c.seq.desc())
    .limit(1)
)


def _asked(one: Chain, first_seq: int) -> dict[str, int]:
    return {"of_controller": one.controller_id, "of_chain": one.chain, "from_seq": first_seq}


def _seen(row: Any) -> Seen:
    return Seen(row[0], row[1], row[2], Head(*HEADER.unpack(row[3])), row[4] is not None, row[5])


def records(connection: Connection, one: Chain, first_seq: int) -> Iterator[Seen]:
    """Everything stored of a chain from a number on, by number and arrival."""
    streamed = _RECORDS.execution_options(yield_per=ROWS_AT_ONCE)
    with connection.execute(streamed, _asked(one, first_seq)) as rows:
        for row in rows:
            yield _seen(row)


def whole_records(
    connection: Connection, one: Chain, first_seq: int, after: tuple[int, int] | None, limit: int
) -> list[Whole]:
    """Records with their slots, behind (number, log index); at most `limit`."""
    asked = _asked(one, first_seq) | {"at_most": limit}
    if after is None:
        rows = connection.execute(_WHOLE, asked)
    else:
        rows = connection.execute(_WHOLE_BEHIND, asked | {"behind_seq": after[0], "behind_index": after[1]})
    return [Whole(_seen(row), bytes(row[6])[SLOT]) for row in rows]


def first_at(connection: Connection, one: Chain, utc_s: int) -> int:
    """The number behind the last record that was surely taken before a time.

    From there on records are of this time or later, or their time is not sure.
    """
    low, high = one.first_seq, one.top_seq + 1
    before = 0  # the last record known to be of before
    while low < high:
        middle = (low + high) // 2
        row = connection.execute(_NEXT_UNREFUSED, _asked(one, middle) | {"to_seq": high}).first()
        if row is None:
            high = middle
            continue
        seen = _seen(row)
        if is_sure(seen.head) and seen.head.utc_s < utc_s:
            before = seen.seq
            low = seen.seq + 1
        else:  # a time that may be anything hides nothing before it
            high = middle
    return before + 1 if before else one.first_seq


def is_sure(head: Head) -> bool:
    """True if a record's time is that of a synchronised clock."""
    return head.time_state == record.TIME_SYNCHRONISED and slots.has_time(head)


def newest_good(connection: Connection, one: Chain) -> Seen | None:
    """The last record of a chain that was judged good."""
    row = connection.execute(_LAST_GOOD, _asked(one, 0) | {"to_seq": one.verified_seq}).first()
    return None if row is None else _seen(row)


def count_above(connection: Connection, one: Chain) -> int:
    """Numbers above the contiguous ones that have come already."""
    query = select(func.count(entry.c.seq.distinct())).where(
        entry.c.controller_id == one.controller_id, entry.c.chain == one.chain
    )
    return int(connection.execute(query.where(entry.c.seq > one.stored_seq)).scalar_one())


def findings(connection: Connection, controller_id: int) -> list[tuple[str, int, int, int]]:
    """(kind, subject, litres, log index) of what good records show, in the log's order."""
    query = select(finding.c.kind, finding.c.subject, finding.c.litres, finding.c.log_index)
    query = query.where(finding.c.controller_id == controller_id).order_by(finding.c.log_index)
    return [(row[0], row[1], row[2], row[3]) for row in connection.execute(query)]


def chain_of_entry(connection: Connection, log_index: int) -> int | None:
    """The chain of a record by its place in the store."""
    return connection.execute(select(entry.c.chain).where(entry.c.log_index == log_index)).scalar()


def forks(connection: Connection, one: Chain, limit: int) -> list[tuple[int, int, int]]:
    """(number, log index of the second, of the first) where two records came under one number."""
    query = (
        select(entry.c.seq, fork.c.log_index, fork.c.first_index)
        .join(entry, entry.c.log_index == fork.c.log_index)
        .where(entry.c.controller_id == one.controller_id, entry.c.chain == one.chain)
        .order_by(fork.c.log_index)
        .limit(limit)
    )
    return [(row[0], row[1], row[2]) for row in connection.execute(query)]


class Arrived(NamedTuple):
    """A record in the order of the log."""

    controller_id: int
    chain: int
    whole: Whole


def arrived(connection: Connection, first_index: int, end_index: int) -> Iterator[Arrived]:
    """Records of all sites between two places of the store, the second not included, as they came."""
    query = (
        select(*_COLUMNS, entry.c.body, entry.c.controller_id, entry.c.chain)
        .select_from(_JOINED)
        .where(entry.c.log_index >= first_index, entry.c.log_index < end_index)
        .where(entry.c.kind == RECORD)
        .order_by(entry.c.log_index)
    )
    with connection.execute(query.execution_options(yield_per=ROWS_AT_ONCE)) as rows:
        for row in rows:
            yield Arrived(row[7], row[8], Whole(_seen(row), bytes(row[6])[SLOT]))
