"""Signed notes as a witness needs them: take one apart, check a log's signature, sign over it with a time.

Written from C2SP signed-note, tlog-checkpoint and tlog-cosignature; it shares no line with the gateway.
"""

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

LOG_KEY = 0x01  # Ed25519 over the text
WITNESS_KEY = 0x04  # Ed25519 over header, time and text
HASH_SIZE = 32
SIZE_MAX = (1 << 63) - 1
EMPTY_ROOT = hashlib.sha256().digest()

_SIZE = re.compile("0|[1-9][0-9]{0,18}")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")


class BadNote(ValueError):
    """What came is not a note, a checkpoint or a key."""


def plain_base64(text: str) -> bytes:
    """The bytes of standard base64, in its one canonical spelling."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise BadNote("not base64") from None
    if base64.b64encode(data).decode() != text:
        raise BadNote("base64 with two readings")
    return data


def key_id(name: str, kind: int, public: bytes) -> bytes:
    """The four bytes before a signature."""
    return hashlib.sha256(name.encode() + b"\n" + bytes([kind]) + public).digest()[:4]


def verifier_key(name: str, kind: int, public: bytes) -> str:
    """The text that other people's configurations carry."""
    material = base64.b64encode(bytes([kind]) + public).decode()
    return f"{name}+{key_id(name, kind, public).hex()}+{material}"


@dataclass(frozen=True)
class LogKey:
    """A log's public key; its name is the origin."""

    name: str
    public: bytes

    @classmethod
    def parse(cls, text: str) -> "LogKey":
        """Read a verifier key of type 01. Raises BadNote."""
        parts = text.strip().split("+", 2)
        if len(parts) != 3 or not parts[0]:
            raise BadNote("a verifier key reads name+hash+base64")
        material = plain_base64(parts[2])
        if len(material) != 1 + HASH_SIZE or material[0] != LOG_KEY:
            raise BadNote(f"{parts[0]}: not an Ed25519 key of a log")
        if key_id(parts[0], LOG_KEY, material[1:]).hex() != parts[1]:
            raise BadNote(f"{parts[0]}: the hash does not belong to the key")
        return cls(parts[0], material[1:])

    @property
    def id(self) -> bytes:
        """Its key id."""
        return key_id(self.name, LOG_KEY, self.public)

    def has_signed(self, text: bytes, signature: bytes) -> bool:
        """True if the signature holds over the text."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, text)
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True)
class SignedCheckpoint:
    """A note's text, what it says, and its signature lines as (name, key id, signature)."""

    text: bytes
    origin: str
    size: int
    root: bytes
    lines: tuple[tuple[str, bytes, bytes], ...]

    @classmethod
    def parse(cls, data: bytes) -> "SignedCheckpoint":
        """Take a note apart. Raises BadNote."""
        try:
            note = data.decode()
        except UnicodeDecodeError:
            raise BadNote("not UTF-8") from None
        text, blank, signatures = note.rpartition("\n\n")
        if not blank or not note.endswith("\n") or _CONTROL.search(note):
            raise BadNote("not a signed note")
        fields = text.split("\n")
        if len(fields) < 3 or not all(fields):
            raise BadNote("not a checkpoint")
        if not _SIZE.fullmatch(fields[1]) or int(fields[1]) > SIZE_MAX:
            raise BadNote("no tree size")
        root = plain_base64(fields[2])
        if len(root) != HASH_SIZE:
            raise BadNote("no root hash")
        lines = tuple(_line(one) for one in signatures[:-1].split("\n"))
        return cls(f"{text}\n".encode(), fields[0], int(fields[1]), root, lines)


def _line(text: str) -> tuple[str, bytes, bytes]:
    parts = text.split(" ")
    if len(parts) != 3 or parts[0] != "—" or not parts[1] or "+" in parts[1]:
        raise BadNote("not a signature line")
    raw = plain_base64(parts[2])
    if len(raw) < 5:
        raise BadNote("a signature without bytes")
    return parts[1], raw[:4], raw[4:]


class WitnessKey:
    """The witness's own name and private key."""

    def __init__(self, name: str, seed: bytes) -> None:
        """Take an Ed25519 seed of 32 bytes."""
        self.name = name
        self._private = Ed25519PrivateKey.from_private_bytes(seed)
        self.public = self._private.public_key().public_bytes_raw()

    def __str__(self) -> str:
        """Its verifier key, for gateway.toml and trust files."""
        return verifier_key(self.name, WITNESS_KEY, self.public)

    def cosign(self, text: bytes, time_s: int) -> bytes:
        """The signature line over a checkpoint's text, stamped."""
        message = b"cosignature/v1\ntime " + str(time_s).encode() + b"\n" + text
        raw = (
            key_id(self.name, WITNESS_KEY, self.public)
            + time_s.to_bytes(8, "big")
            + self._private.sign(message)
        )
        return f"— {self.name} {base64.b64encode(raw).decode()}\n".encode()
