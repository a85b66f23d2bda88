"""The CRC of any stretch of a capture, however long, in a dozen steps.

Junk made of headers that promise 4 kB each would else cost hundreds of steps a byte. The
algebra is that of crc_stretches.py; here stretches are as long as a frame of SL 651.
"""

from . import crc_stretches

LENGTH_MAX = (1 << 17) - 1  # bytes of a stretch; a frame in the wide reading has 65,552


class Stretches(crc_stretches.Stretches):
    """The stretches of one capture. Memory: two bytes per byte, and 17 tables."""

    def __init__(self, data):
        super().__init__(data)
        self._steps = list(crc_stretches._STEPS)
        while 1 << len(self._steps) <= LENGTH_MAX:
            self._steps.append(crc_stretches._doubled(self._steps[-1]))

    def crc(self, start: int, end: int) -> int:
        """The CRC over data[start:end], LENGTH_MAX bytes at most."""
        low = self._low[start] ^ 0xFF
        high = self._high[start] ^ 0xFF
        length = end - start
        at = 0
        while length:
            if length & 1:
                step = self._steps[at]
                register = step[0][low] ^ step[1][high]
                low = register & 0xFF
                high = register >> 8
            length >>= 1
            at += 1
        return (low ^ self._low[end]) | (high ^ self._high[end]) << 8
