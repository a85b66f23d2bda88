"""The right edge of the tree: all that an append needs to know of what came before. Pure.

Per level the hashes of the partial tile, and per height the root of the whole subtree that waits for a
sibling (the size's binary digits say at which heights one waits). Both are a few kilobytes at any size.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from karez_gateway.log.tiles import TILE_HEIGHT
from karez_gateway.verifier.merkle import EMPTY_ROOT, HASH_BYTES, node_hash

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class Edge:
    """Immutable, so that a reader keeps a consistent tree while the next one is being written."""

    size: int
    partial: tuple[bytes, ...]  # by level: the hashes of the partial tile, b"" for none
    waiting: tuple[bytes, ...]  # by height; stale where the size has a 0

    @classmethod
    def from_tiles(cls, size: int, partial: Sequence[bytes]) -> Edge:
        """Rebuild from the partial tiles, which must have the widths that the size implies."""
        waiting = list[bytes]()
        for tile in partial:
            rows = subtree_rows(tile)
            waiting += [row[-HASH_BYTES:] for row in rows[:TILE_HEIGHT]]
            waiting += [b""] * (-len(waiting) % TILE_HEIGHT)
        # The last node of a row is the one that waits: subtrees stand in falling height, left to right.
        return cls(size, tuple(partial), tuple(waiting))

    def root(self) -> bytes:
        """The tree's root hash."""
        root = b""
        for height, subtree in enumerate(self.waiting):
            if self.size >> height & 1:
                root = node_hash(subtree, root) if root else subtree
        return root or EMPTY_ROOT

    def extend(self, leaves: Sequence[bytes]) -> tuple[Edge, list[tuple[int, int, bytes]]]:
        """The edge after these leaf hashes, and the tiles they filled as (level, index, hashes)."""
        size = self.size
        waiting, partial = list(self.waiting), [bytearray(tile) for tile in self.partial]
        full = list[tuple[int, int, bytes]]()
        lowest = partial[0] if partial else bytearray()
        if leaves and not partial:
            partial.append(lowest)
        for leaf in leaves:
            lowest += leaf
            subtree, height = leaf, 0
            while size >> height & 1:
                subtree = node_hash(waiting[height], subtree)
                height += 1
                if height % TILE_HEIGHT == 0:
                    level = height // TILE_HEIGHT
                    full.append((level - 1, size >> height, bytes(partial[level - 1])))
                    partial[level - 1].clear()
                    _put(partial, level, subtree)
            if height == len(waiting):
                waiting.append(subtree)
            else:
                waiting[height] = subtree
            size += 1
        return Edge(size, tuple(bytes(tile) for tile in partial), tuple(waiting)), full


def subtree_rows(tile: bytes) -> list[bytes]:
    """Roots of the whole subtrees over a tile's hashes: row k holds those 2^k hashes wide, end to end."""
    rows = [tile]
    while len(tile) >= 2 * HASH_BYTES:
        pairs = range(0, len(tile) - HASH_BYTES, 2 * HASH_BYTES)
        tile = b"".join(
            [
                node_hash(tile[at : at + HASH_BYTES], tile[at + HASH_BYTES : at + 2 * HASH_BYTES])
                for at in pairs
            ]
        )
        rows.append(tile)
    return rows


def _put(partial: list[bytearray], level: int, subtree: bytes) -> None:
    if level == len(partial):
        partial.append(bytearray())
    partial[level] += subtree
