"""From the mains to 24 V, 5 V and 3.3 V, and what carries the last message when the mains have gone.

The mains enter at X1 and end at PS1: nothing else of this sheet is on their side. A Type 2 arrester stands
before X1 (wiring/surge.yml); RV1 takes what it lets through.
"""

from ..placement import Placing


def sheet(place: Placing) -> None:
    """Place the supply."""
    place.put("X1", "terminal_mains", "L", "N", "PE")
    place.put("F1", "fuse_1a", "L", "L_FUSED")
    place.put("XF1", "fuse_holder", "L", "L_FUSED")
    place.put("RV1", "varistor_300v", "L_FUSED", "N")
    place.put("PS1", "supply_24v", {"line": "L_FUSED", "neutral": "N", "plus": "+24V", "minus": "GND"})
    # D1 lets 45 V through: what hangs on +24V bears more (ratings.py).
    place.put("D1", "tvs_28v", {"anode": "GND", "cathode": "+24V"})
    place.put("C1", "c_150u_50v", {"plus": "+24V", "minus": "GND"})
    _five_volt(place)
    _hold_up(place)
    _three_volt(place)


def _five_volt(place: Placing) -> None:
    place.put("U1", "buck_65v", {
        "VIN": "+24V", "EN": "+24V", "GND": "GND", "SW": "SW_5V", "BOOT": "BOOT_5V", "FB": "FB_5V",
        "VCC": "VCC_5V",
    })  # fmt: skip
    place.put("L1", "l_10u", "SW_5V", "+5V")
    place.put("C2", "c_100n", "BOOT_5V", "SW_5V")
    place.put("C3", "c_1u", "VCC_5V", "GND")
    # As its maker's table for 5 V, 2 A and 400 kHz: 10 uF and a small one at the input, four of 22 uF behind.
    place.put("C200", "c_10u_50v", "+24V", "GND")
    place.put("C201", "c_100n", "+24V", "GND")
    for reference in ("C4", "C202", "C203", "C204"):
        place.put(reference, "c_22u", "+5V", "GND")
    place.put("R1", "r_40k2", "+5V", "FB_5V")
    place.put("R2", "r_10k", "FB_5V", "GND")


def _hold_up(place: Placing) -> None:
    # Two cells of 50 F at 2.28 V each: the maker allows 2.3 V up to 85 °C and 2.7 V only up to 65 °C.
    place.put("U2", "supercap_charger", {
        "VIN": "+5V", "VOUT": "VCAP", "VMID": "VMID", "PROG": "PROG", "SEL": "GND", "FB": "FB_CAP",
        "EN": "+5V",
        "PFI": "+5V", "PFI_RET": "-", "GND": "GND",
    })  # fmt: skip
    place.put("R3", "r_5k1", "PROG", "GND")
    place.put("R4", "r_280k", "VCAP", "FB_CAP")
    place.put("R5", "r_100k", "FB_CAP", "GND")
    place.put("C5", "supercap_50f", {"plus": "VCAP", "minus": "VMID"})
    place.put("C6", "supercap_50f", {"plus": "VMID", "minus": "GND"})
    # The boost stands behind a diode of its own: above its voltage it joins its two sides, and would charge
    # the cells past 2.3 V from D2. With both diodes the higher of two supplies feeds: the mains'.
    place.put("U3", "boost", {
        "VIN": "VCAP", "EN": "VCAP", "MODE": "GND", "GND": "GND", "SW": "SW_BOOST", "VOUT": "BOOST_5V",
        "FB": "FB_BOOST",
    })  # fmt: skip
    place.put("L2", "l_1u", "VCAP", "SW_BOOST")
    place.put("R6", "r_680k", "BOOST_5V", "FB_BOOST")
    place.put("R7", "r_100k", "FB_BOOST", "GND")
    place.put("C205", "c_22u", "VCAP", "GND")
    place.put("C206", "c_22u", "BOOST_5V", "GND")
    place.put("C207", "c_22u", "BOOST_5V", "GND")
    place.put("D3", "schottky", {"anode": "BOOST_5V", "cathode": "+5V_HOLD"})
    place.put("C7", "c_22u", "+5V_HOLD", "GND")
    place.put("D2", "schottky", {"anode": "+5V", "cathode": "+5V_HOLD"})


def _three_volt(place: Placing) -> None:
    place.put("U4", "buck_3v3", {
        "VIN": "+5V_HOLD", "EN": "+5V_HOLD", "GND": "GND", "SW": "SW_3V3", "VOS": "3V3", "FB": "GND",
        "SS": "SS_3V3", "FSW": "GND", "DEF": "GND",
    })  # fmt: skip
    place.put("L3", "l_2u2", "SW_3V3", "3V3")
    place.put("C8", "c_22u", "3V3", "GND")
    place.put("C9", "c_3n3", "SS_3V3", "GND")
    place.put("U5", "supervisor", {"VDD": "3V3", "GND": "GND", "RESET_N": "RESET_N"})
    place.put("R8", "r_10k", "3V3", "RESET_N")
    place.put("C10", "c_100n", "RESET_N", "GND")
