"""SQL over `ledger` and `book`: booked litres, and up to which W each chain is booked."""

from collections.abc import Container, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, func, insert, select, tuple_, update

from karez_gateway.store.chains import Key
from karez_gateway.store.schema import book, ledger

# Three parameters a cell; SQLite takes 32,766 and PostgreSQL 65,535 in one statement.
CELLS_ASKED_MAX = 5000

_KEY = (ledger.c.site, ledger.c.hour_utc, ledger.c.method)
_ADD = (
    update(ledger)
    .where(ledger.c.site == bindparam("at_site"), ledger.c.hour_utc == bindparam("at_hour"))
    .where(ledger.c.method == bindparam("at_method"))
    .values(litres=ledger.c.litres + bindparam("more"), last_entry=bindparam("last"))
)
_OPEN_BOOK = insert(book).values(
    controller_id=bindparam("at_controller"),
    chain=bindparam("at_chain"),
    volume_l=bindparam("volume"),
    hour_utc=bindparam("hour"),
)
_MOVE_BOOK = (
    update(book)
    .where(book.c.controller_id == bindparam("at_controller"), book.c.chain == bindparam("at_chain"))
    .values(volume_l=bindparam("volume"), hour_utc=bindparam("hour"))
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
    keys = list(cells)
    known: set[tuple[str, int, int]] = set()
    for at in range(0, len(keys), CELLS_ASKED_MAX):
        part = [tuple(hour) for hour in keys[at : at + CELLS_ASKED_MAX]]
        query = select(*_KEY).where(tuple_(*_KEY).in_(part))
        known.update((row[0], row[1], row[2]) for row in connection.execute(query))
    fresh = [
        hour._asdict() | {"litres": one.litres, "first_entry": one.first_entry, "last_entry": one.last_entry}
        for hour, one in cells.items()
        if hour not in known
    ]
    more = [
        {"at_site": hour.site, "at_hour": hour.hour_utc, "at_method": hour.method}
        | {"more": one.litres, "last": one.last_entry}
        for hour, one in cells.items()
        if hour in known
    ]
    if fresh:
        connection.execute(insert(ledger), fresh)
    if more:
        connection.execute(_ADD, more)


def book_of(connection: Connection, key: Key) -> Book | None:
    """Where the ledger stands in a chain."""
    query = select(book.c.volume_l, book.c.hour_utc).filter_by(controller_id=key[0], chain=key[1])
    row = connection.execute(query).first()
    return None if row is None else Book(*row)


def books_of(connection: Connection, controller_id: int) -> dict[Key, Book]:
    """Where the ledger stands in every chain of a controller."""
    query = select(book.c.chain, book.c.volume_l, book.c.hour_utc).filter_by(controller_id=controller_id)
    return {(controller_id, row[0]): Book(row[1], row[2]) for row in connection.execute(query)}


def last_volume_before(connection: Connection, key: Key, first_chain: int = 1) -> int | None:
    """W at which the controller's earlier chain was left, of those from `first_chain` on."""
    query = (
        select(book.c.volume_l)
        .where(book.c.controller_id == key[0], book.c.chain < key[1], book.c.chain >= first_chain)
        .order_by(book.c.chain.desc())
        .limit(1)
    )
    return connection.execute(query).scalar()


def save_books(connection: Connection, books: Mapping[Key, Book], new: Container[Key]) -> None:
    """Write where the ledger stands; `new`: chains that have no row yet."""
    rows = {
        key: {"at_controller": key[0], "at_chain": key[1], "volume": one.volume_l, "hour": one.hour_utc}
        for key, one in books.items()
    }
    fresh = [row for key, row in rows.items() if key in new]
    known = [row for key, row in rows.items() if key not in new]
    if fresh:
        connection.execute(_OPEN_BOOK, fresh)
    if known:
        connection.execute(_MOVE_BOOK, known)


def rows(connection: Connection) -> list[tuple[Hour, Litres]]:
    """The whole ledger by site, hour and method."""
    query = select(ledger).order_by(ledger.c.site, ledger.c.hour_utc, ledger.c.method)
    return [(Hour(*row[:3]), Litres(*row[3:])) for row in connection.execute(query)]


def total(connection: Connection, site: str) -> int:
    """All litres booked to a site."""
    return int(connection.execute(select(func.sum(ledger.c.litres)).filter_by(site=site)).scalar() or 0)
