"""`karez bench platform compare`: what a platform kept, added up, and held against what a gateway says."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from karez_simulators.cli_platform_run import BEIJING, printable, refuse

if TYPE_CHECKING:
    from karez_simulators.platform_kept import Entry

DIFFERENT = 1
NAMED_MAX = 10  # of each list, on a screen; --json has them all

EPILOG = "Example: karez bench platform compare build/kept.jsonl build/site.kzb"

Kept = Annotated[Path, typer.Argument(help="What `--keep` wrote.")]
Other = Annotated[
    Path | None,
    typer.Argument(help="An evidence bundle, or a CSV: station, utc_s, and total_l, volume_l or energy_wh."),
]
Interval = Annotated[int, typer.Option(min=0, help="Seconds between reports; 0 = their commonest distance.")]
Destination = Annotated[str, typer.Option(help="The bundle's name for this platform, if it has several.")]
AsJson = Annotated[bool, typer.Option("--json", help="One line of JSON.")]


def compare(
    kept: Kept,
    other: Other = None,
    interval: Interval = 0,
    destination: Destination = "",
    as_json: AsJson = False,
) -> None:
    """Add up what a platform kept; with OTHER say what one side has and the other has not.

    Exit code 0: nothing is amiss. 1: something is. 2: a file cannot be read.
    """
    from karez_simulators import platform_compare as comparing  # noqa: PLC0415 - start-up time

    try:
        found = list(comparing.entries(kept))
        stations = comparing.summary(found, interval or None)
        against: Entry = {}
        if other is not None:
            data = other.read_bytes()
            is_bundle = data[: len(comparing.BUNDLE_MAGIC)] == comparing.BUNDLE_MAGIC
            against = (
                comparing.against_receipts(found, data, destination)
                if is_bundle
                else comparing.against_rows(found, comparing.rows_of(other))
            )
    except comparing.BadFile as error:
        raise refuse(str(error)) from None
    except OSError as error:
        raise refuse(f"{error.filename or ''} {error.strerror or error}".strip()) from None
    faults = {name: comparing.faults_of(total) for name, total in stations.items()}
    is_amiss = any(faults.values()) or any(against.get(name) for name in comparing.DIFFERENCES)
    if as_json:
        typer.echo(json.dumps({"stations": stations, "faults": faults, "against": against or None}))
    else:
        for name, total in stations.items():
            _print_station(name, total, faults[name])
        _print_against(against)
        typer.echo("something is amiss" if is_amiss else f"stations {len(stations)}: nothing is amiss")
    raise typer.Exit(DIFFERENT if is_amiss else 0)


def _moment(utc_s: int) -> str:
    return f"{datetime.fromtimestamp(utc_s, UTC).astimezone(BEIJING):%Y-%m-%d %H:%M:%S}"


def _print_station(name: str, total: "Entry", faults: list[str]) -> None:
    every = f", every {total['interval_s']} s" if total["interval_s"] else ""
    counted = f"{total['reports']} reports{every}, {total['copies']} copies, {total['missing']} missing"
    typer.echo(
        f"{printable(name)}  {counted}; {_moment(total['first_utc_s'])} to {_moment(total['last_utc_s'])}"
    )
    for register, one in total["registers"].items():
        typer.echo(f"    {register:<12} {one['first']} -> {one['last']}  (+{one['last'] - one['first']})")
    _print_list(
        [
            f"{_moment(gap['from_utc_s'])} to {_moment(gap['to_utc_s'])}: {gap['missing']} missing, "
            + (" ".join(f"{key} +{value}" for key, value in gap["moved"].items()) or "no register moved")
            for gap in total["gaps"]
        ],
        "gap",
    )
    for fault in faults:
        typer.echo(f"    ! {fault}")


def _print_against(against: "Entry") -> None:
    titles = {
        "lost_here": "confirmed or sent, but not kept here",
        "without_receipt": "kept here, without a receipt there",
        "unknown_there": "kept here, unknown there",
        "different": "station, time, register, said there, kept here",
        "other_record": "station, record, what, told here, in the bundle",
    }
    for name, value in against.items():
        if isinstance(value, list):
            typer.echo(f"{titles[name]}: {len(value)}")
            _print_list([" ".join(map(str, one)) for one in value], "")
        else:
            typer.echo(f"{name}: {value}")


def _print_list(rows: list[str], word: str) -> None:
    for row in rows[:NAMED_MAX]:
        typer.echo(printable(f"    {word} {row}".rstrip()))
    if len(rows) > NAMED_MAX:
        typer.echo(f"    … and {len(rows) - NAMED_MAX} more, all with --json")
