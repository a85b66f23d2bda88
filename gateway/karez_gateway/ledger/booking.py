"""How litres are booked: W of each good reading minus the W before it, shared by method. No cursor, no table.

The ledger stage runs it with the books that the store keeps. A trace runs it again from a site's first
record with no book at all, and so says of each litre from which record it is.
"""

from collections.abc import Collection, Mapping
from typing import Protocol

from sqlalchemy import Connection

from karez_gateway.store import bindings, controllers, ledgers
from karez_gateway.store.chains import Key
from karez_gateway.store.controllers import Controller
from karez_gateway.store.entries import Stored
from karez_gateway.store.ledgers import Book, Hour
from karez_gateway.store.owners import Owners
from karez_gateway.verifier import metering, slots

HOUR_S = 3600


class Shelf(Protocol):
    """Where books of chains are kept between two runs; `ledgers` is the store's."""

    def books_of_all(self, connection: Connection, controllers: Collection[int]) -> Mapping[Key, Book]:
        """Those of every chain of some controllers."""


class Empty:
    """A shelf without a book: everything is booked from the first record on."""

    def books_of_all(self, connection: Connection, controllers: Collection[int]) -> Mapping[Key, Book]:  # noqa: ARG002
        """None of them."""
        return {}


class Booking:
    """Books readings in the order of verification. One thread at a time."""

    def __init__(self, shelf: Shelf = ledgers) -> None:
        """Take the books of before."""
        self._shelf = shelf
        self._owners = Owners()
        self._books: dict[Key, Book] = {}
        self._chains: dict[int, set[int]] = {}  # those with a book, of controllers whose books are here
        self._boxes: dict[str, list[Controller]] = {}  # who stands and stood at sites with a new chain
        self.moved: dict[Key, Book] = {}  # since `begin`

    def begin(self, connection: Connection, keys: Collection[Key] = ()) -> None:
        """A slice begins: whoever was bound anew meanwhile is asked for again.

        What must be known of the chains `keys` is asked for at once; of any other when it comes.
        """
        self._owners.begin(connection, keys)
        self.moved.clear()
        self._boxes.clear()
        self._load(connection, {key[0] for key in keys})
        new = [key for key in keys if key not in self._books]
        if new:
            self._meet(connection, {self._owners.of(connection, key).site for key in new})

    def forget(self) -> None:
        """What was booked is rolled back."""
        self._books.clear()
        self._chains.clear()

    def _load(self, connection: Connection, numbers: Collection[int]) -> None:
        """Have every book of some controllers at hand."""
        missing = set(numbers) - self._chains.keys()
        if not missing:
            return
        self._chains |= {number: set() for number in missing}
        for key, book in self._shelf.books_of_all(connection, missing).items():
            self._keep(key, book)

    def _keep(self, key: Key, book: Book) -> None:
        self._books[key] = book
        self._chains[key[0]].add(key[1])

    def _meet(self, connection: Connection, sites: Collection[str]) -> None:
        """Know who stands and stood at some sites, and their books."""
        stand, stood = controllers.at_sites(connection, sites), bindings.were_at_sites(connection, sites)
        self._boxes |= {site: stand.get(site, []) + stood.get(site, []) for site in sites}
        numbers = {box.id for site in sites for box in self._boxes[site]}
        self._load(connection, numbers)
        self._owners.add(connection, {(box, chain) for box in numbers for chain in self._chains[box]})

    def _open(self, connection: Connection, key: Key, hour_utc: int) -> Book:
        """Where a chain's booking goes on: its own book, the earlier chain's end, or W at commissioning."""
        self._load(connection, [key[0]])
        book = self._books.get(key)
        if book is None:
            before_l = self._volume_before(connection, key)
            if before_l is None:
                before_l = self._taken_over(connection, key)
            book = Book(before_l, hour_utc)
            self._keep(key, book)
        return book

    def _taken_over(self, connection: Connection, key: Key) -> int:
        """W from which a new box books: where the box before it at the site was left, else its own base.

        The binding says W at the swap. What the well gave between the last record of the old box and
        that is booked by the new one; the old box's late records up to there then book nothing.
        """
        owner = self._owners.of(connection, key)
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
        self.moved[before[0]] = before[1]
        return volume_l

    def _books_at(self, connection: Connection, owner: Controller) -> list[tuple[Key, Book]]:
        """The newest book of every box that stood at the site."""
        if owner.site not in self._boxes:
            self._meet(connection, [owner.site])
        found = []
        for box in self._boxes[owner.site]:
            known = [(box.id, chain) for chain in self._chains[box.id]]
            mine = [key for key in known if self._owners.of(connection, key).site == owner.site]
            if mine:
                found.append((max(mine), self._books[max(mine)]))
        return found

    def _volume_before(self, connection: Connection, key: Key) -> int | None:
        """W at the end of the controller's earlier chain, which may have been opened in this very slice."""
        earlier = max((chain for chain in self._chains[key[0]] if chain < key[1]), default=None)
        # What came before the first chain under this binding was at another place.
        if earlier is None or earlier < bindings.first_chain(connection, key):
            return None
        return self._books[key[0], earlier].volume_l

    def book(self, connection: Connection, one: Stored) -> list[tuple[Hour, int]]:
        """Book one measuring reading: (cell, litres) for each method it has a share of."""
        slot = one.slot
        key = one.controller_id, one.chain
        book = self._books.get(key) or self._open(connection, key, one.received_utc_s // HOUR_S)
        self.moved[key] = book
        volume_l = slots.volume_l(slot)
        if volume_l is None:
            return []
        before_l = book.volume_l
        utc_s = slots.utc_s(slot)
        if utc_s is not None:  # a record without a time belongs to the last hour that its chain knows
            book.hour_utc = utc_s // HOUR_S
        if volume_l <= before_l:  # lower: a box that was replaced, and its late records
            return []
        book.volume_l = volume_l
        shares = metering.shares(slot, before_l, volume_l)
        site = self._owners.of(connection, key).site
        return [(Hour(site, book.hour_utc, method), litres) for method, litres in shares]
