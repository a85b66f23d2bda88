"""Cells of the county's tables: how a text becomes a whole number with a unit, and back.

People write cubic metres, mu and yuan with decimals; the books hold litres, 0.01 mu and fen. A cell that says
more decimals than the books hold is refused, never rounded. Spreadsheets hand over numbers where a person
typed a number: they are read by their shortest decimal text.
"""

import datetime as dt
import re
from collections.abc import Callable, Mapping
from decimal import Context, Decimal
from types import MappingProxyType
from typing import NamedTuple

from karez_gateway.county.registry.faults import BadCell

Value = str | int

TEXT_BYTES_MAX = 400
INTEGER_MAX = (1 << 53) - 1  # what every JSON reader keeps exactly: 9 × 10¹² m³
TRUE, FALSE = ("yes", "true", "1", "是"), ("no", "false", "0", "否")

NUMBER_CHARACTERS_MAX = 60
_EXACT = Context(prec=100)  # more than any text has: nothing is rounded unseen
# A comma parts thousands and nothing else: 1,5 is no number, for it would become 15.
_NUMBER = re.compile(r"[+-]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d*)?(?:[eE][+-]?\d{1,3})?|\.\d+")
_DAY = re.compile(r"([0-9]{4})([-/.])([0-9]{1,2})\2([0-9]{1,2})")
_CODE = re.compile(r"[^\s/\x00-\x1f](?:[^/\x00-\x1f]*[^\s/\x00-\x1f])?")


class Sort(NamedTuple):
    """A sort of cell: text to value, value to text; `read` raises BadCell.

    `says` names it in wording.SORTS; `words` are those of a choice with their Chinese, `places` its decimals.
    """

    read: Callable[[str], Value]
    show: Callable[[Value], str]
    says: str
    words: Mapping[str, str] = MappingProxyType({})
    places: int | None = None  # None: no number


def _text(text: str) -> Value:
    if not text.isprintable():
        raise BadCell("unprintable")
    if len(text.encode()) > TEXT_BYTES_MAX:
        raise BadCell("text-long", most=TEXT_BYTES_MAX)
    return text


def _code(text: str) -> Value:
    if not _CODE.fullmatch(text) or not text.isprintable() or len(text.encode()) > 64:
        raise BadCell("code", text=text)
    return text


def _decimal(places: int) -> Sort:
    def read(text: str) -> Value:
        if not _NUMBER.fullmatch(text) or len(text) > NUMBER_CHARACTERS_MAX:
            raise BadCell("no-number", text=text)
        scaled = _EXACT.scaleb(Decimal(text.replace(",", "")), places)
        if not 0 <= scaled <= INTEGER_MAX:
            raise BadCell("range", text=text)
        if scaled != scaled.to_integral_value():
            raise BadCell("decimals", text=text, places=places) if places else BadCell("not-whole", text=text)
        return int(scaled)

    def show(value: Value) -> str:
        text = format(Decimal(value).scaleb(-places), "f")
        return text.rstrip("0").rstrip(".") if "." in text else text

    return Sort(read, show, "number" if places else "whole", places=places)


def _date(text: str) -> Value:
    found = _DAY.fullmatch(text)
    try:
        if found:
            return dt.date(int(found[1]), int(found[3]), int(found[4])).isoformat()
    except ValueError:  # the 30th of February
        pass
    raise BadCell("no-day", text=text)


def _yes_no(text: str) -> Value:
    word = text.lower()
    if word in TRUE:
        return 1
    if word in FALSE:
        return 0
    raise BadCell("no-yes", text=text)


def choice(words: dict[str, str]) -> Sort:
    """One of some words; the Chinese ones are read, too."""
    chinese = {zh: word for word, zh in words.items()}

    def read(text: str) -> Value:
        word = chinese.get(text, text.lower())
        if word not in words:
            known_zh = "、".join(words.values())
            raise BadCell("no-word", text=text, known=", ".join(words), known_zh=known_zh)
        return word

    return Sort(read, str, "choice", MappingProxyType(dict(words)))


TEXT = Sort(_text, str, "text")
CODE = Sort(_code, str, "code")
DATE = Sort(_date, str, "date")
YES_NO = Sort(
    _yes_no, lambda value: "yes" if value else "no", "yes-no", MappingProxyType({"yes": "是", "no": "否"})
)
INTEGER = _decimal(0)
YEAR = _decimal(0)
CUBIC_METRES = _decimal(3)  # litres
KILOWATT_HOURS = _decimal(3)  # Wh
MU = _decimal(2)  # 0.01 mu
YUAN = _decimal(2)  # fen
METRES = _decimal(3)  # mm
RATIO = _decimal(3)  # thousandths: a multiplier, m³/kWh as L/kWh, m³/mu as L/mu
PERCENT = _decimal(1)  # per mille
