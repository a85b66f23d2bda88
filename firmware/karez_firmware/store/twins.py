"""Two copies of one table in FRAM, written in turn (design §8).

A cut in the middle of one copy leaves the other; the valid copy with the higher generation
counts. What is written is read back: an FRAM that does not hold it is dead, and is not
asked again before the next start.
"""

import binascii

from karez_protocols import fields
from karez_protocols.errors import ProtocolError

from .devices import StoreFailed

# Before the table's own layout, and a CRC over all of it behind.
FRAME = """
magic u4
generation u4
"""


def pack(layout, values):
    """Return the bytes of a framed layout with its CRC."""
    data = fields.pack(layout, values)
    return data + binascii.crc32(data).to_bytes(4, "little")


def unpack(layout, magic, data):
    """Return the values of a framed layout, None when the bytes are no whole copy of it."""
    size = fields.size_of(layout)
    if len(data) < size + 4 or int.from_bytes(data[:4], "little") != magic:
        return None
    if binascii.crc32(data[:size]) != int.from_bytes(data[size : size + 4], "little"):
        return None
    try:
        return fields.unpack(layout, data)
    except ProtocolError:  # another version's reserved bytes
        return None


class Twins:
    """One table: `place` = (offset, bytes per copy) of fram_map, `layout` as in fields.py, no FRAME yet.

    Raises StoreFailed when the layout does not fit its place.
    """

    def __init__(self, fram, place, magic, layout):
        self._fram = fram
        self._at, self._size = place
        self._magic = magic
        self.layout = (FRAME, layout) if isinstance(layout, str) else (FRAME,) + layout
        self.is_dead = False
        if fields.size_of(self.layout) + 4 > self._size:
            raise StoreFailed("%d bytes do not fit a copy" % fields.size_of(self.layout))

    def load(self):
        """Return the newest whole copy as a dict, or None when there is none."""
        newest = None
        for copy in (0, 1):
            try:
                data = self._fram.read(self._at + copy * self._size, fields.size_of(self.layout) + 4)
            except OSError:
                continue
            values = unpack(self.layout, self._magic, data)
            if values and (newest is None or values["generation"] > newest["generation"]):
                newest = values
        return newest

    def save(self, values):
        """Write the copy that is not the newest; True once it reads back.

        `values` is a dict of all fields; `magic` and `generation` are set here, and the
        generation counts from what load() returned. Raises NotAllowed as fields.pack does.
        """
        values["magic"] = self._magic
        values["generation"] = (values.get("generation") or 0) + 1
        data = pack(self.layout, values)
        if self.is_dead:
            return False
        at = self._at + (values["generation"] & 1) * self._size
        try:
            self._fram.write(at, data)
            self._fram.flush()
            self.is_dead = self._fram.read(at, len(data)) != data
        except OSError:
            self.is_dead = True
        return not self.is_dead
