"""Which pin of an ESP32-S3 is wired to what. None: this board has no such thing.

Meant for a module with 8 MB of flash or more and 8 MB of PSRAM. Left alone: 26 to 37 (flash and PSRAM),
0, 45 and 46 (read at reset), 19 and 20 (USB). Nothing that closes or trips is on a pin that moves at reset.
"""


class Pins:
    """One board's wiring."""

    # Memories: NOR and FRAM on one SPI, each with its own select.
    SPI = 2
    SCK, MOSI, MISO = 12, 11, 13
    NOR_SELECT, FRAM_SELECT = 10, 14
    SPI_BAUD = 20_000_000
    FRAM_ON_I2C = False

    # Clock and display.
    I2C = 0
    SCL, SDA = 9, 8
    I2C_BAUD = 100_000  # the display's expander knows no more, and the display itself is no quicker

    # Meter lines: (UART, TX, RX), each behind a transceiver that turns round by itself.
    METERS = ((1, 17, 18),)
    # The modem's UART and its key. The chip has three UARTs: with a second meter line it has no modem.
    MODEM = (2, 15, 16)
    MODEM_KEY = 21
    CONSOLE = None  # where this build has its terminal: USB (19, 20), or UART 0 (43, 44) behind a bridge
    LAN = None  # network.LAN is of the first ESP32 only

    # Outputs, each with a resistor to ground. COIL and TRIP pass a gate that a retriggerable monostable of
    # 5 s holds open; ALIVE is what it is triggered by.
    COIL, TRIP, ALIVE = 4, 5, 6

    # Contacts to ground, with a resistor to the supply.
    AUX, DOOR = 7, 38
    START, STOP, EMERGENCY = 39, 40, 41
    CARD = (47, 48)  # the reader's two wires, through a level shifter

    # Pulse inputs: (count, loop voltage). `count` is a comparator's between the voltages of a whole loop
    # (pulse_inputs.py), with a filter of 1 ms; the second is a pin of the first ADC, which works beside WLAN.
    PULSES = ((42, 1), (3, 2))
    TIMER = 0
