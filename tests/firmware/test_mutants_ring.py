"""What mutants of the ring showed: the last slots of a sector, dead cells in rows, how often it looks."""

import binascii

from karez_firmware.ports.fake_memory import RamNor
from karez_firmware.store.devices import SECTOR, StoreFailed
from karez_firmware.store.ring import SLOTS, Ring

FIRST = 24
H = bytes(range(1, 33))
LARGE = 0x01000001  # its highest byte counts


class Noted(RamNor):
    """NOR that notes every access; `stubborn` sectors raise when erased."""

    def __init__(self, sectors):
        super().__init__(sectors * SECTOR)
        self.reads: list = []
        self.programmed: list = []
        self.erased: list = []
        self.stubborn = ()

    def forget(self):
        """Note from here on."""
        self.reads.clear()
        self.programmed.clear()
        self.erased.clear()

    def read(self, at, size):
        self.reads.append(at)
        return super().read(at, size)

    def program(self, at, data):
        self.programmed.append((at, bytes(data)))
        super().program(at, data)

    def erase(self, sector):
        self.erased.append(sector)
        if sector in self.stubborn:
            raise OSError(5)
        super().erase(sector)


def a_ring(sectors=4, first=FIRST):
    nor = Noted(first + sectors)
    return nor, Ring(nor, first, sectors)


def a_slot(seq, version=1):
    return bytes((version, 12, 0, 2)) + seq.to_bytes(4, "little") + b"\x5a" * 120


def at(sector, index):
    return (FIRST + sector) * SECTOR + index * 128


def fill(ring, count, chain=1, seq=1, place=(0, 0)):
    """Append so many slots; return the place after them."""
    for number in range(seq, seq + count):
        place = ring.append(place, chain, number, H, a_slot(number))
    return place


def looks(nor, act):
    """How often act() reads."""
    nor.reads.clear()
    act()
    return len(nor.reads)


# -- what stands where ------------------------------------------------------------------


def test_a_sector_begins_with_the_header_of_the_first_firmware():
    nor, ring = a_ring(12)
    for sector in range(12):
        assert ring.append((sector, 0), 7, LARGE, H, a_slot(LARGE)) == (sector, 2)
        header = b"KZS1" + b"\7\0\0\0" + LARGE.to_bytes(4, "little") + H + bytes(4)
        header += binascii.crc32(header).to_bytes(4, "little")
        found = nor.read((FIRST + sector) * SECTOR, SECTOR)
        assert found[:128] == header + b"\xff" * (128 - len(header)), sector
        assert found[128:256] == a_slot(LARGE) and found[256:] == b"\xff" * (SECTOR - 256), sector
        assert ring.header(sector) == {
            "magic": 0x31535A4B, "chain": 7, "first_seq": LARGE, "h_before": H, "generation": 0,
        }  # fmt: skip
    assert sorted(nor.erases) == [FIRST + sector for sector in range(12)]


def test_a_header_with_another_magic_or_crc_is_none():
    nor, ring = a_ring()
    good = b"KZS1" + bytes(4) + b"\1\0\0\0" + H + bytes(4)
    for magic in (b"KZS1", b"JZS1", b"LZS1", b"KZS0", b"KZS2", bytes(4), b"\xff" * 4):
        data = magic + good[4:]
        for more in (0, 1, -1):
            nor.erase(FIRST)
            nor.program(at(0, 0), data + (binascii.crc32(data) + more).to_bytes(4, "little"))
            assert (ring.header(0) is not None) == (magic == b"KZS1" and more == 0), (magic, more)


def test_a_sector_holds_31_slots_and_the_place_after_the_last_is_the_next_sector():
    _, ring = a_ring(2)
    assert SLOTS == 31 == SECTOR // 128 - 1
    place = (0, 0)
    for number in range(1, 2 * SLOTS + 1):
        place = ring.append(place, 1, number, H, a_slot(number))
        assert place == (number // SLOTS % 2, number % SLOTS + 1 if number % SLOTS else 0), number


# -- dead cells -------------------------------------------------------------------------


def test_two_dead_slots_are_passed_and_the_third_ends_the_use_of_a_sector():
    for index in range(SLOTS + 1):
        first = index or 1
        for dead in range(5):
            nor, ring = a_ring()
            if index:
                fill(ring, index - 1)
            nor.bad = (at(0, first), min(at(0, first + dead), at(1, 0)))
            nor.programmed.clear()
            slot = a_slot(index or 1)
            left = SLOTS + 1 - first  # slots of the sector that could take it
            after = ring.append((0, index), 1, index or 1, H, slot)
            tried = [place for place, data in nor.programmed if data == slot]
            expected = [at(0, first + step) for step in range(min(dead + 1, 3, left))]
            if dead >= min(3, left):
                expected.append(at(1, 1))
                assert after == (1, 2), (index, dead)
                assert (ring.dead, ring.last_dead) == ((1, 0) if left >= 3 else (0, None)), (index, dead)
            else:
                end = first + dead + 1
                assert after == ((0, end) if end <= SLOTS else (1, 0)), (index, dead)
                assert (ring.dead, ring.last_dead) == (0, None)
            assert tried == expected, (index, dead)


def test_three_sectors_are_tried_and_no_fourth_and_each_header_says_how_many_went_before():
    for dead in range(4):
        nor, ring = a_ring(6)
        nor.bad = (at(1, 1), at(1 + dead, 0))
        try:
            after = ring.append((1, 0), 1, 1, H, a_slot(1))
            assert dead < 3 and after == (1 + dead, 2)
            assert ring.header(1 + dead)["generation"] == dead
        except StoreFailed:
            assert dead == 3
        assert nor.erased == [FIRST + 1 + step for step in range(min(3, dead + 1))], dead
        assert ring.dead == dead and ring.last_dead == (dead or None)


def test_a_slot_that_does_not_read_back_is_made_unreadable_and_no_more_of_it():
    nor, ring = a_ring()
    fill(ring, 1)
    nor.bad = (at(0, 2) + 60, at(0, 2) + 61)
    slot = a_slot(0x7F000002)
    assert ring.append((0, 2), 1, 2, H, slot) == (0, 4)
    torn = slot[:60] + b"\xff" + slot[61:]
    assert ring.slot(0, 2) == bytes(8) + torn[8:] and ring.slot(0, 3) == slot


def test_a_sector_that_cannot_be_erased_is_not_used_though_it_reads_as_erased():
    nor, ring = a_ring()
    nor.stubborn = (FIRST,)
    assert ring.append((0, 0), 1, 1, H, a_slot(1)) == (1, 2)
    assert (ring.dead, ring.last_dead) == (1, 0) and ring.header(0) is None
    assert ring.erase(1) is True and ring.erase(0) is False


# -- erasing ----------------------------------------------------------------------------


def test_a_sector_erased_ahead_is_known_by_its_number_also_in_a_large_ring():
    nor, ring = a_ring(600)
    for sector in (1, 300, 599):
        assert ring.ahead((sector, 0)) == sector == ring.ahead((sector - 1, 5))
        assert ring.erase(int(str(sector)))
        assert ring.ahead((sector, 0)) is None and ring.ahead((sector - 1, 31)) is None
        nor.erased.clear()
        assert ring.append((sector, 0), 1, 1, H, a_slot(1)) == (sector, 2)
        assert nor.erased == [], "erased twice"
        assert ring.ahead((sector, 2)) == (sector + 1) % 600
    assert ring.ahead((599, 1)) == 0


def test_only_a_header_is_made_unreadable_before_a_sector_is_erased():
    nor, ring = a_ring()
    for before in (b"KZS1", b"JZS1", b"KZS2", bytes(4), b""):
        nor.erase(FIRST + 2)
        nor.program(at(2, 0), before)
        nor.programmed.clear()
        nor.flushes = 0
        assert ring.erase(2)
        is_header = before == b"KZS1"
        assert [place for place, _ in nor.programmed] == ([at(2, 0)] if is_header else []), before
        assert nor.flushes == (2 if is_header else 1) and nor.read(at(2, 0), 4) == b"\xff" * 4


def test_records_are_told_of_before_a_sector_is_erased_at_the_last_moment_and_not_after_one_ahead():
    nor, ring = a_ring()
    told: list = []
    ring.before_open = lambda sector: told.append((sector, list(nor.erased)))
    fill(ring, SLOTS)
    assert told == [(0, [])]
    ring.erase(1)
    fill(ring, SLOTS, seq=SLOTS + 1, place=(1, 0))
    assert told == [(0, [])]


# -- finding ----------------------------------------------------------------------------


def test_a_record_is_found_with_few_looks_wherever_the_last_one_was():
    nor, ring = a_ring(6)
    fill(ring, 5 * SLOTS)
    for seq in range(1, 5 * SLOTS + 1):  # two looks at headers and one at the slot
        expected = 5 if seq > SLOTS and seq % SLOTS == 1 else 3
        assert looks(nor, lambda: ring.find(1, seq)) == expected, seq  # noqa: B023 - called at once
        assert ring.find(1, seq) == a_slot(seq)
    for seq in range(5 * SLOTS, 0, -1):
        expected = 4 if seq < 5 * SLOTS and seq % SLOTS == 0 else 3
        assert looks(nor, lambda: ring.find(1, seq)) == expected, seq  # noqa: B023 - called at once
    for seq in (0, 5 * SLOTS + 1, 5 * SLOTS + 2, 9999):  # one look at each sector
        assert looks(nor, lambda: ring.find(1, seq)) == 6 and ring.find(1, seq) is None  # noqa: B023 - the same


def test_a_record_is_found_from_any_sector_in_any_other():
    _, ring = a_ring(7)
    fill(ring, 7 * SLOTS - 1)
    for before in range(7):
        for sector in range(7):
            assert ring.find(1, before * SLOTS + 3) is not None
            assert ring.find(1, sector * SLOTS + 5) == a_slot(sector * SLOTS + 5), (before, sector)


def test_records_of_other_chains_and_far_numbers_are_told_apart():
    _, ring = a_ring(6)
    for sector, chain, seq in ((0, 299, 40), (1, 301, 40), (2, 300, 40), (3, 300, LARGE + 40), (4, 1, 40)):
        fill(ring, 2, chain, seq, (sector, 0))
    for chain, seq, is_there in (
        (299, 40, True), (300, 40, True), (301, 41, True), (300, 42, False), (302, 40, False),
        (298, 40, False), (300, 39, False), (300, LARGE + 40, True), (300, LARGE + 41, True),
        (299, LARGE + 40, False), (300, 0xFF000028, False), (1, 40, True), (2, 40, False),
    ):  # fmt: skip
        assert ring.find(chain, seq) == (a_slot(seq) if is_there else None), (chain, seq)
    for chain, oldest in ((299, 40), (300, 40), (301, 40), (302, None), (0, None), (1, 40)):
        assert ring.oldest(chain) == oldest, chain


def test_a_record_of_another_version_or_number_is_none_and_hides_none():
    nor, ring = a_ring()
    assert fill(ring, 1, seq=LARGE + 1) == (0, 2)
    good = a_slot(LARGE + 2)
    for index, slot in ((2, a_slot(LARGE + 2, 0)), (3, a_slot(LARGE + 2, 2)), (4, a_slot(2)), (5, good)):
        nor.program(at(0, index), slot)
        assert ring.find(1, LARGE + 2) == (good if index == 5 else None), index
    nor.program(at(0, 6), a_slot(LARGE + 4))
    assert ring.find(1, LARGE + 3) is None and ring.find(1, LARGE + 4) == a_slot(LARGE + 4)


def test_a_header_that_rotted_leads_to_no_record():
    nor, ring = a_ring()
    fill(ring, 3)
    nor.rot(at(0, 0) + 20)
    assert ring.find(1, 2) is None


def test_a_search_passes_two_erased_slots_and_gives_up_at_the_third():
    nor, ring = a_ring()
    fill(ring, 1)
    for index, seq in ((4, 2), (7, 3)):  # behind two whose cells hold nothing
        nor.program(at(0, index), a_slot(seq))
    for seq, slots in ((1, 1), (2, 3), (3, 5)):
        assert ring.find(1, seq) == a_slot(seq)
        assert looks(nor, lambda: ring.find(1, seq)) == 2 + slots, seq  # noqa: B023 - called at once
    assert ring.find(1, 8) is None and looks(nor, lambda: ring.find(1, 8)) == 1 + 1 + 3 + 3
    nor.program(at(0, 8), bytes(8))  # burnt
    assert ring.find(1, 8) is None and looks(nor, lambda: ring.find(1, 8)) == 1 + 1 + 4 + 3


def test_a_record_pushed_into_the_next_sector_is_found_there_also_behind_the_last():
    nor, ring = a_ring(2)
    fill(ring, SLOTS - 1, place=(1, 0))
    nor.program(at(1, SLOTS), b"\x01\x0c\x00\x02" + bytes(60))
    ring.burn(1, SLOTS)
    assert ring.find(1, SLOTS) is None
    assert fill(ring, 1, seq=SLOTS, place=(1, SLOTS)) == (0, 2)
    assert ring.find(1, SLOTS) == a_slot(SLOTS) and ring.dead == 0


def test_the_oldest_sector_is_the_one_with_the_lowest_number_wherever_it_stands():
    for turns in range(4 * 2):
        _, ring = a_ring(4)
        fill(ring, 3 * SLOTS + turns * SLOTS + 1)
        assert ring.oldest(1) == 1 + turns * SLOTS, turns
    assert a_ring(4)[1].oldest(1) is None
