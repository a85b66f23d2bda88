"""karez decode in Chinese: every name, meaning and reason that the decoders have is put over."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from karez_gateway.decoder import (
    chinese,
    chinese_cjt188,
    chinese_codes,
    chinese_dlt645,
    chinese_modbus,
    chinese_own,
    cjt188,
    cjt188_words,
    dlt645,
    dlt645_words,
    frame,
    grant,
    meter_profiles,
    modbus,
    modbus_fields,
    own_words,
    record,
)
from karez_gateway.decoder.finding import Field, Finding, Options
from karez_gateway.decoder.text import Page, _fold
from karez_protocols import (
    cjt188_frames,
    dlt645_data,
    dlt645_functions,
    dlt645_messages,
    dlt645_relay,
    link,
    link_gateway,
)
from karez_protocols import fields as layouts
from karez_protocols import record as records

from .synthetic import REGULATOR, SyntheticController, make_grant, public

VECTORS = Path(__file__).parents[1] / "vectors"
DECODERS = {"modbus": modbus, "dlt645": dlt645, "cjt188": cjt188}
MODULES = (chinese_modbus, chinese_dlt645, chinese_cjt188, chinese_own)
# Written in letters in Chinese too: codes of the standards, names of checks, and of one byte each.
LETTERS = set(re.findall(r"\w+", "CRC BCD ASCII ESAM SER FE CT PT UTF SHA DL CJ T L N1 N2 h Ed25519"))
# Meanings that are no words: units of CJ/T 188, evidence tiers.
SYMBOLS = set(cjt188_words.UNIT_TEXTS.values()) | set(own_words.TIERS.values())
# Units that are symbols, and stay.
SI = "L L/h m³ m³/h W kW MW Wh kWh MWh J kJ MJ GJ var kvar VA kVA V A Hz h s mm mm/s Pa B °C imp/kWh UTC"
UNITS = {*SI.split(), "mL/Wh", "‰", "元", "字节", ""}
FIGURE = re.compile(
    r"\b(?:\d{4}-\d\d-\d\dT[0-9:]+Z|0x[0-9A-F]+|[0-9A-F]+|[0-9a-f]{8,}|33H|[0-9A-Z]{8})\b|[ABC](?=相)"
)


def english_left(text):
    """Words of a Chinese text that are English."""
    return [word for word in re.findall(r"[A-Za-z][A-Za-z0-9]*", FIGURE.sub("", text)) if word not in LETTERS]


def check_field(field):
    shown = chinese.fields([field])[0]
    assert (shown.offset, shown.raw) == (field.offset, field.raw)
    assert not english_left(shown.name), (field.name, shown.name)
    assert shown.unit in UNITS, field
    if field.name in chinese.KEPT and not chinese._ABOUT_TEXT.fullmatch(field.meaning):
        assert shown.meaning == field.meaning
    elif field.meaning not in SYMBOLS:
        assert not english_left(shown.meaning), (field.name, field.meaning, shown.meaning)


def check(finding):
    assert not english_left(chinese.kind(finding.facts["kind"]).replace("invalid", "").replace("erased", ""))
    if not finding.is_good:
        assert not english_left(chinese.reason(finding.facts["reason"])), finding.facts
        assert not english_left(chinese.sentence(finding.facts["detail"])), finding.facts["detail"]
    for field in finding.fields:
        check_field(field)


def vectors(protocol):
    for name in (protocol, protocol + "_more"):
        for vector in json.loads((VECTORS / f"{name}.json").read_text(encoding="utf-8")):
            yield bytes.fromhex(vector["hex"])


def damaged(data):
    """Cut anywhere, one byte changed anywhere, glued to strange bytes."""
    yield from (data[:at] for at in range(1, len(data)))
    yield from (data[:at] + bytes([data[at] ^ 0x5A]) + data[at + 1 :] for at in range(len(data)))
    yield from (b"\xfe" * 9 + data, b"\x01\x02\x03" + data, data + data[:7], data[3:] + b"\x68" + data)


@pytest.mark.parametrize("protocol", DECODERS)
def test_every_vector_is_chinese_to_the_last_word(protocol):
    count = 0
    for data in vectors(protocol):
        for finding in DECODERS[protocol].decode(data, Options()):
            check(finding)
            count += len(finding.fields)
    assert count > 300


@pytest.mark.parametrize("protocol", DECODERS)
def test_every_vector_cut_or_damaged_is_explained_in_chinese(protocol):
    reasons = set()
    for data in set(vectors(protocol)):
        for hurt in damaged(data):
            for finding in DECODERS[protocol].decode(hurt, Options()):
                check(finding)
                reasons.add(finding.facts.get("reason"))
    assert len(reasons) >= 5


@given(data=st.binary(max_size=200))
def test_any_bytes_are_explained_in_chinese(data):
    for decoder in DECODERS.values():
        for finding in decoder.decode(data, Options()):
            check(finding)


WELL = SyntheticController("chinese", "site-1")
WELL.append(records.BOOT, chain=1, tier=2)
GRANT = make_grant("site-1", 3, 2_000_000, finish_100l=50)
WELL.accept_grant(GRANT)
WELL.irrigate(2)
WELL.event(132, 5, status=0x1F, alarms=0x10, meters=0x8001)
WELL.append(records.GAP, outage_s=90, from_utc_s=WELL.utc_s, volume_before_l=7)
WELL.lose(1, 2)
SLOTS = [WELL.slots[seq] for seq in sorted(WELL.slots)]
UP = link_gateway.encode_up(7, 1, SLOTS[:2])
ACK = link_gateway.encode_ack(7, 1, 3)
DOWN = link_gateway.encode_grant(GRANT)
STATE = link.encode_state(
    {name: 0 for name, kind, _, _ in layouts.each(link.STATE_BODY) if kind != "x"} | {"pump": 3}
)
KEYS = ({}, {"key": "11" * 32}, {"key": public(REGULATOR).hex()})


@pytest.mark.parametrize("settings", KEYS)
def test_our_own_records_grants_and_payloads_are_chinese(settings):
    options = Options(settings=tuple(settings.items()))
    for data in (UP + ACK + DOWN + ACK, DOWN, STATE, link.OFFLINE, b"\x77\x01" + UP, UP[:50], ACK[:5]):
        for finding in frame.decode(data, options):
            check(finding)
            assert not english_left(chinese.sentence(finding.title).replace("site-1", ""))
    for finding in grant.decode(GRANT, options):
        check(finding)


def test_damaged_records_and_grants_are_explained_in_chinese():
    before = Options(settings=(("before", "11" * 32),))
    for slot in [*SLOTS, bytes(8) + SLOTS[0][8:], record.SECTOR_MAGIC + bytes(124)]:
        for at in (0, 1, 2, 3, 27, 68, 74, 80, 105):
            data = slot[:at] + bytes([slot[at] ^ 0x5A]) + slot[at + 1 :]
            for finding in record.decode(data + slot + slot[:50], before):
                check(finding)
    reasons = set()
    for at in range(len(GRANT) - 64):
        for new in (0, 5, 0xFF):
            for finding in grant.decode(GRANT[:at] + bytes([new]) + GRANT[at + 1 :], Options()):
                check(finding)
                reasons.add(finding.facts.get("reason"))
    assert {"version", "length", "value", "malformed"} <= reasons
    for finding in frame.decode(STATE[:-1], Options(settings=(("topic", "state"),))):
        check(finding)


@pytest.mark.parametrize("kind", [number for number, name in enumerate(records.KIND_NAMES) if name])
def test_every_field_of_every_record_has_a_name(kind):
    for layout in records.layouts(kind):
        for name, _, _, size in layouts.each(layout):
            assert not english_left(chinese.name(name, size)) or name == "h", name


def test_every_code_of_our_layouts_has_a_word():
    for field, words in own_words._CODES.items():
        for number, word in words.items():
            check_field(Field(0, b"\x01", field, f"{number} {word}"))
    for field, words in own_words._BITS.items():
        assert words
        check_field(Field(0, b"\x01", field, ", ".join(own_words.bits(field, 0xFFFFFFFF))))
    for one in (*own_words.METER_STATES.values(), "state 9"):
        for other in (*own_words.METER_STATES.values(), "state 9"):
            check_field(Field(0, b"\x01\x01", "meters", f"water {one}, energy {other}"))
    for name, words in own_words._BYTES.items():
        check_field(Field(0, b"\x01\x01", name, words))
    check_field(Field(0, b"\x01", "pump", "9 (not known to this version)"))


def test_every_function_and_exception_of_modbus_has_a_word():
    for function in range(128):
        for role in ("request", "response", "exception", "bad"):
            check_field(
                Field(0, b"\1", "function", f"{function:02X} {modbus_fields.function_name(function)}, {role}")
            )
    for code in range(1, 256):
        words = modbus_fields.EXCEPTIONS.get(code, "of the maker")
        check_field(Field(0, b"\1", "exception code", f"{code} {words}"))


def test_every_register_that_a_profile_names_has_a_name():
    for profile in meter_profiles.names("modbus"):
        document = meter_profiles.documents()[profile]
        for one in (*document["fields"], *document.get("splits", [])):
            shown = chinese.name(f"{one['name']} (40)", 4)
            assert not english_left(shown) and shown.endswith(" (40)"), one["name"]


def test_every_identifier_of_dlt645_has_a_name():
    known = 0
    for di in (
        *(
            group << 24 | two << 16 | three << 8
            for group in (0, 2)
            for two in range(7)
            for three in range(256)
        ),
        *(0x05060001 | part << 8 for part in range(3)),
        *(0x04000500 | word for word in range(256)),
        *dlt645_data._OTHERS,
    ):
        what = dlt645_data.meaning(di)
        for name in what.names if what else ():
            check_field(Field(0, bytes(4), name, "1"))
            check_field(Field(0, bytes(4), "identifier", f"{di:08X} {name.replace('_', ' ')}"))
            known += 1
    assert known > 300


def test_every_command_and_refusal_of_dlt645_has_words():
    for function in dlt645_functions.FUNCTION_NAMES.values():
        for role in ("request", "refused", "reply", "reply, more follows"):
            check_field(Field(0, b"\1", "control code", f"{function.replace('_', ' ')}, {role}"))
    for layout in dlt645_messages._LAYOUTS.values():
        for name in layout[1].split():
            check_field(Field(0, bytes(4), dlt645._noun(name), ""))
    for code, action in dlt645_relay.ACTIONS.items():
        check_field(Field(0, b"\1", "N1", f"{code:02X} {action.replace('_', ' ')}"))
    for names in (dlt645_relay.ERROR_BITS, dlt645_relay.SECURITY_ERROR_BITS):
        for code in range(256):
            bits = [name.replace("_", " ") for name in dlt645_relay.bit_names(code, names)]
            check_field(Field(0, b"\1", "error", " ".join([f"{code:02X}", *bits])))
    for words in dlt645_words.FUNCTIONS_1997.values():
        said = f"L = 1, at most 2; the checksum is right, and in DL/T 645-1997 it {words}"
        assert not english_left(chinese.sentence(said))


def test_every_name_of_cjt188_has_a_word():
    for key, words in cjt188.IDENTIFIERS.items():
        check_field(Field(0, bytes(2), "identifier", f"{key:04X} {words}"))
    for code in range(256):
        check_field(Field(0, b"\1", "meter type", cjt188_words.meter_type(code)))
    for function in cjt188_frames.FUNCTION_NAMES.values():
        for role in ("request", "response", "error"):
            check_field(Field(0, b"\1", "control code", f"{function.replace('_', ' ')}, {role}"))
    for valve in ("open", "closed", "abnormal", "in no known state"):
        for battery in ("low", "normal"):
            check_field(Field(0, bytes(2), "status", f"valve {valve}, battery {battery}"))


SPOKEN = {
    ("control code", "read, request", 1): ("控制码", "读数据，请求"),
    ("start", "68", 1): ("起始符", "68"),
    ("start", "16", 2): ("起始地址", "16"),
    ("error", "06 no such data wrong password or not authorised", 1): (
        "错误信息字", "06 无请求数据、密码错/未授权"
    ),
    ("error", "82 no such data bit 7", 1): ("错误信息字", "82 无请求数据、位 7"),
    ("N1", "1A trip", 1): ("N1 命令类型", "1A 跳闸"),
    ("N1", "1B close permitted", 1): ("N1 命令类型", "1B 合闸允许"),
    ("N1", "1C close direct", 1): ("N1 命令类型", "1C 直接合闸"),
    ("N1", "3A keep supply", 1): ("N1 命令类型", "3A 保电"),
    ("N1", "3B end keep supply", 1): ("N1 命令类型", "3B 保电解除"),
    ("energy_forward_total", "0.26", 4): ("正向有功总电能", "0.26"),
    ("energy_reverse_t12", "not supported", 4): ("反向有功费率12电能", "不支持"),
    ("frozen_energy_forward_t3", "1.5", 4): ("日冻结正向有功费率3电能", "1.5"),
    ("clock", "2016-01-11 weekday 0 10:20:30", 7): ("时钟", "2016-01-11 星期日 10:20:30"),
    ("date", "2016-01-11 weekday 9", 4): ("日期及星期", "2016-01-11 星期代码 9"),
    ("status", "valve open, battery low", 2): ("状态", "阀门状态：开，电池欠压"),
    ("cause", "21 water ceiling reached", 1): ("原因", "21 水量指标用完"),
    ("policy", "0 stop", 1): ("用完策略", "0 停泵"),
    ("kind", "3 stop", 1): ("类型", "3 停止"),
    ("row 2 quantity", "1 energy", 1): ("第 2 行类别", "1 电量"),
    ("bits +8 to +15", "1 0 1", 1): ("位 +8 至 +15", "1 0 1"),
    ("volume_l (6)", "unknown", 4): ("累计水量 (6)", "未知"),
}  # fmt: skip


@pytest.mark.parametrize(("english", "words"), SPOKEN.items())
def test_the_terms_are_those_of_the_standards(english, words):
    name, meaning, size = english
    shown = chinese.fields([Field(0, bytes(size), name, meaning)])[0]
    assert (shown.name, shown.meaning) == words


@pytest.mark.parametrize("text", ["stop", "closed", "read, request", "on", "3 stop", "good"])
def test_what_other_people_wrote_is_never_put_over(text):
    for name in chinese.KEPT:
        assert chinese.meaning(text, name) == text
    assert chinese.sentence(f"grant 3 for {text}") == f"第 3 号用水指标，取水口 {text}"


def test_that_a_name_is_no_text_is_said_in_chinese():
    assert chinese.meaning("site is not UTF-8", "site") == "取水口不是 UTF-8 文本"
    assert (
        chinese.meaning("document: bytes after the end of its text", "document") == "文号：文本结束后还有字节"
    )


def test_what_is_not_known_stays_english_and_whole():
    assert (
        chinese.sentence("A sentence of a later version, request") == "A sentence of a later version, request"
    )
    assert chinese.name("later_name", 1) == "later_name" and chinese.reason("later") == "later"
    assert chinese.meaning("03 sing, request", "function") == "03 sing, request"


@pytest.mark.parametrize("table", ["NAMES", "PHRASES", "RUN", "SENTENCES", "KINDS", "REASONS"])
def test_no_phrase_has_two_translations(table):
    seen = {}
    for module in MODULES:
        for english, words in getattr(module, table, {}).items():
            assert seen.setdefault(english.replace("_", " "), words) == words, english


def test_a_sentence_uses_all_its_places_and_only_those():
    for module in MODULES:
        for english, words in module.SENTENCES.items() if hasattr(module, "SENTENCES") else ():
            places = re.findall(r"\{(\w+)\}", english)
            assert len(set(places)) == len(places) and set(re.findall(r"\{(\w+)\}", words)) == set(places)


def test_every_word_for_a_code_is_one_that_is_said():
    for field, words in chinese_codes.MEANINGS.items():
        if field in own_words._CODES and field != "kind":
            assert set(words) - {"none"} <= set(own_words._CODES[field].values()), field
        if field in own_words._BITS:
            assert set(words) == {"none", *own_words._BITS[field].values()}


def test_the_columns_stand_under_each_other():
    data = next(iter(vectors("dlt645")))
    for finding in dlt645.decode(data, Options()):
        lines = list(Page("zh").body(finding, data))
        title = cell_len(lines[0].split("含义")[0])
        names = cell_len(lines[0].split("字段")[0])
        for line, field in zip(lines[1:], chinese.fields(finding.fields)):
            before = line.partition(field.name)[0]
            assert cell_len(before) == names, line
            if field.meaning:
                rest = line[len(before) + len(field.name) :]
                blanks = len(rest) - len(rest.lstrip())
                assert names + cell_len(field.name) + blanks == title, line


def test_a_page_in_chinese_has_no_english_word():
    for protocol, decoder in DECODERS.items():
        for data in vectors(protocol):
            for number, finding in enumerate(decoder.decode(data, Options()), 1):
                page = Page("zh", 80)
                assert not english_left(page.headline(number, finding))
                assert any(page.body(finding, data))


@given(
    text=st.text(alphabet="阀门状态开关，。；：（）、ab 12", max_size=60), width=st.integers(6, 30)
)  # below 6 （门、 has no place
def test_folding_loses_nothing_and_begins_no_line_with_a_comma(text, width):
    lines = _fold(text, width)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert all(cell_len(line) <= width for line in lines)
    if not re.search("[，。；：、）（]{2}|[a-z0-9 ][，。；：、）]|^[，。；：、）]", text):
        assert not any(line[:1] in "，。；：、）" for line in lines if line)


def test_chinese_fills_the_line_and_breaks_between_characters():
    lines = _fold("04 帧被截断：十字节，功能码在此应为十一字节", 20)
    assert [cell_len(line) for line in lines][:-1] == [17, 20]


def test_the_json_stays_english():
    finding = Finding(0, 1, {"kind": "request"}, (Field(0, b"\1", "address", "broadcast"),))
    chinese.fields(finding.fields)
    assert finding.fields[0].name == "address" and finding.facts == {"kind": "request"}
