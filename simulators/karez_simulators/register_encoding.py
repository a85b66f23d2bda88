"""Numbers into register bytes and back, for every type and order a meter profile can name.

Independent of the codec on purpose: the simulated meter and the controller must not
share their mistakes. Values are exact fractions, in whatever unit the register has.
"""

from __future__ import annotations

import struct
from fractions import Fraction

# name: (bytes, how)
TYPES = {
    "u8": (1, "unsigned"), "u16": (2, "unsigned"), "u32": (4, "unsigned"), "u64": (8, "unsigned"),
    "s16": (2, "signed"), "s32": (4, "signed"),
    "m16": (2, "magnitude"), "m32": (4, "magnitude"),
    "f32": (4, "float"),
    "bcd1": (1, "decimal"), "bcd2": (2, "decimal"), "bcd3": (3, "decimal"), "bcd4": (4, "decimal"),
    "sbcd2": (2, "signed decimal"), "sbcd3": (3, "signed decimal"), "sbcd4": (4, "signed decimal"),
}  # fmt: skip
FLOAT_DIGITS_MODULUS = 10**7  # constructed: what a float register shows before it starts again


def length_of(kind: str) -> int:
    """Bytes of a type. KeyError for a type nobody knows."""
    return TYPES[kind][0]


def modulus_of(kind: str) -> int:
    """Where a counter of this type starts again at 0 if nothing else is known."""
    size, how = TYPES[kind]
    moduli: dict[str, int] = {
        "unsigned": 1 << 8 * size,
        "signed": 1 << 8 * size - 1,
        "magnitude": 1 << 8 * size - 1,
        "float": FLOAT_DIGITS_MODULUS,
        "decimal": 10 ** (2 * size),
        "signed decimal": 8 * 10 ** (2 * size - 1),
    }
    return moduli[how]


def encode(kind: str, order: str, value: Fraction | int) -> bytes:
    """The register bytes of a value; integers are cut toward zero and held at the type's ends."""
    size, how = TYPES[kind]
    if how == "float":
        return ordered(struct.pack(">f", float(value)), order)
    top = modulus_of(kind) - 1
    magnitude = min(abs(value.numerator) // value.denominator, top)
    negative = value < 0 and magnitude > 0
    if how in ("unsigned", "decimal") and negative:
        magnitude, negative = 0, False
    if how == "signed":
        raw = (-magnitude if negative else magnitude).to_bytes(size, "big", signed=True)
    elif how in ("unsigned", "magnitude"):
        raw = magnitude.to_bytes(size, "big")
    else:
        raw = bytes.fromhex(str(magnitude).rjust(2 * size, "0"))
    if negative and how in ("magnitude", "signed decimal"):
        raw = bytes((raw[0] | 0x80,)) + raw[1:]
    return ordered(raw, order)


def decode(kind: str, order: str, raw: bytes) -> Fraction:
    """What a master has written. Raises ValueError for a decimal with a digit above 9, NaN and infinity."""
    _, how = TYPES[kind]
    straight = ordered(raw, order)
    if how == "float":
        try:
            return Fraction(struct.unpack(">f", straight)[0])
        except OverflowError:
            raise ValueError("an infinite number") from None
    sign = -1 if how in ("magnitude", "signed decimal") and straight[0] & 0x80 else 1
    if how in ("magnitude", "signed decimal"):
        straight = bytes((straight[0] & 0x7F,)) + straight[1:]
    if how in ("decimal", "signed decimal"):
        return Fraction(sign * int(straight.hex()))
    return Fraction(sign * int.from_bytes(straight, "big", signed=how == "signed"))


def ordered(raw: bytes, order: str) -> bytes:
    """Between high byte first and the order on the wire; the same way there and back."""
    if order == "ABCD":
        return raw
    if order == "DCBA":
        return raw[::-1]
    words = [raw[at : at + 2] for at in range(0, len(raw), 2)]
    if order == "CDAB":
        return b"".join(reversed(words))
    if order == "BADC":
        return b"".join(word[::-1] for word in words)
    raise ValueError(f"order {order!r} is none of ABCD CDAB BADC DCBA")
