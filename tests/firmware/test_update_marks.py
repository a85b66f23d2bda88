"""Rows that say which slot runs: a cut leaves one of two states, and what is not whole never runs."""

import hashlib

from karez_firmware.ports.fake_memory import MODES, Mains, PowerCut, RamNor
from karez_firmware.store import objects
from karez_firmware.update import marks
from karez_firmware.update.marks import KEPT, NONE, RETURNED, TRIES, Row, Slots
from updates import a_flash, image_of, manifest_of


def filled(slot=1, image=None):
    """Slots with a whole image and its manifest in one of them."""
    slots = Slots(a_flash())
    image = image_of() if image is None else image
    slots.flash.erase(slot * slots.sectors)
    slots.flash.program(slot * slots.sectors * marks.SECTOR, image)
    objects.write(slots.flash, slots.manifests, slot, manifest_of(image))
    return slots


def fields_of(row):
    return row and (row.kept, row.trial, row.tries, row.outcome)


def test_the_newest_row_counts_and_both_sectors_take_turns():
    slots = Slots(a_flash())
    assert slots.newest() is None
    for number in range(3 * marks.SECTOR // 16):
        slots.append(Row(number & 1, NONE, number % 3, KEPT))
        row = slots.newest()
        assert fields_of(row) == (number & 1, NONE, number % 3, KEPT) and row.generation == number + 1
    worn = [slots.flash.erases.get(slots.manifests + 2 + turn, 0) for turn in (0, 1)]
    assert worn == [1, 1]


def test_a_box_that_never_had_an_update_runs_its_first_image_and_writes_nothing():
    slots = Slots(a_flash())
    writes = slots.flash.mains.writes
    assert slots.boot() == 0 and slots.flash.mains.writes == writes


def test_a_slot_on_trial_is_started_three_times_and_then_given_back():
    slots = filled()
    slots.append(Row(0, 1))
    assert [slots.boot() for _ in range(TRIES)] == [1] * TRIES
    assert slots.boot() == 0 and fields_of(slots.newest()) == (0, NONE, 0, RETURNED)
    assert slots.boot() == 0


def test_a_slot_that_does_not_hold_its_image_is_not_tried():
    slots = filled()
    slots.flash.rot(slots.sectors * marks.SECTOR + 5_000)
    slots.append(Row(0, 1))
    assert slots.is_whole(1) is False
    assert slots.boot() == 0 and fields_of(slots.newest()) == (0, NONE, 0, RETURNED)


def test_a_slot_without_a_manifest_is_not_tried_and_one_too_large_is_not_whole():
    slots = Slots(a_flash())
    slots.append(Row(0, 1))
    assert slots.is_whole(1) is None and slots.boot() == 0
    slots = filled(image=image_of())
    large = manifest_of(image_of(chunks=slots.sectors + 1))
    objects.write(slots.flash, slots.manifests, 1, large)
    assert slots.is_whole(1) is False


def test_a_kept_slot_that_rots_gives_way_to_the_other_if_that_is_whole():
    slots = filled(slot=0)
    slots.append(Row(0, NONE, 0, KEPT))
    other = image_of(seed=1)
    slots.flash.program(slots.sectors * marks.SECTOR, other)
    objects.write(slots.flash, slots.manifests, 1, manifest_of(other))
    assert slots.boot() == 0
    slots.flash.rot(3)
    assert slots.boot() == 1
    slots.flash.rot(slots.sectors * marks.SECTOR + 3)
    assert slots.boot() == 0  # neither is: what was kept


def test_a_flash_that_takes_no_row_starts_no_trial():
    slots = filled()
    slots.append(Row(0, 1))
    slots.flash.is_dead = True
    assert slots.boot() == 0


def test_a_flash_that_does_not_answer_runs_the_first_slot():
    slots = Slots(a_flash())
    slots.flash.fails = True
    assert slots.boot() == 0 and slots.manifest(0) is None


def test_every_cut_of_a_row_leaves_the_row_before_or_this_one():
    """Also where a sector is full and the other is erased, and where a bit reads now so, now so."""
    for before in (3, marks.SECTOR // 16, 2 * marks.SECTOR // 16):
        for mode in MODES:
            for cut_at in (1, 2):
                slots = Slots(a_flash())
                for _ in range(before):
                    slots.append(Row(0, NONE, 0, KEPT))
                slots.flash.mains = Mains(cut_at, 50, mode=mode)
                try:
                    slots.append(Row(1, NONE, 2, KEPT))
                except PowerCut:
                    pass
                slots.flash.mains = Mains()
                for _ in range(4):
                    row = slots.newest()
                    assert (row.kept, row.tries) in ((0, 0), (1, 2)), (before, mode, cut_at)
                slots.append(Row(0, NONE, 1, KEPT))
                assert slots.newest().tries == 1


def test_the_whole_image_is_read_though_it_ends_within_a_slice():
    for size in (1, 1023, 1024, 1025, 4096, 4097):
        image = image_of(chunks=2, short=0)[:size]
        slots = filled(image=image)
        assert slots.is_whole(1) is True
        assert hashlib.sha256(slots.read(slots.sectors * marks.SECTOR, size)).digest() in slots.manifest(1)


def test_noise_is_no_row():
    slots = Slots(RamNor(12 * marks.SECTOR))
    for at, data in ((0, b"KM" + bytes(14)), (16, b"\0" * 16), (32, bytes(range(16)))):
        slots.flash.program((slots.manifests + 2) * marks.SECTOR + at, data)
    assert slots.newest() is None
    slots.append(Row(0, NONE))
    assert slots.newest().generation == 1


def test_nothing_is_given_back_to_a_slot_that_is_torn_while_the_one_on_trial_is_whole():
    slots = filled()
    objects.write(slots.flash, slots.manifests, 0, manifest_of(image_of(seed=2)))  # and slot 0 holds no such
    slots.append(Row(0, 1, TRIES))
    assert slots.is_whole(0) is False
    slots.flash.is_dead = True
    assert slots.boot() == 1  # nor where the flash takes no row of it
    slots.flash.is_dead = False
    assert slots.boot() == 1 and fields_of(slots.newest()) == (1, NONE, 0, marks.NOTHING)
    assert slots.boot() == 1


def test_where_rows_are_lost_a_first_slot_that_is_torn_gives_way_to_the_other_if_that_is_whole():
    slots = filled()
    assert slots.boot() == 0  # the factory's has no manifest: nobody can tell, and nothing was applied
    objects.write(slots.flash, slots.manifests, 0, manifest_of(image_of(seed=2)))
    assert slots.is_whole(0) is False and slots.boot() == 1
    slots.flash.rot(slots.sectors * marks.SECTOR + 3)
    assert slots.boot() == 0
