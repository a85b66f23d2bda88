"""Published frames and captures beyond the first vectors, through `karez decode`'s decoders and back."""

import json
from pathlib import Path

import pytest

from karez_gateway.decoder import cjt188, dlt645, modbus
from karez_gateway.decoder.cjt188_words import meter_type
from karez_gateway.decoder.finding import Options, WrongOption
from karez_protocols import (
    cjt188_data,
    cjt188_frames,
    cjt188_stream,
    dlt645_data,
    dlt645_messages,
    dlt645_stream,
    modbus_frames,
    modbus_messages,
    modbus_stream,
)
from karez_protocols.dlt645_frames import preamble_bytes
from karez_protocols.errors import NotAllowed
from karez_protocols.exchange import Failure, Reply

DECODERS = {"dlt645": dlt645, "cjt188": cjt188, "modbus": modbus}
STREAMS = {"dlt645": dlt645_stream, "cjt188": cjt188_stream, "modbus": modbus_stream}
VECTORS = [
    pytest.param(protocol, vector, id=f"{protocol}-{vector['name']}")
    for protocol in DECODERS
    for vector in json.loads(
        (Path(__file__).parents[1] / "vectors" / f"{protocol}_more.json").read_text(encoding="utf-8")
    )
]
# What a person wrote about a frame, not what the frame says.
COMMENTS = {"note", "offset", "length"}


def encoded(protocol, message, raw):
    if protocol == "dlt645":
        return dlt645_messages.encode_message(message, preamble_bytes(raw))
    if protocol == "cjt188":
        return cjt188_frames.encode(message)
    if isinstance(message, Failure):
        return modbus_frames.encode_failure(message)
    if isinstance(message, Reply | modbus_messages.Written):
        return modbus_frames.encode_reply(message)
    return modbus_frames.encode_request(message)


def vector_named(name):
    return next(
        bytes.fromhex(vector["hex"])
        for _, vector in (one.values for one in VECTORS)
        if vector["name"] == name
    )


def one(protocol, raw, **settings):
    (finding,) = DECODERS[protocol].decode(raw, Options(settings=tuple(settings.items())))
    return finding


@pytest.mark.parametrize(("protocol", "vector"), VECTORS)
def test_a_published_frame_has_its_facts(protocol, vector):
    raw = bytes.fromhex(vector["hex"])
    expected = vector["decoded"].get("frames", [dict(vector["decoded"], offset=0, length=len(raw))])
    found = DECODERS[protocol].decode(raw, Options())
    assert [(finding.offset, finding.length) for finding in found] == [
        (facts["offset"], facts["length"]) for facts in expected
    ]
    for finding, facts in zip(found, expected, strict=True):
        wanted = {key: value for key, value in facts.items() if key not in COMMENTS}
        assert {key: finding.facts.get(key, "missing") for key in wanted} == wanted
        assert finding.is_good or finding.facts["detail"]


@pytest.mark.parametrize(("protocol", "vector"), VECTORS)
def test_a_good_frame_encodes_to_its_bytes_again(protocol, vector):
    raw = bytes.fromhex(vector["hex"])
    for piece in STREAMS[protocol].pieces(raw):
        if piece.frame is None:
            assert vector["decoded"]["kind"] in ("invalid", "raw")
            continue
        part = raw[piece.offset : piece.offset + piece.length]
        assert encoded(protocol, piece.frame, part) == part


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("second_68_wrong", "no second 68 seven bytes on, but 69"),
        ("d1997_write_is_not_taken_apart", "the checksum is right, and in DL/T 645-1997 it writes"),
        ("control_a1_of_one_maker", "control code A1 is none of CJ/T 188; the checksum is right"),
        ("function_2b_device_identification", "encapsulated interface transport, not taken apart"),
        ("function_64_of_users", "the maker's own"),
    ],
)
def test_a_frame_that_is_not_taken_apart_says_that_the_line_is_not_to_blame(name, words):
    protocol = next(one.values[0] for one in VECTORS if one.values[1]["name"] == name)
    assert words in one(protocol, vector_named(name)).facts["detail"]


def test_one_stray_byte_is_one_and_a_long_preamble_is_named():
    request = vector_named("d1997_wildcard_request")
    first, second = dlt645.decode(b"\x68" + request, Options())
    assert first.facts["detail"] == "1 stray byte" and second.is_good
    for protocol in ("dlt645", "cjt188"):
        raw = request if protocol == "dlt645" else vector_named("universal_read")
        first, second = DECODERS[protocol].decode(b"\xfe" * 68 + raw, Options())
        assert "FE: a preamble of more than 64" in first.facts["detail"] and second.facts["preamble_fe"] == 64


def test_ciphertext_is_called_so():
    names = [field.name for field in one("dlt645", vector_named("ciphered_trip_level_98")).fields]
    assert "ciphertext" in names and "data" not in names


def test_moments_are_read_and_never_encoded():
    assert dlt645_data.decode_values(0x0400010C, bytes.fromhex("55532101110116"))[0].value == (
        "2016-01-11 weekday 1 21:53:55"
    )
    assert dlt645_data.decode_values(0x04000102, b"\xff" * 3)[0].value is None
    with pytest.raises(dlt645_data.BadFrame):
        dlt645_data.decode_values(0x04000102, b"\x0a\x00\x00")
    with pytest.raises(NotAllowed):
        dlt645_data.encode_values(0x04000102, ["21:53:55"])


def test_a_daily_freeze_brings_its_moment_and_its_energies():
    names = [value.name for value in dlt645_data.decode_values(0x05060101, bytes(8))]
    assert names == ["frozen_energy_forward_total", "frozen_energy_forward_t1"]
    assert dlt645_data.decode_values(0x05060201, bytes(4))[0].name == "frozen_energy_reverse_total"
    for di in (0x05060000, 0x05060040, 0x05060301, 0x05070001):
        assert dlt645_data.meaning(di) is None


def test_the_order_of_units_of_a_heat_meter_may_be_set():
    raw = vector_named("heat_jy_unit_first")
    assert one("cjt188", raw).facts == one("cjt188", raw, units="before").facts
    assert one("cjt188", raw, units="after").facts["reason"] == "digits"
    raw = vector_named("heat_type_25_54427_88")
    assert one("cjt188", raw).facts == one("cjt188", raw, units="after").facts
    with pytest.raises(WrongOption):
        one("cjt188", raw, units="both")


def test_heat_with_units_first_encodes_to_the_published_bytes():
    for name, first in (("heat_jy_unit_first", True), ("heat_sanext", False)):
        data = cjt188_frames.decode(vector_named(name)).data
        assert cjt188_data.is_unit_first(data) == first
        assert cjt188_data.encode_heat(cjt188_data.decode_heat(data, first), first) == data
    assert not cjt188_data.is_unit_first(b"")


def test_fields_of_a_heat_meter_with_units_first_cover_its_bytes():
    raw = vector_named("heat_unit_first_5328_19")
    fields = one("cjt188", raw).fields
    assert b"".join(field.raw for field in fields) == raw
    shown = [(field.name, field.raw.hex(), field.meaning) for field in fields]
    at = shown.index(("settlement heat", "19285300", "5328.19"))
    assert shown[at - 1] == ("unit", "05", "kWh")


def test_sources_differ_on_flow_and_on_the_first_number_of_a_heat_meter():
    data = bytearray(cjt188_frames.decode(vector_named("heat_type_25_54427_88")).data)
    data[15:19] = bytes.fromhex("45230100")
    message = cjt188_frames.Message(0, 0x25, "00312718241912", 0x81, 0x1F90, 3, bytes(data))
    raw = cjt188_frames.encode(message)
    assert one("cjt188", raw).facts["values"]["flow_m3h"] == 1.2345
    assert one("cjt188", raw, flow="two").facts["values"]["flow_m3h"] == 123.45
    assert one("cjt188", raw, first="cooling").facts["values"]["cooling_energy_kwh"] == 274.11


@pytest.mark.parametrize(
    ("code", "name", "value"),
    [(0x11, "gj", 12.34), (0x0E, "mj", 12.34), (0x13, "gj", 1234.0), (0x0A, "mwh", 1234.0)],
)
def test_heat_is_counted_in_joules_too(code, name, value):
    data = bytearray(cjt188_frames.decode(vector_named("heat_sanext")).data)
    data[5:10] = bytes.fromhex("34120000") + bytes((code,))
    raw = cjt188_frames.encode(cjt188_frames.Message(0, 0x20, "0" * 14, 0x81, 0x1F90, 0, bytes(data)))
    assert one("cjt188", raw).facts["values"][f"current_heat_{name}"] == value


def test_a_meter_type_is_known_by_its_group():
    assert meter_type(0x25) == "heat, a type of the maker's"
    assert meter_type(0x21) == "cooling" and meter_type(0x77) == "not in the standard's list"
