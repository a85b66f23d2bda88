"""Many bindings from one file: all of them become known, or none.

The file is CSV in UTF-8 with a first line that names its columns. `binding` holds the signed
binding in hex or base64; `controller` and `site`, if there, must be what it says, so that a row
pasted beside the wrong name is found out.
"""

import base64
import binascii
import csv
import io
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from karez_gateway.controllers import enrolment
from karez_gateway.county import bringing
from karez_gateway.county.acts import Deed
from karez_gateway.errors import Refused
from karez_gateway.store.database import Database

if TYPE_CHECKING:
    from karez_gateway.downlink import inheriting

COLUMNS = ("controller", "site", "binding")
# One transaction of some seconds: a running service waits half a minute for it at most (store/engines.py).
ROWS_MAX = 5000
FILE_BYTES_MAX = ROWS_MAX * 4096  # a binding in hex has 2 kB at most

# Line number, and the values and the bytes of its binding if nothing is wrong with it.
Row = tuple[int, tuple[Mapping[str, Any], bytes] | None]


@dataclass(slots=True)
class Imported:
    """What a file brought: lines by number, bad ones with their reason."""

    enrolled: list[str] = field(default_factory=list)
    known: list[str] = field(default_factory=list)  # enrolled with the same binding before
    errors: list[tuple[int, str]] = field(default_factory=list)


class _Undone(Exception):
    """Ends the transaction without a trace."""


def bring_in(store: Database, data: bytes, provisioner_key: bytes, deed: Deed | None = None) -> Imported:
    """Enrol every row in one transaction; with any error nothing is. Raises Refused for no such file.

    `deed`: who brings it in, None where no person does.
    """
    out = Imported()
    now_s = int(time.time())
    rows = [(number, _row(number, row, provisioner_key, out)) for number, row in _rows(data)]
    if not rows:
        raise Refused("the file holds no row under its names of columns")
    try:
        with store.writing() as connection:
            _register(connection, rows, now_s, out, deed)
    except _Undone:
        out.enrolled.clear()
        out.known.clear()
        out.errors.sort()
    return out


def _register(
    connection: Connection, rows: Sequence[Row], now_s: int, out: Imported, deed: Deed | None
) -> None:
    """Register all rows; raises _Undone if one of them cannot be."""
    for_all: inheriting.ForAll = {}
    brought: list[tuple[str, bytes]] = []
    for number, checked in rows:
        if checked is None:
            continue
        values, signed_binding = checked
        try:
            _, is_new = enrolment.register(connection, values, signed_binding, now_s, for_all)
        except Refused as error:
            out.errors.append((number, str(error)))
            continue
        (out.enrolled if is_new else out.known).append(values["controller"])
        if is_new:
            brought.append((values["controller"], signed_binding))
    if out.errors:
        raise _Undone
    bringing.keep(connection, bringing.BINDING, deed, brought)


def _rows(data: bytes) -> Iterator[tuple[int, Mapping[str | None, Any]]]:
    """Line number and cells of each row that is not empty. Raises Refused."""
    if len(data) > FILE_BYTES_MAX:
        raise Refused(f"the file is larger than {FILE_BYTES_MAX} bytes: split it")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Refused(f"the file is not UTF-8 text (byte {error.start}): save it as CSV in UTF-8") from None
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        names = reader.fieldnames or ()
        unknown = [name for name in names if name not in COLUMNS]
        if "binding" not in names or unknown or len(set(names)) < len(names):
            raise Refused(f"the first line must name the columns: {', '.join(COLUMNS)}; binding is needed")
        for count, row in enumerate(reader, 1):
            if count > ROWS_MAX:
                raise Refused(f"the file holds more than {ROWS_MAX} rows: split it")
            yield reader.line_num, row
    except csv.Error as error:
        raise Refused(f"line {reader.line_num} is no CSV: {error}") from None


def _row(
    number: int, row: Mapping[str | None, Any], provisioner_key: bytes, out: Imported
) -> tuple[Mapping[str, Any], bytes] | None:
    """The values and the binding of a row; None and a line in `out` if something is wrong with it."""
    try:
        return _checked(row, provisioner_key)
    except Refused as error:
        out.errors.append((number, str(error)))
        return None


def _checked(row: Mapping[str | None, Any], provisioner_key: bytes) -> tuple[Mapping[str, Any], bytes]:
    if None in row or None in row.values():
        raise Refused("it has another number of cells than the first line")
    signed_binding = _bytes(row["binding"].strip())
    values = enrolment.checked(signed_binding, provisioner_key)
    for name in ("controller", "site"):
        said = row.get(name, values[name]).strip()
        if said != values[name]:
            raise Refused(f"the row says {name} {said or '(nothing)'}, its binding says {values[name]}")
    return values, signed_binding


def _bytes(text: str) -> bytes:
    """Hex or base64, which cannot be mixed up: a binding's base64 has letters that hex has not."""
    try:
        return bytes.fromhex(text)
    except ValueError:
        pass
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        raise Refused("the binding is neither hex nor base64") from None
