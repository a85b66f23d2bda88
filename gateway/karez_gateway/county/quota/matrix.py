"""A region's matrix of limits for people: classes down, sources across, and what is left for the others."""

from collections.abc import Iterator

from karez_gateway.county.quota import cells
from karez_gateway.county.quota.cells import Cell
from karez_gateway.county.registry.objects import Registry
from karez_gateway.county.registry.words import ALL, CLASSES, SOURCES

OTHERS = "others"  # derived: all, less the classes that have a limit of their own


def rows(registry: Registry, region: str, year: int) -> Iterator[tuple[str, dict[str, int | None]]]:
    """(class, source -> litres or None) for all, each class that has a limit, and the others."""
    whole = _row(registry, region, year, ALL)
    stated = [(one, _row(registry, region, year, one)) for one in CLASSES]
    stated = [(one, row) for one, row in stated if any(limit is not None for limit in row.values())]
    yield ALL, whole
    yield from stated
    if stated and len(stated) < len(CLASSES):
        yield (
            OTHERS,
            {source: _left(limit, [row[source] for _, row in stated]) for source, limit in whole.items()},
        )


def _row(registry: Registry, region: str, year: int, of_class: str) -> dict[str, int | None]:
    found = {}
    for source in (ALL, *SOURCES):
        limit = cells.limit(registry, region, year, Cell(of_class, source))
        found[source] = None if limit is None else limit.volume_l
    return found


def _left(whole_l: int | None, parts_l: list[int | None]) -> int | None:
    """Nothing is derived where one of the figures is missing: no limit is not a limit of 0."""
    those = [one for one in parts_l if one is not None]
    return None if whole_l is None or len(those) < len(parts_l) else whole_l - sum(those)
