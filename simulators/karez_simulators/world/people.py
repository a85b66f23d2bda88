"""Farmers who irrigate, and the office that grants and cuts: each with habits drawn from the seed."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from karez_firmware.core import pump
from karez_simulators.world import households
from karez_simulators.world.history import Right

if TYPE_CHECKING:
    from karez_simulators.world.chance import Chance
    from karez_simulators.world.farm import Farm
    from karez_simulators.world.run import World

MINUTE_MS, HOUR_MS, DAY_MS = 60_000, 3_600_000, 86_400_000
LONG_DAYS = 7  # a run of more days has rounds of irrigation some days apart (domain.md section 9)
AGAIN_MS = 10 * MINUTE_MS
TRIES_MAX = 6
GRANT_MS = 12 * HOUR_MS  # how often the office looks
FIRST_MS = 90_000


class Farmer:
    """Irrigates now and then, and starts again what a power cut has ended."""

    def __init__(self, world: World, farm: Farm, chance: Chance) -> None:
        """Go to the field some time of the first hours."""
        self._world, self._farm, self._chance = world, farm, chance
        self._is_long = world.days > LONG_DAYS
        self._tries = 0
        self._cards = world.dice(f"cards {farm.name}")
        world.agenda.after(chance.randrange(5 * MINUTE_MS, 90 * MINUTE_MS), self._begin)

    def _begin(self) -> None:
        chance, agenda = self._chance, self._world.agenda
        if self._farm.is_drinking:
            rests = (18, 32) if self._is_long else (5, 15)
            duration_ms, gap_ms = chance.randrange(3, 9) * MINUTE_MS, chance.randrange(*rests) * HOUR_MS
        elif self._is_long:
            duration_ms = chance.randrange(60, 200) * MINUTE_MS
            gap_ms = chance.randrange(5 * 24, 11 * 24) * HOUR_MS
        else:
            duration_ms, gap_ms = chance.randrange(8, 50) * MINUTE_MS, chance.randrange(2, 9) * HOUR_MS
        self._farm.wants_until_ms = agenda.now_ms + duration_ms
        self._tries = TRIES_MAX
        self._start()
        agenda.after(duration_ms, self._end)
        agenda.after(gap_ms + duration_ms, self._begin)

    def _start(self) -> None:
        """Press start, and look again later whether it runs."""
        farm, agenda = self._farm, self._world.agenda
        if agenda.now_ms >= farm.wants_until_ms - MINUTE_MS or not self._tries or self._world.is_ending:
            return
        app = farm.box.app
        if app is not None and app.controller.pump.state == pump.OFF:
            is_again = self._tries < TRIES_MAX
            self._tries -= 1
            farm.start(households.card_of(self._cards, is_again))
            self._world.story.tell(farm.name, "pressed", button="start")
        agenda.after(AGAIN_MS + self._chance.randrange(AGAIN_MS), self._start)

    def _end(self) -> None:
        farm, now_ms = self._farm, self._world.agenda.now_ms
        if now_ms < farm.wants_until_ms or farm.box.app is None:
            return
        if farm.box.app.controller.is_pumping:
            farm.stop(now_ms)
            self._world.story.tell(farm.name, "pressed", button="stop")


class Officer:
    """The office: a first right for every well, more when it is used up, sometimes less, sometimes a stop."""

    def __init__(self, world: World, chance: Chance) -> None:
        """Send the first rights."""
        self._world, self._chance = world, chance
        for at, farm in enumerate(world.farms):
            world.agenda.after(FIRST_MS + at * 1000, partial(self._first, farm))
            world.agenda.after(self._gap_ms() + at * MINUTE_MS, partial(self._look, farm))

    def _gap_ms(self) -> int:
        return min(GRANT_MS, int(self._world.days * DAY_MS) // 3)

    def _first(self, farm: Farm) -> None:
        hours = self._chance.randrange(1, 6) if self._world.days > LONG_DAYS else 1
        flow_lph = farm.site.well.parameters.rated_flow_lph
        self.grant(farm, self._chance.randrange(flow_lph // 5, flow_lph * hours + flow_lph // 2))

    def grant(self, farm: Farm, ceiling_l: int) -> None:
        """Sign a right and bring it to the gateway; a gateway that is down gets it later."""
        world = self._world
        farm.seq += 1
        data = world.offices.grant(farm.name, farm.seq, ceiling_l, world.agenda.utc_s)
        right = Right(farm.seq, ceiling_l, data)
        farm.history.issue(right)
        world.story.tell(farm.name, "granted", ceiling_l=ceiling_l, seq=farm.seq)
        world.errands.bring(
            "grant", data, farm.name, lambda _taken: farm.given.append((world.agenda.now_ms, right))
        )

    def _look(self, farm: Farm) -> None:
        world, chance = self._world, self._chance
        if world.is_ending:
            return
        world.agenda.after(self._gap_ms() + chance.randrange(HOUR_MS), lambda: self._look(farm))
        used_l, flow_lph = farm.history.volume_l, farm.site.well.parameters.rated_flow_lph
        newest = max(farm.history.signed.values(), key=lambda one: one.seq, default=None)
        ceiling_l = newest.ceiling_l if newest else 0
        if chance.happens(100):
            self.grant(farm, max(used_l, ceiling_l - flow_lph // 2))  # a cut is the same act
        elif ceiling_l - used_l < flow_lph // 2 and chance.happens(700):
            self.grant(farm, used_l + chance.randrange(flow_lph // 2, flow_lph * 3))
        elif chance.happens(150) and not farm.stands("order"):
            world.bureau.stop(farm)
