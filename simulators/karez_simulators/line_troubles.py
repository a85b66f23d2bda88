"""What may be wrong with the line itself: noise, bursts, echo, a second master, lateness."""

from __future__ import annotations

from typing import TYPE_CHECKING

from karez_simulators.adapter_line import AdapterLine
from karez_simulators.line_noise import PER_MILLION
from karez_simulators.meter_choice import Unusable
from karez_simulators.second_master import SecondMaster

if TYPE_CHECKING:
    from karez_simulators.clock import Clock
    from karez_simulators.line import Line
    from karez_simulators.meter_choice import BenchMeter

BURST_MS = 40  # constructed: a contactor's bounce and arc last 10 to 50 ms
SECOND_MASTER_MS = 1000  # constructed: how often it asks
LATENCY_MS_MAX = 10_000
SECOND_MASTER = "second master"


class LineTroubles:
    """Troubles of one line by what a person calls them. Setters raise Unusable.

    `start_second_master` needs a running loop; `await stop()` ends it.
    """

    def __init__(self, line: Line | AdapterLine, clock: Clock, meters: list[BenchMeter]) -> None:
        self.has_bursts = False
        self.latency_ms: int | None = None
        self._line = line
        self._clock = clock
        self._meters = meters
        self._second: SecondMaster | None = None

    @property
    def noise_ppm(self) -> int:
        """Bytes spoilt per million, both ways."""
        return self._line.noise.ppm

    @noise_ppm.setter
    def noise_ppm(self, ppm: int) -> None:
        if not 0 <= ppm <= PER_MILLION:
            raise Unusable("noise", given=ppm, most=PER_MILLION)
        self._line.noise.ppm = ppm

    @property
    def has_echo(self) -> bool:
        """Whether the master hears itself. Only a pty can be made to."""
        return not isinstance(self._line, AdapterLine) and self._line.echo

    @has_echo.setter
    def has_echo(self, on: bool) -> None:
        if not isinstance(self._line, AdapterLine):
            self._line.echo = on
        elif on:
            raise Unusable("echo_adapter")

    @property
    def has_second_master(self) -> bool:
        """Whether somebody else asks the same meters."""
        return self._second is not None

    def set_latency(self, ms: int | None) -> None:
        """Every meter answers so much after the request's end; None: as its profile says."""
        if ms is not None and not 0 <= ms <= LATENCY_MS_MAX:
            raise Unusable("latency", given=ms, most=LATENCY_MS_MAX)
        self.latency_ms = ms
        for meter in self._meters:
            own_ms: int = meter.document["latency_ms"]
            self._line.set_latency(meter.key, (own_ms if ms is None else ms) * 1_000_000)

    def pump_switched(self) -> None:
        """The contactor moves now: with bursts on, what is on the wire is garbage for a moment."""
        if self.has_bursts:
            self._line.burst(BURST_MS)

    def start_second_master(self, settings: dict[str, tuple[int, str, int]]) -> None:
        """Somebody asks all meters in turn, each as its profile is read, and does not listen first."""
        if self._second is not None:
            return
        asked = [(frame, settings[meter.label][0]) for meter in self._meters for frame in meter.questions()]
        self._second = SecondMaster(
            self._line,
            self._clock,
            [frame for frame, _ in asked],
            SECOND_MASTER_MS,
            bauds=[baud for _, baud in asked],
            name=SECOND_MASTER,
        )
        self._second.start()

    def stop_second_master(self) -> None:
        """It asks no more."""
        second, self._second = self._second, None
        if second is not None:
            second.cancel()

    async def stop(self) -> None:
        """End whatever runs; harmless twice."""
        second, self._second = self._second, None
        if second is not None:
            await second.stop()
