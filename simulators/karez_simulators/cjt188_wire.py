"""CJ/T 188 frames as the simulated meter reads and writes them: its own code, none of the codec's.

68 T A0..A6 C L data CS 16; nothing is added to the data; CS sums from the 68 on.
"""

from __future__ import annotations

from typing import NamedTuple

HEAD_BYTES = 11
PREAMBLE = 0xFE
ANY_TYPE = 0xAA
ANYBODY = "AA" * 7


class Asked(NamedTuple):
    """A request: meter type, address field as written on a meter, control code, data."""

    kind: int
    address: str
    control: int
    data: bytes


def parse(frame: bytes) -> Asked | None:
    """A whole, undamaged request anywhere in these bytes; None for all else."""
    for start in range(len(frame) - HEAD_BYTES - 1):
        if frame[start] != 0x68:
            continue
        end = start + HEAD_BYTES + frame[start + 10]
        if end + 2 > len(frame) or frame[end + 1] != 0x16 or sum(frame[start:end]) & 0xFF != frame[end]:
            continue
        control = frame[start + 9]
        if control & 0x80:
            continue  # another meter's answer
        address = frame[start + 2 : start + 9][::-1].hex().upper()
        return Asked(frame[start + 1], address, control, bytes(frame[start + HEAD_BYTES : end]))
    return None


def build(kind: int, number: str, control: int, data: bytes, preamble: int = 2) -> bytes:
    """The answer of the meter with this type and number."""
    body = bytes((0x68, kind)) + bytes.fromhex(number)[::-1] + bytes((control, len(data))) + data
    return bytes((PREAMBLE,)) * preamble + body + bytes((sum(body) & 0xFF, 0x16))
