"""Plans of wells as acts: decompose a limit, spread a year, adjust, transfer. Each is kept whole or not.

What is pure stands in `county/quota/`; here a connection and a deed come in, versions of the registry go out.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from karez_gateway.county import year_close
from karez_gateway.county.acts import Deed
from karez_gateway.county.counting import counted
from karez_gateway.county.ledger import usage
from karez_gateway.county.quota import (
    adjusting,
    carrying,
    checking,
    decomposition,
    plans,
    proof,
    transfers,
    undoing,
    weights,
)
from karez_gateway.county.quota.decomposition import Decomposition, Wish
from karez_gateway.county.quota.findings import refuse_faults
from karez_gateway.county.quota.transfers import Transfer
from karez_gateway.county.registry import changing
from karez_gateway.county.registry.objects import Object, Registry
from karez_gateway.county.years.wateryear import WaterYears
from karez_gateway.errors import Refused
from karez_gateway.store import acts, objects

PLAN, SPREAD, ADJUST, TRANSFER = "plan", "spread", "adjust", "transfer"


def used_l(connection: Connection, years: WaterYears, year: int) -> dict[str, int]:
    """Litres that every site took in a water year so far, by all methods."""
    found = usage.of_sites(connection, years.span(year))
    return {site: sum(by_method.values()) for site, by_method in found.items()}


def decompose(
    connection: Connection, years: WaterYears, wish: Wish, *, with_decisions: bool = True
) -> Decomposition:
    """Share a limit out, less what was decided at the last year's close. Changes nothing.

    Raises Refused when limits do not add up, and naming the region when it cannot be done.
    """
    registry = objects.registry(connection)
    refuse_faults(checking.check(registry, wish.year, years.first_month, checking.LIMITS))
    look_back_l = used_l(connection, years, wish.year - 1) if wish.weight == "used" else {}
    known = weights.facts(registry, wish.year, years.first_month, look_back_l)
    found = decomposition.decompose(registry, wish, known)
    if not found.wells:
        raise Refused(f"no site of {wish.cell.of_class}/{wish.cell.source} stands in {wish.root} or below it")
    if not any(one.weight for one in found.wells):
        raise Refused(
            f"none of the {counted(len(found.wells), 'site')} has a {wish.weight} to be measured by: "
            "say another weight"
        )
    decided = year_close.decisions(connection, wish.year - 1) if with_decisions else {}
    return carrying.carry(found, decided)


def plan(
    connection: Connection,
    years: WaterYears,
    wish: Wish,
    deed: Deed,
    *,
    with_decisions: bool = True,
    is_below_use_meant: bool = False,
    is_undoing_meant: bool = False,
) -> tuple[Decomposition, list[Object]]:
    """Decompose and put every well's plan in force with one act, whose detail has the proof's digest.

    Raises Refused, also for wells that would have less than they used already, and for plans that were
    changed one by one since the last decomposition, unless that is meant.
    """
    found = decompose(connection, years, wish, with_decisions=with_decisions)
    if not is_below_use_meant:
        volumes = {one.site: one.volume_l for one in found.wells}
        adjusting.refuse_below_use(volumes, used_l(connection, years, wish.year))
    over = past_periods(connection, years, wish.year, _from(deed))
    wanted = plans.of_decomposition(objects.registry(connection), found, deed.document, over)
    undone, sorts = _undone(connection, wanted, wish.year)
    if not is_undoing_meant:
        undoing.refuse(undone, sorts)
    about: dict[str, Any] = proof.facts(found) | ({"undoes": sorted(undone)} if undone else {})
    return found, _change(connection, years, wish.year, wanted, deed, PLAN, about)


def would_undo(connection: Connection, found: Decomposition) -> list[str]:
    """A line for each act whose plans a decomposition would undo."""
    wanted = plans.of_decomposition(objects.registry(connection), found)
    return undoing.lines(*_undone(connection, wanted, found.wish.year))


def _undone(
    connection: Connection, wanted: Sequence[plans.Change], year: int
) -> tuple[undoing.Undone, dict[int, str]]:
    versions = objects.of_kind(connection, plans.KIND)
    sorts = acts.sorts(connection)
    whole = [number for number, sort in sorts.items() if sort == PLAN]
    return undoing.undone(versions, wanted, year, whole), sorts


def spread(
    connection: Connection,
    years: WaterYears,
    year: int,
    sites: Sequence[str],
    permille: Mapping[str, int],
    deed: Deed,
) -> list[Object]:
    """Spread the year plans of some sites, or of all that have one, over months or rounds."""
    registry = objects.registry(connection)
    chosen = sites or planned_sites(registry, year)
    wanted = plans.spread(registry, year, chosen, permille, deed.document)
    return _change(connection, years, year, wanted, deed, SPREAD, {"year": year, "sites": len(chosen)})


def planned_sites(registry: Registry, year: int) -> list[str]:
    """Sites that have a plan for a year. Raises Refused when none has."""
    found = sorted({str(one["site"]) for _, one in registry.of_kind("plan") if one["year"] == year})
    if not found:
        raise Refused(f"no site has a plan for {year}: decompose a limit first")
    return found


def adjust(
    connection: Connection,
    years: WaterYears,
    year: int,
    volumes_l: Mapping[str, int],
    deed: Deed,
    *,
    is_below_use_meant: bool = False,
) -> list[Object]:
    """Change the plans of some sites within the year, with reason and document."""
    wanted = adjusting.changes(
        objects.registry(connection),
        year,
        volumes_l,
        used_l(connection, years, year),
        deed.document,
        past_periods(connection, years, year, _from(deed)),
        is_below_use_meant=is_below_use_meant,
    )
    return _change(connection, years, year, wanted, deed, ADJUST, {"year": year, "sites": len(volumes_l)})


def transfer(
    connection: Connection, years: WaterYears, wish: Transfer, deed: Deed, across: Collection[str] = ()
) -> list[Object]:
    """Move planned water from one site to another: two changes, one act, whose number is the transfer's."""
    registry = objects.registry(connection)
    over = past_periods(connection, years, wish.year, _from(deed))
    used = used_l(connection, years, wish.year)
    wanted = transfers.changes(registry, wish, used, across, deed.document, over)
    about = {key: value for key, value in wish._asdict().items() if value is not None}
    about["scope"] = transfers.scope(registry, wish)
    for end in ("giver", "taker"):
        about[f"{end}_holder"] = str(registry["site", str(about[end])].get("holder", ""))
    return _change(connection, years, wish.year, wanted, deed, TRANSFER, about)


def past_periods(connection: Connection, years: WaterYears, year: int, now_s: int) -> tuple[str, ...]:
    """Months and rounds of a water year that are over, oldest first."""
    months = [name for name, span in years.months(year) if span.to_utc_s <= now_s]
    today = years.calendar.local(now_s).date().isoformat()
    rounds = [
        (str(one["to_date"]), str(one["round"]))
        for _, one in objects.registry(connection).of_kind("round")
        if one["year"] == year and str(one["to_date"]) < today
    ]
    return (*months, *(name for _, name in sorted(rounds)))


def _from(deed: Deed) -> int:
    return deed.now_s if deed.effective_utc_s is None else deed.effective_utc_s


def _change(
    connection: Connection,
    years: WaterYears,
    year: int,
    wanted: list[plans.Change],
    deed: Deed,
    sort: str,
    about: Mapping[str, Any],
) -> list[Object]:
    return changing.change(
        connection, wanted, deed, check=_holds(year, years.first_month), about=about, sort=sort
    )


def _holds(year: int, first_month: int) -> Callable[[Registry, Registry], None]:
    def check(before: Registry, after: Registry) -> None:
        checking.refuse_new_faults(before, after, year, first_month)

    return check
