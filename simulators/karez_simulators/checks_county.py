"""What must hold at the county: alarms, platforms, the transformer's balance. See checks.py."""

from __future__ import annotations

import asyncio
from typing import Any

from karez_protocols import causes, flags, record
from karez_simulators.cable import DeskError
from karez_simulators.checks import RECEIPT_S
from karez_simulators.clock import NS_PER_S
from karez_simulators.desk import SITE
from karez_simulators.duty import ESCALATED
from karez_simulators.hands_people import People
from karez_simulators.platform_levels import STEPS_L
from karez_simulators.story import PATIENCE_S, Found

ALARM_S = 2 * PATIENCE_S  # the service looks at its records again and again
LOOK_S = 1.0
# What the county hears of as a bit of each record while it lasts, instead of as an event.
BITS = {
    causes.DID_NOT_STOP: (flags.NOT_STOPPED,),
    causes.FOREIGN_CURRENT: (flags.FOREIGN_RUN,),
    causes.METER_SILENT: (flags.WATER_SILENT, flags.ENERGY_SILENT, flags.LEVEL_SILENT),
    causes.ENERGY_WITHOUT_WATER: (flags.NO_WATER,),
    causes.WATER_WITHOUT_ENERGY: (flags.NO_ENERGY,),
    causes.RATIO_OFF: (flags.RATIO,),
    causes.REVERSE_FLOW: (flags.REVERSED,),
    causes.METER_STUCK: (flags.STUCK,),
    causes.METER_FROZEN: (flags.FROZEN,),
}
UNMETERED, BALANCED = 1, 0  # exit codes of `karez gateway feeder`
ESCALATED_S = 60 + 60 + ALARM_S  # it is due after a minute, and the service looks every minute


def _lines(cause: str) -> tuple[int, set[str]]:
    """The number of a cause, and what the county's rule calls an alarm of it."""
    number = next(number for number, words in causes.every() if words == cause)
    return number, {f"event:{number}", *(f"alarm:{bit.bit_length() - 1}" for bit in BITS.get(number, ()))}


class CountyChecks(People):
    """More steps of `check = …`."""

    async def alarm(self, cause: str) -> Found:
        """The gateway has an open alarm for this site, of this cause: of an event, or as long as it lasts."""
        number, lines = _lines(cause)
        deadline_ns = self.desk.clock.ran_ns() + int(ALARM_S * NS_PER_S)
        while True:
            found = [one for one in await self.open_alarms() if one["line"] in lines]
            if found or self.desk.clock.ran_ns() > deadline_ns:
                break
            await asyncio.sleep(LOOK_S)
        states = ", ".join(sorted({one["state"] for one in found})) or "-"
        return bool(found), {"cause": number, "states": states}

    async def escalated(self, cause: str) -> Found:
        """Who is on duty was told of this alarm, since nobody had acknowledged it; by a signed message."""
        if self.duty is None:
            raise DeskError("nobody is on duty: on_duty does that")
        duty, (number, lines) = self.duty, _lines(cause)

        def told() -> list[dict[str, Any]]:
            notices = [one for one in duty.told if one["word"] == ESCALATED]
            return [one["alarm"] for one in notices if one["alarm"]["line"] in lines]

        await self.desk.until(lambda: bool(told()), ESCALATED_S, f"who is on duty is told: {cause}")
        one = told()[0]
        return one["subject"] == self.desk.site_code and one["step"] == 1, {"cause": number}

    async def receipts_complete(self, level: str) -> Found:
        """A platform has confirmed every stop since the scenario began: nothing is missing for good."""
        desk = self.desk
        stops = [
            (int(one["volume_l"]), one["utc_s"])
            for one in desk.records(record.STOP)
            if one["volume_l"] is not None
        ]
        if not stops:
            raise DeskError("the controller has written no stop record yet")

        def missing() -> int:
            step_l = STEPS_L[level]
            return sum(
                volume_l - volume_l % step_l not in desk.platforms.confirmed_l(level, utc_s)
                for volume_l, utc_s in stops
            )

        await desk.until(lambda: not missing(), RECEIPT_S, f"the {level} platform confirms every stop")
        return not missing(), {"level": level, "count": len(stops)}

    async def resent(self) -> Found:
        """The platform has had reports again, and its books stayed the same: a repeat is a repeat."""
        if not self.resent_level:
            raise DeskError("nothing has been sent again")
        before = self.copies_before_resend
        await self.desk.until(
            lambda: self.copies(self.resent_level) > before, RECEIPT_S, "the platform hears reports again"
        )
        reports = self.desk.platforms.of(self.resent_level).books.reports.values()
        is_same = not any(one.is_contradicted for one in reports)
        return is_same, {"level": self.resent_level, "count": self.copies(self.resent_level) - before}

    async def feeder_finds(self, unmetered: bool) -> Found:
        """`karez gateway feeder` says whether the transformer gave more than its wells have counted."""
        points = [
            (one["utc_s"], one["energy_wh"])
            for kind in (record.INTERVAL, record.STOP)
            for one in self.desk.records(kind)
            if one["energy_wh"] is not None
        ]
        if len(points) < 2:
            raise DeskError("the controller has written too few records for a balance")
        (from_s, first_wh), (to_s, last_wh) = min(points), max(points)
        delivered_wh = last_wh - first_wh + self.unmetered_wh
        times = ("--from", self.utc_text(from_s), "--to", self.utc_text(to_s))
        spoken = await self.desk.gateway.verb(
            "feeder", *times, "--kwh", f"{delivered_wh / 1000:.3f}", "--json", SITE, may_fail=True
        )
        told: dict[str, Any] = spoken.json
        figures = {
            "wells": f"{told['wells_wh'] / 1000:.2f}",
            "feeder": f"{told['feeder_wh'] / 1000:.2f}",
            "unexplained": f"{told['unexplained_wh'] / 1000:.2f}",
        }
        return spoken.code == (UNMETERED if unmetered else BALANCED), figures
