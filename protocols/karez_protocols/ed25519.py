"""Ed25519 (RFC 8032) for the controller: signatures in slices, strict verification.

Signing takes the same sequence of steps for every key and message of one length.
Verification is cofactorless, as OpenSSL's is, [S]B = R + [k]A with R compared as bytes, and
strict: S < L, one encoding per point, and A must have the order L. So keys of small or
mixed order are refused, and with them every signature on which cofactored and cofactorless
verifiers disagree; for a key any ordinary tool makes, the verdict is `cryptography`'s.
"""

from .ed25519_base import COMB
from .ed25519_comb import COMB_SIZE, L, encode_slices, multiply_slices
from .ed25519_encoding import KEY_SIZE, NEUTRAL_BYTES, sized
from .errors import NotAllowed
from .sha512 import digest_slices

SIGNATURE_SIZE = 64
SECRET_SIZE = 96
PINNED_SIZE = COMB_SIZE + KEY_SIZE


def sign_slices(secret, message):
    """Generator: returns the 64-byte signature of `message` by a secret of secret_slices.

    Raises Malformed.
    """
    sized("secret", secret, SECRET_SIZE)
    public = secret[64:]
    digest = yield from digest_slices(message, secret[32:64])
    nonce = int.from_bytes(digest, "little") % L
    # The point itself is let go at once: it would be 600 bytes more beside the second hash.
    commitment = yield from encode_slices((yield from multiply_slices((nonce, COMB))))
    digest = yield from digest_slices(message, commitment + public)
    challenge = int.from_bytes(digest, "little") % L
    proof = (nonce + challenge * int.from_bytes(secret[:32], "little")) % L
    return commitment + proof.to_bytes(32, "little")


def verify_slices(key, message, signature):
    """Generator: returns True if `signature` of `message` is by `key`, else False.

    `key` is 32 bytes or, much quicker, what pin_slices made of them; `message` as of
    sha512.digest_slices. Raises Malformed on a wrong length only.
    """
    sized("signature", signature, SIGNATURE_SIZE)
    if len(key) != PINNED_SIZE:
        from .ed25519_keys import pin_slices  # 3 kB that a controller with a pinned key does not pay

        try:
            key = yield from pin_slices(key)
        except NotAllowed:
            return False
    commitment = bytes(signature[:32])
    proof = int.from_bytes(signature[32:], "little")
    # S + L would be a second signature of the same message; R neutral says nonce 0,
    # which no signer uses, and every other point of small order differs from [S]B - [k]A.
    if proof >= L or commitment == NEUTRAL_BYTES:
        return False
    digest = yield from digest_slices(message, commitment + key[COMB_SIZE:])
    challenge = int.from_bytes(digest, "little") % L
    point = yield from multiply_slices((proof, COMB), (L - challenge, key))
    return (yield from encode_slices(point)) == commitment
