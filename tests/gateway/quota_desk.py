"""Registries in memory for the quota's tests: short ways to write regions, sites, limits and plans."""

from karez_gateway.county.quota import weights
from karez_gateway.county.quota.cells import Cell
from karez_gateway.county.quota.decomposition import Wish, decompose
from karez_gateway.county.registry.objects import Object, Registry, name_of

YEAR = 2025
M3 = 1000


def registry(*rows):
    """A registry of (kind, values)."""
    return Registry.of(Object(kind, name_of(kind, values), 1, values, 0, 0) for kind, values in rows)


def region(code, parent="", tree="admin", **more):
    above = {"parent": parent} if parent else {}
    return "region", {"code": code, "name_zh": code, "tree": tree, **above, **more}


def site(name, place, **more):
    use = more.pop("of_class", "farming")
    values = {"sort": "well", "source": "ground", "point": "wellhead", "status": "licensed", "class": use}
    return "site", {"site": name, "region": place, **values, **more}


def limit(place, volume_l, of_class="all", source="all", year=YEAR, **more):
    cell = {"region": place, "year": year, "class": of_class, "source": source}
    return "limit", {**cell, "volume_l": volume_l, **more}


def plan(name, volume_l, period="year", year=YEAR, **more):
    return "plan", {"site": name, "year": year, "period": period, "volume_l": volume_l, **more}


def permit(number, volume_l, of_class="farming", source="ground", **more):
    days = {"from_date": "2025-01-01", "to_date": "2025-12-31"}
    values = {"number": number, "holder": "h", "volume_l": volume_l, "class": of_class, "source": source}
    return "permit", {**values, **days, **more}


def norm(crop, l_per_mu, year=YEAR):
    return "norm", {"crop": crop, "irrigation": "drip", "year": year, "l_per_mu": l_per_mu}


def plot(name, crop, area_cmu, year=YEAR):
    return "plot", {"site": name, "year": year, "crop": crop, "irrigation": "drip", "area_cmu": area_cmu}


def shared(found, root, weight="equal", caps=(), used=None, cell=("all", "all"), **wish):
    """Decompose a region's limit of a registry."""
    known = weights.facts(found, YEAR, 1, used or {})
    return decompose(
        found, Wish(root, YEAR, Cell(*cell), weight, tuple(caps), **({"step_l": 1} | wish)), known
    )


def volumes(found):
    """{site: litres} of a decomposition."""
    return {one.site: one.volume_l for one in found.wells}
