"""`karez bench world`: a county from one seed, told as a story; or many seeds, as one object."""

# ruff: noqa: PLC0415 - start-up time

import json
import re
import sys
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from karez_simulators.world.seeds import Seen

EPILOG = "Example: karez bench world --seed 7 --days 3   or   karez bench world --seeds 1:200 --json --jobs 2"
DAYS, WELLS = 60.0, 5
SEEDS_MAX = 1_000_000
VIOLATED, UNUSABLE, INTERRUPTED = 1, 2, 130

Seed = Annotated[int | None, typer.Option(min=0, max=2**31, help="Tell the story of this seed.")]
Seeds = Annotated[str, typer.Option(metavar="FROM:TO", help="Run these seeds, both included.")]
Days = Annotated[float, typer.Option(min=0.01, max=3650, help="Days of virtual time; 0.25 is six hours.")]
Wells = Annotated[int, typer.Option(min=1, max=100, help="Wells of the county.")]
Jobs = Annotated[int, typer.Option(min=1, max=64, help="Processes, for --seeds.")]
AsJson = Annotated[bool, typer.Option("--json", help="End with one JSON object on stdout.")]
Lang = Annotated[str, typer.Option(help="en or zh; default from LANG.")]


def world(
    seed: Seed = None,
    seeds: Seeds = "",
    days: Days = DAYS,
    wells: Wells = WELLS,
    jobs: Jobs = 1,
    as_json: AsJson = False,
    lang: Lang = "",
) -> None:
    """Let a county live through bad weather, bad luck and bad people, and hold its books against the truth.

    Exit code: 0 everything held, 1 something did not, 2 wrong use.
    """
    from karez_simulators.cli_words import language as chosen
    from karez_simulators.world import gateway_host

    language = chosen(lang)
    wanted = _wanted(seed, seeds)
    try:
        gateway_host.county_class()
        held = _run(wanted, days, wells, jobs, as_json, language)
    except gateway_host.NoGateway as error:
        raise _refuse(str(error)) from None
    except KeyboardInterrupt:
        typer.echo("karez bench: stopped; nothing is left running", err=True)
        raise typer.Exit(INTERRUPTED) from None
    raise typer.Exit(0 if held else VIOLATED)


def _refuse(text: str) -> typer.Exit:
    typer.echo(f"karez bench: {text}", err=True)
    return typer.Exit(UNUSABLE)


def _wanted(seed: int | None, seeds: str) -> range:
    """The seeds asked for; the first one if nothing was."""
    if seeds and seed is not None:
        raise _refuse("--seed tells one story, --seeds runs many: give one of them")
    if not seeds:
        first = 1 if seed is None else seed
        return range(first, first + 1)
    found = re.fullmatch(r"([0-9]{1,10}):([0-9]{1,10})", seeds, re.ASCII)
    if not found:
        raise _refuse(f"--seeds {seeds[:40]!r}: write two whole numbers, as 1:200")
    first, last = int(found[1]), int(found[2])
    if not first <= last < first + SEEDS_MAX:
        raise _refuse(f"--seeds {seeds}: from the lower to the higher, at most {SEEDS_MAX} of them")
    return range(first, last + 1)


def _run(wanted: range, days: float, wells: int, jobs: int, as_json: bool, language: str) -> bool:
    """Run them; return whether everything held."""
    from karez_simulators.world import seeds

    if len(wanted) == 1 and not as_json:
        return _tell(wanted[0], days, wells, language)
    done = 0

    def progress(seen: "Seen") -> None:
        nonlocal done
        done += 1
        if seen.violations:
            _show_violation(seen, days, wells)
        elif sys.stderr.isatty() or done % 10 == 0 or done == len(wanted):
            typer.echo(f"{done} of {len(wanted)} seeds, all held so far", err=True)

    found = seeds.every(wanted, days, wells, jobs, progress)
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False))
    else:
        for name, value in found.items():
            typer.echo(f"{name:<17} {value if not isinstance(value, list) else ', '.join(map(str, value))}")
    return not found["violations"]


def _show_violation(seen: "Seen", days: float, wells: int) -> None:
    """What did not hold, what came before it, and how to see it again."""
    from karez_simulators.world import seeds

    one = seen.violations[0]
    typer.echo(f"seed {seen.seed}: {one['invariant']} at {one['site']}: {one['what']}", err=True)
    for line in seen.last_events:
        typer.echo(f"    {line}", err=True)
    typer.echo(f"    again: {seeds.replay(seen.seed, days, wells)}", err=True)


def _tell(seed: int, days: float, wells: int, language: str) -> bool:
    """The story of one seed, as it happens."""
    from karez_simulators.world import run, seeds

    found = run.play(seed, days, wells, hear=lambda event: typer.echo(event.said(language)))
    typer.echo(f"seed {seed}: {days:g} days, {wells} wells, {found.story.records} records")
    typer.echo(f"digest {found.story.digest}")
    if found.violations:
        typer.echo(f"again: {seeds.replay(seed, days, wells)}")
    return not found.violations
