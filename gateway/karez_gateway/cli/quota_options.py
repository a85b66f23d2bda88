"""What the verbs of `karez gateway quota` have in common: options, who acts, the county's years."""

# ruff: noqa: PLC0415 - each verb imports what it needs: start-up time

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from karez_gateway.cli.deeds import check_language, user
from karez_gateway.county.counting import counted
from karez_gateway.county.years.wateryear import FIRST_YEAR, LAST_YEAR
from karez_gateway.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Iterable

    from karez_gateway.county.acts import Deed
    from karez_gateway.county.quota.findings import Finding
    from karez_gateway.county.years.wateryear import WaterYears
    from karez_gateway.exports.table import Table

Year = Annotated[
    int,
    typer.Option(
        "--year",
        min=FIRST_YEAR,
        max=LAST_YEAR,
        help="Water year, by the calendar year in which it begins.",
    ),
]
Effective = Annotated[
    str,
    typer.Option("--effective", help="Day from which it holds, such as 2026-01-01; without it from now on."),
]
Out = Annotated[
    Path | None,
    typer.Option("--out", help="File to write: .csv, .xlsx or .json; its SHA-256 stands beside it."),
]
Force = Annotated[bool, typer.Option("--force", help="Replace the file, and its sum.")]
Language = Annotated[str, typer.Option("--lang", help="Headers and sentences: en or zh.")]
BelowUse = Annotated[
    bool,
    typer.Option(
        "--below-use", help="A plan below what is used already is meant: the well stops by its policy."
    ),
]
FORMATS = ("csv", "xlsx", "json")


def deed(
    by: str, because: str, document: str, effective: str = "", years: "WaterYears | None" = None
) -> "Deed":
    """Who, why, under which document, from when on. Raises Refused when it says too little.

    A plan bears its year and needs no day to come; a day that is past is one that a document names.
    """
    from karez_gateway.county.acts import Deed

    now_s = int(time.time())
    begin_s = years.calendar.moment(effective) if years is not None and effective else None
    if begin_s is not None and begin_s > now_s:
        raise Refused(f"--effective {effective} is to come: a plan holds from today on, or from a day before")
    return Deed(by or user(), because, now_s, document, begin_s).checked()


def language(name: str) -> str:
    """The same. Raises Refused for one that we do not have."""
    check_language(name)
    return name


def litres(text: str, option: str) -> int:
    """Cubic metres that a person typed, as litres. Raises Refused naming the option."""
    from karez_gateway.county.registry import fields

    try:
        return int(fields.CUBIC_METRES.read(text))
    except Refused as error:
        raise Refused(f"{option}: {error}") from None


def writable(out: Path, *, force: bool) -> str:
    """The form of a file that may be written. Raises Refused: ask before anything is changed."""
    form = out.suffix.lstrip(".").lower()
    if form not in FORMATS:
        raise Refused(f"{out}: the file's name must end in .csv, .xlsx or .json")
    if out.exists() and not force:
        raise Refused(f"{out} exists already: name another file, or say --force")
    return form


def write(table: "Table", out: Path, lang: str, *, force: bool) -> str:
    """Write a table by its file's ending; return a line that says so. Raises Refused."""
    from karez_gateway.exports import files, writers

    form = writable(out, force=force)
    sha256, rows = files.write(
        out, lambda file: writers.write(table, file, form, language(lang), bom=form == "csv")
    )
    return f"{out}: {counted(rows, 'row')}, SHA-256 {sha256}"


def say(findings: "Iterable[Finding]", lang: str, most: int = 40) -> None:
    """Print findings, a line each; after `most` only how many more there are."""
    found = list(findings)
    for one in found[:most]:
        typer.echo(f"{one.level:<8} {one.text(language(lang))}")
    if len(found) > most:
        typer.echo(f"and {len(found) - most} more: --json has all of them")
