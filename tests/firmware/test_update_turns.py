"""Cable and link at one spare slot: looks that break off, two that look, a manifest exchanged."""

import hashlib

from karez_firmware.update import intake
from karez_protocols import update_link
from karez_protocols.slices import finish
from terminal import Tool
from update_carriers import IMAGE, MANIFEST, Gateway, ask, send_chunks, send_manifest
from updates import SLOT_SECTORS, again, image_of, manifest_of, ready

SHA256 = hashlib.sha256(MANIFEST).digest()


def brought(**named):
    """A box that has started over a slot with a whole update, and nobody has asked for it yet."""
    house = ready(**named)
    tool = Tool(house)
    send_manifest(tool)
    send_chunks(tool)
    house = again(house)
    taken, is_new = house.app.update.intake()
    assert is_new and taken.state == intake.EMPTY
    return house, taken


def not_taken(slices):
    try:
        finish(slices)
    except intake.NotTaken as error:
        return error.text
    raise AssertionError("it was taken")


def test_a_look_that_was_broken_off_begins_anew_with_the_next_question():
    house, taken = brought()
    slices = taken.survey_slices()
    next(slices)
    slices.close()  # Ctrl-C, or the session has ended
    found = ask(Tool(house))
    assert (found["state"], found["number"], found["index"]) == ("whole", 6, 2)


def test_a_look_that_the_heap_had_no_room_for_begins_anew_with_the_next_question():
    house, taken = brought()
    holds = taken._holds

    def full(_):
        raise MemoryError

    taken._holds = full
    tool = Tool(house)
    assert ask(tool)["error"] == "failed"
    taken._holds = holds
    assert ask(tool)["state"] == "whole"


def test_the_link_asks_while_the_cable_looks_and_both_hear_the_same():
    house, taken = brought(broker=True)
    slices = taken.survey_slices()
    next(slices)
    gateway = Gateway(house)
    gateway.run(10)
    found = gateway.ask(update_link.PUT, len(MANIFEST), data=SHA256, update=SHA256)
    assert (found["state"], found["index"]) == (intake.WHOLE, 2)  # no second look, nothing erased
    finish(slices)
    assert ask(Tool(house))["state"] == "whole"


def test_a_slot_that_was_looked_at_is_not_looked_at_again():
    house, taken = brought()
    tool = Tool(house)
    assert ask(tool)["state"] == "whole"
    house.port.flash.rot(SLOT_SECTORS * 4096)
    assert house.app.update.intake() == (taken, False)
    assert ask(tool)["state"] == "whole"  # apply looks once more


def test_a_manifest_that_was_put_again_while_it_is_checked_is_checked_again():
    """Between two slices somebody could put a signed one in its place, and then his own back."""
    house = ready()
    taken = house.app.update.intake()[0]
    other = manifest_of(image_of(seed=3), number=7)
    taken.put(len(MANIFEST), SHA256)
    taken.piece(0, MANIFEST)
    slices = taken.signed_slices()
    next(slices)
    taken.put(len(other), hashlib.sha256(other).digest())
    taken.piece(0, other)
    next(slices)
    taken.put(len(MANIFEST), SHA256)
    taken.piece(0, MANIFEST)
    assert "meanwhile" in not_taken(slices)
    assert taken.state == intake.TAKING and house.app.update.slots.manifest(1) is None
    finish(taken.signed_slices())
    assert taken.state == intake.COMING
    while taken.state == intake.COMING:
        at = taken.index * 4096
        taken.chunk(taken.index, 0, IMAGE[at : at + 4096])
    slices = taken.check_slices()
    next(slices)
    taken.drop()
    taken.put(len(MANIFEST), SHA256)
    assert "meanwhile" in not_taken(slices)
