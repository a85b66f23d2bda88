"""The mains go at every single write: no record, no litre and no right is lost, and the pump stays off."""

from karez_firmware.core import pump
from karez_firmware.ports import fake_memory
from karez_firmware.store import objects
from karez_firmware.store.devices import StoreFailed
from karez_firmware.store.head import COPY_SIZE
from karez_protocols import causes, flags, grant, record
from wellhouse import UTC, House, Well, a_grant, memories

KEPT = (0, 50, 99)  # percent of the cut write that still got done
RUN_DOWN_L = 4  # flows while the contactor drops
DARK_S = 20


class Rest:
    """What a cut leaves: two memories, a well, and the time at which the mains come back."""

    def __init__(self, house):
        house.well.go_on(house.port.us)
        self.nor, self.fram = house.nor.copy(), house.fram.copy()
        self.well = house.well.copy()
        self.well.extra_l += RUN_DOWN_L if house.well.closed else 0
        self.utc_s = house.port.utc_s + house.port.us // 1_000_000 + DARK_S

    def write(self, memory, name, arguments, kept):
        """Do a part of one more write."""
        target = self.nor if memory == "nor" else self.fram
        target.mains = fake_memory.Mains(1, kept)
        try:
            getattr(target, name)(*arguments)
            raise AssertionError("no cut")
        except fake_memory.PowerCut:
            target.mains = fake_memory.Mains()
        return self

    def house(self):
        """A new run on copies of all this."""
        return House(self.nor.copy(), self.fram.copy(), self.well.copy(), self.utc_s)


def check_irrigations(house):
    """Start and stop alternate, and every start has its stop."""
    is_running = False
    for values in house.records():
        if values["kind"] == record.START:
            assert not is_running, "a start after a start"
            is_running = True
        elif values["kind"] == record.STOP:
            assert is_running, "a stop without a start"
            is_running = False
    assert not is_running, "an irrigation without a stop"


def check_boots(house):
    boots = [values["boot"] for values in house.records() if values["kind"] == record.BOOT]
    assert all(after > before for before, after in zip(boots, boots[1:])), boots
    kinds = [values["kind"] for values in house.records()]
    for kind in (record.BINDING, record.CONFIG):
        assert kinds.count(kind) == 1, kinds
    assert kinds[:2] == [record.BINDING, record.CONFIG], kinds


def check_restart(house, granted):
    """What must hold some seconds after mains are back; `granted`: seq that was in force before."""
    house.run(6)
    house.check_chain()
    check_irrigations(house)
    check_boots(house)
    assert "coil 1" not in house.port.said and house.state == pump.OFF
    assert house.app.books.volume_l == house.well.litres, "a litre lost"
    assert not house.app.books.held_l, "litres counted twice"
    recorded = [values["object_seq"] for values in house.records() if values["kind"] == record.GRANT]
    assert house.app.rights.seq >= granted, "the grant in force is gone"
    last = recorded[-1] if recorded else 0
    assert house.app.rights.seq == last, "the grant recorded last is not in force"
    assert house.app.journal.head["grant_seq"] == house.app.rights.seq
    assert not house.app.controller.recorder.alarms & flags.STORE_FAILED


def play(house):
    """One short irrigation with a second grant in the middle of it."""
    house.run(4)
    house.offer(a_grant(1000))
    house.press()
    house.run(3)
    house.offer(a_grant(500, seq=2))
    house.run(2)
    house.press("stop")
    house.run(6)


def at_every_write(house, look, act=play):
    """Act, and call look(rest of a cut, seq in force, kept percent) at every write; return how many."""
    found = [0]

    def on_write(memory, name, arguments):
        found[0] += 1
        for kept in KEPT:
            try:
                look(Rest(house).write(memory, name, arguments, kept), house.app.rights.seq, kept)
            except Exception:
                print("write %d: %s.%s, %d %%" % (found[0], memory, name, kept))
                raise

    house.nor.mains = house.fram.mains = fake_memory.Mains(on_write=on_write)
    act(house)
    return found[0]


def test_a_cut_at_every_write_of_an_irrigation_loses_nothing():
    count = at_every_write(House(), lambda rest, granted, kept: check_restart(rest.house(), granted))
    assert count >= 20


def test_a_second_cut_at_every_write_of_the_start_after_the_first_loses_nothing_either():
    cuts = [0]

    def look(rest, granted, kept):
        if kept != 50:
            return
        cut_at = 0
        while True:
            cut_at += 1
            nor, fram = rest.nor.copy(), rest.fram.copy()
            nor.mains = fram.mains = fake_memory.Mains(cut_at, 50)
            try:
                House(nor, fram, rest.well.copy(), rest.utc_s).run(5)
                return
            except fake_memory.PowerCut:
                cuts[0] += 1
            rest_s = rest.utc_s + DARK_S
            check_restart(House(nor.copy(), fram.copy(), rest.well.copy(), rest_s), granted)

    at_every_write(House(), look)
    assert cuts[0] > 200


def test_a_cut_at_every_write_of_the_very_first_start_leaves_a_box_that_starts():
    for kept in KEPT:
        cut_at = 0
        while True:
            cut_at += 1
            nor, fram = memories()
            nor.mains = fram.mains = fake_memory.Mains(cut_at, kept)
            try:
                House(nor, fram).run(5)
                break
            except fake_memory.PowerCut:
                nor.mains = fram.mains = fake_memory.Mains()
            house = House(nor.copy(), fram.copy(), Well(), UTC + DARK_S)
            check_restart(house, 0)
        assert cut_at > 10


def events(house, count):
    """Write so many records."""
    app = house.app
    for _ in range(count):
        app._pending.append(app.controller.recorder.event(causes.WARNING_LINE, house.port.us // 1000))
    app._write_pending()


def check_losses(rest, granted, kept):
    """Every number below what the ring holds is declared lost, so that a gateway can pass it."""
    house = rest.house()
    house.run(4)
    journal = house.app.journal
    oldest, newest = journal.oldest(), journal.head["seq"]
    held = house.records(oldest)
    assert [values["seq"] for values in held] == list(range(oldest, newest + 1))
    declared = [False] * oldest
    for values in held:
        if values["kind"] == record.LOSS:
            for seq in range(values["first_seq"], min(values["last_seq"] + 1, oldest)):
                declared[seq] = True
    assert all(declared[1:]), "lost and not declared: %r" % declared
    assert house.app.books.volume_l == house.well.litres


def test_a_cut_at_every_write_while_the_ring_goes_round_leaves_no_number_undeclared():
    house = House(*memories(3))
    house.run(4)
    events(house, 3 * 31 - 3 - house.app.journal.head["seq"])
    assert at_every_write(house, check_losses, lambda house: events(house, 5)) >= 12
    assert house.app.journal.oldest() > 31


def test_a_bad_cell_at_the_end_of_a_sector_loses_nothing_undeclared():
    nor, fram = memories(3)
    house = House(nor, fram)
    house.run(4)
    events(house, 3 * 31 - 1 - house.app.journal.head["seq"])
    end = (objects.SECTORS + 3) * 4096
    nor.bad = (end - 100, end)  # in the last slot before the ring begins again
    events(house, 3)
    check_losses(Rest(house), 0, 0)


def test_a_lost_head_is_rebuilt_with_boot_grant_and_what_ran():
    house = House()
    house.run(4)
    house.offer(a_grant(1000))
    house.press()
    house.run(5)
    boot = house.app.journal.head["boot"]
    rest = Rest(house)
    rest.fram.write(0, bytes(2 * COPY_SIZE))
    again = rest.house()
    assert again.app.rights.seq == 1
    check_restart(again, 1)
    head = again.app.journal.head
    assert head["boot"] == boot + 1 and head["floor_utc_s"] == UTC - 100
    assert again.app.controller.recorder.status & flags.HEAD_REBUILT
    assert again.last(record.STOP)["cause"] == causes.RESTARTED
    assert (record.EVENT, causes.HEAD_REBUILT) in again.kinds()
    again.press()
    again.run(4)
    assert again.state == pump.RUNNING


def test_a_lost_head_takes_the_grant_of_the_newest_record_and_no_other():
    house = House()
    house.run(4)
    house.offer(a_grant(1000))
    house.offer(a_grant(10, seq=2))
    rest = Rest(house)
    rest.fram.write(0, bytes(2 * COPY_SIZE))
    again = rest.house()
    assert again.app.rights.seq == 2 and again.app.rights.ceiling(grant.WATER, UTC + 50, False)[0] == 10
    # Its object is gone, too: the older one does not come back in its place, and the same one is taken again.
    place = again.app.journal.head["grant_place"]
    rest.nor.erase(objects.GRANT + place)
    third = rest.house()
    assert third.app.rights.seq == 0
    third.offer(a_grant(1000))
    assert third.app.rights.seq == 0
    third.offer(a_grant(10, seq=2))
    assert third.app.rights.seq == 2


def test_a_dead_sector_is_not_taken_for_the_one_in_its_place_when_the_head_is_lost():
    nor, fram = memories(6)
    house = House(nor, fram)
    house.run(4)
    events(house, 31 - house.app.journal.head["seq"])
    second = (objects.SECTORS + 1) * 4096
    nor.bad = (second + 128, second + 4096)  # its header is taken, its slots are not
    events(house, 5)
    assert house.check_chain() == 36
    rest = Rest(house)
    rest.fram.write(0, bytes(2 * COPY_SIZE))
    again = rest.house()
    again.run(4)
    assert again.check_chain() > 36


def test_a_record_stands_though_the_loss_record_behind_it_finds_no_place():
    nor, fram = memories(4)
    house = House(nor, fram)
    house.run(4)
    app = house.app
    events(house, 4 * 31 - app.journal.head["seq"])
    append = app.journal._ring.append

    def once(*arguments):
        app.journal._ring.append = fail
        return append(*arguments)

    def fail(*arguments):
        raise StoreFailed("no place")

    app.journal._ring.append = once
    slot = app._commit(app.controller.recorder.event(causes.WARNING_LINE, house.port.now_ms()))
    assert app.journal.slot(4 * 31 + 1) == slot and app.journal.head["seq"] == 4 * 31 + 1
    app.journal._ring.append = append
    check_losses(Rest(house), 0, 0)
