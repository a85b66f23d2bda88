"""How bytes that stand at a place of NOR become its object: a box needs it on few days of its life."""

import binascii

from karez_protocols import fields
from karez_protocols.constant import const

from . import objects
from .devices import SECTOR, StoreFailed, is_put

_TURN_MAX = const(0xFFFE)


def prepare(nor, sort, place):
    """Write beside bytes at a place that they will be the newest of their sort. Raises StoreFailed."""
    turn = min(objects.turn_of(nor, sort, 1 - place) + 1, _TURN_MAX)
    mark = bytes((turn >> 8, turn & 0xFF, turn >> 8 ^ 0xFF, turn & 0xFF ^ 0xFF))
    if not is_put(nor, (sort + place) * SECTOR + objects.TURN_AT, mark):
        raise StoreFailed("an object's turn does not read back")


def seal(nor, sort, place, data):
    """Make an object of the bytes that stand at a place already: from here on it counts.

    Raises StoreFailed.
    """
    seal_as(nor, sort, place, len(data), binascii.crc32(data))
    if objects.read(nor, sort, place) != data:
        raise StoreFailed("an object does not read back")


def seal_as(nor, sort, place, size, crc):
    """The same of bytes that are not held; the caller reads them back. Raises StoreFailed."""
    header = {"magic": objects.MAGIC, "size": size, "sort": sort, "crc": crc}
    if not is_put(nor, (sort + place) * SECTOR, fields.pack(objects.HEADER, header)):
        raise StoreFailed("an object does not read back")
