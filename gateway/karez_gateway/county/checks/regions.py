"""Rules of the trees of regions."""

from collections.abc import Iterator

from karez_gateway.county.checks.context import Context
from karez_gateway.county.registry.faults import Fault, facts_of
from karez_gateway.county.registry.objects import Registry
from karez_gateway.county.registry.values import text
from karez_gateway.county.registry.words import TREES


def same_tree(_before: Registry, after: Registry, _context: Context) -> Iterator[Fault]:
    """A region lies below one of its own tree."""
    for code, values in after.of_kind("region"):
        parent = text(values, "parent")
        above = after.get("region", parent) if parent else None
        if above is not None and text(above, "tree") != text(values, "tree"):
            yield Fault("region", code, "parent", "other-tree", facts_of({"parent": parent}))


def cycles(_before: Registry, after: Registry, _context: Context) -> Iterator[Fault]:
    """No region lies below itself. A cycle is told once, at its first code."""
    is_sound: set[str] = set()
    for code, _ in after.of_kind("region"):
        path: list[str] = []
        at = code
        while at and at not in is_sound and at not in path:
            path.append(at)
            values = after.get("region", at)
            at = "" if values is None else text(values, "parent")
        if at in path:
            ring = path[path.index(at) :]
            first = ring.index(min(ring))
            ring = [*ring[first:], *ring[:first]]
            yield Fault(
                "region", ring[0], "parent", "cycle", facts_of({"path": " < ".join([*ring, ring[0]])})
            )
        is_sound.update(path)


def one_root(_before: Registry, after: Registry, _context: Context) -> Iterator[Fault]:
    """Each tree has one root: else no total is the county's."""
    roots: dict[str, str] = {}
    for code, values in after.of_kind("region"):
        if text(values, "parent"):
            continue
        other = roots.setdefault(text(values, "tree"), code)
        if other != code:
            yield Fault("region", code, "parent", "two-roots", facts_of({"other": other}))


def reserves(_before: Registry, after: Registry, _context: Context) -> Iterator[Fault]:
    """Nothing lies in a reserve node: its volume is nobody's yet."""
    within = [(code, text(values, "parent")) for code, values in after.of_kind("region")]
    for site, values in after.of_kind("site"):
        within += [(site, text(values, "region")), (site, text(values, "basin"))]
    told: set[str] = set()
    for inner, outer in within:
        region = after.get("region", outer) if outer else None
        if region is not None and region.get("is_reserve") and outer not in told:
            told.add(outer)
            yield Fault("region", outer, "is_reserve", "reserve-leaf", facts_of({"other": inner}))


def trees_of_sites(_before: Registry, after: Registry, _context: Context) -> Iterator[Fault]:
    """A site's region is of the administrative tree, its basin of the other."""
    for site, values in after.of_kind("site"):
        for key, wanted in (("region", "admin"), ("basin", "basin")):
            code = text(values, key)
            region = after.get("region", code) if code else None
            if region is None or text(region, "tree") == wanted:
                continue
            tree = text(region, "tree")
            facts = {"region": code, "tree": tree, "wanted": wanted}
            facts |= {"tree_zh": TREES.get(tree, tree), "wanted_zh": TREES[wanted]}
            yield Fault("site", site, key, "wrong-tree", facts_of(facts))


RULES = (same_tree, cycles, one_root, reserves, trees_of_sites)
