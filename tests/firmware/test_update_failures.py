"""Updates on a flash that fails, and steps in an order that nobody planned: no box is lost by it."""

from binascii import hexlify

from karez_firmware.ports.fake_memory import PowerCut
from karez_firmware.update import marks
from karez_protocols import causes, update_link
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
from updates import OLD, again, content, image_of, manifest_of, ready

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
