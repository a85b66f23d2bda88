"""`karez bench fleet`: a county's controllers against a real gateway, counted and held to what they sent."""

# ruff: noqa: PLC0415 - the verb imports what it needs: start-up time

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from karez_simulators.fleet.plan import Plan

FAILED = 1
UNUSABLE = 2
INTERRUPTED = 130
SAY_EVERY_S = 5.0  # where nobody watches: a line of a file

EPILOG = "Example: karez bench fleet --sites 400 --interval 10 --minutes 1"


def fleet(
    sites: Annotated[int, typer.Option(help="Sites, wells to intakes as Turpan has them.")] = 6954,
    interval: Annotated[int, typer.Option(help="Seconds between two records of a site.")] = 60,
    minutes: Annotated[float, typer.Option(help="How long records are made.")] = 10.0,
    shape: Annotated[str, typer.Option(help="steady, spring-start, reconnect-storm or backlog.")] = "steady",
    broker: Annotated[str, typer.Option(help="auto, mosquitto or in-process.")] = "auto",
    clock_spread: Annotated[
        float, typer.Option(help="Clocks of the sites are late by up to so many seconds.")
    ] = 1.0,
    outage: Annotated[int, typer.Option(help="Seconds without a broker (reconnect-storm).")] = 30,
    backlog_sites: Annotated[int, typer.Option(help="Sites that come back with a backlog.")] = 200,
    backlog_days: Annotated[float, typer.Option(help="Days of records, one a minute, in a backlog.")] = 30.0,
    uplink: Annotated[
        int, typer.Option(help="kbit/s of a site that drains its backlog; 0 = as fast as it goes.")
    ] = 64,
    patience: Annotated[int, typer.Option(help="Seconds to wait for what is not acknowledged.")] = 3600,
    workers: Annotated[int, typer.Option(help="Processes that play the sites; 0 = by their number.")] = 0,
    seed: Annotated[int, typer.Option(help="The same seed gives the same keys and times.")] = 1,
    keep: Annotated[Path | None, typer.Option(help="Keep everything in this new folder afterwards.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one object, for programs.")] = False,
) -> None:
    """Let a whole county report to a real gateway, and hold the gateway to every record.

    Ends with 0 if nothing was lost and every acknowledgement was true, 1 if not, or if gateway, broker or
    controllers broke down, 2 if it could not begin.
    """
    from karez_simulators.fleet import plan as plans
    from karez_simulators.fleet import run
    from karez_simulators.mosquitto import MosquittoMissing

    wanted = plans.Plan(
        sites=sites, interval_s=interval, minutes=minutes, shape=shape, broker=broker,
        clock_spread_s=clock_spread,
        outage_s=outage, backlog_sites=backlog_sites, backlog_days=backlog_days, uplink_kbps=uplink,
        patience_s=patience, workers=workers, seed=seed,
    )  # fmt: skip
    try:
        plans.check(wanted)
        with _folder(keep) as folder:
            plans.check_machine(wanted, run.files_max(), folder)
            found = _play(wanted, folder)
    except (plans.PlanError, MosquittoMissing) as error:
        raise _end(str(error), UNUSABLE) from None
    except (run.FleetError, *run.EXPECTED) as error:
        raise _end(" ".join(str(error).split()), FAILED) from None
    except (KeyboardInterrupt, asyncio.CancelledError):
        raise _end("stopped; nothing is left running", INTERRUPTED) from None
    _show(found, as_json=as_json)
    raise typer.Exit(0 if found["held"] else FAILED)


def _end(text: str, code: int) -> typer.Exit:
    typer.echo(f"karez bench fleet: {text}", err=True)
    return typer.Exit(code)


@contextlib.contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    """Give a folder: `keep`, new or empty, or one that goes at the end."""
    from karez_simulators.fleet.plan import PlanError

    if keep is None:
        with tempfile.TemporaryDirectory(prefix="karez-fleet-", ignore_cleanup_errors=True) as name:
            yield Path(name)
        return
    try:
        if keep.exists() and (not keep.is_dir() or any(keep.iterdir())):
            raise PlanError(f"--keep {keep} is not empty: name a new folder")
        keep.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise PlanError(f"--keep {keep} cannot be made ({error.strerror}): name another folder") from None
    yield keep.absolute()


class Progress:
    """One line on stderr that is written over; where nobody watches, a line every few seconds."""

    def __init__(self) -> None:
        self._last_s = -SAY_EVERY_S
        self._is_watched = sys.stderr.isatty()

    def say(self, text: str) -> None:
        """Show how it goes."""
        if self._is_watched:
            width = shutil.get_terminal_size().columns - 1
            sys.stderr.write("\r" + text[:width].ljust(width))
            sys.stderr.flush()
        elif time.monotonic() - self._last_s >= SAY_EVERY_S:
            self._last_s = time.monotonic()
            sys.stderr.write(text + "\n")
            sys.stderr.flush()

    def end(self) -> None:
        """Leave the line."""
        if self._is_watched:
            sys.stderr.write("\n")


def _play(wanted: Plan, folder: Path) -> dict[str, Any]:
    from karez_simulators.fleet import run

    progress = Progress()

    async def played() -> dict[str, Any]:
        task = asyncio.current_task()
        loop = asyncio.get_running_loop()
        if task is not None:
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.add_signal_handler(number, task.cancel)
        return await run.play(wanted, folder, progress.say)

    try:
        return asyncio.run(played())
    finally:
        progress.end()


def _show(found: dict[str, Any], *, as_json: bool) -> None:
    from karez_simulators.fleet import report

    if as_json:
        typer.echo(json.dumps(found, indent=2))
    else:
        typer.echo("\n".join(report.lines(found)))
