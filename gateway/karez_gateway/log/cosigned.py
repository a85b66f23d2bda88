"""Checkpoints that witnesses have cosigned, kept beside the log: `cosigned/<size>`, a signed note each.

The newest checkpoint has no cosignatures yet while the log grows; so each witness's newest one is kept, and
whoever needs a proof takes the checkpoint that covers it and has the most witnesses. Nothing here is needed
to continue the log: a file that is missing or spoilt costs cosignatures, never an entry.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from karez_gateway.verifier.checkpoint import open_checkpoint
from karez_gateway.verifier.errors import VerificationError
from karez_gateway.verifier.note import Note

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from karez_gateway.log.files import Files
    from karez_gateway.verifier.note import Signature, Verified, VerifierKey

DIRECTORY = "cosigned"
TEMPORARY = ".tmp"
SIZE_DIGITS_MAX = 19  # sizes stay below 2^63


@dataclass(frozen=True)
class Cosigned:
    """A checkpoint of ours and the known witnesses that signed it; `note` holds no line of anybody else."""

    size: int
    root: bytes
    note: bytes
    witnesses: tuple[Verified, ...]


class CosignedCheckpoints:
    """The directory `cosigned` of one log. Several threads may add; readers need no lock."""

    def __init__(
        self, files: Files, origin: str, log_key: VerifierKey, witnesses: Sequence[VerifierKey]
    ) -> None:
        """Reads and writes only when asked; the log's lock is not needed."""
        self._files = files
        self._origin = origin
        self._log_key = log_key
        self._keys = tuple(witnesses)
        self._adding = threading.Lock()

    def add(self, note: bytes, line: Signature) -> None:
        """Keep a checked cosignature of our note durably; drop what no witness's newest one needs.

        Raises OSError; the note must be signed by the log.
        """
        with self._adding:
            size = open_checkpoint(note, self._origin, self._log_key).checkpoint.size
            found = {one.size: one for one in self.read()}
            same = found.get(size)
            kept = Note.parse(same.note if same else note)
            lines = {(one.name, one.key_id): one for one in (*kept.signatures, line)}
            order = [(key.name, key.key_id) for key in (self._log_key, *self._keys)]
            self._write(size, Note(kept.text, tuple(lines[one] for one in order if one in lines)).format())
            self._prune()

    def read(self) -> list[Cosigned]:
        """Every kept checkpoint with at least one good cosignature, by rising size."""
        found = [self._read(name) for name in self._files.list(DIRECTORY) if _is_size(name)]
        return sorted((one for one in found if one and one.witnesses), key=lambda one: one.size)

    def newest_by(self, key: VerifierKey) -> Cosigned | None:
        """The largest tree that one witness has cosigned."""
        return _newest_by(self.read(), key)

    def covering(self, size: int) -> list[Cosigned]:
        """Checkpoints of at least `size` entries: the most witnesses first, then the newest."""
        fitting = [one for one in self.read() if one.size >= size]
        return sorted(fitting, key=lambda one: (-len(one.witnesses), -one.size))

    def _read(self, name: str) -> Cosigned | None:
        try:
            data = self._files.read(f"{DIRECTORY}/{name}")
            opened = open_checkpoint(self._only_known(data), self._origin, self._log_key, self._keys)
        except (OSError, VerificationError):
            return None  # removed meanwhile, or spoilt: it proves nothing
        if opened.checkpoint.size != int(name):
            return None
        return Cosigned(
            opened.checkpoint.size, opened.checkpoint.root, self._only_known(data), opened.witnesses
        )

    def _only_known(self, data: bytes) -> bytes:
        """The note without the lines of witnesses that are no longer configured."""
        known = {(key.name, key.key_id) for key in (self._log_key, *self._keys)}
        note = Note.parse(data)
        lines = tuple(one for one in note.signatures if (one.name, one.key_id) in known)
        return data if len(lines) == len(note.signatures) else Note(note.text, lines).format()

    def _write(self, size: int, data: bytes) -> None:
        if not self._files.list(DIRECTORY):
            self._files.make_directory(DIRECTORY)
            self._files.sync([""])
        path = f"{DIRECTORY}/{size}"
        self._files.write(path + TEMPORARY, data)
        self._files.sync([path + TEMPORARY])
        self._files.rename(path + TEMPORARY, path)
        self._files.sync([DIRECTORY])

    def _prune(self) -> None:
        found = self.read()
        newest = {str(one.size) for key in self._keys if (one := _newest_by(found, key))}
        for name in self._files.list(DIRECTORY):
            if name not in newest:  # also what a crash left, and what only former witnesses signed
                self._files.remove(f"{DIRECTORY}/{name}")


def _newest_by(found: Iterable[Cosigned], key: VerifierKey) -> Cosigned | None:
    fitting = [one for one in found if any(by.key == key for by in one.witnesses)]
    return max(fitting, key=lambda one: one.size, default=None)


def _is_size(name: str) -> bool:
    return name.isascii() and name.isdecimal() and len(name) <= SIZE_DIGITS_MAX
