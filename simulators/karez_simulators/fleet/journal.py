"""A controller's records in this process's memory, with the head that its courier reads.

The ring of a real controller forgets; this one keeps all, because what arrived is compared with it.
"""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, Any

from karez_protocols.record import SLOT_SIZE

if TYPE_CHECKING:
    from collections.abc import Callable


class Journal:
    """Slots by number from 1 on, and when each was made and first sent, in ms of this process."""

    def __init__(self, on_acknowledged: Callable[[int, int], None]) -> None:
        """`on_acknowledged(before, now)` when the head's acknowledgement has moved."""
        self.head: dict[str, Any] = {
            "seq": 0,
            "acknowledged_seq": 0,
            "chain": 1,
            "acknowledged_volume_l": 0,
            "acknowledged_utc_s": None,
        }
        self.now_ms = 0
        self.made_ms = array("I")
        self.sent_ms = array("I")  # 0 = not yet
        self._slots = bytearray()
        self._saved = 0
        self._on_acknowledged = on_acknowledged

    def keep(self, slot: bytes) -> None:
        """Append one slot."""
        self._slots += slot
        self.made_ms.append(self.now_ms)
        self.sent_ms.append(0)
        self.head["seq"] += 1

    def slot(self, seq: int) -> bytes | None:
        """Return a record's 128 bytes, None for a number that has none."""
        end = seq * SLOT_SIZE
        return bytes(self._slots[end - SLOT_SIZE : end]) if 0 < seq <= self.head["seq"] else None

    @staticmethod
    def oldest() -> int:
        """Return the lowest number that is still kept."""
        return 1

    def save(self) -> None:
        """The head has changed: a real one would go into FRAM now."""
        seq = self.head["acknowledged_seq"]
        if seq != self._saved:
            before, self._saved = self._saved, seq
            self._on_acknowledged(before, seq)
