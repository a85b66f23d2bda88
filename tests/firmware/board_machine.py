"""The modules of a board's MicroPython, faked over one World whose time stands unless somebody waits.

A `Loader` lets an import find them; what stays outside (files, random, hashes) is real.
Both interpreters, no pytest.
"""

import builtins
import gc
import sys

from board_chips import Fram, Lcd, Nor, Registers

PERIOD = 1 << 30  # of ticks_us on a 32-bit chip
FIRMWARE = "karez_firmware."


class Restarted(BaseException):
    """machine.reset() was called."""


class World:
    """Wires, chips and time of one board."""

    def __init__(self):
        self.us = PERIOD - 1_000_000  # ticks wrap after a second
        self.levels = {}
        self.handlers = {}
        self.watchers = {}  # pin -> what its level is told to
        self.hard = {}  # pin -> whether its interrupt comes at once
        self.nor, self.fram = Nor(self), Fram(self)
        self.clock = Registers(19)
        self.lcd = Lcd()
        self.i2c = {0x68: self.clock, 0x27: self.lcd}
        self.analog = {}
        self.uarts = {}
        self.stuck_clocks = 0  # SDA is let go after so many
        self.clock_pin = self.data_pin = None  # of I2C
        self.spi = {}
        self.dogs = []
        self.timers = []
        self.units = []
        self.networks = []
        self.has_pcnt = True
        self.stdin, self.stdout = Wire(self), Wire(self)
        self.interrupt = None  # what kbd_intr was told
        self.polled = []
        self.after = []  # (µs, what happens then)

    def drive(self, pin, level):
        """Something outside sets a line."""
        was = self.levels.get(pin, 1)
        self.levels[pin] = level
        if was and not level and pin in self.handlers:
            self.handlers[pin](pin)

    def attach(self, pins):
        """Let the chips stand behind the pins of a board."""
        self.watchers[pins.NOR_SELECT] = self.nor.select
        self.watchers[pins.FRAM_SELECT] = self.fram.select
        self.spi = {pins.NOR_SELECT: self.nor, pins.FRAM_SELECT: self.fram}

    def selected(self):
        return [chip for pin, chip in self.spi.items() if self.levels.get(pin) == 0]

    def pass_us(self, us):
        self.us += us
        due = [item for item in self.after if item[0] <= self.us]
        self.after = [item for item in self.after if item[0] > self.us]
        for _, happens in due:
            happens()
        for timer in self.timers:
            timer.tick()


class Wire:
    """A stream of bytes: what the board reads, and what it wrote."""

    def __init__(self, world):
        self.world = world
        self.rx = b""
        self.tx = b""
        self.room = None  # bytes it takes yet; None: any number
        self.on_write = None

    def read(self, count=None):
        count = len(self.rx) if count is None else count
        data, self.rx = self.rx[:count], self.rx[count:]
        return data or None

    def readinto(self, buffer):
        data = self.rx[: len(buffer)]
        self.rx = self.rx[len(data) :]
        buffer[: len(data)] = data
        return len(data) or None

    def any(self):
        return len(self.rx)

    def write(self, data):
        data = bytes(data)
        if self.room is not None:
            data = data[: self.room]
            self.room -= len(data)
        self.tx += data
        if self.on_write:
            self.on_write(data)
        return len(data)


class Uart(Wire):
    """machine.UART."""

    def __init__(self, world, number, **mode):
        super().__init__(world)
        self.number = number
        self.modes = [mode]
        self.refuses = ()  # speeds it cannot do
        world.uarts[number] = self

    def init(self, **mode):
        if mode["baudrate"] in self.refuses:
            raise ValueError("unsupported")
        self.modes.append(mode)


def pin_class(world):
    class Pin:
        IN, OUT, OPEN_DRAIN, PULL_UP, IRQ_FALLING = 0, 1, 2, 4, 8

        def __init__(self, number, mode=None, pull=None, value=None):
            self.number, self.mode, self.pull = number, mode, pull
            world.levels.setdefault(number, 1 if pull or mode == self.OPEN_DRAIN else 0)
            if value is not None:
                self.value(value)

        def value(self, level=None):
            if level is None:
                if world.stuck_clocks and self.number == world.data_pin:
                    return 0
                return world.levels[self.number]
            was = world.levels.get(self.number)
            world.levels[self.number] = level
            if self.number == world.clock_pin and level and not was and world.stuck_clocks:
                world.stuck_clocks -= 1
            if self.number in world.watchers and was != level:
                world.watchers[self.number](level)
            return None

        def irq(self, handler, trigger, hard=False):
            assert trigger == self.IRQ_FALLING
            world.handlers[self.number] = handler
            world.hard[self.number] = hard

    return Pin


class Machine:
    """The machine module."""

    def __init__(self, world):
        self._world = world
        self.Pin = pin_class(world)

        class ADC:
            ATTN_11DB = 3

            def __init__(self, pin, atten=None):
                self.number, self.atten = pin.number, atten

            def read_u16(self):
                return world.analog.get(self.number, 40_000)

        self.ADC = ADC

    def SPI(self, number, baudrate, polarity, phase, sck, mosi, miso):  # noqa: N802 - as MicroPython's
        assert (polarity, phase) == (0, 0) and baudrate == 20_000_000
        world = self._world

        class Bus:
            def write(self, data):
                for chip in world.selected():
                    chip.take(data)

            def read(self, count):
                (chip,) = world.selected()
                return chip.give(count)

        return Bus()

    def I2C(self, number, scl, sda, freq):  # noqa: N802
        return I2c(self._world)

    def UART(self, number, **mode):  # noqa: N802
        return self._world.uarts.get(number) or Uart(self._world, number, **mode)

    def WDT(self, timeout):  # noqa: N802
        self._world.dogs.append(Dog(self._world, timeout))
        return self._world.dogs[-1]

    def Timer(self, number):  # noqa: N802
        self._world.timers.append(Timer(self._world))
        return self._world.timers[-1]

    def reset(self):
        raise Restarted


class I2c:
    """machine.I2C: a chip that is not there raises OSError(19)."""

    def __init__(self, world):
        self._world = world

    def _chip(self, address):
        if address not in self._world.i2c:
            raise OSError(19)
        return self._world.i2c[address]

    def readfrom_mem_into(self, address, at, buffer, addrsize=8):
        buffer[:] = self._chip(address).get(at, len(buffer), addrsize)

    def writeto_mem(self, address, at, data, addrsize=8):
        self._chip(address).put(at, data, addrsize)

    def writeto(self, address, data):
        self._chip(address).take(data)


class Dog:
    """machine.WDT."""

    def __init__(self, world, timeout):
        self._world, self.timeout = world, timeout
        self.fed_us = world.us
        self.worst_us = 0  # longest time without food

    def feed(self):
        self.worst_us = max(self.worst_us, self._world.us - self.fed_us)
        self.fed_us = self._world.us


class Timer:
    """machine.Timer, periodic."""

    def __init__(self, world):
        self._world = world
        self.callback = None

    def init(self, period, callback):
        self.period_us, self.callback = period * 1000, callback
        self._due_us = self._world.us + self.period_us

    def deinit(self):
        self.callback = None

    def tick(self):
        while self.callback and self._world.us >= self._due_us:
            self._due_us += self.period_us
            self.callback(self)


class Time:
    """The time module: ticks that wrap, sleeps that pass."""

    def __init__(self, world):
        self._world = world

    def ticks_us(self):
        self._world.pass_us(5)
        return self._world.us % PERIOD

    def ticks_ms(self):
        return self._world.us // 1000 % PERIOD

    def ticks_diff(self, later, earlier):
        return (later - earlier + PERIOD // 2) % PERIOD - PERIOD // 2

    def sleep_us(self, us):
        self._world.pass_us(us)

    def sleep_ms(self, ms):
        self._world.pass_us(ms * 1000)


class Select:
    """The select module, over Wires."""

    POLLIN, POLLOUT, POLLERR, POLLHUP = 1, 4, 8, 16

    def __init__(self, world):
        self._world = world

    def poll(self):
        return Poll(self._world)


class Poll:
    def __init__(self, world):
        self._world = world
        self.streams = []

    def register(self, stream, mask):
        self.streams.append((stream, mask))

    def unregister(self, stream):
        if stream not in [one for one, _ in self.streams]:
            raise KeyError(stream)
        self.streams = [item for item in self.streams if item[0] is not stream]

    def _ready(self):
        found = []
        for stream, mask in self.streams:
            events = stream.events(mask) if hasattr(stream, "events") else _events(stream, mask)
            if events:
                found.append((stream, events))
        return found

    def poll(self, wait_ms=-1):
        return self.ipoll(wait_ms)

    def ipoll(self, wait_ms):
        self._world.polled.append(wait_ms)
        until_us = self._world.us + wait_ms * 1000
        while True:
            found = self._ready()
            if found or self._world.us >= until_us:
                return found
            self._world.pass_us(min(1000, until_us - self._world.us))


def _events(stream, mask):
    is_in = mask & Select.POLLIN and stream.rx
    is_out = mask & Select.POLLOUT and stream.room != 0
    return (Select.POLLIN if is_in else 0) | (Select.POLLOUT if is_out else 0)


class Module:
    """Any module: what it is given."""

    def __init__(self, **names):
        for name, value in names.items():
            setattr(self, name, value)


class Unit:
    """esp32.PCNT: begins anew at its limit."""

    INCREMENT = 1

    def __init__(self, number, pin, falling, filter, max):  # noqa: A002 - as MicroPython's
        assert falling == self.INCREMENT and filter == 1023
        self.number, self.pin, self.limit = number, pin.number, max
        self.count = 0
        self.is_running = False

    def start(self):
        self.is_running = True

    def value(self):
        return self.count

    def pulse(self, times=1):
        self.count = (self.count + times) % self.limit


class Nic:
    """An interface of the network module."""

    IF_STA = 0

    def __init__(self, *arguments, **named):
        self.arguments, self.named = arguments, named
        self.is_on = False
        self.is_up = False
        self.calls = []
        self.fails = False

    def active(self, on=None):
        if on is None:
            return self.is_on
        self.is_on = on
        self.calls.append(("active", on))
        return None

    def isconnected(self):
        return self.is_up

    def connect(self, *names):
        if self.fails:
            raise OSError("Wifi Internal State Error")
        self.calls.append(("connect", names))

    def disconnect(self):
        self.calls.append(("disconnect",))


class Maker:
    """A class of the network module; a radio is one and the same object, however often it is asked for."""

    IF_STA = 0

    def __init__(self, world, name):
        self._world, self._name = world, name

    def __call__(self, *arguments, **named):
        for nic in self._world.networks:
            if nic.name == self._name == "WLAN":
                return nic
        nic = Nic(*arguments, **named)
        nic.name = self._name
        self._world.networks.append(nic)
        return nic


def network_of(world, *names):
    """A network module with these classes; each object made is in world.networks."""
    module = Module()
    for name in names:
        setattr(module, name, Maker(world, name))
    return module


def fakes(world, **changed):
    """The modules of a full board; None in the place of one: a build without it."""
    found = {
        "machine": Machine(world),
        "micropython": Module(kbd_intr=lambda key: setattr(world, "interrupt", key)),
        "time": Time(world),
        "select": Select(world),
        "esp32": Module(PCNT=Unit) if world.has_pcnt else Module(),
        "network": network_of(world),
        "gc": Module(threshold=lambda size: setattr(world, "threshold", size), collect=gc.collect),
        "tls": Module(),
        "sys": Module(
            stdin=Module(buffer=world.stdin),
            stdout=Module(buffer=world.stdout),
            path=sys.path,
            modules=sys.modules,
            platform="esp32",
        ),
    }
    found.update(changed)
    return found


MINE = (
    "bearer board board_net board_parts board_uart card contacts display ds3231 esp32 fram_chip modem "
    "nor_chip pins_esp32s3 pins_rp2350 pulse_inputs rp2 ticks"
)
MAINS = "board_main main_esp32 main_rp2"


class Loader:
    """While it is entered, an import finds the fakes; what the firmware loads for it is let go again.

    `network=None` among the changes: this build has no such module.
    """

    def __init__(self, world, **changed):
        self._fakes = fakes(world, **changed)
        self._kept = {}
        self._own = [(FIRMWARE + "ports", name) for name in MINE.split()]
        self._own += [(FIRMWARE[:-1], name) for name in MAINS.split()]

    def _forget(self):
        for package, name in self._own:
            sys.modules.pop(package + "." + name, None)
            if hasattr(sys.modules.get(package), name):
                delattr(sys.modules[package], name)

    def __enter__(self):
        self._forget()
        for name, module in self._fakes.items():
            if name in sys.modules:
                self._kept[name] = sys.modules.pop(name)
            if module is not None:
                sys.modules[name] = module
        self._import = builtins.__import__
        builtins.__import__ = self._imported
        return self

    def _imported(self, name, *arguments):
        if name in self._fakes and self._fakes[name] is None:
            raise ImportError(name)
        return self._import(name, *arguments)

    def __exit__(self, *_):
        builtins.__import__ = self._import
        self._forget()
        for name in self._fakes:
            sys.modules.pop(name, None)
        sys.modules.update(self._kept)
