"""Rows of a sheet as what they wish of the registry: which object, which of its fields, or its end.

A column that a sheet has not leaves its field as it is; an empty cell empties it. So a sheet with two columns
changes two fields, and one with all columns says the whole object.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import NamedTuple

from karez_gateway.county.files.sheets import ABOUT, DAY, UNREADABLE, Cell, Place, Row, Sheet
from karez_gateway.county.registry.faults import BadCell, Facts, facts_of, sentence
from karez_gateway.county.registry.field import Field, Kind
from karez_gateway.county.registry.fields import DATE, YES_NO, Value
from karez_gateway.county.registry.kinds import KINDS
from karez_gateway.county.registry.objects import name_of

END, END_ZH = "end", "注销"
EFFECTIVE, EFFECTIVE_ZH = "effective", "生效日期"
BESIDE = {END: END, END_ZH: END, EFFECTIVE: EFFECTIVE, EFFECTIVE_ZH: EFFECTIVE}  # columns that are no field


class Finding(NamedTuple):
    """What is wrong, and where."""

    place: Place
    what: str
    facts: Facts = ()

    def text(self, language: str = "en") -> str:
        """Place and sentence."""
        return f"{self.place.text(language)}: {sentence(self.what, self.facts, language)}"


class Wish(NamedTuple):
    """A row: the object it names, and the fields it says (None: empty), or that it ends.

    `effective`: the day from which it holds, where the row says one.
    """

    kind: str
    name: str
    values: Mapping[str, Value | None]
    ends: bool
    place: Place
    columns: Mapping[str, str]  # key -> header of its column
    effective: str = ""

    def place_of(self, key: str) -> Place:
        """Where a field stands, or would stand."""
        known = {one.key: one.column for one in KINDS[self.kind].fields}
        return self.place._replace(column=self.columns.get(key, known.get(key, "")))


@dataclass(slots=True)
class Wishes:
    """What all files wish, and what could not be read. `lost`: (kind, name) of rows with a fault."""

    rows: dict[tuple[str, str], Wish] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    lost: set[tuple[str, str]] = field(default_factory=set)

    def say(self, place: Place, what: str, **facts: str | int) -> None:
        """Note what is wrong."""
        self.findings.append(Finding(place, what, facts_of(facts)))


class _Header(NamedTuple):
    """Fields by the number of their column; `beside`: where end and effective stand; labels of the file."""

    fields: Mapping[int, Field]
    names: list[int]  # of those, what makes the object's name
    beside: Mapping[str, int]
    labels: list[str]
    columns: Mapping[str, str]  # key -> label


def take(sheets: Iterable[Sheet], kind: str = "") -> Wishes:
    """Read sheets of a file, or of several. `kind`: what the rows are, where no name says so."""
    out = Wishes()
    for sheet in sheets:
        if sheet.name.lower() in ABOUT:
            continue
        known = KINDS.get(kind) or _kind_named(sheet.name or PurePath(sheet.file).stem)
        place = Place(sheet.file, sheet.name)
        if known is None:
            out.say(place, "no-kind", known=", ".join(KINDS))
        else:
            _sheet(sheet, known, place, out)
    return out


def _kind_named(name: str) -> Kind | None:
    return next((one for one in KINDS.values() if name.strip().lower() in (one.name, one.zh)), None)


def _sheet(sheet: Sheet, kind: Kind, place: Place, out: Wishes) -> None:
    before = len(out.findings)
    header = _header(sheet, kind, place, out)
    if header is None or len(out.findings) > before:
        return
    for row in sheet.rows[1:]:
        _row(row, kind, header, place._replace(row=row.number), out)
    if len(sheet.rows) == 1 and not sheet.name:  # an empty sheet of a workbook is a kind without news
        out.say(place, "no-rows")


def _header(sheet: Sheet, kind: Kind, place: Place, out: Wishes) -> _Header | None:
    keys = {one.column: one for one in kind.fields} | {one.zh: one for one in kind.fields}
    labels = [cell.text for cell in sheet.rows[0].cells] if sheet.rows else []
    place = place._replace(row=sheet.rows[0].number if sheet.rows else 0)
    fields: dict[int, Field] = {}
    beside: dict[str, int] = {}
    for at, label in enumerate(labels):
        found = keys.get(label) or keys.get(label.lower())
        other = BESIDE.get(label.lower(), "")
        if not label:
            continue
        if found is None and not other:
            known = ", ".join((*kind.columns, END, EFFECTIVE))
            out.say(place, "unknown-header", text=label[:40], known=known, kind=kind.name, kind_zh=kind.zh)
        elif found in fields.values() or (found is None and other in beside):
            out.say(place, "header-twice", text=label[:40])
        elif found is None:
            beside[other] = at
        else:
            fields[at] = found
    needed = kind.fields[: kind.named_by]
    if any(one not in fields.values() for one in needed):
        columns = ", ".join(one.column for one in needed)
        zh = "、".join(one.zh for one in needed)
        out.say(place, "no-header", kind=kind.name, kind_zh=kind.zh, needed=columns, needed_zh=zh)
        return None
    names = [at for at, one in fields.items() if one in needed]
    titles = {one.key: labels[at] for at, one in fields.items()}
    titles |= {name: labels[at] for name, at in beside.items()}
    return _Header(fields, names, beside, labels, titles)


def _row(row: Row, kind: Kind, header: _Header, place: Place, out: Wishes) -> None:
    """Put a row's wish, or its faults, into `out`."""
    before = len(out.findings)
    ends = _beside(END, YES_NO.read, row, header, place, out) == 1
    effective = str(_beside(EFFECTIVE, DATE.read, row, header, place, out) or "")
    values = _values(row, header, place, out, only_name=ends)
    missing = [at for at in header.names if values[header.fields[at].key] is None]
    if missing:
        if len(out.findings) == before:
            out.say(place._replace(column=header.labels[missing[0]]), "no-name")
        out.lost.add((kind.name, ""))  # whoever refers to it cannot be told wrong
        return
    name = name_of(kind.name, {key: value for key, value in values.items() if value is not None})
    key = kind.name, name
    known = out.rows.get(key)
    if len(out.findings) > before:
        out.lost.add(key)
    elif known is not None:
        other, other_zh = known.place.text(), known.place.text("zh")
        out.say(place, "named-twice", name=name, other=other, other_zh=other_zh)
    else:
        out.rows[key] = Wish(kind.name, name, values, ends, place, header.columns, effective)


def _values(
    row: Row, header: _Header, place: Place, out: Wishes, *, only_name: bool
) -> dict[str, Value | None]:
    """What its cells say; None: empty, or a fault."""
    fields = {at: header.fields[at] for at in header.names} if only_name else header.fields
    values: dict[str, Value | None] = {
        one.key: None for one in fields.values()
    }  # a short row is empty behind
    for at, cell in enumerate(row.cells):
        if not cell.text:
            continue
        one = fields.get(at)
        if one is not None:
            values[one.key] = _value(cell, one, place._replace(column=header.labels[at]), out)
        elif at not in header.fields and at not in header.beside.values():
            out.say(place._replace(column=_letters(at)), "beyond-header")
    return values


def _beside(
    name: str, reader: Callable[[str], Value], row: Row, header: _Header, place: Place, out: Wishes
) -> Value | None:
    """What a cell beside the fields says; None: empty, or a fault."""
    at = header.beside.get(name, len(row.cells))
    if at >= len(row.cells) or not row.cells[at].text:
        return None
    return _read(row.cells[at], reader, place._replace(column=header.labels[at]), out)


def _value(cell: Cell, one: Field, place: Place, out: Wishes) -> Value | None:
    if cell.sort == DAY and one.sort is not DATE:
        out.say(place, "day-cell")
        return None
    return _read(cell, one.sort.read, place, out)


def _read(cell: Cell, reader: Callable[[str], Value], place: Place, out: Wishes) -> Value | None:
    if cell.sort in UNREADABLE:
        out.say(place, cell.sort, text=cell.text[:40])
        return None
    try:
        return reader(cell.text)
    except BadCell as error:
        out.findings.append(Finding(place, error.what, error.facts))
        return None


def _letters(at: int) -> str:
    """A column as spreadsheets call it."""
    out = ""
    at += 1
    while at:
        at, rest = divmod(at - 1, 26)
        out = chr(ord("A") + rest) + out
    return out
