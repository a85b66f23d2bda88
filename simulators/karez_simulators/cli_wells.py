"""`karez bench wells`: many real controllers on this machine at once, and how late they are."""

# ruff: noqa: PLC0415 - each verb imports what it needs: start-up time

import asyncio
import json
import shutil
import signal
import tempfile
from pathlib import Path
from typing import Annotated, Any

import typer

from karez_simulators import cli_words, wells_wording

EPILOG = "Example: karez bench wells --wells 20 --seconds 60 --json"
LATE_MS_MAX = 250  # the controller steps at least each 500 ms, and means to each 250 ms (design §4)

Seconds = Annotated[int, typer.Option(min=10, max=86_400, help="How long all of them pump, at speed 1.")]
Json = Annotated[bool, typer.Option("--json", help="For programs: one JSON object on stdout.")]


def wells(
    count: Annotated[int, typer.Option("--wells", min=1, max=200, help="How many controllers.")] = 20,
    seconds: Seconds = 60,
    *,
    as_json: Json = False,
    broker: cli_words.Broker = "in-process",
    lang: cli_words.Lang = "",
) -> None:
    """Let many wells pump at once, each with the real firmware in a MicroPython of its own, at speed 1.

    Time stands while this machine keeps a controller waiting, so real_s above simulated_s says that it was
    too busy. Exit code 1: a litre is off, or control was later than 250 ms.
    """
    from karez_simulators import play

    cli_words.check_broker(broker)
    say = wells_wording.WELLS[cli_words.language(lang)]
    folder = Path(tempfile.mkdtemp(prefix="karez-village-"))
    try:
        figures = asyncio.run(_stoppable(_figures(folder, count, seconds, broker, say)))
    except play.EXPECTED as error:
        raise cli_words.refuse(str(error)) from None
    except (play.Stopped, KeyboardInterrupt):
        typer.echo(f"karez bench: {say['stopped']}", err=True)
        raise typer.Exit(cli_words.INTERRUPTED) from None
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if as_json:
        typer.echo(json.dumps(figures))
    else:
        for name, value in figures.items():
            typer.echo(f"{name:<18} {say['none'] if value is None else value:<8} {say[name]}")
    is_good = not figures["litres_off"] and (figures["late_ms_max"] or 0) <= LATE_MS_MAX
    raise typer.Exit(0 if is_good else cli_words.FAILED)


async def _figures(
    folder: Path, count: int, seconds: int, broker: str, say: dict[str, str]
) -> dict[str, Any]:
    from karez_simulators.desk import Plan
    from karez_simulators.village import Village

    plan = Plan(settings={"restart_delay_s": 0, "interval_pumping_s": 60}, broker=broker)
    async with Village(folder, plan, count) as village:
        await village.provision(lambda number: typer.echo(f"[{number}/{count}] {say['stand']}", err=True))
        return await village.pump(seconds)


async def _stoppable(work: Any) -> dict[str, Any]:
    """Do it; a signal cancels it, with everything taken down. Raises play.Stopped."""
    from karez_simulators import play

    task = asyncio.ensure_future(work)
    for number in play.SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    try:
        found: dict[str, Any] = await task
    except asyncio.CancelledError:
        raise play.Stopped from None
    return found
