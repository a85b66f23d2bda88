"""What a new coefficient makes of litres that were converted with an old one: a proposal. Pure.

Litres converted from energy are energy × coefficient. A better test of the same time revises them:
litres × new ÷ old, half a litre up. What the registry said *then* is the old one, what it says *now* the
new one, both of the day on which the litres were booked. Litres that a well converted by its own coefficient
follow that one; those of its group (domain §8), the group's. A person looks at the proposal and applies it.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from karez_gateway.calendars import MONTH, Calendar
from karez_gateway.county.ledger.corrections import Correction
from karez_gateway.county.registry.objects import Object, Registry
from karez_protocols import record

KIND = "coefficient"


class Day(NamedTuple):
    """What is booked to a site on one day, by one way of conversion."""

    site: str
    from_utc_s: int
    to_utc_s: int
    litres: int


class Proposal(NamedTuple):
    """A correction of one month, and what it rests on."""

    correction: Correction
    booked_l: int
    earlier_l: int  # what corrections of this kind have done already
    note: str


def in_force(registry: Registry, site: str, date: str) -> int | None:
    """L/kWh of a well on a day such as 2026-10-01; None: the registry has none."""
    found = [
        (str(values["from_date"]), int(values["l_per_kwh"]))
        for _, values in registry.of_kind("coefficient")
        if values["site"] == site and str(values["from_date"]) <= date
    ]
    return max(found)[1] if found else None


def in_force_of_group(registry: Registry, site: str, date: str) -> int | None:
    """The same of the group by which a well converts; None also where the registry names no group for it."""
    group = (registry.get("site", site) or {}).get("group")
    found = [
        (str(values["from_date"]), int(values["l_per_kwh"]))
        for _, values in registry.of_kind("group_coefficient")
        if values["group"] == group and str(values["from_date"]) <= date
    ]
    return max(found)[1] if found else None


# By which method litres were converted: the kinds that say with what, and how to find it.
METHODS = {
    record.CONVERTED: (("coefficient",), in_force, "coefficient"),
    record.CONVERTED_GROUP: (("site", "group_coefficient"), in_force_of_group, "coefficient of a group"),
}


def proposals(
    days: Iterable[Day],
    versions: Sequence[Object],
    earlier_l: dict[tuple[str, int], int],
    civil: Calendar,
    old_l_per_kwh: int | None = None,
    method: int = record.CONVERTED,
) -> tuple[list[Proposal], list[str]]:
    """(a correction for each month that changes, what could not be judged).

    `earlier_l`: (site, month's begin) -> litres of corrections of this kind so far. `old_l_per_kwh`: what
    the controller had, where the registry did not say it then. `method`: of all the days.
    """
    kinds, find, name = METHODS[method]
    mine = [one for one in versions if one.kind in kinds]
    now, then = Registry.of(mine), dict[int, Registry]()
    months: dict[tuple[str, int], list[tuple[Day, int, int]]] = {}
    lacking: dict[str, None] = {}
    for day in days:
        date = civil.local(day.from_utc_s).date().isoformat()
        if day.to_utc_s not in then:
            then[day.to_utc_s] = Registry.of(mine, day.to_utc_s)
        new = find(now, day.site, date)
        old = old_l_per_kwh or find(then[day.to_utc_s], day.site, date)
        if new is None or old is None:
            which = f"no {name} now" if new is None else "none then: say it with --old"
            lacking[f"{day.site}: the registry has {which} ({civil.name(MONTH, day.from_utc_s)})"] = None
            continue
        months.setdefault((day.site, civil.start(MONTH, day.from_utc_s)), []).append((day, old, new))
    found = [_month(key, each, earlier_l.get(key, 0), civil, method) for key, each in sorted(months.items())]
    return [one for one in found if one.correction.litres], list(lacking)


def _month(
    key: tuple[str, int],
    days: Sequence[tuple[Day, int, int]],
    earlier_l: int,
    civil: Calendar,
    method: int,
) -> Proposal:
    site, begin = key
    booked_l = sum(day.litres for day, _, _ in days)
    by_pair: dict[tuple[int, int], int] = {}
    for day, old, new in days:
        by_pair[old, new] = by_pair.get((old, new), 0) + day.litres
    right_l = sum((2 * litres * new + old) // (2 * old) for (old, new), litres in by_pair.items())
    note = "; ".join(
        f"{litres} L x {new / 1000:g} / {old / 1000:g} m3/kWh" for (old, new), litres in by_pair.items()
    )
    span = begin, civil.after(MONTH, begin)
    one = Correction(site, KIND, method, *span, right_l - booked_l - earlier_l)
    return Proposal(one, booked_l, earlier_l, note)
