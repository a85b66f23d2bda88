"""SQL over `ledger` and `book`: booked litres, and up to which W each chain is booked."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Connection, func, select

from karez_gateway.store.asked import parts
from karez_gateway.store.bulk import Bulk
from karez_gateway.store.chains import Key
from karez_gateway.store.schema import book, ledger

_ADD = Bulk(
    ledger,
    ("site", "hour_utc", "method", "litres", "first_entry", "last_entry"),
    known="litres = ledger.litres + excluded.litres, last_entry = excluded.last_entry",
)
_BOOKS = select(book.c.controller_id, book.c.chain, book.c.volume_l, book.c.hour_utc)
_SAVE = Bulk(
    book,
    ("controller_id", "chain", "volume_l", "hour_utc"),
    known="volume_l = excluded.volume_l, hour_utc = excluded.hour_utc",
)


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


def add(connection: Connection, cells: Mapping[Hour, Litres]) -> None:
    """Add litres to cells."""
    rows = [(*hour, one.litres, one.first_entry, one.last_entry) for hour, one in cells.items()]
    _ADD.run(connection, rows)


def book_of(connection: Connection, key: Key) -> Book | None:
    """Where the ledger stands in a chain."""
    query = select(book.c.volume_l, book.c.hour_utc).filter_by(controller_id=key[0], chain=key[1])
    row = connection.execute(query).first()
    return None if row is None else Book(*row)


def books_of(connection: Connection, controller_id: int) -> dict[Key, Book]:
    """Where the ledger stands in every chain of a controller."""
    return books_of_all(connection, [controller_id])


def books_of_all(connection: Connection, controllers: Iterable[int]) -> dict[Key, Book]:
    """The same for many controllers."""
    found = {}
    for part in parts(controllers):
        for row in connection.execute(_BOOKS.where(book.c.controller_id.in_(part))):
            found[row[0], row[1]] = Book(row[2], row[3])
    return found


def save_books(connection: Connection, books: Mapping[Key, Book]) -> None:
    """Write where the ledger stands."""
    _SAVE.run(connection, [(*key, one.volume_l, one.hour_utc) for key, one in books.items()])


def rows(connection: Connection) -> list[tuple[Hour, Litres]]:
    """The whole ledger by site, hour and method."""
    query = select(ledger).order_by(ledger.c.site, ledger.c.hour_utc, ledger.c.method)
    return [(Hour(*row[:3]), Litres(*row[3:])) for row in connection.execute(query)]


def total(connection: Connection, site: str) -> int:
    """All litres booked to a site."""
    return int(connection.execute(select(func.sum(ledger.c.litres)).filter_by(site=site)).scalar() or 0)
