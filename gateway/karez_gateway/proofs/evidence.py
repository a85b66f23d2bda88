"""Puts an evidence bundle together: records that end with a verified signature, and their proofs.

The range is contiguous and ends with the signature record that covers the last record wanted
(without a wish: the newest one). Everything is walked along the chain again, from h_0 or from
the statement that took the chain up: what the bundle says does not rest on a table.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from karez_gateway.config import Config
from karez_gateway.county.counting import counted
from karez_gateway.entries import logview, origins
from karez_gateway.errors import Refused, StoreError
from karez_gateway.grants import rights
from karez_gateway.intake.verify import REVOKED, UNCHAINED
from karez_gateway.store import (
    bindings,
    chains,
    controllers,
    downlinks,
    entries,
    outboxes,
    revocations,
    verdicts,
)
from karez_gateway.store.controllers import Controller
from karez_gateway.store.database import Database
from karez_gateway.store.entries import Stored
from karez_gateway.verifier import slots
from karez_gateway.verifier.note import VerifierKey
from karez_gateway.verifier.slots import PLACES
from karez_protocols import bundle, entry, order, record
from karez_protocols import chain as chain_of

_COVERED_H = slice(*PLACES[record.STATEMENT]["covered_h"][:2])
_STATEMENT_SEQ = slice(*PLACES[record.SIGNATURE]["statement_seq"][:2])
_DIGEST = slice(*PLACES[record.GRANT]["digest"][:2])


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle and what to say about it."""

    data: bytes
    controller: str
    site: str
    chain: int
    first_seq: int
    last_seq: int
    grants: int
    receipts: int
    grants_missing: tuple[int, ...]  # seqs that records name and this gateway does not hold
    left_out: tuple[int, int] | None  # first and last record that lie before a break of the chain, not in it

    def facts(self) -> dict[str, object]:
        """All but the bytes, for a program."""
        return {name: getattr(self, name) for name in self.__slots__ if name != "data"}

    def summary(self) -> str:
        """What it holds, for a person."""
        return (
            f"records {self.first_seq}..{self.last_seq} of chain {self.chain} of {self.controller} "
            f"at {self.site}, {counted(self.grants, 'grant')}, {counted(self.receipts, 'platform receipt')}"
        )


def export(
    store: Database,
    config: Config,
    *,
    site: str = "",
    controller: str = "",
    from_seq: int | None = None,
    to_seq: int | None = None,
    chain_number: int | None = None,
) -> Bundle:
    """Return a bundle of one controller's newest chain, or of the one that is named.

    Raises Refused when there is nothing to prove.
    """
    with store.reading() as connection:
        owner, chain, chained = _chain(connection, _owners(connection, site, controller), chain_number)
        end = _end(chained, to_seq)
        stored = [one for one, _ in chained]
        run, h_before, left_out = _run(stored, chain, owner, end, from_seq, to_seq)
        grants, missing = _grants(connection, owner, run)
        receipts = outboxes.receipts(
            connection, min(one.log_index for one in run), max(one.log_index for one in run)
        )
        numbers = [run[-1].log_index]
        numbers += [number for one in run for number in receipts.get(one.log_index, [])]
        numbers += _papers(connection, owner, run) + _revocation(connection, owner)
        note, proofs = _prove(connection, config, numbers)
    data = bundle.encode(
        owner.signed_binding,
        [one.body for one in grants],
        chain,
        h_before,
        [one.slot for one in run],
        note,
        proofs,
    )
    proved = sum(1 for _, body, _ in proofs if body[1] == entry.UPLOAD)
    first, last = run[0].seq, run[-1].seq
    said = len(grants), proved, tuple(missing)
    return Bundle(bytes(data), owner.name, owner.site, chain, first, last, *said, left_out=left_out)


def _prove(
    connection: Connection, config: Config, numbers: Sequence[int]
) -> tuple[bytes, list[tuple[int, bytes, list[bytes]]]]:
    """A note and (index, entry, proof) of entries of the store, the first of them for certain.

    A bundle has one note: what lies in another of this gateway's logs is left out. A log that follows another
    one is proved with its first entry, which says so.
    """
    origin, numbering, end = origins.holding(config, numbers[0])
    numbers = [one for one in numbers if one >= numbering.first and (end is None or one < end)]
    indexes = [numbering.index_of(one) for one in numbers]
    found = entries.bodies_of(connection, numbers)
    missing = [one for one in numbers if one not in found]
    if missing:
        raise StoreError(f"entry {missing[0]} is named but missing")
    bodies = [found[one] for one in numbers]
    if numbering.head:
        indexes.append(0)
        bodies.append(origin.first_entry())
    witnesses = [VerifierKey.parse(one.key) for one in config.witness]
    key = str(origin.verifier_key())
    note, proofs = logview.prove(origin.directory, origin.name, key, indexes, witnesses)
    return note, list(zip(indexes, bodies, proofs, strict=True))


def _owners(connection: Connection, site: str, controller: str) -> list[Controller]:
    """The controller meant, under each of its bindings that fits, the one in force first."""
    if controller:
        found = controllers.find(connection, controller)
        if found is None:
            raise Refused(f"controller {controller} is not enrolled: see karez gateway controllers")
    else:
        at_site = controllers.at_site(connection, site) or bindings.were_at(connection, site)
        if not at_site:
            raise Refused(f"no controller is enrolled at site {site}: see karez gateway controllers")
        found = controllers.by_id(connection, at_site[0].id)
    formers = [bindings.under(found, one) for one in bindings.formers(connection, found.id)]
    owners = [one for one in [found, *reversed(formers)] if site in ("", one.site)]
    if not owners:
        raise Refused(f"controller {controller} stands at site {found.site}, not {site}")
    return owners


def _chain(
    connection: Connection, owners: Sequence[Controller], wanted: int | None
) -> tuple[Controller, int, list[tuple[Stored, str | None]]]:
    """The newest chain with a verified signature, and the records that follow it, with their reasons."""
    for owner in owners:
        for chain, marks in reversed(chains.of_controller(connection, owner.id)):
            if wanted not in (None, chain):
                continue
            begun_by = bindings.of_chain(connection, (owner.id, chain)).signed_binding
            if marks.signed_seq and begun_by == owner.signed_binding:
                return owner, chain, verdicts.chained(connection, owner.id, chain, UNCHAINED)
    name = owners[0].name
    raise Refused(f"controller {name} has no verified signature yet: its next checkpoint brings one")


def _end(chained: Sequence[tuple[Stored, str | None]], to_seq: int | None) -> int:
    """Place of the verified signature record that ends the bundle.

    Who asks for a record by its number gets it, also with a signature that came after a revocation.
    """
    believed = (None,) if to_seq is None else (None, REVOKED)
    signatures = [
        at
        for at, (one, reason) in enumerate(chained)
        if one.slot[1] == record.SIGNATURE and reason in believed
    ]
    if to_seq is None:
        return signatures[-1]
    for at in signatures:
        one = chained[at][0]
        # The record itself may be the statement; what a signature covers ends with it.
        if int.from_bytes(one.slot[_STATEMENT_SEQ], "little") >= to_seq or one.seq == to_seq:
            return at
    last = chained[signatures[-1]][0].seq
    raise Refused(
        f"record {to_seq} is not covered by a verified signature yet; the last one is record {last}"
    )


def _run(
    chained: Sequence[Stored],
    chain: int,
    owner: Controller,
    end: int,
    from_seq: int | None,
    to_seq: int | None,
) -> tuple[list[Stored], bytes, tuple[int, int] | None]:
    """The contiguous records up to `end`, from `from_seq` if it lies among them, and h before the first.

    And the first and last number of what lies before a break, if that was not asked for by `from_seq`.
    """
    first = end
    while first > 0 and chained[first - 1].seq == chained[first].seq - 1:
        first -= 1
    run, h = _unbroken(chained[first : end + 1], chain_of.genesis(chain, owner.signed_binding))
    if to_seq is not None and to_seq < run[0].seq:
        raise Refused(
            f"record {to_seq} lies before a break of the chain at record {run[0].seq}, and no verified "
            f"signature from before the break covers it"
        )
    if from_seq is None:
        before = chained[first].seq, run[0].seq - 1
        return list(run), h, before if before[0] <= before[1] else None
    if not run[0].seq <= from_seq <= run[-1].seq:
        raise Refused(
            f"records {run[0].seq}..{run[-1].seq} are contiguous here; {from_seq} is not among them"
        )
    at = from_seq - run[0].seq
    for one in run[:at]:
        h = chain_of.check(h, one.slot)
    return list(run[at:]), h, None


def _unbroken(run: Sequence[Stored], h: bytes) -> tuple[Sequence[Stored], bytes]:
    """The part of a run that hangs together up to its end, and h before it; `h`: before the whole run.

    Where a record does not follow, the next statement takes the chain up: its covered h goes before it.
    It may stand on another record of a number than the one here: an old memory was put back.
    """
    begin, before, value = 0, h, h
    is_broken = False
    for at, one in enumerate(run):
        if is_broken or not _is_following(value, one.slot):
            is_broken = one.slot[1] != record.STATEMENT or not _is_following(one.slot[_COVERED_H], one.slot)
            if is_broken:
                continue
            begin, before = at, one.slot[_COVERED_H]
            value = before
        value = chain_of.following(value, one.slot[: record.CONTENT_SIZE])
    if is_broken:
        raise Refused("the chain is broken here and no statement has taken it up again")
    if int.from_bytes(run[-1].slot[_STATEMENT_SEQ], "little") < run[begin].seq:
        raise Refused(
            f"the chain was taken up again at record {run[begin].seq}, and no signature covers that yet: "
            f"the next checkpoint brings one"
        )
    return run[begin:], before


def _is_following(h: bytes, slot: bytes) -> bool:
    return bool(chain_of.following(h, slot[: record.CONTENT_SIZE])[:16] == slot[record.CONTENT_SIZE :])


def _papers(connection: Connection, owner: Controller, run: Sequence[Stored]) -> list[int]:
    """Entries of the orders that the records name, and of the key lists that their offices stand in."""
    digests = {one.slot[_DIGEST] for one in run if one.slot[1] in downlinks.LANE}
    found: dict[bytes, int] = {}
    keys: downlinks.Downlink | None = None
    for one in downlinks.of_controller(connection, owner.id, *downlinks.LANE):
        if one.sort == record.KEYS:
            keys = one if one.checked else keys
        is_signed_under = one.sort == record.ORDER and one.digest in digests and one.office != order.ROOT
        for each in ([one] if one.digest in digests else []) + ([keys] if is_signed_under and keys else []):
            if each.log_index is not None:
                found[each.digest] = each.log_index
    return sorted(found.values())


def _revocation(connection: Connection, owner: Controller) -> list[int]:
    """The entry that revokes the controller, if one does."""
    found = revocations.of_controller(connection, owner.id)
    return [found.log_index] if found is not None and found.log_index is not None else []


def _grants(
    connection: Connection, owner: Controller, run: Sequence[Stored]
) -> tuple[list[downlinks.Downlink], list[int]]:
    """Grants that the records name, by rising seq, and the seqs that we do not hold."""
    named = {slots.head(one.slot).grant_seq for one in run} - {0}
    digests = {one.slot[_DIGEST] for one in run if one.slot[1] == record.GRANT}
    found: dict[int, downlinks.Downlink] = {}
    for one in downlinks.grants_of(connection, owner.id):
        seq = one.grant_seq or 0
        was_accepted = one.state in (downlinks.ACCEPTED, downlinks.WITHDRAWN)
        is_here = rights.read(one.body).site == owner.site  # of a box that has stood at two sites
        is_used = one.digest in digests or (seq in named and was_accepted and is_here)
        if is_used and (seq not in found or one.digest in digests):
            found[seq] = one
    return [found[seq] for seq in sorted(found)], sorted(named - set(found))
