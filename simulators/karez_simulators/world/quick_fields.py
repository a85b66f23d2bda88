"""What a world reads of meters and layouts, with tables that a controller has no room for.

tests/simulators/test_world_quick.py and tests/gateway/test_quick_fields.py hold both ways
against each other.
"""

from __future__ import annotations

import struct
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from karez_protocols import quick_fields, registers
from karez_protocols.profile import Profile

if TYPE_CHECKING:
    from collections.abc import Callable


@cache
def _rows(rows: bytes) -> tuple[tuple[Any, ...], ...]:
    return tuple(struct.iter_unpack(registers.ROW, rows))


def row(self: Profile, at: int) -> tuple[Any, ...]:
    """As Profile._row."""
    return _rows(self.rows)[at]


_KNOWN = 4096  # of numbers that meters show: most registers of a well say the same for hours
_VALUE: Callable[[Profile, int, list[bytes]], int | None] = Profile._value  # noqa: SLF001 - done otherwise below


def value(self: Profile, at: int, replies: list[bytes]) -> int | None:
    """As Profile._value. A plain row's bytes say by themselves all that it means: it is read once."""
    if at in self.splits or at in self.scalings:
        return _VALUE(self, at, replies)
    request, first, code = _rows(self.rows)[at][:3]
    reply = replies[request]
    if reply is None:
        return None
    raw = at, reply[first : first + (code >> 3 & 7) + 1]
    known: dict[tuple[int, bytes], int | None] = self.__dict__.setdefault("_known", {})
    if raw not in known:
        if len(known) > _KNOWN:
            known.clear()
        known[raw] = _VALUE(self, at, replies)
    return known[raw]


_PLACES: tuple[tuple[Any, str, Any], ...] = (
    *quick_fields.PLACES,
    (registers, "number", lru_cache(_KNOWN)(registers.number)),
    (registers, "scaled", lru_cache(_KNOWN)(registers.scaled)),
    (Profile, "_row", row),
    (Profile, "_value", value),
)


def quickened() -> quick_fields.Quickened:
    """Let everybody in this process use it."""
    return quick_fields.Quickened(_PLACES)
