"""An update by cable: what is refused and why, what a cut or a pulled cable leaves, the trial."""

import hashlib
from binascii import hexlify

from karez_firmware.ports.fake_memory import Mains, PowerCut
from karez_firmware.store import objects
from karez_firmware.store.devices import SECTOR
from karez_firmware.update import intake, marks
from karez_protocols import causes, event_details
from terminal import Tool
from update_carriers import (
    IMAGE,
    MANIFEST,
    armed,
    ask,
    events,
    send_chunks,
    send_manifest,
    sha256,
    technician,
)
from updates import (
    FILES,
    OLD,
    PIECE,
    REGULATOR,
    SLOT_SECTORS,
    VENDOR,
    again,
    content,
    image_of,
    manifest_of,
    ready,
)


def test_an_image_comes_by_cable_is_tried_and_kept():
    house = armed()
    (event,) = events(house, causes.UPDATE_ARMED)
    detail = event_details.decode(event["cause"], event["detail"])
    assert event["subject"] == 6
    assert detail == {"number": 12, "digest": hashlib.sha256(MANIFEST).digest()[:22]}
    assert content(house, len(OLD)) == OLD  # nothing has changed before the start
    after = again(house)
    assert after.port.slot == 1 and content(after, len(IMAGE)) == IMAGE
    after.run(59)
    assert not events(after, causes.UPDATE_KEPT)
    after.run(20)
    (event,) = events(after, causes.UPDATE_KEPT)
    assert event["subject"] == 6 and not after.app.update.is_on
    assert after.app.update.slots.newest().kept == 1
    assert again(after).port.slot == 1
    after.check_chain()


def test_the_next_update_goes_into_the_other_slot():
    house = again(armed())
    house.run(80)
    image = image_of(chunks=3, seed=3)
    tool = Tool(house)
    assert send_manifest(tool, manifest_of(image, number=7))["state"] == "coming"
    assert send_chunks(tool, image)["state"] == "whole"
    assert content(house, len(image), slot=0) == image and content(house, len(IMAGE)) == IMAGE


def test_what_no_box_may_take_is_refused_with_the_reason():
    strange = bytes(32) + VENDOR[32:64] + REGULATOR[64:]
    cases = [
        (manifest_of(IMAGE, number=5), "old: its number is 5, this box runs 5"),
        (manifest_of(IMAGE, number=4), "old: its number is 4, this box runs 5"),
        (manifest_of(IMAGE, number=9, least=7), "it follows number 7 or later, this box runs 5"),
        (manifest_of(IMAGE, board="esp32s3"), "wrong board: it is for esp32s3, this box is fake"),
        (manifest_of(image_of(chunks=SLOT_SECTORS + 1)), "too large: 19480 bytes, a slot holds 16384"),
        (manifest_of(IMAGE, vendor=REGULATOR), "not signed by the vendor"),
        (manifest_of(IMAGE, regulator=VENDOR), "not signed by the regulator"),
        (manifest_of(IMAGE, vendor=strange), "not signed by the vendor"),
        (MANIFEST[:-64], "no manifest: "),
        (MANIFEST[:-128] + bytes(128), "not signed by the vendor"),
        (b"KZ", "no manifest: "),
        (bytes(4000), "no manifest: "),
    ]
    house = ready()
    tool = Tool(house)
    technician(tool)  # a reader begins with one a minute
    for manifest, said in cases:
        found = send_manifest(tool, manifest)
        assert found.get("error") == "refused" and said in found["text"], (said, found)
        assert ask(tool)["state"] == "taking"
        found = ask(tool, "chunk", 0, 0, "00")
        assert ask(tool)["index"] == 0 and house.port.flash.read(SLOT_SECTORS * SECTOR, 1) == b"\xff"
    assert again(house).port.slot == 0


def test_a_box_without_a_vendors_key_or_with_one_key_for_both_takes_nothing():
    for key, said in ((None, "knows no vendor's key"), (REGULATOR[64:], "have one key")):
        house = ready()
        house.port.files = {name: data for name, data in FILES.items() if key or "vendor" not in name}
        if key:
            house.port.files["karez_firmware/vendor.key"] = key
        found = send_manifest(Tool(house))
        assert found["error"] == "refused" and said in found["text"]


def test_a_box_without_slots_says_so():
    house = ready()
    house.app.update = None
    assert "has no slots" in ask(Tool(house))["text"]


def test_a_wrong_chunk_is_found_before_the_next_and_sent_again():
    tool = Tool(ready())
    send_manifest(tool)
    found = {}
    for at in range(0, SECTOR, PIECE):
        found = ask(tool, "chunk", 0, at, "5a" * PIECE)
    assert found["error"] == "refused" and "chunk 0 is not what the manifest names" in found["text"]
    assert ask(tool)["index"] == ask(tool)["offset"] == 0
    assert send_chunks(tool)["state"] == "whole"


def test_pieces_that_come_twice_too_early_or_too_long_change_nothing():
    tool = Tool(ready())
    send_manifest(tool)
    part = hexlify(IMAGE[:PIECE]).decode()
    assert ask(tool, "chunk", 0, 0, part)["offset"] == PIECE
    for words in ((0, 0, part), (1, 0, part), (0, 2 * PIECE, part), (4_000_000_000, 0, part)):
        found = ask(tool, "chunk", *words)
        assert (found["index"], found["offset"]) == (0, PIECE)
    for words in (
        ("chunk", 0, PIECE),
        ("chunk", 0, "x", part),
        ("chunk",),
        ("put", 4081, "00" * 32),
        ("put", 9),
    ):
        assert ask(tool, *words)["error"] in ("usage", "refused", "malformed"), words
    assert "see help update" in ask(tool, "nothing")["text"]
    assert send_chunks(tool)["state"] == "whole"


def test_a_truncated_image_is_not_applied():
    tool = Tool(ready())
    send_manifest(tool)
    ask(tool, "chunk", 0, 0, hexlify(IMAGE[:PIECE]).decode())
    technician(tool)
    found = ask(tool, "apply", sha256(MANIFEST))
    assert found["error"] == "incomplete" and "chunk 0 is missing" in found["text"]


def test_a_chunk_that_rots_before_apply_is_sent_again():
    house = ready()
    tool = Tool(house)
    send_manifest(tool)
    send_chunks(tool)
    house.port.flash.rot(SLOT_SECTORS * SECTOR + SECTOR + 9)
    technician(tool)
    assert "chunk 1 does not hold" in ask(tool, "apply", sha256(MANIFEST))["text"]
    assert (ask(tool)["state"], ask(tool)["index"]) == ("coming", 1)
    assert send_chunks(tool)["state"] == "whole"


def test_the_cable_may_be_pulled_anywhere_and_it_goes_on_from_there():
    house = ready()
    tool = Tool(house)
    send_manifest(tool)
    for at in range(0, SECTOR, PIECE):
        ask(tool, "chunk", 0, at, hexlify(IMAGE[at : at + PIECE]).decode())
    ask(tool, "chunk", 1, 0, "00" * PIECE)
    tool = Tool(house)
    assert ask(tool, "put", len(MANIFEST), sha256(MANIFEST))["state"] == "coming"
    assert ask(tool)["index"] == 1
    house = again(house)
    tool = Tool(house)
    found = ask(tool)
    assert (found["state"], found["number"], found["index"], found["offset"]) == ("coming", 6, 1, 0)
    assert send_chunks(tool)["state"] == "whole"
    assert ask(Tool(again(house)))["state"] == "whole"


def test_a_reader_brings_it_and_a_technician_applies_or_drops_it():
    tool = Tool(ready())
    send_manifest(tool)
    send_chunks(tool)
    assert ask(tool, "apply", sha256(MANIFEST))["error"] == ask(tool, "drop")["error"] == "role"
    technician(tool)
    assert "another manifest" in ask(tool, "apply", "00" * 32)["text"]
    assert ask(tool, "drop")["state"] == "empty"
    assert ask(tool, "drop") == {"error": "refused", "text": "not now: the slot is empty"}
    assert ask(Tool(again(tool.house)))["state"] == "empty"


def test_nothing_is_taken_while_the_pump_runs():
    house = ready()
    tool = Tool(house)
    send_manifest(tool)
    house.press()
    house.run(15)
    assert house.well.closed
    writes = house.port.flash.mains.writes
    assert "the pump runs" in ask(tool, "chunk", 0, 0, "00")["text"]
    assert "the pump runs" in ask(tool, "put", 9, "00" * 32)["text"]
    assert house.port.flash.mains.writes == writes
    assert ask(tool)["state"] == "coming"  # to look is always allowed


def test_an_image_that_does_not_count_as_the_one_before_is_given_back_after_three_starts():
    house = armed()
    for _ in range(marks.TRIES):
        house = again(house)
        assert house.port.slot == 1 and house.app.update.is_on
        house.well.silent = (1,)  # this driver reads no water meter
        house.app.supervisor.tasks[0].failures = 1
        house.run(61)
        house.port.us += 530_000_000
        try:
            house.run(20)
            raise AssertionError("the trial did not end")
        except SystemExit:
            pass
        assert not events(house, causes.UPDATE_KEPT)
    house = again(house)
    assert house.port.slot == 0 and content(house, len(OLD)) == OLD
    house.well.silent = ()
    house.run(80)
    (event,) = events(house, causes.UPDATE_RETURNED)
    assert event["subject"] == 6
    assert len(events(again(house), causes.UPDATE_RETURNED)) == 1  # it is told once
    house.check_chain()


def test_a_trial_that_fails_waits_with_its_restart_until_the_pump_stands():
    house = again(armed())
    house.run(5)
    house.app.supervisor.tasks[0].failures = 1
    house.port.us += 570_000_000
    house.press()
    house.run(60)
    assert house.port.us > 610_000_000 and house.well.closed and house.app.update.is_on
    house.port.script("stop")
    try:
        house.run(60)
        raise AssertionError("the trial did not end")
    except SystemExit:
        assert not house.well.closed


def test_on_trial_no_other_update_is_begun():
    house = again(armed())
    assert "on trial itself" in ask(Tool(house), "put", 9, "00" * 32)["text"]


def test_a_cut_in_the_swap_runs_the_one_or_the_other():
    for cut_at in (1, 2, 3):
        house = ready()
        tool = Tool(house)
        send_manifest(tool)
        send_chunks(tool)
        technician(tool)
        mains = Mains(cut_at, 50)
        house.nor.mains = house.fram.mains = house.port.flash.mains = mains
        try:
            ask(tool, "apply", sha256(MANIFEST))
            house.run(2)
        except (PowerCut, SystemExit):
            pass
        after = again(house)
        size, whole = ((len(OLD), OLD), (len(IMAGE), IMAGE))[after.port.slot]
        assert content(after, size) == whole, cut_at
        after.run(80)
        after.check_chain()


def test_the_table_leads_nowhere_else():
    states, event_numbers = range(4), range(5)
    found = {
        (state, event): intake.after(state, event)
        for state in states
        for event in event_numbers
        if intake.after(state, event) is not None
    }
    assert len(found) == len(intake.TABLE) // 3 == 10
    assert {state for (state, event), after in found.items() if after == intake.WHOLE} == {intake.COMING}
    assert {event for (state, event), after in found.items() if after == intake.COMING} == {
        intake.SIGNED, intake.LOST,
    }  # fmt: skip


def test_a_spare_slot_with_a_manifest_that_is_too_old_by_now_is_not_gone_on_with():
    house = ready()
    slots = house.app.update.slots
    for manifest in (manifest_of(IMAGE, number=5), manifest_of(IMAGE, regulator=VENDOR)):
        objects.write(slots.flash, slots.manifests, 1, manifest)
        found = ask(Tool(again(house)))
        assert found.get("state", "refused") in ("empty", "refused")
