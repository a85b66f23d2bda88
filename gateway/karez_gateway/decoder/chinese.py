"""What the decoders find, in Chinese: names, meanings and reasons are put over when they are shown.

The words are data of chinese_codes and of the modules named in _MODULES:

    NAMES      name of a field -> its standard term; `_` in a name counts as a blank
    PHRASES    a meaning, or a part of one
    MEANINGS   {field: {phrase: words}} where a phrase means something else in another field
    SENTENCES  with places: {a} a number or bytes in hex, {A} a phrase that is put over itself,
               {text} whatever stands there, kept as it is; the first that fits is taken
    RUN        phrases that stand in a row with blanks between

A phrase that is not known stays English, whole: half a sentence would say something wrong.
Nothing here changes what `--json` prints.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache, lru_cache

from . import (
    chinese_cjt188,
    chinese_codes,
    chinese_dlt645,
    chinese_modbus,
    chinese_own,
    chinese_sl651,
    chinese_szy206,
    chinese_update,
)
from .finding import Field

_MODULES = (
    chinese_update,
    chinese_modbus,
    chinese_dlt645,
    chinese_cjt188,
    chinese_own,
    chinese_szy206,
    chinese_sl651,
)
# What a meter, an officer or an operator wrote: never a phrase of ours.
KEPT = frozenset(
    {
        "accuracy_class",
        "board",
        "detail error",
        "detail serial",
        "detail task",
        "device number",
        "document",
        "identification",
        "manual text",
        "maximum_current",
        "rated_current",
        "rated_voltage",
        "release",
        "site",
        "software version",
        "target",
    }
)
# Of these our decoders say in the same place that the bytes are no text.
_ABOUT_TEXT = re.compile(r"\w+ is not UTF-8|\w+: bytes after the end of its text|not supported")
UNITS = {"bytes": "字节", "yuan": "元", "impulses/kWh": "imp/kWh", "degC": "°C"}
# At the end, when nothing more particular fits: a code and its word, a list, a sentence.
_LISTS = {
    "{A} ({b})": "{A} ({b})",
    "{a} {B}": "{a} {B}",
    "{A}, {B}": "{A}，{B}",
    "{A}.": "{A}。",
}
_DEPTH_MAX = 40  # a list is a phrase and a shorter list: the longest has 32 alarm bits
_CACHED = 4096  # a capture says the same few things over and over

_NUMBER = r"[-+]?(?:0x[0-9A-Fa-f]+|[0-9A-F]+|[0-9a-f]{8,})(?:\.[0-9]+)?"
_PLACE = re.compile(r"\{(\w+)\}")
# Times, and numbers and bytes in hex, which may have letters and are no words.
_FIGURES = re.compile(r"\b(?:\d{4}-\d\d-\d\dT[0-9:]+Z|0x[0-9A-Fa-f]+|[0-9A-F]+|[0-9a-f]{8,})\b")
_LETTER = re.compile("[A-Za-z]")
_WITHIN = re.compile(r"row \d+ |detail ")  # a field inside another: its words are those of the field


def _merged(table: str) -> dict[str, str]:
    out: dict[str, str] = {}
    for module in _MODULES:
        out |= getattr(module, table, {})
    return out


_NAMES = {name.replace("_", " "): words for name, words in _merged("NAMES").items()}
_NAMES_OF_BYTE = _merged("NAMES_OF_BYTE")
_PHRASES = _merged("PHRASES") | _merged("RUN")
_KINDS = _merged("KINDS")
_REASONS = _merged("REASONS")
_MEANINGS: Mapping[str, Mapping[str, str]] = chinese_codes.MEANINGS


def _group(place: str) -> str:
    if place.isupper():
        return f"(?P<{place}>.+?)"
    return f"(?P<{place}>.*?)" if place == "text" else f"(?P<{place}>{_NUMBER})"


@cache
def _sentences() -> tuple[tuple[re.Pattern[str], str], ...]:
    found = []
    for english, words in {**_merged("SENTENCES"), **_LISTS}.items():
        parts = _PLACE.split(english)
        pattern = "".join(_group(part) if at % 2 else re.escape(part) for at, part in enumerate(parts))
        found.append((re.compile(pattern, re.DOTALL), words))
    return tuple(found)


@cache
def _run() -> re.Pattern[str]:
    """Match one phrase of a run, and the blank before the next."""
    phrases = sorted(_merged("RUN"), key=len, reverse=True)
    return re.compile(f"({'|'.join(phrases)})( [0-9]+)?(?: |$)")


@lru_cache(_CACHED)
def phrase(english: str, field: str = "", depth: int = 0) -> str | None:
    """Return a meaning, name, or sentence in Chinese, None if it is not known.

    `field`: the name of the field of our own layouts that it stands in.
    """
    for table in (_MEANINGS.get(field, {}), _PHRASES, _NAMES):
        if english in table:
            return table[english]
    if not _LETTER.search(_FIGURES.sub("", english)):
        return english
    if depth >= _DEPTH_MAX:
        return None
    for pattern, words in _sentences():
        match = pattern.fullmatch(english)
        if match:
            parts = {
                place: phrase(part, field, depth + 1) if place.isupper() else part
                for place, part in match.groupdict().items()
            }
            if None not in parts.values():
                return words.format(**parts)
    return _in_a_row(english)


def _in_a_row(english: str) -> str | None:
    found = []
    at = 0
    while at < len(english):
        match = _run().match(english, at)
        if match is None:
            return None
        found.append(_PHRASES[match[1]] + (match[2] or ""))
        at = match.end()
    return "、".join(found)


def sentence(english: str) -> str:
    """Return a title or the detail of a bad frame; English where it is not known."""
    return phrase(english) or english


def kind(english: str) -> str:
    """Return what a finding is, such as a request or a record."""
    return _KINDS.get(english, english)


def reason(english: str) -> str:
    """Return the word of a bad frame's `reason`."""
    return _REASONS.get(english, english)


def name(english: str, size: int) -> str:
    """Return the standard term for a field of so many bytes."""
    words = _NAMES_OF_BYTE.get(english) if size == 1 else None
    plain = english.replace("_", " ")
    return words or _NAMES.get(plain) or phrase(plain) or english


def meaning(english: str, field: str) -> str:
    """Return what the field with this English name says."""
    if field in KEPT and not _ABOUT_TEXT.fullmatch(english):
        return english
    return phrase(english, _WITHIN.sub("", field)) or english


def fields(found: Iterable[Field]) -> tuple[Field, ...]:
    """Return the fields as they are shown; offsets and bytes stay."""
    return tuple(
        replace(
            one,
            name=name(one.name, len(one.raw)),
            meaning=meaning(one.meaning, one.name),
            unit=UNITS.get(one.unit, one.unit),
        )
        for one in found
    )
