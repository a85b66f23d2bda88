"""Where a visit's answers come from: a file of them, and whoever is at the keyboard for what it does not say.

The file is TOML (docs/technician.md): a table for each step. It is checked whole before anything is sent.
With --json a question is one line of JSON on stdout, and its answer one line on stdin.
"""

from __future__ import annotations

import re
import sys
import tomllib
from typing import TYPE_CHECKING, Any

from . import guide
from .commissioning_fields import Text, Whole, Word
from .errors import Faulty, WrongUse
from .faults import Faults
from .wording_asks import ASKS, EMPTY_SAID, TITLES

if TYPE_CHECKING:
    from pathlib import Path

    from .speech import Speech

_SIZE_MAX = 1 << 18
SKIP = guide.Question("skip", Text(200), may_miss=True)
KEEP = guide.Question("keep", Word(("again", "keep")))
_AGAIN = 5  # tries at one question
# With or without thousands apart: 24879, 24 879, 24,879. A comma before other than three digits is decimal.
_WHOLE = re.compile(r"[+-]?(\d{1,20}|\d{1,3}([ ,，]\d{3}){1,6})")


class Answers:
    """Gives answers. `given`: of a file, by step and question."""

    def __init__(self, speech: Speech, given: dict[str, Any] | None = None) -> None:
        self._speech = speech
        self._given = given or {}

    def skip(self, step: guide.Step) -> str | None:
        """Why a step is left out; None: it is done. A file that answers a step does not leave it out."""
        said = self._given.get(step.name)
        if isinstance(said, dict):
            why = said.get("skip")
            return None if why is None else str(why)
        why = self._asked(step, SKIP) if step.may_skip else None
        return None if why is None else str(why)

    def of(self, step: guide.Step) -> dict[str, Any]:
        """Answers to all questions of a step. Raises WrongUse when nobody gives one."""
        said = self._given.get(step.name, {})
        out = {}
        for one in step.asks:
            if one.name in said:
                out[one.name] = said[one.name]
            elif one.may_miss and step.name in self._given:
                out[one.name] = None
            elif isinstance(one.kind, guide.Rows):
                out[one.name] = self._rows(step, one)
            else:
                out[one.name] = self._asked(step, one)
        return out

    def is_kept(self, step: guide.Step) -> bool:
        """After a failed check: True if it stays as it is, False to do it again. A file's is never kept."""
        if step.name in self._given:
            raise WrongUse("visit-check-failed", name=step.name)
        return str(self._asked(step, KEEP)) == "keep"

    def _rows(self, step: guide.Step, question: guide.Question) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        while len(rows) < question.kind.most:
            first, *rest = question.kind.of
            head = self._asked(step, guide.Question(first.name, first.kind, may_miss=True))
            if head is None:
                break
            rows.append({first.name: head, **{one.name: self._asked(step, one) for one in rest}})
        return rows

    def _asked(self, step: guide.Step, question: guide.Question) -> Any:
        text = asked(self._speech.language, step, question)
        for _ in range(_AGAIN):
            line = self._line(f"{step.name}.{question.name}", text)
            if not line and question.may_miss:
                return None
            faults = Faults()
            value = parsed(question, line)
            if question.kind.check(faults, f"{step.name}.{question.name}", value):
                return value
            self._speech.say("visit-again", why=faults.found[0].text(self._speech.language))
        raise WrongUse("visit-unanswered", name=f"{step.name}.{question.name}")

    def _line(self, name: str, text: str) -> str:
        if self._speech.as_json:
            self._speech.tell({"ask": name, "text": text}, is_one_line=True)
        else:
            self._speech.show(text)
        sys.stdout.flush()
        line = sys.stdin.readline()
        if not line:
            raise WrongUse("visit-unanswered", name=name)
        return line.strip()


def asked(language: str, step: guide.Step, question: guide.Question) -> str:
    """The question as a person reads it."""
    texts = ASKS[language]
    text = texts.get(f"{step.name}.{question.name}") or texts[question.name]
    if question.may_miss and question.name not in EMPTY_SAID:
        text += texts["=may-miss"]
    return texts["=asked"].format(title=title(language, step), text=text)


def title(language: str, step: guide.Step) -> str:
    """What a step is called, with its meter."""
    plain = step.name.removesuffix(f"-{step.quantity}") if step.quantity else step.name
    named = TITLES[language][plain]
    if not step.quantity:
        return named
    texts = ASKS[language]
    return texts["=titled"].format(title=named, meter=texts["=" + step.quantity])


def parsed(question: guide.Question, line: str) -> Any:
    """What was typed, as the kind of the question has it; what is no number stays a text, and is a fault."""
    if isinstance(question.kind, Whole) and _WHOLE.fullmatch(line):
        return int(re.sub("[ ,，]", "", line))
    return line


def load(path: Path, kind: str, quantities: tuple[str, ...]) -> dict[str, Any]:
    """The answers of a file, every fault named by its place. Raises WrongUse, Faulty."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise WrongUse("file-unreadable", file=path, why=error.strerror) from None
    if len(data) > _SIZE_MAX:
        raise WrongUse("site-large", file=path, most=_SIZE_MAX)
    try:
        given = tomllib.loads(data.decode("utf-8"))
    except (ValueError, RecursionError) as error:  # no UTF-8, a number of 5,000 digits
        raise WrongUse("visit-toml", file=path, why=error) from None
    faults = Faults()
    check(given, kind, quantities, faults)
    if faults.found:
        raise Faulty(path, faults.found, "visit-faults")
    return given


def check(given: dict[str, Any], kind: str, quantities: tuple[str, ...], faults: Faults) -> None:
    """Note every fault of answers: unknown names, wrong kinds, a reason where nothing may be left out."""
    known = {one.name: one for one in every(kind, quantities)}
    if not faults.is_object("", given, " ".join(known)):
        return
    for name, step in known.items():
        if name in given:
            _step(given[name], step, faults)


def every(kind: str, quantities: tuple[str, ...]) -> list[guide.Step]:
    """The steps of any box: its meters on a line, or sending pulses."""
    both = guide.steps(kind, list(quantities)) + guide.steps(kind, list(quantities), quantities)
    return list({one.name: one for one in both}.values())


def _step(said: Any, step: guide.Step, faults: Faults) -> None:
    names = [one.name for one in step.asks] + (["skip"] if step.may_skip else [])
    if not faults.is_object(step.name, said, " ".join(names)):
        return
    if "skip" in said:
        SKIP.kind.check(faults, f"{step.name}.skip", said["skip"])
    for one in step.asks:
        if one.name not in said:
            continue
        path, value = f"{step.name}.{one.name}", said[one.name]
        if isinstance(one.kind, guide.Rows):
            _rows(value, one.kind, path, faults)
        else:
            one.kind.check(faults, path, value)


def _rows(value: Any, kind: guide.Rows, path: str, faults: Faults) -> None:
    if not faults.is_list(path, value):
        return
    if len(value) > kind.most:
        faults.add(path, "too-many", count=len(value), most=kind.most)
    names = " ".join(one.name for one in kind.of)
    needed = " ".join(one.name for one in kind.of if not one.may_miss)
    for at, row in enumerate(value):
        if faults.is_object(f"{path}[{at}]", row, names) and faults.needs(f"{path}[{at}]", row, needed):
            for one in kind.of:
                if one.name in row:
                    one.kind.check(faults, f"{path}[{at}].{one.name}", row[one.name])
