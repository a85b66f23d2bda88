"""`karez gateway ledger doubles`: litres and Wh that two boxes of a site counted, with what shows it."""

# ruff: noqa: PLC0415 - each verb imports what it needs: start-up time

import shlex
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from karez_gateway import config as configuration
from karez_gateway.cli.speech import AsJson, Data, print_json, spoken

if TYPE_CHECKING:
    from karez_gateway.county.ledger.doubles import Site

DOUBLES = "Example: karez gateway ledger doubles --data /var/lib/karez --year 2027 --site well-12"


def doubles(
    data: Data,
    year: Annotated[int, typer.Option(help="Water year.")],
    site: Annotated[str, typer.Option(help="Only this one, also if all is well with it.")] = "",
    as_json: AsJson = False,
) -> None:
    """List sites whose books of a year are not what their boxes signed, box by box.

    After a box was replaced its litres may stand twice in the books: the old box's last records came late, or
    the new one began below its W. Energy that two boxes counted is taken off with the litres. Changes
    nothing: a person decides, with `karez gateway ledger correct --kind double`.
    """
    from karez_gateway import data as data_directory
    from karez_gateway.county.ledger import doubles as finding
    from karez_gateway.errors import Refused

    with spoken():
        config = configuration.load(data)
        years = config.county.years
        years.span(year)
        with data_directory.beside(config) as store, store.reading() as connection:
            found = finding.of_sites(connection, years, year, site)
        if site and not found:
            raise Refused(f"site {site[:64]!r}: no box there has signed anything in {year}")
    rows = [facts(one) for one in found]
    if as_json:
        print_json(rows)
        return
    for row in rows:
        typer.echo("\n".join(lines(row)))
    if not rows:
        typer.echo(f"{year}: the books are what the boxes signed")


def facts(found: "Site") -> dict[str, Any]:
    """For a program."""
    compared, signed = found.compared, found.signed
    return {
        "site": found.site,
        "year": found.year,
        "booked_l": compared.booked_l,
        "signed_l": compared.plain_l,
        "excess_l": compared.excess_l,
        "counts_as_used_l": compared.twice_l,
        "healed_l": compared.healed_l,
        "to_heal_l": compared.to_heal_l,
        "is_agreed": compared.is_agreed,
        "year_start_l": signed.start_l,
        "unsigned_l": signed.unsigned_l,
        "energy": _energy(found),
        "boxes": [
            {
                "controller": one.controller,
                "begins_at_l": one.base_l,
                "signed_up_to_l": one.top_l,
                "begins_at_wh": one.energy.base if one.energy else None,
                "signed_up_to_wh": one.energy.top if one.energy else None,
            }
            for one in signed.boxes
        ],
    }


def _energy(found: "Site") -> dict[str, int] | None:
    energy = found.compared.energy
    if energy is None:
        return None
    return {
        "year_start_wh": energy.start_wh,
        "counts_as_used_wh": energy.twice_wh,
        "healed_wh": energy.healed_wh,
        "to_heal_wh": found.compared.to_heal_wh,
    }


def lines(row: dict[str, Any]) -> Iterator[str]:
    """For people."""
    yield (
        f"{row['site']}  {row['year']}: {row['booked_l']:,} L booked, {row['signed_l']:,} L signed, "
        f"{row['healed_l']:,} L taken off"
    )
    yield f"  W at the year's start: {row['year_start_l']:,} L"
    for one in row["boxes"]:
        yield (
            f"  box {one['controller']}: begins at W {one['begins_at_l']:,} L by its binding, signed up to "
            f"{one['signed_up_to_l']:,} L"
        )
    if row["unsigned_l"]:
        yield f"  {row['unsigned_l']:,} L were booked last year, never signed, and count in this year"
    yield from _energy_lines(row)
    if row["to_heal_l"] <= 0 or not row["excess_l"]:
        yield (
            "  nothing to take off"
            if row["is_agreed"]
            else f"  the books lack {-row['to_heal_l']:,} L that was signed"
        )
    elif row["is_agreed"]:
        yield f"  {row['to_heal_l']:,} L count as used until somebody says that they are the same water"
    else:
        yield f"  {row['to_heal_l']:,} L have to be taken off before a right can be asked for"
    to_heal_l = max(row["to_heal_l"], 0) if row["excess_l"] else 0
    if to_heal_l or (row["energy"] and row["energy"]["to_heal_wh"]):
        volume = f"-{to_heal_l / 1000:.3f}" if to_heal_l else "0"
        yield (
            f"  karez gateway ledger correct --data DIRECTORY --site {shlex.quote(row['site'])} "
            f"--kind double --volume {volume} --period MONTH --because … --document …"
        )


def _energy_lines(row: dict[str, Any]) -> Iterator[str]:
    energy = row["energy"]
    if not energy or not energy["counts_as_used_wh"]:
        return
    yield f"  E at the year's start: {energy['year_start_wh']:,} Wh"
    for one in row["boxes"]:
        if one["begins_at_wh"] is not None:
            yield (
                f"  box {one['controller']}: begins at E {one['begins_at_wh']:,} Wh by its binding, signed "
                f"up to {one['signed_up_to_wh']:,} Wh"
            )
        elif one["signed_up_to_wh"] is not None:
            yield f"  box {one['controller']}: signed up to E {one['signed_up_to_wh']:,} Wh"
    yield (
        f"  {energy['counts_as_used_wh']:,} Wh were counted by two boxes, {energy['healed_wh']:,} Wh of them "
        f"are taken off; the others count as used where energy is limited"
    )
