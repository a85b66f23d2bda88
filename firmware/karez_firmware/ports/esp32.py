"""The ESP32-S3: what only this chip has. Each of it is asked for, for builds and its kin differ.

PCNT counts pulses in hardware (the C3 has none), PPP needs a build with it, WLAN one with a radio.
"""

import os
import time

import esp32
import machine

from . import board, board_parts
from .bearer import Ppp, Wired, Wlan, choice
from .pins_esp32s3 import Pins
from .pulse_inputs import IrqCounter, UnitCounter

try:
    import network
except ImportError:
    network = None  # type: ignore[assignment,unused-ignore]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_KEY_SIZE = 32


class Port(board.Port):
    """What the app needs of a board, on an ESP32."""

    board = "esp32s3"

    def random(self, size):
        """Random bytes of the chip: for a key with its radio on, which is what makes them random."""
        radio = network and size >= _KEY_SIZE and hasattr(network, "WLAN") and _station()
        if not radio or radio.active():
            return os.urandom(size)
        radio.active(True)
        try:
            return os.urandom(size)
        finally:
            radio.active(False)


def _station():
    return network.WLAN(network.WLAN.IF_STA)


def irq(pin, handler):
    """Call `handler(pin)` at every falling edge, as soon as Python has a moment."""
    pin.irq(handler, machine.Pin.IRQ_FALLING)


def counter(number, pin):
    """Return what counts a pulse input."""
    if hasattr(esp32, "PCNT"):
        unit = esp32.PCNT(number, pin=pin, falling=esp32.PCNT.INCREMENT, filter=1023, max=32_767)
        return UnitCounter(unit)
    found = IrqCounter(time.ticks_ms, time.ticks_diff)  # type: ignore[attr-defined]
    irq(pin, found.pulse)
    return found


def adc(pin):
    """Return an ADC that sees the whole range of the supply."""
    return machine.ADC(pin, atten=machine.ADC.ATTN_11DB)


def _wired(row):
    """The Ethernet of a row (MDC, MDIO, kind of its chip, address of its chip)."""
    clock, data, kind, address = row
    # The stub has the arguments of another port.
    return network.LAN(  # type: ignore[call-arg,unused-ignore]
        mdc=machine.Pin(clock), mdio=machine.Pin(data), phy_type=kind, phy_addr=address
    )


def bearer(pins):
    """Return what carries the uplink here, or None."""
    if not network:
        return None
    other: Any = None
    if pins.MODEM is not None and hasattr(network, "PPP"):
        key = None if pins.MODEM_KEY is None else board_parts.output(pins.MODEM_KEY)
        uart = board_parts.uart_of(pins.MODEM)
        uart.init(baudrate=115_200, timeout=0, timeout_char=0, rxbuf=4_096, txbuf=2_048)
        other = Ppp(network.PPP, uart, key)
    elif pins.LAN is not None and hasattr(network, "LAN"):
        other = Wired(_wired(pins.LAN))
    return choice(other, Wlan(_station()) if hasattr(network, "WLAN") else None)


def port(pins=Pins):
    """Return the Port of this board; its outputs are off."""
    parts = board_parts.parts_of(pins)
    board_parts.add_pulses(parts, pins, counter, adc)
    parts.bearer = bearer(pins)
    made = Port(parts)
    board_parts.add_people(made, parts, pins, irq)
    return made
