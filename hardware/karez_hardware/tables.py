"""The tables of this folder: CSV in UTF-8, one header line. What is wrong is said with file and line."""

import csv
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
ROWS_MAX = 2_000  # the longest table has some 200; a file that is none of ours may have millions


class BadTableError(Exception):
    """A table that cannot be used; its text says which file, which row and what to do."""


def named(path: Path) -> str:
    """A file as a message names it: with its folder, for each board has a pinout.csv."""
    return f"{path.parent.name}/{path.name}"


def rows_of(path: Path, columns: tuple[str, ...]) -> list[dict[str, str]]:
    """Return the rows of a table as {column: stripped text}. Raises BadTableError."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise BadTableError(
            f"{named(path)}: cannot be read ({error.strerror}); restore it from git"
        ) from error
    except UnicodeDecodeError as error:
        raise BadTableError(f"{named(path)}: is not UTF-8 text; save it as CSV in UTF-8") from error
    if "\0" in text:
        raise BadTableError(f"{named(path)}: holds binary data; save it as CSV in UTF-8")
    lines = csv.reader(text.splitlines())
    found = _parsed(path, lines, columns)
    if not found:
        raise BadTableError(f"{named(path)}: has no rows; its columns are {', '.join(columns)}")
    return found


def _parsed(path: Path, lines: Any, columns: tuple[str, ...]) -> list[dict[str, str]]:
    try:
        header = tuple(next(lines, ()))
        if header != columns:
            raise BadTableError(f"{named(path)}: the first line must be {','.join(columns)}")
        found = []
        for cells in lines:
            if len(cells) != len(columns):
                raise BadTableError(
                    f"{named(path)}, line {lines.line_num}: {len(cells)} cells, not {len(columns)}"
                )
            found.append({name: cell.strip() for name, cell in zip(columns, cells, strict=True)})
            if len(found) > ROWS_MAX:
                raise BadTableError(f"{named(path)}: more than {ROWS_MAX} rows; is it the right file?")
    except csv.Error as error:
        raise BadTableError(f"{named(path)}, line {lines.line_num}: {error}") from error
    return found


def number(path: Path, row: dict[str, str], column: str, least: int = 0, most: int = 10_000_000) -> int:
    """Return the whole number in a cell. Raises BadTableError; the row is named by its first cell."""
    key = next(iter(row.values()))
    try:
        value = int(row[column])
    except ValueError:
        raise BadTableError(
            f"{named(path)}, row {key}: {column} is no whole number: {row[column]!r}"
        ) from None
    if not least <= value <= most:
        raise BadTableError(f"{named(path)}, row {key}: {column} must be {least} to {most}, not {value}")
    return value


def keyed(path: Path, rows: list[dict[str, str]], column: str) -> dict[str, dict[str, str]]:
    """Return the rows by a column that must be filled and unique. Raises BadTableError."""
    found: dict[str, dict[str, str]] = {}
    for row in rows:
        key = row[column]
        if not key:
            raise BadTableError(f"{named(path)}: a row without {column}")
        if key in found:
            raise BadTableError(f"{named(path)}: {column} {key} stands there twice; keep one")
        found[key] = row
    return found
