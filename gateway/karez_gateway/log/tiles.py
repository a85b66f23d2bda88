"""Names and contents of tiles and entry bundles: C2SP tlog-tiles, "Merkle Tree" and "Log entries"."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from karez_gateway.log.errors import LogDamaged
from karez_gateway.verifier.merkle import HASH_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

TILE_HEIGHT: Final = 8
TILE_WIDTH: Final = 256
TILE_BYTES: Final = TILE_WIDTH * HASH_BYTES
LEVEL_MAX: Final = 63  # "a decimal ASCII integer between 0 and 63"
ENTRY_BYTES_MAX: Final = 65_535  # the length before each entry is a uint16

_LENGTH = struct.Struct(">H")


def tile_path(level: int, index: int, width: int = TILE_WIDTH) -> str:
    """`tile/<L>/<N>[.p/<W>]`: the hashes of one tile; a width below 256 names a partial one."""
    if not 0 <= level <= LEVEL_MAX:
        raise ValueError(f"tile level {level} is outside 0 … {LEVEL_MAX}")
    return f"tile/{level}/{_index_path(index, width)}"


def entries_path(index: int, width: int = TILE_WIDTH) -> str:
    """`tile/entries/<N>[.p/<W>]`: the entries under one tile of level 0."""
    return f"tile/entries/{_index_path(index, width)}"


def partial_directory(path: str) -> str:
    """Where the partial forerunners of the full tile or bundle at `path` are."""
    return path + ".p"


def tiles_of(size: int) -> Iterator[tuple[int, int, int]]:
    """(level, number of full tiles, width of the partial one or 0) for each level a tree of this size has."""
    level = 0
    while size:
        yield level, size >> TILE_HEIGHT, size % TILE_WIDTH
        size >>= TILE_HEIGHT
        level += 1


def encode_bundle(entries: Sequence[bytes]) -> bytes:
    """Entries one after the other, each behind its big-endian uint16 length; ValueError for one too long."""
    for entry in entries:
        if len(entry) > ENTRY_BYTES_MAX:
            raise ValueError(f"a log entry has at most {ENTRY_BYTES_MAX} bytes, this one {len(entry)}")
    return b"".join([_LENGTH.pack(len(entry)) + entry for entry in entries])


def decode_bundle(path: str, data: bytes, width: int = TILE_WIDTH) -> list[bytes]:
    """Exactly `width` entries and not a byte more; raises LogDamaged, which names the path."""
    entries, offset = list[bytes](), 0
    for _ in range(width):
        start = offset + _LENGTH.size
        if start > len(data):
            raise LogDamaged(f"{path} ends after {len(entries)} of {width} entries: it was changed")
        offset = start + _LENGTH.unpack_from(data, start - _LENGTH.size)[0]
        entries.append(data[start:offset])
    if offset != len(data):
        raise LogDamaged(f"{path} has {len(data)} bytes instead of {offset}: it was changed")
    return entries


def _index_path(index: int, width: int) -> str:
    """Three digits a folder, `x` before all but the last: 1234067 is x001/x234/067."""
    if index < 0 or not 0 < width <= TILE_WIDTH:
        raise ValueError(f"no tile has index {index} and width {width}")
    path = f"{index % 1000:03}"
    while index := index // 1000:
        path = f"x{index % 1000:03}/{path}"
    return path if width == TILE_WIDTH else f"{path}.p/{width}"
