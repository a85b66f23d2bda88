"""SQL over `command`: wishes of the operator, and what became of them.

queued → logged (an entry of the log before it takes effect) → sent → done | refused | dead
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, func, insert, or_, select, update

from karez_gateway.store import revocations
from karez_gateway.store.schema import command, controller
from karez_protocols import link

QUEUED = "queued"
LOGGED = "logged"
SENT = "sent"
DONE = "done"
REFUSED = "refused"
DEAD = "dead"  # its time is over, and no record says what became of it

UNDECIDED = (LOGGED, SENT)
# A command lives three minutes: one that dies later was wished by a clock that has been set back since.
LIFE_S_MAX = 180


@dataclass(frozen=True, slots=True)
class Command:
    """One wish for one controller."""

    id: int
    controller_id: int
    controller: str
    site: str
    verb: int
    account: int | None
    boot: int | None
    until_s: int | None
    wished_by: str
    state: str
    queued_utc_s: int
    dies_utc_s: int
    log_index: int | None
    attempts: int
    cause: int | None
    decided_index: int | None


_COLUMNS = (
    command.c.id,
    command.c.controller_id,
    controller.c.name,
    controller.c.site,
    command.c.verb,
    command.c.account,
    command.c.boot,
    command.c.until_s,
    command.c.wished_by,
    command.c.state,
    command.c.queued_utc_s,
    command.c.dies_utc_s,
    command.c.log_index,
    command.c.attempts,
    command.c.cause,
    command.c.decided_index,
)
_ALL = select(*_COLUMNS).join(controller, controller.c.id == command.c.controller_id)


def queue(connection: Connection, **values: Any) -> int:
    """Queue a wish; return its number here. `values`: the columns that say what is wished."""
    row = values | {"state": QUEUED, "attempts": 0, "next_try_utc_s": 0}
    done = connection.execute(insert(command).values(**row))
    return int(done.inserted_primary_key[0]) if done.inserted_primary_key else 0


def _read(connection: Connection, *where: ColumnElement[bool]) -> list[Command]:
    rows: Any = connection.execute(_ALL.where(*where).order_by(command.c.id)).all()
    return [Command(*row) for row in rows]


def newest(connection: Connection, count: int) -> list[Command]:
    """The last ones, oldest first."""
    rows: Any = connection.execute(_ALL.order_by(command.c.id.desc()).limit(count)).all()
    return [Command(*row) for row in reversed(rows)]


def in_state(connection: Connection, state: str) -> list[Command]:
    """Those in a state, oldest first."""
    return _read(connection, command.c.state == state)


def due(connection: Connection, now_s: int) -> list[Command]:
    """Those that are logged, alive, and to be published now."""
    return _read(
        connection,
        command.c.state.in_(UNDECIDED),
        command.c.next_try_utc_s <= now_s,
        command.c.dies_utc_s > now_s,
        command.c.dies_utc_s <= now_s + LIFE_S_MAX,
        command.c.controller_id.not_in(revocations.IDS),
    )


def outstanding(connection: Connection, controller_id: int) -> list[Command]:
    """Those of one controller that a record may still decide.

    It may come late, so also dead ones; and a stop that did not stop may stop after all.
    """
    may_yet = or_(
        command.c.state.in_((*UNDECIDED, DEAD)),
        and_(command.c.state == REFUSED, command.c.verb == link.STOP),
    )
    return _read(connection, command.c.controller_id == controller_id, may_yet)


def count_since(connection: Connection, verb: int, since_utc_s: int) -> int:
    """How many of a verb were queued since, over all wells."""
    query = select(func.count()).where(command.c.verb == verb, command.c.queued_utc_s > since_utc_s)
    return int(connection.execute(query).scalar_one())


def newest_start(connection: Connection, controller_id: int) -> Command | None:
    """The last start wished for a controller and not refused by it."""
    where = (
        command.c.controller_id == controller_id,
        command.c.verb == link.START,
        command.c.state != REFUSED,
    )
    row: Any = connection.execute(_ALL.where(*where).order_by(command.c.id.desc()).limit(1)).first()
    return None if row is None else Command(*row)


def logged(connection: Connection, number: int, log_index: int) -> None:
    """The log holds it; it may be published."""
    values = {"state": LOGGED, "log_index": log_index}
    connection.execute(update(command).where(command.c.id == number).values(**values))


def sent(connection: Connection, number: int, next_try_utc_s: int) -> None:
    """It was published once more; a decision that came meanwhile stands."""
    connection.execute(
        update(command)
        .where(command.c.id == number, command.c.state.in_(UNDECIDED))
        .values(state=SENT, attempts=command.c.attempts + 1, next_try_utc_s=next_try_utc_s)
    )


def bury(connection: Connection, now_s: int) -> int:
    """End those whose time is over; return how many those are."""
    is_over = or_(command.c.dies_utc_s <= now_s, command.c.dies_utc_s > now_s + LIFE_S_MAX)
    where = (command.c.state.in_(UNDECIDED), is_over)
    return connection.execute(update(command).where(*where).values(state=DEAD)).rowcount


def end(connection: Connection, controller_id: int) -> None:
    """The controller gets nothing any more."""
    where = (command.c.controller_id == controller_id, command.c.state.in_((QUEUED, *UNDECIDED)))
    connection.execute(update(command).where(*where).values(state=DEAD))


def decided(connection: Connection, number: int, state: str, cause: int | None, index: int) -> None:
    """The controller's record at `index` says what became of it."""
    values = {"state": state, "cause": cause, "decided_index": index}
    connection.execute(update(command).where(command.c.id == number).values(**values))
