"""SQL over `ledger` and `book`: booked litres, and up to which W each chain is booked."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Connection, func, insert, select, update

from karez_gateway.store.chains import Key
from karez_gateway.store.schema import book, ledger


class Hour(NamedTuple):
    """One cell of the ledger: hour = UTC seconds // 3600, method as in karez_protocols.record."""

    site: str
    hour_utc: int
    method: int


@dataclass(slots=True)
class Litres:
    """What is booked in a cell, and between which entries the readings lie."""

    litres: int
    first_entry: int
    last_entry: int


@dataclass(slots=True)
class Book:
    """W up to which a chain is booked, and the hour of that reading."""

    volume_l: int
    hour_utc: int


def booked(connection: Connection, hour: Hour) -> Litres | None:
    """What a cell holds."""
    query = select(ledger.c.litres, ledger.c.first_entry, ledger.c.last_entry).filter_by(**hour._asdict())
    row = connection.execute(query).first()
    return None if row is None else Litres(*row)


def add(connection: Connection, hour: Hour, more: Litres) -> None:
    """Add litres to a cell."""
    known = booked(connection, hour)
    if known is None:
        connection.execute(
            insert(ledger).values(
                **hour._asdict(),
                litres=more.litres,
                first_entry=more.first_entry,
                last_entry=more.last_entry,
            )
        )
        return
    connection.execute(
        update(ledger)
        .filter_by(**hour._asdict())
        .values(litres=known.litres + more.litres, last_entry=more.last_entry)
    )


def book_of(connection: Connection, key: Key) -> Book | None:
    """Where the ledger stands in a chain."""
    query = select(book.c.volume_l, book.c.hour_utc).filter_by(controller_id=key[0], chain=key[1])
    row = connection.execute(query).first()
    return None if row is None else Book(*row)


def last_volume_before(connection: Connection, key: Key) -> int | None:
    """W at which the controller's earlier chain was left."""
    query = (
        select(book.c.volume_l)
        .where(book.c.controller_id == key[0], book.c.chain < key[1])
        .order_by(book.c.chain.desc())
        .limit(1)
    )
    return connection.execute(query).scalar()


def save_books(connection: Connection, books: Iterable[tuple[Key, Book]]) -> None:
    """Write where the ledger stands."""
    for key, one in books:
        where = {"controller_id": key[0], "chain": key[1]}
        values = {"volume_l": one.volume_l, "hour_utc": one.hour_utc}
        if not connection.execute(update(book).filter_by(**where).values(**values)).rowcount:
            connection.execute(insert(book).values(**where, **values))


def rows(connection: Connection) -> list[tuple[Hour, Litres]]:
    """The whole ledger by site, hour and method."""
    query = select(ledger).order_by(ledger.c.site, ledger.c.hour_utc, ledger.c.method)
    return [(Hour(*row[:3]), Litres(*row[3:])) for row in connection.execute(query)]


def total(connection: Connection, site: str) -> int:
    """All litres booked to a site."""
    return int(connection.execute(select(func.sum(ledger.c.litres)).filter_by(site=site)).scalar() or 0)
