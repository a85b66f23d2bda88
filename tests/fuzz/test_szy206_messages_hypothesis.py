"""Every message of SZY 206 under any values and bytes, and a top-up on a line that repeats and forgets."""

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from karez_protocols import szy206
from karez_protocols import szy206_data as data_fields
from karez_protocols import szy206_functions as functions
from karez_protocols import szy206_layout as layouts
from karez_protocols import szy206_messages as messages
from karez_protocols import szy206_parts as parts
from karez_protocols import szy206_responder as responders
from karez_protocols.errors import ProtocolError
from karez_protocols.szy206_commands import Answer, Command, Upload
from karez_protocols.szy206_time import clock_at, tag_at
from karez_protocols.szy206_values import FLOW_M3_H, FLOW_M3_S

UNHURRIED = settings(deadline=None)  # a busy machine is no failure
A = szy206.address_of("410105", 1)
DIALECTS = st.sampled_from(
    [
        szy206.SZY206_2016,
        szy206.SLT427_2021,
        szy206.Dialect(5, True, lone_field="volume", channel_order="volume_first", answer_aux=True),
        szy206.Dialect(
            7, False, types="206", composite_order="high_first", report_83="run", alarm_place="after"
        ),
    ]
)
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
UTC_S = st.integers(946684800, 4102400000)  # 2000 to 2099


@UNHURRIED
@given(FRAMES, DIALECTS)
def test_any_body_is_a_message_or_a_declared_error(frame, dialect):
    try:
        message = messages.decode_message(frame, dialect)
    except ProtocolError:
        return
    if isinstance(message, szy206.Frame | messages.LinkTest | messages.Confirm):
        return
    try:
        raw = message.encode(dialect)
    except ProtocolError:  # a function we read leniently and send strictly
        return
    again = messages.decode_message(szy206.decode(raw), dialect)
    assert facts(again) == facts(message)


def facts(message):
    if isinstance(message, messages.SelfReport):
        return message.readings, message.alarm, message.state, message.tag, message.afn, message.type_code
    return message.values, message.password, message.tag, message.afn, message.type_code


@UNHURRIED
@given(
    st.sampled_from(sorted({value for name, value in vars(functions).items() if name[:2] in ("SE", "QU", "RE")
                            and isinstance(value, int)})),
    st.booleans(),
    st.binary(max_size=80),
    st.integers(0, 15),
    DIALECTS,
)  # fmt: skip
def test_the_described_functions_read_any_body_or_refuse_it(afn, is_up, body, type_code, dialect):
    for fill in (b"", b"\x00" * len(body), bytes(byte % 10 for byte in body)):  # decimals come through
        test_any_body_is_a_message_or_a_declared_error.hypothesis.inner_test(
            szy206.Frame(is_up, A, afn, fill or body, 3, type_code), dialect
        )


TAGS = UTC_S.map(lambda utc_s: tag_at(utc_s, 28800, utc_s % 256))


def values_of(field):
    """Every value that the wire can carry in one field, as {name: value}."""
    name, kind, size, factor, maximum = field
    top = maximum if maximum is not None else 10 ** (2 * size) - 1
    if kind in "dn":
        found = st.integers(0, top).map(lambda digits: digits * factor)
    elif kind == "s":
        found = st.integers(1 - 10 ** (2 * size - 1), 10 ** (2 * size - 1) - 1).map(lambda n: n * factor)
    elif kind == "m":
        found = st.integers(1 - 8 * 10 ** (2 * size - 1), 8 * 10 ** (2 * size - 1) - 1).map(
            lambda n: n * factor
        )
    elif kind == "u":
        found = st.integers(0, maximum if maximum is not None else 256**size - 1)
    elif kind in "bp":
        found = st.binary(min_size=size, max_size=size or 30)
    elif kind == "x":
        found = st.text("0123456789", min_size=2 * size, max_size=2 * size)
    elif kind == "k":
        found = UTC_S.map(lambda utc_s: clock_at(utc_s, 28800))
        found = found.map(lambda clock: clock if size == 6 else clock._replace(second=0))
    elif kind == "t":
        found = st.tuples(st.integers(2000, 2099), st.integers(1, 12), st.integers(1, 28), st.integers(0, 23))
    elif kind == "q":
        found = st.tuples(st.integers(1, 12), st.integers(1, 28), st.integers(0, 23), st.integers(0, 59))
    elif kind == "h":
        high, low = name.split("+")
        return st.fixed_dictionaries({high: st.integers(0, 15), low: st.integers(0, 15)})
    elif kind == "f":
        steps = st.integers(-999999999, 999999999)
        return st.one_of(
            steps.map(lambda n: {name: n, "flow_unit": FLOW_M3_H}),
            steps.map(lambda n: {name: n * 3600, "flow_unit": FLOW_M3_S}),
            st.just({name: None, "flow_unit": FLOW_M3_S}),
        )
    else:
        raise LookupError(kind)
    if kind in "nsm":
        found = st.none() | found
    return found.map(lambda value: {name: value})


def merged(rows):
    out = {}
    for row in rows:
        out |= row
    return out


@st.composite
def described(draw):
    """A message of a function whose layout does not depend on its data, with values in range."""
    is_up = draw(st.booleans())
    table = data_fields._UP if is_up else data_fields._DOWN
    afn = draw(st.sampled_from(sorted(set(table) - {functions.LINK})))
    dialect = draw(st.sampled_from([szy206.SZY206_2016, szy206.SLT427_2021]))
    head, group, row, tail = layouts.parsed(table[afn])
    values = draw(st.tuples(*[values_of(field) for field in head + tail]).map(merged))
    if afn == functions.QUERY_STORED:
        values["kind"] %= data_fields.STORED_MAX + 1
    if group:
        count = 14 if afn == functions.SET_REPORT_KINDS else draw(st.integers(0, 3))
        values[group] = [
            draw(st.tuples(*[values_of(field) for field in row]).map(merged)) for _ in range(count)
        ]
    is_upload = is_up and afn in (functions.REPORT_PICTURE, functions.REPORT_VOLTAGE)
    kind = Upload if is_upload else Answer if is_up else Command
    password = draw(st.binary(min_size=2, max_size=2))
    return kind(A, afn, values, password, draw(TAGS), fcb=draw(st.integers(0, 3))), dialect


@UNHURRIED
@given(described())
def test_whatever_a_function_can_carry_comes_back_as_it_was(message_and_dialect):
    message, dialect = message_and_dialect
    raw = message.encode(dialect)
    again = messages.decode_message(szy206.decode(raw), dialect)
    assert type(again) is type(message)
    assert (again.values, again.afn, again.fcb) == (message.values, message.afn, message.fcb)
    assert again.encode(dialect) == raw


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4) | st.binary(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["level_mm", "address"]), inner)
    ),
    max_leaves=4,
)


@UNHURRIED
@given(described(), st.data())
def test_a_value_of_any_kind_is_carried_or_refused_and_nothing_else_escapes(message_and_dialect, data):
    message, dialect = message_and_dialect
    if message.values:
        message.values[data.draw(st.sampled_from(sorted(message.values)))] = data.draw(JUNK)
    for name in data.draw(st.lists(st.sampled_from(["address", "password", "tag"]), max_size=2)):
        setattr(message, name, data.draw(JUNK))
    try:
        raw = message.encode(dialect)
    except ProtocolError:
        return
    assert szy206.decode(raw).afn == message.afn


NAMES = ["level_mm", "flow_lph", "flow_unit", "volume_l", "wind_mmps", "wind_direction", "ph", "period"]


@UNHURRIED
@given(
    st.integers(0, 15),
    st.lists(st.dictionaries(st.sampled_from(NAMES), JUNK) | JUNK, max_size=3),
    JUNK,
    JUNK,
    st.sampled_from(functions.REPORTS),
    DIALECTS,
)
def test_a_report_of_anything_is_carried_or_refused(type_code, rows, alarm, state, afn, dialect):
    report = messages.SelfReport(A, type_code, rows, alarm, state, tag_at(1720750530, 28800), afn=afn)
    try:
        raw = report.encode(dialect)
    except ProtocolError:
        return
    messages.decode_message(szy206.decode(raw), dialect)


@UNHURRIED
@given(st.binary(max_size=900), st.integers(1, 247), st.data())
def test_a_divided_message_comes_back_whole_or_not_at_all(body, body_bytes, data):
    try:
        frames = parts.fragments(szy206.Frame(True, A, 0xC0, body), body_bytes)
    except ProtocolError:
        return
    order = data.draw(st.lists(st.sampled_from(range(len(frames))), max_size=2 * len(frames)))
    assembly = parts.Assembly()
    for at in [*order, *range(len(frames))]:  # lost, repeated, out of order, then once in order
        try:
            whole = assembly.take(frames[at])
        except ProtocolError:
            continue
        # A message whose beginning was lost looks whole: what came of it then is its end.
        assert whole is None or body.endswith(whole.body)
    assembly.reset()
    whole = [one for one in map(assembly.take, frames) if one is not None]
    assert [one.body for one in whole] == [body]


class ForgetfulCentre(RuleBasedStateMachine):
    """A centre that repeats, a line that repeats, a station that loses power: each top-up adds once."""

    def __init__(self):
        super().__init__()
        self.now_s = 1720750530
        self.balance_l = 0
        self.stored = (0, b"")
        self.sent = []
        self.carried_out = set()
        self.start()

    def start(self):
        self.balance_l, memory = self.stored
        self.responder = responders.Responder(A, b"\x12\x34", szy206.SZY206_2016, memory)

    @rule(amount_m3=st.integers(1, 3), delay_min=st.sampled_from([0, 5]))
    def the_centre_tops_up(self, amount_m3, delay_min):
        self.now_s += 1
        tag = tag_at(self.now_s, 28800, delay_min)
        message = Command(A, functions.TOP_UP, {"added_l": amount_m3 * 1000}, b"\x12\x34", tag)
        self.sent.append((len(self.carried_out) + len(self.sent), message))

    @precondition(lambda self: self.sent)
    @rule(at=st.integers(0, 3), fcb=st.integers(1, 3), is_power_lost=st.booleans())
    def a_copy_arrives(self, at, fcb, is_power_lost):
        _, message = self.sent[-1 - at % min(len(self.sent), 4)]
        message.fcb = fcb
        frame = szy206.decode(message.encode(szy206.SZY206_2016))
        verdict = self.responder.judge(frame, self.now_s)
        if verdict == responders.EXECUTE:
            assert frame.body not in self.carried_out
            balance_l = self.balance_l + message.values["added_l"]
            answer = self.responder.answered(frame, message.values, self.now_s)
            if is_power_lost:  # before the one write: neither balance nor memory
                self.start()
                return
            self.stored = (balance_l, self.responder.memory())
            self.balance_l = balance_l
            self.carried_out.add(frame.body)
        elif verdict == responders.REPEAT:
            answer = self.responder.again(frame, self.now_s)
        else:
            assert verdict == responders.DROP_STALE
            return
        told = messages.decode_message(szy206.decode(answer), szy206.SZY206_2016)
        assert told.values == message.values and told.fcb == fcb

    @rule(seconds=st.integers(1, 200))
    def time_passes(self, seconds):
        self.now_s += seconds

    @rule()
    def the_station_loses_power(self):
        self.start()

    @rule(mode=st.integers(0, 3))
    def another_command_comes(self, mode):
        self.now_s += 1
        message = Command(A, functions.SET_MODE, {"mode": mode}, b"\x12\x34", tag_at(self.now_s, 28800, 5))
        frame = szy206.decode(message.encode(szy206.SZY206_2016))
        if self.responder.judge(frame, self.now_s) == responders.EXECUTE:
            self.responder.answered(frame, message.values, self.now_s)
            self.stored = (self.balance_l, self.responder.memory())

    @invariant()
    def the_balance_is_what_was_carried_out_once_each(self):
        total = sum(
            messages.decode_message(
                szy206.Frame(False, A, functions.TOP_UP, body), szy206.SZY206_2016
            ).values["added_l"]
            for body in self.carried_out
        )
        assert self.balance_l == total


TestForgetfulCentre = ForgetfulCentre.TestCase
TestForgetfulCentre.settings = settings(max_examples=60, stateful_step_count=50, deadline=None)
