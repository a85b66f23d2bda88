"""What further misfortune does on the desk: wires, antenna, clock and box. See hands.py."""

from __future__ import annotations

from karez_simulators.cable import DeskError
from karez_simulators.rude_network import FROZEN, OPEN
from karez_simulators.story import PATIENCE_S, Story

YEARS_2000_S = -26 * 365 * 86_400  # an RTC whose battery is dead begins in 2000


class Mishaps(Story):
    """More steps of `do = …`."""

    async def bridge(self) -> None:
        """Somebody bridges the contactor: the pump runs whatever the controller says."""
        self.fault_utc_s = self.desk.clock.utc()
        self.desk.site.set_bridged(True)

    async def unbridge(self) -> None:
        """The bridge is taken off."""
        self.desk.site.set_bridged(False)

    async def water_table(self, depth_mm: int) -> None:
        """The water table falls or rises to this depth, as over a season or by the neighbours' wells."""
        self.fault_utc_s = self.desk.clock.utc()
        try:
            self.desk.site.well.set_static_level_mm(depth_mm, self.desk.clock.now_ms())
        except ValueError as error:
            raise DeskError(str(error)) from None

    async def antenna_off(self) -> None:
        """The antenna is pulled: nothing that the controller says gets out, and nothing comes in."""
        self.seq_at_outage = len(self.desk.slots)
        self.desk.antenna.manner = FROZEN

    async def antenna_on(self) -> None:
        """The antenna is put on again; what stood is gone, and the controller connects anew."""
        self.desk.antenna.manner = OPEN
        self.desk.antenna.cut()

    async def data_plan(self, kilobytes: int) -> None:
        """The SIM's data plan has so many kilobytes left; then the network carries nothing more."""
        self.seq_at_outage = len(self.desk.slots)
        self.desk.antenna.left_bytes = kilobytes * 1000

    async def plan_used_up(self) -> None:
        """Wait until the plan has nothing left: the modem is in the network, and no byte passes."""
        antenna = self.desk.antenna
        if antenna.left_bytes is None:
            raise DeskError("this SIM has no data plan that could be used up")
        await self.desk.until(lambda: antenna.left_bytes == 0, PATIENCE_S, "the data plan is used up")

    async def plan_renewed(self) -> None:
        """Somebody pays: the operator lets the SIM into the network anew."""
        self.desk.antenna.left_bytes = None
        self.desk.antenna.cut()

    async def fit_breaker(self) -> None:
        """An electrician fits a breaker with a shunt release in front of the contactor."""
        self.desk.site.has_shunt_release = True

    async def clock_lost(self) -> None:
        """The controller's clock loses its time: from now on it says the year 2000."""
        self.desk.controller().set_clock_wrong(YEARS_2000_S)

    async def clock_found(self) -> None:
        """The controller's clock has the right time again."""
        self.desk.controller().set_clock_wrong(0)

    async def second_pump(self, watt_hours: int) -> None:
        """A pump without a meter takes so many watt-hours behind the same transformer."""
        self.unmetered_wh += watt_hours
