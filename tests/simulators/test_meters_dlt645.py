"""The DL/T 645 meter against published frames and what is written about relays: accepted is not moved."""

import json
from pathlib import Path

import pytest

from karez_simulators import dlt645_wire
from karez_simulators.clock import Clock
from karez_simulators.dlt645_meter import Dlt645Meter
from karez_simulators.line import Line
from karez_simulators.steady_well import SteadyWell

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "dlt645.json").read_text(encoding="utf-8"))
NAMED = {vector["name"]: vector for vector in VECTORS}
UTC_S = 1_790_000_000  # 2026-09-21 14:13:20 UTC, 22:13:20 in Beijing
LATER = bytes.fromhex("000023210926")  # ss mm hh DD MM YY: 46 minutes later


def meter_of(number="123456789012", edition=2007, flow_lph=60_000):
    well = SteadyWell(flow_lph)
    well.set_contactor(True, 0)
    well.advance(3_600_000)
    meter = Dlt645Meter(number, well, edition)
    meter.refresh(UTC_S)
    return meter, well


def ask(meter, frame):
    """The reply to a frame, hex or bytes; None for silence."""
    replies = []
    frame = bytes.fromhex(frame) if isinstance(frame, str) else frame
    if meter.hears(frame):
        meter.receive(frame, replies.append)
    assert len(replies) <= 1
    return replies[0] if replies else None


def framed(address, control, data=b""):
    """Written out here once more, so that meter and test do not share it."""
    body = b"\x68" + bytes.fromhex(address)[::-1] + b"\x68" + bytes((control, len(data)))
    body += bytes((byte + 0x33) % 256 for byte in data)
    return body + bytes((sum(body) % 256, 0x16))


def taken_apart(reply):
    """(control, data without the offset) of a whole, right reply."""
    body = reply.lstrip(b"\xfe")
    assert body[0] == body[7] == 0x68 and body[-1] == 0x16
    assert len(body) == 12 + body[9] and sum(body[:-2]) % 256 == body[-2]
    return body[8], bytes((byte - 0x33) % 256 for byte in body[10:-2])


def read(meter, di, control=0x11):
    width = 4 if control == 0x11 else 2
    code, data = taken_apart(ask(meter, framed(meter.number, control, bytes.fromhex(di)[::-1])))
    assert code == control | 0x80 and data[:width] == bytes.fromhex(di)[::-1], (hex(code), data.hex())
    return data[width:]


def bcd(data):
    return int(data[::-1].hex())


def relay(meter, order, *, password="00000000", level=2, expiry=LATER, n2=0):
    data = bytes((level,)) + bytes.fromhex(password)[:3] + bytes(4) + bytes((order, n2)) + expiry
    return taken_apart(ask(meter, framed(meter.number, 0x1C, data)))


def test_every_published_read_request_is_answered_by_the_meter_it_names():
    asked = 0
    for vector in VECTORS:
        decoded = vector["decoded"]
        if decoded["kind"] != "request" or decoded.get("function") != "read" or not vector["checksum_ok"]:
            continue
        number = decoded["address"].replace("A", "1")
        meter, _ = meter_of(number)
        control, data = taken_apart(ask(meter, vector["hex"]))
        assert control == 0x91 and data[:4][::-1].hex().upper() == decoded["di"], vector["name"]
        asked += 1
    assert asked >= 10


def test_published_replies_come_back_byte_for_byte_where_the_value_is_in_our_hands():
    meter, _ = meter_of("123456789012")
    meter.measured.power.import_milliwh = 1_234_560_000
    meter.measured.begin()
    meter.preamble = 2
    request = NAMED["dlt645core_request"]["hex"]
    assert ask(meter, request).hex().upper() == NAMED["dlt645core_reply_1234_56_two_fe"]["hex"]
    meter.preamble = 1
    wanted = NAMED["dlt645core_read_address_reply_one_fe"]["hex"]
    assert ask(meter, NAMED["read_address_request"]["hex"]).hex().upper() == wanted
    meter.preamble = 0
    assert (
        ask(meter, framed(meter.number, 0x11, bytes.fromhex("99999999"))).hex().upper()
        == (NAMED["dlt645core_error_02"]["hex"])
    )


def test_energies_count_on_and_blocks_hold_the_tariffs():
    meter, well = meter_of()
    before = bcd(read(meter, "00010000"))
    well.advance(7_200_000)
    meter.refresh(UTC_S)
    after = bcd(read(meter, "00010000"))
    assert (after - before) * 10 == pytest.approx(well.power_w, abs=11)
    assert bcd(read(meter, "00020000")) == 0 and bcd(read(meter, "00000000")) == after
    block = read(meter, "0001FF00")
    assert block == read(meter, "00010000") * 2 + bytes(12)


def test_voltages_currents_and_powers_agree_with_each_other():
    meter, well = meter_of()
    volts = [bcd(read(meter, f"02010{n}00")) / 10 for n in (1, 2, 3)]
    assert all(229 < volt < 232 for volt in volts)
    assert read(meter, "0201FF00") == b"".join(read(meter, f"02010{n}00") for n in (1, 2, 3))
    amperes = [bcd(read(meter, f"02020{n}00")) / 1000 for n in (1, 2, 3)]
    kilowatts = [bcd(read(meter, f"02030{n}00")) / 10_000 for n in (0, 1, 2, 3)]
    assert kilowatts[0] == pytest.approx(well.power_w / 1000, abs=1e-3)
    for volt, ampere, power in zip(volts, amperes, kilowatts[1:]):
        assert volt * ampere * 0.86 == pytest.approx(power * 1000, rel=1e-3)
    assert bcd(read(meter, "02060000")) == 860 and bcd(read(meter, "02800002")) == 5002
    assert len(read(meter, "0203FF00")) == 12 and read(meter, "04000404")[::-1].strip(b"\0") == b"220V"


def test_turned_transformers_set_the_sign_bit():
    meter, well = meter_of()
    meter.fault("reversed_ct")
    well.advance(7_200_000)
    meter.refresh(UTC_S)
    power = read(meter, "02030000")
    assert power[2] & 0x80 and bcd(read(meter, "00020000")) > 0


def test_what_the_meter_does_not_know_is_error_02():
    meter, _ = meter_of()
    for di in ("00440000", "02010400", "02FF0000", "0001FF01"):
        assert taken_apart(ask(meter, framed(meter.number, 0x11, bytes.fromhex(di)[::-1]))) == (0xD1, b"\2")


@pytest.mark.parametrize(
    ("control", "data", "error"),
    [
        (0x14, "02010004" + "02000000" + "00000000" + "00000001", 4),  # the date: no programming key pressed
        (0x14, "01040004" + "02000000" + "00000000" + "210000000000", 4),  # its number
        (0x14, "99999999" + "02000000" + "00000000" + "00", 2),
        (0x14, "02010004" + "02000000" + "00000000", 1),  # nothing to write
        (0x14, "", 1),
        (0x16, "99999999", 1),
        (0x17, "08", 8),
        (0x18, "0" * 24, 4),
        (0x19, "0" * 16, 4),
        (0x1A, "0" * 16, 4),
        (0x1B, "0" * 24, 4),
        (0x03, "00", 1),
        (0x1D, "00", 1),
    ],
)
def test_writing_freezing_rate_and_clearing_are_refused_with_the_error_word(control, data, error):
    meter, _ = meter_of()
    before = read(meter, "00010000"), read(meter, "04000101"), read(meter, "04000401")
    answer = taken_apart(ask(meter, framed(meter.number, control, bytes.fromhex(data))))
    assert answer == (control | 0xC0, bytes((error,)))
    assert ask(meter, framed("99" * 6, control, bytes.fromhex(data))) is None  # nobody answers a broadcast
    assert (read(meter, "00010000"), read(meter, "04000101"), read(meter, "04000401")) == before
    assert not read(meter, "04000503")[0] & 0x08  # programming is not allowed, says status word 3


def test_other_numbers_damaged_frames_answers_and_the_old_read_get_no_word():
    meter, _ = meter_of()
    good = framed(meter.number, 0x11, bytes.fromhex("00000100"))
    assert ask(meter, good)
    assert ask(meter, framed("123456789013", 0x11, bytes.fromhex("00000100"))) is None
    assert ask(meter, framed(meter.number, 0x91, bytes.fromhex("00000100"))) is None
    assert ask(meter, framed("99" * 6, 0x11, bytes.fromhex("00000100"))) is None
    assert ask(meter, framed(meter.number, 0x01, b"\x10\x90")) is None
    for at in range(len(good)):
        for bit in range(8):
            spoilt = bytearray(good)
            spoilt[at] ^= 1 << bit
            assert ask(meter, bytes(spoilt)) is None, (at, bit)
    for cut in range(len(good)):
        assert ask(meter, good[:cut]) is None


def test_shortened_addresses_and_wildcards_reach_it():
    meter, _ = meter_of("000000000161")
    for address in ("AAAAAAAAAA61", "AAAAAAAAAAAA", "000000000161"):
        assert ask(meter, framed(address, 0x13))
    assert ask(meter, framed("AAAAAAAAAA62", 0x13)) is None


def test_long_data_comes_in_frames_with_numbers():
    meter, _ = meter_of()
    whole = read(meter, "0001FF00")
    meter.data_bytes_max = 12
    request = bytes.fromhex("00FF0100")
    control, data = taken_apart(ask(meter, framed(meter.number, 0x11, request)))
    assert control == 0xB1 and data[:4] == request
    got, number = data[4:], 1
    while True:
        control, data = taken_apart(ask(meter, framed(meter.number, 0x12, request + bytes((number,)))))
        assert data[:4] == request and data[-1] == number
        got += data[4:-1]
        number += 1
        if control == 0x92:
            break
        assert control == 0xB2
    assert got == whole and number == 3
    answer = taken_apart(ask(meter, framed(meter.number, 0x12, request + bytes((number,)))))
    assert answer == (0xD2, b"\2")


def test_accepted_is_not_moved_and_status_word_3_tells_the_truth():
    meter, _ = meter_of()
    moves = []
    meter.relay_moved = moves.append
    assert relay(meter, 0x1A) == (0x9C, b"")
    assert read(meter, "04000503") == bytes((0x40, 0))  # told to trip, still closed
    meter.refresh(UTC_S + 1)
    assert read(meter, "04000503") == bytes((0x50, 0)) and moves == [False]
    assert relay(meter, 0x1C) == (0x9C, b"")
    meter.refresh(UTC_S + 2)
    assert read(meter, "04000503") == bytes(2) and moves == [False, True]


def test_a_stuck_relay_accepts_and_never_moves():
    meter, _ = meter_of()
    moves = []
    meter.relay_moved = moves.append
    meter.fault("relay_stuck")
    assert relay(meter, 0x1A) == (0x9C, b"")
    for second in range(60):
        meter.refresh(UTC_S + second)
    assert read(meter, "04000503") == bytes((0x40, 0)) and meter.is_relay_closed and moves == []


def test_wrong_passwords_ciphertext_levels_and_late_commands_are_refused():
    meter, _ = meter_of()
    assert relay(meter, 0x1A, password="11111100") == (0xDC, b"\4")
    assert relay(meter, 0x1A, level=0x98) == (0xDC, b"\4")
    for expiry in ("201322210926", "000000010126", "0000002109FF"):
        assert relay(meter, 0x1A, expiry=bytes.fromhex(expiry)) == (0xDC, b"\1"), expiry
    assert relay(meter, 0x55) == (0xDC, b"\1")
    assert taken_apart(ask(meter, framed(meter.number, 0x1C, bytes(8)))) == (0xDC, b"\1")
    meter.refresh(UTC_S + 60)
    assert meter.is_relay_closed


def test_published_relay_commands_are_accepted_until_they_expire():
    for name, code in (
        ("relay_trip_2099_expiry", 0x9C),
        ("relay_trip_tpw", 0x9C),
        ("relay_close_direct_tpw", 0x9C),
        ("relay_trip_holley", 0xDC),  # valid until 2018 only
    ):
        meter, _ = meter_of(NAMED[name]["decoded"]["address"])
        assert taken_apart(ask(meter, NAMED[name]["hex"]))[0] == code, name
    meter, _ = meter_of(NAMED["relay_ack"]["decoded"]["address"])
    meter.preamble = 0
    assert ask(meter, NAMED["relay_trip_2099_expiry"]["hex"]).hex().upper() == NAMED["relay_ack"]["hex"]


def test_a_kept_supply_cannot_be_tripped_and_a_permitted_close_waits_for_a_hand():
    meter, _ = meter_of()
    assert relay(meter, 0x3A)[0] == 0x9C and relay(meter, 0x1A) == (0xDC, b"\1")
    assert relay(meter, 0x3B)[0] == 0x9C and relay(meter, 0x1A)[0] == 0x9C
    meter.refresh(UTC_S + 1)
    meter.press_button()
    meter.refresh(UTC_S + 5)
    assert not meter.is_relay_closed
    assert relay(meter, 0x1B)[0] == 0x9C
    meter.refresh(UTC_S + 6)
    assert not meter.is_relay_closed
    meter.press_button()
    meter.refresh(UTC_S + 8)
    assert meter.is_relay_closed
    assert relay(meter, 0x2A)[0] == 0x9C and read(meter, "04000503")[0] == 0x80
    assert relay(meter, 0x2B)[0] == 0x9C and read(meter, "04000503")[0] == 0


def test_broadcast_time_sets_the_clock_and_nonsense_does_not():
    meter, _ = meter_of()
    assert read(meter, "04000102") == bytes.fromhex("201322")
    assert ask(meter, framed("99" * 6, 0x08, bytes.fromhex("302010050428"))) is None
    assert read(meter, "04000102") == bytes.fromhex("302010")
    assert read(meter, "04000101") == bytes.fromhex("03050428")  # a Wednesday
    assert ask(meter, framed("99" * 6, 0x08, bytes.fromhex("30207A050428"))) is None
    assert ask(meter, framed("99" * 6, 0x08, bytes.fromhex("3020"))) is None
    meter.refresh(UTC_S + 5)
    assert read(meter, "04000102") == bytes.fromhex("352010")


def test_another_meter_has_another_number_on_its_plate_and_goes_on_elsewhere():
    meter, _ = meter_of()
    plate = read(meter, "04000402")
    meter.fault("swapped")
    meter.refresh(UTC_S)
    assert read(meter, "04000402") != plate and bcd(read(meter, "00010000")) == 123_456
    meter.fault("rollover")
    meter.refresh(UTC_S)
    assert bcd(read(meter, "00010000")) == 99_999_990
    meter.fault("reset")
    meter.refresh(UTC_S)
    assert bcd(read(meter, "00010000")) == 0


def test_stuck_numbers_stay_while_the_relay_still_works():
    meter, well = meter_of()
    meter.fault("stuck")
    before = read(meter, "0202FF00") + read(meter, "00010000")
    well.advance(9_000_000)
    meter.refresh(UTC_S)
    assert read(meter, "0202FF00") + read(meter, "00010000") == before
    relay(meter, 0x1A)
    meter.refresh(UTC_S + 3)
    assert read(meter, "04000503")[0] & 0x10


def test_a_meter_of_1997_speaks_two_byte_identifiers():
    for name in ("d1997_request_b611", "d1997_request_9010"):
        meter, well = meter_of(NAMED[name]["decoded"]["address"], 1997)
        control, data = taken_apart(ask(meter, NAMED[name]["hex"]))
        assert control == 0x81 and data[:2][::-1].hex().upper() == NAMED[name]["decoded"]["di"]
    assert len(read(meter, "9010", 0x01)) == 4 and bcd(read(meter, "B611", 0x01)) == 230
    well.advance(7_200_000)
    before = bcd(read(meter, "9010", 0x01))
    meter.refresh(UTC_S)
    assert (bcd(read(meter, "9010", 0x01)) - before) * 10 == pytest.approx(well.power_w, abs=11)
    # Nothing that the sources disagree on: see the profile.
    for di in ("9999", "9020", "B612", "B621", "B630", "C010"):
        answer = taken_apart(ask(meter, framed(meter.number, 0x01, bytes.fromhex(di)[::-1])))
        assert answer == (0xC1, b"\2"), di


def test_an_address_can_be_written_and_is_checked():
    meter, _ = meter_of()
    assert taken_apart(ask(meter, framed("AA" * 6, 0x15, bytes.fromhex("210000000000")))) == (0x95, b"")
    assert meter.number == meter.address == "000000000021"
    assert ask(meter, framed("AA" * 6, 0x15, bytes.fromhex("2A0000000000"))) is None
    for wrong in ("12345678901", "1234567890123", "12345678901A", "１２３４５６７８９０１２"):
        with pytest.raises(ValueError, match="12 digits"):
            Dlt645Meter(wrong, SteadyWell(1000))


async def test_on_a_line_with_a_modbus_meter_it_answers_at_its_own_rate(master):
    meter, _ = meter_of()
    line = Line(Clock(20), baud=2400)
    line.attach("dlt645", meter, hears=meter.hears, latency_ns=20_000_000)
    line.open()
    try:
        port = master(line.port_path)
        reply = await port.ask(bytes.fromhex(NAMED["dlt645core_request"]["hex"]), 4 + 20)
        assert taken_apart(reply)[0] == 0x91
        wrong = bytearray.fromhex(NAMED["dlt645core_request"]["hex"])
        wrong[-2] ^= 1
        await line._clock.sleep_ms(100)
        assert await port.ask_in_vain(bytes(wrong), line) == ("unknown", b"")
    finally:
        line.close()


def test_a_request_is_found_behind_noise_and_in_front_of_it():
    good = framed("123456789012", 0x11, bytes.fromhex("00000100"))
    for dirty in (b"\x68\x00" + good, b"\xfe" * 5 + good, good + b"\x00", b"\x68" * 9 + good):
        assert dlt645_wire.parse(dirty) == ("123456789012", 0x11, bytes.fromhex("00000100")), dirty.hex()
