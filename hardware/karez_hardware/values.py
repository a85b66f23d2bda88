"""Values of parts as the schematic has them, and what follows from them: voltages, times, thresholds.

All in integers of small units. Formulas name their source; tolerances are those of parts.csv.
"""

import re
from dataclasses import dataclass
from fractions import Fraction

from .placement import Placed
from .tables import BadTableError

UNITS = {"R": Fraction(1), "K": Fraction(1_000), "M": Fraction(1_000_000)}
OHMS = re.compile(r"CRCW0603(\d+)([RKM])(\d*)FKEA")  # Vishay's key: the letter is the decimal point
JUMPER = "CRCW06030000Z0EA"
RESISTOR_PPM = 10_000  # 1 %
CAPACITOR_PPM = 250_000  # 10 % when new, X7R 15 % over its temperatures
DIODE_MV = 400  # a Schottky diode of 3 A at 1 A
# K of the monostable: 0.7 (Nexperia 74HC4538 rev. 4), and 10 % from part to part (MC74HC4538A). How far 3.3 V
# moves K is in a picture of TI's sheet [unread].
MONOSTABLE_PERMILLE = 700
MONOSTABLE_PPM = 100_000


def ohms(placed: dict[str, Placed], reference: str) -> int:
    """The resistance of a placed resistor, from its maker's number."""
    part = placed[reference].part
    if part.number == JUMPER:
        return 0
    found = OHMS.fullmatch(part.number)
    if not found:
        raise BadTableError(
            f"parts.csv, row {part.part}: {reference} needs a resistor CRCW0603, and {part.number} is none"
        )
    whole, unit, rest = found.groups()
    return int(Fraction(f"{whole}.{rest or 0}") * UNITS[unit])


def divided_mv(placed: dict[str, Placed], upper: str, lower: str, reference_mv: int) -> int:
    """What a regulator makes whose feedback is two resistors: reference times (upper + lower) / lower."""
    high, low = ohms(placed, upper), ohms(placed, lower)
    return reference_mv * (high + low) // low


@dataclass(frozen=True)
class Hold:
    """How long one edge of ALIVE holds the relays, in ms, over all tolerances."""

    least_ms: int
    nominal_ms: int
    most_ms: int


def hold(resistance_ohm: int, capacitance_nf: int) -> Hold:
    """The time of one monostable: K R C."""
    nominal_ms = Fraction(MONOSTABLE_PERMILLE * resistance_ohm * capacitance_nf, 1_000_000_000)
    least = most = nominal_ms
    for ppm in (RESISTOR_PPM, CAPACITOR_PPM, MONOSTABLE_PPM):
        least *= Fraction(1_000_000 - ppm, 1_000_000)
        most *= Fraction(1_000_000 + ppm, 1_000_000)
    return Hold(int(least), int(nominal_ms), int(most))


# A loop's resistors beside the meter's contact (wiring/meters.yml): in series, and across.
LOOP_SERIES_OHM, LOOP_ACROSS_OHM = 4_700, 10_000


@dataclass(frozen=True)
class Loop:
    """What a pulse loop shows, as parts of 65,536 of the supply."""

    shorted: int
    closed: int
    threshold: int
    open: int
    cut: int


def loop(pull_ohm: int, upper_ohm: int, lower_ohm: int) -> Loop:
    """A loop behind its pull-up, and the comparator's threshold from its divider."""

    def share(resistance: int) -> int:
        return 65_536 * resistance // (resistance + pull_ohm)

    closed, opened = LOOP_SERIES_OHM, LOOP_SERIES_OHM + LOOP_ACROSS_OHM
    return Loop(0, share(closed), 65_536 * lower_ohm // (upper_ohm + lower_ohm), share(opened), 65_535)
