"""Modbus RTU with programs that we did not write, on real ptys, in both roles.

mbpoll (libmodbus, in C), pymodbus and minimalmodbus ask a station made of our codecs; our bus
master and our readers ask a pymodbus server. Values are compared on both sides of the line.
"""

import asyncio
import json
import re
import shutil
import struct
import subprocess
import threading
from contextlib import contextmanager
from pathlib import Path

import minimalmodbus
import pytest
from pymodbus.client import ModbusSerialClient
from pymodbus.framer import FramerType
from pymodbus.server import ModbusSerialServer
from pymodbus.simulator import DataType, SimData, SimDevice

from karez_firmware.drivers.master import EXCEPTION, OK
from karez_firmware.drivers.meter_reader import MeterReader
from karez_protocols import modbus
from karez_protocols.exchange import Failure, Reply
from karez_protocols.modbus import Request
from karez_protocols.modbus_answer import AnswerReader
from karez_protocols.modbus_messages import (
    IDENTIFY,
    READ_COILS,
    READ_HOLDING,
    READ_INPUT,
    READ_INPUTS,
    READ_WRITE,
    WRITE_COIL,
    WRITE_COILS,
    WRITE_REGISTER,
    WRITE_REGISTERS,
    Identify,
    ReadWrite,
    Write,
    WriteMany,
    Written,
)
from karez_protocols.profile import Profile
from system.serial_pair import BAUD, WAIT_S, Bus, Served
from system.stations import ILLEGAL_ADDRESS, ILLEGAL_FUNCTION, ModbusStation, joined

PROFILES = Path(__file__).parents[2] / "protocols/karez_protocols/profiles"
ADDRESS = 17
FIRST = ModbusStation.FIRST
PATTERN = [1, 0, 1, 1, 0, 0, 0, 1, 1, 1, 0]  # crosses a byte, ends inside one
# Application protocol 6.13 leaves the length of the name to the device. libmodbus takes the first
# byte as the name and the second as the run status, pymodbus the last as the status: this suits both.
IDENTITY = b"\x2a\xffkarez\xff"
NUMBERS = [0, 1, 0x1234, 0x7FFF, 0x8000, 0xFFFF]


@pytest.fixture
def station():
    one = ModbusStation(ADDRESS, identity=IDENTITY)
    one.bits[READ_COILS][: len(PATTERN)] = PATTERN
    one.bits[READ_INPUTS][: len(PATTERN)] = [1 - bit for bit in PATTERN]
    one.registers[READ_HOLDING][: len(NUMBERS)] = NUMBERS
    one.registers[READ_INPUT][: len(NUMBERS)] = NUMBERS[::-1]
    return one


@pytest.fixture
def path(station):
    with Served(station) as path:
        yield path


# -- mbpoll -----------------------------------------------------------------------------------


class Mbpoll:
    """Runs mbpoll once per question, addresses from 0 on."""

    def __init__(self, program, path):
        self._begin = [program, "-m", "rtu", "-b", str(BAUD), "-P", "none", "-0", "-1", "-o", "2"]
        self._path = path

    def run(self, *words, address=ADDRESS):
        """Return (exit code, everything it printed). `words`: options, then values after "--"."""
        options, values = words, ()
        if "--" in words:
            options, values = words[: words.index("--")], words[words.index("--") :]
        command = [*self._begin, "-a", str(address), *options, self._path, *values]
        done = subprocess.run(command, capture_output=True, text=True, timeout=WAIT_S, check=False)
        return done.returncode, done.stdout + done.stderr

    def read(self, *options):
        """Return {address: text of the value}."""
        code, text = self.run(*options)
        assert code == 0, text
        return {int(at): value for at, value in re.findall(r"^\[(\d+)\]:\s+(\S+)", text, re.MULTILINE)}


@pytest.fixture
def mbpoll(path):
    program = shutil.which("mbpoll")
    if program is None:
        pytest.skip("mbpoll is not installed: apt-get install mbpoll")
    return Mbpoll(program, path)


def at_first(values):
    return {FIRST + at: str(value) for at, value in enumerate(values)}


def test_mbpoll_reads_coils_and_inputs(mbpoll, station):
    count = str(len(PATTERN))
    assert mbpoll.read("-t", "0", "-r", str(FIRST), "-c", count) == at_first(PATTERN)
    assert mbpoll.read("-t", "1", "-r", str(FIRST), "-c", count) == at_first(1 - bit for bit in PATTERN)
    assert station.heard == [
        Request(ADDRESS, READ_COILS, FIRST, len(PATTERN)),
        Request(ADDRESS, READ_INPUTS, FIRST, len(PATTERN)),
    ]


def test_mbpoll_reads_holding_and_input_registers(mbpoll, station):
    count = str(len(NUMBERS))
    shown = [f"0x{number:04X}" for number in NUMBERS]
    assert mbpoll.read("-t", "4:hex", "-r", str(FIRST), "-c", count) == at_first(shown)
    assert mbpoll.read("-t", "3:hex", "-r", str(FIRST), "-c", count) == at_first(shown[::-1])
    assert [request.function for request in station.heard] == [READ_HOLDING, READ_INPUT]


def test_mbpoll_reads_a_float_with_the_high_word_first(mbpoll, station):
    station.registers[READ_INPUT][:2] = struct.unpack(">HH", struct.pack(">f", 230.5))
    assert mbpoll.read("-t", "3:float", "-B", "-r", str(FIRST)) == {FIRST: "230.5"}


def test_mbpoll_writes_one_and_several_coils(mbpoll, station):
    assert mbpoll.run("-t", "0", "-r", "150", "--", "1")[0] == 0
    assert mbpoll.run("-t", "0", "-r", "160", "--", *map(str, PATTERN))[0] == 0
    assert [request.function for request in station.heard] == [WRITE_COIL, WRITE_COILS]
    assert station.bits[READ_COILS][50] == 1 and station.bits[READ_COILS][60:71] == PATTERN


def test_mbpoll_writes_one_and_several_registers(mbpoll, station):
    assert mbpoll.run("-r", "150", "--", "4660")[0] == 0
    assert mbpoll.run("-r", "160", "--", *map(str, NUMBERS))[0] == 0
    assert [request.function for request in station.heard] == [WRITE_REGISTER, WRITE_REGISTERS]
    assert station.registers[READ_HOLDING][50] == 0x1234 and station.registers[READ_HOLDING][60:66] == NUMBERS


def test_mbpoll_reads_who_we_are(mbpoll, station):
    code, text = mbpoll.run("-u")
    assert code == 0 and "0x2A" in text and "Status: On" in text and "karez" in text, text
    assert station.heard == [Identify(ADDRESS, IDENTIFY)]


def test_mbpoll_understands_our_refusal(mbpoll):
    for options in (("-r", "199", "-c", "2"), ("-t", "0", "-r", "99"), ("-r", "199", "--", "1", "2")):
        code, text = mbpoll.run(*options)
        assert code != 0 and "Illegal data address" in text, text


def test_mbpoll_hears_nothing_from_another_address(mbpoll, station):
    code, text = mbpoll.run("-r", str(FIRST), "-o", "0.1", address=ADDRESS + 1)
    assert code != 0 and "timed out" in text and station.heard == [], text


# -- pymodbus asks ----------------------------------------------------------------------------


@pytest.fixture
def client(path):
    one = ModbusSerialClient(path, baudrate=BAUD, timeout=2, retries=0)
    assert one.connect()
    yield one
    one.close()


def test_pymodbus_reads_bits_and_registers(client):
    bits, numbers = (
        {"count": len(PATTERN), "device_id": ADDRESS},
        {"count": len(NUMBERS), "device_id": ADDRESS},
    )
    assert client.read_coils(FIRST, **bits).bits[: len(PATTERN)] == [bool(bit) for bit in PATTERN]
    assert client.read_discrete_inputs(FIRST, **bits).bits[: len(PATTERN)] == [not bit for bit in PATTERN]
    assert client.read_holding_registers(FIRST, **numbers).registers == NUMBERS
    assert client.read_input_registers(FIRST, **numbers).registers == NUMBERS[::-1]


def test_pymodbus_writes_what_it_reads_back(client, station):
    assert not client.write_coil(150, True, device_id=ADDRESS).isError()
    assert not client.write_coils(151, [bool(bit) for bit in PATTERN], device_id=ADDRESS).isError()
    assert client.read_coils(150, count=12, device_id=ADDRESS).bits[:12] == [True] + [
        bool(b) for b in PATTERN
    ]
    assert not client.write_register(150, 0xBEEF, device_id=ADDRESS).isError()
    assert not client.write_registers(151, NUMBERS, device_id=ADDRESS).isError()
    assert client.read_holding_registers(150, count=7, device_id=ADDRESS).registers == [0xBEEF, *NUMBERS]
    written = [WRITE_COIL, WRITE_COILS, READ_COILS, WRITE_REGISTER, WRITE_REGISTERS, READ_HOLDING]
    assert [request.function for request in station.heard] == written


def test_pymodbus_writes_and_reads_in_one_exchange(client, station):
    answer = client.readwrite_registers(
        read_address=149, read_count=4, write_address=150, values=[7, 8], device_id=ADDRESS
    )
    assert answer.registers == [0, 7, 8, 0]
    assert station.heard == [ReadWrite(ADDRESS, READ_WRITE, 149, 4, 150, b"\0\x07\0\x08")]


def test_pymodbus_reads_and_writes_the_largest_blocks(path, station):
    station.COUNT = 2000
    for memory in (station.bits, station.registers):
        for kind in memory:
            memory[kind] = [(at * 7) & 1 for at in range(2000)]
    with ModbusSerialClient(path, baudrate=BAUD, timeout=2, retries=0) as client:
        assert client.read_coils(FIRST, count=2000, device_id=ADDRESS).bits == [
            bool(at & 1) for at in range(2000)
        ]
        assert len(client.read_holding_registers(FIRST, count=125, device_id=ADDRESS).registers) == 125
        assert not client.write_coils(FIRST, [True] * 1968, device_id=ADDRESS).isError()
        assert not client.write_registers(FIRST, list(range(123)), device_id=ADDRESS).isError()
    assert sum(station.bits[READ_COILS][:1968]) == 1968 and station.registers[READ_HOLDING][:123] == list(
        range(123)
    )


def test_pymodbus_reads_who_we_are(client):
    answer = client.report_device_id(device_id=ADDRESS)
    assert answer.identifier == IDENTITY[:-1] and answer.status


def test_pymodbus_understands_our_refusals(client):
    answer = client.read_holding_registers(199, count=2, device_id=ADDRESS)
    assert answer.isError() and answer.exception_code == ILLEGAL_ADDRESS


def test_pymodbus_understands_that_we_do_not_know_a_function(client, station):
    others = (
        lambda: client.read_exception_status(device_id=ADDRESS),  # 07
        lambda: client.diag_query_data(b"\0\0", device_id=ADDRESS),  # 08
        lambda: client.mask_write_register(address=150, and_mask=1, or_mask=2, device_id=ADDRESS),  # 16H
        lambda: client.read_device_information(device_id=ADDRESS),  # 2BH
    )
    for ask in others:
        answer = ask()
        assert answer.isError() and answer.exception_code == ILLEGAL_FUNCTION
    assert station.heard == [] and station.bad == []
    assert client.read_holding_registers(FIRST, device_id=ADDRESS).registers == NUMBERS[:1]


def test_a_broadcast_of_pymodbus_is_obeyed_and_not_answered(client, station):
    client.write_register(150, 99, device_id=0, no_response_expected=True)
    assert client.read_holding_registers(150, device_id=ADDRESS).registers == [99]
    assert station.heard[0] == Write(0, WRITE_REGISTER, 150, 99)


# -- minimalmodbus asks -----------------------------------------------------------------------


def test_minimalmodbus_reads_and_writes(path, station):
    instrument = minimalmodbus.Instrument(path, ADDRESS)
    try:
        # It waits this long for the rest of every exception frame: it counts on the longer good answer.
        instrument.serial.baudrate, instrument.serial.timeout = BAUD, 0.5
        assert instrument.read_bits(FIRST, len(PATTERN), functioncode=1) == PATTERN
        assert instrument.read_bit(FIRST + 1, functioncode=2) == 1
        assert instrument.read_registers(FIRST, len(NUMBERS)) == NUMBERS
        assert instrument.read_registers(FIRST, len(NUMBERS), functioncode=4) == NUMBERS[::-1]
        instrument.write_bit(150, 1)
        instrument.write_bits(151, PATTERN)
        instrument.write_register(150, 77, functioncode=6)
        instrument.write_float(160, 230.5)
        assert instrument.read_float(160) == 230.5
        with pytest.raises(minimalmodbus.IllegalRequestError):
            instrument.read_register(99)
    finally:
        instrument.serial.close()
    assert station.bits[READ_COILS][50:62] == [1, *PATTERN] and station.registers[READ_HOLDING][50] == 77


# -- pymodbus answers -------------------------------------------------------------------------


@contextmanager
def served_by_pymodbus(path, *devices):
    """A pymodbus server at the port, in a thread with its own event loop."""
    loop = asyncio.new_event_loop()
    is_up = threading.Event()
    failures = []

    async def serve():
        server = ModbusSerialServer(list(devices), framer=FramerType.RTU, port=path, baudrate=BAUD)
        await server.serve_forever(background=True)
        is_up.set()
        await stop.wait()
        await server.shutdown()

    def run():
        try:
            loop.run_until_complete(serve())
        except Exception as error:  # noqa: BLE001 - handed to the test's own thread
            failures.append(error)

    stop = asyncio.Event()
    thread = threading.Thread(target=run)
    thread.start()
    try:
        assert is_up.wait(WAIT_S), failures
        yield
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(WAIT_S)
        loop.close()
        assert not failures, failures


def bits_device(address=ADDRESS):
    """A device with memories of its own for coils, inputs, holding and input registers."""
    bits = [bool(bit) for bit in PATTERN]
    blocks = (
        [SimData(FIRST, values=[*bits, *[False] * 85], datatype=DataType.BITS)],
        [SimData(FIRST, values=[not bit for bit in bits], datatype=DataType.BITS)],
        [SimData(FIRST, values=NUMBERS + [0] * 50, datatype=DataType.REGISTERS)],
        [SimData(FIRST, values=NUMBERS[::-1], datatype=DataType.REGISTERS)],
    )
    return SimDevice(address, simdata=blocks)


@pytest.fixture
def bus():
    with Bus() as bus, served_by_pymodbus(bus.path, bits_device()):
        yield bus


def test_our_bus_master_reads_registers_of_pymodbus(bus):
    for function, numbers in ((READ_HOLDING, NUMBERS), (READ_INPUT, NUMBERS[::-1])):
        for count in (1, len(numbers)):
            assert bus.ask(Request(ADDRESS, function, FIRST, count), modbus.ReplyReader()) == OK
            assert bus.master.data == joined(numbers[:count]) and bus.master.tries == 1
    assert bus.master.reader.noise_bytes == bus.master.reader.crc_errors == bus.master.stray_bytes == 0


def test_our_bus_master_understands_a_refusal_of_pymodbus(bus):
    assert bus.ask(Request(ADDRESS, READ_HOLDING, 5000, 1), modbus.ReplyReader()) == EXCEPTION
    assert bus.master.code == ILLEGAL_ADDRESS


def test_our_reader_reads_bits_of_pymodbus(bus):
    reader = AnswerReader()
    for function, low in (
        (READ_COILS, 0x8D),
        (READ_INPUTS, 0x72),
    ):  # 10110001 and its opposite, first bit lowest
        answer = bus.exchange(Request(ADDRESS, function, FIRST, 11), reader)
        assert answer[:2] == (ADDRESS, function) and answer.data[0] == low
        assert answer.data[1] & 7 == (0b011 if function == READ_COILS else 0b100)
    assert bus.exchange(Request(ADDRESS, READ_COILS, 0, 8), reader) == Failure(
        ADDRESS, READ_COILS, ILLEGAL_ADDRESS
    )


def test_our_reader_writes_to_pymodbus_and_reads_back(bus):
    reader = AnswerReader()

    def asked(request):
        return bus.exchange(request, reader)

    def read(function, start, count):
        return asked(Request(ADDRESS, function, start, count)).data

    assert asked(Write(ADDRESS, WRITE_COIL, 130, 1)) == Written(ADDRESS, WRITE_COIL, 130, 1)
    assert asked(WriteMany(ADDRESS, WRITE_COILS, 131, 9, b"\x55\x01")) == Written(
        ADDRESS, WRITE_COILS, 131, 9
    )
    assert read(READ_COILS, 130, 10) == b"\xab\x02"
    assert asked(Write(ADDRESS, WRITE_REGISTER, 130, 65535)) == Written(ADDRESS, WRITE_REGISTER, 130, 65535)
    many = WriteMany(ADDRESS, WRITE_REGISTERS, 131, 3, b"\x11\x01\x80\x00\x00\x07")
    assert asked(many) == Written(ADDRESS, WRITE_REGISTERS, 131, 3)
    assert read(READ_HOLDING, 130, 4) == b"\xff\xff" + many.data
    both = ReadWrite(ADDRESS, READ_WRITE, 130, 3, 131, b"\xca\xfe")
    assert asked(both) == Reply(ADDRESS, READ_WRITE, b"\xff\xff\xca\xfe\x80\x00")
    refused = WriteMany(ADDRESS, WRITE_REGISTERS, 5000, 1, b"\0\0")
    assert asked(refused) == Failure(ADDRESS, WRITE_REGISTERS, ILLEGAL_ADDRESS)
    assert reader.noise_bytes == reader.crc_errors == reader.echoes == 0


def test_our_reader_reads_who_pymodbus_is(bus):
    answer = bus.exchange(Identify(ADDRESS, IDENTIFY), AnswerReader())
    assert answer == Reply(ADDRESS, IDENTIFY, b"Pymodbus\xff")


# -- whole meters on pymodbus -----------------------------------------------------------------


def profile(name):
    return Profile(json.loads((PROFILES / f"{name}.json").read_text()), BAUD)


def image(registers, function):
    """A device that holds registers {wire address: value} for one function, and zeros between."""
    last = max(registers)
    values = [registers.get(at, 0) for at in range(last + 1)]
    memory = [SimData(0, values=values, datatype=DataType.REGISTERS)]
    nothing = [SimData(0, values=0, datatype=DataType.REGISTERS)]
    bits = [SimData(0, values=[False] * 16, datatype=DataType.BITS)]
    order = (memory, nothing) if function == READ_HOLDING else (nothing, memory)
    return SimDevice(1, simdata=(bits, [*bits], *order))


# The dump of a working TUF-2000M, 2018-08-03 07:24:33, numbered from 1 as its manual does.
TUF_DUMP = {
    1: 63647, 2: 15846, 5: 19407, 6: 15737, 9: 23, 10: 0, 11: 13971, 12: 16225,
    21: 64432, 22: 65535, 72: 0, 92: 829, 93: 3475, 94: 3477, 97: 25478, 98: 17097,
}  # fmt: skip


def test_a_meter_reader_reads_the_dump_of_a_real_flow_meter_from_pymodbus():
    registers = {at - 1: value for at, value in TUF_DUMP.items()}
    # Not in the dump: totals in m3, multiplier 10^(3-3), as the meter ships.
    registers |= {1437: 0, 1438: 3}
    meter = MeterReader(profile("tuf2000m"), 1)
    with Bus() as bus, served_by_pymodbus(bus.path, image(registers, READ_HOLDING)):
        reading = bus.read(meter)
    assert reading["status"] == OK and reading["measuring"] is True
    values = reading["values"]
    assert values["flow_lph"] == 113  # 0.112779 m3/h
    assert values["volume_l"] == 23880 and values["volume_rev_l"] == 0  # 23 + 0.879739 m3
    assert values["signal_quality"] == 61
    assert reading["raw"] == struct.pack(">4H", *(TUF_DUMP[at] for at in (9, 10, 11, 12)))


def test_a_meter_reader_reads_floats_of_an_electricity_meter_from_pymodbus():
    floats = {
        0: 230.2,
        2: 229.9,
        4: 231.4,
        6: 11.5,
        8: 11.25,
        10: 11.75,
        52: 7421.5,
        70: 49.98,
        72: 1234.5,
        74: 0.25,
    }
    registers = {}
    for at, value in floats.items():
        registers |= dict(zip((at, at + 1), struct.unpack(">HH", struct.pack(">f", value))))
    with Bus() as bus, served_by_pymodbus(bus.path, image(registers, READ_INPUT)):
        reading = bus.read(MeterReader(profile("sdm630"), 1))
    assert reading["status"] == OK
    assert reading["values"] == {
        "voltage_a_dv": 2302, "voltage_b_dv": 2299, "voltage_c_dv": 2314,
        "current_a_ca": 1150, "current_b_ca": 1125, "current_c_ca": 1175,
        "power_w": 7422, "energy_wh": 1234500, "energy_export_wh": 250, "frequency_chz": 4998,
    }  # fmt: skip


def test_a_meter_that_lacks_registers_of_its_profile_is_refused_not_guessed():
    with Bus() as bus, served_by_pymodbus(bus.path, image({0: 1, 20: 1}, READ_HOLDING)):
        reading = bus.read(MeterReader(profile("tuf2000m"), 1))
    assert reading["status"] == EXCEPTION and reading["code"] == ILLEGAL_ADDRESS
    assert set(reading["values"].values()) == {None} and reading["at_ms"] is None
