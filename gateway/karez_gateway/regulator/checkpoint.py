"""What a controller itself has signed: readings of W and E, and the heads of its chain that prove them.

A piece of evidence is a bundle (docs/wire/bundle.md) without grants and log: the signed binding and a run of
slots that ends with a signature. Nobody else's word is believed; the keys come from the office's trust file.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from karez_gateway.verifier import chain_check, slots
from karez_gateway.verifier.findings import REJECTED
from karez_gateway.verifier.parts import take_apart
from karez_gateway.verifier.statements import verifies
from karez_protocols import binding, grant, record
from karez_protocols import chain as hashes
from karez_protocols.errors import ProtocolError

from .boxes import Box, Count, Meter
from .errors import Untrue

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from karez_gateway.verifier.chain_check import Chain
    from karez_gateway.verifier.findings import Finding
    from karez_gateway.verifier.parts import Parts
    from karez_gateway.verifier.trust import Trust


_DAY_S = 86_400  # so far may the clocks of bench and controller lie apart


class Reading(NamedTuple):
    """One measuring record under a signature of its controller."""

    controller: str
    chain: int
    seq: int
    h: bytes
    utc_s: int
    volume_l: int
    energy_wh: int | None
    grant_seq: int
    segment: int  # of water, by which W was counted


@dataclass(frozen=True, slots=True)
class Bound:
    """What the provisioner signed of a box and its site."""

    controller: str
    site: str
    use: int  # of karez_protocols.site_class
    issued_utc_s: int
    regulator_key: bytes
    base_l: int  # W at which the box began
    base_wh: int | None  # E likewise; None without an energy meter
    segment: int  # number of its segment of water
    meter: Meter | None  # of that segment; None if it lists several: which one counted W then is not said


@dataclass(frozen=True, slots=True)
class Evidence:
    """A proved run: its box, and its readings by rising number. `begins`: nothing of it was before."""

    bound: Bound
    readings: tuple[Reading, ...]
    begins: bool

    @property
    def box(self) -> Box:
        """The box, with the W and E of its last reading."""
        bound, last = self.bound, self.readings[-1]
        meter = bound.meter if last.segment == bound.segment else None
        energy = None if last.energy_wh is None else Count(bound.base_wh, last.energy_wh)
        return Box(bound.controller, bound.issued_utc_s, bound.base_l, last.volume_l, meter, energy)


@lru_cache(maxsize=16)  # a site's two pieces of evidence mostly bring the same one
def bound(signed_binding: bytes, trust: Trust, site: str) -> tuple[Bound, dict[str, Any]]:
    """Return what a signed binding says, and all its values. Raises Untrue."""
    try:
        values, segments, message, signature = binding.open_signed(signed_binding)
    except ProtocolError as error:
        raise Untrue("binding-shape", why=error) from None
    if not verifies(trust.provisioner, signature, message):
        raise Untrue("binding-signature")
    if values["controller"] != hashes.controller_name(values["controller_key"]):
        raise Untrue("binding-name", named=values["controller"])
    if values["site"] != site:
        raise Untrue("binding-site", other=values["site"])
    if values["regulator_key"] not in trust.regulators:
        raise Untrue("binding-regulator", key=values["regulator_key"].hex())
    number, meter = water(segments)
    found = Bound(
        controller=values["controller"],
        site=site,
        use=values["class"],
        issued_utc_s=values["issued_utc_s"],
        regulator_key=values["regulator_key"],
        base_l=base(segments, grant.WATER) or 0,
        base_wh=base(segments, grant.ENERGY),
        segment=number,
        meter=meter,
    )
    return found, dict(values)


def base(segments: Sequence[Mapping[str, Any]], quantity: int) -> int | None:
    """Litres or Wh at which a binding's first segment of a quantity begins; None: it has none."""
    return next((one["base"] for one in segments if one["quantity"] == quantity), None)


def water(segments: Sequence[Mapping[str, Any]]) -> tuple[int, Meter | None]:
    """(number, meter) of a binding's segment of water; number 0: it has none."""
    found = [(number, one) for number, one in enumerate(segments, 1) if one["quantity"] == grant.WATER]
    if len(found) != 1 or found[0][1]["register_base"] is None:
        return (found[0][0] if found else 0), None
    number, one = found[0]
    return number, Meter(one["method"], one["serial"], one["multiplier_ppm"], one["register_base"])


def prove(data: bytes, trust: Trust, site: str) -> Evidence:
    """Return the readings that a bundle proves for a site. Takes any bytes; raises Untrue."""
    parts, findings = take_apart(data)
    if parts is None:
        raise Untrue("evidence-shape", why=dict(findings[0].facts).get("reason", ""))
    _refuse(findings)
    found, values = bound(parts.binding.data, trust, site)
    genesis = hashes.genesis(parts.chain, parts.binding.data)
    if slots.head(parts.slots[0]).seq == 1 and parts.h_before != genesis:
        raise Untrue("evidence-finding", code="genesis", seq=1)
    checked = chain_check.check(parts, values["controller_key"], genesis)
    _refuse(checked.findings)
    readings = tuple(_readings(parts, checked, found.controller))
    if not readings:
        raise Untrue("evidence-nothing")
    if readings[0].utc_s < found.issued_utc_s - _DAY_S:
        raise Untrue("evidence-before-binding")  # the box stood elsewhere then: chains do not name a site
    if readings[0].volume_l < found.base_l:
        raise Untrue("evidence-finding", code="below_base", seq=readings[0].seq)
    if any(after.volume_l < before.volume_l for before, after in pairwise(readings)):
        raise Untrue("evidence-finding", code="volume_fell", seq=readings[-1].seq)
    begins = parts.chain == 1 and slots.head(parts.slots[0]).seq == 1
    return Evidence(found, readings, begins)


def _refuse(findings: Iterable[Finding]) -> None:
    for one in findings:
        if one.weight == REJECTED:
            raise Untrue("evidence-finding", code=one.code, seq="?" if one.seq is None else one.seq)


def _readings(parts: Parts, checked: Chain, controller: str) -> Iterable[Reading]:
    """Measuring records that a signature covers and that know W."""
    for link in checked.links:
        head = link.head
        if (
            link.run is None
            or not record.is_measuring(head.kind)
            or not checked.is_signed(head.seq, head.seq)
        ):
            continue
        volume_l = slots.volume_l(link.slot)
        if volume_l is None or not slots.has_time(head):
            continue
        energy_wh = slots.number(link.slot, head.kind, "energy_wh")
        yield Reading(
            controller=controller,
            chain=parts.chain,
            seq=head.seq,
            h=checked.h_at[head.seq],
            utc_s=head.utc_s,
            volume_l=volume_l,
            energy_wh=None if energy_wh == (1 << 48) - 1 else energy_wh,
            grant_seq=head.grant_seq,
            segment=slots.number(link.slot, head.kind, "segment"),
        )
