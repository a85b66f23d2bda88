"""Packed decimal (BCD), two digits a byte, low byte first, as SZY 206, DL/T 645 and CJ/T 188 send it.

What a byte full of AAH or FFH means is the standard's business: here it is not a number.
"""

from .errors import Malformed, NotAllowed


def decode(data: bytes) -> int:
    """Unsigned integer of packed decimal bytes. Raises Malformed on a digit above 9."""
    value = 0
    for at in range(len(data) - 1, -1, -1):
        high = data[at] >> 4
        low = data[at] & 0x0F
        if high > 9 or low > 9:
            raise Malformed("byte %02X is not two decimal digits" % data[at])
        value = value * 100 + high * 10 + low
    return value


def encode(value: int, size: int) -> bytes:
    """`value` as `size` packed decimal bytes. Raises NotAllowed when it does not fit."""
    if not 0 <= value < 10 ** (2 * size):
        raise NotAllowed("%d does not fit in %d decimal digits" % (value, 2 * size))
    out = bytearray(size)
    for at in range(size):
        pair = value % 100
        out[at] = pair // 10 << 4 | pair % 10
        value //= 100
    return bytes(out)
