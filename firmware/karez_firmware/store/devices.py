"""What a store needs of its two memories.

NOR   read(at, size) -> bytes; program(at, data) only clears bits; erase(sector) sets 4 kB
      to ones; flush() returns when everything is on the medium; `size` in bytes.
FRAM  read(at, size) -> bytes; write(at, data); flush(); `size` in bytes.
"""

SECTOR = 4096


class StoreFailed(Exception):
    """A memory does not take what is written to it."""
