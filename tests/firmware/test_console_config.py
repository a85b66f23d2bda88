"""A configuration over the cable: checked whole, in force whole, and the old one until the very end."""

import hashlib

from cuts import at_every_cut
from karez_firmware import bring_up, configuration
from karez_firmware.store import objects
from karez_protocols import causes, profile_index
from terminal import Tool
from test_console_acts import NUMBER, bring, events, hexed
from wellhouse import House, a_config, document, ready

WATER, ENERGY = document()["meters"]
PULSES = {"quantity": "water", "pulse_milli": 10_000, "input": 1}
QUIET = {"restart_delay_s": 0, "quiet_days": 30}
NEW = a_config(settings=QUIET)


def a_technician(house=None):
    """A tool whose session knows a technician; how he proves it, test_console_acts.py shows."""
    tool = Tool(house or ready())
    tool.house.app.session.number = NUMBER
    return tool


def digest(data):
    return hexed(hashlib.sha256(data).digest())


def in_force(house):
    return objects.newest(house.nor, objects.CONFIG)[0]


def apply(tool, data=NEW):
    return bring(tool, "config", data, "apply", digest(data))


def leave(house, seconds=5):
    """Run until the controller ends its program; return whether it did."""
    try:
        house.run(seconds)
    except SystemExit:
        return True
    return False


def refusal(tool, data):
    found = bring(tool, "config", data, "check")
    assert found.get("error") == "refused", found
    return found["text"]


def test_a_reader_reads_the_configuration_and_replaces_nothing():
    tool = Tool(ready())
    for words in (("put", "10", "00" * 32), ("piece", "0", "00"), ("check",), ("apply", "00" * 32)):
        assert tool.ask("config", *words)[0]["error"] == "role", words
    found, parts = tool.ask("config")
    assert found["size"] == len(a_config()) and len(parts) > 0


def test_a_checked_document_is_not_in_force_and_leaves_no_record():
    tool = a_technician()
    seq = tool.house.app.journal.head["seq"]
    assert bring(tool, "config", NEW, "check") == {"ok": True, "size": len(NEW), "sha256": digest(NEW)}
    assert in_force(tool.house) == a_config() and tool.house.app.journal.head["seq"] == seq
    assert not leave(tool.house)
    assert in_force(tool.house.again()) == a_config()


def test_an_applied_document_is_on_record_answered_and_in_force_after_the_restart():
    tool = a_technician()
    assert apply(tool)["ok"]
    detail = {"number": NUMBER, "digest": hashlib.sha256(NEW).digest()[:22]}
    assert events(tool.house, causes.CONFIG_REPLACED) == [(causes.CONFIG_REPLACED, detail)]
    assert leave(tool.house) and tool.house.port.said[-1] == "restarting"
    house = tool.house.again()
    assert in_force(house) == NEW and house.app.evidence.config_digest == hashlib.sha256(NEW).digest()[:24]
    assert bring_up.bring_up(house.port).settings["quiet_days"] == 30
    house.check_chain()


def test_each_replacement_goes_beside_the_one_before():
    house, places = ready(), []
    for days in range(20, 25):
        data = a_config(settings={"restart_delay_s": 0, "quiet_days": days})
        tool = a_technician(house)
        assert apply(tool, data)["ok"] and leave(house)
        house = house.again()
        assert in_force(house) == data
        places.append(objects.newest(house.nor, objects.CONFIG)[1])
    assert places == [1, 0, 1, 0, 1]


def test_what_was_not_announced_not_whole_or_another_is_refused():
    tool = a_technician()
    assert tool.ask("config", "check")[0]["error"] == "refused"
    assert tool.ask("config", "putt", "1")[0]["error"] == "usage"
    assert tool.ask("config", "put", "9999", "00" * 32)[0]["error"] == "usage"
    assert bring(tool, "config", NEW, "apply", "00" * 32)["error"] == "refused"
    assert bring(tool, "config", NEW, "apply")["error"] == "usage"
    tool.ask("config", "put", str(len(NEW)), digest(NEW))
    tool.ask("config", "piece", "0", hexed(NEW[:200]))
    assert tool.ask("config", "apply", digest(NEW))[0]["error"] == "incomplete"
    assert in_force(tool.house) == a_config() and not events(tool.house, causes.CONFIG_REPLACED)


def test_a_list_of_technicians_on_its_way_is_no_configuration_and_the_other_way_round():
    tool = a_technician()
    tool.ask("technicians", "put", str(len(NEW)), digest(NEW))
    assert tool.ask("config", "piece", "0", "00")[0]["error"] == "refused"
    tool.ask("config", "put", str(len(NEW)), digest(NEW))
    assert tool.ask("technicians", "piece", "0", "00")[0]["error"] == "refused"


def test_a_document_that_a_start_would_not_take_is_refused_with_its_reason():
    tool = a_technician()
    tool.house.port.inputs = 1
    for data, text in (
        (b"{", "configuration: "),
        (b"[" * 2000, "configuration: "),
        (a_config(settings={"quiet_days": 0}), "quiet_days"),
        (a_config(nonsense=1), "nonsense"),
        (a_config(meters=[ENERGY]), "counts by a meter of water"),
        (a_config(meters=[dict(WATER, profile="no-such")]), "no such profile ships"),
        (a_config(meters=[dict(WATER, profile="sdm630")]), "counts no water"),
        (a_config(meters=[dict(WATER, address="12")]), "address 12 is none of its protocol"),
        (a_config(meters=[dict(WATER, line=1)]), "no meter line 1"),
        (a_config(meters=[WATER, dict(ENERGY, address=1)]), "address 1 is taken"),
        (a_config(meters=[PULSES]), "no pulse input 1"),
    ):
        assert text in refusal(tool, data), text
    assert in_force(tool.house) == a_config() and not events(tool.house, causes.CONFIG_REPLACED)
    assert apply(tool)["ok"]


def test_the_index_says_of_every_meter_what_its_profile_and_codec_say():
    port = ready().port
    text = port.resource(profile_index.RESOURCE)
    addresses = (
        1, 247, 0, 248, "1", "", "123456789012", "AA3456789012", "A23456789012", "AAAAAAAAAAAA",
        "12345678901", "12345678901A", "10:00000805000001", "00000805000001", "AA:AAAAAAAAAAAAAA",
        "10:aaaaaaaaaaaaaa", "10:AA000805000001", "1:000008050000010", "1F:00000805000001",
        "10:0000080500000g", "1:0",
    )  # fmt: skip
    for name in ("tuf2000m", "sdm630", "qdy30a", "keller33x", "dlt645-1997", "dlt645-2007", "cjt188"):
        for quantity in ("water", "energy", "witness", "level"):
            for address in addresses:
                meter = {"quantity": quantity, "profile": name, "address": address}
                row = profile_index.find(text, name)
                try:
                    configuration.profiles(port, [dict(meter)])
                    wanted = True
                except configuration.BadConfiguration:
                    wanted = False
                try:
                    configuration.take_place(port, {}, meter, row[0], row[1])
                    found = profile_index.is_address(row[2], address)
                except configuration.BadConfiguration:
                    found = False
                assert found == wanted, (meter, row)
    assert profile_index.find(text, "tuf2000") is None and profile_index.find(text, "") is None


def test_a_memory_that_takes_no_record_leaves_the_old_document_in_force():
    tool = a_technician()
    bring(tool, "config", NEW, "check")
    tool.house.app.records.write = lambda: False
    tool.house.app.records.pending.append({})
    assert tool.ask("config", "apply", digest(NEW))[0]["error"] == "store"
    assert in_force(tool.house) == a_config() and not leave(tool.house)


def test_a_cut_at_any_write_leaves_the_old_document_or_the_new_and_the_old_before_its_record():
    tool = a_technician()
    house, seen = tool.house, []

    def look(nor, fram):
        left = House(nor, fram, house.well.copy())
        is_recorded = bool(events(left, causes.CONFIG_REPLACED))
        found = bring_up.settled(nor)
        assert found in (a_config(), NEW)
        assert found == a_config() or is_recorded
        assert bring_up.settled(nor) == found  # the next start finds the same
        seen.append((found == NEW, is_recorded))

    writes = at_every_cut(house.nor, house.fram, lambda: apply(tool), look, kept=(0, 60, 100))
    look(house.nor.copy(), house.fram.copy())
    assert writes > 5 and {(False, False), (True, True)} <= set(seen)


def test_a_piece_that_does_not_stand_and_a_start_without_a_second_place_change_nothing():
    house = ready()
    before = house.nor.read(objects.CONFIG * 4096, 4096)
    assert bring_up.settled(house.nor) == a_config()
    assert house.nor.read(objects.CONFIG * 4096, 4096) == before
    nor = house.nor.copy()
    nor.program((objects.CONFIG + 1) * 4096, b"\x00\x00")  # half a header
    assert bring_up.settled(nor) == a_config()
    assert nor.read((objects.CONFIG + 1) * 4096, 12) == b"\xff" * 12
