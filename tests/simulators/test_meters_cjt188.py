"""The CJ/T 188 meter against published frames: both byte orders, units, and a valve that takes its time."""

import json
from pathlib import Path

import pytest

from karez_simulators.cjt188_meter import Cjt188Meter
from karez_simulators.clock import Clock
from karez_simulators.line import Line
from karez_simulators.steady_well import SteadyWell

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "cjt188.json").read_text(encoding="utf-8"))
NAMED = {vector["name"]: vector for vector in VECTORS}
UTC_S = 1_790_000_000  # 2026-09-21 22:13:20 in Beijing
NUMBER = "78330011223344"


def meter_of(number=NUMBER, kind=0x10, unit=0x2C):
    well = SteadyWell(60_000)
    well.set_contactor(True, 0)
    well.advance(3_600_000)
    meter = Cjt188Meter(number, well, kind, unit)
    meter.refresh(UTC_S)
    return meter, well


def ask(meter, frame):
    replies = []
    frame = bytes.fromhex(frame) if isinstance(frame, str) else frame
    if meter.hears(frame):
        meter.receive(frame, replies.append)
    assert len(replies) <= 1
    return replies[0] if replies else None


def framed(control, data, number=NUMBER, kind=0x10):
    body = bytes((0x68, kind)) + bytes.fromhex(number)[::-1] + bytes((control, len(data))) + data
    return body + bytes((sum(body) % 256, 0x16))


def taken_apart(reply, number=NUMBER, kind=0x10):
    """(control, data) of a whole, right reply that carries the meter's own number."""
    body = reply.lstrip(b"\xfe")
    assert body[0] == 0x68 and body[1] == kind and body[2:9][::-1].hex() == number and body[-1] == 0x16
    assert len(body) == 13 + body[10] and sum(body[:-2]) % 256 == body[-2]
    return body[9], body[11:-2]


def read(meter, ser=7):
    control, data = taken_apart(ask(meter, framed(0x01, bytes((0x90, 0x1F, ser)))))
    assert control == 0x81 and len(data) == 22 and data[:3] == bytes((0x90, 0x1F, ser))
    return data[3:]


def total(meter):
    return int(read(meter)[3::-1].hex())


def valve(meter, command, di=b"\xa0\x17"):
    return taken_apart(ask(meter, framed(0x04, di + bytes((1, command)))))


def test_every_published_read_of_either_order_is_answered_in_its_own_order():
    asked = 0
    for vector in VECTORS:
        decoded = vector["decoded"]
        if decoded["kind"] != "request" or decoded["function"] not in ("read", "read_address"):
            continue
        number = decoded["address"].replace("AAAAAAAAAAAAAA", NUMBER)
        kind = 0x10 if decoded["meter_type"] == "AA" else int(decoded["meter_type"], 16)
        meter, _ = meter_of(number, kind)
        control, data = taken_apart(ask(meter, vector["hex"]), number, kind)
        assert control == int(decoded["ctrl"], 16) | 0x80, vector["name"]
        assert data[:2].hex().upper() == decoded["di_wire"] and data[2] == decoded["ser"]
        asked += 1
    assert asked >= 8


def test_a_published_address_reply_comes_back_byte_for_byte():
    meter, _ = meter_of("78330123456789")
    got = ask(meter, NAMED["go_read_address_request_0a81"]["hex"])
    assert got.hex().upper() == NAMED["go_read_address_reply_0a81"]["hex"]


def test_total_units_settlement_clock_and_status_stand_in_their_places():
    meter, well = meter_of()
    data = read(meter)
    assert total(meter) == 123_456  # 1234.56 m3 before the meter began to look
    assert data[4] == data[9] == 0x2C and data[0:4] == data[5:9]
    assert data[10:17].hex() == "20132221092620" and data[17:] == bytes(2)
    well.advance(7_200_000)
    meter.refresh(UTC_S + 3600)
    assert total(meter) == 123_456 + 6_000 and int(read(meter)[8:4:-1].hex()) == 123_456


def test_a_meter_in_litres_says_so():
    meter, _ = meter_of(unit=0x29)
    assert total(meter) == 1_234_567 and read(meter)[4] == 0x29
    with pytest.raises(ValueError, match="unit"):
        Cjt188Meter(NUMBER, SteadyWell(1000), unit=0x55)


def test_a_valve_is_accepted_at_once_and_arrives_after_ten_seconds():
    meter, _ = meter_of()
    moves = []
    meter.valve_moved = moves.append
    control, data = valve(meter, 0x99)
    assert control == 0x84 and data == b"\xa0\x17\x01" + bytes(2)  # accepted, still open
    meter.refresh(UTC_S + 9)
    assert read(meter)[17] == 0 and moves == []
    meter.refresh(UTC_S + 10)
    assert read(meter)[17] == 1 and moves == [False]
    assert valve(meter, 0x00)[1][3] == 1  # asking moves nothing
    assert valve(meter, 0x55, b"\x17\xa0")[1][:2] == b"\x17\xa0"
    meter.refresh(UTC_S + 20)
    assert read(meter)[17] == 0 and moves == [False, True]


def test_a_stuck_valve_accepts_and_never_moves():
    meter, _ = meter_of()
    meter.fault("valve_stuck")
    assert valve(meter, 0x99)[0] == 0x84
    for second in range(0, 60, 5):
        meter.refresh(UTC_S + second)
    assert read(meter)[17] == 0 and meter.is_valve_open


def test_published_valve_commands_do_what_they_say_and_vendor_words_are_refused():
    for name, code in (
        ("valve_open_csdn", 0x84),
        ("valve_open_gdiot", 0x84),
        ("valve_query_gdiot", 0x84),
        ("gas_valve_close_17a0", 0x84),
        ("valve_vendor_66_gdiot", 0xC4),
        ("valve_vendor_77_gdiot", 0xC4),
    ):
        decoded = NAMED[name]["decoded"]
        kind = int(decoded["meter_type"], 16)
        meter, _ = meter_of(decoded["address"], kind)
        control, data = taken_apart(ask(meter, NAMED[name]["hex"]), decoded["address"], kind)
        assert control == code, name
        if code == 0xC4:
            assert data == bytes((decoded["ser"], 0, 0))  # SER and two status bytes


def test_unknown_identifiers_and_controls_are_refused():
    meter, _ = meter_of()
    for control, data in ((0x01, b"\xd1\x20\x05"), (0x16, b"\xa0\x16\x05\0\0\0\0"), (0x09, b"\x81\x06\x05")):
        assert taken_apart(ask(meter, framed(control, data))) == (control | 0xC0, b"\x05\0\0")


def test_other_numbers_types_answers_and_damaged_frames_get_no_word():
    meter, _ = meter_of()
    good = framed(0x01, b"\x90\x1f\x00")
    assert ask(meter, good)
    assert ask(meter, framed(0x01, b"\x90\x1f\x00", number="78330011223345")) is None
    assert ask(meter, framed(0x01, b"\x90\x1f\x00", kind=0x20)) is None
    assert ask(meter, framed(0x81, b"\x90\x1f\x00")) is None
    assert ask(meter, framed(0x01, b"\x90")) is None and meter.bad_frames == 1
    for at in range(len(good)):
        for bit in range(8):
            spoilt = bytearray(good)
            spoilt[at] ^= 1 << bit
            assert ask(meter, bytes(spoilt)) is None, (at, bit)
    for cut in range(len(good)):
        assert ask(meter, good[:cut]) is None


def test_faults_show_in_the_total():
    meter, well = meter_of()
    before = total(meter)
    meter.fault("magnet")
    well.advance(7_200_000)
    meter.refresh(UTC_S)
    assert total(meter) == before
    meter.fault("magnet", on=False)
    meter.fault("rollover")
    meter.refresh(UTC_S)
    assert total(meter) == 99_999_980  # 999999.80 m3
    well.advance(7_260_000)
    meter.refresh(UTC_S)
    assert total(meter) < 100
    meter.fault("swapped")
    meter.refresh(UTC_S)
    assert total(meter) == 432_123


@pytest.mark.parametrize("wrong", ["", "7833001122334", "783300112233445", "7833001122334A"])
def test_a_number_has_fourteen_digits(wrong):
    with pytest.raises(ValueError, match="14 digits"):
        Cjt188Meter(wrong, SteadyWell(1000))


async def test_it_is_served_on_a_line_beside_others(master):
    meter, _ = meter_of()
    line = Line(Clock(20), baud=2400)
    line.attach("cjt188", meter, hears=meter.hears, latency_ns=20_000_000)
    line.open()
    try:
        port = master(line.port_path)
        reply = await port.ask(bytes.fromhex("FEFEFEFE") + framed(0x01, b"\x90\x1f\x00"), 2 + 35)
        assert taken_apart(reply)[0] == 0x81
    finally:
        line.close()
