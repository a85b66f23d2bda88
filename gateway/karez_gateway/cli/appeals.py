"""`karez gateway appeals …`: who does not agree with a stop or a violation, and what was decided."""

# ruff: noqa: PLC0415 - each verb imports what it needs: start-up time

import dataclasses
from typing import Annotated

import typer

from karez_gateway import config as configuration
from karez_gateway.cli.deeds import Because, By, Document, deed
from karez_gateway.cli.speech import NUMBER_MAX, AsJson, Data, print_json, spoken

LODGE = (
    "Example: karez gateway appeals lodge --data /var/lib/karez well-12 --who 王五 --against stop "
    '--at 2026-07-01T08:10:00+08:00 --because "the maize dries up" --document "诉 3 号"'
)
DECIDE = (
    "Example: karez gateway appeals decide --data /var/lib/karez 51 --outcome upheld "
    '--because "the plan left out 4 mu" --document "复 3 号"'
)
LIST = "Example: karez gateway appeals list --data /var/lib/karez"

app = typer.Typer(help="Appeals, and what was decided.", no_args_is_help=True)


@app.command(epilog=LODGE)
def lodge(
    data: Data,
    site: Annotated[str, typer.Argument(help="Site that it is about.")],
    who: Annotated[str, typer.Option(help="Who appeals.")],
    against: Annotated[str, typer.Option(help="stop, grant, order or violation.")],
    at: Annotated[
        str, typer.Option(help="When that happened: a day, or a time with its zone; default: now.")
    ] = "",
    violation: Annotated[int | None, typer.Option(max=NUMBER_MAX, help="Number of the violation.")] = None,
    by: By = "",
    because: Because = "",
    document: Document = "",
) -> None:
    """Write an appeal down, in the words of who appeals. It changes no right and starts no pump."""
    from karez_gateway import data as data_directory
    from karez_gateway.alarms import appeals
    from karez_gateway.calendars import Calendar

    with spoken():
        config = configuration.load(data)
        at_s = Calendar(config.county.utc_offset_h).moment(at) if at else None
        with data_directory.beside(config) as store:
            one = appeals.lodge(
                store,
                site,
                who,
                against,
                deed(by, because, document),
                violation=violation,
                happened_utc_s=at_s,
            )
        typer.echo(
            f"appeal {one.number} of {who} at {site} is open; next: karez gateway appeals decide {one.number}"
        )


@app.command(epilog=DECIDE)
def decide(
    data: Data,
    number: Annotated[int, typer.Argument(max=NUMBER_MAX, help="Number of the appeal.")],
    outcome: Annotated[str, typer.Option(help="upheld, in-part, dismissed or withdrawn.")],
    by: By = "",
    because: Because = "",
    document: Document = "",
) -> None:
    """Write down what was decided. Litres follow only from a grant that an office signs."""
    from karez_gateway import data as data_directory
    from karez_gateway.alarms import appeals

    with spoken():
        with data_directory.beside(configuration.load(data)) as store:
            appeals.decide(store, number, outcome, deed(by, because, document))
        typer.echo(f"appeal {number} is decided: {outcome}")


@app.command("list", epilog=LIST)
def listed(
    data: Data,
    site: Annotated[str, typer.Option(help="Only of this site.")] = "",
    everyone: Annotated[bool, typer.Option("--all", help="Those that are decided, too.")] = False,
    as_json: AsJson = False,
) -> None:
    """List appeals, those that are open first."""
    from karez_gateway import data as data_directory
    from karez_gateway.alarms import appeals
    from karez_gateway.calendars import Calendar

    with spoken():
        config = configuration.load(data)
        with data_directory.beside(config) as store, store.reading() as connection:
            found = sorted(
                appeals.everyone(connection).values(), key=lambda one: (bool(one.outcome), -one.number)
            )
        found = [one for one in found if site in ("", one.site) and (everyone or not one.outcome)]
        if as_json:
            print_json([dataclasses.asdict(one) for one in found])
            return
        zone = Calendar(config.county.utc_offset_h)
        for one in found:
            day = zone.name("day", one.utc_s)
            end = f"  {one.outcome} by {one.decided_by}: {one.decided_because}" if one.outcome else "  open"
            typer.echo(
                f"{one.number:>6}  {one.site:<16} {day}  {one.who} against {one.against}: {one.because}{end}"
            )
