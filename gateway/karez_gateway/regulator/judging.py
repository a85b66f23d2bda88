"""May this be signed? A gateway's wishes against limits, memory and what the controllers themselves signed.

Pure: files' contents and the time come in, a Planned for every site or its fault goes out. Nothing that a
gateway says is believed: W, E and the numbers come from signed records, the year from the office's own rules.
Only corrections are its word; they are listed, may not be taken back, and never widen a sum (sums.py).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from karez_protocols import site_class

from . import boxes, checkpoint, held, rows, usage, yearstart
from .errors import Fault, Untrue, fault
from .planned import Planned
from .request import ENERGY
from .yearstart import Brought

if TYPE_CHECKING:
    from collections.abc import Mapping

    from karez_gateway.verifier.trust import Trust

    from .checkpoint import Bound, Reading
    from .limits import Limits, Site
    from .request import Request, Wish
    from .state import SiteState, State
    from .usage import Used
    from .yearstart import Start

_DAY_S = 86_400
_SEQ_UNKNOWN = (1 << 32) - 1
# What the provisioner bound a box for, and what the office's table may call it.
_USES = {
    site_class.IRRIGATION: ("farming", "ecology"),
    site_class.DOMESTIC: ("domestic",),
    site_class.LIVESTOCK: ("farming", "domestic"),
    site_class.INDUSTRY: ("industry",),
}


@dataclass(frozen=True)
class Judge:
    """An office at a moment. `signer`: its public key; `excused`: site -> why it goes without evidence."""

    limits: Limits
    state: State
    trust: Trust
    signer: bytes
    now_s: int
    excused: Mapping[str, str] = field(default_factory=dict)

    def request(self, request: Request) -> tuple[list[Planned], list[Fault]]:
        """What would be signed for each wish, and why not for others."""
        faults = self._whole(request)
        if faults:
            return [], faults
        planned = []
        for wish in request.wishes:
            try:
                planned.append(self._planned(request, wish))
            except Untrue as error:
                faults.append(Fault(f"{request.name}, {wish.site}", error.name, error.values))
        return planned, faults

    def _whole(self, request: Request) -> list[Fault]:
        done = self.state.requests.get(request.sha256)
        if done is not None:
            return [fault(request.name, "request-replayed", line=done)]
        if (request.from_utc_s, request.to_utc_s) != self.limits.year(request.year):
            return [fault(request.name, "year-other", year=request.year)]
        if not request.from_utc_s <= self.now_s < request.to_utc_s:
            return [fault(request.name, "year-not-now", year=request.year)]
        return []

    def _planned(self, request: Request, wish: Wish) -> Planned:
        site = self.limits.sites.get(wish.site)
        if site is None:
            raise Untrue("site-unknown")
        if not self.limits.covering(site, request.year):
            values = {"region": site.region, "use": site.use, "source": site.source, "year": request.year}
            raise Untrue("no-limit", **values)
        span = rows.Span(request.from_utc_s, request.to_utc_s, self.now_s)
        rows.check(wish, site.use, span, self.limits.rules)
        if wish.site in self.excused:
            return self._without_evidence(request.year, wish, site, span)
        brought, all_boxes = self._evidence(wish)
        newest = brought.newest
        self._check_bound(newest.bound, site)
        reading, known = newest.readings[-1], self.state.site(wish.site)
        self._check_fresh(reading, newest.bound, known, span)
        start = yearstart.of(request, brought, known)
        mine = [one for one in all_boxes if one.issued_utc_s >= start.issued_utc_s]
        used = _used(wish, reading, start, mine)
        _check_set_back(wish, used, reading, start, known)
        corrections, corrections_wh = _corrections(request, wish, known)
        ledger_l = usage.check(wish, used)
        energy = _energy(wish, reading, start, mine)
        right_l, shown_seq = wish.right(), _shown_grant(reading)
        # Under an older ceiling the well may take what that leaves, by the meter and by the ledger of today.
        floor_l = reading.volume_l - max(ledger_l, used.metered_l)
        return Planned(
            site=wish.site,
            region=site.region,
            seq=1 + max(known.grant_seq, shown_seq),
            policy=rows.POLICIES[wish.policy],
            rows=rows.build(wish, rows.Base(reading.volume_l - ledger_l, energy and energy.base_wh), span),
            head=(reading.chain, reading.seq, reading.h),
            volume_l=reading.volume_l,
            ledger_l=ledger_l,
            right_l=right_l,
            # What corrections give back may be pumped on top: it needs room in the limits, too.
            counted_l=max(right_l, right_l + used.given_back_l),
            held_l=held.litres(known, request.year, shown_seq, floor_l),
            former_l=_former(known),
            corrections=corrections,
            corrections_wh=corrections_wh,
            notes=_notes(reading, newest.bound, known, used, energy) + start.notes,
            gap_l=start.gap_l,
            twice_l=used.twice_l,
            healed_l=used.healed_l,
            twice_wh=energy.twice_wh if energy else 0,
            healed_wh=energy.healed_wh if energy else 0,
            proved=_remembered(reading, newest.bound, shown_seq, all_boxes),
            year_start=start.row(),
        )

    def _check_bound(self, bound: Bound, site: Site) -> None:
        if bound.regulator_key != self.signer:
            raise Untrue("key-other", key=bound.regulator_key.hex())
        if site.use not in _USES[bound.use]:
            raise Untrue("use-other", use=site.use, fit=", ".join(_USES[bound.use]))

    def _check_fresh(self, reading: Reading, bound: Bound, known: SiteState, span: rows.Span) -> None:
        """A checkpoint that is not older than what was seen before, and of this year. Raises Untrue."""
        is_same_box = known.controller == reading.controller
        if is_same_box and (reading.chain, reading.seq) < (known.chain, known.seq):
            raise Untrue("evidence-replayed", seq=reading.seq, known=known.seq)
        if (
            is_same_box
            and (reading.chain, reading.seq) == (known.chain, known.seq)
            and reading.h.hex() != known.h
        ):
            raise Untrue("evidence-fork", seq=reading.seq)
        if known.controller and not is_same_box and bound.issued_utc_s <= known.bound_utc_s:
            raise Untrue("box-older", box=reading.controller, known=known.controller)
        is_same_place = is_same_box and bound.issued_utc_s == known.bound_utc_s
        if is_same_place and known.volume_l is not None and reading.volume_l < known.volume_l:
            raise Untrue("volume-below", volume_l=reading.volume_l, known_l=known.volume_l)
        days = self.limits.rules.evidence_days
        if reading.utc_s < self.now_s - days * _DAY_S:
            raise Untrue("evidence-old", days=days)
        if reading.utc_s > self.now_s + _DAY_S:
            raise Untrue("evidence-future")
        if reading.utc_s < span.from_utc_s:
            raise Untrue("evidence-before-year")

    def _evidence(self, wish: Wish) -> tuple[Brought, list[boxes.Box]]:
        """What a wish proves, and all boxes of its site by their bindings. Raises Untrue."""
        if not wish.newest:
            raise Untrue("evidence-missing")
        newest = checkpoint.prove(wish.newest, self.trust, wish.site)
        start = checkpoint.prove(wish.year_start, self.trust, wish.site) if wish.year_start else None
        former = tuple(checkpoint.prove(one, self.trust, wish.site) for one in wish.former)
        for one in former:
            if one.bound.issued_utc_s > newest.bound.issued_utc_s:
                raise Untrue("box-older", box=newest.bound.controller, known=one.bound.controller)
        told = [one.box for one in (*former, *((start,) if start else ()), newest)]
        known = _remembered_boxes(self.state.site(wish.site))
        return Brought(newest, start, former), boxes.merged(known, told)

    def _without_evidence(self, year: int, wish: Wish, site: Site, span: rows.Span) -> Planned:
        """The interim rule alone, on the W that the office knows; the site keeps its place in the sums."""
        known = self.state.site(wish.site)
        volume_l = known.volume_l
        if volume_l is None:
            if not wish.binding:
                raise Untrue("binding-missing")
            bound, _ = checkpoint.bound(wish.binding, self.trust, wish.site)
            self._check_bound(bound, site)
            volume_l = bound.base_l
        head = (known.chain, known.seq, bytes.fromhex(known.h)) if known.h else (1, 0, bytes(32))
        return Planned(
            site=wish.site,
            region=site.region,
            seq=known.grant_seq + 1,
            policy=rows.POLICIES[wish.policy],
            rows=rows.interim_only(wish, volume_l, span, self.limits.rules),
            head=head,
            volume_l=volume_l,
            ledger_l=0,
            right_l=wish.interim_l,
            counted_l=wish.right(),
            held_l=held.litres(known, year),
            former_l=_former(known),
            corrections={},
            because=self.excused[wish.site],
        )


def _corrections(request: Request, wish: Wish, known: SiteState) -> tuple[dict[str, int], dict[str, int]]:
    """Litres by act, and Wh. Raises Untrue when one that was shown before is gone or another."""
    litres_of: dict[str, int] = {}
    wh_of: dict[str, int] = {}
    for one in wish.corrections:
        act = str(one.act)
        litres_of[act] = litres_of.get(act, 0) + one.litres
        wh_of[act] = wh_of.get(act, 0) + one.energy_wh
    year = str(request.year)
    seen_wh = known.corrections_wh.get(year, {})
    for act, litres in known.corrections.get(year, {}).items():
        if litres_of.get(act) != litres or wh_of[act] != seen_wh.get(act, wh_of[act]):
            raise Untrue("correction-gone", act=act, litres=litres)
    return litres_of, wh_of


def _used(wish: Wish, reading: Reading, start: Start, those: list[boxes.Box]) -> Used:
    """What was used since the year's start. Raises Untrue.

    The gateway does not know what is remembered here. It may count as used what a start in a drawer could
    hide, also where this office saw the box in its place then: that lowers the right, and is taken.
    """
    risen_l = reading.volume_l - start.volume_l
    used = usage.of(wish, risen_l, boxes.counted_twice(those, start.doubtful_l))
    if wish.ledger_l != used.ledger_l:
        wary = usage.of(wish, risen_l, boxes.counted_twice(those, start.volume_l))
        if wish.ledger_l == wary.ledger_l:
            return wary
    return used


def _energy(wish: Wish, reading: Reading, start: Start, those: list[boxes.Box]) -> usage.Energy | None:
    """E of a site since the year's start; None where it is not limited, or not known. Raises Untrue."""
    is_limited = any(row.quantity == ENERGY for row in wish.rows)
    if not is_limited or start.energy_wh is None or reading.energy_wh is None:
        return None
    twice_wh = boxes.energy_twice(those, 0 if start.is_own else start.energy_wh)
    found = usage.Energy(start.energy_wh, twice_wh, usage.healed_wh(wish.corrections, twice_wh))
    if reading.energy_wh < found.base_wh:  # it counts E from nothing: no ceiling may stand on another's
        raise Untrue("energy-below", energy_wh=reading.energy_wh, start_wh=found.base_wh)
    return found


def _former(known: SiteState) -> int | None:
    return known.rights.get(str(known.grant_year)) if known.grant_seq else None


def _shown_grant(reading: Reading) -> int:
    """Number of the grant that a reading says is in force; 0: none, or not known."""
    return 0 if reading.grant_seq == _SEQ_UNKNOWN else reading.grant_seq


def _check_set_back(wish: Wish, used: Used, reading: Reading, start: Start, known: SiteState) -> None:
    """Refuse a W that fell from one box to the next, unless the ledger has all that both of them gave."""
    if not used.twice_l or used.healed_l or wish.ledger_l == used.ledger_l:
        return
    if known.volume_l is not None and reading.volume_l < known.volume_l:
        raise Untrue("volume-below", volume_l=reading.volume_l, known_l=known.volume_l)
    if start.notes:
        raise Untrue("year-start-above")


def _remembered_boxes(known: SiteState) -> list[boxes.Box]:
    """Boxes that the office has seen at a site, the last one also from a memory of before it kept them."""
    found = boxes.kept(known.boxes)
    if known.controller and known.volume_l is not None:
        found.append(boxes.Box(known.controller, known.bound_utc_s, None, known.volume_l, None))
    return boxes.merged(found)


def _notes(
    reading: Reading, bound: Bound, known: SiteState, used: Used, energy: usage.Energy | None
) -> tuple[str, ...]:
    """What a person should see of a site whose right can be signed: names of texts."""
    found = []
    if known.controller and known.controller != reading.controller:
        found.append("note-box")
    if not known.controller and bound.base_l:
        found.append("note-base")
    if known.controller == reading.controller and reading.grant_seq < known.grant_seq:
        found.append("note-behind")
    if used.twice_l:
        found.append("note-twice")
    if energy and energy.twice_wh:
        found.append("note-twice-energy")
    return tuple(found)


def _remembered(reading: Reading, bound: Bound, shown_seq: int, those: list[boxes.Box]) -> dict[str, Any]:
    return {
        "controller": reading.controller,
        "bound_utc_s": bound.issued_utc_s,
        "chain": reading.chain,
        "seq": reading.seq,
        "h": reading.h.hex(),
        "utc_s": reading.utc_s,
        "volume_l": reading.volume_l,
        "held_seq": shown_seq,
        "boxes": [list(one) for one in those],
    }
