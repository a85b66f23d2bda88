"""`karez tech config …`: the one readable document of a controller (docs/configuration.md)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .speech import BAUD, AsJson, Baud, Lang, PortName, Speech, spoken

if TYPE_CHECKING:
    from . import document

app = typer.Typer(
    help="The controller's configuration. To restore one is to apply a file that was saved.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)

EXIT_DIFFERS = 1

File = Annotated[Path, typer.Argument(metavar="FILE", help="The configuration, as JSON.")]
Key = Annotated[
    Path | None,
    typer.Option("--key", metavar="KEY", help="Your private key, as `karez tech keygen` made it."),
]
Number = Annotated[
    int | None, typer.Option("--number", min=1, help="Your number in the list of technicians.")
]


@app.command(epilog="Example: karez tech config save well-12.json")
def save(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="File to write.")],
    force: Annotated[bool, typer.Option("--force", help="Replace the file.")] = False,
    port: PortName = "",
    baud: Baud = BAUD,
    as_json: AsJson = False,
    lang: Lang = "",
) -> None:
    """Write the configuration in force to a file, byte by byte as the controller holds it."""
    from . import applying, connection, document  # noqa: PLC0415 - each verb imports what it needs

    with spoken(lang, as_json=as_json) as speech:
        document.check_writable(file, is_replaced=force)
        with connection.connected(port, baud) as (controller, _):
            found = applying.in_force(controller)
        document.write(file, found.data, is_replaced=force)
        speech.file("saved", file, found.data)


@app.command(epilog="Example: karez tech config show")
def show(port: PortName = "", baud: Baud = BAUD, as_json: AsJson = False, lang: Lang = "") -> None:
    """Show the configuration in force."""
    from . import applying, connection  # noqa: PLC0415

    with spoken(lang, as_json=as_json) as speech:
        with connection.connected(port, baud) as (controller, _):
            found = applying.in_force(controller)
        if as_json:
            speech.tell({"ok": True, "sha256": found.sha256, "document": found.value})
        else:
            speech.show(found.data.decode().rstrip("\n"))


@app.command(epilog="Example: karez tech config diff well-12.json")
def diff(
    file: File, port: PortName = "", baud: Baud = BAUD, as_json: AsJson = False, lang: Lang = ""
) -> None:
    """Show where a file differs from what is in force: place, in force, in the file. Code 1 if it does."""
    from . import applying, connection, document  # noqa: PLC0415

    with spoken(lang, as_json=as_json) as speech:
        wanted = document.load(file)
        with connection.connected(port, baud) as (controller, _):
            found = applying.in_force(controller)
        lines = document.differences(found.value, wanted.value)
        if as_json:
            rows = [_row(place, old, new) for place, old, new in lines]
            speech.tell({"ok": True, "same": not lines, "differences": rows})
        for place, old, new in lines:
            speech.say("difference", place=place, old=_shown(old, speech), new=_shown(new, speech))
        if not lines:
            speech.say("same")
    if lines:
        raise typer.Exit(EXIT_DIFFERS)


def _row(place: str, old: Any, new: Any) -> dict[str, Any]:
    from .document import ABSENT  # noqa: PLC0415

    row = {"place": place}
    return row | {name: value for name, value in (("in_force", old), ("file", new)) if value is not ABSENT}


def _shown(value: Any, speech: Speech) -> str:
    import json  # noqa: PLC0415

    from .document import ABSENT  # noqa: PLC0415

    return speech.text("absent") if value is ABSENT else json.dumps(value, ensure_ascii=False)


@app.command(epilog="Example: karez tech config check well-12.json --offline")
def check(
    file: File,
    offline: Annotated[
        bool, typer.Option("--offline", help="At the desk only; no controller is asked.")
    ] = False,
    key: Key = None,
    number: Number = None,
    port: PortName = "",
    baud: Baud = BAUD,
    as_json: AsJson = False,
    lang: Lang = "",
) -> None:
    """Say every fault of a file, and whether the controller would take it. Changes nothing.

    The controller knows more than the desk: its binding, its ports. Asking it needs --key and --number.
    """
    from . import applying, connection  # noqa: PLC0415

    with spoken(lang, as_json=as_json) as speech:
        wanted = _sound(file)
        if not offline:
            who = _technician(key, number, speech)
            with connection.connected(port, baud, who) as (controller, _):
                applying.check(controller, wanted, _progress(speech, wanted))
        if as_json:
            speech.tell({"ok": True, "sha256": wanted.sha256, "asked": not offline})
        speech.say("checked", file=file, sha256=wanted.sha256)
        if not offline:
            speech.say("accepted")


@app.command(epilog="Example: karez tech config apply well-12.json --key li.pem --number 12")
def apply(
    file: File,
    key: Key = None,
    number: Number = None,
    stop_pump: Annotated[
        bool, typer.Option("--stop-pump", help="Apply it even while the pump runs: the restart stops it.")
    ] = False,
    unchecked: Annotated[
        bool,
        typer.Option("--unchecked", help="Send it even if the desk finds faults: the controller decides."),
    ] = False,
    port: PortName = "",
    baud: Baud = BAUD,
    as_json: AsJson = False,
    lang: Lang = "",
) -> None:
    """Put a file in force, whole or not at all; the controller restarts, and what it then holds is compared.

    A saved file is restored the same way. Whatever goes wrong before the controller has written its record,
    a pulled cable among it, leaves the old document in force.
    """
    from . import applying, connection, document  # noqa: PLC0415

    with spoken(lang, as_json=as_json) as speech:
        wanted = document.load(file) if unchecked else _sound(file)
        who = _technician(key, number, speech)
        with connection.connected(port, baud, who) as (controller, _):
            if not stop_pump:
                applying.require_rest(controller)
            is_new = applying.apply(controller, wanted, _progress(speech, wanted))
        if as_json:
            speech.tell({"ok": True, "sha256": wanted.sha256, "changed": is_new})
        speech.say("applied" if is_new else "in-force", sha256=wanted.sha256)


def _sound(file: Path) -> document.Document:
    """The document of a file, without a fault. Raises WrongUse."""
    from . import document, rules  # noqa: PLC0415
    from .errors import Faulty  # noqa: PLC0415

    wanted = document.load(file)
    faults = rules.check(wanted.value)
    if faults:
        raise Faulty(file, faults)
    return wanted


def _technician(key: Path | None, number: int | None, speech: Speech) -> Any:
    from . import connection  # noqa: PLC0415
    from .errors import WrongUse  # noqa: PLC0415

    who = connection.who_is(key, number, speech)
    if who is None:
        raise WrongUse("key-needed")
    return who


def _progress(speech: Speech, wanted: document.Document) -> Any:
    """Hears how many bytes have gone."""
    return lambda done: speech.progress("sending", done=done, size=len(wanted.data))
