"""Writes what an append adds to the tree's files, and removes the partial tiles it made superfluous."""

from __future__ import annotations

from typing import TYPE_CHECKING

from karez_gateway.log.tiles import (
    TILE_HEIGHT,
    TILE_WIDTH,
    encode_bundle,
    entries_path,
    partial_directory,
    tile_path,
    tiles_of,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from karez_gateway.log.edge import Edge
    from karez_gateway.log.files import Files

TEMPORARY = ".tmp"


class TreeWriter:
    """Nothing that an earlier size needs is ever replaced: a longer partial tile is a new file."""

    def __init__(self, files: Files) -> None:
        """Writes only when asked."""
        self._files = files
        # A directory found at the first use may have been made by a process that was killed before its
        # name was durable: only what this writer has synced itself counts.
        self._durable: set[str] = set()
        self._created: set[str] = set()  # directories whose names `sync` will make durable
        self._changed: set[str] = set()  # files and directories that hold what is not durable yet

    def write_bundles(self, first: int, entries: Sequence[bytes]) -> Sequence[bytes]:
        """Write entries as bundles from the first-th on; gives back those of the unfinished one."""
        whole = len(entries) // TILE_WIDTH
        for nth in range(whole):
            bundle = encode_bundle(entries[nth * TILE_WIDTH : (nth + 1) * TILE_WIDTH])
            self._write(entries_path(first + nth), bundle)
        tail = entries[whole * TILE_WIDTH :]
        if tail:
            self._write(entries_path(first + whole, len(tail)), encode_bundle(tail))
        return tail

    def write_tiles(self, old_size: int, edge: Edge, full: Sequence[tuple[int, int, bytes]]) -> None:
        """Write the tiles filled on the way to this edge, and the partial ones that grew."""
        for level, index, hashes in full:
            self._write(tile_path(level, index), hashes)
        for level, index, width in tiles_of(edge.size):
            has_grown = edge.size >> TILE_HEIGHT * level != old_size >> TILE_HEIGHT * level
            if width and has_grown:
                self._write(tile_path(level, index, width), edge.partial[level])

    def sync(self, *others: str) -> None:
        """Make all that was written so far durable, and other files along with it."""
        self._files.sync([*sorted(self._changed), *others])
        self._durable |= self._created
        self._created, self._changed = set(), set()

    def drop_partials(self, old_size: int, size: int) -> None:
        """Remove the partial forerunners of the tiles that an append filled, as tlog-tiles allows."""
        for level, filled, _ in tiles_of(size):
            index = old_size >> TILE_HEIGHT * (level + 1)
            if index < filled:
                for path in _files_of(level, index):
                    self._drop(partial_directory(path))

    def drop_old_partials(self, size: int) -> None:
        """Remove what a crash kept `drop_partials` from removing; looks only beside the right edge."""
        for level, filled, _ in tiles_of(size):
            for path in _files_of(level, filled):
                directory, _, edge = path.rpartition("/")
                for name in self._files.list(directory):
                    if name.endswith(".p") and name < edge:
                        self._drop(f"{directory}/{name}")

    def _write(self, path: str, data: bytes) -> None:
        """Put a whole file under its name; both are durable after `sync`."""
        folders = path.split("/")[:-1]
        for depth in range(len(folders)):
            directory = "/".join(folders[: depth + 1])
            if directory not in self._durable and directory not in self._created:
                self._files.make_directory(directory)
                self._created.add(directory)
                self._changed.add("/".join(folders[:depth]))
        self._files.write(path + TEMPORARY, data)
        self._files.rename(path + TEMPORARY, path)
        self._changed |= {path, "/".join(folders)}

    def _drop(self, directory: str) -> None:
        try:
            self._files.remove_tree(directory)
        except OSError:
            pass  # the log is whole without this, and the next opening tries again
        self._durable.discard(directory)


def _files_of(level: int, index: int) -> list[str]:
    """Paths of the full tile, and of the bundle under it."""
    paths = [tile_path(level, index)]
    return [*paths, entries_path(index)] if level == 0 else paths
