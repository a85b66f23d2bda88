"""SL 651 under any bytes: declared errors only, what is written comes back, nothing lost, bounded time."""

import json
import time
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from karez_gateway.decoder.finding import Options
from karez_gateway.decoder.sl651 import decode
from karez_protocols import sl651, sl651_messages
from karez_protocols.errors import NotAllowed, ProtocolError
from karez_protocols.sl651_dialect import SL651_2014, Dialect
from karez_protocols.sl651_elements import ELEMENTS, each
from karez_protocols.sl651_frames import ENDS, ENQ, ETX, Frame
from karez_protocols.sl651_messages import Group, Line
from karez_protocols.sl651_packets import Assembly, divided
from karez_protocols.sl651_parts import Element
from karez_protocols.sl651_quantities import element_for, quantity
from karez_protocols.sl651_reading import decode_message
from karez_protocols.sl651_stream import StreamReader, pieces
from karez_protocols.sl651_times import Step, time_at
from karez_protocols.sl651_writing import encode_body, encode_message

UNHURRIED = settings(deadline=None)  # a busy machine is no failure
JUNK_S_MAX = 40  # a stream of headers that promise 4 kB each, with an end there, takes 5 s at worst here
VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "sl651.json").read_text(encoding="utf-8"))
REAL = [bytes.fromhex(vector["hex"]) for vector in VECTORS if len(vector["hex"]) < 200]
ASCII = (
    b"\x01010010100001A00032003E\x021234240109160128 ST 0010100001 H TT 2401091601 PJ 3.5 Z 12.34 \x038279"
)
DIALECTS = st.sampled_from(
    [SL651_2014, Dialect(filler=0xFF), Dialect(wide_packets=True), Dialect(ascii_space=True)]
)
STATIONS = st.binary(min_size=5, max_size=5)
PACKETS = st.none() | st.integers(1, 4095).flatmap(
    lambda total: st.tuples(st.just(total), st.integers(1, total))
)
FRAMES = st.builds(
    Frame,
    st.booleans(),
    st.integers(0, 255),
    STATIONS,
    st.integers(0, 65535),
    st.integers(0, 255),
    st.binary(min_size=1, max_size=300),
    st.sampled_from(list(ENDS)),
    PACKETS,
    st.booleans(),
)
FUNCTIONS = st.integers(0x2E, 0x52) | st.sampled_from([0x00, 0xE0, 0xFF])
HEADS = st.sampled_from(
    [
        bytes.fromhex("0007240712101530"),
        bytes.fromhex("0007240712101530F1F14101050001"),
        bytes.fromhex("0007240712101530F1F1410105000147F0F02407121100"),
        bytes.fromhex("0007240712101530F1F1410105000147F0F024071211000418000005"),
        b"0007240712101530",
        b"0007240712101530ST 4101050001 ",
        b"0007240712101530ST 4101050001 G TT 2407121100 ",
        b"0007240712101530ST 4101050001 G TT 2407121100 DRN05 ",
    ]
)
# Words a body consists of, in HEX and in ASCII.
TOKENS = st.sampled_from(
    [
        bytes.fromhex(one)
        for one in ("F0F02407121100", "F1F1410105000147", "0E1A002345", "3923AAAAAAAA", "452000000480")
    ]
    + [
        bytes.fromhex(one)
        for one in ("FF0908", "F460", "0418000005", "2B00", "0310AAAA", "F3F3", "F2F2", "FF00")
    ]
    + [
        b"H 23.45 ",
        b"Z M ",
        b"ZT 00000480 ",
        b"TT 2407121100 ",
        b"ST 4101050001 ",
        b"G ",
        b"DRP ",
        b"PX -1.5 ",
        b"1.2 ",
    ]
)
BODIES = st.builds(
    lambda head, rest: head + b"".join(rest), HEADS, st.lists(TOKENS | st.binary(max_size=6), max_size=8)
)


def same_but_raised(data, dialect):
    """The frame of these bytes, None for a declared error."""
    try:
        return sl651.decode(data, dialect)
    except ProtocolError:
        return None


@UNHURRIED
@given(st.binary(max_size=400), DIALECTS)
def test_any_bytes_are_a_frame_that_encodes_to_itself_or_a_declared_error(data, dialect):
    frame = same_but_raised(data, dialect)
    if frame is not None:
        assert sl651.decode(sl651.encode(frame, dialect), dialect) == frame


@UNHURRIED
@given(FRAMES)
def test_any_frame_comes_back_as_it_was(frame):
    raw = sl651.encode(frame)
    assert sl651.decode(raw) == frame and sl651.encode(sl651.decode(raw)) == raw


@UNHURRIED
@given(FRAMES, st.data())
def test_a_changed_byte_never_gives_another_frame(frame, data):
    raw = sl651.encode(frame)
    at = data.draw(st.integers(0, len(raw) - 1))
    bad = raw[:at] + bytes([raw[at] ^ data.draw(st.integers(1, 255))]) + raw[at + 1 :]
    found = same_but_raised(bad, SL651_2014)
    # Digits of the CRC may be small letters.
    assert found is None or (frame.is_ascii and at >= len(raw) - 4 and found == frame)


@settings(max_examples=400, deadline=None)
@given(BODIES, FUNCTIONS, st.booleans(), st.booleans(), DIALECTS)
def test_any_body_is_a_message_that_comes_back_from_its_own_bytes_or_a_declared_error(
    body, function, is_up, is_ascii, dialect
):
    frame = Frame(is_up, 1, bytes(5), 0, function, body, ETX if is_up else ENQ, None, is_ascii)
    try:
        message = decode_message(frame, dialect)
    except ProtocolError:
        return
    try:
        written = encode_body(message, is_ascii, dialect)
    except NotAllowed:
        return  # what others send and we never would
    assert decode_message(frame._replace(body=written), dialect) == message


TIMES = st.integers(946684800, 4102416000 - 28801).map(lambda utc_s: time_at(utc_s, 28800))
MINUTES = TIMES.map(lambda time: time._replace(second=0))
NUMERIC = [one for one in each(ELEMENTS) if one.kind == "N"]


@st.composite
def elements(draw):
    what = draw(st.sampled_from(NUMERIC))
    digits = draw(st.none() | st.integers(0, 10**what.digits - 1))
    size = (what.digits + 1) // 2
    if digits and what.field.endswith("_mm") and draw(st.booleans()):
        return Element(what.ident, size + 1, what.decimals, -digits)
    return Element(what.ident, size, what.decimals, digits)


GROUPS = st.lists(
    st.builds(
        Group,
        STATIONS,
        st.sampled_from([0x47, 0x49, 0x50, 0x48]),
        MINUTES,
        st.lists(elements(), max_size=6).map(tuple),
    ),
    min_size=1,
    max_size=4,
).map(tuple)


@UNHURRIED
@given(GROUPS, TIMES, st.integers(0, 65535), st.booleans(), DIALECTS)
def test_any_report_says_the_same_in_hex_and_in_ascii(groups, sent, serial, is_ascii, dialect):
    message = sl651_messages.Report(0x32, serial, sent, groups)
    frame = encode_message(message, Line(1, bytes(5), 0, is_ascii), None, dialect)
    assert decode_message(sl651.decode(sl651.encode(frame, dialect), dialect), dialect) == message
    for group in groups:
        for element in group.elements:
            field, value = quantity(element, False, dialect)
            assert (value is None) == (element.value is None)
            if value is not None and value * 10**element.decimals % 1 == 0:
                assert element_for(field, value, False, dialect).value == element.value


@UNHURRIED
@given(
    st.lists(st.tuples(st.none() | st.integers(-(10**7) + 1, 10**7 - 1)), max_size=20),
    TIMES,
    MINUTES,
    st.booleans(),
)
def test_any_series_comes_back_as_it_was(rows, sent, observed, is_ascii):
    words = (Element(0x39, 5, 3, None),)
    message = sl651_messages.Series(
        0x31, 1, sent, bytes(5), 0x47, observed, Step(0, 0, 5), words, tuple(rows)
    )
    frame = encode_message(message, Line(1, bytes(5), 0, is_ascii))
    again = decode_message(sl651.decode(sl651.encode(frame)))
    assert (again.rows, again.observed, again.step) == (message.rows, message.observed, message.step)


@UNHURRIED
@given(
    st.binary(min_size=1, max_size=600),
    st.integers(16, 200),
    st.booleans(),
    st.randoms(use_true_random=False),
)
def test_packets_come_together_however_they_are_shuffled_and_doubled(data, size, is_ascii, random):
    jpeg = Group(bytes(5), 0x47, time_at(1720750500, 28800), (Element(0xF3, len(data), 0, data),))
    message = sl651_messages.Report(0x36, 5, time_at(1720750530, 28800), (jpeg,))
    frames = divided(encode_message(message, Line(1, bytes(5), 0, is_ascii)), size)
    if len(frames) == 1:
        return
    order = [*frames, *random.sample(frames, len(frames) // 2)]
    random.shuffle(order)
    assembly = Assembly()
    for frame in order:
        assembly.take(sl651.decode(sl651.encode(frame)))
    assert decode_message(assembly.whole()) == message


def test_a_message_of_4095_packets_is_the_longest():
    frame = Frame(True, 1, bytes(5), 0, 0x36, bytes(8 * 4095), ETX, None, False)
    assert len(divided(frame, 8)) == 4095


STREAMS = st.lists(
    st.one_of(
        st.binary(max_size=20),
        st.sampled_from(
            [b"\x7e", b"\x01", b"\x7e\x7e", REAL[0][:14], ASCII[:24], REAL[0][:11] + b"\x0f\xff\x02"]
        ),
        st.sampled_from([*REAL, ASCII]),
    ),
    max_size=10,
).map(b"".join)


@UNHURRIED
@given(STREAMS, st.lists(st.integers(1, 80), max_size=20))
def test_frames_do_not_depend_on_how_the_stream_is_cut_and_every_byte_is_accounted_for(data, sizes):
    expected = [piece.frame for piece in pieces(data) if piece.frame]
    reader = StreamReader()
    found = []
    at = 0
    for size in [*sizes, len(data)]:
        found += reader.feed(data[at : at + size])
        assert len(reader._rest) < sl651.FRAME_BYTES_MAX
        at += size
    found += reader.silence()
    assert found == expected and reader.frames == len(found) and reader._rest == b""
    assert reader.noise_bytes + sum(len(sl651.encode(frame)) for frame in found) == len(data)


@UNHURRIED
@given(STREAMS | st.binary(max_size=120))
def test_the_decoder_raises_nothing_covers_every_byte_and_its_facts_are_json(data):
    found = decode(data, Options())
    assert sum(finding.length for finding in found) == len(data)
    assert json.dumps([finding.facts for finding in found], allow_nan=False)
    for finding in found:
        raw = data[finding.offset : finding.offset + finding.length]
        assert not finding.is_good or b"".join(field.raw for field in finding.fields) == raw
        assert finding.is_good or finding.facts["detail"]


@settings(max_examples=300, deadline=None)
@given(BODIES, FUNCTIONS, st.booleans(), st.booleans(), PACKETS)
def test_the_decoder_takes_any_body_under_a_good_crc(body, function, is_up, is_ascii, packet):
    frame = Frame(is_up, 1, bytes(5), 0, function, body, ETX if is_up else ENQ, packet, is_ascii)
    (finding,) = decode(sl651.encode(frame), Options())
    assert json.dumps(finding.facts, allow_nan=False)
    assert b"".join(field.raw for field in finding.fields) == sl651.encode(frame)


def test_64_kib_without_a_frame_take_bounded_time():
    promise = REAL[0][:11] + b"\x0f\xff\x02"
    for junk in (
        b"\x00",
        b"\x7e",
        b"\x01",
        b"0",
        promise,
        ASCII[:19] + b"0FFF\x02",
        promise[:-1] + b"\x02\x03\x03",
    ):
        data = (junk * (65536 // len(junk) + 1))[:65536]
        for work in (pieces, lambda data: StreamReader().feed(data)):
            began = time.process_time()
            work(data)
            assert time.process_time() - began < JUNK_S_MAX, junk
