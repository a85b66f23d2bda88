"""`karez decode sl651`: the facts of every published frame, the worked examples, and why a bad one is bad."""

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from karez_gateway.decoder.cli import app
from karez_gateway.decoder.finding import Options, WrongOption
from karez_gateway.decoder.sl651 import SETTINGS, decode
from karez_gateway.decoder.text import Page
from karez_protocols import sl651, sl651_messages
from karez_protocols.sl651_dialect import KAREZ_ELEMENTS, Dialect
from karez_protocols.sl651_frames import ENQ, EOT, ETX, Frame
from karez_protocols.sl651_messages import Group, Line
from karez_protocols.sl651_packets import divided
from karez_protocols.sl651_parts import Element
from karez_protocols.sl651_quantities import element_for
from karez_protocols.sl651_times import Step, Time
from karez_protocols.sl651_writing import encode_message

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "sl651.json").read_text(encoding="utf-8"))
GOOD = [vector for vector in VECTORS if vector["checksum_ok"]]
BAD = [vector for vector in VECTORS if not vector["checksum_ok"]]
ASCII = (
    b"\x01010010100001A00032003E\x021234240109160128 ST 0010100001 H TT 2401091601 PJ 3.5 Z 12.34 \x038279"
)
INTAKE_REPORT = bytes.fromhex(  # constructed in the page of the standard's facts
    "7E7E0141010500011234320037020008240712110000F1F1410105000149F0F02407121100282B0000000014682A0000005040"
    "603300000048700045200000008038121265"
    "03F7A3"
)
WELL = bytes.fromhex("4101050001")
LINE = Line(1, WELL, 0x1234, False)
LINE_ASCII = Line(1, WELL, 0x1234, True)
NOW = Time(2024, 7, 12, 10, 15, 30)
HOUR = Time(2024, 7, 12, 11, 0, 0)


def name_of(vector):
    return vector["name"]


def one(raw, **settings):
    """Return the only finding in these bytes."""
    (finding,) = decode(raw, Options(settings=tuple(settings.items())))
    assert (finding.offset, finding.length) == (0, len(raw))
    return finding


def said(message, line=LINE, dialect=None, **settings):
    frame = encode_message(message, line) if dialect is None else encode_message(message, line, None, dialect)
    return one(sl651.encode(frame), **settings)


def field(finding, name):
    return next(field for field in finding.fields if field.name == name)


def compare(found, expected, place):
    """Everything published is found. A value in our own unit may stand beside an element's own."""
    if isinstance(expected, dict):
        for key in expected.keys() - {"notes"}:
            assert key in found, (place, key)
            compare(found[key], expected[key], [*place, key])
        more = {key for key in found.keys() - expected.keys() if key.rpartition("_")[2] not in UNITS}
        assert more <= {"kind"}, (place, more)
    elif isinstance(expected, list):
        assert len(found) == len(expected), place
        for at, (mine, theirs) in enumerate(zip(found, expected)):
            compare(mine, theirs, [*place, at])
    elif isinstance(expected, str) and expected.endswith("..."):
        assert found.startswith(expected[:-3]), place
    elif isinstance(expected, str) and expected.endswith(" bytes"):
        assert len(found) == 2 * int(expected[:-6]), place
    else:
        assert found == expected and type(found) is type(expected), (place, found, expected)


UNITS = {"um", "mm", "mv", "ma", "lph", "s", "h", "min", "mode", "direction"}


@pytest.mark.parametrize("vector", GOOD, ids=name_of)
def test_published_frames_have_the_published_facts(vector):
    compare(one(bytes.fromhex(vector["hex"])).facts, vector["decoded"], [])


@pytest.mark.parametrize("vector", BAD, ids=name_of)
def test_frames_published_with_a_wrong_crc_say_which_is_expected(vector):
    facts = one(bytes.fromhex(vector["hex"])).facts
    assert (facts["kind"], facts["reason"]) == ("invalid", "crc")
    assert facts["detail"] == f"CRC {vector['decoded']['crc']}, computed {facts['expected_crc']}"


def test_all_published_frames_glued_together_keep_their_facts():
    found = decode(b"".join(bytes.fromhex(vector["hex"]) for vector in GOOD) + ASCII, Options())
    assert len(found) == len(GOOD) + 1
    for finding, vector in zip(found, GOOD):
        compare(finding.facts, vector["decoded"], [])


@pytest.mark.parametrize("raw", [*(bytes.fromhex(vector["hex"]) for vector in GOOD), ASCII])
def test_the_fields_of_a_frame_cover_its_bytes_in_order(raw):
    for before in (b"", ASCII):
        fields = decode(before + raw, Options())[-1].fields
        assert b"".join(one.raw for one in fields) == raw
        assert [one.offset for one in fields] == [
            len(before) + sum(len(one.raw) for one in fields[:at]) for at in range(len(fields))
        ]


def test_an_ascii_report_has_the_same_keys_and_its_words():
    finding = one(ASCII)
    facts = finding.facts
    assert facts["encoding"] == "ascii" and facts["start"] == "STX" and facts["crc"] == "8279"
    assert facts["body_rest"] == " ST 0010100001 H TT 2401091601 PJ 3.5 Z 12.34 "
    assert facts["elements"] == [
        {"id": "F1F1", "station": "0010100001"},
        {"id": "class", "value": "48"},
        {"id": "F0F0", "observed": "2024-01-09 16:01"},
        {"id": "20", "name": "PJ", "decimals": 1, "raw": "3.5", "value": 3.5, "rain_um": 3500},
        {"id": "39", "name": "Z", "decimals": 2, "raw": "12.34", "value": 12.34, "level_mm": 12340},
    ]
    assert field(finding, "level").raw == b"Z 12.34 " and field(finding, "level").unit == "m"


@pytest.mark.parametrize("line", [LINE, LINE_ASCII], ids=["hex", "ascii"])
def test_commands_and_answers_say_what_they_do(line):
    switches = said(sl651_messages.Switches(0x4C, False, 0, NOW, None, (True, False, True)), line)
    assert (
        switches.facts["kind"] == "request"
        and switches.facts["switches"] == [True, False, True] + [False] * 5
    )
    assert field(switches, "switches").meaning == "on: 1 3"
    off = said(sl651_messages.Switches(0x4D, True, 1, NOW, WELL, (False,) * 8), line)
    assert off.facts["kind"] == "response" and field(off, "switches").meaning == "all off"
    gates = said(sl651_messages.Gates(False, 0, NOW, None, (True, False), (1200, None)), line)
    assert (gates.facts["gates"], gates.facts["openings_mm"]) == ([True, False], [1200, None])
    assert field(gates, "gates").meaning == "gate 1 open 1.2, gate 2 closed ?"
    quota = said(sl651_messages.Quota(False, 0, NOW, None, True), line)
    assert quota.facts["quota"] is True and field(quota, "quota").meaning == "in force"
    confirm = said(sl651_messages.Confirm(0x4C, 5, NOW, EOT, None), line)
    assert confirm.facts["kind"] == "confirm" and confirm.facts["body_rest"] == ""
    resend = said(sl651_messages.Resend(0x36, 5, NOW, (13, 4)), line)
    assert resend.facts["kind"] == "resend" and resend.facts["packet"] == {"total": 13, "seq": 4}
    assert field(resend, "packet").meaning == "4 of 13"


def test_the_status_word_is_put_into_words_with_its_two_reversed_bits():
    def status(word):
        found = said(sl651_messages.Values(0x46, 1, NOW, WELL, (Element(0x45, 4, 0, word),)))
        return field(found, "status and alarms").meaning

    assert status(0) == "00000000 door open, card off, pump running"
    assert status(0x480) == "00000480 door closed, card off, pump stopped"
    assert status(0xA01) == "00000A01 door open, card on, pump running, mains failed, remaining low"
    assert status(0x1480) == "00001480 door closed, card off, pump stopped, reserved bits 00001000"


def test_settings_are_shown_with_their_names():
    elements = (
        Element(0x04, 10, 0, bytes.fromhex("02218094153172009708")),
        Element(0x05, 7, 0, bytes.fromhex("01A13012345678")),
        Element(0x06, 1, 0, b"\x00"),
        Element(0x07, 2, 0, b"\x09\x01"),
        Element(0x0C, 1, 0, 2),
        Element(0x0D, 8, 0, bytes.fromhex("0000800100000000")),
        Element(0x0F, 3, 0, b"123"),
        Element(0x03, 2, 0, 0x1234),
    )
    found = said(sl651_messages.Values(0x41, 1, NOW, WELL, elements))
    meanings = {field.name: field.meaning for field in found.fields}
    assert meanings["centre 1 channel"] == "channel ipv4 218.94.153.172:9708"
    assert meanings["centre 1 spare channel"] == "channel sms 13012345678"
    assert meanings["centre 2 channel"] == "channel off"
    assert meanings["centre 2 spare channel"] == "a channel begins with its kind, 0 to 6"
    assert meanings["work mode"] == "2 self report with confirm"
    assert meanings["measured"] == "groundwater depth meter 1"
    assert meanings["device number"] == "123" and meanings["password"] == "1234"
    run = (element_for("recharge_1_l", 100500, True, Dialect()), Element(0x96, 6, 3, None))
    facts = said(sl651_messages.Write(0x42, 0, NOW, run)).facts
    assert facts["elements"][0]["value"] == 100.5 and facts["elements"][0]["recharge_1_l"] == 100500
    assert facts["elements"][1]["value"] is None and facts["elements"][1]["quota_l"] is None


def test_a_series_has_a_value_for_each_row():
    words = (Element(0x39, 4, 3, None),)
    series = sl651_messages.Series(
        0x31, 1, NOW, WELL, 0x47, HOUR, Step(0, 1, 0), words, ((1000,), (None,), (3000,))
    )
    for line in (LINE, LINE_ASCII):
        finding = said(series, line)
        assert finding.facts["elements"][-1]["values"] == [1.0, None, 3.0]
        assert [field.meaning for field in finding.fields if field.name == "row"] == [
            "1.000",
            "no value",
            "3.000",
        ]
    hours = sl651_messages.Series(
        0x38,
        1,
        NOW,
        WELL,
        0x47,
        HOUR,
        Step(0, 0, 0),
        (Element(0xF4, 12, 0, None),),
        (((1,) * 12,), ((None,) * 12,)),
    )
    assert said(hours).facts["elements"][-1]["rain_mm"] == [[0.1] * 12, [None] * 12]
    both = (words[0], Element(0x20, 3, 1, None))
    wide = sl651_messages.Series(
        0x31, 1, NOW, WELL, 0x47, HOUR, Step(0, 1, 0), both, ((1000, 5), (2000, None))
    )
    found = said(wide, LINE, Dialect(series_words=2), columns="2")
    assert [one["values"] for one in found.facts["elements"][-2:]] == [[1.0, 2.0], [0.5, None]]


def test_packets_are_shown_one_by_one_and_the_first_with_its_beginning():
    jpeg = Group(WELL, 0x47, HOUR, (Element(0xF3, 300, 0, bytes(300)),))
    whole = encode_message(sl651_messages.Report(0x36, 5, NOW, (jpeg,)), LINE)
    first, second = [one(sl651.encode(frame)) for frame in divided(whole, 200)]
    assert first.facts["serial"] == 5 and first.facts["elements"][-1]["jpeg_bytes_in_this_packet"] == 200 - 25
    assert second.facts["packet"] == {"total": 2, "seq": 2} and "serial" not in second.facts
    assert field(second, "body").meaning == "continues the packet before"
    # A packet that ends within an element is shown as bytes.
    report = sl651_messages.Report(0x32, 5, NOW, (Group(WELL, 0x47, HOUR, (Element(0x39, 4, 3, 1),) * 30),))
    cut = one(sl651.encode(divided(encode_message(report, LINE), 50)[0]))
    assert cut.is_good and cut.facts["body_rest"] and "elements" not in cut.facts


def test_what_the_bytes_do_not_say_can_be_told():
    ours = Dialect(elements=KAREZ_ELEMENTS)
    total = element_for("total_l", 1234567, False, ours)
    report = sl651_messages.Report(0x32, 5, NOW, (Group(WELL, 0x49, HOUR, (total,)),))
    plain, told = said(report, LINE, ours), said(report, LINE, ours, elements="karez")
    assert field(plain, "element FF01").meaning == "1234.567"
    assert field(told, "total").unit == "m³" and told.facts["elements"][-1]["total_l"] == 1234567
    users = Dialect(user_reports=b"\xe0")
    own = sl651_messages.Report(0xE0, 5, NOW, report.groups)
    assert "elements" not in said(own, LINE, users).facts and said(own, LINE, users).facts["data"]
    assert said(own, LINE, users, reports="E0").facts["elements"][-1]["id"] == "FF01"
    wide = Dialect(wide_packets=True)
    packet = sl651.encode(Frame(True, 1, WELL, 0, 0x36, bytes(9000), ETX, (2, 2), False), wide)
    assert one(packet, packets="16").facts["len"] == 9003
    assert not decode(packet, Options())[0].is_good


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("packets", "13"),
        ("columns", "0"),
        ("columns", "10"),
        ("columns", "²"),
        ("reports", "E"),
        ("elements", "x"),
    ],
)
def test_a_wrong_setting_is_refused_with_what_it_takes(name, value):
    assert name in SETTINGS
    with pytest.raises(WrongOption, match=name):
        decode(ASCII, Options(settings=((name, value),)))


def test_a_good_frame_with_a_bad_body_says_so_and_still_shows_its_header():
    good = sl651.decode(ASCII)
    for frame, detail in (
        (good._replace(body=good.body[:24]), "a station address has 5 bytes"),
        (good._replace(body=b"1234241309160128"), "2024-13-09 16:01:28 is no time"),
        (
            Frame(False, 1, WELL, 0, 0x4C, bytes.fromhex("0000240712101530"), ENQ, None, False),
            "asks or commands",
        ),
        (
            Frame(
                True, 1, WELL, 0, 0x4F, bytes.fromhex("0000240712101530F1F1410105000107"), ETX, None, False
            ),
            "FF or 00",
        ),
    ):
        finding = one(sl651.encode(frame))
        assert (finding.facts["kind"], finding.facts["reason"]) == ("invalid", "body"), detail
        assert detail in finding.facts["detail"] and finding.facts["detail"].endswith("; the CRC is right")
        assert finding.facts["func"] == f"{frame.function:02X}" and field(finding, "CRC").meaning == "right"


def test_damage_has_its_reason_and_the_next_frame_is_read():
    raw = bytes.fromhex(GOOD[1]["hex"])
    for bad, reason in (
        (raw[:10] + b"\x00" + raw[11:], "crc"),
        (raw[:-3] + b"\x00" + raw[-2:], "form"),
        (raw[:20], "length"),
        (b"\x00\x11", "noise"),
    ):
        first, *_, last = decode(bad + ASCII, Options())
        assert (first.facts["kind"], first.facts["reason"]) == ("invalid", reason) and first.facts["detail"]
        assert last.facts["encoding"] == "ascii"


def test_a_page_shows_value_and_unit():
    raw = bytes.fromhex(next(vector["hex"] for vector in GOOD if vector["name"] == "up_32_timed_report"))
    finding = one(raw)
    lines = [Page("en").headline(1, finding), *Page("en").body(finding, raw)]
    assert lines[0] == "1.  32 timed report, up  offset 0, 60 bytes  good"
    assert any(line.split()[-3:] == ["level", "10.490", "m"] for line in lines)


def test_any_cut_of_any_published_frame_is_json():
    for vector in GOOD[:12]:
        raw = bytes.fromhex(vector["hex"])
        for at in range(len(raw)):
            json.dumps([finding.facts for finding in decode(raw[:at] + raw[at + 1 :], Options())])


def test_the_command_line_knows_it():
    result = CliRunner(env={"LANG": "C", "LC_ALL": ""}).invoke(app, ["sl651", GOOD[0]["hex"], "--json"])
    (found,) = json.loads(result.stdout)
    assert result.exit_code == 0 and (found["kind"], found["serial"]) == ("report", 2)


def test_the_page_about_it_shows_what_it_really_prints():
    text = (Path(__file__).parents[2] / "docs" / "decode.md").read_text(encoding="utf-8")
    (shown,) = re.findall(
        r"^```text\n\$ karez decode sl651 --file station.log\n((?s:.*?))^```", text, re.MULTILINE
    )
    finding = one(INTAKE_REPORT)
    page = Page("en")
    lines = [page.headline(1, finding), *page.body(finding, INTAKE_REPORT)]
    assert shown.splitlines() == [*lines, "", page.summary(1, 0, len(INTAKE_REPORT))]
