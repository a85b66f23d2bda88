"""What the journal survives: a dead FRAM, a lost head, a lost ring, and the mains going at any write."""

from karez_firmware.journal import Journal, loss
from karez_firmware.ports.fake_memory import MODES, Mains, PowerCut, RamFram, RamNor
from karez_firmware.store import chain_number, devices, head, objects
from karez_firmware.store.ring import SLOTS, Ring
from karez_protocols import causes, chain, record

BINDING = b"a signed binding"
RING = objects.SECTORS * devices.SECTOR
STATEMENT = {
    "kind": record.STATEMENT,
    "cause": causes.NONE,
    "covered_seq": 1,
    "covered_h": bytes(32),
    "core_digest": bytes(24),
    "config_digest": bytes(24),
    "chain": 1,
}
MEASURED = {
    "segment": 1, "method": 1, "pump": 0, "water_raw": bytes(8), "energy_raw": bytes(8), "water_age_ds": 0,
    "energy_age_ds": 0, "volume_l": 0, "held_l": 0, "energy_wh": 0, "flow_lph": 0, "power_w": 0, "status": 0,
    "meters": 0, "alarms": 0,
}  # fmt: skip

LINK = bytes((record.EVENT, causes.CHAIN_BEGUN))
COUNT = [0]  # records ever written here


def memories(sectors=4):
    return RamNor((objects.SECTORS + sectors) * devices.SECTOR), RamFram(1024)


def opened(nor, fram):
    """A started journal over these memories."""
    sectors = nor.size // devices.SECTOR - objects.SECTORS
    found = Journal(nor, fram, Ring(nor, objects.SECTORS, sectors))
    found.start(BINDING)
    return found


def event(cause, subject=0, detail=bytes(24)):
    values = dict(MEASURED)
    values.update(kind=record.EVENT, cause=cause, subject=subject, detail=detail)
    return values


def pay(found):
    """What every start of the app owes; the link first."""
    if found.is_new_chain:
        found.append(event(causes.CHAIN_BEGUN, *found.link()), 1, 1, 2)
    if found.is_rebuilt:
        found.append(event(causes.HEAD_REBUILT), 1, 1, 2)
    return found


def fill(found, count):
    """Append so many records; return their slots. No two records anywhere are alike."""
    slots = []
    for _ in range(count):
        COUNT[0] += 1
        slots.append(found.append(dict(STATEMENT, covered_seq=COUNT[0]), 100, 1, 2))
    return slots


def prepare(found):
    """As the idle app does it; return the calls that wrote something."""
    calls = 0
    while found.prepare(100, 1, 2):
        calls += 1
        assert calls < 6, "it never ends"
    return calls


def check_chain(found, first=1, h=None):
    """Every record from `first` to the head follows the one before."""
    h = chain.genesis(found.head["chain"], BINDING) if h is None else h
    for seq in range(first, found.head["seq"] + 1):
        slot = found.slot(seq)
        assert slot is not None and record.header(slot)["seq"] == seq, "%d of %d" % (seq, found.head["seq"])
        h = chain.check(h, slot)
    assert h == found.head["h"]


def kinds(found):
    return [(slot[1], slot[2]) for slot in found.backwards(99)]


def at_every_cut(nor, fram, act, check, few=False):
    """Call check(nor, fram, mode) on what a cut at each write of act(nor, fram) leaves; return how many.

    `few`: not all modes at each write, but in turn.
    """
    found = [0]

    def on_write(memory, name, arguments):
        found[0] += 1
        for mode in MODES[found[0] % len(MODES) :][:1] if few else MODES:
            rest = {"nor": nor.copy(), "fram": fram.copy()}
            target = rest[memory]
            target.mains = Mains(1, 50, mode=mode, seed=found[0])
            try:
                getattr(target, name)(*arguments)
                raise AssertionError("no cut")
            except PowerCut:
                target.mains = Mains()
            try:
                check(rest["nor"], rest["fram"], mode)
            except Exception:  # say which write it was, and fail all the same
                print("write %d: %s.%s, mode %d" % (found[0], memory, name, mode))
                raise

    nor.mains = fram.mains = Mains(on_write=on_write)
    act(nor, fram)
    nor.mains = fram.mains = Mains()
    return found[0]


class Archive:
    """What a gateway has of a controller: one record for each chain and seq."""

    def __init__(self):
        self._slots = {}

    def copy(self):
        other = Archive()
        other._slots = dict(self._slots)
        return other

    def take(self, found):
        """Every record that can be read; two different ones with one number are a fork."""
        number = found.head["chain"]
        for seq in range(found.oldest(), found.head["seq"] + 1):
            slot = found.slot(seq)
            assert slot is not None, "record %d is missing" % seq
            before = self._slots.setdefault((number, seq), slot)
            assert before == slot, "two records %d/%d" % (number, seq)
        return self


# -- FRAM -------------------------------------------------------------------------------


def test_with_fram_dead_the_head_goes_on_in_nor_and_over_restarts():
    for fault in ("is_dead", "fails"):
        nor, fram = memories()
        found = opened(nor, fram)
        fill(found, 3)
        assert not found.is_fram_dead
        setattr(fram, fault, True)
        fill(found, 2)
        assert found.is_fram_dead and found.is_saved
        again = opened(nor, fram)
        assert again.head["seq"] == 5 and not again.rolled and not again.is_rebuilt and not again.is_new_chain
        fill(again, 2 * SLOTS)
        third = opened(nor, fram)
        assert third.head["seq"] == 5 + 2 * SLOTS and not third.is_rebuilt
        check_chain(third)


def test_a_box_without_fram_begins_and_goes_on():
    nor, fram = memories()
    fram.fails = True
    fill(opened(nor, fram), 5)
    again = opened(nor, fram)
    assert (again.head["chain"], again.head["seq"]) == (1, 5) and not again.is_rebuilt
    check_chain(again)


def test_with_fram_dead_only_records_write_the_head():
    nor, fram = memories()
    found = opened(nor, fram)
    fram.is_dead = True
    assert found.save() and found.is_fram_dead  # this one found out, and went to NOR
    writes = nor.mains.writes
    for _ in range(100):
        assert found.save()
    assert nor.mains.writes == writes
    fill(found, 3 * SLOTS)
    worn = [nor.erases.get(objects.HEAD + place, 0) for place in (0, 1)]
    assert abs(worn[0] - worn[1]) <= 1 and sum(worn) <= 3 * SLOTS // 10 + 2, worn


def test_a_cut_at_every_write_with_fram_dead_leaves_every_record_and_one_head():
    nor, fram = memories()
    found = opened(nor, fram)
    fill(found, 2)
    archive = Archive().take(found)
    done = []

    def act(nor, fram):
        fram.is_dead = True
        for _ in range(25):
            done.extend(fill(found, 1))

    def check(nor, fram, mode):
        fram.is_dead = True
        again = pay(opened(nor, fram))
        assert not again.is_rebuilt and not again.is_new_chain and again.is_saved
        assert 2 + len(done) <= again.head["seq"] <= 3 + len(done)
        fill(again, 1)
        assert again.is_fram_dead
        check_chain(again)
        archive.copy().take(again)
        assert opened(nor, fram).head["seq"] == again.head["seq"]

    assert at_every_cut(nor, fram, act, check, few=True) > 60


def test_when_fram_is_well_again_the_newer_head_counts_and_the_old_one_never_comes_back():
    nor, fram = memories(6)
    found = opened(nor, fram)
    fill(found, 2)
    fram.is_dead = True
    fill(found, 7)
    fram.is_dead = False
    again = opened(nor, fram)
    assert again.head["seq"] == 9 and again.save() and not again.is_fram_dead
    prepare(again)
    assert head.sector_in_use(nor) is None
    fill(again, 2 * SLOTS)
    fram.write(0, bytes(1024))
    third = opened(nor, fram)
    assert third.is_rebuilt and third.head["seq"] == 9 + 2 * SLOTS
    check_chain(third)
    # And FRAM dies once more: what half an erase left of the first time stays unknown.
    fram.is_dead = True
    fill(third, 3)
    fourth = opened(nor, fram)
    assert fourth.head["seq"] == 12 + 2 * SLOTS and not fourth.is_new_chain


def test_an_old_head_left_in_nor_does_not_bend_the_chain():
    nor, fram = memories(6)
    found = opened(nor, fram)
    fram.is_dead = True
    fill(found, 4)
    fram.is_dead = False
    again = opened(nor, fram)
    archive = Archive()
    fill(again, 3 * SLOTS)  # and no moment to clear NOR
    archive.take(again)
    fram.write(0, bytes(1024))
    third = opened(nor, fram)
    assert third.is_rebuilt and third.head["seq"] == again.head["seq"] and third.head["h"] == again.head["h"]
    fill(third, 2)
    archive.take(third)


def test_with_both_places_of_the_head_dead_the_records_still_stand():
    nor, fram = memories(6)
    found = opened(nor, fram)
    fill(found, 2)
    fram.is_dead = True
    nor.bad = (objects.HEAD * devices.SECTOR, (objects.HEAD + 2) * devices.SECTOR)
    fill(found, 5)
    assert not found.is_saved and found.is_fram_dead
    again = opened(nor, fram)
    assert again.head["seq"] == 7 and len(again.rolled) == 5
    fill(again, 3 * SLOTS)
    third = opened(nor, fram)
    assert third.is_rebuilt and third.head["seq"] == 7 + 3 * SLOTS and not third.rolled
    check_chain(third)


def test_a_value_that_no_head_holds_is_said_and_raises_nothing():
    found = opened(*memories())
    found.head["start_volume_l"] = -1
    assert found.save() is False and not found.is_saved and not found.is_fram_dead
    found.head["start_volume_l"] = 0
    assert found.save() and found.is_saved


# -- sectors ----------------------------------------------------------------------------


def erased_by(nor, act):
    """The sectors of the ring erased while act() ran."""
    before = dict(nor.erases)
    act()
    return [
        sector - objects.SECTORS
        for sector in sorted(nor.erases)
        if nor.erases[sector] > before.get(sector, 0) and sector >= objects.SECTORS
    ]


def test_the_next_sector_is_erased_ahead_and_a_record_then_waits_for_no_erase():
    nor, fram = memories()
    found = opened(nor, fram)
    fill(found, 1)
    assert erased_by(nor, lambda: prepare(found)) == [1]
    assert prepare(found) == 0
    assert erased_by(nor, lambda: fill(found, SLOTS)) == []
    assert erased_by(nor, lambda: prepare(found)) == [2]
    # A new run does not trust what an earlier one erased.
    again = opened(nor, fram)
    assert erased_by(nor, lambda: prepare(again)) == [2]
    assert erased_by(nor, lambda: fill(again, SLOTS)) == []


def test_without_an_idle_moment_the_sector_is_erased_when_it_is_needed():
    nor, fram = memories()
    found = opened(nor, fram)
    assert erased_by(nor, lambda: fill(found, SLOTS + 1)) == [0, 1]


def test_unconfirmed_records_are_declared_lost_before_their_sector_goes_ahead():
    nor, fram = memories(3)
    found = opened(nor, fram)
    fill(found, 2 * SLOTS + 5)
    assert prepare(found) == 0, "too early"
    reads = []
    read, nor.read = nor.read, lambda at, size: reads.append(at) or bytes(size)
    assert prepare(found) == 0 and len(reads) < 3, "an idle box reads the sector again and again"
    nor.read = read
    fill(found, 23)
    assert found.slot(1) is not None
    assert found.prepare(1, 1, 2) and found.slot(1) is not None
    lost = record.decode(found.slot(found.head["seq"]))
    assert (lost["kind"], lost["first_seq"], lost["last_seq"]) == (record.LOSS, 1, SLOTS)
    assert found.prepare(1, 1, 2) and found.slot(1) is None and not found.prepare(1, 1, 2)
    fill(found, SLOTS)
    check_chain(found, SLOTS + 1, h_after(found, SLOTS))
    losses = [record.decode(slot) for slot in found.backwards(99) if slot[1] == record.LOSS]
    assert [one["first_seq"] for one in losses] == [1]


def h_after(found, seq):
    """The chain value before the oldest record that the ring holds, from its sector's header."""
    for sector in range(found._ring.sectors):
        header = found._ring.header(sector)
        if header and header["first_seq"] == seq + 1:
            return header["h_before"]
    raise AssertionError("no sector begins there")


def check_ring(found):
    """Whatever the ring says it holds is there; what is below is declared lost or was confirmed."""
    oldest = found.oldest()
    check_chain(found, oldest, h_after(found, oldest - 1))
    declared = [False] * oldest
    for slot in found.backwards(999):
        if slot[1] == record.LOSS:
            values = record.decode(slot)
            for seq in range(values["first_seq"], min(values["last_seq"] + 1, oldest)):
                declared[seq] = True
    assert all(declared[found.head["acknowledged_seq"] + 1 : oldest]), "lost and not declared"


def test_a_loss_that_the_gateways_asking_has_shown_is_owed_over_a_restart_and_a_failed_write():
    nor, fram = memories(3)
    found = opened(nor, fram)
    fill(found, 2 * SLOTS)
    found.head["acknowledged_seq"] = 2 * SLOTS
    fill(found, SLOTS + 5)
    found.head["acknowledged_seq"] = 7
    found.owe_loss()
    found.save()
    again = opened(nor, fram)
    ring_append, left = again._ring.append, [1]

    def once(*arguments):
        if not left[0]:
            raise devices.StoreFailed("worn")
        left[0] -= 1
        return ring_append(*arguments)

    again._ring.append = once
    fill(again, 1)  # this record, and no loss behind it
    again._ring.append = ring_append
    fill(again, 2)
    check_ring(again)
    kinds = [slot[1] for slot in again.backwards(4)]
    assert kinds[1] == record.LOSS and kinds.count(record.LOSS) == 1
    assert not again.head["owed"] and again.head["acknowledged_seq"] == 7


def test_a_cut_at_every_write_while_sectors_are_erased_ahead_and_used():
    nor, fram = memories(3)
    found = opened(nor, fram)
    fill(found, 3 * SLOTS - 6)
    archive = Archive()

    def act(nor, fram):
        for _ in range(10):
            prepare(found)
            archive.take(found)
            fill(found, 1)

    def check(nor, fram, mode):
        for _ in range(2):
            again = opened(nor, fram)
            assert not again.is_new_chain and not again.is_rebuilt
            assert again.head["seq"] >= found.head["seq"]
            archive.copy().take(again)
            fill(again, 1)
            # As the app does: a cut between a sector's end and its loss record is made good.
            first = again.head["acknowledged_seq"] + 1
            if again.oldest() > first:
                again.append(loss(first, again.oldest() - 1), 1, 1, 2)
            prepare(again)
            fill(again, SLOTS)
            check_ring(again)

    assert at_every_cut(nor, fram, act, check, few=True) > 20


def test_a_sector_that_goes_loses_its_header_before_its_records():
    # Else one cut in the middle of its erasing could pass for whole, and hide what is lost.
    nor, fram = memories(3)
    found = opened(nor, fram)
    found.head["acknowledged_seq"] = 999_999
    headers = []

    def on_write(memory, name, arguments):
        if name == "erase":
            headers.append(found._ring.header(arguments[0] - objects.SECTORS))

    fill(found, 2 * SLOTS + 5)
    nor.mains = Mains(on_write=on_write)
    prepare(found)
    fill(found, 3 * SLOTS)
    assert headers == [None] * 3


def test_three_dead_sectors_are_a_store_that_failed_and_each_is_counted():
    nor, fram = memories(6)
    found = opened(nor, fram)
    fill(found, SLOTS)
    nor.bad = (RING + devices.SECTOR, RING + 2 * devices.SECTOR)
    fill(found, 1)
    assert found.dead_sectors == (1, 1)
    check_chain(opened(nor, fram))
    nor.bad = (RING, nor.size)
    before = dict(found.head)
    for _ in range(2):
        try:
            fill(found, 1)
            raise AssertionError("a dead memory took a record")
        except devices.StoreFailed:
            assert (found.head["seq"], found.head["h"]) == (before["seq"], before["h"])
    nor.bad = (0, 0)
    fill(found, 2)
    check_chain(opened(nor, fram))


def test_a_slot_whose_cells_hold_nothing_hides_no_record_behind_it():
    nor, fram = memories()
    found = opened(nor, fram)
    fill(found, 4)
    nor.bad = (RING + 5 * 128, RING + 7 * 128)  # two slots: erased for ever
    slots = fill(found, 3)
    assert [found.slot(seq) for seq in (5, 6, 7)] == slots and found.dead_sectors[0] == 0
    check_chain(opened(nor, fram))
    fram.write(0, bytes(1024))
    again = opened(nor, fram)
    assert again.is_rebuilt and again.head["seq"] == 7
    check_chain(again)


def test_a_record_written_past_dead_slots_is_rolled_forward():
    nor, fram = memories(6)
    found = opened(nor, fram)
    fill(found, 4)
    before = fram.read(0, 1024)
    for bad in ((RING + 5 * 128, RING + 7 * 128), (RING + 5 * 128, RING + 2 * devices.SECTOR)):
        other = nor.copy()
        other.bad = bad
        other_fram = fram.copy()
        slot = fill(opened(other, other_fram), 1)[0]
        other_fram.write(0, before)
        again = opened(other, other_fram)
        assert again.rolled == [slot] and again.head["seq"] == 5
        fill(again, 2)
        check_chain(again)


def test_a_rolled_record_is_programmed_once_more_so_that_no_bit_stays_on_the_edge():
    nor, fram = memories()
    found = opened(nor, fram)
    fill(found, 1)
    programmed = []
    before = fram.read(0, 1024)
    slot = fill(found, 1)[0]
    fram.write(0, before)
    nor.mains = Mains(on_write=lambda memory, name, arguments: programmed.append(arguments))
    again = opened(nor, fram)
    assert again.rolled == [slot] and (RING + 2 * 128, slot) in programmed


# -- lost -------------------------------------------------------------------------------


def empty_ring(nor):
    for sector in range(objects.SECTORS, nor.size // devices.SECTOR):
        nor.erase(sector)


def test_a_lost_ring_begins_the_next_chain_linked_to_the_one_before():
    nor, fram = memories()
    found = opened(nor, fram)
    fill(found, 5)
    found.head["grant_seq"] = 3
    found.save()
    boot, h = found.head["boot"], found.head["h"]
    empty_ring(nor)
    again = opened(nor, fram)
    assert again.is_new_chain and not again.is_rebuilt
    assert (again.head["chain"], again.head["seq"], again.head["acknowledged_seq"]) == (2, 0, 0)
    assert again.head["grant_seq"] == 3 and again.head["boot"] == boot
    assert again.head["h"] == chain.genesis(2, BINDING)
    assert again.link() == (1, (5).to_bytes(4, "little") + h[:20])
    assert chain_number.highest(nor) == 2
    pay(again)
    fill(again, SLOTS)
    third = opened(nor, fram)
    assert not third.is_new_chain and third.head["chain"] == 2
    check_chain(third)
    assert third.slot(1)[1:3] == LINK


def test_the_link_is_owed_until_it_is_written():
    nor, fram = memories()
    fill(opened(nor, fram), 5)
    empty_ring(nor)
    for _ in range(3):
        again = opened(nor, fram)
        assert again.is_new_chain and again.head["chain"] == 2 and again.link()[0] == 1
    pay(again)
    assert not opened(nor, fram).is_new_chain


def test_head_and_ring_lost_begin_a_chain_whose_number_was_never_used():
    nor, fram = memories()
    archive = Archive()
    for number in (1, 2, 3, 4):
        found = opened(nor, fram)
        assert found.head["chain"] == number and found.is_new_chain == (number > 1)
        assert found.is_rebuilt == (number > 1)
        pay(found)
        fill(found, 4)
        archive.take(found)
        if number > 1:
            assert found.link() == (number - 1, b"\xff" * 4 + bytes(20))
        empty_ring(nor)
        fram.write(0, bytes(1024))


def test_a_new_box_begins_with_chain_1_and_owes_nothing():
    nor, fram = memories()
    found = opened(nor, fram)
    assert found.head["chain"] == 1 and not found.is_new_chain and not found.is_rebuilt
    again = opened(nor, fram)  # nothing was written but the head
    assert again.head["chain"] == 1 and not again.is_new_chain


def test_an_older_image_of_the_flash_begins_a_new_chain():
    nor, fram = memories()
    found = opened(nor, fram)
    fill(found, 5)
    image = nor.copy()
    for count in (1, SLOTS, 2 * SLOTS):
        fill(found, count)
        h, seq = found.head["h"], found.head["seq"]
        again = opened(image.copy(), fram.copy())
        assert again.is_new_chain and again.link() == (1, seq.to_bytes(4, "little") + h[:20]), count
        # The old records are still there, behind the numbers of the new chain.
        assert again.holds(1, 5, image_h(image)) is True and again.holds(1, 5, bytes(32)) is False
        assert again.holds(1, seq, h) is None and again.holds(3, 1, h) is False
        pay(again)
        fill(again, SLOTS)
        check_chain(again)


def image_h(image):
    return opened(image.copy(), RamFram(1024)).head["h"]


def test_an_older_image_of_fram_is_rolled_forward_or_rebuilt_and_never_forks():
    nor, fram = memories(6)
    found = opened(nor, fram)
    fill(found, 5)
    image = fram.copy()
    archive = Archive()
    for count in (1, 3, 25, 40, 60):
        fill(found, count)
        archive.take(found)
        again = opened(nor.copy(), image.copy())
        assert (again.head["seq"], again.head["h"]) == (found.head["seq"], found.head["h"]), count
        assert again.is_rebuilt == (found.head["seq"] - 5 > 31)
        fill(pay(again), 3)
        archive.copy().take(again)


def test_a_head_older_than_the_ring_goes_round_is_rebuilt():
    nor, fram = memories(3)
    found = opened(nor, fram)
    fill(found, 5)
    image = fram.copy()
    found.head["acknowledged_seq"] = 999_999  # nothing to declare
    fill(found, 5 * SLOTS)
    again = opened(nor, image)
    assert again.is_rebuilt and again.head["h"] == found.head["h"] and not again.is_new_chain


def test_a_damaged_newest_record_alone_is_declared_lost():
    for at in (4, 127):
        nor, fram = memories()
        found = opened(nor, fram)
        fill(found, 5)
        nor.rot(RING + 5 * 128 + at)
        again = opened(nor, fram)
        assert again.head["seq"] == 5 and not again.is_new_chain and not again.is_rebuilt
        fill(again, 1)
        lost = record.decode(again.slot(7))
        assert (lost["kind"], lost["first_seq"], lost["last_seq"]) == (record.LOSS, 5, 5)
        assert chain.check(found.head["h"], again.slot(6)) and not opened(nor, fram)._lost


def test_a_lost_head_over_a_ring_with_a_broken_chain_begins_the_next_one():
    nor, fram = memories()
    found = opened(nor, fram)
    fill(found, 9)
    archive = Archive().take(found)
    h = chain.genesis(1, BINDING)
    for seq in range(1, 5):
        h = chain.check(h, found.slot(seq))
    nor.rot(RING + 5 * 128 + 50)
    fram.write(0, bytes(1024))
    again = opened(nor, fram)
    assert again.is_new_chain and again.is_rebuilt
    assert again.link() == (1, (4).to_bytes(4, "little") + h[:20])
    assert again._ring.find(1, 9) == archive._slots[(1, 9)], "the records behind the break are gone"
    fill(pay(again), 3)
    archive.take(again)


def test_a_lost_head_behind_a_torn_record_is_rebuilt_before_it():
    nor, fram = memories()
    found = opened(nor, fram)
    fill(found, 9)
    nor.program(RING + 10 * 128, b"\x01\x0c\x00\x02\x0a" + bytes(60))
    fram.write(0, bytes(1024))
    again = opened(nor, fram)
    assert again.is_rebuilt and not again.is_new_chain and again.head["seq"] == 9
    fill(pay(again), 3)
    check_chain(again)
    check_chain(opened(nor, fram))


def test_a_lost_head_beside_a_chain_that_lost_its_records_goes_on_with_neither():
    nor, fram = memories()
    fill(opened(nor, fram), 5)
    chain_number.keep(nor, 2)  # a second chain was begun, and nothing of it is left
    fram.write(0, bytes(1024))
    again = opened(nor, fram)
    assert again.is_new_chain and again.head["chain"] == 3 and again.link() == (2, b"\xff" * 4 + bytes(20))


def test_a_lost_counter_is_written_again():
    nor, fram = memories()
    fill(opened(nor, fram), 2)
    for places in ((0,), (1,), (0, 1)):
        for place in places:
            nor.erase(objects.CHAIN + place)
        opened(nor, fram)
        assert [objects.read(nor, objects.CHAIN, place) for place in (0, 1)] == [b"\1\0\0\0"] * 2
    nor.erase(objects.CHAIN)
    nor.erase(objects.CHAIN + 1)
    fram.write(0, bytes(1024))
    assert opened(nor, fram).head["seq"] == 2 and chain_number.highest(nor) == 1


def prepare_and_fill(nor, fram):
    """A start of the app, as far as the journal sees it."""
    found = pay(opened(nor, fram))
    fill(found, 3)
    prepare(found)
    return found


def check_loss(lose, is_linked):
    """Lose something, and cut at every write of the starts after it, twice nested: never a fork."""
    nor, fram = memories()
    found = opened(nor, fram)
    prepare_and_fill(nor, fram)
    fill(found := opened(nor, fram), 30)
    archive = Archive().take(found)
    lose(nor, fram)
    seen = {}

    def check(nor, fram, mode):
        look = opened(nor.copy(), fram.copy())
        seen[(look.head["chain"], look.is_new_chain)] = True
        kept = archive.copy()
        again = prepare_and_fill(nor, fram)
        kept.take(again)
        check_chain(again)
        linked = [slot for slot in again.backwards(99) if slot[1:3] == LINK]
        assert len(linked) == is_linked, "links: %d" % len(linked)
        if is_linked:
            assert int.from_bytes(linked[0][4:8], "little") == 1
        assert (record.EVENT, causes.HEAD_REBUILT) in kinds(again) or not look.is_rebuilt

    return at_every_cut(nor, fram, prepare_and_fill, check)


def test_a_cut_at_every_write_after_the_ring_was_lost():
    assert check_loss(lambda nor, fram: empty_ring(nor), 1) > 10


def test_a_cut_at_every_write_after_both_were_lost():
    def lose(nor, fram):
        empty_ring(nor)
        fram.write(0, bytes(1024))

    assert check_loss(lose, 1) > 10


def test_a_cut_at_every_write_after_the_head_was_lost():
    assert check_loss(lambda nor, fram: fram.write(0, bytes(1024)), 0) > 8


def test_a_cut_at_every_write_of_a_new_box_leaves_chain_1_or_one_that_says_so():
    def check(nor, fram, mode):
        again = prepare_and_fill(nor, fram)
        assert again.head["chain"] == 1 and not again.is_new_chain and not again.is_rebuilt
        check_chain(again)

    assert at_every_cut(*memories(), prepare_and_fill, check) > 10


# -- errors -----------------------------------------------------------------------------


def test_no_error_of_a_memory_leaves_the_journal():
    for when in ("before", "between"):
        for faults in (("nor",), ("fram",), ("nor", "fram")):
            nor, fram = memories()
            if when == "between":
                fill(opened(nor, fram), 3)
            nor.fails = "nor" in faults
            fram.fails = "fram" in faults
            found = opened(nor, fram)
            found.save()
            found.prepare(1, 1, 2)
            try:
                fill(found, 1)
                assert not nor.fails
            except devices.StoreFailed:
                assert nor.fails
            assert found.slot(1) is None or not nor.fails
            try:
                found.put_object(objects.GRANT, "grant_place", b"x")
                assert not nor.fails
            except devices.StoreFailed:
                assert nor.fails
            assert found.object(objects.GRANT, "grant_place") is None
            assert found.find_object(objects.GRANT, bytes(32)) is None
            found.holds(1, 1, bytes(32))
            found.oldest()


def test_a_nor_that_fails_in_the_middle_loses_nothing_that_was_committed():
    nor, fram = memories()
    found = opened(nor, fram)
    fill(found, 3)
    nor.fails = True
    for _ in range(3):
        try:
            fill(found, 1)
        except devices.StoreFailed:
            pass
    assert found.head["seq"] == 3 and found.save()
    nor.fails = False
    fill(found, 2)
    check_chain(opened(nor, fram))


def test_nobody_erases_for_ever_what_cannot_be_erased():
    nor, fram = memories()
    found = opened(nor, fram)
    fill(found, 3)
    nor.fails = True
    assert prepare(found) <= 1
    nor.fails = False
    fram.is_dead = True
    fill(found, 1)
    fram.is_dead = False
    again = opened(nor, fram)
    fill(again, 1)
    nor.fails = True
    assert prepare(again) <= 1


# -- reading ----------------------------------------------------------------------------


def test_the_ring_says_how_full_it_is():
    nor, fram = memories(4)
    found = opened(nor, fram)
    assert found.fill_percent() == 0
    fill(found, 93)
    assert found.fill_percent() == 75
    found.head["acknowledged_seq"] = 62
    assert found.fill_percent() == 25
    fill(found, 6 * SLOTS)
    found.head["acknowledged_seq"] = 0
    assert found.fill_percent() == 100


def test_backwards_gives_the_newest_first_and_passes_what_is_gone():
    nor, fram = memories(3)
    found = opened(nor, fram)
    slots = fill(found, 40)
    assert list(found.backwards(35)) == slots[:-36:-1]
    assert list(found.backwards(999)) == slots[::-1]
    nor.program(RING + 128 * 3, bytes(8))
    assert len(list(found.backwards(999))) == 39


def test_reading_backwards_looks_at_few_sectors():
    nor, fram = memories(12)
    found = opened(nor, fram)
    fill(found, 11 * SLOTS)
    reads = [0]
    read = nor.read

    def noted(at, size):
        reads[0] += 1
        return read(at, size)

    nor.read = noted
    assert len(list(found.backwards(9 * SLOTS))) == 9 * SLOTS
    assert reads[0] < 5 * 9 * SLOTS
