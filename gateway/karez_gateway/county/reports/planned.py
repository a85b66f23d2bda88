"""Plans and norms beside what was taken: over plan and over norm are two figures. Pure."""

from collections.abc import Mapping
from typing import NamedTuple

from karez_gateway.county.registry.objects import Registry
from karez_gateway.county.years import yearplans
from karez_gateway.county.years.wateryear import YEAR


class Standing(NamedTuple):
    """A user or site in a year or month, litres. None: the registry has no plan, or no area."""

    used_l: int
    plan_l: int | None
    norm_l: int | None

    @property
    def over_plan_l(self) -> int | None:
        """Beyond the plan (超计划), never below zero."""
        return None if self.plan_l is None else max(self.used_l - self.plan_l, 0)

    @property
    def over_norm_l(self) -> int | None:
        """Beyond norm × area (超定额), never below zero."""
        return None if self.norm_l is None else max(self.used_l - self.norm_l, 0)

    @property
    def of_plan_permille(self) -> int | None:
        """Used of the plan, rounded down."""
        return self.used_l * 1000 // self.plan_l if self.plan_l else None

    def reaches(self, percent: int) -> bool:
        """True if so many per cent of the plan were used, or more: "30 % 以上" over it is ≥ 130 %."""
        return self.plan_l is not None and self.used_l > 0 and self.used_l * 100 >= self.plan_l * percent


def plans(registry: Registry, year: int, period: str = YEAR) -> dict[str, int]:
    """Site -> planned litres of a year, or of a month such as 07."""
    if period == YEAR:
        return yearplans.plans_l(registry, year)
    return {site: mine[period] for site, mine in yearplans.litres(registry, year).items() if period in mine}


def norms(registry: Registry, year: int) -> dict[str, int]:
    """Site -> litres of a year that norm × area allow; a site with a crop that has no norm is left out."""
    found: dict[str, int] = {}
    lacking: set[str] = set()
    for _, plot in registry.of_kind("plot"):
        if int(plot["year"]) != year:
            continue
        site = str(plot["site"])
        norm = registry.get("norm", f"{plot['crop']}/{plot['irrigation']}/{year}")
        if norm is None:
            lacking.add(site)
            continue
        found[site] = found.get(site, 0) + int(norm["l_per_mu"]) * int(plot["area_cmu"]) // 100
    return {site: litres for site, litres in found.items() if site not in lacking}


def by_user(
    used: Mapping[str, int], planned: Mapping[str, int], users: Mapping[str, str], points: Mapping[str, str]
) -> dict[tuple[str, str], Standing]:
    """(user, metering point) -> what its sites used and were to use; points are never added up."""
    found: dict[tuple[str, str], list[int | None]] = {}
    for site in sorted({*used, *planned}):
        key = users[site], points[site]
        sums = found.setdefault(key, [0, None])
        sums[0] = (sums[0] or 0) + used.get(site, 0)
        if site in planned:
            sums[1] = (sums[1] or 0) + planned[site]
    return {key: Standing(used_l or 0, plan_l, None) for key, (used_l, plan_l) in found.items()}
