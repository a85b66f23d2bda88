"""`karez gateway ledger …`: litres, corrections of them, and closed months."""

# ruff: noqa: PLC0415 - each verb imports what it needs: start-up time

import datetime as dt
from pathlib import Path
from typing import Annotated, Any

import typer

from karez_gateway import config as configuration
from karez_gateway.cli import doubles as cli_doubles
from karez_gateway.cli import months as cli_months
from karez_gateway.cli.deeds import IN_FORCE, Because, By, Document, deed
from karez_gateway.cli.speech import AsJson, Data, print_json, read, spoken
from karez_gateway.county.counting import counted
from karez_gateway.errors import Refused

ledger = typer.Typer(
    help="Litres per site, hour and method; corrections of them; closed months.",
    invoke_without_command=True,
    rich_markup_mode=None,
    epilog="Example: karez gateway ledger --data /var/lib/karez --json",
)


@ledger.callback()
def shown(
    context: typer.Context,
    data: Annotated[Path | None, typer.Option(help="Data directory, made by `karez gateway init`.")] = None,
    as_json: AsJson = False,
) -> None:
    """Print litres per site, hour and method, as booked; without a verb behind it."""
    if context.invoked_subcommand is not None:
        return
    from karez_gateway import data as data_directory
    from karez_gateway.operation import statustext
    from karez_gateway.store import ledgers

    with spoken():
        if data is None:
            raise Refused("say where: --data DIRECTORY")
        with data_directory.beside(configuration.load(data)) as store, store.reading() as connection:
            rows = ledgers.rows(connection)
    table = [
        {
            "site": hour.site,
            "hour": dt.datetime.fromtimestamp(hour.hour_utc * 3600, dt.UTC).strftime("%Y-%m-%dT%H:00Z"),
            "method": statustext.METHODS.get(hour.method, "unknown"),
            "litres": cell.litres,
            "first_entry": cell.first_entry,
            "last_entry": cell.last_entry,
        }
        for hour, cell in rows
    ]
    if as_json:
        print_json(table)
        return
    for row in table:
        typer.echo("{hour}  {site:<16}  {method:<15}  {litres:>12,} L".format(**row))


@ledger.command(
    epilog="Example: karez gateway ledger correct --data /var/lib/karez --site well-12 --period 2026-10 "
    '--method metered --volume -120.5 --kind dispute --because "meter read twice on 12 October"'
)
def correct(
    data: Data,
    because: Because,
    site: Annotated[str, typer.Option(help="Whose litres.")] = "",
    period: Annotated[
        str, typer.Option(help="Of when: 2026-10, 2026-10-01 or 2026-10-01T14. A whole month at the most.")
    ] = "",
    volume: Annotated[str, typer.Option(help="Cubic metres with at most three decimals, + or −.")] = "",
    method: Annotated[str, typer.Option(help="Of which method.")] = "metered",
    to_method: Annotated[str, typer.Option(help="The litres change to this method.")] = "",
    kind: Annotated[
        str, typer.Option(help="coefficient, swap, dispute, year-close, error or double.")
    ] = "error",
    energy: Annotated[
        str,
        typer.Option(help="kWh with + or −, of a double without litres alone; left out: all that is left."),
    ] = "",
    file: Annotated[Path | None, typer.Option(help="Many at once: CSV as `propose` writes it.")] = None,
    below_zero: Annotated[
        bool, typer.Option("--below-zero", help="A month of a site may fall below zero by it.")
    ] = False,
    by: By = "",
    document: Document = "",
    as_json: AsJson = False,
) -> None:
    """Add litres to a site's ledger, or take some away: an entry of its own, with author and reason.

    What was booked is never changed: reports show both. The litres count in the last hour of the period. A
    file is taken whole or not at all. It is in force once the service has put it into the log. Of the kind
    double, --volume 0 says of the energy alone that two boxes counted it (karez gateway ledger doubles);
    --energy +15 takes 15 kWh of that back.
    """
    from karez_gateway import data as data_directory
    from karez_gateway.county.ledger import correcting, correction_file, doubles

    with spoken():
        config = configuration.load(data)
        years, decision = config.county.years, deed(by, because, document)
        if (file is None) == (not (site and period and volume)) or (file and energy):
            raise Refused("say --site, --period and --volume, or --file: one of both")
        if file is not None:
            those = correction_file.read(read(file), str(file), years, decision.now_s)
        else:
            row = correction_file.Row(site, kind, period, method, to_method, volume, "", energy)
            those = correction_file.corrections(row, years, decision.now_s)
        with data_directory.beside(config) as store, store.writing() as connection:
            if file is not None:
                correcting.refuse_again(connection, those, decision)
            those = doubles.check(connection, those, years)
            act_id, below = correcting.correct(
                connection, those, decision, years.calendar, may_fall=below_zero
            )
    if as_json:
        print_json({"act": act_id, "corrections": len(those), "below_zero": [one._asdict() for one in below]})
        return
    total = sum(one.litres for one in those)
    corrections = counted(len(those), "correction")
    typer.echo(f"act {act_id}: {corrections}, {correction_file.shown(total)} m³ together. {IN_FORCE}")
    for one in below:
        typer.echo(f"below zero: {one.site} {one.month}: {correction_file.shown(one.litres)} m³")


@ledger.command(epilog="Example: karez gateway ledger corrections --data /var/lib/karez --period 2026-10")
def corrections(
    data: Data,
    site: Annotated[str, typer.Option(help="Only of this site.")] = "",
    period: Annotated[str, typer.Option(help="Only those that count in it: 2026-10-01, 2026-10, 2026.")] = "",
    as_json: AsJson = False,
) -> None:
    """List corrections, also those that the log does not hold yet, and who decided them."""
    from karez_gateway import data as data_directory
    from karez_gateway.county.years import periods
    from karez_gateway.store import acts
    from karez_gateway.store import corrections as stored

    with spoken():
        config = configuration.load(data)
        years = config.county.years
        span = periods.named(period, years).span if period else None
        with data_directory.beside(config) as store, store.reading() as connection:
            found = stored.every(connection, span, site or None)
            known = {one.act_id: acts.get(connection, one.act_id) for one in found}
    rows = []
    for one in found:
        act = known[one.act_id]
        if act is not None:
            rows.append(_correction(one._asdict(), act, years.calendar.iso))
    if as_json:
        print_json(rows)
        return
    for row in rows:
        place = "waits for the log" if row["entry"] is None else f"entry {row['entry']}"
        typer.echo(
            f"{row['act']:>6}  {row['site']:<16}  {row['kind']:<11}  {row['from']}  {row['method']:<15}  "
            f"{row['litres']:>14,} L{_energy(row)}  {place}  {row['by']}: {row['because']}"
        )
    if not rows:
        typer.echo("no correction" + (f" of {site}" if site else ""))


def _energy(row: dict[str, Any]) -> str:
    return f", {row['energy_wh']:,} Wh" if row["energy_wh"] else ""


def _correction(kept: dict[str, Any], act: Any, iso: Any) -> dict[str, Any]:
    from karez_gateway.ledger.figures import method

    return {
        "act": kept["act_id"],
        "entry": kept["log_index"],
        "site": kept["site"],
        "kind": kept["kind"],
        "method": method(kept["method"]).code,
        "from": iso(kept["from_utc_s"]),
        "to": iso(kept["to_utc_s"]),
        "litres": kept["litres"],
        "energy_wh": kept["energy_wh"],
        "by": act.by,
        "because": act.because,
        "document": act.document,
    }


@ledger.command(
    epilog="Example: karez gateway ledger propose --data /var/lib/karez --from 2026-07 --to 2026-09 "
    "--site well-12 --out proposal.csv"
)
def propose(
    data: Data,
    out: Annotated[Path, typer.Option(help="CSV to write; `correct --file` takes it.")],
    begin: Annotated[str, typer.Option("--from", help="First month: 2026-07.")],
    end: Annotated[str, typer.Option("--to", help="Last month, part of it.")],
    site: Annotated[list[str] | None, typer.Option(help="Only this site; repeatable.")] = None,
    old: Annotated[
        str, typer.Option(help="m³/kWh that the controllers had, where the registry did not say it then.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Propose corrections of converted litres where the coefficient of a well, or of its group, was revised.

    Compares what the registry says now with what it said when the litres were booked. Changes nothing: look
    at the file, then `karez gateway ledger correct --file`.
    """
    from karez_gateway import data as data_directory
    from karez_gateway.county.ledger import correction_file, proposing
    from karez_gateway.county.registry import fields
    from karez_gateway.county.years import periods
    from karez_gateway.county.years.wateryear import Span

    with spoken():
        config = configuration.load(data)
        years = config.county.years
        first, last = (periods.named(one, years, "month").span for one in (begin, end))
        if last.from_utc_s < first.from_utc_s:
            raise Refused("--to lies before --from")
        if out.exists():
            raise Refused(f"{out} exists already: name another file")
        l_per_kwh = int(fields.RATIO.read(old)) if old else None
        with data_directory.beside(config) as store, store.reading() as connection:
            span = Span(first.from_utc_s, last.to_utc_s)
            found, lacking = proposing.propose(connection, span, years.calendar, site, l_per_kwh)
        rows = [correction_file.row_of(one.correction, years.calendar, one.note) for one in found]
        try:
            out.write_bytes(correction_file.written(rows))
        except OSError as error:
            raise Refused(f"{out} cannot be written: {error.strerror}") from None
    if as_json:
        print_json({"file": str(out), "proposals": len(found), "not_judged": lacking})
        return
    for line in lacking:
        typer.echo(f"not judged: {line}", err=True)
    typer.echo(f"{out}: {counted(len(found), 'correction')} proposed; nothing is changed by that")


ledger.command(epilog=cli_doubles.DOUBLES)(cli_doubles.doubles)
ledger.command(epilog=cli_months.CLOSE)(cli_months.close)
ledger.command(epilog=cli_months.MONTHS)(cli_months.months)
