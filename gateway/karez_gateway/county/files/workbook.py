"""A workbook of several sheets, written so that no cell is ever a formula and names stay text."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import IO, Any, NamedTuple

from karez_gateway.errors import Refused
from karez_gateway.exports.writers import SHEET_ROWS_MAX

CHOICE_CHARACTERS_MAX = 255  # of a list that a spreadsheet offers
WIDTH = 16


class Number(NamedTuple):
    """A decimal text that stands as a number, with few enough digits for it."""

    text: str


class Page(NamedTuple):
    """One sheet. `is_text`: columns that stay text when one types; `choices`: words offered, by column."""

    name: str
    header: list[str]
    rows: list[list[str | Number]]
    is_text: list[bool]
    choices: Mapping[int, tuple[str, ...]]


def write_book(file: IO[bytes], pages: Sequence[Page]) -> None:
    """Write them in their order; the same pages make the same bytes. Raises Refused for too many rows."""
    # 0.1 s that no other verb need wait for; it has no types.
    import xlsxwriter  # type: ignore[import-untyped]  # noqa: PLC0415 - the same

    options: dict[str, Any] = {
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_numbers": False,
        "strings_to_urls": False,
    }
    with xlsxwriter.Workbook(file, options) as book:
        book.set_properties({"created": dt.datetime(2000, 1, 1, tzinfo=dt.UTC)})
        styles = book.add_format({"num_format": "@"}), book.add_format({"bold": True, "num_format": "@"})
        for page in pages:
            _write(book.add_worksheet(page.name), page, *styles)


def _write(sheet: Any, page: Page, text: Any, head: Any) -> None:
    if len(page.rows) >= SHEET_ROWS_MAX:
        raise Refused(
            f"{page.name} has more than {SHEET_ROWS_MAX - 1} rows: a sheet cannot hold them, take csv"
        )
    for at, (label, is_text) in enumerate(zip(page.header, page.is_text, strict=True)):
        sheet.set_column(at, at, WIDTH, text if is_text else None)
        sheet.write_string(0, at, label, head)
    sheet.freeze_panes(1, 0)
    for number, row in enumerate(page.rows, 1):
        for at, cell in enumerate(row):
            if isinstance(cell, Number):
                sheet.write_number(number, at, float(cell.text))  # a sheet knows no other number
            elif cell:
                sheet.write_string(number, at, cell, text)
    for at, words in page.choices.items():
        if len(",".join(words)) <= CHOICE_CHARACTERS_MAX:
            offer = {"validate": "list", "source": list(words), "error_type": "information"}
            sheet.data_validation(1, at, SHEET_ROWS_MAX - 1, at, offer)
