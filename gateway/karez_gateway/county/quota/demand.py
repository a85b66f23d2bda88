"""Demand of sites: norm × area, held to the ceiling of the region (requirements T24, C16, C17).

The ceiling (农业综合灌溉定额) is an average over crops: it bounds a site's whole area, not each plot. Areas
are 0.01 mu and norms L/mu, so a product counts 0.01 L; a site's sum is rounded down to the litre once.
"""

from collections.abc import Iterator
from typing import NamedTuple

from karez_gateway.county.quota import cells
from karez_gateway.county.quota.findings import FAULT, WARNING, Finding
from karez_gateway.county.registry.fields import MU, RATIO
from karez_gateway.county.registry.objects import Registry, Values
from karez_gateway.county.registry.trees import Tree, tree
from karez_gateway.county.years import yearplans

CMU = 100  # 0.01 mu in a mu


class Demand(NamedTuple):
    """Of one site in one year. `ceiling_l`: most that its region allows for this area; None: no ceiling."""

    area_cmu: int
    norm_l: int
    ceiling_l: int | None

    @property
    def volume_l(self) -> int:
        """What counts: the norm's, held to the ceiling."""
        return self.norm_l if self.ceiling_l is None else min(self.norm_l, self.ceiling_l)


class Demands(NamedTuple):
    """Of all sites that have plots in a year, and what is wrong with the others."""

    of: dict[str, Demand]
    findings: list[Finding]


def demands(registry: Registry, year: int) -> Demands:
    """Every site's demand; a plot without a norm is a fault and counts nothing."""
    norms = cells.rules(registry, "norm", year)
    areas: dict[str, int] = {}
    centilitres: dict[str, int] = {}
    findings = []
    for name, plot in registry.of_kind("plot"):
        if plot["year"] != year:
            continue
        norm = norms.get(f"{plot['crop']}/{plot['irrigation']}")
        if norm is None:
            what: dict[str, str | int] = {
                "crop": plot["crop"],
                "irrigation": plot["irrigation"],
                "year": year,
            }
            findings.append(Finding(FAULT, "norm-missing", f"plot {name}", what))
            continue
        site, area_cmu = str(plot["site"]), int(plot["area_cmu"])
        areas[site] = areas.get(site, 0) + area_cmu
        centilitres[site] = centilitres.get(site, 0) + area_cmu * int(norm["l_per_mu"])
    ceilings = _ceilings(registry, year)
    found = {
        site: Demand(
            areas[site], centilitres[site] // CMU, _held(areas[site], ceilings, _region(registry, site))
        )
        for site in areas
    }
    return Demands(found, findings)


def intensity(registry: Registry, admin: Tree, year: int) -> Iterator[Finding]:
    """Regions whose farming plans a mu lie above their ceiling (C07, C16)."""
    sums = farming(registry, admin, year)
    for region, ceiling in cells.rules(registry, "ceiling", year).items():
        area_cmu, plans_l = sums.get(region, (0, 0))
        if plans_l * CMU > int(ceiling["l_per_mu"]) * area_cmu and area_cmu:
            values: dict[str, str | int] = {
                "parts_l": plans_l,
                "area": MU.show(area_cmu),
                "intensity": RATIO.show(plans_l * CMU // area_cmu),
                "ceiling": RATIO.show(ceiling["l_per_mu"]),
            }
            yield Finding(WARNING, "intensity-above", region, values)


def farming(registry: Registry, admin: Tree, year: int) -> dict[str, tuple[int, int]]:
    """Region -> (area in 0.01 mu, farming plans in litres) of all below it, for its intensity."""
    areas: dict[str, int] = {}
    for _, plot in registry.of_kind("plot"):
        if plot["year"] == year:
            site = str(plot["site"])
            areas[site] = areas.get(site, 0) + int(plot["area_cmu"])
    out: dict[str, tuple[int, int]] = {}
    for region in reversed(admin.order):
        those = [one for one in admin.sites[region] if registry["site", one]["class"] == "farming"]
        area = sum(areas.get(one, 0) for one in those)
        plans = sum(yearplans.plan_l(registry, one, year) or 0 for one in those)
        below = [out[one] for one in admin.below[region]]
        out[region] = area + sum(one for one, _ in below), plans + sum(one for _, one in below)
    return out


def _region(registry: Registry, site: str) -> str:
    values: Values = registry.get("site", site) or {}
    return str(values.get("region", ""))


def _ceilings(registry: Registry, year: int) -> dict[str, int]:
    """Region -> L/mu: its own ceiling, or that of the nearest region above."""
    stated = cells.rules(registry, "ceiling", year)
    admin = tree(registry, "admin")
    out: dict[str, int] = {}
    for region in admin.order:
        if region in stated:
            out[region] = int(stated[region]["l_per_mu"])
        elif admin.above[region] in out:
            out[region] = out[admin.above[region]]
    return out


def _held(area_cmu: int, ceilings: dict[str, int], region: str) -> int | None:
    return area_cmu * ceilings[region] // CMU if region in ceilings else None
