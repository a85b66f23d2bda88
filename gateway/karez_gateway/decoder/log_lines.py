"""Captures as terminal programs and loggers write them: what of a line is bytes.

The rule, a line at a time:
1. Dates, times of day, numbers with a decimal point and [words in brackets] at its
   beginning fall away.
2. Of the words that remain, the bytes are the longest run of words that are pairs of hex
   digits ("01", "0x01", "0103", "01:03"). Directions (TX, recv, ->, 发送), port names and
   labels are no such words and end a run.
3. A longer first word before pairs is a stamp, no data.
4. A line without bytes is left out, and counted.
"""

import re

_DATE = r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}[T ]?"
# 01:03:00 may be three bytes; behind a time stands no further colon, nor does the next word hold one.
_TIME = r"\d{1,2}:\d{2}:\d{2}(?:[.,:]\d{1,6})?(?:Z|[+-]\d{2}:?\d{2})?(?![:\w])(?!\s+\w\w:)"
_DECIMAL = r"\d+\.\d+(?=[\s,;:\]])"
_BRACKET = r"\[[^\]\n]{0,80}[^\]\n0-9A-Fa-fxX,\s][^\]\n]{0,80}\]"
_STAMP = re.compile(rf"[\s,;#|]*(?:{_BRACKET}|{_DATE}|{_TIME}|{_DECIMAL})")
_HEAD = re.compile(rf"\s*(?:{_BRACKET}|{_DATE}|{_TIME}|{_DECIMAL})")
_DIRECTION = re.compile(
    r"(?i)\s*(?:com\d+|tty\w+|/dev/\S+)?[\s:]*"
    r"(?:(?:tx|rx|sent|send|recv|received|receive|read|write|out|in|request|response|reply|master|slave)\b"
    r"|[=-]+>|<[=-]+|[<>]{2}|[→←⇒⇐◇◆]|发|收|接收|请求|应答)"
)
# Words end at blanks, arrows, brackets, quotes and at every letter outside ASCII.
_WORD = re.compile(r"[0-9A-Za-z.:_/\\-]+")
_LABEL = re.compile(r"(?i)(?:tx|rx|sent|send|recv|received|receive|read|write|out|in|hex|data|raw)[:\-]+")
_BYTES = re.compile(r"(?:0[xX]|\\[xX])?[0-9A-Fa-f]{2}(?:[:\-]?(?:0[xX]|\\[xX])?[0-9A-Fa-f]{2})*[:\-]?")
_JOINT = re.compile(r"0[xX]|\\[xX]|[:\-]")


def is_log(text: str) -> bool:
    """True if the first line begins with a time, [brackets] or a direction, and holds bytes."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    return bool((_HEAD.match(first) or _DIRECTION.match(first)) and _bytes_of(first))


def read(text: str) -> tuple[bytes, int]:
    """Return (the bytes of all lines, how many lines held none)."""
    out = []
    skipped = 0
    for line in text.splitlines():
        found = _bytes_of(line)
        out.append(found)
        skipped += bool(line.strip()) and not found
    return b"".join(out), skipped


def _bytes_of(line: str) -> bytes:
    at = 0
    while stamp := _STAMP.match(line, at):
        at = stamp.end()
    best: list[str] = []
    run: list[str] = []
    for word in [*_WORD.findall(line, at), ""]:
        digits = _digits(_LABEL.sub("", word))
        if digits:
            run.append(digits)
            continue
        if len(run) > 2 and len(run[0]) > 2 and all(len(other) == 2 for other in run[1:]):
            run = run[1:]
        if sum(map(len, run)) > sum(map(len, best)):
            best = run
        run = []
    return bytes.fromhex("".join(best))


def _digits(word: str) -> str:
    """The hex digits of a word that is bytes, else ""."""
    return _JOINT.sub("", word) if _BYTES.fullmatch(word) else ""
