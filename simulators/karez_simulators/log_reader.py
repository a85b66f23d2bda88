"""An auditor's eye on the gateway's log: the entry bundles, read as C2SP tlog-tiles writes them.

tile/entries/<N>[.p/<W>]: big-endian u16 length, then the entry; 256 entries to a full bundle
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from karez_protocols import entry
from karez_protocols.errors import ProtocolError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TILE_ENTRIES = 256
ENTRY_BYTES_MIN = 2 + 2  # its length, then version and sort


class Unreadable(RuntimeError):
    """The log does not hold what its checkpoint covers: damaged, or written just now."""


def _path(number: int) -> str:
    """Return N as C2SP writes it: groups of three digits, all but the last with an x."""
    groups = [f"{number % 1000:03d}"]
    number //= 1000
    while number:
        groups.insert(0, f"x{number % 1000:03d}")
        number //= 1000
    return "/".join(groups)


def size_of(log: Path) -> int:
    """Return the tree size that the log's checkpoint signs. Raises Unreadable."""
    try:
        size = int((log / "checkpoint").read_text(encoding="utf-8").split("\n")[1])
    except (OSError, ValueError, IndexError):
        raise Unreadable(f"{log.name}: the checkpoint names no size") from None
    if size < 0:
        raise Unreadable(f"{log.name}: the checkpoint names the size {size}")
    return size


def entries(log: Path) -> Iterator[dict[str, Any]]:
    """Yield every entry the checkpoint covers, decoded, in order of the log. Raises Unreadable."""
    for number, body in enumerate(bodies(log)):
        try:
            yield entry.decode(body)
        except ProtocolError as error:
            raise Unreadable(f"entry {number}: {error}") from None


def bodies(log: Path) -> Iterator[bytes]:
    """Yield the bytes of every entry the checkpoint covers, in order of the log. Raises Unreadable."""
    size = size_of(log)
    for number in range((size + TILE_ENTRIES - 1) // TILE_ENTRIES):
        width = min(TILE_ENTRIES, size - number * TILE_ENTRIES)
        data = _bundle(log / "tile" / "entries", number, width)
        at = 0
        for nth in range(width):
            end = at + 2 + int.from_bytes(data[at : at + 2], "big")
            # A length that is cut off leaves nothing, or too little, to decode.
            if end > len(data) or end - at < ENTRY_BYTES_MIN:
                raise Unreadable(f"entry {number * TILE_ENTRIES + nth} is cut off")
            yield data[at + 2 : end]
            at = end


def _bundle(folder: Path, number: int, width: int) -> bytes:
    """Return the bytes of a bundle; a partial one goes when the full one is there."""
    names = [_path(number)] if width == TILE_ENTRIES else [f"{_path(number)}.p/{width}", _path(number)]
    for name in names:
        try:
            return (folder / name).read_bytes()
        except OSError:
            continue
    raise Unreadable(f"bundle {names[0]} cannot be read")
