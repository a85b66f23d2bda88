"""Who signs in a world: the offices of the bench under keys of the run's seed, and what they sign."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from karez_protocols import binding, grant, record
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

    def binding(
        self, site: Site, box: tuple[str, bytes], use: int, utc_s: int, tested: tuple[int, int],
        seq: int = 1, books: dict[str, tuple[int, int]] | None = None,
    ) -> bytes:  # fmt: skip
        """Sign which box (name, key) stands at a site. `tested`: mL/Wh of the step test, and the most.

        `books`: for each meter the count that goes on, and the register at it; none: both begin.
        """
        parameters = site.well.parameters
        values = {
            "class": use,
            "fail": binding.FAIL_STOPPED,
            "seq": seq,
            "controller": box[0],
            "site": site.name,
            "gateway": "world",
            "controller_key": box[1],
            "regulator_key": self.regulator.public,
            "issued_utc_s": utc_s,
            "rated_flow_lph": parameters.greatest_flow_lph,
            "rated_power_w": parameters.rated_power_w,
            "upper_ml_per_wh": tested[1],
            "reference_ml_per_wh": tested[0],
            "physical_ml_per_wh": None,
            "riser_l": 0,
        }
        books = books or {name: (0, site.dial(name)) for name in (WATER, ENERGY)}
        segments = [self._segment(site, name, *books[name]) for name in (WATER, ENERGY)]
        return self.provisioner.sign(binding.LABEL, binding.encode(values, segments))

    @staticmethod
    def _segment(site: Site, name: str, base: int, register: int) -> dict[str, object]:
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
            "base": base,
            "register_base": register,
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
