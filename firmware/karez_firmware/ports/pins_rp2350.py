"""Which pin of an RP2350B is wired to what. None: this board has no such thing.

The chip has two UARTs: with a modem there is one meter line, and the console is on USB.
"""


class Pins:
    """One board's wiring."""

    # Memories: NOR and FRAM on one SPI, each with its own select.
    SPI = 0
    SCK, MOSI, MISO = 2, 3, 4
    NOR_SELECT, FRAM_SELECT = 5, 6
    SPI_BAUD = 20_000_000
    FRAM_ON_I2C = False

    # Clock and display.
    I2C = 0
    SCL, SDA = 9, 8
    I2C_BAUD = 100_000  # the display's expander knows no more, and the display itself is no quicker

    # Meter lines: (UART, TX, RX), each behind a transceiver that turns round by itself.
    METERS = ((0, 12, 13), (1, 20, 21))
    MODEM = None
    MODEM_KEY = None
    CONSOLE = None  # USB
    # A W5500 on the second SPI: (SPI, SCK, MOSI, MISO, select, reset).
    WIZNET = (1, 26, 27, 28, 29, 30)

    # Outputs, each with a resistor to ground. COIL and TRIP pass a gate that a retriggerable monostable of
    # 5 s holds open; ALIVE is what it is triggered by.
    COIL, TRIP, ALIVE = 14, 15, 16

    # Contacts to ground, with a resistor to the supply.
    AUX, DOOR = 17, 18
    START, STOP, EMERGENCY = 19, 22, 23
    CARD = (24, 25)  # the reader's two wires, through a level shifter

    # Pulse inputs: (count, loop voltage). `count` is a comparator's between the voltages of a whole loop
    # (pulse_inputs.py); the second is a pin of the ADC.
    PULSES = ((31, 40), (32, 41))
    TIMER = -1  # of software: the chip's are the SDK's own
