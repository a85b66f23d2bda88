"""Technicians at the console: who they are, what they change, and that each act is on record before it."""

import binascii
import hashlib

from karez_firmware.store import objects
from karez_protocols import causes, ed25519, ed25519_keys, event_details, record, technicians
from karez_protocols.slices import finish
from terminal import Tool
from wellhouse import REGULATOR, UTC, ready, sealed

MASTER = finish(ed25519_keys.secret_slices(b"t" * 32))
STRANGER = finish(ed25519_keys.secret_slices(b"s" * 32))
NUMBER = 7


def a_list(seq=1, secret=REGULATOR, until_utc_s=None, number=NUMBER):
    """A signed list with one technician."""
    row = {"number": number, "until_utc_s": until_utc_s, "roles": technicians.TECHNICIAN, "key": MASTER[64:]}
    body = technicians.encode({"seq": seq, "issued_utc_s": UTC - 50}, [row])
    return sealed(technicians.LABEL, body, secret)


def bring(tool, verb, data, *ends):
    """Hand a document over in pieces; return the last answer."""
    tool.house.run(61)  # a reader begins one a minute
    found, _ = tool.ask(verb, "put", str(len(data)), hexed(hashlib.sha256(data).digest()))
    assert found.get("ok"), found
    for at in range(0, len(data), 100):
        found, _ = tool.ask(verb, "piece", str(at), hexed(data[at : at + 100]))
        assert found.get("ok"), found
    return tool.ask(*((verb,) + (ends or ("apply",))))[0]


def hexed(data):
    return binascii.hexlify(data).decode()


def proof(found, secret=MASTER):
    message = technicians.challenge_message(
        found["controller"], found["number"], binascii.unhexlify(found["challenge"])
    )
    return hexed(finish(ed25519.sign_slices(secret, message)))


def login(tool, number=NUMBER, secret=MASTER):
    found, _ = tool.ask("login", str(number))
    return tool.ask("prove", proof(found, secret))[0]


def a_tool(**changed):
    """A house that knows one technician, and a tool at its console."""
    house = ready()
    objects.write(house.nor, objects.TECHNICIANS, 0, a_list(**changed))
    return Tool(house)


def events(house, *wanted):
    return [
        (one["cause"], event_details.decode(one["cause"], one["detail"]))
        for one in house.records()
        if one["kind"] == record.EVENT and one["cause"] in wanted
    ]


def test_a_technician_proves_who_he_is_and_his_login_is_on_record():
    tool = a_tool()
    assert login(tool) == {"ok": True, "role": "technician", "number": NUMBER}
    assert events(tool.house, causes.TECHNICIAN_IN) == [
        (causes.TECHNICIAN_IN, {"number": NUMBER, "words": "prove"})
    ]
    assert tool.ask("help", "help")[0]["role"] == "technician"
    assert tool.ask("logout")[0] == {"ok": True, "role": "reader", "number": None}
    assert tool.ask("reset")[0]["error"] == "role"


def test_a_reader_changes_nothing_and_leaves_no_record():
    tool = a_tool()
    seq = tool.house.app.journal.head["seq"]
    for words in (
        "swap water a 1 b 2",
        "confirm water",
        "convert 1 2",
        "takeover 1 2",
        "reset",
        "steptest 60",
    ):
        assert tool.ask(*words.split())[0]["error"] == "role"
    for words in ("identify", "status", "live", "bus", "health", "events", "grant", "technicians", "config"):
        assert tool.ask(*words.split())[0]["ok"], words
    assert tool.house.app.journal.head["seq"] == seq


def test_a_challenge_is_used_up_by_its_first_answer():
    tool = a_tool()
    found, _ = tool.ask("login", str(NUMBER))
    assert tool.ask("prove", "00" * 64)[0]["error"] == "refused"
    assert tool.ask("prove", proof(found))[0]["error"] == "expired"
    found, _ = tool.ask("login", str(NUMBER))
    assert tool.ask("prove", proof(found))[0]["ok"]
    assert tool.ask("prove", proof(found))[0]["error"] == "expired"


def test_a_challenge_lives_for_two_minutes():
    for seconds, word in ((115, "ok"), (121, "error")):
        tool = a_tool()
        found, _ = tool.ask("login", str(NUMBER))
        tool.house.run(seconds)
        assert word in tool.ask("prove", proof(found))[0], seconds


def test_no_two_challenges_are_alike():
    tool = a_tool()
    found = [tool.ask("login", str(NUMBER))[0]["challenge"] for _ in range(5)]
    assert len(set(found)) == 5 and all(len(one) == 32 for one in found)


def test_a_stranger_an_unknown_number_and_one_whose_time_is_over_are_refused_alike():
    for number, secret, changed in (
        (NUMBER, STRANGER, {}), (8, MASTER, {}), (0, MASTER, {}), (NUMBER, MASTER, {"until_utc_s": UTC}),
    ):  # fmt: skip
        tool = a_tool(**changed)
        if number:
            found = login(tool, number, secret)
        else:
            tool.ask("login", "0")
            found = tool.ask("prove", "00" * 64)[0]
        assert found["error"] == "refused" and tool.house.app.session.number is None, (number, found)


def test_three_wrong_proofs_lock_the_login_for_a_minute_and_a_fourth_for_two():
    tool = a_tool()
    for _ in range(3):
        assert login(tool, secret=STRANGER)["error"] == "refused"
    assert tool.ask("login", str(NUMBER))[0]["error"] == "locked"
    assert len(events(tool.house, causes.LOGIN_LOCKED)) == 1
    tool.house.run(61)
    assert login(tool, secret=STRANGER)["error"] == "refused"
    tool.house.run(61)
    assert tool.ask("login", str(NUMBER))[0]["error"] == "locked"
    tool.house.run(61)
    assert login(tool)["ok"]
    assert login(tool, secret=STRANGER)["error"] == "refused"  # the first in a row again
    assert login(tool)["ok"]


def test_the_lock_outlasts_the_session():
    tool = a_tool()
    for _ in range(3):
        login(tool, secret=STRANGER)
    tool.house.app._drop_console()
    assert Tool(tool.house).ask("login", str(NUMBER))[0]["error"] == "locked"


def test_a_change_is_on_record_with_the_technicians_number_before_its_effect():
    tool = a_tool()
    login(tool)
    assert tool.ask("swap", "water", "OLD", "23879", "NEW", "5")[0] == {"ok": True, "done": "swap"}
    assert tool.ask("reset")[0] == {"ok": True, "done": "reset"}
    causes_seen = [one["cause"] for one in tool.house.records() if one["kind"] == record.EVENT]
    at = [at for at in range(len(causes_seen)) if causes_seen[at] == causes.TECHNICIAN_ACTS]
    assert causes_seen[at[0] + 1 :][:3] == [
        causes.SEGMENT_OPENED, causes.METER_CLOSED, causes.METER_OPENED,
    ]  # fmt: skip
    assert [one[1] for one in events(tool.house, causes.TECHNICIAN_ACTS)] == [
        {"number": NUMBER, "words": "swap water OLD 23879 N"}, {"number": NUMBER, "words": "reset"},
    ]  # fmt: skip
    tool.house.check_chain()


def test_words_that_are_cut_in_a_record_end_with_a_whole_character():
    tool = a_tool()
    login(tool)
    tool.ask("swap", "water", "井井井井井", "1", "b", "2")
    assert events(tool.house, causes.TECHNICIAN_ACTS)[0][1]["words"] == "swap water 井井井"


def test_a_change_that_is_refused_says_why():
    tool = a_tool()
    login(tool)
    assert tool.ask("confirm", "wine")[0]["error"] == "refused"
    tool.house.press()
    tool.house.run(3)
    assert tool.ask("reset")[0] == {"error": "refused", "text": "stop the pump first"}


def test_a_step_test_that_the_controller_gave_up_says_why_once_to_whoever_ends_it():
    tool = a_tool()
    login(tool)
    tool.house.press()
    tool.house.run(8)
    assert tool.ask("steptest", "60")[0] == {"ok": True, "done": "steptest"}
    tool.house.run(10)
    assert tool.ask("live")[0]["testing"] is True
    tool.house.well.silent = (2,)
    tool.house.run(10)
    assert tool.ask("live")[0]["testing"] is False
    why = {"error": "refused", "text": "a meter was not believed"}
    assert tool.ask("steptest", "end")[0] == why
    assert tool.ask("steptest", "end")[0] == {"error": "refused", "text": "no test is under way"}


def test_a_memory_that_takes_nothing_lets_no_act_happen():
    tool = a_tool()
    login(tool)
    number = tool.house.app.books.segment
    tool.house.nor.is_dead = True
    found, _ = tool.ask("swap", "water", "OLD", "23879", "NEW", "5")
    assert found["error"] == "store" and tool.house.app.books.segment == number


def test_the_role_ends_after_ten_idle_minutes_and_the_console_with_it():
    tool = a_tool()
    login(tool)
    tool.house.run(590)
    assert tool.ask("status")[0]["ok"] and tool.house.app.session.number == NUMBER
    tool.house.run(610)
    assert tool.house.app.session is None
    assert Tool(tool.house).ask("reset")[0]["error"] == "role"


def test_a_first_list_comes_from_anybody_if_the_regulator_signed_it():
    house = ready()
    tool = Tool(house)
    assert tool.ask("technicians")[0] == {"ok": True, "seq": None, "issued_utc_s": None}
    data = a_list()
    assert bring(tool, "technicians", a_list(secret=STRANGER))["error"] == "refused"
    assert bring(tool, "technicians", data)["ok"]
    assert events(house, causes.TECHNICIANS_TAKEN) == [
        (causes.TECHNICIANS_TAKEN, {"number": None, "digest": hashlib.sha256(data).digest()[:22]})
    ]
    assert login(tool)["ok"]
    found, before = tool.ask("technicians")
    assert found["seq"] == 1 and before[0]["number"] == NUMBER and "key" not in before[0]


def test_a_newer_list_replaces_the_former_whole_and_an_older_one_does_not():
    tool = a_tool(seq=3)
    login(tool)
    for seq in (3, 2):
        assert bring(tool, "technicians", a_list(seq))["error"] == "refused"
    assert bring(tool, "technicians", a_list(4, number=9))["seq"] == 4
    assert tool.house.app.session.number is None
    assert login(tool)["error"] == "refused"
    assert login(tool, 9)["ok"]
    assert bring(tool, "technicians", a_list(5))["seq"] == 5  # into the other place again
    assert login(tool)["ok"]


def test_pieces_come_in_any_order_and_more_than_once_and_a_missing_one_is_told():
    house = ready()
    tool = Tool(house)
    data = a_list()
    digest = hexed(hashlib.sha256(data).digest())
    assert tool.ask("technicians", "apply")[0]["error"] == "refused"
    tool.ask("technicians", "put", str(len(data)), digest)
    for at in (40, 0, 40):
        assert tool.ask("technicians", "piece", str(at), hexed(data[at : at + 40]))[0]["ok"]
    assert tool.ask("technicians", "apply")[0]["error"] == "incomplete"
    assert tool.ask("technicians", "piece", "0", hexed(b"x" * 40))[0]["error"] == "refused"
    assert tool.ask("technicians", "piece", str(len(data) - 1), "0000")[0]["error"] == "usage"
    assert tool.ask("technicians", "piece", "80", hexed(data[80:]))[0]["ok"]
    assert tool.ask("technicians", "apply")[0]["ok"]


def test_a_list_that_was_on_its_way_at_a_cut_counts_for_nothing():
    tool = a_tool()
    data = a_list(2)
    tool.ask("technicians", "put", str(len(data)), hexed(hashlib.sha256(data).digest()))
    tool.ask("technicians", "piece", "0", hexed(data))
    again = Tool(tool.house.again())
    assert again.ask("technicians")[0]["seq"] == 1


def test_a_reader_wears_the_memory_out_once_a_minute_at_most():
    tool = a_tool()
    words = "technicians", "put", "100", "00" * 32
    assert tool.ask(*words)[0]["ok"]
    assert tool.ask(*words)[0]["error"] == "locked"
    tool.house.run(61)
    assert tool.ask(*words)[0]["ok"]
    login(tool)
    assert tool.ask(*words)[0]["ok"] and tool.ask(*words)[0]["ok"]


def test_a_list_that_is_refused_must_come_anew():
    house = ready()
    tool = Tool(house)
    assert bring(tool, "technicians", a_list(secret=STRANGER))["error"] == "refused"
    found, _ = tool.ask("technicians", "apply")
    assert found == {"error": "refused", "text": "begin with technicians put SIZE SHA256"}
