"""Plans: within every limit of both trees, within permit and allowed volume, not below what is protected."""

from collections.abc import Iterator

from karez_gateway.county.quota import cells, permit_checks
from karez_gateway.county.quota.cells import CELLS, Cell
from karez_gateway.county.quota.findings import FAULT, WARNING, Finding
from karez_gateway.county.quota.limit_checks import place
from karez_gateway.county.registry.objects import Registry
from karez_gateway.county.registry.trees import Tree
from karez_gateway.county.years import yearplans
from karez_gateway.county.years.wateryear import YEAR


def sums(registry: Registry, tree: Tree, year: int) -> Iterator[Finding]:
    """In every cell with a limit, the plans below it sum to no more: the limits hold at once (T09)."""
    totals: dict[tuple[str, Cell], int] = {}
    for region in reversed(tree.order):
        for site in tree.sites[region]:
            values, volume_l = registry["site", site], yearplans.plan_l(registry, site, year)
            for cell in CELLS:
                if volume_l and cell.holds(values):
                    totals[region, cell] = totals.get((region, cell), 0) + volume_l
        for cell in CELLS:
            if tree.above[region] and (region, cell) in totals:
                above = tree.above[region], cell
                totals[above] = totals.get(above, 0) + totals[region, cell]
    for (region, cell), sum_l in sorted(totals.items()):
        limit = cells.limit(registry, region, year, cell)
        if limit and sum_l > limit.volume_l:
            yield _above("plans-above", place(region, year, cell), sum_l, limit.volume_l)


def bounds(registry: Registry, year: int, first_month: int) -> Iterator[Finding]:
    """Each plan beside its site's permit, allowed volume and protected minimum."""
    permits = permit_checks.in_force(registry, year, first_month)
    for number, sites in permit_checks.sites_of(registry).items():
        planned_l = sum(yearplans.plan_l(registry, site, year) or 0 for site in sites)
        allowed_l = int(permits[number]["volume_l"]) if number in permits else 0
        if planned_l > allowed_l:
            yield _above("plan-above-permit", number, planned_l, allowed_l)
    for site, values in registry.of_kind("site"):
        volume_l = yearplans.plan_l(registry, site, year)
        if volume_l is None:
            continue
        if volume_l > int(values.get("allowed_l", volume_l)):
            yield _above("plan-above-allowed", site, volume_l, int(values["allowed_l"]))
        if volume_l < int(values.get("minimum_l", 0)):
            found = {"parts_l": volume_l, "limit_l": values["minimum_l"]}
            yield Finding(FAULT, "plan-below-minimum", site, found)


def periods(registry: Registry, year: int) -> Iterator[Finding]:
    """Months or rounds of a site sum to its year."""
    sums: dict[str, int] = {}
    for _, values in registry.of_kind("plan"):
        if values["year"] == year and values["period"] != YEAR:
            site = str(values["site"])
            sums[site] = sums.get(site, 0) + int(values["volume_l"])
    for site, sum_l in sums.items():
        year_l = yearplans.plan_l(registry, site, year) or 0
        if sum_l != year_l:
            yield Finding(WARNING, "periods-differ", site, {"parts_l": sum_l, "limit_l": year_l})


def _above(rule: str, where: str, sum_l: int, limit_l: int) -> Finding:
    return Finding(FAULT, rule, where, {"parts_l": sum_l, "limit_l": limit_l, "over_l": sum_l - limit_l})
