"""SQL over `downlink` for grants of a whole county at once: many queued, the newest of each controller."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, insert, select

from karez_gateway.store import downlinks
from karez_gateway.store.schema import downlink
from karez_protocols import record


class Queued(NamedTuple):
    """A checked grant that is to be carried to a controller."""

    controller_id: int
    object_seq: int
    digest: bytes
    body: bytes


class GrantState(NamedTuple):
    """The newest checked grant of a controller, and what became of it."""

    controller_id: int
    object_seq: int
    body: bytes
    state: str
    cause: int | None
    attempts: int
    queued_utc_s: int
    log_index: int | None


def queue(connection: Connection, grants: Sequence[Queued], now_s: int) -> None:
    """Queue checked grants, as downlinks.queue does one."""
    shared = {
        "sort": record.GRANT,
        "office": None,
        "checked": True,
        "for_all": False,
        "state": downlinks.QUEUED,
        "queued_utc_s": now_s,
        "attempts": 0,
        "next_try_utc_s": 0,
        "times_again": 0,
    }
    if grants:
        connection.execute(insert(downlink), [one._asdict() | shared for one in grants])


_GRANTS = (
    downlink.c.sort == record.GRANT,
    downlink.c.checked.is_(True),
    downlink.c.state != downlinks.WITHDRAWN,
)


def bodies(connection: Connection) -> Iterator[bytes]:
    """Every checked grant that was brought in, oldest first, also one that was refused or is withdrawn."""
    query = select(downlink.c.body).where(downlink.c.sort == record.GRANT, downlink.c.checked.is_(True))
    for (body,) in connection.execute(query.order_by(downlink.c.id)):
        yield bytes(body)


def known(connection: Connection) -> dict[tuple[int, bytes], str]:
    """State of every checked grant by (controller, digest)."""
    query = select(downlink.c.controller_id, downlink.c.digest, downlink.c.state).where(*_GRANTS)
    return {(number, bytes(digest)): state for number, digest, state in connection.execute(query)}


def highest(connection: Connection) -> dict[int, int]:
    """The highest number of a grant that each controller was to be given, refused ones apart."""
    query = select(downlink.c.controller_id, downlink.c.object_seq)
    query = query.where(*_GRANTS, downlink.c.state != downlinks.REFUSED)
    found: dict[int, int] = {}
    for number, seq in connection.execute(query):
        found[number] = max(seq, found.get(number, 0))
    return found


def newest_first(connection: Connection) -> dict[int, list[GrantState]]:
    """The checked grants of every controller, the one with the highest number first."""
    query = select(*(downlink.c[name] for name in GrantState._fields)).where(*_GRANTS)
    found: dict[int, list[GrantState]] = {}
    for row in connection.execute(query.order_by(downlink.c.object_seq.desc(), downlink.c.id.desc())):
        found.setdefault(row[0], []).append(GrantState(*row))
    return found
