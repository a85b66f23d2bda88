"""Rights added up along the office's own tree: what a region was given, against what it may take.

A site that is not in the request counts with what it has been given for this year already, so that many small
requests cannot do together what one may not. What corrections give back counts as if it were right: they are
the gateway's word, and lift no sum. A cut frees nothing until its controller has shown that it holds it:
beside what is given stands what may still be taken (held.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from . import held
from .errors import Fault, fault
from .limits import ALL, Limit
from .tables import cubic_metres

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .limits import Limits
    from .planned import Planned
    from .state import State

_NAMED_MAX = 5  # sites in one sentence


class Sum(NamedTuple):
    """A limit and what its region is given with this request."""

    limit: Limit
    given_l: int
    pending_l: int = 0  # beyond that, by grants that were cut and may still be held
    pending: tuple[str, ...] = ()  # whose
    is_rising: bool = False  # somebody under it gets more with this request

    @property
    def left_l(self) -> int:
        """Room that is left; below zero: too much."""
        return self.limit.volume_l - self.given_l

    @property
    def pending_above_l(self) -> int:
        """Too much because of what may still be taken; a request that raises nothing makes it no worse."""
        return max(self.pending_l - self.left_l, 0) if self.is_rising else 0


class Village(NamedTuple):
    """What this request does in one region that sites name."""

    region: str
    sites: int
    right_l: int
    former_l: int
    added_l: int  # by corrections
    given_back_l: int
    pending_l: int  # of cuts that no controller has shown yet


class Counted(NamedTuple):
    """What a site counts in a year: as given, and what it may take beyond that by grants that it may hold."""

    litres: int
    pending_l: int = 0
    is_rising: bool = False


def counted(planned: Iterable[Planned], limits: Limits, state: State, year: int) -> dict[str, Counted]:
    """What every site of the tables counts in a year, with these in force."""
    found = {}
    for name in limits.sites:
        given_l = state.right_l(name, year)
        found[name] = Counted(given_l, max(held.litres(state.site(name), year) - given_l, 0))
    return found | {one.site: Counted(one.counted_l, one.pending_l, one.is_rising) for one in planned}


def against(limits: Limits, found: Mapping[str, Counted], year: int) -> list[Sum]:
    """Every limit of a year with its sum, in the order of the file."""
    mine = {one[:1] + one[2:4]: one for one in limits.limits if one.year == year}
    under: dict[tuple[str, str, str], list[str]] = {key: [] for key in mine}
    for name in found:
        site = limits.sites[name]
        for region in limits.path(site.region):
            for use in (site.use, ALL):
                for source in (site.source, ALL):
                    if (region, use, source) in under:
                        under[region, use, source].append(name)
    return [_sum(one, {name: found[name] for name in under[key]}) for key, one in mine.items()]


def _sum(limit: Limit, those: Mapping[str, Counted]) -> Sum:
    return Sum(
        limit,
        sum(one.litres for one in those.values()),
        sum(one.pending_l for one in those.values()),
        tuple(name for name, one in those.items() if one.pending_l),
        any(one.is_rising for one in those.values()),
    )


def too_much(sums: Iterable[Sum], limits: Limits, villages: Mapping[str, Village]) -> list[Fault]:
    """A fault for every sum above its limit, with what corrections have to do with it."""
    found = []
    for one in sums:
        region = limits.regions[one.limit.region]
        if one.left_l >= 0:
            if one.pending_above_l:
                found.append(fault(f"{region.code} {region.name}", "sum-pending", **_pending(one)))
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
        found.append(fault(f"{region.code} {region.name}", name, back=cubic_metres(back_l), **values))
    return found


def _pending(one: Sum) -> dict[str, str | int]:
    more = len(one.pending) - _NAMED_MAX
    return {
        "limit": one.limit.words,
        "given": cubic_metres(one.given_l),
        "pending": cubic_metres(one.pending_l),
        "most": cubic_metres(one.limit.volume_l),
        "above": cubic_metres(one.pending_above_l),
        "sites": ", ".join(one.pending[:_NAMED_MAX]) + (f" +{more}" if more > 0 else ""),
    }


def villages(planned: Iterable[Planned]) -> dict[str, Village]:
    """What is done in each region that sites name, by its code."""
    found: dict[str, Village] = {}
    for one in planned:
        at = found.get(one.region) or Village(one.region, 0, 0, 0, 0, 0, 0)
        litres = one.corrections.values()
        found[one.region] = Village(
            one.region,
            at.sites + 1,
            at.right_l + one.right_l,
            at.former_l + (one.former_l or 0),
            at.added_l + sum(each for each in litres if each > 0),
            at.given_back_l - sum(each for each in litres if each < 0),
            at.pending_l + one.pending_l,
        )
    return dict(sorted(found.items()))
