"""A box that was taken off the well, and what the gateway has of it for the spare in its place.

The spare file is read as the page docs/wire/spare.md says: it holds records, and whoever reads it takes the
figures from there.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from karez_protocols import binding, causes, event_details, grant, record
from karez_simulators.cable import Cable, DeskError
from karez_simulators.offices import MeterReading
from karez_simulators.physical_site import PhysicalSite
from karez_simulators.story import PATIENCE_S

if TYPE_CHECKING:
    from pathlib import Path

    from karez_simulators.controller_vm import ControllerVm
    from karez_simulators.desk import Desk

WHOLE_PPM = 1_000_000  # of a metered segment: its register says litres or Wh
OPENED = (causes.SEGMENT_OPENED, causes.SEGMENT_CONFIRMED)
METERS = {grant.WATER: "water", grant.ENERGY: "power"}


@dataclass(frozen=True)
class Known:
    """What the gateway has of a box: W, the bases of the one that follows, and the number of its binding."""

    volume_l: int
    bases: dict[str, tuple[int, int]]  # "water" and "power": (litres or Wh, the register that stood for it)
    seq: int

    @classmethod
    def read(cls, path: Path) -> Known:
        """Read a file of `karez gateway spare`. Raises DeskError for a well whose litres are converted."""
        file = json.loads(path.read_text(encoding="utf-8"))
        values, segments, _, _ = binding.open_signed(bytes.fromhex(file["binding"]))
        at = {one["quantity"]: one for one in segments}
        if at[grant.WATER]["multiplier_ppm"] != WHOLE_PPM:
            raise DeskError(
                "a box is swapped only where a water meter hangs: this well's litres are converted"
            )
        for one in file["segments"]:
            event = _decoded(one)
            if event["cause"] in OPENED:
                detail = event_details.decode(event["cause"], event["detail"])
                at[detail["quantity"]] = detail
        volume_l = int(_decoded(file["volume"])["volume_l"])
        said = {grant.WATER: volume_l}
        if file["energy"] is not None:
            said[grant.ENERGY] = int(_decoded(file["energy"])["energy_wh"])
        bases = {
            METERS[quantity]: (value, at[quantity]["register_base"] + value - at[quantity]["base"])
            for quantity, value in said.items()
        }
        return cls(volume_l, bases, int(values["seq"]))

    def reading(self, site: PhysicalSite, meter: str) -> MeterReading:
        """What the next binding says of a meter that hangs there still."""
        found = MeterReading.of(site, meter)
        if meter not in self.bases:
            return found
        base, register = self.bases[meter]
        return replace(found, base=base, register=register)


def _decoded(kept: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = record.decode(bytes.fromhex(kept["slot"]))
    return found


@dataclass
class OldBox:
    """One that stood at the well: what was heard of it, its process, and the site where it stands now."""

    heard: Cable
    vm: ControllerVm
    site: PhysicalSite | None = None

    @property
    def name(self) -> str:
        """The name that follows from its key."""
        return self.heard.identity.name if self.heard.identity else ""

    @property
    def away(self) -> PhysicalSite:
        """The well at which it was put up. Raises DeskError."""
        if self.site is None:
            raise DeskError("the old box was not put up anywhere: old_box_back does that")
        return self.site

    async def put_up_elsewhere(self, desk: Desk) -> None:
        """Start it at another well with meters of its own, with all that it has in its memory."""
        if not self.vm.folder.exists():
            raise DeskError("the old box is burnt: it comes back no more")
        if self.site is not None:
            raise DeskError("the old box is back already")
        site = PhysicalSite(desk.clock, desk.plan.well, meters=desk.plan.meters, seed=desk.plan.seed + 1)
        await desk.also(site)
        self.site = site
        self.vm = desk.box(self.vm.folder, site, self.heard.hear)
        self.heard.forget_panel()
        await self.vm.start()
        await desk.until(lambda: self.heard.is_ready, PATIENCE_S, "the old box shows its litres")
