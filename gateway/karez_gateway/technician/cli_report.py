"""`karez tech report`: the pages of a commissioning file, made again at any desk."""

from __future__ import annotations

import hashlib
from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import TYPE_CHECKING, Annotated

import typer

from .speech import AsJson, spoken
from .wording import LANGUAGES

if TYPE_CHECKING:
    from .commissioning_file import CommissioningFile

REPORT = "Example: karez tech report well-12.commissioning.json --out reports --lang both"
BOTH = "both"


def report(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The commissioning file.")],
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Where the pages go; default: beside the file."),
    ] = None,
    lang: Annotated[
        str, typer.Option("--lang", metavar="en|zh|both", help="Language of the pages; default: both.")
    ] = BOTH,
    force: Annotated[bool, typer.Option("--force", help="Replace pages that are there.")] = False,
    as_json: AsJson = False,
) -> None:
    """Make the report of a commissioning or a swap, as HTML and as PDF, from its file. Works offline.

    The file is checked first, with its digests and its signature; a draft without one gives a page
    that says so. Photos that do not lie beside it, or are others, are named. The pages are for people
    and paper: the file is what the gateway takes.
    """
    from . import commissioning_file, document  # noqa: PLC0415 - each verb imports what it needs
    from .errors import WrongUse  # noqa: PLC0415

    with spoken(lang if lang in LANGUAGES else "", as_json=as_json) as speech:
        if lang not in (*LANGUAGES, BOTH):
            raise WrongUse("report-language")
        found = commissioning_file.load(file)
        folder = file.parent if out is None else out
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise WrongUse("file-unwritable", file=folder, why=error.strerror) from None
        paths = [folder / f"{file.stem}{ending}" for ending in (".html", ".pdf")]
        for path in paths:
            document.check_writable(path, is_replaced=force)
        pages, lacking = _pages(found, lang)
        for path, data in zip(paths, pages, strict=True):
            document.write(path, data, is_replaced=force)
            speech.say("report-made", file=path, size=len(data))
        if lacking:
            speech.say("report-glyphs", marks=" ".join(lacking))
        troubles = commissioning_file.photo_troubles(found.says, file.parent)
        for name, what in troubles:
            speech.say(f"photo-{what}", file=name)
        if as_json:
            made = [
                {"file": str(path), "size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
                for path, data in zip(paths, pages, strict=True)
            ]
            speech.tell(
                {
                    "ok": True,
                    **_said(found),
                    "files": made,
                    "lacking": lacking,
                    "photos": [{"file": name, "trouble": what} for name, what in troubles],
                }
            )


def _pages(found: CommissioningFile, lang: str) -> tuple[tuple[bytes, bytes], str]:
    """(HTML, PDF), both made before either is written; and what the PDF's font lacks."""
    from . import report as reports  # noqa: PLC0415

    paper, lacking = reports.pdf(found, lang)
    return (reports.html(found, lang), paper), lacking


def _said(found: CommissioningFile) -> dict[str, object]:
    from . import judgement  # noqa: PLC0415

    return {
        "site": found.says.site.code,
        "kind": found.says.kind,
        "result": judgement.result(found.says),
        "signed": found.signature is not None,
        "sha256": found.sha256.hex(),
    }
