"""Reads hashes and entries of a tree from its files, each tile checked against the one above it.

The topmost hashes are in the edge, whose root was compared with the signed checkpoint; so nothing leaves here
that does not hang from that signature, and a rotten block is noticed before it is handed out as evidence.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from karez_gateway.log.edge import subtree_rows
from karez_gateway.log.errors import LogDamaged
from karez_gateway.log.tiles import (
    TILE_BYTES,
    TILE_HEIGHT,
    TILE_WIDTH,
    decode_bundle,
    entries_path,
    tile_path,
)
from karez_gateway.verifier.merkle import HASH_BYTES, join, leaf_hash, whole_subtrees

if TYPE_CHECKING:
    from karez_gateway.log.edge import Edge
    from karez_gateway.log.files import Files

TILES_CACHED_MAX = 256  # rows of a tile are 16 kB, so 4 MB; proofs of neighbours share nearly all of theirs
BUNDLES_CACHED_MAX = 32  # 256 entries of a few hundred bytes each, so about 2 MB


class TreeReader:
    """Whole tiles and bundles never change, so they are cached; the edge is given anew with each call."""

    def __init__(self, files: Files) -> None:
        """Reads only when asked."""
        self._files = files
        self._rows: dict[tuple[int, int], list[bytes]] = {}
        self._bundles: dict[int, list[bytes]] = {}

    def root_of(self, edge: Edge, start: int, end: int) -> bytes:
        """Root hash over the entries start to end, a range that a proof can name."""
        width = end - start
        if width & (width - 1) == 0 and width:  # one whole subtree, as most parts of a proof are
            return self.subtree(edge, width.bit_length() - 1, start // width)
        return join(self.subtree(edge, height, index) for height, index in whole_subtrees(start, end))

    def subtree(self, edge: Edge, height: int, index: int) -> bytes:
        """Root of the index-th whole subtree of 2^height entries."""
        level, row = divmod(height, TILE_HEIGHT)
        tile, column = divmod(index << row, TILE_WIDTH)
        rows = self._tile_rows(edge, level, tile)
        at = (column >> row) * HASH_BYTES
        return rows[row][at : at + HASH_BYTES]

    def entry(self, edge: Edge, index: int) -> bytes:
        """One entry of a whole bundle."""
        bundle, column = divmod(index, TILE_WIDTH)
        entries = self._bundles.get(bundle)
        if entries is None:
            path = entries_path(bundle)
            entries = decode_bundle(path, self.read(path))
            check_bundle(path, entries, self._tile_rows(edge, 0, bundle)[0])
            if len(self._bundles) >= BUNDLES_CACHED_MAX:
                self._bundles.clear()
            self._bundles[bundle] = entries
        return entries[column]

    def read(self, path: str) -> bytes:
        """A file the signed tree needs; LogDamaged if it is not there."""
        try:
            return self._files.read(path)
        except FileNotFoundError:
            raise LogDamaged(
                f"{path} is missing, which the signed checkpoint needs: the directory was changed or "
                f"restored in part. Keep it as it is and begin a new log under a new origin"
            ) from None

    def _tile_rows(self, edge: Edge, level: int, tile: int) -> list[bytes]:
        if tile == edge.size >> TILE_HEIGHT * (level + 1):
            return self._edge_rows(edge.partial[level])
        rows = self._rows.get((level, tile))
        if rows is None:
            # A full tile's own root is one of the hashes in the tile above.
            above = self._tile_rows(edge, level + 1, tile // TILE_WIDTH)[0]
            at = tile % TILE_WIDTH * HASH_BYTES
            rows = self._read_rows(tile_path(level, tile), above[at : at + HASH_BYTES])
            if len(self._rows) >= TILES_CACHED_MAX:
                self._rows.clear()
            self._rows[level, tile] = rows
        return rows

    @staticmethod
    @lru_cache(8)  # one per level of the newest tree, and a few of a moment ago
    def _edge_rows(partial: bytes) -> list[bytes]:
        return subtree_rows(partial)

    def _read_rows(self, path: str, root: bytes) -> list[bytes]:
        hashes = self.read(path)
        rows = subtree_rows(hashes) if len(hashes) == TILE_BYTES else []
        if not rows or rows[TILE_HEIGHT] != root:
            raise LogDamaged(
                f"{path} does not hold the hashes that were signed: the log's files were changed"
            )
        return rows


def check_bundle(path: str, entries: list[bytes], leaves: bytes) -> None:
    """Refuse entries whose hashes are not those of the tile over them."""
    if b"".join(map(leaf_hash, entries)) != leaves:
        raise LogDamaged(f"{path} does not hold the entries that were signed: the log's files were changed")
