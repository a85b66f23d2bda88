"""`karez decode modbus`: every published frame's facts, every bad frame's reason, values by profile."""

import json
import struct
from pathlib import Path

import pytest

from karez_gateway.decoder import meter_profiles
from karez_gateway.decoder.finding import Options, WrongOption
from karez_gateway.decoder.modbus import decode
from karez_protocols import modbus_frames, modbus_messages
from karez_protocols.exchange import Failure, Reply
from karez_protocols.modbus import Request, sealed
from karez_protocols.profile import Profile

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "modbus.json").read_text())
# What a person wrote about a frame, not what the frame says; `values` need a profile.
COMMENTS = ("note", "notes", "assembled", "would_be", "values")
TUF_DUMP = bytes.fromhex(
    next(one["hex"] for one in VECTORS if one["name"] == "tuf2000_response_regs_1_to_12")
)
TUF_SCALE = (Request(1, 3, 1437, 2), Reply(1, 3, struct.pack(">HH", 0, 3)))


def frame_of(message):
    if isinstance(message, Failure):
        return modbus_frames.encode_failure(message)
    if isinstance(message, Reply | modbus_messages.Written):
        return modbus_frames.encode_reply(message)
    return modbus_frames.encode_request(message)


def facts_of(data, profile=""):
    return [one.facts for one in decode(data, Options(profile=profile))]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_every_vector_decodes_to_its_facts(vector):
    raw = bytes.fromhex(vector["hex"])
    found = decode(raw, Options())
    expected = {key: value for key, value in vector["decoded"].items() if key not in COMMENTS}
    if expected["kind"] == "raw":
        assert [{"offset": one.offset, "length": one.length} for one in found] == expected["frames"]
        assert all(one.is_good for one in found)
        return
    (finding,) = found
    assert (finding.offset, finding.length) == (0, len(raw))
    if finding.is_good:
        assert finding.facts == expected
    else:
        assert finding.facts.items() >= expected.items()
        assert set(finding.facts) == {"kind", "reason", "detail", "expected_crc"}
        assert bytes.fromhex(finding.facts["expected_crc"]) == sealed(raw[:-2])[-2:]
        assert finding.facts["expected_crc"] in finding.facts["detail"]
    assert b"".join(field.raw for field in finding.fields) == raw
    offsets = [field.offset for field in finding.fields]
    assert offsets == sorted(set(offsets))
    assert all(field.name for field in finding.fields)


@pytest.mark.parametrize(
    ("text", "reason", "words"),
    [
        ("012B0E0100", "function", "0x2B"),
        ("F80300000001", "address", "248"),
        ("000300000001", "address", "broadcast"),
        ("010300000000", "value", "quantity 0"),
        ("010500001234", "value", "1234"),
        ("01030000000155", "length", "9 bytes"),
    ],
)
def test_a_good_crc_around_what_is_no_message_says_why(text, reason, words):
    raw = sealed(bytes.fromhex(text))
    (finding,) = decode(raw, Options())
    assert finding.facts["kind"] == "invalid" and finding.facts["reason"] == reason
    assert words in finding.facts["detail"]
    assert b"".join(field.raw for field in finding.fields) == raw


def test_noise_and_a_frame_cut_off_are_named_as_such():
    noise = bytes.fromhex("5AC73BE249D566F9")
    reasons = [one.get("reason", one["kind"]) for one in facts_of(noise + TUF_DUMP + TUF_DUMP[:20])]
    assert reasons == ["noise", "response", "length"]
    assert "29" in facts_of(TUF_DUMP[:20])[0]["detail"]
    assert facts_of(bytes(7))[0]["reason"] == "noise" and facts_of(b"") == []


def test_every_function_shows_its_facts_with_and_without_its_question():
    coils = Request(17, 1, 0x13, 0x13)
    ask, answer = facts_of(frame_of(coils) + frame_of(Reply(17, 1, b"\xcd\x6b\x05")))
    assert ask == {"kind": "request", "addr": 17, "func": 1, "start": 0x13, "qty": 0x13}
    bits = [1, 0, 1, 1, 0, 0, 1, 1, 1, 1, 0, 1, 0, 1, 1, 0, 1, 0, 1]
    assert answer == {"kind": "response", "addr": 17, "func": 1, "byte_count": 3, "bits": bits}
    assert facts_of(frame_of(Reply(17, 1, b"\xcd\x6b\x05")))[0]["bits"] == [*bits, 0, 0, 0, 0, 0]
    coil = modbus_messages.Write(17, 5, 0xAC, 1)
    assert facts_of(frame_of(coil) * 2) == [
        {"kind": kind, "addr": 17, "func": 5, "start": 0xAC, "bits": [1]} for kind in ("request", "response")
    ]
    many = modbus_messages.WriteMany(17, 15, 0x13, 10, b"\xcd\x01")
    assert facts_of(frame_of(many))[0] == {
        "kind": "request",
        "addr": 17,
        "func": 15,
        "start": 0x13,
        "qty": 10,
        "bits": [*bits[:8], 1, 0],
    }
    both = modbus_messages.ReadWrite(17, 23, 3, 6, 14, b"\0\xff\1\0")
    assert facts_of(frame_of(both))[0] == {
        "kind": "request",
        "addr": 17,
        "func": 23,
        "start": 3,
        "qty": 6,
        "write_start": 14,
        "write_qty": 2,
        "registers": [255, 256],
    }
    identity = facts_of(frame_of(modbus_messages.Identify(17, 17)) + frame_of(Reply(17, 17, b"KZ\xff")))
    assert identity == [
        {"kind": "request", "addr": 17, "func": 17},
        {"kind": "response", "addr": 17, "func": 17, "byte_count": 3, "data": "4B5AFF"},
    ]


def test_fields_name_every_register_once_the_question_is_known():
    data = frame_of(Request(1, 4, 0x1010, 2)) + frame_of(Reply(1, 4, b"\0\1\0\2"))
    names = [field.name for field in decode(data, Options())[1].fields]
    assert names == ["address", "function", "byte count", "register 4112", "register 4113", "CRC"]
    (alone,) = decode(data[8:], Options())
    assert [field.name for field in alone.fields][3:5] == ["register +0", "register +1"]
    crc = decode(data[:-1] + b"\0", Options())[1].fields[-1]
    assert crc.name == "CRC" and "expected" in crc.meaning


# -- values by profile ------------------------------------------------------------------


def test_a_profile_turns_the_dump_of_a_real_meter_into_values():
    question = frame_of(Request(1, 3, 0, 12))
    values = facts_of(question + TUF_DUMP, "tuf2000m")[1]["values"]
    # 0.1127789 m3/h; the total has no scale yet.
    assert values == {"flow_lph": 113, "volume_l": None}
    scale = b"".join(frame_of(message) for message in TUF_SCALE)
    for stream, at in ((question + TUF_DUMP + scale, 1), (scale + question + TUF_DUMP, 3)):
        found = decode(stream, Options(profile="tuf2000m"))[at]
        # 23 + 0.879739 of 10^(3 - 3) cubic metres.
        assert found.facts["values"] == {"flow_lph": 113, "volume_l": 23880}
        assert found.facts["start"] == 0
        fields = {field.name: field for field in found.fields}
        assert (fields["flow_lph (0)"].meaning, fields["flow_lph (0)"].unit) == ("113", "L/h")
        assert (fields["volume_l (8)"].meaning, len(fields["volume_l (8)"].raw)) == ("23880", 8)
        raw = stream[found.offset : found.offset + found.length]
        assert b"".join(field.raw for field in found.fields) == raw


def test_a_scale_is_taken_from_the_same_meter_only():
    ask, answer = TUF_SCALE
    other = frame_of(ask._replace(address=2)) + frame_of(answer._replace(address=2))
    values = facts_of(other + frame_of(Request(1, 3, 0, 12)) + TUF_DUMP, "tuf2000m")[3]["values"]
    assert values["volume_l"] is None


def test_without_its_question_a_reply_as_long_as_one_request_of_the_profile_is_read():
    profile = Profile(meter_profiles.documents()["tuf2000m"])
    counts = [count for _, count in profile.requests]
    alone = [(start, count) for start, count in profile.requests if counts.count(count) == 1]
    assert len(alone) == len(counts) == 3
    for start, count in alone:
        (facts,) = facts_of(frame_of(Reply(1, 3, bytes(2 * count))), "tuf2000m")
        assert facts["start"] == start and ("flow_lph" in facts.get("values", {})) == (start == 0)
    assert not {126 - count for count in counts} & set(counts)
    (facts,) = facts_of(frame_of(Reply(1, 3, bytes(2 * (126 - counts[0])))), "tuf2000m")
    assert facts["start"] == profile.requests[0][0] == 0 and facts["start_assumed"]


def test_where_an_answer_without_its_question_begins_can_be_told():
    answer = bytes.fromhex("010404436633341B38")
    told = decode(answer, Options(profile="sdm630", settings=(("start", "0x34"),)))[0]
    assert told.facts["values"] == {"power_w": 230} and told.facts["start"] == 52
    assumed = decode(answer, Options(profile="sdm630"))[0]
    assert assumed.facts["start_assumed"] and "begin at register 0 " in assumed.title
    asked = decode(bytes.fromhex("01040000000271CB") + answer, Options(profile="sdm630"))[1]
    assert "start_assumed" not in asked.facts and not asked.title
    for wrong in ("x", "-1", "65536", ""):
        with pytest.raises(WrongOption, match="start is a register"):
            decode(answer, Options(profile="sdm630", settings=(("start", wrong),)))


def test_a_voltage_reads_as_the_manual_says():
    # Eastron's example: 230.2 V in registers 0 and 1.
    data = bytes.fromhex("01040000000271CB" + "010404436633341B38")
    found = decode(data, Options(profile="sdm630"))[1]
    assert 2302 in found.facts["values"].values()
    assert ("230.2", "V") in [(field.meaning, field.unit) for field in found.fields]


def test_a_status_that_came_along_voids_what_it_says_is_no_measurement():
    profile = Profile(meter_profiles.documents()["tuf2000m"])
    assert profile.status == "status_bits"
    registers = bytearray(2 * 92)
    registers[:4] = TUF_DUMP[3:7]
    registers[2 * 91 + 1] = 60  # signal quality
    for status, flow in ((0, 113), (8, None)):  # 8: pipe empty
        registers[2 * 71 + 1] = status
        data = frame_of(Request(1, 3, 0, 92)) + frame_of(Reply(1, 3, bytes(registers)))
        assert facts_of(data, "tuf2000m")[1]["values"]["flow_lph"] == flow


def test_another_function_than_the_profiles_gives_no_values():
    data = frame_of(Request(1, 4, 0, 12)) + frame_of(Reply(1, 4, TUF_DUMP[3:-2]))
    assert "values" not in facts_of(data, "tuf2000m")[1]


@pytest.mark.parametrize("name", meter_profiles.names("modbus"))
def test_every_modbus_profile_gives_the_values_that_the_controller_computes(name):
    document = meter_profiles.documents()[name]
    profile = Profile(document)
    replies = [bytes((37 * at + 64) & 0x7F for at in range(2 * count)) for _, count in profile.requests]
    stream = b""
    for (start, count), data in zip(profile.requests, replies, strict=True):
        stream += frame_of(Request(7, profile.function, start, count))
        stream += frame_of(Reply(7, profile.function, data))
    values = {}
    for facts in facts_of(stream, name):
        values |= facts.get("values", {})
    expected = profile.decode(replies)
    voided = {void for _, _, _, voids in profile.rules for void in voids}
    assert set(values) == set(expected)
    assert {key: values[key] for key in expected if key not in voided} == {
        key: value for key, value in expected.items() if key not in voided
    }


def test_a_profile_that_is_not_there_is_said_so():
    for name in ("nobody", "../tuf2000m"):
        with pytest.raises(WrongOption, match="tuf2000m"):
            decode(TUF_DUMP, Options(profile=name))
