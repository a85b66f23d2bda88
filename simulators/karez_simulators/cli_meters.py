"""`karez bench meters`: simulated meters on a real serial adapter, or on a pty, for a real controller."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from karez_simulators import meter_faults

if TYPE_CHECKING:
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
Baud = Annotated[int, typer.Option(help="Baud rate of all meters; 0 = as their profiles say.")]
Parity = Annotated[str, typer.Option(help="N, E or O for all meters, one stop bit; default as profiles say.")]
Fault = Annotated[list[str], typer.Option(help="Fault on from the start, NAME or METER:NAME; repeat it.")]
Seconds = Annotated[float, typer.Option(min=0, help="End after this long; 0 = when told.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Do not show requests and answers.")]


def meters(
    profile: Profile,
    port: Port = "",
    flow: Flow = 60.0,
    baud: Baud = 0,
    parity: Parity = "",
    fault: Fault = [],  # noqa: B006 - typer reads it, nobody changes it
    seconds: Seconds = 0,
    quiet: Quiet = False,
) -> None:
    """Serve simulated meters on a serial port; type `help` while it runs."""
    from karez_simulators import meter_choice  # noqa: PLC0415 - start-up time
    from karez_simulators.bench_meters import MetersBench  # noqa: PLC0415

    if profile == ["list"]:
        for name in meter_choice.names():
            typer.echo(f"{name:<24} {meter_choice.load(name)['maker']}")
        return

    def show(text: str) -> None:
        try:
            typer.echo(text)
        except OSError:  # nobody reads the screen any more: `| head`, a closed terminal
            bench.finished.set()

    try:
        serial = meter_choice.Serial(port or None, baud or None, parity or None)
        bench = MetersBench(profile, serial, flow, None if quiet else show)
        code = asyncio.run(_serve(bench, fault, seconds))
    except meter_choice.Unusable as error:
        typer.echo(f"karez bench: {error}", err=True)
        raise typer.Exit(UNUSABLE) from None
    raise typer.Exit(code)


async def _serve(bench: MetersBench, faults: list[str], seconds: float) -> int:
    """Serve until told to end; the exit code."""
    from karez_simulators.meter_choice import Unusable  # noqa: PLC0415 - start-up time

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
        _greet(bench)
        with _typed(bench), contextlib.suppress(TimeoutError):
            await asyncio.wait_for(bench.finished.wait(), seconds or None)
    finally:
        await bench.stop()
    typer.echo(bench.totals())
    typer.echo(bench.counts())
    if bench.failure is not None:
        raise Unusable(bench.failure)
    return interrupted[0] if interrupted else 0


def _greet(bench: MetersBench) -> None:
    typer.echo(f"port {bench.line.port_path}")
    for line in bench.meter_lines():
        typer.echo(line)
    typer.echo(f"{bench.pump_line()}; `help` lists commands, Ctrl-C ends")


@contextlib.contextmanager
def _typed(bench: MetersBench):  # type: ignore[no-untyped-def] # noqa: ANN202 - a generator for `with`
    """Obey what is typed, line by line, while inside."""
    from karez_simulators.meter_choice import Unusable  # noqa: PLC0415 - start-up time

    loop = asyncio.get_running_loop()
    waiting = bytearray()

    def read() -> None:
        data = os.read(sys.stdin.fileno(), LINE_BYTES_MAX)
        if not data:
            loop.remove_reader(sys.stdin.fileno())  # nobody types any more; the meters go on
            return
        waiting.extend(data)
        while b"\n" in waiting:
            line, _, rest = waiting.partition(b"\n")
            waiting[:] = rest
            try:
                answer = bench.command(line.decode(errors="replace"))
            except Unusable as error:
                answer = str(error)
            if answer:
                typer.echo(answer)
        if len(waiting) > LINE_BYTES_MAX:
            waiting.clear()

    try:
        loop.add_reader(sys.stdin.fileno(), read)
    except (OSError, ValueError):  # epoll takes no files and no /dev/null: then nobody can type
        yield
        return
    try:
        yield
    finally:
        loop.remove_reader(sys.stdin.fileno())
