"""The mains go at every single write: no record, no litre and no right is lost, and the pump stays off."""

import sys

from karez_firmware.core import pump
from karez_firmware.ports import fake_memory
from karez_firmware.ports.fake_memory import MODES, UNSTABLE
from karez_firmware.store import objects
from karez_firmware.store.devices import StoreFailed
from karez_firmware.store.head import COPY_SIZE
from karez_protocols import causes, chain, flags, grant, record
from powercut.day import Script, hour, met, minutes
from powercut.history import History, Violation
from powercut.rest import cuts, look, rest_of
from powercut.restart import Opening, Writes, restart
from wellhouse import UTC, House, Well, a_grant, memories

DARK_S = 20
HOUR = sys.implementation.name == "cpython"  # MicroPython takes a tenth of it: an irrigation, two grants


def test_a_cut_at_every_write_of_an_hour_loses_nothing():
    script = Script(4)
    cuts = [0]

    def cut(number, mode, rest, history):
        cuts[0] += 1
        restart(rest, history)

    watch(script, Writes(script.history, cut, turns=not HOUR), hour if HOUR else minutes)
    assert cuts[0] > (100 if HOUR else 15), cuts
    assert not HOUR or met(script)["a ceiling ended an irrigation"]


def test_a_second_cut_at_every_write_of_the_start_after_the_first_loses_nothing_either():
    script = Script(4)
    starts = [0]

    def cut(number, mode, rest, history):
        starts[0] += restart(rest, history, 2, MODES if HOUR else (UNSTABLE,), seed=number)

    watch(script, Writes(script.history, cut, share=(1, 9 if HOUR else 31), turns=True), minutes)
    assert starts[0] > (100 if HOUR else 8), starts


def watch(script, writes, act):
    """Play a script whose writes are looked at; raise what was found."""
    house = writes.house = script.house
    house.nor.mains = house.fram.mains = writes.mains()
    act(script)
    house.nor.mains = house.fram.mains = fake_memory.Mains()
    if writes.failures:
        raise writes.failures[0]


def test_what_a_restart_is_judged_by_can_fail():
    """Each lie told to the judge is found: a check that cannot fail proves nothing."""
    script = Script(4)
    script.idle(4)
    script.grant(900, 1)
    script.irrigate(10)
    history = script.history.follow(script.house.app.journal)
    assert restart(rest_of(script.house), history) == 1

    def found(rest, told):
        try:
            restart(rest, told)
        except Violation as error:
            return str(error)[:3].rstrip(":")
        return None

    lies = []
    for name in ("forked", "shorter", "granted", "litre", "dead", "empty"):
        rest, told = rest_of(script.house), history.copy()
        if name == "forked":
            told.slots[5] = bytes(128)
        elif name == "shorter":
            rest.nor = House().nor
        elif name == "granted":
            rest.fram.write(0, bytes(768))
            told.slots.append(bytes(128))
        elif name == "litre":
            rest.well.extra_l += 1_000_000
        elif name == "dead":
            rest.fram.is_dead = True
            told.slots.append(bytes(128))
        elif name == "empty":
            rest.nor.erase(objects.SECTORS)
        lies.append((name, found(rest, told)))
    assert all(finding for _, finding in lies), lies


def test_a_cut_at_every_write_with_fram_dead_loses_nothing():
    script = Script(4)
    cuts_made = [0]

    def act(script):
        script.idle(4)
        script.house.fram.is_dead = True
        minutes(script)

    def cut(number, mode, rest, history):
        cuts_made[0] += 1
        if rest.fram.is_dead:
            restart(rest, history)

    watch(script, Writes(script.history, cut, turns=True), act)
    assert cuts_made[0] > 25, cuts_made


def check_lost_ring(is_head_lost):
    """Lose the ring, and cut at every write of the start after it."""
    script = Script(4)
    minutes(script)
    rest = rest_of(script.house)
    for sector in range(objects.SECTORS, objects.SECTORS + 4):
        rest.nor.erase(sector)
    if is_head_lost:
        rest.fram = fake_memory.RamFram(rest.fram.size)
    failures = []
    house = Opening(rest, OnWrites(lambda house, write, number: check_linked(house, write, number, failures)))
    house.run(6)
    assert not failures, failures
    check_link(house)
    return house


def test_a_cut_at_every_write_of_the_start_after_the_ring_was_lost_links_the_next_chain():
    house = check_lost_ring(False)
    assert house.app.rights.seq == 2, "the grant is gone"


def test_a_cut_at_every_write_of_the_start_after_ring_and_head_were_lost_does_so_too():
    check_lost_ring(True)


class OnWrites:
    """Stands behind the mains of an Opening: calls look(house, write, number) before every write."""

    def __init__(self, look):
        self.house = None
        self._look = look
        self._number = 0

    def mains(self):
        return fake_memory.Mains(on_write=self._on_write)

    def _on_write(self, *write):
        self._number += 1
        self._look(self.house, write, self._number)


def check_linked(house, write, number, failures):
    """A cut at this write leaves a box that links its new chain."""
    if not HOUR and number % 3:
        return
    for mode, rest in cuts(house, write, number, MODES if HOUR else MODES[number % 4 :][:1]):
        again = rest.house()
        again.run(6)
        try:
            check_link(again)
        except AssertionError as error:  # not thrown into the app, which may catch it
            failures.append((number, mode, error))


def check_link(house):
    """The chain begins with its link, binding and configuration, each once; the books stand."""
    begun = bytes((record.EVENT, causes.CHAIN_BEGUN))
    kinds = [slot[1] for slot in house.slots()]
    assert house.app.journal.head["chain"] > 1 and house.slots()[0][1:3] == begun
    assert kinds[:3] == [record.EVENT, record.BINDING, record.CONFIG], kinds
    assert kinds.count(record.BINDING) == kinds.count(record.CONFIG) == 1, kinds
    assert [slot[1:3] for slot in house.slots()].count(begun) == 1
    assert house.app.books.volume_l == house.well.litres and house.state == pump.OFF


def test_a_cut_at_every_write_of_the_very_first_start_leaves_a_box_that_starts():
    for mode in MODES if HOUR else (UNSTABLE,):
        cut_at = 0
        while True:
            cut_at += 1
            nor, fram = memories()
            nor.mains = fram.mains = fake_memory.Mains(cut_at, 50, mode=mode, seed=cut_at)
            try:
                House(nor, fram).run(5)
                break
            except fake_memory.PowerCut:
                nor.mains = fram.mains = fake_memory.Mains()
            house = House(nor.copy(), fram.copy(), Well(), UTC + DARK_S)
            check_restart(house, 0)
        assert cut_at > 10


def check_restart(house, granted):
    """What must hold some seconds after mains are back; `granted`: seq that was in force before."""
    house.run(6)
    house.check_chain()
    after = look(house, History(chain.genesis(1, objects.read_any(house.nor, objects.BINDING))))
    assert after.grant_seq == granted
    kinds = [slot[1] for slot in after.slots[1:]]
    assert kinds[:2] == [record.BINDING, record.CONFIG], kinds


def events(house, count):
    """Write so many records."""
    app = house.app
    for _ in range(count):
        app._pending.append(app.controller.recorder.event(causes.WARNING_LINE, house.port.us // 1000))
    app._write_pending()


def check_losses(rest):
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
    failures = []
    writes = [0]

    def on_write(memory, name, arguments):
        writes[0] += 1
        try:
            modes = MODES if HOUR else MODES[writes[0] % 4 :][:1]
            for _, rest in cuts(house, (memory, name, arguments), writes[0], modes):
                check_losses(rest)
        except AssertionError as error:  # not thrown into the app, which may catch it
            failures.append((writes[0], error))

    nor, fram = house.nor, house.fram
    nor.mains = fram.mains = fake_memory.Mains(on_write=on_write)
    events(house, 5)
    assert not failures and writes[0] >= 12, failures
    assert house.app.journal.oldest() > 31


def test_a_bad_cell_at_the_end_of_a_sector_loses_nothing_undeclared():
    nor, fram = memories(3)
    house = House(nor, fram)
    house.run(4)
    events(house, 3 * 31 - 1 - house.app.journal.head["seq"])
    end = (objects.SECTORS + 3) * 4096
    nor.bad = (end - 100, end)  # in the last slot before the ring begins again
    events(house, 3)
    check_losses(rest_of(house))


def test_a_lost_head_is_rebuilt_with_boot_grant_and_what_ran():
    house = House()
    house.run(4)
    house.offer(a_grant(1000))
    house.press()
    house.run(5)
    boot = house.app.journal.head["boot"]
    rest = rest_of(house)
    rest.fram.write(0, bytes(2 * COPY_SIZE))
    again = rest.house()
    assert again.app.rights.seq == 1 and again.app.journal.is_rebuilt
    again.run(6)
    again.check_chain()
    assert again.app.books.volume_l == again.well.litres and "coil 1" not in again.port.said
    head = again.app.journal.head
    assert head["boot"] == boot + 1 and UTC - 100 <= head["floor_utc_s"] < UTC
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
    rest = rest_of(house)
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
    assert house.check_chain() == 37 and house.last(record.EVENT)["cause"] == causes.SECTOR_DEAD
    rest = rest_of(house)
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
    check_losses(rest_of(house))
