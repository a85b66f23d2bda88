"""What is wrong with a scenario file: every fault with its table and key, all of them at once."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

P = ParamSpec("P")
T = TypeVar("T")

SHOWN_MAX = 20  # faults of one file: who has more has another file in his hands
VALUE_MAX = 80  # characters of a value
BETWEEN = " · "


class ScenarioError(ValueError):
    """A scenario cannot be played; each of `faults` names place and key, and what to write instead."""

    def __init__(self, *faults: str) -> None:
        self.faults = faults
        more = len(faults) - SHOWN_MAX
        shown = [*faults[:SHOWN_MAX], *([f"and {more} more"] if more > 0 else [])]
        super().__init__(BETWEEN.join(shown))

    def inside(self, file: str) -> ScenarioError:
        """The same, with the file's name before each fault."""
        return ScenarioError(*(f"{file}: {fault}" for fault in self.faults))


class Faults:
    """Collects faults while a file is read on, so that a person mends all of them in one go."""

    def __init__(self) -> None:
        self._found: list[str] = []

    def attempt(self, read: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T | None:
        """Return what `read` makes of it; None when it finds faults, which are kept."""
        try:
            return read(*args, **kwargs)
        except ScenarioError as error:
            self._found.extend(error.faults)
            return None

    def add(self, fault: str) -> None:
        """Keep one fault."""
        self._found.append(fault)

    def end(self) -> None:
        """Raise ScenarioError with everything that was found."""
        if self._found:
            raise ScenarioError(*self._found)


def shown(value: object) -> str:
    """A value as it stands in a fault: not more of it than a line can hold."""
    said = repr(value)
    return said if len(said) <= VALUE_MAX else said[:VALUE_MAX] + "…"


def known(names: Iterable[str], these: Iterable[str], where: str) -> None:
    """Refuse every name that is not one of `these`. Raises ScenarioError."""
    those = list(these)
    faults = []
    for name in names:
        if name not in those:
            near = difflib.get_close_matches(name, those, 1)
            hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(those)}"
            faults.append(f"{shown(name)} in {where} is not known; {hint}")
    if faults:
        raise ScenarioError(*faults)


def table(document: dict[str, Any], key: str) -> dict[str, Any]:
    """Return a table of the document, empty without one. Raises ScenarioError."""
    value = document.get(key, {})
    if not isinstance(value, dict):
        raise ScenarioError(f"[{key}] must be a table")
    return value


def text(of: dict[str, Any], key: str, where: str) -> str:
    """Return one line of text that must be there. Raises ScenarioError."""
    value = of.get(key)
    if not isinstance(value, str) or not value.isprintable() or not value.strip():
        raise ScenarioError(f'{where} needs {key} = "…", one line of text')
    return value
