"""Permits: their sum stays within the limit (requirement T20), and where in the trees each one counts."""

from collections.abc import Iterator

from karez_gateway.county.quota import cells
from karez_gateway.county.quota.cells import CELLS, Cell
from karez_gateway.county.quota.findings import FAULT, WARNING, Finding
from karez_gateway.county.quota.limit_checks import place
from karez_gateway.county.registry.objects import Registry, Values
from karez_gateway.county.registry.trees import PLACE, Tree


def days(year: int, first_month: int) -> tuple[str, str]:
    """First day of a water year, and of the next one."""
    return f"{year}-{first_month:02d}-01", f"{year + 1}-{first_month:02d}-01"


def in_force(registry: Registry, year: int, first_month: int) -> dict[str, Values]:
    """Permits that are valid on any day of a water year; each counts with its whole volume."""
    begin, end = days(year, first_month)
    return {
        number: values
        for number, values in registry.of_kind("permit")
        if str(values["from_date"]) < end and str(values["to_date"]) >= begin
    }


def sites_of(registry: Registry) -> dict[str, list[str]]:
    """Permit -> the sites that name it."""
    found: dict[str, list[str]] = {}
    for site, values in registry.of_kind("site"):
        if "permit" in values:
            found.setdefault(str(values["permit"]), []).append(site)
    return found


def sums(registry: Registry, tree: Tree, year: int, first_month: int) -> Iterator[Finding]:
    """In every cell with a limit, the permits below it sum to no more."""
    totals: dict[tuple[str, Cell], int] = {}
    sites = sites_of(registry)
    for number, permit in in_force(registry, year, first_month).items():
        region = _region(registry, tree, permit, sites.get(number, []))
        if not region and tree.name == "admin":
            yield Finding(WARNING, "permit-nowhere", number, {})
        for one in tree.path(region):
            for cell in CELLS:
                if cell.holds(permit):
                    totals[one, cell] = totals.get((one, cell), 0) + int(permit["volume_l"])
    for (region, cell), sum_l in sorted(totals.items()):
        limit = cells.limit(registry, region, year, cell)
        if limit and sum_l > limit.volume_l:
            values = {"parts_l": sum_l, "limit_l": limit.volume_l, "over_l": sum_l - limit.volume_l}
            yield Finding(FAULT, "permits-above", place(region, year, cell), values)


def _region(registry: Registry, tree: Tree, permit: Values, sites: list[str]) -> str:
    """The lowest region that holds all its sites; without a site, its holder's; "" if nobody says."""
    field = PLACE[tree.name]
    places = {str(registry["site", one].get(field, "")) for one in sites} - {""}
    if not places and tree.name == "admin":
        holder: Values = registry.get("holder", permit["holder"]) or {}
        places = {str(holder.get("region", ""))} & set(tree.regions)
    return tree.common(places)
