"""How litres are booked: W of each good reading minus the W before it, shared by method. No cursor, no table.

The ledger stage runs it with the books that the store keeps. A trace runs it again from a site's first
record with no book at all, and so says of each litre from which record it is.
"""

from collections.abc import Mapping
from typing import Protocol

from sqlalchemy import Connection

from karez_gateway.store import bindings, controllers, ledgers
from karez_gateway.store.chains import Key
from karez_gateway.store.controllers import Controller
from karez_gateway.store.ledgers import Book, Hour
from karez_gateway.store.verdicts import Good
from karez_gateway.verifier import metering, slots

HOUR_S = 3600


class Shelf(Protocol):
    """Where books of chains are kept between two runs; `ledgers` is the store's."""

    def book_of(self, connection: Connection, key: Key) -> Book | None:
        """The book of a chain."""

    def books_of(self, connection: Connection, controller_id: int) -> Mapping[Key, Book]:
        """Those of every chain of a controller."""

    def last_volume_before(self, connection: Connection, key: Key, first_chain: int) -> int | None:
        """W at which the controller's earlier chain was left."""


class Empty:
    """A shelf without a book: everything is booked from the first record on."""

    def book_of(self, connection: Connection, key: Key) -> Book | None:
        """None."""

    def books_of(self, connection: Connection, controller_id: int) -> Mapping[Key, Book]:  # noqa: ARG002
        """None of them."""
        return {}

    def last_volume_before(self, connection: Connection, key: Key, first_chain: int) -> int | None:
        """None."""


class Booking:
    """Books readings in the order of verification. One thread at a time."""

    def __init__(self, shelf: Shelf = ledgers) -> None:
        """Take the books of before."""
        self._shelf = shelf
        self._owners: dict[Key, Controller] = {}
        self._bindings = 0  # how many had been replaced when the owners were asked for
        self._books: dict[Key, Book] = {}
        self.moved: dict[Key, Book] = {}  # since `begin`
        self.new: set[Key] = set()  # chains whose book has no row yet

    def begin(self, connection: Connection) -> None:
        """A slice begins: whoever was bound anew meanwhile is asked for again."""
        if self._bindings != (count := bindings.count(connection)):
            self._bindings = count
            self._owners.clear()
        self.moved.clear()

    def forget(self) -> None:
        """What was booked is rolled back."""
        self._books.clear()
        self.new.clear()

    def _owner(self, connection: Connection, key: Key) -> Controller:
        if key not in self._owners:
            self._owners[key] = bindings.of_chain(connection, key)
        return self._owners[key]

    def _open(self, connection: Connection, key: Key, hour_utc: int) -> Book:
        """Where a chain's booking goes on: its own book, the earlier chain's end, or W at commissioning."""
        book = self._books.get(key) or self._shelf.book_of(connection, key)
        if book is None:
            before_l = self._volume_before(connection, key)
            if before_l is None:
                before_l = self._taken_over(connection, key)
            book = Book(before_l, hour_utc)
            self.new.add(key)
        self._books[key] = book
        return book

    def _taken_over(self, connection: Connection, key: Key) -> int:
        """W from which a new box books: where the box before it at the site was left, else its own base.

        The binding says W at the swap. What the well gave between the last record of the old box and
        that is booked by the new one; the old box's late records up to there then book nothing.
        """
        owner = self._owner(connection, key)
        base_l = owner.base_volume_l
        before: tuple[Key, Book] | None = None
        for other, book in self._books_at(connection, owner):
            is_nearer = before is None or book.volume_l > before[1].volume_l
            if other[0] != key[0] and book.volume_l <= base_l and is_nearer:
                before = other, book
        if before is None:
            return base_l
        volume_l = before[1].volume_l
        before[1].volume_l = base_l
        self.moved[before[0]] = self._books[before[0]] = before[1]
        return volume_l

    def _books_at(self, connection: Connection, owner: Controller) -> list[tuple[Key, Book]]:
        """The newest book of every box that stood at the site."""
        found = []
        for one in controllers.at_site(connection, owner.site) + bindings.were_at(connection, owner.site):
            known = dict(self._shelf.books_of(connection, one.id))
            known |= {key: book for key, book in self._books.items() if key[0] == one.id}
            mine = [key for key in known if self._owner(connection, key).site == owner.site]
            if mine:
                found.append((max(mine), known[max(mine)]))
        return found

    def _volume_before(self, connection: Connection, key: Key) -> int | None:
        """W at the end of the controller's earlier chain, which may have been opened in this very slice."""
        controller_id, chain = key
        first = bindings.first_chain(connection, key)  # what came before that was at another place
        for earlier in range(chain - 1, first - 1, -1):
            known = self._books.get((controller_id, earlier))
            if known is not None:
                return known.volume_l
        return self._shelf.last_volume_before(connection, key, first)

    def book(self, connection: Connection, one: Good) -> list[tuple[Hour, int]]:
        """Book one measuring reading: (cell, litres) for each method it has a share of."""
        slot = one.record.slot
        key = one.record.controller_id, one.record.chain
        volume_l = slots.volume_l(slot)
        book = self._books.get(key) or self._open(connection, key, one.record.received_utc_s // HOUR_S)
        self.moved[key] = book
        if volume_l is None:
            return []
        head = slots.head(slot)
        shares = metering.shares(slot, book.volume_l, volume_l)
        book.volume_l = max(book.volume_l, volume_l)  # lower: a box that was replaced, and its late records
        if slots.has_time(head):  # a record without a time belongs to the last hour that its chain knows
            book.hour_utc = head.utc_s // HOUR_S
        if not shares:
            return []
        site = self._owner(connection, key).site
        return [(Hour(site, book.hour_utc, method), litres) for method, litres in shares]
