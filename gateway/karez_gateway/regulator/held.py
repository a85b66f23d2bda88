"""Rights that controllers may still hold: a cut frees nothing before a record shows that it is held.

A controller takes the newest grant that reaches it. Until a record under its signature names the lower one,
every grant of this year from the one it showed on may be in force, and the highest of them counts (decision
44). Pure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .state import SiteState


def litres(known: SiteState, year: int, held_seq: int | None = None, floor_l: int | None = None) -> int:
    """The most that a site may take this year by the grants that it may hold; 0 if it has none of this year.

    `held_seq`: the grant that its newest record names, else that of memory. `floor_l`: the W from which this
    year's right counts now; left out, rights count as they were given.
    """
    shown = known.held_seq if held_seq is None else held_seq
    most_l = 0
    for seq, (of_year, counted_l, ceiling_l) in known.grants.items():
        if of_year != year or int(seq) < shown or counted_l is None:
            continue
        most_l = max(most_l, counted_l)
        if floor_l is not None and ceiling_l is not None:
            most_l = max(most_l, ceiling_l - floor_l)
    return most_l
