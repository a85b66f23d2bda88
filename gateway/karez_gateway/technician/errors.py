"""What a technician's tool says instead of a result, each with its exit code.

Trouble
├── Refused      1: the controller said no; nothing was changed
│   └── UpdateRefused  the same about an update
├── WrongUse     2: a file, a key or an option that cannot be used; nothing was sent
│   ├── Unconfirmed  what was to be signed was shown, and nobody said yes
│   └── Faulty   a document with faults: all of them
└── LineTrouble  3: cable, port or noise; the text says what state the controller is in

The text is found by its name in wording.py, in the language of whoever reads it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .wording import TEXTS

if TYPE_CHECKING:
    from .faults import Fault


class Trouble(Exception):
    """Base of all; `name` is for programs, `text(language)` for people."""

    exit_code = 3

    def __init__(self, name: str, /, **values: Any) -> None:
        self.name = name
        self.values = values
        super().__init__(self.text("en"))

    def text(self, language: str) -> str:
        """One sentence or a few, that say what to do."""
        return TEXTS[language][self.name].format(**self.values)

    def lines(self, language: str) -> list[str]:
        """What a person is shown."""
        return [f"karez tech: {self.text(language)}"]

    def facts(self, language: str) -> dict[str, Any]:  # noqa: ARG002 - those of Faulty are texts
        """What a program is told besides."""
        return {}


class Refused(Trouble):
    """The controller took the request and did not do it: its word and its text."""

    exit_code = 1

    def __init__(self, word: str, said: str) -> None:
        super().__init__("refused-" + word if "refused-" + word in TEXTS["en"] else "refused", said=said)
        self.word = word


class UpdateRefused(Refused):
    """The same about an update, with a sentence that says what to do."""

    def __init__(self, name: str, word: str, said: str) -> None:
        Trouble.__init__(self, name, said=said)
        self.word = word


class WrongUse(Trouble):
    """Nothing was sent."""

    exit_code = 2


class Unconfirmed(WrongUse):
    """It was shown, and nobody said yes: nothing was signed."""

    def __init__(self, digest: str, shown: dict[str, Any]) -> None:
        super().__init__("update-unconfirmed", digest=digest)
        self._shown = shown

    def facts(self, language: str) -> dict[str, Any]:  # noqa: ARG002 - figures have no language
        """Everything that a person would be shown."""
        return {"digest": self.values["digest"], **self._shown}


class Faulty(WrongUse):
    """A document that nobody would take: every fault of it. `name`: the text of what follows from that."""

    def __init__(self, file: object, faults: list[Fault], name: str = "faults") -> None:
        super().__init__(name, file=file, count=len(faults))
        self.faults = faults

    def lines(self, language: str) -> list[str]:
        """Every fault, then how many."""
        return [one.text(language) for one in self.faults] + super().lines(language)

    def facts(self, language: str) -> dict[str, Any]:
        """Every fault by place, name and text."""
        named = [{"path": one.path, "fault": one.name, "text": one.text(language)} for one in self.faults]
        return {"faults": named}


class LineTrouble(Trouble):
    """The line did not carry it."""

    exit_code = 3
