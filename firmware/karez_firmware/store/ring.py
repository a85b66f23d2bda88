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
        self._found = 0  # sector in which the last record was found: reads are mostly in order

    def _at(self, sector, index):
        return (self._first + sector) * SECTOR + index * record.SLOT_SIZE

    def header(self, sector):
        """Return a sector's header as a dict, or None when it has no valid one."""
        size = fields.size_of(_HEADER)
        data = self._nor.read(self._at(sector, 0), size + 4)
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
            while index <= SLOTS:
                at = self._at(sector, index)
                index += 1
                self._nor.program(at, slot)
                self._nor.flush()
                if self._nor.read(at, len(slot)) != slot:
                    self._burn(at)
                else:
                    return (sector, index) if index <= SLOTS else ((sector + 1) % self.sectors, 0)
            dead += 1
            sector, index = (sector + 1) % self.sectors, 0
        raise StoreFailed("three sectors in a row do not take a record")

    def _in_sector(self, sector, seq):
        for index in range(1, SLOTS + 1):
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
            head = self.header(sector)
            if not head or head["chain"] != chain_number:
                continue
            # A sector of 31 slots holds its first seq and at most 30 more.
            if head["first_seq"] <= seq <= head["first_seq"] + SLOTS - 1:
                slot = self._in_sector(sector, seq)
                if slot is not None:
                    self._found = sector
                    return slot
        return None

    def newest(self):
        """Return (chain, seq, h, place) at the end of the ring, walked from its headers; None if empty.

        Used when FRAM is lost: the youngest sector is the one with the highest chain and seq.
        """
        best = None
        for sector in range(self.sectors):
            head = self.header(sector)
            if head and (best is None or (head["chain"], head["first_seq"]) > best[:2]):
                best = (head["chain"], head["first_seq"], sector, head["h_before"])
        if best is None:
            return None
        number, first_seq, sector, h = best
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
