"""P-256 for provisioning: the public point and the private key file of the link certificate.

MicroPython's `ssl` takes P-256 keys and refuses Ed25519 ones, and has nothing to make a
key with. Used once in a controller's life, so the shortest code that is safe: one complete
addition formula, always two additions per bit of the secret, in slices.
"""

from .errors import Malformed, NotAllowed

SECRET_SIZE = 32
POINT_SIZE = 65

# SEC 2, 2.4.2 (secp256r1), = FIPS 186-4, D.1.2.3
_P = (1 << 256) - (1 << 224) + (1 << 192) + (1 << 96) - 1
_N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
_BASE = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
    1,
)


def _add(first, second):
    # Renes, Costello, Batina, "Complete addition formulas for prime order elliptic curves"
    # (2016), theorem 1 with a = -3: no pair of points is an exception, so none needs a branch.
    x1, y1, z1 = first
    x2, y2, z2 = second
    xx = x1 * x2 % _P
    yy = y1 * y2 % _P
    zz = z1 * z2 % _P
    xy = ((x1 + y1) * (x2 + y2) - xx - yy) % _P  # x1 y2 + x2 y1
    yz = ((y1 + z1) * (y2 + z2) - yy - zz) % _P
    xz = ((x1 + z1) * (x2 + z2) - xx - zz) % _P
    m = 3 * (xz - _B * zz) % _P
    low = (yy + m) % _P
    high = (yy - m) % _P
    n = 3 * (_B * xz - xx - 3 * zz) % _P
    w = 3 * (xx - zz) % _P
    return (xy * low - yz * n) % _P, (high * low + w * n) % _P, (yz * high + xy * w) % _P


def _inverse_slices(z):
    # z^(P - 2); the exponent is public, so skipping its zero bits tells nothing.
    result = 1
    for bit in range(255, -1, -1):
        result = result * result % _P
        if (_P - 2) >> bit & 1:
            result = result * z % _P
        if bit % 8 == 0:
            yield
    return result


def public_point_slices(secret):
    """Generator: returns the public point, 65 bytes 04 || x || y, of a 32-byte secret.

    Raises Malformed on a wrong length, NotAllowed unless 0 < secret < group order
    (SEC 1, 3.2.1): draw another.
    """
    if len(secret) != SECRET_SIZE:
        raise Malformed("secret is %d bytes, not %d" % (len(secret), SECRET_SIZE))
    scalar = int.from_bytes(secret, "big")
    if not 0 < scalar < _N:
        raise NotAllowed("the secret is outside 1..n-1")
    # Montgomery's ladder: the two points differ by the base point at every step.
    points = [(0, 1, 0), _BASE]
    for position in range(255, -1, -1):
        bit = scalar >> position & 1
        total = _add(points[0], points[1])
        yield
        points[bit] = _add(points[bit], points[bit])
        points[1 - bit] = total
        yield
    x, y, z = points[0]
    inverse = yield from _inverse_slices(z)
    return b"\x04" + (x * inverse % _P).to_bytes(32, "big") + (y * inverse % _P).to_bytes(32, "big")


def private_key_der(secret, point):
    """Return the ECPrivateKey (RFC 5915, DER, 121 bytes) of a secret and its public point.

    OpenSSL and MicroPython's `ssl` load it. Raises Malformed on a wrong length or a point
    that is not uncompressed.
    """
    if len(secret) != SECRET_SIZE or len(point) != POINT_SIZE or point[0] != 4:
        raise Malformed("a secret of %d and a point of %d bytes" % (len(secret), len(point)))
    return (
        b"\x30\x77\x02\x01\x01\x04\x20"  # SEQUENCE of 119 bytes, INTEGER 1, OCTET STRING of 32
        + secret
        + b"\xa0\x0a\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07"  # [0] prime256v1
        + b"\xa1\x44\x03\x42\x00"  # [1] BIT STRING of 65 bytes, no unused bits
        + point
    )
