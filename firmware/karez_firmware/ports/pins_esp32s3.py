"""Which pin of an ESP32-S3 is wired to what. None: this board has no such thing.

For a module N16R8 (octal PSRAM). Left alone: 26 to 37 (flash and PSRAM), 0, 45 and 46 (read at reset),
19 and 20 (USB, the console). Nothing that closes or trips is on a pin that moves at reset.

Written by `python -m karez_hardware pins` from hardware/esp32s3/pinout.csv: change that.
"""


class Pins:
    """One board's wiring."""

    # Memories: NOR and FRAM on one SPI, each with its own select.
    SPI = 2
    SCK, MOSI, MISO = 12, 11, 13
    NOR_SELECT, FRAM_SELECT = 10, 14
    SPI_BAUD = 20_000_000
    FRAM_ON_I2C = False

    # Clock and display. The display's expander knows no more, and the display itself is no quicker.
    I2C = 0
    SCL, SDA = 9, 8
    I2C_BAUD = 100_000

    # Meter lines: (UART, TX, RX), each behind a transceiver that turns round by itself.
    METERS = ((1, 17, 18), (2, 15, 16))
    # The modem's UART and its key. The console is on USB, where MicroPython has its terminal.
    MODEM = (0, 43, 44)
    MODEM_KEY = 21
    CONSOLE = None

    # Ethernet: the chip's own (MDC, MDIO, kind, address), which no board here has; or a W5500 on an
    # SPI of its own (SPI, SCK, MOSI, MISO, select, reset).
    LAN = None
    WIZNET = None

    # Outputs, each with a resistor to ground. COIL and TRIP pass a gate that two retriggerable
    # monostables hold open for 5 s at most; ALIVE is what they are triggered by.
    COIL, TRIP, ALIVE = 4, 5, 6

    # Contacts, each behind an optocoupler that pulls to ground, with a resistor to the supply.
    AUX, DOOR = 7, 38
    START, STOP, EMERGENCY = 39, 40, 41
    CARD = (47, 48)  # the reader's two wires, through a buffer

    # Pulse inputs: (count, loop voltage). `count` is a comparator's between the voltages of a whole
    # loop (pulse_inputs.py), with a filter of 1 ms; the second is a pin of an ADC.
    PULSES = ((42, 1), (3, 2))
    TIMER = 0
