"""SQL over `revocation`: who is believed no more, and from which entry of the log on.

queued by a command; in force once the log holds the entry that says so.
"""

from dataclasses import dataclass

from sqlalchemy import Connection, Select, insert, select, update

from karez_gateway.store.schema import controller, revocation


@dataclass(frozen=True, slots=True)
class Revocation:
    """One of them. `log_index` None: not in force yet."""

    controller_id: int
    controller: str
    site: str
    by: str
    because: str
    queued_utc_s: int
    log_index: int | None


_ALL = select(
    revocation.c.controller_id,
    controller.c.name,
    controller.c.site,
    revocation.c.revoked_by,
    revocation.c.because,
    revocation.c.queued_utc_s,
    revocation.c.log_index,
).join(controller, controller.c.id == revocation.c.controller_id)

# For those who address controllers: the ids of all that get nothing any more, queued ones too.
IDS: Select[int] = select(revocation.c.controller_id)


def everyone(connection: Connection) -> dict[int, Revocation]:
    """All of them by controller id."""
    return {row[0]: Revocation(*row) for row in connection.execute(_ALL)}


def of_controller(connection: Connection, controller_id: int) -> Revocation | None:
    """That of one controller."""
    row = connection.execute(_ALL.where(revocation.c.controller_id == controller_id)).first()
    return None if row is None else Revocation(*row)


def revoked(connection: Connection) -> set[int]:
    """Ids of all that get nothing any more."""
    return {row[0] for row in connection.execute(IDS)}


def waiting(connection: Connection) -> list[Revocation]:
    """Those that the log does not hold yet."""
    return [Revocation(*row) for row in connection.execute(_ALL.where(revocation.c.log_index.is_(None)))]


def in_force(connection: Connection) -> dict[int, int]:
    """Controller id -> the entry of the log from which on it is not believed."""
    query = select(revocation.c.controller_id, revocation.c.log_index).where(
        revocation.c.log_index.is_not(None)
    )
    return {row[0]: row[1] for row in connection.execute(query)}


def queue(connection: Connection, controller_id: int, by: str, because: str, now_s: int) -> None:
    """Wish one."""
    row = {"controller_id": controller_id, "revoked_by": by, "because": because, "queued_utc_s": now_s}
    connection.execute(insert(revocation), [row])


def logged(connection: Connection, controller_id: int, log_index: int) -> None:
    """The log holds it: it is in force."""
    connection.execute(
        update(revocation).where(revocation.c.controller_id == controller_id).values(log_index=log_index)
    )
