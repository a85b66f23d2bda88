"""The request file: what a gateway wishes to be granted, and the evidence it brings along.

    {"karez": "grant request", "version": 2, "gateway": …, "year": …, "from_utc_s": …, "to_utc_s": …,
     "made_utc_s": …, "document": …, "sites": 6954}
    {"site": "well-12", "policy": "stop", "rows": [["water", from, to, litres], …], …}       a line a site

Rights are litres (or Wh) from the beginning of the water year to the end of each row: cumulative. Evidence is
base64 of bundles. Pure: bytes in, wishes out; the gateway writes what this module reads (`encode`).
"""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from .errors import Fault, Refused, fault

if TYPE_CHECKING:
    from collections.abc import Iterable

KIND = "grant request"
VERSION = 2
SIZE_MAX = 1 << 30  # a hundred thousand sites
SITES_MAX = 100_000
ROWS_MAX = 16
CORRECTIONS_MAX = 1000
FORMER_MAX = 16  # boxes that stood at one site in a year
U32_MAX, U40_MAX = (1 << 32) - 2, (1 << 40) - 2

WATER, ENERGY = "water", "energy"
STOP, FINISH, WARN = "stop", "finish", "warn"
DOUBLE = "double"  # the kind of a correction that takes off what two boxes counted

_HEAD = ("karez", "version", "gateway", "year", "from_utc_s", "to_utc_s", "made_utc_s", "document", "sites")


def share_of(right: int, percent: int) -> int:
    """The interim rule's share of a year's right, in whole litres or Wh.

    One at least where there is a right: a share that rounds to nothing would stop the well on New Year's
    night (domain §5.10).
    """
    return max(right * percent // 100, 1) if right else 0


class WishRow(NamedTuple):
    """So much from the year's beginning to this row's end; `right` in litres or Wh."""

    quantity: str
    from_utc_s: int
    to_utc_s: int
    right: int


class Correction(NamedTuple):
    """An entry of the gateway's ledger beside what the meters say; below zero it gives back.

    Of the kind DOUBLE it gives back nothing: it takes off litres, and `energy_wh`, that two boxes counted.
    Only such a one says energy, and where it is 0 the line leaves it out.
    """

    litres: int
    by: str
    because: str
    document: str
    act: int
    kind: str = "error"
    energy_wh: int = 0


@dataclass(frozen=True, slots=True)
class Wish:
    """What is wished for one site. `newest`, `year_start`: bundles; `binding`: of a box without records.

    `former`: the newest bundle of each box that stood there in this year and does no more.
    """

    site: str
    policy: str
    rows: tuple[WishRow, ...]
    finish_l: int = 0
    emergency_l: int = 0
    interim_l: int = 0
    interim_wh: int = 0
    interim_to_utc_s: int = 0
    ledger_l: int = 0
    corrections: tuple[Correction, ...] = ()
    newest: bytes = b""
    year_start: bytes = b""
    binding: bytes = b""
    former: tuple[bytes, ...] = ()

    def right(self, quantity: str = WATER) -> int:
        """The whole year's right: that of the last row."""
        return max((row.right for row in self.rows if row.quantity == quantity), default=0)


@dataclass(frozen=True, slots=True)
class Request:
    """A whole file. `sha256`: of its bytes, by which it is known again."""

    name: str
    gateway: str
    year: int
    from_utc_s: int
    to_utc_s: int
    made_utc_s: int
    document: str
    wishes: tuple[Wish, ...]
    sha256: str


_BYTES = ("newest", "year_start", "binding")
_NUMBERS = {
    "finish_l": U40_MAX,
    "emergency_l": U40_MAX,
    "interim_l": U40_MAX,
    "interim_wh": U40_MAX,
    "interim_to_utc_s": U32_MAX,
    "ledger_l": U40_MAX,
}


def encode(head: dict[str, Any], wishes: Iterable[Wish]) -> bytes:
    """Return a request file's bytes; `head`: gateway, year, from_utc_s, to_utc_s, made_utc_s, document."""
    lines = [_line(one) for one in wishes]
    first = {"karez": KIND, "version": VERSION, **head, "sites": len(lines)}
    return "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in (first, *lines)).encode()


def _line(wish: Wish) -> dict[str, Any]:
    line: dict[str, Any] = {
        "site": wish.site,
        "policy": wish.policy,
        "rows": [list(row) for row in wish.rows],
    }
    line |= {name: getattr(wish, name) for name in _NUMBERS}
    line["corrections"] = [_told(one) for one in wish.corrections]
    line |= {name: base64.b64encode(getattr(wish, name)).decode() for name in _BYTES}
    return line | {"former": [base64.b64encode(one).decode() for one in wish.former]}


def _told(one: Correction) -> dict[str, Any]:
    told = one._asdict()
    if not one.energy_wh:
        del told["energy_wh"]
    return told


def decode(data: bytes, name: str) -> Request:
    """Read a request file; `name` stands in its faults. Raises Refused with the first ones of every line."""
    if len(data) > SIZE_MAX:
        raise Refused([fault(name, "file-large", most=SIZE_MAX >> 20)])
    lines = data.split(b"\n")
    if lines[-1]:
        raise Refused([fault(name, "request-cut")])
    head = _object(lines[0], f"{name}:1")
    if head.get("karez") != KIND or head.get("version") != VERSION:
        raise Refused([fault(f"{name}:1", "request-kind", version=VERSION)])
    faults = _check_head(head, f"{name}:1")
    if not faults and head["sites"] != len(lines) - 2:
        faults = [fault(name, "request-count", said=head["sites"], found=len(lines) - 2)]
    if faults:
        raise Refused(faults)
    wishes: dict[str, Wish] = {}
    for number, line in enumerate(lines[1:-1], start=2):
        place = f"{name}:{number}"
        try:
            wish = _wish(_object(line, place), place)
        except Refused as error:
            faults += error.faults
            continue
        if wish.site in wishes:
            faults.append(fault(f"{place}, {wish.site}", "request-twice"))
        wishes[wish.site] = wish
    if faults:
        raise Refused(faults)
    said = {one: head[one] for one in _HEAD[2:-1]}
    return Request(name=name, wishes=tuple(wishes.values()), sha256=hashlib.sha256(data).hexdigest(), **said)


def _object(line: bytes, place: str) -> dict[str, Any]:
    try:
        found = json.loads(line, object_pairs_hook=once)
    except (ValueError, RecursionError):
        raise Refused([fault(place, "request-json")]) from None
    if not isinstance(found, dict):
        raise Refused([fault(place, "request-json")])
    return found


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """For json: an object, if no name stands in it twice. Raises ValueError."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice")
    return found


def is_number(value: object, most: int) -> bool:
    """True for a whole number from 0 to `most`."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= most


def is_text(value: object, most: int = 1024) -> bool:
    """True for a text of printable characters, at most so many bytes."""
    return isinstance(value, str) and len(value.encode(errors="replace")) <= most and value.isprintable()


def _check_head(head: dict[str, Any], place: str) -> list[Fault]:
    known = set(_HEAD)
    found = [fault(place, "request-name", name=name) for name in sorted(known ^ set(head))]
    if found:
        return found
    numbers = {"year": 9999, "from_utc_s": U32_MAX, "to_utc_s": U32_MAX, "made_utc_s": U32_MAX}
    for name, most in (numbers | {"sites": SITES_MAX}).items():
        if not is_number(head[name], most):
            found.append(fault(place, "request-value", name=name))
    for name, most in (("gateway", 64), ("document", 24)):  # the wire has 24 bytes for a document
        if not is_text(head[name], most) or not head[name]:
            found.append(fault(place, "request-value", name=name))
    if not found and head["from_utc_s"] >= head["to_utc_s"]:
        found.append(fault(place, "request-value", name="to_utc_s"))
    return found


def _wish(line: dict[str, Any], place: str) -> Wish:
    """One line's wish. Raises Refused."""
    known = {"site", "policy", "rows", "corrections", "former", *_NUMBERS, *_BYTES}
    if set(line) != known:
        raise Refused([fault(place, "request-name", name=name) for name in sorted(known ^ set(line))])
    if not is_text(line["site"], 16) or not line["site"]:
        raise Refused([fault(place, "request-value", name="site")])
    place = f"{place}, {line['site']}"
    bad = [name for name, most in _NUMBERS.items() if not is_number(line[name], most)]
    if line["policy"] not in (STOP, FINISH, WARN):
        bad.append("policy")
    rows, corrections, former = (
        _rows(line["rows"]),
        _corrections(line["corrections"]),
        _former(line["former"]),
    )
    evidence = {name: _bytes(line[name]) for name in _BYTES}
    bad += ["rows"] if rows is None else []
    bad += ["corrections"] if corrections is None else []
    bad += ["former"] if former is None else []
    bad += [name for name, value in evidence.items() if value is None]
    if bad or rows is None or corrections is None or former is None:
        raise Refused([fault(place, "request-value", name=name) for name in bad])
    values: dict[str, Any] = {name: line[name] for name in _NUMBERS} | evidence
    return Wish(line["site"], line["policy"], rows, corrections=corrections, former=former, **values)


def _rows(value: object) -> tuple[WishRow, ...] | None:
    if not isinstance(value, list) or not 1 <= len(value) <= ROWS_MAX:
        return None
    for row in value:
        if not isinstance(row, list) or len(row) != len(WishRow._fields) or row[0] not in (WATER, ENERGY):
            return None
        if not all(map(is_number, row[1:], (U32_MAX, U32_MAX, U40_MAX))):
            return None
    return tuple(WishRow(*row) for row in value)


def _corrections(value: object) -> tuple[Correction, ...] | None:
    if not isinstance(value, list) or len(value) > CORRECTIONS_MAX:
        return None
    for one in value:
        if not isinstance(one, dict) or {*one, "energy_wh"} != set(Correction._fields):
            return None
        for count in (one["litres"], one.get("energy_wh", 0)):
            if not isinstance(count, int) or isinstance(count, bool) or abs(count) > U40_MAX:
                return None
        if one.get("energy_wh") and one["kind"] != DOUBLE:
            return None
        if not all(is_text(one[name]) for name in ("by", "because", "document", "kind")):
            return None
        if not is_number(one["act"], 1 << 53):
            return None
    return tuple(Correction(**one) for one in value)


def _former(value: object) -> tuple[bytes, ...] | None:
    if not isinstance(value, list) or len(value) > FORMER_MAX:
        return None
    found = tuple(data for one in value if (data := _bytes(one)))
    return found if len(found) == len(value) else None


def _bytes(value: object) -> bytes | None:
    if not isinstance(value, str):
        return None
    try:
        return base64.b64decode(value, validate=True)
    except ValueError:
        return None
