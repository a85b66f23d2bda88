"""Values of SL 651 elements and settings: bytes of HEX/BCD to and from what Element.value holds.

Decimals go high byte first. A first byte FF says negative (6.6.3.3 a), a field full of FF or AA
says that there is no value: the standard fills series rows with F, devices fill anything with either.
"""

from . import bcd
from .errors import Malformed, NotAllowed
from .sl651_times import decode_step, encode_step

SIZE_MAX = 31  # five bits of the definition byte
DECIMALS_MAX = 7  # three bits
_SERIES = {"R": 1, "L": 2}  # bytes of one value


def is_missing(raw: bytes) -> bool:
    """True if a field is full of AA or full of FF."""
    return len(raw) > 0 and raw[0] in (0xAA, 0xFF) and raw == raw[:1] * len(raw)


def decode_number(raw: bytes) -> "int | None":
    """Digits of a field with their sign, None if it is missing or empty. Raises Malformed."""
    if not raw or is_missing(raw):
        return None
    if raw[0] == 0xFF:
        return -bcd.decode(bytes(reversed(raw[1:])))
    return bcd.decode(bytes(reversed(raw)))


def encode_number(value: "int | None", size: int, filler: int) -> bytes:
    """Field of `size` bytes. Raises NotAllowed if the digits and a sign do not fit."""
    if value is None:
        return bytes((filler,)) * size
    if value >= 0 and size:
        return bytes(reversed(bcd.encode(value, size)))
    if size < 2:
        raise NotAllowed("%d does not fit in %d bytes" % (value, size))
    return b"\xff" + bytes(reversed(bcd.encode(-value, size - 1)))


def size_of_digits(digits: int) -> int:
    """Bytes of that many digits: N(D,d) is rounded up to an even D."""
    return (digits + 1) // 2


def _decode_series(raw, width):
    if len(raw) % width:
        raise Malformed("%d bytes are no values of %d" % (len(raw), width))
    if is_missing(raw):
        return (None,) * (len(raw) // width)
    none = (1 << 8 * width) - 1
    values = [int.from_bytes(raw[at : at + width], "big") for at in range(0, len(raw), width)]
    return tuple([None if value == none else value for value in values])


def _encode_series(values, width, size):
    if len(values) * width != size:
        raise NotAllowed("%d values are not %d bytes" % (len(values), size))
    none = (1 << 8 * width) - 1
    out = b""
    for value in values:
        if value is not None and not 0 <= value < none:
            raise NotAllowed("%d does not fit in %d bytes of a series" % (value, width))
        out += (none if value is None else value).to_bytes(width, "big")
    if is_missing(out) and values[0] is not None:
        raise NotAllowed("a series full of AA would be read as missing")
    return out


def decode_value(kind: str, raw: bytes):
    """Element.value of the bytes of a field; `kind` as in sl651_elements. Raises Malformed."""
    if kind in ("N", "D"):
        return decode_number(raw)
    if kind == "S":
        return None if not raw or is_missing(raw) else int.from_bytes(raw, "big")
    if kind == "P":  # AAAA is a password that stations use
        return int.from_bytes(raw, "big") if raw else None
    if kind in _SERIES:
        return _decode_series(raw, _SERIES[kind]) if raw else None
    if kind == "T":
        return decode_step(raw) if raw else None
    return raw if raw else None


def decode_unknown(raw: bytes):
    """Element.value of an identifier without a meaning here: its digits, or the bytes as they are.

    Digits only where writing them gives the same bytes.
    """
    try:
        value = decode_number(raw)
        if value is None or encode_number(value, len(raw), 0xFF) == raw:
            return value
    except Malformed:
        pass
    return raw


def _is_digits(value):
    return isinstance(value, int) and not isinstance(value, bool)


def encode_value(kind: str, value, size: int, filler: int) -> bytes:
    """`size` bytes of a field. Raises NotAllowed on a value that is not of its kind or does not fit."""
    if value is None:
        if kind == "P" and size:
            raise NotAllowed("a password is never missing")
        return bytes((filler,)) * size
    if kind in _SERIES and isinstance(value, tuple):
        return _encode_series(value, _SERIES[kind], size)
    if kind == "T" and isinstance(value, tuple):
        if size != 3:
            raise NotAllowed("a step has 3 bytes, not %d" % size)
        return encode_step(value)  # type: ignore[arg-type]  # a Step
    if kind in ("S", "P") and _is_digits(value):
        if not 0 <= value < 1 << 8 * size or (kind == "S" and is_missing(value.to_bytes(size, "big"))):
            raise NotAllowed("%d is no word of %d bytes" % (value, size))
        return bytes(value.to_bytes(size, "big"))
    if kind in ("N", "D", "?") and _is_digits(value):
        return encode_number(value, size, filler)
    if kind in ("X", "A", "E", "?") and isinstance(value, (bytes, bytearray)):
        if len(value) != size:
            raise NotAllowed("%d bytes, the identifier says %d" % (len(value), size))
        return bytes(value)
    raise NotAllowed("%s is no value of kind %s" % (type(value).__name__, kind))
