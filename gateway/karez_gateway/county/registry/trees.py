"""The trees of regions, administrative and basin: who lies above whom, which sites stand where, who answers.

`upwards` survives anything; `tree` refuses what is no tree.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from karez_gateway.county.registry.objects import Registry, Values
from karez_gateway.county.registry.values import text
from karez_gateway.county.registry.words import TREES
from karez_gateway.errors import Refused

PLACE = {"admin": "region", "basin": "basin"}  # tree -> the field of a site that names its region there


class Tree(NamedTuple):
    """`order`: every region, those above first. `above`: region -> the one above, "" at a root."""

    name: str
    regions: Mapping[str, Values]
    order: tuple[str, ...]
    above: Mapping[str, str]
    below: Mapping[str, list[str]]
    sites: Mapping[str, list[str]]  # of each region itself, without those of its parts

    def subtree(self, root: str) -> list[str]:
        """A region and all below it, those above first. Raises Refused when there is no such."""
        if root not in self.regions:
            raise Refused(f"there is no region {root!r} in the {self.name} tree")
        out = [root]
        for region in out:
            out.extend(self.below[region])
        return out

    def path(self, region: str) -> Iterator[str]:
        """A region and all above it."""
        while region:
            yield region
            region = self.above[region]

    def is_reserve(self, region: str) -> bool:
        """True if it is a reserve (预留): it has a limit and no site."""
        return bool(self.regions[region].get("is_reserve"))

    def common(self, regions: Iterable[str]) -> str:
        """The lowest region that holds all of some; "" if they have none in common."""
        paths = [list(self.path(one))[::-1] for one in regions]
        found = ""
        for level in zip(*paths, strict=False):
            if len(set(level)) > 1:
                break
            found = level[0]
        return found


def tree(registry: Registry, name: str) -> Tree:
    """One of the two trees. Raises Refused for a parent that is missing, and for regions in a ring."""
    regions = {code: values for code, values in registry.of_kind("region") if values["tree"] == name}
    above = {code: str(values.get("parent", "")) for code, values in regions.items()}
    below: dict[str, list[str]] = {code: [] for code in regions}
    for code, parent in above.items():
        if parent and parent not in regions:
            raise Refused(f"region {code}: the one above it, {parent}, is not in the {name} tree")
        if parent:
            below[parent].append(code)
    order = [code for code in regions if not above[code]]
    for code in order:
        order.extend(below[code])
    if len(order) < len(regions):
        ring = sorted(set(regions) - set(order))
        raise Refused(f"regions lie above themselves: {', '.join(ring[:5])}; give one of them another parent")
    return Tree(name, regions, tuple(order), above, below, _sites(registry, name, regions))


def both(registry: Registry) -> list[Tree]:
    """Both trees; one without regions is empty."""
    return [tree(registry, name) for name in TREES]


def _sites(registry: Registry, name: str, regions: Mapping[str, Values]) -> dict[str, list[str]]:
    sites: dict[str, list[str]] = {code: [] for code in regions}
    for site, values in registry.of_kind("site"):
        region = values.get(PLACE[name])
        if region is None:
            continue
        if region not in sites:
            raise Refused(f"site {site}: its {PLACE[name]} {region} is not in the {name} tree")
        sites[str(region)].append(site)
    return sites


def upwards(registry: Registry, code: str) -> Iterator[str]:
    """A region and those above it, the root last; of a cycle each once."""
    seen: set[str] = set()
    while code and code not in seen:
        values = registry.get("region", code)
        if values is None:
            return
        seen.add(code)
        yield code
        code = text(values, "parent")


def overdrawn(registry: Registry, site: Values) -> str:
    """The over-drawn area that a site lies in by either tree, "" for none."""
    for key in ("region", "basin"):
        for code in upwards(registry, text(site, key)):
            if registry["region", code].get("is_overdrawn"):
                return code
    return ""


def responsible(registry: Registry, site: Values) -> str:
    """The person who answers for a site: its own, or that of the nearest region above; "" for nobody."""
    own = text(site, "person")
    if own:
        return own
    above = (text(registry["region", code], "person") for code in upwards(registry, text(site, "region")))
    return next((person for person in above if person), "")
