"""The 4G option: a Cat 1 modem with its own 3.8 V, levels from 1.8 V, SIM and antenna."""

from ..placement import Placing


def sheet(place: Placing) -> None:
    """Place the modem."""
    place.put("U90", "buck_adjustable", {
        "VIN": "+5V_HOLD", "EN": "+5V_HOLD", "GND": "GND", "SW": "SW_3V8", "VOS": "MODEM_3V8",
        "FB": "FB_3V8", "SS": "SS_3V8", "FSW": "GND", "DEF": "GND",
    })  # fmt: skip
    place.put("L90", "l_2u2", "SW_3V8", "MODEM_3V8")
    place.put("R90", "r_374k", "MODEM_3V8", "FB_3V8")
    place.put("R91", "r_100k", "FB_3V8", "GND")
    place.put("C90", "c_3n3", "SS_3V8", "GND")
    place.put("C91", "c_150u_50v", {"plus": "MODEM_3V8", "minus": "GND"})
    place.put("C92", "c_22u", "MODEM_3V8", "GND")
    place.put("C95", "c_22u", "+5V_HOLD", "GND")
    place.put("U91", "modem_4g", {
        "VBAT": "MODEM_3V8", "GND": "GND", "VDD_EXT": "MODEM_1V8", "TXD": "MODEM_TXD_1V8",
        "RXD": "MODEM_RXD_1V8",
        "PWRKEY": "PWRKEY", "ANT": "ANT_4G", "SIM_VDD": "SIM_VDD", "SIM_DATA": "SIM_DATA",
        "SIM_CLK": "SIM_CLK",
        "SIM_RST": "SIM_RST",
    })  # fmt: skip
    place.put("U92", "level_uart", {
        "VCCA": "3V3", "VCCB": "MODEM_1V8", "GND": "GND", "OE": "3V3",
        "A1": "MODEM_TX", "B1Y": "MODEM_RXD_1V8", "B2": "MODEM_TXD_1V8", "A2Y": "MODEM_RX",
    })  # fmt: skip
    place.put("C93", "c_100n", "MODEM_1V8", "GND")
    place.put("Q90", "nmos", {"gate": "MODEM_KEY", "source": "GND", "drain": "PWRKEY"})
    place.put("X90", "sim_holder", {
        "VDD": "SIM_VDD", "GND": "GND", "DATA": "SIM_DATA", "CLK": "SIM_CLK", "RST": "SIM_RST",
    })  # fmt: skip
    place.put("C94", "c_100n", "SIM_VDD", "GND")
    place.put("X91", "antenna_4g", {"RF": "ANT_4G", "GND": "GND"})
