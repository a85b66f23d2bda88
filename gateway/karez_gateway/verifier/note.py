"""Signed notes and their keys: C2SP signed-note for Ed25519, and the witness's variant of tlog-cosignature.

A note is a text, an empty line, and signature lines `— name base64(key id ‖ signature)`. A key is known by
its name *and* its id together. Rules kept here, stricter than the text where it leaves room:

- Signatures of unknown keys are ignored but counted, so that who allows no loose byte can refuse them.
- Every signature of a known key is checked, and one bad one refuses the whole note.
- A known key signs once; a second line of it is refused. Repeated unknown lines are ignored too.
- base64 is canonical: what is decoded and encoded again must be the same text.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from karez_gateway.verifier.errors import BadSignature, Malformed, VerificationError

if TYPE_CHECKING:
    from collections.abc import Sequence

ED25519: Final = 0x01  # signature type bytes, signed-note "Signature types"
COSIGNATURE: Final = 0x04  # Ed25519 with a time stamp, a witness's: tlog-cosignature

SIGNATURES_MAX = 64  # the specification asks for at least 16
NOTE_BYTES_MAX = 512 * 1024  # 64 lines of the largest post-quantum signature ("nearly 5kB") and the text
NAME_CHARS_MAX = 255  # ours: a host name and a path

_KEY_ID_BYTES, _KEY_BYTES, _SIGNATURE_BYTES, _TIME_BYTES = 4, 32, 64, 8
_SIGNER_PREFIX = "PRIVATE+KEY+"
_KEY_ID = re.compile(r"[0-9a-f]{8}")
_NOT_IN_NAMES = frozenset(
    ["+", *map(chr, range(0x20)), *map(chr, range(0xD800, 0xE000))]
)  # surrogates are not UTF-8
_CONTROL = re.compile(rb"[\x00-\x09\x0b-\x1f]")


@dataclass(frozen=True)
class VerifierKey:
    """A public key by name: checks the notes of one log (ED25519) or one witness (COSIGNATURE)."""

    name: str
    public_key: bytes
    kind: int = ED25519

    def __post_init__(self) -> None:
        """Refuse what could never be written as a verifier key."""
        check_name(self.name)
        if self.kind not in (ED25519, COSIGNATURE):
            raise VerificationError(f"key {self.name}: signature type {self.kind:#04x} is not one we verify")
        if len(self.public_key) != _KEY_BYTES:
            raise Malformed(f"key {self.name}: an Ed25519 public key has {_KEY_BYTES} bytes")

    @classmethod
    def parse(cls, text: str) -> VerifierKey:
        """Read `name+hash+base64(type ‖ key)`; raises Malformed or VerificationError."""
        name, key_id, data = _split_key(text, "verifier key")
        key = cls(name, data[1:], data[0])
        if key.key_id.hex() != key_id:
            raise Malformed(
                f"verifier key {name}: the id {key_id} does not belong to the key, {key.key_id.hex()} does"
            )
        return key

    @property
    def key_id(self) -> bytes:
        """SHA-256(name ‖ 0x0A ‖ type ‖ key), its first four bytes."""
        return _key_id(self.name, bytes([self.kind]) + self.public_key)

    def __str__(self) -> str:
        """The verifier-key text that configuration files and other tools carry."""
        return f"{self.name}+{self.key_id.hex()}+{encode_base64(bytes([self.kind]) + self.public_key)}"

    def check(self, text: bytes, signature: bytes) -> int | None:
        """Seconds since 1970 that a witness stamped, None from a log; raises BadSignature."""
        time_s, message = None, text
        if self.kind == COSIGNATURE:
            time_s = int.from_bytes(signature[:_TIME_BYTES], "big")
            signature = signature[_TIME_BYTES:]
            message = b"cosignature/v1\ntime %d\n%s" % (time_s, text)
        try:
            Ed25519PublicKey.from_public_bytes(self.public_key).verify(signature, message)
        except InvalidSignature:
            raise BadSignature(
                f"the signature of {self.name} does not fit the text: one of them was changed"
            ) from None
        if time_s is not None and time_s >> 63:
            raise Malformed(f"the time stamp of {self.name} is beyond 2^63, which tlog-cosignature forbids")
        return time_s


@dataclass(frozen=True)
class Signature:
    """One signature line as it stands, known or not."""

    name: str
    key_id: bytes
    signature: bytes

    def line(self) -> bytes:
        """The line with its newline."""
        return f"— {self.name} {encode_base64(self.key_id + self.signature)}\n".encode()


class Signer:
    """A log's private key under its name. Never printed: only `export` gives the secret."""

    def __init__(self, name: str, seed: bytes) -> None:
        """Take the 32-byte Ed25519 seed (RFC 8032's private key)."""
        check_name(name)
        if len(seed) != _KEY_BYTES:
            raise Malformed(f"key {name}: an Ed25519 private key has {_KEY_BYTES} bytes")
        self._seed = seed
        self._private = Ed25519PrivateKey.from_private_bytes(seed)
        self.verifier_key = VerifierKey(name, self._private.public_key().public_bytes_raw())

    def __repr__(self) -> str:
        """The public half only."""
        return f"Signer({self.verifier_key})"

    @classmethod
    def generate(cls, name: str) -> Signer:
        """A new key from the system's random source."""
        return cls(name, Ed25519PrivateKey.generate().private_bytes_raw())

    @classmethod
    def parse(cls, text: str) -> Signer:
        """Read `PRIVATE+KEY+name+hash+base64(0x01 ‖ seed)`, as golang.org/x/mod/sumdb/note writes it."""
        if not text.startswith(_SIGNER_PREFIX):
            raise Malformed("a private log key begins with PRIVATE+KEY+")
        name, key_id, data = _split_key(text[len(_SIGNER_PREFIX) :], "private log key")
        if data[0] != ED25519:
            raise Malformed(f"private log key {name}: not an Ed25519 key")
        signer = cls(name, data[1:])
        if signer.verifier_key.key_id.hex() != key_id:
            raise Malformed(f"private log key {name}: the id {key_id} does not belong to this key")
        return signer

    def export(self) -> str:
        """The secret, in the form `parse` reads."""
        key = self.verifier_key
        return f"{_SIGNER_PREFIX}{key.name}+{key.key_id.hex()}+{encode_base64(bytes([ED25519]) + self._seed)}"

    def sign(self, text: bytes) -> Signature:
        """Sign a note's text (which ends with a newline)."""
        return Signature(self.verifier_key.name, self.verifier_key.key_id, self._private.sign(text))


@dataclass(frozen=True)
class Note:
    """A note taken apart, nothing verified yet."""

    text: bytes
    signatures: tuple[Signature, ...]

    @classmethod
    def parse(cls, data: bytes) -> Note:
        """Take a note apart; raises Malformed. The text means nothing until `open_note` has verified it."""
        if len(data) > NOTE_BYTES_MAX:
            raise Malformed(f"a note of more than {NOTE_BYTES_MAX} bytes is not read")
        check_text(data)
        end = data.rfind(b"\n\n")  # "the text is separated from the signatures by the last empty line"
        if end < 0 or not data.endswith(b"\n"):
            raise Malformed("a note is a text, an empty line and signature lines, each ended by a newline")
        lines = data[end + 2 : -1].split(b"\n")
        if len(lines) > SIGNATURES_MAX:
            raise Malformed(f"a note with more than {SIGNATURES_MAX} signatures is not read")
        return cls(data[: end + 1], tuple(_parse_line(line.decode()) for line in lines))

    def format(self) -> bytes:
        """The bytes that `parse` reads back."""
        data = self.text + b"\n" + b"".join(one.line() for one in self.signatures)
        if Note.parse(data) != self:
            raise Malformed("this text or these signatures cannot stand in a note")
        return data


@dataclass(frozen=True)
class Verified:
    """A known key signed the note; `time_s` is a witness's stamp."""

    key: VerifierKey
    time_s: int | None


@dataclass(frozen=True)
class OpenedNote:
    """A text that at least one known key signed, by whom, and how many lines nobody here can check."""

    text: bytes
    verified: tuple[Verified, ...]
    unknown: int


def sign_note(text: bytes, *signers: Signer) -> bytes:
    """The note of this text, signed by each; raises Malformed for a text no note can hold."""
    return Note(text, tuple(signer.sign(text) for signer in signers)).format()


def open_note(data: bytes, keys: Sequence[VerifierKey]) -> OpenedNote:
    """Verify a note; raises Malformed or BadSignature.

    *Any* one of the keys is enough here; `checkpoint.open_checkpoint` asks for the log's own.
    """
    note = Note.parse(data)
    known = {(key.name, key.key_id): key for key in keys}
    if len(known) < len(set(keys)):
        raise VerificationError("two of the known keys share name and id: take one of them out")
    verified: dict[VerifierKey, Verified] = {}
    for line in note.signatures:
        key = known.get((line.name, line.key_id))
        if key is None:
            continue
        if key in verified:
            raise Malformed(f"{key.name} signs this note twice")
        verified[key] = Verified(key, key.check(note.text, line.signature))
    if not verified:
        raise BadSignature("no key we know has signed this note")
    return OpenedNote(note.text, tuple(verified.values()), len(note.signatures) - len(verified))


def check_name(name: str) -> None:
    """Refuse a key name that is empty, too long, or holds a space of any script, a plus or a control."""
    if not 0 < len(name) <= NAME_CHARS_MAX or any(c.isspace() or c in _NOT_IN_NAMES for c in name):
        raise Malformed(
            f"{name!r} is no key name: it must hold neither spaces nor a plus sign, 1–{NAME_CHARS_MAX} long"
        )


def _parse_line(line: str) -> Signature:
    parts = line.split(" ")
    if len(parts) != 3 or parts[0] != "—":
        raise Malformed("a signature line is an em dash, a key name and base64, with one space between")
    check_name(parts[1])
    data = decode_base64(parts[2], f"the signature of {parts[1]}")
    if len(data) <= _KEY_ID_BYTES:
        raise Malformed(f"the signature of {parts[1]} is too short")
    return Signature(parts[1], data[:_KEY_ID_BYTES], data[_KEY_ID_BYTES:])


def _split_key(text: str, what: str) -> tuple[str, str, bytes]:
    """Name, id as written and type ‖ key of `name+hash+base64`."""
    parts = text.split("+", 2)  # base64 may hold a plus, a name may not
    if len(parts) != 3 or not _KEY_ID.fullmatch(parts[1]):
        raise Malformed(f"a {what} reads name+hash+base64, the hash as 8 lower-case hexadecimal digits")
    check_name(parts[0])
    data = decode_base64(parts[2], f"the {what} {parts[0]}")
    if not data:
        raise Malformed(f"the {what} {parts[0]} holds no key")
    return parts[0], parts[1], data


def check_text(data: bytes) -> None:
    """Refuse what is not UTF-8, and control characters other than newline."""
    try:
        data.decode()
    except UnicodeDecodeError:
        raise Malformed("a note is UTF-8 text") from None
    if _CONTROL.search(data):
        raise Malformed("a note holds no control character but newlines")


def _key_id(name: str, key: bytes) -> bytes:
    return hashlib.sha256(name.encode() + b"\n" + key).digest()[:_KEY_ID_BYTES]


def encode_base64(data: bytes) -> str:
    """Standard base64 with padding (RFC 4648 section 4)."""
    return base64.b64encode(data).decode()


def decode_base64(text: str, what: str) -> bytes:
    """The bytes, if the text is the one canonical encoding of them; `what` names it in the refusal."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        data = None
    if data is None or encode_base64(data) != text:
        raise Malformed(f"{what} is not canonical base64")
    return data
