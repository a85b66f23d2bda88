"""What a fleet does: how many sites, how often they report, and under which load.

A plan is checked whole before anything starts; what cannot be played is a sentence that names the option.
"""

from __future__ import annotations

import shutil
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

STEADY = "steady"
SPRING_START = "spring-start"
RECONNECT_STORM = "reconnect-storm"
BACKLOG = "backlog"
SHAPES = (STEADY, SPRING_START, RECONNECT_STORM, BACKLOG)

AUTOMATIC = "auto"
BROKERS = (AUTOMATIC, "mosquitto", "in-process")

# Design §10: one machine holds a prefecture of 10,000 sites. Beyond it the site's number has no digit left.
SITES_MAX = 10_000
INTERVAL_S_MAX = 86_400  # design §8: 1 min to 24 h; shorter ones are for a desk in a hurry
MINUTES_MIN, MINUTES_MAX = 0.02, 24 * 60
DAYS_MAX = 60
WORKERS_MAX = 16
SITES_PER_WORKER = 3_500  # one process, one event loop: two of them leave none of two cores idle
RECORD_BYTES = 128  # kept by the simulated controllers, each record once


class PlanError(ValueError):
    """The plan cannot be played; the text says which option to change."""


@dataclass(frozen=True)
class Plan:
    """Times in seconds of the machine; nothing here runs faster than time."""

    sites: int = 6954
    interval_s: int = 60
    minutes: float = 10.0
    shape: str = STEADY
    broker: str = AUTOMATIC
    clock_spread_s: float = 1.0  # controllers' clocks are late by up to so much
    outage_s: int = 30  # of the broker, in a reconnect storm
    backlog_sites: int = 200
    backlog_days: float = 30.0
    uplink_kbps: int = 64  # of a site that drains a backlog, kbit/s of MQTT; 0 = as fast as it goes
    patience_s: int = 3600  # for what still waits when the minutes are over
    workers: int = 0  # 0 = by the number of sites
    seed: int = 1

    @property
    def seconds(self) -> float:
        """How long records are made."""
        return self.minutes * 60

    @property
    def processes(self) -> int:
        """How many processes play the controllers."""
        return self.workers or -(-self.sites // SITES_PER_WORKER)

    @property
    def backlog_records(self) -> int:
        """Interval records that each site of a backlog has kept, one a minute."""
        return int(self.backlog_days * 1440) if self.shape == BACKLOG else 0

    @property
    def draining(self) -> int:
        """How many sites come back with a backlog."""
        return min(self.backlog_sites, self.sites) if self.shape == BACKLOG else 0

    def document(self) -> dict[str, Any]:
        """Return the plan as JSON takes it."""
        return asdict(self)

    @classmethod
    def of(cls, document: dict[str, Any]) -> Plan:
        """Return the plan that `document` made."""
        return cls(**document)


# option, value of a plan, least, most, unit
_RANGES = (
    ("--sites", "sites", 1, SITES_MAX, ""),
    ("--interval", "interval_s", 1, INTERVAL_S_MAX, " s"),
    ("--minutes", "minutes", MINUTES_MIN, MINUTES_MAX, ""),
    ("--clock-spread", "clock_spread_s", 0, INTERVAL_S_MAX, " s"),
    ("--outage", "outage_s", 1, 3600, " s"),
    ("--backlog-sites", "backlog_sites", 1, SITES_MAX, ""),
    ("--backlog-days", "backlog_days", 0.01, DAYS_MAX, ""),
    ("--uplink", "uplink_kbps", 0, 1_000_000, " kbit/s"),
    ("--patience", "patience_s", 1, 86_400, " s"),
    ("--workers", "workers", 0, WORKERS_MAX, ""),
    ("--seed", "seed", 0, 2**63 - 1, ""),
)


def check(plan: Plan) -> Plan:
    """Return the plan. Raises PlanError naming the option that is out of range, and its range."""
    if plan.shape not in SHAPES:
        raise PlanError(f"--shape {plan.shape[:40]!r} is not known; known: {', '.join(SHAPES)}")
    if plan.broker not in BROKERS:
        raise PlanError(f"--broker {plan.broker[:40]!r} is not known; known: {', '.join(BROKERS)}")
    for option, name, least, most, unit in _RANGES:
        value = getattr(plan, name)
        if not least <= value <= most:  # a NaN is in no range
            raise PlanError(f"{option} {value} is outside {least:g} to {most}{unit}")
    if plan.clock_spread_s > plan.interval_s:
        raise PlanError(f"--clock-spread {plan.clock_spread_s:g} is longer than --interval {plan.interval_s}")
    if plan.shape == RECONNECT_STORM and plan.outage_s >= plan.seconds:
        raise PlanError(
            f"--outage {plan.outage_s} s does not fit into --minutes {plan.minutes:g}: make the run longer"
        )
    return plan


def check_machine(plan: Plan, files_max: int, folder: Path) -> None:
    """Raise PlanError where this machine has not the file descriptors, memory or disk that the plan needs."""
    each = -(-plan.sites // plan.processes)
    # The broker holds all connections in one process, a process of controllers its own.
    needed = max(plan.sites, each) + 100
    if files_max < needed:
        raise PlanError(
            f"{plan.sites} sites need {needed} open files in one process, this shell allows {files_max}: "
            f"run `ulimit -n {needed}` first, or take fewer --sites"
        )
    records = plan.draining * plan.backlog_records + plan.sites * (int(plan.seconds) // plan.interval_s + 8)
    disk = records * RECORD_BYTES * 6  # a row with its index, the log, and SQLite's write-ahead file
    free = shutil.disk_usage(folder).free
    if free < disk:
        raise PlanError(
            f"about {disk / 1e9:.1f} GB are needed in {folder}, {free / 1e9:.1f} GB are free: name another "
            f"folder with --keep or TMPDIR, or take fewer --sites, --minutes or --backlog-days"
        )
