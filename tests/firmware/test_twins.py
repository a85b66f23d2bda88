"""Two copies in FRAM, and the model of both memories: what a cut can leave."""

from karez_firmware.ports import fake_memory
from karez_firmware.ports.fake_memory import MODES, PREFIX, RANDOM, UNSTABLE, Mains, PowerCut, RamFram, RamNor
from karez_firmware.store import fram_map, head
from karez_firmware.store.devices import SECTOR, StoreFailed
from karez_firmware.store.twins import Twins

LAYOUT = "count u4\nnote b20\n"
PLACE = (64, 48)
MAGIC = 0x54455354


def table(fram):
    return Twins(fram, PLACE, MAGIC, LAYOUT)


def values(count, generation=0):
    return {"count": count, "note": b"%020d" % count, "generation": generation}


def saved(count=3):
    """An FRAM that holds a table saved so many times, and its last values."""
    fram = RamFram(256)
    found = {"generation": 0}
    for number in range(1, count + 1):
        found.update(count=number, note=b"%020d" % number)
        assert table(fram).save(found)
    return fram, found


def test_what_is_saved_is_loaded_and_the_newest_counts():
    fram, found = saved()
    assert table(fram).load() == found and found["count"] == 3 and found["generation"] == 3
    assert table(RamFram(256)).load() is None


def test_nothing_is_written_outside_the_place():
    fram, _ = saved()
    assert fram.read(0, 64) == bytes(64) and fram.read(64 + 96, 96) == bytes(96)


def test_a_cut_after_every_byte_leaves_the_table_before_or_after():
    fram, found = saved()
    size = len(fram.read(64, 48))
    for kept in range(100):
        other = fram.copy()
        other.mains = Mains(1, kept)
        after = dict(found, count=4, note=b"%020d" % 4)
        try:
            table(other).save(after)
            raise AssertionError("no cut")
        except PowerCut:
            other.mains = Mains()
        assert table(other).load() == found, kept
    assert size == 48


def test_every_damaged_byte_of_a_copy_leaves_the_other_one():
    fram, found = saved()
    for at in range(36):
        for copy, count in ((1, 2), (0, 3)):  # the third saving went to copy 1
            other = fram.copy()
            where = 64 + copy * 48 + at
            other.write(where, bytes((other.read(where, 1)[0] ^ 0x40,)))
            assert table(other).load()["count"] == count, (at, copy)
    assert found["count"] == 3


def test_an_fram_that_holds_nothing_is_dead_and_is_not_asked_again():
    for fault in ("is_dead", "fails"):
        fram, found = saved()
        one = table(fram)
        setattr(fram, fault, True)
        assert not one.save(found) and one.is_dead, fault
        setattr(fram, fault, False)
        writes = fram.mains.writes
        assert not one.save(found) and fram.mains.writes == writes
        assert table(fram).save(found)  # the next start tries again


def test_an_fram_that_does_not_answer_is_as_good_as_empty():
    fram, _ = saved()
    fram.fails = True
    assert table(fram).load() is None


def test_another_table_is_not_taken_for_this_one():
    fram, _ = saved()
    assert Twins(fram, PLACE, MAGIC + 1, LAYOUT).load() is None
    assert Twins(fram, PLACE, MAGIC, "count u4\nnote b16\n").load() is None
    assert Twins(fram, PLACE, MAGIC, "count u4\nnote b16\nmore x4\n").load() is None


def test_a_layout_too_long_for_its_place_is_refused():
    try:
        Twins(RamFram(256), PLACE, MAGIC, "note b60\n")
        raise AssertionError("taken")
    except StoreFailed:
        pass


def test_the_places_do_not_overlap_and_fit_the_smallest_part():
    places = [fram_map.HEAD, fram_map.ACCOUNTS, fram_map.CROSS_CHECK, fram_map.PROTECTION]
    end = 0
    for at, size in places:
        assert at == end
        end = at + 2 * size
    assert end == fram_map.END <= 4096
    Twins(RamFram(4096), fram_map.ACCOUNTS, MAGIC, "accounts b320\n")
    Twins(RamFram(4096), fram_map.CROSS_CHECK, MAGIC, "state b60\n")


def test_a_head_begins_unknown_and_further_layouts_ride_along():
    found = head.fresh(("litres u6\nname t4\nkey b8\n",))
    assert found["chain"] == 1 and found["seq"] == 0 and found["start_volume_l"] is None
    assert found["litres"] is None and found["name"] == "" and found["key"] == bytes(8)
    for further in ((), ("litres u6\nname t4\n",), ("held_l u6\n", "volume_l u5\n")):
        layout = (head.LAYOUT,) + further  # noqa: RUF005 - MicroPython has no star in a tuple
        table = Twins(RamFram(1024), fram_map.HEAD, head.MAGIC, layout)
        values = head.fresh(further)
        assert table.save(values) and table.load() == values, further
    assert head.fresh(("held_l u6\n",))["held_l"] == 0


# -- the model of the memories ----------------------------------------------------------


def cut(memory, mode, write, arguments, seed=1):
    """Do one write that is cut in this mode."""
    memory.mains = Mains(1, 50, mode=mode, seed=seed)
    try:
        getattr(memory, write)(*arguments)
        raise AssertionError("no cut")
    except PowerCut:
        memory.mains = Mains()


def test_programming_only_clears_bits_and_erasing_sets_them():
    nor = RamNor(2 * SECTOR)
    nor.program(10, b"\x0f")
    nor.program(10, b"\xf3")
    assert nor.read(9, 3) == b"\xff\x03\xff"
    nor.erase(0)
    assert nor.read(9, 3) == b"\xff\xff\xff" and nor.erases[0] == 1


def test_a_program_over_a_page_can_be_cut_between_two_pages():
    nor = RamNor(SECTOR)
    nor.mains = Mains(2, 0)
    try:
        nor.program(200, bytes(100))
        raise AssertionError("no cut")
    except PowerCut:
        pass
    assert nor.read(200, 56) == bytes(56) and nor.read(256, 44) == b"\xff" * 44


def test_a_cut_program_changes_no_bit_that_it_was_not_to_clear():
    for mode in MODES:
        for seed in range(8):
            nor = RamNor(SECTOR)
            cut(nor, mode, "program", (0, b"\xaa" * 32), seed=seed)
            for _ in range(4):
                assert all(value & 0xAA == 0xAA for value in nor.read(0, 32)), mode


def test_a_random_cut_leaves_some_bits_done_and_the_same_ones_for_the_same_seed():
    found = []
    for seed in (1, 1, 2):
        nor = RamNor(SECTOR)
        cut(nor, RANDOM, "program", (0, bytes(32)), seed=seed)
        found.append(nor.read(0, 32))
    assert found[0] == found[1] != found[2] and found[0] not in (bytes(32), b"\xff" * 32)


def test_unstable_bits_read_as_they_like_until_they_are_erased_or_cleared():
    nor = RamNor(SECTOR)
    nor.program(0, bytes(SECTOR))
    cut(nor, UNSTABLE, "erase", (0,))
    assert len({nor.read(0, 64) for _ in range(8)}) > 4
    nor.program(0, bytes(32))
    assert nor.read(0, 32) == bytes(32) == nor.read(0, 32)
    assert len({nor.read(32, 32) for _ in range(8)}) > 4
    nor.erase(0)
    assert nor.read(0, 64) == b"\xff" * 64


def test_a_bit_that_was_cleared_stays_so_when_it_is_programmed_again_and_that_is_cut():
    for mode in MODES:
        nor = RamNor(SECTOR)
        nor.program(0, b"\x5a" * 64)
        cut(nor, mode, "program", (0, b"\x5a" * 64))
        assert {nor.read(0, 64) for _ in range(4)} == {b"\x5a" * 64}, mode


def test_an_interrupted_erase_leaves_ones_where_there_were_ones():
    for mode in MODES:
        nor = RamNor(SECTOR)
        nor.program(0, b"\x55" * 64)
        cut(nor, mode, "erase", (0,))
        assert all(value & 0x55 == 0x55 for value in nor.read(0, 64)), mode


def test_copies_share_nothing_that_is_written_afterwards():
    nor = RamNor(2 * SECTOR)
    nor.program(0, b"\x11")
    other = nor.copy()
    nor.program(1, b"\x22")
    other.program(2, b"\x33")
    assert nor.read(0, 3) == b"\x11\x22\xff" and other.read(0, 3) == b"\x11\xff\x33"


def test_a_torn_fram_write_is_a_beginning_of_it():
    for mode in (PREFIX, RANDOM, UNSTABLE):
        fram = RamFram(64)
        cut(fram, mode, "write", (0, b"\xff" * 40), seed=3)
        data = fram.read(0, 40)
        assert data == b"\xff" * data.count(b"\xff") + bytes(data.count(b"\0")), mode
        assert data[39] == 0, mode


def test_what_lies_outside_is_a_mistake_of_the_program():
    for act in (
        lambda: RamFram(64).write(60, bytes(5)),
        lambda: RamFram(64).read(60, 5),
        lambda: RamNor(SECTOR).read(SECTOR, 1),
        lambda: RamNor(SECTOR).erase(1),
    ):
        try:
            act()
            raise AssertionError("taken")
        except ValueError:
            pass


def test_dice_fall_alike_for_a_seed_and_their_copy_goes_on_from_there():
    one = fake_memory.Dice(5)
    assert one.throw(40) == fake_memory.Dice(5).throw(40)
    other = one.copy()
    assert one.throw(8) == other.throw(8)
