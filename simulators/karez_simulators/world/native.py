"""Ed25519 for simulated controllers: the calls of karez_protocols.ed25519, computed by `cryptography`.

RFC 8032 signatures are deterministic, so the bytes are those that the box itself would make; it takes
twenty thousand times as long over them. The comb of a pinned key is left out: nothing here multiplies.
"""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from karez_protocols import ed25519, ed25519_keys

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

_KEY_BYTES = 32
_keys: dict[bytes, Ed25519PrivateKey] = {}  # public half -> the key: a secret does not hold its seed


def secret_slices(seed: bytes) -> Generator[None, None, bytes]:
    """As ed25519_keys.secret_slices: scalar, prefix, public half."""
    yield
    key = Ed25519PrivateKey.from_private_bytes(seed)
    public = key.public_key().public_bytes_raw()
    _keys[public] = key
    digest = hashlib.sha512(seed).digest()
    scalar = int.from_bytes(digest[:32], "little") & ((1 << 254) - 8) | 1 << 254
    return scalar.to_bytes(32, "little") + digest[32:] + public


def pin_slices(public: bytes) -> Generator[None, None, bytes]:
    """As ed25519_keys.pin_slices, in length; the place of the comb is empty."""
    yield
    return bytes(ed25519.PINNED_SIZE - _KEY_BYTES) + bytes(public)


def sign_slices(secret: bytes, message: bytes) -> Generator[None, None, bytes]:
    """As ed25519.sign_slices."""
    yield
    return _keys[bytes(secret[64:])].sign(bytes(message))


def verify_slices(key: bytes, message: bytes, signature: bytes) -> Generator[None, None, bool]:
    """As ed25519.verify_slices; `key` pinned or not."""
    yield
    try:
        Ed25519PublicKey.from_public_bytes(bytes(key[-_KEY_BYTES:])).verify(bytes(signature), bytes(message))
    except InvalidSignature:
        return False
    return True


_PLACES = (
    (ed25519, "sign_slices", sign_slices),
    (ed25519, "verify_slices", verify_slices),
    (ed25519_keys, "secret_slices", secret_slices),
    (ed25519_keys, "pin_slices", pin_slices),
)


@contextmanager
def signer() -> Iterator[None]:
    """Let the firmware of this process sign and verify by it."""
    kept = [getattr(module, name) for module, name, _ in _PLACES]
    for module, name, function in _PLACES:
        setattr(module, name, function)
    try:
        yield
    finally:
        for (module, name, _), function in zip(_PLACES, kept, strict=True):
            setattr(module, name, function)
