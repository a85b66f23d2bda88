"""Register bytes to scaled integers, without a float anywhere.

Word orders of a 32-bit value, as maps name them (A = most significant byte):

    ABCD  as sent             CDAB  low word first
    BADC  bytes swapped       DCBA  both

A *scale* is the decimal exponent to the integer unit: 230.2 V with scale 1 is 2302 dV.
Rounding is half away from zero, exactly, on the value the bits stand for. The rule is
monotone: a total that rises never falls by rounding.

Unknown is None, never a zero: NaN and infinity are None, and so is a value of more than
63 bits, which is a word-order mistake and no measurement.
"""

from .errors import NotAllowed

# Kinds of value and how many registers each takes. The index is the compact code.
KINDS = "u16 s16 u32 s32 f32".split()  # literals would stay as names in MicroPython
_U16, _S16, _U32, _S32, _F32 = range(5)
# Bit 0: words in reverse order; bit 1: bytes swapped inside each word.
ORDERS = "ABCD CDAB BADC DCBA".split()  # literals would stay as names in MicroPython

VALUE_MAX = (1 << 63) - 1  # the ledger's widest integer; no meter total comes near


def words_of(kind):
    """Return the registers that a kind (index into KINDS) takes."""
    return 1 if kind < _U32 else 2


def ordered(data, order):
    """Return register bytes with the most significant first; `order` is an index into ORDERS."""
    if not order:
        return bytes(data)
    size = len(data)
    result = bytearray(size)
    for at in range(size):
        # MicroPython knows no slices with a step.
        word = size - 2 - (at & ~1) if order & 1 else at & ~1
        result[word + (at & 1 ^ order >> 1)] = data[at]
    return bytes(result)


def _bounded(value):
    return value if -VALUE_MAX <= value <= VALUE_MAX else None


def _ratio(numerator, denominator):
    """Return numerator / denominator rounded half away from zero; denominator > 0."""
    rounded = (2 * abs(numerator) + denominator) // (2 * denominator)
    return -rounded if numerator < 0 else rounded


def scaled(value, scale):
    """Return integer x 10^scale, rounded; None stays None."""
    if value is None:
        return None
    if scale >= 0:
        return _bounded(value * 10**scale)
    return _bounded(_ratio(value, 10**-scale))


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


def f32_scaled(bits, scale):
    """Return the float32 of these bits x 10^scale as an integer; None if it is not finite."""
    parts = f32_parts(bits)
    if parts is None:
        return None
    mantissa, power = parts
    if not mantissa:
        return 0  # a still pump reads many zeros: no large numbers for them
    above = 10**scale if scale > 0 else 1
    below = 10**-scale if scale < 0 else 1
    if power > 0:
        above <<= power
    else:
        below <<= -power
    return _bounded(_ratio(mantissa * above, below))


def split_total(whole, fraction_bits, scale):
    """Return (whole + float32 fraction) x 10^scale as an integer, rounded once.

    None if a part is unknown or the fraction is outside -1..1: the parts are then of
    different moments or of a different word order.
    """
    parts = f32_parts(fraction_bits)
    if whole is None or parts is None:
        return None
    mantissa, power = parts
    # |fraction| <= 1 means mantissa <= 2^-power, so power is negative.
    if power >= 0 or abs(mantissa) > 1 << -power:
        return None
    numerator = (whole << -power) + mantissa
    below = 1 << -power
    if scale < 0:
        return _bounded(_ratio(numerator, below * 10**-scale))
    return _bounded(_ratio(numerator * 10**scale, below))


def unsigned(data, order):
    """Return register bytes as an unsigned integer."""
    return int.from_bytes(ordered(data, order), "big")


def decode(kind, order, data, scale):
    """Return one value as a scaled integer, or None for unknown.

    `kind` and `order` are indexes into KINDS and ORDERS, `data` the value's register bytes.
    Raises NotAllowed if the number of bytes is not that of the kind.
    """
    if len(data) != 2 * words_of(kind):
        raise NotAllowed("%s takes %d registers, not %d bytes" % (KINDS[kind], words_of(kind), len(data)))
    bits = unsigned(data, order)
    if kind == _F32:
        return f32_scaled(bits, scale)
    if kind in (_S16, _S32) and bits >> (8 * len(data) - 1):
        bits -= 1 << (8 * len(data))
    return scaled(bits, scale)
