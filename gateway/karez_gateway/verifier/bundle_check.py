"""`karez verify` without a screen: a bundle's bytes and the trusted keys in, a Report out.

Pure: no clock, no file, no network. Every check has a name in findings.py; one failed
check does not stop the others, so that the report says where and what still holds.
"""

import hashlib
from typing import Any

from karez_protocols import binding, causes, record, signed
from karez_protocols import chain as hashes
from karez_protocols.errors import ProtocolError

from . import books, chain_check, grants_check, log_check, orders_check, segments, slots
from .chain_check import Chain
from .findings import REJECTED, Finding, found
from .grants_check import Grants
from .log_check import LogResult
from .metering import Metering
from .parts import Parts, take_apart
from .report import TIERS, GrantSummary, Report
from .statements import verifies
from .trust import Trust

# With one of these nothing in the file is tied to a site any more.
_UNTIED = ("binding_malformed", "binding_signature", "controller_name", "genesis")


def check(data: bytes, trust: Trust | None = None) -> Report:
    """Verify a bundle. Takes any bytes and raises nothing: what is wrong is in the report."""
    digest = hashlib.sha256(data).hexdigest()
    parts, findings = take_apart(data)
    if parts is None:
        return Report(digest, trust is not None, findings=tuple(findings))
    bound, listed, bound_findings = _binding(parts, trust)
    key = bound.get("controller_key")
    chain = chain_check.check(parts, key, hashes.genesis(parts.chain, parts.binding.data))
    read = books.read(parts, chain)
    grants, log, metered = Grants(), LogResult(), Metering()
    if bound:
        grants = grants_check.check(parts, chain, bound["regulator_key"], bound["site"])
        grants_check.check_ceilings(parts, chain, grants, read.irrigations)
        log = log_check.check(parts, chain, bound["controller"], trust)
        metered = segments.read(parts, chain, bound, listed)
    orders, order_findings = orders_check.check(parts, chain, log.orders, bound.get("regulator_key"))
    findings += bound_findings + chain.findings + _binding_records(parts, chain) + _chain_begun(parts, chain)
    findings += read.findings + metered.findings + grants.findings + order_findings + log.findings
    return Report(
        file_sha256=digest,
        has_trust=trust is not None,
        proved=() if any(one.code in _UNTIED for one in findings) else tuple(chain.signed),
        tier=_tier(read.boots),
        litres=metered.litres,
        segments=tuple(metered.segments),
        meters=tuple(metered.meters),
        orders=tuple(orders),
        grants=tuple(_summary(one) for one in grants.grants),
        log=log.log,
        uploads=tuple(log.uploads),
        findings=tuple(sorted(findings, key=_order)),
        **_whose(bound),
        **_run(parts, chain),
        **_books(read),
    )


def _whose(bound: dict[str, Any]) -> dict[str, Any]:
    """What the binding says, as the report carries it; empty if it cannot be read."""
    return {
        "site": bound.get("site"),
        "controller": bound.get("controller"),
        "gateway": bound.get("gateway"),
        "fingerprints": _fingerprints(bound),
    }


def _run(parts: Parts, chain: Chain) -> dict[str, Any]:
    """Which records there are, as the report carries it."""
    heads = [link.head.seq for link in chain.links]
    return {
        "chain": parts.chain,
        "records": len(parts.slots),
        "first_seq": heads[0] if heads else None,
        "last_seq": heads[-1] if heads else None,
        "unsigned": chain.unsigned,
    }


def _books(read: books.Books) -> dict[str, Any]:
    """What the records say, as the report carries it."""
    return {
        "first_volume_l": read.first_volume_l,
        "last_volume_l": read.last_volume_l,
        "irrigations": tuple(read.irrigations),
        "boots": tuple(read.boots),
        "gaps": tuple(read.gaps),
        "losses": tuple(read.losses),
    }


def _order(finding: Finding) -> tuple[bool, int, int]:
    """Rejections first; among them the first broken place of the file, the whole-file digest last."""
    at = finding.span[0] if finding.span else 1 << 62
    return finding.weight != REJECTED, int(finding.code == "file_digest"), at


def _binding(parts: Parts, trust: Trust | None) -> tuple[dict[str, Any], list[Any], list[Finding]]:
    """The binding's values and segments, empty if unreadable, and what is wrong with it."""
    span = parts.binding.span
    try:
        values, listed, message, signature = binding.open_signed(parts.binding.data)
    except ProtocolError as error:
        return {}, [], [found("binding_malformed", span=span, reason=str(error))]
    findings = []
    if trust is None:
        findings.append(found("binding_unchecked", span=span))
    else:
        if not verifies(trust.provisioner, signature, message):
            findings.append(found("binding_signature", span=span))
        if values["regulator_key"] not in trust.regulators:
            findings.append(found("regulator_untrusted", field="regulator_key", span=span))
    if values["controller"] != hashes.controller_name(values["controller_key"]):
        findings.append(found("controller_name", field="controller", span=span, named=values["controller"]))
    first = int.from_bytes(parts.slots[0][4:8], "little")
    if first == 1 and parts.h_before != hashes.genesis(parts.chain, parts.binding.data):
        at = parts.slots_at - len(parts.h_before)
        findings.append(found("genesis", seq=1, field="h_before", span=(at, parts.slots_at)))
    return values, listed, findings


def _chain_begun(parts: Parts, chain: Chain) -> list[Finding]:
    """A later chain of the same controller says at its beginning that, and why, it is no longer the first."""
    before = parts.chain - 1
    begun = (record.EVENT, causes.CHAIN_BEGUN)
    said = [link for link in chain.links if link.run is not None and link.head[1:3] == begun]
    out = [
        found(
            "chain_begun", seq=one.head.seq, span=parts.slot_span(one.index), chain=parts.chain, before=before
        )
        for one in said
    ]
    is_beginning = parts.h_before == hashes.genesis(parts.chain, parts.binding.data)
    if parts.chain > 1 and is_beginning and not said:
        seq, span = slots.head(parts.slots[0]).seq, parts.slot_span(0)
        out.append(found("chain_unlinked", seq=seq, span=span, chain=parts.chain, before=before))
    return out


def _binding_records(parts: Parts, chain: Chain) -> list[Finding]:
    """A BINDING record that names another binding: from there on this one does not apply."""
    expected = signed.digest(parts.binding.data)
    return [
        found("binding_changed", seq=link.head.seq, field="digest", span=parts.slot_span(link.index))
        for link in chain.links
        if link.head.kind == record.BINDING
        and link.run is not None
        and chain.values.get(link.head.seq, {}).get("digest", expected) != expected
    ]


def _fingerprints(bound: dict[str, Any]) -> dict[str, str]:
    """The public keys a bundle names, whole: to be compared by eye, not shortened."""
    out = {}
    for name in ("controller", "regulator"):
        key = bound.get(f"{name}_key")
        if isinstance(key, bytes):
            out[name] = key.hex()
    return out


def _tier(boots: list[books.Boot]) -> str | None:
    """The tier of the latest boot; None when the bundle holds no boot record."""
    return TIERS.get(boots[-1].tier or 0) if boots else None


def _summary(one: grants_check.Grant) -> GrantSummary:
    return GrantSummary(
        seq=one.seq,
        document=one.document,
        issued_utc_s=one.issued_utc_s,
        sha256=signed.digest(one.part.data).hex(),
        is_signed=one.is_signed,
    )
