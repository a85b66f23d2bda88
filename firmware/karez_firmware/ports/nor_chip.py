"""Serial NOR flash behind SPI: the commands that all 25-series chips share.

Written by the instruction tables of W25Q32JV and GD25Q32E; BY25Q32 and MX25L32 have the same ones.
The contract is `store.devices`. An erase begins and returns: who touches the chip next waits for its
end, so the loop goes on while 4 kB are cleared (45 ms typically, 400 ms at most).
"""

import time

from karez_protocols.constant import const

from ..store.devices import SECTOR

_PROGRAM = const(0x02)
_READ = const(0x03)
_STATUS = b"\x05"
_WRITE_ENABLE = b"\x06"
_ERASE_SECTOR = const(0x20)
_IDENTIFY = b"\x9f"
_RELEASE_POWER_DOWN = b"\xab"

_BUSY = const(1)
_WRITABLE = const(2)
_NOBODY = const(0xFF)  # pulled up: no chip drives the line. Ours never shows all eight bits of its status
_PAGE = const(256)
_WAKE_US = const(30)  # release from power-down: 3 µs, and 30 of the slowest
_BUSY_US_MAX = const(500_000)  # an erase of 4 kB takes 400 ms at most
_PAUSE_US = const(50)
_EIO = const(5)
_ETIMEDOUT = const(110)


def _command(code, at):
    return bytes((code, at >> 16 & 255, at >> 8 & 255, at & 255))


class NorChip:
    """One chip. `spi` and `select` (its chip-select pin, high = left alone); `size` bytes of it are used.

    A chip that is not there, or smaller, raises OSError at every call: the store deals with that.
    """

    def __init__(self, spi, select, size):
        self.size = size
        self._spi = spi
        self._select = select
        self._order(_RELEASE_POWER_DOWN)
        time.sleep_us(_WAKE_US)  # type: ignore[attr-defined]  # MicroPython's
        self._is_there = False
        self._look()

    def _look(self):
        """Is it there, and large enough? The third byte of its identity is the power of two."""
        maker, _, power = self._order(_IDENTIFY, 3)
        self._is_there = maker not in (0, _NOBODY) and power < 32 and self.size <= 1 << power

    def _order(self, command, size=0):
        self._select.value(0)
        try:
            self._spi.write(command)
            return self._spi.read(size) if size else b""
        finally:
            self._select.value(1)

    def _wait(self):
        """Return when what was begun is done. Raises OSError."""
        if not self._is_there:
            self._look()  # a loose plug may have been pushed home
            if not self._is_there:
                raise OSError(_EIO)
        waited_us = 0
        while True:
            status = self._order(_STATUS, 1)[0]
            if status == _NOBODY:
                raise OSError(_EIO)
            if not status & _BUSY:
                return
            if waited_us >= _BUSY_US_MAX:
                raise OSError(_ETIMEDOUT)
            time.sleep_us(_PAUSE_US)  # type: ignore[attr-defined]
            waited_us += _PAUSE_US

    def _enable(self):
        self._wait()
        self._order(_WRITE_ENABLE)
        if not self._order(_STATUS, 1)[0] & _WRITABLE:
            raise OSError(_EIO)  # it does not take what comes next

    def read(self, at, size):
        """Return `size` bytes from `at`. Raises OSError."""
        self._wait()
        return self._order(_command(_READ, at), size)

    def program(self, at, data):
        """Clear the bits that are 0 in `data`, page by page. Raises OSError."""
        done = 0
        while done < len(data):
            # A program that runs over the end of its page begins at the page's start again.
            part = min(len(data) - done, _PAGE - (at + done) % _PAGE)
            self._enable()
            self._order(_command(_PROGRAM, at + done) + bytes(data[done : done + part]))
            done += part

    def erase(self, sector):
        """Begin to set one sector to ones. Raises OSError."""
        self._enable()
        self._order(_command(_ERASE_SECTOR, sector * SECTOR))

    def flush(self):
        """Return when everything is in the cells. Raises OSError."""
        self._wait()
