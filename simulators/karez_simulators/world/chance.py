"""Where a run's chance comes from: dice of one name each, so that one more throw moves nobody else."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Self


class Chance(random.Random):
    """Dice of one name in one run. The same seed and name fall alike in every process."""

    def __new__(cls, seed: int, name: str) -> Self:  # noqa: ARG004 - random.Random hashes what it is given
        """Make dice that are not seeded yet."""
        return super().__new__(cls)

    def __init__(self, seed: int, name: str) -> None:
        """Take the run's seed and whose dice these are."""
        super().__init__(f"{seed}/{name}")

    def happens(self, permille: int) -> bool:
        """True in so many of a thousand throws."""
        return self.randrange(1000) < permille
