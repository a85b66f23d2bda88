"""An office's keys: made and kept as a technician's are (technician/keys.py), told in the office's words."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from karez_gateway.technician import keys, passphrase
from karez_gateway.technician.errors import WrongUse

from .errors import Trouble

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from .speech import Speech


@contextmanager
def _in_our_words() -> Iterator[None]:
    try:
        yield
    except WrongUse as error:
        raise Trouble(error.name, **error.values) from None


def make(file: Path, speech: Speech) -> bytes:
    """Make a key, encrypted, in a file that must not exist; return its public half. Raises Trouble."""
    with _in_our_words():
        return keys.make(file, passphrase.new(speech))  # type: ignore[arg-type] # it asks for texts only


def load(file: Path, speech: Speech) -> Ed25519PrivateKey:
    """Return the private key of a file, asking for its passphrase. Raises Trouble."""
    with _in_our_words():
        given = passphrase.of(file, speech) if keys.is_encrypted(file) else None  # type: ignore[arg-type]
        return keys.load(file, given)


def public(given: str) -> bytes:
    """Return a public key of 64 hexadecimal digits, or of a file. Raises Trouble."""
    with _in_our_words():
        return keys.public(given)
