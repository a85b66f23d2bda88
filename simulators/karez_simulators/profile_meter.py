"""A Modbus meter made from nothing but its profile document: any map, served as the profile says.

Registers the profile names hold the well's quantities. Registers between them answer 0
where the profile allows holes and exception 02 where it does not; whatever lies outside
is exception 02, a block longer than the meter serves exception 03, a start or count off
the meter's alignment 02 (as Eastron and Keller do), another function 01.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from karez_simulators import register_encoding
from karez_simulators.meters import (
    ILLEGAL_ADDRESS,
    ILLEGAL_VALUE,
    READ_HOLDING,
    WRITE_ONE,
    WRITE_SEVERAL,
    Meter,
    Refused,
)
from karez_simulators.profile_values import ProfileValues

if TYPE_CHECKING:
    from karez_simulators.well import Well

REFRESH_MS = 500  # constructed: between the SDM630's ten periods and a flow meter's second


class ProfileMeter(Meter):
    """A meter of any Modbus profile. Raises KeyError if the document lacks what it needs.

    Settings by which others are scaled (ratios, decimals, unit codes) can be written with
    06 and 10H where the meter is read with 03, and scale what is shown from the next refresh.
    """

    refresh_ms = REFRESH_MS

    def __init__(self, address: int, well: Well, document: dict[str, Any]) -> None:
        super().__init__(address, well)
        self.document = document
        self.values = ProfileValues(document, well, self._active)
        self.faults = self.values.faults
        self._align = document["align"]
        self.registers_per_read_max = document["block_registers_max"]
        function = document["function"]
        writes = (WRITE_ONE, WRITE_SEVERAL) if function == READ_HOLDING and self.values.settings else ()
        self.functions = frozenset((function, *writes))
        self._image = self._empty_image()
        self._images = {function: self._image}
        self._build(0)

    def read(self, function: int, start: int, count: int) -> list[int]:
        """See Meter.read; off the meter's alignment is refused with 02."""
        if not 1 <= count <= self.registers_per_read_max:
            raise Refused(ILLEGAL_VALUE)
        if start % self._align or count % self._align:
            raise Refused(ILLEGAL_ADDRESS)
        return super().read(function, start, count)

    def write(self, start: int, values: list[int]) -> None:
        """Set whole settings. Raises Refused: 02 for any other register, 03 for what is no number."""
        written = dict(zip(range(start, start + len(values)), values, strict=True))
        wanted = {}
        for name in self.values.settings:
            field = self.values.fields[name]
            span = range(field["start"], field["start"] + _registers(field))
            if all(address in written for address in span):
                raw = b"".join(written.pop(address).to_bytes(2, "big") for address in span)
                try:
                    wanted[name] = register_encoding.decode(field["type"], field["order"], raw)
                except ValueError:
                    raise Refused(ILLEGAL_VALUE) from None
        if written:
            raise Refused(ILLEGAL_ADDRESS)
        self.values.settings.update(wanted)
        self._build(0)

    def _empty_image(self) -> dict[int, int]:
        """0 in every field and in every hole that a read may touch."""
        spans = [(field["start"], field["start"] + _registers(field)) for field in self.document["fields"]]
        holes = self.document["holes"]
        if holes is True:
            spans.append((min(first for first, _ in spans), max(end for _, end in spans)))
        elif holes:
            spans += [(first, last + 1) for first, last in holes]
        if self._align > 1:  # an even block may begin one register before a field
            spans = [(first - first % self._align, end + end % self._align) for first, end in spans]
        return {address: 0 for first, end in spans for address in range(first, end)}

    def _count(self, passed_ms: int = 0) -> None:
        self.values.count(passed_ms)

    def _act(self, name: str) -> None:
        self.values.act(name)

    def _build(self, utc_s: int) -> None:  # noqa: ARG002 - profiles name no clock
        words: dict[int, int] = {}
        for field, raw in self.values.raw():
            raw = raw.rjust(2, b"\0")  # noqa: PLW2901 - one byte in a register stands low
            for at in range(0, len(raw), 2):
                word = int.from_bytes(raw[at : at + 2], "big") & field.get("mask", 0xFFFF)
                address = field["start"] + at // 2
                words[address] = words.get(address, 0) | word  # several masks share a register
        self._image.update(words)


def _registers(field: dict[str, Any]) -> int:
    return (register_encoding.length_of(field["type"]) + 1) // 2
