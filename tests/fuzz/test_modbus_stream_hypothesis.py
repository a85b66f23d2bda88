"""Modbus captures of arbitrary content: what was sent is found, and nothing undeclared happens."""

import json
import time
from itertools import pairwise
from pathlib import Path

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from karez_gateway.decoder.finding import Options
from karez_gateway.decoder.modbus import decode
from karez_protocols import modbus_frames
from karez_protocols.errors import ProtocolError
from karez_protocols.exchange import Failure, Reply
from karez_protocols.modbus import Request
from karez_protocols.modbus_answer import AnswerReader
from karez_protocols.modbus_messages import Identify, ReadWrite, Write, WriteMany, Written, is_answer
from karez_protocols.modbus_stream import is_reply, pieces

FRAMES = [
    bytes.fromhex(vector["hex"])
    for vector in json.loads((Path(__file__).parents[1] / "vectors" / "modbus.json").read_text())
]
# A frame's second byte is a function or an exception to one: none begins in these. The last byte is
# no address (above 247): the next frame's own address cannot be read as a function behind it.
JUNK = st.lists(st.sampled_from(range(0x20, 0x80)), max_size=40).map(lambda body: bytes(body) + b"\xff")
SECONDS_MAX = 4  # of 64 KiB, on a loaded machine; measured 0.1 to 0.4 s on an idle one

addresses = st.integers(1, 247)
words = st.integers(0, 0xFFFF)


@st.composite
def bits_asked(draw):
    start = draw(words)
    return Request(draw(addresses), draw(st.sampled_from((1, 2))), start, draw(_count(start, 2000)))


def _count(start, most):
    return st.integers(1, min(most, 0x10000 - start))


@st.composite
def registers_asked(draw):
    start = draw(words)
    return Request(draw(addresses), draw(st.sampled_from((3, 4))), start, draw(_count(start, 125)))


@st.composite
def many_written(draw):
    function, most = draw(st.sampled_from(((15, 1968), (16, 123))))
    start = draw(words)
    count = draw(_count(start, most))
    size = 2 * count if function == 16 else (count + 7) // 8
    address = draw(st.integers(0, 247))
    return WriteMany(address, function, start, count, draw(st.binary(min_size=size, max_size=size)))


@st.composite
def exchanged(draw):
    start, write_start = draw(words), draw(words)
    size = 2 * draw(_count(write_start, 121))
    data = draw(st.binary(min_size=size, max_size=size))
    return ReadWrite(draw(addresses), 23, start, draw(_count(start, 125)), write_start, data)


requests = st.one_of(
    bits_asked(),
    registers_asked(),
    st.builds(Write, st.integers(0, 247), st.just(5), words, st.integers(0, 1)),
    st.builds(Write, st.integers(0, 247), st.just(6), words, words),
    many_written(),
    st.builds(Identify, addresses, st.just(17)),
    exchanged(),
)


@st.composite
def exchanges(draw):
    """(request, its answer)."""
    request = draw(requests.filter(lambda one: one.address))
    if draw(st.integers(0, 4)) == 0:
        code = draw(st.sampled_from((1, 2, 3, 4, 5, 6, 7, 8, 10, 11)))
        return request, Failure(request.address, request.function, code)
    if isinstance(request, Write | WriteMany):
        value = request.value if isinstance(request, Write) else request.count
        return request, Written(request.address, request.function, request.start, value)
    if isinstance(request, Identify):
        data = draw(st.binary(min_size=1, max_size=251))
    else:
        size = (request.count + 7) // 8 if request.function < 3 else 2 * request.count
        data = draw(st.binary(min_size=size, max_size=size))
    return request, Reply(request.address, request.function, data)


def frame_of(message):
    if isinstance(message, Failure):
        return modbus_frames.encode_failure(message)
    return (modbus_frames.encode_reply if is_reply(message) else modbus_frames.encode_request)(message)


def is_frame_and_zero(frame):
    return frame[-1] == 0 and (is_frame(frame[:-1]) or (frame[-2] == 0 and is_frame(frame[:-2])))


def is_frame(data):
    for read in (modbus_frames.decode_request, modbus_frames.decode_reply, modbus_frames.decode_failure):
        try:
            read(data)
        except ProtocolError:
            continue
        return True
    return False


def same(one, other):
    return type(one) is type(other) and one == other


@given(exchanges())
def test_every_function_survives_the_wire_in_both_directions(exchange):
    request, answer = exchange
    assert same(modbus_frames.decode_request(frame_of(request)), request)
    decoder = modbus_frames.decode_failure if isinstance(answer, Failure) else modbus_frames.decode_reply
    assert same(decoder(frame_of(answer)), answer)
    assert is_answer(request, answer)
    assert len(frame_of(request)) <= 256 and len(frame_of(answer)) <= 256


@given(
    st.lists(st.one_of(exchanges(), requests), min_size=1, max_size=6), st.lists(JUNK, min_size=7, max_size=7)
)
def test_frames_with_junk_between_are_found_exactly(sent, junk):
    stream, expected = junk[0], []
    for at, one in enumerate(sent):
        for message in one if type(one) is tuple else (one,):
            expected.append((len(stream), frame_of(message), message))
            stream += frame_of(message)
        stream += junk[at + 1]
    good = [piece for piece in pieces(stream) if piece.frame]
    wanted = [(offset, frame) for offset, frame, _ in expected]
    assert [(p.offset, stream[p.offset : p.offset + p.length]) for p in good] == wanted


@example(sent=[(Request(221, 1, 548, 434), Failure(221, 1, 1))], zeros=b"")
@given(st.lists(exchanges(), min_size=1, max_size=6), st.binary(max_size=8).map(lambda b: bytes(len(b))))
def test_questions_and_answers_are_told_apart(sent, zeros):
    # An answer that is its question byte for byte is taken for an echo: the two are left out.
    stream = zeros.join(frame_of(message) for exchange in sent for message in exchange)
    # A shorter frame and a byte of 00 is what a line that floats behind it would be, too: nobody can tell.
    assume(not any(is_frame_and_zero(frame_of(message)) for exchange in sent for message in exchange))
    found = [piece.frame for piece in pieces(stream)]
    expected = [message for exchange in sent for message in exchange]
    assert len(found) == len(expected)
    pairs = list(zip(found, expected, strict=True))
    assume(not any(frame_of(ask) == frame_of(answer) and ask.function < 3 for ask, answer in sent))
    assert all(same(one, other) for one, other in pairs), pairs


@given(st.lists(st.one_of(st.binary(max_size=60), st.sampled_from(FRAMES)), max_size=12), st.data())
def test_arbitrary_captures_raise_nothing_and_every_good_piece_is_a_frame(parts, data):
    stream = bytearray(b"".join(parts))
    for _ in range(data.draw(st.integers(0, 3))):
        if stream:
            stream[data.draw(st.integers(0, len(stream) - 1))] ^= data.draw(st.integers(1, 255))
    raw = bytes(stream)
    found = pieces(raw)
    at = 0
    for piece in found:
        assert piece.offset >= at and piece.length > 0 and not any(raw[at : piece.offset])
        at = piece.offset + piece.length
        if piece.frame:
            assert frame_of(piece.frame) == raw[piece.offset : at]
        else:
            assert isinstance(piece.error, ProtocolError)
    assert at <= len(raw) and (found or not raw) and not (any(raw[at:]))
    findings = decode(raw, Options(profile=data.draw(st.sampled_from(("", "tuf2000m")))))
    assert [(one.offset, one.length, one.is_good) for one in findings] == [
        (piece.offset, piece.length, piece.frame is not None) for piece in found
    ]
    json.dumps([one.facts for one in findings])
    for one in findings:
        assert b"".join(field.raw for field in one.fields) in (raw[one.offset : one.offset + one.length], b"")


@given(exchanges(), st.binary(max_size=30), st.booleans(), st.lists(st.integers(0, 600), max_size=5))
def test_the_tools_reader_finds_the_answer_behind_noise_and_echo(exchange, noise, has_echo, cuts):
    request, answer = exchange
    noise = noise.replace(bytes((request.address,)), b"\0")
    echo = frame_of(request) if has_echo else b""
    assume(isinstance(request, Write) or not frame_of(answer).startswith(frame_of(request)))
    stream = noise + echo + frame_of(answer)
    reader = AnswerReader(has_echo)
    reader.expect(request)
    edges = sorted({0, len(stream), *(cut % (len(stream) + 1) for cut in cuts)})
    heard = [reader.receive(stream[a:b]) for a, b in pairwise(edges)] + [reader.end()]
    (got,) = [one for one in heard if one]
    assert same(got, answer)


@given(exchanges(), st.binary(max_size=200))
def test_the_tools_reader_takes_nothing_else_for_the_answer(exchange, noise):
    request, answer = exchange
    reader = AnswerReader()
    reader.expect(request)
    got = reader.receive(noise) or reader.end()
    assert got is None or (is_answer(request, got) and frame_of(got) in noise)
    assert len(reader._buffer) <= reader.BUFFER_BYTES_MAX
    assert answer is not None


@settings(max_examples=12, deadline=None)
@given(st.lists(st.integers(0, 255), min_size=1, max_size=6))
def test_sixty_four_kibibytes_of_junk_take_bounded_time(pattern):
    junk = (bytes(pattern) * (65536 // len(pattern) + 1))[:65536]
    began = time.process_time()
    found = pieces(junk)
    assert time.process_time() - began < SECONDS_MAX
    assert found and len(found) <= len(junk)
