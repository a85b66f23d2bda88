"""Every meter profile that ships, served on a line from its document alone and read back by hand."""

import asyncio
import json
import struct
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from karez_simulators import meter_choice, register_encoding
from karez_simulators.clock import Clock
from karez_simulators.line import Line
from karez_simulators.meters import Refused
from karez_simulators.modbus_server import MeterServer
from karez_simulators.profile_meter import ProfileMeter
from karez_simulators.steady_well import SteadyWell

DOCUMENTS = {name: meter_choice.load(name) for name in meter_choice.names()}
MODBUS = sorted(name for name, document in DOCUMENTS.items() if document.get("protocol") == "modbus")
WORDS = {"u8": 1, "u16": 1, "s16": 1, "m16": 1, "bcd2": 1, "u64": 4}  # all others: 2
START_L, START_WH = Fraction(123456789, 100), 12_345_670


def pumping(flow_lph=67_000, hours=1):
    well = SteadyWell(flow_lph)
    well.set_contactor(True, 0)
    return well, lambda: well.advance(hours * 3_600_000)


def number(field, registers):
    """A field's raw value out of the registers of one read; the test's own arithmetic."""
    raw = b"".join(register.to_bytes(2, "big") for register in registers)
    order, kind = field["order"], field["type"]
    if order in ("BADC", "DCBA"):
        raw = b"".join(raw[at : at + 2][::-1] for at in range(0, len(raw), 2))
    if order in ("CDAB", "DCBA"):
        raw = b"".join(raw[at : at + 2] for at in range(len(raw) - 2, -2, -2))
    if kind == "f32":
        return Fraction(struct.unpack(">f", raw)[0])
    if "bcd" in kind:
        return Fraction(int(raw.hex()))
    value = int.from_bytes(raw, "big", signed=kind[0] == "s")
    if kind[0] == "m" and raw[0] & 0x80:
        value = -(value - (1 << len(raw) * 8 - 1))
    return Fraction(value & field.get("mask", -1))


def scaled(document, item, raws, raw):
    """By the rule in the profile's description: raw x 10^scale x times x 10^exponents x factor."""
    scaling = item.get("scaling", {})
    power = item.get("scale", 0) + scaling.get("offset", 0)
    value = raw
    for name in scaling.get("times", ()):
        value *= raws[name]
    if "exponent" in scaling:
        power += scaling.get("exponent_sign", 1) * int(raws[scaling["exponent"]])
    factor = scaling.get("factor", [1, 0])
    if "unit_code" in scaling:
        factor = scaling["unit_factors"][str(int(raws[scaling["unit_code"]]))]
    return value * factor[0] * Fraction(10) ** (power + factor[1])


def values_of(document, raws):
    values = {
        field["name"]: scaled(document, field, raws, raws[field["name"]])
        for field in document["fields"]
        if field["unit"]
    }
    for split in document["splits"]:
        fraction = raws[split["fraction"]] * Fraction(10) ** split.get("fraction_exponent", 0)
        values[split["name"]] = scaled(document, split, raws, raws[split["whole"]] + fraction)
    return values


def phases_of(document):
    """1 for a single-phase meter, whose phase A carries everything, else 3."""
    names = " ".join(field["name"] for field in document["fields"])
    return 1 if "_a_" in names and "_b_" not in names else 3


def truth(name, well, phases=3):
    """(value, relative tolerance) of a quantity in its unit, from the well alone."""
    phase_w = well.power_w / phases
    plain = {
        "flow_lph": (well.flow_lph, 1e-6),
        "volume_l": (START_L + Fraction(well.volume_ul, 1_000_000), 1e-6),
        "volume_rev_l": (0, 0),
        "energy_wh": (START_WH + Fraction(well.energy_milliwh, 1000), 1e-6),
        "energy_export_wh": (0, 0),
        "power_w": (well.power_w, 1e-6),
        "frequency_chz": (5002, 1e-6),
        "power_factor_permille": (860, 1e-6),
        "velocity_mms": (well.flow_lph / 3600 * 1e6 / (3.14159265 * 75**2), 1e-6),
        "level_mm": (17_000, 1e-6),
        "pressure_pa": (17_000 * 9.80665, 1e-6),
        "temperature_cdeg": (1_450, 1e-6),
    }
    if name in plain:
        return plain[name]
    if name.startswith("power_"):
        return phase_w, 1e-6
    if name.startswith("voltage_"):
        return 2303, 0.006
    assert name.startswith("current_"), name
    return phase_w / 0.86 / 230.3 * 100, 0.006


def resolution(document, item, raws):
    whole = next((one for one in document["fields"] if one["name"] == item.get("whole")), item)
    step = abs(scaled(document, item, raws, Fraction(1)))
    if "fraction" in item:
        return step * Fraction(1, 1_000_000)
    return step if whole["type"] != "f32" else 0


@pytest.fixture
async def on_a_line(master, read_request):
    """Serves a meter at its profile's own rate; reads registers through the port."""
    opened = []

    async def start(meter, document):
        serial = document["serial"]
        line, server = Line(Clock(20), baud=serial["baud"]), MeterServer(meter)
        line.attach(meter.address, server, latency_ns=1_000_000, baud=serial["baud"])
        line.open()
        server.start()
        opened.append((line, server))
        port = master(line.port_path)

        async def read(start, count):
            await line._clock.sleep_ms(10)
            reply = await port.ask(
                read_request(meter.address, document["function"], start, count), 5 + 2 * count
            )
            assert reply[:3] == bytes((meter.address, document["function"], 2 * count)), reply.hex()
            return struct.unpack(f">{count}H", reply[3:-2])

        return read

    yield start
    for line, server in opened:
        await server.stop()
        line.close()


def test_there_are_profiles_of_every_protocol_to_serve():
    assert len(MODBUS) >= 15
    assert {document["protocol"] for document in DOCUMENTS.values()} == {"modbus", "dlt645", "cjt188"}


@pytest.mark.parametrize("name", MODBUS)
async def test_a_profile_meter_tells_the_well_within_its_registers_resolution(name, on_a_line):
    document = DOCUMENTS[name]
    well, run = pumping()
    meter = ProfileMeter(document["serial"]["address"], well, document)
    run()
    meter.refresh(0)
    read = await on_a_line(meter, document)
    raws = {}
    for field in document["fields"]:
        words, start = WORDS.get(field["type"], 2), field["start"]
        first = start - start % document["align"]
        count = start + words - first
        block = await read(first, count + count % document["align"])
        raws[field["name"]] = number(field, block[start - first : start - first + words])
    values = values_of(document, raws)
    assert values
    for one in (*document["fields"], *document["splits"]):
        if one["unit"]:
            wanted, tolerance = truth(one["name"], well, phases_of(document))
            allowed = resolution(document, one, raws) + abs(Fraction(wanted)) * Fraction(tolerance)
            got = values[one["name"]]
            assert abs(got - Fraction(wanted)) <= allowed, (one["name"], float(got), float(wanted))


@pytest.mark.parametrize("fault", [None, "reversed_ct", "wrong_ct", "phase_loss", "ct_open"])
@pytest.mark.parametrize("name", [name for name in MODBUS if "voltage_a_dv" in str(DOCUMENTS[name])])
def test_volts_times_amperes_times_power_factor_are_the_watts(name, fault):
    document = DOCUMENTS[name]
    letters = "abc"[: phases_of(document)]
    well, run = pumping(20_000)
    made = meter_choice.HAND_WRITTEN.get(name)
    for meter in [ProfileMeter(1, well, document)] + ([made(1, well)] if made else []):
        meter.document = document
        if fault == "phase_loss" and len(letters) == 1:
            assert fault not in meter.faults
            continue
        if fault:
            meter.fault(fault)
        run()
        meter.refresh(0)
        raws = {field["name"]: read_field(meter, field["name"]) for field in document["fields"]}
        values = values_of(document, raws)
        amperes = [values[f"current_{letter}_ca"] / 100 for letter in letters]
        volt_amperes = sum(values[f"voltage_{n}_dv"] / 10 * a for n, a in zip(letters, amperes))
        watts = values["power_w"] if "power_w" in values else sum(values[f"power_{n}_w"] for n in letters)
        if fault == "reversed_ct" and "pzem" in name:
            assert watts == 0  # its register has no sign
            continue
        assert float(volt_amperes) * 0.86 == pytest.approx(abs(float(watts)), rel=0.02)
        assert (watts < 0) == (fault == "reversed_ct") and (watts == 0) == (fault == "ct_open")
        assert round(values.get("power_factor_permille", 860)) in (860, -860, 1000)


@pytest.mark.parametrize("name", MODBUS)
async def test_a_profile_meter_refuses_what_its_profile_does_not_serve(name):
    document = DOCUMENTS[name]
    meter = ProfileMeter(1, SteadyWell(60_000), document)
    function, most, align = document["function"], document["block_registers_max"], document["align"]
    covered = {
        field["start"] + at for field in document["fields"] for at in range(WORDS.get(field["type"], 2))
    }
    if document["holes"] is True:
        covered = set(range(min(covered), max(covered) + 1))
    elif document["holes"]:
        covered |= {at for first, last in document["holes"] for at in range(first, last + 1)}
    for start in range(max(0, min(covered) - 4), max(covered) + 4, align):
        if all(start + at in covered for at in range(align)):
            assert len(meter.read(function, start, align)) == align
        elif not any(start + at in covered for at in range(align)):
            assert refusal(meter, function, start, align) == 2
    assert refusal(meter, function, min(covered), most + align) == 3
    assert refusal(meter, function, min(covered), 0) == 3
    if align == 2:
        assert refusal(meter, function, min(covered) + 1, 2) == 2
        assert refusal(meter, function, min(covered), 1) == 2
    assert function in meter.functions and not {3, 4} - {function} & meter.functions


def refusal(meter, *request):
    with pytest.raises(Refused) as refused:
        meter.read(*request)
    return refused.value.code


def test_a_ct_ratio_that_is_written_changes_what_is_shown_and_other_registers_refuse():
    document = DOCUMENTS["dtsu666"]
    well, run = pumping()
    meter = ProfileMeter(1, well, document)
    run()
    meter.refresh(0)
    power = next(field for field in document["fields"] if field["name"] == "power_w")
    ratio = next(field for field in document["fields"] if field["name"] == "ct_ratio")
    before = number(power, meter.read(3, power["start"], 2))
    meter.write(ratio["start"], [60])
    assert number(power, meter.read(3, power["start"], 2)) == pytest.approx(float(before) / 2, rel=1e-6)
    for start, values in ((power["start"], [0, 0]), (0x9999, [1]), (ratio["start"] - 1, [0, 60, 0, 0])):
        with pytest.raises(Refused) as refused:
            meter.write(start, values)
        assert refused.value.code == 2
    assert meter.functions == {3, 6, 16}
    assert ProfileMeter(1, well, DOCUMENTS["sdm120"]).functions == {4}


async def test_a_setting_is_written_through_pymodbus_with_06_and_10h(read_request, crc):
    meter = ProfileMeter(1, SteadyWell(60_000), DOCUMENTS["dtsu666"])
    server = MeterServer(meter)
    server.start()

    async def ask(frame):
        replied = asyncio.get_running_loop().create_future()
        server.receive(frame, replied.set_result)
        return await asyncio.wait_for(replied, 1)

    one = crc(b"\x01\x06\x00\x06\x00\x28")
    assert await ask(one) == one
    assert meter.values.settings["ct_ratio"] == 40
    assert await ask(crc(b"\x01\x10\x00\x06\x00\x02\x04\x00\x32\x00\x0a")) == crc(b"\x01\x10\x00\x06\x00\x02")
    assert (meter.values.settings["ct_ratio"], meter.values.settings["pt_ratio"]) == (50, 10)
    assert await ask(crc(b"\x01\x06\x20\x12\x00\x28")) == crc(b"\x01\x86\x02")
    assert await ask(crc(b"\x01\x10\x00\x06\x00\x02\x02\x00\x32")) == crc(b"\x01\x90\x03")
    assert (await ask(read_request(1, 3, 6, 2)))[3:7] == b"\x00\x32\x00\x0a"
    await server.stop()


# -- faults on meters made from profiles


def read_field(meter, name):
    document = meter.document
    field = next(one for one in document["fields"] if one["name"] == name)
    words, align = WORDS.get(field["type"], 2), document["align"]
    first = field["start"] - field["start"] % align
    count = field["start"] + words - first
    block = meter.read(document["function"], first, count + count % align)
    return number(field, block[field["start"] - first :][:words])


def total_l(meter):
    document = meter.document
    raws = {field["name"]: read_field(meter, field["name"]) for field in document["fields"]}
    return values_of(document, raws)[document["total"]]


@pytest.mark.parametrize("name", ["em1010", "xylem-magflux", "tuf2000m", "dynaflox-ultrad", "xintai"])
def test_blinded_water_meters_show_and_count_nothing(name):
    for fault in ("empty_pipe", "no_signal", "magnet", "bypass"):
        well, _ = pumping()
        meter = ProfileMeter(1, well, DOCUMENTS[name])
        well.advance(60_000)
        meter.refresh(0)
        counted, seen = total_l(meter), read_field(meter, "flow_lph")
        assert seen > 0
        meter.fault(fault)
        well.advance(120_000)
        meter.refresh(0)
        assert total_l(meter) == counted and read_field(meter, "flow_lph") == 0
        meter.fault(fault, on=False)
        well.advance(180_000)
        meter.refresh(0)
        assert total_l(meter) - counted == pytest.approx(67_000 / 60, rel=0.02)


def test_the_meters_that_can_tell_an_empty_pipe_tell_it():
    for name, register, healthy, empty in (
        ("em1010", "empty_pipe", 0, 1),
        ("em1010-energy", "empty_pipe", 0, 1),
        ("tuf2000m", "status_bits", 0, 8),
        ("xintai", "pipe_state", 0xAA, 0x55),
    ):
        meter = ProfileMeter(1, SteadyWell(60_000), DOCUMENTS[name])
        assert read_field(meter, register) == healthy
        meter.fault("empty_pipe")
        meter.refresh(0)
        assert read_field(meter, register) == empty, name


def test_a_magnet_and_a_bypass_leave_no_trace_in_the_status():
    for fault in ("magnet", "bypass", "starting_flow"):
        meter = ProfileMeter(1, SteadyWell(60_000), DOCUMENTS["tuf2000m"])
        meter.fault(fault)
        meter.refresh(0)
        assert read_field(meter, "status_bits") == 0 and read_field(meter, "signal_quality") == 61


def test_below_its_starting_flow_an_oversized_meter_counts_nothing_and_above_it_all():
    well, _ = pumping(60_000)
    meter = ProfileMeter(1, well, DOCUMENTS["em1010"])
    meter.fault("starting_flow")
    well.advance(60_000)
    meter.refresh(0)
    counted = total_l(meter)
    assert read_field(meter, "flow_lph") == 60
    well.set_flow(15_000, 60_000)
    well.advance(120_000)
    meter.refresh(0)
    assert read_field(meter, "flow_lph") == 0 and total_l(meter) == counted


def test_reverse_flow_is_negative_and_counts_on_its_own_register():
    well, _ = pumping()
    meter = ProfileMeter(1, well, DOCUMENTS["em1010"])
    forward = total_l(meter)
    meter.fault("reverse")
    well.advance(3_600_000)
    meter.refresh(0)
    assert read_field(meter, "flow_lph") == -67 and total_l(meter) == forward
    assert read_field(meter, "volume_rev_whole") == well.volume_l // 1000


def test_a_rollover_comes_soon_and_goes_through_zero():
    for name, modulus_l in (("tuf2000m", 2**31 * 1000), ("em1010", 2**32 * 1000), ("dynaflox-ultrad", None)):
        well, _ = pumping()
        meter = ProfileMeter(1, well, DOCUMENTS[name])
        meter.fault("rollover")
        meter.refresh(0)
        high = total_l(meter)
        if modulus_l:
            assert 0 < modulus_l - high <= 201
        well.advance(60_000)
        meter.refresh(0)
        assert total_l(meter) < 1000 < high and meter.active_faults == set()


def test_reset_and_swapped_happen_once():
    well, _ = pumping()
    meter = ProfileMeter(1, well, DOCUMENTS["adw300"])
    meter.fault("swapped")
    meter.refresh(0)
    assert read_field(meter, "energy_wh") * 10 == 1_234_560
    meter.fault("reset")
    meter.fault("reset", on=False)
    meter.refresh(0)
    assert read_field(meter, "energy_wh") == 0 and meter.active_faults == set()


def test_wrong_and_turned_transformers():
    for name in ("adw300", "dtsd422", "sdm120"):
        document = DOCUMENTS[name]
        well, _ = pumping()
        meter = ProfileMeter(1, well, document)
        well.advance(10_000)
        meter.refresh(0)
        power, current = read_field(meter, "power_w"), read_field(meter, "current_a_ca")
        meter.fault("wrong_ct")
        meter.refresh(0)
        assert read_field(meter, "power_w") == pytest.approx(2 * float(power), rel=1e-3)
        assert read_field(meter, "current_a_ca") == pytest.approx(2 * float(current), rel=0.01)
        before = read_field(meter, "energy_wh")
        meter.fault("wrong_ct", on=False)
        meter.fault("reversed_ct")
        well.advance(3_600_000)
        meter.refresh(0)
        assert read_field(meter, "power_w") == pytest.approx(-float(power), rel=1e-3)
        assert read_field(meter, "energy_wh") == pytest.approx(float(before), rel=1e-4)
        assert read_field(meter, "energy_export_wh") > 0


def test_a_healthy_meter_trembles_and_a_frozen_one_repeats_itself_to_the_digit():
    well, _ = pumping()
    meter = ProfileMeter(1, well, DOCUMENTS["sdm120"])
    seen = {"healthy": set(), "frozen": set()}
    energies = []
    for state in ("healthy", "frozen"):
        if state == "frozen":
            meter.fault("frozen_to_the_digit")
        for _ in range(5):
            well.advance(well._now_ms + 60_000)
            meter.refresh(0)
            seen[state].add(read_field(meter, "voltage_a_dv"))
            energies.append(read_field(meter, "energy_wh"))
    assert len(seen["healthy"]) == 5 and len(seen["frozen"]) == 1
    assert energies == sorted(set(energies))  # the total counts on


def test_a_stuck_meter_shows_the_past_and_then_catches_up():
    well, _ = pumping()
    meter = ProfileMeter(1, well, DOCUMENTS["em1010"])
    meter.fault("stuck")
    before = total_l(meter)
    well.advance(3_600_000)
    meter.refresh(0)
    assert total_l(meter) == before
    meter.fault("stuck", on=False)
    meter.refresh(0)
    assert total_l(meter) - before == pytest.approx(67_000, rel=0.01)


def test_air_is_counted_with_the_pump_off():
    well = SteadyWell(60_000)
    meter = ProfileMeter(1, well, DOCUMENTS["em1010"])
    before = total_l(meter)
    meter.fault("air")
    flows = set()
    for second in range(60):
        well.advance(second * 1000)
        meter.refresh(0)
        flows.add(read_field(meter, "flow_lph"))
    assert len(flows) > 30 and total_l(meter) > before


def test_a_level_probe_marks_a_sensor_that_is_off():
    meter = ProfileMeter(1, SteadyWell(60_000), DOCUMENTS["keller33x-int"])
    assert meter.read(3, meter.document["fields"][0]["start"], 2) != [0x7FFF, 0xFFFF]
    meter.fault("no_signal")
    meter.refresh(0)
    pressure = next(field for field in meter.document["fields"] if field["name"] == "pressure_pa")
    assert meter.read(3, pressure["start"], 2) == [0x7FFF, 0xFFFF]
    assert "reset" not in meter.faults and "magnet" not in meter.faults


# -- numbers into bytes


@pytest.mark.parametrize(
    ("kind", "order", "value", "raw"),
    [
        ("u16", "ABCD", 0x1234, "1234"),
        ("u16", "BADC", 0x1234, "3412"),
        ("s16", "ABCD", -2, "fffe"),
        ("m16", "ABCD", -2, "8002"),
        ("u32", "ABCD", 0x12345678, "12345678"),
        ("u32", "CDAB", 0x12345678, "56781234"),
        ("u32", "BADC", 0x12345678, "34127856"),
        ("u32", "DCBA", 0x12345678, "78563412"),
        ("s32", "CDAB", -1104, "fbb0ffff"),  # register 21 of the TUF dump
        ("m32", "CDAB", -5, "00058000"),
        ("u64", "CDAB", 0x0102030405060708, "0708050603040102"),
        ("f32", "ABCD", Fraction(2302, 10), "43663333"),
        ("f32", "DCBA", Fraction("0.545"), "1f850b3f"),
        ("bcd4", "DCBA", 123456, "56341200"),
        ("bcd1", "ABCD", 42, "42"),
        ("sbcd3", "DCBA", -2512, "122580"),
        ("u16", "ABCD", -5, "0000"),  # held at the type's end
        ("u16", "ABCD", 70000, "ffff"),
        ("bcd2", "ABCD", 12345, "9999"),
        ("s16", "ABCD", Fraction(79, 10), "0007"),
    ],
)
def test_a_number_becomes_these_bytes(kind, order, value, raw):
    assert register_encoding.encode(kind, order, value).hex() == raw


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_every_integer_comes_back_from_its_bytes(data):
    kind = data.draw(st.sampled_from([kind for kind in register_encoding.TYPES if kind != "f32"]))
    odd = register_encoding.length_of(kind) % 2
    order = data.draw(st.sampled_from(["ABCD", "DCBA"] if odd else ["ABCD", "CDAB", "BADC", "DCBA"]))
    top = register_encoding.modulus_of(kind) - 1
    low = -top if kind[0] in "sm" else 0
    value = data.draw(st.integers(low, top))
    raw = register_encoding.encode(kind, order, value)
    assert len(raw) == register_encoding.length_of(kind)
    assert register_encoding.decode(kind, order, raw) == value


def test_what_is_no_number_is_refused():
    for kind, raw in (("bcd2", "1a00"), ("f32", "7fc00000"), ("f32", "7f800000")):
        with pytest.raises(ValueError, match=r"NaN|infinite|invalid literal"):
            register_encoding.decode(kind, "ABCD", bytes.fromhex(raw))
    with pytest.raises(ValueError, match="order"):
        register_encoding.ordered(b"\0\0", "ACBD")


def test_documents_are_plain_json():
    assert json.dumps(DOCUMENTS)
