"""A whole controller on each board's faked chips: commissioned, an irrigation, and a program that dies."""

import binascii
import hashlib

from board_desk import CARD, FRAME, port_of
from board_machine import Loader, Restarted, World
from karez_firmware import bring_up
from karez_firmware.ports import boot
from karez_firmware.store import objects
from karez_firmware.uplink.mqtt_client import DOWN
from karez_protocols import causes, console, modbus_frames, record
from karez_protocols.exchange import Reply
from wellhouse import AUTHORITY, CERTIFICATE, KEPT, UTC, Station, Well, a_binding, a_config, a_grant


class Stop(BaseException):
    """The test has seen enough."""


class House:
    """A well behind a board's pins: meters on its first line, a contactor behind coil and monostable."""

    def __init__(self, world, pins):
        self.world, self.pins = world, pins
        self.well = Well()
        self.well.at_us = world.us
        self.stations = {1: Station(self.well, 1), 2: Station(self.well, 2)}
        self.held_us = None
        self.gap_us = 0  # longest time between two edges while the coil was on
        world.watchers[pins.COIL] = self._switch
        world.watchers[pins.ALIVE] = self._hold
        world.drive(pins.AUX, 1)
        world.drive(pins.DOOR, 0)

    def answer(self, uart):
        uart.on_write = self._asked
        self.uart = uart

    def _asked(self, data):
        request = modbus_frames.decode_request(data)
        answer = self.stations[request.address].registers(request.start, request.count, self.world.us)
        frame = modbus_frames.encode_reply(Reply(request.address, request.function, answer))

        def come():
            self.uart.rx += frame

        self.world.after.append((self.world.us + 60_000, come))

    def _hold(self, _level):
        if self.held_us is not None and self.well.closed:
            self.gap_us = max(self.gap_us, self.world.us - self.held_us)
        self.held_us = self.world.us

    def _switch(self, level):
        self.well.go_on(self.world.us)
        self.well.closed = bool(level)
        self.world.after.append((self.world.us + 50_000, lambda: self.world.drive(self.pins.AUX, 1 - level)))


def provisioned(port):
    objects.write_once(port.nor, objects.KEY, KEPT)
    config = a_config(accounts={CARD: 7})
    for sort, data in (
        (objects.BINDING, a_binding()),
        (objects.LINK_CERTIFICATE, CERTIFICATE),
        (objects.LINK_AUTHORITY, AUTHORITY),
        (objects.CONFIG, config),
    ):
        objects.write(port.nor, sort, 0, data)


def at(world, seconds, happens):
    world.after.append((world.us + seconds * 1_000_000, happens))


def ended():
    raise Stop


def controller(chip):
    """A whole controller on a board without a network: an irrigation, then a program that dies."""
    world = World()
    with Loader(world, network=None):
        port, pins = port_of(chip, world)
        provisioned(port)
        port.set_utc(UTC, record.TIME_SYNCHRONISED)
        house = House(world, pins)
        house.answer(world.uarts[pins.METERS[0][0]])
        from karez_firmware import board_main

        apps = []
        settle = board_main.settle

        def kept(app):
            settle(app)
            apps.append(app)

        board_main.settle = kept

        def press(pin):
            at(world, 0.4, lambda: world.drive(pin, 1))
            world.drive(pin, 0)

        at(world, 8, lambda: apps[0].offers.grant(a_grant(1000)))
        at(world, 14, lambda: swipe_later(world, pins))
        at(world, 15, lambda: press(pins.START))
        at(world, 45, lambda: press(pins.STOP))
        at(world, 55, ended)
        try:
            boot.boot(port, board_main.program)
        except Restarted:
            pass
        board_main.settle = settle
        assert apps, world.uarts[9].tx
        return world, port, pins, house, apps[0]


def swipe_later(world, pins):
    """A card, from inside an event."""
    for number, bit in enumerate(FRAME):
        pin = pins.CARD[int(bit)]
        at(world, number * 0.002, lambda pin=pin: (world.drive(pin, 0), world.drive(pin, 1)))


def check_controller(chip):
    world, port, pins, house, app = controller(chip)
    slots = [app.journal.slot(seq) for seq in range(1, app.journal.head["seq"] + 1)]
    values = [record.decode(slot) for slot in slots]
    kinds = [one["kind"] for one in values]
    assert kinds == [
        record.BINDING, record.CONFIG, record.BOOT, record.STATEMENT, record.SIGNATURE,
        record.GRANT, record.START, record.STOP, record.STATEMENT, record.SIGNATURE,
    ], kinds  # fmt: skip
    start, stop = values[6], values[7]
    assert binascii.hexlify(start["credential"]).decode() == CARD and start["account"] == 7
    litres = stop["volume_l"] - start["volume_l"]
    assert 400 < litres <= house.well.litres == app.books.volume_l
    assert app.uplink.client.phase == DOWN  # it was never begun
    assert 0 < house.gap_us < 1_000_000  # the monostable would let go after five seconds
    # The watchdog went hungry for no more than a step of the program, and the program died: outputs
    # off, fed until a minute had passed, and a reset.
    assert world.dogs[0].worst_us < 2_000_000 and port.now_ms() >= 60_000
    assert world.levels[pins.COIL] == world.levels[pins.TRIP] == 0
    assert causes.RESTARTED not in [one["cause"] for one in values]


def test_a_whole_controller_runs_on_an_esp32_without_a_network():
    check_controller("esp32")


def test_a_whole_controller_runs_on_an_rp2_without_a_network():
    check_controller("rp2")


def typed(name, data):
    """What brings an object at the console, line by line."""
    digest = binascii.hexlify(hashlib.sha256(data).digest())
    yield b"object %s put %d %s\r" % (name, len(data), digest)
    for at_byte in range(0, len(data), console.PIECE_MAX):
        piece = binascii.hexlify(data[at_byte : at_byte + console.PIECE_MAX])
        yield b"object %s piece %d %s\r" % (name, at_byte, piece)
    yield b"object %s apply %s\r" % (name, digest)


def test_a_box_without_a_site_is_commissioned_over_its_console():
    world = World()
    with Loader(world, network=None):
        port, _ = port_of("rp2", world)
        objects.write_once(port.nor, objects.KEY, KEPT)
        cable = world.uarts[9]
        objects_brought = (
            (b"authority", AUTHORITY), (b"certificate", CERTIFICATE), (b"config", a_config()),
            (b"binding", a_binding()),
        )  # fmt: skip
        lines = [line for name, data in objects_brought for line in typed(name, data)]
        for number, line in enumerate(lines):

            def come(line=line):
                cable.rx += line

            at(world, 15 + number, come)
        from karez_firmware import board_main

        assert bring_up.is_bare(port)
        try:
            boot.boot(port, board_main.program)
        except Restarted:
            pass
        assert not bring_up.is_bare(port), cable.tx[-500:]
        assert b"object authority apply" in cable.tx and port.now_ms() >= 60_000
        # He takes his time, and nothing resets the box meanwhile.
        assert world.dogs[0].worst_us < 2_000_000
