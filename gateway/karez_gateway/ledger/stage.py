"""The ledger stage: litres per site, hour and method, from good measuring records (取用水台账).

d = W_i - W_{i-1} of two good readings that follow one another is booked to the hour of the
later one: a gap's litres belong to the period in which it ends (design §5). It is booked under
the method of the later one; where a segment opens, what was held is booked as converted. The
cursor moves in the transaction of the booking, so a restart at any point books nothing twice.
Records that are no intervals are counted by kind and cause on the way: event counters of platforms.
"""

from dataclasses import dataclass

from sqlalchemy import Connection

from karez_gateway.ledger.booking import HOUR_S, Booking
from karez_gateway.seam import Seam, unharmed
from karez_gateway.store import cursors, eventcounts, ledgers, verdicts
from karez_gateway.store.chains import Key
from karez_gateway.store.database import Database
from karez_gateway.store.entries import SLOT, Stored
from karez_gateway.store.eventcounts import Event
from karez_gateway.store.ledgers import Book, Hour, Litres
from karez_gateway.store.verdicts import GoodRow
from karez_gateway.verifier import slots
from karez_gateway.verifier.slots import PLACES
from karez_protocols import record

STAGE = "ledger"
SLICE = 16_384  # 0.1 s of work; a smaller one writes the same pages of the ledger more often

MEASURING = tuple(kind for kind in PLACES if record.is_measuring(kind))
READ = tuple({*MEASURING, *eventcounts.COUNTED})


class Ledger:
    """Run `step` until it returns 0. One thread at a time."""

    def __init__(self, database: Database, at: Seam = unharmed) -> None:
        """Take the open database."""
        self._database = database
        self._at = at
        self._booking = Booking()

    def step(self) -> int:
        """Book the next slice of verdicts; return how many that was."""
        booking = self._booking
        try:
            with self._database.writing() as connection:
                cursor = cursors.position(connection, STAGE)
                last, good = verdicts.good_rows_after(connection, cursor, SLICE, READ)
                if last == cursor:
                    return 0
                booking.begin(connection, {(row[2], row[3]) for row in good})
                into = _Slice(connection, booking)
                for row in good:
                    into.take(row)
                ledgers.add(connection, into.cells)
                eventcounts.add(connection, into.counts)
                ledgers.save_books(connection, booking.moved)
                cursors.move(connection, STAGE, last)
                self._at(STAGE)
        except BaseException:
            booking.forget()  # its books may say what is rolled back
            raise
        return last - cursor


@dataclass(slots=True)
class _Run:
    """Where a chain's intervals book to as long as their hour and their method stay."""

    hour_utc: int
    method: int  # as it stands in the slot
    book: Book
    cell: Litres | None  # none yet: nothing was drawn in this hour


class _Slice:
    """The cells and counts of one slice."""

    def __init__(self, connection: Connection, booking: Booking) -> None:
        self._connection = connection
        self._booking = booking
        self._runs: dict[Key, _Run] = {}
        self.cells: dict[Hour, Litres] = {}
        self.counts: dict[Event, int] = {}

    def take(self, row: GoodRow) -> None:
        """Book one record. Most are intervals of an hour that is begun: they only raise W and its cell."""
        _, index, controller_id, chain, _, _, body = row
        kind, utc_s, method, volume_l = slots.reading(body, SLOT.start)
        key = controller_id, chain
        run = self._runs.get(key)
        if (
            run is None
            or kind != record.INTERVAL
            or run.method != method
            or run.hour_utc != utc_s // HOUR_S
            or volume_l == slots.UNKNOWN_VOLUME
        ):
            self._book(key, kind, method, Stored._make(row[1:]))
        elif volume_l > run.book.volume_l:
            if run.cell is None:
                self._book(key, kind, method, Stored._make(row[1:]))
                return
            run.cell.litres += volume_l - run.book.volume_l
            run.cell.last_entry = index
            run.book.volume_l = volume_l

    def _book(self, key: Key, kind: int, method: int, one: Stored) -> None:
        """Book a record by the rules, and see whether a run begins with it."""
        self._runs.pop(key, None)
        if kind != record.INTERVAL:
            event = Event(*key, kind, one.slot[2])
            self.counts[event] = self.counts.get(event, 0) + 1
        if kind not in MEASURING:
            return
        cell = None
        for hour, litres in self._booking.book(self._connection, one):
            cell = self._add(hour, litres, one.log_index)
        if kind == record.INTERVAL:  # which has one share and no more
            book = self._booking.moved[key]
            self._runs[key] = _Run(book.hour_utc, method, book, cell)

    def _add(self, hour: Hour, litres: int, index: int) -> Litres:
        cell = self.cells.get(hour)
        if cell is None:
            cell = self.cells[hour] = Litres(litres, index, index)
        else:
            cell.litres += litres
            cell.last_entry = index
        return cell
