"""Sharing an amount out by weights, each share between its floor and its cap, to the last step.

One rule for all: share = clamp(round(weight × λ), floor, cap), with the largest λ whose shares fit into
the amount. Whoever is at his cap leaves the rest to the others (water filling), and all of them rise
together, so that a larger amount gives nobody less. That is Webster's method with bounds. Largest remainders
would also add up, but there a larger amount can take a step away from somebody (the Alabama paradox; Balinski
and Young, Fair Representation, 1982).

λ is found exactly, by halving over whole numbers: the points at which a share rises by a step are
(2k + 1) ÷ (2 × weight), two of them that differ lie at least 1 ÷ (2 × weight²) apart, and so at a grid that
fine only equal ones fall together. Who of these gets the last steps is decided by name.
"""

from collections.abc import Iterable, Mapping, Sequence
from math import gcd
from typing import NamedTuple

from karez_gateway.errors import Refused


class Part(NamedTuple):
    """One who gets a share. `cap` None: no bound of his own."""

    name: str
    weight: int
    floor: int = 0
    cap: int | None = None


def split(amount: int, parts: Iterable[Part], step: int = 1) -> dict[str, int]:
    """Shares in multiples of `step`; their sum is `amount` less what caps, and less than a step, leave over.

    Floors are rounded up to the step, caps down. Raises Refused when the floors need more than the amount, or
    when no multiple of the step lies between a floor and its cap.
    """
    those = sorted((_stepped(one, amount, step) for one in parts), key=lambda one: one.name)
    steps = amount // step
    least = sum(one.floor for one in those)
    if least > steps:
        raise Refused(f"the least that its parts need is {least * step} L, there are {amount} L")
    shares = _filled(those, min(steps, sum(one.cap or 0 for one in those)))
    return {name: share * step for name, share in shares.items()}


def _stepped(one: Part, amount: int, step: int) -> Part:
    """The same in steps. A weight of nothing gets its floor and no more."""
    floor = -(-one.floor // step)
    cap = max(floor, amount // step) if one.cap is None else one.cap // step
    if floor > cap:
        raise Refused(
            f"{one.name}: no multiple of {step} L lies between its least, {one.floor} L, and its most, "
            f"{one.cap} L: take a smaller step"
        )
    return Part(one.name, one.weight, floor, cap if one.weight else floor)


def _filled(parts: Sequence[Part], steps: int) -> dict[str, int]:
    """Shares in steps that sum to `steps`, which lies between the sum of floors and that of caps."""
    common = gcd(*(one.weight for one in parts)) or 1
    weights = [one.weight // common for one in parts]
    grid = 2 * max(weights, default=0) ** 2 or 1
    low, high = -1, (steps + 1) * grid  # at -1 nobody has more than his floor, at `high` all have their cap
    below, above = [one.floor for one in parts], [one.cap or 0 for one in parts]  # shares there
    settled, unsettled = 0, list(range(len(parts)))
    while True:
        settled += sum(below[at] for at in unsettled if below[at] == above[at])
        unsettled = [at for at in unsettled if below[at] < above[at]]
        if not unsettled or high - low == 1:
            break
        middle = (low + high) // 2
        # Rounded half up: a share rises where weight × λ passes the middle between two whole numbers.
        shares = [(2 * weights[at] * middle + grid) // (2 * grid) for at in unsettled]
        shares = [min(max(one, below[at]), above[at]) for one, at in zip(shares, unsettled, strict=True)]
        fits = settled + sum(shares) <= steps
        low, high = (middle, high) if fits else (low, middle)
        for at, share in zip(unsettled, shares, strict=True):
            (below if fits else above)[at] = share
    for at in unsettled[: steps - settled - sum(below[at] for at in unsettled)]:
        below[at] = above[at]  # one step more: their points fall together
    return {one.name: share for one, share in zip(parts, below, strict=True)}


def cumulated(amount: int, permille: Mapping[str, int]) -> dict[str, int]:
    """An amount over periods in their order; up to the end of each there is what its shares so far say.

    Rounded down at each end, so the whole is `amount` to the litre when the shares sum to 1,000.
    """
    out: dict[str, int] = {}
    shares = before = 0
    for period, share in permille.items():
        shares += share
        here = amount * shares // 1000
        out[period], before = here - before, here
    return out
