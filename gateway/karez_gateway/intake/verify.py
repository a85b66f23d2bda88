"""Judges the records of one chain in the order of their numbers. Pure: no table, no clock.

A record that fails is quarantined with its reason, never dropped or repaired. When one does
not follow the record before it, the chain is broken: nothing after it can be tied to the
chain until a statement names the chain value it stands on. A loss declared by the controller
breaks the chain the same way, for nobody but the controller holds the value in between.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from karez_gateway.grants.rights import Right
from karez_gateway.store.chains import VerifiedMarks
from karez_gateway.verifier import metering, slots
from karez_gateway.verifier.slots import PLACES, Head
from karez_protocols import chain as chain_of
from karez_protocols import record
from karez_protocols.record import CONTENT_SIZE

NOT_FOLLOWING = "does not follow the record before it"
UNTIED = "the chain is broken before it and no statement has taken it up again"
FORK = "another record of this number follows the chain"
LATE = "came after the chain had passed this number"
REVOKED = "the controller was revoked before it came"
UNCHAINED = (NOT_FOLLOWING, UNTIED, FORK, LATE)  # the others follow the chain and say something wrong
WRONG_STATEMENT = "the statement does not name the record before it"
WRONG_CHAIN = "names another chain"
NO_STATEMENT = "signs a statement that is not in the chain"
WRONG_SIGNATURE = "the controller's key does not confirm the signature"
VOLUME_FELL = "the well register W falls"
BELOW_BASE = "the register is below the base of the segment that opens"

OVERSHOOT = "overshoot"
SEGMENT = "segment"  # subject: its number; litres: what was held and is booked without a meter

# Statements whose signature is still being computed: signing takes seconds on a slow board, a
# stop, a tamper event and the hour may each bring one meanwhile.
STATEMENTS_MAX = 4

# Design §13 allows flow × (meter refresh + 1.1 s) and a register step past the ceiling; slow
# meters refresh every few seconds and count in steps of 0.1 m3.
OVERSHOOT_S = 10
OVERSHOOT_STEP_L = 100

_MEASURING = frozenset(kind for kind in PLACES if record.is_measuring(kind))


def _place(kind: int, name: str) -> slice:
    return slice(*PLACES[kind][name][:2])


_COVERED_SEQ = _place(record.STATEMENT, "covered_seq")
_COVERED_H = _place(record.STATEMENT, "covered_h")
_CHAIN = _place(record.STATEMENT, "chain")
_STATEMENT_SEQ = _place(record.SIGNATURE, "statement_seq")
_SIGNATURE = _place(record.SIGNATURE, "signature")
_DIGEST = _place(record.GRANT, "digest")
_HELD = _place(record.INTERVAL, "held_l")
_SEQ = _place(record.STATEMENT, "seq")


def _number(slot: bytes, place: slice) -> int:
    return int.from_bytes(slot[place], "little")


@dataclass(frozen=True, slots=True)
class Finding:
    """Something a good record shows: `candidate` is its place among those judged."""

    kind: str
    subject: int
    candidate: int
    litres: int


class Judge:
    """One chain of one controller; `marks` is its whole state and may be stored at any time."""

    def __init__(
        self,
        controller: str,
        chain: int,
        key: Ed25519PublicKey,
        rated_flow_lph: int,
        marks: VerifiedMarks,
        right_of: Callable[[bytes], Right | None],
    ) -> None:
        """`right_of` gives the right in a signed grant by the digest a record names, if we hold it."""
        self.marks = marks
        self.findings: list[Finding] = []
        self._controller = controller
        self._chain = chain
        self._key = key
        self._tolerance_l = rated_flow_lph * OVERSHOOT_S // 3600 + OVERSHOOT_STEP_L
        self._right_of = right_of
        self._before = marks.h  # the value that the record being judged follows
        self._right = right_of(marks.grant_digest) if marks.grant_digest else None

    def take(self, seq: int, candidates: Sequence[bytes]) -> list[str | None]:
        """Judge the slots that came under the next number, in order of arrival; return their reasons.

        At most one is good (None). Numbers between the last one and `seq` are passed as lost.
        """
        self.findings.clear()
        marks = self.marks
        was_broken = marks.broken
        marks.verified_seq = seq
        for at, slot in enumerate(candidates):
            if self._follows(seq, slot):
                reasons: list[str | None] = [FORK] * len(candidates)
                reasons[at] = self._judge(at, slot)
                return reasons
        marks.broken = True
        return [UNTIED if was_broken else NOT_FOLLOWING] * len(candidates)

    def _follows(self, seq: int, slot: bytes) -> bool:
        """True if the slot continues the chain, or takes it up again; h is then the value after it."""
        marks = self.marks
        before = marks.h
        if marks.broken:
            is_statement = slot[1] == record.STATEMENT and _number(slot, _COVERED_SEQ) == seq - 1
            if not is_statement or _number(slot, _CHAIN) != self._chain:
                return False
            before = slot[_COVERED_H]
        after = chain_of.following(before, slot[:CONTENT_SIZE])
        if after[:16] != slot[CONTENT_SIZE:]:
            if marks.broken or slot[1] != record.STATEMENT:
                return False
            marks.broken = True  # a statement may also take up what is broken right before it
            if self._follows(seq, slot):
                return True
            marks.broken = False
            return False
        marks.h = after
        marks.broken = False
        self._before = before
        return True

    def _judge(self, at: int, slot: bytes) -> str | None:
        """Reason against the content of a slot that follows the chain."""
        head = slots.head(slot)
        if head.kind not in PLACES:
            return f"kind {head.kind} is not known"
        fault = slots.fault(slot, head)
        if fault:
            return fault
        if head.kind in _MEASURING:
            return self._measuring(at, slot, head)
        if head.kind == record.STATEMENT:
            return self._statement(slot, head)
        if head.kind == record.SIGNATURE:
            return self._signature(slot, head)
        if head.kind == record.GRANT:
            self.marks.grant_digest = slot[_DIGEST]
            self._right = self._right_of(slot[_DIGEST])
        return None

    def _measuring(self, at: int, slot: bytes, head: Head) -> str | None:
        volume_l = slots.volume_l(slot)
        before_l = self.marks.volume_l
        if volume_l is None:
            return None
        if before_l is not None and volume_l < before_l:
            return VOLUME_FELL
        if metering.opens_water(slot):
            opened = metering.opened(slot)
            if opened.base is not None and volume_l < opened.base:
                return BELOW_BASE
            booked_l = 0 if before_l is None else metering.booked_l(slot, before_l, volume_l)
            self.findings.append(Finding(SEGMENT, opened.number or 0, at, booked_l))
        self.marks.volume_l = volume_l
        if self._right is not None:
            is_trusted = head.time_state == record.TIME_SYNCHRONISED
            allowed_l = self._right.ceiling_l(head.utc_s, is_time_trusted=is_trusted)
            held_l = _number(slot, _HELD)
            charged_l = volume_l + (held_l if held_l != 0xFFFFFFFF else 0)
            if allowed_l is not None and charged_l > allowed_l + self._tolerance_l:
                self.findings.append(Finding(OVERSHOOT, self._right.seq, at, charged_l - allowed_l))
        return None

    def _statement(self, slot: bytes, head: Head) -> str | None:
        if _number(slot, _CHAIN) != self._chain:
            return WRONG_CHAIN
        if _number(slot, _COVERED_SEQ) != head.seq - 1 or slot[_COVERED_H] != self._before:
            return WRONG_STATEMENT
        kept = self.marks.statements[-(STATEMENTS_MAX - 1) * CONTENT_SIZE :]
        self.marks.statements = kept + slot[:CONTENT_SIZE]
        return None

    def _signature(self, slot: bytes, head: Head) -> str | None:
        content = self._waiting(_number(slot, _STATEMENT_SEQ))
        if content is None:
            return NO_STATEMENT
        try:
            message = chain_of.checkpoint_message(self._controller, content)
            self._key.verify(slot[_SIGNATURE], message)
        except InvalidSignature:
            return WRONG_SIGNATURE
        self.marks.signed_seq = head.seq
        self.marks.covered_seq = max(self.marks.covered_seq, _number(content, _SEQ))
        return None

    def _waiting(self, statement_seq: int) -> bytes | None:
        """Content of a statement in the chain that waits for its signature."""
        waiting = self.marks.statements
        for start in range(0, len(waiting), CONTENT_SIZE):
            content = waiting[start : start + CONTENT_SIZE]
            if _number(content, _SEQ) == statement_seq:
                return content
        return None
