"""Cells of the matrix of limits: region × class × source × year, and which of them an object falls into."""

from typing import NamedTuple

from karez_gateway.county.registry.objects import Registry, Values
from karez_gateway.county.registry.words import ALL, CLASSES, SOURCES


class Cell(NamedTuple):
    """Class and source; either may be `all`."""

    of_class: str
    source: str

    def holds(self, values: Values) -> bool:
        """True if a site or permit counts here."""
        return self.of_class in (ALL, values["class"]) and self.source in (ALL, values["source"])


class Limit(NamedTuple):
    """A limit that a document states. `rounding_l`: how much its parts may sum to more."""

    volume_l: int
    rounding_l: int
    document: str


CELLS = tuple(Cell(one, source) for one in (ALL, *CLASSES) for source in (ALL, *SOURCES))


def limit(registry: Registry, region: str, year: int, cell: Cell) -> Limit | None:
    """What is stated; None is no limit, which is not a limit of nothing."""
    found = registry.get("limit", f"{region}/{year}/{cell.of_class}/{cell.source}")
    if found is None:
        return None
    return Limit(int(found["volume_l"]), int(found.get("rounding_l", 0)), str(found.get("document", "")))


def limit_years(registry: Registry) -> list[int]:
    """Years for which any limit is stated."""
    return sorted({int(values["year"]) for _, values in registry.of_kind("limit")})


def rules(registry: Registry, kind: str, year: int) -> dict[str, Values]:
    """Norms or ceilings by their name without the year: of this year, or of the newest year before.

    A rule holds until the next one does.
    """
    found: dict[str, Values] = {}
    for name, values in registry.of_kind(kind):
        key = name.rpartition("/")[0]
        if int(values["year"]) <= year and (
            key not in found or int(values["year"]) > int(found[key]["year"])
        ):
            found[key] = values
    return found
