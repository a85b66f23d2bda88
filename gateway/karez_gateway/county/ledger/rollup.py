"""Roll-ups: litres of sites, months and methods added up to whatever they are asked by. Pure.

Three sums stay apart and are exact: what is booked, what corrections added, and what came late to a month
that was closed. Together they are every litre of ledger and corrections. Litres of different metering
points are never added (requirement C02): whoever asks puts the point into the key.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

from karez_gateway.store.closings import Totals
from karez_protocols import record

ByMethod = dict[int, int]
K = TypeVar("K", bound=Hashable)


class Line(NamedTuple):
    """One site, one month, one method."""

    site: str
    at: int  # which month
    method: int
    booked_l: int
    correction_l: int
    late_l: int


@dataclass(slots=True)
class Amount:
    """Litres by method, in their three sums."""

    booked: ByMethod = field(default_factory=dict)
    corrections: ByMethod = field(default_factory=dict)
    late: ByMethod = field(default_factory=dict)

    def add(self, line: Line) -> None:
        """Take one more."""
        for into, litres in (
            (self.booked, line.booked_l),
            (self.corrections, line.correction_l),
            (self.late, line.late_l),
        ):
            if litres:
                into[line.method] = into.get(line.method, 0) + litres

    def of(self, method: int) -> int:
        """Litres by one method, corrections among them, late ones not."""
        return self.booked.get(method, 0) + self.corrections.get(method, 0)

    @property
    def booked_l(self) -> int:
        """What the ledger has."""
        return sum(self.booked.values())

    @property
    def correction_l(self) -> int:
        """What corrections add."""
        return sum(self.corrections.values())

    @property
    def total_l(self) -> int:
        """Both: the figure of a report."""
        return self.booked_l + self.correction_l

    @property
    def late_l(self) -> int:
        """What came to closed months afterwards."""
        return sum(self.late.values())

    @property
    def metered_permille(self) -> int | None:
        """Metering rate (计量率): metered litres of all, 0 to 1000 and rounded down; None: there are none."""
        total_l = self.total_l
        return self.of(record.METERED) * 1000 // total_l if total_l > 0 else None


def lines(
    booked: Mapping[tuple[str, int, int], int],
    corrections: Mapping[tuple[str, int, int], int],
    closed: Mapping[int, Totals],
) -> list[Line]:
    """Every site, month and method of which there are litres; keys are (site, month, method).

    `closed`: month -> what stood when it was closed. Of such a month the figure is that, and what is
    there now beyond it is late.
    """
    keys = {*booked, *corrections}
    keys |= {(site, at, method) for at, totals in closed.items() for site, method in totals}
    found = []
    for key in sorted(keys):
        site, at, method = key
        now = booked.get(key, 0), corrections.get(key, 0)
        if at not in closed:
            found.append(Line(*key, *now, 0))
            continue
        then = closed[at].get((site, method), (0, 0))
        found.append(Line(*key, *then, sum(now) - sum(then)))
    return [one for one in found if one.booked_l or one.correction_l or one.late_l]


def roll(those: Iterable[Line], keys: Callable[[Line], Iterable[K]]) -> dict[K, Amount]:
    """Add lines up by every key that they have, as a region's litres are also those of the county."""
    found: dict[K, Amount] = {}
    for line in those:
        for key in keys(line):
            amount = found.get(key)
            if amount is None:
                amount = found[key] = Amount()
            amount.add(line)
    return found
