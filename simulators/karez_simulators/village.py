"""Many wells with real controllers, each with its own line and meters, at one broker and one gateway.

    async with Village(folder, Plan(), wells=20) as village:
        await village.provision(tell)
        figures = await village.pump(seconds=60)

Everything is as on a desk, but no platform hangs above: what is measured is the controllers' lateness,
and that not a litre is lost while the machine is this busy.
"""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Any, Self

from karez_protocols import record
from karez_simulators.desk import Desk
from karez_simulators.physical_site import PhysicalSite

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import TracebackType

    from karez_simulators.desk import Plan

RIGHT_L = 1_000_000_000
PATIENCE_S = 60


class FirstDesk(Desk):
    """The desk that has the broker and the gateway; nothing hangs above it."""

    def destinations(self) -> str:
        """No platform."""
        return ""


class NextDesk(Desk):
    """A further well at the first desk's broker, gateway and offices, on the same clock."""

    def __init__(self, first: Desk, folder: Path, number: int) -> None:
        super().__init__(folder, first.plan)
        self.clock, self.authority, self.bench = first.clock, first.authority, first.bench
        self.regulator, self.broker, self.gateway = first.regulator, first.broker, first.gateway
        self.site_code = f"{first.site_code[:-4]}{number:04d}"
        self.site = PhysicalSite(first.clock, first.plan.well, meters=first.plan.meters, seed=number)
        self._first = first

    async def _come_up(self) -> None:
        self.antenna.target = self.broker.port
        await self._stack.enter_async_context(self.antenna)
        await self._stack.enter_async_context(self.site)
        self.image = self._first.image
        self.put_up("controller")

    async def _start_gateway(self) -> None:
        """It runs already."""


class Village:
    """So many desks, as an asynchronous context manager. Raises what a Desk raises."""

    def __init__(self, folder: Path, plan: Plan, wells: int) -> None:
        self._folder, self._wells = folder, wells
        self._plan = plan
        self.desks: list[Desk] = []
        self._stack = contextlib.AsyncExitStack()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    async def provision(self, tell: Callable[[int], None]) -> None:
        """Put up well after well; `tell` hears how many stand."""
        for number in range(1, self._wells + 1):
            place = self._folder / f"well-{number:04d}"
            place.mkdir(parents=True)
            desk = NextDesk(self.desks[0], place, number) if self.desks else FirstDesk(place, self._plan)
            await self._stack.enter_async_context(desk)
            await desk.provision()
            self.desks.append(desk)
            tell(number)

    async def pump(self, seconds: int) -> dict[str, Any]:
        """Let all of them pump for so many simulated seconds at speed 1; return the figures."""
        clock = self.desks[0].clock
        clock.speed = 1
        for desk in self.desks:
            await desk.give_right(RIGHT_L)
        for desk in self.desks:
            desk.press("start")
        for desk in self.desks:
            await desk.until(lambda d=desk: d.site.well.is_powered, PATIENCE_S, "the contactor closes")  # type: ignore[misc]
        for desk in self.desks:
            desk.late_ms.clear()
        began_real_s, began_ms = time.monotonic(), clock.now_ms()
        processor_s = time.process_time()
        await clock.sleep_ms(seconds * 1000)
        real_s, passed_s = time.monotonic() - began_real_s, (clock.now_ms() - began_ms) / 1000
        processor_s = time.process_time() - processor_s
        late_ms = sorted(one for desk in self.desks for one in desk.late_ms)
        for desk in self.desks:
            desk.press("stop")
        for desk in self.desks:
            await desk.until(
                lambda d=desk: bool(d.records(record.STOP)), PATIENCE_S, "the stop is written"  # type: ignore[misc]
            )  # fmt: skip
        return {
            "wells": len(self.desks),
            "simulated_s": round(passed_s, 1),
            "real_s": round(real_s, 1),
            "bench_processor_s": round(processor_s, 1),
            "late_ms_p50": _share(late_ms, 50),
            "late_ms_p99": _share(late_ms, 99),
            "late_ms_max": late_ms[-1] if late_ms else None,
            "beats": len(late_ms),
            "litres": sum(desk.volume_l for desk in self.desks),
            "litres_off": sum(abs(desk.volume_l - desk.metered_l) for desk in self.desks),
        }


def _share(values: list[int], percent: int) -> int | None:
    """The value that so many percent of them do not pass; None of none."""
    return values[(len(values) - 1) * percent // 100] if values else None
