"""`karez verify BUNDLE`: the offline proof, for anyone who holds the file.

Exit code 0 = proved (without --trust: consistent), 1 = rejected, 2 = wrong use or unreadable file.
"""

import json
import os
import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from karez_protocols.bundle import SIZE_MAX

from . import bundle_check, trust
from .page import Page
from .report import irrigation_json, is_code
from .wording import LANGUAGES

app = typer.Typer(add_completion=False)

PROVED = 0
REJECTED = 1
UNUSABLE = 2

_HELP = """Check an evidence bundle offline: who signed it, what it proves, and where it was changed.

Example: karez verify well-17.kzb --trust county.json

Without --trust the bundle is only checked against the keys it names itself, which is no proof of origin.
A trust file is JSON:
{"provisioner": "64 hex digits", "regulator": ["64 hex digits"], "log": ["name+hash+key"],
 "witness": ["name+hash+key"], "quorum": 1}
The last two may be left out: then a bundle needs no witness of its log.

Exit code: 0 proved, 1 rejected, 2 wrong use or unreadable file.
"""


def _refuse(message: str) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(UNUSABLE)


def _language(asked: str | None) -> str:
    if asked is None:
        named = os.environ.get("LC_ALL") or os.environ.get("LANG", "")
        return "zh" if named.lower().startswith("zh") else "en"
    if asked not in LANGUAGES:
        _refuse(f"--lang is one of {', '.join(LANGUAGES)}, not {asked}")
    return asked


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(SIZE_MAX + 1)
    except OSError as error:
        _refuse(f"cannot read {path}: {error.strerror}")
    if len(data) > SIZE_MAX:
        _refuse(f"{path} is larger than {SIZE_MAX} bytes: a bundle covers at most ten years of one well")
    return data


@app.command(help=_HELP, no_args_is_help=True)
def verify(
    bundle: Annotated[Path, typer.Argument(metavar="BUNDLE", help="The evidence bundle, a .kzb file.")],
    trust_file: Annotated[
        Path | None, typer.Option("--trust", metavar="FILE", help="Public keys you trust, got another way.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
    code: Annotated[
        str | None,
        typer.Option(metavar="ABCD1234", help="Show the irrigation with this code, as on the panel."),
    ] = None,
    lang: Annotated[str | None, typer.Option(metavar="en|zh", help="Language; default from LANG.")] = None,
) -> None:
    """Check one bundle and leave with the verdict as exit code."""
    language = _language(lang)
    if code is not None and not is_code(code):
        _refuse(f"{code} is no code: 8 digits and letters, as the panel shows them after a stop")
    try:
        trusted = trust.load(trust_file) if trust_file else None
    except trust.TrustError as error:
        _refuse(str(error))
    report = bundle_check.check(_read(bundle), trusted)
    irrigation = report.irrigation_of(code) if code is not None else None
    if as_json:
        shown = report.as_json()
        if code is not None:
            shown["irrigations"] = [irrigation_json(irrigation)] if irrigation else []
        typer.echo(json.dumps(shown, ensure_ascii=False, indent=1))
    else:
        page = Page(report, language)
        lines = page.lines() if code is None else page.irrigation(code)
        colour = typer.colors.GREEN if report.is_proved else typer.colors.RED
        typer.secho(lines[0], fg=colour, bold=True)
        typer.echo("\n".join(lines[1:]))
    is_found = code is None or irrigation is not None
    sys.stdout.flush()
    raise typer.Exit(PROVED if report.is_proved and is_found else REJECTED)
