"""What the proved records say: irrigations with their litres, boots, gaps, and where W may not go.

A volume is a difference of two readings of W (design §5): litres = W at stop - W at start.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from karez_protocols import chain as links_of
from karez_protocols import record

from . import slots
from .chain_check import Chain
from .findings import Finding, found
from .parts import Parts
from .walk import Link

# The pump byte is the controller's pump state: 0 off, 1 start being written, 2 starting, 3 running,
# 4 stopping, 5 did not stop, 6 stopped and settling (docs/wire/record.md). In these the water may flow:
PUMP_FLOWING = (2, 3, 4, 5)
CLOCK_STEP_S = 60  # a trusted clock is moved by less than this without anyone asking why

_MEASURING = frozenset(kind for kind in range(1, len(record.KIND_NAMES)) if record.is_measuring(kind))

Values = Mapping[str, Any]  # a decoded record: integers, bytes, None for unknown


def integer(values: Values, name: str) -> int | None:
    """A numeric field of a decoded record, None when unknown."""
    value = values.get(name)
    return value if isinstance(value, int) else None


@dataclass(frozen=True, slots=True)
class Irrigation:
    """One start to stop. Whatever is not known or not in the bundle is None."""

    start_seq: int | None
    stop_seq: int | None
    start_utc_s: int | None
    stop_utc_s: int | None
    is_time_trusted: bool
    start_cause: int | None
    stop_cause: int | None
    volume_before_l: int | None
    volume_after_l: int | None
    litres: int | None
    ceiling_l: int | None
    overshoot_l: int | None
    grant_seq: int
    account: int | None
    method: int | None
    code: str | None
    is_proved: bool


@dataclass(frozen=True, slots=True)
class Boot:
    """One boot of the controller; tier 1 = A, 2 = B, 3 = C."""

    seq: int
    boot: int
    utc_s: int | None
    outage_s: int | None
    tier: int | None


@dataclass(frozen=True, slots=True)
class Gap:
    """Time without records, and the litres the meter counted meanwhile."""

    seq: int
    from_utc_s: int | None
    outage_s: int | None
    litres: int | None


@dataclass(frozen=True, slots=True)
class Loss:
    """Records the full store had to give up, and the litres between its ends."""

    seq: int
    first_seq: int | None
    last_seq: int | None
    litres: int | None


@dataclass(slots=True)
class Books:
    """Everything read from the records in order."""

    irrigations: list[Irrigation] = field(default_factory=list)
    boots: list[Boot] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    losses: list[Loss] = field(default_factory=list)
    first_volume_l: int | None = None
    last_volume_l: int | None = None
    findings: list[Finding] = field(default_factory=list)


def difference(after: int | None, before: int | None) -> int | None:
    """How much was added, None when either end is not known."""
    return None if after is None or before is None else after - before


class _Reader:
    """Reads the chained records of one bundle in order."""

    def __init__(self, parts: Parts, chain: Chain) -> None:
        self._parts = parts
        self._chain = chain
        self._open: Link | None = None  # the start of the irrigation in progress
        self._is_idle_known = False  # False until a start or a stop was seen, and again after missing records
        self._running_named = False
        self._last_seq: int | None = None
        self._boot: int | None = None
        self._utc_s = 0
        self.books = Books()
        self._rare = {
            record.START: self._start,
            record.STOP: self._stop,
            record.BOOT: self._boot_record,
            record.GAP: self._gap,
        }

    def _name(self, code: str, link: Link, field: str | None = None, **facts: int) -> None:
        if field is not None and field in slots.PLACES[link.head.kind]:
            span = self._parts.slot_span(link.index, *slots.PLACES[link.head.kind][field][:2])
        else:
            span = self._parts.slot_span(link.index)
        self.books.findings.append(found(code, seq=link.head.seq, field=field, span=span, **facts))

    def read(self) -> Books:
        """Read all records that are tied to the chain."""
        for link in self._chain.links:
            head = link.head
            if link.run is None or head.kind not in slots.PLACES:
                continue
            if self._last_seq is not None and head.seq != self._last_seq + 1:
                self._abandon()
            self._last_seq = head.seq
            if head.boot != self._boot or head.utc_s + CLOCK_STEP_S < self._utc_s:
                self._boot_and_clock(link)
            if head.time_state == record.TIME_SYNCHRONISED and slots.has_time(head):
                self._utc_s = head.utc_s
            if head.kind in _MEASURING:
                self._measuring(link)
            elif head.kind == record.LOSS:
                self._loss(link)
        self._end()
        return self.books

    def _boot_and_clock(self, link: Link) -> None:
        head = link.head
        if self._boot is not None and head.boot != self._boot:
            if head.boot < self._boot or head.kind != record.BOOT:
                self._name("boot_counter", link, "boot", before=self._boot, after=head.boot)
        elif head.time_state == record.TIME_SYNCHRONISED and head.utc_s + CLOCK_STEP_S < self._utc_s:
            self._name("time_went_back", link, "utc_s", seconds=self._utc_s - head.utc_s)
        self._boot = head.boot

    def _measuring(self, link: Link) -> None:
        books = self.books
        volume_l = slots.volume_l(link.slot)
        if volume_l is not None:
            if books.last_volume_l is not None and volume_l < books.last_volume_l:
                self._name("volume_fell", link, "volume_l", before_l=books.last_volume_l, after_l=volume_l)
            if books.first_volume_l is None:
                books.first_volume_l = volume_l
            books.last_volume_l = volume_l
        kind = link.head.kind
        if kind in (record.INTERVAL, record.EVENT):
            if slots.pump(link.slot) in PUMP_FLOWING and self._open is None:
                self._flowing(link)
        elif link.head.seq in self._chain.values:
            self._rare[kind](link, self._chain.values[link.head.seq])

    def _flowing(self, link: Link) -> None:
        """Water may flow and no start is open: it began before the bundle, or there was none."""
        if not self._running_named:
            self._name("pump_without_start" if self._is_idle_known else "began_before", link, "pump")
        self._running_named = True

    def _start(self, link: Link, values: Values) -> None:
        if self._open is not None:
            self._name("start_without_stop", self._open)
            self._add(self._open, None)
        if integer(values, "volume_l") is None:
            self._name("volume_unknown", link, "volume_l")
        self._open, self._is_idle_known, self._running_named = link, True, False

    def _stop(self, link: Link, values: Values) -> None:
        if self._open is None and not self._running_named:
            self._name("stop_without_start" if self._is_idle_known else "began_before", link)
        if integer(values, "volume_l") is None:
            self._name("volume_unknown", link, "volume_l")
        self._add(self._open, link)
        self._open, self._is_idle_known, self._running_named = None, True, False

    def _boot_record(self, link: Link, values: Values) -> None:
        utc_s = link.head.utc_s if slots.has_time(link.head) else None
        self.books.boots.append(
            Boot(link.head.seq, link.head.boot, utc_s, integer(values, "outage_s"), integer(values, "tier"))
        )

    def _gap(self, link: Link, values: Values) -> None:
        before_l, after_l = integer(values, "volume_before_l"), integer(values, "volume_l")
        if before_l is not None and after_l is not None and after_l < before_l:
            self._name("volume_fell", link, "volume_before_l", before_l=before_l, after_l=after_l)
        litres = difference(after_l, before_l)
        self.books.gaps.append(
            Gap(link.head.seq, integer(values, "from_utc_s"), integer(values, "outage_s"), litres)
        )

    def _loss(self, link: Link) -> None:
        values = self._chain.values.get(link.head.seq, {})
        litres = difference(integer(values, "last_volume_l"), integer(values, "first_volume_l"))
        self.books.losses.append(
            Loss(link.head.seq, integer(values, "first_seq"), integer(values, "last_seq"), litres)
        )

    def _abandon(self) -> None:
        """Records are missing here: what ran before may have stopped, what runs after may have started."""
        if self._open is not None:
            self._add(self._open, None)
        self._open, self._is_idle_known, self._running_named = None, False, False

    def _end(self) -> None:
        if self._open is not None:
            self._name("still_running", self._open)
            self._add(self._open, None)

    def _add(self, start: Link | None, stop: Link | None) -> None:
        self.books.irrigations.append(irrigation(self._chain, start, stop))


def irrigation(chain: Chain, start: Link | None, stop: Link | None) -> Irrigation:
    """The irrigation between two records, of which one may be missing."""
    opened: Values = chain.values.get(start.head.seq, {}) if start else {}
    closed: Values = chain.values.get(stop.head.seq, {}) if stop else {}
    before_l, after_l = integer(opened, "volume_l"), integer(closed, "volume_l")
    last = closed or opened
    ceiling_l = integer(closed, "ceiling_l")
    if ceiling_l is None:
        ceiling_l = integer(opened, "ceiling_l")
    over_l = difference(after_l, ceiling_l)
    ends = [one for one in (start, stop) if one is not None]
    return Irrigation(
        start_seq=start.head.seq if start else None,
        stop_seq=stop.head.seq if stop else None,
        start_utc_s=integer(opened, "utc_s"),
        stop_utc_s=integer(closed, "utc_s"),
        is_time_trusted=all(one.head.time_state == record.TIME_SYNCHRONISED for one in ends),
        start_cause=start.head.cause if start else None,
        stop_cause=stop.head.cause if stop else None,
        volume_before_l=before_l,
        volume_after_l=after_l,
        litres=difference(after_l, before_l),
        ceiling_l=ceiling_l,
        overshoot_l=None if over_l is None else max(0, over_l),
        grant_seq=ends[-1].head.grant_seq,
        account=integer(last, "account"),
        method=integer(last, "method"),
        code=links_of.code(stop.slot) if stop else None,
        is_proved=chain.is_signed(ends[0].head.seq, ends[-1].head.seq),
    )


def read(parts: Parts, chain: Chain) -> Books:
    """Return what the chained records say."""
    return _Reader(parts, chain).read()
