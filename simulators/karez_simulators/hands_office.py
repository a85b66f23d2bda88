"""What an office writes down about the desk's well: its winter, and an appeal of its farmer. See hands.py."""

from __future__ import annotations

import datetime as dt

from karez_simulators.cable import DeskError
from karez_simulators.desk import SITE
from karez_simulators.duty import Duty
from karez_simulators.hands import Hands

WINTER_DAYS = 100


class Office(Hands):
    """More steps of `do = …`."""

    async def lay_up(self) -> None:
        """The well is laid up for the winter; its water meter is taken off, and its register written down."""
        site = self.desk.site
        day = dt.datetime.fromtimestamp(self.desk.clock.utc(), dt.UTC) + dt.timedelta(days=WINTER_DAYS)
        until = ("--until", day.date().isoformat(), "--by", "patrol", "--because", "pipe drained")
        meter = ("--meter", site.serial("water"), "--closing", self._dial_m3())
        await self.desk.gateway.verb("layup begin", SITE, *until, *meter)

    async def lay_up_ends(self) -> None:
        """Spring: the meter is on again, and its register is written down."""
        words = ("--opening", self._dial_m3(), "--by", "patrol", "--because", "spring")
        await self.desk.gateway.verb("layup end", SITE, *words)

    def _dial_m3(self) -> str:
        return f"{self._site_with('water').dial('water') / 1000:.3f}"

    async def on_duty(self) -> None:
        """Somebody is on duty: he is told of what nobody has acknowledged for a minute."""
        if self.duty is not None:
            raise DeskError("somebody is on duty already")
        desk, duty = self.desk, Duty(self.desk.folder)
        await desk.also(duty)
        await desk.gateway.stop()
        with (desk.gateway.data / "gateway.toml").open("a", encoding="utf-8") as file:
            file.write(duty.toml(minutes=1))
        await desk.gateway.start()
        self.duty = duty

    async def appeal(self, against: str) -> None:
        """The farmer does not agree, and the office writes down what he says."""
        words = ("--who", "farmer", "--against", against, "--by", "clerk", "--because", "the maize dries up")
        await self.desk.gateway.verb("appeals lodge", SITE, *words)

    async def decide_appeal(self, outcome: str) -> None:
        """The office decides the oldest appeal that is open, with reason and document."""
        opened = (await self.desk.gateway.verb("appeals list", "--json")).json
        words = ("--outcome", outcome, "--by", "director", "--because", "heard", "--document", "appeal 1")
        await self.desk.gateway.verb("appeals decide", str(opened[-1]["number"]), *words)
