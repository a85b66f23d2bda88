"""The core of `karez bench meters`: named meters of any profile on one port, and a pump to feed them.

Nothing here prints: `shown` is called with each line for the person at the bench.
"""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING

from karez_simulators import bench_port, bench_wording, meter_choice, meter_fault_wording
from karez_simulators.adapter_line import AdapterLine
from karez_simulators.cjt188_meter import Cjt188Meter
from karez_simulators.clock import Clock
from karez_simulators.dlt645_meter import Dlt645Meter
from karez_simulators.line import Line
from karez_simulators.line_troubles import LineTroubles
from karez_simulators.meter_choice import Serial, Unusable
from karez_simulators.meter_faults import ACTS
from karez_simulators.steady_well import SteadyWell
from karez_simulators.well import LIMITS

if TYPE_CHECKING:
    from collections.abc import Callable

    from karez_simulators.line_traffic import Carried
    from karez_simulators.meter_choice import BenchMeter

FATES = ("unknown", "silent", "wrong_baud", "spoilt", "too_early")  # of a request; any other needs no word
FLOW_M3H_MAX = LIMITS["rated_flow_lph"][1] // 1000


class MetersBench:
    """Meters, pump and port. `start` inside a running loop, `await stop()` when done.

    Raises Unusable with one clear line for whatever cannot be done. `finished` is set by
    `quit`, when the adapter goes away (then `failure` says why), and when a meter breaks
    (then `stop` raises what broke it).
    """

    def __init__(
        self,
        wanted: list[str],
        serial: Serial,
        flow_m3h: float,
        shown: Callable[[str], None] | None = None,
        lang: str = "en",
    ) -> None:
        self.clock = Clock()
        self.finished = asyncio.Event()
        self.failure: Unusable | None = None
        self.lang = lang
        self._shown = shown
        self._is_wanted = False
        self._flow_m3h = flow_m3h
        self.well = SteadyWell(_lph(flow_m3h), self.clock.now_ms())
        self.meters = meter_choice.placed(wanted, self.well)
        if serial.parity not in (None, "N", "E", "O"):
            raise Unusable("parity", parity=serial.parity)
        self.settings = {meter.label: meter_choice.settings(meter.document, serial) for meter in self.meters}
        self.line = bench_port.chosen(self.clock, serial, self.settings)
        if isinstance(self.line, AdapterLine):
            self.line.lost = self._lost
        self.line.tap = self._saw
        self.troubles = LineTroubles(self.line, self.clock, self.meters)
        self._names = {meter.key: meter.label for meter in self.meters}
        for meter in self.meters:
            meter.attach(self.line, self.settings[meter.label][0])
            if isinstance(meter.meter, Dlt645Meter):
                meter.meter.relay_moved = self._relay_moved
            elif isinstance(meter.meter, Cjt188Meter):
                meter.meter.valve_moved = self._valve_moved
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Open the port, start the pump and serve. Raises Unusable if the port cannot be had."""
        bench_port.opened(self.line)
        self.set_pump(True)
        for meter in self.meters:
            if meter.server is not None:
                meter.server.start()
            meter.meter.refresh(self.clock.utc())
            task = asyncio.create_task(self._refresh(meter))
            task.add_done_callback(lambda _: self.finished.set())
            self._tasks.append(task)

    async def stop(self) -> None:
        """Close everything; raises what went wrong in a meter meanwhile. Harmless twice."""
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        await self.troubles.stop()
        for meter in self.meters:
            if meter.server is not None:
                await meter.server.stop()
        self.line.close()
        for outcome in outcomes:
            if isinstance(outcome, Exception):
                raise outcome

    # -- what a person does

    def set_flow(self, m3h: str) -> None:
        """The pump gives this many m3/h from now on."""
        try:
            wanted = float(m3h)
        except ValueError:
            wanted = math.nan
        _lph(wanted, m3h)
        self._flow_m3h = wanted
        self._let_flow()

    def _let_flow(self) -> None:
        """What is wanted, or nothing behind a closed valve."""
        shut = any(isinstance(one.meter, Cjt188Meter) and not one.meter.is_valve_open for one in self.meters)
        self.well.set_flow(0 if shut else _lph(self._flow_m3h), self.clock.now_ms())

    def set_pump(self, on: bool) -> None:
        """The pump starts or stops, if no meter's relay holds it."""
        self._is_wanted = on
        held = any(
            isinstance(one.meter, Dlt645Meter) and not one.meter.is_relay_closed for one in self.meters
        )
        was = self.well.is_powered
        self.well.set_contactor(on and not held, self.clock.now_ms())
        if self.well.is_powered != was:
            self.troubles.pump_switched()

    def fault(self, name: str, on: bool) -> str:
        """Switch NAME of all who know it, or METER:NAME of one."""
        label, _, fault = name.rpartition(":")  # a label may hold a colon: cjt188@20:…
        chosen = [meter for meter in self.meters if label in ("", meter.label)]
        if not chosen:
            raise Unusable("meter_unknown", label=repr(label), known=[meter.label for meter in self.meters])
        known = [meter for meter in chosen if fault in meter.faults]
        if not known:
            names = sorted({one for meter in chosen for one in meter.faults})
            near = meter_choice.near(fault, names)
            raise Unusable("fault_unknown", name=repr(fault), near=near, known=names)
        if fault in ACTS and not on:
            raise Unusable("fault_once", name=fault)
        self.well.advance(self.clock.now_ms())
        for meter in known:
            self._switch(meter, fault, on)
        meters = ", ".join(meter.label for meter in known)
        if fault in ACTS:
            return self.word("done", name=fault, meters=meters)
        return self.word("fault", name=fault, state=self.word("on" if on else "off"), meters=meters)

    def _switch(self, meter: BenchMeter, fault: str, on: bool) -> None:
        switch = {"silent": self.line.set_silent, "slow": self.line.set_slow, "noisy": self.line.set_noisy}
        if fault not in switch:
            meter.meter.fault(fault, on)
            return
        switch[fault](meter.key, on)
        (meter.on_wire.add if on else meter.on_wire.discard)(fault)

    # -- what a person sees

    def word(self, which: str, /, **values: object) -> str:
        """A sentence of bench_wording.WORDS in this bench's language."""
        return bench_wording.WORDS[self.lang][which].format(**values)

    def pump_line(self) -> str:
        """The pump in one line."""
        self.well.advance(self.clock.now_ms())
        state = self.word("runs" if self.well.is_powered else "stands")
        flow_m3h, power_kw = self.well.flow_lph / 1000, self.well.power_w / 1000
        return self.word("pump", state=state, wanted=self._flow_m3h, flow=flow_m3h, power=power_kw)

    def trouble_lines(self) -> list[str]:
        """The line's own troubles that are on."""
        troubles, on = self.troubles, self.word("on")
        said = {
            self.word("noise", ppm=troubles.noise_ppm): troubles.noise_ppm > 0,
            self.word("bursts", state=on): troubles.has_bursts,
            self.word("echo", state=on): troubles.has_echo,
            self.word("second", state=on): troubles.has_second_master,
            self.word("latency", ms=troubles.latency_ms): troubles.latency_ms is not None,
        }
        return [text for text, is_on in said.items() if is_on]

    def totals(self) -> str:
        """What the pump has really done since the start."""
        self.well.advance(self.clock.now_ms())
        return self.word("truth", water=self.well.volume_ul / 1e9, energy=self.well.energy_milliwh / 1e6)

    def counts(self) -> str:
        """What has passed on the line: requests and replies, and whatever else happened."""
        counted = {**vars(self.line.counters)}
        counted["damaged_frames"] = sum(meter.bad_frames for meter in self.meters)
        counted["spoilt_bytes"] = self.line.noise.spoilt_bytes
        names = bench_wording.COUNTERS[self.lang]
        said = [
            self.word("counted", count=count, name=names[key])
            for key, count in counted.items()
            if count or key in ("requests", "replies")
        ]
        return self.word("comma").join(said)

    def fault_list(self) -> str:
        """All faults of all meters here, those that are on marked."""
        lines = []
        for meter in self.meters:
            lines.append(f"{meter.label}:")
            active = meter.meter.active_faults | meter.on_wire
            for name, text in meter.faults.items():
                said = meter_fault_wording.of(self.lang, text)
                lines.append(f"  {'*' if name in active else ' '} {name:<20} {said}")
        return "\n".join(lines)

    def meter_lines(self) -> list[str]:
        """Who is on the line, with address and settings."""
        lines = [self._meter_line(meter) for meter in self.meters]
        has_parity = any(setting[1:] != ("N", 1) for setting in self.settings.values())
        return [*lines, self.word("no_parity")] if has_parity and isinstance(self.line, Line) else lines

    def _meter_line(self, meter: BenchMeter) -> str:
        setting = meter_choice.spelt(*self.settings[meter.label])
        own = meter_choice.spelt(*meter_choice.settings(meter.document, Serial()))
        if setting != own:
            setting = self.word("factory", setting=setting, own=own)
        return self.word(
            "meter",
            label=meter.label,
            protocol=meter.protocol,
            address=meter.meter.address,
            setting=setting,
            maker=meter.document["maker"],
        )

    def _saw(self, carried: Carried) -> None:
        if self._shown is None:
            return
        names = ", ".join(self._names[key] for key in carried.stations) or "?"
        arrow = "<-" if carried.kind == "reply" else "->"
        why = [carried.kind] if carried.kind == "foreign" else []
        why += [carried.fate] if carried.fate in FATES else []
        said = "".join(f"   ({self.word(one)})" for one in why)
        at_s = carried.start_ns / 1e9
        self._shown(f"{at_s:10.3f} {arrow} {names:<12} {carried.data.hex(' ').upper()}{said}")

    # -- what happens meanwhile

    def _relay_moved(self, closed: bool) -> None:
        """The pump hangs behind the meter's relay."""
        self.set_pump(self._is_wanted)
        if self._shown is not None:
            self._shown(self.word("relay_closed" if closed else "relay_open", pump=self.pump_line()))

    def _valve_moved(self, is_open: bool) -> None:
        """All the water goes through the meter's valve."""
        self._let_flow()
        if self._shown is not None:
            self._shown(self.word("valve_open" if is_open else "valve_closed", pump=self.pump_line()))

    def _lost(self, error: OSError) -> None:
        self.failure = Unusable("port_gone", reason=error)
        self.finished.set()

    async def _refresh(self, meter: BenchMeter) -> None:
        """On the meter's own beat, as a meter does, polled or not."""
        every_ms = meter.meter.refresh_ms
        while True:
            await self.clock.sleep_until_ms((self.clock.now_ms() // every_ms + 1) * every_ms)
            self.well.advance(self.clock.now_ms())
            meter.meter.refresh(self.clock.utc())


def _lph(m3h: float, given: str = "") -> int:
    """Litres per hour of what a person asks for; Unusable for what no well gives."""
    if not 0 <= m3h <= FLOW_M3H_MAX:  # also what is no number
        raise Unusable("flow", given=given or f"{m3h:g}", most=FLOW_M3H_MAX)
    return round(m3h * 1000)
