r"""Captures as terminal programs and loggers write them: what of a line is bytes.

The rule, a line at a time:
1. Stamps fall away: dates, times, decimal numbers and [words in brackets] before the bytes,
   dates and times behind them (log_words.py).
2. A Python literal (b'\x01\x03') or a list of decimals behind a direction is the bytes.
3. Else the bytes are the longest run of words of one shape that are pairs of hex digits:
   01 03, 0103, 01:03, F7.03, 0x1 0x3, [01][03]. Less than four bytes are taken only behind a
   direction (TX, recv:, ->, 发送) or where nothing but bytes is on the line.
4. Behind two blanks or | a text column is ignored, if its characters are those of the bytes.
5. Numbers with a word of their own (slave 01, crc F84A, at 305852, (8), 20 ms) are no bytes.
6. A line without bytes is left out, and counted; one that may be read in two ways is refused.
"""

import re

from . import number_lists
from .log_runs import GAP, Run, runs_of
from .log_words import (
    BEGINS,
    COUNTED,
    FRONT,
    REPEATED,
    SAID,
    SUM,
    UNIT,
    looks_like_a_log,
    without_stamps,
)

_LINES_LOOKED_AT = 200  # to see whether a text is a log
_FRAME_BYTES_MIN = 4  # a shorter run in the middle of words is a number, not a frame
_OWN_BYTES_MAX = 4  # a tick or an address of a log; a longer word is bytes
_SUM_BYTES_MAX = 2  # a CRC
_CONTEXT_MAX = 48  # characters before a run that say what it is
_SHOWN_MAX = 24
_OPENING = " \t,;'\"[({<|"

_PLAIN = re.compile(r"\s*[0-9A-Fa-f]{2}(?: [0-9A-Fa-f]{2})*\s*")
_BARE = re.compile(r"[\s]*(?:(?:0[xX])?[0-9A-Fa-f]{2}[\s,:;.-]*)+")
_BRACKETED = re.compile(r"(?:\[[0-9A-Fa-f]{2}\]\s*|<[0-9A-Fa-f]{2}>\s*){2,}|^\s*[\[<][0-9A-Fa-f]{2}[\]>]\s*$")
_TWICE = re.compile(r"\b(\d{1,3})\s*\((0[xX][0-9A-Fa-f]{1,2})\)")  # ESPHome: 247 (0Xf7)
# A byte that hangs on a word beside the run: modbus.c:42 01 03, or 01 03/
_HANGS_BEFORE = re.compile(r"[/:@\\.=_-][0-9A-Fa-f]{2}[\s,;]*$")
_HANGS_BEHIND = re.compile(r"[\s,;]*(?!\d+\.\d)[0-9A-Fa-f]{2}[/:@\\_.-]+\w|[/@\\_]")
_LETTER = re.compile(r"[^\W\d_]")


class Unclear(ValueError):
    """A line that can be read in two ways; the text says which and what to do."""


def begins_as_log(text: str) -> bool:
    """True if the first line begins with a time, [brackets] or a direction, and holds bytes."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    if not (FRONT.match(first) or BEGINS.match(first)):
        return False
    try:
        return bool(_bytes_of(first, is_hexlified=False)[0])
    except Unclear:
        return True


def is_log(text: str) -> bool:
    """True if a line at the beginning of the text has a stamp, a direction or a literal."""
    lines = [line for line in text[: _LINES_LOOKED_AT * 400].splitlines() if line.strip()]
    return any(
        not _PLAIN.fullmatch(line) and (looks_like_a_log(line) or number_lists.literals_in(line))
        for line in lines[:_LINES_LOOKED_AT]
    )


def read(text: str) -> tuple[bytes, int]:
    """Return (the bytes of all lines, how many lines held none). Raises Unclear."""
    lines = text.splitlines()
    literals = [one for line in lines for one in number_lists.literals_in(line)]
    is_hexlified = number_lists.is_hexlified(literals)
    out = []
    skipped = 0
    for number, line in enumerate(lines, 1):
        if _PLAIN.fullmatch(line):
            out.append(bytes.fromhex(line))
            continue
        try:
            found, count = _bytes_of(line, is_hexlified)
        except Unclear as error:
            raise Unclear(_refusal(number, str(error))) from None
        if count and not _is_bare_behind(lines, number):
            raise Unclear(_refusal(number, f"{count} may be a byte or how many there are"))
        out.append(found)
        skipped += bool(line.strip()) and not found
    return b"".join(out), skipped


def _refusal(number: int, why: str) -> str:
    return f"line {number}: {why}. Keep only the bytes of it, or give them alone with --format hex"


def _is_bare_behind(lines: list[str], at: int) -> bool:
    """True if the next line that is not blank holds bytes and nothing else, as below EPICS' "read 89"."""
    following = next((line for line in lines[at : at + 3] if line.strip()), "")
    return bool(_BARE.fullmatch(following))


def _bytes_of(line: str, is_hexlified: bool) -> tuple[bytes, str]:
    """(bytes of a line, the number that counts those below it or ""). Raises Unclear."""
    literals = number_lists.literals_in(line)
    if literals:
        return _literal(literals, is_hexlified), ""
    line = without_stamps(REPEATED.sub("", line))
    decimals = number_lists.list_in(line)
    before = line[max(decimals.start() - _CONTEXT_MAX, 0) : decimals.start()] if decimals else ""
    if decimals and (SAID.search(before) or not before.strip(_OPENING)):
        is_decimal = number_lists.is_decimal(decimals[0])
        found = number_lists.bytes_of_decimals(decimals[0]) if is_decimal else b""
        if is_decimal is None or found is None:
            raise Unclear(
                f"{decimals[0][:40]}: decimal or hex? A list alone can be given with --format decimal"
            )
        if found:
            return found, ""
    line = _TWICE.sub(lambda one: one[2] if int(one[1]) == int(one[2], 16) else one[0], line)
    line = _BRACKETED.sub(lambda one: re.sub(r"[\[\]<>]", " ", one[0]), line)
    return _chosen(*runs_of(line))


def _literal(literals: list[str], is_hexlified: bool) -> bytes:
    if len(literals) > 1:
        raise Unclear("two byte literals on one line")
    if is_hexlified:
        return bytes.fromhex(literals[0])
    found = number_lists.bytes_of_literal(literals[0])
    if found is None:
        raise Unclear("a byte literal that Python would not write so")
    return found


# -- which of them ----------------------------------------------------------------------------


def _chosen(line: str, runs: list[Run]) -> tuple[bytes, str]:
    """(the bytes, or the number that counts those below the line). Raises Unclear."""
    ends = [0, *(run.end for run in runs)]
    meant = [run for run, end in zip(runs, ends, strict=False) if not _is_own(line, run, end)]
    if not meant:
        return b"", ""
    best = max(meant, key=lambda run: (run.count, run.shape == "x"))
    for run in meant:
        if run is not best and not _is_own_beside(line, run, best):
            raise Unclear(f"{_shown(line, run)} and {_shown(line, best)} may both be bytes")
    data = bytes.fromhex("".join(best.parts))
    before = _before(line, best)
    if _HANGS_BEHIND.match(line, best.end) or (before[-1:].isspace() and _HANGS_BEFORE.search(before)):
        raise Unclear(f"a byte before or behind {_shown(line, best)} hangs on a word")
    number = line[best.start : best.end].split(maxsplit=1)[0]
    if best.shape == "2" and number[:2].isdecimal() and number[0] != "0" and COUNTED.search(before):
        if best.count == 1:
            return b"", number
        if int(number[:2]) == best.count - 1:
            if not number.endswith(":"):
                raise Unclear(f"{number} may be a byte or how many follow")
            return data[1:], ""
    if best.count >= _FRAME_BYTES_MIN or SAID.search(before):
        return data, ""
    has_words = bool(_LETTER.search(line, best.end))
    if before.strip(_OPENING) or (has_words and len(best.parts) == 1 and best.parts[0].isdecimal()):
        return b"", ""
    if has_words:
        raise Unclear(f"{_shown(line, best)} may be bytes or words")
    return data, ""


def _before(line: str, run: Run) -> str:
    return line[max(run.start - _CONTEXT_MAX, 0) : run.start]


def _shown(line: str, run: Run) -> str:
    text = line[run.start : run.end]
    return text if len(text) <= _SHOWN_MAX else text[: _SHOWN_MAX - 1] + "…"


def _is_own(line: str, run: Run, end: int) -> bool:
    """True if a run is a number of the log's own: a unit, or a word behind `end` no direction."""
    if len(run.parts) == 1 and UNIT.match(line, run.end):
        return True
    before = _before(line, run)
    if run.count <= _SUM_BYTES_MAX and SUM.search(before):
        return True
    if len(run.parts) > 1 or not before.strip(_OPENING):
        return False
    if SAID.search(before) or (end and GAP.fullmatch(line, end, run.start)):
        return False
    is_address = run.shape == "x" and run.count > 1
    return is_address or run.parts[0].isdecimal() or run.count <= _OWN_BYTES_MAX


def _is_own_beside(line: str, run: Run, best: Run) -> bool:
    """True if a run beside the bytes is a line number, a tick, or the count of the bytes."""
    if len(run.parts) > 1:
        return False
    text = line[run.start : run.end]
    if text.isdecimal() and int(text) == best.count:
        return True
    if best.shape == "x" and run.shape != "x":
        return True
    is_first = run.start < best.start and not line[: run.start].strip(" \t#|([")
    between = line[run.end : best.start]
    return is_first and (
        bool(SAID.search(between[-_CONTEXT_MAX:])) or (run.shape != "2" and not between.strip(" \t,;:"))
    )
