"""What a new coefficient of a well makes of litres that were converted with an old one: a proposal. Pure.

Litres converted from energy are energy × coefficient. A better test of the same time revises them:
litres × new ÷ old, half a litre up. What the registry said *then* is the old one, what it says *now* the
new one, both of the day on which the litres were booked. A person looks at the proposal and applies it.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from karez_gateway.calendars import MONTH, Calendar
from karez_gateway.county.ledger.corrections import Correction
from karez_gateway.county.registry import Object, Registry
from karez_protocols import record

KIND = "coefficient"


class Day(NamedTuple):
    """What is booked to a site on one day, converted by this well's own coefficient."""

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


def proposals(
    days: Iterable[Day],
    versions: Sequence[Object],
    earlier_l: dict[tuple[str, int], int],
    civil: Calendar,
    old_l_per_kwh: int | None = None,
) -> tuple[list[Proposal], list[str]]:
    """(a correction for each month that changes, what could not be judged).

    `earlier_l`: (site, month's begin) -> litres of corrections of this kind so far. `old_l_per_kwh`: what
    the controller had, where the registry did not say it then.
    """
    coefficients = [one for one in versions if one.kind == "coefficient"]
    now = Registry.of(coefficients)
    months: dict[tuple[str, int], list[tuple[Day, int, int]]] = {}
    lacking: dict[str, None] = {}
    for day in days:
        date = civil.local(day.from_utc_s).date().isoformat()
        new = in_force(now, day.site, date)
        old = old_l_per_kwh or in_force(Registry.of(coefficients, day.to_utc_s), day.site, date)
        if new is None or old is None:
            which = "no coefficient now" if new is None else "none then: say it with --old"
            lacking[f"{day.site}: the registry has {which} ({civil.name(MONTH, day.from_utc_s)})"] = None
            continue
        months.setdefault((day.site, civil.start(MONTH, day.from_utc_s)), []).append((day, old, new))
    found = [_month(key, each, earlier_l.get(key, 0), civil) for key, each in sorted(months.items())]
    return [one for one in found if one.correction.litres], list(lacking)


def _month(
    key: tuple[str, int], days: Sequence[tuple[Day, int, int]], earlier_l: int, civil: Calendar
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
    one = Correction(site, KIND, record.CONVERTED, *span, right_l - booked_l - earlier_l)
    return Proposal(one, booked_l, earlier_l, note)
