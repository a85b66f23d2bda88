"""Signed objects and keys in NOR: each sort has two sectors that take turns (design §8).

An object counts only when a record in the chain names its digest, so a new one is written
beside the old one first; a cut in between leaves the old one in force.
"""

import binascii

from karez_protocols import fields
from karez_protocols.constant import const

from .devices import SECTOR, StoreFailed, look

# Sector of the first place of each sort; the second follows it. The ring begins after these.
KEY = 0
LINK_CERTIFICATE = 2
LINK_AUTHORITY = 4
BINDING = 6
GRANT = 8
CONFIG = 10
KEY_LIST = 12
ORDER = 14
HEAD = 16  # no object: the head's journal while FRAM is dead (nor_head.py)
CHAIN = 18  # the highest chain number ever begun (chain_number.py)
TECHNICIANS = 20  # of both places the list with the higher number counts (console/roster.py)
SECTORS = 24  # two are left for what comes: the ring must not move under the records of a box in the field

OBJECT_SIZE_MAX = SECTOR - 16
TURN_AT = SECTOR - 4  # where a sector says how often its sort was replaced: u2, and its complement

# All ones are no CRC here but unknown: the CRC of four erased bytes is all ones, and a write that
# was cut behind `sort` would else be an object of them.
HEADER = """
magic u4
size u2
sort u2
crc u4
"""
MAGIC = const(0x314F5A4B)


def read(nor, sort, place):
    """Return the object's bytes at a place (0 or 1), or None when there is no whole one."""
    at = (sort + place) * SECTOR
    values = fields.unpack(HEADER, look(nor, at, fields.size_of(HEADER)))
    if values["magic"] != MAGIC or values["sort"] != sort:
        return None
    if values["size"] is None or values["size"] > OBJECT_SIZE_MAX:
        return None
    data = look(nor, at + fields.size_of(HEADER), values["size"])
    return data if binascii.crc32(data) == values["crc"] else None


def write(nor, sort, place, data):
    """Erase a place and write an object there, read back. Raises StoreFailed."""
    if len(data) > OBJECT_SIZE_MAX:
        raise StoreFailed("an object of %d bytes does not fit a sector" % len(data))
    header = {"magic": MAGIC, "size": len(data), "sort": sort, "crc": binascii.crc32(data)}
    try:
        nor.erase(sort + place)
        nor.program((sort + place) * SECTOR, fields.pack(HEADER, header) + data)
        nor.flush()
    except OSError as error:
        raise StoreFailed(str(error))
    if read(nor, sort, place) != data:
        raise StoreFailed("an object does not read back")


def write_once(nor, sort, data):
    """Write both places of a sort that never changes (the controller's own keys)."""
    for place in (0, 1):
        write(nor, sort, place, data)


def read_any(nor, sort):
    """Return the object of a write-once sort from whichever copy is whole, or None."""
    first = read(nor, sort, 0)
    return first if first is not None else read(nor, sort, 1)


def data_at(sort, place):
    """Return where an object's bytes stand; whoever puts them there first seals it (sealing.py)."""
    return (sort + place) * SECTOR + fields.size_of(HEADER)


def turn_of(nor, sort, place):
    """How often this sort had been replaced when a place was written; 0 for what the bench wrote."""
    turn = look(nor, (sort + place) * SECTOR + TURN_AT, 4)
    value = turn[0] << 8 | turn[1]
    return value if value ^ (turn[2] << 8 | turn[3]) == 0xFFFF else 0


def newest(nor, sort):
    """Return (object, place) of a sort that is replaced whole, (None, 1) when neither place has one."""
    found = None, 1, -1
    for place in (0, 1):
        turn = turn_of(nor, sort, place)
        data = read(nor, sort, place) if turn > found[2] else None
        if data is not None:
            found = data, place, turn
    return found[:2]


def mend(nor, sort):
    """Write a missing copy of a write-once sort from the other; True if one was missing.

    Raises StoreFailed.
    """
    copies = read(nor, sort, 0), read(nor, sort, 1)
    for place in (0, 1):
        if copies[place] is None and copies[1 - place] is not None:
            write(nor, sort, place, copies[1 - place])
            return True
    return False


def place_of(nor, sort, digest_of, digest):
    """Return the place (0, 1) whose object has this digest, or None."""
    for place in (0, 1):
        data = read(nor, sort, place)
        if data is not None and digest_of(data) == digest:
            return place
    return None
