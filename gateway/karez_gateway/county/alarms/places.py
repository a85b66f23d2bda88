"""The county as rules ask for it: regions above a site, sites in a region, who is responsible."""

from collections.abc import Iterator

from karez_gateway.county.alarms.settings import About
from karez_gateway.county.alarms.signs import HOLDER, METER, REGION, SITE
from karez_gateway.county.registry import trees
from karez_gateway.county.registry.objects import Registry, Values
from karez_gateway.county.years import yearplans

# Those that may take water; what a sealed or retired well does is another rule's.
WORKING = ("licensed", "pending")
DOMESTIC = "domestic"


class Places:
    """Trees walked once. A cycle ends where it closes: the registry refuses them, this only survives one."""

    def __init__(self, registry: Registry) -> None:
        """Take the registry as it stands."""
        self.registry = registry
        self.sites = dict(registry.of_kind("site"))
        self._above: dict[str, tuple[str, ...]] = {}
        self._in: dict[str, list[str]] = {}
        self._of_holder: dict[str, list[str]] = {}
        self._plans: dict[str, dict[str, int]] | None = None
        self._plan_year = 0
        for site, values in self.sites.items():
            for tree in ("region", "basin"):
                for code in self.above(str(values.get(tree, ""))):
                    self._in.setdefault(code, []).append(site)
            if values.get("holder"):
                self._of_holder.setdefault(str(values["holder"]), []).append(site)

    def above(self, code: str) -> tuple[str, ...]:
        """A region and those above it, itself first."""
        if code not in self._above:
            self._above[code] = tuple(trees.upwards(self.registry, code))
        return self._above[code]

    def within(self, code: str) -> list[str]:
        """Sites in a region and in all below it."""
        return self._in.get(code, [])

    def of_holder(self, code: str) -> list[str]:
        """Sites of a right holder."""
        return self._of_holder.get(code, [])

    def working(self) -> Iterator[tuple[str, Values]]:
        """Sites that may take water, by name."""
        for site in sorted(self.sites):
            if self.sites[site]["status"] in WORKING:
                yield site, self.sites[site]

    def about(self, kind: str, subject: str) -> About:
        """What overrides may ask of a subject."""
        if kind == METER:
            meter = self.registry.get("meter", subject)
            kind, subject = SITE, str(meter["site"]) if meter is not None else ""
        if kind == REGION:
            return About(self.above(subject))
        if kind == HOLDER:
            values = self.registry.get("holder", subject) or {}
            return About(self.above(str(values.get("region", ""))), holder=subject)
        if kind == SITE and subject in self.sites:
            values = self.sites[subject]
            regions = self.above(str(values["region"])) + self.above(str(values.get("basin", "")))
            return About(regions, str(values["class"]), str(values.get("holder", "")), subject)
        return About(site=subject if kind == SITE else "")

    def people(self, kind: str, subject: str) -> list[str]:
        """Who is responsible for a subject, the nearest first, each once."""
        about = self.about(kind, subject)
        names = []
        if about.site:
            names.append(self.sites.get(about.site, {}).get("person"))
        if kind == HOLDER:
            names.append((self.registry.get("holder", subject) or {}).get("person"))
        names += [self.registry["region", code].get("person") for code in about.regions]
        return list(dict.fromkeys(str(name) for name in names if name))

    def name(self, kind: str, subject: str, language: str = "zh") -> str:
        """What people call a subject; its code where it has no name."""
        values = self.registry.get(kind, subject) if kind in ("region", "site", "holder") else None
        if values is None:
            return subject
        called = values.get("name_en") if language == "en" else values.get("name_zh")
        return f"{called} ({subject})" if called and called != subject else subject

    def plan_l(self, site: str, year: int) -> int | None:
        """Litres that a site's plan allows in a water year: of the year, else of its months or rounds."""
        return yearplans.total_l(self._of_year(year).get(site, {}))

    def month_plan_l(self, site: str, year: int, month: str) -> int | None:
        """Litres that its plan allows in a month ("07"), None without one."""
        return self._of_year(year).get(site, {}).get(month)

    def _of_year(self, year: int) -> dict[str, dict[str, int]]:
        if self._plans is None or self._plan_year != year:
            self._plans, self._plan_year = yearplans.litres(self.registry, year), year
        return self._plans
