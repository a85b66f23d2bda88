"""`karez gateway spare`: what a spare needs to take the place of a box that is dead."""

# ruff: noqa: PLC0415 - the verb imports what it needs: start-up time

import time
from pathlib import Path
from typing import Annotated

import typer

from karez_gateway import config as configuration
from karez_gateway.cli.speech import AsJson, Data, print_json, spoken
from karez_gateway.errors import GatewayError, Refused

SPARE = "Example: karez gateway spare --data /var/lib/karez well-12 --out well-12.spare"


def spare(
    data: Data,
    site: Annotated[str, typer.Argument(help="Site where the dead box stood.")],
    out: Annotated[Path, typer.Option("--out", help="File to write.")],
    controller: Annotated[
        str, typer.Option(help="Whose records; without it the newest binding's that told its litres.")
    ] = "",
    force: Annotated[bool, typer.Option("--force", help="Replace the file.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write what a spare needs to go on from a box that is dead, for `karez tech swap-box --from`.

    The verified records that say its litres, its meters' registers and its accounts, each with its place in
    the log; its binding, its last grant, the orders in force and the lists of keys they need. What the box
    has not sent is not in it: the meter's register tells the litres, but no account has them.
    """
    from karez_gateway import data as data_directory
    from karez_gateway.controllers import spare as spares
    from karez_gateway.technician import spare_file

    with spoken():
        if out.exists() and not force:
            raise Refused(f"{out} exists already: name another file, or say --force")
        config = configuration.load(data)
        with data_directory.beside(config) as store, store.reading() as connection:
            found = spares.of_site(connection, config, site, controller, int(time.time()))
        facts = spares.facts(found, out)
        try:
            out.write_bytes(spare_file.encode(found))
        except OSError as error:
            raise GatewayError(f"{out} cannot be written: {error.strerror}") from None
        if as_json:
            print_json(facts)
            return
        typer.echo(f"{out}: {found.site}, controller {found.controller}")
        for line in facts["figures"]:
            typer.echo(f"  {line}")
