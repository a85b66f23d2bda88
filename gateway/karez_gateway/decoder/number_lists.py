r"""Bytes written as decimal numbers (1, 3, 0, 22, 207) or as Python literals (b'\x01\x03\n')."""

import re

_NUMBER = re.compile(r"\d+")
_DECIMAL_TEXT = re.compile(r"(?:[\s,;\[\](){}，；、]*+\d+)++[\s,;\[\](){}，；、]*")
_LIST = re.compile(r"\w+(?:\s*[,，]\s*\w+)*+")
_COMMA_LIST = re.compile(r"\d{1,3}(?:\s*[,，]\s*\d{1,3}){2,}+")
_FRACTION = re.compile(r"\.\d")
_WHOLE_COMMA_LIST = re.compile(r"[\s\[({]*\d{1,3}(?:\s*[,，]\s*\d{1,3})+[\s\])},;]*")
# A literal that is not closed reaches to the end of the line: so a line is read once.
_SINGLE = r"'((?:[^'\\\n]|\\.)*+)\\?('|$)"
_DOUBLE = r'"((?:[^"\\\n]|\\.)*+)\\?("|$)'
_LITERAL = re.compile(rf"(\bb)?(?:{_SINGLE}|{_DOUBLE})")
_ESCAPE = re.compile(r"\\(?:x([0-9A-Fa-f]{2})|([abfnrtv0\\'\"]))|([^\\])")
_NAMED = dict(zip("abfnrtv0\\'\"", b"\a\b\f\n\r\t\v\0\\'\"", strict=True))
_HEX_PAIRS = re.compile(r"(?:[0-9A-Fa-f]{2})+")

UNDECIDED = "these numbers may be decimal or hex: give --format decimal or --format hex"


def bytes_of_decimals(text: str) -> bytes | None:
    """The bytes of numbers 0 to 255 with blanks, commas or brackets between them; None for another text."""
    if not _DECIMAL_TEXT.fullmatch(text):
        return None
    numbers = [int(one) if len(one) <= 3 else 256 for one in _NUMBER.findall(text)]
    return bytes(numbers) if max(numbers) <= 255 else None


def is_decimal(numbers: str) -> bool | None:
    """True if a list of numbers can only be decimal, False if only hex, None if it may be either."""
    found = _NUMBER.findall(numbers)
    if any(len(one) != 2 for one in found):
        return True
    return False if any(one[0] == "0" for one in found) else None


def whole_list(text: str) -> bool:
    """True if the text is one list of decimal digits with commas, and nothing else."""
    return bool(_WHOLE_COMMA_LIST.fullmatch(text))


def list_in(line: str) -> re.Match[str] | None:
    """The first comma list of a line, if it has three and more numbers and nothing else."""
    for found in _LIST.finditer(line):
        is_part = _FRACTION.match(line, found.end()) or line[max(found.start() - 1, 0)] == "."
        if _COMMA_LIST.fullmatch(found[0]) and not is_part:
            return found
    return None


def literals_in(line: str) -> list[str]:
    r"""The insides of the Python literals of a line: b'...', and '...' where it holds \x."""
    if "'" not in line and '"' not in line:
        return []
    closed = [one for one in _LITERAL.finditer(line) if one[3] or one[5]]
    found = [(one[1], one[2] or one[4] or "") for one in closed]
    return [inside for prefix, inside in found if inside and (prefix or "\\x" in inside)]


def is_hexlified(literals: list[str]) -> bool:
    """True if all of them are pairs of hex digits, as umodbus writes b'0103'; one byte of 256 else."""
    return all(_HEX_PAIRS.fullmatch(one) for one in literals)


def bytes_of_literal(inside: str) -> bytes | None:
    """The bytes a literal stands for; None where Python would not write it so."""
    out = bytearray()
    at = 0
    while at < len(inside):
        found = _ESCAPE.match(inside, at)
        if not found or ord(found[3] or "\0") > 0xFF:
            return None
        pair, name, plain = found.groups()
        out.append(int(pair, 16) if pair else _NAMED[name] if name else ord(plain))
        at = found.end()
    return bytes(out)
