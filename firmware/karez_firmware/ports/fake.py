"""Both memories in RAM, for tests and models on either runtime."""

from karez_firmware.store.devices import SECTOR


class RamNor:
    """NOR flash in memory, true to its one rule: programming only clears bits."""

    def __init__(self, size):
        self.size = size
        self._bytes = bytearray(b"\xff" * size)

    def read(self, at, size):
        """Return `size` bytes from `at`."""
        return bytes(self._bytes[at : at + size])

    def program(self, at, data):
        """Clear the bits that are 0 in `data`."""
        for i in range(len(data)):
            self._bytes[at + i] &= data[i]

    def erase(self, sector):
        """Set one sector to ones."""
        start = sector * SECTOR
        self._bytes[start : start + SECTOR] = b"\xff" * SECTOR

    def flush(self):
        """Nothing waits in RAM."""


class RamFram:
    """FRAM in memory."""

    def __init__(self, size):
        self.size = size
        self._bytes = bytearray(size)

    def read(self, at, size):
        """Return `size` bytes from `at`."""
        return bytes(self._bytes[at : at + size])

    def write(self, at, data):
        """Write `data` at `at`."""
        self._bytes[at : at + len(data)] = data

    def flush(self):
        """Nothing waits in RAM."""
