"""P-256 for provisioning: published points, the range of a secret, the key file byte by byte."""

from binascii import unhexlify

from karez_protocols import errors, p256
from karez_protocols.slices import finish

ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
PRIME = 0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF
BASE = unhexlify(
    "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
    "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"
)
# RFC 6979, A.2.5: private key x and public key U = xG.
SECRET = unhexlify("c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721")
POINT = unhexlify(
    "0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
    "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299"
)


def secret_of(scalar):
    """A scalar as the 32 bytes of a secret."""
    return scalar.to_bytes(32, "big")


def point_of(scalar):
    """The public point of a scalar."""
    return finish(p256.public_point_slices(secret_of(scalar)))


def refused(kind, call, *args):
    """True if the call raises exactly the declared error."""
    try:
        call(*args)
    except kind:
        return True
    return False


def run(secret):
    """The public point of a secret, run through."""
    return finish(p256.public_point_slices(secret))


def test_the_published_key_has_the_published_point():
    assert run(SECRET) == POINT


def test_the_smallest_and_the_largest_secret_give_the_base_point_and_its_negative():
    assert point_of(1) == BASE
    negative = point_of(ORDER - 1)
    assert negative[:33] == BASE[:33]
    assert int.from_bytes(negative[33:], "big") == PRIME - int.from_bytes(BASE[33:], "big")


def test_every_point_lies_on_the_curve():
    for scalar in (2, 3, ORDER // 2, ORDER // 2 + 1, 1 << 255, (1 << 128) - 1):
        point = point_of(scalar)
        x, y = int.from_bytes(point[1:33], "big"), int.from_bytes(point[33:], "big")
        assert (y * y - x * x * x + 3 * x - p256._B) % PRIME == 0, scalar


def test_secrets_outside_the_range_are_not_allowed():
    for scalar in (0, ORDER, ORDER + 1, (1 << 256) - 1):
        assert refused(errors.NotAllowed, run, secret_of(scalar)), scalar


def test_other_lengths_are_malformed():
    for size in (0, 1, 31, 33, 64):
        assert refused(errors.Malformed, run, b"\x01" * size), size
        assert refused(errors.Malformed, p256.private_key_der, b"\x01" * size, POINT), size
    for point in (b"", POINT[:-1], POINT + b"\0", b"\x03" + POINT[1:], POINT[:33]):
        assert refused(errors.Malformed, p256.private_key_der, SECRET, point), point


def test_every_secret_takes_the_same_number_of_slices():
    counts = [len(list(p256.public_point_slices(secret_of(scalar)))) for scalar in (1, ORDER - 1, 1 << 200)]
    assert counts == [544] * 3  # 256 bits, two additions each, and 32 parts of the inverse


def test_the_private_key_file_has_the_shape_of_rfc_5915():
    der = p256.private_key_der(SECRET, POINT)
    assert len(der) == 121
    fields = elements(der[2:])
    assert der[:2] == b"\x30\x77"
    assert [tag for tag, _ in fields] == [0x02, 0x04, 0xA0, 0xA1]
    version, secret, curve, public = [value for _, value in fields]
    assert version == b"\x01" and secret == SECRET
    # 1.2.840.10045.3.1.7, prime256v1 (RFC 5480, 2.1.1.1)
    assert elements(curve) == [(0x06, unhexlify("2a8648ce3d030107"))]
    assert elements(public) == [(0x03, b"\0" + POINT)]


def elements(data):
    """[(tag, value)] of short-form DER."""
    found = []
    while data:
        size = data[1]
        assert size < 0x80 and len(data) >= 2 + size
        found.append((data[0], data[2 : 2 + size]))
        data = data[2 + size :]
    return found
