"""What the log asks of a file system, and the real one. Tests put a faulty one in its place."""

from __future__ import annotations

import fcntl
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from karez_gateway.log.errors import LogBusy

if TYPE_CHECKING:
    from collections.abc import Collection

LOCK_FILE = "lock"
# 13 fsyncs of one append on ext4, medians: in a row 3.9 ms (9.0 on a busy disk), at once 2.9 (3.5).
SYNCS_AT_ONCE = 8


class Files(Protocol):
    """Paths are relative, with slashes; "" is the top directory.

    A file's bytes are durable after `sync` of the file, its name after `sync` of the directory it is in. Any
    method raises OSError; FileNotFoundError has its usual meaning.
    """

    def lock(self) -> None:
        """Keep every other process out, or raise LogBusy."""

    def unlock(self) -> None:
        """Let others in."""

    def read(self, path: str) -> bytes:
        """The whole file."""

    def write(self, path: str, data: bytes) -> None:
        """Create a file, or replace its bytes."""

    def rename(self, old: str, new: str) -> None:
        """Put a file under another name at one stroke, replacing what stands there."""

    def make_directory(self, path: str) -> None:
        """Create one directory if it is not there."""

    def sync(self, paths: Collection[str]) -> None:
        """Make the bytes of these files, and the names in these directories, durable."""

    def list(self, directory: str) -> list[str]:
        """Names in a directory; none if it is not there."""

    def remove(self, path: str) -> None:
        """Remove one file."""

    def remove_tree(self, directory: str) -> None:
        """Remove a directory and the files in it."""


class DirectoryFiles:
    """A directory of a local POSIX file system (flock and fsync of network file systems promise less)."""

    def __init__(self, directory: Path) -> None:
        """The directory must exist."""
        self._directory = Path(directory)
        self._lock: int | None = None
        self._pool = ThreadPoolExecutor(SYNCS_AT_ONCE, "karez-log-sync")

    def lock(self) -> None:
        """Take the lock file; the kernel lets go of it when the process ends, however it ends."""
        descriptor = os.open(self._directory / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            raise LogBusy(f"{self._directory}: another process has this log open; stop it first") from None
        self._lock = descriptor

    def unlock(self) -> None:
        """Close the lock file."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None
            self._pool.shutdown()

    def read(self, path: str) -> bytes:
        """The whole file."""
        return (self._directory / path).read_bytes()

    def write(self, path: str, data: bytes) -> None:
        """Create or truncate, then write."""
        with (self._directory / path).open("wb", buffering=0) as file:
            written = 0
            while written < len(data):  # a raw write may be short, on a nearly full disk for one
                written += file.write(data[written:]) or 0

    def rename(self, old: str, new: str) -> None:
        """Replace what stands there, at one stroke."""
        (self._directory / old).replace(self._directory / new)

    def make_directory(self, path: str) -> None:
        """Create it, if needed."""
        (self._directory / path).mkdir(exist_ok=True)

    def sync(self, paths: Collection[str]) -> None:
        """Fsync each, several at once: the file system's journal then commits them together."""
        if len(paths) == 1:
            self._sync(*paths)
        else:
            list(self._pool.map(self._sync, paths))

    def list(self, directory: str) -> list[str]:
        """The names, none for a missing directory."""
        try:
            return [path.name for path in (self._directory / directory).iterdir()]
        except FileNotFoundError:
            return []

    def remove(self, path: str) -> None:
        """Unlink it."""
        (self._directory / path).unlink()

    def remove_tree(self, directory: str) -> None:
        """Unlink the files, then the directory."""
        for path in (self._directory / directory).iterdir():
            path.unlink()
        (self._directory / directory).rmdir()

    def _sync(self, path: str) -> None:
        descriptor = os.open(self._directory / path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
