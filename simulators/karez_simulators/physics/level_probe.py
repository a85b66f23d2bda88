"""What a submersible level probe shows of the water above it, true or spoilt.

It shows the height of the water above its own place; deeper water than its cable is long shows 0. The
faults are those of field.md F19; how large they are is constructed.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

FOULED_SHARE = 20  # a silted probe follows one twentieth of what the level does
WRONG_ZERO_MM = 3_000
HUNG_MM = 8_000  # how far above its place it got caught
JUMP_MM = 2_500


class LevelProbe:
    """A probe `hangs_mm` below ground. `active`: the names of its faults that are on."""

    def __init__(self, hangs_mm: int, active: AbstractSet[str], seed: int = 1) -> None:
        self.hangs_mm = hangs_mm
        self._active = active
        self._random = random.Random(seed)
        self._silted_mm: int | None = None
        self._frozen_mm: int | None = None

    def look_mm(self, water_level_mm: int) -> int:
        """Height of the water above it as it shows it; to be called once for each reading."""
        shown_mm = max(self._spoilt_mm(self.hangs_mm - water_level_mm), 0)
        if "frozen_to_the_digit" not in self._active:
            self._frozen_mm = None
            return shown_mm
        if self._frozen_mm is None:
            self._frozen_mm = shown_mm
        return self._frozen_mm

    def _spoilt_mm(self, above_mm: int) -> int:
        if "fouled" in self._active:
            if self._silted_mm is None:
                self._silted_mm = above_mm
            above_mm = self._silted_mm + (above_mm - self._silted_mm) // FOULED_SHARE
        else:
            self._silted_mm = None
        if "hung" in self._active:
            above_mm -= HUNG_MM
        if "wrong_zero" in self._active:
            above_mm += WRONG_ZERO_MM
        if "jump" in self._active:
            above_mm += self._random.choice((-JUMP_MM, 0, 0, JUMP_MM))
        return above_mm
