"""What mutants of the head in NOR showed: each entry has its place, torn ones and dead ones are passed."""

from karez_firmware.ports.fake_memory import RamNor
from karez_firmware.store import objects, twins
from karez_firmware.store.devices import SECTOR
from karez_firmware.store.head import COPY_SIZE, MAGIC, OWES_LINK, OWES_REBUILT
from karez_firmware.store.nor_head import NorHead

LAYOUT = twins.FRAME + "note b372\n"  # with its CRC as long as an entry: no byte of it is free
ENTRIES = 10  # of a sector
NOTE = b"\x5a" * 372


class Written(RamNor):
    """NOR that notes the places programmed and the sectors erased, all of them of the head."""

    def __init__(self):
        super().__init__(objects.SECTORS * SECTOR)
        self.programmed: list = []
        self.erased: list = []

    def program(self, at, data):
        super().program(at, data)
        sector, rest = divmod(at, SECTOR)
        assert rest % COPY_SIZE == 0 and len(data) == COPY_SIZE, (at, len(data))
        self.programmed.append((sector - objects.HEAD, rest // COPY_SIZE))

    def erase(self, sector):
        super().erase(sector)
        self.erased.append(sector - objects.HEAD)


def values(generation):
    return {"magic": MAGIC, "generation": generation, "note": NOTE}


def put(nor, sector, entry, generation):
    """A head as an earlier time left it."""
    RamNor.program(nor, at(sector, entry), twins.pack(LAYOUT, values(generation)))


def at(sector, entry):
    return (objects.HEAD + sector) * SECTOR + entry * COPY_SIZE


def found(nor):
    """The generation that a start would find, None without a head."""
    newest = NorHead(nor, LAYOUT).load()
    return newest and newest["generation"]


def test_the_next_firmware_finds_what_a_head_owes_in_the_same_bits():
    assert (OWES_REBUILT, OWES_LINK, COPY_SIZE) == (1, 2, 384)


def test_heads_stand_in_order_and_the_other_sector_is_erased_only_when_one_is_full():
    nor = Written()
    head = NorHead(nor, LAYOUT)
    for number in range(45):
        assert head.save(values(number))
        sector = 1 - number // ENTRIES % 2
        assert nor.programmed[number:] == [(sector, number % ENTRIES)], number
        assert nor.erased == [0, 1, 0, 1, 0, 1][: 2 + number // ENTRIES], number
        assert found(nor) == number


def test_a_start_goes_on_behind_the_newest_head_and_erases_nothing():
    for count in range(1, 2 * ENTRIES + 2):
        nor = Written()
        first = NorHead(nor, LAYOUT)
        for number in range(count):
            first.save(values(number))
        nor.programmed.clear()
        nor.erased.clear()
        again = NorHead(nor, LAYOUT)
        assert again.load()["generation"] == count - 1
        assert again.save(values(count)) and found(nor) == count
        sector = 1 - count // ENTRIES % 2
        assert nor.programmed == [(sector, count % ENTRIES)], count
        assert nor.erased == ([] if count % ENTRIES else [sector]), count


def test_the_newest_head_counts_wherever_it_stands():
    for places in (
        ((0, 0, 5), (1, 0, 4)), ((0, 0, 4), (1, 0, 5)), ((0, 9, 70_001), (1, 0, 70_000)),
        ((0, 2, 3), (0, 5, 2)), ((1, 9, 1), (1, 9, 1)), ((0, 3, 8), (0, 4, 9)), ((1, 3, 9), (1, 4, 8)),
    ):  # fmt: skip
        nor = Written()
        for sector, entry, generation in places:
            put(nor, sector, entry, generation)
        newest = max(places, key=lambda place: place[2])
        head = NorHead(nor, LAYOUT)
        assert head.load()["generation"] == newest[2] and head.load()["note"] == NOTE
        assert head.save(values(newest[2] + 1)) and found(nor) == newest[2] + 1, places
    assert found(Written()) is None


def test_an_entry_with_a_single_byte_torn_is_passed():
    for byte in range(COPY_SIZE):
        nor = Written()
        put(nor, 0, 3, 7)
        nor.rot(at(0, 4) + byte)
        head = NorHead(nor, LAYOUT)
        assert head.load()["generation"] == 7
        assert head.save(values(8)) and nor.programmed == [(0, 5)] and not nor.erased, byte


def test_behind_torn_entries_up_to_the_end_the_other_sector_is_next():
    for sector in (0, 1):
        for first in range(1, ENTRIES):
            nor = Written()
            put(nor, sector, first - 1, 7)
            for entry in range(first, ENTRIES):
                nor.rot(at(sector, entry) + 100)
            head = NorHead(nor, LAYOUT)
            head.load()
            assert head.save(values(8)) and nor.programmed == [(1 - sector, 0)]
            assert nor.erased == [1 - sector] and found(nor) == 8


def test_three_entries_that_take_nothing_end_the_use_of_a_sector():
    for first in range(1, ENTRIES):
        for dead in range(1, ENTRIES + 1 - first):
            nor = Written()
            put(nor, 0, first - 1, 7)
            nor.bad = (at(0, first), at(0, first + dead))
            head = NorHead(nor, LAYOUT)
            head.load()
            assert head.save(values(8)) and found(nor) == 8
            tried = [(0, entry) for entry in range(first, ENTRIES)]
            if dead < min(3, len(tried)):
                tried = tried[: dead + 1]
            else:
                tried = tried[:3]
                tried.append((1, 0))
            assert nor.programmed == tried, (first, dead)
            nor.programmed.clear()
            assert head.save(values(9)) and found(nor) == 9
            sector, entry = tried[-1]
            expected = (sector, entry + 1) if entry + 1 < ENTRIES else (1 - sector, 0)
            assert nor.programmed == [expected], (first, dead)


def test_what_an_earlier_time_left_never_comes_back_as_the_newest():
    for place in ((0, 0), (0, 9), (1, 0), (1, 9)):
        nor = Written()
        put(nor, place[0], place[1], 900)
        assert NorHead(nor, LAYOUT).save(values(5)) and found(nor) == 5
        assert sorted(nor.erased) == [0, 1]
    nor = Written()
    nor.rot(at(0, 0) + 3)
    nor.rot(at(1, 0) + 3)
    head = NorHead(nor, LAYOUT)
    assert head.load() is None
    assert head.save(values(1)) and sorted(nor.erased) == [0, 1] and found(nor) == 1


def test_a_memory_that_does_not_answer_holds_no_head_and_raises_nothing():
    nor = Written()
    head = NorHead(nor, LAYOUT)
    head.save(values(1))
    nor.fails = True
    assert head.save(values(2)) is False and NorHead(nor, LAYOUT).load() is None
    for number in range(2 * ENTRIES):
        assert head.save(values(number)) is False
    nor.fails = False
    assert head.save(values(70)) and found(nor) == 70
