"""`karez gateway emergency …`: an emergency of a region, with the releases that happened in it."""

# ruff: noqa: PLC0415 - each verb imports what it needs: start-up time

import dataclasses
import time
from typing import Annotated

import typer

from karez_gateway import config as configuration
from karez_gateway.cli.deeds import Because, By, Document, deed
from karez_gateway.cli.speech import NUMBER_MAX, AsJson, Data, print_json, spoken
from karez_gateway.errors import Refused

DECLARE = (
    "Example: karez gateway emergency declare --data /var/lib/karez 650402 --until 2026-08-01 "
    '--because "drought" --document "政 12 号"'
)
END = 'Example: karez gateway emergency end --data /var/lib/karez 51 --because "it has rained"'
LIST = "Example: karez gateway emergency list --data /var/lib/karez"

app = typer.Typer(help="Emergencies of regions, and the releases in them.", no_args_is_help=True)


@app.command(epilog=DECLARE)
def declare(
    data: Data,
    region: Annotated[str, typer.Argument(help="Region of the registry.")],
    until: Annotated[str, typer.Option(help="Day or time at which it ends by itself.")],
    by: By = "",
    because: Because = "",
    document: Document = "",
) -> None:
    """Declare an emergency of a region. It opens no well; it says why releases happen, and lists them."""
    from karez_gateway import data as data_directory
    from karez_gateway.calendars import Calendar
    from karez_gateway.county import acts
    from karez_gateway.county.alarms import emergencies
    from karez_gateway.store import objects

    with spoken():
        config = configuration.load(data)
        end = Calendar(config.county.utc_offset_h).moment(until)
        who = deed(by, because, document)
        if end <= who.now_s:
            raise Refused("--until is past: say when it ends")
        with data_directory.beside(config) as store, store.writing() as connection:
            if objects.registry(connection).get("region", region) is None:
                raise Refused(f"the registry has no region {region}")
            detail = {"region": region, "until_utc_s": end}
            number = acts.write(connection, emergencies.DECLARED, who, detail)
        typer.echo(f"emergency {number} of {region} holds until {until}")


@app.command(epilog=END)
def end(
    data: Data,
    number: Annotated[int, typer.Argument(max=NUMBER_MAX, help="Number of the emergency.")],
    by: By = "",
    because: Because = "",
    document: Document = "",
) -> None:
    """End an emergency before its time."""
    from karez_gateway import data as data_directory
    from karez_gateway.county import acts
    from karez_gateway.county.alarms import emergencies
    from karez_gateway.store import acts as store_acts

    with spoken():
        who = deed(by, because, document)
        with data_directory.beside(configuration.load(data)) as store, store.writing() as connection:
            found = emergencies.fold(store_acts.every(connection, *emergencies.SORTS))
            acts.write(connection, emergencies.ENDED, who, emergencies.ending(found, number, who.now_s))
        typer.echo(f"emergency {number} is over")


@app.command("list", epilog=LIST)
def listed(data: Data, as_json: AsJson = False) -> None:
    """List emergencies, the newest first, each with the emergency ceilings that were opened in it."""
    from karez_gateway import data as data_directory
    from karez_gateway.calendars import Calendar
    from karez_gateway.county.alarms import emergencies
    from karez_gateway.county.alarms.places import Places
    from karez_gateway.store import acts, objects, wells

    with spoken():
        config = configuration.load(data)
        with data_directory.beside(config) as store, store.reading() as connection:
            found = emergencies.fold(acts.every(connection, *emergencies.SORTS))
            places = Places(objects.registry(connection))
            since = min((one.log_index or 0 for one in found.values()), default=None)
            opened = [] if since is None else wells.emergencies_opened(connection, since)
        zone, now_s = Calendar(config.county.utc_offset_h), int(time.time())
        rows = []
        for one in sorted(found.values(), key=lambda each: -each.number):
            within = set(places.within(one.region))
            releases = [[site, utc_s] for site, utc_s in opened if site in within and one.holds(utc_s)]
            rows.append(dataclasses.asdict(one) | {"holds": one.holds(now_s), "releases": releases})
        if as_json:
            print_json(rows)
            return
        for row in rows:
            state = "holds" if row["holds"] else "over"
            span = f"{zone.iso(row['from_utc_s'])} – {zone.iso(row['until_utc_s'])}"
            typer.echo(f"{row['number']:>6}  {row['region']}  {state}  {span}  {row['by']}: {row['because']}")
            for site, utc_s in row["releases"]:
                typer.echo(f"        {site} opened its emergency ceiling {zone.iso(utc_s)}")
