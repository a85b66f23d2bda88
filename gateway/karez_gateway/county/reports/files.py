"""Reports as XLSX, CSV and JSON. No cell is ever a formula: names come from the registry, not from us."""

import csv
import io
import json
from typing import IO, Any

from karez_gateway.county.reports.document import Cell, Litres, Permille, Report, Table, plain
from karez_gateway.errors import Refused
from karez_gateway.exports import writers

FORMATS = ("xlsx", "csv", "pdf", "json")
_SHEET_BYTES_MAX = 31  # of a sheet's name
_FORBIDDEN = str.maketrans(dict.fromkeys("[]:*?/\\", " "))


def write(report: Report, file: IO[bytes], form: str) -> str:
    """Write a report; return the characters that its font lacks (only paper has one)."""
    if form == "pdf":
        try:
            from karez_gateway.county.reports import pdf  # noqa: PLC0415 - 0.3 s that only paper needs
        except ImportError as error:
            raise Refused(f"paper needs {error.name}: pip install 'karez[reports]'") from None
        data, lacking = pdf.paper(report)
        file.write(data)
        return lacking
    {"xlsx": _xlsx, "csv": _csv, "json": _json}[form](report, file)
    return ""


def _csv(report: Report, file: IO[bytes]) -> None:
    """UTF-8 with its mark; facts first, then each table under its name, apart by empty lines."""
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
    lines = csv.writer(text)
    for line in ((report.title,), (report.subtitle,), *report.facts):
        lines.writerow([writers.defused(one) for one in line])
    for table in report.tables:
        lines.writerow([])
        lines.writerow([writers.defused(table.heading), writers.defused(report.line)])
        if table.note:
            lines.writerow([writers.defused(table.note)])
        lines.writerow([writers.defused(one.header) for one in table.columns])
        for row in table.rows:
            lines.writerow([_csv_cell(cell) for cell in row])
    text.flush()
    text.detach()


def _csv_cell(cell: Cell) -> str:
    """A number may begin with its minus; a text that a program would take for a formula may not."""
    text = plain(cell)
    return text if isinstance(cell, int) else str(writers.defused(text))


def _json(report: Report, file: IO[bytes]) -> None:
    said = {
        "format": "karez-report/1",
        "kind": report.kind,
        "title": report.title,
        "subtitle": report.subtitle,
        "facts": dict(report.facts),
        "tables": {one.key: [_object(one, row) for row in one.rows] for one in report.tables},
    }
    file.write(json.dumps(said, ensure_ascii=False, indent=1).encode() + b"\n")


def _object(table: Table, row: tuple[Cell, ...]) -> dict[str, Any]:
    """Litres and rates as whole numbers, with their unit in the name."""
    return {
        one.key + (f"_{one.unit}" if one.unit else ""): int(cell) if isinstance(cell, int) else cell
        for one, cell in zip(table.columns, row, strict=False)
    }


def _xlsx(report: Report, file: IO[bytes]) -> None:
    with writers.workbook(file, constant_memory=False) as book:
        forms = {
            Litres: book.add_format({"num_format": "#,##0.000"}),
            Permille: book.add_format({"num_format": "0.0%"}),
        }
        bold = book.add_format({"bold": True})
        first = book.add_worksheet(_sheet_name(report.title))
        first.set_column(0, 1, 30)
        first.write_string(0, 0, report.title, bold)
        first.write_string(1, 0, report.subtitle)
        for at, (label, value) in enumerate(report.facts, 3):
            first.write_string(at, 0, label)
            first.write_string(at, 1, value)
        for table in report.tables:
            _sheet(book.add_worksheet(_sheet_name(table.heading)), table, report.line, forms, bold)


def _sheet(sheet: Any, table: Table, line: str, forms: dict[type, Any], bold: Any) -> None:
    sheet.write_string(0, 0, line)
    sheet.write_string(1, 0, table.note)
    for at, column in enumerate(table.columns):
        sheet.set_column(at, at, column.width + 4)
        sheet.write_string(2, at, column.header, bold)
    sheet.freeze_panes(3, 0)
    for number, row in enumerate(table.rows, 3):
        for at, cell in enumerate(row):
            if isinstance(cell, int):
                # A sheet knows nothing but floats: 15 digits of them are exact, more than any volume has.
                sheet.write_number(
                    number, at, int(cell) / 1000 if type(cell) in forms else cell, forms.get(type(cell))
                )
            elif cell is not None:
                sheet.write_string(number, at, cell)


def _sheet_name(text: str) -> str:
    return text.translate(_FORBIDDEN)[:_SHEET_BYTES_MAX]
