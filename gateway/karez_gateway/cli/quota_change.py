"""`karez gateway quota spread`, `adjust`, `transfer`, `transfers`: plans within a year."""

# ruff: noqa: PLC0415 - each verb imports what it needs: start-up time

import json
import tomllib
from pathlib import Path
from typing import Annotated, Any

import typer

from karez_gateway import config as configuration
from karez_gateway.cli import quota_options as options
from karez_gateway.cli.deeds import Because, By, Document
from karez_gateway.cli.quota_options import BelowUse, Effective, Year
from karez_gateway.cli.speech import AsJson, Data, print_json, read, spoken
from karez_gateway.county.counting import counted
from karez_gateway.errors import Refused

SPREAD = (
    "Example: karez gateway quota spread --data /var/lib/karez --year 2026 --shares shares.toml "
    '--because "rounds of 2026"'
)
ADJUST = (
    "Example: karez gateway quota adjust --data /var/lib/karez --year 2026 --plan well-12=64000 "
    '--because "efficiency below the lowest standard" --document "水政 7 号"'
)
TRANSFER = (
    "Example: karez gateway quota transfer --data /var/lib/karez --year 2026 --from well-12 --to well-14 "
    '--volume 5000 --price 1250.00 --because "agreed between the holders" --document "转让 3 号"'
)
TRANSFERS = "Example: karez gateway quota transfers --data /var/lib/karez --json"
Sites = Annotated[list[str] | None, typer.Option("--site", help="Only this site; repeatable.")]


def spread(
    data: Data,
    year: Year,
    shares: Annotated[
        Path,
        typer.Option(
            "--shares", help="TOML file: [shares], then a line such as 04 = 250 for each, per mille."
        ),
    ],
    site: Sites = None,
    by: By = "",
    because: Because = "",
    document: Document = "",
    effective: Effective = "",
    as_json: AsJson = False,
) -> None:
    """Spread year plans over months (01 to 12) or over rounds of irrigation that the registry has.

    Shares are per mille and sum to 1,000. What a round leaves stays usable in the next ones: its right is the
    sum up to there, and that sum is exact.
    """
    from karez_gateway import data as data_directory
    from karez_gateway.county import planning

    with spoken():
        config = configuration.load(data)
        years, permille = config.county.years, _shares(shares)
        deed = options.deed(by, because, document, effective, years)
        with data_directory.beside(config) as store, store.writing() as connection:
            found = planning.spread(connection, years, year, site or (), permille, deed)
        if as_json:
            print_json([one.name for one in found])
        else:
            typer.echo(f"{counted(len(found), 'plan')} of {', '.join(permille)} in force")


def _shares(path: Path) -> dict[str, int]:
    try:
        found = tomllib.loads(read(path).decode()).get("shares")
    except (ValueError, RecursionError) as error:  # also a number of 5,000 digits
        raise Refused(f"{path} is no TOML in UTF-8: {error}") from None
    if not isinstance(found, dict) or not all(type(one) is int for one in found.values()):
        raise Refused(f"{path}: write [shares] and under it a whole number per mille for each period")
    return found


def adjust(
    data: Data,
    year: Year,
    plan: Annotated[list[str], typer.Option("--plan", help="SITE=M3, its plan from now on; repeatable.")],
    below_use: BelowUse = False,
    by: By = "",
    because: Because = "",
    document: Document = "",
    effective: Effective = "",
    as_json: AsJson = False,
) -> None:
    """Change plans within the year, with reason and document. What is used stays used."""
    from karez_gateway import data as data_directory
    from karez_gateway.county import planning

    with spoken():
        config = configuration.load(data)
        volumes = dict(_plan(one) for one in plan)
        if len(volumes) < len(plan):
            raise Refused("--plan names a site twice")
        years = config.county.years
        deed = options.deed(by, because, document, effective, years)
        with data_directory.beside(config) as store, store.writing() as connection:
            found = planning.adjust(connection, years, year, volumes, deed, is_below_use_meant=below_use)
        if as_json:
            print_json([{"plan": one.name, "version": one.version} for one in found])
            return
        for one in found:
            typer.echo(f"plan {one.name} is version {one.version} now")
        if not found:
            typer.echo("nothing was changed: the plans say that already")


def _plan(text: str) -> tuple[str, int]:
    site, sign, volume = text.rpartition("=")
    if not sign or not site:
        raise Refused(f"--plan {text}: write SITE=M3, such as well-12=64000")
    return site, options.litres(volume, f"--plan {site}")


def transfer(
    data: Data,
    year: Year,
    giver: Annotated[str, typer.Option("--from", help="Site that gives.")],
    taker: Annotated[str, typer.Option("--to", help="Site that takes.")],
    volume: Annotated[str, typer.Option("--volume", help="m³.")],
    price: Annotated[str, typer.Option("--price", help="Yuan for all of it, if something was agreed.")] = "",
    across: Annotated[
        list[str] | None,
        typer.Option("--across", help="region, class: a border that it may cross; repeatable."),
    ] = None,
    by: By = "",
    because: Because = "",
    document: Document = "",
    effective: Effective = "",
    as_json: AsJson = False,
) -> None:
    """Move planned and unused water between sites: two plans, one act, whose number is the transfer's.

    Groundwater stays in its area, a source stays a source, drinking water gives nothing. No exchange is run
    here: what the holders agreed on is recorded.
    """
    from karez_gateway import data as data_directory
    from karez_gateway.county import planning
    from karez_gateway.county.quota.transfers import ACROSS, Transfer
    from karez_gateway.county.registry import fields

    with spoken():
        config = configuration.load(data)
        unknown = [one for one in across or () if one not in ACROSS]
        if unknown:
            raise Refused(f"--across is one of {', '.join(ACROSS)}, not {unknown[0]}")
        fen = int(fields.YUAN.read(price)) if price else None
        wish = Transfer(giver, taker, year, options.litres(volume, "--volume"), fen)
        years = config.county.years
        deed = options.deed(by, because, document, effective, years)
        with data_directory.beside(config) as store, store.writing() as connection:
            found = planning.transfer(connection, years, wish, deed, across or ())
        if as_json:
            print_json({"transfer": found[0].act_id, "plans": [one.name for one in found]})
            return
        plans = counted(len(found), "plan")
        typer.echo(f"transfer {found[0].act_id}: {volume} m³ from {giver} to {taker}; {plans} changed")


def transfers(data: Data, as_json: AsJson = False) -> None:
    """List transfers, the newest first."""
    from karez_gateway import data as data_directory
    from karez_gateway.county import planning
    from karez_gateway.county.quota.wording import m3
    from karez_gateway.county.registry import fields
    from karez_gateway.store import acts

    with spoken():
        config = configuration.load(data)
        with data_directory.beside(config) as store, store.reading() as connection:
            found = acts.newest_first(connection, (planning.TRANSFER,), limit=1000)
        civil = config.county.years.calendar
        rows: list[dict[str, Any]] = [
            {
                "transfer": one.id,
                "at": civil.iso(one.utc_s),
                "by": one.by,
                "because": one.because,
                "document": one.document,
                "log_index": one.log_index,
                **json.loads(one.detail),
            }
            for one in found
        ]
        if as_json:
            print_json(rows)
            return
        for row in rows:
            paid = f" for {fields.YUAN.show(row['price_fen'])} yuan" if "price_fen" in row else ""
            typer.echo(
                f"{row['transfer']:>6}  {row['at']}  {row['giver']} -> {row['taker']}  "
                f"{m3(row['volume_l'])} m³ of {row['year']}{paid}  {row['scope']}  "
                f"by {row['by']}: {row['because']} {row['document']}"
            )
