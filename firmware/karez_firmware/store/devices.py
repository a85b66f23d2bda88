"""What a store needs of its two memories.

NOR   read(at, size) -> bytes; program(at, data) only clears bits, of any pages; erase(sector)
      sets 4 kB to ones; flush() returns when everything is on the medium; `size` in bytes.
FRAM  read(at, size) -> bytes; write(at, data); flush(); `size` in bytes.

Any of these may raise OSError: the chip or its wires do not answer.
"""

SECTOR = 4096


class StoreFailed(Exception):
    """A memory does not take what is written to it."""


def is_put(nor, at, data):
    """Program bytes and read them back; True if they stand."""
    try:
        nor.program(at, data)
        nor.flush()
        return nor.read(at, len(data)) == data
    except OSError:
        return False


def look(nor, at, size):
    """Read bytes of NOR; zeros when it does not answer: neither erased nor anything valid."""
    try:
        return nor.read(at, size)
    except OSError:
        return bytes(size)
