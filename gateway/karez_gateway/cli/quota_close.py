"""`karez gateway quota close …`: freeze a water year, propose, and take a person's decisions."""

# ruff: noqa: PLC0415 - each verb imports what it needs: start-up time

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from karez_gateway import config as configuration
from karez_gateway.cli import quota_options as options
from karez_gateway.cli.deeds import Because, By, Document
from karez_gateway.cli.quota_options import Force, Language, Year
from karez_gateway.cli.speech import AsJson, Data, print_json, read, spoken
from karez_gateway.errors import Refused

if TYPE_CHECKING:
    from karez_gateway.county.quota.close_rules import Rules

app = typer.Typer(
    help="Close a water year: freeze, propose, decide.", no_args_is_help=True, rich_markup_mode=None
)
RulesFile = Annotated[
    Path | None,
    typer.Option("--rules", help="TOML file of the county's ratios; else 1:1, nothing off drinking water."),
]
FalseReports = Annotated[
    Path | None,
    typer.Option(
        "--false-reports", help="CSV file with site,volume_m3: volumes proven to be reported falsely."
    ),
]
FALSE_COLUMNS = ["site", "volume_m3"]


@app.command(
    epilog='Example: karez gateway quota close freeze --data /var/lib/karez --year 2025 --because "year end"'
)
def freeze(
    data: Data,
    year: Year,
    by: By = "",
    because: Because = "",
    document: Document = "",
    as_json: AsJson = False,
) -> None:
    """Freeze what every site took in a water year that is over. It is done once and never computed again."""
    from karez_gateway import data as data_directory
    from karez_gateway.county import year_close
    from karez_gateway.county.quota.wording import m3

    with spoken():
        config, deed = configuration.load(data), options.deed(by, because, document)
        with data_directory.beside(config) as store, store.writing() as connection:
            found = year_close.freeze(connection, config.county.years, year, deed)
        total_l = sum(one.total_l for one in found.rows)
        over_l = sum(one.over_plan_l for one in found.rows)
        if as_json:
            facts = {"act": found.act_id, "sites": len(found.rows), "used_l": total_l, "over_plan_l": over_l}
            print_json(facts | {"dated_back": found.dated_back})
            return
        typer.echo(
            f"{year} is closed by act {found.act_id}: {len(found.rows)} sites, {m3(total_l)} m³ used, "
            f"{m3(over_l)} m³ over plan; it counts when the service has logged it"
        )
        if found.dated_back:
            numbers = ", ".join(map(str, found.dated_back))
            typer.echo(f"plans were changed after the year was over and dated back into it: acts {numbers}")


@app.command(epilog="Example: karez gateway quota close show --data /var/lib/karez --year 2025 --json")
def show(data: Data, year: Year, as_json: AsJson = False) -> None:
    """Show a closed year: each site's frozen litres, and apart from them what came late."""
    from karez_gateway import data as data_directory
    from karez_gateway.county import year_close
    from karez_gateway.county.quota.wording import m3
    from karez_gateway.ledger import figures

    with spoken():
        config = configuration.load(data)
        with data_directory.beside(config) as store, store.reading() as connection:
            found = year_close.frozen(connection, year)
            late = year_close.late(connection, config.county.years, year)
        if as_json:
            rows = [{**one.body(), "late_l": late.get(one.site, {})} for one in found.rows]
            print_json({"act": found.act_id, "is_in_force": found.is_in_force, "sites": rows})
            return
        for one in found.rows:
            plan = "no plan" if one.plan_l is None else f"plan {m3(one.plan_l)} m³"
            methods = ", ".join(
                f"{m3(each)} {figures.method(number).code}" for number, each in one.used_l.items()
            )
            typer.echo(
                f"{one.site:<24} {plan}, used {m3(one.total_l)} m³ ({methods or 'nothing'}), over plan "
                f"{m3(one.over_plan_l)}, over norm {m3(one.over_norm_l)}"
            )
        for site, moved in late.items():
            typer.echo(
                f"late     {site:<24} {m3(sum(moved.values()))} m³ since the close; not in the figures above"
            )


@app.command(
    epilog="Example: karez gateway quota close export --data /var/lib/karez --year 2025 --out decided.csv"
)
def export(
    data: Data,
    year: Year,
    out: Annotated[Path, typer.Option("--out", help="File to write, .csv or .xlsx.")],
    rules: RulesFile = None,
    false_reports: FalseReports = None,
    lang: Language = "en",
    force: Force = False,
) -> None:
    """Write what is proposed for a closed year as a file that a person edits.

    Over-plan water is proposed as a deduction from the next year's plan, never below what is protected; idle
    rights and carry-over as the rules say. The last four columns are the person's.
    """
    from karez_gateway import data as data_directory
    from karez_gateway.county import year_close
    from karez_gateway.county.quota import decision_file

    with spoken():
        options.writable(out, force=force)
        with data_directory.beside(configuration.load(data)) as store, store.reading() as connection:
            found = year_close.cases(connection, year, _rules(rules), _false(false_reports))
        typer.echo(options.write(decision_file.table(year, found), out, lang, force=force))


@app.command(
    epilog="Example: karez gateway quota close apply --data /var/lib/karez --year 2025 decided.csv "
    '--because "decided on 12 January" --document "水政 3 号"'
)
def apply(
    data: Data,
    year: Year,
    file: Annotated[Path, typer.Argument(help="The exported file with what was decided.")],
    rules: RulesFile = None,
    false_reports: FalseReports = None,
    by: By = "",
    because: Because = "",
    document: Document = "",
    as_json: AsJson = False,
) -> None:
    """Take decisions as one act, all or none. Give the same rules and false reports as for the export.

    They count for the next year's plans (`karez gateway quota decompose`) once the service has logged them.
    """
    from karez_gateway import data as data_directory
    from karez_gateway.county import year_close
    from karez_gateway.county.quota.wording import m3

    with spoken():
        config, deed = configuration.load(data), options.deed(by, because, document)
        body, terms, false_l = read(file), _rules(rules), _false(false_reports)
        with data_directory.beside(config) as store, store.writing() as connection:
            of_year = year_close.cases(connection, year, terms, false_l)
            found = year_close.decide(connection, year, body, of_year, deed)
        deducted_l = sum(one.decision.deduction_l for one in found)
        if as_json:
            print_json([{"site": one.site, **one.decision._asdict(), "reason": one.reason} for one in found])
            return
        typer.echo(
            f"{len(found)} sites decided, {m3(deducted_l)} m³ to deduct from their plans of {year + 1}"
        )


def _rules(path: Path | None) -> "Rules":
    from karez_gateway.county.quota import close_rules

    return close_rules.default() if path is None else close_rules.read(read(path))


def _false(path: Path | None) -> dict[str, int]:
    """Site -> litres. Raises Refused naming the row."""
    if path is None:
        return {}
    try:
        rows = list(csv.reader(io.StringIO(read(path).decode("utf-8-sig"), newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise Refused(f"{path} is no CSV in UTF-8: {error}") from None
    if not rows or rows[0] != FALSE_COLUMNS:
        raise Refused(f"{path}: the first line must be {','.join(FALSE_COLUMNS)}")
    found: dict[str, int] = {}
    for number, row in enumerate(rows[1:], 2):
        if len(row) != len(FALSE_COLUMNS) or row[0] in found:
            raise Refused(f"{path} row {number}: write a site, once, and its m³")
        found[row[0]] = options.litres(row[1], f"{path} row {number}")
    return found
