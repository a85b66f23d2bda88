"""DL/T 645 frames as the simulated meter reads and writes them: its own code, none of the codec's.

68 A0..A5 68 C L data CS 16; data bytes travel +33H; CS sums from the first 68 on.
"""

from __future__ import annotations

from typing import NamedTuple

OFFSET = 0x33
HEAD_BYTES = 10
PREAMBLE = 0xFE
WILDCARD = 0xAA
BROADCAST = "99" * 6


class Asked(NamedTuple):
    """A request: its address field as written on a meter, control code, data without the offset."""

    address: str
    control: int
    data: bytes


def parse(frame: bytes) -> Asked | None:
    """A whole, undamaged request anywhere in these bytes; None for all else."""
    for start in range(len(frame) - HEAD_BYTES - 1):
        if frame[start] != 0x68 or frame[start + 7] != 0x68:
            continue
        end = start + HEAD_BYTES + frame[start + 9]
        if end + 2 > len(frame) or frame[end + 1] != 0x16 or sum(frame[start:end]) & 0xFF != frame[end]:
            continue
        control = frame[start + 8]
        if control & 0x80:
            continue  # another meter's answer
        data = bytes((byte - OFFSET) & 0xFF for byte in frame[start + HEAD_BYTES : end])
        return Asked(frame[start + 1 : start + 7][::-1].hex().upper(), control, data)
    return None


def build(number: str, control: int, data: bytes = b"", preamble: int = 4) -> bytes:
    """The answer of the meter with this number."""
    body = bytes((0x68,)) + bytes.fromhex(number)[::-1] + bytes((0x68, control, len(data)))
    body += bytes((byte + OFFSET) & 0xFF for byte in data)
    return bytes((PREAMBLE,)) * preamble + body + bytes((sum(body) & 0xFF, 0x16))


def is_for(address: str, number: str) -> bool:
    """Whether a request's address field means this meter: AA stands for any pair of digits."""
    pairs = zip(bytes.fromhex(address), bytes.fromhex(number), strict=True)
    return address == BROADCAST or all(asked in (WILDCARD, mine) for asked, mine in pairs)
