"""`karez bench meters`: simulated meters on a real serial adapter, or on a pty, for a real controller."""

# ruff: noqa: PLC0415 - each verb imports what it needs: start-up time

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import signal
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from karez_simulators import bench_wording, meter_faults

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from karez_simulators.bench_meters import MetersBench

UNUSABLE = 2
INTERRUPTED = 130
LINE_BYTES_MAX = 4096  # of what a person types at once

EPILOG = (
    f"Faults: {', '.join(sorted(meter_faults.EVERY))}. "
    "Example: karez bench meters --port /dev/ttyUSB0 --profile tuf2000m --profile sdm630@2"
)

Profile = Annotated[
    list[str],
    typer.Option(help="Meter to serve, NAME or NAME@ADDRESS or FILE.json; repeat it. `list` names them all."),
]
Port = Annotated[str, typer.Option(help="Serial port, e.g. /dev/ttyUSB0; without it a pty is made.")]
Flow = Annotated[float, typer.Option(help="What the pump gives, m3/h.")]
Baud = Annotated[int | None, typer.Option(help="Baud rate of all meters; default as their profiles say.")]
Parity = Annotated[str, typer.Option(help="N, E or O for all meters, one stop bit; default as profiles say.")]
Fault = Annotated[list[str], typer.Option(help="Fault on from the start, NAME or METER:NAME; repeat it.")]
NoisePpm = Annotated[int, typer.Option("--noise", help="So many bytes in a million are spoilt.")]
Bursts = Annotated[bool, typer.Option("--bursts", help="Noise for a moment when the pump is switched.")]
Echo = Annotated[bool, typer.Option("--echo", help="The master hears itself (pty only).")]
Second = Annotated[bool, typer.Option("--second-master", help="Somebody else asks the same meters.")]
Latency = Annotated[int | None, typer.Option(help="ms before each answer; default as profiles say.")]
Seconds = Annotated[float, typer.Option(help="End after this long; 0 = when told.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Do not show requests and answers.")]
Lang = Annotated[str, typer.Option(help="en or zh; default from LANG.")]


def meters(
    profile: Profile,
    port: Port = "",
    flow: Flow = 60.0,
    baud: Baud = None,
    parity: Parity = "",
    fault: Fault = [],  # noqa: B006 - typer reads it, nobody changes it
    noise: NoisePpm = 0,
    bursts: Bursts = False,
    echo: Echo = False,
    second_master: Second = False,
    latency: Latency = None,
    seconds: Seconds = 0,
    quiet: Quiet = False,
    lang: Lang = "",
) -> None:
    """Serve simulated meters on a serial port; type `help` while it runs."""
    from karez_simulators import meter_choice
    from karez_simulators.bench_meters import MetersBench

    language = _language(lang)
    screen = Screen()
    try:
        _check(lang, seconds)
        if profile == ["list"]:
            _list_profiles(screen)
            return
        serial = meter_choice.Serial(port or None, baud, parity or None)
        bench = MetersBench(profile, serial, flow, None if quiet else screen.show, language)
        screen.gone = bench.finished.set
        bench.troubles.noise_ppm, bench.troubles.has_bursts = noise, bursts
        bench.troubles.has_echo = echo
        bench.troubles.set_latency(latency)
        code = asyncio.run(_serve(bench, screen, fault, second_master, seconds))
    except meter_choice.Unusable as error:
        typer.echo(f"karez bench: {error.said(language)}", err=True)
        raise typer.Exit(UNUSABLE) from None
    except KeyboardInterrupt:  # before it served, or after
        code = INTERRUPTED
    raise typer.Exit(code)


def _list_profiles(screen: Screen) -> None:
    from karez_simulators import meter_choice

    for name in meter_choice.names():
        screen.show(f"{name:<24} {meter_choice.load(name)['maker']}")


def _check(lang: str, seconds: float) -> None:
    from karez_simulators.meter_choice import Unusable

    if lang not in ("", *bench_wording.LANGUAGES):
        raise Unusable("lang", lang=lang)
    if not seconds >= 0:  # also what is no number
        raise Unusable("seconds", given=seconds)


def _language(asked: str) -> str:
    """What was asked for, else by the environment; English for what there is not."""
    named = os.environ.get("LC_ALL") or os.environ.get("LANG", "")
    own = "zh" if named.lower().startswith("zh") else "en"
    return asked if asked in bench_wording.LANGUAGES else own


class Screen:
    """Shows lines as far as the terminal can spell them; calls `gone` when nobody reads any more."""

    def __init__(self) -> None:
        self.gone: Callable[[], None] = lambda: None
        for stream in (sys.stdout, sys.stderr):  # a terminal in Latin-1 or GBK shows a question mark
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="replace")

    def show(self, text: str) -> None:
        """One or more lines."""
        try:
            typer.echo(text)
        except OSError:  # `| head`, a closed terminal, a full disk
            with open(os.devnull, "w") as nowhere, contextlib.suppress(OSError):  # noqa: PTH123 - no path of ours
                os.dup2(nowhere.fileno(), sys.stdout.fileno())  # else the interpreter complains at its end
            self.gone()


async def _serve(
    bench: MetersBench, screen: Screen, faults: list[str], has_second_master: bool, seconds: float
) -> int:
    """Serve until told to end; the exit code."""
    loop = asyncio.get_running_loop()
    interrupted: list[int] = []

    def interrupt() -> None:
        interrupted.append(INTERRUPTED)
        bench.finished.set()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, interrupt)
    try:
        bench.start()
        for name in faults:
            bench.fault(name, True)
        _greet(bench, screen)
        if has_second_master:
            bench.troubles.start_second_master(bench.settings)
        with _typed(bench, screen), contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds or None):
                await bench.finished.wait()
    finally:
        await bench.stop()
    screen.show(bench.totals())
    screen.show(bench.counts())
    if bench.failure is not None:
        raise bench.failure
    return interrupted[0] if interrupted else 0


def _greet(bench: MetersBench, screen: Screen) -> None:
    screen.show(bench.word("port", path=bench.line.port_path))
    for line in (*bench.meter_lines(), *bench.trouble_lines()):
        screen.show(line)
    screen.show(bench.word("greeting", pump=bench.pump_line()))


class Keyboard:
    """Bytes as they are typed, obeyed line by line."""

    def __init__(self, bench: MetersBench, screen: Screen) -> None:
        self._bench = bench
        self._screen = screen
        self._waiting = bytearray()

    def take(self, data: bytes) -> None:
        """Some more bytes; none: nobody types any more."""
        self._waiting += data or b"\n"
        while b"\n" in self._waiting:
            line, _, rest = self._waiting.partition(b"\n")
            self._waiting[:] = rest
            self._obey(line.decode(errors="replace"))
        if len(self._waiting) > LINE_BYTES_MAX:
            self._waiting.clear()

    def _obey(self, line: str) -> None:
        from karez_simulators import bench_commands
        from karez_simulators.meter_choice import Unusable

        try:
            answer = bench_commands.obey(self._bench, line)
        except Unusable as error:
            answer = error.said(self._bench.lang)
        if answer:
            self._screen.show(answer)


@contextlib.contextmanager
def _typed(bench: MetersBench, screen: Screen) -> Iterator[None]:
    """Obey what is typed, line by line, while inside. Without a keyboard the meters serve all the same."""
    if sys.stdin is None:  # closed by whoever started us
        yield
        return
    loop = asyncio.get_running_loop()
    keyboard, number = Keyboard(bench, screen), sys.stdin.fileno()
    # Started in the background of a terminal, reading would stop the whole bench.
    signal.signal(signal.SIGTTIN, signal.SIG_IGN)

    def read() -> None:
        try:
            data = os.read(number, LINE_BYTES_MAX)
        except OSError:  # the terminal is gone or another job's
            data = b""
        keyboard.take(data)
        if not data:
            loop.remove_reader(number)
            if os.isatty(number) and not bench.finished.is_set():
                screen.show(bench.word("input_closed"))

    try:
        loop.add_reader(number, read)
    except (OSError, ValueError):  # epoll takes no files: their lines are obeyed at once
        with contextlib.suppress(OSError):
            while data := os.read(number, LINE_BYTES_MAX):
                keyboard.take(data)
            keyboard.take(b"")
        yield
        return
    try:
        yield
    finally:
        loop.remove_reader(number)
