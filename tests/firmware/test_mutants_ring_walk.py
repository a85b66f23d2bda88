"""What mutants of the walk showed: slots that fit by half, dead cells in rows, the ends of a sector."""

from karez_firmware.store import ring_walk
from karez_firmware.store.ring import SLOTS
from karez_firmware.store.ring_walk import DAMAGED, LOST, WHOLE
from karez_protocols import chain
from test_journal import RING, check_chain, fill, memories, opened, pay
from test_mutants_ring import a_ring, at

NUMBER = 300  # whole numbers of this size are objects of their own
LARGE = 0x01000010  # its highest byte counts
H = bytes(range(1, 33))
LOW, HIGH = bytes(32), b"\xff" * 32


def sealed(seq, h, version=1):
    """(slot, h after it) of a record that follows h."""
    return chain.seal(h, bytes((version, 12, 0, 2)) + seq.to_bytes(4, "little") + b"\x5a" * 104)


class Chain:
    """Records of one chain, appended to a ring; it knows every h."""

    def __init__(self, ring, seq=0, number=NUMBER, place=(0, 0)):
        self.ring, self.number, self.seq, self.place = ring, number, seq, place
        self.h = {seq: H}

    def fill(self, count):
        for _ in range(count):
            slot, h = sealed(self.seq + 1, self.h[self.seq])
            self.place = self.ring.append(self.place, self.number, self.seq + 1, self.h[self.seq], slot)
            self.seq += 1
            self.h[self.seq] = h
            self.ring._nor.forget()  # MicroPython's heap is small
        return self

    def head(self, **changed):
        values = {"chain": int(str(self.number)), "seq": self.seq, "h": bytes(bytearray(self.h[self.seq]))}
        values["sector"], values["index"] = self.place
        values.update(changed)
        return values


def followed(ring, one, seq, place, found=None):
    return ring_walk.follow(ring, int(str(one.number)), seq, bytes(bytearray(one.h[seq])), place, found)


# -- following --------------------------------------------------------------------------


def test_only_a_slot_of_this_version_with_the_next_number_carries_the_chain_on():
    for seq in (0, NUMBER, LARGE, 0x00FFFFFE):
        for number, version, fits in (
            (seq + 1, 1, True), (seq + 1, 0, False), (seq + 1, 2, False), (seq + 2, 1, False),
            (seq, 1, False), ((seq + 1) ^ 0x40000000, 1, False), (seq + 1 + 0x01000000, 1, False),
            (seq + 2, 2, False),
        ):  # fmt: skip
            nor, ring = a_ring()
            one = Chain(ring, seq)
            slot, h = sealed(number, H, version)
            nor.program(at(0, 3), slot)
            found: list = []
            after = followed(ring, one, seq, (0, 3), found)
            expected = (seq + 1, h, (0, 4)) if fits else (seq, H, (0, 4))
            assert after == expected and found == ([slot] if fits else []), (seq, number, version)
            assert ring.slot(0, 3) == (slot if fits else bytes(8) + slot[8:])


def test_a_walk_ends_three_erased_slots_behind_the_last_and_looks_no_further():
    nor, ring = a_ring(6)
    one = Chain(ring).fill(3)
    nor.reads.clear()
    assert followed(ring, one, 3, (0, 4)) == (3, one.h[3], (0, 4))
    # Three slots, and the headers of three sectors.
    assert nor.reads == [at(0, 4), at(0, 5), at(0, 6), at(1, 0), at(2, 0), at(3, 0)]


def test_a_walk_passes_two_erased_slots_again_and_again():
    nor, ring = a_ring()
    one = Chain(ring).fill(1)
    for index in (4, 7, 10):
        slot, one.h[one.seq + 1] = sealed(one.seq + 1, one.h[one.seq])
        one.seq += 1
        nor.program(at(0, index), slot)
    nor.reads.clear()
    assert followed(ring, one, 1, (0, 2)) == (4, one.h[4], (0, 11))
    looked = [(place - at(0, 0)) // 128 for place in nor.reads if place < at(1, 0)]
    assert sorted(set(looked)) == list(range(2, 14)), looked
    slot, _ = sealed(5, one.h[4])
    nor.program(at(0, 14), slot)  # behind three: nothing that was ever written there
    assert followed(ring, one, 1, (0, 2))[0] == 4


def test_behind_the_head_what_fits_is_programmed_once_more_and_the_rest_made_unreadable():
    for index in (2, 3):
        nor, ring = a_ring()
        one = Chain(ring).fill(index - 1)
        torn = b"\x01\x0c" + b"\x33" * 126
        nor.program(at(0, index), torn)
        slot, h = sealed(one.seq + 1, one.h[one.seq])
        nor.program(at(0, index + 1), slot)
        nor.programmed.clear()
        assert followed(ring, one, one.seq, (0, index)) == (one.seq + 1, h, (0, index + 2))
        assert nor.programmed == [(at(0, index), bytes(8)), (at(0, index + 1), slot)]
        assert ring.slot(0, index) == bytes(8) + torn[8:]


def test_a_chain_goes_on_in_a_sector_opened_for_just_its_next_record():
    for seq in (SLOTS, NUMBER):
        for number, first_seq, h, is_next in (
            (NUMBER, seq + 1, H, True), (NUMBER - 1, seq + 1, H, False), (NUMBER + 1, seq + 1, H, False),
            (NUMBER, seq, H, False), (NUMBER, seq + 2, H, False), (NUMBER, seq + 1, LOW, False),
            (NUMBER, seq + 1, HIGH, False),
        ):  # fmt: skip
            for steps in range(4):
                nor, ring = a_ring(6)
                one = Chain(ring, seq)
                assert ring._open(2 + steps, number, first_seq, h, 0)
                slot, after = sealed(seq + 1, H)
                nor.program(at(2 + steps, 1), slot)
                nor.programmed.clear()
                expected = (seq, H, (2, 0))
                if is_next and steps < 3:
                    expected = (seq + 1, after, (2 + steps, 2))
                assert followed(ring, one, seq, (2, 0)) == expected, (number, first_seq, h, steps)
                headers = [place for place, _ in nor.programmed if place == at(2 + steps, 0)]
                assert len(headers) == (is_next and steps < 3), "the header is programmed once more"


def test_a_walk_goes_through_every_sector_and_remembers_32_records_at_most():
    for sectors in (4, 5):
        for count in (0, 1, 30, 31, 32, 62, 63, sectors * SLOTS - 1, sectors * SLOTS):
            _, ring = a_ring(sectors)
            one = Chain(ring).fill(count)
            found: list = []
            assert followed(ring, one, 0, (0, 0), found) == (count, one.h[count], one.place), count
            assert found == [ring.find(NUMBER, seq) for seq in range(1, min(count, 32) + 1)], count
    assert ring_walk.ROLLED_MAX == 31


def test_the_place_after_a_walk_is_the_next_slot_or_the_next_sector():
    for count in range(1, SLOTS + 2):
        _, ring = a_ring()
        one = Chain(ring).fill(count)
        expected = (0, count + 1) if count < SLOTS else (1, 0) if count == SLOTS else (1, 2)
        assert followed(ring, one, 0, (0, 1))[2] == expected, count


# -- the newest -------------------------------------------------------------------------


def test_the_newest_sector_is_found_wherever_it_stands():
    for turns in range(8):
        _, ring = a_ring(4)
        one = Chain(ring).fill(turns * SLOTS + 5)
        assert ring_walk.newest(ring) == (NUMBER, one.seq, one.h[one.seq], one.place, False), turns
    for sector in range(4):
        _, ring = a_ring(4)
        one = Chain(ring, 40, place=(sector, 0)).fill(2)
        assert ring_walk.newest(ring) == (NUMBER, 42, one.h[42], (sector, 3), False), sector
    assert ring_walk.newest(a_ring(4)[1]) is None


def test_the_higher_chain_counts_before_the_number_and_that_before_the_generation():
    for rows, newest in (
        (((NUMBER, 50, 0), (NUMBER + 1, 1, 0)), 1), (((NUMBER + 1, 1, 0), (NUMBER, 50, 0)), 0),
        (((NUMBER, 50, 0), (NUMBER, 51, 0)), 1), (((NUMBER, 51, 0), (NUMBER, 50, 2)), 0),
        (((NUMBER, 50, 1), (NUMBER, 50, 0)), 0), (((NUMBER, 50, 0), (NUMBER, 50, 1)), 1),
        (((NUMBER, 50, 1), (NUMBER, 50, 2), (NUMBER, 50, 0)), 1), (((1, 1, 0), (2, 1, 0), (1, 9, 0)), 1),
    ):  # fmt: skip
        _, ring = a_ring(4)
        for sector, (number, first_seq, generation) in enumerate(rows):
            assert ring._open(sector, number, first_seq, H, generation)
        expected = (rows[newest][0], rows[newest][1] - 1, H, (newest, 1), False)
        assert ring_walk.newest(ring) == expected, rows
        assert ring.header(newest) is not None


def test_behind_the_end_burnt_slots_mean_nothing_and_one_torn_one_is_burnt():
    for count in (1, 2):
        for burnt in range(4):
            for torn in range(4):
                nor, ring = a_ring()
                one = Chain(ring).fill(count)
                for index in range(burnt):
                    nor.program(at(0, count + 1 + index), bytes(8) + b"\x44" * 120)
                first = count + 1 + burnt
                bad = b"\x01\x0c\x00\x02" + b"\x09" * 124
                for index in range(torn):
                    nor.program(at(0, first + index), bad)
                after = ring_walk.newest(ring)
                assert after[:3] == (NUMBER, count, one.h[count]) and after[4] == (torn > 1), (burnt, torn)
                assert after[3] == (0, first + torn)
                for index in range(torn):
                    expected = bytes(8) + bad[8:] if torn == 1 else bad
                    assert ring.slot(0, first + index) == expected, (burnt, torn)


def test_a_torn_slot_before_a_record_that_fits_is_nothing_broken():
    nor, ring = a_ring()
    one = Chain(ring).fill(1)
    nor.program(at(0, 2), b"\x09" * 128)
    nor.program(at(0, 3), b"\x09" * 128)
    one.place = (0, 4)
    one.fill(1)
    assert ring_walk.newest(ring) == (NUMBER, 2, one.h[2], (0, 5), False)
    assert ring.slot(0, 2) == b"\x09" * 128


# -- what the head names ----------------------------------------------------------------


def test_the_three_answers_of_reaches_are_three():
    assert (LOST, WHOLE, DAMAGED) == (0, 1, 2)


def test_a_head_is_whole_where_its_record_stands_and_lost_where_nothing_does():
    for count in (1, 2, 3, 30, 31, 32, 33, 61, 62, 63, 92, 93, 94):
        for first in (0, NUMBER, LARGE):
            _, ring = a_ring(3)  # the ring ends with the memory
            one = Chain(ring, first).fill(count)
            assert ring_walk.reaches(ring, one.head()) == WHOLE, (count, first)
            for changed in ({"chain": NUMBER - 1}, {"chain": NUMBER + 1}):
                assert ring_walk.reaches(ring, one.head(**changed)) == LOST, (count, changed)
            if one.place[1]:
                later = one.head(seq=one.seq + 1, index=one.place[1] + 1)
                assert ring_walk.reaches(ring, later) == LOST, count
    _, ring = a_ring(2)
    assert ring_walk.reaches(ring, Chain(ring).fill(0).head(seq=5, index=6)) == LOST


def test_a_newest_record_that_is_not_as_it_was_written_is_damaged():
    for count, first in ((1, 0), (2, 0), (31, 0), (62, 0), (5, NUMBER), (31, NUMBER), (6, LARGE)):
        nor, ring = a_ring(2)
        one = Chain(ring, first).fill(count)
        sector, index = (count - 1) // SLOTS, (count - 1) % SLOTS + 1
        for byte in (4, 5, 6, 7, 112, 127):
            for bit in range(8):
                nor.rot(at(sector, index) + byte, bit)
                assert ring_walk.reaches(ring, one.head()) == DAMAGED, (count, byte, bit)
                nor.rot(at(sector, index) + byte, bit)
        for h in (LOW, HIGH):
            assert ring_walk.reaches(ring, one.head(h=h)) == DAMAGED
        assert ring_walk.reaches(ring, one.head()) == WHOLE


def test_the_newest_record_is_found_before_slots_that_were_burnt_behind_it():
    for burnt in range(1, 4):
        nor, ring = a_ring(2)
        one = Chain(ring).fill(3)
        for index in range(burnt):
            nor.program(at(0, 4 + index), bytes(8))
        assert ring_walk.reaches(ring, one.head(index=4 + burnt)) == WHOLE
        assert ring_walk.reaches(ring, one.head(index=4 + burnt, h=LOW)) == DAMAGED
    assert ring_walk.reaches(ring, one.head(index=31)) == WHOLE
    assert ring_walk.reaches(ring, one.head(index=31, h=LOW)) == LOST


def test_a_sector_opened_for_the_next_record_must_name_the_heads_h():
    for seq in (1, 2, 30, 31, NUMBER, NUMBER + 1, LARGE):
        _, ring = a_ring(2)
        one = Chain(ring, seq)
        assert ring._open(0, NUMBER, seq + 1, H, 0)
        for h, state in ((H, WHOLE), (LOW, LOST), (HIGH, LOST)):
            assert ring_walk.reaches(ring, one.head(sector=0, index=1, h=bytes(bytearray(h)))) == state
        for other in (seq - 1, seq + SLOTS + 1, seq + 99):
            assert ring_walk.reaches(ring, one.head(sector=0, index=1, seq=other)) == LOST, (seq, other)


def test_an_older_image_of_a_sector_that_is_full_is_lost_and_not_damaged():
    _, ring = a_ring(2)
    one = Chain(ring, NUMBER).fill(SLOTS)
    for seq in (NUMBER + SLOTS + 1, NUMBER + SLOTS + 2, NUMBER + 999, NUMBER, NUMBER - 5):
        for index in (2, 20, 31):
            head = one.head(seq=seq, h=H if seq == NUMBER - 5 else LOW, sector=0, index=index)
            assert ring_walk.reaches(ring, head) == LOST, (seq, index)


# -- at a start -------------------------------------------------------------------------


def test_two_starts_that_tore_a_record_each_leave_a_ring_to_rebuild_from():
    nor, fram = memories()
    found = opened(nor, fram)
    fill(found, 9)
    for index in (10, 11):
        nor.program(RING + index * 128, b"\x01\x0c\x00\x02\x0a" + bytes(60))
        assert opened(nor, fram).head["seq"] == 9
    fram.write(0, bytes(1024))
    again = opened(nor, fram)
    assert again.is_rebuilt and not again.is_new_chain and again.head["seq"] == 9
    fill(pay(again), 3)
    check_chain(opened(nor, fram))
