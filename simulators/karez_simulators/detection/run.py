"""One seed's year of one well, under an attack or honest: when a rule first speaks, or how often."""

from __future__ import annotations

import copy
import math
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from karez_firmware.core.ratio import LESS, MORE
from karez_simulators.detection.climate import (
    DAYS,
    INTERVAL_NOISE,
    INTERVAL_S,
    INTERVALS,
    POWER_NOISE,
    SEASON_DAYS,
    STANDARD,
    Climate,
    Year,
)
from karez_simulators.detection.rules import RATED_POWER_W, REFERENCE_ML_PER_WH, Event, Rules
from karez_simulators.detection.shown import Shown, When

if TYPE_CHECKING:
    from collections.abc import Iterator

    from karez_simulators.detection.attacks import Case
    from karez_simulators.detection.honest import Honest
    from karez_simulators.detection.shown import Act

DAY_S = INTERVALS * INTERVAL_S  # of pumping
# At the reference the pump runs at nine tenths of its plate. What a change of k does to flow and to power:
# near the rated point of well.py's pump curve 20 % less head is 15 % more flow and 8 % less power.
POINT = 0.9
POWER_SHARE = 0.35
SIDES = {LESS: "less", MORE: "more"}
_UNTOUCHED = Shown()


class Found(NamedTuple):
    """What came of one attack.

    `delay_s`: of pumping since it first touched anything; None: not within the season. `rule`: which
    spoke first. `is_standing`: an alarm stood before it began, so nothing can be said.
    """

    rule: str | None
    delay_s: int | None
    is_standing: bool = False


class Well:
    """One seed's well up to the day on which something is done to it; copied for each thing done."""

    def __init__(self, seed: int, climate: Climate = STANDARD) -> None:
        self.year = Year(seed, climate)
        self._rules = Rules()
        for _ in _days(self._rules, self.year, 0, self.year.onset):
            pass
        self.is_standing = bool(self._rules.alarms)
        self._rules.events.clear()

    def attacked(self, case: Case, strength: int, is_fine: bool = False) -> Found:
        """The season under an attack. `is_fine`: no interval is told in one step."""
        if self.is_standing:
            return Found(None, None, is_standing=True)
        rules = copy.deepcopy(self._rules)
        rules.is_fine = is_fine or case.is_fine
        act = (case.act, shares(case.unit, strength))
        begun_s = rules.pumped_s
        for _ in self._season(rules, act):
            for event in rules.events:
                if not event.side or event.side & case.side:
                    touched_s = begun_s if rules.touched_s is None else rules.touched_s
                    return Found(event.rule, event.at_s - touched_s)
            rules.events.clear()
        return Found(None, None)

    def honest(self, case: Honest, strength: int) -> Counter[str] | None:
        """Events of an honest season with a fault, by rule and side; None: an alarm stood before it."""
        if self.is_standing or case.act is None:
            return None
        rules = copy.deepcopy(self._rules)
        for _ in self._season(rules, (case.act, shares(case.unit, strength))):
            pass
        return _counted(rules)

    def _season(self, rules: Rules, act: tuple[Act, float]) -> Iterator[None]:
        return _days(rules, self.year, self.year.onset, self.year.onset + SEASON_DAYS, act)


def honest_year(seed: int, climate: Climate) -> Counter[str]:
    """Events of a whole honest year, by rule and side."""
    rules = Rules()
    for _ in _days(rules, Year(seed, climate), 0, DAYS):
        pass
    return _counted(rules)


def _counted(rules: Rules) -> Counter[str]:
    return Counter(name_of(event) for event in rules.events)


def name_of(event: Event) -> str:
    """The rule, with its side where it has one."""
    return f"{event.rule} {SIDES[event.side]}" if event.side else event.rule


def shares(unit: str, strength: int) -> float:
    """A strength as acts take it: a share of percent, else as it is."""
    return strength / 100 if unit.startswith("%") else strength


def _days(
    rules: Rules, year: Year, first: int, until: int, act: tuple[Act, float] | None = None
) -> Iterator[None]:
    """Let the days from `first` to before `until` pass; stop for a look after each interval and verdict."""
    for day in range(first, until):
        chance = year.chance(day)
        rules.begin(day)
        yield
        for index in range(INTERVALS):
            power = 1 + chance.gauss(0, POWER_NOISE)
            x = year.days[day] + chance.gauss(0, INTERVAL_NOISE)
            shown = act[0](When(day - first, index, chance), act[1]) if act else _UNTOUCHED
            x += math.log(shown.k)
            wh = POINT * RATED_POWER_W * INTERVAL_S / 3600 * power * math.exp(-POWER_SHARE * x)
            litres = wh * REFERENCE_ML_PER_WH / 1000 * math.exp(x)
            rules.interval(litres, wh, shown)
            yield
    rules.begin(until)
    yield
