"""Which pin of an RP2350B is wired to what. None: this board has no such thing.

The chip has two UARTs, one for each meter line: there is no modem, and the console is on USB.

Written by `python -m karez_hardware pins` from hardware/rp2350/pinout.csv: change that.
"""


class Pins:
    """One board's wiring."""

    # Memories: NOR and FRAM on one SPI, each with its own select.
    SPI = 0
    SCK, MOSI, MISO = 2, 3, 4
    NOR_SELECT, FRAM_SELECT = 5, 6
    SPI_BAUD = 20_000_000
    FRAM_ON_I2C = False

    # Clock and display. The display's expander knows no more, and the display itself is no quicker.
    I2C = 0
    SCL, SDA = 9, 8
    I2C_BAUD = 100_000

    # Meter lines: (UART, TX, RX), each behind a transceiver that turns round by itself.
    METERS = ((0, 12, 13), (1, 20, 21))
    # The modem's UART and its key. The console is on USB, where MicroPython has its terminal.
    MODEM = None
    MODEM_KEY = None
    CONSOLE = None

    # Ethernet: the chip's own (MDC, MDIO, kind, address), which no board here has; or a W5500 on an
    # SPI of its own (SPI, SCK, MOSI, MISO, select, reset).
    LAN = None
    WIZNET = (1, 26, 27, 28, 29, 30)

    # Outputs, each with a resistor to ground. COIL and TRIP pass a gate that two retriggerable
    # monostables hold open for 5 s at most; ALIVE is what they are triggered by.
    COIL, TRIP, ALIVE = 14, 15, 16

    # Contacts, each behind an optocoupler that pulls to ground, with a resistor to the supply.
    AUX, DOOR = 17, 18
    START, STOP, EMERGENCY = 19, 22, 23
    CARD = (24, 25)  # the reader's two wires, through a buffer

    # Pulse inputs: (count, loop voltage). `count` is a comparator's between the voltages of a whole
    # loop (pulse_inputs.py), with a filter of 1 ms; the second is a pin of an ADC.
    PULSES = ((31, 40), (32, 41))
    TIMER = -1
