"""A water year's close (requirement T27): what each site took, frozen, and what is proposed then.

Pure: registry as it stood at the year's end, litres by method, rules. Over plan and over norm are two figures
(G06). A site without a plan is over no plan: it is listed, and its case is one for an order, not a ratio.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from karez_gateway.county.ledger.usage import Usage
from karez_gateway.county.quota import demand
from karez_gateway.county.quota.close_rules import PERMILLE, Rules
from karez_gateway.county.registry.objects import Registry
from karez_gateway.county.years import yearplans
from karez_gateway.county.years.wateryear import YEAR


class Closed(NamedTuple):
    """What a site took in a year. `used_l`: by method of record. None: there was no plan, or no area."""

    site: str
    of_class: str
    subclass: str
    source: str
    region: str
    plan_l: int | None
    plan_version: int
    norm_l: int | None
    minimum_l: int
    used_l: Mapping[int, int]

    @property
    def total_l(self) -> int:
        """By all methods."""
        return sum(self.used_l.values())

    @property
    def over_plan_l(self) -> int:
        """Taken over plan."""
        return 0 if self.plan_l is None else max(self.total_l - self.plan_l, 0)

    @property
    def over_norm_l(self) -> int:
        """Taken over norm × area; never netted with the plan."""
        return 0 if self.norm_l is None else max(self.total_l - self.norm_l, 0)

    @property
    def unused_l(self) -> int:
        """Planned and not taken."""
        return 0 if self.plan_l is None else max(self.plan_l - self.total_l, 0)

    def body(self) -> dict[str, Any]:
        """As the store and the digest have it."""
        values = {**self._asdict(), "used_l": {str(method): one for method, one in self.used_l.items()}}
        return {**values, "over_plan_l": self.over_plan_l, "over_norm_l": self.over_norm_l}

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> "Closed":
        """The same, read."""
        values = {key: body[key] for key in cls._fields}
        return cls(**values | {"used_l": {int(method): one for method, one in body["used_l"].items()}})


class Proposal(NamedTuple):
    """What follows from the rules, for a person to decide. `cap_l`: an idle right's; None: it is not idle."""

    deduction_l: int = 0
    carry_l: int = 0
    cap_l: int | None = None

    @property
    def is_any(self) -> bool:
        """True if there is something to decide."""
        return bool(self.deduction_l or self.carry_l or self.cap_l is not None)


def close(registry: Registry, year: int, usage: Usage) -> list[Closed]:
    """Freeze every site of the registry, and every site that took water."""
    found = demand.demands(registry, year).of
    known = dict(registry.of_kind("site"))
    plans_l = yearplans.plans_l(registry, year)
    rows = []
    for site in sorted({*known, *usage}):
        values = known.get(site, {})
        plan = registry.objects["plan"].get(f"{site}/{year}/{YEAR}")
        rows.append(
            Closed(
                site,
                str(values.get("class", "")),
                str(values.get("subclass", "")),
                str(values.get("source", "")),
                str(values.get("region", "")),
                plans_l.get(site),
                0 if plan is None else plan.version,
                found[site].volume_l if site in found else None,
                int(values.get("minimum_l", 0)),
                dict(sorted(usage.get(site, {}).items())),
            )
        )
    return rows


def digest(rows: Sequence[Mapping[str, Any]]) -> str:
    """SHA-256 over bodies in this order, in hex."""
    sha = hashlib.sha256()
    for body in rows:
        line = json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        sha.update(line.encode() + b"\n")
    return sha.hexdigest()


def late(rows: Sequence[Closed], usage: Usage) -> dict[str, dict[int, int]]:
    """Site -> method -> litres that came, or were corrected, after the year was closed."""
    frozen = {one.site: one.used_l for one in rows}
    found: dict[str, dict[int, int]] = {}
    for site in sorted({*frozen, *usage}):
        was, now = frozen.get(site, {}), usage.get(site, {})
        change = {method: now.get(method, 0) - was.get(method, 0) for method in sorted({*was, *now})}
        moved = {method: litres for method, litres in change.items() if litres}
        if moved:
            found[site] = moved
    return found


def propose(row: Closed, rules: Rules, before: Sequence[Closed | None] = (), false_l: int = 0) -> Proposal:
    """What the rules say of a site. `before`: its earlier closed years, the newest first."""
    terms = rules.of({"class": row.of_class, "subclass": row.subclass})
    asked_l = (row.over_plan_l * terms.deduct_permille + false_l * terms.false_report_permille) // PERMILLE
    bound_l = max((row.plan_l or 0) - row.minimum_l, 0)
    carry_l = row.unused_l * terms.carry_permille // PERMILLE
    return Proposal(
        min(asked_l, bound_l), carry_l, _idle(row, terms.idle_years, terms.idle_below_permille, before)
    )


def _idle(row: Closed, years: int, line_permille: int, before: Sequence[Closed | None]) -> int | None:
    """Most that an idle right keeps (T21): the highest use of those years, and never below the minimum."""
    looked = [row, *before][:years]
    if not years or len(looked) < years:
        return None
    for one in looked:
        if one is None or not one.plan_l or one.total_l * PERMILLE >= one.plan_l * line_permille:
            return None
    return max(row.minimum_l, *(one.total_l for one in looked if one is not None))
