"""NOR flash and FRAM as files: the unix port's memories, which outlive the process.

`flush` is fsync on MicroPython's unix port. This proves that nothing is lost when the
process dies; power cuts are tested on models of the memories, not on a file.
"""

import os

from karez_firmware.store.devices import SECTOR

_PIECE = 256  # bytes written at a time: a whole sector at once would need 4 kB of heap in one piece


def _open(path, size, fill):
    """Open a file of at least `size` bytes; what is missing is made of `fill`.

    What is there stays: a memory that grew with the firmware keeps what an older one wrote.
    """
    try:
        there = os.stat(path)[6]
    except OSError:
        there = 0
        open(path, "wb").close()
    file = open(path, "r+b")
    file.seek(there)
    while there < size:
        part = min(_PIECE, size - there)
        file.write(fill * part)
        there += part
    file.flush()
    return file


class FileNor:
    """NOR flash in a file; programming only clears bits, as on the chip."""

    def __init__(self, path, size):
        self.size = size
        self._file = _open(path, size, b"\xff")

    def read(self, at, size):
        """Return `size` bytes from `at`."""
        self._file.seek(at)
        return self._file.read(size)

    def program(self, at, data):
        """Clear the bits that are 0 in `data`."""
        merged = bytearray(self.read(at, len(data)))
        for i in range(len(data)):
            merged[i] &= data[i]
        self._file.seek(at)
        self._file.write(merged)

    def erase(self, sector):
        """Set one sector to ones."""
        self._file.seek(sector * SECTOR)
        for _ in range(SECTOR // _PIECE):
            self._file.write(b"\xff" * _PIECE)

    def flush(self):
        """Return when everything is on the disk."""
        self._file.flush()


class FileFram:
    """FRAM in a file."""

    def __init__(self, path, size):
        self.size = size
        self._file = _open(path, size, b"\0")

    def read(self, at, size):
        """Return `size` bytes from `at`."""
        self._file.seek(at)
        return self._file.read(size)

    def write(self, at, data):
        """Write `data` at `at`."""
        self._file.seek(at)
        self._file.write(data)

    def flush(self):
        """Return when everything is on the disk."""
        self._file.flush()
