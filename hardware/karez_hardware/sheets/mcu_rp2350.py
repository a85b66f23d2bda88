"""The RP2350B with its flash, crystal and core regulator, and a W5500 on its second SPI."""

from ..placement import NONE, Placing
from .chip_pins import kinds_of


def sheet(place: Placing) -> None:
    """Place the chip."""
    nets = {f"GPIO{gpio}": NONE for gpio in place.board.chip}
    nets |= {f"GPIO{one.gpio}": one.signal for one in place.board.wires}
    nets |= dict.fromkeys(("IOVDD", "QSPI_IOVDD", "USB_OTP_VDD", "ADC_AVDD", "VREG_VIN"), "3V3")
    nets |= {"VREG_AVDD": "VREG_AVDD", "VREG_LX": "VREG_LX", "VREG_FB": "CORE_1V1", "DVDD": "CORE_1V1"}
    nets |= {"VREG_PGND": "GND", "GND": "GND", "RUN": "RESET_N", "XIN": "XIN", "XOUT": "XOUT_CHIP"}
    nets |= {"SWCLK": "SWCLK", "SWD": "SWD", "USB_DP": "USB_DP_CHIP", "USB_DM": "USB_DM_CHIP"}
    nets |= {f"QSPI_{name}": f"QSPI_{name}" for name in ("SD0", "SD1", "SD2", "SD3", "SCLK", "SS")}
    place.put("U100", "rp2350b", nets, kinds=kinds_of(place.board))
    _around(place)
    place.put("U101", "qspi_flash", {
        "VCC": "3V3", "GND": "GND", "CS_N": "QSPI_SS", "CLK": "QSPI_SCLK",
        **{f"IO{number}": f"QSPI_SD{number}" for number in range(4)},
    })  # fmt: skip
    place.put("R104", "r_1k", "QSPI_SS", "BOOTSEL_N")
    place.put("JP100", "jumper", "BOOTSEL_N", "GND")
    place.put("X100", "terminal_debug", "SWCLK", "GND", "SWD")


def _around(place: Placing) -> None:
    place.put("L100", "l_3u3_core", "VREG_LX", "CORE_1V1")
    place.put("C100", "c_4u7", "CORE_1V1", "GND")
    place.put("C101", "c_4u7", "3V3", "GND")
    place.put("R100", "r_33", "3V3", "VREG_AVDD")
    place.put("C102", "c_4u7", "VREG_AVDD", "GND")
    place.put("Y100", "crystal_12m", "XIN", "XOUT")
    place.put("R101", "r_1k", "XOUT_CHIP", "XOUT")
    place.put("C103", "c_15p", "XIN", "GND")
    place.put("C104", "c_15p", "XOUT", "GND")
    place.put("R102", "r_27", "USB_DP", "USB_DP_CHIP")
    place.put("R103", "r_27", "USB_DM", "USB_DM_CHIP")
    for number in range(105, 109):
        place.put(f"C{number}", "c_100n", "3V3", "GND")


def options(place: Placing) -> None:
    """Place the way out."""
    place.option = "ethernet"
    place.put("X101", "w5500_module", {
        "3V3": "3V3", "GND": "GND", "SCLK": "LAN_SCK", "MOSI": "LAN_MOSI", "MISO": "LAN_MISO",
        "SCS_N": "LAN_SELECT", "INT_N": NONE, "RST_N": "LAN_RESET",
    })  # fmt: skip
    place.put("R110", "r_10k", "3V3", "LAN_SELECT")
    place.put("R111", "r_10k", "LAN_RESET", "GND")
    place.option = ""
