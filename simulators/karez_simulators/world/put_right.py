"""The end of a run: everything is put right, has its time, and is looked at once more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from karez_simulators.world import invariants
from karez_simulators.world.platform import POLITE

if TYPE_CHECKING:
    from karez_simulators.world.run import World
ROUNDS, ROUND_MS = 8, 1_200_000  # of the gateway


def put_right(world: World) -> None:
    """Mains, networks, machines and meters are well; every pump is stopped."""
    world.is_ending = True
    world.story.tell("county", "quiesced")
    world.host.kill_at("")
    world.host.start()
    for number in range(1, ROUNDS + 1):  # whoever has been away gets one paper after the other
        world.agenda.after(number * ROUND_MS, world.host.work_soon)
    for one in world.platforms:
        world.machines.mend(one)
    for farm in world.farms:
        farm.radio.lost_permille = farm.radio.doubled_permille = 0
        farm.wants_until_ms = 0
        farm.radio_back_ms = world.agenda.now_ms
        farm.radio.set_up(True)
        world.power_on(farm)
        farm.stop(world.agenda.now_ms)


def last_look(world: World) -> None:
    """The gateway works until it rests, platforms get what waits, and the books are looked at."""
    world.host.kill_at("")
    for one in world.platforms:
        one.manner = POLITE
    for farm in world.farms:
        world.power_on(farm)
    world.host.start()
    world.host.work()
    for one in world.platforms:
        one.exchange()
    world.facts = world.host.county.facts()
    for farm in world.farms:
        world.watch.check(invariants.END, farm)
    quarantined = [
        chain["quarantined"] for one in world.facts["controllers"].values() for chain in one["chains"]
    ]
    if any(quarantined):
        world.story.met.add("a record was quarantined")
    world.story.note(quarantined)
