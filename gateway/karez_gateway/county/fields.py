"""Cells of the county's tables: how a text becomes a whole number with a unit, and back.

People write cubic metres, mu and yuan with decimals; the books hold litres, 0.01 mu and fen. A cell that says
more decimals than the books hold is refused, never rounded. Spreadsheets hand over numbers where a person
typed a number: they are read by their shortest decimal text.
"""

import datetime as dt
import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import NamedTuple

from karez_gateway.errors import Refused

Value = str | int

TEXT_BYTES_MAX = 400
INTEGER_MAX = (1 << 53) - 1  # what every JSON reader keeps exactly: 9 × 10¹² m³
TRUE, FALSE = ("yes", "true", "1", "是"), ("no", "false", "0", "否")

_CODE = re.compile(r"[^\s/\x00-\x1f](?:[^/\x00-\x1f]*[^\s/\x00-\x1f])?")


class Sort(NamedTuple):
    """A sort of cell: text to value, value to text."""

    read: Callable[[str], Value]
    show: Callable[[Value], str]


def _text(text: str) -> Value:
    if not text.isprintable():
        raise Refused("holds characters that cannot be printed, such as a line break")
    if len(text.encode()) > TEXT_BYTES_MAX:
        raise Refused(f"has more than {TEXT_BYTES_MAX} bytes")
    return text


def _code(text: str) -> Value:
    if not _CODE.fullmatch(text) or not text.isprintable() or len(text.encode()) > 64:
        raise Refused(f"{text[:40]!r} is no name: 1 to 64 bytes, no slash, no space at its ends")
    return text


def _decimal(places: int, unit: str) -> Sort:
    def read(text: str) -> Value:
        try:
            scaled = Decimal(text.replace(",", "")).scaleb(places)
        except InvalidOperation:
            raise Refused(f"{text[:40]!r} is no number{unit and ' of ' + unit}") from None
        if not scaled.is_finite() or scaled != scaled.to_integral_value():
            raise Refused(
                f"{text[:40]!r} has more than {places} decimals" if places else f"{text!r} is not whole"
            )
        if not 0 <= scaled <= INTEGER_MAX:
            raise Refused(f"{text[:40]!r} is below zero or larger than the books can hold")
        return int(scaled)

    def show(value: Value) -> str:
        text = format(Decimal(value).scaleb(-places), "f")
        return text.rstrip("0").rstrip(".") if "." in text else text

    return Sort(read, show)


def _date(text: str) -> Value:
    for form in ("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d"):
        try:
            return dt.datetime.strptime(text, form).date().isoformat()  # noqa: DTZ007 - a day has no zone
        except ValueError:
            continue
    raise Refused(f"{text[:40]!r} is no day: write 2026-10-01")


def _yes_no(text: str) -> Value:
    word = text.lower()
    if word in TRUE:
        return 1
    if word in FALSE:
        return 0
    raise Refused(f"{text[:40]!r} is neither yes nor no")


def choice(words: dict[str, str]) -> Sort:
    """One of some words; the Chinese ones are read, too."""
    chinese = {zh: word for word, zh in words.items()}

    def read(text: str) -> Value:
        word = chinese.get(text, text.lower())
        if word not in words:
            raise Refused(f"{text[:40]!r} is not known: one of {', '.join(words)}")
        return word

    return Sort(read, str)


TEXT = Sort(_text, str)
CODE = Sort(_code, str)
DATE = Sort(_date, str)
YES_NO = Sort(_yes_no, lambda value: "yes" if value else "no")
INTEGER = _decimal(0, "")
YEAR = _decimal(0, "years")
CUBIC_METRES = _decimal(3, "m³")  # litres
KILOWATT_HOURS = _decimal(3, "kWh")  # Wh
MU = _decimal(2, "mu")  # 0.01 mu
YUAN = _decimal(2, "yuan")  # fen
METRES = _decimal(3, "m")  # mm
RATIO = _decimal(3, "")  # thousandths: a multiplier, m³/kWh as L/kWh, m³/mu as L/mu
PERCENT = _decimal(1, "%")  # per mille
