"""Files as others find them: whole or not at all, with their SHA-256 beside them, never replaced.

`NAME-PERIOD.csv`, and beside it `NAME-PERIOD.csv.sha256` as `sha256sum -c` reads it, written last: who waits
for that one never reads half a table. A file of the same period that is made again is `NAME-PERIOD.r2.csv`.
"""

import hashlib
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TypeVar

from karez_gateway.errors import StoreError

REVISIONS_MAX = 99

T = TypeVar("T")  # what whoever fills a file has to say of it


@dataclass(frozen=True, slots=True)
class Made:
    """A file that was written."""

    path: Path
    sha256: str
    rows: int
    revision: int


def write(path: Path, fill: Callable[[IO[bytes]], T]) -> tuple[str, T]:
    """Write a file whole, and its sum; return (SHA-256, what `fill` returned). Raises StoreError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = _unfinished(path)
        try:
            rows = _fill(unfinished, fill)
            sha256 = digest(unfinished)
            unfinished.replace(path)
        finally:
            unfinished.unlink(missing_ok=True)
        write_sum(path, sha256)
    except OSError as error:
        raise StoreError(f"{path} cannot be written: {error.strerror or error}") from error
    return sha256, rows


def write_new(folder: Path, stem: str, ending: str, fill: Callable[[IO[bytes]], int]) -> Made:
    """Write the file of a period under the first name that is free; one with the same bytes is that file.

    Raises StoreError.
    """
    unfinished = _unfinished(folder / f"{stem}.{ending}")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        try:
            rows = _fill(unfinished, fill)
            sha256 = digest(unfinished)
            for revision in range(1, REVISIONS_MAX + 1):
                path = folder / (f"{stem}.{ending}" if revision == 1 else f"{stem}.r{revision}.{ending}")
                if not path.exists():
                    unfinished.replace(path)
                elif digest(path) != sha256:
                    continue
                write_sum(path, sha256)
                return Made(path, sha256, rows, revision)
        finally:
            unfinished.unlink(missing_ok=True)
    except OSError as error:
        raise StoreError(f"{folder / stem} cannot be written: {error.strerror or error}") from error
    raise StoreError(f"{folder} has {REVISIONS_MAX} files of {stem}: take them away")


def _unfinished(path: Path) -> Path:
    return path.with_name(f".{path.name}.part")


def _fill(path: Path, fill: Callable[[IO[bytes]], T]) -> T:
    with path.open("wb") as file:
        rows = fill(file)
        file.flush()
        os.fsync(file.fileno())
    return rows


def digest(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sum_of(path: Path) -> Path:
    """Where a file's sum stands."""
    return path.with_name(path.name + ".sha256")


def write_sum(path: Path, sha256: str) -> None:
    """Write a file's sum beside it, and both names to the disk."""
    unfinished = _unfinished(sum_of(path))
    _fill(unfinished, lambda file: file.write(f"{sha256}  {path.name}\n".encode()))
    unfinished.replace(sum_of(path))
    descriptor = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def prune(folder: Path, name: str, ending: str, keep: int) -> list[str]:
    """Remove an export's oldest files but `keep`, and their sums; return their names. 0 keeps all.

    Only what bears a name that we give is looked at.
    """
    if not keep:
        return []
    ours = re.compile(re.escape(name) + r"-(\d{4}-\d{2}(?:-\d{2})?)(?:\.r(\d+))?\." + re.escape(ending))
    found = []
    for path in folder.iterdir():
        match = ours.fullmatch(path.name)
        if match and path.is_file():
            found.append((match[1], int(match[2] or 1), path))
    gone = [path for _, _, path in sorted(found)[:-keep]]
    for path in gone:
        sum_of(path).unlink(missing_ok=True)
        path.unlink(missing_ok=True)
    return [path.name for path in gone]
