"""What must hold on the desk: the steps that look.

Each returns whether it holds and the figures for its sentence in `wording`, and raises DeskError
when there is nothing to look at.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from karez_protocols import causes, event_details, record
from karez_simulators import provisioning, wording
from karez_simulators.cable import DeskError
from karez_simulators.gateway_process import karez
from karez_simulators.story import PATIENCE_S, Story

if TYPE_CHECKING:
    from karez_simulators.platform_szy206 import ReceivedReport

Found = tuple[bool, dict[str, Any]]  # whether it holds, and the figures for its sentence


class Checks(Story):
    """The steps of `check = …`, one method each; its docstring is what must hold."""

    async def pump_runs(self) -> Found:
        """The contactor is closed and the well gives water, at the latest when the motor is up to speed."""
        site = self.desk.site
        deadline_ms = self.desk.clock.now_ms() + site.well.parameters.spin_up_ms
        while site.settle().is_powered and self.desk.clock.now_ms() < deadline_ms:
            await self.desk.clock.sleep_ms(100)
        well = site.settle()
        return well.is_powered and well.flow_lph > 0, self._motor()

    async def pump_is_off(self) -> Found:
        """The contactor is open and the motor without voltage."""
        return not self.desk.site.settle().is_powered, self._motor()

    def _motor(self) -> dict[str, str]:
        well = self.desk.site.settle()
        return {"flow": f"{well.flow_lph / 1000:.1f}", "power": f"{well.power_w / 1000:.1f}"}

    async def litres_exact(self) -> Found:
        """W is what the water meter counted, to the litre."""
        booked, metered = self.desk.volume_l, self.desk.metered_l
        return booked == metered, {"booked": booked, "metered": metered}

    async def stopped_by(self, cause: str) -> Found:
        """The newest stop has this cause, and the panel shows its code."""
        found = self.desk.newest(record.STOP)["cause"]
        return causes.name(found) == cause, {"cause": found, "code": self.desk.stop_code}

    async def overshoot(self) -> Found:
        """Past the ceiling by no more than flow x (meter refresh + 1.1 s) and one register step."""
        stop = self.desk.newest(record.STOP, "ceiling_l", "volume_l")
        site = self.desk.site
        over_l = stop["volume_l"] - stop["ceiling_l"]
        refresh_ms = site.meters["water"].refresh_ms
        bound_l = site.well.parameters.greatest_flow_lph * (refresh_ms + 1_100) // 3_600_000 + 1
        figures = {"ceiling": stop["ceiling_l"], "booked": stop["volume_l"], "over": over_l, "bound": bound_l}
        return over_l <= bound_l and self.desk.metered_l == stop["volume_l"], figures

    async def refused(self, cause: str) -> Found:
        """The newest event is a refusal for this cause."""
        event = self.desk.newest(record.EVENT)
        number = event["subject"] if event["cause"] == causes.START_REFUSED else event["cause"]
        return causes.name(number) == cause, {"cause": number}

    async def grant_in_force(self) -> Found:
        """The newest grant is the one in force, and no refused one ever was."""
        seqs = [values["object_seq"] for values in self.desk.records(record.GRANT)]
        wanted = list(range(1, self.desk.grant_seq + 1))
        return seqs == wanted and bool(seqs), {"seqs": ", ".join(str(seq) for seq in seqs) or "-"}

    async def records_wait(self, at_least: int) -> Found:
        """Records pile up on the controller while nobody takes them."""
        desk = self.desk
        # The gateway may be writing its log just now, from what it had before.
        await desk.until(lambda: self.newest_in_log() >= 0, PATIENCE_S, "the log can be read")
        waiting = len(desk.slots) - self.newest_in_log()
        return waiting >= at_least, {"waiting": waiting, "new": len(desk.slots) - self.seq_at_outage}

    async def log_complete(self) -> Found:
        """The log holds every record once, byte for byte as the box wrote them.

        In the order of arrival: alarms and what is new go before a backlog (design §9).
        """
        held = self.desk.slots[: self.delivered_seq]
        logged = [slot for slot in self.logged() if int.from_bytes(slot[4:8], "little") <= len(held)]
        logged.sort(key=lambda slot: int.from_bytes(slot[4:8], "little"))
        return logged == held and bool(held), {"last": len(logged)}

    async def receipt(self) -> Found:
        """The platform confirmed floor(W / 1000) cubic metres of the newest stop."""
        desk = self.desk
        stop = desk.newest(record.STOP, "volume_l")
        volume_l, utc_s = int(stop["volume_l"]), stop["utc_s"]
        # A report's time tag is its record's time of sampling (szy206.md 2.5).
        found: list[ReceivedReport] = []

        def is_confirmed() -> bool:
            found[:] = [one for one in desk.platform.reports if one.utc_s == utc_s and one.confirm_bytes]
            return bool(found)

        await desk.until(is_confirmed, PATIENCE_S, "the platform confirms the stop")
        reported = found[-1].volume_m3
        return reported == volume_l // 1000, {"volume": reported, "rest": volume_l % 1000}

    async def ledger_adds_up(self) -> Found:
        """The gateway's hourly ledger adds up to W."""
        rows = (await self.desk.gateway.verb("ledger", "--json")).json
        ledger_l = sum(row["litres"] for row in rows)
        return ledger_l == self.desk.volume_l, {"ledger": ledger_l, "booked": self.desk.volume_l}

    async def gap_booked(self) -> Found:
        """What flowed between the last reading and the cut is booked as a gap, not lost."""
        gap = self.desk.newest(record.GAP, "volume_l", "volume_before_l")
        figures = {"outage": gap["outage_s"], "litres": gap["volume_l"] - gap["volume_before_l"]}
        return gap["volume_l"] == self.desk.metered_l and gap["seq"] > self.seq_at_kill, figures

    async def bundle_proved(self) -> Found:
        """`karez verify` proves the bundle with the keys of the trust file."""
        code = await self._verify()
        figures = {
            "verdict": self.report.get("verdict"),
            "irrigations": len(self.report.get("irrigations", [])),
        }
        return code == 0, figures

    async def bundle_rejected(self) -> Found:
        """`karez verify` rejects the changed bundle and names the place."""
        code = await self._verify()
        for finding in self.report.get("findings", []):
            first, last = finding.get("bytes", (1, 0))
            if first <= self.flipped_at <= last:
                return code == 1, {"code": finding["code"], "seq": finding.get("seq"), "first": first}
        raise DeskError(f"byte {self.flipped_at} was changed, and no finding names its place (exit {code})")

    async def _verify(self) -> int:
        if not self.bundle.exists():
            raise DeskError("no bundle has been exported that could be verified")
        trust = self.desk.gateway.data / "trust.json"
        spoken = await karez("verify", str(self.bundle), "--trust", str(trust), "--json")
        self.report = spoken.json
        return spoken.code
