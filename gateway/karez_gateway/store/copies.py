"""Copies of a SQLite store: for a backup, and of what a new version is about to change."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from karez_gateway.errors import StoreError

BEFORE = ".before-"  # between the store's name and the version that changed its tables


def copy(source: Path, target: Path) -> None:
    """Copy one consistent moment, whoever writes meanwhile. Raises StoreError."""
    try:
        with (
            closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as live,
            closing(sqlite3.connect(target)) as made,
        ):
            live.backup(made)
    except sqlite3.Error as error:
        raise StoreError(f"{source} cannot be copied to {target}: {error}") from error


def keep_before(source: Path, version: str) -> Path:
    """Keep a store beside itself before its tables become those of `version`; return the copy's path.

    A copy that is there is of the first attempt, and stays. Raises StoreError, and nothing is changed then.
    """
    kept = source.with_name(f"{source.name}{BEFORE}{version}")
    if kept.exists():
        return kept
    unfinished = kept.with_name(kept.name + ".part")
    try:
        unfinished.unlink(missing_ok=True)
        copy(source, unfinished)
        with unfinished.open("rb") as file:
            os.fsync(file.fileno())
        unfinished.replace(kept)
    except OSError as error:
        why = error.strerror or error
        raise StoreError(f"{kept} cannot be written: {why}; the store was left as it is") from error
    return kept
