r"""From what a person pastes or a program saved to the bytes of a capture.

hex     digits in pairs; blanks, newlines, `: , ; - _ .`, brackets, quotes and the prefixes
        0x and \x may stand between bytes; none may tear a pair (`0x1` is one byte)
log     a line at a time, by log_lines.py: timestamps, directions and labels fall away
decimal numbers 0 to 255; blanks, newlines, commas, brackets between them
dump    offset, bytes, text column, as hexdump -C, xxd and Wireshark write them (hexdump.py)
binary  the bytes themselves
auto    bytes that are no text are binary; a text is a dump if its offsets add up, decimal if it
        is a comma list with single digits or numbers above 99, a log if a line has a stamp, a
        direction or a literal, else hex
"""

import re

from . import hexdump, log_lines, number_lists

FORMATS = ("auto", "hex", "decimal", "log", "dump", "binary")
# Decoded frames take about a hundred times the memory of their bytes; 4 MiB are more than
# an hour of a line at 9600 Bd that never rests.
SIZE_MAX = 4 << 20
TEXT_SIZE_MAX = 4 * SIZE_MAX  # "01 " per byte, with room for timestamps

_SEPARATORS = r"\s:,;\-_.\[\](){}<>'\"，：；、"  # with what Chinese keyboards make of them
_ALL_PAIRS = re.compile(rf"(?:[{_SEPARATORS}]*+[0-9A-Fa-f]{{2}})++[{_SEPARATORS}]*+")
_BETWEEN = re.compile(rf"[{_SEPARATORS}]+")
_PREFIX = re.compile(r"(?:0[xX]|\\[xX])(?=[0-9A-Fa-f])")
_RUN = re.compile(rf"[^{_SEPARATORS}]+")
_NO_DIGIT = re.compile(r"[^0-9A-Fa-f]")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")


class Unusable(ValueError):
    """Input that holds no capture; the text says what to do."""


def from_bytes(raw: bytes, form: str = "auto") -> tuple[bytes, int]:
    """Return (bytes of the capture, lines of a log that held none). Raises Unusable."""
    if len(raw) > TEXT_SIZE_MAX:
        raise Unusable(f"more than {TEXT_SIZE_MAX} bytes: cut the capture into pieces")
    if not raw:
        raise Unusable("the input is empty: nothing was captured, or another file is meant")
    text = None if form == "binary" else _as_text(raw, form)
    if text is None:
        if form not in ("auto", "binary"):
            raise Unusable(f"the input is no text, so it is no {form}: use --format binary")
        return _limited(raw), 0
    return from_text(text, form)


def from_text(text: str, form: str = "auto") -> tuple[bytes, int]:
    """The same of a text, as it stands on a command line or in a file. Raises Unusable."""
    if form == "binary":
        raise Unusable("--format binary reads a file or standard input, not digits")
    if len(text) > TEXT_SIZE_MAX:
        raise Unusable(f"more than {TEXT_SIZE_MAX} characters: cut the capture into pieces")
    if form in ("auto", "dump"):
        found = hexdump.read(text, SIZE_MAX)
        if found is not None:
            return _limited(found), 0
        if form == "dump":
            raise Unusable("the offsets at the line beginnings do not add up: use --format log or hex")
    if form == "decimal" or (form == "auto" and number_lists.whole_list(text)):
        return _limited(_decimals(text, form)), 0
    if form == "log" or (form == "auto" and log_lines.is_log(text)):
        data, skipped = _log(text)
        if data:
            return _limited(data), skipped
        if form == "log":
            raise Unusable("no line of the log holds bytes in hex: use --format hex or --format binary")
    return _limited(_hex(text)), 0


def _log(text: str) -> tuple[bytes, int]:
    try:
        return log_lines.read(text)
    except log_lines.Unclear as error:
        raise Unusable(str(error)) from None


def _decimals(text: str, form: str) -> bytes:
    is_decimal = form == "decimal" or number_lists.is_decimal(text)
    if is_decimal is None:
        raise Unusable(number_lists.UNDECIDED)
    if not is_decimal:
        return _hex(text)
    found = number_lists.bytes_of_decimals(text)
    if found is None:
        raise Unusable("--format decimal reads numbers 0 to 255, blanks or commas between them")
    return found


def _limited(data: bytes) -> bytes:
    if len(data) > SIZE_MAX:
        raise Unusable(f"{len(data)} bytes, at most {SIZE_MAX} are read at once: cut the capture into pieces")
    return data


def _as_text(raw: bytes, form: str) -> str | None:
    """The text that the bytes are, None for binary."""
    text = None
    # PowerShell redirects in UTF-16. FF FE also begins a DL/T 645 capture: it must come out as ASCII.
    codings = ("utf-16",) if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else ()
    for coding in (*codings, "utf-8-sig", "gb18030"):  # the last: terminal programs on Chinese Windows
        try:
            text = raw.decode(coding)
        except UnicodeDecodeError:
            continue
        if _CONTROL.search(text) or (coding == "utf-16" and not text.isascii()):
            continue
        # Random bytes may be GB 18030; their first line does not begin as a log's.
        if coding != "gb18030" or form == "log" or log_lines.begins_as_log(text):
            return text
    return None


def _hex(text: str) -> bytes:
    """Bytes of pairs of hex digits. Raises Unusable at the first character that is none."""
    # A prefix becomes blanks of its length, so that positions stay those of the text.
    plain = _PREFIX.sub("  ", text)
    if _ALL_PAIRS.fullmatch(plain):
        return bytes.fromhex(_BETWEEN.sub("", plain))
    found = [_pairs(text, run[0], run.start()) for run in _RUN.finditer(plain)]
    if not found:
        raise Unusable("no hex digits: give the bytes of a frame, such as 01 03 00 00 00 0A C5 CD")
    return bytes.fromhex("".join(found))


def _pairs(text: str, run: str, at: int) -> str:
    wrong = _NO_DIGIT.search(run)
    if wrong:
        place = _place(text, at + wrong.start())
        raise Unusable(
            f"{wrong[0]!r} at {place} is no hex digit (0-9, A-F). Lines with timestamps or other words "
            "need --format log, the bytes of a file --format binary"
        )
    if len(run) % 2 == 0:
        return run
    if len(run) == 1 and text[max(at - 2, 0) : at].lower() in ("0x", "\\x"):
        return "0" + run
    shown = run if len(run) <= 16 else f"{run[:16]}…"
    raise Unusable(
        f"{shown} at {_place(text, at)} has an odd number of hex digits ({len(run)}): "
        "a byte has two, so one is missing or too many"
        + (". Numbers up to 255 need --format decimal" if number_lists.bytes_of_decimals(text) else "")
    )


def _place(text: str, at: int) -> str:
    column = at - text.rfind("\n", 0, at)
    line = text.count("\n", 0, at) + 1
    return f"line {line}, character {column}" if "\n" in text.strip() else f"character {column}"
