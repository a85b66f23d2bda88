"""The two meters: their registers, their refusals and their faults, through pymodbus's own server."""

import asyncio
import json
import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from karez_simulators.meters import Refused
from karez_simulators.modbus_server import MeterServer
from karez_simulators.sdm630 import START_IMPORT_MILLIWH, Sdm630
from karez_simulators.tuf2000m import DUMP_TOTAL_UL, LONG_MODULUS, Tuf2000m
from karez_simulators.well import Well, WellParameters

VECTORS = {
    vector["name"]: vector
    for vector in json.loads(
        (Path(__file__).parents[1] / "vectors" / "modbus.json").read_text(encoding="utf-8")
    )
}
STILL = WellParameters(rated_drawdown_mm=0)
UTC_S = 1_533_281_073  # 2018-08-03 07:24:33, the moment of the dump


def running(well, from_ms, to_ms):
    well.set_contactor(True, from_ms)
    well.set_contactor(False, to_ms)
    well.advance(to_ms + 10_000)


def cdab(registers, at):
    """REAL4 at a register counted from 1."""
    return struct.unpack(">f", struct.pack(">HH", registers[at], registers[at - 1]))[0]


def long_of(registers, at):
    return struct.unpack(">i", struct.pack(">HH", registers[at], registers[at - 1]))[0]


def total_m3(meter, at=9):
    """A split total by the manual's rule (N + Nf) x 10^(n-3)."""
    registers = meter.read(3, 0, 28)
    multiplier = meter.read(3, 1438, 1)[0]
    return (long_of(registers, at) + cdab(registers, at + 2)) * 10 ** (multiplier - 3)


def abcd(meter, address, function=4):
    return struct.unpack(">f", struct.pack(">HH", *meter.read(function, address, 2)))[0]


def code_of(meter, *request):
    with pytest.raises(Refused) as refused:
        meter.read(*request)
    return refused.value.code


@pytest.fixture
async def serve():
    """Serves meters; each result asks one and gives the reply, or nothing for silence."""
    servers = []

    def on(meter):
        server = MeterServer(meter)
        server.start()
        servers.append(server)

        async def ask(frame, within_s=1.0):
            replied = asyncio.get_running_loop().create_future()
            server.receive(frame, replied.set_result)
            try:
                return await asyncio.wait_for(replied, within_s)
            except TimeoutError:
                return b""

        ask.server = server
        return ask

    yield on
    for server in servers:
        await server.stop()
        await server.stop()


# -- TUF-2000M


async def test_before_its_first_refresh_the_flow_meter_answers_the_real_dump_to_the_bit(serve, read_request):
    ask = serve(Tuf2000m(1, Well()))
    for name, start, count in (
        ("tuf2000_response_regs_1_to_12", 0, 12),
        ("tuf2000_response_regs_21_22_negative_long", 20, 2),
        ("tuf2000_response_reg_92_quality", 91, 1),
    ):
        assert (await ask(read_request(1, 3, start, count))).hex().upper() == VECTORS[name]["hex"], name
    request = bytes.fromhex(VECTORS["tuf2000_request_regs_1_to_10"]["hex"])
    assert (await ask(request))[:3] == b"\x01\x03\x14"


def test_the_total_counts_on_from_the_dump():
    well = Well(STILL)
    meter = Tuf2000m(1, well)
    assert total_m3(meter) == pytest.approx(23.879739, abs=1e-7)
    running(well, 0, 3_600_000)
    meter.refresh(UTC_S)
    # 60 m3/h for an hour, less half a second of spin-up, plus 0.3 s of run-down
    assert total_m3(meter) == pytest.approx(23.879739 + 60 - 0.2 / 60, abs=1e-6)
    assert meter.positive_total_ul == DUMP_TOTAL_UL + well.volume_ul
    registers = meter.read(3, 0, 118)
    assert cdab(registers, 115) == pytest.approx(total_m3(meter), abs=1e-4)
    assert cdab(registers, 113) == cdab(registers, 115) and cdab(registers, 117) == 0
    assert long_of(registers, 25) == long_of(registers, 9) == 83


def test_flow_and_velocity_follow_the_well():
    well = Well(STILL)
    meter = Tuf2000m(1, well)
    meter.refresh(UTC_S)
    assert cdab(meter.read(3, 0, 6), 1) == 0 == cdab(meter.read(3, 0, 6), 5)
    well.set_contactor(True, 0)
    well.advance(5_000)
    meter.refresh(UTC_S)
    assert cdab(meter.read(3, 0, 6), 1) == 60.0
    assert cdab(meter.read(3, 0, 6), 5) == pytest.approx(60 / 3600 / 0.0176715, rel=1e-4)
    assert cdab(meter.read(3, 220, 2), 1) == 150.0


def test_registers_change_with_a_refresh_and_not_with_a_read():
    well = Well(STILL)
    meter = Tuf2000m(1, well)
    running(well, 0, 60_000)
    before = meter.read(3, 0, 28)
    assert before == meter.read(3, 0, 28)
    meter.refresh(UTC_S)
    assert before != meter.read(3, 0, 28)


def test_the_units_the_clock_and_the_address_stand_where_the_manual_says():
    meter = Tuf2000m(7, Well())
    meter.refresh(UTC_S)
    assert meter.read(3, 1436, 6) == [2, 0, 3, 3, 0, 7]
    # second 33, minute 24, hour 07, day 03, month 08, year 18; low byte first
    assert meter.read(3, 52, 3) == [0x2433, 0x0307, 0x1808]
    assert meter.read(3, 71, 1) == [0] and meter.read(3, 92, 2) == [3475, 3477]


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2 * LONG_MODULUS * 1_000_000_000))
def test_every_total_reads_back_within_a_step_of_its_fraction(volume_ul):
    meter = Tuf2000m(1, Well())
    meter.water.positive_ul = volume_ul
    meter.refresh(UTC_S)
    registers = meter.read(3, 0, 12)
    whole, fraction = long_of(registers, 9), cdab(registers, 11)
    assert whole == volume_ul // 1_000_000_000 % LONG_MODULUS and 0 <= fraction < 1
    assert abs(fraction * 1_000_000_000 - volume_ul % 1_000_000_000) <= 60  # 2**-24 m3


def test_without_a_signal_flow_reads_zero_and_what_flows_is_never_counted():
    for name, bit in (("no_signal", 1), ("empty_pipe", 8)):
        well = Well(STILL)
        meter = Tuf2000m(1, well)
        well.set_contactor(True, 0)
        well.advance(60_000)
        meter.fault(name)
        counted_ul = meter.positive_total_ul
        assert counted_ul == DUMP_TOTAL_UL + well.volume_ul
        well.advance(120_000)
        meter.refresh(UTC_S)
        assert meter.read(3, 71, 1) == [bit] and meter.read(3, 91, 1)[0] & 0xFF == 0
        assert cdab(meter.read(3, 0, 2), 1) == 0 and meter.positive_total_ul == counted_ul
        meter.fault(name, on=False)
        missed_ul = well.volume_ul - (counted_ul - DUMP_TOTAL_UL)
        well.advance(180_000)
        meter.refresh(UTC_S)
        assert meter.read(3, 71, 1) == [0] and meter.read(3, 91, 1) == [829]
        assert cdab(meter.read(3, 0, 2), 1) == 60.0
        assert meter.positive_total_ul == DUMP_TOTAL_UL + well.volume_ul - missed_ul


def test_a_stuck_meter_stands_still_and_then_tells_the_truth():
    well = Well(STILL)
    meter = Tuf2000m(1, well)
    meter.refresh(UTC_S)
    meter.fault("stuck")
    before = meter.read(3, 0, 120)
    running(well, 0, 60_000)
    meter.refresh(UTC_S + 70)
    assert meter.read(3, 0, 120) == before and meter.active_faults == {"stuck"}
    meter.fault("stuck", on=False)
    meter.refresh(UTC_S + 71)
    assert total_m3(meter) == pytest.approx(23.879739 + well.volume_ul / 1e9, abs=1e-6)


def test_reverse_flow_counts_in_its_own_total():
    well = Well(STILL)
    meter = Tuf2000m(1, well)
    meter.fault("reverse")
    well.set_contactor(True, 0)
    well.advance(3_600_500)
    meter.refresh(UTC_S)
    assert cdab(meter.read(3, 0, 2), 1) == -60.0
    assert total_m3(meter) == pytest.approx(23.879739, abs=1e-7)
    assert total_m3(meter, 13) == pytest.approx(60, abs=1e-6)
    assert total_m3(meter, 25) == pytest.approx(23.879739 - 60, abs=1e-5)


def test_a_bypass_takes_the_water_around_the_meter():
    well = Well(STILL)
    meter = Tuf2000m(1, well)
    meter.fault("bypass")
    running(well, 0, 60_000)
    meter.refresh(UTC_S)
    assert meter.positive_total_ul == DUMP_TOTAL_UL and meter.read(3, 71, 1) == [0]
    assert well.volume_ul > 0


def test_a_reset_starts_the_total_at_zero_once():
    well = Well(STILL)
    meter = Tuf2000m(1, well)
    running(well, 0, 60_000)
    meter.fault("reset")
    meter.fault("reset", on=False)
    meter.refresh(UTC_S)
    assert total_m3(meter) == 0 and meter.active_faults == frozenset()
    volume_ul = well.volume_ul
    running(well, 100_000, 160_000)
    meter.refresh(UTC_S)
    assert meter.positive_total_ul == well.volume_ul - volume_ul > 0


def test_the_total_rolls_over_at_2_to_the_31_and_a_swapped_meter_goes_on_elsewhere():
    well = Well(STILL)
    meter = Tuf2000m(1, well)
    meter.fault("rollover")
    meter.refresh(UTC_S)
    assert LONG_MODULUS - total_m3(meter) == pytest.approx(0.2, abs=1e-3)
    running(well, 0, 60_000)
    meter.refresh(UTC_S)
    assert 0 < total_m3(meter) < 1
    meter.fault("swapped")
    meter.refresh(UTC_S)
    assert total_m3(meter) == pytest.approx(4321.234, abs=1e-6)
    assert meter.active_faults == frozenset()


def test_a_magnet_hides_the_flow_without_a_word():
    well = Well(STILL)
    meter = Tuf2000m(1, well)
    well.set_contactor(True, 0)
    well.advance(10_000)
    meter.fault("magnet")
    counted_ul = meter.positive_total_ul
    well.advance(60_000)
    meter.refresh(UTC_S)
    assert cdab(meter.read(3, 0, 2), 1) == 0 and meter.positive_total_ul == counted_ul
    assert meter.read(3, 71, 1) == [0] and meter.read(3, 91, 1) == [829]


# -- SDM630


def test_an_idle_power_meter_shows_voltage_and_nothing_else():
    meter = Sdm630(2, Well())
    meter.refresh(UTC_S)
    assert abcd(meter, 0) == pytest.approx(230.2) and abcd(meter, 0x46) == pytest.approx(50.02)
    assert [abcd(meter, address) for address in (0x06, 0x0C, 0x34, 0x38, 0x3C, 0x4A)] == [0] * 6
    assert abcd(meter, 0x48) == pytest.approx(START_IMPORT_MILLIWH / 1e6, abs=1e-3)
    assert 395 < abcd(meter, 0xC8) < 402


def test_power_currents_and_energy_follow_the_well():
    well = Well(STILL)
    meter = Sdm630(2, well)
    well.set_contactor(True, 0)
    well.advance(3_600_100)
    meter.refresh(UTC_S)
    power_w = STILL.rated_power_w
    assert abcd(meter, 0x34) == pytest.approx(power_w, rel=1e-6)
    assert sum(abcd(meter, address) for address in (0x0C, 0x0E, 0x10)) == pytest.approx(power_w, rel=1e-6)
    assert abcd(meter, 0x06) * abcd(meter, 0x00) * abcd(meter, 0x1E) == pytest.approx(
        abcd(meter, 0x0C), rel=1e-5
    )
    assert abcd(meter, 0x38) ** 2 == pytest.approx(abcd(meter, 0x34) ** 2 + abcd(meter, 0x3C) ** 2, rel=1e-4)
    assert abcd(meter, 0x3E) == pytest.approx(0.86)
    taken_kwh = abcd(meter, 0x48) - START_IMPORT_MILLIWH / 1e6
    assert taken_kwh == pytest.approx(power_w / 1000, abs=0.011)
    assert abcd(meter, 0x156) == abcd(meter, 0x48)
    assert meter.import_energy_milliwh == START_IMPORT_MILLIWH + well.energy_milliwh


def test_turned_transformers_count_export_and_open_ones_nothing():
    well = Well(STILL)
    meter = Sdm630(2, well)
    well.set_contactor(True, 0)
    well.advance(60_000)
    meter.fault("reverse")
    imported = meter.import_energy_milliwh
    well.advance(600_000)
    meter.refresh(UTC_S)
    assert (
        meter.import_energy_milliwh
        == imported
        == START_IMPORT_MILLIWH + well.energy_milliwh - meter.power.export_milliwh
    )
    assert abcd(meter, 0x34) < 0 and abcd(meter, 0x3E) < 0 and abcd(meter, 0x4A) > 1
    assert abcd(meter, 0x156) == pytest.approx(abcd(meter, 0x48) + abcd(meter, 0x4A), abs=2e-3)
    meter.fault("reverse", on=False)
    meter.fault("ct_open")
    exported = abcd(meter, 0x4A)
    well.advance(1_200_000)
    meter.refresh(UTC_S)
    assert abcd(meter, 0x34) == 0 == abcd(meter, 0x06) and abcd(meter, 0x00) > 200
    assert meter.import_energy_milliwh == imported and abcd(meter, 0x4A) == exported


def test_a_wrong_ratio_doubles_current_power_and_energy():
    well = Well(STILL)
    meter = Sdm630(2, well)
    well.set_contactor(True, 0)
    well.advance(10_000)
    meter.refresh(UTC_S)
    current_a, power_w = abcd(meter, 0x06), abcd(meter, 0x34)
    meter.fault("wrong_ct")
    counted, taken = meter.import_energy_milliwh, well.energy_milliwh
    well.advance(60_000)
    meter.refresh(UTC_S)
    assert abcd(meter, 0x06) == pytest.approx(2 * current_a) and abcd(meter, 0x34) == 2 * power_w
    assert meter.import_energy_milliwh - counted == 2 * (well.energy_milliwh - taken)


def test_another_power_meter_has_another_serial_number():
    meter = Sdm630(2, Well())
    before = meter.read(3, 0xFC00, 2)
    meter.fault("swapped")
    meter.refresh(UTC_S)
    assert meter.read(3, 0xFC00, 2) != before and abcd(meter, 0x48) == pytest.approx(1234.56, abs=1e-3)


def test_a_lost_phase_has_no_voltage_and_the_others_carry_more():
    well = Well(STILL)
    meter = Sdm630(2, well)
    well.set_contactor(True, 0)
    well.advance(10_000)
    meter.refresh(UTC_S)
    current_a = abcd(meter, 0x06)
    meter.fault("phase_loss")
    meter.refresh(UTC_S)
    assert abcd(meter, 0x04) == 0 == abcd(meter, 0x0A)
    assert abcd(meter, 0x06) == pytest.approx(current_a * 3**0.5, rel=1e-5)


def test_a_power_meter_reset_and_stuck():
    well = Well(STILL)
    meter = Sdm630(2, well)
    meter.fault("stuck")
    meter.fault("reset")
    meter.refresh(UTC_S)
    assert abcd(meter, 0x48) == pytest.approx(12345.67, abs=1e-3)
    meter.fault("stuck", on=False)
    meter.refresh(UTC_S)
    assert abcd(meter, 0x48) == 0 == abcd(meter, 0x4A)


def test_half_a_float_is_refused_with_02_and_too_much_with_03():
    meter = Sdm630(2, Well())
    assert code_of(meter, 4, 1, 2) == 2 and code_of(meter, 4, 0, 1) == 2 and code_of(meter, 4, 0, 59) == 2
    assert code_of(meter, 4, 0, 62) == 3 and code_of(meter, 4, 0, 61) == 3 and code_of(meter, 4, 0, 0) == 3
    assert code_of(meter, 4, 0x017E, 4) == 2 and code_of(meter, 4, 0xFC00, 2) == 2
    assert len(meter.read(4, 0, 60)) == 60


def test_the_settings_are_floats_and_the_serial_number_is_not():
    meter = Sdm630(2, Well())
    assert [abcd(meter, address, 3) for address in (0x02, 0x0A, 0x0C, 0x12, 0x14, 0x1C)] == [
        60,
        3,
        100,
        0,
        2,
        2,
    ]
    high, low = meter.read(3, 0xFC00, 2)
    assert high << 16 | low == 20_240_517
    assert code_of(meter, 3, 0x20, 2) == 2


def test_unknown_faults_are_refused_by_name():
    for meter in (Tuf2000m(1, Well()), Sdm630(2, Well())):
        with pytest.raises(KeyError, match="on fire"):
            meter.fault("on fire")


# -- served


async def test_exceptions_on_the_wire_carry_the_meters_codes(serve, read_request, crc):
    ask = serve(Sdm630(2, Well()))
    for request, code in (
        (read_request(2, 4, 1, 2), 2),
        (read_request(2, 4, 0, 62), 3),
        (read_request(2, 4, 0, 0), 3),
        (read_request(2, 4, 0, 126), 3),
        (read_request(2, 4, 0xFFFE, 4), 2),
        (read_request(2, 4, 0xFFFF, 60), 2),
    ):
        assert await ask(request) == crc(bytes((2, 0x84, code)))
    for function in (1, 2, 5, 6, 7, 0x2B, 0x41, 0x7F):
        assert await ask(crc(bytes((2, function)) + bytes(4))) == crc(bytes((2, function | 0x80, 1)))


async def test_settings_are_written_in_whole_floats_with_10h(serve, read_request, crc):
    meter = Sdm630(2, Well())
    ask = serve(meter)
    written = crc(bytes.fromhex("02 10 00 0C 00 02 04 42 70 00 00"))  # pulse width 60 ms
    assert await ask(written) == crc(bytes.fromhex("02 10 00 0C 00 02"))
    assert abcd(meter, 0x0C, 3) == 60
    for refused, code in (
        ("02 10 00 0D 00 02 04 42 70 00 00", 2),  # begins inside a float
        ("02 10 00 0C 00 01 02 42 70", 2),  # half a float
        ("02 10 FC 00 00 02 04 00 00 00 01", 2),  # the serial number
        ("02 10 00 0C 00 02 03 42 70 00", 3),  # byte count against quantity
        ("02 10 00 0C 00 00 00", 3),
        ("02 10 00 0C", 3),
    ):
        assert await ask(crc(bytes.fromhex(refused))) == crc(bytes((2, 0x90, code))), refused
    assert abcd(meter, 0x0C, 3) == 60
    echo = crc(bytes.fromhex("02 08 00 00 A5 37"))
    assert await ask(echo) == echo
    assert await ask(crc(bytes.fromhex("02 08 00 0A 00 00"))) == crc(b"\x02\x88\x03")


async def test_the_flow_meters_keys_password_and_units_are_written_with_06(serve, crc):
    meter = Tuf2000m(1, Well())
    ask = serve(meter)
    for wire, value in ((48, 0x1234), (58, 0x3D), (59, 0x19), (1438, 2)):
        frame = crc(bytes((1, 6)) + wire.to_bytes(2, "big") + value.to_bytes(2, "big"))
        assert await ask(frame) == frame
        assert meter.read(3, wire, 1) == [value]
    for wire in (0, 8, 71, 2000):  # flow, total, error bits, nothing at all
        frame = crc(bytes((1, 6)) + wire.to_bytes(2, "big") + b"\0\0")
        assert await ask(frame) == crc(b"\x01\x86\x02")
    assert meter.read(3, 8, 1) == [23]
    assert await ask(crc(bytes.fromhex("01 10 00 30 00 01 02 00 00"))) == crc(b"\x01\x90\x01")


async def test_a_frame_with_any_bit_wrong_gets_no_answer(serve, read_request):
    ask = serve(Tuf2000m(1, Well()))
    request = read_request(1, 3, 0, 12)
    for position in range(len(request)):
        for bit in range(8):
            spoilt = bytearray(request)
            spoilt[position] ^= 1 << bit
            assert await ask(bytes(spoilt), within_s=0.001) == b""
    assert ask.server.bad_frames == 8 * len(request)
    assert len(await ask(request)) == 29


async def test_half_a_request_waits_for_nothing(serve, read_request, crc):
    ask = serve(Tuf2000m(1, Well()))
    for cut in range(8):
        assert await ask(read_request(1, 3, 0, 12)[:cut], within_s=0.001) == b""
    assert await ask(crc(b"\x01\x03\x00"), within_s=0.01) == b""  # too short, with a good check
    assert len(await ask(read_request(1, 3, 0, 12))) == 29


async def test_the_largest_answers_are_whole(serve, read_request):
    assert len(await serve(Tuf2000m(1, Well()))(read_request(1, 3, 0, 125))) == 255
    assert len(await serve(Sdm630(2, Well()))(read_request(2, 4, 0, 60))) == 125


async def test_a_stopped_server_says_nothing_and_starts_again(read_request):
    server = MeterServer(Tuf2000m(1, Well()))
    replies = []
    server.receive(read_request(1, 3, 0, 1), replies.append)
    server.start()
    server.receive(read_request(1, 3, 0, 1), replies.append)
    await server.stop()
    await asyncio.sleep(0)
    server.receive(read_request(1, 3, 0, 1), replies.append)
    assert replies == []
    server.start()
    replied = asyncio.Event()
    server.receive(read_request(1, 3, 0, 1), lambda data: (replies.append(data), replied.set()))
    await replied.wait()
    assert len(replies) == 1 and len(replies[0]) == 7
    await server.stop()
