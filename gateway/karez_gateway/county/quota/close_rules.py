"""Rules by which a year's close proposes: ratios for all, for a class, for a sub-class. Data, not code."""

import tomllib
from collections.abc import Mapping
from typing import Any, NamedTuple

from karez_gateway.county.quota import wording
from karez_gateway.county.registry.objects import Values
from karez_gateway.county.registry.words import CLASSES
from karez_gateway.errors import Refused

PERMILLE = 1000
RATIO_MAX = 10_000  # ten times
YEARS_MAX = 20


class Terms(NamedTuple):
    """What holds for one site, per mille and years."""

    deduct_permille: int
    false_report_permille: int
    carry_permille: int
    idle_years: int
    idle_below_permille: int


class Rules(NamedTuple):
    """A file of rules: for all, and what classes and sub-classes have instead."""

    for_all: Terms
    of_class: Mapping[str, Mapping[str, int]]
    of_subclass: Mapping[str, Mapping[str, int]]

    def of(self, site: Values) -> Terms:
        """Terms of a site: its sub-class's before its class's before those for all."""
        terms = self.for_all._replace(**self.of_class.get(str(site["class"]), {}))
        return terms._replace(**self.of_subclass.get(str(site.get("subclass", "")), {}))


def default() -> Rules:
    """The rules of `close_rules.toml`: 1:1, nothing off drinking water, nothing carried over."""
    return _rules(wording.table("close_rules"))


def read(data: bytes) -> Rules:
    """Rules from a county's file; what it leaves out is as in ours. Raises Refused naming the key."""
    try:
        found = tomllib.loads(data.decode())
    except (ValueError, RecursionError) as error:  # also a number of 5,000 digits
        raise Refused(f"the rules are no TOML in UTF-8: {error}") from None
    ours = wording.table("close_rules")
    merged = {**ours, **found}
    for group in ("class", "subclass"):
        theirs = found.get(group, {})
        if not isinstance(theirs, dict):
            raise Refused(f"{group}: write a table, such as [{group}.name]")
        merged[group] = {
            **ours[group],
            **{name: _over(ours[group].get(name), theirs[name]) for name in theirs},
        }
    return _rules(merged)


def _over(ours: dict[str, int] | None, theirs: Any) -> Any:
    """A class's table with what the county says in place of ours; what is no table is refused later."""
    return {**(ours or {}), **theirs} if isinstance(theirs, dict) else theirs


def _rules(found: Mapping[str, Any]) -> Rules:
    groups = {name: found[name] for name in ("class", "subclass")}
    own = {key: value for key, value in found.items() if key not in groups}
    unknown = [one for one in groups["class"] if one not in CLASSES]
    if unknown:
        raise Refused(f"class.{unknown[0]}: there is no such class, only {', '.join(CLASSES)}")
    for group, tables in groups.items():
        for name, table in tables.items():
            _checked(f"{group}.{name}.", table)
    return Rules(Terms(**_checked("", own)), groups["class"], groups["subclass"])


def _checked(where: str, table: Any) -> dict[str, int]:
    if not isinstance(table, dict):
        raise Refused(f"{where.rstrip('.')}: write a table of ratios")
    for key, value in table.items():
        if key not in Terms._fields:
            raise Refused(f"{where}{key}: there is no such rule, only {', '.join(Terms._fields)}")
        most = YEARS_MAX if key == "idle_years" else RATIO_MAX
        if type(value) is not int or not 0 <= value <= most:
            raise Refused(f"{where}{key}: write a whole number from 0 to {most}")
    return table
