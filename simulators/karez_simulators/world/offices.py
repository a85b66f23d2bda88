"""Who signs in a world: the offices of the bench under keys of the run's seed, and what they sign."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from karez_protocols import binding, grant, order, record
from karez_simulators.offices import Office
from karez_simulators.world.site import ADDRESSES, ENERGY, PROFILES, WATER, profile_of

if TYPE_CHECKING:
    from karez_simulators.well import WellParameters
    from karez_simulators.world.site import Site

YEAR_S = 31_536_000
UPPER_PERCENT = 115  # the upper coefficient stands this far above the step test's ratio


def upper_ml_per_wh(parameters: WellParameters) -> int:
    """More water than that an energy never lifts here, in millilitres for a watt-hour."""
    return parameters.litres_per_kwh * UPPER_PERCENT // 100


class Offices:
    """The provisioner and the county's regulator of one run."""

    def __init__(self, seed: int) -> None:
        """Make their keys."""
        self.provisioner, self.regulator, self.forger = (
            Office(hashlib.sha256(f"{seed}/{name}".encode()).digest())
            for name in ("provisioner", "regulator", "forger")
        )
        self._orders = 0

    def binding(
        self, site: Site, controller: str, public: bytes, use: int, utc_s: int, tested: tuple[int, int]
    ) -> bytes:
        """Sign which box stands at which site. `tested`: mL/Wh of the step test, and what is impossible."""
        parameters = site.well.parameters
        values = {
            "class": use,
            "fail": binding.FAIL_STOPPED,
            "seq": 1,
            "controller": controller,
            "site": site.name,
            "gateway": "world",
            "controller_key": public,
            "regulator_key": self.regulator.public,
            "issued_utc_s": utc_s,
            "rated_flow_lph": parameters.greatest_flow_lph,
            "rated_power_w": parameters.rated_power_w,
            "upper_ml_per_wh": tested[1],
            "reference_ml_per_wh": tested[0],
            "physical_ml_per_wh": None,
            "riser_l": 0,
        }
        segments = [self._segment(site, name) for name in (WATER, ENERGY)]
        return self.provisioner.sign(binding.LABEL, binding.encode(values, segments))

    @staticmethod
    def _segment(site: Site, name: str) -> dict[str, object]:
        profile = profile_of(PROFILES[name])
        return {
            "quantity": grant.WATER if name == WATER else grant.ENERGY,
            "method": record.METERED,
            "address": ADDRESSES[name],
            "profile_version": profile.version,
            "coefficient_version": 0,
            "from_seq": 1,
            "profile": profile.name,
            "serial": f"{site.name}-{name}",
            "base": 0,
            "register_base": site.dial(name),
            "multiplier_ppm": 1_000_000,
        }

    def grant(
        self,
        site: str,
        seq: int,
        ceiling_l: int,
        utc_s: int,
        *,
        policy: int = grant.STOP,
        forged: bool = False,
    ) -> bytes:
        """Sign a right: litres since commissioning, until a year from now. `forged`: by nobody's key."""
        values = {
            "flags": 0, "policy": policy, "seq": seq, "site": site, "issuer": 0, "issued_utc_s": utc_s,
            "document": f"{site}/{seq}", "head_chain": 0, "head_seq": 0, "head_h": bytes(32),
            "head_volume_l": 0, "head_ledger_l": 0,
        }  # fmt: skip
        row = {
            "quantity": grant.WATER, "from_utc_s": utc_s - 3600, "to_utc_s": utc_s + YEAR_S,
            "ceiling": ceiling_l, "finish_100l": 0, "emergency_100l": 0,
        }  # fmt: skip
        office = self.forger if forged else self.regulator
        return office.sign(grant.LABEL, grant.encode(values, [row]))

    def order(self, site: str, kind: int, utc_s: int) -> bytes:
        """Sign a stop, a seal or a lift of everything, as the root."""
        self._orders += 1
        is_lift = kind == order.LIFT
        values = {
            "kind": kind, "scope": order.SITE, "basis": order.PLAIN, "office": order.ROOT, "from_min": None,
            "to_min": None, "lift_office": order.ROOT if is_lift else None,
            "lift_seq": order.EVERY if is_lift else None, "seq": self._orders, "target": site,
            "issued_utc_s": utc_s, "until_utc_s": None, "document": f"order {self._orders}",
        }  # fmt: skip
        return self.regulator.sign(order.LABEL, order.encode(values))
