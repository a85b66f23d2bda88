"""The county's machines in trouble: the gateway killed at one of its phases, a platform rude or down."""

from __future__ import annotations

from typing import TYPE_CHECKING

from karez_simulators.world.people import HOUR_MS
from karez_simulators.world.platform import DOWN, POLITE, RUDE

if TYPE_CHECKING:
    from karez_simulators.world.chance import Chance
    from karez_simulators.world.platform import Platform
    from karez_simulators.world.run import World

KILLED_PERMILLE = 650  # else a platform
BACK_MS = (2_000, 60_000, 1_800_000)  # after its death the gateway is started again


class Machines:
    """Throws something at the gateway or a platform every so often, until the run's end."""

    def __init__(self, world: World, chance: Chance) -> None:
        """Begin some time of the run."""
        self._world, self._chance = world, chance
        world.host.on_killed = self._killed
        world.agenda.after(self._gap_ms(), self._act)

    def _gap_ms(self) -> int:
        mean_ms = self._world.plan.machines_ms
        return self._chance.randrange(mean_ms // 4, mean_ms * 2)

    def _act(self) -> None:
        world, chance = self._world, self._chance
        if world.is_ending:
            return
        if chance.happens(KILLED_PERMILLE):
            world.host.kill_at(chance.choice(world.host.phases))
        else:
            one, manner = chance.choice(world.platforms), chance.choice((RUDE, DOWN))
            self._spoil(one, manner, chance.randrange(2, 40))
        world.agenda.after(self._gap_ms(), self._act)

    def _spoil(self, one: Platform, manner: str, hours: int) -> None:
        one.manner = manner
        self._world.story.tell("county", "platform_down", name=one.name, manner=manner, hours=hours)
        self._world.agenda.after(hours * HOUR_MS, lambda: self.mend(one))

    def mend(self, one: Platform) -> None:
        """A platform is polite again."""
        if one.manner != POLITE:
            one.manner = POLITE
            self._world.story.tell("county", "platform_up", name=one.name)

    def _killed(self, phase: str) -> int:
        self._world.story.tell("county", "gateway_killed", phase=phase)
        return self._chance.choice(BACK_MS)
