"""What SL 651 frames say: published ones, the worked examples to their figures, every form both ways."""

import json
from binascii import hexlify, unhexlify

from karez_protocols import errors, sl651
from karez_protocols import sl651_messages as messages
from karez_protocols.sl651_dialect import FILL_FF, KAREZ_ELEMENTS, SL651_2014, Dialect
from karez_protocols.sl651_frames import ACK, ENQ, EOT, ESC, ETB, ETX, NAK, Frame
from karez_protocols.sl651_functions import TABLE, function_of
from karez_protocols.sl651_meanings import is_setting
from karez_protocols.sl651_messages import Group, Line
from karez_protocols.sl651_parts import Element
from karez_protocols.sl651_quantities import element_for, elements_for, quantities, quantity
from karez_protocols.sl651_reading import decode_message, parts_of
from karez_protocols.sl651_status import status_facts
from karez_protocols.sl651_times import Step, Time, encode_time, time_text
from karez_protocols.sl651_writing import encode_body, encode_message

ROOT = __file__.replace("\\", "/").rsplit("/", 3)[0] if __file__.count("/") >= 3 else "."
with open(ROOT + "/tests/vectors/sl651.json") as file:
    VECTORS = [vector for vector in json.load(file) if vector["checksum_ok"]]
EXTENDED = ("up_32_rain_level_missing_extid", "up_37_realtime", "up_32_beijing_flow_volume_ext")
FILLED_FF = Dialect(filler=FILL_FF)
WELL = unhexlify("4101050001")
LINE = Line(1, WELL, 0x1234, False)
LINE_ASCII = Line(1, WELL, 0x1234, True)
NOW = Time(2024, 7, 12, 10, 15, 30)
HOUR = Time(2024, 7, 12, 11, 0, 0)
# Constructed in the page of the standard's facts, CRC computed there.
PUMP_ON = "7E7E4101050001011234" + "4C800A0200002407121015300101" + "05720F"
PUMP_ON_ANSWER = "7E7E0141010500011234" + "4C001102000524071210" + "1532F1F141010500010101" + "032092"
PUMP_ON_FINAL = "7E7E4101050001011234" + "4C80080200052407121015331B015F"
QUOTA_IN = "7E7E4101050001011234" + "4F8009020000240712101530FF05ABFB"
QUOTA_IN_ANSWER = "7E7E0141010500011234" + "4F0010020006240712101532F1F14101050001FF038DF2"
CARD_ON = "7E7E4101050001011234" + "4B800E0200002407121015304520" + "0000020005CCFB"
WRITE = (
    "7E7E4101050001011234" + "428020020000240712101530" + "8E33000000100500"
    "9633000000012000" + "A133000000020000" + "051C9F"
)
WELL_REPORT = (
    "7E7E0141010500011234" + "32002A020007240712110000" + "F1F1410105000147F0F02407121100"
    "0E1A002345" + "03110165" + "452000000080" + "38121265" + "030EC5"
)
INTAKE_REPORT = (
    "7E7E0141010500011234" + "320037020008240712110000" + "F1F1410105000149F0F02407121100"
    "282B0000000014" + "682A0000005040" + "6033000000487000" + "452000000080" + "38121265" + "03F7A3"
)
ASCII = (
    b"\x01010010100001A00032003E\x021234240109160128 ST 0010100001 H TT 2401091601 PJ 3.5 Z 12.34 \x038279"
)


def refused(kind, call, *args):
    """True if the call raises exactly the declared error."""
    try:
        call(*args)
    except kind:
        return True
    return False


def upper(data):
    return hexlify(data).decode().upper()


def dialect_of(vector):
    return FILLED_FF if "FF" in vector["name"] else SL651_2014


def published(name):
    vector = next(vector for vector in VECTORS if vector["name"] == name)
    return decode_message(sl651.decode(unhexlify(vector["hex"])))


def read(digits, dialect=SL651_2014):
    return decode_message(sl651.decode(unhexlify(digits)), dialect)


def found_in(elements, function, dialect=SL651_2014):
    return quantities(elements, is_setting(function), dialect)


def both_ways(message, dialect=SL651_2014, end=None):
    """The HEX body of a message that comes back the same in HEX and in ASCII."""
    for line in (LINE, LINE_ASCII):
        raw = sl651.encode(encode_message(message, line, end, dialect))
        again = decode_message(sl651.decode(raw), dialect)
        assert again == message, (raw, again)
    return upper(encode_body(message, False, dialect))


def words(message, dialect=SL651_2014):
    return encode_body(message, True, dialect)


def body_refused(function, is_up, digits, end=ETX, is_ascii=False):
    body = digits if is_ascii else unhexlify(digits)
    frame = Frame(is_up, 1, WELL, 0x1234, function, body, end, None, is_ascii)
    return refused(errors.Malformed, decode_message, frame)


# -- published frames -------------------------------------------------------------------


def test_every_published_body_is_a_message_that_writes_the_same_bytes():
    count = 0
    for vector in VECTORS:
        frame = sl651.decode(unhexlify(vector["hex"]))
        message = decode_message(frame, dialect_of(vector))
        if isinstance(message, messages.Packet):
            assert message.data == frame.body and message.total == 13
            continue
        facts = vector["decoded"]
        assert message.serial == facts["serial"], vector["name"]
        assert time_text(message.sent) == facts["sent"], vector["name"]
        assert encode_body(message, False, dialect_of(vector)) == frame.body, vector["name"]
        count += 1
    assert count == 47


def test_the_parts_of_every_published_body_cover_it_and_have_the_published_values():
    compared = 0
    for vector in VECTORS:
        frame = sl651.decode(unhexlify(vector["hex"]))
        if frame.packet:
            continue
        at = 0
        elements = []
        for one in parts_of(frame):
            assert one.start == at and one.end > at, vector["name"]
            at = one.end
            if one.kind == "element":
                elements.append((one, frame.body[one.start : one.end]))
        assert at == len(frame.body), vector["name"]
        if "elements" not in vector["decoded"] or frame.function == 0x38:
            continue  # a query, whose identifiers have no value, or a series with its rows
        expected = [element for element in vector["decoded"]["elements"] if "def" in element]
        assert len(elements) == len(expected), vector["name"]
        for (one, raw), element in zip(elements, expected):
            head = element["id"] + element["def"]
            assert upper(raw) == head + element["raw"], vector["name"]
            if "value" in element:
                value = one.value.value
                if element["value"] is None:
                    assert value is None, vector["name"]
                else:
                    assert one.value.decimals == element["decimals"]
                    assert value == round(element["value"] * 10 ** element["decimals"]), vector["name"]
                compared += 1
            elif "status" in element:
                assert one.value.value == element["status"]
            elif "step_dhm" in element:
                assert list(one.value.value) == element["step_dhm"]
            elif "rain_mm" in element:
                shown = [None if part is None else part / 10 for part in one.value.value]
                assert shown == element["rain_mm"], vector["name"]
            elif "level_m" in element:
                shown = [None if part is None else part / 100 for part in one.value.value]
                assert shown == element["level_m"], vector["name"]
    assert compared == 77


def test_every_published_message_says_the_same_in_ascii():
    count = 0
    for vector in VECTORS:
        message = decode_message(sl651.decode(unhexlify(vector["hex"])))
        if vector["name"] == "up_32_beijing_ext_ids_status":
            assert words(message).endswith(b"PT 311.3 ZT 00600481 VT 12.87 FF09 20 FF33 20.5 ")
        # A number has no length in ASCII: an extended one comes back as short as it can be.
        if isinstance(message, messages.Packet) or vector["name"] in EXTENDED:
            continue
        both_ways(message, SL651_2014, ETB if messages.is_upward(message) else None)
        count += 1
    assert count == 44


def test_a_query_for_a_period_names_begin_end_step_and_identifier():
    query = published("down_38_query_period_rain")
    assert (query.start, query.end) == (Time(2024, 1, 9, 16, 0, 0), Time(2024, 1, 9, 17, 0, 0))
    assert query.step == Step(0, 0, 5) and query.words == (Element(0xF4, 12, 0, None),)
    answer = published("up_38_period_rain")
    assert answer.observed == Time(2024, 1, 10, 10, 5, 0) and answer.step == Step(0, 0, 5)
    assert answer.rows == (((0,) * 7 + (5,) + (0,) * 4,),)


def test_a_report_has_a_group_for_each_time():
    report = published("up_34_hourly_two_time_groups")
    assert [time_text(group.observed) for group in report.groups] == [
        "2024-02-27 08:05:00",
        "2024-02-27 09:00:00",
        "2024-02-27 08:05:00",
        "2024-02-27 09:00:00",
    ]
    assert [len(group.elements) for group in report.groups] == [1, 1, 1, 4]
    assert {group.station_class for group in report.groups} == {0x48}
    assert found_in(report.groups[3].elements, 0x34) == {
        "rain_5min_um": 0,
        "rain_um": 0,
        "level_mm": None,
        "battery_mv": 12150,
    }


def test_counters_version_text_and_picture_come_whole():
    counters = published("up_50_event_counters")
    assert counters.counts[:3] == (0x1111, 0x2222, 0x3333) and len(counters.counts) == 32
    assert published("up_45_version").text == b"DATA86-SW-V1.2(H)"
    assert published("up_39_manual_text").text == b"Q 1.234"
    first = published("up_36_picture_packet_1_of_13")
    assert (first.total, first.number, len(first.data)) == (13, 1, 281)


def test_a_confirm_of_a_real_centre_may_end_with_ack():
    confirm = published("down_32_ack_ACK_nonstandard_end")
    assert confirm == messages.Confirm(0x32, 12, Time(2020, 7, 24, 17, 23, 49), ACK, None)
    assert published("down_30_ack_ESC").end == ESC


# -- the worked examples of the page ----------------------------------------------------


def test_the_command_that_starts_pump_1_its_answer_and_the_last_frame():
    command = read(PUMP_ON)
    assert command == messages.Switches(0x4C, False, 0, NOW, None, (True,) + (False,) * 7)
    answer = read(PUMP_ON_ANSWER)
    sent = Time(2024, 7, 12, 10, 15, 32)
    assert answer == messages.Switches(0x4C, True, 5, sent, WELL, (True,) + (False,) * 7)
    final = read(PUMP_ON_FINAL)
    assert final == messages.Confirm(0x4C, 5, Time(2024, 7, 12, 10, 15, 33), ESC, None)
    for message, digits in ((command, PUMP_ON), (answer, PUMP_ON_ANSWER), (final, PUMP_ON_FINAL)):
        assert upper(sl651.encode(encode_message(message, LINE))) == digits


def test_the_command_that_puts_the_quota_in_force_and_its_answer():
    assert read(QUOTA_IN) == messages.Quota(False, 0, NOW, None, True)
    answer = read(QUOTA_IN_ANSWER)
    assert answer == messages.Quota(True, 6, Time(2024, 7, 12, 10, 15, 32), WELL, True)
    for digits in (QUOTA_IN, QUOTA_IN_ANSWER):
        assert upper(sl651.encode(encode_message(read(digits), LINE))) == digits


def test_the_command_that_turns_the_card_reader_on():
    command = read(CARD_ON)
    assert command == messages.Write(0x4B, 0, NOW, (Element(0x45, 4, 0, 0x200),))
    assert status_facts(command.elements[0].value)["is_card_on"]
    assert upper(sl651.encode(encode_message(command, LINE))) == CARD_ON


def test_the_settings_recharge_100_500_quota_12_and_alarm_20_cubic_metres():
    command = read(WRITE)
    assert found_in(command.elements, 0x42) == {
        "recharge_1_l": 100500,
        "quota_l": 12000,
        "remaining_alarm_1_l": 20000,
    }
    pairs = (("recharge_1_l", 100500), ("quota_l", 12000), ("remaining_alarm_1_l", 20000))
    ours = messages.Write(0x42, 0, NOW, elements_for(pairs, True, SL651_2014))
    assert ours == command and upper(sl651.encode(encode_message(ours, LINE))) == WRITE


def test_a_wells_daily_report_of_level_and_temperature():
    report = read(WELL_REPORT)
    (group,) = report.groups
    assert (group.station, group.station_class, group.observed) == (WELL, 0x47, HOUR)
    found = found_in(group.elements, 0x32)
    assert found == {
        "groundwater_depth_mm": 23450,
        "water_temperature_mdegc": 16500,
        "status": 0x80,
        "battery_mv": 12650,
    }
    facts = status_facts(found["status"])
    assert not facts["is_door_open"] and facts["is_pump_running"] and facts["alarms"] == []
    assert upper(sl651.encode(encode_message(report, LINE))) == WELL_REPORT


def test_an_intakes_report_of_flow_last_hour_and_remaining_water():
    report = read(INTAKE_REPORT)
    (group,) = report.groups
    assert group.station_class == 0x49
    found = found_in(group.elements, 0x32)
    assert found == {
        "flow_1_lph": 50400,
        "hour_volume_1_l": 50400,
        "remaining_1_l": 487000,
        "status": 0x80,
        "battery_mv": 12650,
    }
    pairs = [quantity(element, False, SL651_2014) for element in group.elements]
    group = Group(WELL, 0x49, HOUR, elements_for(pairs, False, SL651_2014))
    report = messages.Report(0x32, 8, HOUR, (group,))
    assert upper(sl651.encode(encode_message(report, LINE))) == INTAKE_REPORT


def test_the_ascii_report_of_another_encoder_has_its_values():
    report = decode_message(sl651.decode(ASCII))
    assert (
        report.function == 0x32
        and report.serial == 0x1234
        and time_text(report.sent) == "2024-01-09 16:01:28"
    )
    (group,) = report.groups
    assert (upper(group.station), group.station_class) == ("0010100001", 0x48)
    assert found_in(group.elements, 0x32) == {"rain_um": 3500, "level_mm": 12340}
    spaced = Dialect(ascii_space=True)
    line = Line(1, unhexlify("0010100001"), 0xA000, True)
    assert sl651.encode(encode_message(report, line, None, spaced)) == ASCII
    plain = sl651.encode(encode_message(report, line))
    assert len(plain) == len(ASCII) - 1 and decode_message(sl651.decode(plain)) == report


# -- every form, both ways --------------------------------------------------------------


def test_keep_alive_queries_and_confirms_are_serial_and_time_alone():
    assert both_ways(messages.KeepAlive(2, NOW)) == "0002240712101530"
    for function in (0x36, 0x37, 0x39, 0x44, 0x45, 0x46, 0x4A, 0x50, 0x51):
        assert both_ways(messages.Query(function, 0, NOW)) == "0000240712101530"
    for end in (EOT, ACK, ESC):
        both_ways(messages.Confirm(0x32, 65535, NOW, end, None))
        both_ways(messages.Confirm(0x36, 5, NOW, end, (13, 13)))
    both_ways(messages.Resend(0x36, 5, NOW, (13, 4)))


def test_reports_of_every_function_carry_stations_times_and_elements():
    elements = (Element(0x0E, 3, 2, 2345), Element(0x39, 4, 3, None), Element(0x39, 5, 3, -12345))
    groups = (
        Group(WELL, 0x47, HOUR, elements),
        Group(WELL, 0x47, Time(2024, 7, 12, 10, 15, 0), ()),
        Group(WELL, 0x49, HOUR, (Element(0x68, 5, 2, 5040),)),
        Group(unhexlify("4101050002"), 0x49, HOUR, (Element(0x68, 5, 2, None), Element(0x45, 4, 0, 0))),
    )
    for function in (0x30, 0x32, 0x33, 0x34, 0x36, 0x37, 0x3A, 0x44):
        body = both_ways(messages.Report(function, 7, NOW, groups))
        assert body.startswith(
            "0007240712101530F1F1410105000147F0F02407121100" + "0E1A002345" + "3923AAAAAAAA"
        )
    assert words(messages.Report(0x32, 7, NOW, groups)) == (
        b"0007240712101530ST 4101050001 G TT 2407121100 H 23.45 Z M Z -12.345 TT 2407121015 "
        b"ST 4101050001 I TT 2407121100 SBL1 50.40 ST 4101050002 I TT 2407121100 SBL1 M ZT 00000000 "
    )


def test_a_report_without_a_time_or_without_a_class_keeps_its_groups():
    element = Element(0x38, 2, 2, 1265)
    for groups in (
        (),
        (Group(None, None, None, (element,)),),
        (Group(None, None, HOUR, (element,)),),
        (Group(WELL, 0x47, None, (element,)),),
        (Group(WELL, None, HOUR, (element,)),),
        (Group(WELL, None, None, ()),),
        (Group(WELL, 0x47, None, ()), Group(WELL, 0x47, None, (element,))),
        (Group(WELL, 0x47, HOUR, ()), Group(WELL, 0x47, HOUR, ())),
    ):
        both_ways(messages.Report(0x32, 1, NOW, groups))
    for groups in (
        (Group(WELL, None, None, (element,)),),  # its first byte would be read as the class
        (Group(WELL, 0x47, HOUR, ()), Group(None, None, HOUR, (element,))),
        (Group(None, None, None, ()),),
    ):
        assert refused(errors.NotAllowed, encode_body, messages.Report(0x32, 1, NOW, groups), False), groups


def test_a_series_has_a_step_its_identifiers_and_rows():
    level = Element(0x39, 4, 3, None)
    series = messages.Series(
        0x31, 9, NOW, WELL, 0x47, HOUR, Step(0, 1, 0), (level,), ((12340,), (None,), (12350,))
    )
    body = both_ways(series)
    assert body.endswith("F0F02407121100" + "0418000100" + "3923" + "00012340" + "FFFFFFFF" + "00012350")
    assert words(series).endswith(b"TT 2407121100 DRH01 Z 12.340 M 12.350 ")
    both_ways(messages.Series(0x38, 9, NOW, WELL, 0x47, HOUR, Step(1, 0, 0), (level,), ()))
    hour = messages.Series(
        0x31,
        9,
        NOW,
        WELL,
        0x47,
        HOUR,
        Step(0, 0, 0),
        (Element(0xF4, 12, 0, None),),
        (((None,) * 12,), ((7,) * 12,)),
    )
    assert both_ways(hour).endswith("0418000000" + "F460" + "FF" * 12 + "07" * 12)
    two = (level, Element(0x20, 3, 1, None))
    wide = messages.Series(0x38, 9, NOW, WELL, 0x47, HOUR, Step(0, 0, 5), two, ((1, 2), (None, 0)))
    both_ways(wide, Dialect(series_words=2))
    assert (
        decode_message(encode_message(wide, LINE_ASCII)) == wide
    )  # there the names mark their end themselves
    for rows in (((1, 2),), ((),)):
        uneven = messages.Series(0x31, 9, NOW, WELL, 0x47, HOUR, Step(0, 1, 0), (level,), rows)
        assert refused(errors.NotAllowed, encode_body, uneven, False), rows


def test_a_series_whose_identifiers_nothing_would_end_is_not_written():
    def series(*words):
        rows = ((0,) * len(words),)
        return messages.Series(0x31, 9, NOW, WELL, 0x47, HOUR, Step(0, 1, 0), words, rows)

    level, rain, own = Element(0x39, 4, 3, None), Element(0x20, 3, 1, None), Element(0xFF09, 1, 0, None)
    for message, is_ascii, dialect in (
        (series(level, rain), False, SL651_2014),
        (series(level), False, Dialect(series_words=2)),
        (series(), False, SL651_2014),
        (series(level, own), True, SL651_2014),
        (series(level, Element(0x76, 1, 0, None)), True, Dialect(elements=b"76 76 total_l N 2 0 1000\n")),
    ):
        assert refused(errors.NotAllowed, encode_body, message, is_ascii, dialect), message.words
    first = series(own, level)  # the first one needs no mark
    assert decode_message(encode_message(first, LINE_ASCII)).rows == ((0, 0),)


def test_rows_that_do_not_come_out_even_are_refused():
    head = "0009240712101530F1F1410105000147F0F024071211000418000100"
    assert body_refused(0x31, True, head + "3923" + "0001234000")
    assert body_refused(0x31, True, head + "3900")
    assert body_refused(0x31, True, head)
    assert body_refused(0x31, True, head[:-10] + "3923" + "00012340")  # no step
    assert body_refused(0x31, True, "0009240712101530F1F1410105000147" + "04180001003923")  # no time
    assert body_refused(
        0x38, True, b"0009240712101530ST 4101050001 G TT 2407121100 DRH01 Z 1.2345 ", ETX, True
    )
    assert body_refused(
        0x38, True, b"0009240712101530ST 4101050001 G TT 2407121100 DRH01 Z PJ 1.2 ", ETX, True
    )
    assert body_refused(0x38, True, b"0009240712101530ST 4101050001 G TT 2407121100 Z 1.2 ", ETX, True)


def test_queries_name_identifiers():
    wanted = (Element(0x0E, 3, 2, None), Element(0xFF09, 1, 0, None), Element(0xF4, 12, 0, None))
    assert both_ways_hex(messages.WordQuery(0x3A, 0, NOW, wanted)).endswith("0E1AFF0908F460")
    assert words(messages.WordQuery(0x3A, 0, NOW, wanted)).endswith(b"H FF09 DRP ")
    settings = (Element(0x8E, 6, 3, None), Element(0x96, 6, 3, None))
    assert both_ways(messages.WordQuery(0x43, 0, NOW, settings)).endswith("8E339633")
    assert words(messages.WordQuery(0x43, 0, NOW, settings)) == b"0000240712101530" + b"8E 96 "
    period = messages.PeriodQuery(
        0, NOW, Time(2024, 7, 11, 8, 0, 0), Time(2024, 7, 12, 8, 0, 0), Step(0, 0, 30), wanted[:1]
    )
    assert both_ways(period).endswith("2407110824071208" + "0418000030" + "0E1A")
    assert words(period).endswith(b"24071108 24071208 DRN30 H ")


def both_ways_hex(message, dialect=SL651_2014):
    raw = sl651.encode(encode_message(message, LINE, None, dialect))
    assert decode_message(sl651.decode(raw), dialect) == message
    return upper(encode_body(message, False, dialect))


def test_settings_are_written_read_and_answered():
    channel = unhexlify("02218094153172009708")
    elements = (
        Element(0x01, 4, 0, b"\x01\x00\x00\x00"),
        Element(0x02, 5, 0, WELL),
        Element(0x03, 2, 0, 0xAAAA),
        Element(0x04, 10, 0, channel),
        Element(0x0C, 1, 0, 2),
        Element(0x0D, 8, 0, unhexlify("0000800100000000")),
        Element(0x0F, 12, 0, b"113912345678"),
    )
    for message in (messages.Write(0x40, 0, NOW, elements), messages.Values(0x41, 3, NOW, WELL, elements)):
        body = both_ways(message)
        assert "0310AAAA" + "0450" + upper(channel) + "0C0802" in body
    assert words(messages.Write(0x40, 0, NOW, elements)) == (
        b"0000240712101530"
        b"01 01000000 02 4101050001 03 AAAA 04 02218094153172009708 0C 2 0D 0000800100000000 "
        b"0F 113912345678 "
    )
    relay = Element(0x0E, 252, 0, bytes(252))
    assert both_ways(messages.Write(0x40, 0, NOW, (relay,))).startswith("0000240712101530" + "0EFC")
    run = (
        Element(0x20, 1, 0, 1),
        Element(0x28, 5, 3, -10000),
        Element(0x96, 6, 3, 12000),
        Element(0x21, 1, 0, None),
    )
    assert (
        words(messages.Write(0x42, 0, NOW, run)) == b"0000240712101530" + b"20 1 28 -10.000 96 12.000 21 M "
    )
    both_ways(messages.Values(0x43, 3, NOW, WELL, run))


def test_a_password_is_changed_by_naming_the_old_one_and_storage_by_naming_the_deed():
    change = messages.Write(0x49, 0, NOW, (Element(3, 2, 0, 0x1234), Element(3, 2, 0, 0x03E8)))
    assert both_ways(change).endswith("03101234" + "031003E8")
    assert both_ways(messages.Values(0x49, 4, NOW, WELL, (Element(3, 2, 0, 0x03E8),))).endswith("031003E8")
    for function, ident in ((0x47, 0x97), (0x48, 0x98)):
        deed = messages.Write(function, 0, NOW, (Element(ident, 0, 0, None),))
        assert both_ways(deed).endswith("%02X00" % ident)
        assert words(deed) == b"0000240712101530%02X " % ident
        frame = Frame(False, 1, WELL, 0x1234, function, words(deed) + b"00 ", ENQ, None, True)
        assert decode_message(frame) == deed  # another encoder writes the empty data as 00
        both_ways(messages.Done(function, 9, NOW, WELL))
    for function in (0x4A, 0x51):
        assert both_ways(messages.Done(function, 9, NOW, WELL)).endswith("F1F14101050001")


def test_switches_gates_and_quota_go_both_ways():
    states = (False, True) + (False,) * 6 + (True,) + (False,) * 7
    for function in (0x4C, 0x4D):
        assert both_ways(messages.Switches(function, False, 0, NOW, None, states)).endswith("020201")
        assert both_ways(messages.Switches(function, True, 1, NOW, WELL, states)).endswith(
            "F1F14101050001020201"
        )
    assert words(messages.Switches(0x4C, False, 0, NOW, None, states)).endswith(b"02 0201 ")
    gates = messages.Gates(False, 0, NOW, None, (True, False, True), (1200, 0, None))
    assert both_ways(gates).endswith("03" + "05" + "01200000AAAA")
    assert words(gates).endswith(b"03 05 0120 0000 AAAA ")
    many = (True,) * 9
    assert both_ways(messages.Gates(True, 1, NOW, WELL, many, (99990,) * 9)).endswith("09FF01" + "9999" * 9)
    for is_on, digits in ((True, "FF"), (False, "00")):
        assert both_ways(messages.Quota(False, 0, NOW, None, is_on)).endswith(digits)
        assert both_ways(messages.Quota(True, 1, NOW, WELL, is_on)).endswith("4101050001" + digits)


def test_a_byte_that_commands_one_pump_commands_eight():
    one = messages.Switches(0x4C, False, 0, NOW, None, (True,))
    assert decode_message(encode_message(one, LINE)).states == (True,) + (False,) * 7


def test_status_version_counters_and_text():
    assert both_ways(messages.Values(0x46, 1, NOW, WELL, (Element(0x45, 4, 0, 0x480),))).endswith(
        "452000000480"
    )
    assert words(messages.Values(0x46, 1, NOW, WELL, (Element(0x45, 4, 0, 0x480),))).endswith(b"ZT 00000480 ")
    assert both_ways(messages.Version(1, NOW, WELL, b"karez 1.0 ")).endswith("0A" + upper(b"karez 1.0 "))
    for size in (0, 255):
        both_ways(messages.Version(1, NOW, WELL, b"v" * size))
    assert both_ways(messages.Counters(1, NOW, WELL, tuple(range(32)))).endswith("001E001F")
    for function in (0x35, 0x39):
        assert both_ways(messages.Text(function, 1, NOW, b" H 23.45 ")).endswith("F2F2" + upper(b" H 23.45 "))
    both_ways(messages.Text(0x35, 1, NOW, "埋深".encode()))


def test_a_picture_is_the_rest_of_its_body():
    jpeg = b"\xff\xd8\xf0\xf0\xf1\xf1\x20\x20\xff\xd9\x20"
    report = messages.Report(0x36, 5, NOW, (Group(WELL, 0x47, HOUR, (Element(0xF3, 11, 0, jpeg),)),))
    assert both_ways(report).endswith("F3F3" + upper(jpeg))
    velocities = messages.Report(
        0x32, 5, NOW, (Group(WELL, 0x48, HOUR, (Element(0xFD, 3, 0, b"\x01\x02\x03"),)),)
    )
    assert both_ways(velocities).endswith("FDF6010203")


def test_a_time_step_may_stand_in_a_report_too():
    report = messages.Report(0x34, 5, NOW, (Group(WELL, 0x48, HOUR, (Element(4, 3, 0, Step(0, 0, 5)),)),))
    assert both_ways(report).endswith("0418000005") and words(report).endswith(b"DRN05 ")
    mixed = messages.Report(0x34, 5, NOW, (Group(WELL, 0x48, HOUR, (Element(4, 3, 0, Step(1, 0, 5)),)),))
    both_ways_hex(mixed)
    assert refused(errors.NotAllowed, encode_body, mixed, True)


def test_functions_of_users_keep_their_bytes_until_a_dialect_calls_them_reports():
    report = messages.Report(0x32, 5, NOW, (Group(WELL, 0x47, HOUR, (Element(0x0E, 3, 2, 2345),)),))
    body = encode_body(report, False)
    frame = Frame(True, 1, WELL, 0x1234, 0xE0, body, ETX, None, False)
    other = decode_message(frame)
    assert other == messages.Other(0xE0, True, 5, NOW, body[8:])
    assert encode_message(other, LINE) == frame
    own = Dialect(user_reports=b"\xe0\xe1\xe2")
    assert decode_message(frame, own) == messages.Report(0xE0, 5, NOW, report.groups)
    assert encode_message(decode_message(frame, own), LINE, None, own) == frame
    strange = Frame(True, 1, WELL, 0x1234, 0x00, b"\x01\x02", ETX, None, False)
    assert decode_message(strange) == messages.Other(0x00, True, None, None, b"\x01\x02")
    both_ways(messages.Other(0xE5, False, 0, NOW, b"\x12\x34"))
    both_ways(messages.Query(0xE5, 0, NOW))


def test_what_no_dialect_names_is_left_out_of_the_quantities_and_the_last_of_two_counts():
    elements = (Element(0xFF09, 1, 0, 20), Element(0x39, 4, 3, 1000), Element(0x39, 4, 3, None))
    assert found_in(elements, 0x32) == {"level_mm": None}
    assert refused(errors.NotAllowed, elements_for, (("level_mm", 1), ("water", 1)), False, SL651_2014)


def test_our_extension_carries_the_running_total_and_the_energy():
    ours = Dialect(elements=KAREZ_ELEMENTS)
    elements = (
        element_for("total_l", 123456789, False, ours),
        element_for("energy_wh", 1234567, False, ours),
    )
    report = messages.Report(0x32, 5, NOW, (Group(WELL, 0x49, HOUR, elements),))
    assert both_ways(report, ours).endswith("FF0133000123456789" + "FF0233000001234567")
    assert found_in(decode_message(encode_message(report, LINE)).groups[0].elements, 0x32, ours) == {
        "total_l": 123456789,
        "energy_wh": 1234567,
    }


def test_every_function_of_the_standard_has_a_name_and_a_form():
    codes = [int(line[:2], 16) for line in TABLE.decode().split("\n") if line]
    assert len(codes) == 30 and min(codes) == 0x2F and max(codes) == 0x51
    for code in range(256):
        row = function_of(code, SL651_2014)
        assert (row.name != "unknown") == (code in codes) == (row.up != "o"), code


# -- what is refused --------------------------------------------------------------------


def test_a_body_cut_at_any_place_is_no_message_or_one_with_less_in_it():
    frame = sl651.decode(unhexlify(INTAKE_REPORT))
    whole = decode_message(frame)
    for at in range(len(frame.body)):
        short = Frame(True, 1, WELL, 0x1234, 0x32, frame.body[:at], ETX, None, False)
        try:
            message = decode_message(short)
        except errors.Malformed:
            continue
        assert message != whole and at >= 8
        assert encode_body(message, False) == short.body or at == 22


def test_bodies_that_are_no_message_are_refused():
    head = "0007240712101530"
    address = head + "F1F14101050001"
    for function, body in (
        (0x32, "0007"),
        (0x32, "0007" + "241312101530"),
        (0x32, address + "47" + "F0F02413121100"),
        (0x32, address + "47" + "F0F0240712"),
        (0x32, address + "47" + "0E1A0023"),
        (0x32, address + "47" + "0E1A00234A"),
        (0x32, address + "47" + "00"),
        (0x32, address + "47" + "F01A002345"),
        (0x32, address + "47" + "F11A002345"),
        (0x32, address + "47" + "FF"),
        (0x32, address + "47" + "FF09"),
        (0x32, address + "47" + "0418" + "000060"),
        (0x32, head + "F1F1410105"),
        (0x2F, head + "00"),
        (0x35, head + "F3F341"),
        (0x35, head),
        (0x40, head + "03101234"),
        (0x45, address),
        (0x45, address + "0541424344"),
        (0x45, address + "0341424344"),
        (0x4A, head),
        (0x4A, address + "00"),
        (0x4C, address),
        (0x4C, address + "01"),
        (0x4C, address + "0201"),
        (0x4C, address + "010101"),
        (0x4E, address + "00"),
        (0x4E, address + "0101"),
        (0x4E, address + "0101012A"),
        (0x4E, address + "010101200000"),
        (0x4F, address + "01"),
        (0x4F, address + "FFFF"),
        (0x50, address + "00" * 63),
        (0x50, address + "00" * 65),
    ):
        assert body_refused(function, True, body), (hex(function), body)


def test_commands_and_queries_that_say_nothing_are_refused():
    head = "0000240712101530"
    for function in (0x38, 0x3A, 0x40, 0x41, 0x42, 0x43, 0x47, 0x48, 0x49, 0x4B, 0x4C, 0x4D, 0x4E, 0x4F):
        assert body_refused(function, False, head, ENQ), hex(function)
        assert not body_refused(function, False, head, EOT), hex(function)
    for function, body in (
        (0x37, head + "0E1A"),
        (0x38, head + "24071108"),
        (0x38, head + "2407110824071208" + "0E1A"),
        (0x38, head + "2407110824071208" + "0418000030"),
        (0x3A, head + "0E"),
        (0x42, head + "8E33000000100A00"),
        (0x42, head + "F1F14101050001"),
    ):
        assert body_refused(function, False, body, ENQ), (hex(function), body)


def test_ascii_bodies_that_are_no_message_are_refused():
    head = b"0007240712101530"
    for function, body in (
        (0x32, b"0007"),
        (0x32, b"00G7240712101530"),
        (0x32, b"0007241312101530"),
        (0x32, head + b"ST "),
        (0x32, head + b"ST 41010500 G "),
        (0x32, head + b"ST 41010500ZZ G "),
        (0x32, head + b"ST 4101050001 G TT 24071211 "),
        (0x32, head + b"ST 4101050001 G TT 2407121100 H "),
        (0x32, head + b"ST 4101050001 G TT 2407121100 H 23,45 "),
        (0x32, head + b"ST 4101050001 G TT 2407121100 H 23. "),
        (0x32, head + b"ST 4101050001 G TT 2407121100 H 2.3.4 "),
        (0x32, head + b"ST 4101050001 G TT 2407121100 H 0.12345678 "),
        (0x32, head + b"ST 4101050001 G TT 2407121100 H " + b"1" * 63 + b" "),
        (0x32, head + b"ST 4101050001 G TT 2407121100 ZT 0000048 "),
        (0x32, head + b"ST 4101050001 G TT 2407121100 DRN60 "),
        (0x32, head + b"ST 4101050001 G TT 2407121100 \xb0H 1 "),
        (0x2F, head + b"X "),
        (0x35, head + b"PIC x "),
        (0x40, head + b"03 1234 "),
        (0x45, head + b"ST 4101050001 05 V1.0 "),
        (0x45, head + b"ST 4101050001 0004 V1.0 "),
        (0x4A, head + b"ST 4101050001 00 "),
        (0x4C, head + b"ST 4101050001 01 0 "),
        (0x4F, head + b"ST 4101050001 01 "),
    ):
        assert body_refused(function, True, body, ETX, True), (hex(function), body)


def test_an_unknown_name_in_ascii_keeps_its_name():
    body = b"0007240712101530ST 4101050001 G TT 2407121100 PX 12.5 NOTE ok 76 123.4 "
    frame = Frame(True, 1, WELL, 0x1234, 0x32, body, ETX, None, True)
    (group,) = decode_message(frame).groups
    assert group.elements == (
        Element("PX", 2, 1, 125),
        Element("NOTE", 2, 0, b"ok"),
        Element(0x76, 2, 1, 1234),
    )
    assert encode_message(decode_message(frame), LINE_ASCII) == frame
    assert refused(errors.NotAllowed, encode_body, decode_message(frame), False)


def test_messages_that_cannot_be_are_not_written():
    report = messages.Report(0x32, 7, NOW, (Group(WELL, 0x47, HOUR, (Element(0x0E, 3, 2, 2345),)),))

    def with_element(*fields):
        return messages.Report(0x32, 7, NOW, (Group(WELL, 0x47, HOUR, (Element(*fields),)),))

    for message in (
        messages.KeepAlive(-1, NOW),
        messages.KeepAlive(65536, NOW),
        messages.KeepAlive(1, Time(2100, 1, 1, 0, 0, 0)),
        messages.Report(0x31, 7, NOW, report.groups),
        messages.Report(0xE0, 7, NOW, report.groups),
        messages.Report(0x32, 7, NOW, (Group(WELL, 0x47, NOW, ()),)),  # seconds
        messages.Report(0x32, 7, NOW, (Group(WELL[:4], 0x47, HOUR, ()),)),
        messages.Report(0x32, 7, NOW, (Group(WELL, 0xF0, HOUR, ()),)),
        messages.Report(0x32, 7, NOW, (Group(WELL, 256, HOUR, ()),)),
        with_element(0x0E, 3, 2, 1000000),
        with_element(0x0E, 3, 2, -2345000),
        with_element(0x0E, 32, 2, 1),
        with_element(0x0E, 3, 8, 1),
        with_element(0x00, 3, 2, 1),
        with_element(0xF0, 3, 2, 1),
        with_element(0xF1, 3, 2, 1),
        with_element(0xFF, 3, 2, 1),
        with_element(0x1FF, 3, 2, 1),
        with_element("PX", 3, 2, 1),
        messages.Query(0x38, 0, NOW),
        messages.Query(0x41, 0, NOW),
        messages.Confirm(0x2F, 1, NOW, EOT, None),  # 2F is never answered
        messages.WordQuery(0x3A, 0, NOW, ()),
        messages.PeriodQuery(0, NOW, HOUR, HOUR, Step(0, 1, 0), ()),
        messages.Write(0x42, 0, NOW, ()),
        messages.Write(0x43, 0, NOW, (Element(0x20, 1, 0, 1),)),
        messages.Write(0x49, 0, NOW, (Element(0x03, 2, 0, None),)),
        messages.Values(0x46, 0, NOW, None, ()),
        messages.Done(0x4A, 0, NOW, None),
        messages.Quota(False, 0, NOW, WELL, True),
        messages.Quota(True, 0, NOW, None, True),
        messages.Switches(0x4E, False, 0, NOW, None, (True,)),
        messages.Switches(0x4C, False, 0, NOW, None, ()),
        messages.Switches(0x4C, False, 0, NOW, None, (True,) * 2041),
        messages.Gates(False, 0, NOW, None, (), ()),
        messages.Gates(False, 0, NOW, None, (True,), ()),
        messages.Gates(False, 0, NOW, None, (True,), (5,)),
        messages.Gates(False, 0, NOW, None, (True,), (100000,)),
        messages.Counters(0, NOW, WELL, (0,) * 31),
        messages.Counters(0, NOW, WELL, (65536,) * 32),
        messages.Version(0, NOW, WELL, bytes(256)),
        "report",
    ):
        assert refused(errors.NotAllowed, encode_body, message, False), message


def test_values_that_are_no_words_are_not_written_in_ascii():
    def with_element(*fields):
        return messages.Report(0x32, 7, NOW, (Group(WELL, 0x47, HOUR, (Element(*fields),)),))

    for message in (
        with_element("ST", 1, 0, 1),
        with_element("TT", 1, 0, 1),
        with_element("M", 1, 0, 1),
        with_element("DRN05", 1, 0, 1),
        with_element("RGZS", 1, 0, 1),
        with_element("", 1, 0, 1),
        with_element("A B", 1, 0, 1),
        with_element("埋深", 1, 0, 1),
        with_element("NOTE", 1, 0, b" "),
        with_element("NOTE", 1, 0, b"5"),
        with_element("NOTE", 1, 0, b"M"),
        with_element("NOTE", 0, 0, b""),
        with_element(0xAC, 1, 0, 1),  # AC is the name of 01
        with_element(0x0E, 3, 9, 1),
        messages.Write(0x40, 0, NOW, (Element(0x0F, 3, 0, b"1 2"),)),
        messages.Report(0x32, 7, NOW, (Group(WELL, 0x31, HOUR, ()),)),
    ):
        assert refused(errors.NotAllowed, encode_body, message, True), message


def test_an_end_character_that_does_not_fit_the_message_is_refused():
    report = messages.Report(0x32, 7, NOW, ())
    for end in (ETX, ETB):
        assert encode_message(report, LINE, end).end == end
    for message, end in (
        (report, ENQ),
        (report, EOT),
        (messages.Query(0x37, 0, NOW), ETX),
        (messages.Query(0x37, 0, NOW), EOT),
        (messages.Confirm(0x32, 1, NOW, ETX, None), None),
        (messages.Confirm(0x32, 1, NOW, NAK, None), None),
        (messages.Resend(0x36, 1, NOW, (2, 1)), EOT),
    ):
        assert refused(errors.NotAllowed, encode_message, message, LINE, end), message


def test_no_changed_byte_of_a_body_raises_anything_undeclared():
    for vector in VECTORS:
        frame = sl651.decode(unhexlify(vector["hex"]))
        if len(frame.body) > 100:
            continue
        for at in range(len(frame.body)):
            for change in (0x01, 0x0F, 0x80, 0xFF):
                body = frame.body[:at] + bytes([frame.body[at] ^ change]) + frame.body[at + 1 :]
                other = Frame(frame.is_up, 1, WELL, 0, frame.function, body, frame.end, None, False)
                try:
                    decode_message(other)
                except errors.Malformed:
                    pass


def test_the_send_time_of_the_last_second_of_a_year_rolls_over():
    for time, digits in (
        (Time(2026, 12, 31, 23, 59, 59), "261231235959"),
        (Time(2027, 1, 1, 0, 0, 0), "270101000000"),
    ):
        assert upper(encode_time(time, 6)) == digits
        assert read(upper(sl651.encode(encode_message(messages.KeepAlive(1, time), LINE)))).sent == time
