"""What stations measure: every type both ways in both dialects, missing values, composites, water quality."""

from binascii import hexlify, unhexlify

from karez_protocols import errors, szy206
from karez_protocols import szy206_commands as commands
from karez_protocols import szy206_messages as messages
from karez_protocols import szy206_quality as quality
from karez_protocols import szy206_readings as readings
from karez_protocols import szy206_time as times

OLD, NEW = szy206.SZY206_2016, szy206.SLT427_2021
STATION = szy206.address_of("410105", 1)
TAG = times.TimeTag(2024, 7, 12, 10, 15, 0, 5)
STATE = 0x30

# type, dialect (None = both), bytes of one element by the tables of the notes, its reading
ELEMENTS = (
    (1, None, "995600", {"rain_dmm": 5699}),
    (2, None, "341200F0", {"level_mm": -1234}),  # worked examples of the notes
    (2, None, "452301F0", {"level_mm": -12345}),
    (2, None, "99999909", {"level_mm": 9999999}),
    (4, None, "9999F9", {"velocity_mmps": -99999}),
    (5, None, "999909", {"gate_mm": 999990}),
    (6, None, "010000", {"power_w": 1000}),
    (6, None, "999999", {"power_w": 999999000}),
    (7, OLD, "131000", {"air_pressure_pa": 101300}),
    (8, OLD, "450117", None),
    (8, OLD, "450180", None),
    (9, None, "5401", {"temperature_ddegc": 154}),
    (11, OLD, "9909", {"moisture_permille": 999}),
    (11, NEW, "99094000", {"moisture_permille": 999, "depth_cm": 40}),
    (8, NEW, "56341200", {"energy_wh": 1234560}),
    (7, NEW, "1310004501834502", None),
    (12, None, "999909", {"evaporation_dmm": 99999}),
    (13, None, "8012", {"voltage_cv": 1280}),
    (15, None, "99999999", {"pressure_pa": 999999990}),
)
WINDS = {
    "450117": {"wind_mmps": 701450, "wind_direction": 1},
    "450180": {"wind_mmps": 1450, "wind_direction": 8},
    "1310004501834502": {
        "air_pressure_pa": 101300,
        "wind_mmps": 301450,
        "wind_direction": 8,
        "air_temperature_ddegc": 245,
    },
}


def refused(kind, call, *args):
    """True if the call raises exactly the declared error."""
    try:
        call(*args)
    except kind:
        return True
    return False


def upper(data):
    return hexlify(data).decode().upper()


def both(dialect):
    return (OLD, NEW) if dialect is None else (dialect,)


def report(type_code, rows):
    return messages.SelfReport(STATION, type_code, rows, 1, STATE, TAG)


def again(message, dialect):
    return messages.decode_message(szy206.decode(message.encode(dialect)), dialect)


def answer(type_code, rows):
    values = {"readings": rows, "alarm": 1, "state": STATE}
    return commands.Answer(STATION, 0xB0, values, type_code=type_code)


def test_every_element_is_built_and_read_in_reports_and_answers():
    for type_code, only, text, reading in ELEMENTS:
        for dialect in both(only):
            row = reading or WINDS[text]
            for count in (1, 2, 3):
                message = report(type_code, [row] * count)
                body = message.frame(dialect).body
                assert upper(body[: len(text) // 2 * count]) == text * count, (type_code, text)
                assert again(message, dialect).readings == [row] * count, (type_code, text)
                told = again(answer(type_code, [row] * count), dialect)
                assert told.values == {"readings": [row] * count, "alarm": 1, "state": STATE}


def test_every_element_may_be_missing_and_is_then_none_never_zero():
    for type_code, only, text, reading in ELEMENTS:
        for dialect in both(only):
            row = reading or WINDS[text]
            missing = dict.fromkeys(row)
            message = report(type_code, [missing, row])
            size = len(text) // 2
            assert message.frame(dialect).body[:size] == b"\xaa" * size, type_code
            assert again(message, dialect).readings == [missing, row], type_code


def test_bytes_outside_the_standards_range_are_malformed():
    for type_code, dialect, text in (
        (5, OLD, "000010"),  # 1000.00 m of gate
        (7, OLD, "000010"),
        (8, OLD, "000090"),  # wind direction 9
        (9, OLD, "0010"),
        (11, OLD, "0010"),
        (12, OLD, "000010"),
        (2, OLD, "00000010"),  # a sign of neither kind
        (8, NEW, "0000000A"),
        (11, NEW, "00000010"),
    ):
        raw = unhexlify(text) + b"\x00\x00\x30\x00" + times.encode_tag(TAG, dialect.tp_len)
        frame = szy206.Frame(True, STATION, 0xC0, raw, type_code=type_code)
        assert refused(errors.Malformed, messages.decode_message, frame, dialect), (type_code, text)


def test_values_outside_the_range_or_between_two_steps_are_not_sent():
    for type_code, row in (
        (1, {"rain_dmm": 1000000}),
        (1, {"rain_dmm": -1}),
        (2, {"level_mm": 10000000}),
        (2, {"level_mm": -10000000}),
        (4, {"velocity_mmps": 100000}),
        (5, {"gate_mm": 1000000}),
        (5, {"gate_mm": 15}),
        (6, {"power_w": 7500}),
        (6, {"power_w": 10**9}),
        (8, {"wind_mmps": 15, "wind_direction": 1}),
        (8, {"wind_mmps": 10, "wind_direction": 9}),
        (8, {"wind_mmps": 10, "wind_direction": None}),
        (9, {"temperature_ddegc": 1000}),
        (9, {"temperature_ddegc": -1}),
        (11, {"moisture_permille": 1000}),
        (15, {"pressure_pa": 15}),
        (15, {"pressure_pa": 10**9}),
        (2, {}),
        (2, {"level_mm": "3"}),
        (0, {"level_mm": 3}),
    ):
        assert refused(errors.NotAllowed, report(type_code, [row]).encode, OLD), (type_code, row)
    assert refused(errors.NotAllowed, report(8, [{"energy_wh": 5}]).encode, NEW)
    assert refused(errors.NotAllowed, report(8, [{"energy_wh": 10**9}]).encode, NEW)


def test_types_without_elements_carry_none():
    tail = b"\x00\x00\x30\x00" + times.encode_tag(TAG, 5)
    frame = szy206.Frame(True, STATION, 0xC0, b"\x01" + tail, type_code=0)
    assert refused(errors.Malformed, messages.decode_message, frame, OLD)
    frame = szy206.Frame(True, STATION, 0xB0, b"\x00\x00\x30\x00", type_code=2)
    assert refused(errors.Malformed, messages.decode_message, frame, OLD)
    assert refused(errors.NotAllowed, answer(2, []).encode, OLD)
    assert again(answer(13, []), OLD).values["readings"] == []


def test_statistical_rain_has_its_period():
    text = "0C12000000"
    message = report(14, [{"period": 0x0C, "rain_dmm": 12}])
    assert upper(message.frame(OLD).body[:4]) == text[:8]
    assert again(message, OLD).readings == [{"period": 12, "rain_dmm": 12}]
    for period, expected in (
        (0x0C, (3600, 12)),
        (0x41, (3600, 1)),
        (0x83, (259200, 3)),
        (0xC0, (None, 0)),
    ):
        assert readings.rain_period(period) == expected, period
    message.readings = message.readings * 2
    assert refused(errors.NotAllowed, message.encode, OLD)


def test_water_quality_is_a_bitmap_and_what_it_announces():
    row = {"ph": 712, "water_temperature": 154, "faecal_coliforms": 1234567890}
    message = report(10, [row])
    assert upper(message.frame(OLD).body[:18]) == "0300000100" + "54010000" + "12070000" + "9078563412"
    assert again(message, OLD).readings == [row]
    row = {"ph": 712, "total_phosphorus": None, "faecal_coliforms": 12345678}  # 427 has four bytes for all
    assert (
        upper(report(10, [row]).frame(NEW).body[:17]) == "8200000400" + "12070000" + "AAAAAAAA" + "78563412"
    )
    assert again(report(10, [row]), NEW).readings == [row]
    assert again(report(10, [{}]), OLD).readings == [{}]
    assert refused(errors.NotAllowed, report(10, [row, row]).encode, NEW)
    for cut in (1, 4, 8):
        body = report(10, [row]).frame(NEW).body
        frame = szy206.Frame(True, STATION, 0xC0, body[cut:], type_code=10)
        assert refused(errors.Malformed, messages.decode_message, frame, NEW), cut


def test_water_quality_names_forty_bits_once_each():
    for dialect in (OLD, NEW):
        names = quality.parameters(dialect)
        assert len(names) == 40 and len(set(names)) == 40
        for bit, name in enumerate(names):
            assert quality.bitmap_of([name], dialect) == 1 << bit
    assert quality.decimals_of("ph", OLD) == (2, "") and quality.decimals_of("lead", OLD) == (5, "mg/L")
    assert quality.decimals_of("ph", NEW) == (None, "") and quality.decimals_of("reserved_39", OLD) == (
        None,
        "",
    )
    assert refused(errors.NotAllowed, quality.decimals_of, "gold", OLD)


def test_composites_carry_one_element_of_each_kind_in_the_dialects_order():
    row = {
        "rain_dmm": 12,
        "level_mm": -5,
        "flow_lph": 3600,
        "flow_unit": 0,
        "volume_l": 7000,
        "gate_mm": 10,
        "power_w": 1000,
    }
    low = {"moisture_permille": 5, "ph": 712}
    for order in ("low_first", "high_first"):
        for types, more in (("206", {"wind_mmps": 10, "wind_direction": 3}), ("427", {"pressure_pa": 10})):
            dialect = szy206.Dialect(5, False, types=types, composite_order=order)
            whole = dict(row)
            whole.update(more)
            whole.update(low if types == "206" else {})
            message = answer(14, [whole])
            told = again(message, dialect)
            assert told.values["readings"] == [whole], (order, types)
            body = message.frame(dialect).body
            first = "120000" if order == "high_first" else ("0200000000" if types == "206" else "01000000")
            assert upper(body[1 : 1 + len(first) // 2]) == first, (order, types)
    lone = {"level_mm": 1, "volume_l": 7000}
    dialect = szy206.Dialect(5, False, lone_field="volume")
    assert again(answer(14, [lone]), dialect).values["readings"] == [lone]
    assert refused(errors.NotAllowed, answer(14, [{"level_mm": 1, "rain_dmm": "x"}]).encode, OLD)


def test_composites_cut_anywhere_are_malformed():
    body = answer(14, [{"level_mm": 1, "flow_lph": 3600, "volume_l": 7000, "ph": 7}]).frame(OLD).body
    data, tail = body[:-4], body[-4:]
    for size in range(1, len(data)):
        if size == len(data) - 5:
            continue  # the length of a 2012 device that leaves one field of the channel out
        frame = szy206.Frame(True, STATION, 0xB0, data[:size] + tail, type_code=14)
        assert refused(errors.Malformed, messages.decode_message, frame, OLD), size
