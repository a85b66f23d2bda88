"""How `karez tech` speaks: options of every verb, a sentence for what went wrong, answers line by line."""

from __future__ import annotations

import datetime as dt
import functools
import hashlib
import json
import os
import sys
import unicodedata
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .answer_words import LABELS, NAMES, WORDS
from .errors import Refused, Trouble, WrongUse
from .wording import LANGUAGES, PAGE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PortName = Annotated[
    str, typer.Option("--port", metavar="PORT", help="Serial port; without it the one that answers.")
]
Baud = Annotated[int, typer.Option("--baud", help="Speed of the port.")]
AsJson = Annotated[bool, typer.Option("--json", help="For programs: one JSON document on stdout.")]
Lang = Annotated[str, typer.Option("--lang", metavar="en|zh", help="Language; default from LANG.")]
BAUD = 115_200
_COLUMN = 18
EXIT_CUT_SHORT = 130  # Ctrl-C, as shells have it


@dataclass
class Speech:
    """One run's language and form."""

    language: str
    as_json: bool
    is_amid_line: bool = False  # progress stands on the screen, without an end

    def text(self, name: str, /, **values: Any) -> str:
        """A text of PAGE."""
        return PAGE[self.language][name].format(**values)

    def say(self, name: str, /, **values: Any) -> None:
        """Print a text of PAGE; a program is not told."""
        self.end_progress()
        if not self.as_json:
            self.show(self.text(name, **values))

    @staticmethod
    def show(text: str) -> None:
        """Print lines, some of which came over a cable."""
        for line in text.split("\n"):
            typer.echo(printable(line))

    def progress(self, name: str, /, **values: Any) -> None:
        """Overwrite one line on stderr, where somebody looks."""
        if not self.as_json and sys.stderr.isatty():
            typer.echo("\r" + self.text(name, **values), err=True, nl=False)
            self.is_amid_line = True

    def end_progress(self) -> None:
        """Leave the line that progress overwrote."""
        if self.is_amid_line:
            typer.echo("", err=True)
            self.is_amid_line = False

    def tell(self, value: Any, *, is_one_line: bool = False) -> None:
        """Print a JSON document."""
        typer.echo(json.dumps(value, ensure_ascii=_is_ascii(), indent=None if is_one_line else 2))

    def file(self, name: str, path: Path, data: bytes) -> None:
        """Say that a file was written."""
        digest = hashlib.sha256(data).hexdigest()
        if self.as_json:
            self.tell({"ok": True, "file": str(path), "size": len(data), "sha256": digest})
        self.say(name, file=path, size=len(data), sha256=digest)

    def answer(
        self, answer: dict[str, Any], parts: list[dict[str, Any]], *, is_one_line: bool = False
    ) -> None:
        """Print an answer of the controller: what it is made of first, then what is said once."""
        if self.as_json:
            whole = {"ok": True, "parts": [members(one) for one in parts], **members(answer)}
            self.tell(whole, is_one_line=is_one_line)
            return
        for one in parts:
            pairs = [f"{self.label(name)} {self.value(name, value)}" for name, value in members(one).items()]
            typer.echo("  ".join(pairs))
        for name, value in members(answer).items():
            typer.echo(f"{_padded(self.label(name))} {self.value(name, value)}")

    def label(self, name: str) -> str:
        """What a member of an answer is called."""
        return LABELS.get(name, name) if self.language == "zh" else name

    def value(self, name: str, value: Any) -> str:
        """What it says: times as dates, unknown as a state of its own."""
        if value is None:
            return self.text("unknown")
        if isinstance(value, bool):
            return self.text("yes" if value else "no")
        if name.endswith("utc_s") and isinstance(value, int):
            return dt.datetime.fromtimestamp(value, dt.UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        if isinstance(value, dict):
            pairs = [f"{self.label(key)} {self.value(key, one)}" for key, one in value.items()]
            return ", ".join(pairs) or self.text("none")
        if isinstance(value, list):
            return ", ".join(self.value(name, one) for one in value) or self.text("none")
        text = str(value)
        if self.language == "zh" and isinstance(value, str) and name not in NAMES:
            text = _chinese(text)
        return printable(text)


def _chinese(text: str) -> str:
    """Words of the controller; `connecting: no answer in time` is two of them."""
    said = WORDS.get(text) or _causes().get(text)
    first, colon, rest = text.partition(": ")
    if said is None and colon and first in WORDS:
        return f"{WORDS[first]}：{_chinese(rest)}"
    return said or text


@functools.cache
def _causes() -> dict[str, str]:
    """Every cause as the controller says it, and in Chinese."""
    from karez_protocols import cause_words_zh, causes  # noqa: PLC0415 - English needs none of it

    chinese = dict(cause_words_zh.every())
    return {words: chinese.get(number, words) for number, words in causes.every()}


def _padded(text: str) -> str:
    """Fill up to the column of the values; a Chinese character takes two places."""
    width = sum(2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in text)
    return text + " " * (_COLUMN - width)


def members(answer: dict[str, Any]) -> dict[str, Any]:
    """An answer without what only the line needs."""
    return {name: value for name, value in answer.items() if name not in ("tag", "ok", "more")}


def printable(text: str) -> str:
    """A text without control characters: what comes over a cable must not steer a terminal."""
    return "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in text)


def _is_ascii() -> bool:
    return "utf" not in (sys.stdout.encoding or "").lower()


@contextmanager
def spoken(lang: str, *, as_json: bool = False) -> Iterator[Speech]:
    """Give the run's Speech; end with the exit code of what went wrong, and one sentence of it."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # a terminal in Latin-1
    speech = Speech(_language(lang), as_json)
    try:
        if lang and lang not in LANGUAGES:
            raise WrongUse("language")
        yield speech
    except Trouble as error:
        speech.end_progress()
        if as_json:
            said = {"ok": False, "error": error.word if isinstance(error, Refused) else error.name}
            speech.tell(
                {**said, "text": printable(error.text(speech.language)), **error.facts(speech.language)}
            )
        else:
            for line in error.lines(speech.language):
                typer.echo(printable(line), err=True)
        raise typer.Exit(error.exit_code) from None
    except KeyboardInterrupt:
        raise typer.Exit(EXIT_CUT_SHORT) from None


def _language(asked: str) -> str:
    if asked in LANGUAGES:
        return asked
    named = os.environ.get("LC_ALL") or os.environ.get("LANG", "")
    return "zh" if named.lower().startswith("zh") else "en"
