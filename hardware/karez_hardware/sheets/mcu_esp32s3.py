"""The ESP32-S3 module, and the socket of its two ways out: a modem, or a W5500.

The W5500 has an SPI of its own, of the modem's pins and the second meter line's. On the memories' SPI its
driver, a task of its own, would send while the program has the NOR selected, and the NOR would take the frame
for a command.
"""

from ..placement import NONE, Placing
from . import modem
from .chip_pins import kinds_of

BOOT = 0  # low at reset: download mode
USB = {"USB_DM": 19, "USB_DP": 20}


def sheet(place: Placing) -> None:
    """Place the module."""
    nets = {f"GPIO{gpio}": NONE for gpio in place.board.chip if not 22 <= gpio <= 34}
    nets |= {f"GPIO{gpio}": net for net, gpio in USB.items()}
    nets |= {f"GPIO{one.gpio}": net_of(one.signal) for one in place.board.wires}
    nets |= {f"GPIO{BOOT}": "BOOT_N", "3V3": "3V3", "GND": "GND", "EN": "RESET_N"}
    place.put("U100", "esp32s3_n16r8", nets, kinds=kinds_of(place.board))
    place.put("C100", "c_22u", "3V3", "GND")
    place.put("C101", "c_100n", "3V3", "GND")
    place.put("R100", "r_10k", "3V3", "BOOT_N")
    place.put("JP100", "jumper", "BOOT_N", "GND")
    place.put("R101", "r_10k", "UPLINK_KEY", "GND")


def net_of(signal: str) -> str:
    """Pins that the two options share carry a net of their own up to the socket."""
    shared = {
        "MODEM_TX": "UPLINK_TX", "LAN_SCK": "UPLINK_TX", "MODEM_RX": "UPLINK_RX", "LAN_MISO": "UPLINK_RX",
        "MODEM_KEY": "UPLINK_KEY", "LAN_SELECT": "UPLINK_KEY",
        "LAN_MOSI": "METER1_TX", "LAN_INTERRUPT": "METER1_RX",
    }  # fmt: skip
    return shared.get(signal, signal)


def options(place: Placing) -> None:
    """Place both ways out, of which one is fitted."""
    place.option = "4g"
    for number, signal in enumerate(("TX", "RX", "KEY")):
        place.put(f"R10{number + 5}", "r_0", f"UPLINK_{signal}", f"MODEM_{signal}")
    modem.sheet(place)
    place.option = "ethernet"
    links = {
        "LAN_SCK": "UPLINK_TX", "LAN_MISO": "UPLINK_RX", "LAN_SELECT": "UPLINK_KEY", "LAN_MOSI": "METER1_TX",
        "LAN_INTERRUPT": "METER1_RX",
    }  # fmt: skip
    for number, (signal, net) in enumerate(links.items()):
        place.put(f"R{108 + number}", "r_0", net, signal)
    place.put("X101", "w5500_module", {
        "3V3": "3V3", "GND": "GND", "SCLK": "LAN_SCK", "MOSI": "LAN_MOSI", "MISO": "LAN_MISO",
        "SCS_N": "LAN_SELECT", "INT_N": "LAN_INTERRUPT", "RST_N": "RESET_N",
    })  # fmt: skip
    place.option = ""
