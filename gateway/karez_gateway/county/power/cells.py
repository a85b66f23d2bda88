"""A file as rows of texts by their titles, each with its line: CSV in UTF-8, or GB 18030 where it is said.

Whoever reads another kind of file gives the same rows, and nothing behind this changes.
"""

import csv
import io
from collections.abc import Iterator, Mapping
from typing import NamedTuple, Protocol

from karez_gateway.errors import Refused

ENCODINGS = ("utf-8", "gb18030")
FILE_BYTES_MAX = 64 << 20
ROWS_MAX = 200_000
_WORKBOOK = b"PK\x03\x04"


class Lines(Protocol):
    """What `csv.reader` gives."""

    line_num: int

    def __next__(self) -> list[str]:
        """The next row."""


class Cells(NamedTuple):
    """One row: where it stands, and its texts by title."""

    line: int
    texts: Mapping[str, str]


def read(data: bytes, file: str, encoding: str = "") -> tuple[list[str], Iterator[Cells]]:
    """(titles, rows that are not empty). Raises Refused saying where and what to do."""
    if len(data) > FILE_BYTES_MAX:
        raise Refused(f"{file} is larger than {FILE_BYTES_MAX >> 20} MB: split it")
    if data.startswith(_WORKBOOK):
        raise Refused(f"{file} is a workbook: save its sheet as CSV in UTF-8")
    encoding = encoding or ENCODINGS[0]
    if encoding not in ENCODINGS:
        raise Refused(f"--encoding is one of {', '.join(ENCODINGS)}, not {encoding}")
    try:
        text = data.decode("utf-8-sig" if encoding == "utf-8" else encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        other = ENCODINGS[encoding == ENCODINGS[0]]
        raise Refused(f"{file}, line {line}: no {encoding} text: try --encoding {other}") from None
    if "\0" in text:
        raise Refused(f"{file} holds zero bytes, so it is no CSV: save it as CSV in UTF-8")
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    titles = [one.strip() for one in _next(reader, file) or []]
    named = [one for one in titles if one]
    if not named:
        raise Refused(f"{file} is empty: its first line names the columns")
    double = [one for one in named if named.count(one) > 1]
    if double:
        raise Refused(f"{file}: two columns are called {double[0]}")
    return named, _rows(reader, titles, file)


def _rows(reader: "Lines", titles: list[str], file: str) -> Iterator[Cells]:
    count = 0
    while (row := _next(reader, file)) is not None:
        texts = [one.strip() for one in row]
        if not any(texts):
            continue
        count += 1
        if count > ROWS_MAX:
            raise Refused(f"{file} has more than {ROWS_MAX} rows: split it")
        if len(texts) > len(titles) and any(texts[len(titles) :]):
            raise Refused(f"{file}, line {reader.line_num}: more cells than the first line names columns")
        yield Cells(
            reader.line_num, {title: text for title, text in zip(titles, texts, strict=False) if title}
        )


def _next(reader: "Lines", file: str) -> list[str] | None:
    try:
        return next(reader)
    except StopIteration:
        return None
    except csv.Error as error:
        raise Refused(f"{file}, line {reader.line_num}: {error}") from None
