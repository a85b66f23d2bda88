"""A fleet's run from end to end: papers, broker, gateway, controllers, load, and what came of it.

Everything is a process of its own, as in a county: the broker (mosquitto where it is installed), `karez
gateway run`, and the controllers. Nothing is left running, whatever happens.
"""

from __future__ import annotations

import asyncio
import resource
import time
from typing import TYPE_CHECKING, Any

from karez_simulators import bench_gateway, mosquitto
from karez_simulators.bench_gateway import ComesUp
from karez_simulators.broker import LinkBroker
from karez_simulators.fleet import audit, plan, report, roster
from karez_simulators.fleet.phases import Phases
from karez_simulators.fleet.players import PlayerFailed, Players
from karez_simulators.fleet.processes import Unmeasured
from karez_simulators.gateway_process import GatewayError, GatewayProcess
from karez_simulators.log_reader import Unreadable
from karez_simulators.mosquitto import Mosquitto, MosquittoFailed, MosquittoMissing
from karez_simulators.offices import Office
from karez_simulators.pki import LinkAuthority

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from karez_simulators.fleet.plan import Plan
    from karez_simulators.fleet.roster import Member

TLS_NAME = "broker.karez.test"
ORIGIN = "karez.test/fleet"
CONNECT_S = 300  # 6,954 handshakes of two processes take about a minute of two processors
CATCH_UP_S = 600
COUNTY_VERB_S = 600  # enrolling 5,000 controllers or telling of 6,954 takes some seconds of a free processor
LOOK_EVERY_S = 0.5

EXPECTED = (
    GatewayError, MosquittoFailed, MosquittoMissing, PlayerFailed, Unmeasured, Unreadable, OSError,
)  # fmt: skip


class FleetError(RuntimeError):
    """The run could not go on; the text says what happened and what to do."""


class Fleet(ComesUp):
    """What runs while a fleet is played, as an asynchronous context manager."""

    def __init__(self, plan: Plan, folder: Path, say: Callable[[str], None]) -> None:
        """Everything is written into `folder`; `say(text)` shows how it goes."""
        super().__init__()
        self.plan = plan
        self.folder = folder
        self.say = say
        self.authority = LinkAuthority()
        self.bench, self.regulator = Office(), Office()
        self.broker = self._broker()
        self.gateway = GatewayProcess(folder / "gateway")
        self.players = Players(folder)
        self.members: list[Member] = []

    def _broker(self) -> LinkBroker | Mosquitto:
        wanted = self.plan.broker
        is_real = wanted == "mosquitto" or (wanted == plan.AUTOMATIC and mosquitto.find() is not None)
        return (Mosquitto if is_real else LinkBroker)(self.authority, TLS_NAME)

    @property
    def broker_name(self) -> str:
        """Which broker it is."""
        return "mosquitto" if isinstance(self.broker, Mosquitto) else "in-process"

    @property
    def broker_pid(self) -> int:
        """Its process, 0 if it is this one."""
        return self.broker.pid or 0 if isinstance(self.broker, Mosquitto) else 0

    async def _come_up(self) -> None:
        """Bring everything up, all sites enrolled, no controller on the link yet."""
        await self._stack.enter_async_context(self.broker)
        self._stack.push_async_callback(self.gateway.stop)
        self._stack.push_async_callback(self.players.stop)
        # In a thread: a signal that comes meanwhile is heard.
        self.members = await asyncio.to_thread(self._enlist)
        link = self.authority, self.broker, TLS_NAME
        await bench_gateway.found(self.gateway, self.folder, link, (self.bench, self.regulator), ORIGIN)
        for number, table in enumerate(roster.write_tables(self.folder, self.members), 1):
            self.say(f"enrolling at the gateway, table {number}")
            await self.gateway.verb("import", str(table), within_s=COUNTY_VERB_S)
        await self.gateway.start()
        broker = {"address": [self.broker.host, self.broker.port], "tls_name": TLS_NAME}
        broker |= {"authority": self.authority.certificate_der.hex()}
        await self.players.start(self.plan, self.members, broker)

    def _enlist(self) -> list[Member]:
        papers = self.folder / "controllers"
        papers.mkdir()
        utc_s = int(time.time() - (self.plan.backlog_days + 1) * 86_400)

        def tell(count: int) -> None:
            self.say(f"keys, bindings and certificates: {count} of {self.plan.sites}")

        offices = (self.bench, self.regulator)
        return roster.enlist(papers, self.plan.sites, self.plan.seed, offices, self.authority, utc_s, tell)

    # -- while it plays -------------------------------------------------------------------

    def check(self) -> None:
        """Raise FleetError if broker, gateway or a process of controllers has ended by itself."""
        broker = self.broker.obituary if isinstance(self.broker, Mosquitto) else ""
        if said := broker or self.gateway.obituary:
            raise FleetError(f"the run is broken off: {said}")
        self.players.check()

    async def until(self, is_so: Callable[[], bool], seconds: float, what: str, say: str = "") -> float:
        """Wait until something holds; return how long it took. Raises FleetError after `seconds`."""
        began_s = time.monotonic()
        while not is_so():
            self.check()
            passed_s = time.monotonic() - began_s
            if passed_s > seconds:
                raise FleetError(f"not within {seconds:g} s: {what}; {self.standing()}")
            if say:
                self.say(f"{say}: {self.standing()}")
            await asyncio.sleep(LOOK_EVERY_S)
        return time.monotonic() - began_s

    def standing(self) -> str:
        """How the fleet stands, in words."""
        now = self.players.sum("progress")
        if not now:
            made = self.players.sum("preparing").get("made", 0)
            return f"{made:,} records of backlogs written"
        return (
            f"{now['connected']:,} of {self.plan.sites:,} connected, {now['made']:,} records made, "
            f"{now['acknowledged']:,} acknowledged, {now['waiting']:,} wait"
        )

    async def results(self) -> list[dict[str, Any]]:
        """End the controllers; return what they counted."""
        self.players.tell("end")
        await self.until(lambda: self.players.have_said("result"), CONNECT_S, "the controllers count up")
        return self.players.results()

    async def audited(self, boxes: list[dict[str, Any]]) -> audit.Audit:
        """Wait until the gateway has judged and booked everything, then hold it against the controllers."""
        deadline_s = time.monotonic() + CATCH_UP_S
        while True:
            self.check()
            self.say("the gateway verifies and books what came")
            status = await self.gateway.status(COUNTY_VERB_S)
            if audit.is_caught_up(status, boxes) or time.monotonic() > deadline_s:
                break
        self.say("the gateway's log is held against what the controllers wrote")
        found = await asyncio.to_thread(audit.of_log, self.gateway.data / "log", boxes)
        audit.of_status(found, status, boxes)
        return found


async def play(plan: Plan, folder: Path, say: Callable[[str], None]) -> dict[str, Any]:
    """Play a fleet; return the report (`report.of`). Raises FleetError, or one of EXPECTED."""
    async with Fleet(plan, folder, say) as fleet:
        phases = Phases(fleet)
        await phases.go()
        results = await fleet.results()
        boxes = [box for one in results for box in one["boxes"]]
        return report.of(plan, fleet.broker_name, phases, results, await fleet.audited(boxes))


def files_max() -> int:
    """Open files that a process of ours may have; children inherit it, raised as far as it goes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return 1 << 30 if hard == resource.RLIM_INFINITY else hard
