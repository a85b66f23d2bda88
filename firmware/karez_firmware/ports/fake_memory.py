"""NOR and FRAM in memory, and the mains that may fail in the middle of any write of theirs."""

from karez_firmware.store.devices import SECTOR


class PowerCut(Exception):
    """The mains went in the middle of a write."""


class Mains:
    """Counts the writes of both memories. `on_write(memory, name, arguments)` is called before each.

    Write number `cut_at` gets `kept` percent of its bytes done and raises PowerCut, as does
    every later one.
    """

    def __init__(self, cut_at=None, kept=0, on_write=None):
        self.writes = 0
        self.cut_at = cut_at
        self.kept = kept
        self.on_write = on_write

    def spend(self, size, memory, name, arguments):
        """Return how many of `size` bytes of a write get done."""
        self.writes += 1
        if self.on_write:
            self.on_write(memory, name, arguments)
        if self.cut_at is None or self.writes < self.cut_at:
            return size
        # The last byte of a cut write is never whole: a whole one is the next write's cut at 0 %.
        return min(size * self.kept // 100, size - 1) if self.writes == self.cut_at else 0


class RamNor:
    """NOR flash in memory, true to its one rule: programming only clears bits.

    Only sectors that hold something take memory: a test copies a whole flash at every write.
    """

    def __init__(self, size, mains=None):
        self.size = size
        self.mains = mains or Mains()
        self.is_dead = False  # takes nothing, and says nothing
        self.bad = (0, 0)  # bytes from, up to: they take nothing
        self.flushes = 0
        self._sectors: dict = {}  # number -> bytes of it, absent while all ones

    def read(self, at, size):
        """Return `size` bytes from `at`."""
        data = b""
        while size > 0:
            sector, offset = divmod(at, SECTOR)
            part = min(size, SECTOR - offset)
            held = self._sectors.get(sector)
            data += b"\xff" * part if held is None else bytes(held[offset : offset + part])
            at += part
            size -= part
        return data

    def program(self, at, data):
        """Clear the bits that are 0 in `data`."""
        kept = self.mains.spend(len(data), "nor", "program", (at, data))
        if not self.is_dead:
            for i in range(kept):
                if not self.bad[0] <= at + i < self.bad[1]:
                    self._clear(at + i, data[i])
        if kept < len(data):
            raise PowerCut

    def _clear(self, at, bits):
        sector, offset = divmod(at, SECTOR)
        if sector not in self._sectors:
            self._sectors[sector] = bytearray(b"\xff" * SECTOR)
        self._sectors[sector][offset] &= bits

    def erase(self, sector):
        """Set one sector to ones."""
        kept = self.mains.spend(SECTOR, "nor", "erase", (sector,))
        if not self.is_dead and sector in self._sectors:
            self._sectors[sector][:kept] = b"\xff" * kept
            if kept == SECTOR:
                del self._sectors[sector]
        if kept < SECTOR:
            raise PowerCut

    def flush(self):
        """Nothing waits in RAM; counted, because what is not flushed is not committed."""
        self.flushes += 1

    def copy(self):
        """Return a memory with the same contents, on mains of its own."""
        other = RamNor(self.size)
        for sector in self._sectors:
            other._sectors[sector] = bytearray(self._sectors[sector])
        return other


class RamFram:
    """FRAM in memory."""

    def __init__(self, size, mains=None):
        self.size = size
        self.mains = mains or Mains()
        self.is_dead = False
        self._bytes = bytearray(size)

    def read(self, at, size):
        """Return `size` bytes from `at`."""
        return bytes(self._bytes[at : at + size])

    def write(self, at, data):
        """Write `data` at `at`."""
        kept = self.mains.spend(len(data), "fram", "write", (at, data))
        if not self.is_dead:
            self._bytes[at : at + kept] = data[:kept]
        if kept < len(data):
            raise PowerCut

    def flush(self):
        """Nothing waits in RAM."""

    def copy(self):
        """Return a memory with the same contents, on mains of its own."""
        other = RamFram(0)
        other.size = self.size
        other._bytes = bytearray(self._bytes)
        return other
