"""`karez gateway new-origin` and `keep-origin`: what a person decides when a log may have been put back."""

# ruff: noqa: PLC0415 - each verb imports what it needs: start-up time

from pathlib import Path
from typing import Annotated

import typer

from karez_gateway import config as configuration
from karez_gateway.errors import GatewayError, Refused

EXIT_REFUSED = 2

NEW = 'Example: karez gateway new-origin --data /var/lib/karez --because "disk lost, backup of 21 November"'
KEEP = 'Example: karez gateway keep-origin --data /var/lib/karez --because "witness w1 was reinstalled"'

Data = Annotated[Path, typer.Option("--data", help="Data directory, made by `karez gateway init`.")]
Because = Annotated[str, typer.Option(help="Why; it is kept, and shown by `karez gateway status`.")]
Number = Annotated[
    int | None,
    typer.Option(help="Number of the new origin, if an earlier restore used the next one already."),
]


def _refuse(error: GatewayError) -> typer.Exit:
    typer.echo(f"karez gateway: {error}", err=True)
    return typer.Exit(EXIT_REFUSED)


def new_origin(data: Data, because: Because, number: Number = None) -> None:
    """Begin a new log, as after a restore from a backup: the old one is never signed again.

    Its first entry holds the last checkpoint known of the old. Stop the service first.
    """
    from karez_gateway.entries import neworigin

    try:
        new = neworigin.open_new(configuration.load(data), because, number)
        key = new.verifier_key()
    except GatewayError as error:
        raise _refuse(error) from None
    typer.echo(f"the log goes on as {new.name}; its key, for trust files and for every witness:\n{key}")


def keep_origin(data: Data, because: Because) -> None:
    """Go on with this log although somebody says that it was put back: a person has looked."""
    from karez_gateway.entries import restored

    try:
        config = configuration.load(data)
        if not because:
            raise Refused("say why the claim is wrong: --because TEXT")
        if not restored.halted(config.data):
            raise Refused("nothing stops this log: there is nothing to decide")
        restored.keep(config.data, because, against_witnesses=True)
    except GatewayError as error:
        raise _refuse(error) from None
    typer.echo("the log may go on; start the service")
