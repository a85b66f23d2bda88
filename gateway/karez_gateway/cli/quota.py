"""`karez gateway quota …`: limits, demand, plans down to every well, prices, and the close of a year."""

# ruff: noqa: PLC0415 - each verb imports what it needs: start-up time

from pathlib import Path
from typing import Annotated

import typer

from karez_gateway import config as configuration
from karez_gateway.cli import quota_change as cli_quota_change
from karez_gateway.cli import quota_close as cli_quota_close
from karez_gateway.cli import quota_decompose as cli_quota_decompose
from karez_gateway.cli import quota_options as options
from karez_gateway.cli.quota_options import Language, Year
from karez_gateway.cli.speech import AsJson, Data, print_json, spoken
from karez_gateway.errors import Refused

EXIT_FAULTS = 1
app = typer.Typer(
    help="Limits that add up, plans of every well, transfers, prices, the close of a year.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.command(epilog=cli_quota_decompose.DECOMPOSE)(cli_quota_decompose.decompose)
app.command(epilog=cli_quota_decompose.VERIFY)(cli_quota_decompose.verify)
app.command(epilog=cli_quota_change.SPREAD)(cli_quota_change.spread)
app.command(epilog=cli_quota_change.ADJUST)(cli_quota_change.adjust)
app.command(epilog=cli_quota_change.TRANSFER)(cli_quota_change.transfer)
app.command(epilog=cli_quota_change.TRANSFERS)(cli_quota_change.transfers)
app.add_typer(cli_quota_close.app, name="close")


@app.command(epilog="Example: karez gateway quota preset turpan --out turpan-import")
def preset(
    name: Annotated[str, typer.Argument(help="turpan or changji.")],
    out: Annotated[Path, typer.Option("--out", help="Folder for the files; must not hold any of them.")],
) -> None:
    """Write a known place's limits, ceilings and targets as the registry's import files.

    Each limit names the row of the requirements it comes from. Turpan brings 6,922 wells and 32 intakes
    that are made up, and say so in their names; import the files in the order in which they are printed.
    """
    from karez_gateway.county.quota import preset as presets

    with spoken():
        found = [(out / f"{stem}.csv", table) for stem, table in presets.tables(name)]
        there = [str(path) for path, _ in found if path.exists()]
        if there:
            raise Refused(f"{there[0]} exists already: name an empty folder")
        for path, table in found:
            typer.echo(options.write(table, path, "en", force=False))


@app.command(epilog="Example: karez gateway quota limits --data /var/lib/karez --year 2021 --region 652301")
def limits(
    data: Data,
    year: Year,
    region: Annotated[str, typer.Option("--region", help="Region whose matrix is shown.")],
    as_json: AsJson = False,
) -> None:
    """Show a region's limits, classes down and sources across, and its farming plans a mu."""
    from karez_gateway import data as data_directory
    from karez_gateway.county.quota import demand, matrix
    from karez_gateway.county.quota.wording import m3
    from karez_gateway.county.registry.trees import tree
    from karez_gateway.store import objects

    with spoken():
        with data_directory.beside(configuration.load(data)) as store, store.reading() as connection:
            registry = objects.registry(connection)
        if registry.get("region", region) is None:
            raise Refused(f"there is no region {region!r} in the registry")
        rows = list(matrix.rows(registry, region, year))
        area_cmu, plans_l = demand.farming(registry, tree(registry, "admin"), year).get(region, (0, 0))
        if as_json:
            farming = {"area_cmu": area_cmu, "plans_l": plans_l}
            print_json({"region": region, "year": year, "limits_l": dict(rows), "farming": farming})
            return
        typer.echo(f"{'m³':<10}" + "".join(f"{source:>16}" for source in rows[0][1]))
        for of_class, by_source in rows:
            cells = ("-" if one is None else m3(one) for one in by_source.values())
            typer.echo(f"{of_class:<10}" + "".join(f"{one:>16}" for one in cells))
        if area_cmu:
            mu = plans_l * demand.CMU // area_cmu
            typer.echo(f"farming plans {m3(plans_l)} m³, {m3(mu)} m³/mu")


@app.command(epilog="Example: karez gateway quota check --data /var/lib/karez --year 2025 --lang zh")
def check(data: Data, year: Year, lang: Language = "en", as_json: AsJson = False) -> None:
    """Look whether limits, permits and plans of a water year add up. Ends with code 1 when one does not."""
    from karez_gateway import data as data_directory
    from karez_gateway.county.quota import checking
    from karez_gateway.county.quota.findings import FAULT
    from karez_gateway.store import objects

    with spoken():
        options.language(lang)
        config = configuration.load(data)
        with data_directory.beside(config) as store, store.reading() as connection:
            registry = objects.registry(connection)
        found = checking.check(registry, year, config.county.water_year_month)
        if as_json:
            print_json([one.facts() for one in found])
        else:
            options.say(found, lang)
            if not found:
                typer.echo(f"{year}: all adds up")
    if any(one.level == FAULT for one in found):
        raise typer.Exit(EXIT_FAULTS)


@app.command(epilog="Example: karez gateway quota demand --data /var/lib/karez --year 2025 --json")
def demand(data: Data, year: Year, as_json: AsJson = False) -> None:
    """Show each site's demand: norm × area, held to the ceiling of its region."""
    from karez_gateway import data as data_directory
    from karez_gateway.county.quota import demand as demands
    from karez_gateway.county.quota import findings
    from karez_gateway.county.quota.wording import m3
    from karez_gateway.county.registry import fields
    from karez_gateway.store import objects

    with spoken():
        with data_directory.beside(configuration.load(data)) as store, store.reading() as connection:
            found = demands.demands(objects.registry(connection), year)
        findings.refuse_faults(found.findings)
        if as_json:
            print_json(
                [{"site": site, **one._asdict(), "volume_l": one.volume_l} for site, one in found.of.items()]
            )
            return
        for site, one in sorted(found.of.items()):
            held = (
                ""
                if one.volume_l == one.norm_l
                else f"  held to the ceiling; norm × area is {m3(one.norm_l)} m³"
            )
            typer.echo(f"{site:<24} {fields.MU.show(one.area_cmu):>10} mu {m3(one.volume_l):>14} m³{held}")


@app.command(epilog="Example: karez gateway quota bill --data /var/lib/karez --site well-12 --year 2026")
def bill(
    data: Data,
    site: Annotated[str, typer.Option("--site", help="Site whose water is priced.")],
    year: Year,
    volume: Annotated[str, typer.Option(help="m³ instead of what it took so far.")] = "",
    as_json: AsJson = False,
) -> None:
    """Preview what a site's water costs, step by step. Over plan and over norm are priced apart."""
    from karez_gateway import data as data_directory
    from karez_gateway.county import planning
    from karez_gateway.county.quota import demand, prices
    from karez_gateway.county.quota.wording import m3
    from karez_gateway.county.registry import fields
    from karez_gateway.county.years import yearplans
    from karez_gateway.store import objects

    with spoken():
        config = configuration.load(data)
        with data_directory.beside(config) as store, store.reading() as connection:
            registry = objects.registry(connection)
            used_l = planning.used_l(connection, config.county.years, year).get(site, 0)
        values = registry.get("site", site)
        if values is None:
            raise Refused(f"there is no site {site!r} in the registry")
        if volume:
            used_l = options.litres(volume, "--volume")
        norm = demand.demands(registry, year).of.get(site)
        bases = {
            "plan": yearplans.plan_l(registry, site, year),
            "norm": None if norm is None else norm.volume_l,
        }
        found = prices.bill(registry, str(values["class"]), year, used_l, bases)
        if as_json:
            lines = [one._asdict() for one in found.lines]
            print_json({"site": site, "used_l": used_l, "lines": lines, "amount_fen": found.amount_fen})
            return
        for one in found.lines:
            upto = "and more" if one.to_l is None else f"to {m3(one.to_l)}"
            typer.echo(
                f"{one.basis:<5} step {one.step}: from {m3(one.from_l)} {upto} m³: {m3(one.volume_l)} m³ × "
                f"{fields.YUAN.show(one.fen_per_m3)} yuan/m³ = {fields.YUAN.show(one.amount_fen)} yuan"
            )
        typer.echo(f"{site} {year}: {m3(used_l)} m³ cost {fields.YUAN.show(found.amount_fen)} yuan")
