"""What is wrong with a configuration, all of it: each fault with its place in the document."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .wording import FAULTS

_SHOWN_MAX = 40  # characters of a value that stands in a sentence


@dataclass(frozen=True)
class Fault:
    """One fault. `path` as in `meters[1].address`; `name` for programs, `text` for people."""

    path: str
    name: str
    values: dict[str, Any]

    def text(self, language: str) -> str:
        """The sentence, its place before it."""
        return f"{self.path}: {FAULTS[language][self.name].format(**self.values)}"


@dataclass
class Faults:
    """Collects them; every check says whether it held, so that what depends on it can be left out."""

    found: list[Fault] = field(default_factory=list)

    def add(self, path: str, name: str, **values: Any) -> bool:
        """Note a fault; always False."""
        self.found.append(Fault(path, name, values))
        return False

    def is_object(self, path: str, value: Any, names: str | None = None) -> bool:
        """True for an object; a name that nobody reads is a fault, since a typo must not pass for silence."""
        if not isinstance(value, dict):
            return self.add(path, "no-object")
        for name in value:
            if names is not None and name not in names.split():
                self.add(_under(path, name), "unknown-name", known=", ".join(names.split()))
        return True

    def is_list(self, path: str, value: Any) -> bool:
        """True for a list."""
        return isinstance(value, list) or self.add(path, "no-list")

    def is_text(self, path: str, value: Any) -> bool:
        """True for a text that is not empty."""
        return (isinstance(value, str) and value != "") or self.add(path, "no-text", value=shown(value))

    def is_whole(self, path: str, value: Any, least: int, greatest: int) -> bool:
        """True for a whole number within least..greatest."""
        if isinstance(value, bool) or not isinstance(value, int):
            return self.add(path, "no-whole", value=shown(value), least=least, greatest=greatest)
        if not least <= value <= greatest:
            return self.add(path, "outside", value=shown(value), least=least, greatest=greatest)
        return True

    def needs(self, path: str, document: dict[str, Any], names: str) -> bool:
        """True if all of these members are there."""
        missing = [name for name in names.split() if name not in document]
        for name in missing:
            self.add(_under(path, name), "missing")
        return not missing


def _under(path: str, name: str) -> str:
    return f"{path}.{name}" if path else str(name)


def shown(value: Any) -> str:
    """A value as a sentence shows it."""
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= _SHOWN_MAX else text[:_SHOWN_MAX] + "…"
