"""What a witness remembers: the last checkpoint it cosigned of each log, durable before it answers.

One file per origin, holding the note's text. It is replaced whole, and never by a smaller tree.
"""

import base64
import fcntl
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

SUFFIX = ".checkpoint"


class StateLost(Exception):
    """A file cannot be read back: this witness knows that it saw the log, and not what. It does not guess."""


class StateTaken(Exception):
    """Another witness works in this directory."""


@dataclass(frozen=True)
class Seen:
    """The last tree cosigned; size 0 if there was none."""

    size: int
    root: bytes


NOTHING = Seen(0, hashlib.sha256().digest())


class WitnessState:
    """A directory. The caller keeps reading and replacing together: one at a time."""

    def __init__(self, directory: Path) -> None:
        """Make it if needed and lock it. Raises StateTaken."""
        directory.mkdir(parents=True, exist_ok=True)
        self._directory = directory
        self._lock = os.open(directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._lock)
            raise StateTaken(
                f"{directory}: another witness works here; give this one its own directory"
            ) from None

    def close(self) -> None:
        """Let others in."""
        os.close(self._lock)

    def read(self, origin: str) -> Seen:
        """The last tree of a log. Raises StateLost."""
        try:
            lines = self._path(origin).read_text(encoding="utf-8").split("\n")
            if lines[0] != origin:
                raise StateLost(f"{self._path(origin)} is of another log")
            return Seen(int(lines[1]), base64.b64decode(lines[2], validate=True))
        except FileNotFoundError:
            return NOTHING
        except (OSError, ValueError, IndexError) as error:
            raise StateLost(f"{self._path(origin)} cannot be read: {error}") from None

    def replace(self, origin: str, size: int, root: bytes) -> None:
        """Remember a tree; durable on return. Raises OSError, and ValueError for a smaller one."""
        if size < self.read(origin).size:
            raise ValueError("a witness never goes back")
        path = self._path(origin)
        temporary = path.with_suffix(".tmp")
        with temporary.open("wb") as file:
            file.write(f"{origin}\n{size}\n{base64.b64encode(root).decode()}\n".encode())
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        top = os.open(self._directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(top)
        finally:
            os.close(top)

    def _path(self, origin: str) -> Path:
        return self._directory / (hashlib.sha256(origin.encode()).hexdigest()[:32] + SUFFIX)
