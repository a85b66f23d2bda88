"""`karez decode update`: a manifest of new firmware, whole or half signed, or a step or status of one.

The input is one of them. Signatures are checked with `--set vendor=` and `--set regulator=`.
"""

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from karez_protocols import fields, link, signed, update_link, update_manifest
from karez_protocols.errors import ProtocolError

from . import own_words
from .finding import KIND_INVALID, Field, Finding, Options
from .layout_fields import plain, rows

KEY_SIZE = 32
SETTINGS = {
    "vendor": "public key of the vendor, 64 hex digits: his signature is checked with it",
    "regulator": "public key of the regulator, 64 hex digits: its signature is checked with it",
}
STEPS = {
    update_link.PUT: "a manifest begins", update_link.PIECE: "bytes of the manifest",
    update_link.BEGIN: "check the manifest", update_link.CHUNK: "bytes of a chunk",
    update_link.APPLY: "restart into it", update_link.DROP: "forget it", update_link.ASK: "how far is it",
}  # fmt: skip
STATES = {0: "empty", 1: "the manifest comes", 2: "chunks come", 3: "whole"}
NOT_CHECKED, GOOD, BAD = "not checked", "good", "does not hold"

_HEADER_SIZE: int = fields.size_of(update_manifest.HEADER)
_STATUS_SIZE: int = fields.size_of(update_link.STATUS)
_STEP_SIZE: int = fields.size_of(update_link.STEP)
_LABELS = (("vendor", update_manifest.VENDOR_LABEL), ("regulator", update_manifest.REGULATOR_LABEL))


def decode(data: bytes, options: Options) -> list[Finding]:
    """One finding for all bytes. Raises WrongOption."""
    keys = {name: options.hex_setting(name, KEY_SIZE) for name, _ in _LABELS}
    if not data:
        return []
    try:
        if data[0] == link.UPDATE:
            return [_step(data)]
        return [_status(data) if len(data) == _STATUS_SIZE else _manifest(data, keys)]
    except ProtocolError as error:
        return [_invalid(data, "value", f"{error}.", tuple(_readable(data)))]


def _readable(data: bytes) -> list[Field]:
    if data[0] == link.UPDATE:
        return list(rows(update_link.STEP, data, 1, 0))
    layout = update_link.STATUS if len(data) == _STATUS_SIZE else update_manifest.HEADER
    return list(rows(layout, data, 0, 0))


def _step(data: bytes) -> Finding:
    values, payload = update_link.decode(data[1:])
    facts: dict[str, object] = {"kind": "update step", **plain(values), "step_name": STEPS[values["step"]]}
    facts["bytes"] = len(payload)
    shown = [Field(0, data[:1], "kind", "7 update"), *rows(update_link.STEP, data, 1, 0)]
    if payload:
        shown.append(Field(1 + _STEP_SIZE, payload, "data", ""))
    return Finding(0, len(data), facts, tuple(shown))


def _status(data: bytes) -> Finding:
    values = update_link.decode_status(data)
    facts: dict[str, object] = {"kind": "update status", **plain(values)}
    facts["state_name"] = STATES.get(values["state"])
    return Finding(0, len(data), facts, tuple(rows(update_link.STATUS, data, 0, 0)))


def _manifest(data: bytes, keys: dict[str, bytes | None]) -> Finding:
    size = _HEADER_SIZE + (data[1] if len(data) > 1 else 0) * update_manifest.DIGEST_SIZE
    count, odd = divmod(len(data) - size, signed.SIGNATURE_SIZE)
    if odd or not 0 <= count <= len(_LABELS):
        detail = f"The manifest has {size} bytes and 64 for each of its two signatures, here are {len(data)}."
        return _invalid(data, "length", detail, tuple(_readable(data)))
    body = data[:size]
    values = update_manifest.decode(body)
    facts: dict[str, object] = {"kind": "update manifest", **plain(values)}
    facts["issued_utc"] = own_words.utc(values["issued_utc_s"])
    shown = list(rows(update_manifest.HEADER, body, 0, 0))
    for index in range(values["chunks"]):
        digest = update_manifest.chunk_digest(body, index)
        at = _HEADER_SIZE + index * update_manifest.DIGEST_SIZE
        shown.append(Field(at, digest, f"row {index + 1} digest", ""))
    for index, (name, label) in enumerate(_LABELS[:count]):
        at = size + index * signed.SIGNATURE_SIZE
        state = _checked(keys[name], signed.message(label, body), data[at : at + signed.SIGNATURE_SIZE])
        facts[name] = state
        shown.append(
            Field(at, data[at : at + signed.SIGNATURE_SIZE], f"signature {name}", f"Ed25519, {state}")
        )
        if state == BAD:
            detail = "The signature does not hold under the key given."
            return _invalid(data, "signature", detail, tuple(shown))
    facts["sha256"] = signed.digest(data).hex() if count == len(_LABELS) else None
    title = f"firmware {values['number']} for {values['board']}"
    return Finding(0, len(data), facts, tuple(shown), title)


def _checked(key: bytes | None, message: bytes, signature: bytes) -> str:
    if key is None:
        return NOT_CHECKED
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except InvalidSignature:
        return BAD
    return GOOD


def _invalid(data: bytes, reason: str, detail: str, shown: tuple[Field, ...]) -> Finding:
    return Finding(0, len(data), {"kind": KIND_INVALID, "reason": reason, "detail": detail}, shown)
