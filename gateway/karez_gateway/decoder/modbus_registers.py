"""Register values of one reply by a meter profile, whatever part of the map was read.

A bystander does not choose the requests: a reply brings some of a profile's fields, and the
registers their scale hangs on (exponent, unit code, ratio) may have come in another reply.
Parts of one value must be of one moment, so only a scale is taken from elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from karez_protocols import registers
from karez_protocols.profile import Profile

from . import meter_profiles
from .finding import WrongOption

if TYPE_CHECKING:
    from collections.abc import Mapping

PROTOCOL = "modbus"
# End of a value's name -> (unit for a person, decimals).
_UNITS = {
    "lph": ("L/h", 0),
    "l": ("L", 0),
    "wh": ("Wh", 0),
    "w": ("W", 0),
    "var": ("var", 0),
    "va": ("VA", 0),
    "dv": ("V", 1),
    "ca": ("A", 2),
    "chz": ("Hz", 2),
    "permille": ("", 3),
    "mm": ("mm", 0),
    "mms": ("mm/s", 0),
    "pa": ("Pa", 0),
    "cdeg": ("degC", 2),
}


@dataclass(frozen=True)
class Reading:
    """One field of the profile in a reply: where, and what it says in a person's unit."""

    name: str
    start: int  # register on the wire
    count: int
    meaning: str
    unit: str


class MeterMap(Profile):
    """A profile that takes registers in any part: `heard` is {register: value}."""

    def __init__(self, document: dict[str, Any]) -> None:
        """Raise karez_protocols.errors.Malformed or NotAllowed for a document that is no profile."""
        super().__init__(document)
        self.fields = document["fields"]
        self._scales = {
            at
            for times, exponent, _, unit, _ in self.scalings.values()
            for at in (*times, exponent, unit)
            if at >= 0
        }
        self._elsewhere: Mapping[int, int] = {}

    def place(self, at: int) -> tuple[int, int]:
        """Return (first register, registers) of a field."""
        request, first, code = self._row(at)[:3]
        return self.requests[request][0] + first // 2, ((code >> 3 & 7) + 1) // 2

    def _raw(self, at: int, replies: Mapping[int, int]) -> bytes:
        start, count = self.place(at)
        found = [replies.get(register) for register in range(start, start + count)]
        if None in found and at in self._scales:
            found = [self._elsewhere.get(register) for register in range(start, start + count)]
        return (
            b""
            if None in found
            else b"".join(value.to_bytes(2, "big") for value in found if value is not None)
        )

    def _holds(self, at: int, heard: Mapping[int, int]) -> bool:
        parts = self.splits[at][:2] if at in self.splits else (at,)
        return all(
            register in heard
            for start, count in (self.place(part) for part in parts)
            for register in range(start, start + count)
        )

    def values(self, heard: Mapping[int, int], elsewhere: Mapping[int, int]) -> dict[str, int | None]:
        """Return the values whose registers were all heard; None where the meter gives none.

        `elsewhere`: registers of other replies of the same meter, for scales only.
        """
        self._elsewhere = elsewhere
        found = {
            name: self._value(at, heard)
            for at, name in enumerate(self.names)
            if name and self._holds(at, heard)
        }
        for name, mask, below, voids in self.rules:
            if name in found and self._is_void(found[name], mask, below):
                found.update({void: None for void in voids if void in found})
        return found

    def readings(self, heard: Mapping[int, int], values: Mapping[str, int | None]) -> list[Reading]:
        """Return every field of the map whose registers were all heard, by register.

        A total in two parts that stand side by side is one field, once its scale is known.
        """
        found = []
        inside: set[int] = set()
        for at, (whole, fraction, _) in self.splits.items():
            name = self.names[at]
            start, count = self.place(whole)
            behind, more = self.place(fraction)
            if name and values.get(name) is not None and start + count == behind:
                inside |= {whole, fraction}
                found.append(Reading(name, start, count + more, *in_words(values[name], unit_of(name))))
        for at, field in enumerate(self.fields):
            if at in inside:
                continue
            if self._holds(at, heard):
                name, unit = field["name"], field["unit"]
                if name in values:
                    meaning, unit = in_words(values[name], unit)
                else:
                    meaning = self._plain(at, heard, field["scale"])
                found.append(Reading(name, *self.place(at), meaning, unit))
        return sorted(found, key=lambda reading: reading.start)

    def _plain(self, at: int, heard: Mapping[int, int], scale: int) -> str:
        """Say what a part of another value holds."""
        number = registers.number(self._row(at)[2], self._raw(at, heard))
        if number is None:
            return "no number"
        value = number[0] * 10**scale
        return f"{value * 2.0 ** number[1]:.7g}" if number[1] else str(value)


def in_words(value: int | None, unit: str) -> tuple[str, str]:
    """Return (value, unit) as a person reads them: 2302 dV is 230.2 V."""
    shown, decimals = _UNITS.get(unit, ("", 0))
    if value is None:
        return "unknown", shown
    return (f"{value / 10**decimals:.{decimals}f}" if decimals else str(value)), shown


def unit_of(name: str) -> str:
    """Return the unit at the end of a value's name, "" for none."""
    ending = name.rpartition("_")[2]
    return ending if ending in _UNITS else ""


@cache
def meter_map(name: str) -> MeterMap:
    """Return the map of a meter. Raises WrongOption for a name that is no Modbus meter's."""
    if name not in meter_profiles.names(PROTOCOL):
        raise WrongOption(f"{name} is no Modbus profile; known: {' '.join(meter_profiles.names(PROTOCOL))}")
    return MeterMap(meter_profiles.documents()[name])
