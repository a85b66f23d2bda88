"""The log as anybody may read it, also while the service appends: note and inclusion proofs.

Needs no private key and takes no lock. An append removes partial tiles that became full ones;
a reader who meets that starts again from the newer checkpoint.
"""

from collections.abc import Sequence
from pathlib import Path

from karez_gateway.errors import StoreError
from karez_gateway.log.edge import Edge
from karez_gateway.log.errors import LogError
from karez_gateway.log.files import DirectoryFiles
from karez_gateway.log.reader import TreeReader
from karez_gateway.log.tiles import tile_path, tiles_of
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
        files = DirectoryFiles(directory)
        self.note = files.read(CHECKPOINT)
        checkpoint = open_checkpoint(self.note, origin, key).checkpoint
        self.size = checkpoint.size
        self._reader = TreeReader(files)
        self._edge = Edge.from_tiles(
            self.size,
            [
                self._reader.read(tile_path(level, index, width)) if width else b""
                for level, index, width in tiles_of(self.size)
            ],
        )
        if self._edge.root() != checkpoint.root:
            raise LogError(f"{directory}: the tiles do not give the root that was signed")

    def proof(self, index: int) -> list[bytes]:
        """Hashes from an entry to the signed root."""
        return [self._reader.root_of(self._edge, *part) for part in inclusion_ranges(index, self.size)]


def prove(
    directory: Path, origin: str, verifier_key: str, indexes: Sequence[int]
) -> tuple[bytes, list[list[bytes]]]:
    """Return the log's newest note and a proof for each index in its tree. Raises StoreError."""
    reason: Exception = StoreError("not read")
    for _ in range(ATTEMPTS_MAX):
        try:
            view = LogView(directory, origin, VerifierKey.parse(verifier_key))
            if indexes and max(indexes) >= view.size:
                raise StoreError(
                    f"entry {max(indexes)} is not in the log yet: start the service, then export"
                )
            return view.note, [view.proof(index) for index in indexes]
        except VerificationError as error:
            raise StoreError(f"{directory}: {error}") from error
        except (LogError, OSError) as error:
            reason = error
    raise StoreError(f"{directory}: the log cannot be read: {reason}")
