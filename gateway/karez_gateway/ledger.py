"""The ledger stage: litres per site, hour and method, from good measuring records (取用水台账).

d = W_i - W_{i-1} of two good readings that follow one another is booked to the hour of the
later one: a gap's litres belong to the period in which it ends (design §5). It is booked under
the method of the later one; where a segment opens, what was held is booked as converted. The
cursor moves in the transaction of the booking, so a restart at any point books nothing twice.
Records that are no intervals are counted by kind and cause on the way: event counters of platforms.
"""

from sqlalchemy import Connection

from karez_gateway.seam import Seam, unharmed
from karez_gateway.store import bindings, controllers, cursors, eventcounts, ledgers, verdicts
from karez_gateway.store.chains import Key
from karez_gateway.store.controllers import Controller
from karez_gateway.store.database import Database
from karez_gateway.store.eventcounts import Event
from karez_gateway.store.ledgers import Book, Hour, Litres
from karez_gateway.store.verdicts import Good
from karez_gateway.verifier import metering, slots
from karez_gateway.verifier.slots import PLACES
from karez_protocols import record

STAGE = "ledger"
SLICE = 4096
HOUR_S = 3600

MEASURING = tuple(kind for kind in PLACES if record.is_measuring(kind))
READ = tuple({*MEASURING, *eventcounts.COUNTED})


class Ledger:
    """Run `step` until it returns 0. One thread at a time."""

    def __init__(self, database: Database, at: Seam = unharmed) -> None:
        """Take the open database."""
        self._database = database
        self._at = at
        self._owners: dict[Key, Controller] = {}
        self._bindings = 0  # how many had been replaced when the owners were asked for
        self._books: dict[Key, Book] = {}
        self._moved: dict[Key, Book] = {}  # in this slice
        self._new: set[Key] = set()  # chains whose book has no row yet

    def step(self) -> int:
        """Book the next slice of verdicts; return how many that was."""
        try:
            with self._database.writing() as connection:
                cursor = cursors.position(connection, STAGE)
                last, good = verdicts.good_after(connection, cursor, SLICE, READ)
                if last == cursor:
                    return 0
                if self._bindings != (count := bindings.count(connection)):
                    self._bindings = count
                    self._owners.clear()
                cells: dict[Hour, Litres] = {}
                counts: dict[Event, int] = {}
                self._moved.clear()
                for one in good:
                    kind, cause = one.record.slot[1:3]
                    key = (one.record.controller_id, one.record.chain)
                    if kind != record.INTERVAL:
                        event = Event(*key, kind, cause)
                        counts[event] = counts.get(event, 0) + 1
                    if kind in MEASURING:
                        self._moved[key] = self._book(connection, key, one, cells)
                ledgers.add(connection, cells)
                eventcounts.add(connection, counts)
                ledgers.save_books(connection, self._moved, self._new)
                cursors.move(connection, STAGE, last)
                self._at(STAGE)
        except BaseException:
            self._books.clear()  # they may say what is rolled back
            self._new.clear()
            raise
        self._new.clear()
        return last - cursor

    def _owner(self, connection: Connection, key: Key) -> Controller:
        if key not in self._owners:
            self._owners[key] = bindings.of_chain(connection, key)
        return self._owners[key]

    def _open(self, connection: Connection, key: Key, hour_utc: int) -> Book:
        """Where a chain's booking goes on: its own book, the earlier chain's end, or W at commissioning."""
        book = self._books.get(key) or ledgers.book_of(connection, key)
        if book is None:
            before_l = self._volume_before(connection, key)
            if before_l is None:
                before_l = self._taken_over(connection, key)
            book = Book(before_l, hour_utc)
            self._new.add(key)
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
        self._moved[before[0]] = self._books[before[0]] = before[1]
        return volume_l

    def _books_at(self, connection: Connection, owner: Controller) -> list[tuple[Key, Book]]:
        """The newest book of every box that stood at the site."""
        found = []
        for one in controllers.at_site(connection, owner.site) + bindings.were_at(connection, owner.site):
            known = ledgers.books_of(connection, one.id)
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
        return ledgers.last_volume_before(connection, key, first)

    def _book(self, connection: Connection, key: Key, one: Good, cells: dict[Hour, Litres]) -> Book:
        """Book one reading; return where its chain's book then stands."""
        slot = one.record.slot
        volume_l = slots.volume_l(slot)
        book = self._books.get(key) or self._open(connection, key, one.record.received_utc_s // HOUR_S)
        if volume_l is None:
            return book
        head = slots.head(slot)
        shares = metering.shares(slot, book.volume_l, volume_l)
        book.volume_l = max(book.volume_l, volume_l)  # lower: a box that was replaced, and its late records
        if slots.has_time(head):  # a record without a time belongs to the last hour that its chain knows
            book.hour_utc = head.utc_s // HOUR_S
        index = one.record.log_index
        for method, litres in shares:
            hour = Hour(self._owner(connection, key).site, book.hour_utc, method)
            cell = cells.get(hour)
            if cell is None:
                cells[hour] = Litres(litres, index, index)
            else:
                cell.litres += litres
                cell.last_entry = index
        return book
