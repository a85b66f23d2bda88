"""The two offices that sign on a desk: the bench that binds boxes to sites, the regulator.

Each holds an Ed25519 key. The gateway holds neither: it only carries what they signed.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from karez_protocols import binding, grant, record, signed, site_class, technicians

if TYPE_CHECKING:
    from karez_simulators.physical_site import PhysicalSite

NOBODYS_HEAD = bytes(32)
UNTESTED = (None, None, 0)  # no step test yet, lift not measured, a check valve holds the riser


class Office:
    """One signing key: a new one, or the same for the same 32 bytes where a run has to be repeated."""

    def __init__(self, seed: bytes | None = None) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(seed) if seed else Ed25519PrivateKey.generate()
        self.public = self._key.public_key().public_bytes_raw()

    def sign(self, label: bytes, body: bytes) -> bytes:
        """Return body ‖ signature over label and body."""
        return body + self._key.sign(signed.message(label, body))


@dataclass(frozen=True)
class Right:
    """What a grant says: litres above `head_volume_l`, valid in [from, to)."""

    site: str
    seq: int
    ceiling_l: int
    from_utc_s: int
    to_utc_s: int
    document: str
    policy: int = grant.STOP
    head_chain: int = 1
    head_seq: int = 0
    head_h: bytes = NOBODYS_HEAD
    head_volume_l: int = 0
    finish_l: int = 0  # beyond the ceiling, for the irrigation that is under way
    emergency_l: int = 0  # beyond it, opened by button
    interim_l: int = 0  # beyond it from its end on, for `interim_s`: until the next right is issued
    interim_s: int = 0

    def rows(self) -> list[dict[str, int]]:
        """Return the grant's rows of water."""
        row = {
            "quantity": grant.WATER,
            "from_utc_s": self.from_utc_s,
            "to_utc_s": self.to_utc_s,
            "ceiling": self.ceiling_l,
            "finish_100l": self.finish_l // 100,
            "emergency_100l": self.emergency_l // 100,
        }
        if not self.interim_s:
            return [row]
        later = {
            "from_utc_s": self.to_utc_s,
            "to_utc_s": self.to_utc_s + self.interim_s,
            "ceiling": self.ceiling_l + self.interim_l,
        }
        return [row, row | later]


@dataclass(frozen=True)
class Technician:
    """A row of the regulator's list: who may change something at a well."""

    number: int
    key: bytes
    until_utc_s: int | None = None
    roles: int = technicians.TECHNICIAN


class Regulator(Office):
    """Signs grants and the list of technicians."""

    def technicians(self, seq: int, issued_utc_s: int, *people: Technician) -> bytes:
        """Return a signed list of technicians, in the order of their numbers."""
        values = {"seq": seq, "issued_utc_s": issued_utc_s}
        rows = [asdict(one) for one in sorted(people, key=lambda one: one.number)]
        return self.sign(technicians.LABEL, technicians.encode(values, rows))

    def grant(self, right: Right) -> bytes:
        """Return a signed grant of water."""
        values = {
            "flags": 0,
            "policy": right.policy,
            "seq": right.seq,
            "site": right.site,
            "issuer": signed.key_id(self.public),
            "issued_utc_s": right.from_utc_s,
            "document": right.document,
            "head_chain": right.head_chain,
            "head_seq": right.head_seq,
            "head_h": right.head_h,
            "head_volume_l": right.head_volume_l,
            "head_ledger_l": right.head_volume_l,
        }
        return self.sign(grant.LABEL, grant.encode(values, right.rows()))


@dataclass(frozen=True)
class MeterReading:
    """A meter as the bench finds it: what its dial shows when the box is bound to the site."""

    profile: str
    version: int
    address: int | None  # of a Modbus station; a meter of another protocol is found by its number
    serial: str
    register: int  # litres or Wh
    base: int = 0  # the W or E that this register stood for

    @classmethod
    def of(cls, site: PhysicalSite, meter: str) -> MeterReading:
        """Read the dial of "water" or "power"."""
        document, address = site.mounted[meter].document, site.address(meter)
        station = address if isinstance(address, int) else None
        return cls(document["name"], document["version"], station, site.serial(meter), site.dial(meter))


@dataclass(frozen=True)
class Coefficient:
    """What stands in for a water meter: litres per Wh x 1,000,000, and which step test says so."""

    multiplier_ppm: int
    version: int


METERED = Coefficient(1_000_000, 0)  # a metered segment converts nothing


class Bench(Office):
    """Signs bindings of wells with this `use`, a class of karez_protocols.site_class."""

    use = site_class.IRRIGATION

    def binding(
        self,
        controller: str,
        controller_key: bytes,
        site: str,
        regulator_key: bytes,
        water: MeterReading | Coefficient,
        energy: MeterReading,
        rated: tuple[int, int, int],
        issued_utc_s: int,
        tested: tuple[int | None, int | None, int] = UNTESTED,
        seq: int = 1,
    ) -> bytes:
        """Return the signed binding of a box to a site; `water` a Coefficient: no water meter hangs there.

        `rated` = (L/h, W, upper mL/Wh); `tested` = (mL/Wh of the step test, mL/Wh above which
        no honest reading lies, litres that run back down the riser), None = not known.
        `seq`: of the site's bindings the how-manieth.
        """
        flow_lph, power_w, upper_ml_per_wh = rated
        reference_ml_per_wh, physical_ml_per_wh, riser_l = tested
        values = {
            "class": self.use,
            "fail": binding.FAIL_STOPPED,
            "seq": seq,
            "controller": controller,
            "site": site,
            "gateway": "gateway",
            "controller_key": controller_key,
            "regulator_key": regulator_key,
            "issued_utc_s": issued_utc_s,
            "rated_flow_lph": flow_lph,
            "rated_power_w": power_w,
            "upper_ml_per_wh": upper_ml_per_wh,
            "reference_ml_per_wh": reference_ml_per_wh,
            "physical_ml_per_wh": physical_ml_per_wh,
            "riser_l": riser_l,
        }
        return self.sign(binding.LABEL, binding.encode(values, self._segments(water, energy)))

    def _segments(self, water: MeterReading | Coefficient, energy: MeterReading) -> list[dict[str, object]]:
        source, coefficient = (water, METERED) if isinstance(water, MeterReading) else (energy, water)
        return [
            self._segment(grant.WATER, source, coefficient),
            self._segment(grant.ENERGY, energy, METERED),
        ]

    @staticmethod
    def _segment(quantity: int, meter: MeterReading, coefficient: Coefficient) -> dict[str, object]:
        return {
            "quantity": quantity,
            "method": record.METERED if coefficient == METERED else record.CONVERTED,
            "address": meter.address,
            "profile_version": meter.version,
            "coefficient_version": coefficient.version,
            "from_seq": 1,
            "profile": meter.profile,
            "serial": meter.serial,
            "base": meter.base,
            "register_base": meter.register,
            "multiplier_ppm": coefficient.multiplier_ppm,
        }
