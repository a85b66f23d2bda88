"""One signed tree: made by an append, or read back from the files and held against its signature."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from karez_gateway.log.edge import Edge
from karez_gateway.log.errors import LogDamaged, LogError
from karez_gateway.log.reader import check_bundle
from karez_gateway.log.tiles import TILE_WIDTH, decode_bundle, entries_path, tile_path, tiles_of
from karez_gateway.verifier.checkpoint import Checkpoint, open_checkpoint
from karez_gateway.verifier.errors import VerificationError
from karez_gateway.verifier.merkle import HASH_BYTES
from karez_gateway.verifier.note import sign_note

if TYPE_CHECKING:
    from collections.abc import Sequence

    from karez_gateway.log.reader import TreeReader
    from karez_gateway.verifier.note import Signer


@dataclass(frozen=True)
class SignedTree:
    """The edge, its root, the entries of the unfinished bundle, and the checkpoint note."""

    edge: Edge
    root: bytes
    tail: tuple[bytes, ...]
    note: bytes


def sign_tree(edge: Edge, tail: Sequence[bytes], origin: str, signer: Signer) -> SignedTree:
    """Sign the tree's checkpoint. The signature counts only once all its files are durable."""
    if signer.verifier_key.name != origin:
        # tlog-checkpoint: the names SHOULD match. Then no key can sign for two logs by a mix-up either.
        raise LogError(f"the key of {signer.verifier_key.name} cannot sign the log {origin}")
    root = edge.root()
    return SignedTree(
        edge, root, tuple(tail), sign_note(Checkpoint(origin, edge.size, root).format(), signer)
    )


def read_tree(reader: TreeReader, notes: Sequence[bytes], origin: str, signer: Signer) -> SignedTree:
    """The tree of the last note, if the files give its root and it continues the notes before."""
    if not notes:
        raise LogError(f"{origin}: there is no checkpoint, so no log that could be opened; create one first")
    try:
        signed = [open_checkpoint(note, origin, signer.verifier_key).checkpoint for note in notes]
    except VerificationError as error:
        raise LogDamaged(f"{origin}: the checkpoint in this directory is refused: {error}") from error
    newest = signed[-1]
    edge = _read_edge(reader, newest)
    for earlier in signed[:-1]:
        is_longer = earlier.size > newest.size
        if is_longer or reader.root_of(edge, 0, earlier.size) != earlier.root:
            raise LogDamaged(f"{origin}: the two checkpoints in this directory contradict each other")
    tail = list[bytes]()
    if width := newest.size % TILE_WIDTH:
        path = entries_path(newest.size // TILE_WIDTH, width)
        tail = decode_bundle(path, reader.read(path), width)
        check_bundle(path, tail, edge.partial[0])
    return SignedTree(edge, newest.root, tuple(tail), notes[-1])


def _read_edge(reader: TreeReader, signed: Checkpoint) -> Edge:
    partial = []
    for level, index, width in tiles_of(signed.size):
        path = tile_path(level, index, width) if width else ""
        tile = reader.read(path) if path else b""
        if len(tile) != width * HASH_BYTES:
            raise LogDamaged(f"{path} has {len(tile)} bytes instead of {width * HASH_BYTES}: it was changed")
        partial.append(tile)
    edge = Edge.from_tiles(signed.size, partial)
    if edge.root() != signed.root:
        raise LogDamaged(
            f"{signed.origin}: the tiles do not give the root that was signed at {signed.size} entries. "
            f"Keep the directory as it is and begin a new log under a new origin"
        )
    return edge
