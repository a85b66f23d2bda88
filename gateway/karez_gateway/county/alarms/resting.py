"""What a well takes while it is laid up, record by record. Pure.

Counted by what records say of their own time: what was taken before and is heard later is no alarm. The
first record that is heard has the one before it as its base, and if that said no E or W, or came from
another box, itself: a register that begins lower hides nothing.
"""

from collections.abc import Iterable
from typing import NamedTuple

from karez_gateway.county.alarms.layups import Layup


class Heard(NamedTuple):
    """What a record of a site said; E in Wh, W in litres, None: not known."""

    controller_id: int
    energy_wh: int | None
    volume_l: int | None


class Taken(NamedTuple):
    """By a site since a lay-up began."""

    layup: int | None
    energy_wh: int = 0
    water_l: int = 0


def taken(layups: Iterable[Layup], utc_s: int, so_far: Taken, before: Heard | None, heard: Heard) -> Taken:
    """What a site has taken with one more record; `layups`: all of the site."""
    layup = next((one for one in layups if one.holds(utc_s)), None)
    if layup is None:
        return so_far
    if so_far.layup != layup.number:
        so_far = Taken(layup.number)
    if before is None or before.controller_id != heard.controller_id:
        return so_far
    return Taken(
        layup.number,
        so_far.energy_wh + _more(before.energy_wh, heard.energy_wh),
        so_far.water_l + _more(before.volume_l, heard.volume_l),
    )


def _more(before: int | None, now: int | None) -> int:
    return 0 if before is None or now is None else max(now - before, 0)
