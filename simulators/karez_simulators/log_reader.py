"""An auditor's eye on the gateway's log: the entry bundles, read as C2SP tlog-tiles writes them.

    tile/entries/<N>[.p/<W>]: big-endian u16 length, then the entry; 256 entries to a full bundle
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from karez_protocols import entry

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TILE_ENTRIES = 256


def _path(number: int) -> str:
    """Return N as C2SP writes it: groups of three digits, all but the last with an x."""
    groups = [f"{number % 1000:03d}"]
    number //= 1000
    while number:
        groups.insert(0, f"x{number % 1000:03d}")
        number //= 1000
    return "/".join(groups)


def size_of(log: Path) -> int:
    """Return the tree size that the log's checkpoint signs."""
    return int((log / "checkpoint").read_text().split("\n")[1])


def entries(log: Path) -> Iterator[dict[str, object]]:
    """Yield every entry the checkpoint covers, decoded, in order of the log."""
    size = size_of(log)
    for number in range((size + TILE_ENTRIES - 1) // TILE_ENTRIES):
        width = min(TILE_ENTRIES, size - number * TILE_ENTRIES)
        name = _path(number) + ("" if width == TILE_ENTRIES else f".p/{width}")
        path = log / "tile" / "entries" / name
        data = path.read_bytes() if path.exists() else (log / "tile" / "entries" / _path(number)).read_bytes()
        at = 0
        for _ in range(width):
            length = int.from_bytes(data[at : at + 2], "big")
            yield entry.decode(data[at + 2 : at + 2 + length])
            at += 2 + length
