"""Rules of what belongs to a water year: rounds, plans, prices and lines of the water level.

Plans of one site and year: the year, and beside it either months or rounds. Months and rounds together are
refused, since a day would lie in two plans. The parts may add up to less than the year, never to more: the
controller holds every limit, so what the parts promise above the year it would refuse. Less is told: a grant
opens what the parts have, and no more.
"""

from collections.abc import Iterator
from itertools import pairwise

from karez_gateway.county.checks.context import Context
from karez_gateway.county.registry.faults import Fault, facts_of
from karez_gateway.county.registry.fields import CUBIC_METRES, KILOWATT_HOURS, METRES, PERCENT
from karez_gateway.county.registry.objects import Registry, Values
from karez_gateway.county.registry.values import text, whole
from karez_gateway.county.years.wateryear import MONTHS, YEAR

Named = tuple[str, Values]
STAGE_LINES = ("warn_mm", "hours_mm", "stop_mm")  # depths to water: the later the stage, the deeper


def rounds_of_years(_before: Registry, after: Registry, context: Context) -> Iterator[Fault]:
    """A round has a name of its own, lies in its year and shares no day with another."""
    by_year: dict[int, list[tuple[str, str, str]]] = {}
    for name, values in after.of_kind("round"):
        year, begin, end = whole(values, "year"), text(values, "from_date"), text(values, "to_date")
        if year is None or not begin or not end:
            continue
        if text(values, "round") in (YEAR, *MONTHS):
            yield Fault("round", name, "round", "round-name", facts_of({"round": text(values, "round")}))
        if end < begin:
            yield Fault("round", name, "to_date", "days", facts_of({"from_date": begin, "to_date": end}))
            continue
        first, after_last = _begins(year, context), _begins(year + 1, context)
        if begin < first or end >= after_last:
            facts = facts_of({"first": first, "end": after_last})
            yield Fault("round", name, "from_date", "round-outside", facts)
        by_year.setdefault(year, []).append((begin, end, name))
    for spans in by_year.values():
        spans.sort()
        for (_, end, other), (begin, _, name) in pairwise(spans):
            if begin <= end:
                yield Fault("round", name, "from_date", "rounds-overlap", facts_of({"other": other}))


def _begins(year: int, context: Context) -> str:
    return f"{year:04d}-{context.first_month:02d}-01"


def plans(before: Registry, after: Registry, _context: Context) -> Iterator[Fault]:
    """A plan's period is known; those of a site and year fit together, and energy fits its water."""
    of_year: dict[tuple[str, int], list[Named]] = {}
    for name, values in after.of_kind("plan"):
        year, period = whole(values, "year"), text(values, "period")
        if year is None:
            continue
        if period not in (YEAR, *MONTHS) and after.get("round", f"{year}/{period}") is None:
            yield Fault("plan", name, "period", "period", facts_of({"period": period, "year": year}))
            continue
        of_year.setdefault((text(values, "site"), year), []).append((name, values))
    for (site, year), those in of_year.items():
        yield from _together(site, year, those)
        yield from _energy(before, those)


def _energy(before: Registry, those: list[Named]) -> Iterator[Fault]:
    """Water beside no energy stops the well, and an energy that is older than its water was not meant so."""
    said = [name for name, values in those if whole(values, "energy_wh") is not None]
    if (still := _stands_still(those)) is not None:
        yield Fault("plan", still, "energy_wh", "energy-zero")
        return
    for name in said:
        was, now = before.get("plan", name), dict(those)[name]
        if was and was.get("energy_wh") == now["energy_wh"] and was["volume_l"] != now.get("volume_l"):
            facts = {
                "energy": KILOWATT_HOURS.show(now["energy_wh"]),
                "was": CUBIC_METRES.show(was["volume_l"]),
            }
            yield Fault("plan", name, "energy_wh", "energy-stays", facts_of(facts))


def _stands_still(those: list[Named]) -> str | None:
    """The first plan of 0 Wh by which a well with water could not run all year; None: it can.

    Where periods say their energy, a grant has the sum of these, whatever the year says (quota/grants.py).
    """
    saying = [one for one in those if whole(one[1], "energy_wh") is not None]
    periods = [one for one in saying if text(one[1], "period") != YEAR]
    for said, beside in ((saying, those), (periods, periods)):
        has_energy = any(values["energy_wh"] for _, values in said)
        if said and not has_energy and any(values.get("volume_l") for _, values in beside):
            return said[0][0]
    return None


def _together(site: str, year: int, those: list[Named]) -> Iterator[Fault]:
    parts = [one for one in those if text(one[1], "period") != YEAR]
    months = [name for name, values in parts if text(values, "period") in MONTHS]
    rounds = [name for name, values in parts if text(values, "period") not in MONTHS]
    if months and rounds:
        for name in (months[0], rounds[0]):  # whichever of them is new
            yield Fault("plan", name, "period", "plan-mixed", facts_of({"site": site, "year": year}))
        return
    whole_year = next((one for one in those if text(one[1], "period") == YEAR), None)
    if whole_year is None:
        return
    name, values = whole_year
    for key, sort, unit, unit_zh in (
        ("volume_l", CUBIC_METRES, "m³", "立方米"),
        ("energy_wh", KILOWATT_HOURS, "kWh", "千瓦时"),
    ):
        total = sum(whole(one, key) or 0 for _, one in parts)
        most = whole(values, key)
        if most is None or not parts:
            continue
        facts: dict[str, str | int] = {
            "site": site,
            "year": year,
            "parts": sort.show(total),
            "whole": sort.show(most),
        }
        facts |= {"unit": unit, "unit_zh": unit_zh}
        if total > most:
            yield Fault("plan", name, key, "plan-sum", facts_of(facts))
        elif total < most and key == "volume_l":
            yield Fault("plan", name, key, "plan-below", facts_of(facts))


def prices(_before: Registry, after: Registry, _context: Context) -> Iterator[Fault]:
    """Steps of a price begin at nothing and rise; a price never falls with use."""
    ladders: dict[tuple[str, str, int | None], list[tuple[int, str, Values]]] = {}
    for name, values in after.of_kind("price"):
        key = text(values, "class"), text(values, "basis"), whole(values, "year")
        ladders.setdefault(key, []).append((whole(values, "step") or 0, name, values))
    for steps in ladders.values():
        steps.sort(key=lambda one: one[0])
        _, name, first = steps[0]
        if first.get("from_permille"):
            facts = facts_of({"percent": PERCENT.show(first["from_permille"])})
            yield Fault("price", name, "from_permille", "price-first", facts)
        for (other, _, low), (step, name, high) in pairwise(steps):
            facts = facts_of({"step": step, "other": other})
            if (whole(high, "from_permille") or 0) <= (whole(low, "from_permille") or 0):
                yield Fault("price", name, "from_permille", "price-from", facts)
            if (whole(high, "fen_per_m3") or 0) < (whole(low, "fen_per_m3") or 0):
                yield Fault("price", name, "fen_per_m3", "price-falls", facts)


def levels(_before: Registry, after: Registry, _context: Context) -> Iterator[Fault]:
    """Lines of an area's water level go deeper from stage to stage, and there is one at least."""
    for name, values in after.of_kind("level"):
        lines = [(key, depth) for key in STAGE_LINES if (depth := whole(values, key)) is not None]
        if not lines:
            yield Fault("level", name, STAGE_LINES[0], "no-line")
        for (_, above), (key, depth) in pairwise(lines):
            if depth <= above:
                facts = facts_of({"depth": METRES.show(depth), "above": METRES.show(above)})
                yield Fault("level", name, key, "line-order", facts)


RULES = (rounds_of_years, plans, prices, levels)
