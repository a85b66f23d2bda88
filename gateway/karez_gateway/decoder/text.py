"""Findings as text: a headline and a table each, one field a line, at the width of the reader's screen."""

import re
from collections.abc import Iterator

from rich.cells import cell_len, chop_cells

from . import chinese
from .finding import KIND_ERASED, KIND_INVALID, Field, Finding
from .wording import PAGE

BYTES_A_LINE = 8  # as many as a reader compares at a glance
STRAY_BYTES_MAX = 64  # shown of a stretch without fields; the offsets tell where the rest is
STACKED_BELOW = 76  # columns: a narrower screen has no room for five of them
_INDENT = 2
# What is not broken: a word, or one Chinese character with the signs that may not begin or end a line.
_WORD = re.compile(r"[（“]*[\u2e80-\u9fff][，。；：、）！？”]*|[^\s\u2e80-\u9fff（，。；：、]+|\S")
_MEANING_MIN = 16
_MEANING_PADDED_MAX = 48  # wider meanings push their unit to the right rather than every other one


class Page:
    """Writes findings in one language. `width`: columns of the screen, None when nothing must be wrapped."""

    def __init__(self, language: str, width: int | None = None) -> None:
        """`language` is one of wording.LANGUAGES."""
        self._text = PAGE[language]
        self._is_chinese = language == "zh"
        self._width = width

    def headline(self, number: int, finding: Finding) -> str:
        """Number, kind, place, good or bad."""
        kind = str(finding.facts["kind"])
        title = finding.title
        reason = str(finding.facts.get("reason", "?"))
        if kind in (KIND_INVALID, KIND_ERASED):
            kind = self._text[kind]
        elif self._is_chinese:
            kind, title = chinese.kind(kind), chinese.sentence(title)
        place = self._text["place"].format(offset=finding.offset, length=finding.length)
        verdict = "" if finding.facts["kind"] == KIND_ERASED else self._text["good"]
        if not finding.is_good:
            verdict = self._text["bad"].format(reason=chinese.reason(reason) if self._is_chinese else reason)
        return "  ".join(_safe(part) for part in (f"{number}.", title or kind, place, verdict) if part)

    def body(self, finding: Finding, data: bytes) -> Iterator[str]:
        """Why it is bad, then its fields, or the bytes themselves where nothing could be read."""
        detail = str(finding.facts.get("detail", ""))
        fields = chinese.fields(finding.fields) if self._is_chinese else finding.fields
        if not finding.is_good and detail:
            yield from self._wrapped(chinese.sentence(detail) if self._is_chinese else detail, _INDENT)
        if fields and self._width is not None and self._width < STACKED_BELOW:
            for field in fields:
                yield from self._stacked(field)
        elif fields:
            yield from self._table(fields)
        elif finding.facts["kind"] != KIND_ERASED:
            yield from self._stray(data[finding.offset : finding.offset + finding.length])

    def summary(self, good: int, bad: int, length: int) -> str:
        """The last line."""
        if not good and not bad:
            return self._text["nothing"].format(length=length)
        return self._text["found"].format(good=good, bad=bad, length=length)

    def _wrapped(self, text: str, indent: int) -> Iterator[str]:
        for line in _fold(_safe(text), None if self._width is None else self._width - indent):
            yield " " * indent + line

    def _stray(self, data: bytes) -> Iterator[str]:
        yield from (
            " " * _INDENT + line for line in self._hex_lines(data[:STRAY_BYTES_MAX], 2 * BYTES_A_LINE)
        )
        if len(data) > STRAY_BYTES_MAX:
            yield " " * _INDENT + self._text["more"].format(count=len(data) - STRAY_BYTES_MAX)

    def _hex_lines(self, data: bytes, count: int) -> list[str]:
        if len(data) > count and data == data[:1] * len(data):
            return [f"{data[:1].hex()} × {len(data)}"]
        if self._width is not None:
            count = max(1, min(count, (self._width - 2 * _INDENT) // 3))
        return [data[at : at + count].hex(" ") for at in range(0, len(data), count)] or [""]

    def _stacked(self, field: Field) -> Iterator[str]:
        yield from self._wrapped(
            f"{field.offset} {field.name}: {field.meaning} {field.unit}".rstrip(), _INDENT
        )
        yield from (" " * 2 * _INDENT + line for line in self._hex_lines(field.raw, BYTES_A_LINE))

    def _table(self, fields: tuple[Field, ...]) -> Iterator[str]:
        titles = [self._text[name] for name in ("offset", "raw", "name", "meaning", "unit")]
        cells = [[str(one.offset), _safe(one.name), _safe(one.meaning), _safe(one.unit)] for one in fields]
        offset = max(cell_len(text) for text in (titles[0], *(row[0] for row in cells)))
        raw = 3 * min(BYTES_A_LINE, max(len(one.raw) for one in fields)) - 1
        raw = max(raw, cell_len(titles[1]))
        name = max(cell_len(text) for text in (titles[2], *(row[1] for row in cells)))
        unit = max(cell_len(text) for text in (titles[4], *(row[3] for row in cells)))
        longest = max(cell_len(text) for text in (titles[3], *(row[2] for row in cells)))
        room = None
        if self._width is not None:
            room = max(_MEANING_MIN, self._width - _INDENT - offset - raw - name - unit - 8)
        widths = (raw, name, min(longest, room or _MEANING_PADDED_MAX))
        yield " " * _INDENT + _row(
            _left(titles[0], offset), titles[1], titles[2], titles[3], titles[4], widths
        )
        for one, row in zip(fields, cells, strict=True):
            raws = self._hex_lines(one.raw, BYTES_A_LINE)
            meanings = _fold(row[2], room)
            for at in range(max(len(raws), len(meanings))):
                first = at == 0
                yield " " * _INDENT + _row(
                    " " * (offset - len(row[0])) + row[0] if first else " " * offset,
                    raws[at] if at < len(raws) else "",
                    row[1] if first else "",
                    meanings[at] if at < len(meanings) else "",
                    row[3] if first else "",
                    widths,
                )


def _row(offset: str, raw: str, name: str, meaning: str, unit: str, widths: tuple[int, int, int]) -> str:
    columns = [
        offset,
        *(_left(text, width) for text, width in zip((raw, name, meaning), widths, strict=True)),
        unit,
    ]
    return "  ".join(columns).rstrip()


def _left(text: str, width: int) -> str:
    return text + " " * (width - cell_len(text))


def _fold(text: str, width: int | None) -> list[str]:
    """Lines of at most `width` columns, broken at blanks, and between Chinese characters."""
    if width is None or cell_len(text) <= width:
        return [text]
    lines = [""]
    behind = 0
    for found in _WORD.finditer(text):
        word, blank = found[0], " " if found.start() > behind else ""
        behind = found.end()
        joined = lines[-1] + blank + word if lines[-1] else word
        if cell_len(joined) <= width:
            lines[-1] = joined
            continue
        # A word that fits no line at all (a digest) is cut.
        pieces = chop_cells(word, max(width, 2))
        lines += pieces if lines[-1] else []
        if not lines[-1]:
            lines[-1:] = pieces
    return lines


def _safe(text: str) -> str:
    """The text without control characters: names in a hostile frame must not steer a terminal."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)
