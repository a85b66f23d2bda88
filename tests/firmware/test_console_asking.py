"""A technician's own requests on a meter line: the meters keep their rounds, and a start comes first."""

import binascii

from karez_firmware.console.asking import Exchange
from karez_firmware.core import pump
from karez_protocols import causes, cjt188, dlt645, modbus
from terminal import Tool
from test_console_acts import NUMBER, events
from wellhouse import ready

READ = binascii.hexlify(modbus.encode_request(modbus.question(1, 3, 8, 2))).decode()
SCAN = "scan", "0", "modbus", "9600", "8N1"


def a_technician(house=None):
    """A tool whose session knows a technician; how he proves it, test_console_acts.py shows."""
    tool = Tool(house or ready())
    tool.house.app.session.number = NUMBER
    return tool


def readings(house):
    return [reader.counts[0] for _, reader in house.app.buses[0].readers]


def failures(house):
    return sum(sum(reader.counts[1:]) + sum(reader.disturbed[1:]) for _, reader in house.app.buses[0].readers)


def test_a_request_goes_to_the_line_as_it_is_and_its_answer_comes_back():
    tool = a_technician()
    found, _ = tool.ask("ask", "0", "9600", "8n1", READ)
    data = binascii.unhexlify(found["answer"])
    assert data[:3] == b"\x01\x03\x04" and data[3:5] == (tool.house.well.register_l & 0xFFFF).to_bytes(
        2, "big"
    )
    assert events(tool.house, causes.TECHNICIAN_ACTS) == [
        (causes.TECHNICIAN_ACTS, {"number": NUMBER, "words": "ask 0 9600 8n1 0103000"})
    ]


def test_nobody_answers_and_the_answer_is_empty_within_its_time():
    tool = a_technician()
    silent = binascii.hexlify(modbus.encode_request(modbus.question(9, 3, 0, 1))).decode()
    assert tool.ask("ask", "0", "9600", "8N1", silent, seconds=4)[0] == {"ok": True, "answer": ""}


def test_a_scan_names_who_answers_in_one_record_and_meters_keep_their_rounds():
    tool = a_technician()
    tool.house.run(20)
    before = readings(tool.house)
    found, rows = tool.ask(*SCAN, "1", "60", seconds=90)
    assert found == {"ok": True, "asked": 60, "answered": 2}
    assert [row["address"] for row in rows if "address" in row] == [1, 2]
    assert len(events(tool.house, causes.TECHNICIAN_ACTS)) == 1
    assert all(after >= one + 2 for after, one in zip(readings(tool.house), before))
    assert failures(tool.house) == 0 and tool.house.app.buses[0].guest is None
    assert tool.house.app.books.volume_l == tool.house.well.litres and tool.house.app.books.is_known


def test_a_scan_gives_a_sign_of_life_at_least_every_two_seconds():
    tool = a_technician()
    tool.terminal.typed += b"scan 0 modbus 9600 8N1 100 130\r"
    quiet_ms, most_ms = tool.house.port.now_ms(), 0
    while b'"answered"' not in tool.terminal.shown[-60:]:
        tool.house.turn()
        now_ms = tool.house.port.now_ms()
        if tool.terminal.shown:
            most_ms, quiet_ms = max(most_ms, now_ms - quiet_ms), now_ms
            if b'"answered"' not in tool.terminal.shown[-60:]:
                tool.terminal.shown = b""
    assert most_ms <= 2_000


def test_other_protocols_ask_in_their_own_words():
    tool = a_technician()
    tool.house.run(20)
    heard = []

    def talker(data):
        """Hears what is no Modbus; the meters of this well begin with their address, 1 or 2."""
        if data[0] < 3:
            return b""
        heard.append(data)
        return data[:1] + b"there"

    tool.house.port.talkers = [talker]
    for protocol, wanted in (
        ("dlt645", dlt645.encode_request(dlt645.question("000000000012", None, 0x00010000, 4))),
        ("dlt645-1997", dlt645.encode_request(dlt645.question("000000000012", 1, 0x9010, 4))),
        ("cjt188", cjt188.encode_request(cjt188.question("AA:00000000000012", 1, 0x901F, 0))),
    ):
        found, rows = tool.ask("scan", "0", protocol, "2400", "8E1", "12", "12")
        assert found["answered"] == 1 and rows[0]["address"] == 12, found
        assert rows[0]["answer"] == binascii.hexlify(wanted[:1] + b"there").decode()
        assert heard == [wanted]
        del heard[:]
    tool.house.port.talkers = []
    tool.house.run(20)
    assert failures(tool.house) == 0 and tool.house.port.baud == 9600


def test_a_running_pump_is_not_disturbed():
    tool = a_technician()
    tool.house.press()
    tool.house.run(3)
    for words in ("ask 0 9600 8N1 " + READ, "scan 0 modbus 9600 8N1 1 9"):
        assert tool.ask(*words.split())[0] == {"error": "refused", "text": "the pump must rest"}
    assert not events(tool.house, causes.TECHNICIAN_ACTS)


def test_a_start_ends_a_scan_and_takes_the_line_back():
    tool = a_technician()
    tool.house.run(20)
    tool.house.port.script("start " + binascii.hexlify(b"card-001").decode(), 2_000)
    found, _ = tool.ask(*SCAN, "100", "200", seconds=60)
    assert found["error"] == "refused" and tool.house.app.buses[0].guest is None
    tool.house.run(30)
    assert tool.house.state == pump.RUNNING and failures(tool.house) == 0
    tool.house.press("stop")
    tool.house.run(20)
    assert tool.house.app.books.volume_l == tool.house.well.litres > 400


def test_ctrl_c_ends_a_scan_and_gives_the_line_back():
    tool = a_technician()
    tool.house.port.script("", 0)
    tool.terminal.typed += b"scan 0 modbus 9600 8N1 100 200\r"
    tool.house.run(3)
    assert tool.house.app.session._rows is not None
    tool.terminal.typed += b"\x03"
    tool.house.run(1)
    assert tool.house.app.session._rows is None and tool.house.app.buses[0].guest is None
    before = readings(tool.house)
    tool.house.run(25)
    assert all(after > one for after, one in zip(readings(tool.house), before)) and failures(tool.house) == 0


def test_a_reader_asks_nothing_and_arguments_are_checked():
    tool = Tool(ready())
    assert tool.ask("ask", "0", "9600", "8N1", READ)[0]["error"] == "role"
    assert tool.ask(*SCAN, "1", "9")[0]["error"] == "role"
    tool = a_technician(tool.house)
    for words in (
        "ask", "ask 1 9600 8N1 00", "ask 0 200 8N1 00", "ask 0 9600 7N1 00", "ask 0 9600 8N1",
        "ask 0 9600 8N1 0",
        "scan 0 modbus 9600 8N1 0 9", "scan 0 modbus 9600 8N1 1 248", "scan 0 modbus 9600 8N1 9 1",
        "scan 0 dlt645 2400 8E1 1 257", "scan 0 profibus 9600 8N1 1 9", "scan 0 modbus 9600 8N1 1",
    ):  # fmt: skip
        assert tool.ask(*words.split())[0]["error"] == "usage", words
    assert not events(tool.house, causes.TECHNICIAN_ACTS)


class Uart:
    """What was written, and what comes in at which time."""

    def __init__(self, coming=()):
        self.coming = list(coming)  # (us, bytes)
        self.sent = []

    def write(self, data):
        self.sent.append(data)

    def run(self, exchange, until_us=10_000_000):
        us = 0
        while not exchange.is_over and us < until_us:
            data = b"".join(part for when, part in self.coming if us - 1_000 < when <= us)
            exchange.serve(self, us, data)
            us += 1_000
        return us


def test_an_exchange_hears_an_answer_in_parts_behind_its_own_echo():
    uart = Uart(((20_000, b"ask"), (220_000, b"ans"), (250_000, b"wer")))
    exchange = Exchange(b"ask", 9600, 10, 0, 400_000)
    assert 290_000 < uart.run(exchange) < 320_000
    assert exchange.answer == b"answer" and uart.sent == [b"ask"]


def test_an_exchange_with_nobody_ends_and_one_with_endless_noise_too():
    exchange = Exchange(b"ask", 9600, 10, 0, 400_000)
    assert 400_000 < Uart().run(exchange) < 430_000 and exchange.answer == b""
    exchange = Exchange(b"ask", 9600, 10, 0, 400_000)
    noise = Uart([(us, b"\x00") for us in range(30_000, 9_000_000, 30_000)])
    assert noise.run(exchange) < 800_000 and not exchange.is_waiting()
    exchange = Exchange(b"ask", 9600, 10, 0, 400_000)
    assert not exchange.is_waiting()  # the request is not out
