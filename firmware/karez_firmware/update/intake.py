"""What comes of an update, taken into the spare slot: manifest first, then chunk after chunk.

Nothing here acts: the slot that runs is not touched, and no start believes the other before a row of
marks.py says so. Whoever carries it may break off anywhere: what stands in the slot is looked at again.
"""

import hashlib

from karez_protocols import ed25519, update_manifest
from karez_protocols.constant import const
from karez_protocols.errors import ProtocolError

from ..store import objects, sealing
from ..store.devices import SECTOR, StoreFailed, is_put
from .standing import Standing

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
_KEY_SIZE = const(32)
_PIECE = const(512)  # bytes of a chunk that are hashed at a time


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
        self.values: dict = {}  # of the manifest that is signed; empty without one
        self._size = 0
        self.sha256 = bytes(32)  # of the manifest that comes or came
        self.is_wanted = False  # the restart into this one; whatever happens to the slot ends the wish
        self.is_unknown = True  # what an earlier run has brought was not looked at yet
        self._look = None  # the generator that does it
        self._turn = 0  # counts every change of state

    def _fire(self, event):
        found = after(self.state, event)
        if found is None:
            raise NotTaken(b"refused: not now: the slot is %s", str(STATE_NAMES.split()[self.state], "utf-8"))
        self.state = found
        self._turn += 1
        self.is_wanted = False

    def _guard(self):
        obstacle = self._obstacle()
        if obstacle:
            raise NotTaken(obstacle)

    def _still(self, turn):
        """Behind a yield: cable and link take turns. Raises NotTaken if the other began something meanwhile.

        Also the same again: a signature is checked over what stands in the flash, and between two slices
        somebody could put a signed manifest there, and then his own back.
        """
        if self._turn != turn:
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
        sha256 = self.sha256
        if self.state != TAKING:
            raise NotTaken(b"incomplete: the manifest's digest is not what put said")
        self._standing(sha256)
        self._guard()
        turn = self._turn
        yield from self._check(sha256)
        self._still(turn)
        self._guard()  # the check took seconds
        data = self._standing(sha256)
        sealing.seal_as(self._flash, self._slots.manifests, self.slot, len(data), data.crc())
        self._adopt(self._standing(sha256))
        self._fire(SIGNED)

    def _standing(self, sha256):
        """Return the manifest that stands in the flash, sealed or not. Raises NotTaken if it is another."""
        data = Standing(self._slots, self.slot, self._size)
        if data.sha256() != sha256:
            raise NotTaken(b"incomplete: the manifest's digest is not what put said")
        return data

    def _check(self, sha256):
        try:
            values = update_manifest.values_of(self._standing(sha256))
        except ProtocolError as error:
            raise NotTaken(b"refused: no manifest: %s", error)
        judge(values, self._board, self._number, self._slots.sectors * SECTOR)
        if not self._keys[0]:
            raise NotTaken(b"refused: this firmware knows no vendor's key")
        if self._keys[0][-32:] == self._keys[1][-32:]:
            raise NotTaken(b"refused: vendor and regulator have one key")
        turn = self._turn
        for party, name in enumerate(("vendor", "regulator")):
            key = self._keys[party]
            if len(key) == _KEY_SIZE:
                from karez_protocols import ed25519_keys

                try:
                    key = yield from ed25519_keys.pin_slices(key)
                except ProtocolError:
                    key = b""
            self._still(turn)
            message, signature = update_manifest.signed_by(self._standing(sha256), party)
            if not key or not (yield from ed25519.verify_slices(key, message, signature)):
                raise NotTaken(b"refused: not signed by the %s", name)

    def _adopt(self, data):
        self.values = update_manifest.values_of(data)
        self.sha256 = data.sha256()
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
        # In small pieces: an old heap has no 4 kB, nor a manifest's 2, in one.
        digest, left = hashlib.sha256(), update_manifest.chunk_bytes(self.values, index)
        at = self._start(index)
        while left:
            part = min(left, _PIECE)
            digest.update(self._slots.read(at, part))
            at, left = at + part, left - part
        at = objects.data_at(self._slots.manifests, self.slot) + update_manifest.digest_at(index)
        return digest.digest() == self._slots.read(at, update_manifest.DIGEST_SIZE)

    def _erase(self, sector):
        try:
            self._flash.erase(sector)
        except OSError as error:
            raise StoreFailed(str(error))

    # -- what stands in the slot --------------------------------------------------------

    def survey_slices(self):
        """Generator: find what an earlier run has brought: its manifest, and the chunks that are whole.

        Cable and link share one look. One that is broken off, by Ctrl-C or by a heap that is full, begins
        anew when it is asked for again: else the slot would pass for empty until the next start.
        """
        while self.is_unknown:
            self._look = self._look or self._look_slices()
            try:
                next(self._look)
                yield
            except (StopIteration, NotTaken) as end:
                self.is_unknown = False
                self._look = None
                if isinstance(end, NotTaken):
                    raise
            except BaseException:
                self._look = None
                raise

    def _look_slices(self):
        if self.state == EMPTY:
            yield from self._find_slices()
        sha256 = self.sha256
        while self.state == COMING and self.sha256 == sha256 and self._holds(self.index):
            self._next()
            yield

    def _find_slices(self):
        data = Standing(self._slots, self.slot)
        if not len(data):
            return
        try:
            # What was signed for an older release of this box is not applied any more.
            judge(update_manifest.values_of(data), self._board, self._number, self._slots.sectors * SECTOR)
        except (ProtocolError, NotTaken):
            return
        sha256, turn = data.sha256(), self._turn
        try:
            yield from self._check(sha256)
        except NotTaken:
            if self._turn == turn:
                raise
        if self._turn != turn:
            return  # begun with meanwhile: that is looked at as it comes
        self._adopt(self._standing(sha256))
        self.state = COMING

    def check_slices(self):
        """Generator: look at every chunk once more, before it is believed. Raises NotTaken."""
        if self.state != WHOLE:
            raise NotTaken(b"incomplete: chunk %d is missing", self.index)
        turn = self._turn
        for index in range(self.values["chunks"]):
            yield
            self._still(turn)
            if not self._holds(index):
                self.index = index
                self._fire(LOST)
                raise NotTaken(b"incomplete: chunk %d does not hold, send it again", index)

    def drop(self):
        """Forget what came, and the wish with it, whatever hinders; then erase the manifest.

        So no start finds it. Raises NotTaken, StoreFailed.
        """
        self._fire(DROP)
        self.values, self.index, self.offset = {}, 0, 0
        self._guard()
        self._erase(self._slots.manifests + self.slot)
