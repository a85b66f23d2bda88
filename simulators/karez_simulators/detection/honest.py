"""Honest wells, plain and with what befalls them: each event of theirs is a false alarm of that source.

Faults begin on the day on which the same seed's attacks begin. What moves k = 367 x eta / H moves flow and
power as the pump does (run.py). Sources of the faults: field.md F3 (head, season), F5 (sand, scale), F12
(a meter that is silent); sizes constructed.
The level probe is not here: no rule of today reads it, so none of its faults can raise an alarm.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from karez_simulators.detection.climate import DAYS, STANDARD, Climate
from karez_simulators.detection.shown import Shown, When

if TYPE_CHECKING:
    from karez_simulators.detection.shown import Act

SPELL_DAYS = 30  # that a neighbour pumps
SILENT_DAYS = 10  # that a meter is dead
HEAD_M = 80  # of the well of rules.py
AIR_MAX = 0.5  # of the flow of the first interval, lost to air in the pipe


@dataclass(frozen=True)
class Honest:
    """An honest well; without an act a whole year of one, in its climate.

    `act` is asked for every interval from the fault's first day.
    """

    name: str
    words: str
    strengths: tuple[int, ...]
    act: Act | None
    unit: str = "%"
    climate: Climate = STANDARD


def _untouched(_when: When, _: float) -> Shown:
    return Shown()


def _slope(when: When, per_year: float) -> Shown:
    return Shown(k=1 - per_year * when.day / DAYS)


def _level(when: When, metres: float) -> Shown:
    return Shown(k=HEAD_M / (HEAD_M + metres * when.day / DAYS))


def _spell(when: When, part: float) -> Shown:
    return Shown(k=1 - part if when.day < SPELL_DAYS else 1.0)


def _step_up(_when: When, part: float) -> Shown:
    return Shown(k=1 + part)


def _step_down(_when: When, part: float) -> Shown:
    return Shown(k=1 - part)


def _every_tenth_day(when: When, part: float) -> Shown:
    return Shown(k=1 - part if when.day % 10 == 0 else 1.0)


def _dead_water(when: When, _: float) -> Shown:
    return Shown(has_water_meter=when.day >= SILENT_DAYS)


def _dead_power(when: When, _: float) -> Shown:
    return Shown(has_power_meter=when.day >= SILENT_DAYS)


def _riser(when: When, seconds: float) -> Shown:
    return Shown(dry_s=round(seconds) if when.index == 0 else 0)


def _air(when: When, _: float) -> Shown:
    return Shown(water=1 - when.chance.random() * AIR_MAX if when.index == 0 else 1.0)


HONEST = (
    Honest("plain", "noise 3 %, season ±5 %", (0,), None, ""),
    Honest("noisy", "noise 5 %", (0,), None, "", Climate(noise=0.05)),
    Honest("season", "season ±10 %", (0,), None, "", Climate(season=0.10)),
    Honest("untouched", "the wells of the rows below, with nothing the matter", (0,), _untouched, ""),
    Honest("sand", "sand, wear or scale: k falls in a year by", (20,), _slope),
    Honest("level-fall", "the aquifer falls in a year, by so many metres on 80", (16,), _level, "m"),
    Honest("neighbour", "a neighbour pumps for 30 days: k falls by", (5,), _spell),
    Honest("new-pump", "another pump, and no step test after it: k rises by", (10,), _step_up),
    Honest("drip", "drip lines instead of furrows, and no step test: k falls by", (10,), _step_down),
    Honest(
        "clogged",
        "a clogged strainer or half-shut valve every tenth day: k falls by",
        (20,),
        _every_tenth_day,
    ),
    Honest("riser", "the riser runs empty: no water in the first seconds of each day", (150,), _riser, "s"),
    Honest("air", "air in the first five minutes of each day", (0,), _air, ""),
    Honest("dead-water-meter", "the water meter is silent for ten days", (0,), _dead_water, ""),
    Honest("dead-power-meter", "the power meter is silent for ten days", (0,), _dead_power, ""),
)
