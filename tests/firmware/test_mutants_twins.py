"""What mutants of the two copies and of the head showed: short, long and odd bytes, odd places."""

import binascii

from karez_firmware.ports.fake_memory import RamFram, RamNor
from karez_firmware.store import head, objects, twins
from karez_firmware.store.devices import SECTOR, StoreFailed
from karez_firmware.store.twins import FRAME, Twins
from karez_protocols import fields

LAYOUT = "count u4\nnote b24\n"
SIZE = 36  # magic, generation, count, note: a size whose bit of four is set
MAGIC = 0x54455354
NOTE = b"n" * 24


def packed(magic=MAGIC, generation=1):
    return twins.pack(FRAME + LAYOUT, {"magic": magic, "generation": generation, "count": 7, "note": NOTE})


def unpacked(data):
    return twins.unpack(FRAME + LAYOUT, MAGIC, data)


def test_bytes_cut_short_are_no_copy_and_bytes_behind_it_do_not_matter():
    # A copy whose CRC ends in a zero byte, so that without this byte the number is the same.
    for generation in range(1, 5000):
        data = packed(generation=generation)
        if not data[-1]:
            break
    assert not data[-1] and len(data) == SIZE + 4 == fields.size_of(FRAME + LAYOUT) + 4
    assert unpacked(data)["count"] == 7
    for size in range(len(data)):
        assert unpacked(data[:size]) is None, size
    for more in (b"\x00", b"\xff", b"\xff" * 100, b"\xff" * 5000):
        assert unpacked(data + more)["count"] == 7


def test_a_copy_of_another_table_is_none_of_this_one():
    for magic in (0, MAGIC - 1, MAGIC + 1, 0xFFFFFFFE):
        assert unpacked(packed(magic)) is None
    assert binascii.crc32(packed()[:SIZE]) == int.from_bytes(packed()[SIZE:], "little")


def test_a_table_needs_its_bytes_and_four_more_and_no_others():
    for size, fits in ((SIZE, False), (SIZE + 3, False), (SIZE + 4, True), (SIZE + 5, True)):
        try:
            Twins(RamFram(256), (0, size), MAGIC, LAYOUT)
        except StoreFailed:
            assert not fits, size
        else:
            assert fits, size


def test_copies_stand_side_by_side_wherever_the_place_begins():
    for at in (0, 1, 17, 37, 63, 100):
        fram = RamFram(256)
        one = Twins(fram, (at, 45), MAGIC, LAYOUT)
        values = {"count": 1, "note": NOTE, "generation": 0}
        for number in (1, 2, 3):
            assert one.save(values)
            copy = fram.read(at + 45 * (number & 1), SIZE + 4)
            assert unpacked(copy)["generation"] == number, (at, number)
        assert one.load()["generation"] == 3
        assert not any(fram.read(0, at)) and not any(fram.read(at + 90, 256 - at - 90))


class Unread(RamFram):
    """An FRAM that does not answer below an address."""

    below = 0

    def read(self, at, size):
        if at < self.below:
            raise OSError(5)
        return super().read(at, size)


def test_a_copy_that_cannot_be_read_leaves_the_other_one():
    fram = Unread(256)
    one = Twins(fram, (0, 64), MAGIC, LAYOUT)
    values = {"count": 1, "note": NOTE, "generation": 0}
    assert one.save(values) and one.save(values)
    fram.below = 64
    assert one.load()["generation"] == 1


class Stuck(RamFram):
    """An FRAM that reads one byte as it wants."""

    reads = None

    def read(self, at, size):
        data = super().read(at, size)
        return data if self.reads is None else data[:-1] + self.reads


def test_an_fram_that_reads_back_more_or_less_than_was_written_is_dead():
    for reads in (b"\x00", b"\xff"):
        fram = Stuck(256)
        fram.reads = reads
        one = Twins(fram, (0, 64), MAGIC, LAYOUT)
        assert not one.save({"count": 1, "note": NOTE, "generation": 0}) and one.is_dead


def test_the_head_of_a_new_controller_names_no_object_and_has_no_generation():
    found = head.fresh()
    assert (found["generation"], found["chain"], head.NO_PLACE) == (0, 1, 2)
    assert [found[name] for name in ("grant_place", "order_place", "key_list_place")] == [2, 2, 2]
    assert (found["h"], found["credential"], found["old_h"]) == (bytes(32), bytes(8), bytes(20))


def test_only_the_bytes_khz3_begin_a_sector_in_use():
    for first, sector in (
        (b"KHZ3", 0), (b"KHZ2", None), (b"KHZ4", None), (b"JHZ3", None), (b"LHZ3", None), (b"\x00" * 4, None),
        (b"\xff" * 4, None),
    ):  # fmt: skip
        for behind in (0, 1):
            nor = RamNor(SECTOR * 32)
            for number in (0, 1):  # the other one holds what no head begins with
                nor.erase(objects.HEAD + number)
                nor.program((objects.HEAD + number) * SECTOR, first if number == behind else bytes(4))
            expected = None if sector is None else objects.HEAD + behind
            assert head.sector_in_use(nor) == expected, (first, behind)
