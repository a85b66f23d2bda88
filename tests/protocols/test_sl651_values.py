"""Values of SL 651: digits and signs, what is missing, times, status, settings, and our units."""

import json
from binascii import unhexlify

from karez_protocols import errors
from karez_protocols import sl651_settings as settings
from karez_protocols.sl651_dialect import KAREZ_ELEMENTS, SL651_2014, Dialect
from karez_protocols.sl651_elements import ELEMENTS, each, ident_named, meaning_in
from karez_protocols.sl651_meanings import ident_of, kind_of, name_of
from karez_protocols.sl651_parts import Element
from karez_protocols.sl651_quantities import element_for, quantity
from karez_protocols.sl651_settings import SETTINGS
from karez_protocols.sl651_stations import address_of, digits_of, is_for, station_of, station_text
from karez_protocols.sl651_status import ALARMS, alarm_names, status_facts, status_word
from karez_protocols.sl651_times import (
    Step,
    Time,
    decode_step,
    decode_time,
    encode_step,
    encode_time,
    time_at,
    time_text,
    utc_of,
)
from karez_protocols.sl651_values import (
    decode_number,
    decode_unknown,
    decode_value,
    encode_number,
    encode_value,
)

ROOT = __file__.replace("\\", "/").rsplit("/", 3)[0] if __file__.count("/") >= 3 else "."
with open(ROOT + "/tests/vectors/sl651.json") as file:
    VECTORS = json.load(file)
OURS = Dialect(elements=KAREZ_ELEMENTS)


def refused(kind, call, *args):
    """True if the call raises exactly the declared error."""
    try:
        call(*args)
    except kind:
        return True
    return False


def test_digits_go_high_byte_first():
    assert decode_number(unhexlify("0000004320")) == 4320
    assert encode_number(4320, 5, 0xAA) == unhexlify("0000004320")
    assert encode_number(9999, 2, 0xAA) == b"\x99\x99"
    assert refused(errors.NotAllowed, encode_number, 10000, 2, 0xAA)
    assert refused(errors.NotAllowed, encode_number, 0, 0, 0xAA)


def test_a_first_byte_ff_is_a_minus_as_the_standard_shows_it():
    # -12.345 of N(7,3): FF 00 01 23 45, definition 2BH (6.6.3.3 a).
    assert decode_number(unhexlify("FF00012345")) == -12345
    assert encode_number(-12345, 5, 0xAA) == unhexlify("FF00012345")
    assert encode_number(-1, 2, 0xAA) == b"\xff\x01" and decode_number(b"\xff\x01") == -1
    assert refused(errors.NotAllowed, encode_number, -1, 1, 0xAA)
    assert refused(errors.NotAllowed, encode_number, -100, 2, 0xAA)


def test_a_field_full_of_aa_or_ff_or_without_bytes_has_no_value():
    for filler in (0xAA, 0xFF):
        for size in range(1, 8):
            assert decode_number(bytes([filler]) * size) is None
            assert encode_number(None, size, filler) == bytes([filler]) * size
    assert decode_number(b"") is None
    assert decode_number(b"\x00\x00") == 0


def test_a_digit_above_9_is_no_number():
    for byte in range(256):
        is_decimal = byte >> 4 <= 9 and byte & 15 <= 9
        assert refused(errors.Malformed, decode_number, bytes([0x12, byte])) != is_decimal, byte
        if byte not in (0xFF, 0xAA):
            assert refused(errors.Malformed, decode_number, bytes([byte, 0x12])) != is_decimal, byte
    assert refused(errors.Malformed, decode_number, b"\xaa\xaa\x12")
    assert refused(errors.Malformed, decode_number, b"\xff\xff\x12")


def test_series_have_ff_for_none_and_are_never_taken_for_other_values():
    assert decode_value("R", unhexlify("0500000014FFFFFFFFFF0000")) == (
        5,
        0,
        0,
        0,
        20,
        None,
        None,
        None,
        None,
        None,
        0,
        0,
    )
    assert decode_value("L", unhexlify("000C0031FFFF")) == (12, 49, None)
    assert decode_value("L", b"\xaa" * 24) == (None,) * 12
    assert encode_value("L", (12, 49, None), 6, 0xAA) == unhexlify("000C0031FFFF")
    assert refused(errors.Malformed, decode_value, "L", bytes(23))
    for values, size in (((255,), 1), ((-1,), 1), ((1, 2), 3), ((0xAA,) * 12, 12)):
        assert refused(errors.NotAllowed, encode_value, "R", values, size, 0xAA), values


def test_what_is_not_known_keeps_its_bytes_unless_they_are_digits():
    assert decode_unknown(b"\x20") == 20 and decode_unknown(unhexlify("0205")) == 205
    assert decode_unknown(b"\x1f") == b"\x1f" and decode_unknown(b"\xff\xff") is None
    assert decode_unknown(b"\xff\x00") == b"\xff\x00"  # minus zero is not what it was
    assert decode_unknown(b"") is None


def test_a_value_of_the_wrong_kind_is_not_written():
    for kind, value, size in (
        ("N", b"\x01", 1),
        ("N", "1", 1),
        ("N", True, 1),
        ("X", 5, 1),
        ("X", b"\x01\x02", 1),
        ("S", 1 << 32, 4),
        ("S", -1, 4),
        ("S", 0xFFFFFFFF, 4),
        ("S", 0xAAAAAAAA, 4),
        ("P", 0x10000, 2),
        ("P", None, 2),
        ("T", 5, 3),
        ("T", Step(0, 0, 5), 2),
        ("R", 5, 12),
        ("E", 5, 1),
    ):
        assert refused(errors.NotAllowed, encode_value, kind, value, size, 0xAA), (kind, value)
    assert encode_value("P", 0xAAAA, 2, 0xAA) == b"\xaa\xaa" and decode_value("P", b"\xaa\xaa") == 0xAAAA


def test_times_have_four_five_or_six_bytes_and_the_century_is_20():
    sent = Time(2024, 7, 12, 10, 15, 30)
    assert decode_time(unhexlify("240712101530")) == sent and time_text(sent) == "2024-07-12 10:15:30"
    assert encode_time(sent, 6) == unhexlify("240712101530")
    assert decode_time(unhexlify("2407121015")) == Time(2024, 7, 12, 10, 15, 0)
    assert decode_time(unhexlify("24071210")) == Time(2024, 7, 12, 10, 0, 0)
    assert encode_time(Time(2024, 7, 12, 10, 0, 0), 4) == unhexlify("24071210")
    assert refused(errors.NotAllowed, encode_time, sent, 5)
    assert refused(errors.NotAllowed, encode_time, Time(2024, 7, 12, 10, 15, 0), 4)
    for year, raw in ((2000, "000101000000"), (2099, "990101000000")):
        assert decode_time(unhexlify(raw)).year == year
        assert encode_time(Time(year, 1, 1, 0, 0, 0), 6) == unhexlify(raw)
    for year in (1999, 2100):
        assert refused(errors.NotAllowed, encode_time, Time(year, 1, 1, 0, 0, 0), 6)


def test_what_is_no_time_is_refused_both_ways():
    for raw in (
        "240012101530",
        "241312101530",
        "240700101530",
        "240732101530",
        "240712241530",
        "240712106030",
        "240712101560",
        "230229101530",
        "24071A101530",
        "FFFFFFFFFFFF",
        "AAAAAAAAAAAA",
        "000000000000",
        "2407",
        "24071210153000",
    ):
        assert refused(errors.Malformed, decode_time, unhexlify(raw)), raw
    assert refused(errors.NotAllowed, encode_time, Time(2023, 2, 29, 0, 0, 0), 6)
    assert decode_time(unhexlify("240229235959")).day == 29


def test_the_year_rolls_over_on_the_platforms_clock():
    for offset_s in (0, 28800):
        for last, first in (
            (Time(2026, 12, 31, 23, 59, 59), Time(2027, 1, 1, 0, 0, 0)),
            (Time(2024, 2, 28, 23, 59, 59), Time(2024, 2, 29, 0, 0, 0)),
            (Time(2025, 2, 28, 23, 59, 59), Time(2025, 3, 1, 0, 0, 0)),
            (Time(2099, 12, 30, 23, 59, 59), Time(2099, 12, 31, 0, 0, 0)),
        ):
            utc_s = utc_of(last, offset_s)
            assert time_at(utc_s, offset_s) == last and time_at(utc_s + 1, offset_s) == first
    assert utc_of(Time(2024, 7, 12, 10, 15, 30), 28800) == 1720750530
    assert time_at(0, 0) == Time(1970, 1, 1, 0, 0, 0) and time_at(-1, 0) == Time(1969, 12, 31, 23, 59, 59)
    for day in range(0, 50000, 37):
        assert utc_of(time_at(day * 86400 + day, 0), 0) == day * 86400 + day


def test_a_step_is_days_hours_and_minutes():
    assert decode_step(b"\x00\x00\x05") == Step(0, 0, 5) and encode_step(Step(0, 1, 0)) == b"\x00\x01\x00"
    assert decode_step(b"\x00\x00\x00") == Step(0, 0, 0)  # the hour's series F4 to FC
    for raw in (b"\x32\x00\x00", b"\x00\x24\x00", b"\x00\x00\x60", b"\x00\x00", b"\x00\x00\x0a"):
        assert refused(errors.Malformed, decode_step, raw), raw
    for step in (Step(32, 0, 0), Step(0, 24, 0), Step(0, 0, 60), Step(0, 0, -1)):
        assert refused(errors.NotAllowed, encode_step, step), step


def test_the_status_word_has_two_bits_where_0_is_the_thing_to_report():
    # Table 58: bit 7 0 = door open, bit 10 0 = pump running.
    facts = status_facts(0)
    assert facts["is_door_open"] and facts["is_pump_running"] and not facts["is_card_on"]
    assert facts["alarms"] == [] and facts["reserved"] == 0
    facts = status_facts(0x480)
    assert not facts["is_door_open"] and not facts["is_pump_running"] and facts["alarms"] == []
    assert status_word([], is_door_open=False, is_card_on=False, is_pump_running=False) == 0x480
    assert status_word([], is_door_open=True, is_card_on=False, is_pump_running=True) == 0
    assert status_word(["mains_failed"], False, True, True) == 0x281
    names = [name for name in ALARMS.split() if name != "-"]
    assert status_word(names, True, False, True) == 0b100101111111
    assert alarm_names(0x00600481) == ["mains_failed"] and status_facts(0x00600481)["reserved"] == 0x600
    for bit, name in ((0, "mains_failed"), (1, "battery_low"), (8, "storage_fault"), (11, "remaining_low")):
        assert alarm_names(1 << bit) == [name]
    for name in ("door", "-", ""):
        assert refused(errors.NotAllowed, status_word, [name], True, True, True)


def test_addresses_are_eight_digits_or_a_county_and_a_number():
    assert digits_of(unhexlify("0012345678")) == "12345678"
    well = address_of("410105", 1)
    assert station_text(well) == "4101050001" == station_text(station_of("4101050001"))
    assert digits_of(well) == "41010500001" and digits_of(address_of("410105", 60000)) == "41010560000"
    assert refused(errors.Malformed, digits_of, unhexlify("00123456AB"))
    assert refused(errors.Malformed, digits_of, unhexlify("4A01050001"))
    for county, number in (("41010", 1), ("41010A", 1), ("410105", 0), ("410105", 65535), ("４10105", 1)):
        assert refused(errors.NotAllowed, address_of, county, number), county
    for text in ("41010500", "410105000G", "41010500011", "４101050001"):
        assert refused(errors.NotAllowed, station_of, text), text


def test_a_broadcast_reaches_its_own_county_only():
    well = address_of("410105", 7)
    assert is_for(well, well) and is_for(unhexlify("410105FFFF"), well)
    assert not is_for(unhexlify("410106FFFF"), well) and not is_for(address_of("410105", 8), well)
    assert not is_for(unhexlify("001234FFFF"), unhexlify("0012345678"))


DEFINITIONS = {  # identifier: definition byte, from the page of facts
    0x0E: 0x1A, 0x03: 0x11, 0x27: 0x2B, 0x28: 0x2B, 0x2F: 0x2B, 0x39: 0x23, 0x3C: 0x23, 0x43: 0x23,
    0x58: 0x1A, 0x60: 0x33, 0x67: 0x33, 0x68: 0x2A, 0x6F: 0x2A, 0x70: 0x11, 0x75: 0x11, 0x38: 0x12,
    0x45: 0x20, 0x19: 0x08, 0x05: 0x12, 0x0C: 0x10, 0x09: 0x1A, 0x36: 0x1B, 0x37: 0x1B, 0x20: 0x19,
    0x26: 0x19, 0x1A: 0x19, 0x1F: 0x19, 0x22: 0x19, 0x04: 0x18, 0xF4: 0x60, 0xF5: 0xC0, 0xFC: 0xC0,
}  # fmt: skip
SETTING_DEFINITIONS = {
    0x01: 0x20, 0x02: 0x28, 0x03: 0x10, 0x0C: 0x08, 0x0D: 0x40, 0x20: 0x08, 0x23: 0x10, 0x25: 0x09,
    0x28: 0x23, 0x30: 0x1B, 0x38: 0x12, 0x40: 0x12, 0x8E: 0x33, 0x95: 0x33, 0x96: 0x33, 0x99: 0x33,
    0xA0: 0x33, 0xA1: 0x33, 0xA8: 0x33, 0x97: 0x00, 0x98: 0x00,
}  # fmt: skip


def test_the_tables_give_the_definition_bytes_of_the_standard():
    for table, expected in ((ELEMENTS, DEFINITIONS), (SETTINGS, SETTING_DEFINITIONS)):
        for ident, definition in expected.items():
            what = meaning_in(table, ident)
            series = what.kind in ("R", "L")
            decimals = 0 if series else what.decimals
            assert (what.digits + 1) // 2 << 3 | decimals == definition, (ident, what)


def test_every_published_element_has_the_form_of_the_table_or_a_definition_of_its_own():
    known = 0
    for vector in VECTORS:
        is_setting = vector["decoded"]["func"] in ("40", "41", "42", "43", "49")
        for element in vector["decoded"].get("elements", ()):
            if "def" in element and not element["id"].startswith("FF"):
                what = meaning_in(SETTINGS if is_setting else ELEMENTS, int(element["id"], 16))
                assert what is not None, element
                known += (what.digits + 1) // 2 == element["bytes"]
    assert known > 90


def test_no_identifier_and_no_name_stands_twice():
    for table, count in ((ELEMENTS, 129), (SETTINGS, 152)):  # annex C; D.1 and D.4
        rows = list(each(table))
        assert len(rows) == count, len(rows)
        for key in ("ident", "field", "name"):
            assert len({getattr(one, key) for one in rows}) == count, key
        for one in rows:
            assert meaning_in(table, one.ident) == one


def test_names_of_annex_c_are_found_with_their_numbers():
    for name, ident in (("PJ", 0x20), ("pH", 0x46), ("PH", 0x46), ("Q", 0x27), ("Q1", 0x28), ("Q8", 0x2F)):
        assert ident_named(ELEMENTS, name) == ident, name
    for name, ident in (("Z", 0x39), ("Z8", 0x43), ("SYL1", 0x60), ("DRZ8", 0xFC), ("M100", 0x17)):
        assert ident_named(ELEMENTS, name) == ident, name
    for name in ("Q0", "Q9", "Q11", "X", "", "SYL", "M"):
        assert ident_named(ELEMENTS, name) is None, name
    assert ident_of("45", False, SL651_2014) == 0x45 and ident_of("FF09", False, SL651_2014) == 0xFF09
    assert ident_of("ED", False, SL651_2014) == 0x06 and ident_of("ED", True, SL651_2014) == 0xED
    for name in ("+F", "0x1", "1_0", "FE09", "00", "FF", "ff09"):
        assert ident_of(name, False, SL651_2014) == name, name


def test_an_identifier_whose_digits_name_another_element_has_no_name_in_ascii():
    assert name_of(0x76, False, SL651_2014) == "76"
    for ident in (0xAC, 0xCD, 0xED):
        assert refused(errors.NotAllowed, name_of, ident, False, SL651_2014), ident
    assert name_of(0x03, True, SL651_2014) == "03" and name_of(0xFF02, False, OURS) == "FF02"


def test_values_come_in_our_units():
    for element, expected in (
        (Element(0x27, 5, 3, 4320), ("flow_lph", 15552000)),
        (Element(0x28, 5, 3, 14), ("flow_1_lph", 50400)),
        (Element(0x68, 5, 2, 5040), ("hour_volume_1_l", 50400)),
        (Element(0x60, 6, 3, 487000), ("remaining_1_l", 487000)),
        (Element(0x0E, 3, 2, 2345), ("groundwater_depth_mm", 23450)),
        (Element(0x39, 4, 2, 9836), ("level_mm", 98360)),
        (Element(0x39, 6, 6, -1234567), ("level_mm", -1235)),
        (Element(0x03, 2, 1, 165), ("water_temperature_mdegc", 16500)),
        (Element(0x38, 2, 2, 1265), ("battery_mv", 12650)),
        (Element(0x70, 3, 1, 22003), ("voltage_a_mv", 2200300)),
        (Element(0x58, 3, 2, 12345), ("pressure_1_pa", 123450)),
        (Element(0x05, 2, 2, 130), ("duration_min", 90)),
        (Element(0x05, 1, 0, 5), ("duration_min", 300)),
        (Element(0x05, 2, 2, 0), ("duration_min", 0)),
        (Element(0xF4, 12, 0, (5, None)), ("rain_series_um", (500, None))),
        (Element(0xF5, 24, 0, (0x1AC, None)), ("level_1_series_mm", (4280, None))),
        (Element(0x45, 4, 0, 0x400), ("status", 0x400)),
        (Element(0x39, 4, 3, None), ("level_mm", None)),
        (Element(0xFF09, 1, 0, 20), None),
    ):
        assert quantity(element, False, SL651_2014) == expected, element
    assert quantity(Element(0x8E, 6, 3, 100500), True, SL651_2014) == ("recharge_1_l", 100500)
    assert quantity(Element(0xFF02, 6, 3, 1234), False, OURS) == ("energy_wh", 1234)
    assert refused(errors.Malformed, quantity, Element(0x05, 2, 2, 175), False, SL651_2014)
    assert refused(errors.Malformed, quantity, Element(0x05, 2, 1, 15), False, SL651_2014)


def test_our_units_become_the_elements_of_the_standard():
    for field, value, expected in (
        ("flow_1_lph", 50400, Element(0x28, 5, 3, 14)),
        ("flow_1_lph", 1800, Element(0x28, 5, 3, 1)),  # half a litre a second rounds up
        ("flow_1_lph", 1799, Element(0x28, 5, 3, 0)),
        ("flow_lph", -50400, Element(0x27, 6, 3, -14)),
        ("level_mm", -12345, Element(0x39, 5, 3, -12345)),
        ("groundwater_depth_mm", -10, Element(0x0E, 4, 2, -1)),
        ("remaining_1_l", 99999999999, Element(0x60, 6, 3, 99999999999)),
        ("battery_mv", 12650, Element(0x38, 2, 2, 1265)),
        ("duration_min", 90, Element(0x05, 2, 2, 130)),
        ("level_mm", None, Element(0x39, 4, 3, None)),
        ("status", 0x480, Element(0x45, 4, 0, 0x480)),
        ("level_1_series_mm", None, Element(0xF5, 24, 0, (None,) * 12)),
        ("rain_series_um", (500,) * 12, Element(0xF4, 12, 0, (5,) * 12)),
        ("total_l", 123456, Element(0xFF01, 6, 3, 123456)),
    ):
        assert element_for(field, value, False, OURS) == expected, field
    assert element_for("quota_l", 12000, True, SL651_2014) == Element(0x96, 6, 3, 12000)
    assert element_for("centres", b"\x05\x00\x00\x00", True, SL651_2014).size == 4


def test_what_does_not_fit_the_standards_digits_is_refused():
    for field, value in (
        ("remaining_1_l", 100000000000),
        ("remaining_1_l", -1),
        ("flow_1_lph", 3600000000000),
        ("battery_mv", 100000),
        ("battery_mv", -10),
        ("duration_min", 6000),
        ("duration_min", -60),
        ("level_mm", 10000000),
        ("total_l", 1),  # needs the dialect that names it
        ("water", 1),
    ):
        assert refused(errors.NotAllowed, element_for, field, value, False, SL651_2014), field


def test_every_field_comes_back_as_it_was():
    for table, is_setting in ((ELEMENTS, False), (SETTINGS, True)):
        for one in each(table):
            if one.kind == "N":
                unit = max(one.factor // 10**one.decimals, 1)
                for value in (0, unit, 7 * unit, (10**one.digits - 1) * one.factor // 10**one.decimals, None):
                    element = element_for(one.field, value, is_setting, SL651_2014)
                    raw = encode_value("N", element.value, element.size, 0xAA)
                    again = Element(element.ident, element.size, element.decimals, decode_value("N", raw))
                    assert quantity(again, is_setting, SL651_2014) == (one.field, value), one.field


def test_a_dialects_own_row_stands_before_the_standards():
    own = Dialect(elements=b"76 76 total_l N 10 2 1000\n39 Z level_mm N 7 2 1000\n")
    assert quantity(Element(0x76, 5, 2, 12345), False, own) == ("total_l", 123450)
    assert element_for("level_mm", 1230, False, own) == Element(0x39, 4, 2, 123)
    assert kind_of(0x76, False, own) == "N" and kind_of(0x76, False, SL651_2014) == "?"


def test_channels_are_addresses_with_ports_or_numbers():
    for raw, kind, address in (
        ("02218094153172009708", "ipv4", "218.94.153.172:9708"),  # of a real answer
        ("01A13012345678", "sms", "13012345678"),
        ("03123456", "beidou", "123456"),
        ("00", "off", ""),
    ):
        assert settings.decode_channel(unhexlify(raw)) == (kind, address), raw
        assert settings.encode_channel(kind, address) == unhexlify(raw), raw
    for raw in (
        "",
        "07",
        "02",
        "0221809415317200970A",
        "02256094153172009708",
        "02218094153172070000",
        "01AA",
        "01",
    ):
        assert refused(errors.Malformed, settings.decode_channel, unhexlify(raw)), raw
    for kind, address in (
        ("mail", ""),
        ("ipv4", "1.2.3.4"),
        ("ipv4", "1.2.3:80"),
        ("ipv4", "1.2.3.256:80"),
        ("ipv4", "1.2.3.4:65536"),
        ("ipv4", "1.2.3.x:80"),
        ("ipv4", "1.2.3.²:80"),
        ("sms", ""),
        ("sms", "+861301234567"),
        ("sms", "１２３"),
    ):
        assert refused(errors.NotAllowed, settings.encode_channel, kind, address), (kind, address)


def test_what_a_station_measures_is_a_list_of_names():
    assert settings.measured_names(unhexlify("8001000000000000")) == ["rain", "level_1"]
    assert settings.measured_names(unhexlify("0000800100000001")) == ["groundwater_depth", "meter_1", "lead"]
    everything = settings.measured_names(b"\xff" * 8)
    assert len(everything) == 59 and settings.measured_bytes(everything) == b"\xff" * 7 + b"\x07"
    assert refused(errors.Malformed, settings.measured_names, bytes(7))
    for name in ("-", "gold"):
        assert refused(errors.NotAllowed, settings.measured_bytes, [name])
