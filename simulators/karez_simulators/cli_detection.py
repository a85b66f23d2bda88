"""`karez bench detection`: how soon the rules C1-C7 find what, and how often they accuse the honest."""

# ruff: noqa: PLC0415 - the verb imports what it needs: start-up time

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Callable

FAILED = 1
UNUSABLE = 2
INTERRUPTED = 130
SEED_MAX = 1_000_000
SEEDS_MAX = 100_000
JOBS_MAX = 64
PERCENT_SHOWN = (50, 90)

EPILOG = "Example: karez bench detection --seeds 0:20 --case bypass --case plain"

Seeds = Annotated[str, typer.Option(help="FROM:TO, TO not included: 0:200.")]
Cases = Annotated[
    list[str] | None, typer.Option("--case", help="Only this; repeat it; `list` names every one.")
]
Jobs = Annotated[int, typer.Option(min=0, max=JOBS_MAX, help="Processes; 0 = as many as processors.")]
AsJson = Annotated[bool, typer.Option("--json", help="For programs: ends with one JSON object on stdout.")]
Out = Annotated[Path | None, typer.Option(help="Write the figures into this file, as docs/detection.json.")]


def detection(
    seeds: Seeds = "0:200", case: Cases = None, jobs: Jobs = 0, as_json: AsJson = False, out: Out = None
) -> None:
    """Attack simulated wells in every way and strength, and see when the controller's rules speak.

    The rules are the firmware's own objects (C1-C6) and the gateway's own command (C7), on data of five
    minutes. The same seeds always give the same figures. Two hundred seeds take about a quarter of an
    hour of one processor's time; progress is on stderr.
    """
    from karez_simulators.detection import study

    if case == ["list"]:
        typer.echo("\n".join(study.names()))
        return
    chosen = _seeds(seeds)
    unknown = sorted(set(case or ()) - set(study.names()))
    if unknown:
        raise _refuse(f"--case {unknown[0]} is not known; `--case list` names every one")
    _check_writable(out)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends the other processes, too
    try:
        found = study.run(chosen, case or (), jobs or os.cpu_count() or 1, _progress(len(chosen)))
    except (RuntimeError, subprocess.TimeoutExpired) as error:
        raise _refuse(" ".join(str(error).split())) from None
    except KeyboardInterrupt:
        typer.echo("karez bench: stopped; nothing is left running", err=True)
        raise typer.Exit(INTERRUPTED) from None
    if out is not None:
        _write(out, found)
    if as_json:
        typer.echo(json.dumps(found))
    else:
        _print(found)


def _refuse(text: str) -> typer.Exit:
    typer.echo(f"karez bench: {text}", err=True)
    return typer.Exit(UNUSABLE)


def _seeds(text: str) -> range:
    first, parted, last = text.partition(":")
    is_number = all(
        one.isascii() and one.isdigit() and len(one) <= len(str(SEED_MAX)) for one in (first, last)
    )
    if not parted or not is_number or max(int(first), int(last)) > SEED_MAX:
        raise _refuse(f"--seeds {text[:40]}: two whole numbers from 0 to {SEED_MAX}, as 0:200")
    found = range(int(first), int(last))
    if not 0 < len(found) <= SEEDS_MAX:
        raise _refuse(f"--seeds {text}: from 1 to {SEEDS_MAX} seeds, the first before the last")
    return found


def _check_writable(out: Path | None) -> None:
    """Refuse before half an hour what could not be written after it."""
    try:
        folder = out.absolute().parent if out is not None else Path()
        if out is not None and (out.is_dir() or not folder.is_dir() or not os.access(folder, os.W_OK)):
            raise _refuse(f"--out {out} cannot be written: name a file in a folder that is yours")
    except OSError as error:
        raise _refuse(f"{out}: {error.strerror}") from None


def _write(out: Path, found: dict[str, Any]) -> None:
    """One row a line: a change of one figure is a change of one line."""
    lines = []
    for key, value in found.items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            rows = ",\n".join(f"  {json.dumps(row)}" for row in value)
            lines.append(f"{json.dumps(key)}: [\n{rows}\n ]")
        else:
            lines.append(f"{json.dumps(key)}: {json.dumps(value)}")
    try:
        out.write_text("{" + ",\n ".join(lines) + "}\n", encoding="utf-8")
    except OSError as error:
        raise _refuse(f"--out {out} cannot be written: {error.strerror}") from None


def _progress(total: int) -> "Callable[[int], None]":
    is_terminal = sys.stderr.isatty()

    def tell(done: int) -> None:
        # On a terminal one line that moves; else, for a log, every tenth of the way.
        if is_terminal:
            print(f"\r{done} of {total} seeds", end="" if done < total else "\n", file=sys.stderr, flush=True)
        elif done * 10 // total != (done - 1) * 10 // total:
            print(f"{done} of {total} seeds", file=sys.stderr, flush=True)

    return tell


def _print(found: dict[str, Any]) -> None:
    from karez_simulators.detection.study import QUANTILES
    from karez_simulators.detection.wording import delay

    for row in found["attacks"]:
        shown = [delay(row["delays_s"][QUANTILES.index(one)], found["day_s"]) for one in PERCENT_SHOWN]
        share = f"{row['found']} of {row['runs']}"
        typer.echo(
            f"{row['name']:<18}{row['strength']:>5}  median {shown[0]:<8} 90 % {shown[1]:<8} found {share}"
        )
    for row in found["honest"]:
        events = sum(row["events"].values())
        rate = events * 365 / row["days"] if row["days"] else 0
        typer.echo(f"{row['name']:<18}{row['strength']:>5}  {rate:.2f} alarms in 365 pumping days")
    for row in found["villages"]:
        typer.echo(f"{row['name']:<18}{row['strength']:>5}  found by each month: {row['found_by_month']}")
