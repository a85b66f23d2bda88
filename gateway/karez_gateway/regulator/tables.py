"""CSV tables that people keep in a spreadsheet: read whole, faults named by file, line and column."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from .errors import Fault, Refused, fault

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

FILE_BYTES_MAX = 64 << 20
VOLUME_L_MAX = (1 << 53) - 1  # what every JSON reader keeps exactly: 9 × 10¹² m³
_CODE = re.compile(r"[^\s/=+@\x00-\x1f](?:[^/\x00-\x1f]*[^\s/\x00-\x1f])?")
_CODE_BYTES_MAX = 64


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table: its cells by column, without spaces at their ends."""

    file: str
    line: int
    cells: dict[str, str]

    def place(self, column: str = "") -> str:
        """Where it stands, for people."""
        return f"{self.file}:{self.line}" + (f", {column}" if column else "")


def text_of(path: Path) -> str:
    """A file's text. Raises Refused when it cannot be read or is not UTF-8."""
    try:
        with path.open("rb") as file:
            data = file.read(FILE_BYTES_MAX + 1)
    except OSError as error:
        raise Refused([fault(str(path), "file-unreadable", why=error.strerror)]) from None
    if len(data) > FILE_BYTES_MAX:
        raise Refused([fault(str(path), "file-large", most=FILE_BYTES_MAX >> 20)])
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise Refused([fault(f"{path}:{line}", "encoding")]) from None


def read(path: Path, needed: Sequence[str], optional: Sequence[str] = ()) -> list[Row]:
    """The rows of a CSV file with these columns, in any order; empty lines do not count. Raises Refused."""
    name = path.name
    reader = csv.reader(io.StringIO(text_of(path), newline=""), strict=True)
    rows: list[Row] = []
    faults: list[Fault] = []
    columns: list[str] | None = None
    try:
        for cells in reader:
            stripped = [one.strip() for one in cells]
            if not any(stripped):
                continue
            if columns is None:
                columns = stripped
                faults += _header(f"{name}:{reader.line_num}", columns, needed, optional)
                if faults:
                    break
            elif len(stripped) != len(columns):
                values = {"cells": len(stripped), "columns": len(columns)}
                faults.append(fault(f"{name}:{reader.line_num}", "cells", **values))
            else:
                rows.append(Row(name, reader.line_num, dict(zip(columns, stripped, strict=True))))
    except csv.Error as error:
        faults.append(fault(f"{name}:{reader.line_num}", "csv", why=error))
    if columns is None and not faults:
        faults.append(fault(name, "table-empty", columns=", ".join(needed)))
    if faults:
        raise Refused(faults)
    return rows


def _header(place: str, columns: list[str], needed: Sequence[str], optional: Sequence[str]) -> list[Fault]:
    known = (*needed, *optional)
    found = [fault(place, "column-missing", column=one) for one in needed if one not in columns]
    found += [
        fault(place, "column-unknown", column=one[:40], known=", ".join(known))
        for one in columns
        if one not in known
    ]
    twice = {one for one in columns if columns.count(one) > 1}
    return found + [fault(place, "column-twice", column=one[:40]) for one in sorted(twice)]


def code(text: str) -> str | None:
    """A name of a site or region; None if it is none: empty, too long, a formula, a slash in it."""
    is_code = _CODE.fullmatch(text) and text.isprintable() and len(text.encode()) <= _CODE_BYTES_MAX
    return text if is_code else None


def litres(text: str) -> int | None:
    """Litres of a text of cubic metres with at most three decimals; None if it is no such."""
    try:
        scaled = Decimal(text.replace(",", "")).scaleb(3)
    except InvalidOperation:
        return None
    if not scaled.is_finite() or scaled != scaled.to_integral_value() or not 0 <= scaled <= VOLUME_L_MAX:
        return None
    return int(scaled)


def thousands(value: int) -> str:
    """A thousandth of a number as people read it, 1,234.5: Wh as kWh."""
    text = f"{abs(value) // 1000:,}"
    rest = abs(value) % 1000
    return ("-" if value < 0 else "") + text + (f".{rest:03d}".rstrip("0") if rest else "")


def cubic_metres(volume_l: int) -> str:
    """Litres as people read them: 1,234.5."""
    return thousands(volume_l)
