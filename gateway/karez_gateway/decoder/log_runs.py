"""Words of a log line that are pairs of hex digits, and the text column behind them."""

import re
from dataclasses import dataclass

from .log_words import LABEL

_COLUMN_BYTES_MAX = 64  # no dump has longer lines
_LETTERS = r"[0-9A-Za-z.:_/\\@-]"
# A stretch of pairs is one word: most bytes of most logs stand so.
_STRETCH = rf"(?<!{_LETTERS})[0-9A-Fa-f]{{2}}(?: [0-9A-Fa-f]{{2}})+(?!{_LETTERS})"
_WORD = re.compile(rf"{_STRETCH}|{_LETTERS}+")
_PREFIX = r"(?:0[xX]|\\[xX])"
_BYTES = re.compile(rf"{_PREFIX}?[0-9A-Fa-f]{{2}}(?:[:.\-]?{_PREFIX}?[0-9A-Fa-f]{{2}})*|0[xX][0-9A-Fa-f]")
_JOINT = re.compile(r"0[xX]|\\[xX]|[:.\-]")
_COLUMNS = ((re.compile(r"\s*\|"), "|"), (re.compile(r"\s{2,}|\t"), ""))
GAP = re.compile(r"[\s,;'\"，；、]*")


@dataclass
class Run:
    """Words of one shape: "x" with 0x, ":" joined by signs, else how many digits each has."""

    start: int
    end: int
    parts: list[str]  # hex digits, word by word
    count: int  # bytes
    shape: str


def runs_of(line: str) -> tuple[str, list[Run]]:
    """(the line without its text column, its runs)."""
    runs: list[Run] = []
    end = -1  # of the run that may go on
    for word in _WORD.finditer(line):
        if end >= 0 and _is_text_column(runs[-1], line):
            return line[:end], runs
        run = _run_of(word)
        if not run:
            end = -1
            continue
        if end >= 0 and GAP.fullmatch(line, end, word.start()) and _goes_on(runs[-1], run):
            runs[-1].end = run.end
            runs[-1].parts += run.parts
            runs[-1].count += run.count
        else:
            runs.append(run)
        end = run.end
    if end >= 0 and _is_text_column(runs[-1], line):
        line = line[:end]
    return line, runs


def _run_of(word: re.Match[str]) -> Run | None:
    """The run of one word, None if it is no bytes."""
    if " " in word[0]:
        parts = word[0].split(" ")
        return Run(word.start(), word.end(), parts, len(parts), "2")
    label = LABEL.match(word[0])
    start = label.end() if label else 0
    text = word[0][start:].rstrip(":.-")
    if not _BYTES.fullmatch(text):
        return None
    digits = _JOINT.sub("", text)
    digits = "0" * (len(digits) % 2) + digits
    shape = "x" if text[:2].lower() in ("0x", "\\x") else ":" if len(digits) < len(text) else str(len(digits))
    return Run(word.start() + start, word.end(), [digits], len(digits) // 2, shape)


def _goes_on(last: Run, run: Run) -> bool:
    if last.shape == run.shape:
        return not last.shape.isdigit() or 2 * last.count == len(last.parts) * int(last.shape)
    # The last group of a dump may be shorter: 0103 0000 c5
    is_grouped = len(last.parts) > 1 and last.shape.isdigit() and run.shape.isdigit()
    return is_grouped and int(run.shape) < int(last.shape)


def _is_text_column(run: Run, line: str) -> bool:
    """True if the line writes the bytes of a run once more behind it, as characters."""
    if run.count > _COLUMN_BYTES_MAX:
        return False
    data = bytes.fromhex("".join(run.parts))
    for form, closing in _COLUMNS:
        gap = form.match(line, run.end)
        if gap:
            shown = line[gap.end() :].rstrip().removesuffix(closing).rstrip()
            if len(shown) <= len(data) and all(map(_is_shown_as, data, shown.ljust(len(data)))):
                return True
    return False


def _is_shown_as(byte: int, shown: str) -> bool:
    if 0x20 < byte < 0x7F:
        return shown == chr(byte)
    return not (shown.isascii() and shown.isalnum())
