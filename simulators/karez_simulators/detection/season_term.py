"""What rule C4 would find if its reference knew the season: a proposal with figures, not what runs today.

A term of the water level, or a year's history, takes a part of the season out of the ratio before it is
judged; how much is left decides. The rule is the controller's own Ratio, day by day, once with its figures of
today and once with those proposed for a well that has such a term. A probe that stands still leaves the
season whole.
"""

from __future__ import annotations

import contextlib
import math
from typing import TYPE_CHECKING, Any

from karez_firmware.core import ratio
from karez_simulators.detection.climate import DAYS, STANDARD, Climate, Year

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

FIRST_SEED = 1_000_000  # the proposal was tuned on other years
YEARS_PER_SEED = 5
LEFT = (100, 50, 30, 20)  # percent of the season
LOSSES = (20, 10, 5)
WITHIN_DAYS = 40  # of design section 13, for 5 %
TODAY: dict[str, int] = {}
PROPOSED = {
    "_ALLOWANCE_PPM": 20_000,
    "_SLOW_LIMIT_PPM": 600_000,
    "_RECENT_LIMIT_PPM": 200_000,
    "_RECENT_GAIN": 40,
}
FIGURES = (("today", TODAY), ("proposed", PROPOSED))
_WH = 40_000
_DAY_MS = 7_200_000
_DRIFT_LESS = ratio.LESS << 2 | ratio.LESS << 4


@contextlib.contextmanager
def figures(changed: Mapping[str, int]) -> Iterator[None]:
    """The rule with other figures for as long as this lasts."""
    kept = {name: getattr(ratio, name) for name in changed}
    try:
        for name, value in changed.items():
            setattr(ratio, name, value)
        yield
    finally:
        for name, value in kept.items():
            setattr(ratio, name, value)


def study(seeds: range) -> list[dict[str, Any]]:
    """Five years for each seed: false alarms, and delays in pumping days, by the part of the season left."""
    years = range(FIRST_SEED + seeds.start, FIRST_SEED + seeds.start + len(seeds) * YEARS_PER_SEED)
    rows = []
    for left in LEFT:
        climate = Climate(STANDARD.noise, STANDARD.season * left / 100)
        drawn = [Year(seed, climate) for seed in years]
        for name, changed in FIGURES:
            with figures(changed):
                events = sum(_honest(year) for year in drawn)
                losses = {str(loss): _delays(drawn, loss) for loss in LOSSES}
            rows.append(
                {"left": left, "figures": name, "years": len(drawn), "events": events, "losses": losses}
            )
    return rows


def _delays(years: list[Year], loss: int) -> dict[str, int | None]:
    every = [_lossy(year, loss / 100) for year in years]
    judged = sorted(days for days in every if days is not None)
    return {
        "runs": len(judged),
        "median_d": _or_never(judged, 50),
        "p90_d": _or_never(judged, 90),
        "within": sum(days <= WITHIN_DAYS for days in judged),
    }


def _or_never(judged: list[int], percent: int) -> int | None:
    needed = -(-len(judged) * percent // 100)
    return judged[needed - 1] if judged and judged[needed - 1] < DAYS else None


def _rule() -> Any:
    rule = ratio.Ratio(2500)
    rule.date(0, 0, 1, 10)
    return rule


def _day(rule: Any, x: float, day: int) -> None:
    # In one piece: the hour's own verdict is not what is tried here.
    rule.add(round(_WH * 2.5 * math.exp(x)), _WH, _DAY_MS, 1, 10)
    rule.date(day + 1, 0, 1, 10)


def _honest(year: Year) -> int:
    rule = _rule()
    for day, x in enumerate(year.days):
        _day(rule, x, day)
    return len(rule.events)


def _lossy(year: Year, part: float) -> int | None:
    """Pumping days until the drift was told; DAYS if it never was, None if one stood before."""
    rule = _rule()
    for day in range(year.onset):
        _day(rule, year.days[day], day)
    if rule.alarms & _DRIFT_LESS:
        return None
    for day in range(year.onset, DAYS):
        _day(rule, year.days[day] + math.log(1 - part), day)
        if rule.alarms & _DRIFT_LESS:
            return day - year.onset + 1
    return DAYS
