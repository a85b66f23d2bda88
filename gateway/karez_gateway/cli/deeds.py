"""What every verb takes that changes the county's books: who, why, under which document."""

# ruff: noqa: PLC0415 - each verb imports what it needs: start-up time

import getpass
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from karez_gateway.errors import GatewayError, Refused

if TYPE_CHECKING:
    from karez_gateway.county.acts import Deed


def not_blank(ctx: typer.Context, param: typer.CallbackParam, value: str) -> str:
    """Refuse an option that is given and empty, as by a script's variable that nobody has set.

    Left out it has its default; empty it would have it, too, and a wrong name or far more than was meant.
    """
    source = ctx.get_parameter_source(str(param.name))
    if source is not None and source.name != "DEFAULT" and not value.strip():
        raise typer.BadParameter("it is empty: say it, or leave the option out")
    return value


By = Annotated[
    str, typer.Option("--by", callback=not_blank, help="Who decides it; default: this machine's user.")
]
Because = Annotated[str, typer.Option("--because", help="Why; the log holds it, and reports show it.")]
Document = Annotated[str, typer.Option("--document", help="Number of the document it rests on.")]
Brought = Annotated[
    str,
    typer.Option("--because", callback=not_blank, help="Why it is brought in; default: the file's name."),
]
Bringer = Annotated[
    str, typer.Option("--by", callback=not_blank, help="Who brings it in; default: this machine's user.")
]
LANGUAGES = ("en", "zh")
IN_FORCE = "It is in force once the service has put it into the log."


def user() -> str:
    """The name of this machine's user. Raises GatewayError."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a process of a number without a name
        raise GatewayError("say who wishes it: --by NAME") from None


def deed(by: str, because: str, document: str = "") -> "Deed":
    """Who does it and why, now. Raises Refused when it says too little."""
    from karez_gateway.county.acts import Deed

    return Deed(by or user(), because, int(time.time()), document).checked()


def bringing(by: str, because: str, *files: Path) -> "Deed":
    """Who brings signed files in, now. Raises Refused when it does not say who."""
    from karez_gateway.county import bringing

    return bringing.deed(by or user(), because, ", ".join(one.name for one in files), int(time.time()))


def check_language(language: str) -> None:
    """Raise Refused for a language that is not spoken here."""
    if language not in LANGUAGES:
        raise Refused(f"--lang is one of {', '.join(LANGUAGES)}, not {language}")
