"""Points of edwards25519 and their multiples by a signed comb.

A comb of a point A is a table of 16 sums  2^208 A +- 2^156 A +- 2^104 A +- 2^52 A +- A.
A scalar is written with 260 digits that are all +1 or -1, five rows of 52; each of the 52
columns costs one doubling and one addition, whatever the scalar: no step is skipped for a
secret bit and no branch depends on one. CPython's and MicroPython's integers are not
constant-time themselves; the sequence of operations is.

Formulas: Hisil, Wong, Carter, Dawson, "Twisted Edwards Curves Revisited" (2008), 3.1 and
3.3 with a = -1; complete on this curve, so the neutral point needs no case of its own.
A point is (x, y, z, t) with x/z, y/z its coordinates and t = xy/z.
"""

from .field25519 import P, inverse_slices

# RFC 8032, 5.1: the order of the base point.
L = (1 << 252) + 27742317777372353535851937790883648493

# 16 entries, for the signs of four rows: the top row's is the sign of the whole sum. An entry
# is y + x, y - x, 2dxy of an affine point, 32 bytes each, little-endian.
ENTRY_SIZE = 96
COMB_SIZE = 16 * ENTRY_SIZE
COLUMNS = 52
NEUTRAL = (0, 1, 1, 0)

# A product is folded once, 2^256 = 38 (mod P), and stays below 2^262; that is a third
# faster than `% P`, which only the last four products of each formula need.
_LOW = (1 << 256) - 1
_LIFT = P << 7  # > 2^261.9, keeps differences of folded values from going negative


def double(point):
    """Return twice a point."""
    x, y, z, _ = point
    a = x * x
    a = (a & _LOW) + 38 * (a >> 256)
    b = y * y
    b = (b & _LOW) + 38 * (b >> 256)
    c = x + y
    c *= c
    c = (c & _LOW) + 38 * (c >> 256)
    h = a + b
    e = h + _LIFT - c
    g = a + _LIFT - b
    c = z * z
    f = ((c & _LOW) + 38 * (c >> 256)) * 2 + g
    return e * f % P, g * h % P, f * g % P, e * h % P


def add(point, plus, minus, t2d, z2):
    """Return the sum with a second point, given by its y + x, y - x, 2dt and 2z."""
    x, y, z, t = point
    a = (y + P - x) * minus
    a = (a & _LOW) + 38 * (a >> 256)
    b = (y + x) * plus
    b = (b & _LOW) + 38 * (b >> 256)
    c = t * t2d
    c = (c & _LOW) + 38 * (c >> 256)
    d = z * z2
    d = (d & _LOW) + 38 * (d >> 256)
    e = b + _LIFT - a
    f = d + _LIFT - c
    g = d + c
    h = b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def _signed_digits(scalar):
    # Bit i of the result says digit i is +1, else -1: sum of digits * 2^i = 2r - (2^260 - 1),
    # which is odd; an even scalar becomes scalar + L, the same multiple of a point of order L.
    r = scalar + (1 << 5 * COLUMNS) - 1
    return r + L * (r & 1) >> 1


def _add_column(point, comb, digits, column):
    digits >>= column
    sign = 1 - (digits >> 4 * COLUMNS & 1)
    index = digits & 1 | digits >> 51 & 2 | digits >> 102 & 4 | digits >> 153 & 8
    at = (index ^ 15 * sign) * ENTRY_SIZE
    # The negative of a point swaps y + x with y - x and negates t.
    plus = int.from_bytes(comb[at + 32 * sign : at + 32 * sign + 32], "little")
    minus = int.from_bytes(comb[at + 32 - 32 * sign : at + 64 - 32 * sign], "little")
    t2d = int.from_bytes(comb[at + 64 : at + 96], "little")
    return add(point, plus, minus, (t2d, P - t2d)[sign], 2)


def multiply_slices(*pairs):
    """Generator: returns the sum of scalar * point over pairs (scalar, comb of the point).

    Scalars are 0..L, points of order L. One column of one pair is a slice.
    """
    parts = [(_signed_digits(scalar), comb) for scalar, comb in pairs]
    point = NEUTRAL
    for column in range(COLUMNS - 1, -1, -1):
        point = double(point)
        for digits, comb in parts:
            point = _add_column(point, comb, digits, column)
            yield
    return point


def encode_slices(point):
    """Generator: returns the 32 bytes of a point (RFC 8032, 5.1.2)."""
    x, y, z, _ = point
    inverse = yield from inverse_slices(z)
    return (y * inverse % P | (x * inverse % P & 1) << 255).to_bytes(32, "little")
