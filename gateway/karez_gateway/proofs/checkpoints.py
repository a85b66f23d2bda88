"""What a well's controller has signed, in as few records as prove it: evidence for a request of grants.

A slot holds half of its chain value, so a proof begins where the whole of one is known: at the chain's
beginning, or behind a statement. From there it goes to a signature over the record that matters: about thirty
records.
"""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection

from karez_gateway.intake.verify import UNCHAINED
from karez_gateway.regulator.checkpoint import base
from karez_gateway.store import bindings, chains, controllers, entries, verdicts
from karez_gateway.store.chains import Key
from karez_gateway.store.controllers import Controller
from karez_gateway.store.entries import When
from karez_gateway.verifier import slots
from karez_gateway.verifier.slots import PLACES
from karez_protocols import bundle, grant, record
from karez_protocols import chain as chain_of

# Records looked at, until they hold a statement before and a signature behind; the last look takes all.
WINDOWS = (64, 512, 8192, 1 << 32)
_EVER = 1 << 62
_UNKNOWN_E, _UNKNOWN_SEQ = (1 << 48) - 1, (1 << 32) - 1
PAGE = 64  # records whose times are read at once: more than a day of them

_COVERED_H = slice(*PLACES[record.STATEMENT]["covered_h"][:2])
_COVERED_SEQ = slice(*PLACES[record.STATEMENT]["covered_seq"][:2])
_STATEMENT_SEQ = slice(*PLACES[record.SIGNATURE]["statement_seq"][:2])


class Proof(NamedTuple):
    """A bundle, and what its decisive record says. `issued_utc_s`: of the binding that it is under.

    `is_end`: of a year's start: the box did not see the new year.
    """

    data: bytes
    controller_id: int
    chain: int
    seq: int
    utc_s: int
    volume_l: int
    segment: int
    issued_utc_s: int
    energy_wh: int | None = None  # E beside W; None: not known
    grant_seq: int = 0  # the grant that it names; 0: none, or not known
    is_end: bool = False


class _Part(NamedTuple):
    """Contiguous slots of a chain, with which of them a verified signature is."""

    slots: list[bytes]
    signatures: list[int]
    genesis: bytes
    at_beginning: bool


def newest(connection: Connection, owner: Controller) -> Proof | None:
    """Proof of the newest W that the controller has signed at its site; None while there is none."""
    for chain, marks in reversed(chains.of_controller(connection, owner.id)):
        if not marks.signed_seq:
            continue
        bound = bindings.of_chain(connection, (owner.id, chain))
        if bound.site != owner.site:
            return None
        if (found := _last(connection, bound, chain, marks.signed_seq)) is not None:
            return found
    return None


def last_under(connection: Connection, owner: Controller, before_utc_s: int = _EVER) -> Proof | None:
    """Proof of the last W before a moment that a box has signed under one binding, which `owner` holds."""
    for chain, marks in reversed(chains.of_controller(connection, owner.id)):
        bound = bindings.of_chain(connection, (owner.id, chain))
        if bound.signed_binding != owner.signed_binding or not marks.signed_seq:
            continue
        first = _first_from(connection, (owner.id, chain), marks.verified_seq, before_utc_s)
        if first is None and _begins_after(connection, (owner.id, chain), before_utc_s):
            continue
        end_seq = marks.signed_seq if first is None else min(first - 1, marks.signed_seq)
        if (found := _last(connection, bound, chain, end_seq)) is not None:
            return found
    return None


def _begins_after(connection: Connection, key: Key, utc_s: int) -> bool:
    first = entries.times(connection, key, 0, 1)
    return bool(first) and first[0].utc_s >= utc_s


def _last(connection: Connection, bound: Controller, chain: int, end_seq: int) -> Proof | None:
    """Proof of the last W under the last signature up to a record."""
    for window in WINDOWS:
        part = _part(connection, bound, chain, (end_seq - window, end_seq))
        found = part and _cut(part, _measured(part, part.signatures[-1:]), part.signatures[-1:])
        if found:
            return _proof(bound, chain, *found)
    return None


def year_start(connection: Connection, site: str, utc_s: int, bound_by_utc_s: int = _EVER) -> Proof | None:
    """Proof of W at the beginning of a year: of the last W before it and the first one from it on.

    By whichever box stood there then. If none lived through it, the last W that one signed before it; if none
    had counted anything, the beginning of one that was bound before. None: a box that was bound later is the
    first. `bound_by_utc_s`: boxes of later bindings do not count.
    """
    those = controllers.at_site(connection, site) + bindings.were_at(connection, site)
    for owner in (one for one in those if one.issued_utc_s <= bound_by_utc_s):
        for chain, marks in chains.of_controller(connection, owner.id):
            bound = bindings.of_chain(connection, (owner.id, chain))
            seq = _first_from(connection, (owner.id, chain), marks.verified_seq, utc_s)
            if bound.site != site or seq is None:
                continue
            for window in WINDOWS:
                part = _part(connection, bound, chain, (seq - window, seq + window))
                found = part and _cut(part, _around(part, utc_s), part.signatures)
                if found:
                    return _proof(bound, chain, *found)
    return _end(connection, site, utc_s, bound_by_utc_s) or _beginning(connection, site, utc_s)


def _end(connection: Connection, site: str, utc_s: int, bound_by_utc_s: int) -> Proof | None:
    """The last W before a moment that any box of a site has signed, the newest binding's first."""
    for owner in boxes_of(connection, site):
        if owner.issued_utc_s > bound_by_utc_s:
            continue
        if (found := last_under(connection, owner, utc_s)) is not None:
            return found._replace(is_end=True)
    return None


def _beginning(connection: Connection, site: str, utc_s: int) -> Proof | None:
    """W at which the first box of a site began, and its first reading, if it was bound before a moment."""
    for owner in boxes_of(connection, site)[-1:]:
        if owner.issued_utc_s >= utc_s:
            continue
        for window in WINDOWS[:2]:
            part = _part(connection, owner, 1, (1, window))
            if part is None:
                continue
            first = next((at for at, slot in enumerate(part.slots) if _knows_volume(slot)), 0)
            if found := _cut(part, (0, first), part.signatures):
                proof = _proof(owner, 1, *found[:2], part.slots[first])
                return proof._replace(volume_l=owner.base_volume_l, energy_wh=base_wh(owner))
    return None


def base_wh(owner: Controller) -> int | None:
    """E at which a box began by its binding; None: it has no energy meter."""
    return base(owner.segments, grant.ENERGY)


def boxes_of(connection: Connection, site: str) -> list[Controller]:
    """Every box under every binding to a site, the newest binding first."""
    found = controllers.at_site(connection, site) + bindings.were_at(connection, site)
    return sorted(found, key=lambda one: one.issued_utc_s, reverse=True)


def _first_from(connection: Connection, key: Key, last: int, utc_s: int) -> int | None:
    """Number of the first record from a moment on, if records of the chain come before it.

    Records come at a pace, so a year's chain is opened where the moment should be, a page at a time; every
    other look halves what is left, for a well that pumps writes more.
    """
    ends = [*entries.times(connection, key, 0, 1), *entries.times(connection, key, last, 1)]
    if not ends or ends[0].utc_s >= utc_s:
        return None
    low, high = ends[0], When(last + 1, max(ends[-1].utc_s, utc_s))  # low is before the moment, high is not
    by_pace = True
    while high.seq - low.seq > 1:
        guess = _paced(low, high, utc_s) - PAGE // 2 if by_pace else (low.seq + high.seq) // 2
        by_pace = not by_pace
        start = min(max(guess, low.seq + 1), high.seq - 1)
        page = [one for one in entries.times(connection, key, start, PAGE) if one.seq < high.seq]
        later = next((at for at, one in enumerate(page) if one.utc_s >= utc_s), None)
        if later:
            return page[later].seq
        if page and later is None:
            low = page[-1]
        else:
            high = When(start, page[0].utc_s if page else high.utc_s)
    return high.seq if high.seq <= last else None


def _paced(low: When, high: When, utc_s: int) -> int:
    """Where a moment lies between two records, if they come at one pace."""
    return low.seq + (high.seq - low.seq) * (utc_s - low.utc_s) // max(high.utc_s - low.utc_s, 1)


def _part(connection: Connection, bound: Controller, chain: int, seqs: tuple[int, int]) -> _Part | None:
    """The unbroken run among records from a number to another that ends latest; None without a signature."""
    rows = verdicts.chained(connection, bound.id, chain, UNCHAINED, seqs)
    while rows and not (rows[-1][1] is None and rows[-1][0].slot[1] == record.SIGNATURE):
        rows.pop()
    if not rows:
        return None
    at = len(rows) - 1
    while at and rows[at - 1][0].seq == rows[at][0].seq - 1:
        at -= 1
    run = rows[at:]
    all_slots = [one.slot for one, _ in run]
    signatures = [
        index for index, (one, reason) in enumerate(run) if reason is None and one.slot[1] == record.SIGNATURE
    ]
    genesis = chain_of.genesis(chain, bound.signed_binding)
    first = all_slots[0]
    begins = chain_of.following(genesis, first[: record.CONTENT_SIZE])[:16] == first[record.CONTENT_SIZE :]
    return _Part(all_slots, signatures, genesis, begins)


def _measured(part: _Part, signatures: Sequence[int]) -> tuple[int, int] | None:
    """The last record that knows W under the last signature, as the first and last that must be proved."""
    covered = _covered_at(part, signatures[0])
    for at in range(covered, -1, -1):
        if _knows_volume(part.slots[at]):
            return at, at
    return None


def _around(part: _Part, utc_s: int) -> tuple[int, int] | None:
    """The last record before a moment that knows W, and the next one that does."""
    before = None
    for at, slot in enumerate(part.slots):
        if not _knows_volume(slot):
            continue
        if slots.head(slot).utc_s >= utc_s:
            return None if before is None else (before, at)
        before = at
    return None


def _knows_volume(slot: bytes) -> bool:
    return (
        record.is_measuring(slot[1]) and slots.volume_l(slot) is not None and slots.has_time(slots.head(slot))
    )


def _covered_at(part: _Part, signature: int) -> int:
    """Index of the last record that a signature covers; -1 if its statement lies before the part."""
    statement_seq = int.from_bytes(part.slots[signature][_STATEMENT_SEQ], "little")
    return statement_seq - 1 - slots.head(part.slots[0]).seq


def _cut(
    part: _Part, wanted: tuple[int, int] | None, signatures: Sequence[int]
) -> tuple[bytes, list[bytes], bytes] | None:
    """(h before, slots, decisive slot) of the shortest proof of the wanted records; None: look further."""
    if wanted is None:
        return None
    first, last = wanted
    end = next((at for at in signatures if _covered_at(part, at) >= last), None)
    if end is None:
        return None
    base_seq = slots.head(part.slots[0]).seq
    for at in range(first - 1, -1, -1):
        slot = part.slots[at]
        if slot[1] == record.STATEMENT:
            start = int.from_bytes(slot[_COVERED_SEQ], "little") + 1 - base_seq
            if 0 <= start <= first:
                return slot[_COVERED_H], part.slots[start : end + 1], part.slots[first]
    if part.at_beginning:
        return part.genesis, part.slots[: end + 1], part.slots[first]
    return None


def _proof(bound: Controller, chain: int, h_before: bytes, run: list[bytes], slot: bytes) -> Proof:
    data = bundle.encode(bound.signed_binding, [], chain, h_before, run, b"", [])
    volume_l = slots.volume_l(slot)
    head = slots.head(slot)
    segment = slots.number(slot, head.kind, "segment")
    energy_wh = slots.number(slot, head.kind, "energy_wh")
    return Proof(
        bytes(data),
        bound.id,
        chain,
        head.seq,
        head.utc_s,
        volume_l or 0,
        segment,
        bound.issued_utc_s,
        None if energy_wh == _UNKNOWN_E else energy_wh,
        0 if head.grant_seq == _UNKNOWN_SEQ else head.grant_seq,
    )
