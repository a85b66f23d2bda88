"""C7: the wells of one transformer against its own meter; what is left over is an unmetered pump.

Source: integrity.md §4 rule C7, field failure F29 (an unlicensed second pump or unlisted well shows as a
village balance that does not close). Whole numbers only: watt-hours of one period, uncertainties in
permille of a reading (class 1 = 10, class 2 = 20), as limits of error.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isqrt
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True)
class Finding:
    """The balance of one feeder over one period, in watt-hours.

    `unexplained_wh` above zero: energy left the transformer that no well and no loss explains;
    below zero: the wells claim more than the transformer gave. `is_exceeded`: that is more than
    the meters' combined uncertainty, so it is a finding and not the meters.
    """

    wells_wh: int
    feeder_wh: int
    unexplained_wh: int
    uncertainty_wh: int
    is_exceeded: bool

    @property
    def is_unmetered_load(self) -> bool:
        """True when something took energy that no well's meter has seen."""
        return self.is_exceeded and self.unexplained_wh > 0

    @property
    def is_impossible(self) -> bool:
        """True when the wells used more than was delivered: a wrong ratio, or another supply."""
        return self.is_exceeded and self.unexplained_wh < 0


def remainder(
    wells: Iterable[tuple[int, int]], feeder_wh: int, feeder_permille: int, losses_permille: int
) -> Finding:
    """Return what the feeder's meter has seen beyond its wells.

    `wells`: (energy_wh, uncertainty_permille) of each well in the period. `losses_permille`: the most
    that the lines may lose, of the feeder's energy; they excuse a remainder, never a surplus of the
    wells. Uncertainties are taken as independent: the root of their sum of squares, rounded up. Wells
    whose current transformers were bought together are not quite, so this is the tighter bound.
    Raises ValueError on a negative number or losses above 1000 permille.
    """
    parts = [*wells, (feeder_wh, feeder_permille)]
    if any(energy_wh < 0 or permille < 0 for energy_wh, permille in parts):
        raise ValueError("energies and uncertainties are whole numbers from 0")
    if not 0 <= losses_permille <= 1000:
        raise ValueError(f"losses of {losses_permille} permille are not within 0..1000")
    wells_wh = sum(energy_wh for energy_wh, _ in parts) - feeder_wh
    squares = sum((energy_wh * permille) ** 2 for energy_wh, permille in parts)
    # In 1/1000 Wh; both roundings upward, so that none of them makes a finding.
    uncertainty_wh = -(-_root_up(squares) // 1000)
    difference_wh = feeder_wh - wells_wh
    unexplained_wh = difference_wh
    if difference_wh > 0:
        unexplained_wh = max(0, difference_wh - feeder_wh * losses_permille // 1000)
    return Finding(wells_wh, feeder_wh, unexplained_wh, uncertainty_wh, abs(unexplained_wh) > uncertainty_wh)


def _root_up(value: int) -> int:
    root = isqrt(value)
    return root if root * root == value else root + 1
