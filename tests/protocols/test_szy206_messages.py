"""Messages and values: the public frames by their facts, the worked examples by their bytes."""

import json
from binascii import hexlify, unhexlify

from karez_protocols import errors, szy206
from karez_protocols import szy206_messages as messages
from karez_protocols import szy206_values as values

ROOT = __file__.replace("\\", "/").rsplit("/", 3)[0] if __file__.count("/") >= 3 else "."
with open(ROOT + "/tests/vectors/szy206.json") as file:
    VECTORS = [vector for vector in json.load(file) if vector["checksum_ok"]]

OLD, NEW = szy206.SZY206_2016, szy206.SLT427_2021
STATION = szy206.address_of("410105", 1)
SAMPLED = values.TimeTag(2024, 7, 12, 10, 15, 0, 5)
CONFIRMED = values.TimeTag(2024, 7, 12, 10, 15, 30, 5)
IDLE = values.state_word(
    work_mode=values.MODE_SELF_REPORT,
    is_card_on=False,
    is_quota_on=False,
    is_pump_running=False,
    is_door_open=False,
    is_on_battery=False,
)

# Constructed for this project in the protocol notes (checksums computed there by other code).
LOG_IN = "680868B0410105010002F02416"
KEEP_ALIVE = "680868B0410105010002F20B16"
LOG_IN_CONFIRM = "6808683041010501000200CD16"
REPORT_206 = "681A68B34101050100C01400000000452301000000002000001510120515" + "16"
REPORT_427 = "681C68B34101050100C014000000004523010000000020000015101207240" + "57D16"
CONFIRM_206 = "680868334101050100C0000916"
CONFIRM_427 = "680F68334101050100C000301510120724054316"


def refused(kind, call, *args):
    """True if the call raises exactly the declared error."""
    try:
        call(*args)
    except kind:
        return True
    return False


def upper(data):
    return hexlify(data).decode().upper()


def decoded(text, dialect):
    return messages.decode_message(szy206.decode(unhexlify(text)), dialect)


def dialect_of(vector):
    return NEW if "time" in vector["decoded"].get("tp", {}) else OLD


def report(flow_lph=50400, volume_m3=12345, alarm=0, state=0x20, tag=SAMPLED, unit=values.FLOW_M3_S):
    return messages.SelfReport(STATION, [messages.Channel(flow_lph, volume_m3, unit)], alarm, state, tag)


def lph(flow):
    """L/h of a published flow; the vectors print at most three decimals."""
    if flow is None:
        return None
    thousandths = int(flow["value"] * 1000 + 0.5)
    return thousandths * 3600 if flow["unit"] == "m3/s" else thousandths


def published_tag(facts):
    if "time" in facts:
        date, clock = facts["time"].split(" ")
        parts = [int(part) for part in date.split("-")] + [int(part) for part in clock.split(":")]
        return values.TimeTag(*parts, facts["delay_min"])
    return values.TimeTag(
        None, None, facts["day"], facts["hour"], facts["min"], facts["sec"], facts["delay_min"]
    )


def bits(word):
    return [bit for bit in range(16) if word >> bit & 1]


def test_every_public_self_report_decodes_to_its_facts_and_back_to_its_bytes():
    seen = 0
    for vector in VECTORS:
        facts = vector["decoded"]
        if facts["afn"] != "C0":
            continue
        dialect = dialect_of(vector)
        message = decoded(vector["hex"], dialect)
        channels = [(c.flow_lph, c.volume_m3) for c in message.channels]
        assert channels == [(lph(c["flow"]), c.get("volume_m3")) for c in facts["values"]["channels"]], (
            vector["name"]
        )
        assert message.alarm == facts["alarm"] and message.state == facts["state"], vector["name"]
        assert bits(message.alarm) == facts["alarm_bits"] and bits(message.state) == facts["state_bits"]
        assert message.tag == published_tag(facts["tp"]), vector["name"]
        assert upper(message.encode(dialect)) == vector["hex"], vector["name"]
        body = upper(szy206.decode(unhexlify(vector["hex"])).body)
        assert body[: -2 * (4 + dialect.tp_len)] == facts["data_hex"], vector["name"]
        seen += 1
    assert seen == 4


def test_the_public_log_in_decodes_and_encodes_to_its_bytes():
    vector = next(vector for vector in VECTORS if vector["name"] == "02_login")
    message = decoded(vector["hex"], OLD)
    assert isinstance(message, messages.LinkTest) and message.kind == messages.LOG_IN
    assert upper(message.encode()) == vector["hex"]


def test_frames_of_other_functions_come_back_as_they_are():
    seen = 0
    for vector in VECTORS:
        if vector["decoded"]["afn"] not in ("C0", "02"):
            assert isinstance(decoded(vector["hex"], OLD), szy206.Frame), vector["name"]
            seen += 1
    assert seen == 3
    electricity = "681668B84101050100C0563412000000200000151012072405" + "0816"
    assert isinstance(decoded(electricity, NEW), szy206.Frame)


def test_the_worked_examples_of_link_tests_and_confirms_are_built_byte_for_byte():
    assert upper(messages.LinkTest(STATION, messages.LOG_IN).encode()) == LOG_IN
    assert upper(messages.LinkTest(STATION, messages.KEEP_ALIVE).encode()) == KEEP_ALIVE
    assert upper(messages.Confirm(STATION, messages.AFN_LINK).encode(OLD)) == LOG_IN_CONFIRM
    assert upper(messages.confirm_of(szy206.decode(unhexlify(LOG_IN))).encode(NEW)) == LOG_IN_CONFIRM
    assert upper(messages.confirm_of(szy206.decode(unhexlify(REPORT_206))).encode(OLD)) == CONFIRM_206
    assert (
        upper(messages.confirm_of(szy206.decode(unhexlify(REPORT_427)), CONFIRMED).encode(NEW)) == CONFIRM_427
    )


def test_the_worked_examples_of_confirms_are_read():
    for text, dialect, afn, tag in (
        (LOG_IN_CONFIRM, OLD, 0x02, None),
        (CONFIRM_206, OLD, 0xC0, None),
        (CONFIRM_206, NEW, 0xC0, None),  # a 427 platform that leaves its tag out
        (CONFIRM_427, NEW, 0xC0, CONFIRMED),
        (CONFIRM_427, OLD, 0xC0, None),  # what follows the first byte is passed over
    ):
        message = decoded(text, dialect)
        assert (message.afn, message.mode, message.tag, message.fcb) == (afn, 0, tag, 3), (
            text,
            dialect.tp_len,
        )
        assert message.address == STATION


def test_the_worked_self_reports_are_built_and_read_in_both_dialects():
    for text, dialect, year, month in ((REPORT_206, OLD, None, None), (REPORT_427, NEW, 2024, 7)):
        assert upper(report().encode(dialect)) == text
        message = decoded(text, dialect)
        assert message.channels == [messages.Channel(50400, 12345, values.FLOW_M3_S)]
        assert (message.alarm, message.state) == (0, 0x20)
        assert message.tag == values.TimeTag(year, month, 12, 10, 15, 0, 5)


def test_a_self_report_read_with_the_other_dialects_tag_is_refused():
    assert refused(errors.Malformed, decoded, REPORT_206, NEW)
    assert refused(errors.Malformed, decoded, REPORT_427, OLD)


def test_a_repeat_differs_from_the_first_in_fcb_and_checksum_only():
    first = report().encode(OLD)
    repeat = report()
    repeat.fcb = 2
    raw = repeat.encode(OLD)
    assert [at for at in range(len(raw)) if raw[at] != first[at]] == [3, len(raw) - 2]
    assert raw[3] == 0xA3


def test_missing_members_of_a_channel_are_full_of_aa():
    for flow_lph, volume_m3 in ((None, 5), (3600, None), (None, None)):
        message = decoded(upper(report(flow_lph, volume_m3).encode(OLD)), OLD)
        assert message.channels[0][:2] == (flow_lph, volume_m3)
    assert report(None, None).encode(OLD)[10:20] == b"\xaa" * 10


def test_a_lone_field_is_what_the_dialect_says():
    text = "681568B34406070001C0AAAAAAAAAA004040000000000101E516"
    raw = unhexlify(text)
    assert decoded(text, OLD).layout == messages.FLOW_ONLY
    volumes = szy206.Dialect(5, False, lone_field="volume")
    message = messages.SelfReport(STATION, [messages.Channel(None, 92, 0)], 0, IDLE, SAMPLED)
    message.layout = messages.VOLUME_ONLY
    again = decoded(upper(message.encode(volumes)), volumes)
    assert again.layout == messages.VOLUME_ONLY and again.channels[0].volume_m3 == 92
    assert len(message.encode(volumes)) == len(raw)


def test_many_channels_fit_up_to_the_limit():
    channels = [messages.Channel(3600 * at, at, values.FLOW_M3_S) for at in range(messages.CHANNELS_MAX)]
    raw = messages.SelfReport(STATION, channels, 0, IDLE, SAMPLED).encode(NEW)
    assert decoded(upper(raw), NEW).channels == channels and len(raw) <= szy206.FRAME_BYTES_MAX
    for wrong in ([], channels + channels[:1]):
        message = messages.SelfReport(STATION, wrong, 0, IDLE, SAMPLED)
        assert refused(errors.NotAllowed, message.encode, NEW)


def test_words_without_named_bits_are_never_sent():
    for alarm, state in ((None, IDLE), (0, None), (0, -1), (0x10000, IDLE)):
        assert refused(errors.NotAllowed, report(alarm=alarm, state=state).encode, OLD), (alarm, state)


def test_bodies_of_any_other_length_are_malformed():
    body = szy206.decode(unhexlify(REPORT_206)).body
    for length in range(len(body)):
        frame = szy206.Frame(True, STATION, 0xC0, body[:length], type_code=3)
        if length != 14:  # 5 bytes of lone field, 4 of words, 5 of tag: cut there it is another message
            assert refused(errors.Malformed, messages.decode_message, frame, OLD), length
    for kind in (b"", b"\xf3", b"\xf0\x00"):
        frame = szy206.Frame(True, STATION, 0x02, kind)
        assert refused(errors.Malformed, messages.decode_message, frame, OLD)
    assert refused(errors.Malformed, messages.decode_message, szy206.Frame(False, STATION, 0xC0), OLD)


def test_messages_the_standard_does_not_have_are_not_sent():
    assert refused(errors.NotAllowed, messages.LinkTest(STATION, 0xF3).encode)
    assert refused(errors.NotAllowed, messages.Confirm(STATION, 0x10).encode, OLD)
    assert refused(errors.NotAllowed, messages.Confirm(STATION, 0xC0, mode=256).encode, OLD)
    assert refused(errors.NotAllowed, messages.Confirm(STATION, 0xC0).encode, NEW)  # wants its tag


def test_flows_of_both_units_come_out_in_litres_per_hour():
    for text, expected in (
        ("0059000000", (5900 * 3600, 0)),  # real: 5.900 m3/s
        ("8600000000", (86 * 3600, 0)),  # real: 0.086 m3/s
        ("8600000030", (86, 3)),
        ("86000000F0", (-86, 3)),
        ("86000000C1", (-100000086 * 3600, 0)),
        ("9999999939", (999999999, 3)),
        ("AAAAAAAAAA", (None, 0)),
    ):
        raw = unhexlify(text)
        assert values.decode_flow(raw) == expected, text
        assert values.encode_flow(*expected) == raw, text


def test_bytes_that_are_no_flow_are_refused():
    for text in (
        "0000000040",
        "0000000080",
        "0000000010",
        "0000000020",
        "0A00000000",
        "000000000A",
        "AAAAAAAA00",
    ):
        assert refused(errors.Malformed, values.decode_flow, unhexlify(text)), text
    assert refused(errors.Malformed, values.decode_flow, bytes(4))
    assert refused(errors.Malformed, values.decode_volume, bytes(6))
    for flow_lph, unit in ((10**9, 3), (-(10**9), 3), (3600 * 10**9, 0), (1, 1)):
        assert refused(errors.NotAllowed, values.encode_flow, flow_lph, unit), (flow_lph, unit)


def test_a_flow_in_cubic_metres_a_second_is_rounded_to_the_nearest_litre():
    for flow_lph, sent_lph in ((1799, 0), (1800, 3600), (-1799, 0), (-1800, -3600), (50000, 50400)):
        assert values.decode_flow(values.encode_flow(flow_lph, 0)) == (sent_lph, 0), flow_lph


def test_signed_numbers_follow_the_sign_nibble():
    for text, value in (
        ("341200F0", -1234),
        ("452301F0", -12345),
        ("34120000", 1234),
        ("999999F9", -9999999),
    ):
        assert values.decode_signed(unhexlify(text)) == value, text
        assert values.encode_signed(value, 4) == unhexlify(text), text
    assert values.decode_signed(b"\xaa\xaa") is None and values.encode_signed(None, 2) == b"\xaa\xaa"
    assert refused(errors.Malformed, values.decode_signed, unhexlify("34120010"))
    assert refused(errors.NotAllowed, values.encode_signed, 10000000, 4)
    assert refused(errors.NotAllowed, values.encode_signed, -10000000, 4)


def test_volumes_are_whole_cubic_metres_of_ten_digits():
    assert values.encode_volume(9999999999) == b"\x99" * 5
    assert values.decode_volume(b"\xaa" * 5) is None and values.encode_volume(None) == b"\xaa" * 5
    for volume_m3 in (-1, 10**10):
        assert refused(errors.NotAllowed, values.encode_volume, volume_m3)


def test_tags_that_are_no_time_are_refused():
    for text in (
        "6015101205",
        "3060101205",
        "3015241205",
        "3015100005",
        "3015103205",
        "3A15101205",
        "30151029022305",  # 29 February 2023
        "30151031042405",
        "30151012132405",
        "30151012002405",
        "301510120505",
    ):
        assert refused(errors.Malformed, values.decode_tag, unhexlify(text)), text
    assert values.decode_tag(unhexlify("30151029022405")).day == 29  # 2024 has one
    for tag, tp_len in (
        (values.TimeTag(None, None, 12, 10, 15, 30, 5), 7),
        (values.TimeTag(1999, 7, 12, 10, 15, 30, 5), 7),
        (values.TimeTag(1970, 1, 1, 8, 0, 0, 0), 5),
        (values.TimeTag(2100, 1, 1, 8, 0, 0, 0), 5),
        (values.TimeTag(2024, 7, 12, 24, 15, 30, 5), 5),
        (values.TimeTag(2024, 7, 0, 10, 15, 30, 5), 5),
        (values.TimeTag(2024, 7, 12, 10, 15, 30, 256), 5),
    ):
        assert refused(errors.NotAllowed, values.encode_tag, tag, tp_len), tag


def test_time_goes_to_the_platforms_clock_and_back():
    # 2024-02-29 23:59:59 UTC is 1 March on a clock of UTC+8
    assert values.tag_at(1709251199, 28800, 5) == values.TimeTag(2024, 3, 1, 7, 59, 59, 5)
    assert values.tag_at(0, 0) == values.TimeTag(1970, 1, 1, 0, 0, 0, 0)
    for utc_s in range(946684800, 4102444800, 86400 * 17 + 4321):  # 2000 to 2099
        for tp_len in (5, 7):
            tag = values.decode_tag(values.encode_tag(values.tag_at(utc_s, 28800), tp_len))
            assert values.utc_of(tag, 28800, utc_s + 60) == utc_s, (utc_s, tp_len)


def test_a_missing_month_is_the_latest_that_fits():
    received = 1709222400  # 2024-02-29 16:00:00 UTC = 1 March 00:00 at UTC+8
    for day, clock, utc_s in (
        (1, (0, 30), received + 1800),  # the station's clock runs half an hour ahead
        (29, (23, 59), received - 60),
        (31, (8, 0), received - 29 * 86400 - 16 * 3600),  # 31 January: February has none
        (1, (2, 0), received - 29 * 86400 + 7200),  # two hours ahead is taken for last month
    ):
        tag = values.TimeTag(None, None, day, clock[0], clock[1], 0, 0)
        assert values.utc_of(tag, 28800, received) == utc_s, (day, clock)
    year_end = 1704038700  # 2024-01-01 00:05 at UTC+8
    tag = values.TimeTag(None, None, 31, 23, 55, 0, 0)
    assert values.utc_of(tag, 28800, year_end) == year_end - 600


def test_alarm_names_and_bits_agree():
    assert values.alarm_word(["mains_failed", "remaining_low"]) == 4097  # real: bits 0 and 12
    assert values.alarm_names(4097) == ["mains_failed", "remaining_low"]
    assert values.alarm_names(values.alarm_word(["flow_meter_fault"])) == ["flow_meter_fault"]
    assert len(values.ALARMS.split()) == 16 and values.alarm_names(0xFFFF) == values.ALARMS.split()
    assert values.alarm_word([]) == 0 and refused(errors.NotAllowed, values.alarm_word, ["flood"])


def test_a_neutral_state_word_is_not_zero():
    assert IDLE == 0x30  # pump stopped, door closed, mains
    facts = values.state_facts(0)
    assert facts["is_pump_running"] and facts["is_door_open"]
    assert refused(TypeError, values.state_word)  # every fact must be given


def test_every_state_word_reads_back():
    for word in range(128):
        facts = values.state_facts(word)
        assert facts.pop("reserved") == 0
        assert values.state_word(**facts) == word
    assert values.state_facts(0x8060)["reserved"] == 0x100
    facts = values.state_facts(0)
    facts.pop("reserved")
    facts["work_mode"] = 4
    assert refused(errors.NotAllowed, lambda: values.state_word(**facts))
