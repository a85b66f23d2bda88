"""SQL over `platform` and `station`: sums over each queue, and what is known of each well at a platform."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, Connection, Select, bindparam, func, insert, select, update

from karez_gateway.store.entries import Stored
from karez_gateway.store.schema import entry, platform, station

Chain = tuple[int, int]  # controller id, chain

_STORED = (
    entry.c.log_index,
    entry.c.controller_id,
    entry.c.chain,
    entry.c.seq,
    entry.c.received_utc_s,
    entry.c.body,
)

_COUNT = (
    update(platform)
    .where(platform.c.destination == bindparam("at"))
    .values(
        queued=platform.c.queued + bindparam("more_queued"),
        confirmed=platform.c.confirmed + bindparam("more_confirmed"),
        refused=platform.c.refused + bindparam("more_refused"),
    )
)


def _known(column: Column[Any]) -> Select[Any]:
    query = select(station.c.controller_id, station.c.chain, column)
    return query.where(station.c.destination == bindparam("at"), column.is_not(None))


_LEFT_OUT, _PERIODS = _known(station.c.left_position), _known(station.c.period)


@dataclass(frozen=True, slots=True)
class Tally:
    """Figures of one destination."""

    queued: int = 0
    confirmed: int = 0
    refused: int = 0
    confirmed_utc_s: int | None = None
    upload_index: int | None = None

    @property
    def waiting(self) -> int:
        """Reports on their way."""
        return self.queued - self.confirmed - self.refused


def count(
    connection: Connection, destination: str, *, queued: int = 0, confirmed: int = 0, refused: int = 0
) -> None:
    """Add to the sums of a destination."""
    more = {"more_queued": queued, "more_confirmed": confirmed, "more_refused": refused}
    done = connection.execute(_COUNT, {"at": destination, **more})
    if not done.rowcount:
        values = {"queued": queued, "confirmed": confirmed, "refused": refused}
        connection.execute(insert(platform).values(destination=destination, **values))


def set_last(connection: Connection, destination: str, utc_s: int, upload_index: int) -> None:
    """The last receipt."""
    values = {"confirmed_utc_s": utc_s, "upload_index": upload_index}
    connection.execute(update(platform).filter_by(destination=destination).values(**values))


def tallies(connection: Connection) -> dict[str, Tally]:
    """Figures of every destination that ever had a report, also of those no longer configured."""
    query = select(platform).order_by(platform.c.destination)
    return {row[0]: Tally(*row[1:]) for row in connection.execute(query)}


def tally(connection: Connection, destination: str) -> Tally:
    """Figures of one destination."""
    row = connection.execute(select(platform).filter_by(destination=destination)).first()
    return Tally() if row is None else Tally(*row[1:])


def set_station(
    connection: Connection, destination: str, chain: Chain, values: Mapping[str, int | None]
) -> None:
    """Set columns of one well at one platform."""
    key: dict[str, Any] = {"destination": destination, "controller_id": chain[0], "chain": chain[1]}
    done = connection.execute(update(station).filter_by(**key).values(**values))
    if not done.rowcount:
        connection.execute(insert(station).values(**key, **values))


def set_newest(connection: Connection, destination: str, chain: Chain, position: int, log_index: int) -> None:
    """The newest confirmed one of a well; a report that was asked for again is no news."""
    key = {"destination": destination, "controller_id": chain[0], "chain": chain[1]}
    before = connection.execute(select(station.c.position).filter_by(**key)).scalar()
    if before is None or position >= before:
        values = {"position": position, "log_index": log_index}
        set_station(connection, destination, chain, values)


def count_attempts(
    connection: Connection, destination: str, chain: Chain, *, confirmed: int = 0, failed: int = 0
) -> None:
    """Add to the sums of one well at one platform."""
    key: dict[str, Any] = {"destination": destination, "controller_id": chain[0], "chain": chain[1]}
    values = {"confirmed": station.c.confirmed + confirmed, "failed": station.c.failed + failed}
    done = connection.execute(update(station).filter_by(**key).values(**values))
    if not done.rowcount:
        connection.execute(insert(station).values(**key, confirmed=confirmed, failed=failed))


def attempts(
    connection: Connection, destination: str, controller_id: int, chains: Collection[int]
) -> tuple[int, int]:
    """(reports confirmed, attempts that came to nothing) of a controller's chains at one platform."""
    sums = (func.coalesce(func.sum(column), 0) for column in (station.c.confirmed, station.c.failed))
    query = select(*sums).where(station.c.destination == destination)
    query = query.where(station.c.controller_id == controller_id, station.c.chain.in_(chains))
    row = connection.execute(query).one()
    return int(row[0]), int(row[1])


def left_out(connection: Connection, destination: str) -> dict[Chain, int]:
    """Chain -> position of its first record that was left out."""
    return _stations(connection, destination, _LEFT_OUT)


def periods(connection: Connection, destination: str) -> dict[Chain, int]:
    """Chain -> period of its last interval record that was queued."""
    return _stations(connection, destination, _PERIODS)


def _stations(connection: Connection, destination: str, query: Select[Any]) -> dict[Chain, int]:
    return {(row[0], row[1]): row[2] for row in connection.execute(query, {"at": destination})}


def last_confirmed(connection: Connection, destination: str) -> list[Stored]:
    """The newest record of each chain that a destination has confirmed, a controller's chains rising."""
    query = (
        select(*_STORED)
        .join(station, station.c.log_index == entry.c.log_index)
        .where(station.c.destination == destination)
        .order_by(entry.c.controller_id, entry.c.chain)
    )
    return [Stored._make(row) for row in connection.execute(query)]
