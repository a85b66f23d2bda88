"""`karez gateway quota …`: limits, demand, plans down to every well, prices, and the close of a year."""

# ruff: noqa: PLC0415 - each verb imports what it needs: start-up time

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from karez_gateway import cli_quota_change, cli_quota_close
from karez_gateway import cli_quota_options as options
from karez_gateway import config as configuration
from karez_gateway.cli_quota_options import (
    Because,
    BelowUse,
    By,
    Document,
    Effective,
    Force,
    Language,
    Out,
    Year,
)
from karez_gateway.errors import Refused
from karez_gateway.speech import AsJson, Data, print_json, read, spoken

if TYPE_CHECKING:
    from karez_gateway.county.quota.decomposition import Decomposition, Wish

EXIT_FAULTS = 1

app = typer.Typer(
    help="Limits that add up, plans of every well, transfers, prices, the close of a year.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
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
    from karez_gateway.county.quota.tree import tree
    from karez_gateway.county.quota.wording import m3
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
    from karez_gateway.county import fields
    from karez_gateway.county.quota import demand as demands
    from karez_gateway.county.quota import findings
    from karez_gateway.county.quota.wording import m3
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


@app.command(
    epilog="Example: karez gateway quota decompose --data /var/lib/karez --year 2025 --region 650400 "
    "--source ground --weight demand --cap permit --cap allowed --dry-run --out proof.csv"
)
def decompose(
    data: Data,
    year: Year,
    region: Annotated[str, typer.Option("--region", help="Region whose limit is shared out.")],
    of_class: Annotated[str, typer.Option("--class", help="Class of use, or all.")] = "all",
    source: Annotated[str, typer.Option("--source", help="Source, or all.")] = "all",
    weight: Annotated[
        str, typer.Option(help="In proportion to: demand, area, permit, allowed, used (last year), equal.")
    ] = "demand",
    cap: Annotated[
        list[str] | None, typer.Option(help="At most: permit, allowed, demand; repeatable.")
    ] = None,
    step: Annotated[str, typer.Option(help="A well's volume is a multiple of so many m³.")] = "1",
    reserve: Annotated[str, typer.Option(help="Percent of the limit that is kept back.")] = "0",
    tree: Annotated[str, typer.Option(help="admin or basin.")] = "admin",
    without_decisions: Annotated[
        bool, typer.Option("--without-decisions", help="Leave out what was decided at the last year's close.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be planned; change nothing.")
    ] = False,
    below_use: BelowUse = False,
    out: Out = None,
    force: Force = False,
    by: By = "",
    because: Because = "",
    document: Document = "",
    effective: Effective = "",
    lang: Language = "en",
    as_json: AsJson = False,
) -> None:
    """Share a region's limit out to every well, and put the plans in force with one act.

    What capped wells leave goes to the others; limits that regions below have of their own are kept. The sum
    proof (--out) has an account for every region and a row for every site; the act holds its digest, and
    `karez gateway quota verify` adds it up again.
    """
    from karez_gateway import data as data_directory
    from karez_gateway.county import planning
    from karez_gateway.county.quota import proof

    def keep(found: "Decomposition") -> None:
        """The proof is on the disk before its plans are in force."""
        if out is not None:
            typer.echo(options.write(proof.table(found), out, lang, force=force), err=as_json)

    with spoken():
        wish = _wish(region, year, of_class, source, weight, cap or [], step, reserve, tree)
        if out is not None:
            options.writable(out, force=force)
        config = configuration.load(data)
        years, decided, changed = options.years(config), not without_decisions, 0
        with data_directory.beside(config) as store:
            if dry_run:
                with store.reading() as connection:
                    found = planning.decompose(connection, years, wish, with_decisions=decided)
                    keep(found)
            else:
                deed = options.deed(by, because, document, effective, years)
                with store.writing() as connection:
                    found, objects = planning.plan(
                        connection, years, wish, deed, with_decisions=decided, is_below_use_meant=below_use
                    )
                    changed = len(objects)
                    keep(found)
        if as_json:
            says = [one.facts() for one in found.findings]
            print_json({**proof.facts(found), "changed": changed, "findings": says})
            return
        _say(found, proof.facts(found), lang)
        typer.echo("nothing was changed" if dry_run else f"{changed} plans are in force")


def _wish(
    region: str,
    year: int,
    of_class: str,
    source: str,
    weight: str,
    caps: list[str],
    step: str,
    reserve: str,
    tree: str,
) -> "Wish":
    """What the options say. Raises Refused naming the one that says nothing we know."""
    from karez_gateway.county import fields
    from karez_gateway.county.kinds import ALL, CLASSES, SOURCES, TREES
    from karez_gateway.county.quota.cells import Cell
    from karez_gateway.county.quota.decomposition import Wish

    for option, value, known in (
        ("--class", of_class, (ALL, *CLASSES)),
        ("--source", source, (ALL, *SOURCES)),
        ("--tree", tree, tuple(TREES)),
    ):
        if value not in known:
            raise Refused(f"{option} is one of {', '.join(known)}, not {value}")
    kept = int(fields.PERCENT.read(reserve))
    step_l = options.litres(step, "--step")
    return Wish(region, year, Cell(of_class, source), weight, tuple(caps), step_l, kept, tree)


def _say(found: "Decomposition", facts: dict[str, Any], lang: str) -> None:
    from karez_gateway.county.quota.wording import m3

    options.say(found.findings, lang, 10)
    typer.echo(
        f"{facts['root']} {facts['year']} {facts['class']}/{facts['source']}: "
        f"limit {m3(facts['limit_l'])} m³ = {m3(facts['placed_l'])} for {facts['sites']} sites + "
        f"{m3(facts['reserve_l'])} reserve + {m3(facts['left_over_l'])} left over"
    )
    typer.echo(f"sum proof {facts['proof_sha256']}")


@app.command(epilog="Example: karez gateway quota verify proof.csv")
def verify(
    file: Annotated[Path, typer.Argument(help="Sum proof, .csv or .json, that decompose wrote.")],
    as_json: AsJson = False,
) -> None:
    """Add a sum proof up again, from its rows alone. Ends with code 1 when it does not add up."""
    from karez_gateway.county.quota import proof_check, proof_file

    with spoken():
        rows = proof_file.read(read(file))
        wrong, sha256 = proof_check.check(rows), proof_file.digest(rows)
        if as_json:
            print_json({"rows": len(rows), "proof_sha256": sha256, "wrong": wrong})
        else:
            for line in wrong:
                typer.echo(line)
            typer.echo(f"{len(rows)} rows {'do not add up' if wrong else 'add up'}; sum proof {sha256}")
    if wrong:
        raise typer.Exit(EXIT_FAULTS)


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
    from karez_gateway.county import fields, planning
    from karez_gateway.county.quota import cells, demand, prices
    from karez_gateway.county.quota.wording import m3
    from karez_gateway.store import objects

    with spoken():
        config = configuration.load(data)
        with data_directory.beside(config) as store, store.reading() as connection:
            registry = objects.registry(connection)
            used_l = planning.used_l(connection, options.years(config), year).get(site, 0)
        values = registry.get("site", site)
        if values is None:
            raise Refused(f"there is no site {site!r} in the registry")
        if volume:
            used_l = options.litres(volume, "--volume")
        norm = demand.demands(registry, year).of.get(site)
        bases = {"plan": cells.plan_l(registry, site, year), "norm": None if norm is None else norm.volume_l}
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
