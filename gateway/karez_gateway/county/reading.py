"""Files that a person brings: CSV and XLSX as sheets of cells, each with its place."""

from collections.abc import Callable
from typing import NamedTuple

from karez_gateway.errors import Refused

FILE_BYTES_MAX = 64 << 20
ROWS_MAX = 200_000  # of one sheet, with empty ones
COLUMNS_MAX = 64
ABOUT = ("about", "说明")  # sheets for people

TEXT, NUMBER, DAY, FORMULA, ERROR, DIGITS = "text", "number", "day", "formula", "error-value", "digits"


UNREADABLE = (FORMULA, ERROR, DIGITS)  # wording.SENTENCES says what to do about each


class Cell(NamedTuple):
    """One cell: its text without blanks at its ends, and what the file says it is."""

    text: str
    sort: str = TEXT


EMPTY = Cell("")


class Row(NamedTuple):
    """A row that is not empty, by its number in the sheet (the line in CSV)."""

    number: int
    cells: list[Cell]


class Sheet(NamedTuple):
    """A sheet of a file. `name` is "" for a file that has no sheets."""

    file: str
    name: str
    rows: list[Row]


class Place(NamedTuple):
    """Where something stands. `row` 0: the sheet as a whole; `column` "": the whole row."""

    file: str
    sheet: str
    row: int = 0
    column: str = ""

    def text(self, language: str = "en") -> str:
        """As a person looks for it."""
        words = _WORDS[language]
        parts = [self.file]
        if self.sheet:
            parts.append(words["sheet"].format(self.sheet))
        if self.row:
            parts.append(words["row" if self.sheet else "line"].format(self.row))
        if self.column:
            parts.append(words["column"].format(self.column))
        return ("，" if language == "zh" else ", ").join(parts)


_WORDS = {
    "en": {"sheet": "sheet {}", "row": "row {}", "line": "line {}", "column": "column {}"},
    "zh": {"sheet": "工作表“{}”", "row": "第 {} 行", "line": "第 {} 行", "column": "列“{}”"},
}

_BLANKS = str.maketrans("\u3000\u00a0", "  ")  # how Chinese texts align two-character names


def cleaned(text: str) -> str:
    """A cell's text: no blanks at its ends, and one kind of blank within."""
    return text.translate(_BLANKS).strip()


def read(data: bytes, file: str, encoding: str = "") -> list[Sheet]:
    """The sheets of a file, whatever its ending says. Raises Refused saying what to do."""
    if len(data) > FILE_BYTES_MAX:
        raise Refused(f"{file} is larger than {FILE_BYTES_MAX >> 20} MB: split it")
    for magic, reader in _READERS:
        if data.startswith(magic):
            return reader(data, file, encoding)
    raise AssertionError("the last reader takes anything")


def only(sheets: list[Sheet]) -> Sheet:
    """A file's only sheet; empty ones and those for people do not count. Raises Refused."""
    full = [one for one in sheets if one.rows and one.name.lower() not in ABOUT]
    if len(full) > 1:
        names = ", ".join(one.name for one in full)
        raise Refused(
            f"{full[0].file} has more than one sheet with rows ({names}): keep the one that is meant"
        )
    return full[0] if full else sheets[0]._replace(rows=[])


def _xlsx(data: bytes, file: str, encoding: str) -> list[Sheet]:
    from karez_gateway.county import reading_xlsx  # noqa: PLC0415 - openpyxl takes 0.2 s to come

    if encoding:
        raise Refused(f"{file} is a workbook: leave --encoding out, it is for CSV")
    return reading_xlsx.sheets(data, file)


def _old(_data: bytes, file: str, _encoding: str) -> list[Sheet]:
    raise Refused(f"{file} is an old .xls workbook or has a password: save it as .xlsx without one")


def _csv(data: bytes, file: str, encoding: str) -> list[Sheet]:
    from karez_gateway.county import reading_csv  # noqa: PLC0415 - as above

    return [reading_csv.sheet(data, file, encoding)]


_READERS: tuple[tuple[bytes, Callable[[bytes, str, str], list[Sheet]]], ...] = (
    (b"PK\x03\x04", _xlsx),
    (b"\xd0\xcf\x11\xe0", _old),
    (b"", _csv),
)
