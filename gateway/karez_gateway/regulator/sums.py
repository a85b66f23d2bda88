"""Rights added up along the office's own tree: what a region was given, against what it may take.

A site that is not in the request counts with what it has been given for this year already, so that many small
requests cannot do together what one may not. What corrections give back counts as if it were right: they are
the gateway's word, and lift no sum.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from .errors import Fault, fault
from .limits import ALL, Limit
from .tables import cubic_metres

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .judging import Planned
    from .limits import Limits
    from .state import State

Counted = dict[str, int]  # site -> litres


class Sum(NamedTuple):
    """A limit and what its region is given with this request."""

    limit: Limit
    given_l: int

    @property
    def left_l(self) -> int:
        """Room that is left; below zero: too much."""
        return self.limit.volume_l - self.given_l


class Village(NamedTuple):
    """What this request does in one region that sites name."""

    region: str
    sites: int
    right_l: int
    former_l: int
    added_l: int  # by corrections
    given_back_l: int


def counted(planned: Iterable[Planned], limits: Limits, state: State, year: int) -> Counted:
    """Litres of every site of the tables that count in a year, with these in force."""
    found = {name: state.right_l(name, year) for name in limits.sites}
    return found | {one.site: one.counted_l for one in planned}


def against(limits: Limits, found: Mapping[str, int], year: int) -> list[Sum]:
    """Every limit of a year with its sum, in the order of the file."""
    totals: dict[tuple[str, str, str], int] = {}
    for name, litres in found.items():
        site = limits.sites[name]
        for region in limits.path(site.region):
            for use in (site.use, ALL):
                for source in (site.source, ALL):
                    key = region, use, source
                    totals[key] = totals.get(key, 0) + litres
    mine = [one for one in limits.limits if one.year == year]
    return [Sum(one, totals.get((one.region, one.use, one.source), 0)) for one in mine]


def too_much(sums: Iterable[Sum], limits: Limits, villages: Mapping[str, Village]) -> list[Fault]:
    """A fault for every sum above its limit, with what corrections have to do with it."""
    found = []
    for one in sums:
        if one.left_l >= 0:
            continue
        back_l = sum(
            village.given_back_l
            for village in villages.values()
            if one.limit.region in limits.path(village.region)
        )
        values = {
            "limit": one.limit.words,
            "given": cubic_metres(one.given_l),
            "most": cubic_metres(one.limit.volume_l),
            "above": cubic_metres(-one.left_l),
        }
        name = "sum-lifted" if back_l >= -one.left_l else "sum-above"
        region = limits.regions[one.limit.region]
        found.append(fault(f"{region.code} {region.name}", name, back=cubic_metres(back_l), **values))
    return found


def villages(planned: Iterable[Planned]) -> dict[str, Village]:
    """What is done in each region that sites name, by its code."""
    found: dict[str, Village] = {}
    for one in planned:
        at = found.get(one.region) or Village(one.region, 0, 0, 0, 0, 0)
        litres = one.corrections.values()
        found[one.region] = Village(
            one.region,
            at.sites + 1,
            at.right_l + one.right_l,
            at.former_l + (one.former_l or 0),
            at.added_l + sum(each for each in litres if each > 0),
            at.given_back_l - sum(each for each in litres if each < 0),
        )
    return dict(sorted(found.items()))
