"""`karez decode dlt645`: the facts of every published frame, and why a bad one is bad."""

import json
from pathlib import Path

import pytest

from karez_gateway.decoder.dlt645 import decode
from karez_gateway.decoder.finding import Options
from karez_protocols import dlt645_messages as messages
from karez_protocols.dlt645_data import encode_values
from karez_protocols.dlt645_frames import Frame, encode_frame
from karez_protocols.dlt645_messages import encode_message

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "dlt645.json").read_text())
NOT_FACTS = {"note", "notes", "assembled", "would_be"}
METER = "123456789012"


def facts_of(vector):
    return {key: value for key, value in vector["decoded"].items() if key not in NOT_FACTS}


def name_of(vector):
    return vector["name"]


def one(raw):
    """Return the only finding in these bytes."""
    (finding,) = decode(raw, Options())
    assert (finding.offset, finding.length) == (0, len(raw))
    return finding


def reply(di, data, control=0x91):
    return encode_frame(Frame(METER, control, di.to_bytes(4, "little") + data))


def field(finding, name):
    return next(one for one in finding.fields if one.name == name)


@pytest.mark.parametrize("vector", VECTORS, ids=name_of)
def test_published_frames_have_exactly_the_published_facts(vector):
    assert one(bytes.fromhex(vector["hex"])).facts == facts_of(vector)


def test_all_published_frames_glued_together_keep_their_facts():
    found = decode(b"".join(bytes.fromhex(vector["hex"]) for vector in VECTORS), Options())
    assert [finding.facts for finding in found] == [facts_of(vector) for vector in VECTORS]


@pytest.mark.parametrize("vector", VECTORS, ids=name_of)
def test_the_fields_of_a_frame_cover_its_bytes_in_order(vector):
    raw = bytes.fromhex(vector["hex"])
    for before in (b"", bytes.fromhex(VECTORS[0]["hex"])):
        fields = decode(before + raw, Options())[-1].fields
        assert b"".join(one.raw for one in fields) == raw
        assert [one.offset for one in fields] == [
            len(before) + sum(len(one.raw) for one in fields[:at]) for at in range(len(fields))
        ]


def test_a_changed_byte_is_named_with_its_reason_and_the_next_frame_is_read():
    good = bytes.fromhex(VECTORS[1]["hex"])
    for at, reason in (
        (0, "noise"),
        (3, "checksum"),
        (7, "noise"),
        (9, "length"),
        (14, "checksum"),
        (19, "end"),
    ):
        bad = good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :]
        first, *_, last = decode(bad + b"\xfe" + good, Options())
        assert first.facts["kind"] == "invalid" and first.facts["reason"] == reason, at
        assert first.facts["detail"] and not first.is_good
        assert last.facts["values"] == {"energy_forward_total_kwh": 0.26}


def test_a_wrong_checksum_says_which_is_expected():
    good = bytes.fromhex(VECTORS[1]["hex"])
    facts = one(good[:-2] + b"\x8b\x16").facts
    assert facts == {
        "kind": "invalid",
        "reason": "checksum",
        "expected_cs": "8A",
        "detail": "checksum 8B, computed 8A",
    }


def test_functions_lengths_and_digits_are_reasons():
    for frame, reason in (
        (Frame(METER, 0x05, b""), "function"),
        (Frame(METER, 0x11, b"\x00"), "length"),
        (Frame(METER, 0x93, b"\x0a" + bytes(5)), "digits"),
        (Frame(METER, 0x91, b"\x00\x00\x01\x00\x0a\x00\x00\x00"), "digits"),
        (Frame(METER, 0x91, b"\x00\x01\x01\x02\x00\xa3"), "digits"),
    ):
        facts = one(encode_frame(frame)).facts
        assert (facts["kind"], facts["reason"]) == ("invalid", reason), frame
    raw = b"\x68" + bytes(6) + b"\x68\x91\xff" + bytes(255)
    assert one(raw + bytes([sum(raw) & 0xFF, 0x16])).facts["reason"] == "length"
    assert one(b"\x01\x02\x03").facts["reason"] == "noise"
    assert decode(b"", Options()) == []


def test_a_block_shows_each_value_and_its_bytes():
    facts = one(reply(0x0201FF00, encode_values(0x0201FF00, [2301, None, 2303]))).facts
    assert facts["values"] == {"voltage_a_v": 230.1, "voltage_b_v": None, "voltage_c_v": 230.3}
    assert facts["data"] == "0123FFFF0323" and "value_bcd" not in facts
    facts = one(reply(0x0001FF00, encode_values(0x0001FF00, [30, 10, 20]))).facts
    assert facts["values"] == {
        "energy_forward_total_kwh": 0.03,
        "energy_forward_t1_kwh": 0.01,
        "energy_forward_t2_kwh": 0.02,
    }


@pytest.mark.parametrize(
    ("di", "value", "shown"),
    [
        (0x02020100, -1234, {"current_a_a": -1.234}),
        (0x02030100, 2512, {"power_a_kw": 0.2512}),
        (0x02040000, -1, {"reactive_total_kvar": -0.0001}),
        (0x02050000, 799_999, {"apparent_total_kva": 79.9999}),
        (0x02060000, -501, {"power_factor_total": -0.501}),
        (0x02800002, 5001, {"frequency_hz": 50.01}),
        (0x00020000, 999_999_990, {"energy_reverse_total_kwh": 999999.99}),
        (0x04000401, METER, {"communication_address": METER}),
        (0x00010000, None, {"energy_forward_total_kwh": None}),
    ],
)
def test_single_values_are_shown_in_their_unit(di, value, shown):
    data = encode_values(di, [value])
    facts = one(reply(di, data)).facts
    assert facts["values"] == shown
    assert facts["value_bcd"] == bytes(reversed(data)).hex().upper()


def test_an_identifier_of_another_size_than_the_table_has_is_shown_as_bytes():
    facts = one(reply(0x02010100, b"\x01\x23\x00")).facts
    assert facts["data"] == "012300" and "values" not in facts


def test_status_word_3_says_where_the_relay_stands_and_what_it_was_told():
    facts = one(reply(0x04000503, b"\x40\x01")).facts
    assert (facts["relay"], facts["relay_command"]) == ("closed", "trip")
    assert (facts["data"], facts["values"]) == ("4001", {"status_word_3": 0x0140})
    assert facts["meter_type"] == "prepaid_energy" and facts["supply"] == "mains"


def test_an_accepted_relay_command_does_not_claim_that_it_moved():
    finding = one(encode_message(messages.Accepted(METER, 0x1C)))
    assert finding.facts["kind"] == "response" and "relay" not in finding.facts
    assert field(finding, "control code").meaning == "relay, accepted: not yet moved, read status word 3"


def test_a_relay_command_that_is_no_known_action_or_moment_is_shown_raw():
    message = messages.RelayRequest(METER, 2, "000000", "00000000", 0x77, 0, b"\x59\x59\x23\x31\x02\x99")
    facts = one(encode_message(message)).facts
    assert facts["n1"] == "77" and facts["expiry_raw"] == "595923310299"
    assert "action" not in facts and "expiry" not in facts


def test_more_follows_sequences_and_empty_replies_are_facts():
    facts = one(reply(0x00440000, b"\x01", 0xB1)).facts
    assert facts["more_follows"] is True and facts["data"] == "01"
    facts = one(encode_message(messages.ReadNextReply(METER, 0x00440000, b"\x01", 3, False))).facts
    assert (facts["di"], facts["data"], facts["sequence"]) == ("00440000", "01", 3)
    facts = one(encode_message(messages.NoData(METER, 0x11))).facts
    assert facts["kind"] == "response" and facts["detail"] == "a good reply without data: the meter has none"


def test_refusals_have_their_bits_by_function_and_none_for_1997():
    facts = one(encode_message(messages.Refused(METER, 0x1C, 4))).facts
    assert (facts["kind"], facts["err"]) == ("error", "04")
    assert facts["err_bits"] == ["wrong_password_or_not_authorised"]
    facts = one(encode_message(messages.Refused(METER, 0x03, 0x0004))).facts
    assert (facts["err"], facts["err_bits"]) == ("0004", ["esam_check_failed"])
    facts = one(encode_message(messages.Refused(METER, 0x01, 2))).facts
    assert facts["err"] == "02" and "err_bits" not in facts


def test_a_reply_of_1997_that_is_no_number_is_shown_as_bytes():
    facts = one(encode_message(messages.Read1997Reply(METER, 0x901F, b"\x01\x00\xaa", False))).facts
    assert facts["data"] == "0100AA" and "value_bcd" not in facts


def test_a_broadcast_time_is_read_low_byte_first():
    facts = one(encode_message(messages.BroadcastTime("999999999999", b"\x56\x34\x12\x22\x11\x26"))).facts
    assert (facts["clock_raw"], facts["clock"]) == ("563412221126", "2026-11-22 12:34:56")


def test_the_fields_show_values_with_their_unit():
    finding = one(bytes.fromhex(VECTORS[3]["hex"]))
    shown = field(finding, "voltage_a")
    assert (shown.offset, shown.raw, shown.meaning, shown.unit) == (14, b"\x34\x43", "100.1", "V")
    assert field(finding, "identifier").meaning == "02010100 voltage a"


def test_a_rated_voltage_is_text_in_its_field():
    raw = next(vector["hex"] for vector in VECTORS if vector["name"] == "ammeterutils_rated_voltage_ascii")
    assert field(one(bytes.fromhex(raw)), "rated_voltage").meaning == "220V"
