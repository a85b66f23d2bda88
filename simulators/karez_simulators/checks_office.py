"""What must hold of the office's papers: winter, appeals, alarms of a rule. See checks.py."""

from __future__ import annotations

import asyncio
from typing import Any

from karez_simulators.cable import DeskError
from karez_simulators.clock import NS_PER_S
from karez_simulators.hands_people import People
from karez_simulators.story import PATIENCE_S, Found

RULE_S = 90 + PATIENCE_S  # the service looks at its rules every minute
LOOK_S = 2.0


class OfficeChecks(People):
    """More steps of `check = …`."""

    async def resting(self, rests: bool) -> Found:
        """The gateway has the well as laid up, or no more; its meter has both readings once it is over."""
        found = (await self.desk.gateway.verb("layup list", "--all", "--json")).json
        if not found:
            raise DeskError("the well was never laid up")
        newest: dict[str, Any] = found[0]
        is_whole = rests or newest["moved_l"] == 0
        figures = {"closing": newest["closing_l"], "opening": "-" if rests else newest["opening_l"]}
        return newest["holds"] == rests and is_whole, figures

    async def rule_says(self, rule: str) -> Found:
        """An alarm of this rule is open at the county."""
        deadline_ns = self.desk.clock.ran_ns() + RULE_S * NS_PER_S
        while True:
            found = [one for one in await self.open_alarms() if one["rule"] == rule]
            if found or self.desk.clock.ran_ns() > deadline_ns:
                break
            await asyncio.sleep(LOOK_S)
        return bool(found), {
            "rule": rule,
            "states": ", ".join(sorted({one["state"] for one in found})) or "-",
        }

    async def rule_is_quiet(self, rule: str) -> Found:
        """No alarm of this rule is open at the county."""
        found = [one for one in await self.open_alarms() if one["rule"] == rule]
        return not found, {"rule": rule, "count": len(found)}

    async def appeal_decided(self, outcome: str) -> Found:
        """Appeal and decision are in the log, each with the name of who wrote it, and the log agrees."""
        desk = self.desk
        deadline_ns = desk.clock.ran_ns() + PATIENCE_S * NS_PER_S
        while True:
            found = (await desk.gateway.verb("appeals list", "--all", "--json")).json
            if not found:
                raise DeskError("nobody has appealed")
            one: dict[str, Any] = found[0]
            if one["decided_log_index"] is not None or desk.clock.ran_ns() > deadline_ns:
                break
            await asyncio.sleep(LOOK_S)
        checked = await desk.gateway.verb("acts check", may_fail=True)
        holds = one["outcome"] == outcome and one["log_index"] is not None and checked.code == 0
        figures = {"who": one["who"], "against": one["against"], "outcome": one["outcome"] or "-"}
        return holds and one["decided_by"] not in ("", one["by"]), figures
