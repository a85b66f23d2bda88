"""Whether capacitors, transistors and resistors bear the most that their nets can carry.

Pure: placed parts in, sentences out. Integers: mV, mW, Ohm. What a part bears is the first voltage in its
`rating` in parts.csv.
"""

import re

from .placement import NONE, Placed
from .values import OHMS, ohms

# The most that stands on a net for longer than a spark. +24V: D1 lets 45.4 V through (SMBJ28A), and a relay's
# freewheeling diode adds one. F_12V, Mx_5V: unregulated converters with a tenth of their load; bring-up B6
# measures them. +5V_HOLD: USB gives up to 5.5 V (D81).
MOST_MV = {
    "GND": 0, "F_0V": 0, "M0_0V": 0, "M1_0V": 0, "+24V": 45_400, "COIL_RELAY": 46_400, "TRIP_RELAY": 46_400,
    "+5V": 5_500, "+5V_HOLD": 5_500, "BOOST_5V": 5_500, "READER_5V": 5_500, "VCAP": 4_600, "3V3": 3_600,
    "MODEM_3V8": 4_300, "CORE_1V1": 1_300, "F_12V": 14_000, "M0_5V": 6_000, "M1_5V": 6_000,
}  # fmt: skip
CONTACTS = ("AUX", "DOOR", "START", "STOP", "EMERGENCY")
LED_MV = 1_000  # what an optocoupler's diode keeps at least: TLP293, 1.1 V at 10 mA, less when hot
MOST_MV |= {f"{name}_WIRE": MOST_MV["F_12V"] for name in CONTACTS} | dict.fromkeys(
    (f"{name}_LED" for name in CONTACTS), LED_MV
)
# A resistor CRCW0603 bears 100 mW at 70 °C and nothing at 155 °C; in between in a straight line (20035).
# A box may have 85 °C inside.
RESISTOR_MW = 100 * (155 - 85) // (155 - 70)
VOLTS = re.compile(r"(\d+(?:\.\d+)?) V\b")


def faults(placed: dict[str, Placed]) -> list[str]:
    """Return what bears less than its nets can carry, one sentence each."""
    found = []
    for one in placed.values():
        if one.part.part.startswith("c_") or one.part.symbol == "nmos":
            found += _weak(one)
        elif OHMS.fullmatch(one.part.number):
            found += _hot(placed, one)
    return found


def _across_mv(one: Placed) -> int:
    """The most between two pins of a part, of the nets that are known; 0 where fewer than two are."""
    known = [MOST_MV[net] for net in one.nets.values() if net != NONE and net in MOST_MV]
    return max(known) - min(known) if len(known) > 1 else 0


def _weak(one: Placed) -> list[str]:
    volts = VOLTS.search(one.part.rating)
    if volts is None:
        return [f"{one.reference}: parts.csv, row {one.part.part}: rating names no voltage"]
    bears_mv, across_mv = round(float(volts[1]) * 1_000), _across_mv(one)
    if bears_mv >= across_mv:
        return []
    return [f"{one.reference} ({one.part.part}) bears {bears_mv} mV, and {across_mv} mV may stand across it"]


def _hot(placed: dict[str, Placed], one: Placed) -> list[str]:
    across_mv, resistance = _across_mv(one), ohms(placed, one.reference)
    if not across_mv or across_mv**2 <= RESISTOR_MW * 1_000 * resistance:
        return []
    power_mw = across_mv**2 // (1_000 * resistance) if resistance else 0
    return [f"{one.reference} ({one.part.part}) may get {power_mw} mW, and bears {RESISTOR_MW} mW at 85 °C"]
