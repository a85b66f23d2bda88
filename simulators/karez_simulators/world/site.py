"""One well with all that stands there: aquifer, pump, contactor, supply, two meters, and their truth."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from karez_protocols.profile import Profile
from karez_simulators.sdm630 import Sdm630
from karez_simulators.tuf2000m import Tuf2000m
from karez_simulators.well import Well, WellParameters
from karez_simulators.world.meter_place import MeterPlace

if TYPE_CHECKING:
    from karez_simulators.meters import Meter
    from karez_simulators.world.agenda import Agenda
    from karez_simulators.world.chance import Chance

WATER, ENERGY = "water", "energy"
PROFILES = {WATER: "tuf2000m", ENERGY: "sdm630"}
ADDRESSES = {WATER: 1, ENERGY: 2}
# Class 2 meters (GB/T 778: +-2 %) and class 1 power meters, as they come; a share of that.
WATER_ERROR_PPM, ENERGY_ERROR_PPM = 15_000, 5_000
CONTACTOR_MS = 60  # constructed: between the coil and its contacts


@cache
def profile_of(name: str) -> Profile:
    """The profile of a meter, as the firmware compiles it."""
    folder = resources.files("karez_protocols") / "profiles"
    return Profile(json.loads((folder / f"{name}.json").read_text(encoding="utf-8")))


def parameters(chance: Chance) -> WellParameters:
    """A well of the plain: 20 to 80 m3/h from 30 to 70 m (domain.md section 2)."""
    return WellParameters(
        rated_flow_lph=chance.randrange(20, 81) * 1000,
        static_level_mm=chance.randrange(30, 71) * 1000,
        rated_drawdown_mm=chance.randrange(4, 11) * 1000,
        efficiency_permille=chance.randrange(480, 620),
        recovery_ms=chance.randrange(20, 91) * 1000,
    )


class Site:
    """What is there whether a controller runs or not. `name` is the site's code."""

    def __init__(self, name: str, agenda: Agenda, chance: Chance) -> None:
        """Drill the well and hang the meters."""
        self.name = name
        self._agenda = agenda
        self.well = Well(parameters(chance), agenda.now_ms)
        self.has_mains = True
        self.is_welded = False  # the contactor does not open any more
        self.coil = False  # commanded
        self.aux = False
        self.silent: set[str] = set()
        self.place = {
            WATER: MeterPlace(self.well, 1_000_000 + chance.randint(-WATER_ERROR_PPM, WATER_ERROR_PPM)),
            ENERGY: MeterPlace(self.well, 1_000_000 + chance.randint(-ENERGY_ERROR_PPM, ENERGY_ERROR_PPM)),
        }
        # A meter looks at a well and asks no more of it than a MeterPlace has.
        self._water_meter = Tuf2000m(ADDRESSES[WATER], self.place[WATER])  # type: ignore[arg-type]
        self.meters: dict[str, Meter] = {
            WATER: self._water_meter,
            ENERGY: Sdm630(ADDRESSES[ENERGY], self.place[ENERGY]),  # type: ignore[arg-type]
        }
        self._last_l = self.shown_l()
        self._counted_l = 0  # by meters that were taken off, or set back
        self._fresh_ms: dict[str, int] = {}  # meter -> when its registers were written last

    # -- measured -----------------------------------------------------------------------

    def settle(self) -> None:
        """Bring the well up to now."""
        self.well.advance(self._agenda.now_ms)

    def refresh(self, name: str) -> None:
        """The meter's own beat: its registers are of now."""
        now_ms = self._agenda.now_ms
        if self._fresh_ms.get(name) != now_ms:
            self.settle()
            self.meters[name].refresh(self._agenda.utc_s)
            self._fresh_ms[name] = now_ms

    def changed(self) -> None:
        """Something is otherwise from this moment on: what the meters show of it is not what they showed."""
        self._fresh_ms.clear()

    def dial(self, name: str) -> int:
        """What a person reads off a meter, in whole litres or watt-hours."""
        self.refresh(name)
        profile, meter = profile_of(PROFILES[name]), self.meters[name]
        replies = [
            b"".join(word.to_bytes(2, "big") for word in meter.read(profile.function, start, count))
            for start, count in profile.requests
        ]
        return int(profile.decode(replies)[profile.total])

    def shown_l(self) -> int:
        """The water meter's total in litres."""
        return self._water_meter.water.positive_ul // 1_000_000

    @property
    def metered_l(self) -> int:
        """Litres that water meters of this well have counted since it began, whatever became of them.

        What they count, not what their registers tell: nobody reads those for it.
        """
        self.settle()
        self._water_meter.water.count()
        return self._counted_l + self.shown_l() - self._last_l

    @property
    def is_flowing(self) -> bool:
        """Whether registers move, or may: the motor is fed, or water still comes."""
        return bool(self.well.is_powered or self.well.pipe_flow_lph)

    @property
    def lifted_l(self) -> int:
        """The truth: litres lifted since it began."""
        self.settle()
        return self.well.volume_l

    def jump(self, name: str, what: str) -> tuple[int, int]:
        """Reset, rollover or swap of a meter, now; return (last reading, first reading)."""
        before = self.dial(name)
        if name == WATER:
            self._counted_l = self.metered_l
        self.fault(name, what)
        after = self.dial(name)
        if name == WATER:
            self._last_l = self.shown_l()
        return before, after

    def fault(self, name: str, what: str, on: bool = True) -> None:
        """Spoil a meter, or mend it."""
        self.meters[name].fault(what, on)
        self.changed()

    # -- switched -----------------------------------------------------------------------

    def switch(self, on: bool) -> None:
        """The contacts follow the coil; with no mains there is no coil."""
        self.coil = on and self.has_mains
        self._contacts()

    def set_mains(self, there: bool) -> None:
        """The supply comes or goes."""
        self.settle()
        self.has_mains = there
        if not there:
            self.coil = False
        self.well.set_mains(there, self._agenda.now_ms)
        self._contacts()

    def weld(self, is_welded: bool) -> None:
        """The contacts weld together, or somebody replaces them."""
        self.is_welded = is_welded and self.aux
        self._contacts()

    def bridge(self, is_bridged: bool) -> None:
        """Somebody feeds the motor past the contactor."""
        self.well.set_bridged(is_bridged, self._agenda.now_ms)
        self.changed()

    def _contacts(self) -> None:
        self.aux = self.coil or self.is_welded
        self.well.set_contactor(self.aux, self._agenda.now_ms)
        self.changed()

    def facts(self) -> dict[str, Any]:
        """The truth, for the story's digest."""
        return {"site": self.name, "lifted_l": self.lifted_l, "metered_l": self.metered_l}
