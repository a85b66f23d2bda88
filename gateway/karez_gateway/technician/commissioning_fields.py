"""What a member of a commissioning file may be, and reading a whole one with every fault named by its place.

The parts are frozen dataclasses (commissioning.py); each of their fields carries its kind and its meaning, so
that one table reads, writes, checks and documents the file (docs/wire/commissioning.md).
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .faults import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .faults import Faults

_DAY = re.compile(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}")
UTC_S_LEAST, UTC_S_GREATEST = 1_577_836_800, 4_102_444_800  # 2020-01-01 to 2100-01-01


@dataclass(frozen=True)
class Whole:
    """A whole number within bounds."""

    least: int
    greatest: int

    def says(self) -> str:
        """How the table of the page calls it."""
        return f"whole number, {self.least}…{self.greatest}"

    def check(self, faults: Faults, path: str, value: Any) -> bool:
        """True if it is one."""
        return faults.is_whole(path, value, self.least, self.greatest)


@dataclass(frozen=True)
class Text:
    """A text of printable characters; lines are for lists of texts."""

    most: int

    def says(self) -> str:
        """How the table of the page calls it."""
        return f"text, 1…{self.most} characters"

    def check(self, faults: Faults, path: str, value: Any) -> bool:
        """True if it is one."""
        if not faults.is_text(path, value):
            return False
        if len(value) > self.most:
            return faults.add(path, "text-characters", value=shown(value), most=self.most)
        return (value.isprintable() and value.strip() == value) or faults.add(
            path, "text-unprintable", value=shown(value)
        )


@dataclass(frozen=True)
class Word:
    """One of a few words."""

    words: tuple[str, ...]

    def says(self) -> str:
        """How the table of the page calls it."""
        return "one of " + ", ".join(f"`{one}`" for one in self.words)

    def check(self, faults: Faults, path: str, value: Any) -> bool:
        """True if it is one."""
        known = isinstance(value, str) and value in self.words
        return known or faults.add(path, "no-word", value=shown(value), known=", ".join(self.words))


@dataclass(frozen=True)
class Hex:
    """Bytes in lower-case hexadecimal."""

    size: int

    def says(self) -> str:
        """How the table of the page calls it."""
        return f"{2 * self.size} hexadecimal digits, lower case"

    def check(self, faults: Faults, path: str, value: Any) -> bool:
        """True if it is some."""
        digits = isinstance(value, str) and re.fullmatch(f"[0-9a-f]{{{2 * self.size}}}", value) is not None
        return digits or faults.add(path, "no-hex", value=shown(value), digits=2 * self.size)


@dataclass(frozen=True)
class Day:
    """A day of the calendar."""

    def says(self) -> str:
        """How the table of the page calls it."""
        return "day, YYYY-MM-DD"

    def check(self, faults: Faults, path: str, value: Any) -> bool:
        """True if it is one."""
        return _is_day(value) or faults.add(path, "no-day", value=shown(value))


@dataclass(frozen=True)
class Part:
    """An object of its own."""

    cls: Any

    def says(self) -> str:
        """How the table of the page calls it."""
        return f"object, see {self.cls.__name__}"


@dataclass(frozen=True)
class Many:
    """A list of one kind."""

    of: Any
    most: int

    def says(self) -> str:
        """How the table of the page calls it."""
        return f"list of at most {self.most}: {self.of.says()}"


def _is_day(value: Any) -> bool:
    if not isinstance(value, str) or _DAY.fullmatch(value) is None:
        return False
    try:
        dt.date.fromisoformat(value)
    except ValueError:
        return False
    return True


def member(kind: Any, meaning: str, *, may_miss: bool = False, is_reckoned: bool = False) -> Any:
    """A field of a part. `may_miss`: null where unknown; `is_reckoned`: follows from the others."""
    facts = {"kind": kind, "meaning": meaning, "may_miss": may_miss, "is_reckoned": is_reckoned}
    return dataclasses.field(metadata=facts)


def whole(least: int, greatest: int, meaning: str, **facts: bool) -> Any:
    """A whole number."""
    return member(Whole(least, greatest), meaning, **facts)


def text(most: int, meaning: str, **facts: bool) -> Any:
    """A text of at most so many characters."""
    return member(Text(most), meaning, **facts)


def word(words: tuple[str, ...], meaning: str, **facts: bool) -> Any:
    """One of these words."""
    return member(Word(words), meaning, **facts)


def hexadecimal(size: int, meaning: str, **facts: bool) -> Any:
    """So many bytes."""
    return member(Hex(size), meaning, **facts)


def day(meaning: str, **facts: bool) -> Any:
    """A day."""
    return member(Day(), meaning, **facts)


def moment(meaning: str, **facts: bool) -> Any:
    """UTC seconds."""
    return member(Whole(UTC_S_LEAST, UTC_S_GREATEST), meaning, **facts)


def part(cls: type, meaning: str, **facts: bool) -> Any:
    """An object."""
    return member(Part(cls), meaning, **facts)


def many(of: Any, most: int, meaning: str) -> Any:
    """A list."""
    return member(Many(Part(of) if isinstance(of, type) else of, most), meaning)


def names(cls: Any) -> list[str]:
    """Names of a part's members, in the order of the file."""
    return [one.name for one in dataclasses.fields(cls)]


def read(cls: Any, value: Any, path: str, faults: Faults) -> Any:
    """The part that an object of the file says, or None; every fault of it goes into `faults`."""
    if not faults.is_object(path, value, " ".join(names(cls))):
        return None
    before = len(faults.found)
    faults.needs(path, value, " ".join(names(cls)))
    found = {
        one.name: _read(one.metadata, value[one.name], f"{path}.{one.name}" if path else one.name, faults)
        for one in dataclasses.fields(cls)
        if one.name in value
    }
    return cls(**found) if len(faults.found) == before else None


def _read(facts: Any, value: Any, path: str, faults: Faults) -> Any:
    kind = facts["kind"]
    if value is None and facts["may_miss"]:
        return None
    if isinstance(kind, Many):
        if not faults.is_list(path, value):
            return ()
        if len(value) > kind.most:
            faults.add(path, "too-many", count=len(value), most=kind.most)
        return tuple(_one(kind.of, one, f"{path}[{at}]", faults) for at, one in enumerate(value))
    return _one(kind, value, path, faults)


def _one(kind: Any, value: Any, path: str, faults: Faults) -> Any:
    if isinstance(kind, Part):
        return read(kind.cls, value, path, faults)
    kind.check(faults, path, value)
    return value


def plain(value: Any) -> Any:
    """What JSON holds of a part: objects and lists, members in the order of the file."""
    if dataclasses.is_dataclass(value):
        return {name: plain(getattr(value, name)) for name in names(value)}
    return [plain(one) for one in value] if isinstance(value, tuple) else value


def parts_below(cls: Any) -> Iterator[Any]:
    """The part and every part within it, each once, as they stand in the file."""
    seen = []

    def walk(one: Any) -> None:
        if one in seen:
            return
        seen.append(one)
        for field in dataclasses.fields(one):
            kind = field.metadata["kind"]
            inner = kind.of if isinstance(kind, Many) else kind
            if isinstance(inner, Part):
                walk(inner.cls)

    walk(cls)
    return iter(seen)
