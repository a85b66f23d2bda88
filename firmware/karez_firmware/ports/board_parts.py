"""The parts that both chips have, made by the machine module from a table of pins."""

import select
import sys
import time

import machine
import micropython  # type: ignore[import-not-found]

from karez_protocols.constant import const

from ..store.devices import SECTOR
from .board import Parts
from .board_uart import Terminal, Uart, console_on
from .card import Card
from .contacts import Button, State
from .display import Display
from .ds3231 import Ds3231
from .fram_chip import I2cFram, SpiFram
from .nor_chip import NorChip
from .pulse_inputs import PulseInput
from .rom_flash import RomFlash

NOR_SIZE = 272 * SECTOR  # as at the desk: what holds for its ring holds here
FRAM_SIZE = SECTOR
_CLOCKS = const(9)  # what a chip that was left in the middle of a byte needs to let go of the line


class _Poll:
    """select.poll, with what the port asks of it."""

    def __init__(self):
        self._poll = select.poll()

    def register(self, stream):
        """Let bytes from this stream end a wait."""
        self._poll.register(stream, select.POLLIN)

    def unregister(self, stream):
        """Wait for it no longer."""
        try:
            self._poll.unregister(stream)
        except (KeyError, OSError):
            pass  # it was closed

    def ipoll(self, wait_ms):
        """Return what has bytes, after so many milliseconds at the latest."""
        return self._poll.ipoll(wait_ms)  # type: ignore[attr-defined]


def output(pin):
    """Return an output that is off from its first moment."""
    return machine.Pin(pin, machine.Pin.OUT, value=0)


def contact(pin):
    """Return an input that reads 0 while its contact is closed."""
    return machine.Pin(pin, machine.Pin.IN, machine.Pin.PULL_UP)


def i2c_of(pins):
    """Return the I2C, freed of a chip that holds its data line."""
    clock = machine.Pin(pins.SCL, machine.Pin.OPEN_DRAIN, value=1)
    data = machine.Pin(pins.SDA, machine.Pin.OPEN_DRAIN, value=1)
    for _ in range(_CLOCKS):
        if data.value():
            break
        clock.value(0)
        time.sleep_us(5)  # type: ignore[attr-defined]
        clock.value(1)
        time.sleep_us(5)  # type: ignore[attr-defined]
    return machine.I2C(pins.I2C, scl=machine.Pin(pins.SCL), sda=machine.Pin(pins.SDA), freq=pins.I2C_BAUD)


def uart_of(row):
    """Return the machine.UART of a row (UART, TX, RX)."""
    return machine.UART(row[0], baudrate=9600, tx=machine.Pin(row[1]), rx=machine.Pin(row[2]))


def parts_of(pins):
    """Return the Parts that do not depend on the chip. The outputs first, and off."""
    parts = Parts()
    parts.coil, parts.trip, parts.alive = output(pins.COIL), output(pins.TRIP), output(pins.ALIVE)
    i2c = i2c_of(pins)
    _add_memories(parts, pins, i2c)
    parts.clock = Ds3231(i2c)
    parts.display = Display(i2c)
    parts.uarts = [Uart(uart_of(row)) for row in pins.METERS]
    parts.terminal = _terminal_of(pins)
    parts.poll = _Poll()
    parts.watchdog = lambda ms: machine.WDT(timeout=ms)
    parts.timer = lambda: machine.Timer(pins.TIMER)
    parts.reset = machine.reset
    # Left there by firmware/boot/_boot.py, where there is room for two images.
    here: tuple | None = sys.modules.get("karez_here")  # type: ignore[assignment]
    if here:
        parts.slot, device = here
        parts.flash = RomFlash(device, memoryview(device))
    return parts


def _terminal_of(pins):
    """The console: on a UART of its own, or where MicroPython has its terminal, be it USB or a UART."""
    if pins.CONSOLE is not None:
        return console_on(uart_of(pins.CONSOLE))
    micropython.kbd_intr(-1)  # a Ctrl-C is the console's, and ends no program
    return Terminal(sys.stdin.buffer, sys.stdout.buffer)


def _add_memories(parts, pins, i2c):
    nor_select = machine.Pin(pins.NOR_SELECT, machine.Pin.OUT, value=1)
    fram_select = machine.Pin(pins.FRAM_SELECT, machine.Pin.OUT, value=1)
    spi = machine.SPI(
        pins.SPI, baudrate=pins.SPI_BAUD, polarity=0, phase=0,
        sck=machine.Pin(pins.SCK), mosi=machine.Pin(pins.MOSI), miso=machine.Pin(pins.MISO),
    )  # fmt: skip
    parts.nor = NorChip(spi, nor_select, NOR_SIZE)
    parts.fram = I2cFram(i2c, FRAM_SIZE) if pins.FRAM_ON_I2C else SpiFram(spi, fram_select, FRAM_SIZE)


def add_pulses(parts, pins, counter, adc):
    """Add the pulse inputs. `counter(number, pin)` counts one, `adc(pin)` sees its loop."""
    for number, (count, loop) in enumerate(pins.PULSES):
        seen = None if loop is None else adc(machine.Pin(loop))
        parts.pulses.append(PulseInput(counter(number, contact(count)), seen))


def add_people(port, parts, pins, irq):
    """Add contacts, buttons and card reader. `irq(pin, handler)` calls a handler at every falling edge."""
    if pins.CARD is not None:
        parts.card = card = Card(port.now_ms)
        irq(contact(pins.CARD[0]), lambda _: card.bit(0))
        irq(contact(pins.CARD[1]), lambda _: card.bit(1))
    if pins.AUX is not None:
        parts.contacts.append(State("aux", contact(pins.AUX)))
    if pins.DOOR is not None:
        # The door holds its contact closed: a cut wire is an open door.
        parts.contacts.append(State("door", contact(pins.DOOR), closed=0))
    for name, pin in (("start", pins.START), ("stop", pins.STOP), ("emergency", pins.EMERGENCY)):
        if pin is not None:
            parts.contacts.append(Button(name, contact(pin), port.credential))
