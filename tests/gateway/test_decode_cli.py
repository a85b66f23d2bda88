"""karez decode as a person calls it: inputs of every sort, output for people and programs, exit codes."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from karez_gateway.decoder import capture, hexdump, meter_profiles
from karez_gateway.decoder.cli import app, decoders
from karez_gateway.decoder.finding import Field, Finding
from karez_gateway.decoder.text import Page
from karez_protocols import link_gateway

from .test_decode_own import ACK, DOWN, GENESIS, GRANT, KEY, SLOTS, UP

BAD_SLOT = b"\x09" + SLOTS[1][1:]


def run(*arguments, stdin=None, **environment):
    """(exit code, standard output, standard error)."""
    given_env = {"LANG": "C", "LC_ALL": ""} | environment
    result = CliRunner(env=given_env).invoke(app, [str(one) for one in arguments], input=stdin)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.stdout, result.stderr


def test_a_good_frame_leaves_with_0_and_shows_each_field():
    code, text, _ = run("frame", ACK.hex(" "))
    lines = text.splitlines()
    assert code == 0 and lines[0] == "1.  ack  offset 0, 16 bytes  good"
    assert lines[1].split() == ["offset", "bytes", "field", "meaning", "unit"]
    assert lines[7].split() == ["12", "03", "00", "00", "00", "seq", "3"]
    assert lines[-1] == "1 good, 0 bad in 16 bytes."


def test_hex_may_be_given_as_many_words():
    assert run("frame", *ACK.hex(" ").split())[0] == 0


def test_a_bad_frame_leaves_with_1_and_says_why_and_the_next_is_shown():
    code, text, _ = run("record", (BAD_SLOT + SLOTS[0]).hex())
    assert code == 1 and "BAD: version" in text and "here stands 9" in text
    assert "2.  record: boot  offset 128" in text and text.endswith("1 good, 1 bad in 256 bytes.\n")


def test_nothing_but_erased_memory_is_no_frame():
    code, text, _ = run("record", "ff" * 256)
    assert code == 1 and "never written" in text and text.endswith("No frame found in 256 bytes.\n")


def test_json_is_a_list_of_facts_with_kind_first_and_place_last():
    code, text, _ = run("record", (SLOTS[0] + BAD_SLOT).hex(), "--json")
    found = json.loads(text)
    assert code == 1 and [one["kind"] for one in found] == ["record", "invalid"]
    for one in found:
        assert next(iter(one)) == "kind" and list(one)[-2:] == ["offset", "length"]
    assert found[1]["reason"] == "version" and (found[1]["offset"], found[1]["length"]) == (128, 128)
    # Key order also where the decoder has it otherwise.
    ack = json.loads(run("frame", ACK.hex(), "--json")[1])[0]
    assert next(iter(ack)) == "kind"


def test_files_binary_hex_and_logs_and_standard_input(tmp_path):
    path = tmp_path / "capture"
    expected = run("frame", UP.hex(), "--json")[1]
    log = "".join(f"[10:00:0{at}.123] RX: {UP[at * 67 : at * 67 + 67].hex(' ')}\r\n" for at in range(4))
    dump = "".join(
        f"{at:08x}  {UP[at : at + 16].hex(' ')}  |................|\n" for at in range(0, len(UP), 16)
    )
    for raw in (UP, UP.hex(":").encode(), log.encode(), dump.encode(), log.encode("utf-16")):
        path.write_bytes(raw)
        assert run("frame", "--file", path, "--json") == (0, expected, "")
        assert run("frame", "-", "--json", stdin=raw) == (0, expected, "")
    path.write_bytes(UP)
    assert run("frame", "--file", path, "--format", "binary", "--json")[1] == expected


def test_chinese_on_request_or_by_the_environment():
    for code, text, _ in (
        run("frame", ACK.hex(), "--lang", "zh"),
        run("frame", ACK.hex(), LANG="zh_CN.UTF-8"),
    ):
        assert code == 0 and "偏移 0，16 字节  正确" in text and text.endswith("16 字节：正确 1，错误 0。\n")
    assert "错误：版本不符" in run("record", BAD_SLOT.hex(), "--lang", "zh")[1]


def test_without_a_protocol_it_lists_them_and_help_shows_examples():
    code, text, _ = run()
    assert code == 0
    assert {"cjt188", "dlt645", "frame", "grant", "modbus", "record"} <= {
        line.split()[0] for line in text.splitlines()
    }
    assert "支持的规约" in run("--lang", "zh")[1]
    code, text, _ = run("--help")
    assert code == 0 and "karez decode modbus 01 03 00 00 00 0A C5 CD" in text and "hexdump -C" in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["profibus", "01"], "not a protocol it knows: cjt188"),
        (["frame"], "nothing to decode"),
        (["frame", ""], "no hex digits"),
        (["frame", "01", "0g"], "'g' at character 5 is no hex digit"),
        (["frame", "01 02\n03 0x"], "'x' at line 2, character 5"),
        (["frame", "01 030"], "030 at character 4 has an odd number of hex digits (3)"),
        (
            ["frame", "--file", "/nonexistent/capture.bin"],
            "cannot read /nonexistent/capture.bin: No such file",
        ),
        (["frame", "--file", "."], "cannot read ."),
        (["frame", "01", "--file", "x"], "not both"),
        (["frame", "01", "--format", "base64"], "--format is one of auto, hex, decimal, log, dump, binary"),
        (["frame", "01", "--format", "binary"], "not digits"),
        (["frame", "idle", "--format", "log"], "no line of the log holds bytes"),
        (["frame", "01 02", "--format", "dump"], "do not add up"),
        (["frame", "01", "--lang", "uz"], "--lang is one of en, zh"),
        (["frame", "01", "--set", "before"], "is not NAME=VALUE. frame takes: topic:"),
        (["frame", "01", "--set", "colour=red"], "frame has no setting colour"),
        (["frame", "01", "--set", "key=12"], "32 bytes in hex, these are 1"),
        (["frame", "01", "--set", "topic=up", "--set", "topic=up"], "given twice"),
        (["frame", "01", "--profile", "tuf2000m"], "no meter profile for frame"),
        (["modbus", "01", "--profile", "tuf3000"], "no profile tuf3000; known: "),
    ],
)
def test_what_cannot_be_used_leaves_with_2_and_says_what_to_do(arguments, message):
    code, text, error = run(*arguments)
    assert (code, text) == (2, "") and error.startswith("karez decode: ") and message in error
    assert error.count("\n") == 1


def test_an_empty_file_and_one_that_is_too_large_are_refused(tmp_path):
    path = tmp_path / "capture.bin"
    path.write_bytes(b"")
    assert run("frame", "--file", path)[2] == (
        "karez decode: the input is empty: nothing was captured, or another file is meant\n"
    )
    path.write_bytes(bytes(capture.SIZE_MAX + 1))
    assert f"at most {capture.SIZE_MAX}" in run("frame", "--file", path)[2]
    with path.open("wb") as file:
        file.truncate(capture.TEXT_SIZE_MAX + 1)
    code, _, error = run("frame", "--file", path)
    assert code == 2 and "cut the capture into pieces" in error


def test_settings_reach_the_decoder():
    assert (
        json.loads(run("grant", GRANT.hex(), "--set", f"key={KEY[1]}", "--json")[1])[0]["signature"] == "good"
    )
    found = json.loads(run("record", SLOTS[0].hex(), "--set", f"before={GENESIS.hex()}", "--json")[1])
    assert found[0]["chain_check"] == "follows"


def test_lines_of_a_log_without_bytes_are_counted():
    code, _, error = run("frame", f"10:00:00 RX {ACK.hex(' ')}\nport closed\n\n-- end --\n")
    assert (code, error) == (0, "2 line(s) of the log held no bytes.\n")


EIGHT = bytes.fromhex("01030000000AC5CD")


@pytest.mark.parametrize(
    "text",
    [
        "01030000000AC5CD",
        "01 03 00 00 00 0a c5 cd",
        "01:03:00:00:00:0A:C5:CD",
        "01-03-00-00-00-0A-C5-CD",
        "{0x01, 0x03, 0x0, 0x00, 0x00, 0x0A, 0xC5, 0xCD};",
        r'"\x01\x03\x00\x00\x00\x0A\xC5\xCD"',
        "01，03，00，00，00，0A，C5，CD",
        "0103 0000\n000A\tC5CD\r\n",
        "12:34:56 01 03 00 00 00 0A C5 CD",
        "12:34:56.789 -> 01 03 00 00 00 0A C5 CD",
        "2024-05-01 12:34:56,789 TX 01 03 00 00 00 0A C5 CD",
        "2024-05-01T12:34:56.789Z TX: 01 03 00 00 00 0A C5 CD",
        "[2024-05-01 12:34:56.789] COM3 Send (8): 01 03 00 00 00 0A C5 CD",
        "[10:00:00.000]发→◇01 03 00 00 00 0A C5 CD □",
        "[10:00:00.050]收←◆01 03 00 00 00 0A C5 CD ",
        "TX:01030000000AC5CD",
        "<< 01 03 00 00 00 0A C5 CD",
        "0.001234 01 03 00 00 00 0A C5 CD",
        "RX - 0x01 0x03 0x00 0x00\nRX - 0x00 0x0A 0xC5 0xCD",
        "/dev/ttyUSB0: read 01 03 00 00 00 0A C5 CD crc ok",
        "00000000  01 03 00 00 00 0a c5 cd                           |........|\n00000008",
        "00000000: 0103 0000 000a c5cd                      ........",
        "0000   01 03 00 00 00 0a c5 cd                           ........",
        "0000000 01 03 00 00\n0000004 00 0a c5 cd\n0000010".replace("10", "08"),
    ],
)
def test_bytes_are_found_in_what_people_paste_and_programs_write(text):
    assert capture.from_text(text) == (EIGHT, 0)
    assert capture.from_bytes(text.encode()) == (EIGHT, 0)


def test_the_text_column_of_a_dump_is_never_data():
    ab = b"ab cd ab"
    dump = f"00000000  {ab.hex(' ')}  |{ab.decode()}|\n00000008  61 62  |ab|\n0000000a\n"
    assert capture.from_text(dump) == (ab + b"ab", 0)
    assert capture.from_text("00000000: 6162 6364  abcd\n00000004: 6162       ab\n") == (b"abcdab", 0)
    squeezed = "00000000  ff ff ff ff\n*\n00000010  01 02\n00000012"
    assert capture.from_text(squeezed) == (b"\xff" * 16 + b"\x01\x02", 0)
    assert hexdump.read("00000000  ff ff\n*\nffffffff  01", 100) is None


def test_logs_of_chinese_windows_and_binary_that_looks_like_a_byte_order_mark():
    assert capture.from_bytes("[10:00:00.000]发→◇01 03 □".encode("gb18030")) == (b"\x01\x03", 0)
    assert capture.from_bytes(b"\xff\xfe\xfe\xfe") == (b"\xff\xfe\xfe\xfe", 0)
    assert capture.from_bytes(b"\xfe\xfe\xfe\xfeh\x10\x16") == (b"\xfe\xfe\xfe\xfeh\x10\x16", 0)


@given(data=st.binary(min_size=1, max_size=40))
def test_any_bytes_come_back_from_every_way_to_write_them(data):
    for text in (data.hex(), data.hex(" "), data.hex(":").upper() + "\n", f"12:00:00.1 TX {data.hex(' ')}"):
        assert capture.from_text(text) == (data, 0)
    lines = [f"{at:08x}: {data[at : at + 8].hex(' ')}" for at in range(0, len(data), 8)]
    assert capture.from_text("\n".join(lines), "dump") == (data, 0)
    assert capture.from_bytes(data, "binary") == (data, 0)


@given(
    raw=st.binary(max_size=80) | st.text(max_size=80).map(str.encode), form=st.sampled_from(capture.FORMATS)
)
def test_no_input_raises_anything_but_unusable(raw, form):
    try:
        said = capture.from_bytes(raw, form)[0].hex()
    except capture.Unusable as error:
        said = str(error)
    assert said and "\n" not in said


def test_every_width_shows_every_field_and_no_line_is_wider():
    finding = Finding(0, 3, {"kind": "invalid", "reason": "crc", "detail": "Expected 12, found 34. " * 3}, (
        Field(0, b"\x01", "address", "一个很长的说明文字没有空格所以只能从中间断开" * 2, "单位"),
        Field(1, bytes(range(2, 40)), "data", "x" * 90),
    ))  # fmt: skip
    for width in range(20, 140):
        lines = list(Page("zh", width).body(finding, b"\x01\x02\x03"))
        text = "".join(lines).replace(" ", "")
        assert max(sum(2 if ord(one) > 0x2E80 else 1 for one in line) for line in lines) <= max(
            width, 76 if width >= 76 else width
        )
        assert "地址" in text and "单位" in text and text.count("x") >= 90 and "27" in text


def test_control_characters_of_a_frame_do_not_reach_the_terminal():
    finding = Finding(0, 1, {"kind": "x"}, (Field(0, b"\x1b", "site", "\x1b[2J\u202e"),), "\x07")
    page = Page("en")
    assert all(
        one.isprintable()
        for line in [page.headline(1, finding), *page.body(finding, b"\x1b")]
        for one in line
    )


def test_profiles_are_listed_by_protocol():
    assert {"sdm630", "tuf2000m"} <= set(meter_profiles.names("modbus"))
    assert "profile" not in meter_profiles.documents() and meter_profiles.names("record") == []


def test_a_decoder_is_found_by_its_entry_point():
    assert decoders()["frame"].value == "karez_gateway.decoder.frame:decode"


@pytest.mark.skipif(
    not shutil.which("karez", path=str(Path(sys.executable).parent)),
    reason="the command is not installed: pip install -e .",
)
def test_the_command_itself_decodes_a_pipe():
    karez = shutil.which("karez", path=str(Path(sys.executable).parent))
    done = subprocess.run(
        [karez, "decode", "frame", "-", "--json"],
        input=link_gateway.encode_ack(9, 1, 4) + DOWN,
        capture_output=True, timeout=60, check=False, env={**os.environ, "PYTHONIOENCODING": "latin-1"},
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, b"")
    assert [one["kind"] for one in json.loads(done.stdout)] == ["ack", "grant"]


def test_the_page_about_it_shows_what_it_really_prints():
    page = (Path(__file__).parents[2] / "docs/decode.md").read_text(encoding="utf-8")
    shown = re.findall(r"^```\n\$ karez decode (.*)\n((?s:.*?))^```", page, re.MULTILINE)
    assert len(shown) == 3
    for words, output in shown:
        assert run(*words.split())[1] == output, words
