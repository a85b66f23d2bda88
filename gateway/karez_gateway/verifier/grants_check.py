"""Grants: whose signature, for which site, in which order, and whether the records kept to them."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from karez_protocols import grant, record, signed
from karez_protocols.errors import ProtocolError

from .books import Irrigation, Values, integer
from .chain_check import Chain
from .findings import Finding, found
from .parts import Part, Parts
from .statements import verifies

if TYPE_CHECKING:
    from .walk import Link


@dataclass(frozen=True, slots=True)
class Grant:
    """One signed grant of the bundle. `rows` as the codec gives them."""

    part: Part
    seq: int
    site: str
    document: str
    issued_utc_s: int
    policy: int
    rows: tuple[dict[str, int], ...]
    head: tuple[int, int, bytes, int | None]  # chain, seq, h, litres that the regulator acknowledged
    is_signed: bool
    is_issuer_named: bool


@dataclass(slots=True)
class Grants:
    """The readable grants in file order, and what is wrong with grants and ceilings."""

    grants: list[Grant] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    by_seq: dict[int, Grant] = field(default_factory=dict)

    def add(self, one: Grant) -> None:
        """Take in a readable grant; of two with one number the first is the one that is meant."""
        self.grants.append(one)
        self.by_seq.setdefault(one.seq, one)


def _open(part: Part, regulator_key: bytes) -> Grant:
    body, message, signature = signed.split(grant.LABEL, part.data)
    values, rows = grant.decode(body)
    return Grant(
        part=part,
        seq=values["seq"],
        site=values["site"],
        document=values["document"],
        issued_utc_s=values["issued_utc_s"],
        policy=values["policy"],
        rows=tuple(rows),
        head=(values["head_chain"], values["head_seq"], values["head_h"], values["head_volume_l"]),
        is_signed=verifies(regulator_key, signature, message),
        is_issuer_named=values["issuer"] == signed.key_id(regulator_key),
    )


def check(parts: Parts, chain: Chain, regulator_key: bytes, site: str) -> Grants:
    """Return the grants of the bundle, checked against key, site, order and the GRANT records."""
    out = Grants()
    for part in parts.grants:
        try:
            one = _open(part, regulator_key)
        except ProtocolError as error:
            out.findings.append(found("grant_malformed", span=part.span, reason=str(error)))
            continue
        if not one.is_signed:
            out.findings.append(found("grant_signature", span=part.span, grant=one.seq))
        elif not one.is_issuer_named:
            out.findings.append(found("grant_issuer", span=part.span, grant=one.seq))
        if one.site != site:
            out.findings.append(found("grant_site", span=part.span, grant=one.seq, site=one.site))
        if out.grants and one.seq <= out.grants[-1].seq:
            out.findings.append(found("grant_order", span=part.span, grant=one.seq))
        out.add(one)
    used = _recorded(parts, chain, out)
    used |= _in_force(parts, chain, out)
    for one in out.grants:
        _head(parts, chain, one, out)
        if one.seq not in used:
            out.findings.append(found("grant_unused", span=one.part.span, grant=one.seq))
    return out


def _recorded(parts: Parts, chain: Chain, out: Grants) -> set[int]:
    """Every GRANT record names a grant of the bundle by its digest."""
    used: set[int] = set()
    for link in chain.links:
        if link.run is None or link.head.kind != record.GRANT or link.head.seq not in chain.values:
            continue
        values = chain.values[link.head.seq]
        seq = integer(values, "object_seq")
        one = out.by_seq.get(seq) if seq is not None else None
        span = parts.slot_span(link.index)
        if one is None:
            named = "?" if seq is None else seq
            out.findings.append(found("grant_missing", seq=link.head.seq, span=span, grant=named))
            continue
        used.add(one.seq)
        named_length = integer(values, "length")
        if signed.digest(one.part.data) != values["digest"] or named_length != len(one.part.data):
            out.findings.append(
                found("grant_digest", seq=link.head.seq, field="digest", span=span, grant=one.seq)
            )
    return used


def _in_force(parts: Parts, chain: Chain, out: Grants) -> set[int]:
    """The grant that records say is in force never goes back, and changes only by a GRANT record."""
    used: set[int] = set()
    before: Link | None = None
    recorded: set[int] = set()
    for link in chain.links:
        if link.run is None or link.head.kind >= len(record.KIND_NAMES):
            continue
        seq = link.head.grant_seq
        if link.head.kind == record.GRANT:
            recorded.add(integer(chain.values.get(link.head.seq, {}), "object_seq") or 0)
        if before is None or seq != before.head.grant_seq:
            used.add(seq)
            is_contiguous = before is not None and before.head.seq == link.head.seq - 1
            if before is not None and seq < before.head.grant_seq:
                span = parts.slot_span(link.index)
                out.findings.append(
                    found("grant_seq_fell", seq=link.head.seq, field="grant_seq", span=span, grant=seq)
                )
            elif is_contiguous and seq not in recorded:
                span = parts.slot_span(link.index)
                out.findings.append(
                    found("grant_unrecorded", seq=link.head.seq, field="grant_seq", span=span, grant=seq)
                )
        before = link
    return used


def _head(parts: Parts, chain: Chain, one: Grant, out: Grants) -> None:
    """The head the regulator acknowledged: if it lies in these records, it must be theirs."""
    number, seq, h, _ = one.head
    if seq == 0:
        return  # a first grant acknowledges nothing yet
    if number == parts.chain and seq in chain.h_at and chain.h_at[seq] != h:
        out.findings.append(found("grant_head", seq=seq, span=one.part.span, grant=one.seq))


def limit_l(one: Grant, from_utc_s: int, to_utc_s: int, is_time_trusted: bool) -> int | None:
    """The highest ceiling the grant can justify for a time, with its allowances; None without a water row.

    With an untrusted clock dates bind nobody, so the highest row counts (design §6, Time).
    """
    limits = [
        row["ceiling"] + 100 * max(row["finish_100l"], row["emergency_100l"])
        for row in one.rows
        if row["quantity"] == grant.WATER
        and (not is_time_trusted or (row["from_utc_s"] <= to_utc_s and from_utc_s < row["to_utc_s"]))
    ]
    return max(limits, default=None)


def check_ceilings(parts: Parts, chain: Chain, grants: Grants, irrigations: list[Irrigation]) -> None:
    """No start or stop may claim a ceiling above the grant it names."""
    started = {one.stop_seq: one.start_utc_s for one in irrigations if one.stop_seq is not None}
    absent: set[int] = set()
    for link in chain.links:
        if link.run is None or link.head.kind not in (record.START, record.STOP):
            continue
        values: Values = chain.values.get(link.head.seq, {})
        ceiling_l = integer(values, "ceiling_l")
        if ceiling_l is None:
            continue
        span = parts.slot_span(link.index)
        one = grants.by_seq.get(link.head.grant_seq)
        if one is None:
            if link.head.grant_seq not in absent:
                absent.add(link.head.grant_seq)
                grants.findings.append(
                    found("grant_not_included", seq=link.head.seq, span=span, grant=link.head.grant_seq)
                )
            continue
        utc_s = link.head.utc_s
        since_s = started.get(link.head.seq)
        trusted = link.head.time_state == record.TIME_SYNCHRONISED
        allowed_l = limit_l(one, utc_s if since_s is None else min(since_s, utc_s), utc_s, trusted)
        if allowed_l is None or ceiling_l > allowed_l:
            facts = {"claimed_l": ceiling_l, "allowed_l": allowed_l or 0, "grant": one.seq}
            grants.findings.append(
                found("ceiling_above_grant", seq=link.head.seq, field="ceiling_l", span=span, **facts)
            )
