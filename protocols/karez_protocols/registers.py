"""Bytes of a meter to exact numbers, and exact numbers to scaled integers, without a float anywhere.

A *code* says in one byte how the bytes of a value read: form | (bytes - 1) << 3 | order << 6.
Word orders, as maps name them (A = most significant byte):

    ABCD  as sent             CDAB  low word first (a u64: all four words in reverse order)
    BADC  bytes swapped       DCBA  all bytes in reverse order

A *scale* is the decimal exponent to the integer unit: 230.2 V with scale 1 is 2302 dV.
Rounding is half away from zero, once, on the exact value. The rule is monotone: a total
that rises never falls by rounding.

Unknown is None, never a zero: NaN and infinity, a decimal digit above 9, and what needs
more than 63 bits, which is a word-order mistake and no measurement.
"""

from .constant import const

# Forms: 0 unsigned, 1 two's complement, 2 IEEE 754 binary32, 3 sign-magnitude, 4 packed
# decimal, 5 packed decimal with a sign in its top bit. The odd ones carry a sign.
# Orders: bit 0 words in reverse order, bit 1 bytes swapped inside each word.
_SIGNED = const(1)
_FLOAT = const(2)
_DECIMAL = const(4)

# Of each field: request, byte inside its reply, code, scale, mask, lowest, highest.
ROW = "<BBBbHqq"
VALUE_MAX = (1 << 63) - 1  # the ledger's widest integer; no meter total comes near


def unsigned(code, data):
    """Return the bytes of a value as an unsigned integer, put in order."""
    order = code >> 6
    if not order:
        return int.from_bytes(data, "big")
    size = len(data)
    result = bytearray(size)
    for at in range(size):
        # MicroPython knows no slices with a step.
        word = size - 2 - (at & ~1) if order & 1 else at & ~1
        result[word + (at & 1 ^ order >> 1)] = data[at]
    return int.from_bytes(result, "big")


def f32_parts(bits):
    """Return (signed mantissa, power of two) of IEEE 754 binary32 bits, None for NaN or infinity."""
    power = bits >> 23 & 0xFF
    mantissa = bits & 0x7FFFFF
    if power == 0xFF:
        return None
    if power:
        mantissa |= 0x800000
    else:
        power = 1  # subnormal: no hidden bit
    return -mantissa if bits >> 31 else mantissa, power - 150


def _decimal(bits):
    """Return packed decimal digits as an integer, None if one is above 9 (FF: not supported)."""
    value = 0
    unit = 1
    while bits:
        digit = bits & 15
        if digit > 9:
            return None
        value += digit * unit
        unit *= 10
        bits >>= 4
    return value


def number(code, data):
    """Return (integer, power of two), exactly what the bytes stand for; None if that is no number."""
    bits = unsigned(code, data)
    form = code & 7
    if form == _FLOAT:
        return f32_parts(bits)
    top = 1 << (8 * len(data) - 1)
    is_negative = form & 1 and bits & top
    if is_negative:
        bits -= top
    if form >= _DECIMAL:
        bits = _decimal(bits)
        if bits is None:
            return None
    if is_negative:
        bits = bits - top if form == _SIGNED else -bits
    return bits, 0


def joined(whole, fraction, digits):
    """Return (integer, power of two) of a total in two parts, counted in 10^-digits of the whole.

    `whole` is an integer; `fraction` as `number` gives it, in 10^-digits. None if a part is
    unknown or the fraction is outside -1..1: the parts are then of different moments or of
    another word order.
    """
    if whole is None or fraction is None:
        return None
    part, power = fraction
    if power > 0:
        return None
    one = 10**digits << -power
    return None if abs(part) > one else (whole * one + part, power)


def scaled(value, scale, power=0):
    """Return value x 10^scale x 2^power as an integer, rounded once; None beyond 63 bits."""
    if not value:
        return 0  # a still pump reads many zeros: no large numbers for them
    above = 10**scale if scale > 0 else 1
    below = 10**-scale if scale < 0 else 1
    if power > 0:
        above <<= power
    else:
        below <<= -power
    rounded = (2 * abs(value) * above + below) // (2 * below)
    if rounded > VALUE_MAX:
        return None
    return -rounded if value < 0 else rounded
