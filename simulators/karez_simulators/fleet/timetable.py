"""When each controller does what: comes to the link, ends an interval, starts its pump.

Intervals end on the clock (`core/schedule.py` of the firmware), so a county whose clocks are right reports
all at once. Clocks are late by up to the plan's spread, each by its own. All times here are seconds.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

from karez_simulators.fleet import plan as plans

if TYPE_CHECKING:
    from karez_simulators.fleet.plan import Plan

HOUR_S = 3_600


@dataclass(frozen=True)
class Timetable:
    """One controller's."""

    late_s: float  # its clock, so everything that it does
    checkpoint_phase_s: int
    start_s: float | None  # when its pump starts, from the beginning of the run; None: it runs from the first
    backlog_minutes: int
    irrigation_phase: int  # minutes

    def next_interval_s(self, after_utc_s: float, interval_s: int) -> float:
        """Return when its next interval ends, later than `after_utc_s`."""
        number = int((after_utc_s - self.late_s) // interval_s) + 1
        return number * interval_s + self.late_s


def of(plan: Plan, number: int) -> Timetable:
    """Return the timetable of a controller: the same for the same seed."""
    own = random.Random(f"karez fleet {plan.seed} {number} times")
    late_s = own.random() * plan.clock_spread_s
    phase_s = own.randrange(HOUR_S)
    starts = plan.shape == plans.SPRING_START
    start_s = own.random() * min(plan.seconds, HOUR_S) if starts else None
    backlog = plan.backlog_records if is_draining(plan, number) else 0
    return Timetable(late_s, phase_s, start_s, backlog, own.randrange(1440))


def is_draining(plan: Plan, number: int) -> bool:
    """True for the sites that come back with a backlog, spread evenly over all numbers."""
    return number * plan.draining // plan.sites != (number + 1) * plan.draining // plan.sites
