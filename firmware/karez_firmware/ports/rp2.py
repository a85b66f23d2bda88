"""The RP2350: what only this chip has. The network is asked for: most builds have none.

Its interrupts come at once, so that they count pulses also during a long call; no PIO is needed.
"""

import time

import machine

from . import board_parts
from .bearer import Wired, Wlan, choice
from .board import Port
from .pins_rp2350 import Pins
from .pulse_inputs import IrqCounter

try:
    import network
except ImportError:
    network = None  # type: ignore[assignment,unused-ignore]


def irq(pin, handler):
    """Call `handler(pin)` at every falling edge, at once: it may make nothing on the heap."""
    pin.irq(handler, machine.Pin.IRQ_FALLING, hard=True)


def counter(_number, pin):
    """Return what counts a pulse input."""
    found = IrqCounter(time.ticks_ms, time.ticks_diff)  # type: ignore[attr-defined]
    irq(pin, found.pulse)
    return found


def _wired(row, made):
    """The WIZnet chip in a row (SPI, SCK, MOSI, MISO, select, reset); `made`: its class."""
    unit, clock, out, back, select, reset = row
    spi = machine.SPI(
        unit, baudrate=20_000_000, polarity=0, phase=0,
        sck=machine.Pin(clock), mosi=machine.Pin(out), miso=machine.Pin(back),
    )  # fmt: skip
    return Wired(made(spi, machine.Pin(select), machine.Pin(reset)))


def bearer(pins):
    """Return what carries the uplink here, or None."""
    if not network:
        return None
    made = getattr(network, "WIZNET5K", None)
    other = _wired(pins.WIZNET, made) if made and pins.WIZNET is not None else None
    wlan = Wlan(network.WLAN(network.WLAN.IF_STA)) if hasattr(network, "WLAN") else None
    return choice(other, wlan)


def port(pins=Pins):
    """Return the Port of this board; its outputs are off."""
    parts = board_parts.parts_of(pins)
    board_parts.add_pulses(parts, pins, counter, machine.ADC)
    parts.bearer = bearer(pins)
    made = Port(parts)
    made.board = "rp2350"
    board_parts.add_people(made, parts, pins, irq)
    return made
