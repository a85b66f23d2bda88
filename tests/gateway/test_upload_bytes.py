"""What leaves the socket, byte by byte, read with nothing of ours: offsets, BCD and CRC written by hand.

Written from the published tables of SZY 206 / SL/T 427 and SL 651-2014. A codec that read and wrote
the same mistake would pass its own tests; it does not pass these.
"""

import asyncio

import pytest

from karez_gateway.uploads import sl651, szy206
from karez_gateway.uploads.sl651_client import Sl651Client
from karez_gateway.uploads.sl651_events import SessionSettings as Sl651Settings
from karez_gateway.uploads.szy206_client import Szy206Client
from karez_gateway.uploads.szy206_events import SessionSettings
from karez_protocols import causes, flags

from .synthetic import SyntheticController

STATION = bytes.fromhex("4101050100")
UTC_S = 1_720_750_530  # 2024-07-12 02:15:30 UTC: 10:15:30 in China
RECEIVED_UTC_S = 1_720_999_999
SENT_UTC_S = 1_720_754_132  # 11:15:32 there
RUNNING = 3
UNKNOWN = None


# -- written by hand ----------------------------------------------------------------------


def crc8(data):
    """x7+x6+x5+x2+1 without its top term, E5H, from 0, highest bit first."""
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc << 1 ^ 0xE5 if crc & 0x80 else crc << 1) & 0xFF
    return crc


def crc16(data):
    """Polynomial A001H reflected, from FFFFH."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ 0xA001 if crc & 1 else crc >> 1
    return crc


def test_the_checksums_here_are_those_of_the_published_check_values():
    assert crc8(b"\x00\x01\x02") == 0xA6 and crc8(b"123456789") == 0xF7
    assert crc16(b"123456789") == 0x4B37


def digits(raw):
    """Decimal digits of bytes in reading order; fails on what is no digit."""
    text = raw.hex()
    assert text.isdecimal(), text
    return int(text)


def low_first(raw):
    return digits(raw[::-1])


async def captured(connect, confirm):
    """Every byte a client sends, to a server that answers each frame with `confirm(frame bytes)`."""
    taken = bytearray()

    async def serve(stream, writer):
        while data := await stream.read(4096):
            taken.extend(data)
            for frame in split(bytes(data)):  # the client waits for each confirm: a read is whole frames
                answer = confirm(frame)
                if answer:
                    writer.write(answer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        await connect(server.sockets[0].getsockname()[1])
    return bytes(taken)


def split(data):
    """Frames of both standards by their lengths alone."""
    found = []
    at = 0
    while at < len(data):
        if data[at : at + 2] == b"\x7e\x7e":
            size = (data[at + 11] << 8 | data[at + 12]) % 0x1000 + 17
        else:
            assert data[at] == data[at + 2] == 0x68
            size = data[at + 1] + 5
        found.append(data[at : at + size])
        at += size
    assert b"".join(found) == data
    return found


def slot(**values):
    """An interval record of a running pump, or what `values` say."""
    box = SyntheticController("bytes", "well-1")
    box.utc_s, box.volume_l = UTC_S - 300, 12_345_678
    given = {
        "flow_lph": 50_400,
        "pump": RUNNING,
        "energy_wh": 4_321_000,
        "status": 0,
        "alarms": 0,
        "grant_seq": 7,
        "uptime_s": 60,
        "level_mm": -12_345,
        "pressure_pa": 251_300,
        "voltage_a_dv": 2301,
        "voltage_b_dv": 2299,
        "voltage_c_dv": 2310,
        "current_a_ca": 810,
        "current_b_ca": 800,
        "current_c_ca": UNKNOWN,
    }
    return box.interval(**(given | values))


def stop_slot(**values):
    box = SyntheticController("bytes", "well-1")
    box.utc_s, box.volume_l = UTC_S - 300, 12_345_678
    given = {"flow_lph": 0, "energy_wh": 4_321_000, "status": 0, "alarms": 0, "grant_seq": 7, "uptime_s": 60}
    return box.stop(**(given | values))


# -- SZY 206 / SL/T 427 -------------------------------------------------------------------


async def sent_206(record, dialect):
    async def connect(port):
        settings = SessionSettings(dialect=szy206.DIALECTS[dialect], answer_ms=30_000)
        async with Szy206Client("127.0.0.1", port, STATION, settings) as client:
            receipt = await client.send(szy206.report_of(record, STATION, RECEIVED_UTC_S))
            assert receipt.confirm_bytes == confirm_206(receipt.request_bytes)

    return split(await captured(connect, confirm_206))


def confirm_206(frame):
    """C with its direction bit cleared, the same address and function, one byte 00."""
    if frame[9] not in (0x02, 0xC0):
        return b""
    covered = bytes([frame[3] & 0x7F]) + frame[4:10] + b"\x00"
    return bytes([0x68, len(covered), 0x68]) + covered + bytes([crc8(covered), 0x16])


def parts_206(frame, tag_bytes):
    assert frame[0] == frame[2] == 0x68 and frame[-1] == 0x16
    assert frame[1] == len(frame) - 5 and frame[-2] == crc8(frame[3:-2])
    assert frame[4:9] == STATION
    assert len(frame) == 10 + 10 + 4 + tag_bytes + 2
    return {
        "control": frame[3],
        "function": frame[9],
        "flow": frame[10:15],
        "volume": frame[15:20],
        "alarm": frame[20] | frame[21] << 8,
        "state": frame[22] | frame[23] << 8,
        "tag": frame[24:-2],
    }


@pytest.mark.parametrize(("dialect", "tag_bytes"), [("206", 5), ("427", 7)])
async def test_206_log_in_report_and_log_out_stand_on_the_wire(dialect, tag_bytes):
    login, report, logout = await sent_206(slot(), dialect)
    for frame, kind in ((login, 0xF0), (logout, 0xF1)):
        covered = bytes([0xB0]) + STATION + bytes([0x02, kind])
        assert frame == bytes([0x68, 8, 0x68]) + covered + bytes([crc8(covered), 0x16])
    found = parts_206(report, tag_bytes)
    assert found["control"] == 0b1_0_11_0011  # up, whole, first attempt, flow and volume
    assert found["function"] == 0xC0
    assert found["flow"][4] >> 4 == 0  # plus, m3/s
    assert low_first(found["flow"]) == 14  # 50.4 m3/h are 0.014 m3/s
    assert low_first(found["volume"]) == 12_345  # whole cubic metres, rounded down
    assert found["alarm"] == 0
    # D1D0 self report, D2 no card, D3 quota in, D4 0 = running, D5 1 = door closed, D6 mains
    assert found["state"] == 0b0_1_0_1_0_00
    second, minute, hour, day = (digits(found["tag"][at : at + 1]) for at in range(4))
    assert (day, hour, minute, second) == (12, 10, 15, 30)
    if tag_bytes == 7:
        assert (digits(found["tag"][4:5]), digits(found["tag"][5:6])) == (7, 24)
    assert found["tag"][-1] == 0  # no check of age: a backlog is old


async def test_206_what_is_not_known_is_aa_and_water_running_back_has_its_sign():
    _, report, _ = await sent_206(slot(flow_lph=UNKNOWN, volume_l=UNKNOWN), "206")
    found = parts_206(report, 5)
    assert found["flow"] == found["volume"] == b"\xaa" * 5
    assert found["alarm"] == 1 << 5  # the meter
    _, report, _ = await sent_206(slot(flow_lph=-72_000), "206")
    raw = parts_206(report, 5)["flow"]
    assert raw[4] >> 6 == 0b11 and low_first(raw[:4]) == 20


async def test_206_a_stop_at_the_ceiling_says_so():
    _, report, _ = await sent_206(stop_slot(cause=causes.WATER_CEILING), "206")
    found = parts_206(report, 5)
    # D6 the pump changed, D11 quota control, D12 remaining water at or below its alarm value
    assert found["alarm"] == 1 << 6 | 1 << 11 | 1 << 12
    assert found["state"] >> 4 & 1 == 1  # stopped
    _, report, _ = await sent_206(stop_slot(cause=causes.MAINS_LOST), "206")
    assert parts_206(report, 5)["alarm"] == 1 << 6 | 1
    _, report, _ = await sent_206(stop_slot(cause=causes.GRANT_EXPIRED), "206")
    assert parts_206(report, 5)["alarm"] == 1 << 6 | 1 << 11


async def test_206_meters_and_an_open_door_stand_in_the_words():
    bits = flags.STUCK | flags.LEVEL_SILENT
    _, report, _ = await sent_206(slot(status=flags.DOOR_OPEN, alarms=bits), "206")
    found = parts_206(report, 5)
    assert found["alarm"] == 1 << 5 | 1 << 7 | 1 << 13  # flow meter, level meter, door
    # D5 0 = open; D4 0 = running; D3 quota in
    assert found["state"] == 0b0_0_0_1_0_00


async def test_206_a_pump_state_that_is_missing_is_read_from_what_the_controller_commanded():
    for status, stopped in ((flags.COMMANDED, 0), (flags.AUX_CLOSED, 0), (flags.BOOKS_KNOWN, 1)):
        _, report, _ = await sent_206(slot(pump=UNKNOWN, status=status), "206")
        found = parts_206(report, 5)
        assert found["state"] >> 4 & 1 == stopped
        assert low_first(found["volume"]) == 12_345


# -- SL 651 -------------------------------------------------------------------------------

# identifier -> what stands there; FF as the first byte means a second one follows.
FLOW, LEVEL, PRESSURE, TOTAL, ENERGY, STATUS = "28", "39", "58", "ff01", "ff02", "45"


async def sent_651(record, form="651"):
    async def connect(port):
        settings = Sl651Settings(form=sl651.DIALECTS[form], centre=9, password=0x1234, answer_ms=30_000)
        client = Sl651Client("127.0.0.1", port, STATION, settings, utc_s=lambda: SENT_UTC_S)
        async with client:
            receipt = await client.send(sl651.report_of(record, STATION, RECEIVED_UTC_S))
            assert receipt.confirm_bytes == confirm_651(receipt.request_bytes)

    return split(await captured(connect, confirm_651))


def confirm_651(frame):
    """Station before centre, the function, serial again, a time of the centre's own, EOT."""
    if frame[10] == 0x2F:
        return b""
    body = frame[14:16] + bytes.fromhex("240712111540")
    head = b"\x7e\x7e" + frame[3:8] + frame[2:3] + frame[8:11] + (0x8000 | len(body)).to_bytes(2, "big")
    whole = head + b"\x02" + body + b"\x04"
    return whole + crc16(whole).to_bytes(2, "big")


def parts_651(frame):
    """(header, fixed parts of the body, {identifier: (definition byte, data)} in wire order)."""
    assert frame[:2] == b"\x7e\x7e" and frame[2] == 9 and frame[3:8] == STATION
    assert frame[8:10] == b"\x12\x34"
    assert frame[11] >> 4 == 0 and (frame[11] << 8 | frame[12]) == len(frame) - 17  # up, 12 bits of length
    assert frame[13] == 0x02 and frame[-3] == 0x03  # STX, ETX
    assert frame[-2] << 8 | frame[-1] == crc16(frame[:-2])
    body = frame[14:-3]
    head = {"function": frame[10], "serial": body[0] << 8 | body[1], "sent": body[2:8].hex()}
    if not body[8:]:
        return head, {}
    assert body[8:10] == b"\xf1\xf1" and body[10:15] == STATION
    assert body[16:18] == b"\xf0\xf0"
    head |= {"class": body[15], "observed": body[18:23].hex()}
    elements = {}
    at = 23
    while at < len(body):
        size_of_name = 2 if body[at] == 0xFF else 1
        name = body[at : at + size_of_name].hex()
        definition = body[at + size_of_name]
        start = at + size_of_name + 1
        at = start + (definition >> 3)
        assert at <= len(body) and name not in elements
        elements[name] = (definition, body[start:at])
    return head, elements


async def test_651_link_report_and_timed_report_stand_on_the_wire():
    hold, report = await sent_651(slot())
    assert len(hold) == 25 and hold[10] == 0x2F
    head, elements = parts_651(report)
    assert head["function"] == 0x32 and head["class"] == 0x49
    assert head["observed"] == "2407121015" and head["sent"] == "240712111532"
    assert hold[16:22].hex() == "240712111532"
    assert head["serial"] == (hold[14] << 8 | hold[15]) % 65535 + 1
    assert {name: one[0] for name, one in elements.items()} == {
        LEVEL: 0x2B,  # five bytes: a sign in front of N(7,3)
        FLOW: 0x2B,
        PRESSURE: 0x1A,
        TOTAL: 0x33,
        ENERGY: 0x33,
        "70": 0x11,
        "71": 0x11,
        "72": 0x11,
        "73": 0x11,
        "74": 0x11,
        STATUS: 0x20,
    }
    assert elements[LEVEL][1].hex() == "ff00012345"  # -12.345 m
    assert digits(elements[FLOW][1]) == 14  # 0.014 m3/s
    assert digits(elements[PRESSURE][1]) == 25_130  # 251.30 kPa
    assert digits(elements[TOTAL][1]) == 12_345_678  # 12 345.678 m3
    assert digits(elements[ENERGY][1]) == 4_321_000  # 4321.000 kWh
    assert [digits(elements[name][1]) for name in ("70", "71", "72")] == [2301, 2299, 2310]
    assert [digits(elements[name][1]) for name in ("73", "74")] == [81, 80]
    # bit 7: 1 = door closed; bit 10: 0 = running; no alarm
    assert int.from_bytes(elements[STATUS][1], "big") == 1 << 7
    assert list(elements)[-1] == STATUS


async def test_651_a_stop_is_an_added_report_that_begins_with_its_reason():
    _, report = await sent_651(stop_slot(cause=causes.WATER_CEILING, status=flags.DOOR_OPEN))
    head, elements = parts_651(report)
    assert head["function"] == 0x33 and next(iter(elements)) == STATUS
    # bit 11: remaining water; bit 10: 1 = stopped; bit 7: 0 = door open
    assert int.from_bytes(elements[STATUS][1], "big") == 1 << 11 | 1 << 10
    assert set(elements) == {STATUS, FLOW, TOTAL, ENERGY}
    assert digits(elements[FLOW][1]) == 0  # a zero that was measured


async def test_651_faults_of_meters_and_storage_stand_in_the_status():
    bits = flags.FROZEN | flags.LEVEL_SILENT | flags.STORE_FAILED
    _, report = await sent_651(slot(alarms=bits))
    word = int.from_bytes(parts_651(report)[1][STATUS][1], "big")
    assert word == 1 << 5 | 1 << 6 | 1 << 7 | 1 << 8  # flow meter, level meter, door closed, storage


async def test_651_what_is_not_known_is_filled_and_never_zero():
    unknown = {"flow_lph": UNKNOWN, "volume_l": UNKNOWN, "energy_wh": UNKNOWN, "status": UNKNOWN}
    _, elements = parts_651((await sent_651(stop_slot(**unknown)))[1])
    assert {name: one[1] for name, one in elements.items()} == {
        STATUS: b"\xaa" * 4,
        FLOW: b"\xaa" * 5,
        TOTAL: b"\xaa" * 6,
        ENERGY: b"\xaa" * 6,
    }


async def test_651_water_running_back_has_its_sign():
    _, elements = parts_651((await sent_651(stop_slot(flow_lph=-72_000)))[1])
    assert elements[FLOW] == (0x33, bytes.fromhex("ff0000000020"))


@pytest.mark.parametrize(("form", "total", "energy"), [("651-76", "76", None), ("651-plain", None, None)])
async def test_651_the_total_stands_where_the_platform_wants_it(form, total, energy):
    _, elements = parts_651((await sent_651(slot(), form))[1])
    assert not {TOTAL, ENERGY} & set(elements)
    if total is not None:
        assert elements[total] == (0x33, bytes.fromhex("000012345678"))


async def test_651_in_ascii_the_same_stands_in_words():
    async def connect(port):
        settings = Sl651Settings(form=sl651.DIALECTS["651-ascii"], centre=9, password=0x1234, announces=False)
        client = Sl651Client("127.0.0.1", port, STATION, settings, utc_s=lambda: SENT_UTC_S)
        async with client:
            await client.send(sl651.report_of(slot(level_mm=UNKNOWN), STATION, RECEIVED_UTC_S))

    taken = bytearray()

    async def serve(stream, writer):
        taken.extend(await stream.read(4096))
        body = bytes(taken[24:28]) + b"240712111540"
        head = b"\x01" + bytes(taken[3:13]) + bytes(taken[1:3]) + bytes(taken[13:19])
        whole = head + b"8%03X" % len(body) + b"\x02" + body + b"\x04"
        writer.write(whole + b"%04X" % crc16(whole))
        await stream.read()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        await connect(server.sockets[0].getsockname()[1])
    frame = bytes(taken)
    assert frame[:1] == b"\x01" and frame[1:3] == b"09" and frame[3:13] == STATION.hex().upper().encode()
    assert frame[13:19] == b"123432" and int(frame[19:23], 16) == len(frame) - 29 and frame[23] == 0x02
    # what follows STX up to ETX; the CRC is four characters
    assert int(frame[-4:], 16) == crc16(frame[:-4]) and frame[-5] == 0x03
    words = frame[24:-5].decode("ascii")
    assert words[4:16] == "240712111532"
    pairs = words[16:].split(" ")
    assert pairs[:5] == ["ST", STATION.hex().upper(), "I", "TT", "2407121015"]
    found = dict(zip(pairs[5::2], pairs[6::2]))
    assert (found["Q1"], found["FF01"], found["FF02"]) == ("0.014", "12345.678", "4321.000")
    assert int(found["ZT"], 16) == 1 << 7
