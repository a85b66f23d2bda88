"""Ring, head and journal on memories in RAM: gap-free, rolled forward, rebuilt."""

from karez_firmware.journal import Journal
from karez_firmware.ports import fake_memory
from karez_firmware.store import devices, fram_map, head, objects, twins
from karez_firmware.store.ring import SLOTS, Ring
from karez_protocols import causes, chain, record

BINDING = b"a signed binding"
STATEMENT = {
    "kind": record.STATEMENT,
    "cause": causes.NONE,
    "covered_seq": 1,
    "covered_h": bytes(32),
    "core_digest": bytes(24),
    "config_digest": bytes(24),
    "chain": 1,
}


def memories(sectors=4):
    """NOR with room for the objects and a small ring, and FRAM."""
    nor = fake_memory.RamNor((objects.SECTORS + sectors) * devices.SECTOR)
    return nor, fake_memory.RamFram(1024), sectors


def journal(nor, fram, sectors):
    """A started journal over memories that may already hold records."""
    found = Journal(nor, fram, Ring(nor, objects.SECTORS, sectors))
    found.start(BINDING)
    return found


def fill(found, count):
    """Append `count` records; return their slots."""
    return [found.append(dict(STATEMENT), 100 + i, i, 2) for i in range(count)]


def check_chain(found, first, last, h):
    """Every slot of a range is there and follows h; return the h after it."""
    for seq in range(first, last + 1):
        slot = found.slot(seq)
        assert slot is not None and record.header(slot)["seq"] == seq, seq
        h = chain.check(h, slot)
    return h


def test_records_come_back_in_one_chain_across_sectors_and_restarts():
    nor, fram, sectors = memories()
    fill(journal(nor, fram, sectors), SLOTS + 3)
    again = journal(nor, fram, sectors)
    fill(again, SLOTS)
    h = check_chain(again, 1, 2 * SLOTS + 3, chain.genesis(1, BINDING))
    assert h == again.head["h"] and again.head["seq"] == 2 * SLOTS + 3 and not again.rolled


def test_a_slot_written_before_a_cut_is_rolled_forward():
    for count in (0, 1, SLOTS - 1, SLOTS, SLOTS + 1):
        nor, fram, sectors = memories()
        found = journal(nor, fram, sectors)
        found.save()  # the app saves the head once at every start, before the first record
        fill(found, count)
        before = fram.read(0, 1024)
        slot = fill(found, 1)[0]
        fram.write(0, before)  # the cut: NOR has the slot, FRAM does not know it
        again = journal(nor, fram, sectors)
        assert again.rolled == [slot] and again.head["seq"] == count + 1, count
        fill(again, 2)
        check_chain(again, 1, count + 3, chain.genesis(1, BINDING))


def test_a_torn_slot_is_burnt_and_the_next_one_used():
    for kept in range(1, 128, 9):
        nor, fram, sectors = memories()
        found = journal(nor, fram, sectors)
        fill(found, 3)
        # The cut leaves a prefix of slot 4 (index 4 of the first ring sector).
        at = objects.SECTORS * devices.SECTOR + 4 * 128
        nor.program(at, b"\x01\x0c\x00\x02\x04" + bytes(kept))
        again = journal(nor, fram, sectors)
        assert again.head["seq"] == 3 and not again.rolled, kept
        fill(again, 3)
        check_chain(again, 1, 6, chain.genesis(1, BINDING))


def test_a_lost_head_is_rebuilt_from_the_ring_and_says_so():
    nor, fram, sectors = memories()
    found = journal(nor, fram, sectors)
    fill(found, SLOTS + 5)
    fram.write(0, bytes(1024))
    again = journal(nor, fram, sectors)
    assert again.is_rebuilt and (again.head["seq"], again.head["h"]) == (SLOTS + 5, found.head["h"])


def test_one_damaged_copy_of_the_head_leaves_the_other():
    nor, fram, sectors = memories()
    found = journal(nor, fram, sectors)
    fill(found, 5)
    newest = (found.head["generation"] & 1) * head.COPY_SIZE
    fram.write(newest + 20, b"\x55")
    assert twins.Twins(fram, fram_map.HEAD, head.MAGIC, head.LAYOUT).load()["seq"] == 4
    again = journal(nor, fram, sectors)
    assert again.head["seq"] == 5 and len(again.rolled) == 1 and not again.is_rebuilt


def test_unconfirmed_records_are_overwritten_only_with_a_loss_record():
    nor, fram, sectors = memories(3)
    found = journal(nor, fram, sectors)
    fill(found, 3 * SLOTS)
    assert found.slot(1) is not None
    fill(found, 1)
    loss = record.decode(found.slot(3 * SLOTS + 2))
    assert (loss["kind"], loss["first_seq"], loss["last_seq"]) == (record.LOSS, 1, SLOTS)
    assert found.slot(1) is None


def test_confirmed_records_are_overwritten_in_silence():
    nor, fram, sectors = memories(3)
    found = journal(nor, fram, sectors)
    fill(found, 3 * SLOTS)
    found.head["acknowledged_seq"] = SLOTS
    fill(found, 1)
    assert found.head["seq"] == 3 * SLOTS + 1


def test_a_memory_that_takes_nothing_raises_and_decides_nothing():
    class Dead(fake_memory.RamNor):
        def program(self, at, data):
            pass

    nor = Dead((objects.SECTORS + 4) * devices.SECTOR)
    found = journal(nor, fake_memory.RamFram(1024), 4)
    try:
        fill(found, 1)
        raise AssertionError("a dead memory took a record")
    except devices.StoreFailed:
        assert found.head["seq"] == 0


def test_heads_are_known_by_seq_and_h():
    nor, fram, sectors = memories()
    found = journal(nor, fram, sectors)
    fill(found, 4)
    h = check_chain(found, 1, 3, chain.genesis(1, BINDING))
    assert found.holds(1, 3, h) is True and found.holds(1, 3, bytes(32)) is False
    assert found.holds(2, 3, h) is False and found.holds(1, 99, h) is False


def test_objects_take_turns_and_a_torn_one_leaves_the_other():
    nor, fram, sectors = memories()
    found = journal(nor, fram, sectors)
    found.head["grant_place"] = found.put_object(objects.GRANT, "grant_place", b"first")
    place = found.put_object(objects.GRANT, "grant_place", b"second")
    assert place != found.head["grant_place"] and found.object(objects.GRANT, "grant_place") == b"first"
    found.head["grant_place"] = place
    nor.program((objects.GRANT + place) * devices.SECTOR + 12, b"\0\0")
    assert found.object(objects.GRANT, "grant_place") is None
