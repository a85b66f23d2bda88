"""Segments, meter readings and litres by method as a report carries them, and the books of one slot."""

from dataclasses import dataclass, field
from typing import NamedTuple

from karez_protocols import causes, event_details, fields, grant, record

from . import slots
from .findings import Finding

METHODS = {
    0: "unknown",
    record.METERED: "metered",
    record.CONVERTED: "converted",
    record.CONVERTED_GROUP: "converted_group",
    record.ESTIMATED: "estimated",
}


_MEASURED = slots.PLACES[record.INTERVAL]
_NUMBER = slice(*_MEASURED["segment"][:2])
_METHOD = _MEASURED["method"][0]
_HELD = slice(*_MEASURED["held_l"][:2])
_ENERGY = slice(*_MEASURED["energy_wh"][:2])
_QUANTITY = slots.PLACES[record.EVENT]["detail"][0]  # the first byte of a segment event's detail
_REASON = _QUANTITY + next(at for name, _, at, _ in fields.each(event_details.SEGMENT) if name == "reason")
_NOT_SAID = (0, 0xFFFF)  # segments are numbered from 1
_UNKNOWN_HELD = 0xFFFFFFFF
_UNKNOWN_ENERGY = (1 << 48) - 1


@dataclass(slots=True)
class Segment:
    """One segment of water or energy; None where neither binding nor event of the bundle says it.

    `litres`: what W rose by in it, within these records; `booked_l`: held litres that W took up
    when it began. `reason` and `opened_seq` are None for a segment of the binding.
    """

    number: int
    quantity: int
    method: int | None = None
    serial: str | None = None
    reason: int | None = None
    opened_seq: int | None = None
    base: int | None = None
    register_base: int | None = None
    multiplier_ppm: int | None = None
    closing: int | None = None
    is_confirmed: bool = True
    booked_l: int = 0
    litres: int = 0


@dataclass(frozen=True, slots=True)
class MeterReading:
    """A reading that a person entered when a meter was taken off or put on."""

    seq: int
    utc_s: int | None
    is_opening: bool
    quantity: int
    serial: str
    register: int | None


@dataclass(slots=True)
class Metering:
    """Segments and meter readings in order, litres by method (names of METHODS), and what is wrong."""

    segments: list[Segment] = field(default_factory=list)
    meters: list[MeterReading] = field(default_factory=list)
    litres: dict[str, int] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)


def energy_wh(slot: bytes) -> int | None:
    """E of a measuring record; None = not known."""
    value = int.from_bytes(slot[_ENERGY], "little")
    return None if value == _UNKNOWN_ENERGY else value


def held_l(slot: bytes) -> int:
    """P of a measuring record, litres; nothing is held where it is not known."""
    value = int.from_bytes(slot[_HELD], "little")
    return 0 if value == _UNKNOWN_HELD else value


def segment(slot: bytes) -> int | None:
    """The segment of water that a measuring record names, None when it names none."""
    number = int.from_bytes(slot[_NUMBER], "little")
    return None if number in _NOT_SAID else number


def opens_water(slot: bytes) -> bool:
    """True if this measuring record is the event that opens a segment of water."""
    is_opening = slot[1] == record.EVENT and slot[2] == causes.SEGMENT_OPENED
    return is_opening and slot[_QUANTITY] == grant.WATER


class Opened(NamedTuple):
    """Number and base of the segment that an event opens; None = the event does not say."""

    number: int | None
    base: int | None


def opened(slot: bytes) -> Opened:
    """What the event that opens a segment says of it."""
    values = fields.unpack(event_details.SEGMENT, slot, _QUANTITY)
    return Opened(values["number"], values["base"])


def booked_l(slot: bytes, before_l: int, volume_l: int) -> int:
    """Held litres that W took up with this record: up to the base of the segment of water it opens."""
    if not opens_water(slot) or slot[_REASON] == event_details.COEFFICIENT:
        return 0  # a new coefficient takes nothing up: the register goes on
    base_l = opened(slot).base
    top_l = volume_l if base_l is None else min(base_l, volume_l)
    return max(top_l - before_l, 0)


def shares(slot: bytes, before_l: int, volume_l: int) -> list[tuple[int, int]]:
    """What W rose by up to this measuring record, as (method, litres); the method 0 = not known.

    `before_l`: W in the record before. What was held no meter counted: it was the upper
    coefficient x energy; without an energy meter, or where that one rules W, rated flow x time
    (design §5). What the meter before had counted since that record goes with it: the lesser
    method for a few litres, never the better one.
    """
    litres = volume_l - before_l
    if litres <= 0:
        return []
    method = slot[_METHOD] if slot[_METHOD] in METHODS else 0
    booked = booked_l(slot, before_l, volume_l) if slot[1] == record.EVENT else 0
    if not booked:
        return [(method, litres)]
    was_metered = method == record.METERED or slot[_REASON] == event_details.TAKEOVER
    held = record.CONVERTED if was_metered and energy_wh(slot) is not None else record.ESTIMATED
    return [(held, booked), (method, litres - booked)] if booked < litres else [(held, booked)]
