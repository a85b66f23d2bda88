"""A well's evidence bundle by cable: anyone at the well may take it along (design §6).

The canonical file (docs/wire/bundle.md) without the log's part, which is the gateway's: the
binding, the grants this box still holds, and the longest unbroken run of records that ends with
a signature of its own. The box keeps two grants; a run that named an older one could not be
checked, so it begins behind that grant's record. Whoever needs more asks the gateway.

Read twice, a slot at a time: first to see where the run begins and ends, then to say it.
Loaded when somebody asks and given back after: nobody asks in most months.

Line to the box:    bundle [FROM]        the first record wanted; else all
Lines from the box: bundle OFFSET HEX · bundle end SIZE SHA256 (of the whole file) · bundle refused TEXT
"""

import binascii
import hashlib

from karez_protocols import bundle, chain, fields, record, signed
from karez_protocols.constant import const
from karez_protocols.errors import ProtocolError

from .store import objects
from .store.ring import SLOTS

_PIECE = const(128)  # bytes of a line: with its hex, the line and the port's copies, 1 kB of heap
_GRANT_SEQ = const(20)  # where it stands in a record's header
_BODY = const(24)  # behind it


class NothingToProve(Exception):
    """There is no signed run of records to give; the text says why."""


class _Run:
    """The records to give, as far as they have been read."""

    def __init__(self):
        self.first = 1
        self.h = b""  # before the first
        self.sector = 0  # in which the first stands, or the one before it
        self.last = 0  # a signature over records of this run; 0: none yet
        self.grants = 0  # bits of those held that records up to the last name
        self._named = 0

    def begin(self, seq, h, sector):
        """Forget what was, and begin with this record."""
        self.first, self.h, self.sector = seq, h, sector
        self.last = self.grants = self._named = 0

    def take(self, slot, held):
        """Take the next record; False when it names a grant this box has not."""
        in_force = int.from_bytes(slot[_GRANT_SEQ : _GRANT_SEQ + 4], "little")
        values: dict = {}
        if slot[1] in (record.GRANT, record.SIGNATURE):
            # Not the whole record: its header as a dict would cost 4 kB of garbage.
            values = fields.unpack(record.layouts(slot[1])[1], slot, _BODY)
        is_known = slot[1] != record.GRANT
        for at in range(len(held)):
            seq, _, digest = held[at]
            if seq == in_force:
                self._named |= 1 << at
            if slot[1] == record.GRANT and values["digest"] == digest:
                self._named |= 1 << at
                is_known = True
        if slot[1] == record.SIGNATURE and (values["statement_seq"] or 0) >= self.first:
            self.last, self.grants = int.from_bytes(slot[4:8], "little"), self._named
        return is_known


def _held(nor):
    """(seq, place, digest) of the grants in memory, by rising seq; of two with one seq the first."""
    found: list = []
    for place in (0, 1):
        data = objects.read(nor, objects.GRANT, place)
        if data is None or len(data) <= signed.SIGNATURE_SIZE:
            continue
        seq = int.from_bytes(data[4:8], "little")  # of grant.HEADER
        if not any(one[0] == seq for one in found):
            found.append((seq, place, signed.digest(data)))
    found.sort()
    return found


def _walk(ring, number, sector):
    """Yield (sector, index, what is there) from a sector on, to the end of the chain's newest sector.

    Index 0 comes with the header's values, None when the sector is not this chain's.
    """
    first_seq = 0
    for _ in range(ring.sectors):
        header = ring.header(sector)
        if header is None or header["chain"] != number:
            yield sector, 0, None
        else:
            if header["first_seq"] < first_seq:
                return  # once round: the oldest stand here again
            first_seq = header["first_seq"]
            yield sector, 0, header
            for index in range(1, SLOTS + 1):
                slot = ring.slot(sector, index)
                if slot is None:
                    break
                yield sector, index, slot
        sector = (sector + 1) % ring.sectors


def _start(ring, number, from_seq):
    """Return the sector to begin with: the last that begins at or before a record, else the oldest."""
    best = oldest = None
    for sector in range(ring.sectors):
        header = ring.header(sector)
        yield
        if header is None or header["chain"] != number:
            continue
        seq = header["first_seq"]
        if oldest is None or seq < oldest[0]:
            oldest = (seq, sector)
        if seq <= from_seq and (best is None or seq > best[0]):
            best = (seq, sector)
    found = best or oldest
    if found is None:
        raise NothingToProve("there are no records")
    return found[1]


def _survey(ring, number, from_seq, held):
    """Find the run, a slot a slice; return it. Raises NothingToProve."""
    run = _Run()
    seq, h = -1, b""
    first = yield from _start(ring, number, from_seq)
    for sector, index, found in _walk(ring, number, first):
        yield
        if index == 0:
            if found and (found["first_seq"] != seq + 1 or found["h_before"] != h):
                # Something between is lost or spoilt: an unbroken run begins here.
                seq, h = found["first_seq"] - 1, found["h_before"]
                run.begin(seq + 1, h, sector)
            continue
        if found[0] != record.VERSION or int.from_bytes(found[4:8], "little") != seq + 1:
            continue  # burnt, or behind a slot that is spoilt
        try:
            h = chain.check(h, found)
            is_known = run.take(found, held)
        except ProtocolError:
            continue
        seq += 1
        if not is_known or seq < from_seq:
            run.begin(seq + 1, h, sector)
    if not run.last:
        raise NothingToProve("no signature over these records yet: ask again after the next stop")
    return run


def _cut(data):
    for at in range(0, len(data), _PIECE):
        yield data[at : at + _PIECE]


def _section(tag, size):
    return bytes((tag,)) + size.to_bytes(4, "little")


def _object(tag, data):
    yield _section(tag, len(data))
    yield from _cut(data)


def _slots(ring, number, run):
    """The run's records again. Raises NothingToProve when some went meanwhile."""
    seq = run.first
    for _, index, found in _walk(ring, number, run.sector):
        if index == 0 or found[0] != record.VERSION or int.from_bytes(found[4:8], "little") != seq:
            yield b""
            continue
        yield found
        if seq == run.last:
            return
        seq += 1
    raise NothingToProve("record %d went meanwhile: ask again" % seq)


def pieces(nor, ring, number, from_seq=1):
    """Yield the file of chain `number`, in pieces of at most 128 bytes; empty ones while it is looked for.

    Every step is one slice of work. Raises NothingToProve, also halfway.
    """
    held = _held(nor)
    looking = _survey(ring, number, from_seq, held)
    while True:
        try:
            next(looking)
        except StopIteration as end:
            run = end.value
            break
        yield b""
    yield bundle.MAGIC
    yield from _object(bundle.BINDING, objects.read_any(nor, objects.BINDING))
    for at in range(len(held)):
        if run.grants >> at & 1:
            _, place, digest = held[at]
            data = objects.read(nor, objects.GRANT, place)
            if data is None or signed.digest(data) != digest:
                raise NothingToProve("a new grant came meanwhile: ask again")
            yield from _object(bundle.GRANT, data)
    size = 36 + record.SLOT_SIZE * (run.last - run.first + 1)
    yield _section(bundle.RECORDS, size) + number.to_bytes(4, "little") + run.h
    yield from _slots(ring, number, run)


class BundleExport:
    """One export over the port's cable, a slice at a time."""

    def __init__(self, port, ring, number, from_seq=1):
        self._port = port
        self._pieces = pieces(port.nor, ring, number, from_seq)
        self._digest = hashlib.sha256()  # of all before: the file's last 32 bytes
        self._whole = hashlib.sha256()  # of the file: MicroPython cannot copy the one above
        self._size = 0
        self._line = ""  # the cable has not taken it yet
        self._step = self._file  # then _end, then _rest
        self.is_busy = True
        self.is_held = False  # the cable is full: no use to come again within milliseconds

    def run_slice(self):
        """Do one slice; return True while there is more to do at once."""
        if self._line:
            self.is_held = not self._port.say(self._line)
            if self.is_held:
                return False
            self._line = ""
        try:
            self.is_busy = self._step()
        except NothingToProve as error:
            self._line = "bundle refused %s" % error
            self._step = self._rest
        return self.is_busy

    def _file(self):
        try:
            piece = next(self._pieces)
        except StopIteration:
            self._put(self._digest.digest())
            self._step = self._end
            return True
        if piece:
            self._digest.update(piece)
            self._put(piece)
        return True

    def _end(self):
        self._line = "bundle end %d %s" % (self._size, binascii.hexlify(self._whole.digest()).decode())
        self._step = self._rest
        return True

    @staticmethod
    def _rest():
        return False

    def _put(self, piece):
        self._whole.update(piece)
        self._line = "bundle %d %s" % (self._size, binascii.hexlify(piece).decode())
        self._size += len(piece)
