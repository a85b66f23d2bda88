"""All checks of a water year in one table, in the order in which they are shown."""

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from karez_gateway.county.quota import demand, limit_checks, permit_checks, plan_checks
from karez_gateway.county.quota.findings import FAULT, LEVELS, Finding, refuse_faults
from karez_gateway.county.registry.objects import Registry
from karez_gateway.county.registry.trees import Tree, both, tree

LIMITS, PERMITS, PLANS, DEMAND = "limits", "permits", "plans", "demand"


class Asked(NamedTuple):
    """What is checked: a registry and a water year that begins in a month."""

    registry: Registry
    year: int
    first_month: int


Look = Callable[[Asked], Iterator[Finding]]


def _in_trees(look: Callable[[Registry, Tree, int], Iterator[Finding]]) -> Look:
    def looked(asked: Asked) -> Iterator[Finding]:
        for one in both(asked.registry):
            yield from look(asked.registry, one, asked.year)

    return looked


def _permits(asked: Asked) -> Iterator[Finding]:
    for one in both(asked.registry):
        yield from permit_checks.sums(asked.registry, one, asked.year, asked.first_month)


CHECKS: tuple[tuple[str, Look], ...] = (
    (LIMITS, _in_trees(limit_checks.parts)),
    # A region's own matrix is the same whichever tree it is in, and each region is in one.
    (LIMITS, _in_trees(limit_checks.sources)),
    (LIMITS, _in_trees(limit_checks.classes)),
    (LIMITS, _in_trees(limit_checks.reserves)),
    (LIMITS, _in_trees(limit_checks.rising)),
    (PERMITS, _permits),
    (DEMAND, lambda asked: iter(demand.demands(asked.registry, asked.year).findings)),
    (PLANS, _in_trees(plan_checks.sums)),
    (PLANS, lambda asked: plan_checks.bounds(*asked)),
    (PLANS, lambda asked: plan_checks.periods(asked.registry, asked.year)),
    (PLANS, lambda asked: demand.intensity(asked.registry, tree(asked.registry, "admin"), asked.year)),
)


def check(registry: Registry, year: int, first_month: int, *subjects: str) -> list[Finding]:
    """What is found in a year, faults first; some subjects or all."""
    asked = Asked(registry, year, first_month)
    found = [one for subject, look in CHECKS if not subjects or subject in subjects for one in look(asked)]
    return sorted(found, key=lambda one: LEVELS.index(one.level))


def refuse_new_faults(before: Registry, after: Registry, year: int, first_month: int) -> None:
    """Raise Refused with what a change of plans would break.

    A fault that is there already and does not grow stays: it must not hold up a step in the right direction.
    """
    known = {(one.rule, one.where): one.values for one in check(before, year, first_month, PLANS)}
    refuse_faults(
        one
        for one in check(after, year, first_month, PLANS)
        if one.level == FAULT and not _is_no_worse(known.get((one.rule, one.where)), one)
    )


def _is_no_worse(before: Mapping[str, str | int] | None, after: Finding) -> bool:
    if before is None:
        return False
    was, now = (int(one["parts_l"]) - int(one["limit_l"]) for one in (before, after.values))
    return abs(now) <= abs(was)
