"""A technician's own key: made here, kept encrypted, its public half for the regulator's list."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from .errors import WrongUse

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

PASSPHRASE_MIN = 8  # characters
_FILE_BYTES_MAX = 10_000


def make(path: Path, passphrase: str) -> bytes:
    """Write a new key to a file that must not exist, readable by its owner; return the public half.

    Raises WrongUse.
    """
    key = Ed25519PrivateKey.generate()
    keep(path, key, passphrase)
    return key.public_key().public_bytes_raw()


def keep(path: Path, key: PrivateKeyTypes, passphrase: str) -> None:
    """Write a private key, encrypted, to a file that must not exist. Raises WrongUse."""
    if len(passphrase) < PASSPHRASE_MIN:
        raise WrongUse("passphrase-short", least=PASSPHRASE_MIN)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(passphrase.encode()),
    )
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(pem)
    except FileExistsError:
        raise WrongUse("file-exists", file=path) from None
    except OSError as error:
        raise WrongUse("file-unwritable", file=path, why=error.strerror) from None


def is_encrypted(path: Path) -> bool:
    """True if a key file asks for a passphrase. Raises WrongUse when it cannot be read."""
    return b"ENCRYPTED" in _read(path)


def load(path: Path, passphrase: str | None) -> Ed25519PrivateKey:
    """Return the key of a file. Raises WrongUse."""
    key = private(path, passphrase)
    if not isinstance(key, Ed25519PrivateKey):
        raise WrongUse("key-other", file=path)
    return key


def private(path: Path, passphrase: str | None) -> PrivateKeyTypes:
    """Return the private key of a file, of whatever sort. Raises WrongUse."""
    pem = _read(path)
    try:
        return serialization.load_pem_private_key(pem, passphrase.encode() if passphrase else None)
    except TypeError:  # encrypted and no passphrase, or the other way round
        raise WrongUse("passphrase-wrong", file=path) from None
    except (ValueError, UnsupportedAlgorithm):
        # Half a file is no matter of a passphrase.
        is_whole = b"ENCRYPTED PRIVATE KEY" in pem and b"-----END" in pem
        name = "passphrase-wrong" if is_whole and passphrase else "key-unreadable"
        raise WrongUse(name, file=path) from None


def public(given: str) -> bytes:
    """Return the public key that is given in 64 hexadecimal digits, or by a file of them or of PEM.

    Raises WrongUse.
    """
    if re.fullmatch("[0-9a-fA-F]{64}", given):
        return bytes.fromhex(given)
    data = _read(Path(given)).strip()
    if b"PRIVATE KEY" in data:
        raise WrongUse("key-private", file=given)
    if re.fullmatch(b"[0-9a-fA-F]{64}", data):
        return bytes.fromhex(data.decode())
    try:
        key = serialization.load_pem_public_key(data)
    except (ValueError, UnsupportedAlgorithm):
        raise WrongUse("key-public", file=given) from None
    if not isinstance(key, Ed25519PublicKey):
        raise WrongUse("key-other", file=given)
    return key.public_bytes_raw()


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_FILE_BYTES_MAX)
    except OSError as error:
        raise WrongUse("file-unreadable", file=path, why=error.strerror) from None
