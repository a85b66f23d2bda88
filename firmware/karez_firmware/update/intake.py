"""What comes of an update, taken into the spare slot: manifest first, then chunk after chunk.

Nothing here acts: the slot that runs is not touched, and no start believes the other before a row of
marks.py says so. Whoever carries it may break off anywhere: what stands in the slot is looked at again.
"""

import hashlib

from karez_protocols import ed25519, fields, signed, update_manifest
from karez_protocols.constant import const
from karez_protocols.errors import ProtocolError

from ..store import objects
from ..store.devices import SECTOR, StoreFailed, is_put

EMPTY = 0
TAKING = 1  # the manifest comes
COMING = 2  # it is signed and fits: chunks come
WHOLE = 3  # every chunk is there
STATE_NAMES = b"empty taking coming whole"

PUT, SIGNED, LAST, LOST, DROP = 0, 1, 2, 3, 4
# state, event, next state; a pair that is not here is refused.
TABLE = bytes((
    EMPTY, PUT, TAKING,
    TAKING, PUT, TAKING,
    COMING, PUT, TAKING,
    WHOLE, PUT, TAKING,
    TAKING, SIGNED, COMING,
    COMING, LAST, WHOLE,
    WHOLE, LOST, COMING,
    TAKING, DROP, EMPTY,
    COMING, DROP, EMPTY,
    WHOLE, DROP, EMPTY,
))  # fmt: skip
_ROW = const(3)


class NotTaken(Exception):
    """Why a step is not done. `text`, as bytes (console/verbs.py): a word, a colon, what people read.

    Not the console's own: that one is given back to the heap with the console, an update outlives it.
    """

    def __init__(self, text, *values):
        super().__init__()
        self.text = str(text, "utf-8") % values


def after(state, event):
    """Return the next state, None of a pair that is not in the table."""
    for at in range(0, len(TABLE), _ROW):
        if TABLE[at] == state and TABLE[at + 1] == event:
            return TABLE[at + 2]
    return None


def judge(values, board, number, room):
    """Raise NotTaken if this box must not take an image, whoever signed it. `room`: bytes of a slot."""
    if values["board"] != board:
        raise NotTaken(b"refused: wrong board: it is for %s, this box is %s", values["board"], board)
    if values["number"] <= number:
        raise NotTaken(b"refused: old: its number is %d, this box runs %d", values["number"], number)
    if values["least"] > number:
        raise NotTaken(b"refused: it follows number %d or later, this box runs %d", values["least"], number)
    if values["size"] > room:
        raise NotTaken(b"refused: too large: %d bytes, a slot holds %d", values["size"], room)


class Intake:
    """One spare slot. `keys`: of vendor and regulator, either may be pinned; board, number: of the box.

    `obstacle()`: why nothing may be written now, or None; asked before whatever touches the slot.
    """

    def __init__(self, slots, running, board, number, keys, obstacle):
        self._slots = slots
        self._obstacle = obstacle
        self._flash = slots.flash
        self.slot = 1 - running
        self._board, self._number, self._keys = board, number, keys
        self.state = EMPTY
        self.index = self.offset = 0  # what comes next
        self._body = b""
        self.values: dict = {}  # of the manifest that is signed; empty without one
        self._size = 0
        self.sha256 = bytes(32)  # of the manifest that comes or came
        self.is_wanted = False  # the restart into this one; whatever happens to the slot ends the wish

    def _fire(self, event):
        found = after(self.state, event)
        if found is None:
            raise NotTaken(b"refused: not now: the slot is %s", str(STATE_NAMES.split()[self.state], "utf-8"))
        self.state = found
        self.is_wanted = False

    def _guard(self):
        obstacle = self._obstacle()
        if obstacle:
            raise NotTaken(obstacle)

    def _still(self, state, sha256):
        """Behind a yield: cable and link take turns. Raises NotTaken if the other began something else."""
        if self.state != state or self.sha256 != sha256:
            raise NotTaken(b"busy: another update was begun meanwhile")

    # -- the manifest -------------------------------------------------------------------

    def put(self, size, sha256, locked_ms=0):
        """Begin with a manifest and return True, or go on with the one there; `locked_ms`: none before.

        Raises NotTaken, StoreFailed.
        """
        self._guard()
        if self.state in (COMING, WHOLE) and sha256 == self.sha256:
            return False
        if size > objects.OBJECT_SIZE_MAX or not size:
            raise NotTaken(b"refused: a manifest has 1 to %d bytes", objects.OBJECT_SIZE_MAX)
        if locked_ms > 0:
            raise NotTaken(b"locked: wait %d s", locked_ms // 1000 + 1)
        self._fire(PUT)
        self._size, self.sha256 = size, sha256
        self._erase(self._slots.manifests + self.slot)
        return True

    def piece(self, offset, data):
        """Take bytes of the manifest, in any order, as often as they come. Raises NotTaken, StoreFailed."""
        if self.state != TAKING:
            return  # it is there
        if offset + len(data) > self._size:
            raise NotTaken(b"usage: the manifest has %d bytes", self._size)
        at = objects.data_at(self._slots.manifests, self.slot) + offset
        there = self._flash.read(at, len(data))
        if there == data:
            return
        if there != b"\xff" * len(data):
            raise NotTaken(b"refused: other bytes stand there, begin with put")
        if not is_put(self._flash, at, data):
            raise StoreFailed("a piece does not read back")

    def signed_slices(self):
        """Generator: check the whole manifest and both signatures, then let chunks come.

        Raises NotTaken, StoreFailed.
        """
        if self.state in (COMING, WHOLE):
            return
        data = self._flash.read(objects.data_at(self._slots.manifests, self.slot), self._size)
        sha256 = self.sha256
        if self.state != TAKING or signed.digest(data) != sha256:
            raise NotTaken(b"incomplete: the manifest's digest is not what put said")
        self._guard()
        yield from self._check(data)
        self._still(TAKING, sha256)
        self._guard()  # the check took seconds
        objects.seal(self._flash, self._slots.manifests, self.slot, data)
        self._adopt(data)
        self._fire(SIGNED)

    def _check(self, data):
        try:
            values, _, *both = update_manifest.open_signed(data)
        except ProtocolError as error:
            raise NotTaken(b"refused: no manifest: %s", error)
        judge(values, self._board, self._number, self._slots.sectors * SECTOR)
        if not self._keys[0]:
            raise NotTaken(b"refused: this firmware knows no vendor's key")
        if self._keys[0][-32:] == self._keys[1][-32:]:
            raise NotTaken(b"refused: vendor and regulator have one key")
        for name, key, (message, signature) in zip(("vendor", "regulator"), self._keys, both):
            if not (yield from ed25519.verify_slices(key, message, signature)):
                raise NotTaken(b"refused: not signed by the %s", name)

    def _adopt(self, data):
        self.values, self._body, _, _ = update_manifest.open_signed(data)
        self.sha256 = signed.digest(data)
        self.index = self.offset = 0

    # -- chunks -------------------------------------------------------------------------

    def chunk(self, index, offset, data):
        """Take the next bytes of the next chunk; True if they were what comes next.

        What comes twice or too early is passed over: `index` and `offset` say what is wanted.
        Raises NotTaken, StoreFailed.
        """
        if self.state != COMING or (index, offset) != (self.index, self.offset):
            return False
        self._guard()
        size = update_manifest.chunk_bytes(self.values, index)
        if not data or offset + len(data) > size:
            raise NotTaken(b"usage: chunk %d has %d bytes", index, size)
        start = self._start(index)
        if not offset:
            self._erase(start // SECTOR)
        if not is_put(self._flash, start + offset, data):
            self.offset = 0  # a torn place: the sector is erased and filled again
            raise StoreFailed("a piece does not read back")
        self.offset += len(data)
        if self.offset == size:
            self.offset = 0
            if not self._holds(index):
                raise NotTaken(b"refused: chunk %d is not what the manifest names, send it again", index)
            self._next()
        return True

    def _next(self):
        self.index += 1
        if self.index == self.values["chunks"]:
            self._fire(LAST)

    def _start(self, index):
        return (self.slot * self._slots.sectors + index) * SECTOR

    def _holds(self, index):
        data = self._slots.read(self._start(index), update_manifest.chunk_bytes(self.values, index))
        return hashlib.sha256(data).digest() == update_manifest.chunk_digest(self._body, index)

    def _erase(self, sector):
        try:
            self._flash.erase(sector)
        except OSError as error:
            raise StoreFailed(str(error))

    # -- what stands in the slot --------------------------------------------------------

    def survey_slices(self):
        """Generator: find what an earlier run has brought: its manifest, and the chunks that are whole."""
        data = self._slots.manifest(self.slot)
        if data is None:
            return
        try:
            # What was signed for an older release of this box is not applied any more.
            judge(
                update_manifest.open_signed(data)[0], self._board, self._number, self._slots.sectors * SECTOR
            )
        except (ProtocolError, NotTaken):
            return
        yield from self._check(data)
        if self.state != EMPTY:
            return  # begun with meanwhile: that is looked at as it comes
        self._adopt(data)
        self.state = COMING
        sha256 = self.sha256
        while self.state == COMING and self.sha256 == sha256 and self._holds(self.index):
            self._next()
            yield

    def check_slices(self):
        """Generator: look at every chunk once more, before it is believed. Raises NotTaken."""
        if self.state != WHOLE:
            raise NotTaken(b"incomplete: chunk %d is missing", self.index)
        sha256 = self.sha256
        for index in range(self.values["chunks"]):
            yield
            self._still(WHOLE, sha256)
            if not self._holds(index):
                self.index = index
                self._fire(LOST)
                raise NotTaken(b"incomplete: chunk %d does not hold, send it again", index)

    def drop(self):
        """Forget what came; the manifest is erased, so no start finds it. Raises NotTaken, StoreFailed."""
        self._guard()
        self._fire(DROP)
        self.values, self.index, self.offset = {}, 0, 0
        self._erase(self._slots.manifests + self.slot)


def number_of(slots, slot, port):
    """Return the number of the release that runs: its manifest's, or what the first image says of itself."""
    data = slots.manifest(slot)
    if data is not None:
        return fields.unpack(update_manifest.HEADER, data)["number"]
    try:
        return int(port.resource("karez_firmware/release.number"))
    except (OSError, ValueError):
        return 0
