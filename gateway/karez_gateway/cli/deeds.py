"""What every verb takes that changes the county's books: who, why, under which document."""

# ruff: noqa: PLC0415 - each verb imports what it needs: start-up time

import time
from typing import TYPE_CHECKING, Annotated

import typer

from karez_gateway.cli.orders import user
from karez_gateway.errors import Refused

if TYPE_CHECKING:
    from karez_gateway.county.acts import Deed

By = Annotated[str, typer.Option("--by", help="Who decides it; default: this machine's user.")]
Because = Annotated[str, typer.Option("--because", help="Why; the log holds it, and reports show it.")]
Document = Annotated[str, typer.Option("--document", help="Number of the document it rests on.")]
LANGUAGES = ("en", "zh")
IN_FORCE = "It is in force once the service has put it into the log."


def deed(by: str, because: str, document: str = "") -> "Deed":
    """Who does it and why, now. Raises Refused when it says too little."""
    from karez_gateway.county.acts import Deed

    return Deed(by or user(), because, int(time.time()), document).checked()


def check_language(language: str) -> None:
    """Raise Refused for a language that is not spoken here."""
    if language not in LANGUAGES:
        raise Refused(f"--lang is one of {', '.join(LANGUAGES)}, not {language}")
