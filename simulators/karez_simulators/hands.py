"""What people and misfortune do on the desk: the steps that act.

Each raises DeskError when there is nothing to act on, or when what must follow does not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from karez_protocols import causes, record
from karez_simulators.cable import DeskError
from karez_simulators.desk import CARD, SITE
from karez_simulators.offices import Regulator
from karez_simulators.physical_site import QUANTITIES
from karez_simulators.story import PATIENCE_S, Story

if TYPE_CHECKING:
    from collections.abc import Callable

    from karez_simulators.physical_site import PhysicalSite


class Hands(Story):
    """The steps of `do = …`, one method each; its docstring is what happens."""

    async def grant(self, litres: int) -> None:
        """The regulator gives a right of so many litres from here; the gateway carries it."""
        await self.desk.give_right(litres)

    async def forged_grant(self, litres: int) -> None:
        """Somebody without the regulator's key signs a generous grant; the gateway carries it."""
        right = self.desk.right(self.desk.volume_l + litres, self.desk.grant_seq + 10)
        await self._carry_in_vain(Regulator().grant(right))

    async def replayed_grant(self) -> None:
        """The very first grant is sent once more."""
        if not self.desk.grants:
            raise DeskError("no grant has been given that could be replayed")
        await self._carry_in_vain(self.desk.grants[0])

    async def _carry_in_vain(self, data: bytes) -> None:
        desk = self.desk
        before = desk.refusals()
        await desk.carry(data, unchecked=True)
        await desk.until(lambda: desk.refusals() > before, PATIENCE_S, "the controller refuses the grant")

    async def start(self) -> None:
        """A farmer touches the card and presses start; the contactor closes."""
        await self.start_by(CARD)

    async def start_by(self, card: bytes) -> None:
        """Somebody with this card does."""
        desk = self.desk
        before = len(desk.events(causes.START_REFUSED))

        def refused() -> list[dict[str, Any]]:
            return desk.events(causes.START_REFUSED)[before:]

        desk.press("start", card)
        await desk.until(
            lambda: desk.site.well.is_powered or bool(refused()),
            PATIENCE_S, "the contactor closes after a start",
        )  # fmt: skip
        if refused():
            raise DeskError(f"the controller refuses the start: {causes.name(refused()[0]['subject'])}")

    async def start_in_vain(self) -> None:
        """A farmer presses start and is refused."""
        desk = self.desk
        before = len(desk.events(causes.START_REFUSED))
        desk.press("start")
        await desk.until(
            lambda: len(desk.events(causes.START_REFUSED)) > before, PATIENCE_S, "the start is refused"
        )

    async def pump(self, seconds: int) -> None:
        """Let the pump run for so many simulated seconds, to the end of which it must run."""
        if not self.desk.site.well.is_powered:
            raise DeskError("the pump does not run")
        await self.desk.clock.sleep_ms(seconds * 1000)
        if not self.desk.site.well.is_powered:
            raise DeskError(f"the pump stopped meanwhile{self._why_stopped()}")

    def _why_stopped(self) -> str:
        stops = self.desk.records(record.STOP)
        return f": {causes.name(stops[-1]['cause'])}" if stops else ""

    async def wait(self, seconds: int) -> None:
        """Let so many simulated seconds pass."""
        await self.desk.clock.sleep_ms(seconds * 1000)

    async def stop(self) -> None:
        """The farmer presses stop; the controller writes the stop."""
        await self._stopped(lambda: self.desk.press("stop"))

    async def run_out(self) -> None:
        """Wait until the controller stops the pump by itself and has written the stop."""
        await self._stopped(lambda: None)

    async def _stopped(self, act: Callable[[], None]) -> None:
        desk = self.desk
        before = len(desk.records(record.STOP))
        act()
        await desk.until(lambda: len(desk.records(record.STOP)) > before, PATIENCE_S, "the stop is written")

    async def delivered(self) -> None:
        """Wait until the gateway has acknowledged every record."""
        desk = self.desk
        await desk.until(
            lambda: desk.waiting == 0 and self.newest_in_log() == len(desk.slots),
            PATIENCE_S, "every record is acknowledged by the gateway",
        )  # fmt: skip
        self.delivered_seq = self.newest_in_log()

    async def broker_away(self) -> None:
        """The broker goes away with all its connections."""
        self.seq_at_outage = len(self.desk.slots)
        await self.desk.broker.stop()

    async def broker_back(self) -> None:
        """The broker is back on the same port."""
        await self.desk.broker.start()

    async def platform_away(self, level: str) -> None:
        """A platform goes down with all its connections."""
        await self.desk.platforms.of(level).stop()

    async def platform_back(self, level: str) -> None:
        """The platform is back on the same port."""
        await self.desk.platforms.of(level).start()

    async def kill(self) -> None:
        """SIGKILL to the controller's process."""
        vm = self.desk.controller()
        self.seq_at_kill = len(self.desk.slots)
        vm.kill()
        await self.desk.until(
            lambda: not vm.is_running and not self.desk.site.well.is_powered,
            PATIENCE_S, "the contactor drops with its controller",
        )  # fmt: skip

    async def restart(self) -> None:
        """Start the controller (again) and wait until its books are known and its last irrigation closed."""
        desk = self.desk
        vm = desk.controller()
        await vm.stop()
        desk.forget_panel()
        await vm.start()
        await desk.until(lambda: desk.is_ready, PATIENCE_S, "the controller knows its books again")
        await desk.until(lambda: not desk.is_irrigating, PATIENCE_S, "the cut-off irrigation is closed")

    async def mains_cut(self) -> None:
        """The supply fails: pump, power meter, coil and controller lose it in the same moment."""
        desk = self.desk
        desk.site.set_mains(False)
        desk.site.set_contactor(False)
        await self.kill()

    async def mains_back(self) -> None:
        """The supply is back and the controller starts; wait as after a restart."""
        self.desk.site.set_mains(True)
        await self.restart()

    async def fault(self, meter: str = "", name: str = "", part: str = "") -> None:
        """Somebody or something spoils a meter or a part of the well, by name (docs/bench-meters.md)."""
        self.fault_utc_s = self.desk.clock.utc()
        self._spoil(name, meter, part, on=True)

    async def mend(self, meter: str = "", name: str = "", part: str = "") -> None:
        """The fault is taken back."""
        self._spoil(name, meter, part, on=False)

    def _spoil(self, name: str, meter: str, part: str, *, on: bool) -> None:
        if part:
            self.desk.site.part_fault(part, name, on)
        else:
            self._site_with(meter).fault(meter, name, on)

    async def reset(self) -> None:
        """A technician has seen to what was wrong, and resets the lock-out."""
        await self.desk.ask("reset")

    async def swap_meter(self, meter: str) -> None:
        """A technician puts on another meter and enters closing and opening reading."""
        await self.silent_swap(meter)
        await self.enter_swap()

    async def silent_swap(self, meter: str) -> None:
        """Somebody puts on another meter and says nothing."""
        site = self._site_with(meter)
        try:
            self.swap = site.swap_meter(meter)
        except ValueError as error:
            raise DeskError(str(error)) from None
        self.swapped, self.counted_at_swap = meter, site.counted(meter)

    async def enter_swap(self) -> None:
        """A technician enters the readings of the newest swap."""
        if self.swap is None:
            raise DeskError("no meter has been swapped that could be entered")
        one = self.swap
        readings = f"{one.old_serial} {one.closing} {one.new_serial} {one.opening}"
        await self.desk.ask(f"swap {QUANTITIES[self.swapped]} {readings}")

    def _site_with(self, meter: str) -> PhysicalSite:
        if meter not in self.desk.site.meters:
            raise DeskError(f"no {meter} meter hangs at this well")
        return self.desk.site

    async def export(self) -> None:
        """The gateway writes the site's evidence bundle; anyone verifies it offline."""
        await self.desk.gateway.verb("export", "--site", SITE, str(self.bundle))

    async def flip_a_bit(self) -> None:
        """One bit of the bundle changes, in the middle of its records."""
        if not self.bundle.exists():
            raise DeskError("no bundle has been exported that could be changed")
        data = bytearray(self.bundle.read_bytes())
        at = data.find(self.desk.slots[len(self.desk.slots) // 2])
        if at < 0:
            raise DeskError("the bundle does not hold the record in the middle of the controller's")
        self.flipped_at = at + 50  # in its volume
        data[self.flipped_at] ^= 1
        self.bundle.write_bytes(data)
