"""The vendor's signature under an update: a body made of a build's folder, signed on a machine of its own.

    build folder ── vendor signs ──▶ update.vendor ── regulator signs ──▶ update.signed

Each of the two sees the whole of what it signs, and neither holds the other's key (docs/update.md). The
half-signed file is the body and the vendor's signature; no controller takes it.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from karez_protocols import fields, signed, update_manifest
from karez_protocols.errors import ProtocolError

from .errors import WrongUse

if TYPE_CHECKING:
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from .firmware_folder import Image

HALF = "update.vendor"
SIGNED = "update.signed"
_NUMBER_MAX = (1 << 32) - 2


def body(image: Image, least: int, issued_utc_s: int, folder: Path) -> bytes:
    """Return the body of an image's manifest. `least`: number that it may follow. Raises WrongUse."""
    papers = image.papers
    if not 0 <= least <= min(papers["number"], _NUMBER_MAX):
        raise WrongUse("update-least", least=least, number=papers["number"])
    try:
        values = {
            "number": papers["number"], "least": least, "issued_utc_s": issued_utc_s,
            "board": papers["board"], "release": papers["version"],
            "core_digest": bytes.fromhex(papers["core_digest"]),
        }  # fmt: skip
        return bytes(update_manifest.of_image(values, image.rom))
    except (ProtocolError, ValueError) as error:
        raise WrongUse("update-unsignable", folder=folder, why=error) from None


def shown_digest(body_: bytes) -> str:
    """Return what names the body that was shown: all of it but the moment of issue."""
    values = update_manifest.decode(body_)
    size = fields.size_of(update_manifest.HEADER)
    values["issued_utc_s"] = 0
    told = fields.pack(update_manifest.HEADER, values) + body_[size:]
    return hashlib.sha256(b"KZ shown update 1\n" + told).hexdigest()


def check_follows(values: dict[str, Any], former: bytes, name: object) -> None:
    """Refuse a number that does not rise above the manifest signed before. Raises WrongUse."""
    try:
        before = update_manifest.open_signed(former)[0]
    except ProtocolError as error:
        raise WrongUse("update-no-manifest", file=name, why=error) from None
    if before["board"] != values["board"]:
        raise WrongUse("update-other-board", file=name, found=before["board"], board=values["board"])
    if before["number"] >= values["number"]:
        raise WrongUse("update-old", number=values["number"], former=before["number"])


def half(body_: bytes, key: Ed25519PrivateKey) -> bytes:
    """Return the body with the vendor's signature behind it."""
    return body_ + key.sign(signed.message(update_manifest.VENDOR_LABEL, body_))


def open_whole(data: bytes, name: object) -> tuple[dict[str, Any], bytes]:
    """Return (values, body) of a manifest that both have signed; checks no signature. Raises WrongUse."""
    try:
        values, body_, _, _ = update_manifest.open_signed(data)
    except ProtocolError as error:
        raise WrongUse("update-no-manifest", file=name, why=error) from None
    return values, body_


def is_by(key: bytes, label: bytes, body_: bytes, signature: bytes) -> bool:
    """True if this key made a signature under a label."""
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, signed.message(label, body_))
    except (InvalidSignature, ValueError):
        return False
    return True


def holds(body_: bytes, rom: bytes) -> bool:
    """True if an image is the one that a body names, chunk by chunk."""
    values = update_manifest.decode(body_)
    return bytes(update_manifest.of_image(values, rom)) == body_ if rom else False
