"""`karez gateway feeder`: rule C7, the wells of one transformer against its own meter."""

# ruff: noqa: PLC0415 - each verb imports what it needs: start-up time

from typing import TYPE_CHECKING, Annotated

import typer

from karez_gateway import config as configuration
from karez_gateway.cli.speech import AsJson, Data, print_json, spoken

if TYPE_CHECKING:
    from karez_gateway.power.feeder import Finding

FEEDER = (
    "Example: karez gateway feeder --data /var/lib/karez --from 2026-10-01 --to 2026-11-01 "
    "--kwh 18250.4 well-1 well-2 well-3"
)
EXIT_FOUND = 1
KWH_MAX = 10**9
WH_PER_KWH = 1000


def feeder(
    data: Data,
    wells: Annotated[list[str], typer.Argument(help="Sites, or controllers, behind the transformer.")],
    from_utc: Annotated[
        str, typer.Option("--from", help="When its meter was read first, UTC: 2026-10-01T08:00Z.")
    ],
    to_utc: Annotated[str, typer.Option("--to", help="When it was read last, UTC.")],
    kwh: Annotated[float, typer.Option(help="What it counted between, kWh, times its ratio.", min=0)],
    meter_permille: Annotated[
        int, typer.Option(help="Error limit of its meter, permille; class 1 is 10.", min=0, max=1000)
    ] = 10,
    wells_permille: Annotated[
        int, typer.Option(help="Error limit of the wells' meters, permille.", min=0, max=1000)
    ] = 20,
    losses_permille: Annotated[
        int, typer.Option(help="The most that the lines lose, permille.", min=0, max=1000)
    ] = 50,
    as_json: AsJson = False,
) -> None:
    """Balance the wells of one transformer against its own meter.

    What neither losses nor the meters' error limits explain is a finding, and the exit code 1:
    a pump without a meter, or a wrong ratio. Nobody is charged by it; somebody looks.
    """
    from karez_gateway import data as data_directory
    from karez_gateway.errors import Refused
    from karez_gateway.power import feeder as balance
    from karez_gateway.power import wells as feeder_wells
    from karez_gateway.uploads import acts as uploadacts

    with spoken():
        if not kwh <= KWH_MAX:  # nan, too
            raise Refused(f"{kwh} kWh is no reading of a transformer's meter")
        from_utc_s, to_utc_s = uploadacts.time_of(from_utc), uploadacts.time_of(to_utc)
        with data_directory.beside(configuration.load(data)) as store:
            used_wh = feeder_wells.used_wh(store, wells, from_utc_s, to_utc_s)
    parts = [(wh, wells_permille) for wh in used_wh.values()]
    found = balance.remainder(parts, round(kwh * WH_PER_KWH), meter_permille, losses_permille)
    (_print_json if as_json else _print)(used_wh, found)
    if found.is_exceeded:
        raise typer.Exit(EXIT_FOUND)


def _print_json(used_wh: "dict[str, int]", found: "Finding") -> None:
    print_json(
        {
            "wells": used_wh,
            "wells_wh": found.wells_wh,
            "feeder_wh": found.feeder_wh,
            "unexplained_wh": found.unexplained_wh,
            "uncertainty_wh": found.uncertainty_wh,
            "finding": _finding(found),
        }
    )


def _print(used_wh: "dict[str, int]", found: "Finding") -> None:
    for well, wh in used_wh.items():
        typer.echo(f"{well:<16}  {_kwh(wh)}")
    typer.echo(f"{'all wells':<16}  {_kwh(found.wells_wh)}")
    typer.echo(f"{'transformer':<16}  {_kwh(found.feeder_wh)}")
    typer.echo(f"{'unexplained':<16}  {_kwh(found.unexplained_wh)}, ± {found.uncertainty_wh / 1000:,.1f}")
    typer.echo(_SENTENCES[_finding(found)])


_SENTENCES = {
    "": "the balance closes",
    "unmetered load": "something takes energy that no well's meter has seen: look for a pump without a meter",
    "impossible": "the wells used more than the transformer gave: look at the ratios, or for another supply",
}


def _finding(found: "Finding") -> str:
    if found.is_unmetered_load:
        return "unmetered load"
    return "impossible" if found.is_impossible else ""


def _kwh(energy_wh: int) -> str:
    return f"{energy_wh / WH_PER_KWH:>12,.1f} kWh"
