"""The log itself: append, then sign, then let others see; two trees that contradict are never signed.

Order of an append, each step durable before the next begins:
1. new entry bundles and tiles under their final names; nothing a signed checkpoint needs is replaced;
2. the signed checkpoint as `checkpoint.next`: from here on the entries are logged;
3. its rename to `checkpoint`, which others read: they never see one that a power cut can take back;
4. removal of partial tiles that are full now.

On opening, `checkpoint.next` if it is there, else `checkpoint`, says the size; what lies beyond it was never
signed, and is overwritten. If the files do not give the signed root, the log is refused, not repaired.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Self

from karez_gateway.log.edge import Edge
from karez_gateway.log.errors import LogError, LogStopped
from karez_gateway.log.files import DirectoryFiles
from karez_gateway.log.reader import TreeReader
from karez_gateway.log.state import read_tree, sign_tree
from karez_gateway.log.tiles import ENTRY_BYTES_MAX, TILE_WIDTH
from karez_gateway.log.writer import TEMPORARY, TreeWriter
from karez_gateway.verifier.merkle import consistency_ranges, inclusion_ranges, leaf_hash

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

    from karez_gateway.log.files import Files
    from karez_gateway.log.state import SignedTree
    from karez_gateway.verifier.note import Signer

CHECKPOINT = "checkpoint"
NEXT = "checkpoint.next"


class Tlog:
    """An open log. One thread appends at a time; any may read meanwhile, and sees the last durable tree."""

    def __init__(self, files: Files, origin: str, signer: Signer, state: SignedTree) -> None:
        """Use `create` or `open`."""
        self._files = files
        self._origin = origin
        self._signer = signer
        self._state = state
        self._reader = TreeReader(files)
        self._writer = TreeWriter(files)
        self._appending = threading.Lock()
        self._stopped = ""

    @classmethod
    def create(cls, directory: Path | Files, origin: str, signer: Signer) -> Tlog:
        """Begin a new, empty log and sign its size 0. Once in an origin's life: a second time is a fork."""
        if isinstance(directory, Path):
            directory.mkdir(parents=True, exist_ok=True)
            DirectoryFiles(directory.parent).sync([""])
        files = _locked(directory)
        try:
            _refuse_second_log(files)
            log = cls(files, origin, signer, sign_tree(Edge(0, (), ()), (), origin, signer))
            log._commit(log._state)
        except BaseException:  # nobody holds this log then: it must not stay locked
            files.unlock()
            raise
        return log

    @classmethod
    def open(cls, directory: Path | Files, origin: str, signer: Signer) -> Tlog:
        """Continue a log, reading its right edge; LogBusy, LogDamaged, or LogError if there is none."""
        files = _locked(directory)
        try:
            notes = [files.read(name) for name in (CHECKPOINT, NEXT) if name in files.list("")]
            state = read_tree(TreeReader(files), notes, origin, signer)
            log = cls(files, origin, signer, state)
            log._check_edge()
            if NEXT in files.list(""):
                log._commit(state)
        except BaseException:  # nobody holds this log then: it must not stay locked
            files.unlock()
            raise
        log._writer.drop_old_partials(log.size)
        return log

    def close(self) -> None:
        """Give the directory free. Nothing needs to be written."""
        with self._appending:
            self._stopped = self._stopped or "it is closed"
            self._files.unlock()

    def __enter__(self) -> Self:
        """The log itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        self.close()

    @property
    def origin(self) -> str:
        """First line of every checkpoint."""
        return self._origin

    @property
    def size(self) -> int:
        """Entries that are durable and signed."""
        return self._state.edge.size

    @property
    def root(self) -> bytes:
        """Root hash at `size`."""
        return self._state.root

    def checkpoint_note(self) -> bytes:
        """The signed checkpoint of the last durable tree. Ask for proofs at the size it states."""
        return self._state.note

    def append(self, entries: Sequence[bytes]) -> int:
        """Index of the first entry, once all are durable under a signed checkpoint; in order, all or none.

        Raises ValueError for an entry over 65,535 bytes (nothing is written), LogStopped if a write failed:
        then whether they were logged is known only after opening the log again.
        """
        new = [bytes(entry) for entry in entries]
        if any(len(entry) > ENTRY_BYTES_MAX for entry in new):
            raise ValueError(f"a log entry has at most {ENTRY_BYTES_MAX} bytes")
        with self._appending:
            self._check_running()
            old = self._state
            if not new:
                return old.edge.size
            try:
                edge, full = old.edge.extend([leaf_hash(entry) for entry in new])
                tail = self._writer.write_bundles(old.edge.size // TILE_WIDTH, [*old.tail, *new])
                self._writer.write_tiles(old.edge.size, edge, full)
                self._commit(sign_tree(edge, tail, self._origin, self._signer))
            except BaseException as error:  # whatever it was, what is on disk is not known any more
                self._stopped = f"writing failed ({error})"
                if isinstance(error, OSError):
                    raise LogStopped(f"{self._origin}: {self._stopped}; open the log again") from error
                raise
            self._writer.drop_partials(old.edge.size, edge.size)
            return old.edge.size

    def entry(self, index: int) -> bytes:
        """One entry; IndexError outside the log, LogDamaged if the files no longer hold what was signed."""
        state = self._state
        if not 0 <= index < state.edge.size:
            raise IndexError(f"entry {index} is outside a log of {state.edge.size} entries")
        if index >= state.edge.size - len(state.tail):
            return state.tail[index % TILE_WIDTH]
        return self._reader.entry(state.edge, index)

    def root_at(self, size: int) -> bytes:
        """Root hash of the first `size` entries, as an earlier checkpoint had it."""
        edge = self._edge_of(size)
        return self._reader.root_of(edge, 0, size)

    def inclusion_proof(self, index: int, size: int | None = None) -> list[bytes]:
        """Hashes for `merkle.verify_inclusion`, in the tree of `size` entries (default: all)."""
        edge = self._edge_of(size)
        size = edge.size if size is None else size
        if not 0 <= index < size:
            raise IndexError(f"entry {index} is outside a log of {size} entries")
        return [self._reader.root_of(edge, *part) for part in inclusion_ranges(index, size)]

    def consistency_proof(self, old_size: int, new_size: int | None = None) -> list[bytes]:
        """Hashes for `merkle.verify_consistency` between two sizes (default: up to all)."""
        edge = self._edge_of(new_size)
        new_size = edge.size if new_size is None else new_size
        if not 0 <= old_size <= new_size:
            raise IndexError(f"no proof leads from {old_size} to {new_size} entries")
        return [self._reader.root_of(edge, *part) for part in consistency_ranges(old_size, new_size)]

    def _edge_of(self, size: int | None) -> Edge:
        edge = self._state.edge
        if size is not None and not 0 <= size <= edge.size:
            raise IndexError(f"the log has {edge.size} entries, not {size}")
        return edge

    def _check_running(self) -> None:
        if self._stopped:
            raise LogStopped(f"{self._origin}: {self._stopped}; open the log again")

    def _check_edge(self) -> None:
        """Read the last whole bundle, which also reads and checks the tiles over it."""
        whole = self.size - self.size % TILE_WIDTH
        if whole:
            self.entry(whole - 1)

    def _commit(self, state: SignedTree) -> None:
        """Make tree and signature durable, then show them; `checkpoint.next` is never half written."""
        self._files.write(NEXT + TEMPORARY, state.note)
        self._writer.sync(NEXT + TEMPORARY)  # under this name the signature does not count yet
        self._files.rename(NEXT + TEMPORARY, NEXT)
        self._files.sync([""])
        self._state = state
        self._files.rename(NEXT, CHECKPOINT)


def _locked(directory: Path | Files) -> Files:
    if not isinstance(directory, Path):
        files = directory
    elif directory.is_dir():
        files = DirectoryFiles(directory)
    else:
        raise LogError(f"{directory}: there is no log here; create one first")
    files.lock()
    return files


def _refuse_second_log(files: Files) -> None:
    if {CHECKPOINT, NEXT, "tile"} & set(files.list("")):
        raise LogError("there is a log in this directory already: open it, or choose an empty directory")
