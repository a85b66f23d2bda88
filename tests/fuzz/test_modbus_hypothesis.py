"""Modbus against arbitrary bytes, noise and timing: nothing undeclared, nothing wrong taken for right."""

import json
import struct
from fractions import Fraction
from itertools import pairwise
from math import isfinite
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from pymodbus.framer.rtu import FramerRTU

from karez_firmware.drivers.master import IDLE, OK, SENDING, WAITING, Master
from karez_protocols import modbus, modbus_frames, profile_document, registers
from karez_protocols.crc import crc16_modbus
from karez_protocols.errors import ProtocolError
from karez_protocols.exchange import Failure, Reply
from karez_protocols.modbus import ReplyReader, Request
from karez_protocols.profile import Profile

TUF = (Path(profile_document.__file__).parent / "profiles" / "tuf2000m.json").read_text()

requests = st.builds(
    Request, st.integers(1, 247), st.sampled_from((3, 4)), st.integers(0, 0xFF00), st.integers(1, 125)
)


@st.composite
def exchanges(draw):
    """(request, its answer)."""
    request = draw(requests)
    if draw(st.booleans()):
        return request, Failure(request.address, request.function, draw(st.integers(1, 255)))
    size = 2 * request.count
    return request, Reply(request.address, request.function, draw(st.binary(min_size=size, max_size=size)))


def frame_of(answer):
    return (modbus_frames.encode_failure if isinstance(answer, Failure) else modbus_frames.encode_reply)(
        answer
    )


def pieces(stream, cuts):
    edges = sorted({0, len(stream), *(cut % (len(stream) + 1) for cut in cuts)})
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


cuts = st.lists(st.integers(0, 600), max_size=6)


@given(st.binary(max_size=300))
def test_the_crc_agrees_with_pymodbus(data):
    # pymodbus returns the two bytes as they go over the wire, as one big-endian number.
    theirs = FramerRTU.compute_CRC(data)
    assert crc16_modbus(data) == (theirs >> 8 | (theirs & 0xFF) << 8)


@given(st.binary(max_size=300))
def test_arbitrary_bytes_raise_only_declared_errors(data):
    sealed = data + struct.pack("<H", crc16_modbus(data))
    for frame in (data, sealed):
        for decode, encode in (
            (modbus_frames.decode_request, modbus_frames.encode_request),
            (modbus_frames.decode_reply, modbus_frames.encode_reply),
            (modbus_frames.decode_failure, modbus_frames.encode_failure),
        ):
            try:
                facts = decode(frame)
            except ProtocolError:
                continue
            assert encode(facts) == frame


@given(exchanges(), st.binary(max_size=40), st.binary(max_size=10), st.booleans(), cuts)
def test_the_answer_is_found_behind_noise_and_echo(exchange, before, after, echo, where):
    request, answer = exchange
    before = before.replace(bytes((request.address,)), b"\0" if request.address != 0 else b"")
    stream = before + (modbus.encode_request(request) if echo else b"") + frame_of(answer) + after
    if not echo and frame_of(answer).startswith(modbus.encode_request(request)):
        return  # taken for an echo: lost, which is safe
    assert hear(request, pieces(stream, where)) == answer


@given(exchanges(), st.binary(max_size=300), st.binary(max_size=300), cuts)
def test_no_noise_makes_a_wrong_answer(exchange, before, after, where):
    request, answer = exchange
    stream = before + frame_of(answer) + after
    assert hear(request, pieces(stream, where)) in (None, answer)


@given(exchanges(), st.data(), cuts)
def test_no_burst_within_sixteen_bits_makes_an_answer(exchange, data, where):
    request, answer = exchange
    frame = bytearray(frame_of(answer))
    at = data.draw(st.integers(0, len(frame) - 2))
    mask = data.draw(st.integers(1, 0xFFFF))
    frame[at] ^= mask >> 8
    frame[at + 1] ^= mask & 0xFF
    assert hear(request, pieces(bytes(frame), where)) is None


@given(exchanges(), exchanges(), cuts)
def test_the_answer_to_another_question_is_none(ours, theirs, where):
    request, _ = ours
    _, answer = theirs
    got = hear(request, pieces(frame_of(answer), where))
    if got is not None:
        assert got == answer and got.address == request.address and got.function == request.function
        assert isinstance(got, Failure) or len(got.data) == 2 * request.count


def exactly(value, scale):
    """`value` (a Fraction) x 10^scale, rounded half away from zero."""
    scaled = value * Fraction(10) ** scale
    rounded = (2 * abs(scaled.numerator) + scaled.denominator) // (2 * scaled.denominator)
    return -rounded if scaled < 0 else rounded


@given(st.integers(0, 0xFFFFFFFF), st.integers(-9, 9))
def test_floats_are_scaled_exactly(bits, scale):
    (number,) = struct.unpack(">f", struct.pack(">I", bits))
    expected = exactly(Fraction(number), scale) if isfinite(number) else None
    if expected is not None and abs(expected) > registers.VALUE_MAX:
        expected = None
    parts = registers.f32_parts(bits)
    assert (None if parts is None else registers.scaled(parts[0], scale, parts[1])) == expected


@given(st.integers(-(1 << 31), (1 << 31) - 1), st.integers(0, 0xFFFFFFFF), st.integers(-9, 9))
def test_split_totals_are_added_exactly(whole, bits, scale):
    (fraction,) = struct.unpack(">f", struct.pack(">I", bits))
    joined = registers.joined(whole, registers.f32_parts(bits), 0)
    if not isfinite(fraction) or abs(fraction) > 1:
        assert joined is None
    else:
        assert registers.scaled(joined[0], scale, joined[1]) == exactly(whole + Fraction(fraction), scale)


@given(st.integers(0, 8), st.data())
def test_totals_rise_with_the_meter(n, data):
    total = Profile(json.loads(TUF))

    def volume(whole, fraction):
        bits = struct.unpack(">I", struct.pack(">f", fraction))[0]
        block = bytearray(32)
        block[16:24] = struct.pack(">HHHH", whole & 0xFFFF, whole >> 16, bits & 0xFFFF, bits >> 16)
        replies = [bytes(block), bytes(42), struct.pack(">HH", 0, n)]
        return total.decode(replies)["volume_l"]

    parts = st.tuples(st.integers(0, (1 << 31) - 1), st.floats(0, 1, width=32, exclude_max=True))
    lower, higher = sorted((data.draw(parts), data.draw(parts)))
    if n > 7:
        assert volume(*lower) is None
    else:
        assert volume(*lower) <= volume(*higher)


leaves = (
    st.none()
    | st.booleans()
    | st.integers(-(1 << 70), 1 << 70)
    | st.floats()
    | st.text(max_size=4)
    | st.lists(st.integers(-1, 3), max_size=2)
    | st.dictionaries(st.text(max_size=2), st.integers(0, 3), max_size=2)
)


@settings(max_examples=300)
@given(st.data())
def test_a_broken_profile_raises_only_declared_errors(data):
    document = json.loads(TUF)
    place = document
    while True:
        key = data.draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place))))
        inner = place[key]
        if not isinstance(inner, (dict, list)) or not inner or data.draw(st.booleans()):
            place[key] = data.draw(leaves)
            break
        place = inner
    try:
        profile = Profile(document)
    except ProtocolError:
        return
    replies = [data.draw(st.binary(min_size=2 * count, max_size=2 * count)) for _, count in profile.requests]
    values = profile.decode(replies)
    assert sorted(values) == sorted(profile.unknown())
    assert all(value is None or abs(value) <= registers.VALUE_MAX for value in values.values())
    assert len(profile.total_raw(replies)) in (2, 4, 8)
    profile.is_measuring(values)
    profile.meanings(values)
    profile.total_modulus(replies)


class AnyLine(RuleBasedStateMachine):
    """Whatever the line delivers and however late turns come, an exchange ends and never lies."""

    @initialize()
    def begin(self):
        self.master = Master(ReplyReader(), 9600)
        self.now_us = 0
        self.started_us = 0
        self.asked = Request(1, 3, 0, 2)
        self.tag = 0
        self.frames = {}  # data -> frame of every answer to what is asked now
        self.heard = b""

    def idle(self):
        return self.master.state not in (SENDING, WAITING)

    @precondition(idle)
    @rule(address=st.integers(1, 3), count=st.integers(1, 3))
    def start(self, address, count):
        self.asked = Request(address, 3, 0, count)
        self.frames, self.heard = {}, b""
        self.started_us = self.now_us
        assert self.master.start(self.asked, self.now_us, (50_000, 20_000, 0, 2))

    @rule(step_us=st.sampled_from((1, 500, 3_646, 20_000, 50_000, 200_000)), data=st.binary(max_size=12))
    def turn(self, step_us, data):
        self.serve(step_us, data)

    @precondition(lambda self: self.master.state == WAITING)
    @rule(step_us=st.sampled_from((1, 500, 10_000)), noise=st.binary(max_size=4), cut=st.integers(0, 2))
    def answer(self, step_us, noise, cut):
        self.tag += 1
        data = struct.pack(">H", self.tag & 0xFFFF) * self.asked.count
        frame = modbus_frames.encode_reply(Reply(self.asked.address, 3, data))
        self.frames[data] = frame
        self.serve(step_us, noise + frame[: len(frame) - cut])

    @rule()
    def cancel(self):
        self.master.cancel()
        assert self.master.state == IDLE

    def serve(self, step_us, data):
        self.now_us += step_us
        self.heard += data
        self.master.receive(data, self.now_us)
        self.master.poll(self.now_us)
        out = self.master.data_to_send(self.now_us)
        assert out in (b"", modbus.encode_request(self.asked))

    @invariant()
    def never_lies(self):
        if self.master.is_done() and self.master.status == OK:
            # Whole on the line: noise may be the very bytes that were torn off an answer.
            assert self.frames[self.master.data] in self.heard

    @invariant()
    def ends(self):
        deadline_us = self.master.next_deadline_us()
        if self.idle():
            assert deadline_us is None
        else:
            # A late answer to pass, then per try: babble, request, timeout, byte gap, answer.
            bound_us = 2 * (270_000 + 8_334 + 50_000 + 20_000 + 12_000 + 200_000) + 200_000
            assert deadline_us <= self.started_us + 2 * bound_us


AnyLine.TestCase.settings = settings(max_examples=120, stateful_step_count=40)
TestAnyLine = AnyLine.TestCase
