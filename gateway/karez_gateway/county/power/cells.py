"""A file's rows as texts by their titles, each with its place; what a cell may not be is said with it."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from karez_gateway.county.files import reading
from karez_gateway.county.files.sheets import UNREADABLE, Cell, Sheet
from karez_gateway.county.registry.faults import sentence
from karez_gateway.errors import Refused


class Cells(NamedTuple):
    """One row: its number, the same in words, and by title its texts and what is wrong with them."""

    line: int
    where: str
    texts: Mapping[str, str]
    faults: Mapping[str, str]


def read(data: bytes, file: str, encoding: str = "") -> tuple[list[str], Iterator[Cells]]:
    """(titles, rows that are not empty) of CSV or XLSX. Raises Refused saying where and what to do."""
    sheet = reading.only(reading.read(data, file, encoding))
    if not sheet.rows:
        raise Refused(f"{file} is empty: its first line names the columns")
    titles = [one.text for one in sheet.rows[0].cells]
    named = [one for one in titles if one]
    double = [one for one in named if named.count(one) > 1]
    if double:
        raise Refused(f"{file}: two columns are called {double[0]}")
    return named, _rows(sheet, titles)


def _rows(sheet: Sheet, titles: list[str]) -> Iterator[Cells]:
    for row in sheet.rows[1:]:
        where = f"sheet {sheet.name}, row {row.number}" if sheet.name else f"line {row.number}"
        if any(one.text for one in row.cells[len(titles) :]):
            raise Refused(f"{sheet.file}, {where}: more cells than the first line names columns")
        known = {title: cell for title, cell in zip(titles, row.cells, strict=False) if title}
        texts = {title: cell.text for title, cell in known.items()}
        yield Cells(row.number, where, texts, dict(_faults(known)))


def _faults(known: Mapping[str, Cell]) -> Iterator[tuple[str, str]]:
    for title, cell in known.items():
        if cell.sort in UNREADABLE:
            text = cell.text[:40]
            yield title, f"{text!r} is no number and no text, it {sentence(cell.sort, (('text', text),))}"
