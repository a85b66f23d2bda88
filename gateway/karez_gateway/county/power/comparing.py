"""The company's energy of a month against the controllers', well by well. Pure: rows, registry, days in.

A well's supply meter (`meter`, quantity `supply`) leads from the one to the other. What the controller
counted comes from its verified records, by the day; days without records and energy across silences are
said and not filled in. Why the two differ is asked of a table of tests (likely.py).
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from karez_gateway.county.alarms.facts import Day
from karez_gateway.county.power.statement import Reading, number_of
from karez_gateway.county.registry.objects import Registry, Values

SUPPLY, ENERGY = "supply", "energy"
AGREES, DIFFERS, NOT_IN_FILE, NOT_HERE, NO_RECORDS = (
    "agrees",
    "differs",
    "not-in-file",
    "not-here",
    "no-records",
)
STATES = {
    AGREES: "一致",
    DIFFERS: "不一致",
    NOT_IN_FILE: "电力文件中没有",
    NOT_HERE: "台账中没有此表",
    NO_RECORDS: "控制器无数据",
}
EPOCH = dt.date(1970, 1, 1)


class Tolerance(NamedTuple):
    """What difference is none: the larger of both; and what a well's own use may be."""

    percent: int = 5
    wh: int = 20_000
    own_use_wh: int = 60_000

    def of(self, wh: int) -> int:
        """Wh by which a figure may differ."""
        return max(wh * self.percent // 100, self.wh)


class Ours(NamedTuple):
    """What a controller counted in a span of days."""

    energy_wh: int
    days: int  # on which records came
    lacking: int  # on which none came
    gap_s: int  # the longest silence
    gap_energy_wh: int


@dataclass(slots=True)
class Case:
    """One well, or one meter that no well has."""

    site: str
    meters: tuple[str, ...]
    state: str
    from_date: str
    to_date: str
    theirs_wh: int | None = None
    ours: Ours | None = None
    multiplier_milli: int | None = None  # the registry's
    said_milli: int | None = None  # the file's
    has_dates: bool = False
    changed: str = ""  # the day on which a meter was put on or taken off within the span
    likely: list[dict[str, Any]] = field(default_factory=list)

    @property
    def difference_wh(self) -> int | None:
        """Theirs less ours."""
        if self.theirs_wh is None or self.ours is None:
            return None
        return self.theirs_wh - self.ours.energy_wh


def day_number(date: str) -> int:
    """Days since 1970."""
    return (dt.date.fromisoformat(date) - EPOCH).days


class Counted:
    """The controllers' days, for any span."""

    def __init__(self, days: Iterable[Day]) -> None:
        """Take days of all wells."""
        self._of: dict[str, dict[int, Day]] = {}
        for one in days:
            self._of.setdefault(one.site, {})[one.day] = one

    def of(self, site: str, first: int, end: int) -> Ours | None:
        """What a well counted from a day up to and without another; None: no record ever."""
        known = self._of.get(site)
        if known is None:
            return None
        days = [known[day] for day in range(first, end) if day in known]
        return Ours(
            sum(one.energy_wh for one in days),
            len(days),
            end - first - len(days),
            max((one.gap_s for one in days), default=0),
            sum(one.gap_energy_wh for one in days),
        )


def supply_meters(registry: Registry) -> dict[str, list[tuple[str, Values]]]:
    """Compared number -> (serial, values): more than one where only leading zeros tell them apart."""
    found: dict[str, list[tuple[str, Values]]] = {}
    for serial, values in registry.of_kind("meter"):
        if values["quantity"] == SUPPLY:
            found.setdefault(number_of(serial), []).append((serial, values))
    return found


def cases(
    readings: Sequence[Reading],
    registry: Registry,
    counted: Counted,
    month: tuple[str, str],
    tolerance: Tolerance,
) -> list[Case]:
    """Every well with a supply meter, and every row whose meter no well has; sites first, by name."""
    known = supply_meters(registry)
    of_site: dict[str, list[tuple[str, Values, Reading]]] = {}
    strange: list[Case] = []
    for one in readings:
        fits = known.get(number_of(one.meter), [])
        exact = [each for each in fits if each[0] == one.meter] or fits
        if len(exact) != 1:
            strange.append(
                Case(
                    "",
                    (one.meter,),
                    NOT_HERE,
                    one.from_date,
                    one.to_date,
                    one.energy_wh,
                    said_milli=one.multiplier_milli,
                )
            )
            continue
        serial, values = exact[0]
        of_site.setdefault(str(values["site"]), []).append((serial, values, one))
    found = [_case(site, rows, registry, counted, tolerance) for site, rows in sorted(of_site.items())]
    found += _missing(registry, set(of_site), counted, month)
    return sorted(found, key=lambda case: case.site) + strange


def _case(
    site: str,
    rows: Sequence[tuple[str, Values, Reading]],
    registry: Registry,
    counted: Counted,
    tolerance: Tolerance,
) -> Case:
    first = min(one.from_date for _, _, one in rows)
    end = max(one.to_date for _, _, one in rows)
    case = Case(site, tuple(serial for serial, _, _ in rows), AGREES, first, end)
    case.theirs_wh = sum(one.energy_wh for _, _, one in rows)
    case.ours = counted.of(site, day_number(first), day_number(end))
    case.has_dates = all(one.has_dates for _, _, one in rows)
    _, values, reading = rows[-1]
    case.multiplier_milli = int(values["multiplier_milli"]) if "multiplier_milli" in values else None
    case.said_milli = reading.multiplier_milli
    case.changed = _changed(registry, site, first, end)
    if case.ours is None:
        case.state = NO_RECORDS
    elif abs(case.difference_wh or 0) > tolerance.of(case.theirs_wh):
        case.state = DIFFERS
    return case


def _changed(registry: Registry, site: str, first: str, end: str) -> str:
    """The first day within a span on which a supply or energy meter of a site was put on or taken off."""
    days = [
        str(values[name])
        for _, values in registry.of_kind("meter")
        if values["site"] == site and values["quantity"] in (SUPPLY, ENERGY)
        for name in ("from_date", "to_date")
        if values.get(name)
    ]
    return min((day for day in days if first < day < end), default="")


def _missing(registry: Registry, named: set[str], counted: Counted, month: tuple[str, str]) -> list[Case]:
    """Wells whose supply meter was on in the month and stands in no row."""
    found: dict[str, list[str]] = {}
    for serial, values in registry.of_kind("meter"):
        is_on = str(values["from_date"]) < month[1] and str(values.get("to_date") or month[1]) > month[0]
        if values["quantity"] == SUPPLY and is_on and values["site"] not in named:
            found.setdefault(str(values["site"]), []).append(serial)
    cases_found = []
    for site, serials in found.items():
        case = Case(site, tuple(serials), NOT_IN_FILE, *month)
        case.ours = counted.of(site, *map(day_number, month))
        cases_found.append(case)
    return cases_found
