"""Ed25519 keys made ready: the signing secret of a seed, the comb of a public key.

Done once at boot, then given back to the heap; ed25519.py signs and verifies with what it
made. The rules of acceptance stand there.
"""

from .ed25519_base import COMB
from .ed25519_comb import (
    COLUMNS,
    COMB_SIZE,
    ENTRY_SIZE,
    NEUTRAL,
    L,
    add,
    double,
    encode_slices,
    multiply_slices,
)
from .ed25519_encoding import KEY_SIZE, NEUTRAL_BYTES, sized
from .errors import NotAllowed
from .field25519 import D, P, inverse_slices, ratio_root_slices
from .sha512 import digest_slices


def secret_slices(seed):
    """Generator: returns the signing secret of a 32-byte seed, made once at boot.

    96 bytes: scalar, prefix, public key. The public key lies inside because a signature
    made with a secret and another key's public half would give the scalar away.
    Raises Malformed.
    """
    sized("seed", seed, KEY_SIZE)
    digest = yield from digest_slices(seed)
    # RFC 8032, 5.1.5: the scalar is a multiple of 8 with bit 254 set.
    scalar = (int.from_bytes(digest[:32], "little") & ((1 << 254) - 8)) | 1 << 254
    point = yield from multiply_slices((scalar % L, COMB))
    public = yield from encode_slices(point)
    return scalar.to_bytes(32, "little") + digest[32:] + public


def pin_slices(public):
    """Generator: returns a public key checked and made ready for quick verification.

    PINNED_SIZE bytes, for verify_slices in the key's place: worth its heap for a key that
    is used again. Raises Malformed on a wrong length, NotAllowed on 32 bytes that are no
    key: not the encoding of a point, or a point whose order is not L.
    """
    sized("public key", public, KEY_SIZE)
    point = yield from decode_slices(public)
    if point is None or public == NEUTRAL_BYTES:
        raise NotAllowed("the public key is not a point of the curve")
    comb = yield from comb_slices(*point)
    # For 0 the comb's odd digits add up to exactly L: this is [L]A, the neutral point
    # only if A has no part of small order.
    x, y, z, _ = yield from multiply_slices((0, comb))
    if x or y != z:
        raise NotAllowed("the public key has a part of small order")
    return comb + bytes(public)


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
    at = index * ENTRY_SIZE
    for value in values:
        comb[at : at + 32] = (value % P).to_bytes(32, "little")
        at += 32


def _rows_slices(x, y):
    # Returns the first sum, all lower rows negative, and twice each of them to step on with.
    point = (x, y, 1, x * y % P)
    total = NEUTRAL
    steps = []
    for _ in range(4):
        plus, minus, t2d, z2 = _cached(point)
        total = add(total, minus, plus, P - t2d, z2)
        point = double(point)
        steps.append(_cached(point))
        yield
        for column in range(1, COLUMNS):
            point = double(point)
            if column % 3 == 0:
                yield
    return add(total, *_cached(point)), steps


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
                total = add(total, plus, minus, t2d, z2)
            else:
                total = add(total, minus, plus, P - t2d, z2)
        _store(comb, index, total[0], total[1], total[2])
        products.append(product)
        product = product * total[2] % P
        yield
    inverse = yield from inverse_slices(product)
    for step in range(15, -1, -1):
        index = step ^ step >> 1
        at = index * ENTRY_SIZE
        x, y, z = [int.from_bytes(comb[at + i : at + i + 32], "little") for i in (0, 32, 64)]
        own = inverse * products[step] % P
        inverse = inverse * z % P
        x = x * own % P
        y = y * own % P
        _store(comb, index, y + x, y - x, 2 * D * x % P * y)
        yield
    return bytes(comb)
