"""What goes wrong at a well, by nature or by hand: a table of names, and how likely each is among them.

Each begins, stands for a while and ends. `farm.begin` and `farm.end` tell the invariants what is so;
the controller is told nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from karez_firmware.ports import fake_memory
from karez_simulators.world import attacks, memories, restoring, spare
from karez_simulators.world.people import HOUR_MS, MINUTE_MS
from karez_simulators.world.site import ENERGY, WATER

if TYPE_CHECKING:
    from karez_simulators.world.chance import Chance
    from karez_simulators.world.farm import Farm
    from karez_simulators.world.run import World

WRITES_AHEAD = 40
TRY_MS, TRIES_MAX = 2 * MINUTE_MS, 120  # what needs a pump that runs waits for one so long
Trouble = Callable[["World", "Farm", "Chance"], None]


def grid_cut(world: World, farm: Farm, chance: Chance) -> None:
    """The supply goes for seconds to hours; the contactor drops, the controller dies, the meter lives."""
    minutes = chance.choice((1, 1, 2, 5, 20, 90, 400))
    farm.begin("grid")
    world.story.tell(farm.name, "grid_out", minutes=minutes)
    world.power_off(farm)
    world.agenda.after(minutes * MINUTE_MS, lambda: _grid_back(world, farm))


def _grid_back(world: World, farm: Farm) -> None:
    farm.end("grid", world.agenda.now_ms)
    if not farm.stands("grid", "write_cut"):
        world.story.tell(farm.name, "grid_back")
        world.power_on(farm)


def cut_in_a_write(_: World, farm: Farm, chance: Chance) -> None:
    """The supply goes while a memory is being written: torn bytes, unstable bits."""
    if not farm.box.is_on:
        return
    number, mode = chance.randrange(1, WRITES_AHEAD), chance.choice(fake_memory.MODES)
    farm.box.cut_at_write(number, mode, chance.randrange(100))


def after_cut(world: World, farm: Farm) -> None:
    """Such a cut has happened."""
    farm.begin("write_cut")
    world.story.tell(farm.name, "cut_in_write")
    farm.site.set_mains(False)
    seconds = world.chance.choice((2, 5, 20, 120))
    world.agenda.after(seconds * 1000, lambda: _after_cut(world, farm))


def _after_cut(world: World, farm: Farm) -> None:
    farm.end("write_cut", world.agenda.now_ms)
    if world.is_ending or not farm.stands("grid", "write_cut"):
        world.power_on(farm)


def radio_out(world: World, farm: Farm, chance: Chance) -> None:
    """No network for hours, or days where the run is long."""
    network_gone(world, farm, chance.choice((1, 1, 3, 8, 8 * max(1, min(int(world.days), 9)))))


def network_gone(world: World, farm: Farm, hours: int) -> None:
    """No network for so many hours from now."""
    world.story.tell(farm.name, "radio_out", hours=hours)
    farm.begin("radio")
    farm.radio.set_up(False)

    def back() -> None:
        farm.end("radio", world.agenda.now_ms)
        if not farm.stands("radio"):
            world.radio_back(farm)

    world.agenda.after(hours * HOUR_MS, back)


def radio_bad(world: World, farm: Farm, chance: Chance) -> None:
    """A weak cell: frames lost, frames twice."""
    farm.radio.lost_permille, farm.radio.doubled_permille = chance.randrange(50, 600), chance.randrange(300)
    world.story.tell(
        farm.name, "radio_bad", lost=farm.radio.lost_permille, doubled=farm.radio.doubled_permille
    )

    def good() -> None:
        farm.radio.lost_permille = farm.radio.doubled_permille = 0
        farm.radio_back_ms = world.agenda.now_ms
        world.story.tell(farm.name, "radio_good")

    world.agenda.after(chance.randrange(1, 30) * HOUR_MS, good)


def meter_silent(world: World, farm: Farm, chance: Chance) -> None:
    """A cable is off: the meter counts on and nobody hears it."""
    name, minutes = chance.choice((WATER, ENERGY)), chance.choice((1, 3, 15, 60))
    farm.begin("meter_silent")
    farm.site.silent.add(name)
    world.story.tell(farm.name, "meter_silent", meter=name, minutes=minutes)

    def back() -> None:
        farm.end("meter_silent", world.agenda.now_ms)
        farm.site.silent.discard(name)
        world.story.tell(farm.name, "meter_back", meter=name)

    world.agenda.after(minutes * MINUTE_MS, back)


def meter_wild(world: World, farm: Farm, chance: Chance) -> None:
    """One or two answers with a right checksum and a wrong total: too little, or far too much."""
    if not farm.box.is_on:
        return
    litres, times = chance.choice((1_000, 65_536_000, 300_000, 7_000)), chance.choice((1, 1, 2))
    farm.begin("meter_wild")
    world.story.tell(farm.name, "meter_wild", meter=WATER, litres=litres, times=times)
    farm.box.spoil(WATER, litres, times)

    def back() -> None:
        farm.end("meter_wild", world.agenda.now_ms)

    world.agenda.after(MINUTE_MS, back)


def meter_jumps(world: World, farm: Farm, chance: Chance) -> None:
    """The register begins again at 0, or somebody hangs another meter there in silence."""
    what = chance.choice(("reset", "swapped"))
    farm.begin("meter_jump")
    farm.is_exact = False
    farm.site.jump(WATER, what)
    world.story.tell(farm.name, "meter_reset")
    world.agenda.after(MINUTE_MS, lambda: farm.end("meter_jump", world.agenda.now_ms))


def meter_swapped(world: World, farm: Farm, _: Chance) -> None:
    """A technician hangs another meter while the pump rests, and types both readings at the box."""
    app = farm.box.app
    if app is None or app.controller.is_pumping or farm.site.aux or not app.books.is_known or farm.stands():
        return
    closing, opening = farm.site.jump(WATER, "swapped")
    farm.begin("swap")
    farm.meter_changed_seq = farm.history.last_seq
    world.story.tell(farm.name, "meter_swapped", closing=closing, opening=opening)
    farm.box.hear(f"swap water OLD {closing} NEW {opening}")
    world.agenda.after(MINUTE_MS, lambda: farm.end("swap", world.agenda.now_ms))


def _when_it_runs(world: World, farm: Farm, act: Callable[[], None], tries: int = TRIES_MAX) -> None:
    """Do it now if the pump runs, else look again until it does."""
    if world.is_ending or not tries:
        return
    if farm.site.aux and farm.box.app is not None:
        act()
        return
    world.agenda.after(TRY_MS, lambda: _when_it_runs(world, farm, act, tries - 1))


def contactor_welds(world: World, farm: Farm, chance: Chance) -> None:
    """The contacts weld while the motor runs: no stop opens them until somebody replaces the contactor."""
    minutes = chance.choice((10, 30, 60))

    def renewed() -> None:
        farm.site.weld(False)
        if farm.box.app is not None:
            farm.box.port.hear(f"aux {int(farm.site.aux)}")
        farm.end("welded", world.agenda.now_ms)
        world.story.tell(farm.name, "contactor_renewed")

    def weld() -> None:
        if farm.stands("welded"):
            return
        farm.begin("welded")
        farm.site.weld(True)
        world.story.tell(farm.name, "welded")
        world.agenda.after(MINUTE_MS, lambda: farm.stop(world.agenda.now_ms))  # and it does not
        world.agenda.after(minutes * MINUTE_MS, renewed)

    _when_it_runs(world, farm, weld)


def ordered_while_it_runs(world: World, farm: Farm, _: Chance) -> None:
    """The office has heard that a well runs which should not."""

    def order() -> None:
        if not farm.stands("order"):
            world.bureau.stop(farm)

    _when_it_runs(world, farm, order)


class Kind(NamedTuple):
    """One row: how often among all, and what happens."""

    weight: int
    act: Trouble


TABLE = (
    Kind(8, grid_cut),
    Kind(10, cut_in_a_write),
    Kind(6, radio_out),
    Kind(6, radio_bad),
    Kind(5, meter_silent),
    Kind(6, meter_wild),
    Kind(2, meter_jumps),
    Kind(3, meter_swapped),
    Kind(3, attacks.magnet),
    Kind(3, attacks.bypass),
    Kind(3, attacks.transformers_off),
    Kind(2, attacks.bridge),
    Kind(3, attacks.replay_grant),
    Kind(2, attacks.forge_grant),
    Kind(2, attacks.steal_key),
    Kind(2, attacks.turn_the_clock),
    Kind(3, attacks.power_cycling),
    Kind(2, attacks.open_the_door),
    Kind(3, attacks.rot),
    Kind(2, attacks.restore_flash),
    Kind(4, memories.fram_dies),
    Kind(3, memories.fram_forgets),
    Kind(2, restoring.gateway_restored),
    Kind(3, spare.box_dies),
    Kind(4, contactor_welds),
    Kind(4, ordered_while_it_runs),
)


NAMES = tuple(one.act.__name__ for one in TABLE)


def named(names: tuple[str, ...]) -> tuple[Kind, ...]:
    """The rows of these names, all if none is named. Raises KeyError."""
    known = dict(zip(NAMES, TABLE, strict=True))
    return tuple(known[name] for name in names) or TABLE


class Mischief:
    """Throws something at a well every so often, until the run's end."""

    def __init__(
        self, world: World, farm: Farm, chance: Chance, gap_ms: int, table: tuple[Kind, ...]
    ) -> None:
        """`gap_ms`: the mean time between two; `table`: what there is."""
        self._table = table
        self._world, self._farm, self._chance, self._gap_ms = world, farm, chance, gap_ms
        self._next()

    def _next(self) -> None:
        wait_ms = int(self._chance.expovariate(1 / self._gap_ms))
        self._world.agenda.after(MINUTE_MS + wait_ms, self._act)

    def _act(self) -> None:
        if self._world.is_ending:
            return
        kind = self._chance.choices(self._table, [one.weight for one in self._table])[0]
        kind.act(self._world, self._farm, self._chance)
        self._next()
