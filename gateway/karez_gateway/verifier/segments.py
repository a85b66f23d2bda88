"""What counted the water: segments, their meters, and the litres of each method (design §5).

W = base + multiplier x (register - register_base) of the segment in force. A segment begins in
the binding or with an event, and there alone W takes up litres that no meter counted: what was
held is booked as converted. Elsewhere W rises no faster than the pump can lift.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from karez_protocols import causes, event_details, grant, record, signed
from karez_protocols.errors import ProtocolError

from . import metering, slots
from .chain_check import Chain
from .findings import found
from .metering import METHODS, Metering, MeterReading, Segment
from .parts import Parts
from .walk import Link

_SEGMENT_EVENTS = (causes.SEGMENT_OPENED, causes.SEGMENT_CONFIRMED)
_METER_EVENTS = (causes.METER_CLOSED, causes.METER_OPENED)
# A reading may be a minute older than its record before the books speak of a gap (design §5).
_SILENCE_S = 60
_STEP_L = 1000  # the coarsest totaliser or pulse in use counts in cubic metres

_DETAIL = slice(*slots.PLACES[record.EVENT]["detail"][:2])
_MEASURING = frozenset(kind for kind in slots.PLACES if record.is_measuring(kind))
_UNKNOWN_UPTIME = _UNKNOWN_SUBJECT = 0xFFFFFFFF
_NUMBER_MAX = 0xFFFE  # two bytes, all ones = unknown; the last number then stays


@dataclass(frozen=True, slots=True)
class _Good:
    """A record in which nothing was held: from here W rises as fast as the pump can lift, no faster."""

    boot: int
    uptime_s: int
    volume_l: int
    energy_wh: int | None


class _Reader:
    """Follows the segments through the chained records of one bundle."""

    def __init__(self, parts: Parts, chain: Chain, bound: Mapping[str, Any], listed: Sequence[Any]) -> None:
        self._parts = parts
        self._chain = chain
        self._rated_lph: int = bound["rated_flow_lph"]
        self._upper_ml_per_wh: int = bound["upper_ml_per_wh"]
        self._binding_digest = signed.digest(parts.binding.data)
        self._in_force: dict[int, Segment] = {}
        self._top = 0  # the highest number that any segment has
        # No record of the chain is missing so far; none is since the last one that named its segment.
        self._is_complete = bool(chain.links) and parts.chain == 1 and chain.links[0].head.seq == 1
        self._is_certain = self._is_complete
        self._last_seq: int | None = None
        self._volume_l: int | None = None
        self._good: _Good | None = None
        self._held_l = 0
        self._is_opening = False  # this record opens a segment of water
        self._has_begun = False  # this record begins a segment
        self._serials: dict[int, str] = {}  # of meters put on whose segment has not begun yet
        self.out = Metering()
        for number, one in enumerate(listed, 1):
            self._begin(
                Segment(
                    number,
                    one["quantity"],
                    one["method"],
                    one["serial"],
                    base=one["base"],
                    register_base=one["register_base"],
                    multiplier_ppm=one["multiplier_ppm"],
                )
            )

    def _begin(self, segment: Segment) -> None:
        self.out.segments.append(segment)
        self._in_force[segment.quantity] = segment
        self._top = max(self._top, segment.number)

    def _name(self, code: str, link: Link, name: str, **facts: int) -> None:
        span = self._parts.slot_span(link.index, *slots.PLACES[link.head.kind][name][:2])
        self.out.findings.append(found(code, seq=link.head.seq, field=name, span=span, **facts))

    def read(self) -> Metering:
        """Read all records that are tied to the chain."""
        for link in self._chain.links:
            kind = link.head.kind
            if link.run is None or kind not in slots.PLACES:
                continue
            if self._last_seq is not None and link.head.seq != self._last_seq + 1:
                self._forget()
            self._last_seq = link.head.seq
            if kind in _MEASURING:
                self._measuring(link)
            elif kind == record.BINDING and slots.raw(link.slot, kind, "digest") != self._binding_digest:
                self._forget()
                self._in_force.clear()  # another binding lists other segments
                self._top = 0
        for one in self.out.segments:
            if not one.is_confirmed and one.opened_seq is not None:
                self.out.findings.append(
                    found("segment_provisional", seq=one.opened_seq, segment=one.number, litres=one.litres)
                )
        return self.out

    def _forget(self) -> None:
        """Whatever happened here is not in the bundle."""
        self._is_complete = self._is_certain = False
        self._good = None

    def _measuring(self, link: Link) -> None:
        self._is_opening = metering.opens_water(link.slot)
        self._has_begun = False
        if link.head.kind == record.EVENT:
            if link.head.cause in _SEGMENT_EVENTS:
                self._segment_event(link)
            elif link.head.cause in _METER_EVENTS:
                self._meter_event(link)
        number = metering.segment(link.slot)
        if number is not None and not self._has_begun:
            self._named(link, number)
        volume_l = slots.volume_l(link.slot)
        if volume_l is not None:
            self._count(link, volume_l)

    def _detail(self, link: Link) -> dict[str, Any] | None:
        """The detail of an event, None and a finding when it cannot be read or names no quantity."""
        try:
            values: dict[str, Any] = event_details.decode(link.head.cause, link.slot[_DETAIL])
        except ProtocolError:
            values = {"quantity": None}
        if values["quantity"] in (grant.WATER, grant.ENERGY) and values.get("number", 1) is not None:
            return values
        self._name("detail_malformed", link, "detail")
        return None

    def _meter_event(self, link: Link) -> None:
        values = self._detail(link)
        if values is None:
            return
        is_opening = link.head.cause == causes.METER_OPENED
        utc_s = link.head.utc_s if slots.has_time(link.head) else None
        quantity, serial = values["quantity"], values["serial"]
        self.out.meters.append(
            MeterReading(link.head.seq, utc_s, is_opening, quantity, serial, values["register"])
        )
        if is_opening:
            segment = self._in_force.get(quantity)
            # The books may have opened the segment before anyone came, or wait for this reading.
            if segment is not None and segment.serial is None and not segment.is_confirmed:
                segment.serial = serial
            else:
                self._serials[quantity] = serial

    def _segment_event(self, link: Link) -> None:
        values = self._detail(link)
        if values is None:
            return
        if link.head.cause == causes.SEGMENT_CONFIRMED:
            for one in self.out.segments:
                if (one.number, one.quantity) == (values["number"], values["quantity"]):
                    self._confirm(link, one, values)
                    return
        self._open(link, values)

    def _confirm(self, link: Link, one: Segment, values: Mapping[str, Any]) -> None:
        """A person confirms a segment; what it counts from is not changed by that."""
        for name in ("method", "base", "register_base"):
            before = getattr(one, name)
            if before is not None and before != values[name]:
                self._name("segment_rewritten", link, "detail", segment=one.number)
                break
        one.method, one.base, one.register_base = values["method"], values["base"], values["register_base"]
        one.multiplier_ppm = self._multiplier(link) or one.multiplier_ppm
        one.is_confirmed = values["is_confirmed"] == 1
        one.serial = one.serial or self._serials.pop(one.quantity, None)

    def _open(self, link: Link, values: Mapping[str, Any]) -> None:
        quantity, number, base = values["quantity"], values["number"], values["base"]
        before = self._in_force.get(quantity)
        known = before if before is not None and before.number == number and before.base is None else None
        if known is None and number <= self._top and number != _NUMBER_MAX:
            self._name("segment_fell", link, "detail", before=self._top, after=number)
        elif known is None and self._is_complete and number > self._top + 1:
            self._name("segment_skipped", link, "detail", before=self._top, after=number)
        if known is not None:
            self.out.segments.remove(known)  # a record had named it before this event told of it
            before = next((one for one in self.out.segments[::-1] if one.quantity == quantity), None)
        if before is not None:
            before.closing = values["closing"]
        is_water = quantity == grant.WATER
        name = "volume_l" if is_water else "energy_wh"
        value = slots.volume_l(link.slot) if is_water else metering.energy_wh(link.slot)
        if value is not None and base is not None and value < base:
            self._name("segment_base", link, name, base=base, value=value)
        self._has_begun = True
        self._begin(
            Segment(
                number,
                quantity,
                values["method"],
                self._serials.pop(quantity, None),
                values["reason"],
                link.head.seq,
                base,
                values["register_base"],
                self._multiplier(link),
                is_confirmed=values["is_confirmed"] == 1,
            )
        )

    @staticmethod
    def _multiplier(link: Link) -> int | None:
        """The multiplier of the segment that an event is about: its subject (docs/wire/record.md)."""
        subject = slots.number(link.slot, record.EVENT, "subject")
        return subject if 0 < subject < _UNKNOWN_SUBJECT else None

    def _named(self, link: Link, number: int) -> None:
        """The segment that a record names is the one in force."""
        before = self._in_force.get(grant.WATER)
        was_certain, self._is_certain = self._is_certain, True
        if before is not None and number == before.number:
            return
        if before is not None and number < before.number:
            self._name("segment_fell", link, "segment", before=before.number, after=number)
        elif was_certain:
            self._name("segment_unrecorded", link, "segment", segment=number)
        self._begin(Segment(number, grant.WATER))

    def _count(self, link: Link, volume_l: int) -> None:
        """Book what W rose by since the record before, and look whether it can have."""
        shares = [] if self._volume_l is None else metering.shares(link.slot, self._volume_l, volume_l)
        held_l, energy = metering.held_l(link.slot), metering.energy_wh(link.slot)
        segment = self._in_force.get(grant.WATER)
        for method, litres in shares:
            name = METHODS[method]
            self.out.litres[name] = self.out.litres.get(name, 0) + litres
        if shares and self._volume_l is not None:
            booked = metering.booked_l(link.slot, self._volume_l, volume_l)
            if segment is not None:
                segment.booked_l += booked
                segment.litres += volume_l - self._volume_l - booked
            is_metered = shares[-1][0] == record.METERED and not self._is_opening
            self._leap(link, volume_l, None if is_metered else energy)
        self._volume_l, self._held_l = volume_l, held_l
        if not held_l or self._is_opening:
            self._good = _Good(link.head.boot, link.head.uptime_s, volume_l, energy)

    def _leap(self, link: Link, volume_l: int, energy: int | None) -> None:
        """W rose since nothing was held: by no more than the pump lifts, plus P where a segment opens.

        `energy`: E where W is converted from it; its register may move by a whole kWh at once.
        """
        good, head = self._good, link.head
        if good is None or head.boot != good.boot or _UNKNOWN_UPTIME in (head.uptime_s, good.uptime_s):
            return
        if head.kind in (record.GAP, record.BOOT) or head.cause == causes.SEGMENT_CONFIRMED:
            return  # the litres of an outage, which the record itself states, or a person believed
        seconds = max(0, head.uptime_s - good.uptime_s) + _SILENCE_S
        allowed_l = self._rated_lph * 5 * seconds // (4 * 3600) + _STEP_L
        if self._is_opening:
            allowed_l += self._held_l
        if energy is not None and good.energy_wh is not None:
            allowed_l += max(0, energy - good.energy_wh) * self._upper_ml_per_wh // 1000
        litres = volume_l - good.volume_l
        if litres > allowed_l:
            self._name("volume_leapt", link, "volume_l", litres=litres, allowed_l=allowed_l)


def read(parts: Parts, chain: Chain, bound: Mapping[str, Any], listed: Sequence[Any]) -> Metering:
    """Return segments, meters and litres by method; `bound` and `listed` are the binding's."""
    return _Reader(parts, chain, bound, listed).read()
