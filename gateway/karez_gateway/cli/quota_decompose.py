"""`karez gateway quota decompose` and `verify`: a limit down to every well, and its sum proof."""

# ruff: noqa: PLC0415 - each verb imports what it needs: start-up time

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from karez_gateway import config as configuration
from karez_gateway.cli import quota_options as options
from karez_gateway.cli.deeds import Because, By, Document
from karez_gateway.cli.quota_options import BelowUse, Effective, Force, Language, Out, Year
from karez_gateway.cli.speech import AsJson, Data, print_json, read, spoken
from karez_gateway.county.counting import counted
from karez_gateway.errors import Refused

if TYPE_CHECKING:
    from karez_gateway.county.quota.decomposition import Decomposition, Wish

EXIT_FAULTS = 1
DECOMPOSE = (
    "Example: karez gateway quota decompose --data /var/lib/karez --year 2025 --region 650400 "
    "--source ground --weight demand --cap permit --cap allowed --dry-run --out proof.csv"
)
VERIFY = "Example: karez gateway quota verify proof.csv"
OfClass = Annotated[str, typer.Option("--class", help="Class of use, or all.")]
Source = Annotated[str, typer.Option("--source", help="Source, or all.")]
Weight = Annotated[
    str, typer.Option(help="In proportion to: demand, area, permit, allowed, used (last year), equal.")
]
Caps = Annotated[list[str] | None, typer.Option(help="At most: permit, allowed, demand; repeatable.")]
Step = Annotated[str, typer.Option(help="A well's volume is a multiple of so many m³.")]
Reserve = Annotated[str, typer.Option(help="Percent of the limit that is kept back.")]
TreeName = Annotated[str, typer.Option(help="admin or basin.")]
WithoutDecisions = Annotated[
    bool, typer.Option("--without-decisions", help="Leave out what was decided at the last year's close.")
]
OverChanges = Annotated[
    bool,
    typer.Option("--over-changes", help="Undo adjustments, transfers and imported plans since the last one."),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would be planned; change nothing.")]


def decompose(
    data: Data,
    year: Year,
    region: Annotated[str, typer.Option("--region", help="Region whose limit is shared out.")],
    of_class: OfClass = "all",
    source: Source = "all",
    weight: Weight = "demand",
    cap: Caps = None,
    step: Step = "1",
    reserve: Reserve = "0",
    tree: TreeName = "admin",
    without_decisions: WithoutDecisions = False,
    dry_run: DryRun = False,
    below_use: BelowUse = False,
    over_changes: OverChanges = False,
    out: Out = None,
    force: Force = False,
    by: By = "",
    because: Because = "",
    document: Document = "",
    effective: Effective = "",
    lang: Language = "en",
    as_json: AsJson = False,
) -> None:
    """Share a region's limit out to every well, and put the plans in force with one act.

    What capped wells leave goes to the others; limits that regions below have of their own are kept. The sum
    proof (--out) has an account for every region and a row for every site; the act holds its digest, and
    `karez gateway quota verify` adds it up again. It refuses, naming them, to undo adjustments, transfers and
    imported plans that came since the last decomposition, until --over-changes says that it is meant.
    """
    from karez_gateway import data as data_directory
    from karez_gateway.county import planning
    from karez_gateway.county.quota import proof

    with spoken():
        wish = _wish(region, year, of_class, source, weight, cap or [], step, reserve, tree)
        if out is not None:
            options.writable(out, force=force)
        config = configuration.load(data)
        years, decided, changed, undoes = config.county.years, not without_decisions, 0, list[str]()
        with data_directory.beside(config) as store:
            if dry_run:
                with store.reading() as connection:
                    found = planning.decompose(connection, years, wish, with_decisions=decided)
                    undoes = planning.would_undo(connection, found)
                    _keep(found, out, lang, force=force, aside=as_json)
            else:
                deed = options.deed(by, because, document, effective, years)
                with store.writing() as connection:
                    found, objects = planning.plan(
                        connection,
                        years,
                        wish,
                        deed,
                        with_decisions=decided,
                        is_below_use_meant=below_use,
                        is_undoing_meant=over_changes,
                    )
                    changed = len(objects)
                    _keep(found, out, lang, force=force, aside=as_json)
        if as_json:
            says = [one.facts() for one in found.findings]
            print_json({**proof.facts(found), "changed": changed, "would_undo": undoes, "findings": says})
            return
        _say(found, proof.facts(found), lang)
        _say_change(undoes, None if dry_run else changed)


def _keep(found: "Decomposition", out: Path | None, lang: str, *, force: bool, aside: bool) -> None:
    """The proof is on the disk before its plans are in force."""
    from karez_gateway.county.quota import proof

    if out is not None:
        typer.echo(options.write(proof.table(found), out, lang, force=force), err=aside)


def _say_change(undoes: list[str], changed: int | None) -> None:
    for line in undoes:
        typer.echo(f"would undo {line}")
    plans = "" if changed is None else counted(changed, "plan is", "plans are")
    typer.echo(f"{plans} in force" if plans else "nothing was changed")


def _wish(
    region: str,
    year: int,
    of_class: str,
    source: str,
    weight: str,
    caps: list[str],
    step: str,
    reserve: str,
    tree: str,
) -> "Wish":
    """What the options say. Raises Refused naming the one that says nothing we know."""
    from karez_gateway.county.quota.cells import Cell
    from karez_gateway.county.quota.decomposition import Wish
    from karez_gateway.county.registry import fields
    from karez_gateway.county.registry.words import ALL, CLASSES, SOURCES, TREES

    for option, value, known in (
        ("--class", of_class, (ALL, *CLASSES)),
        ("--source", source, (ALL, *SOURCES)),
        ("--tree", tree, tuple(TREES)),
    ):
        if value not in known:
            raise Refused(f"{option} is one of {', '.join(known)}, not {value}")
    kept = int(fields.PERCENT.read(reserve))
    step_l = options.litres(step, "--step")
    return Wish(region, year, Cell(of_class, source), weight, tuple(caps), step_l, kept, tree)


def _say(found: "Decomposition", facts: dict[str, Any], lang: str) -> None:
    from karez_gateway.county.quota.wording import m3

    options.say(found.findings, lang, 10)
    typer.echo(
        f"{facts['root']} {facts['year']} {facts['class']}/{facts['source']}: "
        f"limit {m3(facts['limit_l'])} m³ = {m3(facts['placed_l'])} for {counted(facts['sites'], 'site')} + "
        f"{m3(facts['reserve_l'])} reserve + {m3(facts['left_over_l'])} left over"
    )
    typer.echo(f"sum proof {facts['proof_sha256']}")


def verify(
    file: Annotated[Path, typer.Argument(help="Sum proof, .csv or .json, that decompose wrote.")],
    as_json: AsJson = False,
) -> None:
    """Add a sum proof up again, from its rows alone. Ends with code 1 when it does not add up."""
    from karez_gateway.county.quota import proof_check, proof_file

    with spoken():
        rows = proof_file.read(read(file))
        wrong, sha256 = proof_check.check(rows), proof_file.digest(rows)
        if as_json:
            print_json({"rows": len(rows), "proof_sha256": sha256, "wrong": wrong})
        else:
            for line in wrong:
                typer.echo(line)
            does = ("row does not add up", "rows do not add up") if wrong else ("row adds up", "rows add up")
            typer.echo(f"{counted(len(rows), *does)}; sum proof {sha256}")
    if wrong:
        raise typer.Exit(EXIT_FAULTS)
