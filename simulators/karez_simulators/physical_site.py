"""One site as the controller's cables see it: a well, its water and power meter, one RS-485 pair."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Self

from karez_simulators.line import Line
from karez_simulators.line_station import LATENCY_NS
from karez_simulators.meter_faults import WIRE
from karez_simulators.modbus_server import MeterServer
from karez_simulators.sdm630 import Sdm630
from karez_simulators.tuf2000m import Tuf2000m
from karez_simulators.well import Well

if TYPE_CHECKING:
    from karez_simulators.clock import Clock
    from karez_simulators.meters import Meter
    from karez_simulators.well import WellParameters

WATER_ADDRESS = 1
POWER_ADDRESS = 2


class PhysicalSite:
    """Well, meters and line on one clock; an asynchronous context manager.

    Everything the controller may touch is `port_path` (its serial port), the
    contactor (`set_contactor`) and its feedback (`well.is_powered`). The rest
    (`fault`, `set_mains`, `well`, `line`) belongs to the scenario. Setters act at
    the clock's present instant. `switching_noise_ms` may be set at any time: how long
    the pair is disturbed whenever the contactor switches.
    """

    def __init__(
        self,
        clock: Clock,
        parameters: WellParameters | None = None,
        *,
        baud: int = 9600,
        latency_ns: int = LATENCY_NS,
        seed: int = 0,
    ) -> None:
        self.clock = clock
        self.well = Well(parameters, clock.now_ms())
        self.line = Line(clock, baud=baud, seed=seed)
        self.water = Tuf2000m(WATER_ADDRESS, self.well)
        self.power = Sdm630(POWER_ADDRESS, self.well)
        self.meters: dict[str, Meter] = {"water": self.water, "power": self.power}
        self._silenced: set[str] = set()
        self.switching_noise_ms = 0
        self._servers = [MeterServer(meter) for meter in self.meters.values()]
        for server in self._servers:
            self.line.attach(server.meter.address, server, latency_ns=latency_ns)
        self._refreshing: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Open the port and serve the meters. Raises OSError if no pty is left."""
        self.line.open()
        for server in self._servers:
            server.start()
        self.settle()
        for meter in self.meters.values():
            meter.refresh(self.clock.utc())
            self._refreshing.append(asyncio.create_task(self._refresh(meter)))

    async def stop(self) -> None:
        """Close everything; raises what went wrong in a meter meanwhile. Harmless twice."""
        tasks, self._refreshing = self._refreshing, []
        for task in tasks:
            task.cancel()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        for server in self._servers:
            await server.stop()
        self.line.close()
        for outcome in outcomes:
            if isinstance(outcome, Exception):
                raise outcome

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_exc: object) -> None:
        await self.stop()

    @property
    def port_path(self) -> str:
        """Path of the controller's RS-485 port. Raises RuntimeError before `start`."""
        return self.line.port_path

    def settle(self) -> Well:
        """Bring the well up to now and return it: call before reading exact litres."""
        self.well.advance(self.clock.now_ms())
        return self.well

    def set_contactor(self, closed: bool) -> None:
        """The contactor's main contacts close or open now."""
        if closed != self.well.contactor and self.switching_noise_ms:
            self.line.burst(self.switching_noise_ms)
        self.well.set_contactor(closed, self.clock.now_ms())

    def set_bridged(self, bridged: bool) -> None:
        """Somebody bridges the contactor, or it welds."""
        self.well.set_bridged(bridged, self.clock.now_ms())

    def set_mains(self, present: bool) -> None:
        """The supply comes or goes. The power meter lives on it; the water meter on the box's battery."""
        self.well.set_mains(present, self.clock.now_ms())
        self._silence("power")

    def fault(self, meter: str, name: str, on: bool = True) -> None:
        """Switch a fault of "water" or "power" on or off: of the wire (`meter_faults.WIRE`), or of the meter.

        Registers show it from the meter's next refresh. Raises KeyError for unknown names.
        """
        known = self.meters[meter]
        if name not in WIRE:
            self.settle()
            known.fault(name, on)
        elif name == "noisy":
            self.line.set_noisy(known.address, on)
        elif name == "slow":
            self.line.set_slow(known.address, on)
        else:
            (self._silenced.add if on else self._silenced.discard)(meter)
            self._silence(meter)

    def _silence(self, meter: str) -> None:
        unpowered = meter == "power" and not self.well.mains
        self.line.set_silent(self.meters[meter].address, unpowered or meter in self._silenced)

    async def _refresh(self, meter: Meter) -> None:
        """Rewrite the registers on the meter's own beat, as a meter does, polled or not."""
        while True:
            beat_ms = self.clock.now_ms() // meter.refresh_ms + 1
            await self.clock.sleep_until_ms(beat_ms * meter.refresh_ms)
            self.settle()
            meter.refresh(self.clock.utc())
