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

from .field25519 import D, P, inverse_slices, ratio_root_slices

# RFC 8032, 5.1: the order of the base point.
L = (1 << 252) + 27742317777372353535851937790883648493

# 16 entries, for the signs of four rows: the top row's is the sign of the whole sum. An entry
# is y + x, y - x, 2dxy of an affine point, 32 bytes each, little-endian.
_ENTRY_SIZE = 96
COMB_SIZE = 16 * _ENTRY_SIZE
_COLUMNS = 52
_NEUTRAL = (0, 1, 1, 0)

# A product is folded once, 2^256 = 38 (mod P), and stays below 2^262; that is a third
# faster than `% P`, which only the last four products of each formula need.
_LOW = (1 << 256) - 1
_LIFT = P << 7  # > 2^261.9, keeps differences of folded values from going negative


def _double(point):
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


def _add(point, plus, minus, t2d, z2):
    # The second point by its y + x, y - x, 2dt and 2z.
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
    r = scalar + (1 << 5 * _COLUMNS) - 1
    return r + L * (r & 1) >> 1


def _add_column(point, comb, digits, column):
    digits >>= column
    sign = 1 - (digits >> 4 * _COLUMNS & 1)
    index = digits & 1 | digits >> 51 & 2 | digits >> 102 & 4 | digits >> 153 & 8
    at = (index ^ 15 * sign) * _ENTRY_SIZE
    # The negative of a point swaps y + x with y - x and negates t.
    plus = int.from_bytes(comb[at + 32 * sign : at + 32 * sign + 32], "little")
    minus = int.from_bytes(comb[at + 32 - 32 * sign : at + 64 - 32 * sign], "little")
    t2d = int.from_bytes(comb[at + 64 : at + 96], "little")
    return _add(point, plus, minus, (t2d, P - t2d)[sign], 2)


def multiply_slices(*pairs):
    """Generator: returns the sum of scalar * point over pairs (scalar, comb of the point).

    Scalars are 0..L, points of order L. One column of one pair is a slice.
    """
    parts = [(_signed_digits(scalar), comb) for scalar, comb in pairs]
    point = _NEUTRAL
    for column in range(_COLUMNS - 1, -1, -1):
        point = _double(point)
        for digits, comb in parts:
            point = _add_column(point, comb, digits, column)
            yield
    return point


def encode_slices(point):
    """Generator: returns the 32 bytes of a point (RFC 8032, 5.1.2)."""
    x, y, z, _ = point
    inverse = yield from inverse_slices(z)
    return (y * inverse % P | (x * inverse % P & 1) << 255).to_bytes(32, "little")


def decode_slices(data):
    """Generator: returns (x, y) of 32 bytes, or None: off the curve, or not the one encoding.

    RFC 8032, 5.1.3, with y >= P and a negative zero x refused.
    """
    y = int.from_bytes(data, "little")
    sign = y >> 255
    y &= (1 << 255) - 1
    if y >= P:
        return None
    x = yield from ratio_root_slices(y * y - 1, D * y * y + 1)
    if x is None or (x == 0 and sign):
        return None
    return (P - x if x & 1 != sign else x), y


def _cached(point):
    x, y, z, t = point
    return y + x, y + P - x, 2 * D * t % P, 2 * z


def _store(comb, index, *values):
    at = index * _ENTRY_SIZE
    for value in values:
        comb[at : at + 32] = (value % P).to_bytes(32, "little")
        at += 32


def _rows_slices(x, y):
    # Returns the first sum, all lower rows negative, and twice each of them to step on with.
    point = (x, y, 1, x * y % P)
    total = _NEUTRAL
    steps = []
    for _ in range(4):
        plus, minus, t2d, z2 = _cached(point)
        total = _add(total, minus, plus, P - t2d, z2)
        point = _double(point)
        steps.append(_cached(point))
        yield
        for column in range(1, _COLUMNS):
            point = _double(point)
            if column % 3 == 0:
                yield
    return _add(total, *_cached(point)), steps


def comb_slices(x, y):
    """Generator: returns the comb of the point (x, y), COMB_SIZE bytes."""
    total, steps = yield from _rows_slices(x, y)
    comb = bytearray(COMB_SIZE)
    products = []  # one inverse serves all sixteen (Montgomery): that of the product of all z
    product = 1
    for step in range(16):
        index = step ^ step >> 1  # a Gray code: one row changes its sign at a time
        if step:
            row = 0
            while not step >> row & 1:
                row += 1
            plus, minus, t2d, z2 = steps[row]
            if index >> row & 1:
                total = _add(total, plus, minus, t2d, z2)
            else:
                total = _add(total, minus, plus, P - t2d, z2)
        _store(comb, index, total[0], total[1], total[2])
        products.append(product)
        product = product * total[2] % P
        yield
    inverse = yield from inverse_slices(product)
    for step in range(15, -1, -1):
        index = step ^ step >> 1
        at = index * _ENTRY_SIZE
        x, y, z = [int.from_bytes(comb[at + i : at + i + 32], "little") for i in (0, 32, 64)]
        own = inverse * products[step] % P
        inverse = inverse * z % P
        x = x * own % P
        y = y * own % P
        _store(comb, index, y + x, y - x, 2 * D * x % P * y)
        yield
    return bytes(comb)
