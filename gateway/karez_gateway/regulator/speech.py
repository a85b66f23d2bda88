"""How `karez regulator` speaks: options of every verb, a sentence for what went wrong, and the question."""

from __future__ import annotations

import getpass
import json
import os
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from karez_gateway.verifier.plurals import filled

from .errors import Trouble, Unconfirmed
from .wording import LANGUAGES, PAGE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Folder = Annotated[
    Path, typer.Option("--office", metavar="DIR", help="The office's folder: trust file, limits, journal.")
]
Key = Annotated[Path, typer.Option("--key", metavar="FILE", help="The private key that signs.")]
Out = Annotated[Path, typer.Option("--out", metavar="FILE", help="What is written; never replaced.")]
Digest = Annotated[
    str, typer.Option("--digest", metavar="HEX", help="Sign without asking, if this is what was shown.")
]
By = Annotated[str, typer.Option("--by", metavar="NAME", help="Who signs; default: this machine's user.")]
AsJson = Annotated[bool, typer.Option("--json", help="For programs: one JSON document on stdout.")]
Lang = Annotated[str, typer.Option("--lang", metavar="en|zh", help="Language; default from LANG.")]
HERE = Path()
_BY_BYTES_MAX = 64


@dataclass
class Speech:
    """One run's language and form."""

    language: str
    as_json: bool

    def text(self, name: str, /, **values: Any) -> str:
        """A text of PAGE."""
        return filled(PAGE[self.language][name], values)

    def say(self, name: str, /, **values: Any) -> None:
        """Print a text of PAGE; a program is not told."""
        self.show([self.text(name, **values)])

    def show(self, lines: Iterable[str]) -> None:
        """Print lines; a program is not told."""
        if not self.as_json:
            for line in lines:
                typer.echo("\n".join(printable(part) for part in line.split("\n")))

    def tell(self, value: dict[str, Any]) -> None:
        """Print the JSON document of a run, for a program."""
        if self.as_json:
            typer.echo(json.dumps(value, ensure_ascii=_is_ascii(), indent=2))

    def confirm(self, digest: str, given: str, facts: dict[str, Any]) -> None:
        """Let a person say yes to what was shown, or a script by its digest. Raises Unconfirmed."""
        self.say("digest", digest=digest)
        if given:
            if given.lower() != digest:
                raise Unconfirmed("digest-differs", digest=digest)
            return
        if self.as_json:
            raise Shown(digest, facts)
        try:
            is_sure = sys.stdin.isatty() and typer.confirm(self.text("sign"), err=True)
        except typer.Abort:
            is_sure = False
        if not is_sure:
            raise Unconfirmed("unconfirmed", digest=digest)


class Shown(Unconfirmed):
    """A program gets what is to be signed, and its digest."""

    def __init__(self, digest: str, shown: dict[str, Any]) -> None:
        super().__init__("unconfirmed", digest=digest)
        self._shown = shown

    def facts(self, language: str) -> dict[str, Any]:  # noqa: ARG002 - figures have no language
        """Everything that a person would be shown."""
        return {"digest": self.values["digest"], **self._shown}


def signer(by: str) -> str:
    """Who signs, for the journal. Raises Trouble."""
    try:
        name = by.strip() or getpass.getuser()
    except (KeyError, OSError):  # a process of a number without a name
        raise Trouble("by") from None
    if not name.isprintable() or len(name.encode()) > _BY_BYTES_MAX:
        raise Trouble("by")
    return name


def printable(text: str) -> str:
    """A text without control characters: what came in a file must not steer a terminal."""
    return "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in text)


def _is_ascii() -> bool:
    return "utf" not in (sys.stdout.encoding or "").lower()


@contextmanager
def spoken(lang: str, *, as_json: bool = False) -> Iterator[Speech]:
    """Give the run's Speech; end with the exit code of what went wrong, and a sentence for each fault."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # a terminal in Latin-1
    speech = Speech(_language(lang), as_json)
    try:
        _check(lang)
        yield speech
    except Trouble as error:
        if as_json:
            said = {"ok": False, "error": error.name, "text": printable(error.text(speech.language))}
            speech.tell(said | error.facts(speech.language))
        else:
            for line in error.lines(speech.language):
                typer.echo(printable(line), err=True)
        raise typer.Exit(error.exit_code) from None


def _check(lang: str) -> None:
    if lang and lang not in LANGUAGES:
        raise Trouble("language")


def _language(asked: str) -> str:
    if asked in LANGUAGES:
        return asked
    named = os.environ.get("LC_ALL") or os.environ.get("LANG", "")
    return "zh" if named.lower().startswith("zh") else "en"
