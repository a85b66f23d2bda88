"""A document that comes in pieces: held in a spare place of NOR, which no start believes.

Pieces come in any order and as often as needed; they stand where the object's bytes will, without the header
that makes an object of them. So a cable that is pulled out leaves nothing but a place to be erased.
"""

import hashlib

from ..store import objects
from ..store.devices import StoreFailed, is_put
from .refusal import Refused, data_in, number_in

_SLICE = 512


class Staging:
    """One document on its way. `sort`, `place`: where its bytes stand."""

    def __init__(self, nor, sort, place, words):
        """Begin with the words of `put SIZE SHA256`. Raises Refused, StoreFailed."""
        self.size = number_in(words, 2, most=objects.OBJECT_SIZE_MAX)
        self.sha256 = data_in(words, 3, 32)
        self.sort, self.place = sort, place
        self._nor = nor
        self._at = objects.data_at(sort, place)
        try:
            nor.erase(sort + place)
        except OSError as error:
            raise StoreFailed(str(error))

    def piece(self, words):
        """Take the words of `piece OFFSET HEX`. Raises Refused, StoreFailed."""
        offset = number_in(words, 2, most=self.size)
        data = data_in(words, 3)
        if offset + len(data) > self.size:
            raise Refused(b"usage: the document has %d bytes", self.size)
        at = self._at + offset
        there = self._nor.read(at, len(data))
        if there == data:
            return  # the same piece again
        if there != b"\xff" * len(data):
            raise Refused(b"refused: other bytes stand there, begin with put")
        if not is_put(self._nor, at, data):
            raise StoreFailed("a piece does not read back")

    def check(self):
        """Yield between slices; return when all of it has come. Raises Refused."""
        digest = hashlib.sha256()
        for at in range(0, self.size, _SLICE):
            digest.update(self._nor.read(self._at + at, min(_SLICE, self.size - at)))
            yield
        if digest.digest() != self.sha256:
            raise Refused(b"incomplete: its digest is not what put said")

    def data(self):
        """The whole document; check it first."""
        return self._nor.read(self._at, self.size)
