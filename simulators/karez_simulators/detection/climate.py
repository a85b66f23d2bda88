"""What moves an honest well's litres per watt-hour: noise of the days, season, an inexact step test.

Source: integrity.md section 4, rule C4: AR(1) noise of 3 %, rho 0.3, season of +-5 % with a random phase.
Constructed: the step test's error of 1.5 %, the scatter of an interval and of power.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

DAYS = 365  # pumping days of a year
SEASON_DAYS = 160  # pumping days for which an attack is watched
FIRST_DAYS = (20, 200)  # of the year: an attack begins on one of them
INTERVAL_S = 300
INTERVALS = 24  # of a pumping day: two hours
RHO = 0.3
TEST_ERROR = 0.015
INTERVAL_NOISE = 0.02  # of one interval's ratio; a day's mean of it is 0.3 %
POWER_NOISE = 0.01  # of one interval's power: the mains


@dataclass(frozen=True)
class Climate:
    """Standard deviation of a day's ln-ratio, and the amplitude of the season, both as shares."""

    noise: float = 0.03
    season: float = 0.05


STANDARD = Climate()


class Year:
    """One seed's year. `days`: ln of each day's ratio against the reference, noise and season together."""

    def __init__(self, seed: int, climate: Climate = STANDARD) -> None:
        self.seed = seed
        chance = random.Random(f"{seed}/year")
        phase = chance.random() * 2 * math.pi
        noise = chance.gauss(0, climate.noise)
        tested = climate.season * math.sin(phase) + chance.gauss(0, TEST_ERROR)
        self.onset = chance.randrange(*FIRST_DAYS)
        fresh = climate.noise * math.sqrt(1 - RHO * RHO)
        self.seasons: list[float] = []
        self.days: list[float] = []
        for day in range(DAYS):
            noise = RHO * noise + chance.gauss(0, fresh)
            season = climate.season * math.sin(2 * math.pi * day / DAYS + phase)
            self.seasons.append(season)
            self.days.append(noise + season - tested)

    def chance(self, day: int) -> random.Random:
        """The day's own dice: the same for every attack, whatever the days before it asked for."""
        return random.Random(f"{self.seed}/{day}")
