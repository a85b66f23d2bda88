"""The root's two lists, of offices and of technicians: from a table to what is signed, and what changes.

    offices.csv        office, may, key       may: grants, orders, or both with a space between
    technicians.csv    number, until, key     until: the last day is the one before; empty: no end

A newer list replaces the former whole: a key gets its successor by another key in its row, a lost one ends
with its row. Pure but for the tables, which are read from files.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from karez_gateway.verifier.statements import verifies
from karez_protocols import key_list, signed, technicians
from karez_protocols.errors import ProtocolError

from . import tables
from .errors import Fault, Refused, Trouble, fault
from .ordering import stamp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from .speech import Speech

Row = dict[str, Any]
_NUMBER_MAX = 65_534
_KEY_DIGITS = 64
_MAY = {
    "grants": key_list.GRANTS,
    "orders": key_list.ORDERS,
    "grants orders": key_list.GRANTS | key_list.ORDERS,
}
_MAY_WORDS = {number: words for words, number in _MAY.items()}


class Sort(NamedTuple):
    """A sort of list: its columns, its codec, and how its rows are named and shown."""

    name: str  # as the journal has it
    columns: tuple[str, ...]
    number: str  # field of a row
    row: Callable[[tables.Row, list[Fault], int], Row]
    encode: Callable[[Row, Sequence[Row]], bytes]
    open_signed: Callable[[bytes], tuple[Any, Any, bytes, bytes]]
    label: bytes
    say: Callable[[Row, Speech], str]


@dataclass(frozen=True, slots=True)
class List:
    """A list as it is signed, or would be."""

    seq: int
    issued_utc_s: int
    rows: tuple[Row, ...]


def _number(cell: tables.Row, column: str, faults: list[Fault]) -> int:
    text = cell.cells[column]
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= _NUMBER_MAX):
        faults.append(fault(cell.place(column), "list-number", text=text[:40]))
        return 0
    return int(text)


def _key(cell: tables.Row, faults: list[Fault]) -> bytes:
    text = cell.cells["key"]
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(text) != _KEY_DIGITS or len(key) * 2 != _KEY_DIGITS:
        faults.append(fault(cell.place("key"), "list-key", text=text[:40]))
    return key


def _office(cell: tables.Row, faults: list[Fault], offset_h: int) -> Row:  # noqa: ARG001 - one shape
    may = " ".join(sorted(cell.cells["may"].split()))
    if may not in _MAY:
        faults.append(fault(cell.place("may"), "list-may", text=cell.cells["may"][:40]))
    return {
        "office": _number(cell, "office", faults),
        "may": _MAY.get(may, 0),
        "key": _key(cell, faults),
    }


def _technician(cell: tables.Row, faults: list[Fault], offset_h: int) -> Row:
    until_utc_s, text = None, cell.cells["until"]
    if text:
        try:
            zone = dt.timezone(dt.timedelta(hours=offset_h))
            day = dt.datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=zone)
            until_utc_s = int(day.timestamp())
        except ValueError:
            faults.append(fault(cell.place("until"), "list-until", text=text[:40]))
    return {
        "number": _number(cell, "number", faults),
        "until_utc_s": until_utc_s,
        "roles": technicians.TECHNICIAN,
        "key": _key(cell, faults),
    }


def _say_office(row: Row, speech: Speech) -> str:
    return speech.text("office-line", number=row["office"], may=_MAY_WORDS[row["may"]], key=row["key"].hex())


def _say_technician(row: Row, speech: Speech) -> str:
    until = speech.text("endless") if row["until_utc_s"] is None else stamp(row["until_utc_s"])
    return speech.text("technician-line", number=row["number"], until=until, key=row["key"].hex())


OFFICES = Sort(
    "keys",
    ("office", "may", "key"),
    "office",
    _office,
    key_list.encode,
    key_list.open_signed,
    key_list.LABEL,
    _say_office,
)
TECHNICIANS = Sort(
    "technicians",
    ("number", "until", "key"),
    "number",
    _technician,
    technicians.encode,
    technicians.open_signed,
    technicians.LABEL,
    _say_technician,
)


def read_table(path: Path, sort: Sort, offset_h: int) -> list[Row]:
    """The rows of a table, by rising number. Raises Refused with every fault."""
    faults: list[Fault] = []
    rows = [sort.row(cell, faults, offset_h) for cell in tables.read(path, sort.columns)]
    if faults:
        raise Refused(faults)
    return sorted(rows, key=lambda row: int(row[sort.number]))


def read_signed(data: bytes, sort: Sort, roots: Sequence[bytes], name: str) -> List:
    """A signed list, if one of the roots signed it. Raises Trouble."""
    try:
        values, rows, message, signature = sort.open_signed(data)
    except ProtocolError as error:
        raise Trouble("list-shape", why=error) from None
    if not any(verifies(root, signature, message) for root in roots):
        raise Trouble("list-signature", file=name)
    return List(values["seq"], values["issued_utc_s"], tuple(dict(row) for row in rows))


def body(fresh: List, sort: Sort) -> bytes:
    """The bytes of a list. Raises Trouble with the wire's own reason."""
    try:
        return bytes(sort.encode({"seq": fresh.seq, "issued_utc_s": fresh.issued_utc_s}, fresh.rows))
    except ProtocolError as error:
        raise Trouble("list-shape", why=error) from None


def changes(fresh: List, former: List | None, sort: Sort, speech: Speech) -> Iterator[str]:
    """What changes from the list in force to this one, in words."""
    if former is None:
        yield speech.text("list-first", seq=fresh.seq)
    else:
        yield speech.text("list-next", seq=fresh.seq, former=former.seq)
    before = {row[sort.number]: row for row in former.rows} if former else {}
    after = {row[sort.number]: row for row in fresh.rows}
    for number in sorted(before.keys() | after.keys()):
        was, becomes = before.get(number), after.get(number)
        if was is None and becomes is not None:
            yield speech.text("added", entry=sort.say(becomes, speech))
        elif becomes is None and was is not None:
            yield speech.text("gone", entry=sort.say(was, speech))
        elif was != becomes and was is not None and becomes is not None:
            yield speech.text("changed", before=sort.say(was, speech), after=sort.say(becomes, speech))
    kept = sum(before.get(number) == row for number, row in after.items())
    if kept:
        yield speech.text("kept", count=kept)


def digest(fresh: List, former: List | None, sort: Sort) -> str:
    """Names what is shown: the new list and the one it replaces, without the moment of issue."""
    said = [sort.name, fresh.seq, fresh.rows, former and (former.seq, former.rows)]
    return hashlib.sha256(b"KZ shown list 1\n" + repr(said).encode()).hexdigest()


def message(data: bytes, sort: Sort) -> bytes:
    """What is signed."""
    return bytes(signed.message(sort.label, data))
