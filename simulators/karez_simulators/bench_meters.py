"""The core of `karez bench meters`: named meters of any profile on one port, and a pump to feed them.

Nothing here prints: `shown` is called with each line for the person at the bench.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from karez_simulators import meter_choice
from karez_simulators.adapter_line import AdapterLine
from karez_simulators.clock import Clock
from karez_simulators.dlt645_meter import Dlt645Meter
from karez_simulators.line import Line
from karez_simulators.meter_choice import Serial, Unusable
from karez_simulators.steady_well import SteadyWell

if TYPE_CHECKING:
    from collections.abc import Callable

    from karez_simulators.line_traffic import Carried
    from karez_simulators.meter_choice import BenchMeter

FATES = {
    "unknown": "for nobody here, or damaged",
    "silent": "the meter is silent",
    "wrong_baud": "asked at another baud rate than the meter's",
    "spoilt": "spoilt on the wire",
}
HELP = """flow M3H            the pump gives this much, e.g. flow 50
start | stop        the pump
fault NAME on|off   of every meter that knows it; METER:NAME for one
faults              names of all faults, those that are on marked *
show                totals and counters
quit                end (or Ctrl-C)"""


class MetersBench:
    """Meters, pump and port. `start` inside a running loop, `await stop()` when done.

    Raises Unusable with one clear line for whatever cannot be done. `finished` is set by
    `quit` and when the adapter goes away (then `failure` says why).
    """

    def __init__(
        self, wanted: list[str], serial: Serial, flow_m3h: float, shown: Callable[[str], None] | None = None
    ) -> None:
        self.clock = Clock()
        self.finished = asyncio.Event()
        self.failure: str | None = None
        self._shown = shown
        self._is_wanted = False
        self._flow_m3h = flow_m3h
        try:
            self.well = SteadyWell(round(flow_m3h * 1000), self.clock.now_ms())
        except (ValueError, OverflowError) as error:
            raise Unusable(f"--flow {flow_m3h:g}: {error}") from None
        self.meters = meter_choice.placed(wanted, self.well)
        if serial.parity is not None and serial.parity not in ("N", "E", "O"):
            raise Unusable(f"--parity {serial.parity}: N, E or O")
        self.settings = {meter.label: meter_choice.settings(meter.document, serial) for meter in self.meters}
        self.line = self._line(serial)
        self.line.tap = self._saw
        self._names = {meter.key: meter.label for meter in self.meters}
        for meter in self.meters:
            meter.attach(self.line, self.settings[meter.label][0])
            if isinstance(meter.meter, Dlt645Meter):
                meter.meter.relay_moved = self._relay_moved
        self._tasks: list[asyncio.Task[None]] = []

    def _line(self, serial: Serial) -> Line | AdapterLine:
        baud, parity, stop_bits = self.settings[self.meters[0].label]
        if serial.port is None:
            try:
                return Line(self.clock, baud=baud)
            except ValueError as error:
                raise Unusable(f"--baud: {error}") from None
        if len(set(self.settings.values())) > 1:
            said = ", ".join(f"{label} {meter_choice.spelt(*one)}" for label, one in self.settings.items())
            raise Unusable(f"one adapter has one setting: {said}; give --baud and --parity for all")
        line = AdapterLine(self.clock, serial.port, baud, parity, stop_bits)
        line.lost = self._lost
        return line

    def start(self) -> None:
        """Open the port, start the pump and serve. Raises Unusable if the port cannot be had."""
        try:
            self.line.open()
        except (OSError, ValueError) as error:
            raise Unusable(
                f"--port {getattr(self.line, 'port_path', '')}: {meter_choice.reason(error)}"
            ) from None
        except ModuleNotFoundError:
            raise Unusable("--port needs the package pyserial: pip install 'karez[bench]'") from None
        self.set_pump(True)
        for meter in self.meters:
            if meter.server is not None:
                meter.server.start()
            meter.meter.refresh(self.clock.utc())
            self._tasks.append(asyncio.create_task(self._refresh(meter)))

    async def stop(self) -> None:
        """Close everything; raises what went wrong in a meter meanwhile. Harmless twice."""
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        for meter in self.meters:
            if meter.server is not None:
                await meter.server.stop()
        self.line.close()
        for outcome in outcomes:
            if isinstance(outcome, Exception):
                raise outcome

    # -- what a person does

    def command(self, text: str) -> str:
        """Do what a line of input says; what to answer. Raises Unusable for what it does not know."""
        words = text.split()
        verb = words[0] if words else ""
        if verb == "flow" and len(words) == 2:
            self.set_flow(words[1])
        elif verb in ("start", "stop") and len(words) == 1:
            self.set_pump(verb == "start")
        elif verb == "fault" and len(words) == 3 and words[2] in ("on", "off"):
            return self.fault(words[1], words[2] == "on")
        elif verb == "faults":
            return self.fault_list()
        elif verb == "show":
            return self.totals() + "\n" + self.counts()
        elif verb == "quit":
            self.finished.set()
        elif verb in ("help", "?"):
            return HELP
        elif verb:
            raise Unusable(f"{text.strip()!r} is not understood; help lists what is")
        return self.pump_line() if verb in ("flow", "start", "stop") else ""

    def set_flow(self, m3h: str) -> None:
        """The pump gives this many m3/h from now on."""
        try:
            self.well.set_flow(round(float(m3h) * 1000), self.clock.now_ms())
            self._flow_m3h = float(m3h)
        except (ValueError, OverflowError) as error:
            raise Unusable(f"flow {m3h}: {error}") from None

    def set_pump(self, on: bool) -> None:
        """The pump starts or stops, if no meter's relay holds it."""
        self._is_wanted = on
        held = any(
            isinstance(one.meter, Dlt645Meter) and not one.meter.is_relay_closed for one in self.meters
        )
        self.well.set_contactor(on and not held, self.clock.now_ms())

    def fault(self, name: str, on: bool) -> str:
        """Switch NAME of all who know it, or METER:NAME of one."""
        label, _, fault = name.rpartition(":")
        chosen = [meter for meter in self.meters if label in ("", meter.label)]
        if not chosen:
            raise Unusable(f"no meter {label!r} here, only {', '.join(meter.label for meter in self.meters)}")
        known = [meter for meter in chosen if fault in meter.faults]
        if not known:
            names = sorted({one for meter in chosen for one in meter.faults})
            raise Unusable(f"no fault {fault!r}{meter_choice.near(fault, names)}; known: {', '.join(names)}")
        self.well.advance(self.clock.now_ms())
        for meter in known:
            self._switch(meter, fault, on)
        return f"{fault} {'on' if on else 'off'}: {', '.join(meter.label for meter in known)}"

    def _switch(self, meter: BenchMeter, fault: str, on: bool) -> None:
        switch = {"silent": self.line.set_silent, "slow": self.line.set_slow, "noisy": self.line.set_noisy}
        if fault not in switch:
            meter.meter.fault(fault, on)
            return
        switch[fault](meter.key, on)
        (meter.on_wire.add if on else meter.on_wire.discard)(fault)

    # -- what a person sees

    def pump_line(self) -> str:
        """The pump in one line."""
        self.well.advance(self.clock.now_ms())
        state = "runs" if self.well.is_powered else "stands"
        now = f"{self.well.flow_lph / 1000:.1f} m3/h now, {self.well.power_w / 1000:.1f} kW"
        return f"pump {state}, set to {self._flow_m3h:g} m3/h: {now}"

    def totals(self) -> str:
        """What the pump has really done since the start."""
        self.well.advance(self.clock.now_ms())
        water = f"{self.well.volume_ul / 1e9:.3f} m3"
        return f"truth since the start: {water}, {self.well.energy_milliwh / 1e6:.3f} kWh"

    def counts(self) -> str:
        """What has passed on the line, one line per kind that happened."""
        counters = {name.replace("_", " "): count for name, count in vars(self.line.counters).items()}
        counters["damaged frames"] = sum(meter.bad_frames for meter in self.meters)
        first = ("requests", "replies")
        return ", ".join(f"{count} {name}" for name, count in counters.items() if count or name in first)

    def fault_list(self) -> str:
        """All faults of all meters here, those that are on marked."""
        lines = []
        for meter in self.meters:
            lines.append(f"{meter.label}:")
            active = meter.meter.active_faults | meter.on_wire
            lines += [
                f"  {'*' if name in active else ' '} {name:<20} {text}" for name, text in meter.faults.items()
            ]
        return "\n".join(lines)

    def meter_lines(self) -> list[str]:
        """Who is on the line, with address and settings."""
        return [
            f"{meter.label}: {meter.protocol}, address {meter.meter.address}, "
            f"{meter_choice.spelt(*self.settings[meter.label])}, {meter.document['maker']}"
            for meter in self.meters
        ]

    def _saw(self, carried: Carried) -> None:
        if self._shown is None:
            return
        names = ", ".join(self._names[key] for key in carried.stations) or "?"
        arrow = "<-" if carried.kind == "reply" else "->"
        why = f"   ({FATES[carried.fate]})" if carried.fate in FATES else ""
        at_s = carried.start_ns / 1e9
        self._shown(f"{at_s:10.3f} {arrow} {names:<12} {carried.data.hex(' ').upper()}{why}")

    # -- what happens meanwhile

    def _relay_moved(self, closed: bool) -> None:
        """The pump hangs behind the meter's relay."""
        self.set_pump(self._is_wanted)
        if self._shown is not None:
            self._shown(f"relay {'closed' if closed else 'open'}; {self.pump_line()}")

    def _lost(self, error: OSError) -> None:
        self.failure = f"the port is gone: {meter_choice.reason(error)}"
        self.finished.set()

    async def _refresh(self, meter: BenchMeter) -> None:
        """On the meter's own beat, as a meter does, polled or not."""
        every_ms = meter.meter.refresh_ms
        while True:
            await self.clock.sleep_until_ms((self.clock.now_ms() // every_ms + 1) * every_ms)
            self.well.advance(self.clock.now_ms())
            meter.meter.refresh(self.clock.utc())
