"""Memories that fail: an FRAM that takes nothing any more, does not answer, or has forgotten all.

What the box must then do: go on from NOR, and say so (design section 8). The head is rebuilt from the ring
under the same identity, flagged; what is dead is told in every record; and nothing is invented, which the
other invariants hold it to: no number twice, no litre back, no right forgotten.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from karez_firmware.ports import fake_memory
from karez_protocols import flags, record
from karez_simulators.world.people import HOUR_MS

if TYPE_CHECKING:
    from karez_simulators.world.chance import Chance
    from karez_simulators.world.farm import Farm
    from karez_simulators.world.run import World

TAKES_NOTHING, SILENT = "takes nothing", "does not answer"
CHANGE_MS = 5_000  # the box is off for so long while its memory is exchanged
# The record that meets the dead FRAM says nothing of it yet, nor do those that wait behind it.
TELLS_WITHIN = 4
TOLD_MS = 120_000  # after a start: the records that every start begins with


def fram_dies(world: World, farm: Farm, chance: Chance) -> None:
    """The FRAM takes nothing or does not answer: for hours, or for good."""
    manner, hours = chance.choice((TAKES_NOTHING, SILENT)), chance.choice((1, 2, 5, None))
    fram = farm.box.fram
    if farm.fram_dead_seq is not None:
        return
    farm.fram_dead_seq = farm.history.last_seq
    farm.has_nor_head = True
    fram.is_dead, fram.fails = manner == TAKES_NOTHING, manner == SILENT
    world.story.tell(farm.name, "fram_dead", manner=manner)
    if hours is not None:
        world.agenda.after(hours * HOUR_MS, lambda: _well_again(world, farm, fram))


def _well_again(world: World, farm: Farm, fram: fake_memory.RamFram) -> None:
    """It is as it was before, and what it holds is old; the box looks at it at its next start."""
    fram.is_dead = fram.fails = False
    if farm.box.fram is fram:
        world.story.tell(farm.name, "fram_well")
        farm.fram_dead_seq = None


def fram_forgets(world: World, farm: Farm, chance: Chance) -> None:
    """A power-on finds an FRAM with nothing in it, or with noise."""
    if not farm.box.is_on or farm.has_nor_head or farm.history.rebuilt < farm.heads_lost:
        return
    farm.begin("fram")
    world.power_off(farm)
    farm.box.fram = blank = fake_memory.RamFram(farm.box.fram.size)
    if chance.happens(500):
        blank.write(0, chance.randbytes(blank.size))
    farm.heads_lost += 1
    world.story.tell(farm.name, "fram_forgot")
    world.agenda.after(CHANGE_MS, lambda: _on_again(world, farm))


def _on_again(world: World, farm: Farm) -> None:
    farm.end("fram", world.agenda.now_ms)
    world.power_on(farm)


# -- what must hold ---------------------------------------------------------------------


def a_dead_memory_is_told(_: World, farm: Farm, values: dict[str, Any]) -> str:
    """Design section 8: with FRAM dead the head lies in NOR, and the status of each record says so."""
    if not record.is_measuring(values["kind"]) or farm.history.rolled_back:
        return ""
    is_told = bool(values["status"] & flags.FRAM_DEAD)
    since = farm.fram_dead_seq
    if is_told and not farm.has_nor_head:
        return f"record {values['seq']} says that the FRAM is dead, and it is not"
    if since is None or is_told or values["seq"] <= since + TELLS_WITHIN:
        return ""
    return f"the FRAM is dead since record {since}, and record {values['seq']} does not say so"


def a_lost_head_is_told(world: World, farm: Farm) -> str:
    """Design section 8: a lost head is rebuilt from the ring under the same identity, flagged."""
    if farm.box.app is None or farm.history.rolled_back or farm.history.rebuilt >= farm.heads_lost:
        return ""
    if world.agenda.now_ms - farm.booted_ms < TOLD_MS:
        return ""
    return f"the head was lost {farm.heads_lost} times, {farm.history.rebuilt} are on record"


def no_right_is_forgotten(_: World, farm: Farm) -> str:
    """Design section 8: what a record has put in force is in force after any cut, with any memory dead."""
    app, right = farm.box.app, farm.history.right
    if app is None or right is None or farm.history.rolled_back or app.rights.seq >= right.seq:
        return ""
    return f"grant {right.seq} is on record, and the box holds {app.rights.seq}"


def no_chain_begins_without_a_loss(_: World, farm: Farm, values: dict[str, Any]) -> str:
    """Design section 8: chain n + 1 begins with a lost ring, or a head lost in a spoilt one."""
    if farm.history.chain_of(values) == farm.history.chain or farm.history.rolled_back:
        return ""
    if farm.ring_lost and farm.heads_lost:
        return ""
    return f"chain {farm.history.chain + 1} begins, and nothing of chain {farm.history.chain} was lost"
