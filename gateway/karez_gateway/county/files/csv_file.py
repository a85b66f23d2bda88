"""CSV as a sheet of cells: UTF-8 with or without its mark, GB 18030 when it is said.

A text that a program would take for a formula stands in our files behind an apostrophe (exports/writers.py);
an apostrophe before such a text gets one more, so that what is read is what was written.
"""

import csv
import io
import re
from collections.abc import Iterator

from karez_gateway.county.files.sheets import COLUMNS_MAX, FORMULA, ROWS_MAX, Cell, Row, Sheet, cleaned
from karez_gateway.errors import Refused
from karez_gateway.exports.writers import DEFUSED
from karez_gateway.exports.writers import FORMULA as FORMULA_BEGINS

UTF_8, GB_18030 = "utf-8", "gb18030"
ENCODINGS = (UTF_8, GB_18030)

_MARK = b"\xef\xbb\xbf"
_WIDE_MARKS = (b"\xff\xfe", b"\xfe\xff")
_DEFUSED = re.compile(f"{DEFUSED}+[{re.escape(''.join(FORMULA_BEGINS))}]")


def guarded(text: str) -> str:
    """A text for CSV that begins with apostrophes before what looks like a formula: with one more."""
    return DEFUSED + text if _DEFUSED.match(text) else text


def sheet(data: bytes, file: str, encoding: str = "") -> Sheet:
    """The file's rows. Raises Refused naming the line."""
    return Sheet(file, "", list(_rows(decoded(data, file, encoding), file)))


def decoded(data: bytes, file: str, encoding: str = "") -> str:
    """The file's text. Raises Refused naming byte and line of what is no such text, and what to do."""
    encoding = encoding or UTF_8
    if encoding not in ENCODINGS:
        raise Refused(f"--encoding is one of {', '.join(ENCODINGS)}, not {encoding}")
    if data.startswith(_WIDE_MARKS):
        raise Refused(f"{file} is not UTF-8 text (byte 0) but UTF-16 text: save it as CSV in UTF-8")
    if b"\0" in data:
        at = data.index(b"\0")
        raise Refused(
            f"{file}, line {_line(data, at)}: byte {at} is zero, CSV has no zero bytes: save it as CSV UTF-8"
        )
    if encoding == GB_18030 and not data.isascii() and _is_utf_8(data):
        raise Refused(f"{file} is UTF-8 text: leave --encoding out")
    try:
        return data.removeprefix(_MARK).decode(encoding)
    except UnicodeDecodeError as error:
        at = error.start + (len(_MARK) if data.startswith(_MARK) else 0)
        raise Refused(f"{file}, line {_line(data, at)}: byte {at} is no {_advice(encoding)}") from None


def _line(data: bytes, at: int) -> int:
    return data.count(b"\n", 0, at) + 1


def _advice(encoding: str) -> str:
    if encoding == UTF_8:
        return (
            "UTF-8: save the file as CSV UTF-8, or try --encoding gb18030 if a Chinese Excel saved it as CSV"
        )
    return "GB 18030: save the file as CSV UTF-8 and leave --encoding out"


def _is_utf_8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _rows(text: str, file: str) -> Iterator[Row]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    count, begins = 0, 1
    try:
        for cells in reader:
            count += 1
            if count > ROWS_MAX:
                raise Refused(f"{file} has more than {ROWS_MAX} rows: split it")
            if len(cells) > COLUMNS_MAX:
                raise Refused(f"{file}, line {begins}: more than {COLUMNS_MAX} cells: parted by commas?")
            row = Row(begins, [_cell(one) for one in cells])
            begins = reader.line_num + 1
            if any(one.text for one in row.cells):
                yield row
    except csv.Error as error:
        raise Refused(
            f"{file}, line {begins}: this is no CSV ({error}): save it as CSV UTF-8 again"
        ) from None


def _cell(text: str) -> Cell:
    text = cleaned(text)
    if text.startswith("="):
        return Cell(text, FORMULA)
    return Cell(text[1:] if _DEFUSED.match(text) else text)
