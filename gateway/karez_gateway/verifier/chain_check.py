"""From the walk to what is proved: gaps explained or not, signatures, and how far they reach."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from karez_protocols import record
from karez_protocols.errors import ProtocolError

from . import slots
from .findings import Finding, found
from .parts import Parts
from .statements import Statement, read
from .walk import Link, Walk, Walker

# The bulk of a year: read by offset, not field by field.
_FAST = (record.INTERVAL, record.EVENT, record.STATEMENT, record.SIGNATURE)


@dataclass(slots=True)
class Chain:
    """The records of a bundle, and what of them a signature of the controller covers."""

    links: list[Link]
    values: dict[int, dict[str, Any]]  # seq -> fields, for the kinds that are not in bulk
    h_at: dict[int, bytes]
    signed: list[tuple[int, int]] = field(default_factory=list)  # (first, last) seq, each range unbroken
    covering: int | None = None  # file index of the signature that reaches furthest
    unsigned: int = 0
    findings: list[Finding] = field(default_factory=list)

    def is_signed(self, first: int, last: int) -> bool:
        """True if one unbroken signed range holds all these records."""
        return any(low <= first and last <= high for low, high in self.signed)


def check(parts: Parts, public_key: bytes | None, genesis: bytes) -> Chain:
    """Return what the records prove. `public_key`: the controller's, None when the binding is unreadable."""
    statements = read(parts.slots, public_key) if public_key else {}
    anchors = {
        one.covered_seq: one.covered_h
        for one in statements.values()
        if one.is_signed and one.chain == parts.chain
    }
    walk = Walker(parts, anchors, genesis).go()
    chain = Chain(walk.links, {}, walk.h_at, findings=walk.findings)
    _decode(parts, chain)
    _gaps(parts, walk, chain)
    if public_key:
        chain.findings += _signatures(parts, chain, statements)
        chain.findings += _statements(parts, chain, statements)
        _reach(parts, walk, chain, statements)
    return chain


def _decode(parts: Parts, chain: Chain) -> None:
    """Read the rare kinds whole; of the others only what no reader may overlook."""
    for link in chain.links:
        if link.run is None:
            continue
        reason = None
        if link.head.kind in _FAST:
            reason = slots.fault(link.slot, link.head)
        else:
            try:
                chain.values[link.head.seq] = record.decode(link.slot)
            except ProtocolError as error:
                reason = str(error)
        span = parts.slot_span(link.index)
        if reason is not None:
            chain.findings.append(found("record_malformed", seq=link.head.seq, span=span, reason=reason))
        elif link.head.kind == record.BOOT and chain.values[link.head.seq]["chain"] != parts.chain:
            chain.findings.append(found("chain_number", seq=link.head.seq, field="chain", span=span))


def _losses(chain: Chain) -> list[tuple[int, int]]:
    """Ranges of seq that the controller itself declared lost."""
    ranges = []
    for link in chain.links:
        if link.run is None or link.head.kind != record.LOSS:
            continue
        values = chain.values.get(link.head.seq, {})
        first, last = values.get("first_seq"), values.get("last_seq")
        if isinstance(first, int) and isinstance(last, int):
            ranges.append((first, last))
    return sorted(ranges)


def _is_lost(first: int, last: int, losses: list[tuple[int, int]]) -> bool:
    for low, high in losses:
        if low <= first <= high:
            first = high + 1
    return first > last


def _gaps(parts: Parts, walk: Walk, chain: Chain) -> None:
    """Name missing records, and those that no signature ties to the chain after a break."""
    losses = _losses(chain)
    for first, last, index in walk.gaps:
        code = "records_lost" if _is_lost(first, last, losses) else "records_missing"
        at = parts.slot_span(index)[0]
        chain.findings.append(found(code, seq=first, span=(at, at + 1), last=last, count=last - first + 1))
    start: Link | None = None
    damaged = {one.seq for one in walk.findings if one.code == "slot_changed"}
    previous = None
    for link in [*walk.links, None]:
        is_loose = link is not None and link.run is None and link.head.seq not in damaged
        if is_loose and start is None:
            start = link
        if not is_loose and start is not None and previous is not None:
            span = parts.slot_span(start.index)[0], parts.slot_span(previous.index)[1]
            chain.findings.append(
                found("records_unchained", seq=start.head.seq, span=span, last=previous.head.seq)
            )
            start = None
        previous = link


def _signatures(parts: Parts, chain: Chain, statements: dict[int, Statement]) -> Iterator[Finding]:
    by_seq = {one.seq: one for one in statements.values()}
    first = chain.links[0].head.seq if chain.links else 0
    present = {link.head.seq for link in chain.links}
    for link in chain.links:
        if link.run is None or link.head.kind != record.SIGNATURE:
            continue
        named = slots.number(link.slot, record.SIGNATURE, "statement_seq")
        statement = by_seq.get(named)
        span = parts.slot_span(link.index)
        if statement is not None:
            if link.index not in statement.signature_slots:
                yield found(
                    "signature_wrong", seq=link.head.seq, field="signature", span=span, statement=named
                )
        elif named < first:
            yield found("signature_of_earlier", seq=link.head.seq, span=span, statement=named)
        elif named in present or named >= link.head.seq:
            yield found("signature_without_statement", seq=link.head.seq, field="statement_seq", span=span)


def _statements(parts: Parts, chain: Chain, statements: dict[int, Statement]) -> Iterator[Finding]:
    for link in chain.links:
        statement = statements.get(link.index)
        # What the controller signed speaks against it wherever it lies, chained or not.
        if statement is None or (link.run is None and not statement.is_signed):
            continue
        seq, span = statement.seq, parts.slot_span(link.index)
        known = chain.h_at.get(statement.covered_seq)
        if statement.chain != parts.chain:
            yield found("chain_number", seq=seq, field="chain", span=span)
        elif statement.covered_seq >= seq:
            yield found("statement_order", seq=seq, field="covered_seq", span=span)
        elif known is not None and known != statement.covered_h:
            yield found(
                "statement_wrong_head", seq=seq, field="covered_h", span=span, covered=statement.covered_seq
            )


def _reach(parts: Parts, walk: Walk, chain: Chain, statements: dict[int, Statement]) -> None:
    """Find the ranges that signatures cover, the covering signature and the tail without one."""
    signed_to: dict[int, int] = {}
    valid: set[int] = set()
    furthest = -1
    for one in statements.values():
        valid.update(one.signature_slots)
        matches = one.chain == parts.chain and walk.h_at.get(one.covered_seq) == one.covered_h
        if not one.is_signed or not matches or one.covered_seq >= one.seq:
            continue
        run = walk.run_at[one.covered_seq]
        # The statement's own bytes are signed too, so it belongs to what it covers when it stands next.
        is_next = one.seq == one.covered_seq + 1 and walk.run_at.get(one.seq) == run
        reach = one.seq if is_next else one.covered_seq
        signed_to[run] = max(reach, signed_to.get(run, -1))
        if reach > furthest:
            furthest, chain.covering = reach, one.signature_slots[0]
    for link in chain.links:
        seq = link.head.seq
        if link.run is None or seq > signed_to.get(link.run, -1):
            continue
        if chain.signed and chain.signed[-1][1] == seq - 1:
            chain.signed[-1] = chain.signed[-1][0], seq
        else:
            chain.signed.append((seq, seq))
    if not chain.signed:
        chain.findings.append(found("nothing_signed"))
        return
    last = chain.signed[-1][1]
    # A valid signature record is proved by itself; what else stands behind the last statement is not.
    chain.unsigned = sum(link.head.seq > last and link.index not in valid for link in chain.links)
    if chain.unsigned:
        chain.findings.append(found("tail_unsigned", seq=last, count=chain.unsigned))
