"""Who belongs to a fleet: sites as Turpan has them, each with a controller, its keys and its papers.

6,922 wells and 32 intakes of open channels stand in the preset (requirement T01); any other number of sites
keeps that share. Every controller has an Ed25519 key for its records, a binding that the bench signed, and a
P-256 key with a certificate for the link, as provisioning gives them to a real box.
"""

from __future__ import annotations

import csv
import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from karez_protocols import binding, chain, grant, record, site_class
from karez_simulators.fleet import well_life

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from karez_simulators.offices import Office
    from karez_simulators.pki import LinkAuthority

WELLS, INTAKES = 6_922, 32
TURPAN = WELLS + INTAKES
ROWS_PER_FILE = 5_000  # `karez gateway import` takes no more in one transaction
SAY_EVERY = 500
UPPER_ML_PER_WH = 4_000


@dataclass(frozen=True)
class Member:
    """One controller of the fleet; `number` counts from 0, `seed` makes its key."""

    number: int
    name: str
    site: str
    intake: bool
    seed: str
    binding: str  # hex
    credential: str  # file of certificate and key, PEM

    @property
    def key(self) -> Ed25519PrivateKey:
        """The key that signs its records."""
        return key_of(self.seed)


def key_of(seed: str) -> Ed25519PrivateKey:
    """Return the same key for the same text: a run can be played again."""
    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(seed.encode()).digest())


def intakes(sites: int) -> int:
    """How many of so many sites are intakes of open channels: Turpan's share, rounded."""
    return (sites * INTAKES * 2 + TURPAN) // (2 * TURPAN)


def site_of(number: int, sites: int) -> tuple[str, bool]:
    """Return code and kind of a site: the wells first, then the intakes."""
    wells = sites - intakes(sites)
    if number < wells:
        return f"650402-{number + 1:05d}", False
    return f"650402-Q{number - wells + 1:04d}", True


def _values(name: str, site: str, public: bytes, regulator: bytes, issued_utc_s: int) -> dict[str, object]:
    return {
        "class": site_class.IRRIGATION,
        "fail": binding.FAIL_STOPPED,
        "seq": 1,
        "controller": name,
        "site": site,
        "gateway": "gateway",
        "controller_key": public,
        "regulator_key": regulator,
        "issued_utc_s": issued_utc_s,
        "rated_flow_lph": well_life.WELL_FLOW_LPH,
        "rated_power_w": well_life.WELL_POWER_W,
        "upper_ml_per_wh": UPPER_ML_PER_WH,
        "reference_ml_per_wh": None,
        "physical_ml_per_wh": None,
        "riser_l": 0,
    }


def _segment(quantity: int, profile: str, serial: str) -> dict[str, object]:
    return {
        "quantity": quantity,
        "method": record.METERED,
        "address": None,
        "profile_version": 1,
        "coefficient_version": 0,
        "from_seq": 1,
        "profile": profile,
        "serial": serial,
        "base": 0,
        "register_base": 0,
        "multiplier_ppm": 1_000_000,
    }


def bind(
    bench: Office, regulator: bytes, key: Ed25519PrivateKey, site: str, *, intake: bool, utc_s: int
) -> bytes:
    """Return the signed binding of a controller to a site."""
    public = key.public_key().public_bytes_raw()
    values = _values(chain.controller_name(public), site, public, regulator, utc_s)
    if intake:
        values |= {"rated_flow_lph": well_life.INTAKE_FLOW_LPH, "rated_power_w": 0}
        segments = [_segment(grant.WATER, "channel", site)]
    else:
        segments = [
            _segment(grant.WATER, "tuf2000m", f"W-{site}"),
            _segment(grant.ENERGY, "sdm630", f"E-{site}"),
        ]
    return bench.sign(binding.LABEL, binding.encode(values, segments))


def enlist(
    folder: Path,
    sites: int,
    seed: int,
    offices: tuple[Office, Office],
    authority: LinkAuthority,
    issued_utc_s: int,
    say: Callable[[int], None],
) -> list[Member]:
    """Make every controller's keys and papers; `offices` = (bench, regulator), `say(count)` as it goes on."""
    bench, regulator = offices
    members = []
    for number in range(sites):
        site, intake = site_of(number, sites)
        text = f"karez fleet {seed} {number}"
        key = key_of(text)
        signed = bind(bench, regulator.public, key, site, intake=intake, utc_s=issued_utc_s)
        name = chain.controller_name(key.public_key().public_bytes_raw())
        credential = authority.client(name)
        path = folder / f"{name}.pem"
        path.touch(mode=0o600)
        path.write_bytes(credential.certificate_pem + credential.key_pem)
        members.append(Member(number, name, site, intake, text, signed.hex(), str(path)))
        if number % SAY_EVERY == SAY_EVERY - 1:
            say(number + 1)
    return members


def write_tables(folder: Path, members: Sequence[Member]) -> list[Path]:
    """Write the tables that `karez gateway import` takes; return them."""
    paths = []
    for at in range(0, len(members), ROWS_PER_FILE):
        path = folder / f"bindings-{at // ROWS_PER_FILE + 1}.csv"
        with path.open("w", newline="", encoding="utf-8") as file:
            rows = csv.writer(file)
            rows.writerow(("controller", "site", "binding"))
            rows.writerows((one.name, one.site, one.binding) for one in members[at : at + ROWS_PER_FILE])
        paths.append(path)
    return paths


def write(path: Path, members: Iterable[Member]) -> None:
    """Write members as JSON lines, for a process that plays them."""
    with path.open("w", encoding="utf-8") as file:
        for one in members:
            file.write(json.dumps(one.__dict__) + "\n")


def read(path: Path) -> list[Member]:
    """Return what `write` wrote."""
    with path.open(encoding="utf-8") as file:
        return [Member(**json.loads(line)) for line in file]
