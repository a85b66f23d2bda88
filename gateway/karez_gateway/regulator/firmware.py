"""The regulator's signature under an update: what the vendor has signed, held against the image itself.

Two parties sign, each with a key of its own: neither alone changes what runs at a well (docs/update.md). The
office reads the image, not the vendor's word for it, and remembers for each board the last number it signed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from karez_protocols import signed, update_manifest
from karez_protocols.errors import ProtocolError

from . import outfile
from .errors import Trouble

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from .speech import Speech
    from .state import State

HALF, ROM, SIGNED = "update.vendor", "image.romfs", "update.signed"
ROM_MAX = update_manifest.CHUNKS_MAX * update_manifest.CHUNK_SIZE


@dataclass(frozen=True)
class Half:
    """What the vendor signed: the body, its values, and his signature."""

    body: bytes
    values: dict[str, Any]
    signature: bytes


def read(folder: Path, vendor_key: bytes) -> Half:
    """Return what the vendor has signed for the image in a folder, all of it compared. Raises Trouble."""
    path = folder / HALF
    data = outfile.read(path, update_manifest.SIZE_MAX)
    body, signature = data[: -signed.SIGNATURE_SIZE], data[-signed.SIGNATURE_SIZE :]
    try:
        values = update_manifest.decode(body)
    except ProtocolError as error:
        raise Trouble("update-half", file=path, why=error) from None
    message = signed.message(update_manifest.VENDOR_LABEL, body)
    try:
        Ed25519PublicKey.from_public_bytes(vendor_key).verify(signature, message)
    except (InvalidSignature, ValueError):
        raise Trouble("update-vendor", file=path, key=vendor_key.hex()) from None
    rom = outfile.read(folder / ROM, ROM_MAX)
    try:
        is_same = len(rom) <= ROM_MAX and update_manifest.of_image(values, rom) == body
    except ProtocolError:
        is_same = False
    if not is_same:
        raise Trouble("update-image", file=folder / ROM)
    return Half(body, values, signature)


def check_number(state: State, values: dict[str, Any]) -> None:
    """Refuse a number that does not rise above what this office signed for the board. Raises Trouble."""
    known = state.updates.get(values["board"], 0)
    if values["number"] <= known:
        raise Trouble("update-old", number=values["number"], known=known, board=values["board"])


def check_keys(vendor: bytes, mine: bytes, roots: Any) -> None:
    """Refuse one key for both, and a key that no binding names. Raises Trouble."""
    if vendor == mine:
        raise Trouble("update-one-key")
    if mine not in roots:
        raise Trouble("root-untrusted", key=mine.hex())


def message(body: bytes) -> bytes:
    """What the regulator signs."""
    return bytes(signed.message(update_manifest.REGULATOR_LABEL, body))


def facts(half: Half) -> dict[str, Any]:
    """What is signed, for a program."""
    names = ("board", "release", "number", "least", "issued_utc_s", "size", "chunks")
    found = {name: half.values[name] for name in names}
    return found | {name: half.values[name].hex() for name in ("sha256", "core_digest")}


def words(half: Half, vendor: bytes, known: int, speech: Speech) -> Iterator[str]:
    """What is signed, for people. `known`: last number this office signed for the board."""
    from .ordering import stamp  # noqa: PLC0415

    told = facts(half)
    yield speech.text("update-what", **told, date=stamp(told["issued_utc_s"]))
    yield speech.text("update-vendor", key=vendor.hex())
    yield speech.text("update-before" if known else "update-first", known=known, board=told["board"])
