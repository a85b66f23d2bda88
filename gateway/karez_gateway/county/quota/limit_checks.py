"""Limits that add up: down both trees, over sources, over classes (requirements T08, T09, C01, C03).

A part that says more than its whole is a fault beyond the rounding that the whole states, and a warning
within it. Parts that say less leave something over: a note. Limits of later years may be higher (Z02).
"""

from collections.abc import Iterator

from karez_gateway.county.quota import cells
from karez_gateway.county.quota.cells import CELLS, Cell, Limit
from karez_gateway.county.quota.findings import FAULT, NOTE, WARNING, Finding
from karez_gateway.county.registry.objects import Registry
from karez_gateway.county.registry.trees import Tree
from karez_gateway.county.registry.words import ALL, CLASSES, SOURCES


def place(region: str, year: int, cell: Cell) -> str:
    """Where a finding is: region, year, class and source."""
    return f"{region} {year} {cell.of_class}/{cell.source}"


def compared(rule: str, where: str, parts_l: int, whole: Limit) -> Iterator[Finding]:
    """What the sum of parts is, beside their whole."""
    over_l = parts_l - whole.volume_l
    values = {"parts_l": parts_l, "limit_l": whole.volume_l}
    if over_l > whole.rounding_l:
        rounding = {"over_l": over_l, "rounding_l": whole.rounding_l}
        yield Finding(FAULT, f"{rule}-above", where, values | rounding)
    elif over_l > 0:
        rounding = {"over_l": over_l, "rounding_l": whole.rounding_l}
        yield Finding(WARNING, f"{rule}-within-rounding", where, values | rounding)
    elif over_l < 0:
        yield Finding(NOTE, f"{rule}-below", where, values | {"left_l": -over_l})


class Claims:
    """What a region needs at least in a cell: its limit; without one, what its finer limits sum to."""

    def __init__(self, registry: Registry, tree: Tree, year: int) -> None:
        """Take one tree and one year."""
        self._registry = registry
        self._tree = tree
        self._year = year
        self._known: dict[tuple[str, Cell], int | None] = {}

    def of(self, region: str, cell: Cell) -> int | None:
        """Litres; None if nothing at or below it states a limit."""
        key = region, cell
        if key not in self._known:
            stated = cells.limit(self._registry, region, self._year, cell)
            self._known[key] = self._finest(region, cell) if stated is None else stated.volume_l
        return self._known[key]

    def of_parts(self, region: str, cell: Cell) -> int | None:
        """What the regions below it claim together."""
        return _sum(self.of(one, cell) for one in self._tree.below[region])

    def _finest(self, region: str, cell: Cell) -> int | None:
        claims = [self.of_parts(region, cell)]
        if cell.of_class == ALL:
            claims.append(_sum(self.of(region, Cell(one, cell.source)) for one in CLASSES))
        if cell.source == ALL:
            claims.append(_sum(self.of(region, Cell(cell.of_class, one)) for one in SOURCES))
        return max((one for one in claims if one is not None), default=None)


def _sum(claims: Iterator[int | None]) -> int | None:
    those = [one for one in claims if one is not None]
    return sum(those) if those else None


def parts(registry: Registry, tree: Tree, year: int) -> Iterator[Finding]:
    """Children ≤ parent in every cell; a reserve counts among the children."""
    claims = Claims(registry, tree, year)
    for region in tree.order:
        for cell in CELLS:
            whole = cells.limit(registry, region, year, cell)
            claimed = claims.of_parts(region, cell) if whole else None
            if whole and claimed is not None:
                yield from compared("parts", place(region, year, cell), claimed, whole)


def sources(registry: Registry, tree: Tree, year: int) -> Iterator[Finding]:
    """The sources of a class sum to what all of them may be."""
    yield from _across(registry, tree, year, "sources")


def classes(registry: Registry, tree: Tree, year: int) -> Iterator[Finding]:
    """The classes of a source sum to what all of them may be."""
    yield from _across(registry, tree, year, "classes")


def _across(registry: Registry, tree: Tree, year: int, rule: str) -> Iterator[Finding]:
    """Rows or columns of each region's matrix."""
    for region in tree.order:
        for fixed in (ALL, *(CLASSES if rule == "sources" else SOURCES)):
            if rule == "sources":
                whole_cell, part_cells = Cell(fixed, ALL), [Cell(fixed, one) for one in SOURCES]
            else:
                whole_cell, part_cells = Cell(ALL, fixed), [Cell(one, fixed) for one in CLASSES]
            whole = cells.limit(registry, region, year, whole_cell)
            stated = [cells.limit(registry, region, year, one) for one in part_cells]
            those = [one.volume_l for one in stated if one is not None]
            if whole and those:
                yield from compared(rule, place(region, year, whole_cell), sum(those), whole)


def reserves(_registry: Registry, tree: Tree, _year: int) -> Iterator[Finding]:
    """A reserve has no site."""
    for region in tree.order:
        if tree.is_reserve(region):
            held = sum(len(tree.sites[one]) for one in tree.subtree(region))
            if held:
                yield Finding(FAULT, "reserve-holds-sites", region, {"sites": held})


def rising(registry: Registry, tree: Tree, year: int) -> Iterator[Finding]:
    """Limits above those of the last year that has one: shown, no fault (Z02)."""
    earlier = [one for one in cells.limit_years(registry) if one < year][::-1]
    for region in tree.order:
        for cell in CELLS:
            now = cells.limit(registry, region, year, cell)
            found = ((one, cells.limit(registry, region, one, cell)) for one in earlier)
            before = next(((one, limit) for one, limit in found if limit), None)
            if now and before and now.volume_l > before[1].volume_l:
                values = {"before": before[0], "before_l": before[1].volume_l}
                where = place(region, year, cell)
                yield Finding(NOTE, "limit-rises", where, values | {"year": year, "limit_l": now.volume_l})
