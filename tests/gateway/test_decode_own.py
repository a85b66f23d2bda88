"""karez decode of our own bytes: records, the field link's payloads, grants; good, bad and hostile ones."""

import binascii
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from karez_firmware.store import ring
from karez_gateway.decoder import frame, grant, own_words, record
from karez_gateway.decoder.finding import Finding, Options, WrongOption
from karez_protocols import chain, fields, link, link_gateway
from karez_protocols import grant as grants
from karez_protocols import record as records

from .synthetic import REGULATOR, SyntheticController, make_grant, public

ROOT = Path(__file__).parents[2]
GRANT = make_grant("site-1", 3, 2_000_000, finish_100l=50)
KEY = ("key", public(REGULATOR).hex())


def season():
    """A controller with a record of every kind that the synthetic one writes."""
    well = SyntheticController("decode", "site-1")
    well.append(records.BOOT, chain=1, tier=2)
    well.accept_grant(GRANT)
    well.irrigate(2)
    well.event(132, 5, status=0x1F, alarms=0x10, meters=0x8001)
    well.append(records.GAP, outage_s=90, from_utc_s=well.utc_s, volume_before_l=7)
    well.lose(1, 2)
    return well


WELL = season()
SLOTS = [WELL.slots[seq] for seq in sorted(WELL.slots)]
GENESIS = chain.genesis(1, WELL.binding)
UP = link_gateway.encode_up(7, 1, SLOTS[:2])
ACK = link_gateway.encode_ack(7, 1, 3)
DOWN = link_gateway.encode_grant(GRANT)
STATE = link.encode_state(
    {name: 0 for name, kind, _, _ in fields.each(link.STATE_BODY) if kind != "x"}
    | {"pump": 3, "volume_l": 12}
)


def decoded(decoder, data, **settings):
    return decoder.decode(data, Options(settings=tuple(settings.items())))


def kinds(findings):
    return [(one.facts["kind"], one.offset, one.length) for one in findings]


def reason(finding):
    assert finding.facts["kind"] == "invalid" and finding.facts["detail"]
    return finding.facts["reason"]


def field(finding, name):
    return next(one for one in finding.fields if one.name == name)


def is_covered(findings, data):
    """Every byte belongs to a finding, in order, and every field shows the bytes it names."""
    at = 0
    for one in findings:
        assert isinstance(one, Finding) and one.length > 0 and one.facts["kind"]
        assert one.is_good or (one.facts["reason"] and one.facts["detail"])
        assert one.offset <= at, "bytes between two findings belong to none"
        at = max(at, one.offset + one.length)
        for shown in one.fields:
            assert data[shown.offset : shown.offset + len(shown.raw)] == shown.raw, shown
    assert at == len(data)


def test_every_slot_of_a_chain_is_a_record_with_all_its_bytes_shown():
    found = decoded(record, b"".join(SLOTS))
    expected = "boot grant start interval interval stop statement signature event gap loss"
    assert [one.facts["record"] for one in found] == expected.split()
    for at, one in enumerate(found):
        assert (one.offset, one.length, one.facts["chain_check"]) == (128 * at, 128, "not checked")
        assert b"".join(shown.raw for shown in one.fields) == SLOTS[at]
        assert [shown.offset for shown in one.fields] == sorted(shown.offset for shown in one.fields)


def test_a_record_says_times_units_codes_and_bits():
    event = decoded(record, SLOTS[8])[0]
    assert event.facts["utc"] == "2026-09-21T14:15:11Z" and event.facts["cause_name"] == "meter silent"
    assert event.facts["status_bits"][0] == "commanded closed"
    assert event.facts["meter_states"] == {"water": "silent", "energy": "none yet"}
    assert (field(event, "volume_l").meaning, field(event, "volume_l").unit) == ("1012000", "L")
    assert field(event, "cause").meaning == "132 meter silent"
    assert field(event, "alarms").meaning == "water meter silent"
    assert field(event, "h").meaning == f"not checked; code {chain.code(SLOTS[8])}"


def test_decimals_and_unknown_values():
    values = {}
    for layout in records.layouts(records.INTERVAL):
        for name, kind, _, size in fields.each(layout):
            values[name] = bytes(size) if kind == "b" else None
    values |= {"kind": records.INTERVAL, "voltage_a_dv": 2302, "current_a_ca": 1234, "water_age_ds": 15}
    found = decoded(record, records.encode(values))[0]
    shown = {one.name: (one.meaning, one.unit) for one in found.fields}
    assert shown["voltage_a_dv"] == ("230.2", "V") and shown["current_a_ca"] == ("12.34", "A")
    assert shown["water_age_ds"] == ("1.5", "s") and shown["volume_l"] == ("unknown", "")
    assert found.facts["volume_l"] is None and found.facts["utc"] is None and found.length == 112


def test_the_chain_is_checked_behind_the_value_before():
    found = decoded(record, b"".join(SLOTS), before=GENESIS.hex())
    assert {one.facts["chain_check"] for one in found} == {"follows"}


@pytest.mark.parametrize("at", [0, 1, 3, len(SLOTS) - 1])
def test_one_changed_slot_breaks_the_chain_there_and_only_there(at):
    data = bytearray(b"".join(SLOTS))
    data[128 * at + 21] ^= 1
    found = decoded(record, bytes(data), before=GENESIS.hex())
    assert [one.is_good for one in found] == [other != at for other in range(len(SLOTS))]
    assert reason(found[at]) == "chain" and len(found[at].facts["expected_h"]) == 32
    assert {one.facts["chain_check"] for one in found[at + 1 :]} <= {"not checked"}


def test_a_foreign_slot_between_two_does_not_end_the_check():
    found = decoded(record, SLOTS[0] + SLOTS[5] + SLOTS[1], before=GENESIS.hex())
    assert [one.facts.get("chain_check", "invalid") for one in found] == ["follows", "invalid", "follows"]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ((0, 9), "version"),
        ((1, 15), "kind"),
        ((1, 0), "kind"),
        ((1, 255), "kind"),
        ((80, 1), "malformed"),
    ],
)
def test_a_bad_slot_says_why_and_the_next_one_is_read(change, why):
    data = bytearray(SLOTS[3] + SLOTS[4])
    data[change[0]] = change[1]
    found = decoded(record, bytes(data))
    assert reason(found[0]) == why and found[1].facts["seq"] == 5


def test_a_burnt_and_a_cut_slot_say_so():
    found = decoded(record, bytes(8) + SLOTS[0][8:] + SLOTS[1][:50])
    assert [reason(one) for one in found] == ["burnt", "length"]
    assert "128" in found[1].facts["detail"] and "50" in found[1].facts["detail"]


def sector(slots, h_before):
    body = fields.pack(
        ring._HEADER,
        {"magic": ring._MAGIC, "chain": 1, "first_seq": 1, "h_before": h_before, "generation": 0},
    )
    head = body + binascii.crc32(body).to_bytes(4, "little")
    return (head.ljust(128, b"\xff") + b"".join(slots)).ljust(4096, b"\xff")


def test_a_sector_of_the_record_memory_is_a_header_its_records_and_what_is_empty():
    found = decoded(record, sector(SLOTS, GENESIS))
    assert found[0].facts["kind"] == "sector" and found[0].facts["h_before"] == GENESIS.hex()
    assert {one.facts["chain_check"] for one in found[1:-1]} == {"follows"} and len(found) == 2 + len(SLOTS)
    assert found[-1].facts == {"kind": "erased", "slots": 31 - len(SLOTS)}
    assert found[-1].is_good and not found[-1].is_frame


def test_a_sector_header_with_a_wrong_crc_is_refused_and_gives_no_chain_value():
    data = bytearray(sector(SLOTS, GENESIS))
    data[20] ^= 1
    found = decoded(record, bytes(data))
    assert reason(found[0]) == "crc" and found[1].facts["chain_check"] == "not checked"


def test_the_sector_header_is_the_controllers():
    assert list(fields.each(record.SECTOR_HEADER)) == list(fields.each(ring._HEADER))
    assert int.from_bytes(record.SECTOR_MAGIC, "little") == ring._MAGIC


def table(heading):
    """{first column: second} of one table of docs/wire/record.md."""
    text = (ROOT / "docs/wire/record.md").read_text(encoding="utf-8").partition(f"## {heading}\n")[2]
    lines = text.partition("\n## ")[0].split("\n")
    cells = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in lines if re.match(r"\| [0-9]", line)
    ]
    return {int(number, 0): words for number, words in cells}


@pytest.mark.parametrize(
    ("heading", "words"),
    [
        ("Pump states", own_words.PUMP_STATES),
        ("Status bits", own_words.STATUS_BITS),
        ("Alarm bits", own_words.ALARM_BITS),
        ("Meter states", own_words.METER_STATES),
    ],
)
def test_the_words_are_those_of_the_wire_page_which_come_from_the_controllers_code(heading, words):
    assert len(table(heading)) >= 6 and table(heading) == words


def test_a_frame_of_records_is_a_header_and_its_records():
    found = decoded(frame, UP)
    assert kinds(found) == [("up", 0, 268), ("record", 12, 128), ("record", 140, 128)]
    assert found[0].facts["frame"] == 7 and found[2].facts["record"] == "grant"
    assert [one.facts["chain_check"] for one in decoded(frame, UP, before=GENESIS.hex())[1:]] == [
        "follows"
    ] * 2


def test_acknowledgement_grant_and_state_are_told_apart():
    assert decoded(frame, ACK)[0].facts == {"kind": "ack", "version": 1, "frame": 7, "chain": 1, "seq": 3}
    assert kinds(decoded(frame, DOWN)) == [("grant", 0, len(DOWN))]
    state = decoded(frame, STATE)[0]
    assert (state.facts["kind"], state.facts["pump_name"], state.facts["volume_l"]) == (
        "state",
        "running",
        12,
    )
    assert decoded(frame, link.OFFLINE)[0].facts == {"kind": "state", "online": 0}
    one_slot = link_gateway.encode_up(1, 1, SLOTS[:1])
    assert kinds(decoded(frame, one_slot)) == [("up", 0, 140), ("record", 12, 128)]


def test_payloads_one_after_another_are_all_found():
    found = decoded(frame, UP + ACK + DOWN + ACK + UP)
    expected = "up record record ack grant ack up record record"
    assert [one.facts["kind"] for one in found] == expected.split()
    is_covered(found, UP + ACK + DOWN + ACK + UP)


def test_the_topic_can_be_told():
    assert decoded(frame, ACK + ACK, topic="down")[1].facts["kind"] == "ack"
    assert reason(decoded(frame, ACK, topic="up")[0]) == "length"
    assert reason(decoded(frame, STATE[:-1], topic="state")[0]) == "state"
    with pytest.raises(WrongOption, match="up, down, state"):
        decoded(frame, ACK, topic="left")


def test_a_stray_stretch_and_a_length_lie_do_not_hide_the_next_frame():
    found = decoded(frame, b"\x77\x01" + UP)
    assert reason(found[0]) == "header" and kinds(found)[1] == ("up", 2, 268)
    lie = bytearray(UP)
    lie[1] = 9
    found = decoded(frame, bytes(lie) + UP)
    assert reason(found[0]) == "length" and "1164" in found[0].facts["detail"]
    assert ("up", len(UP), len(UP)) in kinds(found)


@pytest.mark.parametrize("cut", [1, 3, 11, 12, 13, 139, 140, 267])
def test_a_cut_frame_is_bad(cut):
    found = decoded(frame, UP[:cut])
    assert not found[0].is_good
    is_covered(found, UP[:cut])


def test_a_grant_shows_rows_and_says_that_the_signature_was_not_checked():
    one = decoded(grant, GRANT)[0]
    assert (one.facts["seq"], one.facts["site"], one.facts["policy_name"]) == (3, "site-1", "stop")
    assert one.facts["rows"][0]["ceiling"] == 2_000_000 and one.facts["rows"][0]["from_utc"].endswith("Z")
    assert one.facts["signature"] == "not checked"
    assert (field(one, "row 1 ceiling").meaning, field(one, "row 1 ceiling").unit) == ("2000000", "L")
    assert (field(one, "row 1 finish_100l").meaning, field(one, "row 1 finish_100l").unit) == ("5000", "L")
    assert b"".join(shown.raw for shown in one.fields) == GRANT


def test_a_signature_is_checked_with_a_key():
    assert decoded(grant, GRANT, **dict([KEY]))[0].facts["signature"] == "good"
    assert decoded(frame, DOWN, **dict([KEY]))[0].facts["signature"] == "good"
    changed = bytearray(GRANT)
    changed[115] ^= 1
    one = decoded(grant, bytes(changed), **dict([KEY]))[0]
    assert reason(one) == "signature" and field(one, "row 1 ceiling")
    other = decoded(grant, GRANT, key="11" * 32)[0]
    assert reason(other) == "signature" and "names issuer" in other.facts["detail"]


@pytest.mark.parametrize("text", ["", "12", "zz" * 32, "11" * 33])
def test_a_key_that_is_none_is_refused(text):
    with pytest.raises(WrongOption, match="32 bytes in hex"):
        decoded(grant, GRANT, key=text)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (GRANT[:-1], "length"),
        (GRANT[:-64], "length"),
        (b"\x09" + GRANT[1:], "version"),
        (b"\x01", "length"),
        (GRANT[:107] + b"\xff\xff\xff\xff" + GRANT[111:], "value"),
    ],
)
def test_a_bad_grant_says_why(data, why):
    found = decoded(grant, data)
    assert reason(found[0]) == why and len(found) == 1


def test_a_grant_behind_a_bad_one_is_found():
    for bad in (GRANT[:-3], b"\x09" + GRANT[1:], b"?"):
        assert kinds(decoded(grant, bad + GRANT))[-1] == ("grant", len(bad), len(GRANT))


PIECES = st.sampled_from([*SLOTS, UP, ACK, DOWN, GRANT, STATE, sector(SLOTS[:2], GENESIS), b"\xff" * 128])


@st.composite
def dirty(draw):
    """Good pieces, cut, glued, with bytes changed and noise between."""
    out = bytearray()
    for piece in draw(st.lists(PIECES | st.binary(max_size=40), max_size=4)):
        out += piece[: draw(st.integers(0, len(piece)))] if draw(st.booleans()) else piece
    for _ in range(draw(st.integers(0, 3))):
        if out:
            out[draw(st.integers(0, len(out) - 1))] = draw(st.integers(0, 255))
    return bytes(out)


@pytest.mark.parametrize("decoder", [record, frame, grant])
@given(data=st.binary(max_size=600) | dirty())
def test_no_bytes_make_a_decoder_raise_or_lose_a_byte(decoder, data):
    is_covered(decoded(decoder, data), data)


@given(data=dirty(), topic=st.sampled_from(frame.TOPICS))
def test_no_bytes_of_any_topic_make_the_frame_decoder_raise(data, topic):
    is_covered(decoded(frame, data, topic=topic, before=GENESIS.hex(), key=KEY[1]), data)


def test_every_single_byte_corruption_of_a_frame_is_met():
    for at in range(len(UP)):
        data = bytearray(UP)
        data[at] ^= 0x5A
        is_covered(decoded(frame, bytes(data), before=GENESIS.hex()), bytes(data))
        assert at in range(4, 12) or not all(
            one.is_good for one in decoded(frame, bytes(data), before=GENESIS.hex())
        )


def test_a_grant_of_sixteen_rows_is_the_longest():
    assert grants.ROWS_MAX == 16 and grant.size_at(b"\x01\x00\x00\x10", 0) <= grants.SIZE_MAX
    assert grant.size_at(b"\x01\x00\x00\x11", 0) is None
