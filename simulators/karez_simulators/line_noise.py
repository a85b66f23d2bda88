"""Disturbance on a wire: bytes spoilt on request or by chance, repeatable by seed."""

from __future__ import annotations

import random

PER_MILLION = 1_000_000


class Noise:
    """Spoils bytes toward the "master" or the "meters". `ppm` may be set at any time: bytes per million.

    `spoilt_bytes` counts what has been changed; a spoilt byte always differs from the true one.
    """

    def __init__(self, seed: int) -> None:
        self.ppm = 0
        self.spoilt_bytes = 0
        self._random = random.Random(seed)
        self._left = {"master": 0, "meters": 0}

    def next(self, count: int, toward: str) -> None:
        """Spoil the next `count` bytes carried that way. KeyError for other ends."""
        self._left[toward] += count

    def carry(self, byte: int, toward: str) -> int:
        """One byte goes that way: itself, or another one."""
        if self._left[toward] > 0:
            self._left[toward] -= 1
            return self.spoil(byte)
        if self.ppm and self._random.randrange(PER_MILLION) < self.ppm:
            return self.spoil(byte)
        return byte

    def spoil(self, byte: int) -> int:
        """Another byte than this one."""
        self.spoilt_bytes += 1
        return byte ^ self._random.randrange(1, 256)

    def spoil_one(self, data: bytes) -> bytes:
        """The same bytes with one of them changed."""
        at = self._random.randrange(len(data))
        return data[:at] + bytes((self.spoil(data[at]),)) + data[at + 1 :]

    def happens(self, permille: int) -> bool:
        """Whether something of this probability happens now."""
        return self._random.randrange(1000) < permille

    def any_byte(self) -> int:
        """A byte from nowhere."""
        return self._random.randrange(256)
