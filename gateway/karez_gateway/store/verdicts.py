"""SQL over `verdict` and `finding`: what verification said, in the order in which it said it."""

from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, Row, bindparam, func, insert, or_, select, update

from karez_gateway.store.bulk import Bulk
from karez_gateway.store.entries import Stored
from karez_gateway.store.schema import entry, finding, verdict


class Verdict(NamedTuple):
    """One record's verdict; no reason = good."""

    position: int
    log_index: int
    record_kind: int
    reason: str | None


# The position, then the fields of `Stored`.
GoodRow = Row[int, int, int, int, int, int, bytes]


class Good(NamedTuple):
    """A verified record, at its place in the order of verification."""

    position: int
    record: Stored


ROWS_AT_ONCE = 512

_INSERT = Bulk(verdict, Verdict._fields)


def next_position(connection: Connection) -> int:
    """The first free position."""
    top = connection.execute(_TOP).scalar()
    return 0 if top is None else int(top) + 1


def add(connection: Connection, rows: Sequence[Verdict]) -> None:
    """Insert verdicts."""
    _INSERT.run(connection, rows)


# Columns of a good record, as `good()` reads them.
GOOD_COLUMNS = (
    verdict.c.position,
    entry.c.log_index,
    entry.c.controller_id,
    entry.c.chain,
    entry.c.seq,
    entry.c.received_utc_s,
    entry.c.body,
)


def good(row: GoodRow) -> Good:
    """A good record of a row of GOOD_COLUMNS."""
    return Good(row[0], Stored._make(row[1:]))


# In the order of verification.
_GOOD = (
    select(*GOOD_COLUMNS)
    .join(entry, entry.c.log_index == verdict.c.log_index)
    .where(verdict.c.reason.is_(None))
    .order_by(verdict.c.position)
)


_TOP = select(func.max(verdict.c.position))
_GOOD_AFTER = _GOOD.where(
    verdict.c.position > bindparam("after"),
    verdict.c.position <= bindparam("last"),
    verdict.c.record_kind.in_(bindparam("kinds", expanding=True)),
)


def last_of(connection: Connection, position: int, limit: int) -> int:
    """The last position of the next `limit` verdicts after one; that one where none is left."""
    top = connection.execute(_TOP).scalar()
    return max(position, min(position + limit, -1 if top is None else int(top)))


def good_after(
    connection: Connection, position: int, limit: int, kinds: Collection[int]
) -> tuple[int, list[Good]]:
    """Good records of some kinds among the next `limit` verdicts, and the last position looked at."""
    last, rows = good_rows_after(connection, position, limit, kinds)
    return last, [good(row) for row in rows]


def good_rows_after(
    connection: Connection, position: int, limit: int, kinds: Collection[int]
) -> tuple[int, Sequence[GoodRow]]:
    """The same as they come from the database: to make a `Good` of a row costs as much as to read it."""
    last = last_of(connection, position, limit)
    if last == position:
        return last, []
    asked = {"after": position, "last": last, "kinds": list(kinds)}
    return last, connection.execute(_GOOD_AFTER, asked).all()


def good_of(connection: Connection, controllers: Collection[int], kinds: Collection[int]) -> Iterator[Good]:
    """Every good record of some controllers and kinds, in the order of verification."""
    query = _GOOD.where(entry.c.controller_id.in_(controllers), verdict.c.record_kind.in_(kinds))
    with connection.execute(query.execution_options(yield_per=ROWS_AT_ONCE)) as rows:
        for row in rows:
            yield good(row)


def note_finding(
    connection: Connection, controller_id: int, kind: str, subject: int, log_index: int, litres: int
) -> None:
    """Note a finding once per subject; a later, larger figure replaces the litres, not the first entry."""
    key = {"controller_id": controller_id, "kind": kind, "subject": subject}
    known = connection.execute(select(finding.c.litres).filter_by(**key)).scalar()
    if known is None:
        connection.execute(insert(finding).values(**key, log_index=log_index, litres=litres))
    elif litres > known:
        connection.execute(update(finding).filter_by(**key).values(litres=litres))


_ALL_SEQS = (0, (1 << 63) - 1)
_CHAINED = (
    select(
        entry.c.log_index,
        entry.c.controller_id,
        entry.c.chain,
        entry.c.seq,
        entry.c.received_utc_s,
        entry.c.body,
        verdict.c.reason,
    )
    .join(verdict, verdict.c.log_index == entry.c.log_index)
    .where(entry.c.controller_id == bindparam("controller"), entry.c.chain == bindparam("of_chain"))
    .where(entry.c.seq.between(bindparam("first"), bindparam("last")))
    .where(or_(verdict.c.reason.is_(None), verdict.c.reason.not_in(bindparam("unchained", expanding=True))))
    .order_by(entry.c.seq)
)


def chained(
    connection: Connection,
    controller_id: int,
    chain: int,
    unchained: Collection[str],
    seqs: tuple[int, int] | None = None,
) -> list[tuple[Stored, str | None]]:
    """Records that follow the chain, by number, with their reasons; `unchained`: reasons of the others.

    `seqs`: only those from a number to another.
    """
    first, last = seqs or _ALL_SEQS
    asked = {"controller": controller_id, "of_chain": chain, "unchained": list(unchained)}
    rows = connection.execute(_CHAINED, asked | {"first": first, "last": last})
    return [(Stored._make(row[:-1]), row[-1]) for row in rows]


def quarantined(connection: Connection, controller_id: int, chain: int) -> dict[str, int]:
    """How many records of a chain are quarantined, by reason."""
    query = (
        select(verdict.c.reason, func.count())
        .join(entry, entry.c.log_index == verdict.c.log_index)
        .where(entry.c.controller_id == controller_id, entry.c.chain == chain)
        .where(verdict.c.reason.is_not(None))
        .group_by(verdict.c.reason)
    )
    return {row[0]: row[1] for row in connection.execute(query)}


def findings(connection: Connection, controller_id: int) -> list[tuple[str, int, int]]:
    """(kind, subject, litres) of a controller's findings."""
    query = select(finding.c.kind, finding.c.subject, finding.c.litres).filter_by(controller_id=controller_id)
    return [(kind, subject, litres) for kind, subject, litres in connection.execute(query)]
