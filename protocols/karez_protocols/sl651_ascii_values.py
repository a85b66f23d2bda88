"""Values of SL 651 as words of an ASCII body: decimals with their point, hex digits, M for missing."""

from .errors import Malformed, NotAllowed
from .sl651_ascii import hex_bytes
from .sl651_elements import PICTURE, TEXT, VELOCITIES
from .sl651_times import Step, check_step
from .sl651_values import DECIMALS_MAX, SIZE_MAX, decode_value, encode_value, size_of_digits

MISSING = b"M"
# Words behind which everything is the value.
RESTS = {b"RGZS": TEXT, b"PIC": PICTURE, b"DATA": VELOCITIES}
DIGITS_MAX = 2 * SIZE_MAX
_UNITS = b"DHN"  # days, hours, minutes


def is_step(word: bytes) -> bool:
    """True for DRxnn, the step code."""
    return len(word) == 5 and word[:2] == b"DR" and word[2:3] in (b"D", b"H", b"N") and word[3:].isdigit()


def decode_step(word: bytes) -> Step:
    """Step of DRxnn. Raises Malformed."""
    count = int(word[3:].decode())
    parts = [0, 0, 0]
    parts[_UNITS.find(word[2:3])] = count
    step = Step(parts[0], parts[1], parts[2])
    if not check_step(step):
        raise Malformed("%s is no step" % word.decode())
    return step


def encode_step(step: Step) -> bytes:
    """DRxnn; one unit at most is not 0, all zeros are DRH00 (table C.2). Raises NotAllowed."""
    if step is None or not check_step(step) or sum([part > 0 for part in step]) > 1:
        raise NotAllowed("a step is of days, hours or minutes")
    for at in range(3):
        if step[at]:
            return b"DR%c%02d" % (_UNITS[at], step[at])
    return b"DRH00"


def decode_decimal(word: bytes) -> "tuple[int, int] | None":
    """(digits without the point, decimals) of a number, None if the word is none."""
    body = word[1:] if word[:1] in (b"-", b"+") else word
    whole, _, part = body.partition(b".")
    digits = whole + part
    if not whole or not digits.isdigit() or len(digits) > DIGITS_MAX or len(part) > DECIMALS_MAX:
        return None
    if b"." in body and not part:
        return None
    value = int(digits.decode())
    return (-value if word[:1] == b"-" else value), len(part)


def encode_decimal(value: int, decimals: int) -> bytes:
    """A number with its point. Raises NotAllowed."""
    if not 0 <= decimals <= DECIMALS_MAX or abs(value) >= 10**DIGITS_MAX:
        raise NotAllowed("%d with %d decimals is too long" % (value, decimals))
    sign = b"-" if value < 0 else b""
    scale = 10**decimals
    whole = b"%d" % (abs(value) // scale)
    if not decimals:
        return sign + whole
    part = b"%d" % (abs(value) % scale)
    return sign + whole + b"." + b"0" * (decimals - len(part)) + part


def _size_needed(value, usual):
    """Bytes of a number in HEX: those of its form in the table or more, and one for a minus."""
    return max(usual, size_of_digits(len("%d" % abs(value)))) + (value < 0)


def decode_text(kind: str, word: bytes, usual: int, decimals: int) -> tuple:
    """(size, decimals, value) of Element for a word. Raises Malformed.

    usual, decimals: what the table gives this identifier.
    """
    if word == MISSING:
        return usual, decimals if kind in ("N", "D") else 0, None
    number = decode_decimal(word) if kind in ("N", "D", "?") else None
    if number is not None:
        return _size_needed(number[0], usual), number[1], number[0]
    if kind == "?":
        return len(word), 0, bytes(word)
    if kind in ("N", "D"):
        raise Malformed("%s is no number" % word.decode())
    raw = bytes(word) if kind == "A" else hex_bytes(word)
    return len(raw), 0, decode_value(kind, raw)


def encode_text(kind: str, element) -> bytes:
    """The word for the value of an element. Raises NotAllowed."""
    value = element.value
    if value is None and kind == "P":
        raise NotAllowed("a password is never missing")
    if value is None:
        return MISSING
    if kind in ("N", "D", "?") and isinstance(value, int) and not isinstance(value, bool):
        return encode_decimal(value, element.decimals)
    raw = encode_value(kind, value, element.size, 0xFF)
    if not raw:
        raise NotAllowed("a value without characters is no word")
    if kind not in ("A", "?"):
        return b"".join([b"%02X" % one for one in raw])
    for one in raw:
        if not 0x21 <= one <= 0x7E:
            raise NotAllowed("a text in ASCII is one word, without character %02X" % one)
    if raw == MISSING or (kind == "?" and decode_decimal(raw)):
        raise NotAllowed("this text would be read as something else")
    return bytes(raw)
