"""What further people do on the desk: other cards, other rights, other orders. See hands.py."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from karez_protocols import causes, grant
from karez_simulators import cards
from karez_simulators.cable import DeskError
from karez_simulators.desk import SITE
from karez_simulators.hands import Hands
from karez_simulators.story import PATIENCE_S

if TYPE_CHECKING:
    from karez_simulators.gateway_process import Spoken


class People(Hands):
    """More steps of `do = …`."""

    async def start_with(self, card: str) -> None:
        """Somebody else's card is held to the reader, and start is pressed; the contactor closes."""
        await self.start_by(cards.CARDS[card])

    async def start_in_vain_with(self, card: str) -> None:
        """Somebody else's card is held to the reader, and start is refused."""
        desk = self.desk
        before = len(desk.events(causes.START_REFUSED))
        desk.press("start", cards.CARDS[card])
        await desk.until(
            lambda: len(desk.events(causes.START_REFUSED)) > before, PATIENCE_S, "the start is refused"
        )

    async def stop_with(self, card: str) -> None:
        """Another card ends the irrigation; the controller writes the stop."""
        await self._stopped(lambda: self.desk.press("stop", cards.CARDS[card]))

    async def stop_in_vain(self) -> None:
        """Stop is pressed, and the pump does not stop: the controller says so."""
        desk = self.desk
        before = len(desk.events(causes.DID_NOT_STOP))
        desk.press("stop")
        await desk.until(
            lambda: len(desk.events(causes.DID_NOT_STOP)) > before, PATIENCE_S, "it did not stop, it says"
        )

    async def comes_on(self) -> None:
        """Wait until the contactor closes without anybody at the well."""
        desk = self.desk
        await desk.until(lambda: desk.site.well.is_powered, PATIENCE_S, "the contactor closes")

    async def step_test(self, seconds: int) -> None:
        """A technician tests, at the running pump, how much water a kilowatt-hour lifts."""
        desk = self.desk
        before = len(desk.events(causes.STEP_TEST))
        await desk.ask(f"steptest {seconds}")
        answered = len(desk.answers)
        await desk.clock.sleep_ms(seconds * 1000)
        await desk.until(
            lambda: len(desk.events(causes.STEP_TEST)) > before or len(desk.answers) > answered,
            PATIENCE_S, "the step test is on record",
        )  # fmt: skip
        if len(desk.answers) > answered:
            raise DeskError(f"the controller refuses: {' '.join(desk.answers[-1][2:])}")

    async def emergency(self) -> None:
        """A farmer whose right is used up presses the emergency button; the contactor closes."""
        desk = self.desk
        before = len(desk.events(causes.EMERGENCY_OPENED))
        desk.press("emergency")
        await desk.until(
            lambda: len(desk.events(causes.EMERGENCY_OPENED)) > before and desk.site.well.is_powered,
            PATIENCE_S, "the emergency ceiling opens and the contactor closes",
        )  # fmt: skip

    async def door_open(self) -> None:
        """Somebody opens the cabinet's door."""
        self._door(is_open=True)

    async def door_shut(self) -> None:
        """The cabinet's door is shut again."""
        self._door(is_open=False)

    def _door(self, *, is_open: bool) -> None:
        if not self.desk.controller().is_running:
            raise DeskError("the controller does not run: nobody notices")
        self.desk.controller().set_door(is_open)

    async def grant_finish(self, litres: int, finish: int) -> None:
        """The regulator gives a right with litres beyond it, for the irrigation that is under way."""
        await self.desk.give_right(litres, finish_l=finish, policy=grant.FINISH)

    async def grant_emergency(self, litres: int, emergency: int) -> None:
        """The regulator gives a right with litres beyond it, which open by button in an emergency."""
        await self.desk.give_right(litres, emergency_l=emergency)

    async def grant_warning(self, litres: int) -> None:
        """The regulator gives a right that only warns: the county is to get used to it."""
        await self.desk.give_right(litres, policy=grant.WARN)

    async def grant_until(self, litres: int, seconds: int, interim: int, interim_seconds: int) -> None:
        """A right whose year ends in so many seconds; then the interim rule holds, for its own time."""
        await self.desk.give_right(litres, seconds=seconds, interim_l=interim, interim_s=interim_seconds)

    async def convert(self, percent: int) -> None:
        """Somebody at the cable sets another coefficient, so many percent of the tested one."""
        tested = self.desk.coefficient()
        self.coefficient_version = tested.version + 1
        self.coefficient_ppm = tested.multiplier_ppm * percent // 100
        self.volume_at_convert = self.desk.volume_l
        await self.desk.ask(f"convert {self.coefficient_ppm} {self.coefficient_version}")

    async def remote(self, verb: str) -> None:
        """An operator at the county wishes that the pump stop or start; the gateway sends it."""
        spoken = await self._command(verb)
        if spoken.code:
            raise DeskError(f"karez gateway command: {spoken.err.strip().splitlines()[-1]}")

    async def _command(self, verb: str) -> Spoken:
        return await self.desk.gateway.verb("command", SITE, verb, "--by", "operator", may_fail=True)

    async def acknowledge(self) -> None:
        """A person at the county says that he knows of what is open."""
        numbers = [str(one["id"]) for one in await self.open_alarms()]
        if not numbers:
            raise DeskError("no alarm is open that somebody could know of")
        await self.desk.gateway.verb("alarms acknowledge", *numbers, "--because", "patrol goes")

    async def resend(self, level: str) -> None:
        """The operator sends a platform this scenario's reports once more."""
        since, until = (self.utc_text(one) for one in (self.began_utc_s, self.desk.clock.utc() + 60))
        words = ("--from", since, "--to", until, "--by", "operator", "--because", "asked by the platform")
        self.resent_level, self.copies_before_resend = level, self.copies(level)
        await self.desk.gateway.verb("resend", level, *words)

    async def open_alarms(self) -> list[dict[str, Any]]:
        """The alarms that are open at the gateway."""
        found: list[dict[str, Any]] = (await self.desk.gateway.verb("alarms list", "--json")).json
        return found

    def copies(self, level: str) -> int:
        """How many reports a platform has had, each of its repeats counted."""
        return sum(one.copies for one in self.desk.platforms.of(level).books.reports.values())
