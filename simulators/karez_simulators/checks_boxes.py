"""What must hold once another box stands at the well. See checks.py."""

from __future__ import annotations

import datetime as dt
from typing import Any

from karez_protocols import record
from karez_simulators.cable import DeskError
from karez_simulators.story import PATIENCE_S, Found, Story

LOOK_S = 0.5
NS_PER_S = 1_000_000_000


class BoxChecks(Story):
    """More steps of `check = …`."""

    async def site_goes_on(self) -> Found:
        """The gateway knows the spare as the site's box, and W goes on from the last that it knew."""
        desk, old, new = self.desk, self._replaced(), self._name()
        states = {one["name"]: one["state"] for one in await self._boxes()}
        booked = [one["volume_l"] for one in self._measured() if one["volume_l"] is not None]
        holds = (
            (states.get(new), states.get(old)) == ("active", "replaced")
            and bool(booked)
            and booked[0] >= self.taken_over_l
        )
        figures = {
            "site": desk.site_code, "gone": old[:6], "spare": new[:6],
            "base": self.taken_over_l, "booked": booked[-1] if booked else "-",
        }  # fmt: skip
        return holds, figures

    async def both_seen(self) -> Found:
        """Both boxes say the same site, the gateway hears both, and tells which of them stands there."""
        desk, old, new = self.desk, self._replaced(), self._name()
        deadline_ns = desk.clock.ran_ns() + PATIENCE_S * NS_PER_S
        while True:
            found = {one["name"]: one for one in await self._boxes()}
            if desk.clock.ran_ns() > deadline_ns or all(found[name]["online"] for name in (old, new)):
                break
        holds = all(found[name]["online"] for name in (old, new))
        states = found[new]["state"], found[old]["state"]
        figures = {
            "site": desk.site_code, "gone": old[:6], "spare": new[:6], "spare_state": states[0],
            "gone_state": states[1],
        }  # fmt: skip
        return holds and states == ("active", "replaced"), figures

    async def latest_wins(self) -> Found:
        """The newest grant is in force at the box with the newest binding, and at no other."""
        old = self._old_seqs()
        seqs = [one["object_seq"] for one in self.desk.records(record.GRANT)]
        if not seqs:
            raise DeskError("no grant has been given to the box at the well")
        figures = {"seq": seqs[-1], "gone_seq": max(old, default="-")}
        return seqs[-1] == self.desk.grant_seq and self.desk.grant_seq not in old, figures

    def _old_seqs(self) -> list[int]:
        self._replaced()
        return [] if self.old is None else [one["object_seq"] for one in self.old.heard.records(record.GRANT)]

    async def counted_twice(self) -> Found:
        """What the old box counted elsewhere since the change is told as counted twice, to the litre."""
        self._replaced()
        signed_l = 0 if self.old is None else self.old.heard.volume_l - self.taken_over_l
        deadline_ns = self.desk.clock.ran_ns() + PATIENCE_S * NS_PER_S
        while (told_l := await self._told_l()) != signed_l and self.desk.clock.ran_ns() < deadline_ns:
            pass
        return told_l == signed_l > 0, {"held": signed_l, "told": told_l}

    async def _told_l(self) -> int:
        year = dt.datetime.fromtimestamp(self.desk.clock.utc(), dt.UTC).year
        words = ("--year", str(year), "--site", self.desk.site_code, "--json")
        told = (await self.desk.gateway.verb("ledger doubles", *words)).json
        return int(told[0]["counts_as_used_l"])

    async def _boxes(self) -> list[dict[str, Any]]:
        words = ("--site", self.desk.site_code, "--json")
        found: list[dict[str, Any]] = (await self.desk.gateway.verb("controllers", *words)).json
        return found

    def _measured(self) -> list[dict[str, Any]]:
        return [record.decode(slot) for slot in self.desk.slots if record.is_measuring(slot[1])]

    def _name(self) -> str:
        return self.desk.identity.name if self.desk.identity else ""

    def _replaced(self) -> str:
        if self.old is None:
            raise DeskError("no box has been swapped yet")
        return self.old.name
