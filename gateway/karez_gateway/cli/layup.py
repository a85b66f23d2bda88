"""`karez gateway layup …`: wells that sleep over the winter, with readings of meters that were taken off."""

# ruff: noqa: PLC0415 - each verb imports what it needs: start-up time

import dataclasses
import time
from typing import Annotated

import typer

from karez_gateway import config as configuration
from karez_gateway.cli.deeds import Because, By, Document, deed
from karez_gateway.cli.speech import AsJson, Data, print_json, spoken

BEGIN = (
    "Example: karez gateway layup begin --data /var/lib/karez well-12 --until 2027-03-15 --meter TUF-1 "
    '--closing 20481.3 --because "pipe drained"'
)
END = 'Example: karez gateway layup end --data /var/lib/karez well-12 --opening 20481.3 --because "spring"'
LIST = "Example: karez gateway layup list --data /var/lib/karez"

app = typer.Typer(help="Wells laid up for the winter.", no_args_is_help=True)
Site = Annotated[str, typer.Argument(help="Site of the well.")]


@app.command(epilog=BEGIN)
def begin(
    data: Data,
    site: Site,
    until: Annotated[str, typer.Option(help="Day on which it ends by itself; at most 300 days away.")],
    meter: Annotated[str, typer.Option(help="Number of the water meter that is taken off.")] = "",
    closing: Annotated[str, typer.Option(help="Its register then, m³.")] = "",
    by: By = "",
    because: Because = "",
    document: Document = "",
) -> None:
    """Lay a well up: it is not called silent, and energy or water there is an alarm.

    No controller is told and no right is changed. A box that stays on goes on counting; what of the well
    cannot be watched is said.
    """
    from karez_gateway import data as data_directory
    from karez_gateway.alarms import layups
    from karez_gateway.calendars import Calendar

    with spoken():
        config = configuration.load(data)
        end_s = Calendar(config.county.utc_offset_h).moment(until)
        closing_l = _litres("--closing", closing)
        with data_directory.beside(config) as store:
            one = layups.begin(store, site, end_s, deed(by, because, document), meter, closing_l)
            blind = layups.unwatched(store, one)
        typer.echo(f"lay-up {one.number}: {site} rests until {until}")
        for line in blind:
            typer.echo(line, err=True)


@app.command(epilog=END)
def end(
    data: Data,
    site: Site,
    opening: Annotated[str, typer.Option(help="Register of the meter that is put on again, m³.")] = "",
    by: By = "",
    because: Because = "",
    document: Document = "",
) -> None:
    """End a lay-up: meter on, pipe filled. The well may be called silent again."""
    from karez_gateway import data as data_directory
    from karez_gateway.alarms import layups
    from karez_gateway.county.alarms.words import thousandths

    with spoken():
        opening_l = _litres("--opening", opening)
        with data_directory.beside(configuration.load(data)) as store:
            one = layups.end(store, site, deed(by, because, document), opening_l)
        typer.echo(f"lay-up {one.number} of {site} is over")
        if one.moved_l:
            typer.echo(
                f"meter {one.serial} moved by {thousandths(one.moved_l)} m³ while it was off: test it, or "
                f"look for a swap"
            )


@app.command("list", epilog=LIST)
def listed(
    data: Data,
    everyone: Annotated[bool, typer.Option("--all", help="Those that a person has ended, too.")] = False,
    as_json: AsJson = False,
) -> None:
    """List lay-ups, the newest first; due: its day has come, and nobody has put the well in order."""
    from karez_gateway import data as data_directory
    from karez_gateway.alarms import layups
    from karez_gateway.calendars import Calendar
    from karez_gateway.county.alarms.words import thousandths

    with spoken():
        config = configuration.load(data)
        with data_directory.beside(config) as store, store.reading() as connection:
            found = layups.everyone(connection)
        now_s, zone = int(time.time()), Calendar(config.county.utc_offset_h)
        rows = [
            dataclasses.asdict(one) | {"holds": one.holds(now_s), "moved_l": one.moved_l}
            for one in sorted(found.values(), key=lambda each: -each.number)
            if everyone or one.ended_utc_s is None
        ]
        if as_json:
            print_json(rows)
            return
        for row in rows:
            state = "rests" if row["holds"] else "over" if row["ended_by"] else "due"
            span = f"{zone.name('day', row['from_utc_s'])} – {zone.name('day', row['until_utc_s'])}"
            off = (
                ""
                if row["closing_l"] is None
                else f"  {row['serial']} off at {thousandths(row['closing_l'])} m³"
            )
            typer.echo(f"{row['number']:>6}  {row['site']:<16} {state:<6} {span}  {row['by']}{off}")


def _litres(option: str, said: str) -> int | None:
    from karez_gateway.county.registry import fields
    from karez_gateway.errors import Refused

    try:
        return int(fields.CUBIC_METRES.read(said)) if said else None
    except Refused as error:
        raise Refused(f"{option} {error}") from None
