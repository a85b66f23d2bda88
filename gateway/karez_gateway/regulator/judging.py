"""May this be signed? A gateway's wishes against limits, memory and what the controllers themselves signed.

Pure: files' contents and the time come in, a Planned for every site or its fault goes out. Nothing that a
gateway says is believed: W, E and the numbers come from signed records, the year from the office's own rules.
Only corrections are its word; they are listed, may not be taken back, and never widen a sum (sums.py).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from karez_protocols import grant, site_class

from . import checkpoint, rows
from .errors import Fault, Untrue, fault
from .request import ENERGY

if TYPE_CHECKING:
    from collections.abc import Mapping

    from karez_gateway.verifier.trust import Trust

    from .checkpoint import Bound, Evidence, Reading
    from .limits import Limits, Site
    from .request import Request, Wish
    from .state import SiteState, State

_DAY_S = 86_400
_SEQ_UNKNOWN = (1 << 32) - 1
# What the provisioner bound a box for, and what the office's table may call it.
_USES = {
    site_class.IRRIGATION: ("farming", "ecology"),
    site_class.DOMESTIC: ("domestic",),
    site_class.LIVESTOCK: ("farming", "domestic"),
    site_class.INDUSTRY: ("industry",),
}


@dataclass(frozen=True, slots=True)
class Planned:
    """What would be signed for one site, and what is to be remembered of it."""

    site: str
    region: str
    seq: int
    policy: int
    rows: list[rows.Row]
    head: tuple[int, int, bytes]  # chain, number, h; number 0: nothing is acknowledged
    volume_l: int  # W_a
    ledger_l: int
    right_l: int
    counted_l: int  # against the limits
    former_l: int | None  # of the last grant, of whichever year
    corrections: dict[str, int]  # act -> litres
    because: str = ""  # why it gets the interim rule only
    notes: tuple[str, ...] = ()
    proved: dict[str, Any] = field(default_factory=dict)
    year_start: list[int | None] | None = None

    def interim(self) -> tuple[int, int]:
        """When the interim rule of water ends, UTC, and the litres it gives beyond the rows before it."""
        water = [row for row in self.rows if row["quantity"] == grant.WATER]
        before = water[-2]["ceiling"] if water[1:] else self.volume_l
        return water[-1]["to_utc_s"], water[-1]["ceiling"] - before


class Start(NamedTuple):
    """W and E at the beginning of a water year, and what a person should see of them."""

    volume_l: int
    energy_wh: int | None
    notes: tuple[str, ...] = ()


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
            return self._without_evidence(wish, site, span)
        if not wish.newest:
            raise Untrue("evidence-missing")
        proved = checkpoint.prove(wish.newest, self.trust, wish.site)
        self._check_bound(proved.bound, site)
        reading, known = proved.readings[-1], self.state.site(wish.site)
        self._check_fresh(reading, proved.bound, known, span)
        start = self._year_start(request, wish, proved, known)
        corrections = _corrections(request, wish, known)
        ledger_l = _ledger(wish, reading.volume_l - start.volume_l, sum(corrections.values()))
        energy_wh = start.energy_wh if reading.energy_wh is not None else None
        _check_energy(wish, reading, energy_wh)
        right_l = wish.right()
        return Planned(
            site=wish.site,
            region=site.region,
            seq=1 + max(known.grant_seq, 0 if reading.grant_seq == _SEQ_UNKNOWN else reading.grant_seq),
            policy=rows.POLICIES[wish.policy],
            rows=rows.build(wish, rows.Base(reading.volume_l - ledger_l, energy_wh), span),
            head=(reading.chain, reading.seq, reading.h),
            volume_l=reading.volume_l,
            ledger_l=ledger_l,
            right_l=right_l,
            # What corrections give back may be pumped on top: it needs room in the limits, too.
            counted_l=max(right_l, right_l - sum(corrections.values())),
            former_l=_former(known),
            corrections=corrections,
            notes=_notes(reading, proved.bound, known) + start.notes,
            proved=_remembered(reading, proved.bound),
            year_start=[start.volume_l, start.energy_wh],
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
        if known.volume_l is not None and reading.volume_l < known.volume_l:
            raise Untrue("volume-below", volume_l=reading.volume_l, known_l=known.volume_l)
        days = self.limits.rules.evidence_days
        if reading.utc_s < self.now_s - days * _DAY_S:
            raise Untrue("evidence-old", days=days)
        if reading.utc_s > self.now_s + _DAY_S:
            raise Untrue("evidence-future")
        if reading.utc_s < span.from_utc_s:
            raise Untrue("evidence-before-year")

    def _year_start(self, request: Request, wish: Wish, proved: Evidence, known: SiteState) -> Start:
        """W and E at the year's start: as remembered, as proved now, or as bound this year. Raises Untrue."""
        remembered = known.years.get(str(request.year))
        if remembered is not None and remembered[0] is not None:
            return Start(remembered[0], remembered[1])
        if wish.year_start:
            found = checkpoint.prove(wish.year_start, self.trust, wish.site)
            before = _last_before(found, request.from_utc_s)
            is_same_box = before.controller == proved.bound.controller
            # A box goes on at the W of the one before it: a retired box may not have counted on since.
            newest_l = proved.readings[-1].volume_l if is_same_box else proved.bound.base_l
            if before.volume_l > newest_l:
                raise Untrue("year-start-above")
            return Start(before.volume_l, before.energy_wh, () if is_same_box else ("note-year",))
        if known.controller or proved.bound.issued_utc_s < request.from_utc_s:
            raise Untrue("year-start-missing", year=request.year)
        return Start(proved.bound.base_l, proved.bound.base_wh)

    def _without_evidence(self, wish: Wish, site: Site, span: rows.Span) -> Planned:
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
            former_l=_former(known),
            corrections={},
            because=self.excused[wish.site],
        )


def _last_before(found: Evidence, utc_s: int) -> Reading:
    """The last reading before a moment, if the next one after it is proved to follow. Raises Untrue."""
    for before, after in zip(found.readings, found.readings[1:], strict=False):
        if before.utc_s < utc_s <= after.utc_s:
            return before
    raise Untrue("year-start-elsewhere")


def _corrections(request: Request, wish: Wish, known: SiteState) -> dict[str, int]:
    """Litres by act. Raises Untrue when one that was shown before is gone or another."""
    found: dict[str, int] = {}
    for one in wish.corrections:
        found[str(one.act)] = found.get(str(one.act), 0) + one.litres
    for act, litres in known.corrections.get(str(request.year), {}).items():
        if found.get(act) != litres:
            raise Untrue("correction-gone", act=act, litres=litres)
    return found


def _ledger(wish: Wish, used_l: int, corrections_l: int) -> int:
    """The ledger up to the checkpoint, if it is what meters and corrections make. Raises Untrue."""
    if used_l + corrections_l < 0:
        raise Untrue("ledger-negative", used_l=used_l, corrections_l=corrections_l)
    if wish.ledger_l != used_l + corrections_l:
        raise Untrue("ledger-differs", said_l=wish.ledger_l, used_l=used_l, corrections_l=corrections_l)
    return wish.ledger_l


def _check_energy(wish: Wish, reading: Reading, start_wh: int | None) -> None:
    """A box that counts E from nothing may not get a ceiling that stands on another's. Raises Untrue."""
    if not wish.right(ENERGY) or start_wh is None or reading.energy_wh is None:
        return
    if reading.energy_wh < start_wh:
        raise Untrue("energy-below", energy_wh=reading.energy_wh, start_wh=start_wh)


def _former(known: SiteState) -> int | None:
    return known.rights.get(str(known.grant_year)) if known.grant_seq else None


def _notes(reading: Reading, bound: Bound, known: SiteState) -> tuple[str, ...]:
    """What a person should see of a site whose right can be signed: names of texts."""
    found = []
    if known.controller and known.controller != reading.controller:
        found.append("note-box")
    if not known.controller and bound.base_l:
        found.append("note-base")
    if known.controller == reading.controller and reading.grant_seq < known.grant_seq:
        found.append("note-behind")
    return tuple(found)


def _remembered(reading: Reading, bound: Bound) -> dict[str, Any]:
    return {
        "controller": reading.controller,
        "bound_utc_s": bound.issued_utc_s,
        "chain": reading.chain,
        "seq": reading.seq,
        "h": reading.h.hex(),
        "utc_s": reading.utc_s,
        "volume_l": reading.volume_l,
    }
