"""NOR for records, FRAM for the head, the clock that outlives the mains, and the display's bus at 5 V."""

from ..placement import Placing


def sheet(place: Placing) -> None:
    """Place the memories, the clock and the display's plug."""
    place.put("U20", "nor_16mb", {
        "VCC": "3V3", "GND": "GND", "CS_N": "NOR_SELECT", "CLK": "SCK", "DI": "MOSI", "DO": "MISO",
        "WP_N": "3V3", "HOLD_N": "3V3",
    })  # fmt: skip
    place.put("U21", "fram_64k", {
        "VDD": "3V3", "VSS": "GND", "CS_N": "FRAM_SELECT", "SCK": "SCK", "SI": "MOSI", "SO": "MISO",
        "WP_N": "3V3", "HOLD_N": "3V3",
    })  # fmt: skip
    for number, signal in enumerate(("NOR_SELECT", "FRAM_SELECT", "MISO")):
        place.put(f"R2{number}", "r_10k", "3V3", signal)
    place.put("C20", "c_100n", "3V3", "GND")
    place.put("C21", "c_100n", "3V3", "GND")
    _clock(place)


def _clock(place: Placing) -> None:
    place.put("U22", "rtc", {"VCC": "3V3", "GND": "GND", "VBAT": "VBAT", "SCL": "SCL", "SDA": "SDA"})
    place.put("BT1", "battery", {"plus": "VBAT", "minus": "GND"})
    place.put("C22", "c_100n", "3V3", "GND")
    place.put("R23", "r_2k2", "3V3", "SCL")
    place.put("R24", "r_2k2", "3V3", "SDA")
    # The display's expander at 5 V wants 3.5 V for a high: it has a bus of its own behind a level shifter.
    place.put("U23", "level_i2c", {
        "VREF1": "3V3", "VREF2": "VREF_I2C", "EN": "VREF_I2C", "GND": "GND",
        "SCL1": "SCL", "SDA1": "SDA", "SCL2": "SCL_5V", "SDA2": "SDA_5V",
    })  # fmt: skip
    place.put("R25", "r_200k", "+5V_HOLD", "VREF_I2C")
    place.put("C23", "c_100n", "VREF_I2C", "GND")
    place.put("R26", "r_4k7", "+5V_HOLD", "SCL_5V")
    place.put("R27", "r_4k7", "+5V_HOLD", "SDA_5V")
    place.put("X4", "plug_display", "+5V_HOLD", "GND", "SDA_5V", "SCL_5V")
