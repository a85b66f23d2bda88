"""USB-C for the technician: console and first flashing. It feeds the chip and the memories.

Meter lines, card reader and relays want the 24 V.
"""

from ..placement import Placing


def sheet(place: Placing) -> None:
    """Place the plug and its protection."""
    place.put("X10", "usb_c", {
        "VBUS": "VBUS", "GND": "GND", "CC1": "CC1", "CC2": "CC2", "DP": "USB_DP", "DM": "USB_DM",
        "SHIELD": "PE",
    })  # fmt: skip
    place.put("R80", "r_5k1", "CC1", "GND")
    place.put("R81", "r_5k1", "CC2", "GND")
    place.put("D80", "usb_esd", {"VBUS": "VBUS", "GND": "GND", "1": "USB_DP", "2": "USB_DM"})
    place.put("D81", "schottky", {"anode": "VBUS", "cathode": "+5V_HOLD"})
