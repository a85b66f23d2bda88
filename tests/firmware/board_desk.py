"""A board on a desk of faked chips: its pins, its port, and who holds a card to it."""

from board_machine import Module
from karez_firmware.ports import pins_esp32s3, pins_rp2350

CARD = "0000000000123456"
FRAME = "0" + "00010010" + "0011010001010110" + "0"
BOARDS = ("esp32", "rp2")


def pins_of(chip, **changed):
    """A copy of a board's pins, with the console on a UART that the test holds."""
    home = pins_esp32s3.Pins if chip == "esp32" else pins_rp2350.Pins
    found = Module(CONSOLE=(9, 43, 44), LAN=None, WIZNET=None, MODEM=None, MODEM_KEY=None)
    for name in dir(home):
        if name[0] != "_" and name != "CONSOLE":
            setattr(found, name, getattr(home, name))
    for name, value in changed.items():
        setattr(found, name, value)
    return found


def port_of(chip, world, pins=None):
    """The Port of a board, built inside a Loader."""
    pins = pins or pins_of(chip)
    world.attach(pins)
    if chip == "esp32":
        from karez_firmware.ports import esp32 as board
    else:
        from karez_firmware.ports import rp2 as board
    return board.port(pins), pins
