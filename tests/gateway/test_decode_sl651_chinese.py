"""karez decode sl651 in Chinese: every name, meaning and reason that it has is put over."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from karez_gateway.decoder import chinese, chinese_sl651, sl651_words
from karez_gateway.decoder.finding import Field, Options
from karez_gateway.decoder.sl651 import decode
from karez_gateway.decoder.text import Page
from karez_protocols import sl651
from karez_protocols.errors import BadChecksum
from karez_protocols.sl651_dialect import KAREZ_ELEMENTS, SL651_2014
from karez_protocols.sl651_elements import ELEMENTS, each
from karez_protocols.sl651_frames import ENDS, Frame
from karez_protocols.sl651_functions import function_of
from karez_protocols.sl651_settings import SETTINGS, measured_bytes, measured_names
from karez_protocols.sl651_stations import CLASSES

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "sl651.json").read_text(encoding="utf-8"))
FRAMES = [bytes.fromhex(vector["hex"]) for vector in VECTORS]
ASCII = (
    b"\x01010010100001A00032003E\x021234240109160128 ST 0010100001 H TT 2401091601 PJ 3.5 Z 12.34 \x038279"
)
FRAMES.append(ASCII)
HEAD = bytes.fromhex("0007240712101530")
ADDRESS = HEAD + bytes.fromhex("F1F14101050001")
WORDS = b"0007240712101530"
# Written in letters in Chinese too: codes of the standard, and of one byte each.
LETTERS = {
    "CRC",
    "BCD",
    "ASCII",
    "HEX",
    "SOH",
    "STX",
    "SYN",
    "ETX",
    "ETB",
    "ENQ",
    "EOT",
    "ACK",
    "NAK",
    "ESC",
    "ST",
    "TT",
}
LETTERS |= {"RGZS", "DRxnn", "IC", "IPv4", "IP", "PSTN", "pH", "a", "A", "B", "C"}
SI = {
    "m³/s",
    "m³",
    "kWh",
    "m",
    "mm",
    "kPa",
    "hPa",
    "V",
    "mV",
    "A",
    "°C",
    "m/s",
    "mg/L",
    "kg/m³",
    "µS/cm",
    "NTU",
}
SI |= {"", "%", "m²", "10⁴ t", "kW", "min", "h", "s", "cm"}
FIGURE = re.compile(r"\b(?:[0-9A-F]+|DR[DHN][0-9]{2}|FF[0-9A-F]{2})\b|[ABC](?=相)")


def english_left(text):
    """Words of a Chinese text that are English."""
    return [word for word in re.findall(r"[A-Za-z][A-Za-z0-9]*", FIGURE.sub("", text)) if word not in LETTERS]


def check_field(field):
    shown = chinese.fields([field])[0]
    assert (shown.offset, shown.raw) == (field.offset, field.raw)
    if not field.name.startswith("element "):
        assert not english_left(shown.name), (field.name, shown.name)
    assert shown.unit in SI, field
    if field.name in chinese.KEPT:
        assert shown.meaning == field.meaning
    else:
        assert not english_left(shown.meaning), (field.name, field.meaning, shown.meaning)


def check(finding):
    kind = finding.facts["kind"]
    assert kind == "invalid" or not english_left(chinese.kind(kind)), kind
    assert not english_left(chinese.sentence(finding.title)), finding.title
    if not finding.is_good:
        assert not english_left(chinese.reason(finding.facts["reason"])), finding.facts["reason"]
        detail = re.sub(
            r"^\S+(?= 不是)", "", chinese.sentence(finding.facts["detail"])
        )  # a word of the frame
        assert not english_left(detail), finding.facts["detail"]
    for field in finding.fields:
        check_field(field)


def damaged(data):
    """Cut anywhere, one byte changed anywhere, glued to strange bytes."""
    yield from (data[:at] for at in range(1, len(data)))
    yield from (data[:at] + bytes([data[at] ^ 0x5A]) + data[at + 1 :] for at in range(len(data)))
    yield from (b"\x7e" * 3 + data, b"\x01\x02\x03" + data, data + data[:7], data[3:] + b"\x01" + data)


def bodies(function, is_up, body, end=3, *, is_ascii=False):
    frame = Frame(is_up, 1, bytes.fromhex("4101050001"), 0x1234, function, body, end, None, is_ascii)
    return decode(sl651.encode(frame), Options())


def test_every_vector_is_chinese_to_the_last_word():
    count = 0
    for raw in FRAMES:
        for finding in decode(raw, Options()):
            check(finding)
            count += len(finding.fields)
    assert count > 600


def test_every_vector_cut_or_damaged_is_explained_in_chinese():
    reasons = set()
    for raw in FRAMES[::3]:
        for hurt in damaged(raw if len(raw) < 150 else raw[:120]):
            for finding in decode(hurt, Options()):
                check(finding)
                reasons.add(finding.facts.get("reason"))
    assert reasons >= {"crc", "length", "noise", "form"}


def test_every_body_with_a_changed_byte_under_a_good_crc_is_explained_in_chinese():
    details = set()
    for raw in [*FRAMES[:14], *FRAMES[14::4], ASCII]:
        if len(raw) > 100:
            continue
        try:
            frame = sl651.decode(raw)
        except BadChecksum:  # two were published so
            continue
        for at in range(len(frame.body)):
            for change in (0x01, 0x0F, 0xF0):
                body = frame.body[:at] + bytes([frame.body[at] ^ change]) + frame.body[at + 1 :]
                for hurt in (frame._replace(body=body), frame._replace(body=frame.body[: at + 1])):
                    for finding in decode(sl651.encode(hurt), Options()):
                        check(finding)
                        details.add(re.sub(r"[0-9A-F]+", "#", finding.facts.get("detail", "")))
    assert len(details) > 15


@pytest.mark.parametrize(
    ("function", "body", "is_up", "is_ascii"),
    [
        (0x32, WORDS + b"ST ", True, True),
        (0x32, WORDS + b"ST 41010500 G ", True, True),
        (0x32, WORDS + b"ST 410105000 G ", True, True),
        (0x32, WORDS + b"ST 4101050001 G TT 240712 ", True, True),
        (0x32, WORDS + b"ST 4101050001 G TT 2407121100 H x ", True, True),
        (0x32, WORDS + b"ST 4101050001 G TT 2407121100 \xb0H 1 ", True, True),
        (0x32, WORDS + b"ST 4101050001 G TT 2407121100 DRN60 ", True, True),
        (0x31, WORDS + b"ST 4101050001 G TT 2407121100 Z 1 ", True, True),
        (0x31, WORDS + b"ST 4101050001 G TT 2407121100 DRH01 Z 1.2345 ", True, True),
        (0x31, WORDS + b"ST 4101050001 G Z 2407121100 DRH01 Z 1.2345 ", True, True),
        (0x2F, WORDS + b"X ", True, True),
        (0x35, WORDS + b"X ", True, True),
        (0x45, WORDS + b"ST 4101050001 0001 A ", True, True),
        (0x45, WORDS + b"ST 4101050001 05 A ", True, True),
        (0x45, WORDS + b"A ", True, True),
        (0x4A, WORDS + b"ST 4101050001 A ", True, True),
        (0x31, ADDRESS + bytes.fromhex("47F0F024071211003923"), True, False),
        (0x31, ADDRESS + bytes.fromhex("47F0F024071211000400"), True, False),
        (0x31, ADDRESS + bytes.fromhex("473923"), True, False),
        (0x31, ADDRESS + bytes.fromhex("47F0F02407121100041800010039230012"), True, False),
        (0x32, ADDRESS + bytes.fromhex("47041000"), True, False),
        (0x32, ADDRESS + bytes.fromhex("4704100000"), True, False),
        (0x32, ADDRESS + bytes.fromhex("47F500F508FF"), True, False),
        (0x32, ADDRESS + bytes.fromhex("470512019905090505080A"), True, False),
        (0x32, ADDRESS + bytes.fromhex("470512019905090505081005100260"), True, False),
        (0x4C, ADDRESS + b"\x02\x01", True, False),
        (0x4E, ADDRESS + b"\x00", True, False),
        (0x4E, ADDRESS + b"\x01\x01", True, False),
        (0x4E, ADDRESS + b"\x02\x01\x01\x20\xff\xff", True, False),
        (0x4E, ADDRESS + b"\x02\x02\xff\xff\x01\x20", True, False),
        (0x4F, ADDRESS + b"\x01", True, False),
        (0x50, ADDRESS + b"\x01", True, False),
        (0x4A, HEAD, True, False),
        (0x35, HEAD + b"\xf2", True, False),
        (0x32, HEAD[:5], True, False),
        (0x32, b"\x00", True, False),
        (0x4C, HEAD, False, False),
        (0xE0, HEAD + b"\x01\x02", True, False),
        (
            0x41,
            ADDRESS + bytes.fromhex("04080905080906100A0B07100ABB04482180941531720097080D08010C0809"),
            True,
            False,
        ),
        (
            0x41,
            ADDRESS + bytes.fromhex("0448020000000000000000") + bytes.fromhex("044802999999999999999999"),
            True,
            False,
        ),
    ],
)
def test_every_thing_that_is_wrong_in_a_body_has_words(function, body, is_up, is_ascii):
    for finding in bodies(function, is_up, body, 3 if is_up else 5, is_ascii=is_ascii):
        check(finding)


def test_every_element_setting_function_class_and_end_has_a_name():
    for table in (ELEMENTS, SETTINGS, KAREZ_ELEMENTS):
        for what in each(table):
            name = sl651_words.label(what)
            check_field(Field(0, bytes(4), name, "1", sl651_words.unit_of(what)))
            check_field(Field(0, bytes(2), "identifier", f"{what.ident:02X} {name}"))
    check_field(Field(0, bytes(2), "identifier", "FF09 (not in the standard)"))
    for code in range(256):
        name = function_of(code, SL651_2014).name.replace("_", " ")
        for direction in ("up", "down"):
            assert not english_left(chinese.sentence(f"{code:02X} {name}, {direction}")), name
        check_field(Field(0, b"\1", "function", f"{code:02X} {name}"))
    for code, name in CLASSES.items():
        check_field(Field(0, b"\1", "station class", f"{code:02X} {name.replace('_', ' ')}"))
    assert len(ENDS) == 7


def test_no_two_elements_and_no_two_settings_are_called_the_same():
    for table in (ELEMENTS, SETTINGS):
        for names in (
            [sl651_words.label(what) for what in each(table)],
            [chinese.name(sl651_words.label(what), 4) for what in each(table)],
        ):
            assert len(set(names)) == len(names), [name for name in names if names.count(name) > 1]


def test_every_bit_of_the_status_word_and_everything_a_station_measures_has_words():
    for bit in range(32):
        for word in (1 << bit, 0xFFFFFFFF ^ (1 << bit)):
            for finding in bodies(0x46, True, ADDRESS + b"\x45\x20" + word.to_bytes(4, "big")):
                check(finding)
    everything = measured_names(b"\xff" * 8)
    for raw in (b"\xff" * 8, bytes(8), *(measured_bytes([name]) for name in everything)):
        for finding in bodies(0x41, True, ADDRESS + b"\x0d\x40" + raw):
            check(finding)
    assert (
        chinese.meaning("groundwater depth level 1 meter 8", "measured") == "地下水瞬时埋深、水位 1、水表 8"
    )
    for mode in range(10):
        for finding in bodies(0x41, True, ADDRESS + b"\x0c\x08" + bytes([mode])):
            check(finding)
    for raw in ("0C", "01A13012345678", "0412", "0512", "0612"):
        data = bytes.fromhex(raw)
        for finding in bodies(0x41, True, ADDRESS + bytes([0x04, len(data) << 3]) + data):
            check(finding)


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=80), st.integers(0x2F, 0x51), st.booleans())
def test_any_body_is_explained_in_chinese(body, function, is_up):
    for finding in bodies(function, is_up, ADDRESS + body, 3 if is_up else 5):
        check(finding)


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=100))
def test_any_bytes_are_explained_in_chinese(data):
    for finding in decode(data, Options()):
        check(finding)


SPOKEN = {
    ("station", "0012345678", 5): ("遥测站地址", "0012345678"),
    ("function", "32 timed report", 1): ("功能码", "32 定时报"),
    ("direction and length", "up, 47 bytes", 2): ("报文标识及长度", "上行，47 字节"),
    ("flow 1", "0.014", 7): ("取（排）水口流量1", "0.014"),
    ("remaining 8", "487.000", 8): ("水表8剩余水量", "487.000"),
    ("hour volume 1", "no value", 7): ("水表1每小时水量", "无数据"),
    ("level 3 series", "0.12 - 0.49", 26): ("1 小时内 5 分钟间隔相对水位3", "0.12 - 0.49"),
    ("recharge 2", "100.500", 8): ("水表2充值水量", "100.500"),
    ("switches", "on: 1 3", 2): ("开关状态", "开：1 3"),
    ("packet", "4 of 13", 3): ("包总数及序列号", "共 13 包，第 4 包"),
    ("gates", "gate 1 open 1.2, gate 2 closed ?", 6): (
        "闸门开关状态",
        "1 号闸门开 1.2，2 号闸门关，开度不明",
    ),
}


@pytest.mark.parametrize(("english", "words"), SPOKEN.items())
def test_the_terms_are_those_of_the_standard(english, words):
    name, meaning, size = english
    shown = chinese.fields([Field(0, bytes(size), name, meaning)])[0]
    assert (shown.name, shown.meaning) == words


def test_a_page_in_chinese_has_no_english_word_and_what_people_wrote_stays():
    for raw in FRAMES:
        for number, finding in enumerate(decode(raw, Options()), 1):
            assert not english_left(Page("zh", 80).headline(number, finding))
    version = next(bytes.fromhex(one["hex"]) for one in VECTORS if one["name"] == "up_45_version")
    (finding,) = decode(version, Options())
    assert any("DATA86-SW-V1.2(H)" in line for line in Page("zh").body(finding, version))


@pytest.mark.parametrize("table", ["NAMES", "PHRASES", "RUN", "SENTENCES", "KINDS", "REASONS"])
def test_no_phrase_has_another_translation_elsewhere(table):
    ours = {name.replace("_", " "): words for name, words in getattr(chinese_sl651, table).items()}
    for module in chinese._MODULES:
        for english, words in getattr(module, table, {}).items():
            assert ours.get(english.replace("_", " "), words) == words, (module.__name__, english)
