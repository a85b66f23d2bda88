"""Numbers inside SZY 206 / SL/T 427 frames: decimals in three ways of sign, flow, wind.

Integers with their unit in the name. None = not measured, on the wire a field full of AAH.
"""

from . import bcd
from .errors import Malformed, NotAllowed

# D5 D4 of the fifth flow byte. One step is 1 L/s or 1 L/h; some platforms ignore the bits
# and read m3/s, so that is what we send unless told otherwise.
FLOW_M3_S = 0
FLOW_M3_H = 3
FLOW_BYTES = 5
WIND_BYTES = 3
WIND_DIRECTION_MAX = 8  # 0 = still or unknown to the sources, 1..8 = eighths of the circle
_MISSING = 0xAA


def is_missing(raw: bytes) -> bool:
    """True if the field is full of AAH: not measured."""
    return len(raw) > 0 and bytes(raw) == bytes([_MISSING]) * len(raw)


def decode_number(raw: bytes) -> "int | None":
    """Unsigned decimal of a field, None if it is missing. Raises Malformed."""
    return None if is_missing(raw) else bcd.decode(raw)


def encode_number(value: "int | None", size: int) -> bytes:
    """Field of an unsigned decimal, or of a missing one. Raises NotAllowed."""
    return bytes([_MISSING]) * size if value is None else bcd.encode(value, size)


def decode_signed(raw: bytes) -> "int | None":
    """Signed decimal: the high nibble of the last byte is 0 (plus) or F (minus). Raises Malformed."""
    if is_missing(raw):
        return None
    sign = raw[-1] >> 4
    if sign not in (0, 15):
        raise Malformed("sign nibble %X is neither 0 nor F" % sign)
    value = bcd.decode(raw[:-1] + bytes([raw[-1] & 0x0F]))
    return -value if sign else value


def encode_signed(value: "int | None", size: int) -> bytes:
    """Field of a signed decimal of 2 × size - 1 digits, or of a missing one. Raises NotAllowed."""
    if value is None:
        return bytes([_MISSING]) * size
    if abs(value) >= 10 ** (2 * size - 1):
        raise NotAllowed("%d does not fit in %d digits and a sign" % (value, 2 * size - 1))
    raw = bytearray(bcd.encode(abs(value), size))
    if value < 0:
        raw[-1] |= 0xF0
    return bytes(raw)


def decode_flow(raw: bytes) -> "tuple[int | None, int]":
    """(flow in L/h, unit on the wire) of 5 bytes: both units come out exact. Raises Malformed."""
    if len(raw) != FLOW_BYTES:
        raise Malformed("a flow has 5 bytes, not %d" % len(raw))
    if is_missing(raw):
        return None, FLOW_M3_S
    sign = raw[4] >> 6
    unit = raw[4] >> 4 & 3
    if sign not in (0, 3) or unit not in (FLOW_M3_S, FLOW_M3_H):
        raise Malformed("sign and unit bits of flow byte %02X" % raw[4])
    value = bcd.decode(raw[:4] + bytes([raw[4] & 0x0F]))
    if unit == FLOW_M3_S:
        value *= 3600
    return (-value if sign else value), unit


def encode_flow(flow_lph: "int | None", unit: int) -> bytes:
    """5 bytes of a flow in L/h; in m3/s it is rounded to the nearest L/s. Raises NotAllowed."""
    if flow_lph is None:
        return bytes([_MISSING]) * FLOW_BYTES
    if unit not in (FLOW_M3_S, FLOW_M3_H):
        raise NotAllowed("flow unit %d" % unit)
    steps = abs(flow_lph)
    if unit == FLOW_M3_S:
        steps = (steps + 1800) // 3600
    if steps > 999999999:
        raise NotAllowed("flow %d L/h is above the standard's 999999.999" % flow_lph)
    raw = bytearray(bcd.encode(steps, FLOW_BYTES))
    raw[4] |= unit << 4 | (0xC0 if flow_lph < 0 and steps else 0)
    return bytes(raw)


def decode_balance(raw: bytes) -> "int | None":
    """Signed decimal with its sign in the top bit: remaining water (1 = overdrawn), level base."""
    if is_missing(raw):
        return None
    value = bcd.decode(raw[:-1] + bytes([raw[-1] & 0x7F]))
    return -value if raw[-1] & 0x80 else value


def encode_balance(value: "int | None", size: int) -> bytes:
    """Field of a signed decimal; its first digit is 0..7, one bit is the sign. Raises NotAllowed."""
    if value is None:
        return bytes([_MISSING]) * size
    if abs(value) >= 8 * 10 ** (2 * size - 1):
        raise NotAllowed("%d does not fit in %d bytes with a sign bit" % (value, size))
    raw = bytearray(bcd.encode(abs(value), size))
    if value < 0:
        raw[-1] |= 0x80
    return bytes(raw)


def decode_wind(raw: bytes) -> "tuple[int | None, int | None]":
    """(speed in 0.01 m/s, direction 0..8) of 3 bytes. Raises Malformed."""
    if len(raw) != WIND_BYTES:
        raise Malformed("a wind has 3 bytes, not %d" % len(raw))
    if is_missing(raw):
        return None, None
    direction = raw[2] >> 4
    if direction > WIND_DIRECTION_MAX:
        raise Malformed("wind direction %d is above 8" % direction)
    return bcd.decode(raw[:2] + bytes([raw[2] & 0x0F])), direction


def encode_wind(speed: "int | None", direction: "int | None") -> bytes:
    """3 bytes of a wind in 0.01 m/s, 0..999.99 m/s. Both may be None, not one. Raises NotAllowed."""
    if speed is None or direction is None:
        if speed is not direction:
            raise NotAllowed("a wind without its direction, or a direction without wind")
        return bytes([_MISSING]) * WIND_BYTES
    if not 0 <= direction <= WIND_DIRECTION_MAX or not 0 <= speed <= 99999:
        raise NotAllowed("wind %d from %d" % (speed, direction))
    raw = bytearray(bcd.encode(speed, WIND_BYTES))
    raw[2] |= direction << 4
    return bytes(raw)
