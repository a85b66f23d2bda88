"""The text on the pages of a PDF that fpdf2 made: enough to read back what a person would read."""

import re
import zlib

_STREAM = re.compile(rb"<<([^>]*(?:>(?!>)[^>]*)*)>>\s*stream\r?\n(.*?)\r?\nendstream", re.DOTALL)
_PAIR = re.compile(rb"<([0-9A-F]{4})>\s*<([0-9A-F]{4,8})>")
_SHOWN = re.compile(rb"\(((?:\\.|[^\\()])*)\)\s*Tj", re.DOTALL)
_ESCAPED = re.compile(rb"\\([nrtbf()\\])")
_MEANT = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}


def pages(data: bytes) -> list[str]:
    """The text of each page, as it is drawn."""
    streams = [_plain(*found) for found in _STREAM.findall(data)]
    marks: dict[bytes, str] = {}
    for one in streams:
        if b"beginbfchar" in one:
            for glyph, code in _PAIR.findall(one):
                marks[bytes.fromhex(glyph.decode())] = bytes.fromhex(code.decode()).decode("utf-16-be")
    return [_text(one, marks) for one in streams if b" Tj" in one]


def _plain(head: bytes, body: bytes) -> bytes:
    if b"FlateDecode" not in head:
        return body
    try:
        return zlib.decompress(body)
    except zlib.error:
        return b""


def _text(stream: bytes, marks: dict[bytes, str]) -> str:
    found = []
    for shown in _SHOWN.findall(stream):
        raw = _ESCAPED.sub(lambda one: _MEANT.get(one[1], one[1]), shown)
        found.append("".join(marks.get(raw[at : at + 2], "?") for at in range(0, len(raw), 2)))
    return "\n".join(found)
