"""Pulse loops, contacts and buttons, the card reader.

A pulse loop is measured, so it is not isolated: its cable may be 30 m and stays on the well's own earth.
Everything with a
contact has 12 V of its own (F_12V) behind optocouplers: 5 mA clean a contact, and a mains wire that falls
on a
terminal ends there.
"""

from ..placement import Placing

CONTACTS = ("AUX", "DOOR", "START", "STOP", "EMERGENCY")


def sheet(place: Placing) -> None:
    """Place all inputs."""
    _pulses(place)
    _contacts(place)
    _card(place)


def _pulses(place: Placing) -> None:
    # 10.0 kOhm and 5.90 kOhm: 63 % of the supply, between the 50 % of a closed contact and the 76 % of an
    # open one.
    place.put("R50", "r_5k9", "3V3", "PULSE_REFERENCE")
    place.put("R51", "r_10k", "PULSE_REFERENCE", "GND")
    place.put("C50", "c_100n", "PULSE_REFERENCE", "GND")
    place.put("U50", "comparator", {
        "VCC": "+5V_HOLD", "GND": "GND",
        "1PLUS": "LOOP0_COMPARED", "1MINUS": "PULSE_REFERENCE", "1OUT": "PULSE0_COUNT",
        "2PLUS": "LOOP1_COMPARED", "2MINUS": "PULSE_REFERENCE", "2OUT": "PULSE1_COUNT",
    })  # fmt: skip
    for loop in (0, 1):
        ten = 52 + 4 * loop
        place.put(f"R{ten}", "r_4k7", "3V3", f"PULSE{loop}_WIRE")
        place.put(f"R{ten + 1}", "r_10k", f"PULSE{loop}_WIRE", f"LOOP{loop}_FILTERED")
        place.put(f"C{ten}", "c_100n", f"LOOP{loop}_FILTERED", "GND")
        place.put(f"R{ten + 2}", "r_1k", f"LOOP{loop}_FILTERED", f"PULSE{loop}_LOOP")
        place.put(f"R{ten + 3}", "r_10k", "3V3", f"PULSE{loop}_COUNT")
        # A loop crosses the threshold slowly: 70 mV of hysteresis make one edge of it, also with noise on it.
        place.put(f"R25{loop}", "r_10k", f"LOOP{loop}_FILTERED", f"LOOP{loop}_COMPARED")
        place.put(f"R25{loop + 2}", "r_470k", f"PULSE{loop}_COUNT", f"LOOP{loop}_COMPARED")
        # 10 V, though the loop has 3.3: a suppressor of 5 V leaks up to 0.8 mA, and an open contact would
        # look closed.
        place.put(f"D{ten}", "tvs_10v", {"anode": "GND", "cathode": f"PULSE{loop}_WIRE"})
    place.put("X7", "terminal_pulses", "PULSE0_WIRE", "GND", "PULSE1_WIRE", "GND")


def _contacts(place: Placing) -> None:
    place.put("PS60", "dc_dc_12v", {"vin": "+5V_HOLD", "gnd": "GND", "vout": "F_12V", "0v": "F_0V"})
    place.put("C60", "c_10u_x7r", "F_12V", "F_0V")
    # With all contacts open the converter still wants a tenth of its 83 mA (meters.py). Three resistors: at
    # the 14 V that it may then give, one of two would be too hot.
    for number in range(3):
        place.put(f"R26{number}", "r_3k3", "F_12V", "F_0V")
    for number, signal in enumerate(CONTACTS):
        place.put(f"U6{number}", "optocoupler", {
            "anode": f"{signal}_LED", "cathode": "F_0V", "collector": signal, "emitter": "GND",
        })  # fmt: skip
        place.put(f"R6{number}", "r_2k2", f"{signal}_WIRE", f"{signal}_LED")
        place.put(f"R6{number + 5}", "r_10k", "3V3", signal)
        place.put(f"D6{number}", "tvs_24v", {"anode": "F_0V", "cathode": f"{signal}_WIRE"})
    wires = [f"{signal}_WIRE" for signal in CONTACTS]
    place.put("X8", "terminal_contacts", "F_12V", *wires)


def _card(place: Placing) -> None:
    # The reader pulls its wires to 5 V; the buffer's inputs stand that and its outputs are 3.3 V.
    place.put("F2", "polyfuse", "+5V", "READER_5V")
    place.put("U70", "buffer_5v_tolerant", {
        "VCC": "3V3", "GND": "GND", "1A": "D0_BUFFER", "1Y": "CARD_0_DRIVE", "2A": "D1_BUFFER",
        "2Y": "CARD_1_DRIVE",
    })  # fmt: skip
    place.put("C70", "c_100n", "3V3", "GND")
    place.put("D70", "usb_esd", {"VBUS": "READER_5V", "GND": "GND", "1": "READER_D0", "2": "READER_D1"})
    for number in (0, 1):
        place.put(f"R7{number}", "r_10k", "READER_5V", f"READER_D{number}")
        place.put(f"R7{number + 2}", "r_1k", f"READER_D{number}", f"D{number}_BUFFER")
        place.put(f"R7{number + 4}", "r_1k", f"CARD_{number}_DRIVE", f"CARD_{number}")
        place.put(f"R7{number + 6}", "r_10k", "3V3", f"CARD_{number}")
    place.put("X9", "terminal_card", "READER_5V", "GND", "READER_D0", "READER_D1")
