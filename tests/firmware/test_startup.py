"""A start: records that the head does not know, a head that is lost, and what a chain begins with."""

from cuts import at_every_cut
from karez_firmware.core import pump
from karez_firmware.ports import fake_memory
from karez_firmware.store import devices, objects
from karez_protocols import causes, chain, flags, grant, order, record
from offices import a_list, an_order
from wellhouse import KEPT, UTC, House, a_grant, memories, ready


def offered(house, sort, data):
    getattr(house.app.offers, sort)(data)
    while house.app.background.is_busy:
        house.turn()
    house.run(1)


def rolled(house, act, kind):
    """A restart behind a cut between the slot of the first record of a kind and its head."""
    before = [None]
    seen = house.app.journal.head["seq"]

    def on_write(memory, name, arguments):
        if memory == "fram" and arguments[0] < 768 and before[0] is None:
            slot = house.app.journal.slot(house.app.journal.head["seq"])
            if house.app.journal.head["seq"] > seen and slot[1] == kind:
                before[0] = house.nor.copy(), house.fram.copy(), house.well.copy()

    house.fram.mains = fake_memory.Mains(on_write=on_write)
    act()
    assert before[0], "no such record"
    utc_s = UTC + house.port.us // 1_000_000 + 20
    left = before[0][0].copy(), before[0][1].copy()
    found = House(before[0][0], before[0][1], before[0][2], utc_s)
    found.before = left
    assert [slot[1] for slot in found.app.journal.rolled] == [kind]
    return found


def start_and_stop(house):
    house.press()
    house.run(8)
    house.press("stop")
    house.run(8)


def test_a_start_and_a_stop_are_rolled_forward():
    house = ready(10_000)
    found = rolled(house, lambda: start_and_stop(house), record.START)
    assert found.app.journal.head["running"] == 1
    found.run(6)
    assert found.last(record.STOP)["cause"] == causes.RESTARTED
    house = ready(10_000)
    found = rolled(house, lambda: start_and_stop(house), record.STOP)
    assert found.app.journal.head["running"] == 0
    found.run(6)
    stop = found.last(record.STOP)
    assert found.app.parts.accounts.used_of(7, 0) == stop["account_l"] == stop["volume_l"] > 0
    assert [values["kind"] for values in found.records()].count(record.STOP) == 1
    found.check_chain()


def test_a_grant_an_order_and_a_list_are_rolled_forward():
    house = ready(10_000)
    found = rolled(house, lambda: house.offer(a_grant(700, seq=2)), record.GRANT)
    assert found.app.rights.row(grant.WATER, UTC)["ceiling"] == 700
    house = ready(10_000)
    offered(house, "order", an_order(seq=1))
    found = rolled(house, lambda: offered(house, "order", an_order(order.SEAL, 2)), record.ORDER)
    assert found.app.parts.orders.count == 2 and found.app.parts.orders.is_sealed
    house = ready(10_000)
    found = rolled(house, lambda: offered(house, "keys", a_list(4)), record.KEYS)
    assert found.app.parts.keys.seq == found.app.journal.head["key_list_seq"] == 4


def test_a_segment_is_rolled_forward_and_a_second_cut_does_not_open_it_again():
    house = ready(10_000)
    start_and_stop(house)

    volume_l = house.well.litres

    def swap():
        house.port.script("swap water old %d new 5" % (23_879 + volume_l))
        house.well.extra_l = 5 - 23_879 - volume_l
        house.run(6)

    found = rolled(house, swap, record.EVENT)
    rolled_memories = found.before
    assert found.app.books.segment == 3 and not found.app.books.is_provisional
    well = found.well

    def look(nor, fram):
        again = House(nor, fram, well.copy(), UTC + 600)
        again.run(6)
        assert again.app.books.segment == 3 and not again.app.books.is_provisional
        assert again.app.books.volume_l == volume_l and not again.app.books.held_l
        again.check_chain()

    # Rolled, and then the next cut comes at any write of this start.
    nor, fram = rolled_memories
    assert at_every_cut(nor, fram, lambda: House(nor, fram, well.copy(), UTC + 500), look) >= 3


def test_a_cut_behind_the_first_saving_of_a_start_forgets_nothing_that_was_rolled():
    house = ready(10_000)
    found = rolled(house, lambda: start_and_stop(house), record.STOP)
    used_l, well = found.app.parts.accounts.used_of(7, 0), found.well

    def look(nor, fram):
        again = House(nor, fram, well.copy(), UTC + 400)
        assert again.app.parts.accounts.used_of(7, 0) == used_l
        again.run(5)
        assert again.app.books.volume_l == again.well.litres
        again.check_chain()

    assert used_l > 0
    nor, fram = found.before
    assert at_every_cut(nor, fram, lambda: House(nor, fram, well.copy(), UTC + 300), look) >= 3


def lost_head(house, utc_s=UTC + 1000):
    house.fram.write(0, bytes(768))
    return House(house.nor.copy(), house.fram.copy(), house.well.copy(), utc_s)


def test_a_lost_head_brings_back_books_irrigation_account_and_floor():
    house = ready(10_000)
    start_and_stop(house)
    house.press()
    house.run(20)
    assert house.state == pump.RUNNING
    found = lost_head(house)
    del house  # its memories, too
    head = found.app.journal.head
    assert head["running"] == 1 and head["account"] == 7 and found.app.journal.is_rebuilt
    found.run(6)
    stop = found.last(record.STOP)
    assert stop["cause"] == causes.RESTARTED and stop["volume_l"] == found.well.litres == stop["account_l"]
    assert (record.EVENT, causes.HEAD_REBUILT) in found.kinds()
    assert found.app.rights.seq == 1
    found.check_chain()


def rotten(house, seq):
    """A bit turns over in what a record of this number must leave empty."""
    slot, ring = house.app.journal.slot(seq), objects.SECTORS * devices.SECTOR
    at = next(at for at in range(ring, house.nor.size, 128) if house.nor.read(at, 128) == slot)
    house.nor.rot(at + 80, 2)


def test_a_record_whose_bit_turned_over_is_no_witness_and_hinders_no_start():
    house = ready(10_000)
    start_and_stop(house)
    volume_l = house.well.litres
    stops = [values["seq"] for values in house.records() if values["kind"] == record.STOP]
    rotten(house, stops[-1])
    house.run(400)  # an interval stands behind the stop
    found = lost_head(house)
    found.run(6)
    assert found.app.books.volume_l == volume_l and found.app.journal.is_rebuilt
    assert (record.EVENT, causes.HEAD_REBUILT) in found.kinds()


def test_a_stop_whose_bit_turned_over_behind_the_tables_hinders_no_start():
    house = ready(10_000)
    start_and_stop(house)
    stops = [values["seq"] for values in house.records() if values["kind"] == record.STOP]
    rotten(house, stops[-1])
    house.fram.write(768, bytes(house.fram.size - 768))  # the tables are lost, the head is not
    found = House(house.nor.copy(), house.fram.copy(), house.well.copy(), UTC + 1000)
    found.run(6)
    assert not found.app.journal.is_rebuilt and found.app.books.volume_l == house.well.litres


def test_a_lost_head_takes_its_floor_from_the_newest_record_whose_clock_was_believed():
    for state, least_utc_s in ((2, UTC + 90_000 - 3_600), (1, UTC - 100)):
        house = ready(10_000).again(after_s=90_000)
        house.port.time_state = state
        house.run(5)
        house.app.records.event(causes.WARNING_LINE)
        house.run(2)
        house.fram.write(0, bytes(768))
        found = House(house.nor.copy(), house.fram.copy(), house.well.copy(), None)
        clock = found.app.parts.clock
        assert least_utc_s <= clock.floor_utc_s < least_utc_s + 60, clock.floor_utc_s - least_utc_s
        assert clock.authenticated_utc_s == UTC - 100  # the grant's: the ring vouches for nothing


def test_a_lost_head_finds_a_segment_again():
    house = ready(10_000)
    start_and_stop(house)
    volume_l = house.well.litres
    house.port.script("swap water old %d new 5" % (23_879 + volume_l))
    house.well.extra_l = 5 - 23_879 - volume_l
    house.run(6)
    assert house.app.books.segment == 3
    found = lost_head(house)
    found.run(6)
    assert found.app.books.segment == 3 and found.app.books.volume_l == volume_l
    assert not found.app.books.is_provisional


def lost_ring(house, sectors=4):
    """The same memories without a record: head and objects are whole."""
    nor = house.nor.copy()
    for sector in range(objects.SECTORS, objects.SECTORS + sectors):
        nor.erase(sector)
    return nor, house.fram.copy()


FIRST = [
    (record.EVENT, causes.CHAIN_BEGUN), (record.BINDING, 0), (record.CONFIG, 0), (record.BOOT, 0),
]  # fmt: skip


def first_of(house):
    return [kind for kind in house.kinds() if kind[0] != record.STATEMENT][:4]


def test_a_new_chain_begins_with_its_link_and_then_as_every_chain():
    house = ready(10_000)
    start_and_stop(house)
    old = dict(house.app.journal.head)
    found = House(*lost_ring(house), house.well.copy(), UTC + 1000)
    found.run(5)
    assert found.app.journal.head["chain"] == 2 and first_of(found) == FIRST
    link = found.records()[0]
    assert link["subject"] == 1 and link["detail"][:4] == old["seq"].to_bytes(4, "little")
    assert link["detail"][4:] == old["h"][:20]
    assert found.app.rights.seq == 1 and found.app.parts.accounts.used_of(7, 0) > 0
    assert found.app.books.volume_l == found.well.litres
    binding = objects.read_any(found.nor, objects.BINDING)
    assert chain.check(chain.genesis(2, binding), found.slots()[0])


def begin(nor, fram):
    return lambda: House(nor, fram)


def test_a_cut_at_every_write_of_a_chains_first_records_still_brings_them_all_once():
    for number, (nor, fram) in ((1, memories()), (2, lost_ring(ready(10_000)))):
        wanted = FIRST[2 - number : 3]

        def look(left_nor, left_fram, number=number, wanted=wanted):
            again = House(left_nor, left_fram)
            again.run(1)
            kinds = again.kinds()
            assert [kind for kind in kinds if kind in FIRST[:3]] == wanted, kinds
            assert again.app.journal.head["chain"] == number

        assert at_every_cut(nor, fram, begin(nor, fram), look) > 4


def test_a_boot_record_carries_what_the_gateway_compares():
    house = ready(10_000)
    offered(house, "order", an_order(seq=9))
    again = house.again()
    again.run(1)
    boot = again.last(record.BOOT)
    assert (boot["chain"], boot["order_seq"], boot["grant_seq"], boot["segment"]) == (1, 9, 1, 1)
    assert boot["last_seq"] == house.app.journal.head["seq"] and boot["boot"] == 2


def test_a_lost_copy_of_the_key_is_said_and_written_again():
    for place in (0, 1):
        nor, fram = memories()
        nor.erase(objects.KEY + place)
        house = House(nor, fram)
        house.run(5)
        assert (record.EVENT, causes.KEY_COPY_LOST) in house.kinds()
        assert house.app.controller.recorder.alarms & flags.KEY_COPY
        assert objects.read(nor, objects.KEY, place) == KEPT
        again = house.again()
        again.run(5)
        assert not again.app.controller.recorder.alarms & flags.KEY_COPY
        assert again.kinds().count((record.EVENT, causes.KEY_COPY_LOST)) == 1


def test_a_sector_that_takes_no_key_any_more_is_said_at_every_start():
    nor, fram = memories()
    nor.erase(objects.KEY + 1)
    nor.bad = ((objects.KEY + 1) * 4096, (objects.KEY + 2) * 4096)
    house = House(nor, fram)
    house.run(5)
    again = house.again()
    again.run(5)
    assert again.kinds().count((record.EVENT, causes.KEY_COPY_LOST)) == 2
    assert again.app.controller.recorder.alarms & flags.KEY_COPY
    again.check_chain()
