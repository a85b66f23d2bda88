"""DL/T 645 against arbitrary bytes: nothing undeclared, nothing wrong taken for right, bounded time."""

import json
import time
from itertools import pairwise
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from karez_gateway.decoder.dlt645 import decode
from karez_gateway.decoder.finding import Options
from karez_protocols import dlt645_data
from karez_protocols.dlt645 import MORE, ReplyReader, address_bytes, moved, question, sealed
from karez_protocols.dlt645_frames import Frame, decode_frame, encode_frame
from karez_protocols.dlt645_messages import decode_message, encode_message, message_of
from karez_protocols.dlt645_stream import pieces
from karez_protocols.errors import NotAllowed, ProtocolError
from karez_protocols.exchange import Failure, Reply

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "dlt645.json").read_text())
FRAMES = [bytes.fromhex(vector["hex"]) for vector in VECTORS]
JUNK_S_MAX = 5  # 64 KiB takes 0.2 s at worst here; the rest is for a busy machine

digits = st.text("0123456789", min_size=12, max_size=12)
payloads = st.binary(max_size=200)
# Bytes that a hunting reader stumbles over.
tricky = st.lists(st.sampled_from(b"\x68\x16\xfe\x91\x11\x00\x04\x33\xc8\xaa"), max_size=300).map(bytes)
streams = st.lists(st.one_of(st.binary(max_size=20), tricky, st.sampled_from(FRAMES)), max_size=8).map(
    b"".join
)
cuts = st.lists(st.integers(0, 600), max_size=6)


def split(stream, places):
    edges = sorted({0, len(stream), *(place % (len(stream) + 1) for place in places)})
    return [stream[a:b] for a, b in pairwise(edges)]


def hear(request, parts):
    reader = ReplyReader()
    reader.expect(request)
    for part in parts:
        answer = reader.receive(part)
        assert len(reader._buffer) <= reader.BUFFER_BYTES_MAX
        if answer:
            return answer
    return reader.end()


def is_sealed(raw):
    """True if these bytes are one whole frame by the document: written apart from the codec."""
    return (
        len(raw) >= 12
        and raw[0] == raw[7] == 0x68
        and raw[9] <= 200
        and len(raw) == raw[9] + 12
        and raw[-1] == 0x16
        and sum(raw[:-2]) % 256 == raw[-2]
    )


@given(streams)
def test_pieces_cover_every_byte_and_hold_only_what_stands_there(data):
    at = 0
    for piece in pieces(data):
        assert piece.offset == at and piece.length > 0
        at += piece.length
        raw = data[piece.offset : at]
        if piece.error is None:
            assert is_sealed(raw.lstrip(b"\xfe")) and len(raw) - len(raw.lstrip(b"\xfe")) <= 64
            assert piece.frame == decode_message(raw)
        else:
            assert piece.frame is None and isinstance(piece.error, ProtocolError)
    assert at == len(data)


@given(streams)
def test_the_decoder_raises_nothing_and_its_facts_are_json(data):
    found = decode(data, Options())
    assert sum(finding.length for finding in found) == len(data)
    assert json.dumps([finding.facts for finding in found])
    for finding in found:
        assert ("reason" in finding.facts and finding.facts["detail"]) or finding.is_good


@given(st.one_of(st.binary(max_size=230), tricky))
def test_a_frame_is_taken_only_if_it_is_sealed(data):
    try:
        frame = decode_frame(data)
    except ProtocolError:
        return
    assert is_sealed(data.lstrip(b"\xfe"))
    train = len(data) - len(data.lstrip(b"\xfe"))  # a sender may send five
    assert b"\xfe" * max(train - 5, 0) + encode_frame(frame, min(train, 5)) == data


@given(digits, st.integers(0, 255), payloads)
def test_every_frame_survives_the_way_there_and_back_or_is_no_message(address, control, data):
    raw = encode_frame(Frame(address, control, data))
    assert decode_frame(raw) == (address, control, data)
    try:
        message = message_of(decode_frame(raw))
    except ProtocolError:
        return
    try:
        assert encode_message(message) == raw
    except NotAllowed:  # what somebody broadcast and we never would
        assert address == "9" * 12 and control & 0x1F not in (0x08, 0x16)


@given(st.integers(0, 0xFFFFFFFF) | st.sampled_from((0x0001FF00, 0x0201FF00, 0x02020100)), payloads)
def test_values_are_numbers_or_unknown_and_encode_to_the_same_value(di, data):
    try:
        found = dlt645_data.decode_values(di, data)
    except ProtocolError:
        return
    if found is None or not all(isinstance(value.value, int) for value in found):
        return
    numbers = [value.value for value in found]
    again = dlt645_data.encode_values(di, numbers)
    assert dlt645_data.decode_values(di, again) == found


@given(digits, st.integers(0, 0xFFFFFFFF), st.binary(min_size=1, max_size=196), st.booleans(), streams, cuts)
def test_an_answer_is_found_behind_whatever_is_in_front_of_it(address, di, data, more, noise, places):
    request = question(address, None, di, len(data))
    wire = address_bytes(address)
    frame = sealed(wire, 0xB1 if more else 0x91, di.to_bytes(4, "little") + data)
    expected = Reply(address, 0x11 | MORE if more else 0x11, data)
    assert hear(request, split(frame, places)) == expected
    if wire not in noise:  # else what stands there is a header of ours
        assert hear(request, split(noise + frame, places)) == expected


@given(digits, st.integers(0, 0xFFFFFFFF), streams | tricky, cuts)
def test_what_the_reader_takes_stands_sealed_in_the_stream(address, di, stream, places):
    for asked, key in (
        (address, di),
        ("AAAAAAAAAAAA", 0x00010000),
        ("AAAAAAAAAAAA", 0x02010100),
        ("111111111111", 0x00000000),
    ):
        answer = hear(question(asked, None, key, 1), split(stream, places))
        if isinstance(answer, Failure):
            assert b"\x68" + address_bytes(answer.address) + b"\x68" in stream
        elif answer:
            tail = moved(key.to_bytes(4, "little") + answer.data, 0x33)
            head = b"\x68" + address_bytes(answer.address) + b"\x68"
            start = stream.index(tail) - 10
            assert stream[start:].startswith(head)
            assert is_sealed(stream[start : start + 12 + len(tail)])


@settings(max_examples=30)
@given(st.data())
def test_a_changed_byte_in_a_published_frame_is_never_taken(data):
    vector = data.draw(st.sampled_from(VECTORS))
    raw = bytes.fromhex(vector["hex"])
    start = vector["decoded"]["preamble_fe"]
    for at in range(start, len(raw)):
        change = data.draw(st.integers(1, 255))
        changed = raw[:at] + bytes([raw[at] ^ change]) + raw[at + 1 :]
        assert all(piece.frame is None for piece in pieces(changed))


def test_64_kib_without_a_frame_take_bounded_time_and_pieces():
    reply = FRAMES[1]
    for junk in (
        b"\x00",
        b"\x68",
        b"\xfe",
        b"\x16\x68",
        b"\x68" + bytes(6),
        reply[:10],
        b"\x68" + bytes(6) + b"\x68\x91\xc8",
        b"\x68" + bytes(6) + b"\x68\x91\xff",
        b"\x16" * 100 + b"\x68" * 100,
        reply[:-2] + b"\x00\x16",
    ):
        data = (junk * (65536 // len(junk) + 1))[:65536]
        began = time.process_time()
        found = pieces(data)
        assert time.process_time() - began < JUNK_S_MAX, junk
        assert len(found) <= len(data) // 7 + 1 and all(piece.frame is None for piece in found)
        reader = ReplyReader()
        reader.expect(question("000000000161", None, 0x00010000, 4))
        began = time.process_time()
        assert reader.receive(data) is None and reader.end() is None
        assert time.process_time() - began < JUNK_S_MAX, junk
