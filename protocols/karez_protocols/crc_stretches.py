"""The Modbus CRC of any stretch of a capture in constant time, however many are asked about.

A CRC register is linear in its start and in the bytes. Let P(i) be the register after the
first i bytes, begun at 0, and Z(k) the step over k bytes of 00. Then the register over
bytes i to j, begun at FFFF, is P(j) xor Z(j - i) of (P(i) xor FFFF). It ends at 0 iff the
last two bytes are the right CRC: a stretch is sealed iff P(j) = Z(j - i)(P(i) xor FFFF).
Without this, junk made of headers that promise 256 bytes each would cost 256 steps a byte.
"""

from .crc import crc16_modbus

LENGTH_MAX = 511  # of a stretch: nine doublings; a frame has at most 256 bytes


def _doubled(rows):
    """Return what a step becomes when it is done twice."""
    low, high = rows
    return [[low[value & 0xFF] ^ high[value >> 8] for value in row] for row in rows]


def _steps():
    """Return the steps over 1, 2, 4 ... 256 zero bytes, each by low byte and high byte of a register."""
    # From FFFF, one byte B leaves T(FF xor B) xor 00FF, T being the table of the CRC.
    table = [crc16_modbus(bytes((0xFF ^ value,))) ^ 0xFF for value in range(256)]
    steps = [[table, list(range(256))]]
    while 1 << len(steps) <= LENGTH_MAX:
        steps.append(_doubled(steps[-1]))
    return steps


_STEPS = _steps()


class Stretches:
    """The stretches of one capture. Memory: two bytes per byte."""

    def __init__(self, data):
        table = _STEPS[0][0]
        self._low = low = bytearray(len(data) + 1)
        self._high = high = bytearray(len(data) + 1)
        register = 0
        for at, byte in enumerate(data):
            register = register >> 8 ^ table[(register ^ byte) & 0xFF]
            low[at + 1] = register & 0xFF
            high[at + 1] = register >> 8

    def is_sealed(self, start, end):
        """True if the last two of the bytes from `start` up to `end` are the CRC of those before.

        There are at least 2 and at most LENGTH_MAX of them.
        """
        low = self._low[start] ^ 0xFF
        high = self._high[start] ^ 0xFF
        length = end - start
        at = 0
        while length:
            if length & 1:
                step = _STEPS[at]
                register = step[0][low] ^ step[1][high]
                low = register & 0xFF
                high = register >> 8
            length >>= 1
            at += 1
        return low == self._low[end] and high == self._high[end]
