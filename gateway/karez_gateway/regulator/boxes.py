"""W of a site across a change of its boxes, and litres that two of them counted. Pure.

Each box says W under its own signature; the provisioner says at which W it began (the binding). One that
began below the last W of the box before it counts these litres once more, or it began at a wrong W. Where
both bindings name one meter, and readings of it that fit, it is the same water. Otherwise the signatures do
not say which: then the litres count as used until a person says that they are the same (docs/decisions/, 44).
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .checkpoint import Evidence

_PPM = 1_000_000


class Meter(NamedTuple):
    """By which register a box counts W: W = base + multiplier × (register − register_base)."""

    method: int
    serial: str
    multiplier_ppm: int
    register_base: int


class Box(NamedTuple):
    """A box under one binding to a site. `top_l`: the highest W that is proved of it there.

    `base_l`: W at which it began, None where only memory names it. `meter`: None if `top_l` was counted by
    another meter than the binding's.
    """

    controller: str
    issued_utc_s: int
    base_l: int | None
    top_l: int
    meter: Meter | None


def of(evidence: Evidence) -> Box:
    """The box of a proved run."""
    bound, last = evidence.bound, evidence.readings[-1]
    meter = bound.meter if last.segment == bound.segment else None
    return Box(bound.controller, bound.issued_utc_s, bound.base_l, last.volume_l, meter)


def kept(rows: Iterable[Sequence[Any]]) -> list[Box]:
    """Boxes as the journal keeps them: rows of JSON."""
    return [Box(row[0], row[1], row[2], row[3], None if row[4] is None else Meter(*row[4])) for row in rows]


def merged(*those: Iterable[Box]) -> list[Box]:
    """Each box once with its highest W, by its binding's day."""
    found: dict[tuple[str, int], Box] = {}
    for one in (box for some in those for box in some):
        key = one.controller, one.issued_utc_s
        was = found.get(key)
        if was is None or (one.base_l is not None and was.base_l is None) or one.top_l > was.top_l:
            base_l = was.base_l if was and one.base_l is None else one.base_l
            top_l = max(one.top_l, was.top_l) if was else one.top_l
            found[key] = one._replace(base_l=base_l, top_l=top_l)
    return sorted(found.values(), key=lambda one: (one.issued_utc_s, one.controller))


def counted_twice(those: Sequence[Box], start_l: int) -> int:
    """Litres between the W at which each box began and the last one of the box before, if that is higher.

    `those`: in the order of their bindings; `start_l`: W at the year's start, by the first of them. What both
    counted by one register is the same water; but no register says that for a start above the next box's
    base: a box in a drawer counts, too.
    """
    litres = 0
    for before, after in pairwise(those):
        if after.base_l is None:
            continue
        over_l = max(before.top_l - after.base_l, 0)
        of_start_l = max(start_l - after.base_l, 0) if before is those[0] else 0
        litres += of_start_l if _is_one_register(before, after) else max(over_l, of_start_l)
    return litres


def _is_one_register(before: Box, after: Box) -> bool:
    """True if both bindings name one meter, and the same reading of it for the same W, to one unit of it."""
    if before.meter is None or after.meter is None or before.base_l is None or after.base_l is None:
        return False
    if before.meter[:3] != after.meter[:3] or after.top_l < before.top_l:
        return False  # another meter; or its register fell, which none does
    unit_ppm = before.meter.multiplier_ppm
    at_ppm = (after.meter.register_base - before.meter.register_base) * unit_ppm
    return abs((after.base_l - before.base_l) * _PPM - at_ppm) <= max(unit_ppm, _PPM)
