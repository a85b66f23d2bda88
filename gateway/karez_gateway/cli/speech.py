"""How the gateway's verbs speak to a person: one line and code 2 for what he can act on."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from karez_gateway.errors import GatewayError

EXIT_REFUSED = 2
NUMBER_MAX = (1 << 63) - 1  # of a row: no database holds a larger one

Data = Annotated[Path, typer.Option("--data", help="Data directory, made by `karez gateway init`.")]
AsJson = Annotated[bool, typer.Option("--json", help="For programs: one JSON document on stdout.")]


@contextmanager
def spoken() -> Iterator[None]:
    """Show what a person can act on as one line, and end with code 2."""
    try:
        yield
    except GatewayError as error:
        typer.echo(f"karez gateway: {error}", err=True)
        raise typer.Exit(EXIT_REFUSED) from None


def read(path: Path) -> bytes:
    """The bytes of a file that a person named. Raises GatewayError."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise GatewayError(f"{path} cannot be read: {error.strerror}") from None


def print_json(value: Any) -> None:
    """One document on stdout, for a program."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2))
