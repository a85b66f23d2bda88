"""A manifest where it stands in the flash, read bit by bit: one of a full image has 2 kB.

In one piece that is more than the heap of a box has when it has run for a while: what is free lies scattered.
"""

import binascii
import hashlib

from karez_protocols import fields, update_manifest
from karez_protocols.constant import const

from ..store import objects

_PIECE = const(256)


class Standing:
    """One slot's manifest, cut as bytes are, `standing[start:stop]`.

    `size`: of one that still comes, 0: only a sealed one counts, and without one there is nothing.
    """

    def __init__(self, slots, slot, size=0):
        self._slots = slots
        self._at = objects.data_at(slots.manifests, slot)
        self._size = slots.manifest_size(slot) or size

    def __len__(self):
        return self._size

    def __getitem__(self, key):
        return self._slots.read(self._at + key.start, min(key.stop, self._size) - key.start)

    def _pieces(self):
        for at in range(0, self._size, _PIECE):
            yield self[at : at + _PIECE]

    def sha256(self):
        """Return the digest by which an update is named."""
        digest = hashlib.sha256()
        for piece in self._pieces():
            digest.update(piece)
        return digest.digest()

    def crc(self):
        """Return the CRC-32 that seals it."""
        crc = 0
        for piece in self._pieces():
            crc = binascii.crc32(piece, crc)
        return crc


def number_of(slots, slot, port):
    """Return the number of the release that runs: its manifest's, or what the first image says of itself."""
    data = Standing(slots, slot)
    if len(data):
        return fields.unpack(update_manifest.HEADER, data)["number"]
    try:
        return int(port.resource("karez_firmware/release.number"))
    except (OSError, ValueError):
        return 0
