"""Rules over areas: volume against the limit, level against the lines, in stages (T11, T35, C09).

Each stage is a line: warn, then limit hours, then stop. The machine only says which stage is reached;
response.py writes the order that an office may sign. Level is the depth to water under the well head: the
depth of the probe less the water above it. Of each well and day the shallowest counts, so that a pump that
runs is not taken for a falling water table; of an area, the median of its wells.
"""

from collections.abc import Iterator, Mapping

from karez_gateway.county.alarms.facts import Facts
from karez_gateway.county.alarms.signs import NOTICE, REGION, URGENT, WARNING, Fact, Key, Sign, crossed
from karez_gateway.county.ledger.usage import total_l
from karez_gateway.county.registry.words import ALL

WARN, HOURS, STOP = "warn", "hours", "stop"
STAGES = (WARN, HOURS, STOP)
SEVERITY = {WARN: NOTICE, HOURS: WARNING, STOP: URGENT}


def volume(facts: Facts) -> Iterator[Sign]:
    """Use of a region against its limit of the year, for each source that the limit is for."""
    for _, limit in facts.places.registry.of_kind("limit"):
        region, source = str(limit["region"]), str(limit["source"])
        if limit["year"] != facts.year or limit["class"] != ALL or not limit["volume_l"]:
            continue
        asked = facts.settings.on("area-volume", facts.places.about(REGION, region), facts.month)
        if asked is None:
            continue
        sites = facts.places.within(region)
        if source != ALL:
            sites = [site for site in sites if facts.places.sites[site]["source"] == source]
        used_l, limit_l = sum(total_l(facts.used_year, site) for site in sites), int(limit["volume_l"])
        percent = used_l * 100 // limit_l
        stage_of = {asked.number(f"{stage}_percent"): stage for stage in STAGES}
        about: Mapping[str, Fact] = {
            "year": facts.year,
            "used_l": used_l,
            "limit_l": limit_l,
            "source": source,
        }
        for line, holds in crossed(percent, tuple(stage_of), asked.number("clear_percent")):
            stage = stage_of[line]
            key = Key("area-volume", REGION, region, f"{source} {stage}")
            yield Sign(key, holds, SEVERITY[stage], percent, about)


def level(facts: Facts) -> Iterator[Sign]:
    """Depth to water of a region against its lines, on each of the last whole days that were asked for."""
    depths = _depths(facts)
    for _, lines in facts.places.registry.of_kind("level"):
        region = str(lines["region"])
        if lines["year"] != facts.year:
            continue
        asked = facts.settings.on("area-level", facts.places.about(REGION, region), facts.month)
        if asked is None:
            continue
        known = [
            middle
            for day in sorted({day for day, _ in depths}, reverse=True)
            if (middle := _median([depths.get((day, site)) for site in facts.places.within(region)]))
            is not None
        ][: asked.number("days")]
        if len(known) < max(asked.number("days"), 1):
            continue
        shallowest = min(known)
        stage_of = {int(lines[f"{stage}_mm"]): stage for stage in STAGES if lines.get(f"{stage}_mm")}
        about: Mapping[str, Fact] = {"year": facts.year, "days": len(known)}
        for line, holds in crossed(shallowest, tuple(stage_of), asked.number("clear_mm")):
            key = Key("area-level", REGION, region, stage_of[line])
            yield Sign(key, holds, SEVERITY[stage_of[line]], shallowest, {**about, "line_mm": line})


def _depths(facts: Facts) -> dict[tuple[int, str], int]:
    """(day, site) -> shallowest depth to water, mm, of the whole days before today."""
    today = facts.day(facts.now_s)
    found = {}
    for one in facts.days:
        probe_mm = facts.places.sites.get(one.site, {}).get("probe_mm")
        if one.highest_mm is not None and probe_mm is not None and one.day < today:
            found[one.day, one.site] = int(probe_mm) - one.highest_mm
    return found


def _median(values: list[int | None]) -> int | None:
    """The middle one, of two the shallower: nobody is stopped for half a well."""
    known = sorted(one for one in values if one is not None)
    return known[(len(known) - 1) // 2] if known else None
