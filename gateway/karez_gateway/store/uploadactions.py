"""SQL over `upload_action`: pauses, and what is sent to a platform again."""

from bisect import bisect_left
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, func, insert, select, update

from karez_gateway.store.schema import controller, entry, upload_action, verdict
from karez_gateway.store.verdicts import GOOD_COLUMNS, Good, good

PAUSE = "pause"
RESUME = "resume"
RESEND = "resend"
BACKFILL = "backfill"


@dataclass(frozen=True, slots=True)
class Action:
    """What somebody did to a platform's queue; the rest is about a resend or backfill."""

    id: int
    destination: str
    verb: str
    utc_s: int
    wished_by: str
    because: str
    controller_id: int | None
    chain: int | None
    from_utc_s: int | None
    to_utc_s: int | None
    from_position: int | None
    until_position: int | None
    next_index: int | None
    until_index: int | None
    is_open: bool
    reports: int
    controller: str | None


_ALL = select(*upload_action.c, controller.c.name).outerjoin(
    controller, controller.c.id == upload_action.c.controller_id
)

_OF_PLATFORM = _ALL.where(upload_action.c.destination == bindparam("at"))
_LAST_PAUSE = (
    _OF_PLATFORM.where(upload_action.c.verb.in_([PAUSE, RESUME])).order_by(upload_action.c.id.desc()).limit(1)
)
_OPEN = _OF_PLATFORM.where(upload_action.c.is_open).order_by(upload_action.c.id)


def _made(row: Any) -> Action:
    return Action(*row)


def add(
    connection: Connection,
    destination: str,
    verb: str,
    utc_s: int,
    wished_by: str,
    because: str,
    **about: int | bool | None,
) -> int:
    """Add one; `about`: columns of a resend or backfill. Returns its id."""
    values: dict[str, object] = {"is_open": False, "reports": 0, **about}
    values |= {"destination": destination, "verb": verb, "utc_s": utc_s}
    values |= {"wished_by": wished_by, "because": because}
    done = connection.execute(insert(upload_action).values(**values).returning(upload_action.c.id))
    return int(done.scalar_one())


def newest(connection: Connection) -> int:
    """Id of the newest one of all destinations, 0 before the first: the service asks twice a second."""
    return int(connection.execute(select(func.max(upload_action.c.id))).scalar() or 0)


def pause(connection: Connection, destination: str) -> Action | None:
    """The pause that holds now."""
    row = connection.execute(_LAST_PAUSE, {"at": destination}).first()
    return None if row is None or row.verb == RESUME else _made(row)


def first_open(connection: Connection, destination: str) -> Action | None:
    """The oldest resend or backfill that is not done."""
    found = opened(connection, destination)
    return found[0] if found else None


def opened(connection: Connection, destination: str) -> list[Action]:
    """Resends and backfills of a destination that are not done."""
    return [_made(row) for row in connection.execute(_OPEN, {"at": destination})]


def history(connection: Connection, destination: str, limit: int) -> list[Action]:
    """The newest ones of a destination, newest first."""
    query = _ALL.where(upload_action.c.destination == destination)
    rows = connection.execute(query.order_by(upload_action.c.id.desc()).limit(limit))
    return [_made(row) for row in rows]


def move(connection: Connection, number: int, *, reports: int = 0, **to: int | bool) -> None:
    """Set how far a resend or backfill has come; `reports` more were queued by it."""
    values: dict[str, object] = {"reports": upload_action.c.reports + reports, **to}
    connection.execute(update(upload_action).where(upload_action.c.id == number).values(**values))


def first_received_from(connection: Connection, utc_s: int, count: int) -> int:
    """Index of the first entry that came at a time or later, of `count` entries."""

    def received(index: int) -> int:
        query = select(entry.c.received_utc_s).where(entry.c.log_index == index)
        return int(connection.execute(query).scalar_one())

    return bisect_left(range(count), utc_s, key=received)


def good_in(
    connection: Connection, action: Action, kinds: Collection[int], limit: int
) -> tuple[int, list[Good]]:
    """Good records of the next `limit` entries that an action is about; and the entry to look at next."""
    first, until = action.next_index or 0, action.until_index or 0
    of_one = [entry.c.controller_id == action.controller_id] if action.controller_id is not None else []
    if action.chain is not None:
        of_one.append(entry.c.chain == action.chain)
    if of_one:
        query = select(entry.c.log_index).where(*of_one, entry.c.log_index >= first).limit(limit)
        found = connection.execute(query.order_by(entry.c.log_index)).scalars().all()
        last = found[-1] if len(found) == limit else until
    else:
        last = first + limit - 1
    last = min(last, until)
    # Plus nothing: or SQLite walks over every position up to the last for each slice of entries.
    position = verdict.c.position + 0
    goods = (
        select(*GOOD_COLUMNS)
        .join(verdict, verdict.c.log_index == entry.c.log_index)
        .where(*of_one, entry.c.log_index >= first, entry.c.log_index <= last)
        .where(verdict.c.reason.is_(None), verdict.c.record_kind.in_(kinds))
        .where(position >= (action.from_position or 0), position <= action.until_position)
        .order_by(verdict.c.position)
    )
    return last + 1, [good(row) for row in connection.execute(goods)]
