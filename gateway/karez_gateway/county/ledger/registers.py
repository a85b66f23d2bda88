"""Litres out of the meter's own bytes: W again, from the raw register of a record and its segment. Pure.

    W = base + (turned + register - register_base) x multiplier      (firmware, core/segment.py)

A record holds the bytes of the total as they stood on the wire. What cannot be told from them alone is
said, never guessed: held readings (W stood still while the register moved), a meter whose unit or ratio is
read apart, pulses, a profile that is not known here.
"""

import json
from importlib import resources
from typing import NamedTuple

from karez_gateway.verifier import metering, slots
from karez_protocols import binding, causes, event_details, grant, record
from karez_protocols.errors import ProtocolError
from karez_protocols.profile import Profile

AGREES, DIFFERS, HELD, UNKNOWN = "agrees", "differs", "held", "not told"
_REPLY_BYTES = 256  # more than any reply has
_DETAIL = slice(*slots.PLACES[record.EVENT]["detail"][:2])
_CONVERTED = (record.CONVERTED, record.CONVERTED_GROUP)
_SEGMENT_EVENTS = (causes.SEGMENT_OPENED, causes.SEGMENT_CONFIRMED)


class Seen(NamedTuple):
    """What the register of a record says."""

    raw: str  # hexadecimal
    register: int | None  # in its own unit: litres or Wh
    volume_l: int | None  # W by it
    state: str  # of AGREES, DIFFERS, HELD, UNKNOWN


class Meter:
    """The register that a well's litres are counted by, of one profile."""

    def __init__(self, name: str) -> None:
        """Take the profile's name; one that is not known here tells nothing."""
        self._profile: Profile | None = None
        file = resources.files("karez_protocols").joinpath("profiles", f"{name}.json")
        if name and file.is_file():
            self._profile = Profile(json.loads(file.read_text(encoding="utf-8")))
        self._blank = [bytes(_REPLY_BYTES)] * len(self._profile.requests) if self._profile else []

    def register(self, raw: bytes) -> int | None:
        """The total of its bytes; None: they do not say it alone."""
        profile = self._profile
        if profile is None or not profile.total:
            return None
        row = profile.names.index(profile.total)
        parts = profile._total_parts()  # noqa: SLF001 - the image has no room for a method that only we need
        if any(one in profile.scalings for one in (row, *parts)):
            return None
        replies = list(self._blank)
        for part in parts:
            request, first, code = profile._row(part)[:3]  # noqa: SLF001 - the same
            size = (code >> 3 & 7) + 1
            piece, raw = raw[:size], raw[size:]
            reply = replies[request]
            replies[request] = reply[:first] + piece + reply[first + size :]
        found = profile._value(row, replies)  # noqa: SLF001 - the same
        return None if found is None else int(found)

    @property
    def modulus(self) -> int | None:
        """Where the register rolls over, in its own unit."""
        found = None if self._profile is None else self._profile.total_modulus(self._blank)
        return None if found is None else int(found)


class Register:
    """Follows the register of one chain through its records."""

    def __init__(self, signed_binding: bytes) -> None:
        """Take the binding under which the chain began."""
        listed = binding.open_signed(signed_binding)[1]
        mine = [one for one in listed if one["quantity"] == grant.WATER]
        self._segment = dict(mine[-1]) if mine else None
        self._number = len(listed) and listed.index(mine[-1]) + 1 if mine else 0
        self._meter = Meter(str(mine[-1]["profile"]) if mine else "")
        self._turned = 0
        self._last: int | None = None

    def read(self, slot: bytes) -> Seen:
        """The register of a good measuring record, in the order of the chain."""
        if slot[1] == record.EVENT and slot[2] in _SEGMENT_EVENTS:
            self._event(slot)
        segment = self._segment
        converted = segment is not None and segment["method"] in _CONVERTED
        raw = slots.raw(slot, record.INTERVAL, "energy_raw" if converted else "water_raw")
        number = metering.segment(slot)
        if segment is None or (number is not None and number != self._number):
            return Seen(raw.hex(), None, None, UNKNOWN)  # a segment whose beginning no record here tells
        register = self._meter.register(raw)
        if register is None:
            return Seen(raw.hex(), None, None, UNKNOWN)
        if self._last is not None and register < self._last:
            self._turned += self._meter.modulus or 0
        self._last = register
        counted = self._turned + register - int(segment["register_base"])
        volume_l = int(segment["base"]) + counted * int(segment["multiplier_ppm"]) // 1_000_000
        said_l = slots.volume_l(slot)
        if volume_l == said_l:
            return Seen(raw.hex(), register, volume_l, AGREES)
        is_held = metering.held_l(slot) > 0 or said_l is None
        return Seen(raw.hex(), register, volume_l, HELD if is_held else DIFFERS)

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
            self._number, self._turned, self._last = values["number"], 0, None
