"""`karez gateway power …`: the power company's monthly file, the differences, and whom it may supply."""

# ruff: noqa: PLC0415 - each verb imports what it needs: start-up time

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from karez_gateway import config as configuration
from karez_gateway.cli.deeds import Because, By, Document, check_language, deed
from karez_gateway.cli.speech import AsJson, Data, print_json, read, spoken
from karez_gateway.county.counting import counted
from karez_gateway.errors import GatewayError, Refused

if TYPE_CHECKING:
    from karez_gateway.county.power.comparing import Case
    from karez_gateway.exports.table import Table

IMPORT = (
    "Example: karez gateway power import --data /var/lib/karez --month 2026-07 --map meter=资产号 "
    '--because "July" state-grid-07.csv'
)
COMPARE = "Example: karez gateway power compare --data /var/lib/karez --month 2026-07"
LIST = "Example: karez gateway power list --data /var/lib/karez --lang zh --format xlsx --out supply.xlsx"
REPLY = (
    "Example: karez gateway power reply --data /var/lib/karez --month 2026-07 "
    '--because "their letter 12" reply.xlsx'
)
OPEN = "Example: karez gateway power open --data /var/lib/karez --month 2026-07"
STATEMENTS = "Example: karez gateway power statements --data /var/lib/karez"

app = typer.Typer(
    help="The power company: its file, the differences, whom it may supply.", no_args_is_help=True
)
Month = Annotated[str, typer.Option(help="Month of the file: 2026-07.")]
Language = Annotated[str, typer.Option("--lang", help="Headers and words: en or zh.")]
Form = Annotated[str, typer.Option("--format", help="Of the file: csv, xlsx or json.")]
Out = Annotated[Path | None, typer.Option("--out", help="File to write; never replaced.")]


@app.command("import", epilog=IMPORT)
def take_in(
    data: Data,
    file: Annotated[Path, typer.Argument(help="The company's CSV or XLSX.")],
    month: Month,
    column: Annotated[
        list[str] | None,
        typer.Option("--map", help="NAME=TITLE of a column; repeatable; goes before [power]."),
    ] = None,
    encoding: Annotated[str, typer.Option(help="Of the CSV: utf-8 or gb18030.")] = "",
    by: By = "",
    because: Because = "",
    document: Document = "",
    as_json: AsJson = False,
) -> None:
    """Take in the power company's file of a month, CSV or XLSX, whole or not at all.

    Columns: meter, energy_kwh or from_reading and to_reading, multiplier, month or from_date and to_date.
    A later file of the same month replaces it; both stay in the log.
    """
    from karez_gateway import data as data_directory
    from karez_gateway.power import books as powerbooks

    with spoken():
        config = configuration.load(data)
        mapping = config.power.columns | _mapping(column or [])
        body = read(file)
        with data_directory.beside(config) as store:
            who = deed(by, because, document)
            found = powerbooks.take_in(store, body, file.name, month, who, mapping=mapping, encoding=encoding)
        if as_json:
            print_json(found._asdict())
            return
        kwh = f"{found.energy_wh // 1000:,} kWh"
        typer.echo(f"{found.month}: {counted(found.rows, 'meter')}, {kwh}; next: karez gateway power compare")
        for note in found.notes:
            typer.echo(note, err=True)


def _mapping(pairs: list[str]) -> dict[str, str]:
    found = {}
    for pair in pairs:
        name, parted, title = pair.partition("=")
        if not parted:
            raise Refused(f"--map reads NAME=TITLE, not {pair}")
        found[name.strip()] = title.strip()
    return found


@app.command(epilog=COMPARE)
def compare(
    data: Data,
    month: Month,
    everyone: Annotated[bool, typer.Option("--all", help="Wells that agree, too.")] = False,
    keep: Annotated[
        bool, typer.Option("--keep", help="Keep the result as an act of the log; say --because.")
    ] = False,
    out: Out = None,
    form: Form = "csv",
    language: Language = "en",
    by: By = "",
    because: Because = "",
    document: Document = "",
    as_json: AsJson = False,
) -> None:
    """Hold a month's file against what the controllers counted, and say likely causes of each difference."""
    from karez_gateway import data as data_directory
    from karez_gateway.county.power import comparing
    from karez_gateway.exports import power_tables
    from karez_gateway.power import books as powerbooks

    with spoken():
        check_language(language)
        _check_out(out)
        config = configuration.load(data)
        with data_directory.beside(config) as store:
            if keep:
                act_id, found = powerbooks.keep(store, config, month, deed(by, because, document))
            else:
                act_id, found = powerbooks.compare(store, config, month)
        shown = [one for one in found if everyone or one.state != comparing.AGREES]
        if out is not None:
            _write(power_tables.differences(shown, language, month), out, form, language)
        if as_json:
            print_json({"act": act_id, "cases": [powerbooks.facts(one) for one in shown]})
            return
        for one in [] if out is not None else shown:
            typer.echo(_line(one, language))
        typer.echo(_sums(found, language) + (f"; kept as act {act_id}" if keep else ""))


def _line(one: "Case", language: str) -> str:
    from karez_gateway.county.alarms.words import thousandths
    from karez_gateway.county.power.comparing import STATES

    difference = "–" if one.difference_wh is None else f"{thousandths(one.difference_wh)} kWh"
    causes = "; ".join(each[language] for each in one.likely)
    state = STATES[one.state] if language == "zh" else one.state
    return f"{one.site or ' '.join(one.meters):<18} {state:<12} {difference:>16}  {causes}"


def _sums(found: list["Case"], language: str) -> str:
    from karez_gateway.county.power.comparing import STATES

    counts = {state: sum(1 for one in found if one.state == state) for state in STATES}
    return ", ".join(f"{STATES[one] if language == 'zh' else one} {count}" for one, count in counts.items())


@app.command(epilog=REPLY)
def reply(
    data: Data,
    file: Annotated[Path, typer.Argument(help="The company's answers, CSV or XLSX.")],
    month: Month,
    because: Because,
    column: Annotated[
        list[str] | None, typer.Option("--map", help="NAME=TITLE of a column; repeatable.")
    ] = None,
    encoding: Annotated[str, typer.Option(help="Of the CSV: utf-8 or gb18030.")] = "",
    by: By = "",
    document: Document = "",
    as_json: AsJson = False,
) -> None:
    """Take in what the company answers to the kept differences of a month, whole or not at all.

    Columns: meter, status (accepted, disputed or corrected), energy_kwh of a corrected line, remark. The list
    that `compare --out` writes can be sent, filled in with such columns, and taken in again. A later answer
    to the same line counts; all of them stay in the log.
    """
    from karez_gateway import data as data_directory
    from karez_gateway.county.power import reply_books

    with spoken():
        config = configuration.load(data)
        mapping, what = _mapping(column or []), deed(by, because, document)
        with data_directory.beside(config) as store:
            found = reply_books.take_in(
                store, read(file), file.name, month, what, mapping=mapping, encoding=encoding
            )
        if as_json:
            print_json(found._asdict())
            return
        still = counted(found.still_open, "line is open", "lines are open")
        typer.echo(f"{found.month}: {_counts(found.statuses)}; {still}; act {found.act_id}")


@app.command("open", epilog=OPEN)
def open_lines(
    data: Data,
    month: Annotated[str, typer.Option(help="Only of this month: 2026-07.")] = "",
    everyone: Annotated[bool, typer.Option("--all", help="Accepted lines, too.")] = False,
    out: Out = None,
    form: Form = "csv",
    language: Language = "en",
    as_json: AsJson = False,
) -> None:
    """List the kept differences that the company has not accepted: no reply, disputed, or corrected.

    A corrected line stays open until a new file of the company brings its figure and the month is compared
    and kept again.
    """
    from karez_gateway.cli.books import reading
    from karez_gateway.county.power import reply_books
    from karez_gateway.exports import power_tables

    with spoken():
        check_language(language)
        _check_out(out)
        with reading(configuration.load(data)) as connection:
            found = [one for one in reply_books.lines(connection, month) if everyone or one.is_open]
        table = power_tables.replies(found, language)
        if out is not None:
            _write(table, out, form, language)
        if as_json:
            print_json([one._asdict() | {"is_open": one.is_open} for one in found])
            return
        for row in [] if out is not None else table.rows:
            typer.echo("  ".join("–" if cell is None else str(cell) for cell in row))
        typer.echo(counted(sum(1 for one in found if one.is_open), "line is open", "lines are open"))


@app.command("list", epilog=LIST)
def listed(
    data: Data,
    out: Out = None,
    form: Form = "csv",
    language: Language = "en",
    as_json: AsJson = False,
) -> None:
    """List the wells that may be supplied and those that must not be, with reasons and energy allowed.

    Energy allowed is what is left of the year's plan, by the well's own coefficient.
    """
    from karez_gateway import data as data_directory
    from karez_gateway.exports import power_tables
    from karez_gateway.power import books as powerbooks

    with spoken():
        check_language(language)
        _check_out(out)
        config = configuration.load(data)
        with data_directory.beside(config) as store:
            found = powerbooks.suppliable(store, config, int(time.time()))
        if out is not None:
            _write(power_tables.supply(found, language), out, form, language)
        if as_json:
            print_json([one._asdict() | {"may": one.may} for one in found])
            return
        if out is None:
            for row in power_tables.supply(found, language).rows:
                typer.echo("  ".join("" if cell is None else str(cell) for cell in row))
        may = sum(1 for one in found if one.may)
        typer.echo(f"{counted(may, 'well')} may be supplied, {len(found) - may} must not be")


@app.command(epilog=STATEMENTS)
def statements(data: Data, as_json: AsJson = False) -> None:
    """List the files that were taken in and the months that were reconciled, the newest first."""
    from karez_gateway import data as data_directory
    from karez_gateway.power import books as powerbooks

    with spoken():
        with data_directory.beside(configuration.load(data)) as store:
            found = powerbooks.done(store)
        if as_json:
            print_json(found)
            return
        for one in found:
            what = (
                f"{one['file']}, {counted(one['rows'], 'row')}"
                if one["file"]
                else _counts(one["states"] or {})
            )
            typer.echo(f"act {one['act']:>6}  {one['month']}  {one['sort']:<16}  {one['by']:<12}  {what}")


def _counts(states: dict[str, int]) -> str:
    return ", ".join(f"{state} {count}" for state, count in states.items() if count)


def _check_out(out: Path | None) -> None:
    if out is not None and out.exists():
        raise GatewayError(f"{out} exists already: name another file")


def _write(table: "Table", out: Path, form: str, language: str) -> None:
    from karez_gateway.exports import writers

    if form not in ("csv", "xlsx", "json"):
        raise Refused(f"--format is csv, xlsx or json, not {form}")
    try:
        with out.open("xb") as file:
            rows = writers.write(table, file, form, language, bom=form == "csv" and language == "zh")
    except OSError as error:
        raise GatewayError(f"{out} cannot be written: {error.strerror}") from None
    typer.echo(f"{out}: {counted(rows, 'row')}")
