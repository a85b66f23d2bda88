"""One month's file of the power company: texts in, readings with units out, or every fault with its line.

Nothing is half taken: one faulty row refuses the file. Energy is Wh; readings are thousandths of a kWh before
the multiplier, which is in thousandths. Days are ISO; a span's last day is not part of it.
"""

import datetime as dt
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from karez_gateway.county.power import columns
from karez_gateway.county.power.cells import Cells
from karez_gateway.county.registry import fields
from karez_gateway.errors import Refused

FAULTS_SHOWN = 20
_MONTH = re.compile(r"(\d{4})\D{0,2}(\d{1,2})\D?")
_FIRST_DAY = re.compile(r"(\d{4}-\d\d)-01")  # of a month: how a workbook keeps one
_DAY = re.compile(r"(\d{4})\D?(\d{2})\D?(\d{2})")


class Reading(NamedTuple):
    """What the company says of one meter. `has_dates`: it said on which days it read it."""

    meter: str  # as the file has it
    from_date: str
    to_date: str
    energy_wh: int
    multiplier_milli: int | None
    has_dates: bool
    line: int


def number_of(text: str) -> str:
    """A meter's number as it is compared: no blanks, width or leading zeros; a spreadsheet's .0 is none."""
    found = columns.plain(text).replace("-", "")
    found = re.sub(r"\.0+$", "", found) if re.fullmatch(r"\d+\.0+", found) else found
    return found.lstrip("0") or found


def read(
    rows: Iterable[Cells], places: Mapping[str, str], month: str, file: str
) -> tuple[list[Reading], list[str]]:
    """(readings, notes) of a file for a month ("2026-07"). Raises Refused with the first faults."""
    first, last = month_span(month)
    found: list[Reading] = []
    faults: list[str] = []
    notes: list[str] = []
    seen: dict[tuple[str, str], str] = {}
    for row in rows:
        texts = {name: row.texts.get(title, "") for name, title in places.items()}
        if not texts["meter"]:
            faults.append(f"{row.where}: no meter number")
            continue
        bad = [f"{row.where}: {name}: {row.faults[t]}" for name, t in places.items() if t in row.faults]
        faults += bad
        if bad:
            continue
        try:
            one = _reading(texts, row, first, last, notes)
        except Refused as error:
            faults.append(f"{row.where}: {error}")
            continue
        key = (number_of(one.meter), one.from_date)
        if key in seen:
            faults.append(f"{row.where}: meter {one.meter} stands in {seen[key]} already")
        seen.setdefault(key, row.where)
        found.append(one)
    if faults:
        more = f" … and {len(faults) - FAULTS_SHOWN} more" if len(faults) > FAULTS_SHOWN else ""
        raise Refused(f"{file} was not taken in:\n" + "\n".join(faults[:FAULTS_SHOWN]) + more)
    if not found:
        raise Refused(f"{file} has no rows")
    return found, notes


def month_span(text: str) -> tuple[str, str]:
    """(first day, first day of the next month) of a month. Raises Refused."""
    parts = _MONTH.fullmatch(columns.plain(text))
    if not parts or not 1 <= int(parts[2]) <= 12 or not 1971 <= int(parts[1]) <= 2104:
        raise Refused(f"{text!r} is no month: write 2026-07")
    first = dt.date(int(parts[1]), int(parts[2]), 1)
    return first.isoformat(), (first + dt.timedelta(days=31)).replace(day=1).isoformat()


def _reading(texts: Mapping[str, str], row: Cells, first: str, last: str, notes: list[str]) -> Reading:
    if texts.get("month") and month_span(_FIRST_DAY.sub(r"\1", texts["month"])) != (first, last):
        raise Refused(f"is of {texts['month']}, not of {first[:7]}")
    begin, end = _cell(texts, "from_date", _day), _cell(texts, "to_date", _day)
    if (begin is None) != (end is None):
        raise Refused("has one reading day; both or none are needed")
    if begin is not None and end is not None and begin >= end:
        raise Refused(f"its readings of {begin} and {end} are not in order")
    multiplier = _cell(texts, "multiplier", _with(fields.RATIO))
    energy_wh = _energy(texts, multiplier, row.where, notes)
    has_dates = begin is not None
    return Reading(texts["meter"], begin or first, end or last, energy_wh, multiplier, has_dates, row.line)


def _energy(texts: Mapping[str, str], multiplier: int | None, where: str, notes: list[str]) -> int:
    said = _cell(texts, "energy_kwh", _with(fields.KILOWATT_HOURS))
    before, after = (_cell(texts, name, _with(fields.RATIO)) for name in ("from_reading", "to_reading"))
    if before is None or after is None:
        if said is None:
            raise Refused("has neither energy nor both readings")
        return int(said)
    if after < before and said is None:
        raise Refused(
            "its reading falls and no energy is given: a register that went round, or another meter"
        )
    by_readings = (after - before) * (multiplier if multiplier is not None else 1000) // 1000
    if said is None:
        return int(by_readings)
    # The company rounds to whole kWh and may charge losses; it is said, not corrected.
    if abs(by_readings - said) > max(1000, said // 100):
        notes.append(f"{where}: {texts['meter']}: energy {said} Wh, but its readings give {by_readings} Wh")
    return int(said)


def _with(sort: fields.Sort) -> Callable[[str], Any]:
    def cell(text: str) -> Any:
        return sort.read(columns.plain(text))

    return cell


def _cell(texts: Mapping[str, str], name: str, read_cell: Callable[[str], Any]) -> Any:
    """A cell's value, None where it is empty. Raises Refused naming the column."""
    text = texts.get(name, "")
    if not text:
        return None
    try:
        return read_cell(text)
    except Refused as error:
        raise Refused(f"{name}: {error}") from None


def _day(text: str) -> str:
    parts = _DAY.match(columns.plain(text))
    try:
        if parts:
            return dt.date(int(parts[1]), int(parts[2]), int(parts[3])).isoformat()
    except ValueError:
        pass
    return str(fields.DATE.read(text))
