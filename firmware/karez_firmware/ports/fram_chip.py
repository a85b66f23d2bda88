"""FRAM behind SPI or I2C: what is written is there when the call returns.

SPI: the instructions of MB85RS64V and FM25V05 (two address bytes, up to 64 kB). I2C: MB85RC64 and
FM24W256 (two address bytes). The contract is `store.devices`.
"""

from karez_protocols.constant import const

_WRITE_ENABLE = b"\x06"
_STATUS = b"\x05"
_WRITE = const(0x02)
_READ = const(0x03)
_WRITABLE = const(2)
_NOBODY = const(0xFF)
_EIO = const(5)
_ADDRESS = const(0x50)  # with all three address pins low


class SpiFram:
    """One chip on SPI. `select`: its chip-select pin."""

    def __init__(self, spi, select, size):
        self.size = size
        self._spi = spi
        self._select = select

    def _order(self, command, size=0):
        self._select.value(0)
        try:
            self._spi.write(command)
            return self._spi.read(size) if size else b""
        finally:
            self._select.value(1)

    def read(self, at, size):
        """Return `size` bytes from `at`."""
        return self._order(bytes((_READ, at >> 8, at & 255)), size)

    def write(self, at, data):
        """Write `data` at `at`. Raises OSError when the chip is not there."""
        self._order(_WRITE_ENABLE)  # falls back by itself after each write
        status = self._order(_STATUS, 1)[0]
        if status == _NOBODY or not status & _WRITABLE:
            raise OSError(_EIO)
        self._order(bytes((_WRITE, at >> 8, at & 255)) + bytes(data))

    def flush(self):
        """There is nothing to wait for."""


class I2cFram:
    """One chip on I2C. Every call raises OSError when it does not answer."""

    def __init__(self, i2c, size):
        self.size = size
        self._i2c = i2c

    def read(self, at, size):
        """Return `size` bytes from `at`."""
        data = bytearray(size)
        self._i2c.readfrom_mem_into(_ADDRESS, at, data, addrsize=16)
        return bytes(data)

    def write(self, at, data):
        """Write `data` at `at`."""
        self._i2c.writeto_mem(_ADDRESS, at, data, addrsize=16)

    def flush(self):
        """There is nothing to wait for."""
