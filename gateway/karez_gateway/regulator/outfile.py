"""Files that leave the office: written whole, never in the place of another."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from . import signed_grants
from .errors import Trouble
from .journal import sync_folder

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def read(path: Path, most: int) -> bytes:
    """A file's bytes, one more than `most` at most. Raises Trouble."""
    try:
        with path.open("rb") as file:
            return file.read(most + 1)
    except OSError as error:
        raise Trouble("file-unreadable", file=path, why=error.strerror) from None


def write(path: Path, data: bytes) -> None:
    """Put a new file there, on the disk and whole. Raises Trouble, also when there is one."""
    fresh = path.with_name(path.name + ".new")
    try:
        with fresh.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(fresh, path)  # unlike a rename, it replaces nothing
        finally:
            fresh.unlink()
        sync_folder(path.parent)
    except FileExistsError:
        raise Trouble("file-exists", file=path) from None
    except OSError as error:
        raise Trouble("file-unwritable", file=path, why=error.strerror) from None


def order_files(out: Path, named: Sequence[tuple[str, int]]) -> list[Path]:
    """A file for each (target, number): in a folder that is there, or `out` for one. Raises Trouble."""
    if out.is_dir():
        files = [out / f"{target}-{seq}.order" for target, seq in named]
    elif len(named) > 1:
        raise Trouble("orders-folder", count=len(named))
    else:
        files = [out]
    for one in files:
        if one.exists():
            raise Trouble("file-exists", file=one)
    return files


def orders(out: Path, numbered: Sequence[tuple[str, int, bytes]]) -> list[Path]:
    """Write (target, number, order), a file each. Raises Trouble before the first if one is there already."""
    files = order_files(out, [one[:2] for one in numbered])
    for file, (_, _, data) in zip(files, numbered, strict=True):
        write(file, data)
    return files


def grants(out: Path, year: int, document: str, numbered: Sequence[tuple[str, int, bytes]]) -> None:
    """All of (site, number, grant) in one file, or a file a site if `out` is a folder. Raises Trouble."""
    if not out.is_dir():
        write(out, signed_grants.encode(year, document, numbered))
        return
    for site, seq, data in numbered:
        write(out / f"{site}-{seq}.grant", data)
