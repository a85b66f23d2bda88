"""The course of a run: everybody comes to the link, the load, the rest is drained; what it cost."""

from __future__ import annotations

import asyncio
import os
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from karez_simulators.fleet import plan, processes

if TYPE_CHECKING:
    from karez_simulators.fleet.processes import Reading
    from karez_simulators.fleet.run import Fleet

PREPARE_S = 3_600  # 8.6 million records of backlogs take two processes some minutes
CONNECT_S = 1_800  # 6,954 handshakes, and a gateway that meets all of them for the first time
SETTLE_S = 5  # between the last connection and the beginning: the gateway has tended to who came
LEAD_S = 1.0  # every process of controllers hears of the beginning before it comes
LOOK_EVERY_S = 0.5
OUTAGE_AT = 0.25  # of the run


@dataclass
class Cost:
    """What one process took between two moments."""

    share: float = 0.0  # of one core
    rss_mb: float = 0.0  # at most, of what was looked at
    peak_mb: float = 0.0  # at most, since the process began

    def add(self, first: Reading, last: Reading, seconds: float) -> None:
        """Note a stretch of time that ends now."""
        self.share = (last.cpu_s - first.cpu_s) / seconds if seconds > 0 else 0.0
        self.rss_mb = max(self.rss_mb, last.rss_mb)
        self.peak_mb = last.peak_mb


@dataclass
class Phases:
    """Times in seconds; None where a run has no such phase."""

    fleet: Fleet
    connected_s: float = 0.0
    begin_utc_s: float = 0.0
    measured_s: float = 0.0
    drained_s: float = 0.0  # after the last record was made
    outage_s: float | None = None
    reconnected_s: float | None = None  # after the broker was back
    caught_up_s: float | None = None  # the same: nothing waits any more
    waiting_most: int = 0
    costs: dict[str, Cost] = field(default_factory=dict)
    _first: dict[str, Reading] = field(default_factory=dict)
    _began_s: float = 0.0
    _back_s: float | None = None

    async def go(self) -> None:
        """Play it. Raises FleetError and what else may happen."""
        fleet, players = self.fleet, self.fleet.players
        away = fleet.plan.draining
        await fleet.until(
            lambda: players.have_said("prepared"),
            PREPARE_S,
            "all records of backlogs are written",
            "preparing",
        )
        players.tell("connect")
        home = fleet.plan.sites - away

        def all_here() -> bool:
            now = players.sum("progress")
            return now.get("connected", 0) >= home and now["waiting"] == now["away"]

        self.connected_s = await fleet.until(
            all_here, CONNECT_S, "every controller is connected", "connecting"
        )
        await asyncio.sleep(SETTLE_S if fleet.plan.sites > SETTLE_S * 100 else 0)
        await self._load()
        self.drained_s = await fleet.until(
            lambda: not players.sum("progress")["making"] and not players.sum("progress")["waiting"],
            fleet.plan.patience_s, "everything is acknowledged", "draining",
        )  # fmt: skip
        if away:  # a backlog is the load: it is measured until it is gone
            self._measure()

    async def _load(self) -> None:
        """The minutes that are measured, with an outage in them if the shape has one."""
        fleet = self.fleet
        self.begin_utc_s = time.time() + LEAD_S
        fleet.players.tell(f"begin {self.begin_utc_s}")
        await asyncio.sleep(LEAD_S)
        self._began_s = time.monotonic()
        self._first = {name: processes.read(pid) for name, pid in self._pids().items()}
        outage_s = self._began_s + OUTAGE_AT * fleet.plan.seconds
        is_storm = fleet.plan.shape == plan.RECONNECT_STORM
        while (now_s := time.monotonic()) < self._began_s + fleet.plan.seconds:
            fleet.check()
            if is_storm and now_s >= outage_s:
                is_storm = False
                await self._cut()
            self._look()
            left_s = self._began_s + fleet.plan.seconds - now_s
            fleet.say(f"{fleet.plan.shape}, {max(left_s, 0):.0f} s left: {fleet.standing()}")
            await asyncio.sleep(min(LOOK_EVERY_S, max(left_s, 0)))
        self._measure()

    async def _cut(self) -> None:
        """Take the broker away for a while."""
        began_s = time.monotonic()
        await self.fleet.broker.stop()
        while time.monotonic() - began_s < self.fleet.plan.outage_s:
            self.fleet.check()
            self.fleet.say(f"the broker is away: {self.fleet.standing()}")
            await asyncio.sleep(LOOK_EVERY_S)
        await self.fleet.broker.start()
        self._back_s = time.monotonic()
        self.outage_s = self._back_s - began_s

    def _look(self) -> None:
        now = self.fleet.players.sum("progress")
        self.waiting_most = max(self.waiting_most, now.get("waiting", 0))
        for name, pid in self._pids().items():
            cost = self.costs.setdefault(name, Cost())
            cost.rss_mb = max(cost.rss_mb, processes.read(pid).rss_mb)
        if self._back_s is None:
            return
        passed_s = time.monotonic() - self._back_s
        if self.reconnected_s is None and now["connected"] == self.fleet.plan.sites:
            self.reconnected_s = passed_s
        if self.reconnected_s is not None and self.caught_up_s is None and not now["waiting"]:
            self.caught_up_s = passed_s

    def _measure(self) -> None:
        self.measured_s = time.monotonic() - self._began_s
        for name, pid in self._pids().items():
            first = self._first.get(name)
            last = processes.read(pid)
            if first is None or first.cpu_s > last.cpu_s:  # a broker that was started anew
                first = processes.Reading(0.0, 0.0, 0.0)
            self.costs.setdefault(name, Cost()).add(first, last, self.measured_s)

    def _pids(self) -> dict[str, int]:
        fleet = self.fleet
        found = {"gateway": fleet.gateway.pid, "broker": fleet.broker_pid or os.getpid()}
        for number, one in enumerate(fleet.players.all, 1):
            found[f"controllers {number}"] = one.pid
        return {name: pid for name, pid in found.items() if pid}
