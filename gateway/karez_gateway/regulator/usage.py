"""What a site has used this year by what its boxes signed, and what corrections make of it. Pure.

used = W − W at the year's start + litres that two boxes counted       (boxes.py)
ledger = used − what a person healed of those + the other corrections

Of E the same, without other corrections: who takes litres off as counted twice, says their energy, too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from .errors import Untrue
from .request import DOUBLE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .request import Wish


class Said(Protocol):
    """A correction, the office's or the gateway's own."""

    @property
    def kind(self) -> str:
        """DOUBLE, or another."""

    @property
    def litres(self) -> int:
        """Below zero: taken off."""

    @property
    def energy_wh(self) -> int:
        """Of the kind DOUBLE, as it was said when it was made; below zero: taken off."""


class Used(NamedTuple):
    """Litres of a site since the year's start.

    `twice_l`: in `used_l`, counted by two boxes; `healed_l`: of these, taken off by a person. Nobody but the
    gateway says that this was the same water: like all that corrections give back it needs room in the
    limits.
    """

    used_l: int
    twice_l: int
    healed_l: int
    corrections_l: int

    @property
    def ledger_l(self) -> int:
        """What the ledger has to say."""
        return self.used_l - self.healed_l + self.corrections_l

    @property
    def given_back_l(self) -> int:
        """Net, by people."""
        return self.healed_l - self.corrections_l

    @property
    def metered_l(self) -> int:
        """What the meters say, each litre once."""
        return self.used_l - self.healed_l


def of(wish: Wish, risen_l: int, twice_l: int) -> Used:
    """What was used, `risen_l` being W now less W at the year's start. Raises Untrue."""
    double_l = -sum(one.litres for one in wish.corrections if one.kind == DOUBLE)
    if double_l < 0:
        raise Untrue("correction-double", litres=-double_l)
    # What the books alone had twice, nobody here ever counted: to take it off changes no ceiling.
    healed_l = min(double_l, twice_l)
    corrections_l = sum(one.litres for one in wish.corrections if one.kind != DOUBLE)
    return Used(risen_l + twice_l, twice_l, healed_l, corrections_l)


class Energy(NamedTuple):
    """Wh of a site: at the year's start, counted by two boxes, and of these taken off by a person."""

    start_wh: int
    twice_wh: int
    healed_wh: int

    @property
    def base_wh(self) -> int:
        """What a ceiling of E stands on: E less what was used this year."""
        return self.start_wh - self.twice_wh + self.healed_wh


def healed_wh(those: Iterable[Said], twice_wh: int) -> int:
    """Wh that a year's corrections of the kind `double` take off, of `twice_wh` that two boxes counted.

    As much as they say themselves. What boxes count twice after an act was made, no person has seen: the act
    takes nothing of it off.
    """
    said_wh = -sum(one.energy_wh for one in those if one.kind == DOUBLE)
    return min(max(said_wh, 0), twice_wh)


def check(wish: Wish, used: Used) -> int:
    """The ledger up to the checkpoint, if it is what meters and corrections make. Raises Untrue."""
    said = {"used_l": used.metered_l, "corrections_l": used.corrections_l}
    if used.ledger_l < 0:
        raise Untrue("ledger-negative", **said)
    if wish.ledger_l != used.ledger_l:
        raise Untrue("ledger-differs", said_l=wish.ledger_l, **said)
    return wish.ledger_l
