"""DL/T 645-2007 with the `dlt645` package, which we did not write, on real ptys (8N1) in both roles.

Its master asks a station made of our codecs; our bus master asks its meter.

Where the package reads the standard otherwise than we do (docs/wire/dlt645.md: everything of
several bytes goes low byte first) a test says so by its name, and nothing is bent:
- an address given to it as text goes out in the order of the text, so the text is pair-reversed;
- it sends and takes the broadcast time with the year first;
- its meter answers for addresses that are not its own.
"""

import datetime as dt
import json
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
from dlt645 import DataItem, DLT645Protocol, MeterClientService, MeterServerService, RtuClient, RtuServer

from karez_firmware.drivers.master import EXCEPTION, OK, SILENT
from karez_firmware.drivers.meter_reader import MeterReader
from karez_protocols.dlt645 import ReplyReader, Request, question
from karez_protocols.dlt645_data import decode_values
from karez_protocols.dlt645_frames import BROADCAST, WILDCARD
from karez_protocols.dlt645_functions import READ, READ_ADDRESS, RELAY, WRITE
from karez_protocols.dlt645_messages import (
    BroadcastTime,
    ChangePasswordRequest,
    ChangeRateRequest,
    ClearDemandRequest,
    ClearEventsRequest,
    ClearMeterRequest,
    FreezeRequest,
    ReadAddressRequest,
    ReadRequest,
    Refused,
    RelayRequest,
    WriteAddressRequest,
    WriteRequest,
    decode_message,
    encode_message,
    frame_of,
)
from karez_protocols.dlt645_relay import TRIP, read_relay, relay_of
from karez_protocols.profile import Profile
from system.serial_pair import BAUD, WAIT_S, Bus, Served
from system.stations import NO_SUCH_DATA, WRONG_PASSWORD, Dlt645Station

PROFILES = Path(__file__).parents[2] / "protocols/karez_protocols/profiles"
NUMBER = "202611220715"  # as printed on the meter
WIRE = bytes.fromhex(NUMBER)[::-1]
EXPIRY = bytes.fromhex("595923311299")  # 2099-12-31 23:59:59, second first

# Identifier, our value in the unit of dlt645_data, the package's value, what makes one from the other.
READABLE = [
    (0x00000000, 12_345_670, 12345.67, 1000),
    (0x00010000, 799_999_990, 799999.99, 1000),
    (0x00010100, 10, 0.01, 1000),
    (0x00020000, 0, 0.0, 1000),
    (0x02010100, 2301, 230.1, 10),
    (0x02010300, 0, 0.0, 10),
    (0x02020100, 12_345, 12.345, 1000),
    (0x02020200, -1, -0.001, 1000),
    (0x02030000, -51_234, -5.1234, 10_000),
    (0x02030100, 799_999, 79.9999, 10_000),
    (0x02040000, 4321, 0.4321, 10_000),
    (0x02050000, 62_000, 6.2, 10_000),
    (0x02060000, -987, -0.987, 1000),
    (0x02800002, 4998, 49.98, 100),
]


def reversed_pairs(text):
    return bytes.fromhex(text)[::-1].hex().upper()


# -- the package asks -------------------------------------------------------------------------


@pytest.fixture
def station():
    return Dlt645Station(NUMBER, {di: [value] for di, value, _, _ in READABLE})


@pytest.fixture(scope="module")
def package_master():
    return MeterClientService(RtuClient())  # copies tables of 14,000 lines, for seconds: once will do


@pytest.fixture
def client(station, package_master):
    with Served(station) as path:
        package_master.client = RtuClient(path, BAUD, timeout=2.0)
        assert package_master.connect() and package_master.set_address(reversed_pairs(NUMBER))
        package_master.enable_message_capture()
        yield package_master
        package_master.disconnect()


def last_answer(client):
    """The typed message of the last frame that the package received."""
    return decode_message(client.get_captured_rx_messages()[-1].data)


def test_the_package_reads_energy_and_variables_of_our_station(client, station):
    for di, value, _, factor in READABLE:
        item = (client.read_00 if di < 0x01000000 else client.read_02)(di)
        assert item.di == di and round(item.value * factor) * (value and 1) == value, hex(di)
    assert station.heard == [ReadRequest(NUMBER, di, b"") for di, _, _, _ in READABLE] and station.bad == []


def test_the_package_asks_whoever_is_there_and_learns_our_address(client, station):
    client.set_address("000000000000")
    assert client.read_address().value == reversed_pairs(NUMBER)  # it prints the bytes as they came
    assert station.heard == [ReadAddressRequest(WILDCARD)]
    assert client.read_00(0x00010000) is not None and station.heard[-1].address == NUMBER


def test_the_package_understands_that_we_have_no_such_data(client):
    assert client.read_02(0x02070100) is None
    assert last_answer(client) == Refused(NUMBER, READ, NO_SUCH_DATA)


def test_the_broadcast_time_of_the_package_is_heard_and_not_answered_year_first(client, station):
    assert client.broadcast_time_sync(dt.datetime(2026, 11, 22, 7, 30, 59))  # noqa: DTZ001 - a meter's clock
    assert client.read_00(0x00010000) is not None  # the time has been dealt with
    assert station.heard[0] == BroadcastTime(BROADCAST, bytes.fromhex("261122073059"))
    assert len(client.get_captured_rx_messages()) == 1


def test_the_package_writes_with_password_and_is_refused_with_a_wrong_one(client, station):
    client.write_04(0x04000402, "000000000123", "02000000")
    assert station.heard == [
        WriteRequest(NUMBER, 0x04000402, 2, "000000", "00000000", bytes.fromhex("230100000000"))
    ]
    assert station.written == {0x04000402: bytes.fromhex("230100000000")}
    client.write_04(0x04000402, "000000000456", "02000001")
    assert last_answer(client) == Refused(NUMBER, WRITE, WRONG_PASSWORD) and len(station.written) == 1


def test_the_package_freezes_clears_and_changes_the_rate(client, station):
    assert client.freeze(99, 99, 99, 99) is not None
    assert client.change_baud_rate(2400).value == 2400 and station.rate_code == 0x08
    assert client.clear_demand(0x01010000, "02000000") is not None
    assert client.clear_meter("02000000") is not None
    assert client.clear_event("02000000", "12345678", 0xFFFFFFFF) is not None
    assert station.heard == [
        FreezeRequest(NUMBER, b"\x99\x99\x99\x99"),
        ChangeRateRequest(NUMBER, 0x08),
        ClearDemandRequest(NUMBER, bytes.fromhex("0000010102000000")),
        ClearMeterRequest(NUMBER, bytes.fromhex("0000000002000000")),
        ClearEventsRequest(NUMBER, 2, "000000", "78563412", 0xFFFFFFFF),
    ]


def test_the_package_changes_password_and_address(client, station):
    client.change_password("02000000", "02112233")
    assert isinstance(station.heard[0], ChangePasswordRequest)
    assert (station.heard[0].password, station.password) == ("000000", "332211")
    assert client.write_address(reversed_pairs("000000000042")) is not None
    assert (
        station.heard[1] == WriteAddressRequest(NUMBER, "000000000042") and station.address == "000000000042"
    )
    assert client.read_00(0x00010000) is not None


def test_our_station_is_silent_for_another_meters_address(client, station):
    client.set_address("010000000000")
    client.client.timeout = 0.05
    assert client.read_00(0x00010000) is None
    assert client.get_captured_rx_messages() == [] and station.heard == []


def test_a_relay_command_in_the_packages_frame_is_accepted_before_it_has_moved(client, station):
    # The package has no relay command: its framing carries ours.
    command = RelayRequest(NUMBER, 2, "000000", "00000000", TRIP, 0, EXPIRY)
    frame = DLT645Protocol.build_frame(WIRE, RELAY, frame_of(command).data)
    reply = DLT645Protocol.deserialize(client.client.send_request(frame))
    assert (reply.ctrl_code, bytes(reply.data), bytes(reply.addr)) == (0x9C, b"", WIRE)
    assert station.heard == [command]
    assert client.read_04(0x04000503).value == "0040"  # told to trip, still closed
    station.move_contacts()
    assert client.read_04(0x04000503).value == "0050"  # bit 4: open


# -- the package answers ----------------------------------------------------------------------


@pytest.fixture(scope="module")
def package_meter():
    return MeterServerService(RtuServer(""))  # once, as above


@contextmanager
def served(service, bus):
    """The package's meter at the bus, with the values of READABLE and the password 02 000000."""
    service.server = RtuServer(bus.path, baud_rate=BAUD, timeout=1.0, service=service)
    service.time = None
    assert service.set_address(bytearray(WIRE)) and service.set_password("02000000")
    for di, _, value, _ in READABLE:
        assert (service.set_00 if di < 0x01000000 else service.set_02)(di, value)
    assert service.start()
    try:
        yield service
    finally:
        assert service.stop()


@pytest.fixture
def bus():
    with Bus() as bus:
        yield bus


@pytest.fixture
def meter(bus, package_meter):
    with served(package_meter, bus) as meter:
        yield meter


def test_our_bus_master_reads_energy_and_variables_of_the_packages_meter(bus, meter):
    reader = ReplyReader()
    for di, value, _, _ in READABLE:
        assert bus.ask(question(NUMBER, None, di, 2), reader) == OK, hex(di)
        (found,) = decode_values(di, bus.master.data)
        assert found.value == value, found
    assert reader.noise_bytes == reader.crc_errors == reader.zero_bytes == bus.master.stray_bytes == 0


def test_our_bus_master_asks_whoever_is_there(bus, meter):
    assert bus.ask(Request(WILDCARD, READ_ADDRESS, b"", 6), ReplyReader()) == OK
    assert bus.master.data == WIRE


def test_our_bus_master_understands_that_the_packages_meter_has_no_such_data(bus, meter):
    assert bus.ask(question(NUMBER, None, 0x0001FF00, 4), ReplyReader()) == EXCEPTION
    assert bus.master.code == NO_SUCH_DATA


def test_our_relay_command_is_refused_by_the_packages_meter_which_has_none(bus, meter):
    command = RelayRequest(NUMBER, 2, "000000", "00000000", TRIP, 0, EXPIRY)
    assert bus.ask(Request(NUMBER, RELAY, frame_of(command).data, 0), ReplyReader()) == EXCEPTION
    assert bus.master.code == 1  # bit 0: other error


def test_status_word_3_of_the_packages_meter_says_where_its_relay_stands(bus, meter):
    for digits, is_open, was_told in (("0000", False, False), ("0040", False, True), ("0050", True, True)):
        assert meter.set_04(0x04000503, digits)
        assert bus.ask(read_relay(NUMBER), ReplyReader()) == OK
        state = relay_of(bus.master)
        assert (state.is_open, state.was_told_to_trip) == (is_open, was_told)


def test_our_write_is_accepted_by_the_packages_meter_and_refused_with_a_wrong_password(bus, meter):
    for password, status in (("000000", OK), ("000001", EXCEPTION)):
        write = WriteRequest(NUMBER, 0x04000402, 2, password, "00000000", bytes.fromhex("230100000000"))
        assert bus.ask(Request(NUMBER, WRITE, frame_of(write).data, 0), ReplyReader()) == status
    assert bus.master.code == WRONG_PASSWORD and meter.get_data_item(0x04000402).value == "000000000123"


def test_the_packages_meter_takes_our_broadcast_time_year_first_and_is_silent(bus, meter):
    bus.port.write(encode_message(BroadcastTime(BROADCAST, bytes.fromhex("261122073059")), 4))
    until = time.monotonic() + WAIT_S
    while meter.time is None and time.monotonic() < until:
        assert bus.wait(0.01) == b""
    assert meter.time == dt.datetime(2026, 11, 22, 7, 30, 59)  # noqa: DTZ001 - a meter's clock
    assert bus.ask(question(NUMBER, None, 0x00010000, 4), ReplyReader()) == OK and bus.master.stray_bytes == 0


def test_the_packages_meter_answers_for_others_and_our_master_takes_it_as_a_refusal(bus, meter):
    # A meter must keep silent here: on a real line two would talk at once.
    assert bus.ask(question("000000000001", None, 0x00010000, 4), ReplyReader()) == EXCEPTION
    assert bus.master.code == 1


def test_nobody_is_there_before_the_packages_meter_starts(bus, package_meter):
    asked = question(NUMBER, None, 0x00010000, 4)
    assert bus.ask(asked, ReplyReader(), (20_000, 10_000, 0, 2)) == SILENT and bus.master.tries == 2
    with served(package_meter, bus):
        assert bus.ask(asked, ReplyReader()) == OK


def test_a_meter_reader_reads_its_profile_from_the_packages_meter(bus, meter, monkeypatch):
    # The package knows no blocks (FF in the third pair): it is given them as long numbers, phase A lowest.
    for di, digits in ((0x0201FF00, "231422992302"), (0x0202FF00, "000000011250011500")):
        block = DataItem(di=di, name="block", data_format="X" * len(digits), value=int(digits))
        monkeypatch.setitem(meter.data_map, di, block)
    profile = Profile(json.loads((PROFILES / "dlt645-2007.json").read_text()), BAUD)
    reading = bus.read(MeterReader(profile, NUMBER))
    assert reading["status"] == OK
    assert reading["values"] == {
        "energy_wh": 799_999_990, "energy_export_wh": 0,
        "voltage_a_dv": 2302, "voltage_b_dv": 2299, "voltage_c_dv": 2314,
        "current_a_ca": 1150, "current_b_ca": 1125, "current_c_ca": 0,
        "power_w": -5123, "frequency_chz": 4998,
    }  # fmt: skip
    assert reading["raw"] == bytes.fromhex("99999979") + bytes(4) and reading["modulus"] == 1_000_000_000


def test_what_the_packages_meter_lacks_beside_its_total_stays_unknown_and_the_rest_stands(bus, meter):
    profile = Profile(json.loads((PROFILES / "dlt645-2007.json").read_text()), BAUD)
    reading = bus.read(MeterReader(profile, NUMBER))
    assert reading["status"] == OK
    values = reading["values"]
    lacks = {name for name in values if name.startswith(("voltage", "current"))}  # the blocks
    assert {name for name, value in values.items() if value is None} == lacks
    assert (values["energy_wh"], values["power_w"]) == (799_999_990, -5123)


def test_a_meter_of_the_package_that_lacks_its_total_gives_no_reading(bus, meter, monkeypatch):
    monkeypatch.delitem(meter.data_map, 0x00010000)
    profile = Profile(json.loads((PROFILES / "dlt645-2007.json").read_text()), BAUD)
    reading = bus.read(MeterReader(profile, NUMBER))
    assert reading["status"] == EXCEPTION and reading["code"] == NO_SUCH_DATA
    assert set(reading["values"].values()) == {None} and reading["at_ms"] is None
