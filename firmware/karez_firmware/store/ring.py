"""The ring of records in raw NOR: 4 kB sectors of one header and 31 slots (design §8).

A sector's header holds chain, first seq and h before it, so that a lost head is rebuilt
from the ring. The position of the next slot comes from the head, never from seq: a slot
that does not read back is burnt and the next one is used.
"""

import binascii

from karez_protocols import chain, fields, record
from karez_protocols.constant import const
from karez_protocols.errors import ProtocolError

from .devices import SECTOR, StoreFailed

SLOTS = 31
_DEAD_MAX = const(3)  # three dead sectors in a row: the memory is failing, not a cell
_BURNT_MAX = const(3)  # slots in a row that take nothing: a dead sector, and no 0.2 s spent on all of it
_MAGIC = const(0x31535A4B)

_HEADER = """
magic u4
chain u4
first_seq u4
h_before b32
generation u4
"""
_ERASED = b"\xff" * record.SLOT_SIZE


class Ring:
    """Slots in sectors `first` .. `first + sectors - 1` of a NOR device."""

    def __init__(self, nor, first, sectors):
        self._nor = nor
        self._first = first
        self.sectors = sectors
        self.before_open = None  # called with a sector before its records go
        self._found = 0  # sector in which the last record was found: reads are mostly in order

    def _at(self, sector, index):
        return (self._first + sector) * SECTOR + index * record.SLOT_SIZE

    def header(self, sector):
        """Return a sector's header as a dict, or None when it has no valid one."""
        size = fields.size_of(_HEADER)
        data = self._nor.read(self._at(sector, 0), size + 4)
        if int.from_bytes(data[:4], "little") != _MAGIC:
            return None
        values = fields.unpack(_HEADER, data)
        if values["magic"] != _MAGIC or binascii.crc32(data[:size]) != int.from_bytes(data[size:], "little"):
            return None
        return values

    def slot(self, sector, index):
        """Return the slot at a place (index 1..31), or None when it is erased."""
        data = self._nor.read(self._at(sector, index), record.SLOT_SIZE)
        return None if data == _ERASED else data

    def is_erased(self, sector):
        """True when a sector is ready to be written."""
        # Slot by slot: the whole sector at once would need 8 kB of heap.
        return all(self.slot(sector, index) is None for index in range(SLOTS + 1))

    def erase(self, sector):
        """Erase a sector ahead of its use."""
        self._nor.erase(self._first + sector)
        self._nor.flush()

    def _open(self, sector, chain_number, seq, h_before, generation):
        if self.before_open:
            self.before_open(sector)
        if not self.is_erased(sector):
            self.erase(sector)
        values = {
            "magic": _MAGIC,
            "chain": chain_number,
            "first_seq": seq,
            "h_before": h_before,
            "generation": generation,
        }
        data = fields.pack(_HEADER, values)
        data += binascii.crc32(data).to_bytes(4, "little")
        self._nor.program(self._at(sector, 0), data)
        self._nor.flush()
        return self._nor.read(self._at(sector, 0), len(data)) == data

    def _burn(self, at):
        # Version and seq become 0: no reader takes the torn slot for the record it was meant to be.
        self._nor.program(at, bytes(8))

    def append(self, place, chain_number, seq, h_before, slot):
        """Write a slot at `place` = (sector, index); return the place after it.

        index 0 opens the sector. Raises StoreFailed after three sectors that take nothing.
        """
        sector, index = place
        dead = 0
        while dead < _DEAD_MAX:
            if index == 0:
                if not self._open(sector, chain_number, seq, h_before, dead):
                    dead += 1
                    sector = (sector + 1) % self.sectors
                    continue
                index = 1
            burnt = 0
            while index <= SLOTS and burnt < _BURNT_MAX:
                at = self._at(sector, index)
                index += 1
                self._nor.program(at, slot)
                self._nor.flush()
                if self._nor.read(at, len(slot)) != slot:
                    self._burn(at)
                    burnt += 1
                else:
                    return (sector, index) if index <= SLOTS else ((sector + 1) % self.sectors, 0)
            dead += 1
            sector, index = (sector + 1) % self.sectors, 0
        raise StoreFailed("three sectors in a row do not take a record")

    def _in_sector(self, sector, seq, first_seq):
        # Burnt slots only push records further on.
        for index in range(seq - first_seq + 1, SLOTS + 1):
            slot = self.slot(sector, index)
            if slot is None:
                return None
            if int.from_bytes(slot[4:8], "little") == seq and slot[0] == record.VERSION:
                return slot
        return None

    def find(self, chain_number, seq):
        """Return the slot of a seq of this chain, or None when the ring no longer holds it."""
        for step in range(self.sectors):
            sector = (self._found + step) % self.sectors
            # Before its CRC and its fields: most sectors are not the one.
            first_seq = self._first_seq(sector, chain_number)
            # A sector of 31 slots holds its first seq and at most 30 more.
            if first_seq and first_seq <= seq < first_seq + SLOTS and self.header(sector):
                slot = self._in_sector(sector, seq, first_seq)
                if slot is not None:
                    self._found = sector
                    return slot
        return None

    def _first_seq(self, sector, chain_number):
        """First seq of a sector of this chain, 0 if it is of none; a glance, its CRC is not checked."""
        data = self._nor.read(self._at(sector, 0), 12)
        if data[:8] != _MAGIC.to_bytes(4, "little") + chain_number.to_bytes(4, "little"):
            return 0
        return int.from_bytes(data[8:], "little")

    def oldest(self, chain_number):
        """Return the lowest first seq of any sector of this chain, None without one."""
        lowest = None
        for sector in range(self.sectors):
            first_seq = self._first_seq(sector, chain_number)
            if first_seq and (lowest is None or first_seq < lowest):
                lowest = first_seq
        return lowest

    def newest(self):
        """Return (chain, seq, h, place) at the end of the ring, walked from its headers; None if empty.

        Used when FRAM is lost: the youngest sector is the one with the highest chain and seq.
        """
        best = None
        for sector in range(self.sectors):
            head = self.header(sector)
            if head is None:
                continue
            # The generation tells a dead sector from the one that was taken in its place.
            age = (head["chain"], head["first_seq"], head["generation"])
            if best is None or age > best[:3]:
                best = age + (sector, head["h_before"])
        if best is None:
            return None
        number, first_seq, _, sector, h = best
        seq, h, place = self.walk(first_seq - 1, h, (sector, 1))
        return number, seq, h, place

    def walk(self, seq, h, place, burn=False):
        """Follow the chain from a place as far as slots fit; return (seq, h, place after them).

        `burn` makes slots that do not fit unreadable: only right beyond the head, where
        nothing but a torn write can stand.
        """
        sector, index = place
        while 0 < index <= SLOTS:
            slot = self.slot(sector, index)
            if slot is None:
                break
            index += 1
            try:
                values = record.header(slot)
                after = chain.check(h, slot)
            except ProtocolError:
                if burn:
                    self._burn(self._at(sector, index - 1))
                continue  # a torn slot; the next one may carry on
            if values["seq"] != seq + 1:
                continue
            seq, h = seq + 1, after
        return seq, h, (sector, index) if index <= SLOTS else ((sector + 1) % self.sectors, 0)
