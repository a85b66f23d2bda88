"""Numbers, times and words of SZY 206 / SL/T 427: each form both ways, and what is none."""

from binascii import hexlify, unhexlify

from karez_protocols import errors
from karez_protocols import szy206_time as times
from karez_protocols import szy206_values as values
from karez_protocols import szy206_words as words

IDLE = words.state_word(
    work_mode=words.MODE_SELF_REPORT,
    is_card_on=False,
    is_quota_on=False,
    is_pump_running=False,
    is_door_open=False,
    is_on_battery=False,
)


def refused(kind, call, *args):
    """True if the call raises exactly the declared error."""
    try:
        call(*args)
    except kind:
        return True
    return False


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


def test_unsigned_decimals_fill_their_bytes():
    assert (
        values.encode_number(9999999999, 5) == b"\x99" * 5 and values.decode_number(b"\x99" * 5) == 9999999999
    )
    assert values.decode_number(b"\xaa" * 5) is None and values.encode_number(None, 5) == b"\xaa" * 5
    for value in (-1, 10**10):
        assert refused(errors.NotAllowed, values.encode_number, value, 5)


def test_every_nibble_above_nine_is_refused_wherever_it_stands():
    for decode, size in (
        (values.decode_number, 4),
        (values.decode_signed, 4),
        (values.decode_balance, 5),
        (values.decode_flow, 5),
        (values.decode_wind, 3),
        (times.decode_tag, 5),
        (times.decode_clock, 6),
    ):
        for at in range(size):
            for nibble in range(10, 16):
                for shift in (0, 4):
                    raw = bytearray(b"\x01" * size)
                    raw[at] = nibble << shift
                    is_sign = at == size - 1 and shift == 4
                    is_free = decode == times.decode_tag and at == 4  # the delay is binary
                    is_free = is_free or (decode == values.decode_signed and is_sign and nibble == 15)
                    is_free = is_free or (decode == values.decode_balance and is_sign)
                    is_free = is_free or (decode == values.decode_flow and is_sign and nibble in (12, 15))
                    is_free = is_free or (decode == times.decode_clock and at == 4)
                    if not is_free:
                        assert refused(errors.Malformed, decode, bytes(raw)), (decode, at, nibble, shift)


def test_balances_carry_their_sign_in_the_top_bit():
    for text, value in (
        ("8704000000", 487),
        ("7856000080", -5678),
        ("9999999979", 7999999999),
        ("99999999F9", -7999999999),
        ("0000000080", 0),
    ):
        assert values.decode_balance(unhexlify(text)) == value, text
        if value:
            assert values.encode_balance(value, 5) == unhexlify(text), text
    assert values.decode_balance(b"\xaa" * 5) is None and values.encode_balance(None, 3) == b"\xaa" * 3
    for value in (8 * 10**9, -8 * 10**9):
        assert refused(errors.NotAllowed, values.encode_balance, value, 5)
    assert refused(errors.Malformed, values.decode_balance, unhexlify("000000000A"))


def test_winds_have_a_direction_in_their_last_nibble():
    assert values.decode_wind(unhexlify("452381")) == (12345, 8)
    assert values.encode_wind(12345, 8) == unhexlify("452381")
    assert values.decode_wind(b"\xaa" * 3) == (None, None) and values.encode_wind(None, None) == b"\xaa" * 3
    assert refused(errors.Malformed, values.decode_wind, unhexlify("452391"))
    assert refused(errors.Malformed, values.decode_wind, bytes(2))
    for speed, direction in ((100000, 1), (-1, 1), (1, 9), (1, -1), (None, 1), (1, None)):
        assert refused(errors.NotAllowed, values.encode_wind, speed, direction), (speed, direction)


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
        assert refused(errors.Malformed, times.decode_tag, unhexlify(text)), text
    assert times.decode_tag(unhexlify("30151029022405")).day == 29  # 2024 has one
    for tag, tp_len in (
        (times.TimeTag(None, None, 12, 10, 15, 30, 5), 7),
        (times.TimeTag(1999, 7, 12, 10, 15, 30, 5), 7),
        (times.TimeTag(1970, 1, 1, 8, 0, 0, 0), 5),
        (times.TimeTag(2100, 1, 1, 8, 0, 0, 0), 5),
        (times.TimeTag(2024, 7, 12, 24, 15, 30, 5), 5),
        (times.TimeTag(2024, 7, 0, 10, 15, 30, 5), 5),
        (times.TimeTag(2024, 7, 12, 10, 15, 30, 256), 5),
    ):
        assert refused(errors.NotAllowed, times.encode_tag, tag, tp_len), tag


def test_time_goes_to_the_platforms_clock_and_back():
    # 2024-02-29 23:59:59 UTC is 1 March on a clock of UTC+8
    assert times.tag_at(1709251199, 28800, 5) == times.TimeTag(2024, 3, 1, 7, 59, 59, 5)
    assert times.tag_at(0, 0) == times.TimeTag(1970, 1, 1, 0, 0, 0, 0)
    for utc_s in range(946684800, 4102444800, 86400 * 17 + 4321):  # 2000 to 2099
        for tp_len in (5, 7):
            tag = times.decode_tag(times.encode_tag(times.tag_at(utc_s, 28800), tp_len))
            assert times.utc_of(tag, 28800, utc_s + 60) == utc_s, (utc_s, tp_len)


def test_a_missing_month_is_the_latest_that_fits():
    received = 1709222400  # 2024-02-29 16:00:00 UTC = 1 March 00:00 at UTC+8
    for day, clock, utc_s in (
        (1, (0, 30), received + 1800),  # the station's clock runs half an hour ahead
        (29, (23, 59), received - 60),
        (31, (8, 0), received - 29 * 86400 - 16 * 3600),  # 31 January: February has none
        (1, (2, 0), received - 29 * 86400 + 7200),  # two hours ahead is taken for last month
    ):
        tag = times.TimeTag(None, None, day, clock[0], clock[1], 0, 0)
        assert times.utc_of(tag, 28800, received) == utc_s, (day, clock)
    year_end = 1704038700  # 2024-01-01 00:05 at UTC+8
    tag = times.TimeTag(None, None, 31, 23, 55, 0, 0)
    assert times.utc_of(tag, 28800, year_end) == year_end - 600


def test_alarm_names_and_bits_agree():
    assert words.alarm_word(["mains_failed", "remaining_low"]) == 4097  # real: bits 0 and 12
    assert words.alarm_names(4097) == ["mains_failed", "remaining_low"]
    assert words.alarm_names(words.alarm_word(["flow_meter_fault"])) == ["flow_meter_fault"]
    assert len(words.ALARMS.split()) == 16 and words.alarm_names(0xFFFF) == words.ALARMS.split()
    assert words.alarm_word([]) == 0 and refused(errors.NotAllowed, words.alarm_word, ["flood"])


def test_kinds_and_counters_have_the_bits_of_the_notes():
    assert words.mask_of(["rain", "pressure"], words.REPORT_KINDS) == 0x2001
    assert words.mask_of(["rain", "pressure"], words.QUERY_KINDS) == 0x4001
    assert words.names_of(0xFFFF, words.CLEARED_KINDS) == ["rain", "level", "volume"]
    assert len(words.REPORT_KINDS.split()) == 14 and len(words.QUERY_KINDS.split()) == 15
    assert len(words.EVENTS.split()) == 18 and words.EVENTS.split()[4] == "password_error"
    assert refused(errors.NotAllowed, words.mask_of, ["alarm_state"], words.QUERY_KINDS)


def test_a_neutral_state_word_is_not_zero():
    assert IDLE == 0x30  # pump stopped, door closed, mains
    facts = words.state_facts(0)
    assert facts["is_pump_running"] and facts["is_door_open"]
    assert refused(TypeError, words.state_word)  # every fact must be given


def test_every_state_word_reads_back():
    for word in range(128):
        facts = words.state_facts(word)
        assert facts.pop("reserved") == 0
        assert words.state_word(**facts) == word
    assert words.state_facts(0x8060)["reserved"] == 0x100
    facts = words.state_facts(0)
    facts.pop("reserved")
    facts["work_mode"] = 4
    assert refused(errors.NotAllowed, lambda: words.state_word(**facts))


def test_a_tag_may_have_its_day_first():
    raw = unhexlify("1216075300")  # real: an early vendor's command
    tag = times.decode_tag(raw, True)
    assert tag == times.TimeTag(None, None, 12, 16, 7, 53, 0) and times.encode_tag(tag, 5, True) == raw
    assert refused(errors.Malformed, times.decode_tag, raw)


def test_a_frame_is_stale_when_clock_and_tag_are_further_apart_than_the_delay():
    sent = 1720750530  # 2024-07-12 10:15:30 at UTC+8
    for tp_len in (5, 7):
        tag = times.decode_tag(times.encode_tag(times.tag_at(sent, 28800, 5), tp_len))
        for late_s, is_stale in (
            (0, False),
            (300, False),
            (301, True),
            (-300, False),
            (-301, True),
            (86400, True),
        ):
            assert times.is_stale(tag, 28800, sent + late_s) is is_stale, (tp_len, late_s)
        unchecked = times.decode_tag(times.encode_tag(times.tag_at(sent, 28800, 0), tp_len))
        assert not times.is_stale(unchecked, 28800, sent + 10**6)
        for ahead_s in (7200, 86400):  # a clock that far behind takes a 5-byte tag for last month's
            assert times.is_stale(tag, 28800, sent - ahead_s)


def test_the_clock_has_its_weekday_above_the_month():
    clock = times.clock_at(1720750530, 28800)
    assert clock == times.Clock(2024, 7, 12, 10, 15, 30, 5)  # a Friday
    assert hexlify(times.encode_clock(clock)) == b"30151012a724"
    assert times.decode_clock(unhexlify("30151012A724")) == clock
    assert times.decode_clock(unhexlify("301514120526")) == times.Clock(2026, 5, 12, 14, 15, 30, None)
    assert times.decode_clock(unhexlify("3014120526")) == times.Clock(2026, 5, 12, 14, 30, 0, None)
    assert times.encode_clock(times.Clock(2026, 5, 12, 14, 30, 0, None), 5) == unhexlify("3014120526")
    assert times.clock_at(0, 0).weekday == 4 and times.clock_at(3 * 86400, 0).weekday == 7
    for text in ("30151032A724", "30151012AD24", "30151012A024", "60151012A724", "30151012A7"[:8]):
        assert refused(errors.Malformed, times.decode_clock, unhexlify(text)), text
    for wrong in ((1999, 7, 12, 0, 0, 0, 1), (2024, 2, 30, 0, 0, 0, 1), (2024, 7, 12, 0, 0, 0, 8)):
        assert refused(errors.NotAllowed, times.encode_clock, times.Clock(*wrong)), wrong
