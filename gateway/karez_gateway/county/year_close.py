"""The close of a water year as acts: freeze, decide, and what was decided for who plans the next one.

Frozen totals are rows of their own and never computed again: a roll-up that is rebuilt, or a correction that
comes later, cannot change a year that was closed. What came late is told apart. Decisions count once the log
holds their act.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import Connection

from karez_gateway.county import acts
from karez_gateway.county.acts import Deed
from karez_gateway.county.ledger import standing, usage
from karez_gateway.county.quota import closing, decision_file
from karez_gateway.county.quota.carrying import Decision
from karez_gateway.county.quota.close_rules import YEARS_MAX, Rules
from karez_gateway.county.quota.closing import Closed, Proposal
from karez_gateway.county.quota.decision_file import Case, Decided
from karez_gateway.county.registry.objects import Registry
from karez_gateway.county.years.wateryear import WaterYears
from karez_gateway.errors import Refused
from karez_gateway.store import acts as stored_acts
from karez_gateway.store import closed_years, objects

CLOSE, DECIDE = "close", "decide"


class Frozen(NamedTuple):
    """A closed year: its act, whether the log holds it, and its sites by name.

    `dated_back`: acts that changed its plans after it was over, to hold before that; only of `freeze`.
    """

    act_id: int
    is_in_force: bool
    rows: list[Closed]
    dated_back: tuple[int, ...] = ()


def freeze(connection: Connection, years: WaterYears, year: int, deed: Deed) -> Frozen:
    """Close a year that is over: every site's totals as they are now. Raises Refused the second time.

    Also while litres wait that the service has only to book: a frozen year would never count them.
    """
    span = years.span(year)
    if deed.now_s < span.to_utc_s:
        raise Refused(f"water year {year} is not over: it ends at {years.calendar.iso(span.to_utc_s)}")
    if closed_years.closed(connection, year) is not None:
        raise Refused(
            f"water year {year} is closed already; what came after it: karez gateway quota close show"
        )
    unfinished = standing.unfinished(connection, span)
    if unfinished:
        raise Refused(f"water year {year} cannot be frozen yet: {'; '.join(unfinished)}")
    registry = objects.registry(connection, span.to_utc_s - 1)
    rows = closing.close(registry, year, usage.of_sites(connection, span))
    if not rows:
        raise Refused(f"there was no site in {year}: there is nothing to close")
    bodies = [one.body() for one in rows]
    dated_back = _dated_back(connection, registry, year, span.to_utc_s)
    detail = {
        "year": year,
        "sites": len(rows),
        "used_l": sum(one.total_l for one in rows),
        "over_plan_l": sum(one.over_plan_l for one in rows),
        "over_norm_l": sum(one.over_norm_l for one in rows),
        "dated_back": dated_back,
        "sha256": closing.digest(bodies),
    }
    act_id = acts.write(connection, CLOSE, deed, detail)
    closed_years.add_closed(connection, year, act_id, bodies)
    return Frozen(act_id, False, rows, dated_back)


def _dated_back(connection: Connection, registry: Registry, year: int, end_utc_s: int) -> tuple[int, ...]:
    """Acts that were done after a year and made the plans that it is held against: a person sees them."""
    plans = registry.objects["plan"].values()
    numbers = {one.act_id for one in plans if one.values is not None and one.values["year"] == year}
    found = (stored_acts.get(connection, number) for number in sorted(numbers))
    return tuple(one.id for one in found if one is not None and one.utc_s >= end_utc_s)


def frozen(connection: Connection, year: int) -> Frozen:
    """A closed year. Raises Refused when it is open."""
    found = closed_years.closed(connection, year)
    if found is None:
        raise Refused(f"water year {year} is not closed: karez gateway quota close freeze --year {year}")
    return Frozen(found.act_id, found.is_in_force, [Closed.of(one) for one in found.bodies.values()])


def late(connection: Connection, years: WaterYears, year: int) -> dict[str, dict[int, int]]:
    """Litres by site and method that came after the close."""
    return closing.late(frozen(connection, year).rows, usage.of_sites(connection, years.span(year)))


def cases(connection: Connection, year: int, rules: Rules, false_l: Mapping[str, int]) -> list[Case]:
    """Every site of a closed year with what is proposed. `false_l`: litres proven to be reported falsely."""
    rows = frozen(connection, year).rows
    unknown = sorted(set(false_l) - {one.site for one in rows})
    if unknown:
        raise Refused(f"{unknown[0]!r} is no site of {year}: false reports name sites of the closed year")
    before = _before(connection, year)
    return [
        (
            one,
            closing.propose(one, rules, [those.get(one.site) for those in before], false_l.get(one.site, 0)),
        )
        for one in rows
    ]


def decide(
    connection: Connection, year: int, data: bytes, of_year: Sequence[Case], deed: Deed, encoding: str = ""
) -> list[Decided]:
    """Take a person's decision file as one act. Raises Refused with what is wrong; then nothing is kept."""
    found = frozen(connection, year)
    if not found.is_in_force:
        raise Refused(
            f"the log does not hold the close of {year} yet (act {found.act_id}): start the service"
        )
    decided = decision_file.read(data, year, of_year, encoding)
    proposals = {row.site: proposal for row, proposal in of_year}
    bodies = {one.site: _body(one, proposals[one.site]) for one in decided}
    detail = {
        "year": year,
        "close": found.act_id,
        "sites": len(bodies),
        "deduction_l": sum(one.decision.deduction_l for one in decided),
        "carry_l": sum(one.decision.carry_l for one in decided),
        "sha256": closing.digest([bodies[site] for site in sorted(bodies)]),
    }
    act_id = acts.write(connection, DECIDE, deed, detail)
    closed_years.add_decisions(connection, year, act_id, bodies)
    return decided


def decisions(connection: Connection, year: int) -> dict[str, Decision]:
    """What holds for who plans the year after. Raises Refused while the log lacks one of the acts."""
    rows = closed_years.decisions(connection, year)
    waiting = sorted({one.act_id for one in rows.values() if not one.is_in_force})
    if waiting:
        raise Refused(
            f"the log does not hold the decisions on {year} yet (act {waiting[0]}): start the service first"
        )
    return {
        site: Decision(one.body["deduction_l"], one.body["carry_l"], one.body["cap_l"])
        for site, one in rows.items()
    }


def _body(one: Decided, proposal: Proposal) -> dict[str, str | int | None]:
    proposed = {f"proposed_{key}": value for key, value in proposal._asdict().items()}
    return {"site": one.site, **one.decision._asdict(), **proposed, "reason": one.reason}


def _before(connection: Connection, year: int) -> list[dict[str, Closed]]:
    """Closed years before this one without a gap, the newest first."""
    found = []
    for earlier in range(year - 1, year - YEARS_MAX, -1):
        closed = closed_years.closed(connection, earlier)
        if closed is None:
            break
        found.append({site: Closed.of(body) for site, body in closed.bodies.items()})
    return found
