"""`karez gateway order`, `keys` and `command`: what an operator has carried to wells besides grants."""

# ruff: noqa: PLC0415 - each verb imports what it needs: start-up time

import getpass
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from karez_gateway import config as configuration
from karez_gateway.cli.speech import Data, read, spoken
from karez_gateway.errors import GatewayError

if TYPE_CHECKING:
    from karez_gateway.downlink.offering import Offered

ORDER = "Example: karez gateway order --data /var/lib/karez stop-area-n.order --all"
KEYS = "Example: karez gateway keys --data /var/lib/karez offices-3.keys"
COMMAND = "Example: karez gateway command --data /var/lib/karez well-12 stop"
Wells = Annotated[list[str] | None, typer.Option("--well", help="Site or controller it is for; repeatable.")]


def _say_offered(found: "Offered") -> None:
    if len(found.targets) == 1:
        who = f"controller {found.targets[0].name} at {found.targets[0].site}"
    else:
        who = f"{len(found.targets)} wells"
    typer.echo(f"{found.name} ({found.says}) is queued for {who}")
    for line in found.left_out:
        typer.echo(f"left out: {line}", err=True)


def order(
    data: Data,
    order_file: Annotated[Path, typer.Argument(help="Signed order: stop, limit of hours, seal or lift.")],
    well: Wells = None,
    everyone: Annotated[
        bool, typer.Option("--all", help="An area's order for every well, and those enrolled later.")
    ] = False,
    region: Annotated[
        str, typer.Option(help="An area's order for the wells of a region of the registry; no domestic ones.")
    ] = "",
    unchecked: Annotated[
        bool, typer.Option("--unchecked", help="Carry it even if we would refuse it: controllers decide.")
    ] = False,
) -> None:
    """Carry an office's signed order to the wells it concerns.

    An order for a site finds its controller by itself. Which wells lie in an area stands in each
    controller's own configuration, not here: name them with --well, by a region of the registry with
    --region, or say --all; a controller outside the area refuses the order, and stays as it is. The
    running service logs the order, publishes it and repeats that until each controller's records show
    what became of it.
    """
    from karez_gateway import data as data_directory
    from karez_gateway.downlink import offering, regionwells
    from karez_protocols import record

    with spoken():
        body, now_s = read(order_file), int(time.time())
        with data_directory.beside(configuration.load(data)) as store:
            wells, left_out = list(well or ()), list[str]()
            if region:
                named, left_out = regionwells.of_region(store, region)
                wells += named
            if unchecked:
                found = offering.queue_unchecked(store, body, record.ORDER, now_s, wells=wells)
            else:
                found = offering.queue_order(store, body, now_s, wells=wells, is_for_all=everyone)
            found.left_out += left_out
        _say_offered(found)


def keys(
    data: Data,
    keys_file: Annotated[Path, typer.Argument(help="Key list, signed by the root.")],
    well: Wells = None,
    unchecked: Annotated[
        bool, typer.Option("--unchecked", help="Carry it even if we would refuse it: controllers decide.")
    ] = False,
) -> None:
    """Carry the root's list of offices and their keys to all its wells.

    The root is the regulator's key in each well's binding. A newer list replaces the former whole.
    An office's orders are taken here once its key stands in a list that was brought in.
    """
    from karez_gateway import data as data_directory
    from karez_gateway.downlink import offering
    from karez_protocols import record

    with spoken():
        body, now_s = read(keys_file), int(time.time())
        with data_directory.beside(configuration.load(data)) as store:
            if unchecked:
                found = offering.queue_unchecked(store, body, record.KEYS, now_s, wells=well or ())
            else:
                found = offering.queue_keys(store, body, now_s, wells=well or ())
        _say_offered(found)


def user() -> str:
    """The name of this machine's user. Raises GatewayError."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a process of a number without a name
        raise GatewayError("say who wishes it: --by NAME") from None


def command(
    data: Data,
    well: Annotated[str, typer.Argument(help="Site or controller.")],
    verb: Annotated[str, typer.Argument(help="start or stop.")],
    account: Annotated[int, typer.Option(help="Account that a start is for; 0: the well's own.")] = 0,
    wished_by: Annotated[str, typer.Option("--by", help="Who wishes it; stands in the log.")] = "",
) -> None:
    """Ask a controller to stop or start its pump.

    Nobody signs it, so it is off until allowed under [commands] in gateway.toml, never reaches
    drinking water, and the controller's own rules judge it. It dies after three minutes; a start
    quotes the controller's last state. `karez gateway status` tells what the records then show.
    """
    from karez_gateway import data as data_directory
    from karez_gateway.downlink import commands
    from karez_gateway.service import servicestate

    with spoken():
        config = configuration.load(data)
        service = servicestate.read(config.data / data_directory.SERVICE)
        with data_directory.beside(config) as store:
            one = commands.queue(
                store,
                config.commands,
                service if servicestate.is_running(service) else {},
                well=well,
                verb=verb,
                account=account,
                wished_by=wished_by or user(),
                now_s=int(time.time()),
            )
        typer.echo(
            f"{verb} is queued for controller {one.controller} at {one.site}; see karez gateway status"
        )
