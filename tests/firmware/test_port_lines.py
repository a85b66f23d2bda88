"""UARTs and consoles of a board, the modem, what carries the uplink, and TCP."""

from board_machine import Loader, Maker, Module, Nic, Uart, Wire, World
from karez_firmware.ports import bearer, modem


def loaded(world, name, **changed):
    with Loader(world, **changed):
        if name == "uart":
            from karez_firmware.ports import board_uart as found
        elif name == "net":
            from karez_firmware.ports import board_net as found
    return found


# -- meter lines ----------------------------------------------------------------------------


def line():
    world = World()
    uart = Uart(world, 1, baudrate=9600)
    return loaded(world, "uart").Uart(uart), uart


def test_the_mode_of_a_meter_reaches_the_uart_as_the_chip_counts_it():
    one, uart = line()
    for mode, parity in (((9600, "N", 1), None), ((2400, "E", 1), 0), ((19200, "O", 2), 1)):
        one.configure(*mode)
        assert uart.modes[-1] == {
            "baudrate": mode[0], "bits": 8, "parity": parity, "stop": mode[2],
            "timeout": 0, "timeout_char": 0,
        }  # fmt: skip
    made = [mode for mode in uart.modes if "rxbuf" in mode]
    assert [(mode["rxbuf"], mode["txbuf"]) for mode in made] == [(512, 512)]  # once, however often it changes


def test_a_mode_that_is_set_is_left_alone_because_bytes_may_have_come():
    one, uart = line()
    one.configure(9600, "N", 1)
    count = len(uart.modes)
    one.configure(9600, "N", 1)
    assert len(uart.modes) == count
    one.configure(9600, "E", 1)
    assert len(uart.modes) == count + 1


def test_a_speed_that_the_chip_cannot_do_is_no_end_and_is_tried_again():
    one, uart = line()
    uart.refuses = (1200,)
    one.configure(1200, "E", 1)
    uart.refuses = ()
    one.configure(1200, "E", 1)
    assert uart.modes[-1]["baudrate"] == 1200


def test_bytes_in_and_out():
    one, uart = line()
    assert one.read() == b""
    uart.rx = bytes(range(256)) + b"more"
    assert one.read() == bytes(range(256)) and one.read() == b"more" and one.read() == b""
    one.write(b"\x01\x03")
    assert uart.tx == b"\x01\x03" and one.file is uart


# -- console --------------------------------------------------------------------------------


def terminal():
    world = World()
    source, sink = Wire(world), Wire(world)
    return loaded(world, "uart").Terminal(source, sink), source, sink


def test_a_console_gives_what_is_there_and_takes_what_fits():
    one, source, sink = terminal()
    assert one.read() == b""
    source.rx = b"x" * 70
    assert one.read() == b"x" * 64 and one.read() == b"x" * 6 and one.read() == b""
    assert one.write(b"y" * 100) == 64 and sink.tx == b"y" * 64
    sink.room = 0
    assert one.write(b"z") == 0 and sink.tx == b"y" * 64


def test_a_console_whose_other_end_closes_is_silent():
    one, source, _ = terminal()

    class Closed(Wire):
        def read(self, count=None):
            return b""

    one.file = Closed(None)
    source.rx = b"x"
    assert one.read() == b""


def test_a_console_on_a_uart_has_its_mode():
    world = World()
    uart = Uart(world, 0)
    found = loaded(world, "uart")
    made = found.console_on(uart)
    assert uart.modes[-1]["baudrate"] == 115_200 and uart.modes[-1]["rxbuf"] == 1_024
    uart.rx = b"help\r"
    assert made.read() == b"help\r"


# -- modem ----------------------------------------------------------------------------------

GOOD = {
    b"AT\r": b"\r\nOK\r\n",
    b"ATE0\r": b"\r\nOK\r\n",
    b"AT+CPIN?\r": b"\r\n+CPIN: READY\r\n\r\nOK\r\n",
    b"AT+CEREG?\r": b"\r\n+CEREG: 0,1\r\n\r\nOK\r\n",
    b'AT+CGDCONT=1,"IP","iot.example"\r': b"\r\nOK\r\n",
    b"ATD*99***1#\r": b"\r\nCONNECT 150000000\r\n",
}


class Key:
    """The modem's button."""

    def __init__(self):
        self.presses = []

    def value(self, level):
        self.presses.append(level)


class Talk:
    """A modem, its line and a clock of 100 ms."""

    def __init__(self, answers, key=True, apn="iot.example"):
        self.answers = dict(answers)
        self.wire = Wire(None)
        self.wire.on_write = self._hear
        self.key = Key() if key else None
        self.modem = modem.Modem(self.wire, self.key)
        self.modem.apn = apn
        self.asked = []
        self.now_ms = 0

    def _hear(self, data):
        self.asked.append(data)
        self.wire.rx += self.answers.get(data, b"")

    def run(self, seconds):
        for _ in range(seconds * 10):
            if self.modem.step(self.now_ms):
                return True
            self.now_ms += 100
        return False


def test_a_modem_is_asked_row_by_row_until_it_carries_data():
    talk = Talk(GOOD)
    assert talk.run(5)
    assert talk.asked == [
        b"AT\r", b"ATE0\r", b"AT+CPIN?\r", b"AT+CEREG?\r", b'AT+CGDCONT=1,"IP","iot.example"\r',
        b"ATD*99***1#\r",
    ]  # fmt: skip
    assert talk.modem.is_connected and talk.modem.step(talk.now_ms)


def test_without_an_apn_the_modem_s_own_is_left_as_it_is():
    talk = Talk(GOOD, apn="")
    assert talk.run(5) and not any(b"CGDCONT" in one for one in talk.asked)


def test_a_name_of_an_access_point_cannot_bring_a_command_along():
    talk = Talk(GOOD, apn='iot.example"\rAT+CFUN=0\r')
    talk.answers[b'AT+CGDCONT=1,"IP","iot.exampleATCFUN0"\r'] = b"\r\nOK\r\n"
    assert talk.run(5) and not any(b"CFUN=" in one for one in talk.asked)


def test_a_roaming_registration_is_one_and_a_searching_modem_is_asked_again():
    answers = dict(GOOD)
    answers[b"AT+CEREG?\r"] = b"\r\n+CEREG: 0,2\r\n\r\nOK\r\n"
    talk = Talk(answers)
    assert not talk.run(10)
    assert talk.asked.count(b"AT+CEREG?\r") > 3 and not talk.key.presses
    talk.answers[b"AT+CEREG?\r"] = b"\r\n+CEREG: 0,5\r\n\r\nOK\r\n"
    assert talk.run(5)


def test_a_silent_modem_is_pressed_off_and_on_and_asked_anew():
    talk = Talk({})
    assert not talk.run(60)
    assert talk.asked == [b"AT\r"] * len(talk.asked) and talk.key.presses == [1, 0]
    talk.answers = GOOD
    assert talk.run(60) and talk.modem.presses == 1


def test_the_key_is_held_for_three_seconds_and_the_modem_gets_time_to_go_off():
    talk = Talk(GOOD)
    talk.modem.restart(0)
    talk.run(3)
    assert talk.key.presses == [1]
    talk.run(1)
    assert talk.key.presses == [1, 0] and not talk.asked
    talk.run(10)
    assert not talk.asked
    assert talk.run(10)


def test_a_modem_without_a_key_is_asked_for_ever():
    talk = Talk({}, key=False)
    assert not talk.run(120)
    assert len(talk.asked) > 20
    talk.answers = GOOD
    assert talk.run(30)


def test_an_error_is_heard_at_once_and_a_call_that_fails_begins_anew():
    answers = dict(GOOD)
    answers[b"AT+CPIN?\r"] = b"\r\n+CME ERROR: 10\r\n"  # no SIM
    talk = Talk(answers)
    talk.run(6)
    assert talk.asked.count(b"AT+CPIN?\r") == 4 and talk.key.presses
    answers = dict(GOOD)
    answers[b"ATD*99***1#\r"] = b"\r\nNO CARRIER\r\n"
    talk = Talk(answers)
    assert not talk.run(6) and talk.key.presses


def test_what_a_modem_says_unasked_is_no_answer():
    talk = Talk({})
    talk.wire.rx = b"\r\nRDY\r\nOK\r\n"
    talk.modem.step(0)
    talk.modem.step(100)
    assert talk.asked == [b"AT\r"] and not talk.modem.step(200)


# -- bearers --------------------------------------------------------------------------------


def test_ethernet_is_up_with_its_address():
    nic = Nic()
    one = bearer.Wired(nic)
    assert nic.is_on and not one.step(0, {})
    nic.is_up = True
    assert one.step(0, {})


def test_wlan_is_tried_every_20_seconds_and_only_where_it_is_named():
    nic = Nic()
    one = bearer.Wlan(nic)
    assert not one.step(0, {}) and not nic.calls
    link = {"ssid": "pump house", "secret": "sesame"}
    for now_ms in range(0, 40_000, 500):
        assert not one.step(now_ms, link)
    assert nic.calls == [("active", True), ("disconnect",), ("connect", ("pump house", "sesame"))] * 2
    nic.is_up = True
    assert one.step(40_000, link)
    nic.is_up = False
    nic.calls.clear()
    one.step(40_500, {"ssid": "open"})
    assert nic.calls[-1] == ("connect", ("open", ""))
    nic.fails = True
    assert not one.step(90_000, link)


def ppp(answers):
    talk = Talk(answers)
    made = Maker(World(), "PPP")
    one = bearer.Ppp(made, talk.wire, talk.key)
    talk.modem = one.modem
    return one, talk, made._world.networks


def run(one, talk, seconds):
    link = {"apn": "iot.example"}
    found = False
    for _ in range(seconds * 2):
        found = one.step(talk.now_ms, link)
        talk.now_ms += 500
    return found


def test_ppp_is_dialled_when_the_modem_carries_data():
    one, talk, made = ppp(GOOD)
    assert not run(one, talk, 10)
    assert b'AT+CGDCONT=1,"IP","iot.example"\r' in talk.asked
    assert [nic.calls for nic in made] == [[("connect", ())]] and made[0].arguments == (talk.wire,)
    made[0].is_up = True
    assert run(one, talk, 60)


def test_ppp_without_an_address_for_30_seconds_begins_with_the_modem_again():
    one, talk, made = ppp(GOOD)
    run(one, talk, 10)
    made[0].is_up = True
    run(one, talk, 5)
    made[0].is_up = False
    run(one, talk, 29)
    assert len(made) == 1 and not talk.key.presses
    run(one, talk, 40)
    assert talk.key.presses == [1, 0] and made[0].calls[-1] == ("disconnect",) and len(made) == 2


def test_a_ppp_that_cannot_be_made_or_ended_is_no_end():
    class Broken(Nic):
        def connect(self):
            raise OSError(12)

        def disconnect(self):
            raise OSError(12)

    talk = Talk(GOOD)
    one = bearer.Ppp(lambda _: Broken(), talk.wire, talk.key)
    talk.modem = one.modem
    assert not run(one, talk, 20) and talk.key.presses


def test_the_configuration_chooses_between_wlan_and_the_other():
    wired, radio = Nic(), Nic()
    wired.is_up = True
    with Loader(World(), tls=Module(), socket=Module()):
        one = bearer.choice(bearer.Wired(wired), bearer.Wlan(radio))
        assert one.step(0, {}) and not one.step(0, {"ssid": "x"})
        radio.is_up = True
        assert one.step(0, {"ssid": "x"})
        assert not bearer.choice(None, bearer.Wlan(radio)).step(0, {})
        assert not bearer.choice(bearer.Wired(wired), None).step(0, {"ssid": "x"})
        assert bearer.choice(None, None) is None


def test_a_build_without_tls_has_no_bearer():
    with Loader(World(), tls=None):
        assert bearer.choice(bearer.Wired(Nic()), None) is None


# -- TCP and TLS ----------------------------------------------------------------------------


class Socket(Wire):
    """A socket of lwIP."""

    def __init__(self, world, *_):
        super().__init__(world)
        self.calls = []
        self.mask = 0  # what poll tells of it
        self.error = OSError(115)

    def setblocking(self, on):
        self.calls.append(("setblocking", on))

    def connect(self, address):
        self.calls.append(("connect", address))
        if self.error:
            raise self.error

    def events(self, mask):
        return self.mask

    def close(self):
        self.calls.append(("close",))


class Tls:
    """The tls module: a context that remembers, a stream that shakes hands at its third write."""

    PROTOCOL_TLS_CLIENT, CERT_REQUIRED = 1, 2

    def __init__(self):
        self.loaded = []
        self.refuses = None
        self.verify_mode = None

    def SSLContext(self, protocol):  # noqa: N802 - as MicroPython's
        assert protocol == self.PROTOCOL_TLS_CLIENT
        return self

    def load_verify_locations(self, authority):
        if authority == b"bad":
            raise ValueError("invalid cert")
        self.loaded.append(authority)

    def load_cert_chain(self, certificate, key):
        self.loaded.append((certificate, key))

    def wrap_socket(self, socket, server_hostname, do_handshake_on_connect):
        if server_hostname is None:
            raise ValueError("no name")
        assert do_handshake_on_connect is False and self.verify_mode == self.CERT_REQUIRED
        self.tries = 0
        self.socket, self.name = socket, server_hostname
        return self

    def write(self, data):
        self.tries += 1
        if self.refuses:
            raise ValueError(self.refuses)
        return None if self.tries < 3 else len(data)

    def read(self, size):
        return b"tls"[:size]

    def close(self):
        self.socket.close()


def net():
    world = World()
    made = []

    def a_socket(*arguments):
        made.append(Socket(world, *arguments))
        return made[-1]

    lwip = Module(
        socket=a_socket, AF_INET=2, SOCK_STREAM=1,
        getaddrinfo=lambda host, port, family, kind: [(2, 1, 0, "", (host, port))],
    )  # fmt: skip
    tls = Tls()
    return loaded(world, "net", socket=lwip, tls=tls), made, tls


def error_of(call, *arguments, **named):
    try:
        call(*arguments, **named)
    except OSError as error:
        return error.args[0]
    return None


def test_a_connection_is_asked_for_once_and_then_polled():
    found, made, _ = net()
    stream = found.Stream("192.0.2.10", 1883)
    assert not stream.connect_step() and not stream.connect_step()
    assert made[0].calls == [("setblocking", False), ("connect", ("192.0.2.10", 1883))]
    made[0].mask = 4  # POLLOUT
    assert stream.connect_step()
    assert stream.handshake_step(b"hello") == 5 and made[0].tx == b"hello"
    made[0].rx = b"world"
    assert stream.read(3) == b"wor" and stream.socket is made[0]
    stream.close()
    assert made[0].calls[-1] == ("close",)


def test_a_connection_that_is_refused_is_an_error():
    for number in (119, 11, 115):
        found, made, _ = net()
        stream = found.Stream("192.0.2.10", 1883)
        made[0].error = OSError(number)
        assert not stream.connect_step()
        made[0].mask = 4 | 16
        assert error_of(stream.connect_step) == 111
    found, made, _ = net()
    stream = found.Stream("192.0.2.10", 1883)
    made[0].error = OSError(118)  # no way there
    assert error_of(stream.connect_step) == 118
    made[0].error = None


def test_tls_carries_the_certificate_and_ends_its_handshake_in_writes():
    found, made, tls = net()
    stream = found.Stream("192.0.2.10", 8883, b"cert", b"key", b"ca", "broker.example")
    assert tls.loaded == [b"ca", (b"cert", b"key")]
    made[0].mask = 4
    assert stream.connect_step() and tls.name == "broker.example"
    assert stream.handshake_step(b"hello") is None
    assert stream.handshake_step(b"hello") is None and stream.handshake_step(b"hello") == 5
    assert stream.read(2) == b"tl"
    stream.close()
    assert made[0].calls[-1] == ("close",)


def test_what_tls_refuses_is_an_error_with_its_words():
    found, made, tls = net()
    assert error_of(found.Stream, "192.0.2.10", 8883, None, None, b"bad") == "invalid cert"
    stream = found.Stream("192.0.2.10", 8883, None, None, b"ca", None)
    made[-1].mask = 4
    assert error_of(stream.connect_step) == "no name"
    stream = found.Stream("192.0.2.10", 8883, None, None, b"ca", "broker")
    made[-1].mask = 4
    stream.connect_step()
    tls.refuses = "the certificate is not valid yet"
    assert error_of(stream.handshake_step, b"x") == tls.refuses


def test_a_name_is_refused_before_the_resolver_sees_it():
    found, made, _ = net()
    for host in ("broker.example", "1.2.3", "1.2.3.256", "1.2.3.x", "", "1.2.3.4.5"):
        assert error_of(found.Stream, host, 1883) == 22, host
    assert not made
