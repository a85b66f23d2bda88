"""Updates on a flash that fails, and steps in an order that nobody planned: no box is lost by it."""

import hashlib
from binascii import hexlify

from karez_firmware.ports.fake_memory import PowerCut
from karez_firmware.supervisor import PANEL, RECORDS
from karez_firmware.update import intake, marks, trial
from karez_protocols import causes, update_link
from karez_protocols.slices import finish
from terminal import Tool
from update_carriers import (
    IMAGE,
    MANIFEST,
    Gateway,
    armed,
    ask,
    events,
    send_chunks,
    send_manifest,
    sha256,
    technician,
)
from updates import OLD, PIECE, again, content, image_of, manifest_of, ready

NEXT = image_of(seed=3)
NEXT_MANIFEST = manifest_of(NEXT, number=7)


def fail(house, is_failing=True):
    """The flash takes nothing more, and its driver says so."""

    def refuse(*_):
        raise OSError(5)

    house.port.flash.mains.on_write = refuse if is_failing else None


def test_a_row_that_is_not_taken_lets_nothing_be_written_to_the_slot_that_is_kept():
    house = again(armed())
    fail(house)
    house.run(75)
    fail(house, False)
    assert house.app.update.is_on and house.app.update.slots.kept() == 0
    assert len(events(house, causes.UPDATE_KEPT)) == 1
    tool = Tool(house)
    assert "on trial itself" in send_manifest(tool, NEXT_MANIFEST)["text"]
    technician(tool)
    for words in (("chunk", 0, 0, hexlify(NEXT[:256]).decode()), ("drop",), ("put", 100, "00" * 32)):
        assert "error" in ask(tool, *words), words
    for _ in range(marks.TRIES + 1):
        house = again(house)
    assert house.port.slot == 0 and content(house, len(OLD)) == OLD


def test_a_row_that_is_not_taken_is_tried_again_and_told_once():
    house = again(armed())
    fail(house)
    house.run(75)
    fail(house, False)
    house.run(60)
    assert not house.app.update.is_on and house.app.update.slots.kept() == 1
    assert len(events(house, causes.UPDATE_KEPT)) == 1
    assert house.app.supervisor.health()["failures"] == 0
    assert send_manifest(Tool(house), NEXT_MANIFEST)["state"] == "coming"


def returned():
    """A house whose update was given back, and no record tells it."""
    house = armed()
    house.app.update.slots.append(marks.Row(0, marks.NONE, 0, marks.RETURNED))
    return house


def test_a_flash_that_takes_no_row_lets_the_box_start_and_the_next_start_tells_again():
    house = returned()
    house.port.flash.bad = (house.app.update.slots.manifests + 2) * marks.SECTOR, house.port.flash.size
    after = again(house)
    after.run(5)
    after.press()
    after.run(20)
    assert after.well.closed
    assert len(events(after, causes.UPDATE_RETURNED)) == 1
    after.port.flash.bad = (0, 0)
    after.port.script("stop")
    after.run(65)
    assert after.app.update.slots.newest().outcome == marks.TOLD
    assert len(events(after, causes.UPDATE_RETURNED)) == 1
    after.check_chain()


def test_no_failure_of_the_updates_ends_the_start():
    house = armed()

    def broken(_):
        raise MemoryError

    kept, marks.Slots.newest = marks.Slots.newest, broken
    try:
        after = again(house, slot=0)
    finally:
        marks.Slots.newest = kept
    assert after.app.update is None
    after.run(5)
    after.press()
    after.run(20)
    assert after.well.closed and "has no slots" in ask(Tool(after))["text"]
    assert len(events(after, causes.TASK_FAILED)) == 1


def test_what_was_given_back_is_told_though_the_mains_go_between_the_record_and_the_row():
    house = returned()
    after = again(house)

    def cut(*_):
        raise PowerCut

    after.port.flash.mains.on_write = cut
    try:
        after.run(10)
        raise AssertionError("nothing was written")
    except PowerCut:
        pass
    assert len(events(after, causes.UPDATE_RETURNED)) == 1
    assert marks.Slots(after.port.flash).newest().outcome == marks.RETURNED


def wanted():
    """A house that waits with its restart for the pump, and the gateway that wants it."""
    gateway = Gateway(ready(broker=True))
    gateway.run(10)
    gateway.bring()
    gateway.house.press()
    gateway.run(20)
    assert gateway.ask(update_link.APPLY)["is_wanted"] == 1
    gateway.house.port.script("stop")
    for _ in range(400):
        gateway.house.turn()  # and nobody acknowledges
    assert gateway.house.app.update.is_wanted
    return gateway


def test_a_wish_ends_with_the_update_that_it_was_for():
    for words in (("put", 100, "00" * 32), ("drop",)):
        gateway = wanted()
        tool = Tool(gateway.house)
        technician(tool)
        assert ask(tool, *words)["state"] in ("taking", "empty")
        assert not gateway.house.app.update.is_wanted
        gateway.run(60)  # no SystemExit
        assert gateway.house.app.update.slots.newest() is None


def test_no_start_is_armed_into_a_slot_whose_manifest_has_gone():
    gateway = wanted()
    slots = gateway.house.app.update.slots
    slots.flash.erase(slots.manifests + 1)
    gateway.run(60)
    assert slots.newest() is None and not gateway.house.app.update.is_wanted
    assert gateway.status["reason"].startswith("incomplete: the manifest is not there any more")
    assert not events(gateway.house, causes.UPDATE_ARMED)


def test_a_flash_that_takes_no_row_is_told_to_the_gateway_and_fails_no_task():
    gateway = wanted()
    fail(gateway.house)
    gateway.run(60)
    assert gateway.status["reason"].startswith("store: ")
    assert gateway.house.app.supervisor.health()["failures"] == 0


def test_a_start_behind_apply_at_the_cable_is_no_restart_with_the_pump_running():
    house = ready()
    tool = Tool(house)
    send_manifest(tool)
    send_chunks(tool)
    technician(tool)
    assert "ok" in ask(tool, "apply", sha256(MANIFEST))
    house.press()
    house.run(20)
    assert house.well.closed and house.app.update.slots.newest() is None
    house.port.script("stop")
    try:
        house.run(60)
        raise AssertionError("the box did not restart")
    except SystemExit:
        assert not house.well.closed and house.app.update.slots.newest().trial == 1


def kept_twice():
    """A house that has kept two updates, so that both slots have their manifests; number 7 runs in slot 0."""
    house = again(armed())
    house.run(70)
    tool = Tool(house)
    assert send_manifest(tool, NEXT_MANIFEST)["state"] == "coming"
    assert send_chunks(tool, NEXT)["state"] == "whole"
    technician(tool)
    try:
        assert "ok" in ask(tool, "apply", sha256(NEXT_MANIFEST))
        house.run(5)
        raise AssertionError("the box did not restart")
    except SystemExit:
        house = again(house)
    house.run(70)
    assert house.port.slot == 0 and house.app.update.slots.kept() == 0
    return house


def test_a_slot_that_rots_gives_way_to_the_other_which_tells_it_and_takes_updates_again():
    house = kept_twice()
    house.port.flash.rot(100)
    house = again(house)
    assert house.port.slot == 1 and content(house, len(IMAGE)) == IMAGE
    assert "on trial itself" in send_manifest(Tool(house), NEXT_MANIFEST)["text"]
    house.run(5)
    (event,) = events(house, causes.UPDATE_RETURNED)
    assert event["subject"] == 7 and house.app.update.slots.kept() == 1
    tool = Tool(house)
    assert send_manifest(tool, NEXT_MANIFEST)["state"] == "coming"
    assert send_chunks(tool, NEXT)["state"] == "whole"
    assert content(house, len(NEXT), 0) == NEXT
    house.check_chain()


def test_no_row_is_written_while_the_pump_runs_and_the_trial_ends_behind_it():
    house = again(armed())
    house.run(5)
    house.press()
    house.run(70)
    assert house.well.closed and house.app.update.is_on
    assert not events(house, causes.UPDATE_KEPT)
    house.port.us += 600_000_000  # a trial is judged within ten minutes: it was
    house.run(5)
    house.port.script("stop")
    house.run(30)
    assert not house.well.closed and not house.app.update.is_on
    assert len(events(house, causes.UPDATE_KEPT)) == 1


def test_a_pump_that_starts_while_the_signatures_are_checked_keeps_the_flash_alone():
    house = ready()
    tool = Tool(house)
    ask(tool, "put", len(MANIFEST), sha256(MANIFEST))
    for at in range(0, len(MANIFEST), PIECE):
        ask(tool, "piece", at, hexlify(MANIFEST[at : at + PIECE]).decode())
    taken = house.app.update.intake()[0]
    slices = taken.signed_slices()
    next(slices)
    house.press()
    house.run(15)
    writes = house.port.flash.mains.writes
    assert "the pump runs" in not_taken(slices)
    assert house.port.flash.mains.writes == writes and taken.state == intake.TAKING


def armed_while(house, number):
    """Arm the update while this task fails."""
    found = trial._failed
    trial._failed = lambda supervisor, is_now=False: 1 << number
    try:
        return armed(house)
    finally:
        trial._failed = found


def test_a_panel_that_is_broken_anyway_fails_no_trial_but_one_that_breaks_with_it_does():
    for was_failing in (True, False):
        house = ready()
        house = again(armed_while(house, PANEL) if was_failing else armed(house))
        house.app.supervisor.tasks[PANEL].failures = 1
        house.run(75)
        assert house.app.update.is_on is not was_failing


def test_what_writes_the_records_fails_a_trial_though_it_failed_before():
    house = ready()
    house.app.supervisor.tasks[RECORDS].in_row = 1
    assert trial._failed(house.app.supervisor, True) == 1 << RECORDS
    assert not trial._failed(house.app.supervisor)
    assert armed_while(house, RECORDS).app.update.slots.newest().failed == 0


def test_a_reader_begins_with_one_manifest_a_minute():
    house = ready()
    tool = Tool(house)
    assert send_manifest(tool)["state"] == "coming"
    assert ask(tool, "put", len(MANIFEST), sha256(MANIFEST))["state"] == "coming"  # goes on
    erases = dict(house.port.flash.erases)
    found = ask(tool, "put", 100, "00" * 32)
    assert found["error"] == "locked" and "wait " in found["text"]
    assert house.port.flash.erases == erases and ask(tool)["state"] == "coming"
    house.run(60)
    assert ask(tool, "put", 100, "00" * 32)["state"] == "taking"


def test_cable_and_link_that_take_turns_do_not_mix_two_updates():
    """What the one has begun while the other checks is neither sealed nor applied in its name."""
    house = ready()
    taken = house.app.update.intake()[0]
    taken.put(len(MANIFEST), hashlib.sha256(MANIFEST).digest())
    taken.piece(0, MANIFEST)
    slices = taken.signed_slices()
    next(slices)
    taken.put(len(NEXT_MANIFEST), hashlib.sha256(NEXT_MANIFEST).digest())
    assert "meanwhile" in not_taken(slices)
    assert taken.state == intake.TAKING and house.app.update.slots.manifest(1) is None
    tool = Tool(house)
    house.run(60)
    send_manifest(tool)
    send_chunks(tool)
    slices = taken.check_slices()
    next(slices)
    taken.drop()
    assert "meanwhile" in not_taken(slices) and taken.state == intake.EMPTY


def not_taken(slices):
    try:
        finish(slices)
    except intake.NotTaken as error:
        return error.text
    raise AssertionError("it was taken")


def test_a_survey_leaves_alone_what_is_begun_while_it_looks():
    house = ready()
    tool = Tool(house)
    send_manifest(tool)
    send_chunks(tool)
    house = again(house)
    taken = house.app.update.intake()[0]
    slices = taken.survey_slices()
    next(slices)
    taken.put(len(NEXT_MANIFEST), hashlib.sha256(NEXT_MANIFEST).digest())
    finish(slices)
    assert taken.state == intake.TAKING and not taken.values
