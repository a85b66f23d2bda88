"""SHA-512: the published examples, its constants from their definition, every padding length."""

from binascii import unhexlify

from karez_protocols import sha512
from karez_protocols.slices import finish

EXAMPLES = (
    # FIPS 180-2, C.1 and C.2, and the empty message of NIST's CAVP short-message file.
    (
        b"abc",
        (
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
            "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"
        ),
    ),
    (
        (
            b"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn"
            b"hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu"
        ),
        (
            "8e959b75dae313da8cf4f72814fc143f8f7779c6eb9f7fa17299aeadb6889018"
            "501d289e4900f7e4331b99dec4b5433ac7d329eeb6dd26545e96e55b874be909"
        ),
    ),
    (
        b"",
        (
            "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce"
            "47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e"
        ),
    ),
)
# Sum of (n + 1) * digest of the bytes 0..n-1, n = 0..256, mod 2^512; by OpenSSL's SHA-512.
ALL_LENGTHS = (
    "e343bc8d23329bcb99f9bd1cbf0689916480a77d5ec376e168f9ec8d193d7e7c"
    "803c63dc16ac4958d6aef907bd2265a64b9c8e8eb302670c19de8d75c7f4827c"
)


def pure(data):
    """The digest by our own arithmetic, on either interpreter."""
    return finish(sha512.pure_digest_slices(data))


def test_published_examples():
    for message, digest in EXAMPLES:
        assert pure(message) == unhexlify(digest)
        assert finish(sha512.digest_slices(message)) == unhexlify(digest)


def test_every_length_around_the_block_is_padded_right():
    message = bytes(range(256))
    total = 0
    for size in range(257):
        total += (size + 1) * int.from_bytes(pure(message[:size]), "big")
    assert (total & ((1 << 512) - 1)).to_bytes(64, "big") == unhexlify(ALL_LENGTHS)


def test_a_bytearray_hashes_like_its_bytes():
    assert pure(bytearray(b"abc")) == pure(b"abc")


def test_the_constants_are_the_roots_of_the_primes():
    primes = []
    candidate = 2
    while len(primes) < 80:
        if all(candidate % prime for prime in primes):
            primes.append(candidate)
        candidate += 1
    for index, prime in enumerate(primes):
        assert fraction(prime, 3) == sha512._K[8 * index : 8 * index + 8], prime
    for index, prime in enumerate(primes[:8]):
        assert fraction(prime, 2) == sha512._START[8 * index : 8 * index + 8], prime
    assert len(sha512._K) == 640 and len(sha512._START) == 64


def fraction(prime, degree):
    """First 64 bits after the point of a root, as FIPS 180-4 defines the constants."""
    low, high = 0, 1 << 70
    while low < high:
        middle = (low + high + 1) >> 1
        if middle**degree <= prime << (64 * degree):
            low = middle
        else:
            high = middle - 1
    return (low & ((1 << 64) - 1)).to_bytes(8, "big")


def test_a_block_is_cut_into_twenty_slices():
    for size, blocks in ((0, 1), (111, 1), (112, 2), (239, 2), (240, 3)):
        assert len(list(sha512.pure_digest_slices(bytes(size)))) == 20 * blocks, size


def test_two_digests_may_be_worked_at_in_turn():
    first = sha512.pure_digest_slices(b"abc")
    second = sha512.pure_digest_slices(b"")
    for _ in range(13):
        next(first)
        next(second)
    assert finish(second) == unhexlify(EXAMPLES[2][1])
    assert finish(first) == unhexlify(EXAMPLES[0][1])
