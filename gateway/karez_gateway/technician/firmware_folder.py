"""A folder with a board's image, as `karez tech build` wrote it: read back, every file held to its digest."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .document import write
from .errors import WrongUse

if TYPE_CHECKING:
    from pathlib import Path

FORMAT = "karez firmware 1"
MANIFEST, ROM = "manifest.json", "image.romfs"
FILE_MAX = 16 << 20  # the flash of the largest board that is meant
_MEMBERS = {
    "board": str, "platform": str, "chip": str, "version": str, "number": int, "core_digest": str,
    "rom_bytes": int, "rom_bytes_max": int, "files": dict, "inside": dict,
}  # fmt: skip


@dataclass(frozen=True)
class Image:
    """What a folder holds: its papers, and the ROMFS for the board."""

    papers: dict[str, Any]
    rom: bytes


def read(path: Path) -> bytes:
    """Return a file of at most FILE_MAX bytes. Raises WrongUse."""
    try:
        with path.open("rb") as file:
            data = file.read(FILE_MAX + 1 if path.is_file() else 0)
    except OSError as error:
        raise WrongUse("file-unreadable", file=path, why=error.strerror) from None
    if len(data) > FILE_MAX:
        raise WrongUse("firmware-file-large", file=path, most=FILE_MAX)
    return data


def _papers(path: Path) -> dict[str, Any]:
    data = read(path)
    try:
        papers = json.loads(data)
    except (ValueError, RecursionError):
        raise WrongUse("firmware-no-manifest", file=path) from None
    if not isinstance(papers, dict) or papers.get("format") != FORMAT:
        raise WrongUse("firmware-no-manifest", file=path)
    for name, kind in _MEMBERS.items():
        if type(papers.get(name)) is not kind:
            raise WrongUse("firmware-member", file=path, name=name)
    if ROM not in papers["files"]:
        raise WrongUse("firmware-member", file=path, name=f"files.{ROM}")
    return papers


def load(folder: Path) -> Image:
    """Return the image of a folder. Raises WrongUse naming the file that is missing or was changed."""
    papers = _papers(folder / MANIFEST)
    rom = b""
    for name, digest in papers["files"].items():
        if "/" in name or "\\" in name or name in ("", ".", ".."):
            raise WrongUse("firmware-member", file=folder / MANIFEST, name=f"files.{name}")
        data = read(folder / name)
        if hashlib.sha256(data).hexdigest() != digest:
            raise WrongUse("firmware-changed", file=folder / name)
        rom = data if name == ROM else rom
    if len(rom) != papers["rom_bytes"]:
        raise WrongUse("firmware-changed", file=folder / ROM)
    return Image(papers, rom)


def keep(folder: Path, files: dict[str, bytes], *, is_replaced: bool) -> None:
    """Write a folder, the manifest last: without it the rest is no image. Raises WrongUse."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        there = sorted(path.name for path in folder.iterdir())
    except OSError as error:
        raise WrongUse("file-unwritable", file=folder, why=error.strerror) from None
    if there and not is_replaced:
        raise WrongUse("firmware-folder", folder=folder, name=there[0])
    try:
        (folder / MANIFEST).unlink(missing_ok=True)
    except OSError as error:
        raise WrongUse("file-unwritable", file=folder / MANIFEST, why=error.strerror) from None
    for name in sorted(files, key=lambda one: (one == MANIFEST, one)):
        write(folder / name, files[name], is_replaced=True)
