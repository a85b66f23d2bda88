"""A sum proof as it comes back from a file: rows by English name, whole numbers where the table has them."""

import csv
import io
import json
from collections.abc import Iterator, Mapping
from typing import Any

from karez_gateway.county.quota import proof
from karez_gateway.errors import Refused
from karez_gateway.exports.table import Cell
from karez_gateway.exports.writers import DEFUSED, FORMULA

KEYS = [one.key for one in proof.COLUMNS]
TEXTS = ("row", "name", "above")
SORTS = (proof.REGION, proof.SITE)


def read(data: bytes) -> list[dict[str, Cell]]:
    """Rows of a CSV or JSON file that `quota decompose --out` wrote. Raises Refused with the row."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Refused(f"the file is not UTF-8 text (byte {error.start}): it is no sum proof") from None
    raw = _json(text) if text.lstrip().startswith("{") else _csv(text)
    return [_row(number, row) for number, row in enumerate(raw, 1)]


def digest(rows: list[dict[str, Cell]]) -> str:
    """The digest that the act of these plans has in its detail."""
    return proof.digest(tuple(row[key] for key in KEYS) for row in rows)


def _csv(text: str) -> Iterator[Mapping[str, Any]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        if next(reader, []) not in (KEYS, [one.zh for one in proof.COLUMNS]):
            raise Refused(
                "the first line is not that of a sum proof: karez gateway quota decompose --out writes one"
            )
        for cells in reader:
            if len(cells) != len(KEYS):
                raise Refused(f"line {reader.line_num} has {len(cells)} cells, not {len(KEYS)}")
            yield dict(zip(KEYS, map(_bare, cells), strict=True))
    except csv.Error as error:
        raise Refused(f"line {reader.line_num} is no CSV: {error}") from None


def _bare(cell: str) -> str:
    return cell[1:] if cell.startswith(DEFUSED) and cell[1:].startswith(FORMULA) else cell


def _json(text: str) -> list[Mapping[str, Any]]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:  # also a number of 5,000 digits
        raise Refused(f"the file is no JSON: {error}") from None
    rows = found.get("rows") if isinstance(found, dict) else None
    if rows is None or found.get("kind") != proof.KIND or not isinstance(rows, list):
        raise Refused(f"the file is no table of kind {proof.KIND}")
    if not all(isinstance(one, dict) and set(one) == set(KEYS) for one in rows):
        raise Refused(f"each row has the columns {', '.join(KEYS)}")
    return rows


def _row(number: int, row: Mapping[str, Any]) -> dict[str, Cell]:
    found: dict[str, Cell] = {}
    for key in KEYS:
        value = row[key]
        if key in TEXTS:
            found[key] = str(value)
        elif value in (None, ""):
            found[key] = None
        else:
            try:
                found[key] = int(value)
            except (TypeError, ValueError):
                raise Refused(f"row {number}: {key} says {value!r}, which is no whole number") from None
    if found["row"] not in SORTS:
        raise Refused(f"row {number}: it is a row of a region or of a site, not {found['row']!r}")
    return found
