"""What a person types while `karez bench meters` runs: words into acts on a MetersBench."""

from __future__ import annotations

from typing import TYPE_CHECKING

from karez_simulators.line_noise import PER_MILLION
from karez_simulators.line_troubles import LATENCY_MS_MAX
from karez_simulators.meter_choice import Unusable

if TYPE_CHECKING:
    from collections.abc import Callable

    from karez_simulators.bench_meters import MetersBench

SWITCH = {"on": True, "off": False}
SHOWN_MAX = 60  # characters of a line that is not understood
OWN = "profile"  # latency as the profiles say


def obey(bench: MetersBench, text: str) -> str:
    """Do what a line of input says; what to answer. Raises Unusable for what it does not know."""
    words = text.split()
    if not words:
        return ""
    verb, given = words[0].lower(), words[1:]
    count, act = VERBS.get(verb, (-1, _help))
    if len(given) != count:
        raise Unusable("command", text=repr(text.strip()[:SHOWN_MAX]))
    return act(bench, *given)


def _whole(name: str, given: str, most: int) -> int:
    if not given.isascii() or not given.isdigit() or int(given[:10]) > most:
        raise Unusable(name, given=given, most=most)
    return int(given)


def _switch(verb: str, given: str) -> bool:
    if given.lower() not in SWITCH:
        raise Unusable("command", text=repr(f"{verb} {given}"))
    return SWITCH[given.lower()]


def _flow(bench: MetersBench, given: str) -> str:
    bench.set_flow(given)
    return bench.pump_line()


def _start(bench: MetersBench) -> str:
    bench.set_pump(True)
    return bench.pump_line()


def _stop(bench: MetersBench) -> str:
    bench.set_pump(False)
    return bench.pump_line()


def _fault(bench: MetersBench, name: str, given: str) -> str:
    return bench.fault(name, _switch(f"fault {name}", given))


def _noise(bench: MetersBench, given: str) -> str:
    bench.troubles.noise_ppm = _whole("noise", given, PER_MILLION)
    return bench.word("noise", ppm=bench.troubles.noise_ppm)


def _bursts(bench: MetersBench, given: str) -> str:
    bench.troubles.has_bursts = _switch("bursts", given)
    return bench.word("bursts", state=bench.word(given.lower()))


def _echo(bench: MetersBench, given: str) -> str:
    bench.troubles.has_echo = _switch("echo", given)
    return bench.word("echo", state=bench.word(given.lower()))


def _second(bench: MetersBench, given: str) -> str:
    if _switch("second-master", given):
        bench.troubles.start_second_master(bench.settings)
    else:
        bench.troubles.stop_second_master()
    return bench.word("second", state=bench.word(given.lower()))


def _latency(bench: MetersBench, given: str) -> str:
    ms = None if given.lower() == OWN else _whole("latency", given, LATENCY_MS_MAX)
    bench.troubles.set_latency(ms)
    return bench.word("latency_own") if ms is None else bench.word("latency", ms=ms)


def _faults(bench: MetersBench) -> str:
    return bench.fault_list()


def _show(bench: MetersBench) -> str:
    return "\n".join((bench.pump_line(), *bench.trouble_lines(), bench.totals(), bench.counts()))


def _quit(bench: MetersBench) -> str:
    bench.finished.set()
    return ""


def _help(bench: MetersBench) -> str:
    return bench.word("help")


# verb: (how many words follow, what is done)
VERBS: dict[str, tuple[int, Callable[..., str]]] = {
    "flow": (1, _flow),
    "start": (0, _start),
    "stop": (0, _stop),
    "fault": (2, _fault),
    "faults": (0, _faults),
    "noise": (1, _noise),
    "bursts": (1, _bursts),
    "echo": (1, _echo),
    "second-master": (1, _second),
    "latency": (1, _latency),
    "show": (0, _show),
    "quit": (0, _quit),
    "help": (0, _help),
    "?": (0, _help),
}
