"""One pass along the chain: every slot follows the one before it, or the break is named.

After a break the chain is taken up again at the next statement the controller signed: its
covered h is the chain value to go on from. What lies between is shown as not proved.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from karez_protocols import chain
from karez_protocols.record import CONTENT_SIZE, SLOT_SIZE

from . import slots
from .findings import Finding, found
from .parts import Parts
from .slots import Head

BREAKS_MAX = 256  # more broken places than this are not told apart: the file is not this well's
REPAIRS_MAX = 64  # each costs 1,152 hashes, about 1 ms
_TAIL_BITS_MAX = 8  # so few bits differ when the 16 bytes of h themselves were damaged


@dataclass(frozen=True, slots=True)
class Link:
    """One record in its place: file index, header, bytes, and its run (None = not tied to the chain)."""

    index: int
    head: Head
    slot: bytes
    run: int | None


@dataclass(slots=True)
class Walk:
    """What the pass found: records in order of seq, h by seq, the first seq of each run, gaps."""

    links: list[Link] = field(default_factory=list)
    h_at: dict[int, bytes] = field(default_factory=dict)
    run_at: dict[int, int] = field(default_factory=dict)  # seq -> run, for the seqs in h_at
    runs: int = 0
    gaps: list[tuple[int, int, int]] = field(default_factory=list)  # first, last missing seq, index behind
    findings: list[Finding] = field(default_factory=list)


def one_bit_away(h: bytes, slot: bytes) -> tuple[int, bytes] | None:
    """Return (byte, repaired slot) if one flipped bit of the content explains a slot that does not follow."""
    tail = slot[CONTENT_SIZE:]
    content = bytearray(slot[:CONTENT_SIZE])
    for bit in range(8 * CONTENT_SIZE):
        content[bit >> 3] ^= 1 << (bit & 7)
        if chain.following(h, content)[:16] == tail:
            return bit >> 3, bytes(content) + tail
        content[bit >> 3] ^= 1 << (bit & 7)
    return None


def _one_bit_before(h: bytes, slot: bytes) -> bytes | None:
    """The value one bit away from h that the slot follows, if there is one."""
    before = bytearray(h)
    for bit in range(8 * len(h)):
        before[bit >> 3] ^= 1 << (bit & 7)
        if chain.following(before, slot[:CONTENT_SIZE])[:16] == slot[CONTENT_SIZE:]:
            return bytes(before)
        before[bit >> 3] ^= 1 << (bit & 7)
    return None


class Walker:
    """Walks the slots of one bundle. `anchors`: chain value by seq, from signed statements."""

    def __init__(self, parts: Parts, anchors: Mapping[int, bytes], genesis: bytes) -> None:
        """Stand before the first slot, with the h that the file gives."""
        self._parts = parts
        self._anchors = anchors
        self._waiting = list(range(len(parts.slots)))
        self._seen: dict[int, int] = {}
        self._h: bytes | None = parts.h_before
        self._repairs = 0
        self._places: dict[int, list[int]] = {}  # seq -> file indexes, made when something is out of order
        self.walk = Walk()
        first = slots.head(parts.slots[0]).seq
        # A bundle that begins at h_0 begins with seq 1: whatever is before its first slot was taken out.
        self._expected = 1 if parts.h_before == genesis and first > 1 and not self._follows(0) else first
        self._hold(self._expected - 1, parts.h_before)

    def go(self) -> Walk:
        """Walk to the end, or to the last break that is told apart."""
        position = 0
        while position < len(self._waiting):
            if len(self.walk.findings) + len(self.walk.gaps) > BREAKS_MAX:
                self._name("too_many_breaks", self._waiting[position], limit=BREAKS_MAX)
                break
            position += self._step(position)
        return self.walk

    def _follows(self, index: int) -> bool:
        slot = self._parts.slots[index]
        return (
            self._h is not None and chain.following(self._h, slot[:CONTENT_SIZE])[:16] == slot[CONTENT_SIZE:]
        )

    def _hold(self, seq: int, h: bytes) -> None:
        self._h = h
        self.walk.h_at[seq] = h
        self.walk.run_at[seq] = self.walk.runs

    def _name(
        self,
        code: str,
        index: int,
        field: str | None = None,
        at: tuple[int, int] = (0, SLOT_SIZE),
        **facts: int,
    ) -> None:
        head = slots.head(self._parts.slots[index])
        seq = facts.pop("seq", head.seq)
        span = self._parts.slot_span(index, *at)
        self.walk.findings.append(found(code, seq=seq, field=field, span=span, **facts))

    def _take(self, index: int, slot: bytes, head: Head, h: bytes | None, is_whole: bool = True) -> int:
        """Put a slot in its place; return 1, the slots used up."""
        run = self.walk.runs if h is not None and is_whole else None
        self.walk.links.append(Link(index, head, slot, run))
        self._seen.setdefault(head.seq, index)
        self._expected = head.seq + 1
        if h is None:
            self._h = None
        else:
            self._hold(head.seq, h)
        return 1

    def _step(self, position: int) -> int:
        """Judge the slot at a position; return how many positions to go on."""
        index = self._waiting[position]
        slot = self._parts.slots[index]
        head = slots.head(slot)
        if self._h is None:
            if head.seq < self._expected or head.seq - 1 not in self._anchors:
                return self._unchained(position, index, slot, head)
            if head.seq > self._expected:
                self.walk.gaps.append((self._expected, head.seq - 1, index))
                self._expected = head.seq
            self.walk.runs += 1
            self._hold(head.seq - 1, self._anchors[head.seq - 1])
        after = chain.following(self._h, slot[:CONTENT_SIZE])
        if after[:16] != slot[CONTENT_SIZE:]:
            return self._broken(position, after)
        if head.seq != self._expected:
            self._name("seq_jump", index, "seq", expected=self._expected)
        return self._take(index, slot, head, after)

    def _unchained(self, position: int, index: int, slot: bytes, head: Head) -> int:
        if head.seq < self._expected:
            return self._stray(index, slot, head)
        if head.seq > self._expected and self._is_followed_by(position, self._expected + 1):
            self._name("slot_broken", index, seq=self._expected)
            head = head._replace(seq=self._expected)
        elif head.seq > self._expected:
            self.walk.gaps.append((self._expected, head.seq - 1, index))
        signed_h = self._anchors.get(head.seq)
        if signed_h is not None and signed_h[:16] != slot[CONTENT_SIZE:]:
            self._name("slot_broken", index)
        return self._take(index, slot, head, None)

    def _stray(self, index: int, slot: bytes, head: Head) -> int:
        """Name a slot whose seq is behind us; it takes no place."""
        twin = self._seen.get(head.seq)
        is_repeated = twin is not None and self._parts.slots[twin] == slot
        self._name("record_repeated" if is_repeated else "record_conflict", index)
        return 1

    def _is_followed_by(self, position: int, seq: int) -> bool:
        waiting, all_slots = self._waiting, self._parts.slots
        return position + 1 < len(waiting) and slots.head(all_slots[waiting[position + 1]]).seq == seq

    def _broken(self, position: int, after: bytes) -> int:
        """Say what is wrong with a slot that does not follow, nearest explanation first."""
        index = self._waiting[position]
        slot = self._parts.slots[index]
        head = slots.head(slot)
        twin = self._seen.get(head.seq)
        if twin is not None and self._parts.slots[twin] == slot:
            self._name("record_repeated", index)
            return 1
        taken = self._damaged(position, index, slot, after)
        if taken:
            return taken
        if head.seq == self._expected or self._is_followed_by(position, self._expected + 1):
            self._name("slot_broken", index, seq=self._expected)
            return self._take(index, slot, head._replace(seq=self._expected), None)
        later = self._later(position)
        if later is not None:
            if head.seq < self._expected or len(self._places.get(head.seq, [])) > 1:
                return self._stray(index, slot, head)  # what belongs here is here: this one does not
            return self._misplaced(position, later, head)
        if head.seq < self._expected:
            return self._stray(index, slot, head)
        self.walk.gaps.append((self._expected, head.seq - 1, index))
        self._h, self._expected = None, head.seq
        return 0

    def _misplaced(self, position: int, later: int, head: Head) -> int:
        """Put right what stands in the wrong place: this slot if the next one belongs here, else that one."""
        waiting = self._waiting
        before = [index for index in self._places.get(head.seq - 1, []) if index in waiting[later:]]
        if later == position + 1 and before:
            self._name("record_out_of_order", waiting[position])
            index = waiting.pop(position)
            waiting.insert(waiting.index(before[0], position) + 1, index)
        else:
            self._name("record_out_of_order", waiting[later])
            waiting.insert(position, waiting.pop(later))
        return 0

    def _later(self, position: int) -> int | None:
        """Position of the slot that belongs here, if it stands further on."""
        if not self._places:
            for index, slot in enumerate(self._parts.slots):
                self._places.setdefault(slots.head(slot).seq, []).append(index)
        for index in self._places.get(self._expected, []):
            if self._follows(index) and index in self._waiting[position + 1 :]:
                return self._waiting.index(index, position + 1)
        return None

    def _damaged(self, position: int, index: int, slot: bytes, after: bytes) -> int:
        """Name damage inside the slot when it can be placed, and go on from the value it must have had."""
        before = self._h
        if before is None or self._repairs >= REPAIRS_MAX:
            return 0
        self._repairs += 1
        head = slots.head(slot)
        if self._is_tail_damaged(position, slot, head, after):
            self._name("slot_changed", index, "h", (CONTENT_SIZE, SLOT_SIZE))
            return self._take(index, slot, head, after)
        repair = one_bit_away(before, slot)
        if repair is not None:
            at, repaired = repair
            right = slots.head(repaired)
            self._name("slot_changed", index, slots.field_at(repaired, at), (at, at + 1), seq=right.seq)
            return self._take(index, slot, right, chain.following(before, repaired[:CONTENT_SIZE]), False)
        right_before = _one_bit_before(before, slot) if position == 0 else None
        if right_before is None:
            return 0
        span = self._parts.slots_at - len(before), self._parts.slots_at
        self.walk.findings.append(found("slot_changed", seq=head.seq, field="h_before", span=span))
        return self._take(index, slot, head, chain.following(right_before, slot[:CONTENT_SIZE]))

    def _is_tail_damaged(self, position: int, slot: bytes, head: Head, after: bytes) -> bool:
        """True if the content is right and only the 16 bytes of h in the slot are not."""
        difference = int.from_bytes(after[:16], "big") ^ int.from_bytes(slot[CONTENT_SIZE:], "big")
        if difference.bit_count() <= _TAIL_BITS_MAX:
            return True
        if head.seq != self._expected or position + 1 == len(self._waiting):
            return False
        next_slot = self._parts.slots[self._waiting[position + 1]]
        return bool(chain.following(after, next_slot[:CONTENT_SIZE])[:16] == next_slot[CONTENT_SIZE:])
