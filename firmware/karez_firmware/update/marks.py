"""Which slot runs: rows in two sectors that take turns; the newest whole row counts.

The boot is frozen and never replaced, so what it needs stands here and imports nothing of ours. A row says
everything, so a cut between two rows leaves one of two states, and both can run.
"""

import binascii
import hashlib

SECTOR = 4096
NONE = 0xFF  # no slot is on trial
TRIES = 3  # starts of a slot on trial; then the other one runs again
TRIAL_MS = 600_000  # what is not kept by then starts anew

# What became of the newest update.
NOTHING, KEPT, RETURNED, TOLD = 0, 1, 2, 3

_ROW = 16
_MAGIC = b"KM"
_OBJECT = 12  # the header of a sealed manifest (store/objects.py): magic, size, sort, CRC
_SIZE_AT, _SHA_AT = 16, 52  # where a manifest says size and SHA-256 of its image
_SLICE = 512


class Row:
    """One row: the slot that is kept, the one on trial, how often it was tried, what became of it."""

    def __init__(self, kept=0, trial=NONE, tries=0, outcome=NOTHING, was_known=0, generation=0):
        self.kept, self.trial, self.tries = kept, trial, tries
        self.outcome = outcome
        self.was_known = was_known  # the books were, before the restart into the trial
        self.failed = 0  # bit n: task n failed then already (supervisor.py)
        self.generation = generation

    def to_bytes(self):
        """Return the row's 16 bytes."""
        head = _MAGIC + bytes((self.kept, self.trial, self.tries, self.outcome, self.was_known, self.failed))
        head += self.generation.to_bytes(4, "little")
        return head + binascii.crc32(head).to_bytes(4, "little")


def _parsed(data):
    """Return the Row of 16 bytes, None if they are none."""
    if data[:2] != _MAGIC or binascii.crc32(data[:12]) != int.from_bytes(data[12:16], "little"):
        return None
    row = Row(data[2], data[3], data[4], data[5], data[6], int.from_bytes(data[8:12], "little"))
    row.failed = data[7]
    return row if row.kept < 2 and row.trial in (0, 1, NONE) and row.trial != row.kept else None


class Slots:
    """Two slots for images, and behind them a sector for each one's manifest and two for rows.

    `flash`: as store.devices has it: read, program, erase, flush, size.
    """

    def __init__(self, flash):
        self.flash = flash
        self.sectors = (flash.size // SECTOR - 4) // 2  # of one slot
        self.manifests = 2 * self.sectors  # sector of slot 0's manifest
        self._marks = self.manifests + 2

    def read(self, at, size):
        """Return bytes of the flash, zeros when it does not answer."""
        try:
            return self.flash.read(at, size)
        except OSError:
            return bytes(size)

    def _look(self):
        """Return (newest Row or None, its sector or 0, first free place behind all that is written there)."""
        found, where = None, 0
        free = [0, 0]
        for turn in (0, 1):
            start = (self._marks + turn) * SECTOR
            for at in range(0, SECTOR, _ROW):
                data = self.read(start + at, _ROW)
                if data == b"\xff" * _ROW:
                    continue
                free[turn] = at + _ROW
                row = _parsed(data)
                if row and (found is None or row.generation > found.generation):
                    found, where = row, turn
        return found, where, free[where]

    def newest(self):
        """Return the newest Row, None on a box that never had an update."""
        return self._look()[0]

    def kept(self):
        """Return the slot that the next start gives back to: the first one where no row is."""
        row = self.newest()
        return row.kept if row else 0

    def append(self, row):
        """Write a row behind the newest, and read it back. Raises OSError."""
        newest, turn, at = self._look()
        row.generation = newest.generation + 1 if newest else 1
        data = row.to_bytes()
        for _ in range(2 * SECTOR // _ROW):
            if at >= SECTOR:
                turn, at = 1 - turn, 0
                self.flash.erase(self._marks + turn)
            place = (self._marks + turn) * SECTOR + at
            at += _ROW
            self.flash.program(place, data)
            self.flash.flush()
            if self.flash.read(place, _ROW) == data:  # else a place that a cut has torn: the next one
                return
        raise OSError(5)

    def manifest_size(self, slot):
        """Return how many bytes a slot's sealed manifest has, 0 when there is no whole one."""
        start = (self.manifests + slot) * SECTOR
        head = self.read(start, _OBJECT)
        size = head[4] | head[5] << 8
        if head[:4] != b"KZO1" or not _SHA_AT < size <= SECTOR - 16:
            return 0
        crc = 0
        for at in range(0, size, _SLICE):
            crc = binascii.crc32(self.read(start + _OBJECT + at, min(_SLICE, size - at)), crc)
        return size if crc == int.from_bytes(head[8:12], "little") else 0

    def manifest(self, slot):
        """Return the bytes of a slot's sealed manifest, None when there is no whole one.

        In one piece: for the boot, which has the heap for itself.
        """
        size = self.manifest_size(slot)
        return self.read((self.manifests + slot) * SECTOR + _OBJECT, size) if size else None

    def is_whole(self, slot):
        """True if a slot holds what its manifest names, False if not; None if it has no manifest."""
        data = self.manifest(slot)
        if data is None:
            return None
        size = int.from_bytes(data[_SIZE_AT : _SIZE_AT + 4], "little")
        if size > self.sectors * SECTOR:
            return False
        digest = hashlib.sha256()
        for at in range(0, size, _SLICE):
            digest.update(self.read(slot * self.sectors * SECTOR + at, min(_SLICE, size - at)))
        return digest.digest() == data[_SHA_AT : _SHA_AT + 32]

    def boot(self):
        """Return the slot that runs now, and write what must be known before it does."""
        slot, row = choose(self.newest(), self.is_whole)
        if row:
            try:
                self.append(row)
            except OSError:
                # Uncounted, a trial could go on for ever: what ran before runs, unless it is torn.
                return slot if self.is_whole(row.kept) is False else row.kept
        return slot


def choose(row, is_whole):
    """Return (the slot to run, the Row to write before it or None). `is_whole(slot)`: True, False or None."""
    if row is None:
        row = Row()  # a box that never had an update, or whose rows are lost
    if row.trial != NONE:
        if row.tries < TRIES and is_whole(row.trial):
            following = Row(row.kept, row.trial, row.tries + 1, row.outcome, row.was_known)
            following.failed = row.failed
            return row.trial, following
        if is_whole(row.kept) is False and is_whole(row.trial):
            return row.trial, Row(row.trial)  # there is nothing to give back to
        return row.kept, Row(row.kept, NONE, 0, RETURNED)
    if is_whole(row.kept) is False and is_whole(1 - row.kept):
        return 1 - row.kept, None
    return row.kept, None
