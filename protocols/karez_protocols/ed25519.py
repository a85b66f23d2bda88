"""Ed25519 (RFC 8032) for the controller: signatures in slices, strict verification.

Signing takes the same sequence of steps for every key and message of one length.
Verification is cofactorless, as OpenSSL's is, [S]B = R + [k]A with R compared as bytes, and
strict: S < L, one encoding per point, and A must have the order L. So keys of small or
mixed order are refused, and with them every signature on which cofactored and cofactorless
verifiers disagree; for a key any ordinary tool makes, the verdict is `cryptography`'s.
"""

from .ed25519_base import COMB
from .ed25519_comb import COMB_SIZE, L, comb_slices, decode_slices, encode_slices, multiply_slices
from .errors import Malformed, NotAllowed
from .sha512 import digest_slices

KEY_SIZE = 32  # of a seed and of a public key
SIGNATURE_SIZE = 64
SECRET_SIZE = 96
PINNED_SIZE = COMB_SIZE + KEY_SIZE

_NEUTRAL_BYTES = b"\x01" + bytes(31)


def _sized(name, data, size):
    if len(data) != size:
        raise Malformed("%s is %d bytes, not %d" % (name, len(data), size))


def secret_slices(seed):
    """Generator: returns the signing secret of a 32-byte seed, made once at boot.

    96 bytes: scalar, prefix, public key. The public key lies inside because a signature
    made with a secret and another key's public half would give the scalar away.
    Raises Malformed.
    """
    _sized("seed", seed, KEY_SIZE)
    digest = yield from digest_slices(seed)
    # RFC 8032, 5.1.5: the scalar is a multiple of 8 with bit 254 set.
    scalar = (int.from_bytes(digest[:32], "little") & ((1 << 254) - 8)) | 1 << 254
    point = yield from multiply_slices((scalar % L, COMB))
    public = yield from encode_slices(point)
    return scalar.to_bytes(32, "little") + digest[32:] + public


def sign_slices(secret, message):
    """Generator: returns the 64-byte signature of `message` by a secret of secret_slices.

    Raises Malformed.
    """
    _sized("secret", secret, SECRET_SIZE)
    public = secret[64:]
    digest = yield from digest_slices(secret[32:64] + message)
    nonce = int.from_bytes(digest, "little") % L
    point = yield from multiply_slices((nonce, COMB))
    commitment = yield from encode_slices(point)
    digest = yield from digest_slices(commitment + public + message)
    challenge = int.from_bytes(digest, "little") % L
    proof = (nonce + challenge * int.from_bytes(secret[:32], "little")) % L
    return commitment + proof.to_bytes(32, "little")


def pin_slices(public):
    """Generator: returns a public key checked and made ready for quick verification.

    PINNED_SIZE bytes, for verify_slices in the key's place: worth its heap for a key that
    is used again. Raises Malformed on a wrong length, NotAllowed on 32 bytes that are no
    key: not the encoding of a point, or a point whose order is not L.
    """
    _sized("public key", public, KEY_SIZE)
    point = yield from decode_slices(public)
    if point is None or public == _NEUTRAL_BYTES:
        raise NotAllowed("the public key is not a point of the curve")
    comb = yield from comb_slices(*point)
    # For 0 the comb's odd digits add up to exactly L: this is [L]A, the neutral point
    # only if A has no part of small order.
    x, y, z, _ = yield from multiply_slices((0, comb))
    if x or y != z:
        raise NotAllowed("the public key has a part of small order")
    return comb + bytes(public)


def verify_slices(key, message, signature):
    """Generator: returns True if `signature` of `message` is by `key`, else False.

    `key` is 32 bytes or, much quicker, what pin_slices made of them. Raises Malformed on
    a wrong length only.
    """
    _sized("signature", signature, SIGNATURE_SIZE)
    if len(key) != PINNED_SIZE:
        try:
            key = yield from pin_slices(key)
        except NotAllowed:
            return False
    commitment = bytes(signature[:32])
    proof = int.from_bytes(signature[32:], "little")
    # S + L would be a second signature of the same message; R neutral says nonce 0,
    # which no signer uses, and every other point of small order differs from [S]B - [k]A.
    if proof >= L or commitment == _NEUTRAL_BYTES:
        return False
    digest = yield from digest_slices(commitment + key[COMB_SIZE:] + message)
    challenge = int.from_bytes(digest, "little") % L
    point = yield from multiply_slices((proof, COMB), (L - challenge, key))
    return (yield from encode_slices(point)) == commitment
