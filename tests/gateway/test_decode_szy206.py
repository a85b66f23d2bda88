"""`karez decode szy206`: the facts of every published frame, why a bad one is bad, and all in Chinese."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from karez_gateway.decoder import chinese, chinese_szy206, szy206_fields, szy206_words
from karez_gateway.decoder.finding import Options, WrongOption
from karez_gateway.decoder.szy206 import decode
from karez_protocols import szy206_functions as functions
from karez_protocols import szy206_quality as quality
from karez_protocols import szy206_words as words
from karez_protocols.szy206 import SLT427_2021, SZY206_2016, Dialect, Frame, address_of, encode
from karez_protocols.szy206_commands import Answer, Command
from karez_protocols.szy206_messages import SelfReport
from karez_protocols.szy206_time import TimeTag

FOLDER = Path(__file__).parents[1] / "vectors"
PUBLIC = json.loads((FOLDER / "szy206.json").read_text())
WORKED = json.loads((FOLDER / "szy206_more.json").read_text())
VECTORS = PUBLIC + WORKED
NOT_FACTS = {"note", "notes", "would_be", "tp_if_day_first"}
STATION = address_of("410105", 1)
TAG = TimeTag(2024, 7, 12, 10, 15, 0, 5)


def name_of(vector):
    return vector["name"]


def one(raw, **settings_):
    """Return the only finding in these bytes."""
    (finding,) = decode(raw, Options(settings=tuple(settings_.items())))
    assert (finding.offset, finding.length) == (0, len(raw))
    return finding


def meaning(finding, name):
    return next(field.meaning for field in finding.fields if field.name == name)


@pytest.mark.parametrize("vector", VECTORS, ids=name_of)
def test_every_published_frame_has_the_published_facts(vector):
    finding = one(bytes.fromhex(vector["hex"]))
    if not vector["checksum_ok"]:
        assert finding.facts["reason"] == "checksum" and not finding.is_good
        assert finding.facts["expected_cs"] in vector["decoded"]["notes"]
        return
    facts = {key: value for key, value in vector["decoded"].items() if key not in NOT_FACTS}
    assert {key: finding.facts.get(key, "missing") for key in facts} == facts
    assert finding.is_good and json.dumps(finding.facts)


@pytest.mark.parametrize("vector", VECTORS, ids=name_of)
def test_the_fields_of_a_frame_cover_its_bytes_in_order(vector):
    raw = bytes.fromhex(vector["hex"])
    for before in (b"", bytes.fromhex(PUBLIC[0]["hex"])):
        fields = decode(before + raw, Options())[-1].fields
        shown = b"".join(field.raw for field in fields)
        assert shown == raw[: len(shown)] and (not vector["checksum_ok"] or shown == raw)
        assert [field.offset for field in fields] == [
            len(before) + sum(len(field.raw) for field in fields[:at]) for at in range(len(fields))
        ]


def test_glued_frames_keep_their_facts():
    good = [vector for vector in VECTORS if vector["checksum_ok"]]
    found = decode(b"".join(bytes.fromhex(vector["hex"]) for vector in good), Options())
    assert [finding.facts["afn"] for finding in found] == [vector["decoded"]["afn"] for vector in good]


def test_the_standard_is_found_by_what_fits():
    for standard, dialect in (("206", SZY206_2016), ("427", SLT427_2021)):
        for type_code, row in (
            (1, {"rain_dmm": 12}),
            (2, {"level_mm": -1234}),
            (3, {"flow_lph": 3600, "volume_l": 1000}),
            (9, {"temperature_ddegc": 154}),
            (15, {"pressure_pa": 10}),
        ):
            raw = SelfReport(STATION, type_code, [row], 0, 0x30, TAG).encode(dialect)
            assert one(raw).facts["standard"] == standard, (type_code, standard)
            other = "427" if standard == "206" else "206"
            assert "detail" in one(raw, standard=other).facts or one(raw, standard=other).facts["state"] != 48


def test_an_all_zero_state_says_pump_running_and_door_open():
    raw = SelfReport(STATION, 3, [{"flow_lph": 0, "volume_l": 0}], 0, 0, TAG).encode(SZY206_2016)
    finding = one(raw)
    assert finding.facts["state"] == 0 and finding.facts["state_bits"] == []
    assert meaning(finding, "station state").startswith("0000 pump running, door open, on mains")


def test_missing_values_are_null_never_zero():
    raw = SelfReport(STATION, 3, [{"flow_lph": None, "volume_l": None}], 0, 48, TAG).encode(SZY206_2016)
    assert one(raw).facts["values"] == {"channels": [{"flow": None, "volume_m3": None}]}
    raw = SelfReport(STATION, 2, [{"level_mm": None}, {"level_mm": 0}], 0, 48, TAG).encode(SZY206_2016)
    assert one(raw).facts["values"] == {"level_m": [None, 0]}
    assert meaning(one(raw), "level no. 1") == "not measured" and meaning(one(raw), "level no. 2") == "0"


@pytest.mark.parametrize(
    ("afn", "values", "expected"),
    [
        (0x51, {"clock": None}, None),
        (0x55, {"last_top_up_l": 500000, "remaining_l": -5000}, {"last_top_up_m3": 500, "remaining_m3": -5}),
        (0x58, {"limits": [{"upper_pa": 100500, "lower_pa": 0}], "alarm": 256},
         {"upper_kpa": [100.5], "lower_kpa": [0]}),
        (0x5D, {"counters": [{"count": 3}, {"count": 5}]}, {"count": [3, 5]}),
        (0x59, {"readings": [{"ph": 712, "iron": 5}]},
         {"parameters": [1 << 28 | 2], "ph": [7.12], "iron": [0.05]}),
        (0x92, {"outcome": 5, "number": 1}, {"outcome": 5, "number": 1}),
        (0x84, {"voltage_cv": 1280}, {"voltage_v": 12.8}),
    ],
)  # fmt: skip
def test_answers_are_shown_in_the_units_of_people(afn, values, expected):
    if expected is None:
        raw = encode(Frame(True, STATION, afn, bytes.fromhex("30151012A724")))
        assert one(raw).facts["values"] == {"clock": "2024-07-12 10:15:30"}
        return
    message = Answer(STATION, afn, values)
    assert one(message.encode(SZY206_2016)).facts["values"] == expected


def test_settings_decide_what_the_bytes_do_not_say():
    stop = Command(STATION, 0x93, {"device": 0, "number": 1}, b"\x12\x34", TAG).encode(SZY206_2016)
    assert one(stop).facts["values"] == {"device": 0, "number": 1}
    assert one(stop, device_order="number_first").facts["values"] == {"device": 1, "number": 0}
    early = bytes.fromhex(next(vector["hex"] for vector in PUBLIC if vector["name"].startswith("1f")))
    assert "tp" not in one(early).facts
    assert one(early, tag_order="day_first").facts["tp"] == {
        "day": 12, "hour": 16, "min": 7, "sec": 53, "delay_min": 0,
    }  # fmt: skip
    stored = bytes.fromhex(next(vector["hex"] for vector in PUBLIC if vector["name"].startswith("b1")))
    assert one(stored, stored_field="flow").facts["flows"][0] == {"value": 0.092, "unit": "m3/s"}
    motor = Answer(STATION, 0x5F, dict.fromkeys(
        ("voltage_a_v", "voltage_b_v", "voltage_c_v", "current_a_a", "current_b_a", "current_c_a"), 9
    )).encode(Dialect(5, False, motor_bytes=1))  # fmt: skip
    assert one(motor, motor_bytes="1").facts["values"]["current_a_a"] == 9
    assert "detail" in one(motor).facts
    with pytest.raises(WrongOption, match="standard"):
        decode(stop, Options(settings=(("standard", "207"),)))
    with pytest.raises(WrongOption, match="colour"):
        decode(stop, Options(settings=(("colour", "red"),)))


def test_a_function_that_nobody_describes_is_shown_with_its_bytes():
    for afn in (0x5B, 0x80, 0xFF07):
        finding = one(encode(Frame(True, STATION, afn, b"\x01\x02")))
        assert finding.facts["data_hex"] == "0102" and finding.facts["afn"] == f"{afn:02X}"
        assert finding.facts["kind"] == "answer" and "detail" not in finding.facts


def test_a_good_frame_with_odd_data_says_so_and_stays_good():
    finding = one(encode(Frame(True, STATION, 0x55, b"\x0a" + bytes(8))))
    assert finding.is_good and "decimal digits" in finding.facts["detail"]
    assert finding.facts["values"] == {"remaining_m3": 0}
    assert meaning(finding, "last top up") == "not readable"
    finding = one(encode(Frame(True, STATION, 0xC0, b"\x01", type_code=3)))
    assert finding.is_good and finding.facts["detail"] and finding.facts["data_hex"] == "01"


def test_a_changed_byte_is_named_with_its_reason_and_the_next_frame_is_read():
    good = bytes.fromhex(WORKED[0]["hex"])
    for at, reason in (
        (0, "noise"),
        (1, "length"),
        (2, "noise"),
        (6, "checksum"),
        (11, "checksum"),
        (12, "end"),
    ):
        bad = good[:at] + bytes([good[at] ^ 0x40]) + good[at + 1 :]
        first, *_, last = decode(bad + good, Options())
        assert first.facts["kind"] == "invalid" and first.facts["reason"] == reason, at
        assert first.facts["detail"] and not first.is_good and last.facts["link"] == "F0 login"


def test_an_address_that_is_no_digits_is_shown_as_it_is():
    finding = one(encode(Frame(True, b"\xab\xcd\xef\x01\x00", 0x02, b"\xf2")))
    assert finding.facts["division"] is None and finding.facts["addr_hex"] == "ABCDEF0100"
    assert meaning(finding, "address") == "ABCDEF0100"


def test_spans_of_minutes_and_weekdays_are_written_out():
    frame = Frame(True, STATION, 0xB2, bytes.fromhex("0010120759111207"))
    assert meaning(one(encode(frame)), "from") == "07-12 10:00"
    assert one(encode(frame)).facts["values"] == {"start": [7, 12, 10, 0], "end": [7, 12, 11, 59]}
    clock = Frame(True, STATION, 0x51, bytes.fromhex("30151012A724"))
    assert meaning(one(encode(clock)), "clock") == "2024-07-12 10:15:30, weekday 5"


def test_masks_of_kinds_are_spelled_out():
    def masked(afn, body):
        return meaning(one(encode(Frame(True, STATION, afn, bytes.fromhex(body)))), "kinds mask")

    assert masked(0x53, "0730" + "6000" * 14) == "3007 rain, level, flow, alarm state, pressure"
    assert masked(0x54, "0070") == "7000 memory, storage, pressure"
    assert masked(0x91, "05") == "0005 rain, volume" and masked(0x91, "00") == "0000 none of them"


def test_a_parameter_that_no_source_has_is_said_to_be_none():
    frame = Frame(False, STATION, 0xB1, bytes.fromhex("F10022121602221216"))
    assert meaning(one(encode(frame)), "parameter") == "not in the sources, no. 1"


def test_a_picture_that_promises_too_much_and_an_empty_confirm_are_shown():
    finding = one(encode(Frame(True, STATION, 0x61, b"\x05\x00\x01", divs=2)))
    assert finding.facts["image_length_le"] == 5 and "image_bytes" not in finding.facts
    finding = one(encode(Frame(False, STATION, 0xC0, b"")))
    assert finding.facts["kind"] == "confirm" and "mode" not in finding.facts


def test_composites_and_winds_are_shown_value_by_value():
    values = {
        "readings": [{"level_mm": 1500, "flow_lph": 3600, "volume_l": 7000, "ph": 712}],
        "alarm": 0,
        "state": 48,
    }
    finding = one(Answer(STATION, 0xB0, values, type_code=14).encode(SZY206_2016), standard="206")
    assert finding.facts["values"] == {
        "kinds": 97, "parameters": 2, "ph": 7.12, "flow": {"value": 0.001, "unit": "m3/s"}, "volume_m3": 7,
        "level_m": 1.5,
    }  # fmt: skip
    wind = {"wind_mmps": 12340, "wind_direction": 3}
    finding = one(SelfReport(STATION, 8, [wind], 0, 48, TAG).encode(SZY206_2016))
    assert finding.facts["values"] == {"wind_m_s": [12.34], "wind_direction": [3]}
    assert meaning(finding, "wind no. 1") == "12.34, direction 3"


def test_counters_and_pieces_have_names():
    finding = one(
        Answer(STATION, 0x5D, {"counters": [{"count": at} for at in range(18)]}).encode(SZY206_2016)
    )
    assert meaning(finding, "event no. 5") == "4 password error"
    fragment = encode(Frame(True, STATION, 0xC0, b"\x01\x02", divs=1))
    assert one(fragment).facts["divs"] == 1 and meaning(one(fragment), "fragments left") == "the last one"


# -- in Chinese -------------------------------------------------------------------------------------

LETTERS = set(re.findall(r"\w+", "FCB DIVS Tp L C A B D AFN CS pH IC FF CRC BCD H 61H a"))
SI = {*re.findall(r"\S+", "m³ m³/s m³/h mm m m/s kW kWh kPa °C % cm V A min 元 mg/L µS/cm mV NTU 1/L"), ""}
FIGURE = re.compile(r"\b(?:0x[0-9A-F]+|[0-9A-F]+|[0-9a-f]{8,})\b")


def english_left(text):
    return [word for word in re.findall(r"[A-Za-z][A-Za-z0-9]*", FIGURE.sub("", text)) if word not in LETTERS]


def check(finding):
    if not finding.is_good:
        assert not english_left(chinese.reason(finding.facts["reason"])), finding.facts
        assert not english_left(chinese.sentence(finding.facts["detail"])), finding.facts["detail"]
    assert not english_left(chinese.sentence(finding.title)), finding.title
    assert not english_left(chinese.kind(finding.facts["kind"]).replace("invalid", ""))
    for field, shown in zip(finding.fields, chinese.fields(finding.fields), strict=True):
        assert not english_left(shown.name), (field.name, shown.name)
        assert not english_left(shown.meaning), (field.name, field.meaning, shown.meaning)
        assert shown.unit in SI, field


@pytest.mark.parametrize("vector", VECTORS, ids=name_of)
def test_every_vector_is_chinese_to_the_last_word(vector):
    raw = bytes.fromhex(vector["hex"])
    for finding in decode(raw, Options()):
        check(finding)
    if len(raw) < 100:
        for at in range(len(raw)):
            hurt = raw[:at] + bytes([raw[at] ^ 0x5A]) + raw[at + 1 :]
            for finding in [*decode(hurt, Options()), *decode(raw[: at + 1], Options())]:
                check(finding)


def test_every_word_that_is_shown_has_its_chinese():
    shown = [*szy206_words.FUNCTIONS.values(), *szy206_words.TYPES_206, *szy206_words.TYPES_427.values()]
    shown += [*szy206_words.LINKS.values(), *szy206_words.MODES, *szy206_words.STATE_MODES]
    shown += [*szy206_words.DEVICES.values(), *szy206_words.SCOPES.values(), *szy206_words.UNITS_AB.values()]
    tables = (words.ALARMS, words.EVENTS, words.REPORT_KINDS, words.QUERY_KINDS, words.CLEARED_KINDS)
    shown += [szy206_fields._plain(name) for table in tables for name in table.split()]
    for phrase in shown:
        assert chinese.phrase(phrase) and not english_left(chinese.phrase(phrase)), phrase
    for dialect in (SZY206_2016, SLT427_2021):
        for name in quality.parameters(dialect):
            if not name.startswith("reserved"):
                assert name.replace("_", " ") in chinese_szy206.NAMES, name


@settings(deadline=None)
@given(
    st.booleans(),
    st.sampled_from(sorted(szy206_words.FUNCTIONS)),
    st.binary(max_size=60),
    st.integers(0, 15),
    st.none() | st.integers(1, 255),
)
def test_any_body_of_any_function_is_shown_in_both_languages(is_up, afn, body, type_code, divs):
    raw = encode(Frame(is_up, STATION, afn, body, 3, type_code, divs))
    finding = one(raw)
    assert finding.is_good and b"".join(field.raw for field in finding.fields) == raw
    assert json.dumps(finding.facts, allow_nan=False)
    check(finding)


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_covered_by_findings(data):
    at = 0
    for finding in decode(data, Options()):
        assert finding.offset == at
        at += finding.length
        check(finding)
    assert at == len(data)


def test_every_function_the_codec_names_has_a_name_here():
    codes = [value for name, value in vars(functions).items() if name.isupper() and isinstance(value, int)]
    assert {code for code in codes if code in szy206_words.FUNCTIONS} == set(szy206_words.FUNCTIONS)
