"""Bench provisioning: the box shows the keys it made, the bench signs what binds it to a site.

Nothing secret leaves the box. What goes in: the signed binding (from which h_0 of its chain
follows), a certificate for the link key it made itself, the link's authority, and one
readable configuration document.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from karez_simulators.offices import UNTESTED, Coefficient, MeterReading
from karez_simulators.physical_site import QUANTITIES

if TYPE_CHECKING:
    from karez_simulators.controller_vm import ControllerVm
    from karez_simulators.offices import Bench, Regulator
    from karez_simulators.physical_site import PhysicalSite
    from karez_simulators.pki import LinkAuthority

UPPER_MARGIN_PERCENT = 115  # the upper coefficient stands this far above the step test's ratio


@dataclass(frozen=True)
class Identity:
    """What a box says of itself: its name and the public halves of its two keys."""

    name: str
    public: bytes
    link_point: bytes

    @classmethod
    def parse(cls, words: list[str]) -> Identity:
        """Read the line `identity NAME KEY POINT`. Raises ValueError."""
        _, name, public, point = words
        return cls(name, bytes.fromhex(public), bytes.fromhex(point))


def configuration(
    settings: dict[str, int], accounts: dict[bytes, int], link: dict[str, object], site: PhysicalSite
) -> bytes:
    """Return the box's configuration document as JSON bytes."""
    document = {
        "settings": settings,
        "accounts": {card.hex(): number for card, number in accounts.items()},
        "link": link,
        "meters": [
            {
                "quantity": QUANTITIES[name],
                "profile": one.document["name"],
                "address": site.address(name),
            }
            for name, one in site.mounted.items()
        ],
    }
    return json.dumps(document, sort_keys=True).encode()


def coefficient(site: PhysicalSite) -> Coefficient | None:
    """What a step test of this well has found; None where a water meter hangs and none is needed."""
    if "water" in site.meters:
        return None
    return Coefficient(site.well.parameters.litres_per_kwh * 1000, version=1)


def bind(
    bench: Bench, regulator: Regulator, identity: Identity, site_code: str, site: PhysicalSite, utc_s: int
) -> bytes:
    """Read the dials and sign the binding of this box to this site."""
    site.settle()
    converted = coefficient(site)
    water = converted or MeterReading.of(site, "water")
    energy = MeterReading.of(site, "power")
    return binding(bench, regulator, identity, site_code, site, utc_s, water, energy)


def binding(
    bench: Bench, regulator: Regulator, identity: Identity, site_code: str, site: PhysicalSite, utc_s: int,
    water: MeterReading | Coefficient, energy: MeterReading, seq: int = 1,
) -> bytes:  # fmt: skip
    """Sign a binding of this box to this site that begins with these readings."""
    parameters = site.well.parameters
    rated = (
        parameters.greatest_flow_lph,
        parameters.rated_power_w,
        parameters.litres_per_kwh * UPPER_MARGIN_PERCENT // 100,
    )
    tested = (parameters.litres_per_kwh, None, 0) if isinstance(water, Coefficient) else UNTESTED
    return bench.binding(
        identity.name, identity.public, site_code, regulator.public, water, energy, rated, utc_s, tested, seq
    )


def hand_over(
    vm: ControllerVm, identity: Identity, binding: bytes, authority: LinkAuthority, config: bytes
) -> None:
    """Send the box everything it needs, the configuration last."""
    certificate = authority.controller(identity.name, identity.link_point)
    for name, data in (
        ("binding", binding),
        ("certificate", certificate.certificate_der),
        ("authority", authority.certificate_der),
        ("config", config),
    ):
        vm.send(f"object {name} {data.hex()}")
