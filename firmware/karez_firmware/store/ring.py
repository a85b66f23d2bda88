"""The ring of records in raw NOR: 4 kB sectors of one header and 31 slots (design §8).

A sector's header holds chain, first seq and h before it, so that a lost head is rebuilt
from the ring. The position of the next slot comes from the head, never from seq: a slot
that does not read back is burnt and the next one is used. Following the chain from a place
to its end is ring_walk's.
"""

import binascii

from karez_protocols import fields, record
from karez_protocols.constant import const

from .devices import SECTOR, StoreFailed, is_put, look

SLOTS = 31
DEAD_MAX = const(3)  # three dead sectors in a row: the memory is failing, not a cell
BURNT_MAX = const(3)  # slots in a row that take nothing: a dead sector, and no 0.2 s spent on all of it
_MAGIC = const(0x31535A4B)

_HEADER = """
magic u4
chain u4
first_seq u4
h_before b32
generation u4
"""
_ERASED = b"\xff" * record.SLOT_SIZE


def _with_crc(values):
    data = fields.pack(_HEADER, values)
    return data + binascii.crc32(data).to_bytes(4, "little")


class Ring:
    """Slots in sectors `first` .. `first + sectors - 1` of a NOR device."""

    def __init__(self, nor, first, sectors):
        self._nor = nor
        self._first = first
        self.sectors = sectors
        self.before_open = None  # called with a sector before its records go
        self.dead = 0  # sectors given up since the start
        self.last_dead = None  # the last of them
        self._ready = None  # a sector that this run has erased; what an earlier one did may be half done
        self._found = 0  # sector in which the last record was found: reads are mostly in order

    def _at(self, sector, index):
        return (self._first + sector) * SECTOR + index * record.SLOT_SIZE

    def following(self, sector, steps=1):
        """Return the sector so many steps further round."""
        return (sector + steps) % self.sectors

    def header(self, sector):
        """Return a sector's header as a dict, or None when it has no valid one."""
        size = fields.size_of(_HEADER)
        data = look(self._nor, self._at(sector, 0), size + 4)
        if int.from_bytes(data[:4], "little") != _MAGIC:
            return None
        if binascii.crc32(data[:size]) != int.from_bytes(data[size:], "little"):
            return None
        return fields.unpack(_HEADER, data)

    def slot(self, sector, index):
        """Return the slot at a place (index 1..31), or None when it is erased."""
        data = look(self._nor, self._at(sector, index), record.SLOT_SIZE)
        return None if data == _ERASED else data

    # -- erasing ------------------------------------------------------------------------

    def ahead(self, place):
        """Return the sector to erase ahead of a place, None when it is ready."""
        sector, index = place
        sector = self.following(sector) if index else sector
        return None if sector == self._ready else sector

    def erase(self, sector):
        """Erase a sector of old records; True if the memory raised no error."""
        at = self._at(sector, 0)
        self._ready = None
        try:
            # Its header goes first: half erased, it would else pass for a whole one.
            if look(self._nor, at, 4) == _MAGIC.to_bytes(4, "little"):
                self._nor.program(at, bytes(8))
                self._nor.flush()
            self._nor.erase(self._first + sector)
            self._nor.flush()
        except OSError:
            return False
        finally:
            # Tried: with a bad sector append() finds out, and nobody tries for ever.
            self._ready = sector
        return True

    # -- writing ------------------------------------------------------------------------

    def _open(self, sector, chain_number, seq, h_before, generation):
        # Erased by this run, or erased now: one that merely reads as ones may have been cut
        # in the middle of it, and its bits may turn back.
        if self._ready != sector:
            if self.before_open:
                self.before_open(sector)
            if not self.erase(sector):
                return False
        self._ready = None
        values = {
            "magic": _MAGIC,
            "chain": chain_number,
            "first_seq": seq,
            "h_before": h_before,
            "generation": generation,
        }
        return self.confirm_header(sector, values)

    def burn(self, sector, index):
        """Make a slot unreadable: version and seq become 0."""
        # Else a reader could take the torn slot for the record it was meant to be.
        is_put(self._nor, self._at(sector, index), bytes(8))

    def append(self, place, chain_number, seq, h_before, slot):
        """Write a slot at `place` = (sector, index); return the place after it.

        index 0 opens the sector. Raises StoreFailed after three sectors that take nothing.
        """
        sector, index = place
        for dead in range(DEAD_MAX):
            if index or self._open(sector, chain_number, seq, h_before, dead):
                index = index or 1
                for at in range(index, min(index + BURNT_MAX, SLOTS + 1)):
                    if is_put(self._nor, self._at(sector, at), slot):
                        return (sector, at + 1) if at < SLOTS else (self.following(sector), 0)
                    self.burn(sector, at)
            if index + BURNT_MAX <= SLOTS + 1:  # else it was full, not dead
                self.dead += 1
                self.last_dead = sector
            sector, index = self.following(sector), 0
        raise StoreFailed("three sectors in a row do not take a record")

    def confirm(self, sector, index, slot):
        """Program once more what was read: a cut may have left its bits on the edge."""
        return is_put(self._nor, self._at(sector, index), slot)

    def confirm_header(self, sector, values):
        """The same with a header as header() returned it."""
        return is_put(self._nor, self._at(sector, 0), _with_crc(values))

    # -- finding ------------------------------------------------------------------------

    def _in_sector(self, sector, seq, first_seq):
        # Burnt slots only push records further on; one whose cells hold nothing reads as erased.
        erased = 0
        for index in range(seq - first_seq + 1, SLOTS + 1):
            slot = self.slot(sector, index)
            if slot is None:
                erased += 1
                if erased == BURNT_MAX:
                    return None
                continue
            erased = 0
            if int.from_bytes(slot[4:8], "little") == seq and slot[0] == record.VERSION:
                return slot
        return None

    def find(self, chain_number, seq):
        """Return the slot of a seq of this chain, or None when the ring no longer holds it."""
        for step in range(self.sectors):
            # Reads are mostly in order, some backwards: here, the one before, then onwards.
            sector = self.following(self._found, step - 1 if step > 1 else -step)
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
        data = look(self._nor, self._at(sector, 0), 12)
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
