"""Both boards on faked chips: what is asked for, outputs, watchdog, cable, and a whole controller."""

import binascii

from board_desk import BOARDS, CARD, FRAME, pins_of, port_of
from board_machine import PERIOD, Loader, Module, Restarted, World, network_of
from karez_firmware import commissioning
from karez_firmware.ports import boot
from karez_protocols import record
from wellhouse import UTC, a_config


def error_of(call, *arguments):
    """What a call raises."""
    try:
        call(*arguments)
    except Exception as error:  # noqa: BLE001 - whatever it is, the test looks at it
        return error
    return None


def each(test):
    """Run test(chip, world, port, pins) on both boards."""
    for chip in BOARDS:
        world = World()
        with Loader(world):
            port, pins = port_of(chip, world)
            test(chip, world, port, pins)


# -- outputs --------------------------------------------------------------------------------


def test_every_output_is_off_from_the_first_moment_and_follows_its_command():
    def check(_, world, port, pins):
        assert [world.levels[pin] for pin in (pins.COIL, pins.TRIP, pins.ALIVE)] == [0, 0, 0]
        port.set_coil(True)
        assert world.levels[pins.COIL] == 1 and world.levels[pins.TRIP] == 0
        port.set_trip(True)
        port.set_coil(False)
        assert world.levels[pins.COIL] == 0 and world.levels[pins.TRIP] == 1
        boot.outputs_off(port)
        assert world.levels[pins.TRIP] == 0

    each(check)


def test_each_hold_is_one_edge_and_nothing_else_makes_one():
    def check(_, world, port, pins):
        edges = []
        world.watchers[pins.ALIVE] = edges.append
        for _ in range(3):
            port.hold()
        port.set_coil(True)
        port.feed()
        port.wait(port.now_us() + 100_000)
        assert edges == [1, 0, 1]

    each(check)


# -- time and waiting -----------------------------------------------------------------------


def test_time_grows_over_the_wrap_of_the_ticks():
    def check(_, world, port, _pins):
        began_us = port.now_us()
        world.pass_us(2_000_000)
        assert 2_000_000 <= port.now_us() - began_us < 2_001_000
        assert port.now_ms() == port.now_us() // 1000 and world.us > PERIOD

    each(check)


def test_a_wait_ends_at_its_deadline_or_after_50_ms_or_when_something_comes_in():
    def check(_, world, port, pins):
        began_us = port.now_us()
        port.wait(began_us + 4_000)
        assert 4_000 <= port.now_us() - began_us < 4_300
        began_us = port.now_us()
        port.wait(began_us + 10_000_000)
        assert 50_000 <= port.now_us() - began_us < 51_000  # a button is looked for
        world.uarts[pins.METERS[0][0]].rx = b"x"
        began_us = port.now_us()
        port.wait(began_us + 40_000)
        assert port.now_us() - began_us < 1_000
        port.wait(began_us)  # it has passed
        assert port.now_us() - began_us < 1_500

    each(check)


def test_the_clock_is_asked_each_minute_and_believed_over_the_chip_s_quartz():
    def check(_, world, port, _pins):
        assert port.utc() == (None, record.TIME_UNKNOWN)
        port.await_time()
        port.set_utc(UTC, record.TIME_SYNCHRONISED)
        assert world.clock.writes and port.utc() == (UTC, record.TIME_SYNCHRONISED)
        world.pass_us(59_000_000)  # the fake's registers stand still
        assert port.utc() == (UTC + 59, record.TIME_SYNCHRONISED)
        world.pass_us(2_000_000)
        assert port.utc() == (UTC, record.TIME_SYNCHRONISED)
        world.clock.cells[0x0F] = 0x80  # its battery went: what is known is carried on
        world.pass_us(100_000_000)
        assert port.utc() == (UTC + 100, record.TIME_SYNCHRONISED)

    each(check)


def test_a_clock_that_cannot_be_set_is_asked_no_more():
    def check(_, world, port, _pins):
        world.i2c.pop(0x68)
        port.set_utc(UTC, record.TIME_INFORMATIVE)
        world.i2c[0x68] = world.clock
        world.pass_us(70_000_000)
        assert port.utc() == (UTC + 70, record.TIME_INFORMATIVE)

    each(check)


def test_a_data_line_that_a_chip_holds_is_clocked_free():
    for stuck in (3, 20):
        world = World()
        pins = pins_of("rp2")
        world.stuck_clocks, world.clock_pin, world.data_pin = stuck, pins.SCL, pins.SDA
        with Loader(world):
            port_of("rp2", world, pins)
        assert world.stuck_clocks == max(0, stuck - 9)


def test_random_bytes_differ_and_stay_below_their_limit():
    def check(_, world, port, _pins):
        assert len(port.random(32)) == 32 and port.random(32) != port.random(32)
        assert all(port.random_below(3) in (0, 1, 2) for _ in range(50))

    each(check)


def test_the_radio_is_on_while_an_esp32_makes_a_key():
    world = World()
    with Loader(world, network=network_of(world, "WLAN")):
        port, _ = port_of("esp32", world)
        port.random(4)
        (radio,) = world.networks
        assert radio.calls == []
        port.random(32)
        assert radio.calls == [("active", True), ("active", False)]
        radio.active(True)
        radio.calls.clear()
        port.random(32)
        assert radio.calls == []  # it was on, and stays so


# -- watchdog -------------------------------------------------------------------------------


def test_a_start_of_up_to_60_seconds_is_fed_and_then_only_the_app_feeds():
    def check(_, world, port, _pins):
        port.feed()  # there is none yet
        port.start_watchdog()
        (dog,) = world.dogs
        assert dog.timeout == 8_000
        for _ in range(120):
            world.pass_us(500_000)
        fed_us = dog.fed_us
        assert dog.worst_us <= 1_000_000
        for _ in range(60):
            world.pass_us(500_000)
        assert dog.fed_us <= fed_us + 1_000_000  # a start that hangs is reset

    each(check)


def test_the_first_food_of_the_app_ends_the_grace():
    def check(_, world, port, _pins):
        port.start_watchdog()
        world.pass_us(2_500_000)
        port.feed()
        fed_us = world.dogs[0].fed_us
        for _ in range(20):
            world.pass_us(500_000)
        assert world.dogs[0].fed_us == fed_us
        port.feed()
        assert world.dogs[0].fed_us == world.us

    each(check)


def test_a_reset_is_the_chip_s_own():
    def check(_, _world, port, _pins):
        try:
            port.reset()
        except Restarted:
            return
        raise AssertionError

    each(check)


# -- contacts, cards, pulses ----------------------------------------------------------------


def settled(world, port, ms=200):
    found = []
    for _ in range(ms // 5):
        world.pass_us(5_000)
        found += port.lines()
    return found


def swipe(world, pins):
    for bit in FRAME:
        pin = pins.CARD[int(bit)]
        world.drive(pin, 0)
        world.drive(pin, 1)
        world.pass_us(2_000)


def test_contacts_are_told_at_the_start_and_buttons_name_the_card():
    def check(chip, world, port, pins):
        assert settled(world, port) == [["aux", "0"], ["door", "1"]]
        assert port.lines() == ()
        world.drive(pins.AUX, 0)
        world.drive(pins.DOOR, 0)
        assert settled(world, port) == [["aux", "1"], ["door", "0"]]
        swipe(world, pins)
        settled(world, port)
        world.drive(pins.START, 0)
        assert settled(world, port) == [["start", CARD]]
        world.drive(pins.STOP, 0)
        world.drive(pins.EMERGENCY, 0)
        assert settled(world, port) == [["stop", "0" * 16], ["emergency", "0" * 16]]
        assert [world.hard[pin] for pin in pins.CARD] == [chip == "rp2"] * 2

    each(check)


class Kept:
    """esp32.PCNT; `made` are all of them."""

    INCREMENT = 1
    made: list = []  # noqa: RUF012 - both interpreters

    def __init__(self, number, pin, falling, filter, max):  # noqa: A002 - as MicroPython's
        self.count = 0
        self.place = number, pin.number
        self.made.append(self)

    def start(self):
        self.made.sort(key=lambda one: one.place)

    def value(self):
        return self.count


def test_pulses_are_counted_by_what_the_chip_has():
    for chip, esp32 in (("esp32", Module(PCNT=Kept)), ("esp32", Module()), ("rp2", Module())):
        world = World()
        Kept.made.clear()
        with Loader(world, esp32=esp32):
            port, pins = port_of(chip, world)
            count, loop = pins.PULSES[0]
            assert port.take_pulses(0) == (0, True)
            if Kept.made:
                assert [unit.place for unit in Kept.made] == [(0, count), (1, pins.PULSES[1][0])]
                Kept.made[0].count = 5
            for _ in range(5):
                world.pass_us(20_000)
                world.drive(count, 0)
                world.drive(count, 1)
            assert port.take_pulses(0) == (5, True) and port.take_pulses(0) == (0, True)
            world.analog[loop] = 65_535
            assert port.take_pulses(0) == (0, False) and port.take_pulses(1) == (0, True)


def test_a_board_may_have_fewer_of_everything():
    for chip in BOARDS:
        world = World()
        pins = pins_of(chip, METERS=(), PULSES=(), CARD=None, AUX=None, DOOR=None, START=None, EMERGENCY=None)
        with Loader(world, network=None):
            port, pins = port_of(chip, world, pins)
            assert port.uarts == [] and port.inputs == 0 and not hasattr(port, "connect")
            assert port.take_pulses(0) == (0, False)
            world.drive(pins.STOP, 1)
            settled(world, port)
            world.drive(pins.STOP, 0)
            assert settled(world, port) == [["stop", "0000000000000000"]]


def test_a_board_without_a_clock_knows_no_time_until_it_is_told():
    world = World()
    with Loader(world, network=None):
        from karez_firmware.ports import board, board_parts

        pins = pins_of("rp2")
        world.attach(pins)
        parts = board_parts.parts_of(pins)
        parts.clock = None
        port = board.Port(parts)
        assert port.utc() == (None, record.TIME_UNKNOWN)
        port.set_utc(UTC, record.TIME_INFORMATIVE)
        world.pass_us(90_000_000)
        assert port.utc() == (UTC + 90, record.TIME_INFORMATIVE)


def test_a_loop_that_nobody_supervises_is_sound_and_an_input_that_is_not_there_is_cut():
    world = World()
    with Loader(world):
        port, _ = port_of("esp32", world, pins_of("esp32", PULSES=((42, None),)))
        assert port.take_pulses(0) == (0, True) and port.take_pulses(1) == (0, False)


def test_a_meter_that_sends_pulses_is_refused_where_nobody_counts():
    config = a_config(meters=[{"quantity": "water", "pulse_milli": 1000}])
    line = ["object", "config", binascii.hexlify(config).decode()]
    for changed in ({}, {"PULSES": ()}):
        world = World()
        with Loader(world):
            port, _ = port_of("rp2", world, pins_of("rp2", **changed))
            error = error_of(commissioning.take, port, None, line)
            assert error is None or isinstance(error, commissioning.Refused)
            assert str(error or "") == (
                "configuration: this controller has no pulse input 0" if changed else ""
            )


# -- network --------------------------------------------------------------------------------


def bearers(chip, names, **changed):
    """(port, world) of a board whose build has these classes of networks."""
    world = World()
    lwip = Module(
        socket=None,
        AF_INET=2,
        SOCK_STREAM=1,
        getaddrinfo=lambda host, port, *_: [(0, 0, 0, "", (host, port))],
    )
    tls = changed.pop("tls", Module())
    network = network_of(world, *names) if names is not None else None
    loader = Loader(world, network=network, tls=tls, socket=lwip)
    with loader:
        port, _ = port_of(chip, world, pins_of(chip, **changed))
        return port, world, loader


def test_a_network_is_asked_for_and_none_is_no_error():
    modem = (2, 15, 16)
    wiznet = (1, 26, 27, 28, 29, 30)
    for chip, names, changed, made in (
        ("esp32", None, {}, None),
        ("esp32", (), {}, None),
        ("esp32", ("PPP",), {"MODEM": modem}, []),
        ("esp32", ("PPP", "WLAN"), {"MODEM": modem, "MODEM_KEY": None}, ["WLAN"]),
        ("esp32", ("LAN",), {"MODEM": None, "LAN": (23, 18, 1, 0)}, ["LAN"]),
        ("esp32", ("WLAN",), {"MODEM": modem, "tls": None}, None),
        ("rp2", None, {}, None),
        ("rp2", ("WLAN",), {}, ["WLAN"]),
        ("rp2", ("WIZNET5K",), {"WIZNET": wiznet}, ["WIZNET5K"]),
        ("rp2", (), {"WIZNET": wiznet}, None),
    ):
        port, world, _ = bearers(chip, names, **changed)
        assert hasattr(port, "connect") == (made is not None), (chip, names)
        assert made is None or [nic.name for nic in world.networks] == made, (chip, names)


def test_a_stream_is_had_once_the_bearer_is_up_and_wakes_the_wait():
    port, world, loader = bearers("rp2", ("WIZNET5K",), WIZNET=(1, 26, 27, 28, 29, 30))
    with loader:
        link = {"host": "192.0.2.10", "port": 8883}
        sockets = []

        class Socket:
            rx, room = b"", None

            def setblocking(self, on):
                sockets.append(self)

        import socket

        socket.socket = lambda *_: Socket()
        assert error_of(port.connect, link, None, None, None).args[0] == 100
        world.networks[0].is_up = True
        for _ in range(20):
            port.wait(port.now_us() + 50_000)  # the bearer is tended while the loop waits
        stream = port.connect(link, None, None, None)
        assert stream.socket is sockets[0]
        port.listen_to(stream)
        sockets[0].rx = b"x"
        began_us = port.now_us()
        port.wait(began_us + 40_000)
        assert port.now_us() - began_us < 1_000
        port.listen_to(None)
        port.wait(port.now_us() + 40_000)
        assert port.now_us() - began_us > 40_000
        port.listen_to(stream)
        port._parts.poll.unregister(stream.socket)
        port.listen_to(None)  # it was gone already


# -- cable and panel ------------------------------------------------------------------------


def test_the_console_is_heard_from_the_moment_it_is_opened():
    def check(_, world, port, pins):
        cable = world.uarts[9]
        assert port.console is None
        cable.rx = b"status\r"
        began_us = port.now_us()
        port.wait(began_us + 40_000)
        assert port.now_us() - began_us >= 40_000
        port.open_console()
        port.open_console()
        port.wait(port.now_us() + 40_000)
        assert port.now_us() - began_us < 42_000  # a key ends a wait
        assert port.console.read() == b"status\r" and port.console.write(b"yes") == 3
        assert cable.tx == b"yes"
        port.wait(port.now_us() + 40_000)
        assert port.now_us() - began_us > 80_000

    each(check)


def test_without_a_console_uart_it_is_where_micropython_has_its_terminal():
    for chip in BOARDS:
        world = World()
        with Loader(world):
            port, _ = port_of(chip, world, pins_of(chip, CONSOLE=None))
            assert world.interrupt == -1  # Ctrl-C is the console's
            port.open_console()
            world.stdin.rx = b"help\r"
            assert port.console.read() == b"help\r" and port.console.write(b"x") == 1
            assert world.stdout.tx == b"x"


def test_the_panel_s_lines_go_to_the_display_and_the_bench_s_nowhere():
    def check(_, world, port, pins):
        assert port.say("panel idle|used|left|") and port.say("record 00") and port.say("need binding")
        assert world.lcd.lines()[0].rstrip() == "idle" and world.uarts[9].tx == b""
        port._parts.display = None
        port._parts.terminal = None
        assert port.say("panel x")
        port.open_console()
        assert port.console is None

    each(check)


def test_a_file_that_ships_with_the_firmware_is_found_and_one_that_does_not_is_an_error():
    def check(_, _world, port, _pins):
        assert port.resource("karez_protocols/profiles/tuf2000m.json")[:1] == b"{"
        assert error_of(port.resource, "karez_protocols/profiles/none.json").args[0] == 2

    each(check)


def test_a_fram_on_i2c_is_taken_where_the_pins_say_so():
    from board_chips import Registers

    world = World()
    world.i2c[0x50] = Registers(8192, addrsize=16)
    with Loader(world):
        port, _ = port_of("rp2", world, pins_of("rp2", FRAM_ON_I2C=True))
        port.fram.write(8, b"head")
        assert port.fram.read(8, 4) == b"head" and port.fram.size == 4096 and port.nor.size == 272 * 4096


def booted(name):
    """What a main program hands to its boot."""
    ran = []
    world = World()
    with Loader(world):
        world.attach(pins_of(name))
        kept, boot.boot = boot.boot, lambda port, program: ran.append((port, program))
        try:
            __import__("karez_firmware.main_" + name)
        finally:
            boot.boot = kept
    return ran[0]


def test_the_main_programs_boot_their_board():
    for name in BOARDS:
        port, program = booted(name)
        assert port.tls_block_ms == 1_100 and port.tier == 3 and program.__name__ == "program"
