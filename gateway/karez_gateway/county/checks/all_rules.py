"""What must hold in the registry: a table of rules over how it was and how it would be.

Each rule gives findings; those of wording.WARNINGS are shown and refuse nothing, all others refuse. A change
answers only for what it makes worse: what was wrong before it is no reason to refuse it.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from karez_gateway.county.checks import meters, regions, sites
from karez_gateway.county.checks.context import Context
from karez_gateway.county.checks.years import RULES as YEAR_RULES
from karez_gateway.county.registry.changing import Check
from karez_gateway.county.registry.faults import Fault, facts_of
from karez_gateway.county.registry.kinds import KINDS
from karez_gateway.county.registry.objects import Registry
from karez_gateway.county.registry.wording import WARNINGS
from karez_gateway.county.years.wateryear import FIRST_YEAR, LAST_YEAR
from karez_gateway.errors import Refused

SHOWN_MAX = 5  # in one sentence; whoever lists them has them all

Rule = Callable[[Registry, Registry, Context], Iterator[Fault]]


class Found(NamedTuple):
    """What is wrong, and what a person should look at."""

    faults: list[Fault]
    warnings: list[Fault]


class Faulty(Refused):
    """A change that the rules refuse; `found` has every finding."""

    def __init__(self, found: Found) -> None:
        """Take them."""
        self.found = found
        shown = [f"{one.kind} {one.name} {one.field}: {one.text()}" for one in found.faults[:SHOWN_MAX]]
        more = len(found.faults) - len(shown)
        super().__init__("; ".join(shown) + (f"; and {more} more" if more else ""))


def needed(_before: Registry, after: Registry, _context: Context) -> Iterator[Fault]:
    """Every needed field is filled."""
    for kind in KINDS.values():
        keys = [one.key for one in kind.fields if one.is_needed]
        for name, values in after.of_kind(kind.name):
            for key in keys:
                if values.get(key, "") == "":
                    yield Fault(kind.name, name, key, "needed")


def references(_before: Registry, after: Registry, _context: Context) -> Iterator[Fault]:
    """Whatever a field refers to is there."""
    for kind in KINDS.values():
        refers = [(one.key, one.refers) for one in kind.fields if one.refers]
        for name, values in after.of_kind(kind.name) if refers else ():
            for key, other in refers:
                target = values.get(key)
                if target is not None and after.get(other, target) is None:
                    yield no_such(kind.name, name, key, other, str(target))


def no_such(kind: str, name: str, key: str, other: str, target: str) -> Fault:
    """The finding that something refers to what is not there."""
    facts = facts_of({"kind": other, "kind_zh": KINDS[other].zh, "target": target})
    return Fault(kind, name, key, "no-such", facts)


def years(_before: Registry, after: Registry, _context: Context) -> Iterator[Fault]:
    """A water year is one that the books can hold."""
    for kind in KINDS.values():
        if not any(one.key == "year" for one in kind.fields):
            continue
        for name, values in after.of_kind(kind.name):
            year = values.get("year")
            if isinstance(year, int) and not FIRST_YEAR <= year <= LAST_YEAR:
                facts = facts_of({"year": year, "least": FIRST_YEAR, "most": LAST_YEAR})
                yield Fault(kind.name, name, "year", "year", facts)


RULES: tuple[Rule, ...] = (
    needed,
    references,
    years,
    *regions.RULES,
    *sites.RULES,
    *meters.RULES,
    *YEAR_RULES,
)


def found_in(before: Registry, after: Registry, context: Context) -> Found:
    """Every finding of the registry as it would be."""
    every = [fault for rule in RULES for fault in rule(before, after, context)]
    return Found(
        [one for one in every if one.what not in WARNINGS], [one for one in every if one.what in WARNINGS]
    )


def compared(before: Registry, after: Registry, context: Context) -> Found:
    """Findings that a change brings; what was there before it is left out."""
    new = found_in(before, after, context)
    if not new.faults and not new.warnings:
        return new
    old = found_in(before, before, context)
    return Found(_without(new.faults, old.faults), _without(new.warnings, old.warnings))


def _without(new: Iterable[Fault], old: Iterable[Fault]) -> list[Fault]:
    known = set(old)
    return [one for one in new if one not in known]


def refusing(context: Context, warnings: list[Fault]) -> Check:
    """The rules as `changing.change()` asks them: raises Faulty; what only warns goes into the list."""

    def check(before: Registry, after: Registry) -> None:
        found = compared(before, after, context)
        if found.faults:
            raise Faulty(found)
        warnings.extend(found.warnings)

    return check
