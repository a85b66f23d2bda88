"""W and E of a site across a change of its boxes, and what of them two of them counted. Pure.

Each box says W under its own signature; the provisioner says at which W it began (the binding). One that
began below the last W of the box before it counts these litres once more, or it began at a wrong W. Where
both bindings name one meter, and readings of it that fit, it is the same water. Otherwise the signatures do
not say which: then the litres count as used until a person says that they are the same (docs/decisions/, 44).
E is reckoned alike; but a record does not name the segment of its E, so no register excuses it.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_PPM = 1_000_000


class Meter(NamedTuple):
    """By which register a box counts W: W = base + multiplier × (register − register_base)."""

    method: int
    serial: str
    multiplier_ppm: int
    register_base: int


class Count(NamedTuple):
    """One quantity of a box: litres or Wh at which it began, and the most that is proved of it.

    `base`: None where only memory names the box. `meter`: None if `top` was counted by another meter than the
    binding's, or it is not said by which.
    """

    base: int | None
    top: int
    meter: Meter | None = None


class Box(NamedTuple):
    """A box under one binding to a site. `top_l`: the highest W that is proved of it there.

    `base_l`, `top_l`, `meter`: as in Count. `energy`: None where it does not know E.
    """

    controller: str
    issued_utc_s: int
    base_l: int | None
    top_l: int
    meter: Meter | None
    energy: Count | None = None

    @property
    def water(self) -> Count:
        """What it counted of W."""
        return Count(self.base_l, self.top_l, self.meter)


def kept(rows: Iterable[Sequence[Any]]) -> list[Box]:
    """Boxes as the journal keeps them: rows of JSON. Those of before it kept E end at the meter."""
    return [
        Box(row[0], row[1], row[2], row[3], _meter(row[4]), _energy(row[5] if row[5:] else None))
        for row in rows
    ]


def _meter(row: Sequence[Any] | None) -> Meter | None:
    return None if row is None else Meter(*row)


def _energy(row: Sequence[Any] | None) -> Count | None:
    return None if row is None else Count(row[0], row[1])


def merged(*those: Iterable[Box]) -> list[Box]:
    """Each box once with its highest W and E, by its binding's day."""
    found: dict[tuple[str, int], Box] = {}
    for one in (box for some in those for box in some):
        key = one.controller, one.issued_utc_s
        was = found.get(key)
        if was is None:
            found[key] = one
            continue
        newer = one if (one.base_l is not None and was.base_l is None) or one.top_l > was.top_l else was
        found[key] = newer._replace(
            base_l=was.base_l if one.base_l is None else one.base_l,
            top_l=max(one.top_l, was.top_l),
            energy=_merged_energy(was.energy, one.energy),
        )
    return sorted(found.values(), key=lambda one: (one.issued_utc_s, one.controller))


def _merged_energy(was: Count | None, one: Count | None) -> Count | None:
    if was is None or one is None:
        return one or was
    return Count(was.base if one.base is None else one.base, max(was.top, one.top))


def counted_twice(those: Sequence[Box], start_l: int) -> int:
    """Litres between the W at which each box began and the last one of the box before, if that is higher.

    `those`: in the order of their bindings; `start_l`: W at the year's start, by the first of them. What both
    counted by one register is the same water; but no register says that for a start above the next box's
    base: a box in a drawer counts, too.
    """
    return _twice([one.water for one in those], start_l)


def energy_twice(those: Sequence[Box], start_wh: int) -> int:
    """The same of E, in Wh. Boxes that do not know E are passed over."""
    return _twice([one.energy for one in those if one.energy is not None], start_wh)


def _twice(those: Sequence[Count], start: int) -> int:
    found = 0
    for at, (before, after) in enumerate(pairwise(those)):
        if after.base is None:
            continue
        over = max(before.top - after.base, 0)
        of_start = max(start - after.base, 0) if at == 0 else 0
        found += of_start if _is_one_register(before, after) else max(over, of_start)
    return found


def _is_one_register(before: Count, after: Count) -> bool:
    """True if both bindings name one meter, and the same reading of it for the same W, to one unit of it."""
    if before.meter is None or after.meter is None or before.base is None or after.base is None:
        return False
    if before.meter[:3] != after.meter[:3] or after.top < before.top:
        return False  # another meter; or its register fell, which none does
    unit_ppm = before.meter.multiplier_ppm
    at_ppm = (after.meter.register_base - before.meter.register_base) * unit_ppm
    return abs((after.base - before.base) * _PPM - at_ppm) <= max(unit_ppm, _PPM)
