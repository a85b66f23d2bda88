"""A person at the keyboard of `karez tech`, for this folder's pictures: what he types, and what he sees.

The verbs run as the command line calls them, but for the port: the cable leads to a well in memory
(technician_house.py), and the laptop's clock is the well's. Answers are given by the name of the question.
"""

from __future__ import annotations

import contextlib
import io
import sys
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from unittest import mock

import technician_house

import wellhouse
from karez_gateway.technician import cli, connection, guide, visit_answers
from karez_gateway.technician.controller import Controller
from karez_gateway.technician.wording import PAGE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Hands = Callable[[Any], None]
    Answer = str | Callable[[Any], str] | None


@dataclass(frozen=True)
class Line:
    """A line of the terminal."""

    text: str
    is_typed: bool = False


@dataclass
class Person:
    """What somebody at this well answers and does.

    `answers`: by `step.question`, one for each time that it is asked, the last one for all further times; a
    question that is not there gets an empty line, None ends the input. `hands`: what he does when the tool
    says this text of PAGE. Answers and hands see the house.
    """

    answers: dict[str, list[Answer]]
    hands: dict[str, Hands] = field(default_factory=dict)


class _Terminal(io.TextIOBase):
    """Standard input and output at once."""

    def __init__(self, language: str, kind: str, person: Person, wire: technician_house.HouseWire) -> None:
        self.lines: list[Line] = []
        self._part = ""
        self._wire = wire
        self._answers = {name: list(given) for name, given in person.answers.items()}
        self._hands = {PAGE[language][name]: hand for name, hand in person.hands.items()}
        self._questions = dict(_questions(language, kind))

    def write(self, text: str) -> int:
        """What the tool says."""
        *whole, self._part = (self._part + text).split("\n")
        for line in whole:
            self.lines.append(Line(line))
            if line in self._hands:
                self._hands[line](self._wire.house)
        return len(text)

    def readline(self, _size: int | None = -1, /) -> str:  # type: ignore[override]
        """What the person types."""
        given = self._answers.get(self._questions[self.lines[-1].text], [""])
        answer = given.pop(0) if len(given) > 1 else given[0]
        if answer is None:
            return ""
        text = answer if isinstance(answer, str) else answer(self._wire.house)
        self.lines.append(Line(text, is_typed=True))
        return text + "\n"


def _questions(language: str, kind: str) -> Iterator[tuple[str, str]]:
    """Every question that a visit may ask: (as it stands on the screen, its name)."""
    for step in guide.steps(kind, list(technician_house.SERIALS)):
        for one in (*step.asks, visit_answers.SKIP, visit_answers.KEEP):
            those = [one]
            if isinstance(one.kind, guide.Rows):
                first, *rest = one.kind.of
                those = [replace(first, may_miss=True), *rest]  # without it there are no more
            for question in those:
                yield visit_answers.asked(language, step, question), f"{step.name}.{question.name}"


def run(
    wire: technician_house.HouseWire, language: str, kind: str, command: str, person: Person
) -> list[Line]:
    """Run a guided verb at this well; return what stands on the terminal then, the command before it."""
    terminal = _Terminal(language, kind, person, wire)

    @contextlib.contextmanager
    def connected(_port: str, _baud: int, who: Any = None) -> Iterator[tuple[Controller, dict[str, Any]]]:
        controller = Controller(wire, wire.clock)  # type: ignore[arg-type] - a port by what it does
        controller.greet()
        identity = connection.identify(controller)
        connection.login(controller, identity, who)
        yield controller, identity

    def now_s() -> float:
        return float(wellhouse.UTC + wire.clock())

    with (
        mock.patch.object(connection, "connected", connected),
        mock.patch.object(time, "time", now_s),
        mock.patch.object(sys, "stdin", terminal),
        contextlib.redirect_stdout(terminal),
        contextlib.redirect_stderr(terminal),
    ):
        cli.app([*command.split()[2:], "--lang", language], standalone_mode=False)
    return [Line("$ " + command, is_typed=True), *terminal.lines]
