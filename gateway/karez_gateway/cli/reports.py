"""`karez gateway report` and `trace`: what the books say of a period, and where each litre is from."""

# ruff: noqa: PLC0415 - each verb imports what it needs: start-up time

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from karez_gateway import config as configuration
from karez_gateway.cli.speech import AsJson, Data, print_json, spoken
from karez_gateway.county.counting import counted
from karez_gateway.errors import Refused

if TYPE_CHECKING:
    from karez_gateway.config import Config
    from karez_gateway.county.reports.making import Log

REPORT = (
    "Example: karez gateway report month --data /var/lib/karez --period 2026-10 --region 650402 --lang zh "
    "--format pdf --out october.pdf"
)
TRACE = "Example: karez gateway trace --data /var/lib/karez --site well-12 --period 2026-10-01"
EXIT_DIFFERS = 1


def report(
    data: Data,
    kind: Annotated[str, typer.Argument(help="day, month, quarter (groundwater), half-year or year.")],
    period: Annotated[
        str, typer.Option(help="2026-10-01, 2026-10, 2026-Q4, 2026-H2, or 2026: the water year.")
    ],
    out: Annotated[Path, typer.Option(help="File to write; its SHA-256 stands beside it.")],
    form: Annotated[str, typer.Option("--format", help="xlsx, csv, pdf or json.")] = "xlsx",
    region: Annotated[str, typer.Option(help="Only this region, by its code, and all below it.")] = "",
    language: Annotated[str, typer.Option("--lang", help="en or zh.")] = "en",
    force: Annotated[bool, typer.Option("--force", help="Replace the file, and its sum.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write a report: litres by region, class, month and site, each by its method, and the lists that follow.

    Every page and sheet says how complete the figures are, whether the books are closed, and from which log
    they are. The running service is not disturbed.
    """
    from karez_gateway.county.reports import files, making
    from karez_gateway.county.years import periods
    from karez_gateway.exports import files as whole
    from karez_gateway.store.readonly import ReadOnlyDatabase

    with spoken():
        config = configuration.load(data)
        _one_of("KIND", kind, making.KINDS)
        _one_of("--format", form, files.FORMATS)
        _one_of("--lang", language, ("en", "zh"))
        wanted = periods.named(period, config.county.years, kind)
        if out.exists() and not force:
            raise Refused(f"{out} exists already: name another file, or say --force")
        log = _log(config)
        store = ReadOnlyDatabase.open(config.store_url)
        try:
            with store.reading() as connection:
                maker = making.Maker(connection, config, log, int(time.time()))
                found = maker.make(making.Wish(wanted, region, language))
        finally:
            store.close()
        sha256, lacking = whole.write(out, lambda file: files.write(found, file, form))
        rows = sum(len(one.rows) for one in found.tables)
        if as_json:
            print_json({"file": str(out), "rows": rows, "sha256": sha256, "lacking": lacking})
            return
        typer.echo(
            f"{out}: {counted(rows, 'row')} in {counted(len(found.tables), 'table')}, SHA-256 {sha256}"
        )
        if lacking:
            typer.echo(f"the font lacks {lacking}: 〓 stands in their place", err=True)


def trace(
    data: Data,
    period: Annotated[
        str, typer.Option(help="2026-10-01T14, 2026-10-01, 2026-10, 2026-Q4, 2026-H2 or 2026.")
    ],
    site: Annotated[str, typer.Option(help="Whose figure.")] = "",
    region: Annotated[str, typer.Option(help="Of a region: down to its sites.")] = "",
    as_json: AsJson = False,
) -> None:
    """Follow a figure back: to cells of the ledger, records, the meter's raw bytes, and who corrected it.

    The litres are booked again from the records, and W is worked out again from the raw registers. Ends with
    code 1 if they are not the same, or if an act is not what the log holds.
    """
    from karez_gateway.cli import doubles as cli_doubles
    from karez_gateway.county.ledger import doubles, regiontrace, tracetext, tracing
    from karez_gateway.county.years import periods
    from karez_gateway.entries.places import Places
    from karez_gateway.store import sites
    from karez_gateway.store.readonly import ReadOnlyDatabase

    with spoken():
        if bool(site) == bool(region):
            raise Refused("say --site or --region: one of both")
        config = configuration.load(data)
        years = config.county.years
        span = periods.named(period, years).span
        store = ReadOnlyDatabase.open(config.store_url)
        try:
            with store.reading() as connection:
                places = Places(config)
                if region:
                    told = regiontrace.trace(connection, region, span, years.calendar, int(time.time()))
                    text, problems = list(regiontrace.lines(told, period)), []
                elif not sites.exists(connection, site):
                    raise Refused(f"no controller stands or stood at {site}")
                else:
                    found = tracing.trace(connection, places, site, span, years.calendar)
                    boxes = doubles.explained(connection, years, site, span)
                    problems = found.problems + [one for one in map(doubles.problem, boxes) if one]
                    told = tracetext.facts(found, places, years.calendar)
                    told |= {"problems": problems, "boxes": [cli_doubles.facts(one) for one in boxes]}
                    text = list(tracetext.lines(found, places, years.calendar))
                    text += [line for one in told["boxes"] for line in cli_doubles.lines(one)]
                    text += [f"PROBLEM  {one}" for one in problems[len(found.problems) :]]
        finally:
            store.close()
    if as_json:
        print_json(told)
    else:
        typer.echo("\n".join(text))
    if problems:
        raise typer.Exit(EXIT_DIFFERS)


def _one_of(name: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise Refused(f"{name} is one of {', '.join(known)}, not {value}")


def _log(config: "Config") -> "Log":
    """The newest checkpoint of the log that is continued; a log without one says so."""
    from karez_gateway.county.reports.making import Log
    from karez_gateway.entries import origins
    from karez_gateway.entries.logview import prove
    from karez_gateway.errors import StoreError
    from karez_gateway.verifier.checkpoint import open_checkpoint

    origin = origins.current(config)
    key = origin.verifier_key()
    try:
        note, _ = prove(origin.directory, origin.name, str(key), ())
    except StoreError:
        return Log(origin.name, 0, "")
    found = open_checkpoint(note, origin.name, key).checkpoint
    return Log(origin.name, found.size, found.root.hex())
