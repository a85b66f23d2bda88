"""Plan objects of the registry: a site's year, and how its months or rounds follow it.

A period's plan is its own volume, not the sum up to it; the periods of a site sum to its year. When a year
changes, periods that are over keep what they had and the others follow in proportion; if the year is cut
below what the past was planned, the past gives way too, the newest first. Energy follows its water
(`plan_energy.py`).
"""

from collections.abc import Iterable, Mapping, Sequence

from karez_gateway.county.quota import plan_energy
from karez_gateway.county.quota.apportion import Part, cumulated, split
from karez_gateway.county.quota.decomposition import Decomposition
from karez_gateway.county.quota.findings import FAULT, Finding
from karez_gateway.county.registry.objects import Registry, Values, name_of
from karez_gateway.county.years import yearplans
from karez_gateway.county.years.wateryear import MONTHS, YEAR
from karez_gateway.errors import Refused

Change = tuple[str, str, Values]  # as `changing.change` takes it
KIND = "plan"
PERMILLE = 1000


def change(
    before: Values | None,
    site: str,
    year: int,
    period: str,
    volume_l: int,
    document: str,
    energy_wh: int | None = None,
) -> Change:
    """One plan object; what else the plan said before stays. `energy_wh` None: its energy, too."""
    values = {**(before or {}), "site": site, "year": year, "period": period, "volume_l": volume_l}
    if energy_wh is not None:
        values["energy_wh"] = energy_wh
    if document:
        values["document"] = document
    return KIND, name_of(KIND, values), values


def of_year(
    registry: Registry,
    year: int,
    volumes_l: Mapping[str, int],
    document: str = "",
    over: Sequence[str] = (),
) -> list[Change]:
    """Year plans of some sites, and of their periods if any. `over`: the past ones, oldest first."""
    changes = []
    known = yearplans.by_site(registry, year)
    for site, volume_l in volumes_l.items():
        mine = known.get(site, {})
        planned = {period: int(values["volume_l"]) for period, values in mine.items() if period != YEAR}
        parts = planned
        if planned and sum(planned.values()) != volume_l:
            parts = respread(planned, volume_l, over)
        energies = plan_energy.followed(mine, {YEAR: volume_l, **parts})
        for period, part_l in {YEAR: volume_l, **parts}.items():
            if parts is planned and period != YEAR:
                continue
            before = mine.get(period)
            changes.append(change(before, site, year, period, part_l, document, energies.get(period)))
    return changes


def of_decomposition(
    registry: Registry, found: Decomposition, document: str = "", over: Sequence[str] = ()
) -> list[Change]:
    """Plans of every well of a decomposition; sites that get nothing any more keep a plan of 0."""
    volumes = {one.site: one.volume_l for one in found.wells}
    for finding in found.findings:
        if finding.rule == "no-status" and yearplans.plan_l(registry, finding.where, found.wish.year):
            volumes[finding.where] = 0
    return of_year(registry, found.wish.year, volumes, document, over)


def below_use(volumes_l: Mapping[str, int], used_l: Mapping[str, int]) -> list[Finding]:
    """Sites that would have a plan below what they have used already."""
    return [
        Finding(FAULT, "below-use", site, {"parts_l": volume_l, "limit_l": used_l[site]})
        for site, volume_l in sorted(volumes_l.items())
        if used_l.get(site, 0) > volume_l
    ]


def respread(planned_l: Mapping[str, int], year_l: int, over: Sequence[str] = ()) -> dict[str, int]:
    """Periods that follow a new year's volume."""
    past_l = sum(volume for period, volume in planned_l.items() if period in over)
    if year_l < past_l:
        return _cut(planned_l, year_l, over)
    future = {period: volume for period, volume in planned_l.items() if period not in over}
    if not future:
        raise Refused("every period of the year is over: its periods cannot take more; spread the year again")
    even = not any(future.values())
    parts = [Part(period, 1 if even else volume) for period, volume in future.items()]
    return {**planned_l, **split(year_l - past_l, parts)}


def _cut(planned_l: Mapping[str, int], year_l: int, over: Sequence[str]) -> dict[str, int]:
    out, left_l = dict.fromkeys(planned_l, 0), year_l
    for period in over:
        if period in planned_l:
            out[period] = min(planned_l[period], left_l)
            left_l -= out[period]
    return out


def spread(
    registry: Registry, year: int, sites: Iterable[str], permille: Mapping[str, int], document: str = ""
) -> list[Change]:
    """Spread the year plans of sites over months or rounds. Raises Refused for shares that do not fit."""
    shares = checked(registry, year, permille)
    known = yearplans.by_site(registry, year)
    changes = []
    for site in sites:
        year_l = yearplans.plan_l(registry, site, year)
        if year_l is None:
            raise Refused(f"site {site} has no plan for {year}: decompose a limit, or adjust it first")
        old = set(known.get(site, ())) - {YEAR, *shares}
        if old:
            raise Refused(f"site {site} is spread over others already: {', '.join(sorted(old))}")
        energies = plan_energy.spread(known.get(site, {}), shares)
        for period, volume_l in cumulated(year_l, shares).items():
            before = registry.get(KIND, f"{site}/{year}/{period}")
            changes.append(change(before, site, year, period, volume_l, document, energies.get(period)))
    return changes


def checked(registry: Registry, year: int, permille: Mapping[str, int]) -> Mapping[str, int]:
    """Shares of months, or of rounds of this year, that sum to 1,000 per mille."""
    rounds = {str(values["round"]) for _, values in registry.of_kind("round") if values["year"] == year}
    if not permille or not (set(permille) <= set(MONTHS) or set(permille) <= rounds):
        known = ", ".join(sorted(rounds)) or "none"
        raise Refused(f"name months from 01 to 12, or rounds of {year} in the registry ({known}), not both")
    if sum(permille.values()) != PERMILLE or min(permille.values()) < 0:
        raise Refused(f"the shares sum to {sum(permille.values())}: they must sum to {PERMILLE} per mille")
    return permille
