"""Stepped prices (requirements T48, G06, W19): what a volume costs, each step shown, in whole fen.

Over plan is not over norm: each basis has its own steps, from its own share of its own volume. One of them
prices from the first litre; the other, if there is one, only adds to what lies above. A step's first litre is
rounded down. Money is rounded half up once over a basis; a step's amount is the difference of two such sums,
so that the steps add up to the bill.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from karez_gateway.county.registry.objects import Registry, Values
from karez_gateway.errors import Refused

PERMILLE, L_PER_M3 = 1000, 1000


class Line(NamedTuple):
    """One step. `to_l` None: it has no end."""

    basis: str
    step: int
    from_l: int
    to_l: int | None
    volume_l: int
    fen_per_m3: int
    amount_fen: int


class Bill(NamedTuple):
    """Lines by basis and step, and their sum."""

    lines: list[Line]

    @property
    def amount_fen(self) -> int:
        """To pay."""
        return sum(one.amount_fen for one in self.lines)


def bill(
    registry: Registry, of_class: str, year: int, used_l: int, bases_l: Mapping[str, int | None]
) -> Bill:
    """What a volume costs. `bases_l`: litres of "plan" and "norm", None where there is none.

    Raises Refused when the class has no price, two prices from the first litre, or none.
    """
    steps = {basis: _steps(registry, of_class, basis, year) for basis in bases_l}
    first = [basis for basis, those in steps.items() if those and not those[0]["from_permille"]]
    if len(first) != 1:
        what = "no price from the first litre" if not first else "a price from the first litre on both bases"
        raise Refused(f"{of_class} water has {what} in {year}: one basis begins at 0 %, the other above")
    if bases_l[first[0]] is None and len(steps[first[0]]) > 1:
        raise Refused(f"{of_class} water is priced by {first[0]}, and this site has none for {year}")
    lines: list[Line] = []
    for basis, those in steps.items():
        basis_l = bases_l[basis]
        # What has no plan or norm is never above it; its first step prices all of it.
        if those and (basis_l is not None or basis == first[0]):
            lines += _lines(basis, those, used_l, basis_l or 0)
    return Bill(lines)


def _steps(registry: Registry, of_class: str, basis: str, year: int) -> list[Values]:
    """The steps of the newest year that has any, not later than this one."""
    those = [
        one
        for _, one in registry.of_kind("price")
        if (one["class"], one["basis"]) == (of_class, basis) and int(one["year"]) <= year
    ]
    newest = max((int(one["year"]) for one in those), default=0)
    found = sorted((one for one in those if one["year"] == newest), key=lambda one: int(one["step"]))
    starts = [int(one["from_permille"]) for one in found]
    if starts != sorted(set(starts)):
        raise Refused(f"prices of {of_class} by {basis} in {newest}: each step must begin above the last")
    return found


def _lines(basis: str, steps: list[Values], used_l: int, basis_l: int) -> Iterator[Line]:
    starts = [basis_l * int(one["from_permille"]) // PERMILLE for one in steps]
    ends: list[int | None] = [*starts[1:], None]
    exact = before_fen = 0  # fen × litres so far, and fen of the steps before
    for one, start_l, end_l in zip(steps, starts, ends, strict=True):
        volume_l = max(min(used_l, used_l if end_l is None else end_l) - start_l, 0)
        price = int(one["fen_per_m3"])
        exact += volume_l * price
        upto_fen = (exact + L_PER_M3 // 2) // L_PER_M3
        yield Line(basis, int(one["step"]), start_l, end_l, volume_l, price, upto_fen - before_fen)
        before_fen = upto_fen
