"""The truth about one controller's records: everything it has committed, and what follows from it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from karez_protocols import record, signed

if TYPE_CHECKING:
    from karez_firmware.journal import Journal


@dataclass
class Right:
    """A grant that an office has signed."""

    seq: int
    ceiling_l: int
    data: bytes


@dataclass
class History:
    """`slots`: (chain, seq) -> slot as it was committed. All else is read from them."""

    slots: dict[tuple[int, int], bytes] = field(default_factory=dict)
    chain: int = 1
    last_seq: int = 0
    volume_l: int = 0  # the highest W of any record
    signed: dict[bytes, Right] = field(default_factory=dict)  # digest -> what offices gave
    right: Right | None = None  # in force by the records
    running: bool = False  # a start without a stop
    has_started: bool = False  # since this boot
    stops: int = 0
    rolled_back: bool = False  # somebody put an old memory back: numbers come twice from here on

    def issue(self, right: Right) -> None:
        """An office has signed a grant."""
        self.signed[signed.digest(right.data)] = right

    def add(self, slot: bytes) -> dict[str, Any]:
        """A record was committed; return its values. What may not be is judged before (invariants.py)."""
        values = dict(record.decode(slot))
        self.slots[self.chain, values["seq"]] = slot
        self.last_seq = values["seq"]
        kind = values["kind"]
        if record.is_measuring(kind) and values["volume_l"] is not None:
            self.volume_l = max(self.volume_l, values["volume_l"])
        if kind == record.START:
            self.running = self.has_started = True
        elif kind == record.STOP:
            self.running = False
            self.stops += 1
        elif kind == record.BOOT:
            self.has_started = False
        elif kind == record.GRANT:
            self.right = self.signed.get(bytes(values["digest"]), self.right)
        return values

    def unsaid(self, journal: Journal, before_seq: int) -> list[bytes]:
        """Slots that a cut kept from being told, though they were written: the start has taken them up."""
        found = [journal.slot(seq) for seq in range(self.last_seq + 1, before_seq)]
        return [slot for slot in found if slot is not None]
