"""Reports and confirms: the public frames by their facts, the worked examples by their bytes."""

import json
from binascii import hexlify, unhexlify

from karez_protocols import errors, szy206
from karez_protocols import szy206_messages as messages
from karez_protocols import szy206_time as times
from karez_protocols import szy206_values as values
from karez_protocols import szy206_words as words

ROOT = __file__.replace("\\", "/").rsplit("/", 3)[0] if __file__.count("/") >= 3 else "."
with open(ROOT + "/tests/vectors/szy206.json") as file:
    VECTORS = [vector for vector in json.load(file) if vector["checksum_ok"]]

OLD, NEW = szy206.SZY206_2016, szy206.SLT427_2021
STATION = szy206.address_of("410105", 1)
SAMPLED = times.TimeTag(2024, 7, 12, 10, 15, 0, 5)
CONFIRMED = times.TimeTag(2024, 7, 12, 10, 15, 30, 5)
IDLE = words.state_word(
    work_mode=words.MODE_SELF_REPORT,
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


def channel(flow_lph, volume_l, unit=values.FLOW_M3_S):
    return {"flow_lph": flow_lph, "volume_l": volume_l, "flow_unit": unit}


def report(flow_lph=50400, volume_l=12345000, alarm=0, state=0x20, tag=SAMPLED, unit=values.FLOW_M3_S):
    return messages.SelfReport(STATION, 3, [channel(flow_lph, volume_l, unit)], alarm, state, tag)


def litres(volume_m3):
    return None if volume_m3 is None else volume_m3 * 1000


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
        return times.TimeTag(*parts, facts["delay_min"])
    return times.TimeTag(
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
        channels = [(c["flow_lph"], c.get("volume_l")) for c in message.readings]
        expected = [(lph(c["flow"]), litres(c.get("volume_m3"))) for c in facts["values"]["channels"]]
        assert channels == expected, vector["name"]
        assert [("volume_m3" in c) for c in facts["values"]["channels"]] == [
            ("volume_l" in c) for c in message.readings
        ]
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


def test_a_fragment_and_a_function_nobody_describes_come_back_with_their_bytes():
    image = next(vector for vector in VECTORS if vector["decoded"]["afn"] == "61")
    assert isinstance(decoded(image["hex"], OLD), szy206.Frame)
    for afn in (0x5B, 0x80, 0x13, 0xFF07):  # an older dialect, a user function
        for is_up in (True, False):
            message = messages.decode_message(szy206.Frame(is_up, STATION, afn, b"\x01\xaf"), OLD)
            assert message.values == {"data": b"\x01\xaf"} and message.afn == afn
            if afn != 0x13 or is_up:  # a command of 10H..4FH has PW and Tp when we send it
                assert szy206.decode(message.encode(OLD)).body == b"\x01\xaf"


def test_the_worked_examples_of_link_tests_and_confirms_are_built_byte_for_byte():
    assert upper(messages.LinkTest(STATION, messages.LOG_IN).encode()) == LOG_IN
    assert upper(messages.LinkTest(STATION, messages.KEEP_ALIVE).encode()) == KEEP_ALIVE
    assert upper(messages.Confirm(STATION, 0x02).encode(OLD)) == LOG_IN_CONFIRM
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
        assert message.readings == [channel(50400, 12345000)]
        assert (message.alarm, message.state) == (0, 0x20)
        assert message.tag == times.TimeTag(year, month, 12, 10, 15, 0, 5)


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


def test_a_platform_may_want_whole_minutes_in_the_tags_of_reports_and_only_there():
    whole = szy206.Dialect(5, False, tag_seconds="zero")
    sampled = times.TimeTag(2024, 7, 12, 10, 15, 59, 5)
    report = messages.SelfReport(STATION, 3, [channel(50_400, 12_345_000)], 0, IDLE, sampled)
    assert upper(report.encode(OLD))[-14:-4] == "5915101205"
    assert upper(report.encode(whole))[-14:-4] == "0015101205"
    untimed = messages.SelfReport(STATION, 3, [channel(50_400, 12_345_000)], 0, IDLE, None)
    assert refused(errors.NotAllowed, untimed.encode, whole)
    answer = messages.Confirm(STATION, 0xC0, tag=sampled)
    timed = szy206.Dialect(5, True, tag_seconds="zero")
    assert upper(answer.encode(timed))[-14:-4] == "5915101205"


def test_missing_members_of_a_channel_are_full_of_aa():
    for flow_lph, volume_l in ((None, 5000), (3600, None), (None, None)):
        message = decoded(upper(report(flow_lph, volume_l).encode(OLD)), OLD)
        assert message.readings == [channel(flow_lph, volume_l)]
    assert report(None, None).encode(OLD)[10:20] == b"\xaa" * 10


def test_a_volume_of_odd_litres_is_refused_not_rounded():
    for volume_l in (1, 999, 12345001, -1000, 10**13, True, "1000", 1000.0):
        assert refused(errors.NotAllowed, report(volume_l=volume_l).encode, OLD), volume_l
    assert (
        decoded(upper(report(volume_l=10**13 - 1000).encode(OLD)), OLD).readings[0]["volume_l"]
        == 10**13 - 1000
    )


def test_a_lone_field_is_what_the_dialect_says():
    text = "681568B34406070001C0AAAAAAAAAA004040000000000101E516"
    raw = unhexlify(text)
    assert decoded(text, OLD).readings == [{"flow_lph": None, "flow_unit": 0}]
    volumes = szy206.Dialect(5, False, lone_field="volume")
    assert decoded(text, volumes).readings == [{"volume_l": None}]
    message = messages.SelfReport(STATION, 3, [{"volume_l": 92000}], 0, IDLE, SAMPLED)
    again = decoded(upper(message.encode(volumes)), volumes)
    assert again.readings == [{"volume_l": 92000}] and len(message.encode(volumes)) == len(raw)
    message.readings = [{"volume_l": 92000}, {"volume_l": 93000}]  # would be read as one channel
    assert refused(errors.NotAllowed, message.encode, volumes)


def test_a_platform_may_want_the_volume_first():
    turned = szy206.Dialect(5, False, channel_order="volume_first")
    body = report().frame(turned).body
    assert upper(body[:10]) == "4523010000" + "1400000000"
    assert decoded(upper(report().encode(turned)), turned).readings == [channel(50400, 12345000)]


def test_many_channels_fit_up_to_the_limit():
    channels = [channel(3600 * at, 1000 * at) for at in range(23)]
    raw = messages.SelfReport(STATION, 3, channels, 0, IDLE, SAMPLED).encode(NEW)
    assert decoded(upper(raw), NEW).readings == channels and len(raw) <= szy206.FRAME_BYTES_MAX
    message = messages.SelfReport(STATION, 3, channels + channels[:1], 0, IDLE, SAMPLED)
    assert refused(errors.TooLarge, message.encode, NEW)
    message.readings = []
    assert refused(errors.NotAllowed, message.encode, NEW)


def test_an_alarm_report_has_its_alarm_word_in_front_unless_the_dialect_says_otherwise():
    text = "681A68B3410105010081001014000000004523010000240000151012054A16"
    message = decoded(text, OLD)
    assert (message.afn, message.alarm, message.state) == (0x81, 0x1000, 0x24)
    assert message.readings == [channel(50400, 12345000)]
    assert upper(message.encode(OLD)) == text
    behind = szy206.Dialect(5, False, alarm_place="after")
    again = decoded(upper(message.encode(behind)), behind)
    assert (again.alarm, again.state, again.readings) == (0x1000, 0x24, message.readings)
    assert message.frame(behind).body[:5] == message.frame(OLD).body[2:7]


def test_an_alarm_report_may_have_no_elements_and_a_status_report_has_none():
    for afn, type_code in ((0x81, 1), (0x81, 3), (0x81, 13), (0xC0, 13), (0x82, 13)):
        message = messages.SelfReport(STATION, type_code, [], 1, IDLE, SAMPLED, afn=afn)
        again = decoded(upper(message.encode(OLD)), OLD)
        assert (again.readings, again.alarm, again.state) == ([], 1, IDLE), (afn, type_code)
    for afn, type_code in ((0xC0, 3), (0xC0, 0), (0x82, 2), (0x10, 3)):
        message = messages.SelfReport(STATION, type_code, [], 1, IDLE, SAMPLED, afn=afn)
        assert refused(errors.NotAllowed, message.encode, OLD), (afn, type_code)


def test_an_all_zero_state_word_says_pump_running_and_door_open():
    message = decoded(upper(report(alarm=0, state=0).encode(OLD)), OLD)
    facts = words.state_facts(message.state)
    assert facts["is_pump_running"] and facts["is_door_open"] and not facts["is_on_battery"]
    assert words.state_facts(IDLE)["is_pump_running"] is False


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


def test_every_report_is_confirmed_with_its_own_control_field():
    for afn in (0x02, 0x81, 0x82, 0x83, 0x84, 0xC0):
        for fcb in (3, 2, 1):
            frame = szy206.Frame(True, STATION, afn, b"", fcb, 3, divs=7)
            for dialect in (OLD, NEW):
                raw = messages.confirm_of(frame, CONFIRMED).encode(dialect)
                confirm = messages.decode_message(szy206.decode(raw), dialect)
                assert (confirm.afn, confirm.fcb, confirm.type_code, confirm.divs) == (afn, fcb, 3, 7)
                has_tag = dialect is NEW and afn != 0x02
                assert confirm.tag == (CONFIRMED if has_tag else None)
    zero = szy206.Dialect(5, False, confirm_type="zero")
    frame = szy206.decode(unhexlify(REPORT_206))
    assert szy206.decode(messages.confirm_of(frame).encode(zero)).type_code == 0
