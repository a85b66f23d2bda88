"""The TUF-2000M ultrasonic flow meter (meters.md 2.1), driven by the well model.

Registers are written here as the manual counts them, from 1; on the wire they are
one less. REAL4 and LONG stand low word first (CDAB).

From the real meter: every value of DUMP. Constructed: all other registers, and
whatever the model moves (flow, velocity, totals, clock). The totals count on from
the dump's 23 + 0.879739 m3.
"""

from __future__ import annotations

from datetime import UTC, datetime
from math import pi
from typing import TYPE_CHECKING

from karez_simulators.meter_faults import WATER
from karez_simulators.meters import ILLEGAL_ADDRESS, READ_HOLDING, WRITE_ONE, Meter, Refused, float_words
from karez_simulators.water_side import UL_PER_M3, WaterSide

if TYPE_CHECKING:
    from karez_simulators.well import Well

# Live dump of a working meter, 2018-08-03 07:24:33 (meters.md 2.1; 1-12 in vectors/modbus.json).
DUMP = {
    1: 63647, 2: 15846,  # flow 0.112779 m3/h
    3: 37438, 4: 47954,  # energy flow -0.0032 GJ/h
    5: 19407, 6: 15737,  # velocity 0.060863 m/s
    7: 8874, 8: 17584,  # speed of sound 1409.1 m/s
    9: 23, 10: 0,  # positive total, integer part
    11: 13971, 12: 16225,  # positive total, fraction 0.879739
    13: 0, 14: 0, 15: 0, 16: 0,  # negative total
    21: 64432, 22: 65535,  # negative energy total -1104
    72: 0,  # error bits
    92: 829,  # working step 3, signal quality 61
    93: 3475, 94: 3477,  # strengths, above the 2047 the manual gives
    97: 25478, 98: 17097,  # transit-time ratio 100.694 %
}  # fmt: skip
DUMP_TOTAL_UL = 23_879_739_000

# Constructed: units by the manual's tables, so that total = (N + Nf) x 10^(3-3) m3.
CONSTRUCTED = {
    1437: 2,  # flow unit m3/h
    1438: 0,  # total unit m3
    1439: 3,  # multiplier n
    1440: 3, 1441: 0,  # energy multiplier and unit
}  # fmt: skip
# Constructed: registers a read may touch. The manual's tables end at 240 and go on at 1437.
RANGES = ((1, 240), (1437, 1442))

# What the manual lets a master write: password and its hardware twin, key and menu window, units, address.
WRITABLE = frozenset((49, 50, 51, 59, 60, *range(1437, 1443)))
LONG_MODULUS = 1 << 31  # signed LONG; what a meter does there is inferred (meters.md 2.1): back to 0
PIPE_INNER_MM = 150  # constructed: DN 150 for 10-200 m3/h; the dumped meter sat on 25.6 mm
NO_SIGNAL_BIT = 1 << 0
EMPTY_PIPE_BIT = 1 << 3
STEP_MEASURING = 3  # working step in the dump
STEP_SEARCHING = 1  # constructed


class Tuf2000m(Meter):
    """Water meter with forward and reverse total. Until the first refresh it is the dump, to the bit."""

    functions = frozenset((READ_HOLDING, WRITE_ONE))
    refresh_ms = 500  # constructed: the manual names no figure for the registers
    faults = WATER

    def __init__(self, address: int, well: Well) -> None:
        super().__init__(address, well)
        self.water = WaterSide(well, self._active, DUMP_TOTAL_UL)
        image = {register - 1: 0 for first, last in RANGES for register in range(first, last + 1)}
        self._image = image
        self._images = {READ_HOLDING: image}
        for register, word in (*DUMP.items(), *CONSTRUCTED.items(), (1442, address)):
            image[register - 1] = word
        self._real(221, PIPE_INNER_MM)
        self._totals()

    @property
    def positive_total_ul(self) -> int:
        """The forward total in microlitres, as finely as the meter counts it."""
        return self.water.positive_ul

    def _errors(self) -> int:
        bits = NO_SIGNAL_BIT if "no_signal" in self._active else 0
        return bits | (EMPTY_PIPE_BIT if "empty_pipe" in self._active else 0)

    def write(self, start: int, values: list[int]) -> None:
        """Function 06: password, keys and settings take any value; the rest is refused with 02."""
        registers = range(start + 1, start + 1 + len(values))
        if not all(register in WRITABLE for register in registers):
            raise Refused(ILLEGAL_ADDRESS)
        for register, value in zip(registers, values, strict=True):
            self._image[register - 1] = value

    def _count(self, passed_ms: int = 0) -> None:
        self.water.count(passed_ms)

    def _act(self, name: str) -> None:
        self.water.act(name, LONG_MODULUS * UL_PER_M3)

    def _build(self, utc_s: int) -> None:
        flow_lph = self.water.flow_lph
        self._real(1, flow_lph / 1000)
        self._real(5, flow_lph / 3_600_000 / (pi * (PIPE_INNER_MM / 2000) ** 2))
        self._totals()
        self._clock(utc_s)
        errors = self._errors()
        self._image[72 - 1] = errors
        self._image[92 - 1] = STEP_SEARCHING << 8 if errors else DUMP[92]
        for register in (93, 94):
            self._image[register - 1] = 0 if errors else DUMP[register]

    def _totals(self) -> None:
        self._split_total(9, self.water.positive_ul)
        self._split_total(13, self.water.negative_ul)
        self._split_total(25, self.water.positive_ul - self.water.negative_ul)
        self._real(113, (self.water.positive_ul - self.water.negative_ul) / UL_PER_M3)
        self._real(115, self.water.positive_ul / UL_PER_M3)
        self._real(117, self.water.negative_ul / UL_PER_M3)

    def _split_total(self, register: int, volume_ul: int) -> None:
        """Signed LONG of whole m3, then REAL4 of the rest, both with the total's sign."""
        whole, rest_ul = divmod(abs(volume_ul), UL_PER_M3)
        sign = -1 if volume_ul < 0 else 1
        whole = sign * (whole % LONG_MODULUS) & 0xFFFF_FFFF
        self._image[register - 1] = whole & 0xFFFF
        self._image[register] = whole >> 16
        # 999,999,999 uL is 1.0 in single precision; a meter's fraction stays below it.
        self._real(register + 2, sign * min(rest_ul / UL_PER_M3, 1 - 2**-24))

    def _real(self, register: int, value: float) -> None:
        high, low = float_words(value)
        self._image[register - 1] = low
        self._image[register] = high

    def _clock(self, utc_s: int) -> None:
        """53-55: second, minute, hour, day, month, year in BCD, low byte first; constructed: in UTC."""
        now = datetime.fromtimestamp(utc_s, UTC)
        digits = [
            _bcd(part) for part in (now.second, now.minute, now.hour, now.day, now.month, now.year % 100)
        ]
        for pair in range(3):
            self._image[53 - 1 + pair] = digits[2 * pair + 1] << 8 | digits[2 * pair]


def _bcd(number: int) -> int:
    return number // 10 << 4 | number % 10
