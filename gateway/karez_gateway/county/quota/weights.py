"""What each site is measured by when a limit is shared out, its protected minimum and its most.

Every weight, cap and status is a line of a table. A permit that several sites have is shared among them
first: by their yearly allowed volumes if all of them state one, else equally.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from karez_gateway.county.quota import permit_checks
from karez_gateway.county.quota.apportion import Part, split
from karez_gateway.county.quota.cells import Cell
from karez_gateway.county.quota.demand import Demand, demands
from karez_gateway.county.quota.findings import NOTE, WARNING, Finding
from karez_gateway.county.registry.objects import Registry, Values
from karez_gateway.errors import Refused

# Who gets water at all (G05, T22): a right needs a licence, or one that is on its way.
GETS = {"licensed": True, "pending": True, "unlicensed": False, "sealed": False, "retired": False}
PROTECTED = "domestic"


class Facts(NamedTuple):
    """What weights and caps look at. `used_l`: litres of the year that is looked back at."""

    demands: Mapping[str, Demand]
    permits_l: Mapping[str, int]
    used_l: Mapping[str, int]


class Share(NamedTuple):
    """A site that takes part, in litres; `cap_l` None: nothing bounds it."""

    site: str
    region: str
    weight: int
    floor_l: int
    cap_l: int | None


def _demand_weight(facts: Facts, site: str, _values: Values) -> int:
    return facts.demands[site].volume_l if site in facts.demands else 0


def _area(facts: Facts, site: str, _values: Values) -> int:
    return facts.demands[site].area_cmu if site in facts.demands else 0


def _demand_cap(facts: Facts, site: str, values: Values) -> int | None:
    """Norm × area bounds irrigation only: a town's well has no plot."""
    return _demand_weight(facts, site, values) if values["class"] == "farming" else None


def _allowed_cap(_facts: Facts, _site: str, values: Values) -> int | None:
    return int(values["allowed_l"]) if "allowed_l" in values else None


WEIGHTS: dict[str, Callable[[Facts, str, Values], int]] = {
    "demand": _demand_weight,
    "area": _area,
    "permit": lambda facts, site, _: facts.permits_l.get(site, 0),
    "allowed": lambda _, __, values: int(values.get("allowed_l", 0)),
    "used": lambda facts, site, _: max(facts.used_l.get(site, 0), 0),
    "equal": lambda *_: 1,
}
CAPS: dict[str, Callable[[Facts, str, Values], int | None]] = {
    "permit": lambda facts, site, _: facts.permits_l.get(site, 0),  # without a permit nothing is permitted
    "allowed": _allowed_cap,
    "demand": _demand_cap,
}


def facts(registry: Registry, year: int, first_month: int, used_l: Mapping[str, int]) -> Facts:
    """Demand and permits of a year, beside litres used in another one."""
    return Facts(demands(registry, year).of, _permits(registry, year, first_month), used_l)


def shares(
    registry: Registry,
    regions: Mapping[str, list[str]],
    cell: Cell,
    known: Facts,
    weight: str,
    caps: tuple[str, ...],
) -> tuple[list[Share], list[Finding]]:
    """Sites of some regions that fall into a cell. Raises Refused for a weight or cap that does not exist."""
    _known(WEIGHTS, "weight", (weight,))
    _known(CAPS, "cap", caps)
    found, says = [], []
    for region, sites in regions.items():
        for site in sites:
            values = registry["site", site]
            if not cell.holds(values):
                continue
            status = str(values["status"])
            if not GETS[status]:
                says.append(Finding(NOTE, "no-status", site, {"status": status}))
                continue
            bounds = [CAPS[one](known, site, values) for one in caps]
            cap_l = min((one for one in bounds if one is not None), default=None)
            share = Share(
                site, region, WEIGHTS[weight](known, site, values), int(values.get("minimum_l", 0)), cap_l
            )
            says += _odd(share, values, weight)
            found.append(share)
    return found, says


def _odd(share: Share, values: Values, weight: str) -> list[Finding]:
    says = []
    if not share.weight:
        says.append(Finding(NOTE, "no-weight", share.site, {"weight": weight}))
    if values["class"] == PROTECTED and "minimum_l" not in values:
        says.append(Finding(WARNING, "no-minimum", share.site, {}))
    if share.cap_l is not None and share.floor_l > share.cap_l:
        bounds = {"limit_l": share.floor_l, "parts_l": share.cap_l}
        says.append(Finding(WARNING, "minimum-rules", share.site, bounds))
    return says


def _permits(registry: Registry, year: int, first_month: int) -> dict[str, int]:
    """Site -> its part of its permit."""
    found: dict[str, int] = {}
    sites = permit_checks.sites_of(registry)
    for number, permit in permit_checks.in_force(registry, year, first_month).items():
        allowed = {site: int(registry["site", site].get("allowed_l", 0)) for site in sites.get(number, ())}
        is_stated = all(allowed.values())
        parts = [Part(site, volume if is_stated else 1) for site, volume in allowed.items()]
        found |= split(int(permit["volume_l"]), parts)
    return found


def _known(table: Mapping[str, object], what: str, names: tuple[str, ...]) -> None:
    for name in names:
        if name not in table:
            raise Refused(f"there is no {what} {name!r}: one of {', '.join(table)}")
