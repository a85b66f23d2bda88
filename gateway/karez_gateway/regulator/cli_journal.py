"""`karez regulator journal …`: what this office signed, checked line by line, and written out again."""

# ruff: noqa: PLC0415 - each verb imports what it needs: start-up time

from __future__ import annotations

import base64
from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .errors import Trouble
from .speech import HERE, AsJson, Folder, Lang, spoken

if TYPE_CHECKING:
    from .speech import Speech

app = typer.Typer(
    help="Everything this office signed, line by line.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)


@app.command(epilog="Example: karez regulator journal show --office /srv/office")
def show(office: Folder = HERE, as_json: AsJson = False, lang: Lang = "") -> None:
    """Check every line against the one before and show what it signed."""
    from .office import opened
    from .ordering import stamp

    with spoken(lang, as_json=as_json) as speech, opened(office) as here:
        lines = [{**_facts(entry), "what": _what(entry, speech)} for entry in here.entries()]
        head = here.state.head
        speech.tell({"ok": True, "lines": lines, "sha256": head.sha256})
        for one in lines:
            speech.say("journal-line", **one, utc=stamp(one["utc_s"]))
        speech.say("journal-good", count=head.n, sha256=head.sha256)


@app.command(epilog="Example: karez regulator journal again 7 --out north.grants")
def again(
    number: Annotated[int, typer.Argument(metavar="LINE", help="Line of the journal.")],
    out: Annotated[
        Path, typer.Option("--out", help="File, or for grants and orders a folder that is there.")
    ],
    office: Folder = HERE,
    as_json: AsJson = False,
    lang: Lang = "",
) -> None:
    """Write once more what a line signed: after a crash, a full disk, a lost file. Nothing is signed anew."""
    from . import outfile, state
    from .office import opened

    with spoken(lang, as_json=as_json) as speech, opened(office) as here:
        entry = next((one for one in here.entries() if one["n"] == number), None)
        if entry is None:
            raise Trouble("line-missing", n=number)
        if entry["sort"] == state.GRANTS:
            signed = [(one["site"], one["seq"], base64.b64decode(one["grant"])) for one in entry["sites"]]
            outfile.grants(out, entry["year"], entry["document"], signed)
        elif entry["sort"] == state.ORDERS:
            signed = [(one["target"], one["seq"], bytes.fromhex(one["object"])) for one in entry["orders"]]
            outfile.orders(out, signed)
        else:
            signed = [("", 0, bytes.fromhex(entry["object"]))]
            outfile.write(out, signed[0][2])
        speech.tell({"ok": True, "file": str(out), "count": len(signed), "line": number})
        speech.say("written", file=out, count=len(signed), line=number)


def _facts(entry: dict[str, Any]) -> dict[str, Any]:
    return {name: entry[name] for name in ("n", "utc_s", "sort", "by")}


def _what(entry: dict[str, Any], speech: Speech) -> str:
    from . import state

    if entry["sort"] == state.GRANTS:
        said = {"count": len(entry["sites"]), "year": entry["year"], "document": entry["document"]}
        return speech.text("what-grants", **said)
    if entry["sort"] == state.ORDER:
        return speech.text("what-order", **{name: entry[name] for name in ("seq", "office", "document")})
    if entry["sort"] == state.ORDERS:
        said = {"count": len(entry["orders"]), "request": entry["request"]}
        return speech.text("what-orders", office=entry["office"], document=entry["document"], **said)
    if entry["sort"] == state.UPDATE:
        return speech.text("what-update", **{name: entry[name] for name in ("release", "number", "board")})
    return speech.text("what-list", seq=entry["seq"])
