"""A CJ/T 188 water meter with a valve (cjt188.md), driven by the well model.

It answers in the byte order of the identifier it was asked with, so masters of both
habits can read it. Constructed: the settlement total is the one at the beginning, the
valve travels ten seconds, the clock runs on Beijing time.
"""

from __future__ import annotations

from datetime import UTC, datetime
from fractions import Fraction
from typing import TYPE_CHECKING

from karez_simulators import cjt188_wire, meter_faults
from karez_simulators.meters import Instrument
from karez_simulators.quantities import Quantities
from karez_simulators.register_encoding import encode

if TYPE_CHECKING:
    from collections.abc import Callable

    from karez_simulators.well import Well

COLD_WATER = 0x10
READ, READ_ADDRESS, WRITE = 0x01, 0x03, 0x04
REPLY, ERROR = 0x80, 0x40
METERING, ADDRESS, VALVE = "901F", "810A", "A017"
OPEN, CLOSE, ASK = 0x55, 0x99, 0x00
VALVE_OPEN, VALVE_CLOSED = 0, 1
VALVE_TRAVEL_S = 10  # "10 s or more" (cjt188.md section 5)
# Unit code: base units (litres) per count. 2C has two decimals, 29 none (cjt188.md section 4).
UNITS = {0x2C: Fraction(10), 0x29: Fraction(1)}
COUNTS = 10**8  # eight digits, then 0
BEIJING_S = 8 * 3600


class Cjt188Meter(Instrument):
    """Water meter with a 14-digit number. A station for the line by itself: `hears` and `receive`.

    Raises ValueError for a number that is not 14 digits or a unit nobody knows.
    `valve_moved(is_open)` is called when the valve has arrived.
    """

    refresh_ms = 1000
    faults = meter_faults.WATER | meter_faults.VALVE

    def __init__(self, number: str, well: Well, kind: int = COLD_WATER, unit: int = 0x2C) -> None:
        if len(number) != 14 or not number.isascii() or not number.isdigit():
            raise ValueError(f"a CJ/T 188 address has 14 digits, not {number!r}")
        if unit not in UNITS:
            raise ValueError(f"unit {unit:#04x} is none of 0x2C (m3), 0x29 (L)")
        super().__init__(number, well)
        self.number = number
        self.kind = kind
        self.unit = unit
        self.preamble = 2
        self.bad_frames = 0
        self.is_valve_open = True
        self.valve_moved: Callable[[bool], None] | None = None
        self.measured = Quantities(well, self._active)
        self._settled = self.measured.value("volume", "l", "forward")
        self._utc_s = 0
        self._wants_open = True
        self._arrives_at_s: int | None = None

    # -- on the line

    def hears(self, frame: bytes) -> bool:
        """Whether a frame on the wire is a whole request to this meter."""
        return self._mine(frame) is not None

    def _mine(self, frame: bytes) -> cjt188_wire.Asked | None:
        asked = cjt188_wire.parse(frame)
        if asked is None or asked.kind not in (self.kind, cjt188_wire.ANY_TYPE):
            return None
        return asked if asked.address in (self.number, cjt188_wire.ANYBODY) else None

    def receive(self, frame: bytes, reply: Callable[[bytes], None]) -> None:
        """Answer a request; damaged frames and what is meant for others get no word."""
        asked = self._mine(frame)
        if asked is None or len(asked.data) < 3:
            self.bad_frames += 1
            return
        wire_di, ser, rest = asked.data[:2], asked.data[2:3], asked.data[3:]
        names = (wire_di.hex().upper(), wire_di[::-1].hex().upper())
        data = self._answer(asked.control, names, rest)
        if data is None:
            answer = cjt188_wire.build(
                self.kind, self.number, asked.control | REPLY | ERROR, ser + self._status(), self.preamble
            )
        else:
            answer = cjt188_wire.build(
                self.kind, self.number, asked.control | REPLY, wire_di + ser + data, self.preamble
            )
        reply(answer)

    def _answer(self, control: int, names: tuple[str, str], rest: bytes) -> bytes | None:
        """What stands after identifier and SER, None to refuse; `names`: the identifier read both ways."""
        if control == READ and METERING in names:
            return self._metering()
        if control == READ_ADDRESS and ADDRESS in names:
            return b""  # the number is in the frame's address field (cjt188.md section 2)
        if control == READ and VALVE in names:
            return self._status()
        if control == WRITE and VALVE in names and len(rest) == 1 and rest[0] in (OPEN, CLOSE, ASK):
            if rest[0] != ASK:
                self._wants_open = rest[0] == OPEN
                self._arrives_at_s = self._utc_s + VALVE_TRAVEL_S
            return self._status()
        return None

    def _metering(self) -> bytes:
        total = self.measured.value("volume", "l", "forward")
        unit = bytes((self.unit,))
        return self._total(total) + unit + self._total(self._settled) + unit + self._clock() + self._status()

    def _total(self, volume_l: Fraction) -> bytes:
        return encode("bcd4", "DCBA", volume_l / UNITS[self.unit] % COUNTS)

    def _clock(self) -> bytes:
        now = datetime.fromtimestamp(self._utc_s + BEIJING_S, UTC)
        pairs = (now.second, now.minute, now.hour, now.day, now.month, now.year % 100, now.year // 100)
        return bytes(part // 10 << 4 | part % 10 for part in pairs)

    def _status(self) -> bytes:
        return bytes((VALVE_OPEN if self.is_valve_open else VALVE_CLOSED, 0))

    # -- measuring

    def refresh(self, utc_s: int) -> None:
        """See Instrument.refresh; a valve under way arrives."""
        self._utc_s = utc_s
        if self._arrives_at_s is not None and utc_s >= self._arrives_at_s:
            self._arrives_at_s = None
            moves = self.is_valve_open != self._wants_open and "valve_stuck" not in self._active
            if moves:
                self.is_valve_open = self._wants_open
            if moves and self.valve_moved is not None:
                self.valve_moved(self.is_valve_open)
        super().refresh(utc_s)

    def _count(self, passed_ms: int = 0) -> None:
        self.measured.count(passed_ms)

    def _build(self, utc_s: int) -> None:  # noqa: ARG002 - the clock runs on in `refresh`
        self.measured.begin()

    def _act(self, name: str) -> None:
        self.measured.act(name, COUNTS * UNITS[self.unit], Fraction(10**9))
