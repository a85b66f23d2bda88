"""XLSX as sheets of cells, from files that may mean harm: bounded before anything is unpacked."""

import datetime as dt
import io
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any

import openpyxl

from karez_gateway.county.files.sheets import (
    COLUMNS_MAX,
    DAY,
    DIGITS,
    EMPTY,
    ERROR,
    FORMULA,
    NUMBER,
    ROWS_MAX,
    Cell,
    Row,
    Sheet,
    cleaned,
)
from karez_gateway.errors import Refused

UNPACKED_BYTES_MAX = 64 << 20
# A prefecture's 6,954 sites in a sheet have 0.4 million tags, 3.5 MB. So many bound what a sheet made to be
# slow can cost: 20 s and 600 MB were measured.
MARKS_MAX = 1_500_000
PARTS_MAX = 1000
SHEETS_MAX = 40
SPREADSHEET_DIGITS = 15  # more of a number no spreadsheet keeps

_PACKED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
# RuntimeError: it has a password.
_DAMAGED = (zipfile.BadZipFile, zlib.error, RuntimeError, OSError, EOFError, ValueError)


def sheets(data: bytes, file: str) -> list[Sheet]:
    """Every sheet of a workbook, rows that are not empty. Raises Refused."""
    _check_package(data, file)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of styles and extensions that nobody reads here
            book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, keep_links=False)
            try:
                if len(book.worksheets) > SHEETS_MAX:
                    raise Refused(f"{file} has more than {SHEETS_MAX} sheets: split it")
                return [Sheet(file, one.title, list(_rows(one, file))) for one in book.worksheets]
            finally:
                book.close()
    except Refused:
        raise
    except Exception as error:  # noqa: BLE001 - a parser of foreign files: whatever it meets, the file is bad
        why = f"{type(error).__name__}: {error}"[:200]
        raise Refused(f"{file} is no workbook that can be read ({why}): save it as .xlsx again") from None


def _check_package(data: bytes, file: str) -> None:
    """Refuse bombs: zipfile never gives more bytes of a part than its directory says."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            parts = package.infolist()
            size = sum(one.file_size for one in parts)
            if len(parts) > PARTS_MAX or size > UNPACKED_BYTES_MAX:
                raise Refused(
                    f"{file} unpacks to {size >> 20} MB in {len(parts)} parts, at most "
                    f"{UNPACKED_BYTES_MAX >> 20} MB in {PARTS_MAX}: split it"
                )
            if any(one.compress_type not in _PACKED for one in parts):
                raise Refused(f"{file} is packed as no spreadsheet does it: save it as .xlsx again")
            marks = sum(_marks(package.read(one), file, one.filename) for one in parts)
    except _DAMAGED as error:
        raise Refused(
            f"{file} is a damaged workbook ({error}): save it as .xlsx again, or save its sheet as CSV"
        ) from None
    if marks > MARKS_MAX:
        raise Refused(f"{file} has more cells than are read at once: split it, or save its sheets as CSV")


def _marks(text: bytes, file: str, part: str) -> int:
    """How many tags a part has at most. None declares entities; zeros would be UTF-16, which hides them."""
    if part.endswith((".xml", ".rels")) and (b"<!DOCTYPE" in text or b"\0" in text):
        raise Refused(f"{file} is no workbook: its part {part} is not what a spreadsheet writes")
    return text.count(b"<")


def _rows(sheet: Any, file: str) -> Iterator[Row]:
    sheet.reset_dimensions()  # what the file says of its size may be anything
    for number, cells in enumerate(sheet.iter_rows(), 1):
        if number > ROWS_MAX:
            raise Refused(
                f"{file}, sheet {sheet.title} has more than {ROWS_MAX} rows, with empty ones: split it"
            )
        if len(cells) > COLUMNS_MAX and any(one.value is not None for one in cells[COLUMNS_MAX:]):
            raise Refused(f"{file}, sheet {sheet.title}, row {number}: cells beyond column {COLUMNS_MAX}")
        row = [_cell(one) for one in cells[:COLUMNS_MAX]]
        if any(one.text for one in row):
            yield Row(number, row)


def _cell(cell: Any) -> Cell:
    value = cell.value
    if value is None:
        return EMPTY
    if cell.data_type == "f":
        return Cell("=", FORMULA)
    if cell.data_type == "e":
        return Cell(str(value), ERROR)
    if isinstance(value, bool):
        return Cell("yes" if value else "no")
    if isinstance(value, int | float):
        return _number(value)
    if isinstance(value, dt.datetime | dt.date | dt.time | dt.timedelta):
        return Cell(_day(value), DAY)
    return Cell(cleaned(str(value)))


def _number(value: float) -> Cell:
    """As short as the spreadsheet shows it: binary 0.1 is 0.1."""
    text = f"{value:.{SPREADSHEET_DIGITS}g}" if isinstance(value, float) else str(value)
    return Cell(text, DIGITS if abs(value) >= 10**SPREADSHEET_DIGITS else NUMBER)


def _day(value: object) -> str:
    if isinstance(value, dt.datetime) and value.time() == dt.time():
        return value.date().isoformat()
    return str(value)
