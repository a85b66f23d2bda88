"""The console as a person and a program meet it: editing, answers, readers' verbs, what it costs."""

import binascii
import hashlib
import json
import sys

from karez_firmware.store import objects
from karez_protocols import bundle, causes, console
from terminal import Terminal, Tool
from wellhouse import NAME, POWER_W, House, a_config, a_grant, ready


def typed(data, house=None, seconds=2):
    """What a terminal shows after somebody typed."""
    return Tool(house or ready(), is_json=False).type(data, seconds)


def test_a_person_sees_what_he_types_and_a_prompt_behind_the_answer():
    shown = typed(b"\rlogout\r")
    assert shown == (
        "\r\nkarez> logout\r\nrole               reader\r\nnumber             --\r\nok\r\nkarez> "
    )


def test_a_line_ends_with_cr_lf_or_both():
    for end in (b"\r", b"\n", b"\r\n"):
        assert typed(end + b"logout" + end + b"logout" + end).count("ok\r\n") == 2, end


def test_backspace_takes_a_whole_character_ctrl_u_the_line_and_arrows_nothing():
    for keys in (
        b"lox\x7fgout\r", b"lo\xe4\xba\x95\x08gout\r", b"nonsense\x15logout\r", b"nonsense\x03logout\r",
        b"lo\x1b[Agout\r", b"lo\x1b[1;5Cgout\r", b"\x7f\x7flogout\r",
    ):  # fmt: skip
        shown = typed(b"\r" + keys)
        assert shown.endswith("ok\r\nkarez> ") and "error" not in shown, (keys, shown)


def test_every_split_of_what_is_typed_comes_to_the_same():
    data = b"\r\nlox\x7fgout\r\n"
    whole = typed(data)
    for cut in range(1, len(data)):
        tool = Tool(ready(), is_json=False)
        assert tool.type(data[:cut], 1) + tool.type(data[cut:], 1) == whole, cut


def test_what_is_no_verb_and_what_is_no_line_is_told():
    shown = typed(b"\rstatsu\r@7 status\rstatus *0000\r" + b"x" * 700 + b"\r", seconds=4)
    for words in (
        "error unknown: statsu is no verb",
        "error garbled: a line with a tag",
        "error malformed: more than",
    ):
        assert words in shown, (words, shown)
    assert shown.count("error garbled") == 2 and shown.endswith("karez> ")


def test_a_tool_hears_its_tag_first_and_a_check_that_fits():
    tool = Tool(ready())
    tool.terminal.typed += console.request(["identify"], 77)
    tool.house.run(2)
    line = tool.terminal.shown
    assert line[:9] == b'{"tag":77' and line[-2:] == b"\r\n"
    assert json.loads(console.unsealed(line))["controller"] == NAME


def test_a_garbled_line_does_nothing_and_is_told_without_a_tag():
    tool = Tool(ready())
    line = console.request(["text"], 5)
    for at in range(len(line) - 2):
        tool.terminal.typed += line[:at] + bytes((line[at] ^ 1,)) + line[at + 1 :]
        tool.house.run(1)
        found, tool.terminal.shown = tool.terminal.shown, b""
        answer = json.loads(console.unsealed(found))
        assert answer["error"] in ("garbled", "malformed") and "tag" not in answer, (at, answer)
    assert tool.house.app.session.is_json


def test_status_names_every_reason_that_would_refuse_a_start():
    house = House()
    tool = Tool(house)
    assert causes.BOOKS_UNKNOWN in tool.ask("status")[0]["refused_causes"]
    house.run(4)
    assert tool.ask("status")[0]["refused_causes"] == [causes.GRANT_MISSING]
    house.app.parts.protection.lockout.begin(causes.DRY_RUN, house.port.now_ms())
    found, _ = tool.ask("status", "99")
    assert sorted(found["refused_causes"]) == [
        causes.GRANT_MISSING, causes.IDENTITY_UNKNOWN, causes.LOCKED_OUT,
    ]  # fmt: skip
    house.offer(a_grant(1000))
    house.app.parts.protection.lockout.reset()
    assert tool.ask("status", "7")[0]["refused_by"] == []


def test_what_status_says_is_what_a_start_is_told():
    house = House()
    tool = Tool(house)
    house.run(4)
    for _ in range(2):
        told = tool.ask("status", "7")[0]["refused_causes"]
        house.press()
        house.run(3)
        assert house.app.controller.refused == (told[0] if told else 0)
        house.offer(a_grant(1000))


def test_live_shows_each_meter_and_what_is_silent():
    house = ready()
    tool = Tool(house)
    house.press()
    house.run(5)
    found, meters = tool.ask("live")
    assert found["pump"] == "running" and [one["quantity"] for one in meters] == ["water", "energy"]
    assert meters[1]["values"]["power_w"] == POWER_W and all(one["state"] == "ok" for one in meters)
    house.well.silent = (2,)
    house.run(5)
    meters = tool.ask("live")[1]
    assert [one["state"] for one in meters] == ["ok", "silent"] and meters[1]["values"] == {}
    counts = tool.ask("bus")[1]
    assert counts[1]["readings"]["silent"] + counts[1]["disturbed"]["silent"] > 0
    assert counts[0]["failed_in_row"] == 0 < counts[1]["failed_in_row"]


def test_raw_shows_the_bytes_of_the_next_reading_and_takes_its_tap_away():
    house = ready()
    tool = Tool(house)
    found, before = tool.ask("raw", "water")
    frames = [one for one in before if len(one) > 1]
    asked = [binascii.unhexlify(one["request"]) for one in frames if "request" in one]
    heard = [binascii.unhexlify(one["answer"]) for one in frames if "answer" in one]
    assert found["state"] == "ok" and len(asked) == len(heard) >= 2
    assert all(one[0] == 1 for one in asked + heard)  # its address, nobody else's
    assert house.app.buses[0].master.tap is None
    # An answer that comes in bits is one answer all the same.
    line = house.app.buses[0].master
    tool.terminal.typed += console.request(["raw", "water"], 99)
    tool._tag = 99
    while line.tap is None:
        house.turn()
    receive = line.receive
    line.receive = lambda data, now_us: [receive(data[at : at + 1], now_us) for at in range(len(data))]
    again = [one for one in tool.answers(99)[1] if len(one) > 1]
    del line.receive
    assert [len(one.get("answer", "")) for one in again] == [len(one.get("answer", "")) for one in frames]
    house.well.silent = (1,)
    found, before = tool.ask("raw", "water")
    assert found["state"] == "silent" and not any("answer" in one for one in before)
    for words in (["raw"], ["raw", "wine"], ["raw", "level"]):
        assert tool.ask(*words)[0]["error"] == "usage"


def test_ctrl_c_ends_a_long_answer():
    tool = Tool(ready())
    tool.terminal.typed += console.request(["raw", "water"], 9)
    tool.house.run(0.01)
    tool.terminal.typed += b"\x03"
    found, _ = tool.answers(9)
    assert found["error"] == "cancelled" and tool.house.app.buses[0].master.tap is None
    assert tool.ask("status")[0]["ok"]


def test_records_are_the_slots_as_they_stand():
    house = ready()
    tool = Tool(house)
    newest = house.app.journal.head["seq"]
    found, before = tool.ask("records", "2", "3")
    assert [binascii.unhexlify(one["slot"]) for one in before] == house.slots(2)[:3]
    assert found == {"ok": True, "next": 5, "oldest": 1, "newest": newest}
    assert tool.ask("records", str(newest + 1), "5")[1] == []
    for words in ("records", "records x", "records -1", "records 1 1000000"):
        assert tool.ask(*words.split())[0]["error"] == "usage", words


def test_events_come_newest_first_and_are_told_in_words():
    house = ready()
    tool = Tool(house)
    house.press()
    house.run(5)
    house.press("stop")
    house.run(5)
    found = tool.ask("events", "2")[1]
    assert [one["kind"] for one in found] == ["stop", "start"] and found[0]["text"] == "button"
    house.app.records.event(causes.DOOR_OPENED)
    house.run(1)
    assert tool.ask("events", "1")[1][0]["text"] == "door opened"
    assert tool.ask("events", "0")[1] == []


def test_the_configuration_comes_back_byte_for_byte():
    house = ready()
    found, before = Tool(house).ask("config")
    data = b"".join(binascii.unhexlify(one["data"]) for one in before)
    assert data == a_config() and found["size"] == len(data)
    assert found["sha256"] == binascii.hexlify(hashlib.sha256(data).digest()).decode()
    shown = typed(b"\rconfig\r", house)
    assert a_config().decode() in shown.replace("\r\n", "")


def test_the_bundle_comes_whole():
    house = ready()
    found, before = Tool(house).ask("bundle")
    data = b"".join(binascii.unhexlify(one["data"]) for one in before if "data" in one)
    assert found["size"] == len(data) and data[:4] == bundle.MAGIC
    assert found["sha256"] == binascii.hexlify(hashlib.sha256(data).digest()).decode()
    assert data[-32:] == hashlib.sha256(data[:-32]).digest()
    assert Tool(house).ask("bundle", "100000")[0]["error"] == "nothing"


def test_a_terminal_that_does_not_read_costs_nothing_and_its_answer_is_given_up():
    house = ready()
    tool = Tool(house)
    tool.terminal.room = 100
    tool.terminal.typed += console.request(["records", "1", "500"], 3)
    house.press()
    house.run(30)
    assert house.app.controller.pump.state and house.app.supervisor.health()["late_ms"] == 0
    assert len(tool.terminal.shown) == 100 and not house.app.session._out
    tool.terminal.room, tool.terminal.shown = None, b""
    assert tool.ask("status")[0]["ok"]


def test_a_flood_of_nonsense_is_bounded_and_the_box_goes_on():
    house = ready()
    tool = Tool(house)
    tool.terminal.typed = bytes(range(256)) * 40
    house.run(20)
    assert len(house.app.session._ahead) <= 1_200
    assert house.app.supervisor.health()["failures"] == 0
    tool.terminal.typed, tool.terminal.shown = b"\r\n", b""
    house.run(1)
    tool.terminal.shown = b""
    assert tool.ask("status")[0]["ok"]


def test_noise_without_a_line_loads_nothing_and_the_console_goes_after_ten_idle_minutes():
    house = ready()
    house.app.terminal = terminal = Terminal()
    terminal.typed = b"\x00\xff" * 900
    house.run(5)
    assert house.app.session is None and len(house.app._heard) <= 600
    terminal.typed = b"\rlogout\r"
    house.run(2)
    assert b"error malformed" in terminal.shown and terminal.shown.endswith(b"ok\r\nkarez> ")
    tool = Tool(house)
    assert "karez_firmware.console.session" in sys.modules
    house.run(550)
    tool.ask("status")
    house.run(550)
    assert house.app.session is not None
    house.run(60)
    assert house.app.session is None
    assert not [name for name in sys.modules if name.startswith("karez_firmware.console")]


def test_a_verb_that_breaks_ends_its_request_and_nothing_else():
    house = ready()
    tool = Tool(house)
    journal, house.app.journal = house.app.journal, None
    tool.terminal.typed += console.request(["events"], 4)
    tool._tag = 4
    session = house.app.session
    while session._rows is not None or not tool.terminal.shown:
        session.run_slice()
    house.app.journal = journal
    found, _ = tool.answers(4)
    assert found["error"] == "failed" and house.app.supervisor.health()["failures"] == 0


def test_health_says_in_words_how_the_link_stands_and_why_it_fell():
    house = ready()
    tool, client = Tool(house), house.app.uplink.client
    for loss, words in (
        (None, None),
        ((1, "OSError", 111), "connecting: nobody listens there"),
        ((1, "OSError", "name b.example: none such"), "connecting: name b.example: none such"),
        ((2, "OSError", "certificate: 100% wrong"), "tls: certificate: 100% wrong"),
        ((2, "OSError", -30592), "tls: the broker refuses our certificate or our TLS"),
        ((2, "OSError", -12345), "tls: error -12345"),
        ((2, "overdue", 0), "tls: no answer in time"),
        ((3, "refused", 5), "connack: refused by the broker, code 5"),
        ((5, "closed", 0), "up: closed by the other side"),
        ((5, "Malformed", 96), "up: what came is no MQTT"),
    ):
        client.last_loss = loss
        found = tool.ask("health")[0]
        assert found["last_loss"] == words and found["phase"] in ("connecting", "waiting")


def test_the_grant_the_accounts_and_the_health_are_told():
    house = ready()
    tool = Tool(house)
    found, before = tool.ask("grant")
    assert found["seq"] == 1 and found["in_force"] and before[0]["ceiling"] == 1000
    assert tool.ask("accounts")[1] == [{"more": True, "account": 7, "used_l": 0, "left_l": None}]
    assert tool.ask("health")[0]["failures"] == 0
    assert tool.ask("orders")[0]["orders"] == 0
    assert objects.read(house.nor, objects.GRANT, house.app.journal.head["grant_place"])
