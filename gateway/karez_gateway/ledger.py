"""The ledger stage: litres per site, hour and method, from good measuring records (取用水台账).

d = W_i - W_{i-1} of two good readings that follow one another is booked to the hour of the
later one: a gap's litres belong to the period in which it ends (design §5). It is booked under
the method of the later one; where a segment opens, what was held is booked as converted. The
cursor moves in the transaction of the booking, so a restart at any point books nothing twice.
"""

from sqlalchemy import Connection

from karez_gateway.seam import Seam, unharmed
from karez_gateway.store import controllers, cursors, ledgers, verdicts
from karez_gateway.store.chains import Key
from karez_gateway.store.controllers import Controller
from karez_gateway.store.database import Database
from karez_gateway.store.ledgers import Book, Hour, Litres
from karez_gateway.store.verdicts import Good
from karez_gateway.verifier import metering, slots
from karez_gateway.verifier.slots import PLACES
from karez_protocols import record

STAGE = "ledger"
SLICE = 4096
HOUR_S = 3600

MEASURING = tuple(kind for kind in PLACES if record.is_measuring(kind))


class Ledger:
    """Run `step` until it returns 0. One thread at a time."""

    def __init__(self, database: Database, at: Seam = unharmed) -> None:
        """Take the open database."""
        self._database = database
        self._at = at
        self._owners: dict[int, Controller] = {}
        self._books: dict[Key, Book] = {}
        self._new: set[Key] = set()  # chains whose book has no row yet

    def step(self) -> int:
        """Book the next slice of verdicts; return how many that was."""
        try:
            with self._database.writing() as connection:
                cursor = cursors.position(connection, STAGE)
                last, good = verdicts.good_after(connection, cursor, SLICE, MEASURING)
                if last == cursor:
                    return 0
                cells: dict[Hour, Litres] = {}
                moved: dict[Key, Book] = {}
                for one in good:
                    key = (one.record.controller_id, one.record.chain)
                    moved[key] = self._book(connection, key, one, cells)
                ledgers.add(connection, cells)
                ledgers.save_books(connection, moved, self._new)
                cursors.move(connection, STAGE, last)
                self._at(STAGE)
        except BaseException:
            self._books.clear()  # they may say what is rolled back
            self._new.clear()
            raise
        self._new.clear()
        return last - cursor

    def _owner(self, connection: Connection, controller_id: int) -> Controller:
        if controller_id not in self._owners:
            self._owners[controller_id] = controllers.by_id(connection, controller_id)
        return self._owners[controller_id]

    def _open(self, connection: Connection, key: Key, hour_utc: int) -> Book:
        """Where a chain's booking goes on: its own book, the earlier chain's end, or W at commissioning."""
        book = self._books.get(key) or ledgers.book_of(connection, key)
        if book is None:
            before_l = self._volume_before(connection, key)
            if before_l is None:
                before_l = self._owner(connection, key[0]).base_volume_l
            book = Book(before_l, hour_utc)
            self._new.add(key)
        self._books[key] = book
        return book

    def _volume_before(self, connection: Connection, key: Key) -> int | None:
        """W at the end of the controller's earlier chain, which may have been opened in this very slice."""
        controller_id, chain = key
        for earlier in range(chain - 1, 0, -1):
            known = self._books.get((controller_id, earlier))
            if known is not None:
                return known.volume_l
        return ledgers.last_volume_before(connection, key)

    def _book(self, connection: Connection, key: Key, one: Good, cells: dict[Hour, Litres]) -> Book:
        """Book one reading; return where its chain's book then stands."""
        slot = one.record.slot
        volume_l = slots.volume_l(slot)
        book = self._books.get(key) or self._open(connection, key, one.record.received_utc_s // HOUR_S)
        if volume_l is None:
            return book
        head = slots.head(slot)
        shares = metering.shares(slot, book.volume_l, volume_l)
        book.volume_l = volume_l
        if slots.has_time(head):  # a record without a time belongs to the last hour that its chain knows
            book.hour_utc = head.utc_s // HOUR_S
        index = one.record.log_index
        for method, litres in shares:
            hour = Hour(self._owner(connection, key[0]).site, book.hour_utc, method)
            cell = cells.get(hour)
            if cell is None:
                cells[hour] = Litres(litres, index, index)
            else:
                cell.litres += litres
                cell.last_entry = index
        return book
