"""The ledger stage: litres per site, hour and method, from good measuring records (取用水台账).

d = W_i - W_{i-1} of two good readings that follow one another is booked to the hour of the
later one: a gap's litres belong to the period in which it ends (design §5). It is booked under
the method of the later one; where a segment opens, what was held is booked as converted. The
cursor moves in the transaction of the booking, so a restart at any point books nothing twice.
Records that are no intervals are counted by kind and cause on the way: event counters of platforms.
"""

from karez_gateway.ledger.booking import Booking
from karez_gateway.seam import Seam, unharmed
from karez_gateway.store import cursors, eventcounts, ledgers, verdicts
from karez_gateway.store.database import Database
from karez_gateway.store.eventcounts import Event
from karez_gateway.store.ledgers import Hour, Litres
from karez_gateway.verifier.slots import PLACES
from karez_protocols import record

STAGE = "ledger"
SLICE = 16_384  # 0.3 s of work; a smaller one writes the same pages of the ledger more often

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
                last, good = verdicts.good_after(connection, cursor, SLICE, READ)
                if last == cursor:
                    return 0
                booking.begin(connection)
                cells: dict[Hour, Litres] = {}
                counts: dict[Event, int] = {}
                for one in good:
                    kind, cause = one.record.slot[1:3]
                    if kind != record.INTERVAL:
                        event = Event(one.record.controller_id, one.record.chain, kind, cause)
                        counts[event] = counts.get(event, 0) + 1
                    if kind in MEASURING:
                        index = one.record.log_index
                        for hour, litres in booking.book(connection, one):
                            _add(cells, hour, litres, index)
                ledgers.add(connection, cells)
                eventcounts.add(connection, counts)
                ledgers.save_books(connection, booking.moved, booking.new)
                cursors.move(connection, STAGE, last)
                self._at(STAGE)
        except BaseException:
            booking.forget()  # its books may say what is rolled back
            raise
        booking.new.clear()
        return last - cursor


def _add(cells: dict[Hour, Litres], hour: Hour, litres: int, index: int) -> None:
    cell = cells.get(hour)
    if cell is None:
        cells[hour] = Litres(litres, index, index)
    else:
        cell.litres += litres
        cell.last_entry = index
