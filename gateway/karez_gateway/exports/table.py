"""A table on its way to a file: columns with headers in two languages, rows made when they are written."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

Cell = str | int | None


class Column(NamedTuple):
    """One column: its name for programs, which is the English header, and the Chinese one."""

    key: str
    zh: str


@dataclass(frozen=True)
class Table:
    """What is to be written. `facts` say what it is; rows are given once."""

    kind: str
    columns: tuple[Column, ...]
    rows: Iterator[tuple[Cell, ...]]
    facts: Mapping[str, str]

    def header(self, language: str) -> list[str]:
        """The first line."""
        return [one.zh if language == "zh" else one.key for one in self.columns]
