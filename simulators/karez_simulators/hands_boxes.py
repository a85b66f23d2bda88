"""What happens to whole boxes on the desk: burnt, swapped for a spare, put up elsewhere. See hands.py."""

from __future__ import annotations

from typing import TYPE_CHECKING

from karez_protocols import record
from karez_simulators import provisioning
from karez_simulators.boxes import Known, OldBox
from karez_simulators.cable import DeskError
from karez_simulators.desk import CARD, SET_UP_SPEED
from karez_simulators.hands import Hands
from karez_simulators.story import PATIENCE_S

if TYPE_CHECKING:
    from pathlib import Path


class Boxes(Hands):
    """More steps of `do = …`."""

    async def lightning(self) -> None:
        """Lightning strikes the box: it is dead at once, and all that was in its memory is gone."""
        await self.kill()
        vm = self.desk.controller()
        await vm.stop()
        vm.folder.rename(vm.folder.with_name(f"{vm.folder.name}-burnt"))

    async def swap_box(self) -> None:
        """A technician puts a spare in the box's place, bound to the site by what the gateway has of it."""
        desk = self.desk
        known = Known.read(await self._spare_file())
        gone = desk.controller()
        await gone.stop()
        self.old = OldBox(desk.takes_over(), gone)
        desk.put_up(f"controller-{known.seq + 1}")
        speed, desk.clock.speed = desk.clock.speed, SET_UP_SPEED
        identity = await desk.shown_keys()
        water, energy = (known.reading(desk.site, meter) for meter in ("water", "power"))
        binding = provisioning.binding(
            desk.bench, desk.regulator, identity, desk.site_code, desk.site, desk.clock.utc(),
            water, energy, known.seq + 1,
        )  # fmt: skip
        await desk.bind(identity, binding)
        if desk.grant_seq:
            await desk.until(
                lambda: bool(desk.records(record.GRANT)), PATIENCE_S, "the gateway hands the spare the grant"
            )
        desk.clock.speed = speed
        self.taken_over_l = known.volume_l
        self.seq_at_act = self.seq_at_kill = self.seq_at_outage = self.delivered_seq = 0

    async def _spare_file(self) -> Path:
        """What the gateway has of the box, once it has verified all that it has."""
        desk = self.desk
        path = desk.folder / "site.spare"
        words = (desk.site_code, "--out", str(path), "--force")
        logged = [record.decode(one) for one in self.logged() if record.is_measuring(one[1])]
        said = [one["volume_l"] for one in logged if one["volume_l"] is not None]
        if not said:
            raise DeskError("the gateway has nothing yet that says the litres of this box")
        deadline_ns = desk.clock.ran_ns() + PATIENCE_S * 1_000_000_000
        while desk.clock.ran_ns() < deadline_ns:
            spoken = await desk.gateway.verb("spare", *words, may_fail=True)
            if spoken.code == 0 and Known.read(path).volume_l >= max(said):
                return path
        raise DeskError("the gateway's spare file does not say what its log holds")

    async def old_box_back(self) -> None:
        """Somebody puts the old box up at another well; nobody has bound it anew: it says the old site."""
        await self._old().put_up_elsewhere(self.desk)

    async def old_box_pumps(self, seconds: int) -> None:
        """There its pump runs for so many seconds by the right that the box still has, and is stopped."""
        old, desk = self._old(), self.desk
        site = old.away
        old.vm.press("start", CARD)
        await desk.until(lambda: site.well.is_powered, PATIENCE_S, "the old box closes its contactor")
        await desk.clock.sleep_ms(seconds * 1000)
        stops = len(old.heard.records(record.STOP))
        old.vm.press("stop", CARD)
        await desk.until(
            lambda: len(old.heard.records(record.STOP)) > stops, PATIENCE_S, "the old box writes its stop"
        )

    def _old(self) -> OldBox:
        if self.old is None:
            raise DeskError("no box has been swapped yet")
        return self.old
