"""The dead-man of both outputs, and what they switch.

COIL and TRIP alone close nothing. Each passes a gate (U11) that two monostables (U10) hold open, one
triggered by the rising edges of ALIVE and one by the falling ones: a pin that stands still, high or low,
lets both
relays go, and one broken timing part does not keep them. The supervisor holds both monostables in reset.
"""

from ..placement import Placing


def sheet(place: Placing) -> None:
    """Place monostables, gates, drivers and relays."""
    place.put("U10", "monostable", {
        "VCC": "3V3", "GND": "GND",
        "CX1": "GND", "RX1": "RX1", "RESET1_N": "RESET_N", "A1": "ALIVE", "B1_N": "3V3", "Q1": "HOLD1",
        "CX2": "GND", "RX2": "RX2", "RESET2_N": "RESET_N", "A2": "GND", "B2_N": "ALIVE", "Q2": "HOLD2",
    })  # fmt: skip
    for number in (1, 2):
        place.put(f"R1{number}", "r_470k", "3V3", f"RX{number}")
        place.put(f"C1{number}", "c_10u_x7r", f"RX{number}", "GND")
        # When 3V3 falls, the capacitor must not empty itself through the monostable's own protection: that
        # bears 30 mA.
        place.put(f"D1{number + 2}", "diode_low_leakage", {"anode": f"RX{number}", "cathode": "3V3"})
    place.put("U11", "and3", {
        "VCC": "3V3", "GND": "GND",
        "1A": "COIL", "1B": "HOLD1", "1C": "HOLD2", "1Y": "COIL_GATE",
        "2A": "TRIP", "2B": "HOLD1", "2C": "HOLD2", "2Y": "TRIP_GATE",
        "3A": "GND", "3B": "GND", "3C": "GND",
    })  # fmt: skip
    place.put("C13", "c_100n", "3V3", "GND")
    for reference, signal in (("R13", "COIL"), ("R14", "TRIP"), ("R15", "ALIVE")):
        place.put(reference, "r_10k", signal, "GND")
    _relay(place, 1, "COIL")
    _relay(place, 2, "TRIP")
    place.put("X2", "terminal_coil", "COIL_IN", "COIL_OUT")
    place.put("X3", "terminal_trip", "TRIP_IN", "TRIP_OUT")


def _relay(place: Placing, number: int, signal: str) -> None:
    place.put(f"R1{number + 5}", "r_100", f"{signal}_GATE", f"{signal}_DRIVE")
    place.put(f"R1{number + 7}", "r_100k", f"{signal}_DRIVE", "GND")
    place.put(f"Q{number}", "nmos", {"gate": f"{signal}_DRIVE", "source": "GND", "drain": f"{signal}_RELAY"})
    place.put(f"D1{number}", "diode", {"anode": f"{signal}_RELAY", "cathode": "+24V"})
    place.put(f"K{number}", "relay_24v", {
        "coil_plus": "+24V", "coil_minus": f"{signal}_RELAY", "common": f"{signal}_IN",
        "normally_open": f"{signal}_OUT",
    })  # fmt: skip
