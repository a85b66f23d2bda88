"""SQL over `outbox`: reports that wait for a platform, and the receipts of those it has.

Of one destination the order is: what came by itself before what was asked for again, and within
that the order of verification, in which the register of each well rises.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, bindparam, func, literal_column, select, tuple_, update

from karez_gateway.store import platforms
from karez_gateway.store.bulk import Bulk
from karez_gateway.store.entries import Stored
from karez_gateway.store.platforms import Chain
from karez_gateway.store.schema import controller, entry, outbox, upload_action

WAITING = "waiting"
CONFIRMED = "confirmed"
REFUSED = "refused"

LIVE = 0  # the action of what nobody asked for

# A literal, no parameter: only so both databases see that the index of waiting reports is enough.
_WAITS = outbox.c.state == literal_column("'waiting'")
_STORED = (
    entry.c.log_index,
    entry.c.controller_id,
    entry.c.chain,
    entry.c.seq,
    entry.c.received_utc_s,
    entry.c.body,
)


class Well(NamedTuple):
    """An enrolled controller, as mappings name it; `site` is where it stands now."""

    id: int
    name: str
    site: str


class NewReport(NamedTuple):
    """A report to be sent."""

    destination: str
    action: int
    position: int
    log_index: int
    state: str = WAITING
    attempts: int = 0


class Refusal(NamedTuple):
    """A report that was passed over."""

    controller: str
    chain: int
    seq: int
    reason: str


class Key(NamedTuple):
    """One report at one destination."""

    action: int
    position: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """A report that is to be sent, its well, and how often that was tried."""

    key: Key
    attempts: int
    well: Well
    record: Stored

    @property
    def chain(self) -> Chain:
        """Whose record it is."""
        return self.well.id, self.record.chain


@dataclass(frozen=True, slots=True)
class Confirmed:
    """A receipt that has become an entry of the log."""

    one: Waiting
    utc_s: int
    upload_index: int


_INSERT = Bulk(outbox, NewReport._fields)
_WELLS = select(controller.c.id, controller.c.name, controller.c.site).order_by(controller.c.name)
_CONFIRM = (
    update(outbox)
    .where(outbox.c.destination == bindparam("at"), _WAITS)
    .where(outbox.c.action == bindparam("of"), outbox.c.position == bindparam("place"))
    .values(
        state=CONFIRMED,
        reason=None,
        attempts=outbox.c.attempts + 1,
        confirmed_utc_s=bindparam("utc_s"),
        upload_index=bindparam("receipt"),
    )
)


def wells(connection: Connection) -> list[Well]:
    """Every enrolled controller by name, without its binding."""
    return [Well._make(row) for row in connection.execute(_WELLS)]


def add(connection: Connection, destination: str, rows: Sequence[NewReport]) -> None:
    """Queue reports of one destination."""
    if rows:
        _INSERT.run(connection, rows)
        platforms.count(connection, destination, queued=len(rows))


def following(
    connection: Connection,
    destination: str,
    limit: int,
    aside: Collection[int] = (),
    lacking: Collection[Chain] = (),
) -> list[Waiting]:
    """The reports to be sent next, without those of controllers put aside and chains that lack an address."""
    query = (
        select(
            outbox.c.action,
            outbox.c.position,
            outbox.c.attempts,
            controller.c.id,
            controller.c.name,
            controller.c.site,
            *_STORED,
        )
        .join(entry, entry.c.log_index == outbox.c.log_index)
        .join(controller, controller.c.id == entry.c.controller_id)
        .where(outbox.c.destination == destination, _WAITS)
        .order_by(outbox.c.action, outbox.c.position)
        .limit(limit)
    )
    if aside:
        query = query.where(entry.c.controller_id.not_in(aside))
    if lacking:
        query = query.where(tuple_(entry.c.controller_id, entry.c.chain).not_in(lacking))
    return [
        Waiting(Key(*row[:2]), row[2], Well(*row[3:6]), Stored._make(row[6:]))
        for row in connection.execute(query)
    ]


def failed(connection: Connection, destination: str, reports: Sequence[Waiting], reason: str) -> None:
    """An attempt came to nothing; the reports keep their places."""
    connection.execute(
        update(outbox)
        .where(outbox.c.destination == destination, _WAITS, _is_one_of([one.key for one in reports]))
        .values(attempts=outbox.c.attempts + 1, reason=reason)
    )
    for chain, count in Counter(one.chain for one in reports).items():
        platforms.count_attempts(connection, destination, chain, failed=count)


def refused(connection: Connection, destination: str, key: Key, reason: str) -> None:
    """The standard cannot carry this report, or the platform will not have it: shown and passed over."""
    done = connection.execute(
        update(outbox)
        .where(outbox.c.destination == destination, _WAITS, _is_one_of([key]))
        .values(state=REFUSED, reason=reason)
    )
    platforms.count(connection, destination, refused=done.rowcount)


def confirmed(connection: Connection, destination: str, rows: Sequence[Confirmed]) -> None:
    """The platform has them."""
    of_chain: dict[Chain, list[dict[str, object]]] = {}
    for row in rows:
        key = {"at": destination, "of": row.one.key.action, "place": row.one.key.position}
        of_chain.setdefault(row.one.chain, []).append(key | {"utc_s": row.utc_s, "receipt": row.upload_index})
    counts = {chain: connection.execute(_CONFIRM, each).rowcount for chain, each in of_chain.items()}
    platforms.count(connection, destination, confirmed=sum(counts.values()))
    if rows:
        platforms.set_last(connection, destination, rows[-1].utc_s, rows[-1].upload_index)
    newest: dict[Chain, Waiting] = {}
    for row in rows:
        if row.one.key.position >= newest.get(row.one.chain, row.one).key.position:
            newest[row.one.chain] = row.one
    for chain, one in newest.items():
        platforms.set_newest(connection, destination, chain, one.key.position, one.record.log_index)
        platforms.count_attempts(connection, destination, chain, confirmed=counts[chain])


def _is_one_of(keys: Sequence[Key]) -> ColumnElement[bool]:
    return tuple_(outbox.c.action, outbox.c.position).in_([tuple(key) for key in keys])


def waits(connection: Connection, destination: str, positions: Collection[int]) -> set[int]:
    """Those of some positions that wait already, by themselves or because somebody asked for them."""
    mine = select(outbox.c.position).where(outbox.c.destination == destination, _WAITS)
    asked = select(upload_action.c.id).where(upload_action.c.destination == destination)
    asked = asked.where(mine.where(outbox.c.action == upload_action.c.id).correlate(upload_action).exists())
    actions = [LIVE, *connection.execute(asked).scalars()]
    query = mine.where(outbox.c.action.in_(actions), outbox.c.position.in_(positions))
    return set(connection.execute(query).scalars())


def counts(connection: Connection, destination: str) -> dict[str, int]:
    """Reports by state, counted one by one: what the tally must agree with."""
    query = select(outbox.c.state, func.count()).filter_by(destination=destination).group_by(outbox.c.state)
    return {row[0]: row[1] for row in connection.execute(query)}


def oldest_received_utc_s(connection: Connection, destination: str) -> int | None:
    """When the first waiting report's record came; what was asked for again does not count."""
    query = (
        select(entry.c.received_utc_s)
        .join(outbox, outbox.c.log_index == entry.c.log_index)
        .where(outbox.c.destination == destination, outbox.c.action == LIVE, _WAITS)
    )
    return connection.execute(query.order_by(outbox.c.position).limit(1)).scalar()


def last_reason(connection: Connection, destination: str) -> str | None:
    """Why the first waiting report has not gone yet."""
    query = select(outbox.c.reason).where(outbox.c.destination == destination, _WAITS)
    return connection.execute(query.order_by(outbox.c.action, outbox.c.position).limit(1)).scalar()


def last_refused(connection: Connection, destination: str, limit: int) -> list[Refusal]:
    """The newest reports that were passed over, the newest first."""
    query = (
        select(controller.c.name, entry.c.chain, entry.c.seq, outbox.c.reason)
        .join(entry, entry.c.log_index == outbox.c.log_index)
        .join(controller, controller.c.id == entry.c.controller_id)
        .where(outbox.c.destination == destination, outbox.c.state == literal_column("'refused'"))
        .order_by(outbox.c.action.desc(), outbox.c.position.desc())
        .limit(limit)
    )
    return [Refusal(*row) for row in connection.execute(query)]


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
