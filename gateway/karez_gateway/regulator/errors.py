"""What the regulator's tool says instead of a signature, each with its exit code.

Trouble          2: a file, a key or an option that cannot be used
├── Refused      1: every fault of what was to be signed, each with its place; nothing was signed
└── Unconfirmed  3: it was shown, and nobody confirmed it; nothing was signed

The text is found by its name in wording.py, in the language of whoever reads it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from karez_gateway.verifier.plurals import filled

from .wording import FAULTS, TEXTS

SHOWN_MAX = 40  # faults printed; a wrong file has one in every line


class Trouble(Exception):
    """Base of all; `name` is for programs, `text(language)` for people."""

    exit_code = 2

    def __init__(self, name: str, /, **values: Any) -> None:
        self.name = name
        self.values = values
        super().__init__(self.text("en"))

    def text(self, language: str) -> str:
        """One sentence or a few, that say what to do."""
        return filled(TEXTS[language][self.name], self.values)

    def lines(self, language: str) -> list[str]:
        """What a person is shown."""
        return [f"karez regulator: {self.text(language)}"]

    def facts(self, language: str) -> dict[str, Any]:  # noqa: ARG002 - those of Refused are texts
        """What a program is told besides."""
        return {}


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong, by name, and where: a file and line, a site, a region."""

    place: str
    name: str
    values: dict[str, Any] = field(default_factory=dict)

    def text(self, language: str) -> str:
        """Its sentence."""
        return f"{self.place}: {filled(FAULTS[language][self.name], self.values)}"


def fault(place: str, name: str, /, **values: Any) -> Fault:
    """A fault; the values fill its text."""
    return Fault(place, name, values)


class Refused(Trouble):
    """What was to be read or signed is faulty. `faults`: all of them."""

    exit_code = 1

    def __init__(self, faults: list[Fault], name: str = "refused") -> None:
        self.faults = faults
        super().__init__(name, count=len(faults))
        self.args = ("; ".join(self.lines("en")),)

    def lines(self, language: str) -> list[str]:
        """The faults, then how many."""
        shown = [one.text(language) for one in self.faults[:SHOWN_MAX]]
        if len(self.faults) > SHOWN_MAX:
            shown.append("…")
        return shown + super().lines(language)

    def facts(self, language: str) -> dict[str, Any]:
        """Every fault by place, name and text."""
        return {
            "faults": [
                {"place": one.place, "fault": one.name, "text": one.text(language)} for one in self.faults
            ]
        }


class Untrue(Exception):
    """A fault of one site's evidence; whoever knows the place makes it a Fault."""

    def __init__(self, name: str, /, **values: Any) -> None:
        super().__init__(name)
        self.name = name
        self.values = values


class Unconfirmed(Trouble):
    """Nobody said yes to what was shown."""

    exit_code = 3
