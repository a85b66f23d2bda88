"""From a figure back to the meter: cells, records, raw registers, corrections, and how to prove them.

The litres are booked again from the site's first record on, with no book of before, and W is worked out again
from the meter's own bytes. Both sums stand beside the ledger's; if they differ, something has been changed.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import Connection

from karez_gateway.calendars import HOUR_S, Calendar
from karez_gateway.county.ledger import checking, registers
from karez_gateway.county.ledger.registers import Register
from karez_gateway.county.years.wateryear import Span
from karez_gateway.entries.places import Place, Places
from karez_gateway.ledger import figures
from karez_gateway.ledger.booking import Booking, Empty
from karez_gateway.store import acts, bindings, closings, corrections, sites, verdicts
from karez_gateway.store.corrections import Kept
from karez_gateway.store.ledgers import Hour, Litres
from karez_gateway.store.verdicts import Good
from karez_gateway.verifier import slots
from karez_gateway.verifier.slots import PLACES
from karez_protocols import record

if TYPE_CHECKING:
    from karez_gateway.store.chains import Key

MEASURING = tuple(kind for kind in PLACES if record.is_measuring(kind))


class Step(NamedTuple):
    """One record and the litres that it brought."""

    hour_utc: int
    method: int
    litres: int
    controller: str
    chain: int
    seq: int
    place: Place
    utc_s: int | None
    kind: str
    volume_l: int | None  # W
    before_seq: int | None  # the record before it in its chain; None: the first one
    before_l: int | None  # W in that
    seen: registers.Seen
    before_seen: registers.Seen | None


@dataclass(slots=True)
class Trace:
    """Everything behind the figure of a site and a span."""

    site: str
    span: Span
    cells: list[tuple[Hour, Litres]]
    steps: list[Step]
    corrections: list[Kept]
    decided: dict[int, acts.Act] = field(default_factory=dict)
    closed: list[closings.Closed] = field(default_factory=list)
    newest: dict[str, int] = field(default_factory=dict)  # controller -> its newest chain
    problems: list[str] = field(default_factory=list)

    @property
    def booked_l(self) -> int:
        """What the ledger has."""
        return sum(cell.litres for _, cell in self.cells)

    @property
    def again_l(self) -> int:
        """The same from the records."""
        return sum(one.litres for one in self.steps)

    @property
    def correction_l(self) -> int:
        """What corrections in force add."""
        return sum(one.litres for one in self.corrections if one.log_index is not None)

    @property
    def register_l(self) -> int:
        """Litres of steps between two registers that W agrees with: the meter's own bytes say them."""
        return sum(one.litres for one in self.steps if by_register(one))


def by_register(one: Step) -> bool:
    """True if the meter's bytes of this record and of the one before it give its litres."""
    before = one.before_seen
    if before is None or one.seen.state != registers.AGREES or before.state != registers.AGREES:
        return False
    return one.before_l == before.volume_l


def trace(connection: Connection, places: Places, site: str, span: Span, civil: Calendar) -> Trace:
    """Follow a site's figure back. Its `problems` are empty if every sum is the same."""
    kept = corrections.every(connection, span, site)
    found = Trace(
        site,
        span,
        sites.cells(connection, site, *span),
        _steps(connection, places, site, span),
        kept,
        {one.act_id: act for one in kept if (act := acts.get(connection, one.act_id)) is not None},
        [one for one in closings.every(connection) if _meets(one, span)],
        {one.controller: one.chain for one in sites.chains(connection, site)},
    )
    found.problems = _problems(connection, found, civil)
    return found


def _meets(one: closings.Closed, span: Span) -> bool:
    return one.from_utc_s < span.to_utc_s and one.to_utc_s > span.from_utc_s


def _steps(connection: Connection, places: Places, site: str, span: Span) -> list[Step]:
    """Book every record of the site's controllers again; keep what falls into the span."""
    booking = Booking(Empty())
    booking.begin(connection)
    boxes = {one.id: one.name for one in sites.boxes(connection, site)}
    followed: dict[Key, Register] = {}
    before: dict[Key, tuple[int, int | None, registers.Seen]] = {}
    steps: list[Step] = []
    for one in verdicts.good_of(connection, sorted(boxes), MEASURING):
        key = one.record.controller_id, one.record.chain
        if key not in followed:
            followed[key] = Register(bindings.of_chain(connection, key).signed_binding)
        slot = one.record.slot
        seen = followed[key].read(slot)
        for hour, litres in booking.book(connection, one.record):
            if hour.site == site and span.from_utc_s // HOUR_S <= hour.hour_utc < span.to_utc_s // HOUR_S:
                last = before.get(key, (None, None, None))
                place = places.of(one.record.log_index)
                steps.append(_step(hour, litres, boxes[key[0]], one, place, seen, last))
        if slots.volume_l(slot) is not None:
            before[key] = one.record.seq, slots.volume_l(slot), seen
    return steps


def _step(
    hour: Hour,
    litres: int,
    name: str,
    one: Good,
    place: Place,
    seen: registers.Seen,
    last: tuple[Any, Any, Any],
) -> Step:
    slot = one.record.slot
    head = slots.head(slot)
    return Step(
        hour.hour_utc,
        hour.method,
        litres,
        name,
        one.record.chain,
        one.record.seq,
        place,
        head.utc_s if slots.has_time(head) else None,
        record.KIND_NAMES[head.kind],
        slots.volume_l(slot),
        last[0],
        last[1],
        seen,
        last[2],
    )


def _problems(connection: Connection, found: Trace, civil: Calendar) -> list[str]:
    problems = []
    again: dict[tuple[int, int], int] = {}
    for one in found.steps:
        key = one.hour_utc, one.method
        again[key] = again.get(key, 0) + one.litres
    booked = {(hour.hour_utc, hour.method): cell.litres for hour, cell in found.cells}
    for hour, method in sorted({*again, *booked}):
        ours, theirs = booked.get((hour, method), 0), again.get((hour, method), 0)
        if ours != theirs:
            name, code = civil.iso(hour * HOUR_S), figures.method(method).code
            problems.append(f"{name}: the ledger has {ours} L {code}, the records say {theirs} L")
    for one in found.steps:
        if one.seen.state == registers.DIFFERS:
            said = f"{one.seen.volume_l} L by the register {one.seen.raw}, W says {one.volume_l} L"
            problems.append(f"record {one.seq} of {one.controller}: {said}")
    for act_id in sorted({one.act_id for one in found.corrections}):
        problems += filter(None, [checking.of_correction(connection, act_id)])
    for month in found.closed:
        problems += filter(None, [checking.of_month(connection, month)])
    return problems


def runs(found: Trace) -> list[tuple[str, int, int, int]]:
    """(controller, chain, first record, last record) that prove a trace: the one before the first, too."""
    spans: dict[tuple[str, int], list[int]] = {}
    for one in found.steps:
        spans.setdefault((one.controller, one.chain), []).extend(
            [one.seq, *([] if one.before_seq is None else [one.before_seq])]
        )
    return [(name, chain, min(seqs), max(seqs)) for (name, chain), seqs in sorted(spans.items())]
