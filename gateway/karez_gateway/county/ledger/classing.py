"""Where a site's litres belong: class, source, metering point, holder, and every region above it. Pure.

A site stands as the registry had it at the end of the month in which litres were booked, so a year is the
sum of its months though a well changed its class in between. A site that was brought into the registry
later stands as it came in; one that never was is `unregistered`, and its litres are shown apart.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from karez_gateway.county.registry.objects import Object, Registry, Values

UNREGISTERED = "unregistered"


class Placed(NamedTuple):
    """One site. Regions go from its own up to the root of each tree."""

    use: str  # class of use, of kinds.CLASSES
    source: str
    point: str  # metering point, of kinds.POINTS
    admin: tuple[str, ...]
    basin: tuple[str, ...]
    holder: str = ""


NOWHERE = Placed(UNREGISTERED, UNREGISTERED, UNREGISTERED, (), ())


class Placing:
    """Sites of several months, each month by the registry at its end."""

    def __init__(self, versions: Sequence[Object], ends_utc_s: Iterable[int]) -> None:
        """Take every version of the registry's sites and regions, in rising order of each object."""
        mine = [one for one in versions if one.kind in ("site", "region")]
        first: dict[tuple[str, str], Object] = {}
        for one in mine:
            if one.values is not None:
                first.setdefault((one.kind, one.name), one)
        self._first = Registry.of(first.values())
        self._registries = [Registry.of(mine, end - 1) for end in ends_utc_s]
        self._known: dict[tuple[str, int], Placed] = {}

    def of(self, site: str, at: int) -> Placed:
        """Where a site stands in the month of that number."""
        found = self._known.get((site, at))
        if found is None:
            found = self._known[site, at] = self._place(site, self._registries[at])
        return found

    def _place(self, site: str, registry: Registry) -> Placed:
        values = registry.get("site", site) or self._first.get("site", site)
        if values is None:
            return NOWHERE
        regions = self._above(registry, values)
        kind = str(values["class"]), str(values["source"]), str(values["point"])
        return Placed(*kind, *regions, holder=str(values.get("holder", "")))

    def _above(self, registry: Registry, values: Values) -> tuple[tuple[str, ...], tuple[str, ...]]:
        return (
            above(registry, self._first, values.get("region")),
            above(registry, self._first, values.get("basin")),
        )


def above(registry: Registry, before: Registry, code: object) -> tuple[str, ...]:
    """A region and all above it; a tree that goes in a circle ends where it comes round."""
    found: list[str] = []
    while code and str(code) not in found:
        found.append(str(code))
        values = registry.get("region", str(code)) or before.get("region", str(code))
        code = None if values is None else values.get("parent")
    return tuple(found)


def inside(registry: Registry, region: str) -> Mapping[str, Values]:
    """Sites of a region and of all below it, by name."""
    return {
        name: values
        for name, values in registry.of_kind("site")
        if region in above(registry, registry, values.get("region"))
        or region in above(registry, registry, values.get("basin"))
    }
