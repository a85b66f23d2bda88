"""How the gateway's verbs speak to a person: one line and code 2 for what he can act on."""

import errno
import json
import os
import sys
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated, Any, BinaryIO

import typer

from karez_gateway.errors import GatewayError

EXIT_REFUSED = 2
NUMBER_MAX = (1 << 63) - 1  # of a row: no database holds a larger one
UNSEEN = ("Cc", "Cf", "Cs", "Zl", "Zp")  # Unicode's categories of what has no shape of its own

Data = Annotated[Path, typer.Option("--data", help="Data directory, made by `karez gateway init`.")]
AsJson = Annotated[bool, typer.Option("--json", help="For programs: one JSON document on stdout.")]


@contextmanager
def spoken() -> Iterator[None]:
    """Show what a person can act on as one line, and end with code 2."""
    try:
        yield
    except (GatewayError, OSError, UnicodeEncodeError) as error:
        if isinstance(error, BrokenPipeError):  # who read us has what he wanted: no fault, and no word of it
            raise
        typer.echo(f"karez gateway: {visible(_sentence(error))}", err=True)
        raise typer.Exit(EXIT_REFUSED) from None


def _sentence(error: Exception) -> str:
    if isinstance(error, UnicodeEncodeError):  # an argument that is no text of this machine's encoding
        return f"{error.object[error.start : error.end]!r} is no text: write names in UTF-8"
    if not isinstance(error, OSError):
        return str(error)
    if error.filename is not None:
        return f"{os.fsdecode(error.filename)} cannot be used: {error.strerror}"
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF):
        _answer_nowhere()
        return f"the answer cannot be written ({error.strerror}): look what was done before you ask again"
    return error.strerror or str(error)


def _answer_nowhere() -> None:
    """What is left of an answer that nobody can take would fail once more when the process ends."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def visible(text: str) -> str:
    """A sentence as a terminal may have it: what would move its cursor or turn its writing is written out.

    Such characters come in the names that files and arguments hold. An end of a line stays one.
    """
    return "".join(
        one if one == "\n" or unicodedata.category(one) not in UNSEEN else ascii(one)[1:-1] for one in text
    )


@contextmanager
def new_file(path: Path) -> Iterator[BinaryIO]:
    """A file that was not there, open to be written; gone again when what it is for fails.

    Raises GatewayError: nothing is replaced, and nothing is done before its result has a place.
    """
    try:
        file = path.open("xb")
    except FileExistsError:
        raise GatewayError(f"{path} exists already: name another file") from None
    except OSError as error:
        raise GatewayError(f"{path} cannot be written: {error.strerror}") from None
    except ValueError as error:
        raise GatewayError(f"{path} cannot be written: {error}") from None
    try:
        with file:
            yield file
    except BaseException as error:
        path.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.filename is None:
            raise GatewayError(f"{path} cannot be written: {error.strerror}") from None
        raise


def read(path: Path) -> bytes:
    """The bytes of a file that a person named. Raises GatewayError."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise GatewayError(f"{path} cannot be read: {error.strerror}") from None


def print_json(value: Any) -> None:
    """One document on stdout, for a program."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2))
