"""CJ/T 188 against arbitrary bytes: nothing undeclared, nothing wrong taken for right, in bounded time."""

import importlib.util
import random
import time
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from karez_gateway.decoder.cjt188 import decode
from karez_protocols import cjt188, cjt188_data, cjt188_frames, cjt188_stream
from karez_protocols.cjt188 import ReplyReader
from karez_protocols.cjt188_frames import Message
from karez_protocols.exchange import Failure, Reply

HERE = Path(__file__).parent
JUNK_BYTES = 64 * 1024
JUNK_SECONDS = 2.0  # well under one on an idle machine; two cores here serve many

spec = importlib.util.spec_from_file_location("atheris_cjt188", HERE / "atheris_cjt188.py")
target = importlib.util.module_from_spec(spec)
spec.loader.exec_module(target)

numbers = st.integers(0, 10**14 - 1).map("{:014d}".format)
types = st.sampled_from((0x10, 0x11, 0x20, 0x30, 0x40))
digits = st.none() | st.integers(0, 10**8 - 1)
short = st.none() | st.integers(0, 10**6 - 1)
byte = st.integers(0, 255)
keys = st.sampled_from((0x901F, 0x1F90, 0x810A, 0x0A81, 0xD120, 0xA017))
cuts = st.lists(st.integers(0, 300), max_size=6)
clocks, statuses = st.binary(min_size=7, max_size=7), st.binary(min_size=2, max_size=2)
meterings = st.builds(cjt188_data.Metering, digits, byte, digits, byte, clocks, statuses)
heats = st.tuples(
    *[part for _ in range(5) for part in (digits, byte)],
    *[short] * 3,
    clocks,
    statuses,
).map(lambda parts: cjt188_data.Heat(*parts))


@st.composite
def messages(draw):
    """Any message of either direction."""
    control = draw(st.sampled_from([code for code in range(256) if cjt188_frames.is_known(code)]))
    preamble, meter_type, number, ser = draw(st.integers(0, 5)), draw(byte), draw(numbers), draw(byte)
    if control & cjt188_frames.REFUSED:
        data = draw(st.binary(min_size=2, max_size=2))
        return Message(preamble, meter_type, number, control, None, ser, data)
    data = draw(st.binary(max_size=47))
    return Message(preamble, meter_type, number, control, draw(keys | st.integers(0, 0xFFFF)), ser, data)


@st.composite
def exchanges(draw):
    """(request with a number of its own, frame of its answer, the answer)."""
    meter_type, number, ser = draw(types), draw(numbers), draw(byte)
    address = f"{meter_type:02X}:{number}"
    request = cjt188.question(
        address, draw(st.sampled_from((1, 3, 9))), draw(keys), draw(st.integers(0, 30)), ser
    )
    asked = cjt188_frames.decode(cjt188.encode_request(request))
    if draw(st.booleans()):
        status = draw(st.binary(min_size=2, max_size=2))
        message = cjt188_frames.refusal(asked, meter_type, number, status)
        answer = Failure(address, request.function, int.from_bytes(status, "big"))
    else:
        data = draw(st.binary(min_size=request.count, max_size=60))
        message = cjt188_frames.answer(asked, meter_type, number, data)
        answer = Reply(address, request.function, data)
    return request, cjt188_frames.encode(message), answer


def parts_of(stream, where):
    edges = sorted({0, len(stream), *(cut % (len(stream) + 1) for cut in where)})
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


@pytest.mark.parametrize("seed", sorted((HERE / "corpus" / "cjt188").iterdir()), ids=lambda path: path.name)
def test_the_seeds_of_the_fuzzer_keep_its_promises(seed):
    data = seed.read_bytes()
    for cut in range(len(data) + 1):
        target.one(data[:cut])
        target.one(data[cut:])


@given(st.binary(max_size=300))
def test_arbitrary_bytes_raise_only_declared_errors(data):
    target.one(data)
    target.one(data + bytes((sum(data) & 0xFF, 0x16)))
    sealed = b"\x68\x10" + data[:7] + b"\x81" + bytes((min(len(data[7:]), 255),)) + data[7:262]
    target.one(sealed + bytes((sum(sealed) & 0xFF, 0x16)))


@given(messages())
def test_every_message_round_trips(message):
    frame = cjt188_frames.encode(message)
    assert cjt188_frames.decode(frame) == message
    (piece,) = cjt188_stream.pieces(frame)
    assert piece.frame == message and piece.length == len(frame)


@given(st.lists(messages(), max_size=4))
def test_glued_frames_come_apart(several):
    stream = b"".join(cjt188_frames.encode(message) for message in several)
    assert [piece.frame for piece in cjt188_stream.pieces(stream)] == several


@given(st.lists(messages(), min_size=1, max_size=3), st.data())
def test_a_corrupted_byte_costs_one_frame_and_no_other(several, data):
    frames = [cjt188_frames.encode(message) for message in several]
    hit = data.draw(st.integers(0, len(frames) - 1))
    at = data.draw(st.integers(several[hit].preamble, len(frames[hit]) - 1))
    damaged = bytearray(frames[hit])
    damaged[at] ^= data.draw(st.integers(1, 255))
    stream = b"".join([*frames[:hit], bytes(damaged), *frames[hit + 1 :]])
    kept = [piece.frame for piece in cjt188_stream.pieces(stream) if piece.frame]
    assert kept == several[:hit] + several[hit + 1 :]


@given(messages(), st.integers(0, 255), st.binary(max_size=20))
def test_a_lie_about_the_length_yields_no_frame(message, lie, after):
    frame = bytearray(cjt188_frames.encode(message))
    at = message.preamble + 10
    if frame[at] == lie:
        return
    frame[at] = lie
    assert not any(piece.frame == message for piece in cjt188_stream.pieces(bytes(frame) + after))


@given(meterings, heats)
def test_data_round_trip_and_the_decoder_explains_them(metering, heat):
    data = cjt188_data.encode_metering(metering)
    warm = cjt188_data.encode_heat(heat)
    assert cjt188_data.decode_metering(data) == metering and cjt188_data.decode_heat(warm) == heat
    for content in (data, warm):
        frame = cjt188_frames.encode(Message(2, 0x10, "0" * 14, 0x81, 0x901F, 1, content))
        (finding,) = decode(frame)
        assert finding.is_good and b"".join(field.raw for field in finding.fields) == frame


@given(meterings, st.sampled_from((0, 1, 2, 3, 5, 6, 7, 8)), st.sampled_from((0x0A, 0xA0, 0x9F, 0xEE)))
def test_letters_among_digits_are_refused(metering, at, letters):
    data = bytearray(cjt188_data.encode_metering(metering))
    data[at] = letters
    frame = cjt188_frames.encode(Message(0, 0x10, "0" * 14, 0x81, 0x901F, 1, bytes(data)))
    (finding,) = decode(frame)
    assert finding.facts["reason"] == "digits" and "not all digits" in finding.facts["detail"]


@given(exchanges(), st.binary(max_size=40), st.booleans(), st.integers(0, 5), cuts)
def test_the_answer_is_found_behind_noise_and_echo(exchange, before, has_echo, preamble, where):
    request, frame, answer = exchange
    # A 68 in the noise may open a header that matches: then it is damage, and lost, which is safe.
    before = before.replace(b"\x68", b"\0")
    echo = cjt188.encode_request(request) if has_echo else b""
    stream = before + echo + b"\xfe" * preamble + frame[4:]
    assert hear(request, parts_of(stream, where)) == answer


@given(exchanges(), st.binary(max_size=200), st.binary(max_size=200), cuts)
def test_no_noise_makes_a_wrong_answer(exchange, before, after, where):
    request, frame, answer = exchange
    assert hear(request, parts_of(before + frame + after, where)) in (None, answer)


@given(exchanges(), st.data(), cuts)
def test_no_corrupted_byte_makes_an_answer(exchange, data, where):
    request, frame, _ = exchange
    damaged = bytearray(frame)
    damaged[data.draw(st.integers(4, len(frame) - 1))] ^= data.draw(st.integers(1, 255))
    assert hear(request, parts_of(bytes(damaged), where)) is None


@given(exchanges(), exchanges(), cuts)
def test_the_answer_to_another_question_is_none(ours, theirs, where):
    request, _, _ = ours
    _, frame, _ = theirs
    got = hear(request, parts_of(frame, where))
    assert got is None or (got.address == request.address and got.function == request.function)


HEADER = bytes.fromhex("6810010000050800008110")
JUNK = {
    "random": random.Random(188).randbytes(JUNK_BYTES),
    "zeros": bytes(JUNK_BYTES),
    "preamble": b"\xfe" * JUNK_BYTES,
    "starts": b"\x68" * JUNK_BYTES,
    "starts and ends": b"\x68\x16" * (JUNK_BYTES // 2),
    "headers": HEADER * (JUNK_BYTES // len(HEADER)),
    "headers of the longest": (HEADER[:-1] + b"\x64") * (JUNK_BYTES // len(HEADER)),
    "ends where L says": (b"\x68" + bytes(9) + b"\xff\x16") * (JUNK_BYTES // 12),
}


@pytest.mark.parametrize("name", JUNK)
def test_64_kib_without_a_frame_take_little_time(name):
    junk = JUNK[name]
    started = time.process_time()
    found = cjt188_stream.pieces(junk)
    reader = ReplyReader()
    reader.expect(cjt188.question("AA:AAAAAAAAAAAAAA", 1, 0x901F, 19))
    for at in range(0, len(junk), 64):
        assert reader.receive(junk[at : at + 64]) is None
        assert len(reader._buffer) <= reader.BUFFER_BYTES_MAX
    assert time.process_time() - started < JUNK_SECONDS
    assert not any(piece.frame for piece in found)
    assert sum(piece.length for piece in found) == len(junk)
