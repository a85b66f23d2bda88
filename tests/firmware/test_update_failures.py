"""Updates on a flash that fails, for a moment or for good: no box is lost by it, and none stops counting."""

from binascii import hexlify

from karez_firmware.update import marks
from karez_protocols import causes
from terminal import Tool
from update_carriers import armed, ask, events, send_manifest, technician
from updates import OLD, again, content, image_of, manifest_of

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
