"""SQL over `downlink`: what is to be carried to a controller, and what became of it.

queued → logged (an entry of the log before it takes effect) → sent → accepted | refused
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, insert, or_, select, update

from karez_gateway.store.schema import controller, downlink

QUEUED = "queued"
LOGGED = "logged"
SENT = "sent"
ACCEPTED = "accepted"
REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Downlink:
    """One grant on its way."""

    id: int
    controller_id: int
    controller: str
    site: str
    grant_seq: int | None
    digest: bytes
    body: bytes
    checked: bool
    state: str
    attempts: int
    log_index: int | None
    cause: int | None
    decided_index: int | None


_COLUMNS = (
    downlink.c.id,
    downlink.c.controller_id,
    controller.c.name,
    controller.c.site,
    downlink.c.grant_seq,
    downlink.c.digest,
    downlink.c.body,
    downlink.c.checked,
    downlink.c.state,
    downlink.c.attempts,
    downlink.c.log_index,
    downlink.c.cause,
    downlink.c.decided_index,
)
_ALL = select(*_COLUMNS).join(controller, controller.c.id == downlink.c.controller_id)


def queue(
    connection: Connection,
    controller_id: int,
    *,
    grant_seq: int | None,
    digest: bytes,
    body: bytes,
    checked: bool,
    now_s: int,
) -> int:
    """Queue a grant; return its number here."""
    done = connection.execute(
        insert(downlink).values(
            controller_id=controller_id,
            grant_seq=grant_seq,
            digest=digest,
            body=body,
            checked=checked,
            state=QUEUED,
            queued_utc_s=now_s,
            attempts=0,
            next_try_utc_s=0,
        )
    )
    return int(done.inserted_primary_key[0]) if done.inserted_primary_key else 0


def _made(rows: Sequence[object]) -> list[Downlink]:
    return [Downlink(*row) for row in rows]  # type: ignore[misc]  # a Row unpacks into the columns above


def everything(connection: Connection) -> list[Downlink]:
    """All of them, oldest first."""
    return _made(connection.execute(_ALL.order_by(downlink.c.id)).all())


def in_state(connection: Connection, state: str) -> list[Downlink]:
    """Those in a state, oldest first."""
    return _made(connection.execute(_ALL.where(downlink.c.state == state).order_by(downlink.c.id)).all())


def due(connection: Connection, now_s: int) -> list[Downlink]:
    """Those that are logged and to be published now."""
    query = _ALL.where(downlink.c.state.in_((LOGGED, SENT)), downlink.c.next_try_utc_s <= now_s)
    return _made(connection.execute(query.order_by(downlink.c.id)).all())


def outstanding(connection: Connection, controller_id: int) -> list[Downlink]:
    """Those of one controller that are in the log and not decided yet: a crash may hide that it was sent."""
    query = _ALL.where(
        downlink.c.controller_id == controller_id, or_(downlink.c.state == SENT, downlink.c.state == LOGGED)
    )
    return _made(connection.execute(query.order_by(downlink.c.id)).all())


def logged(connection: Connection, number: int, log_index: int) -> None:
    """The log holds it under this index; it may be published."""
    connection.execute(
        update(downlink).where(downlink.c.id == number).values(state=LOGGED, log_index=log_index)
    )


def sent(connection: Connection, number: int, next_try_utc_s: int) -> None:
    """It was published once more; a decision that came meanwhile stands."""
    connection.execute(
        update(downlink)
        .where(downlink.c.id == number, downlink.c.state.in_((LOGGED, SENT)))
        .values(state=SENT, attempts=downlink.c.attempts + 1, next_try_utc_s=next_try_utc_s)
    )


def hurry(connection: Connection, controller_id: int, now_s: int) -> None:
    """The controller has come online: publish to it now."""
    connection.execute(
        update(downlink)
        .where(downlink.c.controller_id == controller_id, downlink.c.state == SENT)
        .values(next_try_utc_s=now_s)
    )


def decided(connection: Connection, number: int, state: str, cause: int | None, index: int) -> None:
    """The controller's record at `index` says what became of it."""
    connection.execute(
        update(downlink).where(downlink.c.id == number).values(state=state, cause=cause, decided_index=index)
    )


def checked_grant(connection: Connection, digest: bytes) -> bytes | None:
    """Bytes of a grant whose regulator's signature we checked, by its digest."""
    query = select(downlink.c.body).where(downlink.c.digest == digest, downlink.c.checked.is_(True))
    return connection.execute(query).scalars().first()


def same_checked(connection: Connection, controller_id: int, digest: bytes) -> Downlink | None:
    """The same grant, queued before for the same controller."""
    query = _ALL.where(downlink.c.controller_id == controller_id, downlink.c.digest == digest)
    rows = _made(connection.execute(query.where(downlink.c.checked.is_(True))).all())
    return rows[0] if rows else None


def grants_of(connection: Connection, controller_id: int) -> list[Downlink]:
    """Checked grants ever carried to a controller, by rising number of the grant."""
    query = _ALL.where(downlink.c.controller_id == controller_id, downlink.c.checked.is_(True))
    return _made(connection.execute(query.order_by(downlink.c.grant_seq, downlink.c.id)).all())
