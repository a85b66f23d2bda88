"""Commands, queries and answers: every function both ways, the worked examples by their bytes."""

import json
from binascii import hexlify, unhexlify

from karez_protocols import errors, szy206
from karez_protocols import szy206_commands as commands
from karez_protocols import szy206_data as data
from karez_protocols import szy206_functions as functions
from karez_protocols import szy206_messages as messages
from karez_protocols import szy206_time as times

ROOT = __file__.replace("\\", "/").rsplit("/", 3)[0] if __file__.count("/") >= 3 else "."
with open(ROOT + "/tests/vectors/szy206_more.json") as file:
    WORKED = json.load(file)
with open(ROOT + "/tests/vectors/szy206.json") as file:
    PUBLIC = json.load(file)

OLD, NEW = szy206.SZY206_2016, szy206.SLT427_2021
STATION = szy206.address_of("410105", 1)
PW = b"\x12\x34"
SENT = times.TimeTag(None, None, 12, 10, 15, 30, 5)
FULL = times.TimeTag(2024, 7, 12, 10, 15, 30, 5)
CLOCK = times.Clock(2024, 7, 12, 10, 15, 30, 5)
LEVEL = {"base_mm": -5500, "lower_mm": 100, "upper_mm": 99990}
PRESSURE = {"upper_pa": 100500, "lower_pa": 0}
FLOW = {"flow_lph": 123456 * 3600, "flow_unit": 0}
INTERVALS = [{"interval_min": 60} for _ in range(14)]
MOTOR = dict.fromkeys(data._MOTOR.split(), 220)
RUN = {
    "mask": 4,
    "switch": 1,
    "total_l": 12345000,
    "user": "0000001234",
    "balance_fen": 5678,
    "start": "240712101530",
    "end": "240712111530",
    "run_l": 60000,
    "amount_fen": 900,
    "duration": 60,
}
SPAN = {"start": (2016, 12, 22, 0), "end": (2016, 12, 22, 2)}
MINUTES = {"start": (7, 12, 10, 0), "end": (7, 12, 11, 59)}

# function, bytes of D by the tables of the notes, values; both directions where the answer is an echo
ECHOED = (
    (functions.SET_ADDRESS, "4101050200", {"address": b"\x41\x01\x05\x02\x00"}),
    (functions.SET_CLOCK, "30151012A724", {"clock": CLOCK}),
    (functions.SET_MODE, "02", {"mode": 2}),
    (functions.TOP_UP, "00050000", {"added_l": 500000}),
    (functions.SET_REMAINING_ALARM, "563412", {"alarm_l": 123456000}),
    (functions.SET_LEVEL_LIMITS, "50058010009999" * 2, {"limits": [LEVEL, LEVEL]}),
    (functions.SET_PRESSURE_LIMITS, "5000010000000000", {"limits": [PRESSURE]}),
    (functions.SET_QUALITY_UPPER, "020000000012070000", {"readings": [{"ph": 712}]}),
    (functions.SET_QUALITY_LOWER, "020000000012070000", {"readings": [{"ph": 712}]}),
    (
        functions.SET_METER_BASE,
        "99999999790100000000",
        {"bases": [{"base_l": 7999999999000}, {"base_l": 1000}]},
    ),
    (functions.SET_RELAY_PREAMBLE, "78", {"preamble": 120}),
    (functions.SET_RELAY_ADDRESSES, "41010501004101050200", None),
    (functions.SET_RELAY_SWITCHING, "1C", {"relay": 0x1C}),
    (functions.SET_FLOW_LIMITS, "5634120000", {"limits": [FLOW]}),
    (functions.SET_THRESHOLD, "010505", {"kind": 0, "index": 1, "interval_min": 5, "rain_dmm": 5}),
    (functions.SET_THRESHOLD, "110534120000", {"kind": 1, "index": 1, "interval_min": 5, "level_mm": 1234}),
    (functions.SET_QUOTA, "0012000000", {"quota_l": 1200000}),
    (functions.CLEAR_HISTORY, "05", {"kinds": 5}),
    (functions.CHANGE_PASSWORD, "3412", {"new_password": b"\x34\x12"}),
    (functions.SET_VALVE_LINK, "01", {"mode": 1}),
    (functions.SET_REALTIME_KINDS, "0202", {"kinds": 0x202}),
    (functions.SET_REPORT_KINDS, "0700" + "6000" * 14, {"kinds": 7, "intervals": INTERVALS}),
    (functions.SET_CHANNELS, "0201020304050607AAAA", {"data": unhexlify("0201020304050607AAAA")}),
    (functions.QUERY_UNSENT, "0010120759111207", MINUTES),
)
DOWN = (
    (functions.START_DEVICE, "03", {"device": functions.DEVICE_PUMP, "number": 3}),
    (functions.STOP_DEVICE, "FF", {"device": functions.DEVICE_VALVE, "number": 15}),
    (functions.RESET, "01", {"scope": functions.RESTART}),
    (functions.SWITCH_RADIO, "A9", {"outcome": 10, "unit": functions.UNIT_A}),
    (functions.SWITCH_RELAY, "", {}),
    (functions.CARD_ON, "", {}),
    (functions.CARD_OFF, "", {}),
    (functions.QUOTA_ON, "", {}),
    (functions.QUOTA_OFF, "", {}),
    (functions.QUERY_PICTURE, "03", {"picture": 3}),
    (functions.QUERY_STORED, "210022121602221216", dict(SPAN, kind=2, index=1)),
    (functions.QUERY_RUNS, "1000", {"count": 10}),
    (functions.QUERY_REALTIME, "", {}),
    (functions.QUERY_VALVE_LINK, "", {}),
    (functions.QUERY_CHANNELS, "", {"data": b""}),
)
UP = (
    (functions.QUERY_ADDRESS, "4101050200", {"address": b"\x41\x01\x05\x02\x00"}),
    (functions.QUERY_CLOCK, "30151012A724", {"clock": CLOCK}),
    (functions.QUERY_MODE, "03", {"mode": 3}),
    (functions.QUERY_REPORT_KINDS, "010010006000", None),
    (functions.QUERY_REALTIME_KINDS, "0202", {"kinds": 0x202}),
    (functions.QUERY_TOP_UP, "341200007856000080", {"last_top_up_l": 1234000, "remaining_l": -5678000}),
    (functions.QUERY_TOP_UP, "AAAAAAAAAAAAAAAAAA", {"last_top_up_l": None, "remaining_l": None}),
    (functions.QUERY_REMAINING_ALARM, "5634127856000000", {"alarm_l": 123456000, "remaining_l": 5678000}),
    (functions.QUERY_LEVEL_LIMITS, "500580100099990400", {"limits": [LEVEL], "alarm": 4}),
    (functions.QUERY_LEVEL_LIMITS, "5005801000999904003000", {"limits": [LEVEL], "alarm": 4, "state": 48}),
    (functions.QUERY_PRESSURE_LIMITS, "50000100000000000001", {"limits": [PRESSURE], "alarm": 256}),
    (functions.QUERY_FLOW_LIMITS, "56341200000800", {"limits": [FLOW], "alarm": 8}),
    (functions.QUERY_QUALITY_UPPER, "020000000012070000", {"readings": [{"ph": 712}]}),
    (functions.QUERY_QUALITY_LOWER, "0000000000", {"readings": [{}]}),
    (functions.QUERY_DAILY_HISTORY, "010203", {"data": b"\x01\x02\x03"}),
    (functions.QUERY_EVENTS, "03000500", {"counters": [{"count": 3}, {"count": 5}]}),
    (functions.QUERY_STATUS, "05000100", {"alarm": 5, "state": 1}),
    (functions.QUERY_MOTOR, "DC00" * 6, MOTOR),
    (functions.QUERY_RELAY_PREAMBLE, "78", {"preamble": 120}),
    (functions.QUERY_RELAY_ADDRESSES, "4101050100", {"addresses": [{"address": STATION}]}),
    (functions.QUERY_RELAY_STATE, "000D3014120526", None),
    (functions.QUERY_CHANNELS, "0201020304050607AAAA", {"data": unhexlify("0201020304050607AAAA")}),
    (functions.CARD_ON, "5A", {"done": 0x5A}),
    (functions.CARD_OFF, "5A", {"done": 0x5A}),
    (functions.QUOTA_ON, "5A", {"done": 0x5A}),
    (functions.QUOTA_OFF, "00", {"done": 0}),
    (functions.RESET, "5A", {"done": 0x5A}),
    (functions.START_DEVICE, "A3", {"outcome": 10, "number": 3}),
    (functions.STOP_DEVICE, "53", {"outcome": 5, "number": 3}),
    (functions.SWITCH_RADIO, "A9", {"outcome": 10, "unit": 9}),
    (functions.SWITCH_RELAY, "A6", {"outcome": 10, "unit": 6}),
    (functions.QUERY_VALVE_LINK, "01", {"mode": 1}),
    (functions.REPORT_VOLTAGE, "8012", {"voltage_cv": 1280}),
    (functions.REPORT_PICTURE, "FFD8FFE0", {"data": b"\xff\xd8\xff\xe0"}),
    (functions.QUERY_PICTURE, "FFD8FFE0", {"data": b"\xff\xd8\xff\xe0"}),
    (functions.QUERY_RUNS, "0000", {"count": 0, "runs": []}),
)


def refused(kind, call, *args):
    """True if the call raises exactly the declared error."""
    try:
        call(*args)
    except kind:
        return True
    return False


def upper(raw):
    return hexlify(raw).decode().upper()


def decoded(raw, dialect=OLD):
    return messages.decode_message(szy206.decode(raw), dialect)


def command(afn, values, dialect=OLD, **more):
    tag = SENT if dialect.tp_len == 5 else FULL
    return commands.Command(STATION, afn, values, PW, tag, **more)


def up_message(afn, values, **more):
    kind = commands.Upload if afn in (0x83, 0x84) else commands.Answer
    return kind(STATION, afn, values, **more)


def check(message, text, values, dialect):
    """Both ways: the bytes of D are those of the table, and give the values back."""
    frame = message.frame(dialect)
    assert upper(functions.split(frame, dialect)[0]) == text, (hex(message.afn), upper(frame.body))
    told = decoded(szy206.encode(frame), dialect)
    assert type(told) is type(message) and told.values == values, (hex(message.afn), told.values)


def test_every_command_is_built_and_read_both_ways():
    for afn, text, values in ECHOED + DOWN:
        for dialect in (OLD, NEW):
            if values is None:  # lists, read first
                raw = command(afn, read(False, afn, text, dialect), dialect)
                check(raw, text, raw.values, dialect)
            elif not (dialect is NEW and "ph" in str(values)):
                check(command(afn, values, dialect), text, values, dialect)


def read(is_up, afn, text, dialect):
    body = unhexlify(text)
    if not is_up:
        body += PW + times.encode_tag(FULL, dialect.tp_len)
    return messages.decode_message(szy206.Frame(is_up, STATION, afn, body), dialect).values


def test_every_answer_is_built_and_read_both_ways():
    for afn, text, values in ECHOED + UP:
        for dialect in (OLD, NEW):
            if values is None:
                raw = up_message(afn, read(True, afn, text, dialect))
                check(raw, text, raw.values, dialect)
            elif not (dialect is NEW and "ph" in str(values)):
                check(up_message(afn, values), text, values, dialect)


def test_lists_of_addresses_intervals_and_switchings_are_read():
    rows = read(False, functions.SET_RELAY_ADDRESSES, "41010501004101050200", OLD)["addresses"]
    assert [upper(row["address"]) for row in rows] == ["4101050100", "4101050200"]
    values = read(True, functions.QUERY_REPORT_KINDS, "010010006000", NEW)
    assert values == {"kinds": 1, "intervals": [{"interval_min": 10}, {"interval_min": 60}]}
    values = read(True, functions.QUERY_RELAY_STATE, "000D3014120526", NEW)
    moment = times.Clock(2026, 5, 12, 14, 30, 0, None)
    assert values == {"relay": 0, "relay_state": 13, "switches": [{"moment": moment}]}


def test_every_query_without_data_is_seven_bytes_long():
    for afn in range(0x50, 0x65):
        if afn not in (0x5B, 0x61):
            raw = commands.Command(STATION, afn).encode(OLD)
            assert raw[1] == 7 and decoded(raw).values == {}, hex(afn)
    raw = commands.Command(STATION, functions.QUERY_REALTIME, type_code=3).encode(OLD)
    assert raw[3] == 0x33 and decoded(raw).type_code == 3


def test_worked_examples_are_built_and_read_byte_for_byte():
    seen = 0
    for vector in WORKED:
        dialect = NEW if vector["dialect"] == "427" else OLD
        message = decoded(unhexlify(vector["hex"]), dialect)
        if not isinstance(message, (commands.Command, commands.Answer)):
            continue
        assert upper(message.encode(dialect)) == vector["hex"], vector["name"]
        facts = vector["decoded"]
        for name, value in facts.get("values", {}).items():
            ours, factor = (name[:-3] + "_l", 1000) if name.endswith("_m3") else (name, 1)
            assert message.values[ours] == value * factor, vector["name"]
        if "pw_raw" in facts:
            assert message.password == PW and message.tag == SENT, vector["name"]
        seen += 1
    assert seen == 11


def test_stored_volumes_of_a_real_answer_come_in_litres():
    vector = next(one for one in PUBLIC if one["name"] == "b1_stored_volume_answer")
    message = decoded(unhexlify(vector["hex"]))
    facts = vector["decoded"]
    assert (message.values["kind"], message.values["index"]) == (2, 1)
    assert message.values["start"] == (2016, 12, 22, 0) and message.values["end"] == (2016, 12, 22, 2)
    assert [row["volume_l"] for row in message.values["values"]] == [one * 1000 for one in facts["values_m3"]]
    assert upper(message.encode(OLD)) == vector["hex"]
    flows = szy206.Dialect(5, False, stored_field="flow")
    assert decoded(unhexlify(vector["hex"]), flows).values["values"][0]["flow_lph"] == 92 * 3600


def test_limits_that_fit_no_tail_and_empty_quality_limits_are_malformed():
    for size in (0, 1, 3, 5, 8, 10):
        assert refused(errors.Malformed, read, True, functions.QUERY_LEVEL_LIMITS, "00" * size, OLD), size
    for size in range(5):
        assert refused(errors.Malformed, read, True, functions.QUERY_QUALITY_UPPER, "00" * size, OLD), size
    wide = szy206.Dialect(5, False, limits_tail="alarm_state")
    values = read(True, functions.QUERY_LEVEL_LIMITS, "50058010009999" + "0400" + "3000", wide)
    assert values == {"limits": [LEVEL], "alarm": 4, "state": 48}


def test_every_stored_kind_is_read_and_a_field_full_of_ff_is_no_data():
    head = "%X1" % 0 + "0022121602221216"
    for kind, row, reading in (
        (0, "995600", {"rain_dmm": 5699}),
        (1, "341200F0", {"level_mm": -1234}),
        (5, "010000", {"power_w": 1000}),
        (10, "9909", {"moisture_permille": 999}),
        (11, "01000000", {"pressure_pa": 10}),
    ):
        text = "%X" % kind + head[1:] + row + "FF" * (len(row) // 2) + "AA" * (len(row) // 2)
        values = read(True, functions.QUERY_STORED, text, OLD)
        none = dict.fromkeys(reading)
        assert values["values"] == [reading, none, none], kind
    assert read(True, functions.QUERY_STORED, "91" + head[2:] + "0102", OLD)["data"] == b"\x01\x02"
    for text in ("C1" + head[2:], "21" + head[2:] + "00", "", "21002212160222"):
        assert refused(errors.Malformed, read, True, functions.QUERY_STORED, text, OLD), text


def test_a_real_command_of_an_early_vendor_needs_its_own_order_of_the_tag():
    vector = next(one for one in PUBLIC if one["name"] == "1f_set_flow_limits_down")
    frame = szy206.decode(unhexlify(vector["hex"]))
    early = szy206.Dialect(5, False, tag_order="day_first")
    assert refused(errors.Malformed, messages.decode_message, frame, OLD)  # by the usual order no time
    assert refused(
        errors.Malformed, messages.decode_message, frame, early
    )  # its third limit has sign bits 01
    body = frame.body[:10] + frame.body[15:]
    message = messages.decode_message(szy206.Frame(False, frame.address, 0x1F, body), early)
    assert [row["flow_lph"] for row in message.values["limits"]] == [30120000 * 3600, 40230000 * 3600]
    assert message.tag == times.TimeTag(None, None, 12, 16, 7, 53, 0) and message.password == b"\0\0"
    assert message.frame(early).body == body


def test_commands_need_password_and_tag_and_queries_have_none():
    for afn in (functions.TOP_UP, functions.STOP_DEVICE, functions.SET_REALTIME_KINDS):
        values = {"added_l": 1000, "device": 0, "number": 1, "kinds": 1}
        for password, tag in ((None, SENT), (PW, None), (b"\x12", SENT), (b"\x12\x34\x56", SENT)):
            message = commands.Command(STATION, afn, values, password, tag)
            assert refused(errors.NotAllowed, message.encode, OLD), (hex(afn), password, tag)
        message = commands.Command(STATION, afn, values, PW, SENT)
        assert refused(errors.NotAllowed, message.encode, NEW)  # a 7-byte tag needs year and month
    raw = command(functions.QUERY_TOP_UP, {}).encode(OLD)
    assert decoded(raw).password is None and decoded(raw).tag is None


def test_the_password_goes_in_the_dialects_order():
    low = szy206.Dialect(5, False, pw_order=szy206.LOW_FIRST)
    raw = command(functions.CHANGE_PASSWORD, {"new_password": b"\x56\x78"}).encode(low)
    assert upper(raw[10:14]) == "78563412"
    message = decoded(raw, low)
    assert message.password == PW and message.values == {"new_password": b"\x56\x78"}
    assert commands.password_of(1, 234) == PW and commands.password_of(9, 999) == b"\x99\x99"
    for keys in ((10, 0), (-1, 0), (0, 1000), (0, -1)):
        assert refused(errors.NotAllowed, commands.password_of, *keys), keys


def test_amounts_the_wire_cannot_carry_are_refused():
    for afn, values in (
        (functions.TOP_UP, {"added_l": 500}),
        (functions.TOP_UP, {"added_l": -1000}),
        (functions.TOP_UP, {"added_l": 10**11}),
        (functions.TOP_UP, {"added_l": None}),
        (functions.TOP_UP, {}),
        (functions.SET_REMAINING_ALARM, {"alarm_l": 10**9}),
        (functions.SET_QUOTA, {"quota_l": 10**13}),
        (functions.SET_METER_BASE, {"bases": [{"base_l": 8 * 10**12}]}),
        (functions.SET_METER_BASE, {"bases": {"base_l": 1000}}),
        (functions.SET_LEVEL_LIMITS, {"limits": [dict(LEVEL, base_mm=8000000)]}),
        (functions.SET_LEVEL_LIMITS, {"limits": [dict(LEVEL, upper_mm=100000)]}),
        (functions.SET_LEVEL_LIMITS, {"limits": [dict(LEVEL, upper_mm=15)]}),
        (functions.SET_MODE, {"mode": 4}),
        (functions.SET_ADDRESS, {"address": b"\x01"}),
        (functions.SET_CLOCK, {"clock": (2024, 7, 12, 10, 15, 30, 5)}),
        (functions.START_DEVICE, {"device": 0, "number": 16}),
        (functions.START_DEVICE, {"device": -1, "number": 1}),
        (functions.SET_THRESHOLD, {"kind": 13, "index": 1, "interval_min": 1}),
        (functions.SET_THRESHOLD, {"kind": 0, "index": 1, "interval_min": 256, "rain_dmm": 1}),
        (functions.SET_THRESHOLD, {"index": 1}),
        (functions.SET_REPORT_KINDS, {"kinds": 1, "intervals": INTERVALS[:1]}),
        (functions.SET_REPORT_KINDS, {"kinds": 0x10000, "intervals": INTERVALS}),
        (
            functions.QUERY_STORED,
            {"kind": 2, "index": 1, "start": (2016, 13, 22, 0), "end": (2016, 12, 22, 2)},
        ),
        (
            functions.QUERY_STORED,
            {"kind": 2, "index": 1, "start": (1999, 12, 22, 0), "end": (2016, 12, 22, 2)},
        ),
        (functions.QUERY_STORED, {"kind": 2, "index": 1, "start": (1, 2, 3), "end": None}),
        (functions.QUERY_UNSENT, {"start": (7, 32, 10, 0), "end": (7, 12, 11, 59)}),
        (functions.SET_QUALITY_UPPER, {"readings": []}),
        (functions.CHANGE_PASSWORD, {"new_password": "1234"}),
        (0xFF07, {"data": "1234"}),
    ):
        assert refused(errors.NotAllowed, command(afn, values).encode, OLD), (hex(afn), values)


def test_data_that_are_no_decimals_or_too_short_are_malformed():
    for afn, text, values in ECHOED:
        if values is None or "data" in values or "ph" in str(values):
            continue
        for cut in range(len(text) // 2):
            is_row = afn in (0x17, 0x1B, 0x1D) and cut in (0, 5, 7)
            is_row = is_row or (afn in (0x18, 0x1F) and cut == 0) or (afn == 0xA1 and cut in range(2, 30, 2))
            if not is_row:
                assert refused(errors.Malformed, read, False, afn, text[: 2 * cut], OLD), (hex(afn), cut)
    for afn, text in (
        (0x15, "0A000000"),
        (0x15, "AAAAAAAA"),
        (0x34, "00000000A0"),
        (0x12, "04"),
        (0x16, "0000F0"),
    ):
        assert refused(errors.Malformed, read, False, afn, text, OLD), (hex(afn), text)


def test_what_follows_the_data_of_an_answer_is_passed_over():
    # one platform's stations append PW and Tp to some answers
    values = read(True, functions.TOP_UP, "00050000" + "1234" + "3015101205", OLD)
    assert values == {"added_l": 500000}
    loud = szy206.Dialect(5, False, answer_aux=True)
    raw = up_message(functions.SET_FLOW_LIMITS, {"limits": [FLOW]}, password=PW, tag=SENT).encode(loud)
    assert upper(raw[10:-2]) == "5634120000" + "1234" + "3015101205"
    message = decoded(raw, loud)
    assert message.values == {"limits": [FLOW]} and (message.password, message.tag) == (PW, SENT)
    assert refused(errors.NotAllowed, up_message(functions.TOP_UP, {"added_l": 1000}).encode, loud)


def test_the_nibbles_of_a_device_may_be_the_other_way_round():
    turned = szy206.Dialect(5, False, device_order="number_first")
    raw = command(functions.STOP_DEVICE, {"device": functions.DEVICE_PUMP, "number": 1}).encode(turned)
    assert raw[10] == 0x10 and decoded(raw, turned).values == {"device": 0, "number": 1}
    assert decoded(raw, OLD).values == {"device": 1, "number": 0}


def test_a_vendors_pump_run_is_read_where_the_dialect_has_it():
    wells = szy206.Dialect(5, False, report_83="run")
    message = up_message(functions.REPORT_PICTURE, RUN, tag=SENT)
    raw = message.encode(wells)
    told = decoded(raw, wells)
    assert told.values == RUN and told.tag == SENT
    assert upper(raw[10:18]) == "0400" + "01" + "4523010000"
    assert list(decoded(raw, OLD).values) == ["data"]  # there it would be a picture
    answer = up_message(functions.QUERY_RUNS, {"count": 2, "runs": [RUN, RUN]})
    assert decoded(answer.encode(OLD)).values == {"count": 2, "runs": [RUN, RUN]}
    assert refused(errors.NotAllowed, up_message(functions.REPORT_PICTURE, RUN).encode, wells)
    assert refused(errors.NotAllowed, up_message(0x83, dict(RUN, user="12"), tag=SENT).encode, wells)
    assert refused(errors.NotAllowed, up_message(0x83, dict(RUN, user="000000123X"), tag=SENT).encode, wells)


def test_motor_figures_have_one_byte_in_one_dialect():
    small = szy206.Dialect(5, False, motor_bytes=1)
    raw = up_message(functions.QUERY_MOTOR, MOTOR).encode(small)
    assert upper(raw[10:-2]) == "DC" * 6 and decoded(raw, small).values == MOTOR
    assert refused(errors.Malformed, decoded, raw, OLD)
    assert refused(
        errors.NotAllowed, up_message(functions.QUERY_MOTOR, dict(MOTOR, current_a_a=256)).encode, small
    )


def test_thresholds_of_every_kind_have_the_length_of_their_type():
    lengths = (1, 4, 5, 3, 3, 3, 3, 3, 2, 5, 2, 3, 4)
    for kind, length in enumerate(lengths):
        text = "%X1" % kind + "05" + "00" * length
        values = read(False, functions.SET_THRESHOLD, text, OLD)
        assert len(values) >= 4 and values["kind"] == kind, values
        check(command(functions.SET_THRESHOLD, values), text, values, OLD)
    assert refused(errors.Malformed, read, False, functions.SET_THRESHOLD, "D10500", OLD)


def test_a_command_is_carried_out_if_the_answer_says_so():
    stop = command(functions.STOP_DEVICE, {"device": 0, "number": 1})
    for outcome, number, expected in ((10, 1, True), (10, 2, False), (5, 1, False), (0, 1, False)):
        answer = up_message(functions.STOP_DEVICE, {"outcome": outcome, "number": number})
        assert commands.is_carried_out(stop, answer) is expected, (outcome, number)
    quota = command(functions.QUOTA_ON, {})
    assert commands.is_carried_out(quota, up_message(functions.QUOTA_ON, {"done": 0x5A}))
    assert not commands.is_carried_out(quota, up_message(functions.QUOTA_ON, {"done": 0xA5}))
    assert not commands.is_carried_out(quota, up_message(functions.QUOTA_OFF, {"done": 0x5A}))
    top_up = command(functions.TOP_UP, {"added_l": 500000})
    assert commands.is_carried_out(top_up, up_message(functions.TOP_UP, {"added_l": 500000}))
    assert not commands.is_carried_out(top_up, up_message(functions.TOP_UP, {"added_l": 50000}))
