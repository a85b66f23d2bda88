"""The trust file: which public keys a verifier believes, got by another way than the bundle.

    {"provisioner": "64 hex digits",           signs bindings: which box stands at which site
     "regulator": ["64 hex digits", …],        sign grants
     "log": ["name+hash+base64", …],           sign the log's checkpoints (C2SP verifier keys)
     "witness": ["name+hash+base64", …],       cosign them (verifier keys of type 04); may be left out
     "quorum": 2}                              how many of them must have; without it they are only counted

Strict: an unknown, missing or repeated name is an error, so that a slip never widens trust.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path

from .errors import VerificationError
from .note import COSIGNATURE, ED25519, VerifierKey

FILE_BYTES_MAX = 1024 * 1024  # ten thousand keys; more is another file by mistake
_NAMES = ("provisioner", "regulator", "log", "witness", "quorum")
_HEX_KEY = re.compile(r"[0-9a-fA-F]{64}")


class TrustError(Exception):
    """The trust file cannot be used; the message says what to correct."""


@dataclass(frozen=True, slots=True)
class Trust:
    """Public keys believed: Ed25519, 32 bytes each, and verifier keys of logs and of their witnesses.

    `quorum`: so many of the witnesses must have cosigned what a bundle is proved by.
    """

    provisioner: bytes
    regulators: tuple[bytes, ...]
    logs: tuple[VerifierKey, ...] = ()
    witnesses: tuple[VerifierKey, ...] = ()
    quorum: int = 0


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    names = [name for name, _ in pairs]
    for name in names:
        if names.count(name) > 1:
            raise TrustError(f'"{name}" stands twice in the trust file')
    return dict(pairs)


def _key(value: object, name: str) -> bytes:
    if not isinstance(value, str) or not _HEX_KEY.fullmatch(value):
        raise TrustError(f'"{name}" must be an Ed25519 public key: 64 hexadecimal digits')
    return bytes.fromhex(value)


def _texts(value: object, name: str) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise TrustError(f'"{name}" must be a list of texts')
    if len(set(value)) < len(value):
        raise TrustError(f'"{name}" holds the same key twice')
    return value


def _log_key(text: str) -> VerifierKey:
    try:
        key = VerifierKey.parse(text)
    except VerificationError as error:
        raise TrustError(f'"log": {error}') from None
    if key.kind != ED25519:
        raise TrustError(f"\"log\": {key.name} is a witness's key, not a log's")
    return key


def _witness_key(text: str) -> VerifierKey:
    try:
        key = VerifierKey.parse(text)
    except VerificationError as error:
        raise TrustError(f'"witness": {error}') from None
    if key.kind != COSIGNATURE:
        raise TrustError(f"\"witness\": {key.name} is a log's key, not a witness's")
    return key


def _quorum(value: object, logs: tuple[VerifierKey, ...], witnesses: tuple[VerifierKey, ...]) -> int:
    """How many witnesses are asked for. One machine must not count twice, under whatever names."""
    public_keys = [key.public_key for key in (*logs, *witnesses)]
    if witnesses and len(set(public_keys)) < len(public_keys):
        raise TrustError("the logs and witnesses of a trust file must all have different keys")
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= len(witnesses):
        raise TrustError(f'"quorum" is a number from 0 to that of the witnesses, {len(witnesses)}')
    if value and not logs:
        raise TrustError('a "quorum" needs a "log" whose checkpoints are cosigned')
    return value


def parse(text: str | bytes) -> Trust:
    """Return the keys of a trust file's text. Raises TrustError."""
    try:
        data = json.loads(text, object_pairs_hook=_once)
    except (ValueError, RecursionError):  # also text that is not UTF-8
        raise TrustError("the trust file is not JSON") from None
    if not isinstance(data, dict):
        raise TrustError("the trust file must be one JSON object")
    for name in data:
        if name not in _NAMES:
            raise TrustError(f'"{name}" is not known in a trust file; known: {", ".join(_NAMES)}')
    for name in _NAMES[:2]:
        if name not in data:
            raise TrustError(f'"{name}" is missing in the trust file')
    regulators = _texts(data["regulator"], "regulator")
    if not regulators:
        raise TrustError('"regulator" holds no key: no grant could be believed')
    logs = tuple(_log_key(one) for one in _texts(data.get("log", []), "log"))
    witnesses = tuple(_witness_key(one) for one in _texts(data.get("witness", []), "witness"))
    return Trust(
        provisioner=_key(data["provisioner"], "provisioner"),
        regulators=tuple(_key(one, "regulator") for one in regulators),
        logs=logs,
        witnesses=witnesses,
        quorum=_quorum(data.get("quorum", 0), logs, witnesses),
    )


def load(path: Path) -> Trust:
    """Return the keys of a trust file. Raises TrustError, also when it cannot be read."""
    try:
        if path.stat().st_size > FILE_BYTES_MAX:
            raise TrustError(f"the trust file is larger than {FILE_BYTES_MAX} bytes")
        return parse(path.read_bytes())
    except OSError as error:
        raise TrustError(f"cannot read the trust file {path}: {error.strerror}") from None
