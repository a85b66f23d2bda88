"""The head as a journal in NOR, for a box whose FRAM is dead (design §8): evidence tier C.

Entries are appended; when a sector is full the other one is erased and gets the next. The
newest whole entry counts, so a cut at any write leaves one: the one before.
"""

from karez_protocols.constant import const

from . import objects, twins
from .devices import SECTOR, is_put, look
from .head import COPY_SIZE, MAGIC

_ENTRIES = SECTOR // COPY_SIZE
_TRIES = const(3)  # entries in a row that take nothing: the other sector then


class NorHead:
    """Heads of one framed layout (twins.py) in the two sectors at objects.HEAD."""

    def __init__(self, nor, layout):
        self._nor = nor
        self._layout = layout
        self._sector = 0
        self._next = _ENTRIES  # entry of the current sector; as many as it has: full
        self._is_known = False  # what stands in the two sectors

    def _at(self, sector, entry):
        return (objects.HEAD + sector) * SECTOR + entry * COPY_SIZE

    def load(self):
        """Return the newest whole head, or None; save() goes on behind it."""
        newest = None
        for sector in (0, 1):
            for entry in range(_ENTRIES):
                data = look(self._nor, self._at(sector, entry), COPY_SIZE)
                values = twins.unpack(self._layout, MAGIC, data)
                if values and (newest is None or values["generation"] > newest["generation"]):
                    newest = values
                    self._sector, self._next = sector, entry
                    self._is_known = True
        while self._next < _ENTRIES and not self._is_erased():
            self._next += 1  # the newest head, and what is torn behind it
        return newest

    def _erase(self, sector):
        try:
            self._nor.erase(objects.HEAD + sector)
        except OSError:
            pass  # what is written there will not read back

    def _is_erased(self):
        return look(self._nor, self._at(self._sector, self._next), COPY_SIZE) == b"\xff" * COPY_SIZE

    def save(self, values):
        """Append a head, its generation already raised; True once it reads back."""
        data = twins.pack(self._layout, values)
        if not self._is_known:
            # What an earlier time left, perhaps half erased, must not come back as the newest.
            self._erase(self._sector)
            self._is_known = True
        for _ in range(min(_TRIES, _ENTRIES - self._next)):
            self._next += 1
            if is_put(self._nor, self._at(self._sector, self._next - 1), data):
                return True
        self._sector = 1 - self._sector
        self._erase(self._sector)
        self._next = 1
        return is_put(self._nor, self._at(self._sector, 0), data)
