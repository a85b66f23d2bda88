"""What a site may take in a water year by its plans: the year's own figure, else the sum of its parts.

A plan names the year, a month or a round. The year's figure is what was decided, and its parts may spread
less than all of it (checks/years.py holds them together); where no year is planned, its parts are it.
None is no plan, which is not a plan of nothing. Pure.
"""

from collections.abc import Mapping

from karez_gateway.county.registry.objects import Registry, Values
from karez_gateway.county.years.wateryear import MONTHS, YEAR


def total_l(periods_l: Mapping[str, int]) -> int | None:
    """Litres of a site's year from those of its periods."""
    if not periods_l:
        return None
    return periods_l[YEAR] if YEAR in periods_l else sum(periods_l.values())


def by_site(registry: Registry, year: int) -> dict[str, dict[str, Values]]:
    """Plans of a water year: site -> period -> values."""
    found: dict[str, dict[str, Values]] = {}
    for _, values in registry.of_kind("plan"):
        if values["year"] == year:
            found.setdefault(str(values["site"]), {})[str(values["period"])] = values
    return found


def litres(registry: Registry, year: int) -> dict[str, dict[str, int]]:
    """The same, as litres."""
    return {
        site: {period: int(values["volume_l"]) for period, values in mine.items()}
        for site, mine in by_site(registry, year).items()
    }


def plans_l(registry: Registry, year: int) -> dict[str, int]:
    """Site -> litres of its year; a site without a plan is left out."""
    totals = ((site, total_l(mine)) for site, mine in litres(registry, year).items())
    return {site: plan_l for site, plan_l in totals if plan_l is not None}


def plan_l(registry: Registry, site: str, year: int) -> int | None:
    """Litres of one site's year, without going through all plans."""
    whole = registry.get("plan", f"{site}/{year}/{YEAR}")
    if whole is not None:
        return int(whole["volume_l"])
    rounds = (str(one["round"]) for _, one in registry.of_kind("round") if one["year"] == year)
    parts = {name: registry.get("plan", f"{site}/{year}/{name}") for name in (*MONTHS, *rounds)}
    return total_l({name: int(one["volume_l"]) for name, one in parts.items() if one is not None})
