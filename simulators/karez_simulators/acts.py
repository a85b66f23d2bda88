"""What people and misfortune do on the desk, and what must then hold.

HANDS (`do = …`) act; CHECKS (`check = …`) return whether something holds and the figures found.
A scenario is made of both; `wording` has a sentence for each. Both raise DeskError when there is
nothing to act on or to look at.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from karez_protocols import causes, entry, record
from karez_simulators import log_reader
from karez_simulators.desk import SITE, Desk, DeskError
from karez_simulators.gateway_process import karez
from karez_simulators.offices import Regulator

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from karez_simulators.platform_szy206 import ReceivedReport

Found = tuple[bool, dict[str, Any]]  # whether it holds, and the figures for its sentence

# Real seconds that something on the desk may take before it counts as not happening.
PATIENCE_S = 25


class Play:
    """A desk in the middle of a scenario: what the acts remember from one step to the next."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.at_kill_seq = 0
        self.seq_at_outage = self.delivered_seq = 0
        self.bundle = desk.folder / "site.kzb"
        self.report: dict[str, Any] = {}
        self.flipped_at = 0

    # -- hands ----------------------------------------------------------------------------

    async def grant(self, litres: int) -> None:
        """The regulator gives a right of so many litres from here; the gateway carries it."""
        await self.desk.give_right(litres)

    async def forged_grant(self, litres: int) -> None:
        """Somebody without the regulator's key signs a generous grant; the gateway carries it."""
        right = self.desk.right(self.desk.volume_l + litres, self.desk.grant_seq + 10)
        await self._carry_in_vain(Regulator().grant(right))

    async def replayed_grant(self) -> None:
        """The very first grant is sent once more."""
        if not self.desk.grants:
            raise DeskError("no grant has been given that could be replayed")
        await self._carry_in_vain(self.desk.grants[0])

    async def _carry_in_vain(self, data: bytes) -> None:
        desk = self.desk
        before = desk.refusals()
        await desk.carry(data, unchecked=True)
        await desk.until(lambda: desk.refusals() > before, PATIENCE_S, "the controller refuses the grant")

    async def start(self) -> None:
        """A farmer touches the card and presses start; the contactor closes."""
        self.desk.press("start")
        await self.desk.until(
            lambda: self.desk.site.well.is_powered, PATIENCE_S, "the contactor closes after a start"
        )

    async def start_in_vain(self) -> None:
        """A farmer presses start and is refused."""
        desk = self.desk
        before = desk.events(causes.START_REFUSED)
        desk.press("start")
        await desk.until(
            lambda: desk.events(causes.START_REFUSED) > before, PATIENCE_S, "the start is refused"
        )

    async def pump(self, seconds: int) -> None:
        """Let the pump run for so many simulated seconds, to the end of which it must run."""
        if not self.desk.site.well.is_powered:
            raise DeskError("the pump does not run")
        await self.desk.clock.sleep_ms(seconds * 1000)
        if not self.desk.site.well.is_powered:
            raise DeskError(f"the pump stopped meanwhile{self._why_stopped()}")

    def _why_stopped(self) -> str:
        stops = self.desk.records(record.STOP)
        return f": {causes.name(stops[-1]['cause'])}" if stops else ""

    async def wait(self, seconds: int) -> None:
        """Let so many simulated seconds pass."""
        await self.desk.clock.sleep_ms(seconds * 1000)

    async def stop(self) -> None:
        """The farmer presses stop; the controller writes the stop."""
        await self._stopped(lambda: self.desk.press("stop"))

    async def run_out(self) -> None:
        """Wait until the controller stops the pump by itself and has written the stop."""
        await self._stopped(lambda: None)

    async def _stopped(self, act: Callable[[], None]) -> None:
        desk = self.desk
        before = len(desk.records(record.STOP))
        act()
        await desk.until(lambda: len(desk.records(record.STOP)) > before, PATIENCE_S, "the stop is written")

    async def delivered(self) -> None:
        """Wait until the gateway has acknowledged every record."""
        desk = self.desk
        await desk.until(
            lambda: desk.waiting == 0 and self._newest_in_log() == len(desk.slots),
            PATIENCE_S, "every record is acknowledged by the gateway",
        )  # fmt: skip
        self.delivered_seq = self._newest_in_log()

    async def broker_away(self) -> None:
        """The broker goes away with all its connections."""
        self.seq_at_outage = len(self.desk.slots)
        await self.desk.broker.stop()

    async def broker_back(self) -> None:
        """The broker is back on the same port."""
        await self.desk.broker.start()

    async def kill(self) -> None:
        """SIGKILL to the controller's process."""
        vm = self.desk.controller()
        self.at_kill_seq = len(self.desk.slots)
        vm.kill()
        await self.desk.until(
            lambda: not vm.is_running and not self.desk.site.well.is_powered,
            PATIENCE_S, "the contactor drops with its controller",
        )  # fmt: skip

    async def restart(self) -> None:
        """Start the controller (again) and wait until its books are known and its last irrigation closed."""
        desk = self.desk
        vm = desk.controller()
        await vm.stop()
        desk.forget_panel()
        await vm.start()
        await desk.until(lambda: desk.is_ready, PATIENCE_S, "the controller knows its books again")
        await desk.until(lambda: not desk.is_irrigating, PATIENCE_S, "the cut-off irrigation is closed")

    async def export(self) -> None:
        """The gateway writes the site's evidence bundle; anyone verifies it offline."""
        await self.desk.gateway.verb("export", "--site", SITE, str(self.bundle))

    async def flip_a_bit(self) -> None:
        """One bit of the bundle changes, in the middle of its records."""
        if not self.bundle.exists():
            raise DeskError("no bundle has been exported that could be changed")
        data = bytearray(self.bundle.read_bytes())
        at = data.find(self.desk.slots[len(self.desk.slots) // 2])
        if at < 0:
            raise DeskError("the bundle does not hold the record in the middle of the controller's")
        self.flipped_at = at + 50  # in its volume
        data[self.flipped_at] ^= 1
        self.bundle.write_bytes(data)

    # -- checks ---------------------------------------------------------------------------

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
        await desk.until(lambda: self._newest_in_log() >= 0, PATIENCE_S, "the log can be read")
        waiting = len(desk.slots) - self._newest_in_log()
        return waiting >= at_least, {"waiting": waiting, "new": len(desk.slots) - self.seq_at_outage}

    async def log_complete(self) -> Found:
        """The log holds every record once, byte for byte as the box wrote them.

        In the order of arrival: alarms and what is new go before a backlog (design §9).
        """
        held = self.desk.slots[: self.delivered_seq]
        logged = [slot for slot in self._logged() if int.from_bytes(slot[4:8], "little") <= len(held)]
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
        return gap["volume_l"] == self.desk.metered_l and gap["seq"] > self.at_kill_seq, figures

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

    # -- the log, as an auditor reads it --------------------------------------------------

    def _logged(self) -> list[bytes]:
        """Every record of the log, in the log's order."""
        found = log_reader.entries(self.desk.gateway.data / "log")
        return [bytes(one["slot"]) for one in found if one["entry"] == entry.RECORD]

    def _newest_in_log(self) -> int:
        try:
            return len(self._logged())
        except log_reader.Unreadable:  # the log is being written just now: look again
            return -1


def _table(names: str) -> dict[str, Callable[..., Awaitable[Any]]]:
    return {name: getattr(Play, name) for name in names.split()}


HANDS = _table(
    "grant forged_grant replayed_grant start start_in_vain pump wait stop run_out delivered "
    "broker_away broker_back kill restart export flip_a_bit"
)
CHECKS = _table(
    "pump_runs pump_is_off litres_exact stopped_by overshoot refused grant_in_force records_wait "
    "log_complete receipt ledger_adds_up gap_booked bundle_proved bundle_rejected"
)
