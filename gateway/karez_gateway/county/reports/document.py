"""A report before it is a file: facts and tables of texts, whole numbers, volumes and rates. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal


class Litres(int):
    """Litres; people read cubic metres."""


class Permille(int):
    """A rate; people read per cent."""


Cell = str | int | None  # Litres and Permille are whole numbers, too


@dataclass(frozen=True, slots=True)
class Column:
    """Its name for programs, its header, its share of a page's width, its unit: l, permille or none."""

    key: str
    header: str
    width: int
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under a heading; `note` says what must be known to read them."""

    key: str
    heading: str
    columns: tuple[Column, ...]
    rows: Sequence[tuple[Cell, ...]]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """Everything on the pages. `line` stands on every page and sheet."""

    language: str
    kind: str
    title: str
    subtitle: str
    line: str
    facts: tuple[tuple[str, str], ...]
    tables: tuple[Table, ...]
    page: str  # "page {page} of {pages}"
    made_utc_s: int


def shown(cell: Cell) -> str:
    """A cell as people read it; what is not known is a dash."""
    if cell is None:
        return "–"
    if isinstance(cell, Litres):
        return f"{Decimal(int(cell)).scaleb(-3):,f}"
    if isinstance(cell, Permille):
        return f"{Decimal(int(cell)).scaleb(-1):f} %"
    return f"{cell:,}" if isinstance(cell, int) else cell


def plain(cell: Cell) -> str:
    """A cell as programs read it: no marks between thousands, nothing for what is not known."""
    if cell is None:
        return ""
    if isinstance(cell, Litres):
        return format(Decimal(int(cell)).scaleb(-3), "f")
    return format(Decimal(int(cell)).scaleb(-1), "f") if isinstance(cell, Permille) else str(cell)
