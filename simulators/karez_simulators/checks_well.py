"""What must hold at the well besides: whose litres, which time, what the panel says. See checks.py."""

from __future__ import annotations

from typing import Any

from karez_protocols import causes, event_details, record
from karez_simulators import cards
from karez_simulators.cable import DeskError
from karez_simulators.story import PATIENCE_S, Found, Story

PANEL = ("state", "used", "left", "code")  # what its four lines say

LIFTED_PERCENT = 98  # of the truth: what the meter's last step and the motor's run-down are in a short run


class WellChecks(Story):
    """More steps of `check = …`."""

    async def booked_to(self, card: str) -> Found:
        """The newest start and stop belong to the account of this card."""
        wanted = cards.ACCOUNTS.get(card, 0)
        found = [self.desk.newest(kind)["account"] for kind in (record.START, record.STOP)]
        return found == [wanted, wanted], {"started": found[0], "stopped": found[1]}

    async def not_on_record(self, cause: str) -> Found:
        """No such event is on record since the act began."""
        numbers = [number for number, words in causes.every() if words == cause]
        found = [one for number in numbers for one in self.desk.events(number, self.seq_at_act)]
        return not found, {"cause": numbers[0], "count": len(found)}

    async def no_start(self) -> Found:
        """The pump was not started since the act began."""
        starts = self.desk.records(record.START, self.seq_at_act)
        return not starts and not self.desk.site.settle().is_powered, {"count": len(starts)}

    async def signed(self, cause: str) -> Found:
        """A signature of the controller's own key covers the newest event of this cause."""
        numbers = [number for number, words in causes.every() if words == cause]
        events = [one["seq"] for number in numbers for one in self.desk.events(number, self.seq_at_act)]
        if not events:
            raise DeskError(f"no event is on record since the act began: {cause}")
        covered: list[int] = []

        def is_covered() -> bool:
            signed = {one["statement_seq"] for one in self.desk.records(record.SIGNATURE)}
            statements = [one for one in self.desk.records(record.STATEMENT) if one["seq"] in signed]
            covered[:] = [one["covered_seq"] for one in statements]
            return bool(covered) and max(covered) >= events[-1]

        await self.desk.until(is_covered, PATIENCE_S, f"a signature covers the event: {cause}")
        return True, {"seq": events[-1], "covered": max(covered)}

    async def left_falls(self, seconds: int) -> Found:
        """What the panel says is left falls while the pump runs: everybody sees the end coming."""
        left_l = [self._left_l()]
        await self.desk.clock.sleep_ms(seconds * 1000)
        left_l.append(self._left_l())
        return 0 <= left_l[1] < left_l[0], {"first": left_l[0], "last": left_l[1]}

    def _left_l(self) -> int:
        line = self.desk.panel[PANEL.index("left")]
        digits = line.removeprefix("left ").removesuffix(" m3").replace(".", "")
        if not digits.removeprefix("-").isdigit():
            raise DeskError(f"the panel does not say how much is left: {line!r}")
        return int(digits)

    async def time_is(self, trusted: bool) -> Found:
        """The newest record says whether its time can be trusted, and the records go on by their numbers."""
        slots = self.desk.slots
        newest = record.decode(slots[-1])
        seqs = [int.from_bytes(slot[4:8], "little") for slot in slots]
        is_trusted = newest["time_state"] == record.TIME_SYNCHRONISED
        holds = is_trusted == trusted and seqs == list(range(1, len(seqs) + 1))
        return holds, {"state": newest["time_state"], "seq": newest["seq"]}

    async def coefficient_on_record(self) -> Found:
        """The newest coefficient stands on record as a segment of its own, and no litre before it moved."""
        opened = self.desk.events(causes.SEGMENT_OPENED, self.seq_at_act)
        if not opened:
            raise DeskError("no segment has been opened since the act began")
        told = event_details.decode(causes.SEGMENT_OPENED, opened[-1]["detail"])
        before_l = self.volume_at_convert
        holds = told["reason"] == event_details.COEFFICIENT and told["base"] == before_l
        return holds, {"number": told["number"], "base": told["base"], "before": before_l}

    async def nothing_lost(self) -> Found:
        """W and P of the newest stop have grown in this act by what the pump truly lifted in it, or more.

        A blind meter hides nothing. What was led around a sound meter in an act before is in no book.
        """
        stop: dict[str, Any] = self.desk.newest(record.STOP, "volume_l", "held_l")
        lifted_l = self.desk.site.settle().volume_l - self.lifted_at_act_l
        booked_l = stop["volume_l"] - self.counted_at_act_l
        counted_l = booked_l + stop["held_l"]
        figures = {"booked": booked_l, "held": stop["held_l"], "lifted": lifted_l}
        return counted_l * 100 >= lifted_l * LIFTED_PERCENT, figures
