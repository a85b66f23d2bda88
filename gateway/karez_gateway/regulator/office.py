"""The office's folder: trust file, limits, journal and the memory that follows from it. One user at a time.

trust.json       whom it believes: provisioner and roots (the file of `karez verify --trust`)
rules.toml, regions.csv, limits.csv, sites.csv      its limits (limits.py)
journal.jsonl    everything it signed              state.json    what follows from it
"""

from __future__ import annotations

import fcntl
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from karez_gateway.verifier import trust

from . import journal, state
from .errors import Trouble

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TRUST = "trust.json"
STATE = "state.json"
LOCK = "lock"


class Office:
    """An open folder; `state` is as the journal has it."""

    def __init__(self, folder: Path) -> None:
        """Read journal and memory, and put right what a crash left. Raises Trouble."""
        self.folder = folder
        self._journal = folder / journal.FILE
        self.was_mended = journal.mend(self._journal)
        self.state = self._remembered()

    def _remembered(self) -> state.State:
        path = self.folder / STATE
        known = state.decode(path.read_bytes()) if path.exists() else None
        known = known or state.State()
        before = known.head
        for head, entry in journal.read(self._journal, known.head):
            known.apply(head, entry)
        if known.head != before:
            journal.replace(path, state.encode(known))
        return known

    def trust(self) -> trust.Trust:
        """Whom it believes. Raises Trouble."""
        try:
            return trust.load(self.folder / TRUST)
        except trust.TrustError as error:
            raise Trouble("trust", why=error) from None

    def keep(self, entry: dict[str, Any]) -> int:
        """Write a signing into the journal; from here on it counts. Return its line. Raises Trouble."""
        head = journal.append(self._journal, self.state.head, entry)
        self.state.apply(head, entry)
        return head.n

    def remember(self) -> None:
        """Write the copy of the memory; without it the next start reads the journal. Raises Trouble."""
        journal.replace(self.folder / STATE, state.encode(self.state))

    def entries(self) -> Iterator[dict[str, Any]]:
        """Every line of the journal, oldest first, each checked. Raises Refused."""
        for _, entry in journal.read(self._journal, journal.Head()):
            yield entry


@contextmanager
def opened(folder: Path) -> Iterator[Office]:
    """Open an office's folder for one user. Raises Trouble."""
    if not folder.is_dir():
        raise Trouble("office-missing", folder=folder)
    try:
        lock = (folder / LOCK).open("a")
    except OSError as error:
        raise Trouble("file-unwritable", file=folder / LOCK, why=error.strerror) from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Trouble("office-busy", folder=folder) from None
        yield Office(folder)
