"""A second well beside the desk's: box, meters and right of its own, the same gateway and the same feeder."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from karez_firmware.core.settings import check as settings_of
from karez_protocols import causes, record
from karez_simulators import cards
from karez_simulators.cable import DeskError
from karez_simulators.checks import Checks
from karez_simulators.checks_well import WellChecks
from karez_simulators.hands import Hands
from karez_simulators.story import PATIENCE_S, Found
from karez_simulators.village import NextDesk

if TYPE_CHECKING:
    from karez_simulators.desk import Desk

NUMBER = 2  # of the well at the gateway
COME_BACK_S = PATIENCE_S + 45  # the longest wait of a restart, a quarter of an hour, at speed 20
NEAR_S = 3  # records tell whole seconds, and the contactor closes a control step after it may


class There(Hands, Checks, WellChecks):
    """What is done and looked at there: the same steps, at the other desk."""


class SecondWell(Hands):
    """More steps of `do = …`."""

    async def second_well(self) -> None:
        """A second well of the village gets a box of its own, which is bound to it and reads it."""
        if self.there is not None:
            raise DeskError("a second well stands beside this one already")
        place = self.desk.folder / "second"
        place.mkdir()
        desk = NextDesk(self.desk, place, NUMBER)
        await self.desk.also(desk)
        await desk.provision()
        self.there = There(desk)

    def second(self) -> There:
        """What is done there. Raises DeskError while there is only one well."""
        if not isinstance(self.there, There):
            raise DeskError("no second well stands beside this one: second_well puts one up")
        return self.there

    async def grant_there(self, litres: int) -> None:
        """The second well gets a right of its own to so many litres from here."""
        await self.second().grant(litres)

    async def start_there(self, card: str) -> None:
        """Somebody holds a card to the reader there and presses start; the contactor closes."""
        await self.second().start_by(cards.CARDS[card])

    async def stop_there(self) -> None:
        """Stop is pressed there; the controller writes the stop."""
        await self.second().stop()

    async def both_run_out(self) -> None:
        """Wait until both controllers have stopped their pumps by themselves, and have written the stops."""
        await asyncio.gather(self.run_out(), self.second().run_out())

    async def feeder_cut(self) -> None:
        """The feeder of the village fails: both wells lose their supply in the same moment."""
        there = self.second()
        self.seq_at_cut = len(self.desk.slots), len(there.desk.slots)
        await asyncio.gather(self.mains_cut(), there.mains_cut())

    async def feeder_back(self) -> None:
        """It is back for both; both controllers start, and close what was cut off."""
        await asyncio.gather(self.mains_back(), self.second().mains_back())


class SecondWellChecks(SecondWell):
    """More steps of `check = …`."""

    async def card_at_both(self, card: str) -> Found:
        """Both pumps run, each started with this card, and each for its account."""
        there, account = self.second(), cards.ACCOUNTS.get(card, 0)
        starts = [desk.newest(record.START) for desk in (self.desk, there.desk)]
        runs = [desk.site.settle().is_powered for desk in (self.desk, there.desk)]
        accounts = [one["account"] for one in starts]
        is_one_card = {one["credential"] for one in starts} == {cards.CARDS[card]}
        return all(runs) and is_one_card and accounts == [account, account], {"account": accounts[0]}

    async def ceilings_kept(self) -> Found:
        """Each well was stopped by its own right, and gave no more than that; the books are exact at both."""
        wells = There(self.desk), self.second()
        held = [
            (await well.stopped_by("water ceiling reached"))[0]
            and (await well.overshoot())[0]
            and (await well.litres_exact())[0]
            for well in wells
        ]
        stops = [well.desk.newest(record.STOP, "ceiling_l", "volume_l") for well in wells]
        figures = {
            "booked": sum(one["volume_l"] for one in stops), "ceiling": sum(one["ceiling_l"] for one in stops)
        }  # fmt: skip
        return all(held), figures

    async def come_back_apart(self) -> Found:
        """Both pumps come on again by themselves, neither too early nor too late, each at its own moment.

        The moment follows from the number in the box's own key and how often it has started (design §6).
        """
        there = self.second()
        desks = (self.desk, there.desk)
        await self.desk.until(
            lambda: all(map(_came_back, desks, self.seq_at_cut)),
            COME_BACK_S,
            "both pumps come on by themselves",
        )
        waited_s = [_came_back(*one) for one in zip(desks, self.seq_at_cut, strict=True)]
        settings = settings_of(self.desk.plan.settings)
        least_s, most_s = settings["resume_min_s"], settings["resume_max_s"]
        own_s = [_own_moment_s(desk, most_s - least_s) for desk in desks]
        apart_s = [max(pair) - min(pair) for pair in (waited_s, own_s)]
        in_time = all(least_s - NEAR_S <= one <= most_s + NEAR_S for one in waited_s)
        figures = {"first": min(waited_s), "last": max(waited_s), "apart": apart_s[0], "own": apart_s[1]}
        return in_time and abs(apart_s[0] - apart_s[1]) <= NEAR_S, figures


def _came_back(desk: Desk, cut: int) -> int:
    """Seconds from the stop that the cut was closed with to the start by itself; 0: not yet."""
    stops, starts = (desk.records(kind, cut) for kind in (record.STOP, record.START))
    if not stops or not starts or starts[-1]["cause"] != causes.AUTOMATIC:
        return 0
    return int(starts[-1]["utc_s"] - stops[0]["utc_s"])


def _own_moment_s(desk: Desk, spread_s: int) -> int:
    """What of the spread is this box's, in this start of it."""
    if desk.identity is None:
        raise DeskError("the controller has not shown its keys")
    number = int.from_bytes(desk.identity.public[:4], "little") + desk.newest(record.START)["boot"]
    return int(number % (spread_s * 1000 + 1) // 1000)
