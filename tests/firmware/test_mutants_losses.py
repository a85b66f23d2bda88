"""What mutants of the loss records showed: rotten slots, one record in a sector, both ends of W."""

from karez_firmware.ports.fake_memory import RamNor
from karez_firmware.store.devices import SECTOR
from karez_firmware.store.losses import loss, unconfirmed
from karez_firmware.store.ring import SLOTS, Ring
from karez_protocols import causes, record
from test_journal import RING, STATEMENT, event, fill, memories, opened

H = bytes(range(32))


def a_slot(seq, volume_l=None, kind=record.EVENT):
    """A slot as the ring takes it; nobody here looks at its chain."""
    values = event(causes.NONE) if kind == record.EVENT else dict(STATEMENT, covered_h=b"\x07" * 32)
    values.update(seq=seq, utc_s=0, boot=0, uptime_s=0, time_state=0, grant_seq=0, volume_l=volume_l)
    return record.encode(values) + bytes(16)


def a_sector(chain, first_seq, slots):
    """A ring whose first sector holds these slots at (index, slot), opened for first_seq."""
    nor = RamNor(2 * SECTOR)
    ring = Ring(nor, 0, 2)
    after = ring.append((0, 0), chain, first_seq, H, b"\xff" * record.SLOT_SIZE)
    assert after == (0, 2)
    for index, slot in slots:
        nor.program(index * record.SLOT_SIZE, slot)
    return ring


def a_head(chain=1, seq=99, acknowledged_seq=0):
    return {"chain": chain, "seq": seq, "acknowledged_seq": acknowledged_seq}


def row(first_seq, count, volume_l=100):
    """(index, slot) of measuring records whose W grows by one."""
    return [(1 + at, a_slot(first_seq + at, volume_l + at)) for at in range(count)]


def test_a_loss_record_says_what_it_is_told_and_can_be_written():
    values = loss(3, 70_000, 5, 6)
    assert values == {
        "kind": record.LOSS, "cause": causes.NONE, "first_seq": 3, "last_seq": 70_000, "first_volume_l": 5,
        "last_volume_l": 6,
    }  # fmt: skip
    assert loss(1, 2)["first_volume_l"] is None and loss(1, 2)["last_volume_l"] is None


def test_a_sector_gives_its_first_and_last_seq_and_w_at_both_ends():
    for first, count in ((1, 1), (1, 2), (1, SLOTS), (300, 5), (0x01000001, SLOTS), (0xFFFFFF, 3)):
        ring = a_sector(1, first, row(first, count))
        head = a_head(seq=first + count - 1)
        assert unconfirmed(ring, head, 0) == (first, first + count - 1, 100, 99 + count), (first, count)


def test_a_sector_is_unconfirmed_until_its_last_record_is_acknowledged():
    for first in (1, 70_000):
        ring = a_sector(1, first, row(first, 5))
        for acknowledged, is_lost in ((0, True), (first + 3, True), (first + 4, False), (first + 90, False)):
            found = unconfirmed(ring, a_head(seq=first + 99, acknowledged_seq=acknowledged), 0)
            assert (found is not None) == is_lost, (first, acknowledged)


def test_only_a_sector_of_this_chain_that_begins_before_the_head_holds_anything_to_lose():
    for number in (5, 70_000):
        ring = a_sector(number, 40, row(40, 3))
        for chain, seq, is_lost in (
            (number, 42, True), (number, 40, True), (number, 39, False), (number, 1, False),
            (number - 1, 42, False), (number + 1, 42, False), (number - 1, 41, False),
            (number + 1, 41, False),
        ):  # fmt: skip
            assert (unconfirmed(ring, a_head(chain, seq), 0) is not None) == is_lost, (number, chain, seq)
    assert unconfirmed(ring, a_head(number), 1) is None  # it was never opened


def test_a_header_is_no_record_even_if_its_chain_has_the_number_of_one():
    ring = a_sector(43, 40, row(40, 2))
    assert ring.append((1, 0), 43, 42, H, a_slot(42, 900)) == (1, 2)
    assert unconfirmed(ring, a_head(43), 0) == (40, 41, 100, 101)
    assert unconfirmed(ring, a_head(43), 1) == (42, 42, 900, 900)


def test_erased_and_burnt_slots_between_records_hide_none_behind_them():
    burnt = a_slot(4, 900)
    burnt = bytes(8) + burnt[8:]
    slots = [(1, a_slot(1, 10)), (3, burnt), (4, a_slot(2, 20)), (8, a_slot(3, 30)), (SLOTS, a_slot(4, 40))]
    assert unconfirmed(a_sector(1, 1, slots), a_head(), 0) == (1, 4, 10, 40)
    # A head that has acknowledged nothing, and a sector in which nothing ever stood.
    assert unconfirmed(a_sector(1, 1, [(1, burnt)]), a_head(), 0) is None
    assert unconfirmed(a_sector(1, 1, []), a_head(), 0) is None


def test_a_rotten_number_claims_no_record_of_another_sector():
    for seq in (9, 10 + SLOTS, 0x80000000, 0xFFFFFFFE):
        slots = row(10, 4)
        slots.append((5, a_slot(seq, 777)))
        assert unconfirmed(a_sector(1, 10, slots), a_head(), 0) == (10, 13, 100, 103), seq
    slots = row(10, 4)
    slots.append((SLOTS, a_slot(9 + SLOTS, 777)))
    assert unconfirmed(a_sector(1, 10, slots), a_head(), 0) == (10, 9 + SLOTS, 100, 777)


def test_only_measuring_kinds_tell_a_w_and_a_rotten_one_tells_none():
    statement = a_slot(1, kind=record.STATEMENT)
    assert unconfirmed(a_sector(1, 1, [(1, statement)]), a_head(), 0) == (1, 1, None, None)
    for at in range(80, 84):  # the reserved bytes of what every measuring kind carries
        rotten = a_slot(2, 555)
        rotten = rotten[:at] + b"\x01" + rotten[at + 1 :]
        for before, after, expected in (
            (statement, statement, (1, 2, None, None)),
            (a_slot(1, 10), statement, (1, 2, 10, 10)),
            (a_slot(1, 10), a_slot(3, 30), (1, 3, 10, 30)),
            (statement, a_slot(3, 30), (1, 3, 30, 30)),
        ):
            ring = a_sector(1, 1, [(1, before), (2, rotten), (3, after)])
            assert unconfirmed(ring, a_head(), 0) == expected, (at, expected)
    unknown = [(1, a_slot(1, None)), (2, a_slot(2, 0)), (3, a_slot(3, 9))]
    assert unconfirmed(a_sector(1, 1, unknown), a_head(), 0) == (1, 3, 0, 9)


def test_a_record_that_rotted_before_anybody_had_it_does_not_stop_the_journal():
    for at in (0, 1, 4, 7, 80, 83, 127):
        nor, fram = memories(3)
        found = opened(nor, fram)
        found.append(event(causes.NONE), 1, 1, 2)
        fill(found, 2 * SLOTS - 1)
        nor.rot(RING + record.SLOT_SIZE + at)
        fill(found, SLOTS + 1)
        lost = record.decode(found.slot(found.head["seq"]))
        assert (lost["kind"], lost["first_seq"], lost["last_seq"]) == (record.LOSS, 1, SLOTS), at
