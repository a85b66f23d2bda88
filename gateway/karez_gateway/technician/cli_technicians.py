"""`karez tech technicians …`: the list of who may change something, as the regulator signed it."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import Annotated

import typer

from .speech import BAUD, AsJson, Baud, Lang, PortName, spoken

app = typer.Typer(
    help="The list of technicians that a controller holds.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)


@app.command(epilog="Example: karez tech technicians show")
def show(port: PortName = "", baud: Baud = BAUD, as_json: AsJson = False, lang: Lang = "") -> None:
    """Show the list in force: numbers, roles, until when; no keys."""
    from . import connection  # noqa: PLC0415 - each verb imports what it needs

    with spoken(lang, as_json=as_json) as speech, connection.connected(port, baud) as (controller, _):
        outcome = controller.ask("technicians")
        speech.answer(outcome.answer, outcome.parts)


@app.command(epilog="Example: karez tech technicians bring county.technicians")
def bring(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The signed list, from the regulator.")],
    port: PortName = "",
    baud: Baud = BAUD,
    as_json: AsJson = False,
    lang: Lang = "",
) -> None:
    """Bring a newer list to a controller. Anybody may: the regulator's signature says what it is worth."""
    from . import connection, roster  # noqa: PLC0415

    with spoken(lang, as_json=as_json) as speech:
        data, seq = roster.load(file)
        with connection.connected(port, baud) as (controller, _):
            is_new = roster.bring(controller, data, seq)
        if as_json:
            speech.tell({"ok": True, "seq": seq, "changed": is_new})
        speech.say("list-taken" if is_new else "list-there", seq=seq)
