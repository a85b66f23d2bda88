"""`karez gateway ledger close` and `months`: totals that stand for good."""

# ruff: noqa: PLC0415 - each verb imports what it needs: start-up time

from typing import Annotated

import typer

from karez_gateway import config as configuration
from karez_gateway.cli.deeds import IN_FORCE, Because, By, Document, deed
from karez_gateway.cli.speech import AsJson, Data, print_json, spoken

CLOSE = (
    "Example: karez gateway ledger close --data /var/lib/karez --month 2026-10 "
    '--because "monthly dispatch, meeting of 3 November"'
)
MONTHS = "Example: karez gateway ledger months --data /var/lib/karez"
EXIT_CHANGED = 1


def close(
    data: Data,
    month: Annotated[str, typer.Option(help="Which: 2026-10.")],
    because: Because,
    despite: Annotated[
        bool, typer.Option("--despite", help="Close it though something is missing; the act says what.")
    ] = False,
    by: By = "",
    document: Document = "",
    as_json: AsJson = False,
) -> None:
    """Close a month: its totals by site and method stand for good.

    Says what is missing first: records not verified or not come, silent sites. What comes later is shown as
    late. A closed month is never opened again; corrections of it are late, too.
    """
    from karez_gateway import data as data_directory
    from karez_gateway.county.ledger import closing
    from karez_gateway.county.years import periods

    with spoken():
        config = configuration.load(data)
        years, decision = config.county.years, deed(by, because, document)
        wanted = periods.named(month, years, "month")
        civil = years.calendar
        with data_directory.beside(config) as store:
            with store.reading() as connection:
                missing = closing.look(connection, wanted, decision.now_s, civil, despite=despite)
            with store.writing() as connection:
                done = closing.close(connection, wanted, decision, civil, missing)
    litres = sum(one.litres for one in done.totals.values())
    if as_json:
        facts = {"month": month, "act": done.act_id, "sha256": done.digest, "litres": litres}
        print_json(facts | {"missing": done.missing})
        return
    for line in done.missing:
        typer.echo(f"missing: {line}")
    typer.echo(
        f"{month} is closed: act {done.act_id}, {litres:,} L booked, SHA-256 {done.digest}. {IN_FORCE}"
    )


def months(data: Data, as_json: AsJson = False) -> None:
    """List closed months, and whether their totals are still those that the log vouches for.

    Ends with code 1 if one is not.
    """
    from karez_gateway import data as data_directory
    from karez_gateway.calendars import MONTH
    from karez_gateway.county.ledger import checking
    from karez_gateway.store import closings

    with spoken():
        config = configuration.load(data)
        civil = config.county.years.calendar
        with data_directory.beside(config) as store, store.reading() as connection:
            found = [
                {
                    "month": civil.name(MONTH, one.from_utc_s),
                    "act": one.act_id,
                    "entry": one.log_index,
                    "sha256": one.digest.hex(),
                    "problem": checking.of_month(connection, one),
                }
                for one in closings.every(connection)
            ]
    if as_json:
        print_json(found)
    else:
        for each in found:
            place = "waits for the log" if each["entry"] is None else f"entry {each['entry']}"
            typer.echo(
                f"{each['month']}  act {each['act']}, {place}  {each['problem'] or 'as it was closed'}"
            )
        if not found:
            typer.echo("no month is closed")
    if any(one["problem"] for one in found):
        raise typer.Exit(EXIT_CHANGED)
