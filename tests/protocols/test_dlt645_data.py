"""Values behind DL/T 645 identifiers: integers in the unit named, both ways."""

import binascii
import json

from karez_protocols import errors
from karez_protocols.dlt645_data import (
    Value,
    decode_values,
    encode_values,
    meaning,
    meaning_1997,
    values_of,
)
from karez_protocols.dlt645_frames import BadFrame
from karez_protocols.dlt645_messages import decode_message

with open("tests/vectors/dlt645.json") as file:
    VECTORS = json.load(file)

# unit of the facts -> (unit of the codec, how many of those it holds)
UNITS = {
    "kwh": ("wh", 1000),
    "v": ("dv", 10),
    "kw": ("dw", 10000),
    "kvar": ("dvar", 10000),
    "kva": ("dva", 10000),
    "total": ("permille", 1000),  # power_factor_total has no unit
}


def reason(call, *args):
    try:
        call(*args)
    except BadFrame as error:
        return error.reason
    return None


def refused(call, *args):
    try:
        call(*args)
    except errors.NotAllowed:
        return True
    return False


def test_published_replies_hold_the_published_values_and_encode_again():
    checked = 0
    for vector in VECTORS:
        facts = vector["decoded"]
        if "values" not in facts:
            continue
        message = decode_message(binascii.unhexlify(vector["hex"]))
        (value,) = decode_values(message.di, message.data)
        ((name, number),) = facts["values"].items()
        unit, factor = UNITS[name.split("_")[-1]]
        assert name.startswith(value.name) and value.unit == unit, vector["name"]
        assert value.value == int(number * factor + 0.5), vector["name"]
        assert encode_values(message.di, [value.value]) == message.data
        checked += 1
    assert checked >= 21


def test_published_replies_of_1997_hold_digits():
    for name, expected in (
        ("d1997_reply_b611_1", Value("voltage_a", "dv", 1000)),
        ("d1997_reply_9010", Value("energy_forward_total", "wh", 10)),
    ):
        raw = next(vector["hex"] for vector in VECTORS if vector["name"] == name)
        message = decode_message(binascii.unhexlify(raw))
        assert values_of(meaning_1997(message.di), message.data) == [expected]
    assert meaning_1997(0x9020) is None


def test_energies_are_named_by_tariff_and_wrap_below_a_million_kwh():
    assert decode_values(0x00010000, b"\x99\x99\x99\x99") == [
        Value("energy_forward_total", "wh", 999_999_990)
    ]
    assert decode_values(0x00020100, b"\x01\x00\x00\x00") == [Value("energy_reverse_t1", "wh", 10)]
    assert decode_values(0x00003F00, b"\x01\x00\x00\x00")[0].name == "energy_combined_t63"


def test_a_block_of_energies_has_as_many_values_as_the_meter_has_tariffs():
    data = encode_values(0x0001FF00, [60, 10, 20, 30, 0])
    assert len(data) == 20
    found = decode_values(0x0001FF00, data)
    assert [value.value for value in found] == [60, 10, 20, 30, 0]
    assert [value.name[-2:] for value in found] == ["al", "t1", "t2", "t3", "t4"]
    assert reason(decode_values, 0x0001FF00, bytes(4 * 65)) == "length"


def test_blocks_of_phases_keep_their_order():
    found = decode_values(0x0201FF00, b"\x01\x23\x02\x23\x03\x23")
    assert found == [
        Value("voltage_a", "dv", 2301),
        Value("voltage_b", "dv", 2302),
        Value("voltage_c", "dv", 2303),
    ]
    assert [value.name for value in decode_values(0x0203FF00, bytes(12))] == [
        "power_total",
        "power_a",
        "power_b",
        "power_c",
    ]


def test_currents_powers_and_power_factors_are_signed_voltages_and_energies_are_not():
    assert decode_values(0x02020100, b"\x34\x12\x80")[0].value == -1234
    assert decode_values(0x02030000, b"\x12\x25\x80")[0].value == -2512
    assert decode_values(0x02060000, b"\x00\x90")[0].value == -1000
    assert reason(decode_values, 0x00010000, b"\x00\x00\x00\xa0") == "digits"
    assert reason(decode_values, 0x02010100, b"\x00\xa3") == "digits"


def test_frequency_and_the_rest_have_their_units():
    assert decode_values(0x02800002, b"\x01\x50") == [Value("frequency", "chz", 5001)]
    assert decode_values(0x02040300, b"\x01\x00\x00") == [Value("reactive_c", "dvar", 1)]
    assert decode_values(0x02050000, b"\x01\x00\x00") == [Value("apparent_total", "dva", 1)]


def test_status_words_are_bits():
    assert decode_values(0x04000503, b"\x50\x20") == [Value("status_word_3", "bits", 0x2050)]
    assert len(decode_values(0x040005FF, bytes(14))) == 7
    assert encode_values(0x04000507, [0x8001]) == b"\x01\x80"


def test_addresses_and_rated_voltage_are_text():
    assert decode_values(0x04000401, b"\x12\x90\x78\x56\x34\x12") == [
        Value("communication_address", "text", "123456789012")
    ]
    assert encode_values(0x04000402, ["000000000161"]) == b"\x61\x01\x00\x00\x00\x00"
    raw = binascii.unhexlify("000056303232")
    assert decode_values(0x04000404, raw) == [Value("rated_voltage", "text", "220V")]
    assert encode_values(0x04000404, ["220V"]) == raw
    assert reason(decode_values, 0x04000404, b"\x01\x00\x00\x00\x00\x00") == "digits"
    assert reason(decode_values, 0x04000401, b"\x0a\x00\x00\x00\x00\x00") == "digits"


def test_bytes_full_of_ff_are_unknown_and_never_a_number():
    for di in (0x00010000, 0x02010100, 0x02020100, 0x02800002, 0x04000401, 0x04000404, 0x04000503):
        size = meaning(di).size
        assert decode_values(di, b"\xff" * size)[0].value is None
        assert encode_values(di, [None]) == b"\xff" * size
    found = decode_values(0x0201FF00, b"\x01\x23\xff\xff\xff\xff")
    assert [value.value for value in found] == [2301, None, None]
    assert reason(decode_values, 0x00010000, b"\xff\xff\xff\x00") == "digits"


def test_a_digit_above_nine_is_refused_wherever_it_stands():
    for at in range(4):
        for digit in (0x0A, 0xA0, 0xFF):
            data = bytes(at) + bytes((digit,)) + bytes(3 - at)
            assert reason(decode_values, 0x00010000, data) == "digits"


def test_data_of_another_size_is_refused():
    for size in (0, 1, 2, 3, 5, 8):
        assert reason(decode_values, 0x00010000, bytes(size)) == "length"
    assert reason(decode_values, 0x0201FF00, bytes(8)) == "length"


def test_identifiers_outside_the_tables_are_unknown_not_guessed():
    for di in (
        0x00440000,
        0x00010001,
        0x00014000,
        0x00030000,
        0x02010000,
        0x02010101,
        0x02070000,
        0x04000500,
    ):
        assert meaning(di) is None and decode_values(di, bytes(4)) is None
        assert refused(encode_values, di, [0])
    assert meaning(0x04000508) is None and meaning(0x03000000) is None and meaning(0xFFFFFFFF) is None


def test_values_that_do_not_fit_are_not_sent():
    for di, value in (
        (0x00010000, 1_000_000_000),
        (0x00010000, -10),
        (0x00010000, 5),  # the meter counts in 10 Wh
        (0x02010100, 10_000),
        (0x02010100, -1),
        (0x02030000, 800_000),
        (0x02030000, -800_000),
        (0x02060000, 8000),
        (0x04000503, 0xFFFF),
        (0x04000503, -1),
        (0x04000401, "12"),
        (0x04000404, "1234567"),
        (0x04000404, "220\xb0"),
    ):
        assert refused(encode_values, di, [value]), (di, value)
    assert refused(encode_values, 0x00010000, []) and refused(encode_values, 0x00010000, [0, 0])


def test_signed_values_survive_the_way_there_and_back():
    for di in (0x02020100, 0x02030000, 0x02040000, 0x02050000):
        for value in (-799_999, -1, 0, 1, 799_999):
            assert decode_values(di, encode_values(di, [value]))[0].value == value
