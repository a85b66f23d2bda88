"""The truth about one controller's records: everything it has committed, and what follows from it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from karez_protocols import causes, record, signed

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
    rebuilt: int = 0  # heads that the controller lost and told of
    rolled_back: bool = False  # somebody put an old memory back: numbers come twice from here on
    kept_seq: int | None = None  # the last record of that memory: those behind it may be two

    def issue(self, right: Right) -> None:
        """An office has signed a grant."""
        self.signed[signed.digest(right.data)] = right

    def chain_of(self, values: dict[str, Any]) -> int:
        """The chain that a record stands in: the link to a lost one is the first of a new one."""
        is_link = values["kind"] == record.EVENT and values["cause"] == causes.CHAIN_BEGUN
        return self.chain + 1 if is_link and values["seq"] == 1 else self.chain

    def add(self, slot: bytes, values: dict[str, Any]) -> None:
        """A record was committed that says these values. What may not be is judged before (invariants.py)."""
        if self.chain_of(values) > self.chain:
            self.chain += 1
            self.right = None  # what is in force by the records of this chain
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
        elif kind == record.EVENT and values["cause"] == causes.HEAD_REBUILT:
            self.rebuilt += 1
        elif kind == record.BOOT:
            self.has_started = False
        elif kind == record.GRANT:
            self.right = self.signed.get(bytes(values["digest"]), self.right)

    def unsaid(self, journal: Journal, before_seq: int) -> list[bytes]:
        """Slots that a cut kept from being told, though they were written: the start has taken them up."""
        found = [journal.slot(seq) for seq in range(self.last_seq + 1, before_seq)]
        return [slot for slot in found if slot is not None]
