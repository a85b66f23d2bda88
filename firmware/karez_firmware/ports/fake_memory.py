"""NOR and FRAM in memory, and the mains that may fail in the middle of any write of theirs."""

import hashlib

from karez_firmware.store.devices import SECTOR

PAGE = 256  # bytes that one program command of the chip can reach

# How a cut leaves the write it hits.
NOTHING = 0  # not begun
PREFIX = 1  # the first `kept` percent of its bytes are done
RANDOM = 2  # every bit on its own: done or not
UNSTABLE = 3  # every bit on its own: done, not, or neither: it reads as it likes until written again
MODES = (NOTHING, PREFIX, RANDOM, UNSTABLE)


class PowerCut(BaseException):
    """The mains went in the middle of a write: no error that anybody could catch and go on from."""


class Dice:
    """The same bytes for the same seed, on both interpreters."""

    def __init__(self, seed):
        self._seed = seed
        self._thrown = 0

    def throw(self, size):
        """Return `size` bytes."""
        data = b""
        while len(data) < size:
            self._thrown += 1
            data += hashlib.sha256(b"%d %d" % (self._seed, self._thrown)).digest()
        return data[:size]

    def copy(self):
        """Return dice that will fall alike."""
        other = Dice(self._seed)
        other._thrown = self._thrown
        return other


class Mains:
    """Counts the writes of both memories. `on_write(memory, name, arguments)` is called before each.

    Write number `cut_at` is done as far as `mode` says (PREFIX: `kept` percent of its bytes)
    and raises PowerCut; every later one raises it and does nothing.
    """

    def __init__(self, cut_at=None, kept=0, on_write=None, mode=PREFIX, seed=1):
        self.writes = 0
        self.cut_at = cut_at
        self.kept = kept
        self.on_write = on_write
        self.mode = mode
        self.dice = Dice(seed)

    def spend(self, memory, name, arguments):
        """Return None if a write gets done, else the mode in which it is cut."""
        self.writes += 1
        if self.on_write:
            self.on_write(memory, name, arguments)
        if self.cut_at is None or self.writes < self.cut_at:
            return None
        return self.mode if self.writes == self.cut_at else NOTHING

    def part(self, size):
        """Return how many of `size` bytes a cut in order gets done."""
        # The last byte of a cut write is never whole: a whole one is the next write's cut at 0 %.
        return min(size * self.kept // 100, size - 1)


def _with(data, mask, other):
    """`data`, but `other` where `mask` has ones."""
    size = len(data)
    mask = int.from_bytes(mask, "little")
    merged = int.from_bytes(data, "little") & ~mask | int.from_bytes(other, "little") & mask
    return merged.to_bytes(size, "little")


def _both(a, b):
    return (int.from_bytes(a, "little") & int.from_bytes(b, "little")).to_bytes(len(a), "little")


def _inverse(data):
    return (int.from_bytes(data, "little") ^ ((1 << 8 * len(data)) - 1)).to_bytes(len(data), "little")


class RamNor:
    """NOR flash in memory, true to its one rule: programming only clears bits.

    A program is done page by page, so a longer one can be cut between two. Copies share
    their pages until one of them writes: a test copies a whole flash at every write.
    """

    def __init__(self, size, mains=None):
        self.size = size
        self.mains = mains or Mains()
        self.is_dead = False  # takes nothing, and says nothing
        self.fails = False  # its driver raises OSError
        self.bad = (0, 0)  # bytes from, up to: they take nothing
        self.flushes = 0
        self.erases: dict = {}  # sector -> how often: its wear
        self._pages: dict = {}  # number -> bytes of it, absent while all ones
        self._unstable: dict = {}  # number -> mask of the bits that read as they like
        self._dice = Dice(7)

    def _check(self, at, size):
        if self.fails:
            raise OSError("the NOR does not answer")
        if at < 0 or at + size > self.size:
            raise ValueError("%d bytes at %d lie outside this NOR" % (size, at))

    def read(self, at, size):
        """Return `size` bytes from `at`."""
        self._check(at, size)
        data = b""
        while size > 0:
            page, offset = divmod(at, PAGE)
            part = min(size, PAGE - offset)
            data += self._read(page, offset, part)
            at += part
            size -= part
        return data

    def _read(self, page, offset, size):
        held = self._pages.get(page)
        data = b"\xff" * size if held is None else bytes(held[offset : offset + size])
        mask = self._unstable.get(page)
        if mask is not None:
            data = _with(data, mask[offset : offset + size], self._dice.throw(size))
        return data

    def program(self, at, data):
        """Clear the bits that are 0 in `data`."""
        self._check(at, len(data))
        done = 0
        while done < len(data):
            part = bytes(data[done : done + PAGE - (at + done) % PAGE])
            self._program_page(at + done, part)
            done += len(part)

    def _program_page(self, at, data):
        cut = self.mains.spend("nor", "program", (at, data))
        if cut is None:
            self._clear(at, data)
            return
        if cut == PREFIX:
            self._clear(at, data[: self.mains.part(len(data))])
        elif cut != NOTHING:
            # A bit that stays one is not touched; of the others each goes its own way.
            size = len(data)
            drop = self.mains.dice.throw(size)
            shake = self.mains.dice.throw(size) if cut == UNSTABLE else bytes(size)
            page, offset = divmod(at, PAGE)
            ones = bytes(self._own(page)[offset : offset + size])  # what was cleared before stays so
            self._clear(at, _with(data, drop, b"\xff" * size))
            self._shake(page, offset, _both(_both(_both(drop, shake), _inverse(data)), ones))
        raise PowerCut

    def _clear(self, at, data):
        if self.is_dead:
            return
        for i in range(max(0, self.bad[0] - at), min(len(data), self.bad[1] - at)):
            data = data[:i] + b"\xff" + data[i + 1 :]
        page, offset = divmod(at, PAGE)
        end = offset + len(data)
        held = self._own(page)
        held[offset:end] = _both(held[offset:end], data)
        mask = self._unstable.get(page)
        if mask is not None:
            # A bit programmed once more stays programmed.
            self._unstable[page] = mask[:offset] + _both(mask[offset:end], data) + mask[end:]

    def _own(self, page):
        """The page's bytes, not shared with any copy."""
        held = self._pages.get(page)
        if not isinstance(held, bytearray):
            held = self._pages[page] = bytearray(b"\xff" * PAGE if held is None else held)
        return held

    def _shake(self, page, offset, mask):
        """Make these bits unstable as well."""
        if self.is_dead or not any(mask):
            return
        end = offset + len(mask)
        before = self._unstable.get(page) or bytes(PAGE)
        self._unstable[page] = before[:offset] + _with(before[offset:end], mask, mask) + before[end:]

    def erase(self, sector):
        """Set one sector to ones."""
        self._check(sector * SECTOR, SECTOR)
        cut = self.mains.spend("nor", "erase", (sector,))
        if not self.is_dead:
            self.erases[sector] = self.erases.get(sector, 0) + 1
            kept = self.mains.part(SECTOR) if cut == PREFIX else 0
            for number in range(SECTOR // PAGE):
                self._erase_page(sector * SECTOR // PAGE + number, cut, kept - number * PAGE)
        if cut is not None:
            raise PowerCut

    def _erase_page(self, page, cut, kept):
        """Erase a page as far as a cut lets it; `kept`: of its bytes, in order."""
        if cut is None or (cut == PREFIX and kept >= PAGE):
            self._pages.pop(page, None)
            self._unstable.pop(page, None)
        elif cut == PREFIX and kept > 0:
            self._own(page)[:kept] = b"\xff" * kept
        elif cut in (RANDOM, UNSTABLE) and page in self._pages:
            held = self._own(page)
            zeros = _inverse(held)
            drop = self.mains.dice.throw(PAGE)
            if cut == UNSTABLE:
                self._shake(page, 0, _both(_both(drop, self.mains.dice.throw(PAGE)), zeros))
            held[:] = _with(bytes(held), _both(_inverse(drop), zeros), b"\xff" * PAGE)

    def flush(self):
        """Nothing waits in RAM; counted, because what is not flushed is not committed."""
        self.flushes += 1

    def rot(self, at, bit=0):
        """Turn one bit over, as age and radiation do."""
        page, offset = divmod(at, PAGE)
        self._own(page)[offset] ^= 1 << bit

    @property
    def _sectors(self):
        """{page: bytes} of what is not erased, for tests that compare before and after."""
        return self._pages

    def copy(self):
        """Return a memory with the same contents and faults, on mains of its own."""
        other = RamNor(self.size)
        for page in self._pages:
            held = self._pages[page]
            if isinstance(held, bytearray):
                # From now on shared, and so never changed in place.
                held = self._pages[page] = bytes(held)
            other._pages[page] = held
        other._unstable = dict(self._unstable)
        other._dice = self._dice.copy()
        other.bad, other.is_dead, other.fails = self.bad, self.is_dead, self.fails
        return other


class RamFram:
    """FRAM in memory: bytes in order, at once."""

    def __init__(self, size, mains=None):
        self.size = size
        self.mains = mains or Mains()
        self.is_dead = False  # takes nothing, and says nothing
        self.fails = False  # its driver raises OSError
        self._bytes = bytearray(size)

    def _check(self, at, size):
        if self.fails:
            raise OSError("the FRAM does not answer")
        if at < 0 or at + size > self.size:
            raise ValueError("%d bytes at %d lie outside this FRAM" % (size, at))

    def read(self, at, size):
        """Return `size` bytes from `at`."""
        self._check(at, size)
        return bytes(self._bytes[at : at + size])

    def write(self, at, data):
        """Write `data` at `at`."""
        self._check(at, len(data))
        cut = self.mains.spend("fram", "write", (at, data))
        kept = len(data)
        if cut is not None:
            # A cut falls between two bytes; which one is all that chance can choose.
            kept = 0 if cut == NOTHING else self.mains.part(kept)
            if cut in (RANDOM, UNSTABLE):
                kept = int.from_bytes(self.mains.dice.throw(2), "little") % len(data)
        if not self.is_dead:
            self._bytes[at : at + kept] = data[:kept]
        if cut is not None:
            raise PowerCut

    def flush(self):
        """Nothing waits in RAM."""

    def copy(self):
        """Return a memory with the same contents and faults, on mains of its own."""
        other = RamFram(self.size)
        other._bytes = bytearray(self._bytes)
        other.is_dead, other.fails = self.is_dead, self.fails
        return other
