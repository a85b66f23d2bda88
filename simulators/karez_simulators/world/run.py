"""One run: a county of some wells from one seed, its days in virtual time, and whether everything held."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from karez_simulators.world import gateway_host, households, native, quick_fields, sometimes, troubles
from karez_simulators.world.agenda import Agenda
from karez_simulators.world.box import Box
from karez_simulators.world.bureau import Bureau
from karez_simulators.world.chance import Chance
from karez_simulators.world.errands import Errands
from karez_simulators.world.farm import Farm
from karez_simulators.world.gateway_host import GatewayHost
from karez_simulators.world.machines import Machines
from karez_simulators.world.offices import Offices, upper_ml_per_wh
from karez_simulators.world.operator import Operator
from karez_simulators.world.people import HOUR_MS, MINUTE_MS, Farmer, Officer
from karez_simulators.world.plan import SMALL_HOURS, Plan
from karez_simulators.world.platform import Platform
from karez_simulators.world.put_right import last_look, put_right
from karez_simulators.world.radio import Radio
from karez_simulators.world.restoring import Restoring
from karez_simulators.world.site import Site
from karez_simulators.world.story import Event, Story
from karez_simulators.world.watch import Violation, Watch

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

BEGAN_UTC_S = 1_790_035_200  # 2026-09-22 00:00 UTC
EASE_MS = 4 * HOUR_MS  # at the end: everything is put right, and has so long
PLATFORMS = ("county", "province")


@dataclass
class Result:
    """What became of a run."""

    seed: int
    days: float
    wells: int
    story: Story
    violations: list[Violation]

    @property
    def met(self) -> set[str]:
        """Of sometimes.every, what happened."""
        return {sometimes.EVENTS[key] for key in self.story.met if key in sometimes.EVENTS} | (
            self.story.met & set(sometimes.every())
        )


class World:
    """A county in one process. Make it inside `play()`, then `run()` once.

    Built here, moved by others: people and troubles act on it (people.py, troubles.py, machines.py),
    `watch` looks on. Dice have names, so one who joins moves nobody else.
    """

    def __init__(
        self,
        plan: Plan,
        directory: Path,
        only: tuple[str, ...] = (),
        hear: Callable[[Event], None] | None = None,
    ) -> None:
        """Build everything that the plan says.

        `only`: names of the troubles that there are; none: all. `hear` is told of events as they happen.
        """
        self.plan = plan
        self.agenda = Agenda(BEGAN_UTC_S)
        self.chance = self.dice("world")
        self.story = Story(self.agenda, hear)
        self.watch = Watch(self)
        self.is_ending = False
        self.facts: dict[str, Any] = {}  # what the gateway's books say at the end
        self._bundles: dict[str, tuple[bytes, str]] = {}
        self.offices = Offices(plan.seed)
        self.operator = Operator(self.dice("operator"))
        names = [f"well-{number}" for number in range(1, plan.wells + 1)]
        self.host = self._gateway(names, directory)
        self.platforms = [
            Platform(name, self.agenda, self.dice(f"platform {name}"), self.host, plan.round_ms)
            for name in PLATFORMS
        ]
        self._by_controller: dict[str, Farm] = {}
        self.errands = Errands(self)
        self.farms = [self._farm(name, plan.use(at)) for at, name in enumerate(names)]
        self._people(troubles.named(only))

    @property
    def days(self) -> float:
        """How long it lives, before everything is put right."""
        return self.plan.days

    def dice(self, name: str) -> Chance:
        """Dice of this name in this run."""
        return Chance(self.plan.seed, name)

    # -- building -----------------------------------------------------------------------

    def _gateway(self, names: list[str], directory: Path) -> GatewayHost:
        stations = {name: f"code-{name}" for name in names}
        keys = self.offices.provisioner.public, self.offices.regulator.public
        platforms = dict.fromkeys(PLATFORMS, stations)
        return GatewayHost(self.agenda, directory, keys, platforms, self._down, self.plan.round_ms)

    def _farm(self, name: str, use: int) -> Farm:
        chance = self.dice(name)
        site = Site(name, self.agenda, chance)
        radio = Radio(self.agenda, self.dice(f"radio {name}"), self.host.receive)
        box = self.new_box(site, radio, 1)
        ceilings_l = households.ceilings_l(site, self.days)
        farm = Farm(site, box, radio, use, households.Households(ceilings_l))
        self.install(farm, None)
        self.agenda.after(chance.randrange(MINUTE_MS), lambda: self.power_on(farm))
        return farm

    def new_box(self, site: Site, radio: Radio, number: int) -> Box:
        """A box for a site, the first or a spare."""
        name = site.name if number == 1 else f"{site.name} {number}"
        return Box(site, self.agenda, self.dice(f"box {name}"), radio, self.plan.sectors)

    def install(self, farm: Farm, books: dict[str, tuple[int, int]] | None) -> None:
        """Bind a farm's box to its site, going on with these books, and connect it."""
        box, radio, site = farm.box, farm.radio, farm.site
        radio.name(box.name)
        radio.wake = box.wake
        box.on_record = farm.fresh.append
        box.after_turn = lambda: self.watch.after_turn(farm)
        box.on_cut = lambda: self._cut(farm)
        ratio = site.well.parameters.litres_per_kwh
        tested = ratio, upper_ml_per_wh(site.well.parameters)
        who, now_utc_s = (box.name, box.public), self.agenda.utc_s
        binding = self.offices.binding(site, who, farm.use, now_utc_s, tested, farm.bindings, books)
        box.provision(binding, self.plan.settings, farm.households.spelled())
        self._by_controller[box.name] = farm
        self.errands.bring("binding", binding, site.name, lambda _taken: None)

    def _people(self, table: tuple[troubles.Kind, ...]) -> None:
        self.restoring = Restoring()
        self.bureau = Bureau(self, self.dice("bureau"))
        self.officer = Officer(self, self.dice("officer"))
        for farm in self.farms:
            Farmer(self, farm, self.dice(f"farmer {farm.name}"))
            troubles.Mischief(self, farm, self.dice(f"mischief {farm.name}"), self.plan.mischief_ms, table)
        if self.plan.has_small_rings:
            self.agenda.after(HOUR_MS, lambda: troubles.network_gone(self, self.farms[0], SMALL_HOURS))
        self.watch.begin()
        self.machines = Machines(self, self.dice("machines"))

    def _down(self, topic: str, payload: bytes) -> None:
        name = topic.split("/")[2]
        farm = self._by_controller[name]
        if farm.box.name == name:  # a box that is gone hears nothing
            farm.radio.down(payload)

    # -- power and network of a well ----------------------------------------------------

    def power_on(self, farm: Farm) -> None:
        """The mains are back at a well."""
        if farm.box.is_on or farm.box.is_broken:
            return
        farm.site.set_mains(True)
        farm.booted_ms = self.agenda.now_ms
        farm.box.power_on()
        self.story.tell(farm.name, "power_on", boots=farm.box.boots)
        self.watch.take_records(farm)

    def power_off(self, farm: Farm) -> None:
        """The mains go."""
        farm.box.power_off()
        farm.site.set_mains(False)
        self.watch.take_records(farm)

    def _cut(self, farm: Farm) -> None:
        self.watch.take_records(farm)
        troubles.after_cut(self, farm)

    def radio_back(self, farm: Farm) -> None:
        """The network is back at a well."""
        farm.radio_back_ms = self.agenda.now_ms
        farm.radio.set_up(True)
        head = farm.box.app.journal.head if farm.box.app else None
        waiting = head["seq"] - head["acknowledged_seq"] if head else 0
        self.story.tell(farm.name, "radio_back", waiting=waiting)

    # -- running ------------------------------------------------------------------------

    def run(self) -> Result:
        """Live the days, put everything right, look once more."""
        plan, violations = self.plan, self.watch.violations
        self.agenda.run(plan.duration_ms)
        if not violations:
            put_right(self)
            self.agenda.run(plan.duration_ms + EASE_MS)
        if not violations:
            last_look(self)
        for farm in self.farms:
            self.story.note(farm.site.facts(), farm.history.volume_l)
        if self.host.healed:
            self.story.met.add("the gateway's log caught up after a kill")
        self.host.stop()
        return Result(plan.seed, plan.days, plan.wells, self.story, violations)

    def bundle_of(self, farm: Farm) -> tuple[bytes, str]:
        """The evidence of a well, exported once."""
        if farm.name not in self._bundles:
            self._bundles[farm.name] = self.host.county.bundle(farm.box.name)
        return self._bundles[farm.name]


def play(
    seed: int,
    days: float,
    wells: int,
    only: tuple[str, ...] = (),
    hear: Callable[[Event], None] | None = None,
) -> Result:
    """Run one seed and return what became of it. Raises NoGateway, KeyError for a trouble that is none."""
    with native.signer(), quick_fields.quickened(), gateway_host.folder() as place:
        return World(Plan(seed, days, wells), place, only, hear).run()
