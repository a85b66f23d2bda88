"""W and E at the beginning of a water year: as remembered, as proved now, or as bound in this year. Pure.

A box that lived through the new year proves it by two readings side by side. One that died before it proves
the last W that it signed: what the well gave from there to the box after it counts in the new year, as a
gap's litres do (design §5). To show less than there was lowers W at the start, and so the ceiling: it gains
nothing.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from .errors import Untrue

if TYPE_CHECKING:
    from .checkpoint import Evidence, Reading
    from .request import Request
    from .state import SiteState


class Start(NamedTuple):
    """W and E at the beginning of a water year, and what a person should see of them.

    `issued_utc_s`: of the binding of the box that says so, 0 if nobody remembers it. `gap_l`: litres between
    the last W before the year and that at which the next box began.
    """

    volume_l: int
    energy_wh: int | None
    issued_utc_s: int
    notes: tuple[str, ...] = ()
    gap_l: int = 0
    is_own: bool = True

    @property
    def doubtful_l(self) -> int:
        """W of a box that may have stood in a drawer then; 0: the site's own box said it (boxes.py)."""
        return 0 if self.is_own else self.volume_l

    def row(self) -> list[int | None]:
        """As the journal keeps it."""
        return [self.volume_l, self.energy_wh, self.issued_utc_s, int(self.is_own)]


class Brought(NamedTuple):
    """What a request proves of one site: the box of now, the year's start, the boxes before."""

    newest: Evidence
    start: Evidence | None
    former: tuple[Evidence, ...]


def of(request: Request, brought: Brought, known: SiteState) -> Start:
    """The start of a request's year for one site. Raises Untrue."""
    from_utc_s, shown = request.from_utc_s, brought.start
    remembered = known.years.get(str(request.year))
    if remembered is not None and remembered[0] is not None:
        issued_utc_s, is_own = remembered[2:] or (0, 1)
        start = Start(remembered[0], remembered[1], issued_utc_s or 0, is_own=bool(is_own))
        try:
            later = _proved(from_utc_s, brought.newest, shown, known) if shown else start
        except Untrue:
            return start  # what proves nothing takes nothing from what was proved before
        # A record of the old box that came later may prove more of the year before.
        return later if later.volume_l > start.volume_l else start
    if shown is not None:
        return _proved(from_utc_s, brought.newest, shown, known)
    first = min((one.bound for one in (*brought.former, brought.newest)), key=lambda one: one.issued_utc_s)
    if known.controller or first.issued_utc_s < request.from_utc_s:
        raise Untrue("year-start-missing", year=request.year)
    return Start(first.base_l, first.base_wh, first.issued_utc_s)


def _proved(from_utc_s: int, newest: Evidence, shown: Evidence, known: SiteState) -> Start:
    bound, first = newest.bound, shown.readings[0]
    if shown.bound.issued_utc_s > bound.issued_utc_s:
        raise Untrue("box-older", box=bound.controller, known=shown.bound.controller)
    is_same_box = shown.bound.controller == bound.controller
    for before, after in pairwise(shown.readings):
        if before.utc_s < from_utc_s <= after.utc_s:
            notes = () if is_same_box else ("note-year",)
            issued_utc_s = shown.bound.issued_utc_s
            return Start(before.volume_l, before.energy_wh, issued_utc_s, notes, is_own=is_same_box)
    is_of_before = shown.bound.issued_utc_s < from_utc_s
    if shown.begins and is_of_before and first.utc_s >= from_utc_s:  # it counted nothing in the year before
        return Start(shown.bound.base_l, shown.bound.base_wh, shown.bound.issued_utc_s)
    last = shown.readings[-1]
    if (is_same_box and first.chain == newest.readings[-1].chain) or last.utc_s >= from_utc_s:
        raise Untrue("year-start-elsewhere")
    _check_end(from_utc_s, last, known)
    gap_l = max(bound.base_l - last.volume_l, 0) if not is_same_box else 0
    return Start(last.volume_l, last.energy_wh, shown.bound.issued_utc_s, ("note-year-end",), gap_l, False)


def _check_end(from_utc_s: int, last: Reading, known: SiteState) -> None:
    """Refuse an end of which more is known here: the tail of it is held back. Raises Untrue."""
    is_same_box = known.controller == last.controller
    is_behind = is_same_box and (last.chain, last.seq) < (known.chain, known.seq)
    if is_behind or (
        known.volume_l is not None and known.utc_s < from_utc_s and known.volume_l > last.volume_l
    ):
        raise Untrue("year-start-hidden", volume_l=last.volume_l, known_l=known.volume_l)
