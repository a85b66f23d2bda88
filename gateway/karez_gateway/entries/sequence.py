"""The one place where entries are added: table first, then the transparency log.

`entry.log_index` is the index in the log, until a restore begins a new one; from then on
origins.Numbering leads from one to the other. A batch is committed to the table, then appended
to the log; after a crash between the two the table is ahead, and `heal` lets the log catch up
before anything else is added. The log is never ahead of an intact table: if it is, the table
was restored from a backup, and continuing would contradict what was signed.
"""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy import Connection

from karez_gateway.entries.origins import Numbering
from karez_gateway.errors import StoreError
from karez_gateway.log.tlog import Tlog
from karez_gateway.seam import Seam, unharmed
from karez_gateway.store import entries
from karez_gateway.store.chains import Key
from karez_gateway.store.database import Database
from karez_gateway.store.entries import NewEntry
from karez_protocols.entry import RECORD

HEAL_ENTRIES_MAX = 4096  # one append at a time stays below 10 MB of bodies


class Batch:
    """Entries of one transaction; `connection` is for what has to be true together with them."""

    def __init__(self, connection: Connection, next_index: int) -> None:
        """Number entries from `next_index`."""
        self.connection = connection
        self._first = next_index
        self._rows: list[NewEntry] = []
        self._written = 0

    @property
    def next_index(self) -> int:
        """Index of the next entry."""
        return self._first + len(self._rows)

    @property
    def bodies(self) -> list[bytes]:
        """All entries so far, as the log takes them."""
        return [row.body for row in self._rows]

    def add(
        self,
        kind: int,
        body: bytes,
        received_utc_s: int,
        key: tuple[int, int, int] | tuple[None, None, None] = (None, None, None),
        digest: bytes | None = None,
    ) -> int:
        """Add one entry and return its index. `key` = (controller id, chain, seq) of a record."""
        index = self.next_index
        digest = digest or hashlib.sha256(body).digest()
        controller_id, chain, seq = key
        self._rows.append(NewEntry(index, kind, controller_id, chain, seq, digest, received_utc_s, body))
        return index

    def add_records(self, key: Key, records: Sequence[tuple[int, int, bytes, bytes]]) -> None:
        """Add entries of records of one chain: (seq, received, digest of the slot, body)."""
        first = self.next_index
        controller_id, chain = key
        self._rows += [
            NewEntry(index, RECORD, controller_id, chain, seq, digest, received_utc_s, body)
            for index, (seq, received_utc_s, digest, body) in enumerate(records, first)
        ]

    def write(self) -> None:
        """Insert what was added, so that other rows may refer to it."""
        fresh = self._rows[self._written :]
        if fresh:
            entries.add(self.connection, fresh)
            self._written = len(self._rows)


class Sequencer:
    """Adds entries to table and log. One thread at a time; `heal` first."""

    def __init__(
        self, database: Database, log: Tlog, at: Seam = unharmed, numbering: Numbering | None = None
    ) -> None:
        """Take an open database and the open log of the same data directory."""
        self.database = database
        self.log = log
        self.numbering = numbering or Numbering()
        self._at = at
        self._next_index = 0
        self._is_sound = False

    def heal(self) -> int:
        """Let the log catch up with the table; return how many entries it lacked. Raises StoreError."""
        with self.database.reading() as connection:
            self._next_index = entries.next_index(connection)
            self._check_agreement(connection)
            lacking = self._next_index - self._logged
            while self._logged < self._next_index:
                self.log.append(entries.bodies(connection, self._logged, HEAL_ENTRIES_MAX))
        self._is_sound = True
        return lacking

    @property
    def _logged(self) -> int:
        """Number of the first entry that the log lacks."""
        return self.numbering.number_of(self.log.size)

    def _check_agreement(self, connection: Connection) -> None:
        last = self._logged - 1
        if last >= self._next_index:
            raise StoreError(
                f"the log holds entries up to {last}, the table only {self._next_index}: the table was "
                f"restored from an older backup. Run: karez gateway new-origin"
            )
        if last < self.numbering.first:
            return
        if entries.body(connection, last) != self.log.entry(self.numbering.index_of(last)):
            raise StoreError(
                f"entry {last} differs between table and log: they do not belong together. "
                f"Restore both from one backup and run: karez gateway new-origin"
            )

    @contextmanager
    def batch(self) -> Iterator[Batch]:
        """One transaction with its entries; when the block has ended, table and log hold them durably."""
        if not self._is_sound:
            raise StoreError("table and log have not been brought together: start the service again")
        with self.database.writing() as connection:
            batch = Batch(connection, self._next_index)
            yield batch
            batch.write()
            self._at("inserted")
        self._is_sound = False  # until the log has them too
        self._at("committed")
        bodies = batch.bodies
        if bodies:
            self.log.append(bodies)
            self._next_index += len(bodies)
        self._is_sound = True
        self._at("appended")
