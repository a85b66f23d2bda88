"""`karez decode cjt188`: every published frame's facts, every bad frame's reason."""

import json
from pathlib import Path

import pytest

from karez_gateway.decoder.cjt188 import IDENTIFIERS, decode
from karez_gateway.decoder.finding import Options, WrongOption
from karez_protocols import cjt188_data, cjt188_frames
from karez_protocols.cjt188_frames import Message

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "cjt188.json").read_text())
# What a person wrote about a frame, not what the frame says.
COMMENTS = ("note", "notes", "assembled", "would_be")
METER = Message(0, 0x10, "00000805000001", 0x81, 0x901F, 0, b"")
REPLY = bytes.fromhex("00230100" + "2C" + "00000000" + "2C" + "00" * 9)


def frame(data, key=0x901F, control=0x81, meter_type=0x10):
    return cjt188_frames.encode(Message(0, meter_type, METER.address, control, key, 0, bytes(data)))


def facts(raw, **settings):
    (finding,) = decode(raw, Options(settings=tuple(settings.items())))
    return finding.facts


def resealed(raw):
    body = raw[:-2]
    return body + bytes((sum(body) & 0xFF, 0x16))


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_every_vector_decodes_to_its_facts(vector):
    raw = bytes.fromhex(vector["hex"])
    (finding,) = decode(raw, Options())
    expected = {key: value for key, value in vector["decoded"].items() if key not in COMMENTS}
    assert {key: finding.facts.get(key, "missing") for key in expected} == expected
    assert (finding.offset, finding.length) == (0, len(raw))
    assert set(finding.facts) - set(expected) <= {"detail", "values"}
    if finding.is_good:
        assert b"".join(field.raw for field in finding.fields) == raw
        offsets = [field.offset for field in finding.fields]
        assert offsets == sorted(set(offsets))


def test_all_vectors_glued_together_come_apart_in_order():
    raw = b"".join(bytes.fromhex(vector["hex"]) for vector in VECTORS)
    kinds = [finding.facts["kind"] for finding in decode(raw, Options())]
    assert kinds == [vector["decoded"]["kind"] for vector in VECTORS]


def test_each_reason_is_named_and_explained():
    good = frame(REPLY)
    corrupt = bytearray(good)
    corrupt[15] ^= 1
    strange = bytearray(good)
    strange[9] = 0x82
    letters = bytearray(good)
    letters[3] = 0x1B
    long = bytearray(good)
    long[10] += 1
    digits = bytearray(good)
    digits[14] = 0x0A
    for raw, reason, word in (
        (corrupt, "checksum", f"computed {good[-2] - 1:02X}"),
        (resealed(strange), "function", "82"),
        (resealed(letters), "digits", "1B"),
        (resealed(digits), "digits", "0A230100"),
        (long, "length", "fit 16"),
        (good[:-4], "length", "35 bytes in all"),
        (good[:10], "length", "header"),
        (b"hello meter", "noise", "11 stray bytes"),
    ):
        found = facts(bytes(raw))
        assert (found["kind"], found["reason"]) == ("invalid", reason), found
        assert word in found["detail"], found
    assert facts(bytes(corrupt))["expected_cs"] == f"{good[-2] - 1:02X}"


def test_a_refusal_shows_its_status():
    raw = bytes.fromhex("681011223344556677C1030111224C16")
    assert facts(raw) == {
        "kind": "error",
        "preamble_fe": 0,
        "meter_type": "10",
        "address": "77665544332211",
        "ctrl": "C1",
        "function": "read",
        "ser": 1,
        "status": "1122",
    }


def test_what_a_meter_does_not_support_is_null_and_not_zero():
    data = cjt188_data.encode_metering(cjt188_data.Metering(4711, 0x2C, None, 0x2C, b"\xff" * 7, b"\x04\0"))
    found = facts(frame(data))
    assert found["values"] == {"current_total_m3": 47.11, "settlement_total_m3": None}
    assert (found["settlement_total_raw"], found["clock"], found["battery_low"]) == ("FFFFFFFF", None, True)


def test_an_unknown_unit_gives_no_value():
    found = facts(frame(REPLY[:4] + b"\x77" + REPLY[5:]))
    assert found["values"] == {"settlement_total_m3": 0.0} and found["current_unit"] == "77"


def test_the_settings_are_the_makers_differences():
    data = bytes.fromhex("47700100" + "29" + "00000000" + "29" + "20101205102412" + "4000")
    assert facts(frame(data))["values"]["current_total_m3"] == 17.047
    assert facts(frame(data), litres="hundredths")["values"]["current_total_m3"] == 0.17047
    assert facts(frame(data))["valve"] == "open"
    assert facts(frame(data), status="high_bits")["valve"] == "closed"
    assert facts(frame(data), clock="low_first")["clock"] == "1224-10-05 12:10:20"
    found = facts(frame(data), clock="high_first")
    assert (found["clock"], found["clock_order"]) == ("2010-12-05 10:24:12", "big_endian")
    assert facts(frame(data))["clock"] == "2010-12-05 10:24:12"


@pytest.mark.parametrize("settings", [{"clock": "backwards"}, {"speed": "2400"}])
def test_a_setting_it_does_not_know_is_refused(settings):
    with pytest.raises(WrongOption, match="clock: auto or low_first"):
        facts(frame(REPLY), **settings)


def test_a_heat_meter_brings_energy_power_flow_and_temperatures():
    heat = cjt188_data.Heat(
        100, 0x05, 1234567, 0x05, 2500, 0x17, 12345, 0x35, 4711, 0x2C, 6512, 4030, 8760, bytes(7), b"\0\0"
    )
    found = facts(frame(cjt188_data.encode_heat(heat), meter_type=0x20))
    assert found["values"] == {
        "settlement_heat_kwh": 1.0,
        "current_heat_kwh": 12345.67,
        "power_kw": 25.0,
        "flow_m3h": 1.2345,
        "current_total_m3": 47.11,
        "supply_temperature_c": 65.12,
        "return_temperature_c": 40.3,
        "working_h": 8760,
    }
    assert found["current_heat_raw"] == "01234567" and found["flow_unit"] == "35"


def test_a_layout_nobody_published_is_shown_as_it_is():
    found = facts(frame(b"\x01\x02\x03"))
    assert found["data"] == "010203" and "values" not in found


def test_the_status_in_a_valve_reply_is_read():
    found = facts(frame(b"\x01\x00", key=0x17A0, control=0x84))
    assert (found["di_wire"], found["di"], found["valve"]) == ("17A0", "A017", "closed")


def test_every_identifier_of_the_list_is_known_in_both_orders():
    for key in [*IDENTIFIERS, *range(0xD120, 0xD12C)]:
        turned = (key & 0xFF) << 8 | key >> 8
        assert cjt188_data.identifier(key) == key
        assert facts(frame(b"", key=turned, control=0x01))["di"] == f"{key:04X}"
