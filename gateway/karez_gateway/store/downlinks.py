"""SQL over `downlink`: what is to be carried to a controller, and what became of it.

queued → logged (an entry of the log before it takes effect) → sent → accepted | refused | superseded

What a controller had accepted and is found without (a restored memory) begins at logged again, or is over.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, exists, insert, or_, select, update

from karez_gateway.store import revocations
from karez_gateway.store.asked import parts
from karez_gateway.store.schema import controller, downlink
from karez_protocols import causes, record

QUEUED = "queued"
LOGGED = "logged"
SENT = "sent"
ACCEPTED = "accepted"
REFUSED = "refused"
SUPERSEDED = "superseded"  # a key list, by a newer one
OVER = "over"  # an order that had ended or was lifted when its controller lost it
WITHDRAWN = (
    "withdrawn"  # its controller was revoked, or bound to another site; the next box there inherits it
)

UNDECIDED = (LOGGED, SENT)  # in the log, and not decided: a crash may hide that it was sent

# These go one at a time and in their order: an office's list before its orders, a stop before the
# lift of it, and a refusal whose record names no number can only mean the one on its way.
LANE = (record.ORDER, record.KEYS)
# Refused for now: it is tried again, and holds up nothing meanwhile. A list may come, a lift make room.
SET_ASIDE = (causes.ORDER_REFUSED_OFFICE, causes.ORDER_REFUSED_FULL)
# Sendings, over a minute, after which an object without any answer holds up the next no longer.
PATIENCE = 4
# Nothing is put off for longer: a try further ahead was set by a clock that has been set back since.
AHEAD_S_MAX = 3600


@dataclass(frozen=True, slots=True)
class Downlink:
    """One grant, order or key list on its way to one controller."""

    id: int
    controller_id: int
    controller: str
    site: str
    sort: int
    office: int | None
    object_seq: int | None
    digest: bytes
    body: bytes
    checked: bool
    for_all: bool
    state: str
    log_index: int | None
    since_index: int | None
    attempts: int
    times_again: int
    cause: int | None
    decided_index: int | None

    @property
    def grant_seq(self) -> int | None:
        """Number of a grant; None for another sort, or when it cannot be read."""
        return self.object_seq if self.sort == record.GRANT else None


_COLUMNS = (
    downlink.c.id,
    downlink.c.controller_id,
    controller.c.name,
    controller.c.site,
    downlink.c.sort,
    downlink.c.office,
    downlink.c.object_seq,
    downlink.c.digest,
    downlink.c.body,
    downlink.c.checked,
    downlink.c.for_all,
    downlink.c.state,
    downlink.c.log_index,
    downlink.c.since_index,
    downlink.c.attempts,
    downlink.c.times_again,
    downlink.c.cause,
    downlink.c.decided_index,
)
_ALL = select(*_COLUMNS).join(controller, controller.c.id == downlink.c.controller_id)


def queue(
    connection: Connection,
    controller_id: int,
    *,
    sort: int = record.GRANT,
    office: int | None = None,
    object_seq: int | None,
    digest: bytes,
    body: bytes,
    checked: bool,
    for_all: bool = False,
    now_s: int,
) -> int:
    """Queue an object for one controller; return its number here."""
    done = connection.execute(
        insert(downlink).values(
            controller_id=controller_id,
            sort=sort,
            office=office,
            object_seq=object_seq,
            digest=digest,
            body=body,
            checked=checked,
            for_all=for_all,
            state=QUEUED,
            queued_utc_s=now_s,
            attempts=0,
            next_try_utc_s=0,
            times_again=0,
        )
    )
    return int(done.inserted_primary_key[0]) if done.inserted_primary_key else 0


def _read(connection: Connection, *where: ColumnElement[bool], limit: int | None = None) -> list[Downlink]:
    rows: Sequence[Any] = connection.execute(_ALL.where(*where).order_by(downlink.c.id).limit(limit)).all()
    return [Downlink(*row) for row in rows]


def everything(connection: Connection) -> list[Downlink]:
    """All of them, oldest first."""
    return _read(connection)


def in_state(connection: Connection, state: str) -> list[Downlink]:
    """Those in a state, oldest first."""
    return _read(connection, downlink.c.state == state)


def due(connection: Connection, now_s: int, limit: int | None = None) -> list[Downlink]:
    """Those that are logged, to be published now, and not behind another of their lane."""
    before = downlink.alias("before")
    is_behind = exists().where(
        before.c.controller_id == downlink.c.controller_id,
        before.c.sort.in_(LANE),
        before.c.id < downlink.c.id,
        before.c.state.in_((QUEUED, *UNDECIDED)),
        or_(before.c.cause.is_(None), before.c.cause.not_in(SET_ASIDE)),
        before.c.attempts < PATIENCE,
    )
    return _read(
        connection,
        downlink.c.state.in_(UNDECIDED),
        or_(downlink.c.next_try_utc_s <= now_s, downlink.c.next_try_utc_s > now_s + AHEAD_S_MAX),
        downlink.c.controller_id.not_in(revocations.IDS),
        or_(downlink.c.sort.not_in(LANE), ~is_behind),
        limit=limit,
    )


def outstanding(connection: Connection, controller_id: int) -> list[Downlink]:
    """Those of one controller that are in the log and not decided yet."""
    return _read(connection, downlink.c.controller_id == controller_id, downlink.c.state.in_(UNDECIDED))


def outstanding_lanes(connection: Connection, controllers: Collection[int]) -> dict[int, list[Downlink]]:
    """Orders and lists of these controllers that are in the log and not decided yet, by controller."""
    found: dict[int, list[Downlink]] = {one: [] for one in controllers}
    for part in parts(controllers):
        where = (downlink.c.controller_id.in_(part), downlink.c.sort.in_(LANE))
        for one in _read(connection, *where, downlink.c.state.in_(UNDECIDED)):
            found[one.controller_id].append(one)
    return found


def of_controller(connection: Connection, controller_id: int, *sorts: int) -> list[Downlink]:
    """Every object of some sorts ever queued for one controller, oldest first."""
    return _read(connection, downlink.c.controller_id == controller_id, downlink.c.sort.in_(sorts))


def for_all(connection: Connection) -> list[Downlink]:
    """Checked objects that a well enrolled later gets, too, oldest first."""
    return _read(connection, downlink.c.for_all.is_(True), downlink.c.checked.is_(True))


def logged(connection: Connection, number: int, log_index: int, since_index: int) -> None:
    """The log holds it under an index; it may be published, and records from `since_index` on decide."""
    values = {"state": LOGGED, "log_index": log_index, "since_index": since_index}
    connection.execute(update(downlink).where(downlink.c.id == number).values(**values))


def log_index_of(connection: Connection, sort: int, digest: bytes) -> int | None:
    """Where the log holds an object already, which another controller got."""
    query = select(downlink.c.log_index).where(downlink.c.digest == digest, downlink.c.sort == sort)
    return connection.execute(query.where(downlink.c.log_index.is_not(None))).scalars().first()


def sent(connection: Connection, number: int, next_try_utc_s: int) -> None:
    """It was published once more; a decision that came meanwhile stands."""
    connection.execute(
        update(downlink)
        .where(downlink.c.id == number, downlink.c.state.in_(UNDECIDED))
        .values(state=SENT, attempts=downlink.c.attempts + 1, next_try_utc_s=next_try_utc_s)
    )


def postpone(connection: Connection, numbers: Iterable[int], next_try_utc_s: int) -> None:
    """Nobody is there to hear them: look again then, or when the controller comes online."""
    where = (downlink.c.id.in_(list(numbers)), downlink.c.state.in_(UNDECIDED))
    connection.execute(update(downlink).where(*where).values(next_try_utc_s=next_try_utc_s))


def hurry(connection: Connection, controllers: Iterable[int], now_s: int) -> None:
    """Controllers have come online: publish to them now."""
    for part in parts(controllers):
        where = (downlink.c.controller_id.in_(part), downlink.c.state.in_(UNDECIDED))
        connection.execute(update(downlink).where(*where).values(next_try_utc_s=now_s))


def decided(connection: Connection, number: int, state: str, cause: int | None, index: int | None) -> None:
    """The controller's record at `index` says what became of it."""
    connection.execute(
        update(downlink).where(downlink.c.id == number).values(state=state, cause=cause, decided_index=index)
    )


def set_aside(connection: Connection, number: int, cause: int) -> None:
    """The controller did not take it for now: one of SET_ASIDE."""
    connection.execute(update(downlink).where(downlink.c.id == number).values(cause=cause))


def take_up_again(connection: Connection, numbers: Collection[int], since_index: int) -> None:
    """The controller has lost them: publish them again; only records from `since_index` on decide."""
    connection.execute(
        update(downlink)
        .where(downlink.c.id.in_(numbers))
        .values(
            state=LOGGED,
            since_index=since_index,
            attempts=0,
            next_try_utc_s=0,
            times_again=downlink.c.times_again + 1,
            cause=None,
            decided_index=None,
        )
    )


def end_undecided(connection: Connection, controller_id: int) -> None:
    """The controller gets nothing any more: nothing waits for what becomes of it."""
    _withdraw(connection, controller_id, (QUEUED, *UNDECIDED))


def withdraw(connection: Connection, controller_id: int) -> None:
    """The controller stands at another site: what it had or was to get at the one before holds no more."""
    _withdraw(connection, controller_id, (QUEUED, *UNDECIDED, ACCEPTED))


def _withdraw(connection: Connection, controller_id: int, states: Collection[str]) -> None:
    where = (downlink.c.controller_id == controller_id, downlink.c.state.in_(states))
    connection.execute(update(downlink).where(*where).values(state=WITHDRAWN))


def ended(connection: Connection, numbers: Collection[int]) -> None:
    """The controller has lost them, and they need not be given again."""
    connection.execute(update(downlink).where(downlink.c.id.in_(numbers)).values(state=OVER))


def pass_on(connection: Connection, one: Downlink, controller_id: int, since_index: int, now_s: int) -> None:
    """Queue what another controller got for this one as well."""
    number = queue(
        connection,
        controller_id,
        sort=one.sort,
        office=one.office,
        object_seq=one.object_seq,
        digest=one.digest,
        body=one.body,
        checked=one.checked,
        for_all=one.for_all,
        now_s=now_s,
    )
    if one.log_index is not None:
        logged(connection, number, one.log_index, since_index)


def checked_grant(connection: Connection, digest: bytes) -> bytes | None:
    """Bytes of a grant whose regulator's signature we checked, by its digest."""
    where = (downlink.c.digest == digest, downlink.c.sort == record.GRANT, downlink.c.checked.is_(True))
    return connection.execute(select(downlink.c.body).where(*where)).scalars().first()


def same_checked(connection: Connection, controller_id: int, sort: int, digest: bytes) -> Downlink | None:
    """The same object, queued before for the same controller."""
    where = (downlink.c.controller_id == controller_id, downlink.c.sort == sort, downlink.c.digest == digest)
    found = _read(connection, *where, downlink.c.checked.is_(True), downlink.c.state != WITHDRAWN)
    return found[0] if found else None


def grants_of(connection: Connection, controller_id: int) -> list[Downlink]:
    """Checked grants ever carried to a controller, by rising number of the grant."""
    where = (downlink.c.controller_id == controller_id, downlink.c.sort == record.GRANT)
    found = _read(connection, *where, downlink.c.checked.is_(True))
    return sorted(found, key=lambda one: (one.object_seq or 0, one.id))
