"""What mutants of the journal showed: what is owed, what is declared once, what nobody writes or reads."""

from karez_firmware.journal import Journal
from karez_firmware.ports.fake_memory import RamFram, RamNor
from karez_firmware.store import chain_number, devices, head, objects
from karez_firmware.store.ring import SLOTS, Ring
from karez_protocols import causes, record
from test_journal import (
    RING,
    STATEMENT,
    empty_ring,
    erased_by,
    event,
    fill,
    h_after,
    memories,
    opened,
    pay,
    prepare,
)

NUMBER = 300  # whole numbers of this size are objects of their own
INTERVAL_TAIL = (
    "voltage_a_dv", "voltage_b_dv", "voltage_c_dv", "current_a_ca", "current_b_ca", "current_c_ca",
    "level_mm", "pressure_pa",
)  # fmt: skip


def in_chain(number, count, sectors=4):
    """(nor, fram, a journal) with so many records of a chain with that number."""
    nor, fram = memories(sectors)
    chain_number.keep(nor, number - 1)
    found = pay(opened(nor, fram))
    assert found.head["chain"] == number
    fill(found, count - found.head["seq"])
    return nor, fram, found


def losses(found):
    """(first, last) of every loss record, oldest first."""
    rows = [record.decode(slot) for slot in found.backwards(9999) if slot[1] == record.LOSS]
    return [(values["first_seq"], values["last_seq"]) for values in reversed(rows)]


def reads_of(nor, act):
    """How often act() reads this memory."""
    count = [0]
    read = nor.read

    def noted(at, size):
        count[0] += 1
        return read(at, size)

    nor.read = noted
    act()
    nor.read = read
    return count[0]


# -- start ------------------------------------------------------------------------------


def test_before_its_start_a_journal_owes_nothing_and_no_saving_failed():
    nor, fram = memories()
    found = Journal(nor, fram, Ring(nor, objects.SECTORS, 4))
    assert not found.is_rebuilt and not found.is_new_chain and found.is_saved and not found.rolled


def test_a_start_of_a_sound_box_writes_nothing():
    for number in (1, NUMBER):
        nor, fram = memories()
        if number > 1:
            chain_number.keep(nor, number - 1)
        fill(pay(opened(nor, fram)), 5)
        writes = nor.mains.writes, fram.mains.writes
        again = opened(nor, fram)
        assert (nor.mains.writes, fram.mains.writes) == writes
        assert not again.is_rebuilt and not again.is_new_chain and again.is_saved


def test_a_lost_counter_alone_makes_no_head_doubtful():
    for number in (1, NUMBER):
        nor, fram = memories()
        if number > 1:
            chain_number.keep(nor, number - 1)
        fill(pay(opened(nor, fram)), 5)
        for place in (0, 1):
            nor.erase(objects.CHAIN + place)
        again = opened(nor, fram)
        assert not again.is_rebuilt and not again.is_new_chain and chain_number.highest(nor) == number


def test_a_ring_lost_when_a_sector_had_just_been_filled_begins_the_next_chain():
    nor, fram = memories()
    fill(opened(nor, fram), SLOTS)
    empty_ring(nor)
    again = opened(nor, fram)
    assert again.is_new_chain and again.head["chain"] == 2


def test_the_head_of_the_higher_generation_counts_and_a_torn_one_in_nor_does_not():
    nor, fram = memories()
    found = opened(nor, fram)
    fill(found, 2)
    fram.is_dead = True
    fill(found, 2)
    fram.is_dead = False
    again = opened(nor, fram)
    assert again.head["seq"] == 4 and not again.rolled
    again.head["start_volume_l"] = 5
    assert again.save()  # and no moment to clear NOR
    assert head.sector_in_use(nor) is not None
    assert opened(nor, fram).head["start_volume_l"] == 5
    for sector in (0, 1):
        nor.erase(objects.HEAD + sector)
    nor.program(objects.HEAD * devices.SECTOR, head.MAGIC.to_bytes(4, "little"))
    third = opened(nor, fram)
    assert third.head["start_volume_l"] == 5 and not third.is_rebuilt
    fram.write(0, bytes(1024))
    assert opened(nor, fram).is_rebuilt


def test_31_records_beyond_the_head_are_rolled_forward_and_of_32_the_head_is_rebuilt():
    for count in (31, 32):
        nor, fram = memories(6)
        found = opened(nor, fram)
        fill(found, 5)
        image = fram.copy()
        slots = fill(found, count)
        again = opened(nor, image)
        assert again.head["h"] == found.head["h"]
        assert again.is_rebuilt == (count == 32) and again.rolled == (slots if count == 31 else [])


def test_a_head_from_before_the_first_record_never_begins_the_same_numbers_again():
    for count in (1, 31, 32, 100, 4 * SLOTS - 1, 4 * SLOTS, 4 * SLOTS + 1, 9 * SLOTS + 5):
        nor, fram = memories(4)
        found = opened(nor, fram)
        image = fram.copy()
        found.head["acknowledged_seq"] = 999_999  # nothing to declare
        fill(found, count)
        again = opened(nor, image)
        assert (again.head["seq"], again.head["h"]) == (count, found.head["h"]), count
        assert again.is_rebuilt == (count > 31) and not again.is_new_chain
        assert (again.head["sector"], again.head["index"]) == (found.head["sector"], found.head["index"])
        fill(again, 3)
        assert opened(nor, image).head["h"] == again.head["h"]


def test_what_was_owed_and_stands_beyond_the_head_is_owed_no_more():
    nor, fram = memories()
    fill(opened(nor, fram), 5)
    empty_ring(nor)
    found = opened(nor, fram)
    found.head["owed"] |= head.OWES_REBUILT
    assert found.save()
    for cause, is_new_chain, is_rebuilt in (
        (causes.NONE, True, True), (causes.CHAIN_BEGUN, False, True), (causes.HEAD_REBUILT, True, False),
    ):  # fmt: skip
        other, other_fram = nor.copy(), fram.copy()
        before = other_fram.copy()
        opened(other, other_fram).append(event(cause), 1, 1, 2)
        again = opened(other, before)
        assert len(again.rolled) == 1
        assert (again.is_new_chain, again.is_rebuilt) == (is_new_chain, is_rebuilt), cause


def test_only_its_own_event_pays_what_is_owed():
    interval = dict(event(causes.NONE), kind=record.INTERVAL)
    interval.update(dict.fromkeys(INTERVAL_TAIL))
    found = opened(*memories())
    rebuilt, link = causes.HEAD_REBUILT, causes.CHAIN_BEGUN
    for cause in range(255):
        for values in (dict(STATEMENT), dict(interval), event(causes.NONE)):
            values["cause"] = cause
            found.head["owed"] = 3
            found.append(values, 1, 1, 2)
            expected = 3
            if values["kind"] == record.EVENT and cause in (rebuilt, link):
                expected = head.OWES_LINK if cause == rebuilt else head.OWES_REBUILT
            assert found.head["owed"] == expected, (values["kind"], cause)
        found.head["acknowledged_seq"] = found.head["seq"]


# -- sectors ----------------------------------------------------------------------------


def test_unconfirmed_records_go_ahead_from_slot_27_on_and_not_before():
    nor, fram = memories(3)
    found = opened(nor, fram)
    fill(found, 2 * SLOTS + 1)
    while found.head["index"] < 27:
        assert not found.prepare(1, 1, 2) and losses(found) == [], found.head["index"]
        fill(found, 1)
    assert found.prepare(1, 1, 2) and losses(found) == [(1, SLOTS)]


def test_a_loss_is_declared_once_also_when_its_sector_is_erased_only_when_it_is_needed():
    for sectors, last in ((3, 2), (NUMBER + 2, NUMBER + 1)):
        nor, fram = memories(sectors)
        found = opened(nor, fram)
        found.head["sector"] = last
        fill(found, SLOTS)  # in the last sector of the ring; then the one before it is filled
        found.head["sector"], found.head["index"] = last - 1, 0
        fill(found, 26)
        assert found.prepare(1, 1, 2) and losses(found) == [(1, SLOTS)]
        assert erased_by(nor, lambda: fill(found, 5)) == [last]  # noqa: B023 - called at once
        assert losses(found) == [(1, SLOTS)] and found.head["sector"] == last, sectors


def test_a_loss_declared_ahead_is_not_declared_again_before_its_sector_goes():
    for sectors, last in ((3, 2), (NUMBER + 2, NUMBER + 1)):
        nor, fram = memories(sectors)
        found = opened(nor, fram)
        found.head["sector"] = last
        fill(found, SLOTS)
        found.head["sector"], found.head["index"] = last - 1, 0
        fill(found, 26)
        assert erased_by(nor, lambda: prepare(found)) == [last]  # noqa: B023 - called at once
        fill(found, 6)
        assert losses(found) == [(1, SLOTS)], sectors


def test_what_cannot_be_declared_raises_nothing_and_the_record_itself_stands():
    nor, fram = memories(3)
    found = opened(nor, fram)
    fill(found, 3 * SLOTS)
    nor.bad = (RING + 2 * 128, nor.size)  # one slot is left
    slot = fill(found, 1)[0]
    assert found.head["seq"] == 3 * SLOTS + 1 and found.slot(3 * SLOTS + 1) == slot
    assert found.dead_sectors[0] == 3
    nor, fram = memories(3)
    found = opened(nor, fram)
    fill(found, 2 * SLOTS + 26)
    nor.bad = (RING, nor.size)
    assert found.prepare(1, 1, 2) and found.head["seq"] == 2 * SLOTS + 26


def test_an_idle_call_with_the_next_sector_ready_reads_nothing():
    nor, fram = memories()
    found = opened(nor, fram)
    fill(found, 1)
    prepare(found)
    assert found.save()
    assert reads_of(nor, lambda: found.prepare(1, 1, 2)) == 0


class Stubborn(RamNor):
    """NOR of which some sectors cannot be erased, though the chip answers."""

    stubborn = ()

    def erase(self, sector):
        if sector in self.stubborn:
            raise OSError(5)
        super().erase(sector)


def test_a_head_in_nor_is_cleared_only_once_fram_holds_a_newer_one():
    nor, fram = Stubborn((objects.SECTORS + 4) * devices.SECTOR), RamFram(1024)
    found = opened(nor, fram)
    fram.is_dead = True
    fill(found, 3)
    fram.is_dead = False
    again = opened(nor, fram)
    worn = {sector: nor.erases.get(sector) for sector in (objects.HEAD, objects.HEAD + 1)}
    prepare(again)
    assert {sector: nor.erases.get(sector) for sector in worn} == worn
    assert again.save()
    nor.stubborn = (objects.HEAD, objects.HEAD + 1)
    assert not again.prepare(1, 1, 2) and head.sector_in_use(nor) is not None
    nor.stubborn = ()
    assert again.save() and not again.prepare(1, 1, 2)  # tried: not again before the next start
    again = opened(nor, fram)
    assert again.save()
    assert again.prepare(1, 1, 2) is True and head.sector_in_use(nor) is None
    assert erased_by(nor, lambda: prepare(again)) == [1]  # of the ring, as ever


# -- reading ----------------------------------------------------------------------------


def test_without_a_record_of_the_chain_the_oldest_is_the_next_one():
    nor, fram = memories()
    found = opened(nor, fram)
    assert found.oldest() == 1
    fill(found, 5)
    assert found.oldest() == 1
    empty_ring(nor)
    for seq in (5, 6):
        found.head["seq"] = seq
        assert found.oldest() == seq + 1


def test_the_ring_is_full_by_whole_percents():
    found = opened(*memories(4))
    for seq in (0, 1, 2, 62, 122, 123, 124, 125, 9999):
        found.head["seq"] = 1000 + seq
        found.head["acknowledged_seq"] = 1000
        percent = found.fill_percent()
        assert percent == min(100, seq * 100 // 124) and isinstance(percent, int), seq


def test_a_head_is_held_denied_or_out_of_reach():
    _, _, found = in_chain(NUMBER, 290, 12)
    h, before = found.head["h"], None
    for seq in range(1, 290, SLOTS):
        before = h_after(found, seq - 1) if seq > 1 else before
        if seq > 1:
            assert found.holds(int("300"), seq - 1, before) is True
    low, high = bytes(32), b"\xff" * 32
    for number, seq, at, expected in (
        (NUMBER, 290, h, True), (NUMBER, 290, low, False), (NUMBER, 290, high, False),
        (NUMBER, 291, h, False), (NUMBER, 999, high, False), (NUMBER + 1, 290, h, False),
        (NUMBER + 1, 3, low, False), (NUMBER + 9, 999, high, False), (NUMBER - 1, 290, h, None),
        (NUMBER - 1, 999, h, None), (1, 1, low, None), (NUMBER, 0, low, None),
    ):  # fmt: skip
        assert found.holds(int(str(number)), int(str(seq)), at) is expected, (number, seq)


# -- objects ----------------------------------------------------------------------------


def test_an_object_is_written_beside_the_one_in_force_and_read_from_where_that_stands():
    for in_force, beside in ((head.NO_PLACE, 1), (1, 0), (0, 1)):
        nor, fram = memories()
        found = opened(nor, fram)
        for place in (0, 1):
            objects.write(nor, objects.GRANT, place, b"old %d" % place)
        found.head["grant_place"] = in_force
        assert found.object(objects.GRANT, "grant_place") == (None if in_force > 1 else b"old %d" % in_force)
        assert found.put_object(objects.GRANT, "grant_place", b"new") == beside
        assert objects.read(nor, objects.GRANT, beside) == b"new"
        assert objects.read(nor, objects.GRANT, 1 - beside) == b"old %d" % (1 - beside)
        found.head["grant_place"] = beside
        assert found.object(objects.GRANT, "grant_place") == b"new"
