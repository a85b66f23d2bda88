"""What an office might order when an area reaches a stage: a proposal, never an order.

`karez regulator order` signs a request after a person has read it; nothing here signs, queues or sends.
Drinking water is never in it (T19, T36), nor a well that is sealed or retired already.
"""

from collections.abc import Mapping
from typing import Any

from karez_gateway.county.alarms import signs, words
from karez_gateway.county.alarms.area_rules import HOURS, STOP
from karez_gateway.county.alarms.places import DOMESTIC, WORKING, Places
from karez_gateway.errors import Refused

FORMAT = "karez-order-request/1"
BASIS = {"area-volume": "volume", "area-level": "level"}  # as `karez regulator order` calls them
DAYS = 7
HOURS_FROM, HOURS_TO = "06:00", "12:00"


def propose(
    places: Places,
    alarm: Mapping[str, Any],
    *,
    now_s: int,
    days: int = DAYS,
    hours: tuple[str, str] = (HOURS_FROM, HOURS_TO),
    area: str = "",
) -> dict[str, Any]:
    """The request of an area's alarm. `area`: its name in the controllers' configuration, if it has one.

    Raises Refused when no order follows from the alarm or no well is left that it could be for.
    """
    rule, line = str(alarm["rule"]), str(alarm["line"])
    stage = line.rpartition(" ")[2]
    if rule not in BASIS:
        raise Refused(f"alarm {alarm['id']} is of rule {rule}: only {' and '.join(BASIS)} propose an order")
    if stage not in (HOURS, STOP):
        raise Refused(
            f"alarm {alarm['id']} is at stage {stage}: tell the holders; no order follows from it yet"
        )
    source = line.partition(" ")[0] if rule == "area-volume" else "ground"
    sites, left_out = _wells(places, str(alarm["subject"]), source)
    if not sites:
        raise Refused(f"in {alarm['subject']} lies no well that such an order could be for")
    found: dict[str, Any] = {
        "format": FORMAT,
        "alarm": alarm["id"],
        "region": alarm["subject"],
        "area": area,
        "sites": sites,
        "left_out": left_out,
        "kind": stage,
        "basis": BASIS[rule],
        "made_utc_s": now_s,
        "until_utc_s": now_s + days * 86400,
    } | _why(alarm)
    if stage == HOURS:
        found["hours"] = "-".join(hours)
    found["orders"] = [_order(found, scope, target) for scope, target in _targets(area, sites)]
    return found


def _why(alarm: Mapping[str, Any]) -> dict[str, Any]:
    """The figures of the alarm, for a program and in words."""
    facts: Mapping[str, signs.Fact] = alarm["facts"]
    said = (str(alarm["rule"]), str(alarm["line"]), int(alarm["value"]), facts)
    return {
        "text_en": words.say(*said, "en"),
        "text_zh": words.say(*said, "zh"),
        "facts": dict(facts) | {"value": alarm["value"]},
    }


def _targets(area: str, sites: list[str]) -> list[tuple[str, str]]:
    """One order for an area that the controllers know by name, otherwise one for each well."""
    return [("area", area)] if area else [("site", site) for site in sites]


def _order(found: Mapping[str, Any], scope: str, target: str) -> dict[str, Any]:
    """What one order would say, by the names of the regulator's own options."""
    said = {name: found[name] for name in ("kind", "basis", "until_utc_s", "hours") if name in found}
    return {"scope": scope, "target": target} | said


def _wells(places: Places, region: str, source: str) -> tuple[list[str], list[dict[str, str]]]:
    """Wells that an order may name, and those that it may not, each with the reason."""
    sites, left_out = [], []
    for site in sorted(places.within(region)):
        values = places.sites[site]
        why = ""
        if values["class"] == DOMESTIC:
            why = "domestic: drinking water comes first"
        elif values["status"] not in WORKING:
            why = f"it is {values['status']}"
        elif source not in ("all", values["source"]):
            why = f"its source is {values['source']}"
        if why:
            left_out.append({"site": site, "why": why})
        else:
            sites.append(site)
    return sites, left_out
