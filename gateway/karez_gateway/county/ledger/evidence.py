"""What the boxes of a site signed of a water year, and what the books have beyond that.

A litre is booked once while one box counts. A box that dies and is replaced may leave litres that two boxes
counted, or a gap that was booked over the new year before the old box's last records came. This says how
many: from signed records and bindings alone, as the regulator's office reckons it (regulator/usage.py).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from karez_gateway.county.years.wateryear import Span
from karez_gateway.grants import rights
from karez_gateway.proofs import checkpoints
from karez_gateway.proofs.checkpoints import Proof
from karez_gateway.regulator import boxes
from karez_gateway.regulator.boxes import Box, Count
from karez_gateway.regulator.checkpoint import water
from karez_gateway.regulator.request import DOUBLE, Correction
from karez_gateway.regulator.usage import Energy, healed_wh
from karez_gateway.store import downlinks, ledgers, spares
from karez_gateway.store.controllers import Controller
from karez_gateway.store.corrections import Kept
from karez_gateway.verifier import slots
from karez_gateway.verifier.slots import PLACES
from karez_protocols import grant, record
from karez_protocols import signed as signed_objects

_MEASURING = tuple(kind for kind in PLACES if record.is_measuring(kind))


@dataclass(frozen=True, slots=True)
class Signed:
    """Proofs of a site and a year. `start_l`, `start_wh`: W and E at its start, None where nothing proves it.

    `former`: the newest proof of each box that was replaced in the year; `boxes`: all since the year's start,
    the one of now last; `unsigned_l`: booked in the year before, and not signed by the box that died then.
    `is_own`: the office takes the start from the site's own box, as regulator/yearstart.py reckons it.
    """

    newest: Proof
    start: Proof | None
    former: tuple[Proof, ...]
    boxes: tuple[Box, ...]
    start_l: int | None
    start_wh: int | None
    unsigned_l: int = 0
    is_own: bool = True


@dataclass(frozen=True, slots=True)
class Compared:
    """The books of a year up to the newest proved W, against what was signed. All in litres.

    `booked_l`: without corrections; `plain_l`: by the signed W, each litre once; `twice_l`: of what two boxes
    counted, what no register proves to be the same (regulator/boxes.py); `healed_l`, `others_l`: corrections
    in force, those of the kind `double` with the sign turned. `energy`: as the office reckons it, in Wh; None
    where E is not known.
    """

    booked_l: int
    plain_l: int
    twice_l: int
    healed_l: int
    others_l: int
    energy: Energy | None = None

    @property
    def ledger_l(self) -> int:
        """What a request says."""
        return self.booked_l - self.healed_l + self.others_l

    @property
    def excess_l(self) -> int:
        """What the books have beyond the signed W, before anybody healed it."""
        return self.booked_l - self.plain_l

    @property
    def to_heal_l(self) -> int:
        """What the books still have too much; below zero: too much was taken off, or they lack litres."""
        return self.excess_l - self.healed_l

    @property
    def to_heal_wh(self) -> int:
        """What of E counts as used by two boxes until a person says that it is the same."""
        return self.energy.twice_wh - self.energy.healed_wh if self.energy else 0

    @property
    def is_agreed(self) -> bool:
        """True if the office comes to the same: litres that both count as used may stay so."""
        return self.ledger_l == self.plain_l + self.twice_l - min(self.healed_l, self.twice_l) + self.others_l


def signed(connection: Connection, box: Controller, span: Span) -> Signed | None:
    """What is proved of a site and a year; `box`: that of now. None: it has signed nothing in this year."""
    newest = checkpoints.newest(connection, box)
    if newest is None or newest.utc_s < span.from_utc_s:
        return None
    start, seen_id = _start(connection, box, span)
    since_s = span.from_utc_s if start is None else start.issued_utc_s
    before = [
        one
        for one in reversed(checkpoints.boxes_of(connection, box.site))
        if since_s <= one.issued_utc_s <= box.issued_utc_s and one.signed_binding != box.signed_binding
    ]
    ends = [(one, proof) for one in before if (proof := checkpoints.last_under(connection, one)) is not None]
    told = [_box(one, proof) for one, proof in [*ends, (box, newest)]]
    start_l, start_wh = (None, None) if start is None else (start.volume_l, start.energy_wh)
    if start is None and told[0].issued_utc_s >= span.from_utc_s:
        start_l, start_wh = told[0].base_l, told[0].energy and told[0].energy.base
    former = tuple(proof for _, proof in ends if start is None or proof.data != start.data)
    unsigned_l = _unsigned_l(connection, start, told, span.from_utc_s)
    is_own = True
    if start is not None and start.utc_s < span.from_utc_s:
        is_own = not start.is_end and start.controller_id == seen_id
    return Signed(newest, start, former, tuple(told), start_l, start_wh, unsigned_l, is_own)


def _start(connection: Connection, box: Controller, span: Span) -> tuple[Proof | None, int]:
    """Where a year began, by the box that the office saw when it gave the first right of the year; its id.

    A spare that lay in a drawer over the new year has its own W of that night. The office keeps to what it
    remembers, and so must the books. Where no right was given yet, both begin at the newest binding: `box`.
    """
    site = box.site
    those = checkpoints.boxes_of(connection, site)
    first = _first_granted(connection, those, span) if those[1:] else None
    if first is None:
        return checkpoints.year_start(connection, site, span.from_utc_s), box.id
    return checkpoints.year_start(connection, site, span.from_utc_s, first.issued_utc_s), first.id


def _first_granted(connection: Connection, those: Sequence[Controller], span: Span) -> Controller | None:
    """The box that the first grant of a year for a site was brought for, as it was bound then.

    `those`: all bindings to the site, the newest first; a box may stand there twice. Boxes after it inherit
    the grant. What a box got for another site, where it stood between, is not this site's.
    """
    found = {
        one.id: (owner, issued_utc_s)
        for owner in {one.id: one for one in those}.values()
        for one in downlinks.of_controller(connection, owner.id, record.GRANT)
        if one.checked and rights.read(one.body).site == owner.site
        if span.from_utc_s <= (issued_utc_s := _issued_utc_s(one.body)) < span.to_utc_s
    }
    if not found:
        return None
    owner, issued_utc_s = found[min(found)]
    bound = [one for one in those if one.id == owner.id]
    return next((one for one in bound if one.issued_utc_s <= issued_utc_s), bound[-1])


def _issued_utc_s(data: bytes) -> int:
    return int(grant.decode(signed_objects.split(grant.LABEL, data)[0])[0]["issued_utc_s"])


def compare(
    connection: Connection, found: Signed, total_l: int, those: Iterable[Kept | Correction]
) -> Compared | None:
    """The books against what was signed; None where W at the year's start is not proved.

    `total_l`: of the year, with every correction in force; `those`: these corrections.
    """
    if found.start_l is None:
        return None
    litres = dict.fromkeys((True, False), 0)
    listed = list(those)
    for one in listed:
        litres[one.kind == DOUBLE] += one.litres
    twice_l = boxes.counted_twice(found.boxes, found.start_l)
    behind_l = booked_behind_l(connection, found.newest)
    return Compared(
        booked_l=total_l - sum(litres.values()) - behind_l + found.unsigned_l,
        plain_l=found.newest.volume_l - found.start_l,
        twice_l=twice_l,
        healed_l=-litres[True],
        others_l=litres[False],
        energy=energy(found, listed),
    )


def energy(found: Signed, those: Iterable[Kept | Correction]) -> Energy | None:
    """As the office reckons it (regulator/judging.py); None where E is not known."""
    if found.start_wh is None or found.newest.energy_wh is None:
        return None
    twice_wh = boxes.energy_twice(found.boxes, 0 if found.is_own else found.start_wh)
    return Energy(found.start_wh, twice_wh, healed_wh(those, twice_wh))


def booked_behind_l(connection: Connection, newest: Proof) -> int:
    """Litres that the ledger has booked of this box behind a proved W; below zero while it lags behind it."""
    books = ledgers.books_of(connection, newest.controller_id)
    later = [book.volume_l for (_, chain), book in books.items() if chain >= newest.chain]
    return max(later) - newest.volume_l if later else 0


def _box(owner: Controller, proof: Proof) -> Box:
    number, meter = water(owner.segments)
    return Box(
        owner.name,
        owner.issued_utc_s,
        owner.base_volume_l,
        proof.volume_l,
        meter if proof.segment == number else None,
        None if proof.energy_wh is None else Count(checkpoints.base_wh(owner), proof.energy_wh),
    )


def _unsigned_l(connection: Connection, start: Proof | None, told: Sequence[Box], from_utc_s: int) -> int:
    """Booked before the year of a box that died before it signed them: nothing proves that they were then.

    They count in this year, as what the next box took up behind its last signed W does.
    """
    if start is None or not start.is_end:
        return 0
    last_l = start.volume_l
    for one in spares.good(connection, (start.controller_id, start.chain), _MEASURING, newest_first=True):
        volume_l, head = slots.volume_l(one.slot), slots.head(one.slot)
        if volume_l is not None and not (slots.has_time(head) and head.utc_s >= from_utc_s):
            last_l = volume_l
            break
    bases = [one.base_l for one in told if one.issued_utc_s > start.issued_utc_s and one.base_l is not None]
    return max(min([last_l, *bases[:1]]) - start.volume_l, 0)
