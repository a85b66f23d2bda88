"""SZY 206 under any bytes: declared errors only, nothing lost, nothing believed that was not confirmed."""

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from karez_gateway.uploads.stream_events import ReportConfirmed
from karez_gateway.uploads.stream_session import State
from karez_gateway.uploads.szy206_events import FlowReport, SessionSettings
from karez_gateway.uploads.szy206_session import Szy206Session
from karez_protocols import szy206
from karez_protocols import szy206_functions as functions
from karez_protocols import szy206_messages as messages
from karez_protocols.errors import ProtocolError
from karez_protocols.szy206_pieces import pieces
from karez_protocols.szy206_stream import StreamReader
from karez_protocols.szy206_time import tag_at
from karez_protocols.szy206_values import FLOW_M3_H, FLOW_M3_S

UNHURRIED = settings(deadline=None)  # a busy machine is no failure
A = szy206.address_of("410105", 1)
DIALECTS = st.sampled_from(
    [szy206.SZY206_2016, szy206.SLT427_2021, szy206.Dialect(5, True, lone_field="volume")]
)
WORDS = st.integers(0, 0xFFFF)
FLOWS = st.none() | st.integers(-999999999, 999999999)
FRAMES = st.builds(
    szy206.Frame,
    st.booleans(),
    st.binary(min_size=5, max_size=5),
    st.integers(0, 0xFE) | st.integers(0xFF00, 0xFFFF),
    st.binary(max_size=245),
    st.integers(0, 3),
    st.integers(0, 15),
    st.none() | st.integers(1, 255),
)


@UNHURRIED
@given(st.binary(max_size=1100))
def test_any_bytes_are_a_frame_that_encodes_to_them_or_a_declared_error(data):
    try:
        frame = szy206.decode(data)
    except ProtocolError:
        return
    assert szy206.encode(frame) == data


@UNHURRIED
@given(FRAMES)
def test_any_frame_comes_back_as_it_was(frame):
    again = szy206.decode(szy206.encode(frame))
    for name in ("is_up", "address", "afn", "body", "fcb", "type_code", "divs"):
        assert getattr(again, name) == getattr(frame, name), name


@UNHURRIED
@given(
    st.lists(
        st.tuples(FLOWS, st.none() | st.integers(0, 10**10 - 1), st.booleans()), min_size=1, max_size=23
    ),
    WORDS,
    WORDS,
    st.integers(946684800, 4102400000),
    DIALECTS,
    st.sampled_from(functions.REPORTS),
)
def test_any_report_the_standard_can_carry_comes_back_as_it_was(rows, alarm, state, utc_s, dialect, afn):
    channels = []
    for flow, volume_m3, is_hourly in rows:
        unit = FLOW_M3_H if is_hourly and flow is not None else FLOW_M3_S
        flow_lph = flow if flow is None or unit == FLOW_M3_H else flow * 3600
        volume_l = None if volume_m3 is None else volume_m3 * 1000
        channels.append({"flow_lph": flow_lph, "volume_l": volume_l, "flow_unit": unit})
    tag = tag_at(utc_s, dialect.utc_offset_s)
    raw = messages.SelfReport(A, 3, channels, alarm, state, tag, afn=afn).encode(dialect)
    again = messages.decode_message(szy206.decode(raw), dialect)
    assert (again.readings, again.alarm, again.state) == (channels, alarm, state)
    assert again.encode(dialect) == raw


@UNHURRIED
@given(st.lists(st.binary(max_size=20) | st.sampled_from(
    [b"\x68", b"\x16", b"\x68\xff\x68", b"\x68\x08\x68", messages.LinkTest(A, 0xF0).encode()]
), max_size=20).map(b"".join))  # fmt: skip
def test_the_pieces_of_a_capture_cover_it_and_hold_what_a_reader_finds(data):
    found = pieces(data)
    at = 0
    for piece in found:
        assert piece.offset == at and piece.length > 0 and (piece.frame is None) != (piece.error is None)
        at += piece.length
    assert at == len(data)
    reader = StreamReader()
    frames = reader.feed(data) + reader.silence()
    assert [piece.frame.raw for piece in found if piece.frame] == [frame.raw for frame in frames]


# Bytes a hunting reader stumbles over: starts, ends, image heads, whole good frames.
PIECES = st.one_of(
    st.binary(max_size=20),
    st.sampled_from([b"\x68", b"\x16", b"\x68\xff\x68", b"\x68\x01\x68\xf0", b"\x68\x08\x68"]),
    st.binary(min_size=5, max_size=5).map(lambda a: messages.LinkTest(a, messages.KEEP_ALIVE).encode()),
)


@UNHURRIED
@given(st.lists(PIECES, max_size=30).map(b"".join), st.lists(st.integers(1, 60), max_size=30))
def test_frames_do_not_depend_on_how_the_stream_is_cut_and_every_byte_is_accounted_for(data, sizes):
    whole = StreamReader()
    expected = [frame.raw for frame in whole.feed(data)]
    pieces = StreamReader()
    found = []
    at = 0
    for size in [*sizes, len(data)]:
        found += [frame.raw for frame in pieces.feed(data[at : at + size])]
        assert len(pieces._rest) < szy206.IMAGE_FRAME_BYTES
        at += size
    assert found == expected
    found += [frame.raw for frame in pieces.silence()]
    assert pieces.noise_bytes + sum(map(len, found)) == len(data)
    assert pieces._rest == b"" and pieces.frames == len(found)


@UNHURRIED
@given(st.lists(PIECES, max_size=20).map(b"".join), DIALECTS)
def test_a_session_survives_any_bytes(data, dialect):
    session = Szy206Session(A, SessionSettings(dialect=dialect, answer_ms=10))
    session.connected(0)
    session.send(FlowReport(A, 0, 1, 0, 0x30, 1720750500), 0)
    events = session.receive(data, 1)
    for now_ms in (10, 20, 30, 40):
        events += session.time_passed(now_ms)
    assert session.state is State.ENDED
    assert not any(isinstance(event, ReportConfirmed) for event in events)


class SlowLossyPlatform(RuleBasedStateMachine):
    """A platform that answers in order, late or not at all: what the session calls confirmed, it has."""

    def __init__(self):
        super().__init__()
        self.now_ms = 0
        self.volume_m3 = 0
        self.given = []
        self.outcomes = []
        self.to_platform = []
        self.to_station = []
        self.seen = set()
        self.open_session()

    def open_session(self):
        self.session = Szy206Session(A, SessionSettings(answer_ms=10, keep_alive_ms=35))
        self.session.connected(self.now_ms)
        self.to_platform, self.to_station = [], []
        self.note([])

    def note(self, events):
        data = self.session.data_to_send()
        if data:
            self.to_platform.append(data)
        for event in events:
            if hasattr(event, "report"):
                self.outcomes.append(event.report.volume_m3)
            if isinstance(event, ReportConfirmed):
                assert event.report.volume_m3 in self.seen
                assert szy206.decode(event.request_bytes).fcb == szy206.decode(event.confirm_bytes).fcb
        if self.session.state is State.ENDED:
            self.open_session()

    @precondition(lambda self: len(self.given) == len(self.outcomes))
    @rule()
    def give_a_report(self):
        self.volume_m3 += 1
        self.given.append(self.volume_m3)
        self.session.send(FlowReport(A, 0, self.volume_m3, 0, 0x30, 1720750500 + self.volume_m3), self.now_ms)
        self.note([])

    @rule(step_ms=st.integers(1, 20))
    def time_passes(self, step_ms):
        self.now_ms += step_ms
        self.note(self.session.time_passed(self.now_ms))

    @precondition(lambda self: self.to_platform)
    @rule(is_lost=st.booleans(), is_answered=st.booleans())
    def a_request_reaches_the_platform(self, is_lost, is_answered):
        frame = szy206.decode(self.to_platform.pop(0))
        if is_lost:
            return
        message = messages.decode_message(frame, szy206.SZY206_2016)
        if isinstance(message, messages.SelfReport):
            self.seen.add(message.readings[0]["volume_l"] // 1000)
        if is_answered:
            self.to_station.append(messages.confirm_of(frame).encode(szy206.SZY206_2016))

    @precondition(lambda self: self.to_station)
    @rule(count=st.integers(1, 5))
    def answers_arrive(self, count):
        data = b"".join(self.to_station[:count])
        del self.to_station[:count]
        self.note(self.session.receive(data, self.now_ms))

    @rule()
    def the_connection_breaks(self):
        self.note(self.session.disconnected())

    @invariant()
    def every_report_has_one_outcome_at_most_and_in_order(self):
        assert self.outcomes == self.given[: len(self.outcomes)]
        assert len(self.given) - len(self.outcomes) in (0, 1)

    @invariant()
    def nothing_grows(self):
        assert len(self.session._exchange._sent) <= 6


TestSlowLossyPlatform = SlowLossyPlatform.TestCase
TestSlowLossyPlatform.settings = settings(max_examples=60, stateful_step_count=60, deadline=None)
