"""Tables as CSV, XLSX and JSON. No cell is ever a formula: a site's name is not ours."""

import csv
import datetime as dt
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from karez_gateway.errors import Refused
from karez_gateway.exports.table import Cell, Table

BOM = "\ufeff"
SHEET_ROWS_MAX = 1_048_576  # of XLSX, with the header
# Programs take a cell that begins so for a formula; some drop tab and carriage return before they look.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
DEFUSED = "'"


def write(table: Table, file: IO[bytes], form: str, language: str, *, bom: bool = False) -> int:
    """Write a table; return how many rows it has. Raises Refused when a sheet cannot hold them."""
    if form == "csv":
        return _csv(table, file, language, bom=bom)
    return _xlsx(table, file, language) if form == "xlsx" else _json(table, file)


def defused(cell: Cell) -> Cell:
    """A text as it stands in CSV: what a program would take for a formula begins with an apostrophe."""
    return DEFUSED + cell if isinstance(cell, str) and cell.startswith(FORMULA) else cell


def _csv(table: Table, file: IO[bytes], language: str, *, bom: bool) -> int:
    text = io.TextIOWrapper(file, encoding="utf-8", newline="", write_through=False)
    if bom:
        text.write(BOM)
    lines = csv.writer(text)  # RFC 4180: CRLF, quotes where needed
    lines.writerow(table.header(language))
    count = 0
    for row in table.rows:
        lines.writerow([defused(cell) for cell in row])
        count += 1
    text.flush()
    text.detach()
    return count


def workbook(file: IO[bytes], *, constant_memory: bool = True) -> Any:
    """An XLSX file in which no text ever becomes a formula, a number or a link.

    `constant_memory`: one sheet is written after the other, row by row.
    """
    # 0.1 s that the service need not wait for at its start; it has no types.
    import xlsxwriter  # type: ignore[import-untyped]  # noqa: PLC0415 - the same

    options: dict[str, Any] = {
        "constant_memory": constant_memory,
        "strings_to_formulas": False,
        "strings_to_numbers": False,
        "strings_to_urls": False,
        "tmpdir": str(Path(file.name).parent),  # the service may write nowhere else
    }
    book = xlsxwriter.Workbook(file, options)
    # The same rows make the same bytes: no time of making.
    book.set_properties({"created": dt.datetime(2000, 1, 1, tzinfo=dt.UTC)})
    return book


def _xlsx(table: Table, file: IO[bytes], language: str) -> int:
    with workbook(file) as book:
        about = [("kind", table.kind), *table.facts.items()]
        sheet = book.add_worksheet("台账" if language == "zh" else table.kind)
        sheet.write_row(0, 0, table.header(language))
        count = 0
        for row in table.rows:
            count += 1
            if count == SHEET_ROWS_MAX:
                raise Refused(
                    f"more than {SHEET_ROWS_MAX - 1} rows: a sheet cannot hold them, take csv or json"
                )
            for at, cell in enumerate(row):
                if isinstance(cell, int):
                    sheet.write_number(count, at, cell)
                elif cell is not None:
                    sheet.write_string(count, at, cell)
        notes = book.add_worksheet("说明" if language == "zh" else "about")
        for at, (name, value) in enumerate(about):
            notes.write_string(at, 0, name)
            notes.write_string(at, 1, value)
    return count


def _json(table: Table, file: IO[bytes]) -> int:
    head = {"format": "karez-table/1", "kind": table.kind, **table.facts}
    file.write(json.dumps(head, ensure_ascii=False)[:-1].encode() + b', "rows": [')
    count = 0
    for part in _objects(table):
        file.write((b",\n" if count else b"\n") + part)
        count += 1
    file.write(b"\n]}\n")
    return count


def _objects(table: Table) -> Iterator[bytes]:
    keys = [one.key for one in table.columns]
    for row in table.rows:
        yield json.dumps(dict(zip(keys, row, strict=True)), ensure_ascii=False).encode()
