"""Litres out of the meter's own bytes: W again, from the raw register of a record and its segment. Pure.

    W = base + (turned + register - register_base) x multiplier      (firmware, core/segment.py)

A record holds the bytes of the total as they stood on the wire. Where a meter keeps the unit of its total
in a register of its own, it is the one by which W agrees, and must stay that one for the whole segment.
What cannot be told is said, never guessed: held readings (W stood still while the register moved), a ratio
that is read apart, pulses, a profile that is not known here.
"""

import json
import re
from collections.abc import Mapping
from importlib import resources
from typing import Any, NamedTuple

from karez_gateway.verifier import metering, slots
from karez_protocols import binding, causes, event_details, grant, record, registers
from karez_protocols.errors import ProtocolError
from karez_protocols.profile import Profile

AGREES, DIFFERS, HELD, UNKNOWN = "agrees", "differs", "held", "not told"
_NAME = re.compile(r"[a-z0-9][a-z0-9.-]*")
_REPLY_BYTES = 256  # more than any reply has
_SHIFT_MAX = 9  # powers of ten (profile.py)
_DETAIL = slice(*slots.PLACES[record.EVENT]["detail"][:2])
_CONVERTED = (record.CONVERTED, record.CONVERTED_GROUP)
_SEGMENT_EVENTS = (causes.SEGMENT_OPENED, causes.SEGMENT_CONFIRMED)


class Seen(NamedTuple):
    """What the register of a record says."""

    raw: str  # hexadecimal
    register: int | None  # in its own unit: litres or Wh
    volume_l: int | None  # W by it
    state: str  # of AGREES, DIFFERS, HELD, UNKNOWN


class Unit(NamedTuple):
    """What a register's number is worth: factor × 10^scale, in litres or Wh."""

    factor: int
    scale: int


class Meter:
    """The register that a well's litres are counted by, of one profile."""

    def __init__(self, name: str) -> None:
        """Take the profile's name; one that is not known here tells nothing."""
        self._profile: Profile | None = None
        file = resources.files("karez_protocols").joinpath("profiles", f"{name}.json")
        if _NAME.fullmatch(name) and file.is_file():
            self._profile = Profile(json.loads(file.read_text(encoding="utf-8")))
        self._blank = [bytes(_REPLY_BYTES)] * len(self._profile.requests) if self._profile else []

    def register(self, raw: bytes) -> dict[Unit, int]:
        """The total of its bytes in litres or Wh, by each unit that the meter may have; empty: untold."""
        profile = self._profile
        if profile is None or not profile.total:
            return {}
        row = profile.names.index(profile.total)
        replies = list(self._blank)
        for part in profile._total_parts():  # noqa: SLF001 - the image has no room for a method that only we need
            request, first, code = profile._row(part)[:3]  # noqa: SLF001 - the same
            size = (code >> 3 & 7) + 1
            piece, raw = raw[:size], raw[size:]
            reply = replies[request]
            replies[request] = reply[:first] + piece + reply[first + size :]
        number = profile._number(row, replies)  # noqa: SLF001 - the same
        if number is None:
            return {}
        return {
            unit: int(found)
            for unit in self._units(row)
            if (found := registers.scaled(number[0] * unit.factor, unit.scale, number[1])) is not None
        }

    def _units(self, row: int) -> set[Unit]:
        profile = self._profile
        if profile is None:
            return set()
        scale = profile._row(row)[3]  # noqa: SLF001 - the same
        if row not in profile.scalings:
            return {Unit(1, scale)}
        times, exponent, sign, _, factors = profile.scalings[row]
        if times:
            return set()  # a ratio of transformers
        shifts = range(-_SHIFT_MAX, _SHIFT_MAX + 1) if exponent >= 0 else (0,)
        return {Unit(one[0], scale + one[1] + sign * shift) for one in factors.values() for shift in shifts}

    def turn(self, unit: Unit) -> int:
        """What a rollover of the register adds, litres or Wh; 0: not known."""
        modulus = None if self._profile is None else self._profile.modulus
        return 0 if modulus is None else int(registers.scaled(modulus * unit.factor, unit.scale) or 0)


class Register:
    """Follows the register of one chain through its records."""

    def __init__(self, signed_binding: bytes) -> None:
        """Take the binding under which the chain began."""
        listed = binding.open_signed(signed_binding)[1]
        mine = [one for one in listed if one["quantity"] == grant.WATER]
        self._segment: dict[str, Any] | None = dict(mine[-1]) if mine else None
        self._number = listed.index(mine[-1]) + 1 if mine else 0
        self._meter = Meter(str(mine[-1]["profile"]) if mine else "")
        self._begin()

    def _begin(self) -> None:
        self._units: dict[Unit, int] | None = None  # by which W has agreed: what turns added; None: untried
        self._last: dict[Unit, int] = {}  # the register with which it agreed

    def read(self, slot: bytes) -> Seen:
        """The register of a good measuring record, in the order of the chain."""
        if slot[1] == record.EVENT and slot[2] in _SEGMENT_EVENTS:
            self._event(slot)
        segment = self._segment
        is_converted = segment is not None and segment["method"] in _CONVERTED
        raw = slots.raw(slot, record.INTERVAL, "energy_raw" if is_converted else "water_raw")
        number = metering.segment(slot)
        if segment is None or (number is not None and number != self._number):
            return Seen(raw.hex(), None, None, UNKNOWN)  # a segment whose beginning no record here tells
        read = self._meter.register(raw)
        if self._units is not None:
            read = {unit: one for unit, one in read.items() if unit in self._units}
        if not read:
            return Seen(raw.hex(), None, None, UNKNOWN)
        said_l = slots.volume_l(slot)
        agreeing = {
            unit: turned
            for unit, one in read.items()
            for turned in self._turns(unit, one)
            if _volume(segment, turned + one) == said_l
        }
        if agreeing:
            self._units = agreeing
            self._last = {unit: read[unit] for unit in agreeing}
            return Seen(raw.hex(), read[min(agreeing)], said_l, AGREES)
        state = HELD if metering.held_l(slot) > 0 or said_l is None else DIFFERS
        if len(read) > 1:  # the unit is not known yet: nothing can be said by it
            return Seen(raw.hex(), None, None, state)
        ((unit, register),) = read.items()
        turned = 0 if self._units is None else self._units[unit]
        return Seen(raw.hex(), register, _volume(segment, turned + register), state)

    def _turns(self, unit: Unit, register: int) -> list[int]:
        """What whole turns may have added so far: a fall may be one more."""
        turned = 0 if self._units is None else self._units[unit]
        turn = self._meter.turn(unit)
        return [turned, turned + turn] if turn and register < self._last.get(unit, 0) else [turned]

    def _event(self, slot: bytes) -> None:
        try:
            values = event_details.decode(slot[2], slot[_DETAIL])
        except ProtocolError:
            return
        if values["quantity"] != grant.WATER or None in (values["base"], values["register_base"]):
            return
        multiplier = slots.number(slot, record.EVENT, "subject")
        before = self._segment or {}
        self._segment = {
            "method": values["method"],
            "base": values["base"],
            "register_base": values["register_base"],
            "multiplier_ppm": multiplier or before.get("multiplier_ppm", 1_000_000),
        }
        if values["number"] != self._number:
            self._number = values["number"]
            self._begin()


def _volume(segment: Mapping[str, Any], counted: int) -> int:
    """W by a segment (firmware: Segment.value)."""
    counted -= int(segment["register_base"])
    return int(segment["base"]) + counted * int(segment["multiplier_ppm"]) // 1_000_000
