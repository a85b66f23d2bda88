"""What people and misfortune do on the desk, and what must then hold.

HANDS (`do = …`) act; CHECKS (`check = …`) return whether something holds and the sentence that
says so, with the figures found. A scenario is made of both.
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

Found = tuple[bool, str]  # whether it holds, and the sentence that says so

# Real seconds that something on the desk may take before it counts as not happening.
PATIENCE_S = 25


class Play:
    """A desk in the middle of a scenario: what the acts remember from one step to the next."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.at_kill_seq = 0
        self.seq_at_outage = 0
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
        """Let the pump run for so many simulated seconds."""
        await self.desk.clock.sleep_ms(seconds * 1000)

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
        await desk.until(
            lambda: len(desk.records(record.STOP)) > before, PATIENCE_S, "the stop is written"
        )

    async def delivered(self) -> None:
        """Wait until the gateway has acknowledged every record."""
        desk = self.desk
        await desk.until(
            lambda: desk.waiting == 0 and self._newest_in_log() == len(desk.slots),
            PATIENCE_S, "every record is acknowledged by the gateway",
        )  # fmt: skip

    async def broker_away(self) -> None:
        """The broker goes away with all its connections."""
        self.seq_at_outage = len(self.desk.slots)
        await self.desk.broker.stop()

    async def broker_back(self) -> None:
        """The broker is back on the same port."""
        await self.desk.broker.start()

    async def kill(self) -> None:
        """SIGKILL to the controller's process."""
        vm = self._vm()
        self.at_kill_seq = len(self.desk.slots)
        vm.kill()
        await self.desk.until(
            lambda: not vm.is_running and not self.desk.site.well.is_powered,
            PATIENCE_S, "the contactor drops with its controller",
        )  # fmt: skip

    async def restart(self) -> None:
        """Start the controller again and wait until its books are known."""
        vm = self._vm()
        await vm.stop()
        stops = len(self.desk.records(record.STOP))
        await vm.start()
        await self.desk.until(
            lambda: len(self.desk.records(record.STOP)) > stops, PATIENCE_S, "the cut-off irrigation is closed"
        )

    async def export(self) -> None:
        """The gateway writes the site's evidence bundle; anyone verifies it offline."""
        await self.desk.gateway.verb("export", "--site", SITE, str(self.bundle))

    async def flip_a_bit(self) -> None:
        """One bit of the bundle changes, in the middle of its records."""
        data = bytearray(self.bundle.read_bytes())
        self.flipped_at = data.index(self.desk.slots[len(self.desk.slots) // 2]) + 50  # in its volume
        data[self.flipped_at] ^= 1
        self.bundle.write_bytes(data)

    def _vm(self) -> Any:
        if self.desk.vm is None:
            raise DeskError("there is no controller on the desk")
        return self.desk.vm

    # -- checks ---------------------------------------------------------------------------

    async def pump_runs(self) -> Found:
        """The contactor is closed and the well gives water."""
        well = self.desk.site.settle()
        return well.is_powered, f"pump runs: {well.flow_lph / 1000:.1f} m³/h, {well.power_w / 1000:.1f} kW"

    async def pump_is_off(self) -> Found:
        """The contactor is open and nothing flows."""
        well = self.desk.site.settle()
        return not well.is_powered, "pump is off"

    async def litres_exact(self) -> Found:
        """W is what the water meter counted, to the litre."""
        booked, metered = self.desk.volume_l, self.desk.metered_l
        return booked == metered, f"W = {booked} L, the water meter counted {metered} L"

    async def stopped_by(self, cause: str) -> Found:
        """The newest stop has this cause, and the panel shows its code."""
        found = causes.name(self.desk.records(record.STOP)[-1]["cause"])
        code = self.desk.stop_code
        return found == cause, f"stopped by: {found}; code on the panel: {code}"

    async def overshoot(self) -> Found:
        """Past the ceiling by no more than flow x (meter refresh + 1.1 s) and one register step."""
        stop = self.desk.records(record.STOP)[-1]
        site = self.desk.site
        over_l = stop["volume_l"] - stop["ceiling_l"]
        refresh_ms = site.water.refresh_ms
        bound_l = site.well.parameters.greatest_flow_lph * (refresh_ms + 1_100) // 3_600_000 + 1
        text = f"ceiling {stop['ceiling_l']} L, W {stop['volume_l']} L: overshoot {over_l:+d} L (at most {bound_l})"
        return over_l <= bound_l and self.desk.metered_l == stop["volume_l"], text

    async def refused(self, cause: str) -> Found:
        """The newest event is a refusal for this cause."""
        event = self.desk.records(record.EVENT)[-1]
        number = event["subject"] if event["cause"] == causes.START_REFUSED else event["cause"]
        return causes.name(number) == cause, f"refused by the controller: {causes.name(number)}"

    async def grant_in_force(self) -> Found:
        """The newest grant is the one in force, and no refused one ever was."""
        seqs = [values["object_seq"] for values in self.desk.records(record.GRANT)]
        wanted = list(range(1, self.desk.grant_seq + 1))
        return seqs == wanted, f"grants in force so far: {seqs}"

    async def records_wait(self, at_least: int) -> Found:
        """Records pile up on the controller while nobody takes them."""
        new = len(self.desk.slots) - self.seq_at_outage
        logged = self._newest_in_log()
        waiting = len(self.desk.slots) - logged
        return waiting >= at_least, f"{waiting} records wait on the controller ({new} written since)"

    async def log_complete(self) -> Found:
        """The log holds every record once, in order, byte for byte as the box wrote them."""
        logged = self._logged()
        seqs = [int.from_bytes(slot[4:8], "little") for slot in logged]
        whole = logged == self.desk.slots and seqs == list(range(1, len(seqs) + 1))
        return whole, f"log holds records 1..{len(seqs)}, none missing, none doubled, in order"

    async def receipt(self) -> Found:
        """The platform confirmed floor(W / 1000) cubic metres of the newest stop."""
        desk = self.desk
        stop = desk.records(record.STOP)[-1]
        volume_l, utc_s = int(stop["volume_l"]), stop["utc_s"]
        # A report's time tag is its record's time of sampling (szy206.md 2.5).
        found: list[ReceivedReport] = []

        def is_confirmed() -> bool:
            found[:] = [one for one in desk.platform.reports if one.utc_s == utc_s and one.confirm_bytes]
            return bool(found)

        await desk.until(is_confirmed, PATIENCE_S, "the platform confirms the stop")
        reported = found[-1].volume_m3
        text = f"platform receipt: {reported} m³; {volume_l % 1000} L carried on"
        return reported == volume_l // 1000, text

    async def ledger_adds_up(self) -> Found:
        """The gateway's hourly ledger adds up to W."""
        rows = (await self.desk.gateway.verb("ledger", "--json")).json
        booked = sum(row["litres"] for row in rows)
        return booked == self.desk.volume_l, f"hourly ledger adds up to {booked} L"

    async def gap_booked(self) -> Found:
        """What flowed between the last reading and the cut is booked as a gap, not lost."""
        gap = self.desk.records(record.GAP)[-1]
        litres = gap["volume_l"] - gap["volume_before_l"]
        text = f"gap of {gap['outage_s']} s booked: {litres} L that the dead process had not seen"
        return gap["volume_l"] == self.desk.metered_l and gap["seq"] > self.at_kill_seq, text

    async def bundle_proved(self) -> Found:
        """`karez verify` proves the bundle with the keys of the trust file."""
        code = await self._verify()
        text = f"karez verify: {self.report.get('verdict')}, {len(self.report.get('irrigations', []))} irrigations"
        return code == 0, text

    async def bundle_rejected(self) -> Found:
        """`karez verify` rejects the changed bundle and names the place."""
        code = await self._verify()
        for finding in self.report.get("findings", []):
            first, last = finding.get("bytes", (1, 0))
            if first <= self.flipped_at <= last:
                text = f"rejected: {finding['code']} at seq {finding.get('seq')}, bytes {first}-{last}"
                return code == 1, text
        return False, f"byte {self.flipped_at} was changed, and no finding names its place (exit {code})"

    async def _verify(self) -> int:
        trust = self.desk.gateway.data / "trust.json"
        spoken = await karez("verify", str(self.bundle), "--trust", str(trust), "--json")
        self.report = spoken.json if spoken.out else {}
        return spoken.code

    # -- the log, as an auditor reads it --------------------------------------------------

    def _logged(self) -> list[bytes]:
        """Every record of the log, in the log's order."""
        found = log_reader.entries(self.desk.gateway.data / "log")
        return [bytes(one["slot"]) for one in found if one["entry"] == entry.RECORD]  # type: ignore[arg-type]

    def _newest_in_log(self) -> int:
        try:
            return len(self._logged())
        except (OSError, ValueError):  # the log is being written just now: look again
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
