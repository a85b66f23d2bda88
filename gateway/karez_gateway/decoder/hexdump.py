"""Hex dumps: an offset, the bytes, and mostly a text column (hexdump -C, xxd, Wireshark, od -t x1).

The offsets say how many bytes a line has, so letters of the text column are never taken for
bytes: "61 62  ab" is two bytes. `*` stands for lines like the one before, as hexdump writes it.
"""

import re

_LINE = re.compile(r"\s*([0-9A-Fa-f]{4,8})(:\s*|\s+)(?=[0-9A-Fa-f]{2})")
_WORD = re.compile(r"[0-9A-Fa-f]+(?![^\s|])")
_END = re.compile(r"\s*([0-9A-Fa-f]{4,8}):?\s*")


def read(text: str, size_max: int) -> bytes | None:
    """The bytes of a dump; None if the text is none: its offsets do not add up, or pass size_max."""
    out = bytearray()
    width = 0  # column behind the bytes, known from a full line
    is_repeated = False
    lines = [line for line in text.splitlines() if line.strip()]
    offsets = [_offset(line) for line in lines]
    if not lines or offsets[0] != 0 or not _LINE.match(lines[0]) or not _is_sure(lines):
        return None
    last = b""
    for at, line in enumerate(lines):
        offset = offsets[at]
        if offset is None:
            if line.strip() != "*" or not last:
                return None
            is_repeated = True
            continue
        if is_repeated and len(out) < offset <= size_max:
            out += (last * ((offset - len(out)) // len(last) + 1))[: offset - len(out)]
        is_repeated = False
        if offset != len(out):
            return None
        following = next((one for one in offsets[at + 1 : at + 2] if one is not None), None)
        count = following - offset if following is not None else len(last)
        last, width = _bytes_of(line, count, width)
        out += last
    return bytes(out)


def _offset(line: str) -> int | None:
    found = _LINE.match(line) or _END.fullmatch(line)
    return int(found[1], 16) if found else None


def _is_sure(lines: list[str]) -> bool:
    """One line is a dump only if its offset stands apart; of several the offsets add up."""
    first = _LINE.match(lines[0])
    return len(lines) > 1 or bool(first and (":" in first[2] or len(first[2]) > 1 or len(first[1]) >= 7))


def _bytes_of(line: str, count: int, width: int) -> tuple[bytes, int]:
    """At most `count` bytes (0: as many as there are) and the column behind them."""
    head = _LINE.match(line)
    if not head:
        return b"", width
    body, _, _ = line.partition(" |")
    found = ""
    end = head.end()
    for word in _WORD.finditer(body, end):
        # After a full line the text column's place is known; before it, two blanks and no bytes more.
        if (count and len(found) >= 2 * count) or (width and word.start() >= width) or len(word[0]) % 2:
            break
        if body[end : word.start()].strip():
            break
        found += word[0]
        end = word.end()
    return bytes.fromhex(found), max(width, end)
