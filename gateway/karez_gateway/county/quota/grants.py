"""From plans to wishes: the rows that a well's grant should have, as the county's registry plans it.

Pure. A plan is of the whole year, of months or of rounds. Rights are cumulative: what a round leaves stays
usable, what it overdraws is gone (design §6). Between two rounds the sum so far holds; before the first one
nothing may be taken. What these wishes become is the regulator's affair (regulator/judging.py).
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from karez_gateway.county.registry.objects import Registry, Values
from karez_gateway.county.registry.values import whole
from karez_gateway.county.years import yearplans
from karez_gateway.county.years.wateryear import MONTHS, YEAR, Span, WaterYears
from karez_gateway.errors import Refused
from karez_gateway.regulator.request import ENERGY, FINISH, ROWS_MAX, STOP, WARN, WATER, WishRow, share_of

DAY_S = 86_400
RIGHT_MAX = 10**12  # L or Wh; a ceiling has 40 bits


class Terms(NamedTuple):
    """What all grants of a request have alike."""

    finish_l: int = 0  # above the ceiling, for the irrigation in progress
    emergency_l: int = 0
    interim_percent: int = 10  # of the year's right, after its end
    interim_days: int = 92


class Plan(NamedTuple):
    """What one site is to be given in a year."""

    site: str
    rows: tuple[WishRow, ...]
    policy: str
    right_l: int
    energy_wh: int | None  # None: energy has no limit; 0 is a limit of nothing
    interim_l: int
    interim_wh: int


class _Period(NamedTuple):
    name: str
    span: Span
    volume_l: int


def planned(
    registry: Registry, years: WaterYears, site: str, year: int, now_s: int, terms: Terms
) -> Plan | None:
    """What the registry plans for a site; None if it plans nothing. Raises Refused naming site and period."""
    mine = yearplans.by_site(registry, year).get(site)
    return None if mine is None else plan(registry, years, site, mine, year, now_s, terms)


def plan(
    registry: Registry,
    years: WaterYears,
    site: str,
    mine: Mapping[str, Values],
    year: int,
    now_s: int,
    terms: Terms,
) -> Plan:
    """What one site's plans of a year come to. Raises Refused naming site and period."""
    known = registry.get("site", site)
    if known is None:
        raise Refused(f"site {site} has a plan for {year} and is not in the registry")
    span = years.span(year)
    periods = _periods(registry, years, site, mine, year)
    water = _rows(WATER, periods, span, now_s)
    energy_wh = _energy_wh(site, mine, year)
    # One row is enough for energy: water binds by periods, energy by the year, and 16 rows are few. No row is
    # no limit; a row of 0 Wh lets the well take none.
    energy = [] if energy_wh is None else [WishRow(ENERGY, span.from_utc_s, span.to_utc_s, energy_wh)]
    most = ROWS_MAX - 1 - 2 * len(energy)  # beside the interim rules
    if len(water) > most:
        raise Refused(
            f"site {site}: its plan of {year} has {len(water)} periods to come, a grant takes {most}"
        )
    right_l = water[-1].right
    if max(right_l, energy_wh or 0) > RIGHT_MAX:
        raise Refused(f"site {site}: its plan of {year} is above 10⁹ m³ or kWh, more than a grant can say")
    return Plan(
        site=site,
        rows=(*water, *energy),
        policy=_policy(str(known["class"]), terms),
        right_l=right_l,
        energy_wh=energy_wh,
        interim_l=share_of(right_l, terms.interim_percent),
        interim_wh=share_of(energy_wh or 0, terms.interim_percent),
    )


def _policy(use: str, terms: Terms) -> str:
    """Drinking water is warned, never stopped (domain §5.7)."""
    if use == "domestic":
        return WARN
    return FINISH if terms.finish_l else STOP


def _periods(
    registry: Registry, years: WaterYears, site: str, mine: Mapping[str, Values], year: int
) -> list[_Period]:
    """The plan's periods in their order: the year alone, or months and rounds within it."""
    found = []
    for name, values in mine.items():
        span = _span(registry, years, name, year, site)
        found.append(_Period(name, span, int(values["volume_l"])))
    parts = sorted((one for one in found if one.name != YEAR), key=lambda one: one.span)
    of_year = next((one for one in found if one.name == YEAR), None)
    if not parts:
        return found
    for before, after in pairwise(parts):
        if after.span.from_utc_s < before.span.to_utc_s:
            raise Refused(f"site {site}: its plans for {before.name} and {after.name} of {year} overlap")
    sum_l = sum(one.volume_l for one in parts)
    if of_year is not None and sum_l > of_year.volume_l:
        raise Refused(
            f"site {site}: its periods of {year} add up to {sum_l} L, its year has {of_year.volume_l} L"
        )
    return parts


def _energy_wh(site: str, mine: Mapping[str, Values], year: int) -> int | None:
    """Wh of the year: of its periods, else its own; None: no limit. Raises Refused where that is not said.

    A period without water needs none. Another one that says nothing beside those that do would be without a
    limit for that time, and a grant limits energy by the year.
    """
    parts = {name: values for name, values in mine.items() if name != YEAR}
    given = [wh for values in parts.values() if (wh := whole(values, "energy_wh")) is not None]
    if not given:
        return whole(mine.get(YEAR, {}), "energy_wh")
    silent = [name for name, one in parts.items() if one["volume_l"] and whole(one, "energy_wh") is None]
    if silent:
        raise Refused(
            f"site {site}: its plan of {year} limits energy in some periods and not in {', '.join(silent)}: "
            f"state it for each, 0 where it gets none, or for the year alone"
        )
    return sum(given)


def _span(registry: Registry, years: WaterYears, name: str, year: int, site: str) -> Span:
    if name == YEAR:
        return years.span(year)
    if name in MONTHS:
        return years.month(year, int(name))
    known = registry.get("round", f"{year}/{name}")
    if known is None:
        raise Refused(
            f"site {site}: its plan is for the round {name} of {year}, which is not in the registry"
        )
    first = years.calendar.moment(str(known["from_date"]))
    return Span(first, years.calendar.moment(str(known["to_date"])) + DAY_S)


def _rows(quantity: str, periods: Sequence[_Period], year: Span, now_s: int) -> list[WishRow]:
    """Cumulative rows from now to the year's end; those that are over, or change nothing, are left out."""
    starts = [max(one.span.from_utc_s, year.from_utc_s) for one in periods]
    rows, sum_l = [], 0
    if starts[0] > year.from_utc_s:
        rows.append(WishRow(quantity, year.from_utc_s, starts[0], 0))
    for one, start, end in zip(periods, starts, [*starts[1:], year.to_utc_s], strict=True):
        sum_l += one.volume_l
        if rows and rows[-1].right == sum_l:
            rows[-1] = rows[-1]._replace(to_utc_s=end)
        else:
            rows.append(WishRow(quantity, start, end, sum_l))
    return [row for row in rows if row.to_utc_s > now_s]
