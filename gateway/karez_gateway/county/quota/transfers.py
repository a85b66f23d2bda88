"""Transfers of planned water between sites (requirements T46, C41, Z14, Z15): two changes under one number.

A right moves, not water: the same source, the same groundwater area, nothing out of drinking water, no more
than is planned and not yet used. Whether it may cross a region or a class, a person says: `across`.
"""

from collections.abc import Callable, Collection, Mapping
from typing import NamedTuple

from karez_gateway.county.quota import plans
from karez_gateway.county.quota.plans import Change
from karez_gateway.county.quota.weights import GETS, PROTECTED
from karez_gateway.county.quota.wording import m3
from karez_gateway.county.registry.objects import Registry, Values
from karez_gateway.county.registry.trees import tree
from karez_gateway.county.years import yearplans
from karez_gateway.errors import Refused

ACROSS = ("region", "class")  # what a person may allow


class Transfer(NamedTuple):
    """What is to move. `price_fen`: what the holders agreed on for all of it, None if nothing is said."""

    giver: str
    taker: str
    year: int
    volume_l: int
    price_fen: int | None = None


class Case(NamedTuple):
    """A transfer with what its rules look at."""

    transfer: Transfer
    giver: Values
    taker: Values
    planned_l: int
    used_l: int
    across: Collection[str]


def _same_site(case: Case) -> str:
    one = case.transfer
    return "a site cannot give to itself" if one.giver == one.taker else ""


def _something(case: Case) -> str:
    return "" if case.transfer.volume_l > 0 else "a transfer moves more than nothing"


def _drinking(case: Case) -> str:
    return "drinking water gives nothing away" if case.giver["class"] == PROTECTED else ""


def _licensed(case: Case) -> str:
    status = str(case.taker["status"])
    return "" if GETS[status] else f"{case.transfer.taker} is {status}: it may take no water"


def _source(case: Case) -> str:
    if case.giver["source"] == case.taker["source"]:
        return ""
    return f"{case.giver['source']} water does not become {case.taker['source']} water"


def _area(case: Case) -> str:
    """Groundwater stays in its area (地下水区), which is the basin that the site names."""
    if case.giver["source"] != "ground":
        return ""
    areas = [one.get("basin", "") for one in (case.giver, case.taker)]
    if "" in areas:
        return "both sites must name their basin: groundwater stays in its area"
    if areas[0] != areas[1]:
        return f"groundwater of {areas[0]} does not go to {areas[1]}"
    return ""


def _point(case: Case) -> str:
    """Volumes of different metering points never add up unconverted (C02)."""
    points = case.giver["point"], case.taker["point"]
    return "" if points[0] == points[1] else f"they are measured at {points[0]} and at {points[1]}"


def _region(case: Case) -> str:
    regions = case.giver["region"], case.taker["region"]
    if regions[0] == regions[1] or "region" in case.across:
        return ""
    return f"it goes from region {regions[0]} to {regions[1]}: say --across region if that is approved"


def _class(case: Case) -> str:
    classes = case.giver["class"], case.taker["class"]
    if classes[0] == classes[1] or "class" in case.across:
        return ""
    return f"it goes from {classes[0]} to {classes[1]}: say --across class if that is approved"


def _unused(case: Case) -> str:
    free_l = case.planned_l - max(case.used_l, int(case.giver.get("minimum_l", 0)))
    if case.transfer.volume_l <= free_l:
        return ""
    return (
        f"{case.transfer.giver} can give {m3(max(free_l, 0))} m³: {m3(case.planned_l)} m³ are planned, "
        f"{m3(case.used_l)} m³ used, {m3(int(case.giver.get('minimum_l', 0)))} m³ protected"
    )


RULES: tuple[Callable[[Case], str], ...] = (
    _same_site,
    _something,
    _drinking,
    _licensed,
    _source,
    _area,
    _point,
    _region,
    _class,
    _unused,
)


def changes(
    registry: Registry,
    wish: Transfer,
    used_l: Mapping[str, int],
    across: Collection[str] = (),
    document: str = "",
    over: tuple[str, ...] = (),
) -> list[Change]:
    """The two plans as they become, with their periods. Raises Refused with every rule that it breaks."""
    case = Case(
        wish,
        _site(registry, wish.giver),
        _site(registry, wish.taker),
        _planned(registry, wish.giver, wish.year),
        used_l.get(wish.giver, 0),
        across,
    )
    broken = [says for rule in RULES if (says := rule(case))]
    if broken:
        raise Refused("; ".join(broken))
    taker_l = yearplans.plan_l(registry, wish.taker, wish.year) or 0
    volumes = {wish.giver: case.planned_l - wish.volume_l, wish.taker: taker_l + wish.volume_l}
    return plans.of_year(registry, wish.year, volumes, document, over)


def scope(registry: Registry, wish: Transfer) -> str:
    """How far it goes (C41): within a holder, a region, or the lowest region that holds both."""
    giver, taker = _site(registry, wish.giver), _site(registry, wish.taker)
    words = [] if giver["class"] == taker["class"] else [f"{giver['class']} to {taker['class']}"]
    if giver.get("holder") == taker.get("holder") and "holder" in giver:
        words.append("same holder")
    admin = tree(registry, "admin")
    common = admin.common({str(giver["region"]), str(taker["region"])})
    return ", ".join([*words, f"within {common}" if common else "across regions"])


def _site(registry: Registry, site: str) -> Values:
    values = registry.get("site", site)
    if values is None:
        raise Refused(f"there is no site {site!r} in the registry")
    return values


def _planned(registry: Registry, site: str, year: int) -> int:
    planned_l = yearplans.plan_l(registry, site, year)
    if planned_l is None:
        raise Refused(f"site {site} has no plan for {year}: there is nothing to give")
    return planned_l
