"""Corrections as CSV: what a person fills in, and what a proposal hands to a person. Pure.

Columns: site, kind, period (2026-10, 2026-10-01 or 2026-10-01T14), method, to_method (empty, or where the
litres go), volume_m3 (with sign and at most three decimals), note (read by nobody), energy_kwh (with sign, of
the kind double without litres alone; a file may lack it).
"""

import csv
import io
from collections.abc import Iterable
from typing import Any, NamedTuple

from karez_gateway.calendars import DAY, HOUR, MONTH, Calendar
from karez_gateway.county.ledger.corrections import DOUBLE, METHOD_OF, WH_MAX, Correction, checked, moved
from karez_gateway.county.registry import fields
from karez_gateway.county.years import periods
from karez_gateway.county.years.wateryear import WaterYears
from karez_gateway.errors import Refused
from karez_gateway.exports.writers import defused
from karez_gateway.ledger.figures import method as method_of

COLUMNS = ("site", "kind", "period", "method", "to_method", "volume_m3", "note")
KNOWN = (*COLUMNS, "energy_kwh")
NEEDED = (*COLUMNS[:4], "volume_m3")
BYTES_MAX = 8 << 20
MINUS = ("-", "−")
SIGNS = (*MINUS, "+")


class Row(NamedTuple):
    """One line, as texts."""

    site: str
    kind: str
    period: str
    method: str
    to_method: str
    volume_m3: str
    note: str = ""
    energy_kwh: str = ""


def read(data: bytes, name: str, years: WaterYears, now_s: int) -> list[Correction]:
    """All corrections of a file. Raises Refused with every bad line, and where it is bad."""
    found: list[Correction] = []
    wrong: list[str] = []
    for number, row in _rows(data, name):
        try:
            found += corrections(row, years, now_s)
        except Refused as error:
            wrong.append(f"{name}, line {number}: {error}")
    if wrong:
        raise Refused("; ".join(wrong[:20]) + (f"; and {len(wrong) - 20} more" if len(wrong) > 20 else ""))
    if not found:
        raise Refused(f"{name} holds no correction")
    return found


def corrections(row: Row, years: WaterYears, now_s: int) -> list[Correction]:
    """What a line says: one correction, or two where litres change their method. Raises Refused."""
    span = periods.named(row.period, years, HOUR, DAY, MONTH).span
    litres = litres_of(row.volume_m3)
    one = Correction(row.site, row.kind, number_of(row.method), *span, litres, _energy_wh(row, litres))
    checked(one, years.calendar, now_s)
    if not row.to_method:
        return [one]
    if litres < 0 or row.to_method == row.method:
        raise Refused("litres that change their method are above zero, and the methods are two")
    return list(moved(one, number_of(row.to_method)))


def _energy_wh(row: Row, litres: int) -> int:
    if not row.energy_kwh:
        return 0
    if row.kind != DOUBLE or litres or row.to_method:
        raise Refused(f"energy is said by a correction of the kind {DOUBLE} without litres alone")
    wh = _signed(row.energy_kwh, fields.KILOWATT_HOURS)
    if not 0 < abs(wh) <= WH_MAX:
        raise Refused(
            "a correction has kWh, above zero or below, up to 10⁹; left out, it takes off all of it"
        )
    return wh


def number_of(code: str) -> int:
    """The number of a method. Raises Refused."""
    if code not in METHOD_OF:
        raise Refused(f"{code[:40]!r} is no method: one of {', '.join(METHOD_OF)}")
    return METHOD_OF[code]


def litres_of(text: str) -> int:
    """Litres of cubic metres with a sign. Raises Refused."""
    return _signed(text, fields.CUBIC_METRES)


def _signed(text: str, sort: fields.Sort) -> int:
    sign, rest = (text[:1], text[1:]) if text.startswith(SIGNS) else ("", text)
    count = int(sort.read(rest))
    return -count if sign in MINUS else count


def _rows(data: bytes, name: str) -> list[tuple[int, Row]]:
    if len(data) > BYTES_MAX:
        raise Refused(f"{name} has more than {BYTES_MAX >> 20} MB")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Refused(f"{name}: byte {error.start} is no UTF-8: save it as CSV UTF-8") from None
    lines = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        columns = [one.strip() for one in lines.fieldnames or ()]
        _check_columns(columns, name)
        lines.fieldnames = columns
        return [(lines.line_num, _row(each, name, lines.line_num)) for each in lines]
    except csv.Error as error:
        raise Refused(f"{name}, line {lines.line_num}: {error}") from None


def _check_columns(columns: list[str], name: str) -> None:
    unknown = [one for one in columns if one not in KNOWN]
    missing = [one for one in NEEDED if one not in columns]
    if unknown or missing or len(set(columns)) < len(columns):
        raise Refused(f"{name}: its columns are {', '.join(COLUMNS)}, each once; it has {', '.join(columns)}")


def _row(cells: dict[str | Any, str | Any], name: str, number: int) -> Row:
    if None in cells:
        raise Refused(f"{name}, line {number}: more cells than there are columns")
    texts = {key: (value or "").strip().removeprefix("'") for key, value in cells.items() if key}
    return Row(**{one: texts.get(one, "") for one in KNOWN})


def written(rows: Iterable[Row]) -> bytes:
    """The same as a file for a person: UTF-8 with its mark, no cell a formula."""
    out = io.StringIO(newline="")
    lines = csv.writer(out)
    lines.writerow(COLUMNS)
    for row in rows:
        sign = Row(*(str(defused(cell)) for cell in row))._replace(volume_m3=row.volume_m3)
        lines.writerow(sign[: len(COLUMNS)])
    return out.getvalue().encode("utf-8-sig")


def row_of(one: Correction, civil: Calendar, note: str = "") -> Row:
    """A correction of a whole month as a line."""
    return Row(
        one.site, one.kind, civil.name(MONTH, one.from_utc_s), method_of(one.method).code, "",
        shown(one.litres), note,
    )  # fmt: skip


def shown(litres: int) -> str:
    """Litres as cubic metres with their sign."""
    return ("-" if litres < 0 else "") + fields.CUBIC_METRES.show(abs(litres))


def kwh(energy_wh: int) -> str:
    """Wh as kilowatt hours with their sign."""
    return ("-" if energy_wh < 0 else "") + fields.KILOWATT_HOURS.show(abs(energy_wh))
