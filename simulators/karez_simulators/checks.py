"""What must hold on the desk: the steps that look.

Each returns whether it holds and the figures for its sentence in `wording`, and raises DeskError
when there is nothing to look at.
"""

from __future__ import annotations

from typing import Any

from karez_protocols import causes, event_details, grant, record
from karez_simulators import provisioning, wording
from karez_simulators.cable import DeskError
from karez_simulators.gateway_process import karez
from karez_simulators.platform_levels import COUNTY, STEPS_L
from karez_simulators.story import PATIENCE_S, Found, Story

RECEIPT_S = 90.0  # a platform that was down is tried again within a minute


def _numbered(words: str) -> int:
    """The cause with these words. Raises DeskError."""
    for number, name in causes.every():
        if name == words:
            return int(number)
    raise DeskError(f"no cause is called {words!r}")


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

    async def converted_exact(self) -> Found:
        """W is what the energy used stands for, to one step of the power meter, and its method says so."""
        desk, coefficient = self.desk, provisioning.coefficient(self.desk.site)
        if coefficient is None:
            raise DeskError("a water meter hangs at this well: nothing is converted")
        booked_l, energy_wh = desk.volume_l, desk.site.counted("power")
        figures = {
            "booked": booked_l,
            "energy": f"{energy_wh / 1000:.2f}",
            "coefficient": f"{coefficient.multiplier_ppm / 1_000_000:.3f}",
            "lifted": desk.site.well.volume_l,
        }
        return abs(booked_l - desk.owed_l) <= self._step_l(), figures

    def _step_l(self) -> int:
        """The least by which W can move here, litres."""
        site, coefficient = self.desk.site, provisioning.coefficient(self.desk.site)
        if coefficient is None:
            return site.step("water")
        return site.step("power") * coefficient.multiplier_ppm // 1_000_000 + 1

    async def method(self, method: str) -> Found:
        """The newest stop's litres were found in this way."""
        found = self.desk.newest(record.STOP)["method"]
        return wording.METHODS["en"].get(found) == method, {"method": found}

    async def stopped_by(self, cause: str) -> Found:
        """The newest stop has this cause, and the panel shows its code."""
        found = self.desk.newest(record.STOP)["cause"]
        return causes.name(found) == cause, {"cause": found, "code": self.desk.stop_code}

    async def overshoot(self) -> Found:
        """Past the ceiling by no more than flow x (meter refresh + 1.1 s) and one step of the register."""
        stop = self.desk.newest(record.STOP, "ceiling_l", "volume_l")
        site = self.desk.site
        over_l = stop["volume_l"] - stop["ceiling_l"]
        refresh_ms = site.meters["water" if "water" in site.meters else "power"].refresh_ms
        flowed_l = site.well.parameters.greatest_flow_lph * (refresh_ms + 1_100) // 3_600_000
        bound_l = flowed_l + self._step_l()
        figures = {"ceiling": stop["ceiling_l"], "booked": stop["volume_l"], "over": over_l, "bound": bound_l}
        return over_l <= bound_l and self.desk.owed_l == stop["volume_l"], figures

    async def refused(self, cause: str) -> Found:
        """The newest event is a refusal for this cause."""
        event = self.desk.newest(record.EVENT)
        number = event["subject"] if event["cause"] == causes.START_REFUSED else event["cause"]
        return causes.name(number) == cause, {"cause": number}

    async def event(self, cause: str) -> Found:
        """Such an event is on record since the act began."""
        found = await self._on_record(_numbered(cause))
        return True, {"cause": found["cause"], "seq": found["seq"]}

    async def _on_record(self, *numbers: int, quantity: int | None = None) -> dict[str, Any]:
        """The newest event of one of these causes since the act began, with its detail; wait for it."""
        found: dict[str, Any] = {}

        def is_found() -> bool:
            for values in self.desk.records(record.EVENT, self.seq_at_act):
                if values["cause"] in numbers:
                    detail = event_details.decode(values["cause"], values["detail"])
                    if quantity in (None, detail.get("quantity")):
                        found.update(values | detail)
            return bool(found)

        names = " or ".join(causes.name(number) for number in numbers)
        await self.desk.until(is_found, PATIENCE_S, f"it is on record: {names}")
        return found

    async def noticed(self, cause: str, within: int) -> Found:
        """The controller notices the newest fault, and within so many seconds."""
        began_s = self.fault_utc_s
        if began_s is None:
            raise DeskError("nothing has been spoilt yet that could be noticed")
        desk = self.desk
        number = _numbered(cause)

        def noticed_s() -> int | None:
            after = [values["utc_s"] for values in desk.events(number) if values["utc_s"] >= began_s]
            return after[0] - began_s if after else None

        await desk.until(
            lambda: noticed_s() is not None or desk.clock.utc() > began_s + within,
            within + PATIENCE_S,  # on a machine that stalls no second is fast
            f"time passes until {cause} is noticed",
        )  # fmt: skip
        seconds = noticed_s()
        waited_s = desk.clock.utc() - began_s
        figures = {"seconds": waited_s if seconds is None else seconds, "within": within, "cause": number}
        return seconds is not None and seconds <= within, figures

    async def meter_changed(self) -> Found:
        """Both readings of the swap are on record, and the books go on from where they stood.

        Entered late, after the controller had found another register by itself, they go on from what the
        energy of its last, coarse step stands for at most: that is counted against the well (design §5).
        """
        swap = self.swap
        if swap is None:
            raise DeskError("no meter has been swapped yet")
        quantity = grant.WATER if self.swapped == "water" else grant.ENERGY
        closed = await self._on_record(causes.METER_CLOSED, quantity=quantity)
        opened = await self._on_record(causes.METER_OPENED, quantity=quantity)
        segment = await self._on_record(
            causes.SEGMENT_OPENED, causes.SEGMENT_CONFIRMED, quantity=quantity
        )  # fmt: skip
        holds = (
            (closed["serial"], closed["register"]) == (swap.old_serial, swap.closing)
            and (opened["serial"], opened["register"]) == (swap.new_serial, swap.opening)
            and (segment["closing"], segment["register_base"]) == (swap.closing, swap.opening)
            and 0 <= segment["base"] - self.counted_at_swap <= self._beside(segment["cause"])
            and segment["is_confirmed"] == 1
        )
        figures = {"closing": closed["register"], "opening": opened["register"], "base": segment["base"]}
        return holds, figures

    def _beside(self, cause: int) -> int:
        """How much more than the meter may be booked by the segment that such an event tells of."""
        if cause != causes.SEGMENT_CONFIRMED or self.swapped != "water":
            return 0
        site = self.desk.site
        upper_ml = site.well.parameters.litres_per_kwh * provisioning.UPPER_MARGIN_PERCENT // 100
        return site.step("power") * upper_ml // 1000

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

    async def receipt(self, level: str = COUNTY) -> Found:
        """A platform confirmed W of the newest stop, in the steps that its standard tells it in."""
        desk = self.desk
        stop = desk.newest(record.STOP, "volume_l")
        volume_l, utc_s = int(stop["volume_l"]), stop["utc_s"]
        rest_l = volume_l % STEPS_L[level]
        # A report's time is its record's time of sampling. An interval may end in the same second, or
        # minute, with less.
        found: list[int] = []

        def is_confirmed() -> bool:
            found[:] = desk.platforms.confirmed_l(level, utc_s)
            return volume_l - rest_l in found

        await desk.until(is_confirmed, RECEIPT_S, f"the {level} platform confirms the stop")
        return max(found) == volume_l - rest_l, {"level": level, "volume": volume_l - rest_l, "rest": rest_l}

    async def no_receipt(self, level: str) -> Found:
        """A platform that is down has nothing of the newest stop."""
        stop = self.desk.newest(record.STOP, "volume_l")
        return not self.desk.platforms.confirmed_l(level, stop["utc_s"]), {"level": level}

    async def ledger_adds_up(self) -> Found:
        """The gateway's hourly ledger adds up to W."""
        rows = (await self.desk.gateway.verb("ledger", "--json")).json
        ledger_l = sum(row["litres"] for row in rows)
        return ledger_l == self.desk.volume_l, {"ledger": ledger_l, "booked": self.desk.volume_l}

    async def gap_booked(self) -> Found:
        """What flowed between the last reading and the cut is booked as a gap, not lost."""
        gap = self.desk.newest(record.GAP, "volume_l", "volume_before_l")
        figures = {"outage": gap["outage_s"], "litres": gap["volume_l"] - gap["volume_before_l"]}
        return gap["volume_l"] == self.desk.owed_l and gap["seq"] > self.seq_at_kill, figures

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
