"""The log as anybody may read it, also while the service appends: note and inclusion proofs.

Needs no private key and takes no lock. An append removes partial tiles that became full ones;
a reader who meets that starts again from the newer checkpoint.
"""

from collections.abc import Sequence
from pathlib import Path

from karez_gateway.errors import StoreError
from karez_gateway.log.cosigned import CosignedCheckpoints
from karez_gateway.log.edge import Edge
from karez_gateway.log.errors import LogError
from karez_gateway.log.files import DirectoryFiles
from karez_gateway.log.reader import TreeReader, check_bundle
from karez_gateway.log.tiles import TILE_WIDTH, decode_bundle, entries_path, tile_path, tiles_of
from karez_gateway.log.tlog import CHECKPOINT
from karez_gateway.verifier.checkpoint import open_checkpoint
from karez_gateway.verifier.errors import VerificationError
from karez_gateway.verifier.merkle import inclusion_ranges
from karez_gateway.verifier.note import VerifierKey

ATTEMPTS_MAX = 20  # each meets at most one append of the running service


class LogView:
    """One signed tree."""

    def __init__(self, directory: Path, origin: str, key: VerifierKey) -> None:
        """Read the checkpoint and the right edge. Raises LogError, VerificationError, OSError."""
        self._files = DirectoryFiles(directory)
        self._origin = origin
        self._key = key
        self.note = self._files.read(CHECKPOINT)
        checkpoint = open_checkpoint(self.note, origin, key).checkpoint
        self.size = checkpoint.size
        self._reader = TreeReader(self._files)
        self._edge = Edge.from_tiles(
            self.size,
            [
                self._reader.read(tile_path(level, index, width)) if width else b""
                for level, index, width in tiles_of(self.size)
            ],
        )
        if self._edge.root() != checkpoint.root:
            raise LogError(f"{directory}: the tiles do not give the root that was signed")

    def proof(self, index: int, size: int) -> list[bytes]:
        """Hashes from an entry to the root of the first `size` entries."""
        return [self._reader.root_of(self._edge, *part) for part in inclusion_ranges(index, size)]

    def entry(self, index: int) -> bytes:
        """One entry, checked against the signed root. Raises IndexError, LogError, OSError."""
        if not 0 <= index < self.size:
            raise IndexError(f"entry {index} is outside a log of {self.size} entries")
        width = self.size % TILE_WIDTH
        if index < self.size - width:
            return self._reader.entry(self._edge, index)
        path = entries_path(index // TILE_WIDTH, width)
        entries = decode_bundle(path, self._reader.read(path), width)
        check_bundle(path, entries, self._edge.partial[0])
        return entries[index % TILE_WIDTH]

    def best_note(self, size: int, witnesses: Sequence[VerifierKey]) -> tuple[bytes, int]:
        """The note over at least `size` entries that the most witnesses cosigned, and its size.

        The newest one where no witness has cosigned so far.
        """
        if witnesses:
            kept = CosignedCheckpoints(self._files, self._origin, self._key, witnesses)
            for one in kept.covering(size):
                # The log may have grown since its checkpoint was read here.
                if one.size <= self.size and self._reader.root_of(self._edge, 0, one.size) == one.root:
                    return one.note, one.size
        return self.note, self.size


def prove(
    directory: Path,
    origin: str,
    verifier_key: str,
    indexes: Sequence[int],
    witnesses: Sequence[VerifierKey] = (),
) -> tuple[bytes, list[list[bytes]]]:
    """Return a signed note and a proof for each index in its tree. Raises StoreError.

    The note is the one that most of the witnesses have cosigned, else the newest.
    """
    reason: Exception = StoreError("not read")
    for _ in range(ATTEMPTS_MAX):
        try:
            view = LogView(directory, origin, VerifierKey.parse(verifier_key))
            needed = max(indexes, default=-1) + 1
            if needed > view.size:
                raise StoreError(f"entry {needed - 1} is not in the log yet: start the service, then export")
            note, size = view.best_note(needed, witnesses)
            return note, [view.proof(index, size) for index in indexes]
        except VerificationError as error:
            raise StoreError(f"{directory}: {error}") from error
        except (LogError, OSError) as error:
            reason = error
    raise StoreError(f"{directory}: the log cannot be read: {reason}")
