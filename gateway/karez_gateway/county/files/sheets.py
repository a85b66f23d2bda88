"""Sheets of cells, each with its place, whatever file they stand in. Pure."""

from typing import NamedTuple

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
