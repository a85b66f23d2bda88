"""What mutants of the recovery showed: heads older, newer and other than the ring, by one and by far."""

from karez_firmware.store import chain_number, head, objects, recovery
from karez_firmware.store.ring import SLOTS, Ring
from karez_protocols import chain
from test_journal import BINDING, RING, check_chain, empty_ring, fill, memories, opened, pay

NUMBER, SEQ = 300, 290  # whole numbers of this size are objects of their own
LOW, HIGH = bytes(32), b"\xff" * 32


def a_box(count=SEQ, number=NUMBER, sectors=12):
    """Memories with so many records of a chain; (nor, fram, the journal that wrote them)."""
    nor, fram = memories(sectors)
    if number > 1:
        chain_number.keep(nor, number - 1)
    found = opened(nor, fram)
    assert found.head["chain"] == number
    fill(found, count)
    return nor, fram, found


def a_head(number, seq, h, **changed):
    values = head.fresh()
    values.update(chain=int(str(number)), seq=int(str(seq)), h=bytes(bytearray(h)), acknowledged_seq=3)
    values.update(changed)
    return values


def recovered(nor, values):
    """The head to go on with; `values`: the one found."""
    ring = Ring(nor, objects.SECTORS, nor.size // 4096 - objects.SECTORS)
    return recovery.head_for(nor, ring, values, BINDING, ())


def link(values):
    return values["old_chain"], values["old_seq"], values["old_h"]


def h_after(found, seq):
    h = chain.genesis(found.head["chain"], BINDING)
    for number in range(1, seq + 1):
        h = chain.check(h, found.slot(number))
    return h


def test_a_ring_that_carries_on_the_found_head_is_gone_on_with_and_any_other_is_not():
    nor, _, found = a_box()
    h, before = found.head["h"], h_after(found, SEQ - 1)
    for number, seq, at, chain_after in (
        (NUMBER, SEQ, h, NUMBER),
        (NUMBER, SEQ, LOW, NUMBER + 1),
        (NUMBER, SEQ, HIGH, NUMBER + 1),
        (NUMBER, SEQ - 1, before, NUMBER),
        (NUMBER, SEQ - 1, LOW, NUMBER + 1),
        (NUMBER, SEQ - 1, HIGH, NUMBER + 1),
        (NUMBER, SEQ - 1, h, NUMBER + 1),
        (NUMBER, 40, h_after(found, 40), NUMBER),
        (NUMBER, SEQ + 1, h, NUMBER + 1),
        (NUMBER, SEQ + 900, h, NUMBER + 1),
        (NUMBER - 1, SEQ - 1, LOW, NUMBER),
        (NUMBER - 1, SEQ, LOW, NUMBER),
        (NUMBER - 1, SEQ + 1, HIGH, NUMBER),
        (NUMBER + 1, SEQ - 1, before, NUMBER + 2),
        (NUMBER + 1, SEQ, h, NUMBER + 2),
        (NUMBER + 1, SEQ + 1, LOW, NUMBER + 2),
    ):
        after = recovered(nor, a_head(number, seq, at))
        assert after["chain"] == chain_after, (number, seq, at)
        if chain_after == NUMBER:
            assert (after["seq"], after["h"], after["owed"]) == (SEQ, h, head.OWES_REBUILT)
            assert after["acknowledged_seq"] == (3 if number == NUMBER else 0), (number, seq)
            assert (after["sector"], after["index"]) == (found.head["sector"], found.head["index"])
        else:
            assert (after["seq"], after["h"]) == (0, chain.genesis(chain_after, BINDING))
            assert after["owed"] == head.OWES_LINK and after["acknowledged_seq"] == 0
            assert link(after) == (number, seq, at[:20]), (number, seq)


def test_with_a_later_chain_begun_nothing_goes_on_and_the_link_is_to_the_last_of_all():
    nor, _, found = a_box()
    h = found.head["h"]
    chain_number.keep(nor, NUMBER + 2)
    for values in (
        None,
        a_head(NUMBER, SEQ, h),
        a_head(NUMBER, SEQ - 1, h_after(found, SEQ - 1)),
        a_head(NUMBER - 1, SEQ, h),
        a_head(NUMBER + 1, SEQ, h),
    ):
        after = recovered(nor, values)
        assert after["chain"] == NUMBER + 3 and link(after) == (NUMBER + 2, None, bytes(20))
    after = recovered(nor, a_head(NUMBER + 2, 7, HIGH))
    assert after["chain"] == NUMBER + 3 and link(after) == (NUMBER + 2, 7, HIGH[:20])


def broken(nor):
    """More of the newest sector is rotten than one torn write leaves."""
    place = RING + 9 * 4096 + 4 * 128
    for slot in (0, 1, 2):
        nor.rot(place + slot * 128 + 70)


def test_a_broken_ring_is_linked_to_what_is_known_of_the_newest_chain():
    nor, _, found = a_box()
    seq = 9 * SLOTS + 3  # before the first rotten slot
    h = h_after(found, seq)
    broken(nor)
    for kept in (NUMBER, 0):
        for values in (None, a_head(NUMBER - 1, 5, LOW), a_head(NUMBER - 1, 999, HIGH)):
            is_lost = values is None
            after = recovered(nor, values)
            assert after["chain"] == NUMBER + 1 and link(after) == (NUMBER, seq, h[:20]), kept
            assert after["owed"] == head.OWES_LINK | (head.OWES_REBUILT if is_lost else 0)
        after = recovered(nor, a_head(NUMBER, SEQ, LOW))
        assert after["chain"] == NUMBER + 1 and link(after) == (NUMBER, SEQ, LOW[:20])
        for place in (0, 1):
            nor.erase(objects.CHAIN + place)


def test_a_rebuilt_head_has_what_the_newest_record_says_of_itself():
    nor, _, found = a_box(40)
    found.head["boot"], found.head["grant_seq"] = 7, 9
    fill(found, 1)
    after = recovered(nor, None)
    assert (after["boot"], after["grant_seq"], after["seq"]) == (7, 9, 41)
    for boot, expected in ((6, 7), (8, 8)):
        after = recovered(nor, a_head(NUMBER, 40, h_after(found, 40), boot=boot, grant_seq=4))
        assert (after["boot"], after["grant_seq"]) == (expected, 9)


def test_a_sector_that_was_opened_and_got_no_record_is_rebuilt_from():
    for count in (0, SLOTS):
        nor, fram = memories(4)
        found = opened(nor, fram)
        fill(found, count)
        sector = count // SLOTS
        assert found._ring._open(sector, 1, count + 1, found.head["h"], 0)
        fram.write(0, bytes(1024))
        again = opened(nor, fram)
        assert again.is_rebuilt and not again.is_new_chain and again.head["seq"] == count
        assert (again.head["sector"], again.head["index"]) == (sector, 1)
        fill(pay(again), 2)
        check_chain(opened(nor, fram))


def test_a_sector_opened_behind_other_records_than_the_heads_is_not_gone_on_with():
    h = bytes(range(32))
    for at, chain_after in ((h, NUMBER), (LOW, NUMBER + 1), (HIGH, NUMBER + 1)):
        nor, _ = memories(4)
        chain_number.keep(nor, NUMBER)
        assert Ring(nor, objects.SECTORS, 4)._open(0, NUMBER, SEQ + 1, h, 0)
        after = recovered(nor, a_head(NUMBER, SEQ, at))
        assert after["chain"] == chain_after, at


def test_the_next_chain_begins_behind_the_newest_sector_that_is_left():
    for count, sector in (
        (1, 1),
        (SLOTS - 1, 1),
        (SLOTS, 1),
        (SLOTS + 1, 2),
        (4 * SLOTS - 1, 0),
        (4 * SLOTS, 0),
    ):
        nor, _, _ = a_box(count, sectors=4)
        after = recovered(nor, a_head(NUMBER, count, LOW))
        assert (after["sector"], after["index"]) == (sector, 0), count
    empty_ring(nor)
    for values in (None, a_head(NUMBER, 5, LOW, sector=2, index=7)):
        after = recovered(nor, values)
        assert (after["sector"], after["index"]) == (0, 0)


def test_a_chain_is_the_first_only_when_nothing_is_known_of_any():
    nor, _ = memories(4)
    after = recovered(nor, None)
    assert (after["chain"], after["seq"], after["h"], after["owed"]) == (1, 0, chain.genesis(1, BINDING), 0)
    chain_number.keep(nor, 1)
    after = recovered(nor, None)
    assert (after["chain"], after["owed"]) == (2, head.OWES_LINK | head.OWES_REBUILT)
    assert link(after) == (1, None, bytes(20))
