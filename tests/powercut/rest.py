"""What a cut leaves of a house (tests/firmware/wellhouse.py), and what must hold when the mains are back.

Invariants I1 to I10 of the integrity page, as far as one controller can break them.
"""

from karez_firmware.core import pump
from karez_firmware.ports import fake_memory
from powercut.history import must
from wellhouse import FLOW_LPH, House

RUN_DOWN_L = 4  # flows while the contactor drops
DARK_S = 20
RECOVERED_S = 6  # the books are known again, the checkpoint of the start is signed
DECIDED_S = 12  # readings of another meter agree for ten seconds before they are believed
WRITES_MAX = 80  # of a start: its records, their heads, one sector and one object
STORE_FAILED = 64  # the alarm bit
OVERSHOOT_L = FLOW_LPH * 21 // 36_000 + 1  # flow x (refresh + 1.1 s) + one step (design §13)


class Rest:
    """Two memories, a well, and the time at which the mains come back."""

    def __init__(self, nor, fram, well, utc_s):
        self.nor, self.fram, self.well, self.utc_s = nor.copy(), fram.copy(), well.copy(), utc_s

    def copy(self):
        """Return the same once more."""
        return Rest(self.nor, self.fram, self.well, self.utc_s)

    def cut(self, write, mode, kept, seed):
        """Do a part of one more write, (memory, name, arguments); return self."""
        memory, name, arguments = write
        target = self.nor if memory == "nor" else self.fram
        target.mains = fake_memory.Mains(1, kept, mode=mode, seed=seed)
        try:
            getattr(target, name)(*arguments)
            raise AssertionError("no cut")
        except fake_memory.PowerCut:
            target.mains = fake_memory.Mains()
        return self

    def house(self):
        """A new run on copies of all this."""
        return House(self.nor.copy(), self.fram.copy(), self.well.copy(), self.utc_s)


def rest_of(house):
    """Return what there is of a house when the mains go now."""
    house.well.go_on(house.port.us)
    utc_s = house.port.utc_s + house.port.us // 1_000_000 + DARK_S
    rest = Rest(house.nor, house.fram, house.well, utc_s)
    rest.well.extra_l += RUN_DOWN_L if house.well.closed else 0
    return rest


def cuts(house, write, number, modes=fake_memory.MODES, seed=1):
    """Yield (mode, rest) of every way in which the mains can go in the middle of a write.

    A copy in FRAM is torn or it is not: its CRC tells, so that one torn way stands for all.
    """
    base = rest_of(house)
    memory, _, arguments = write
    seen = []
    for mode in modes:
        rest = base.copy().cut(write, mode, (number * 37 + seed * 11) % 100, number + 1000 * seed)
        if memory == "fram":
            at, data = arguments
            left = rest.fram.read(at, len(data))
            state = left == base.fram.read(at, len(data)), left == data
            if state in seen:
                continue
            seen.append(state)
        yield mode, rest


def look(house, history):
    """What must hold some seconds after the mains are back; `history` of the time before the cut."""
    journal, books, port = house.app.journal, house.app.books, house.port
    must("coil 1" not in port.said and not house.well.closed, "I7: the contactor closed by itself")
    must(house.state == pump.OFF, "I7: the pump is in state %d" % house.state)
    must(journal.head["chain"] == 1 and not journal.is_new_chain, "I2: a new chain was begun")
    must(not journal.is_rebuilt and journal.is_saved, "I8: a memory was given up")
    must(journal.is_fram_dead == house.fram.is_dead, "I8: FRAM was taken for what it is not")
    must(not house.app.controller.recorder.alarms & STORE_FAILED, "I8: the store failed")
    after = history.copy().follow(journal)
    after.check(journal)
    must(after.boot > history.boot, "I8: no record of the start")
    must(not after.is_running, "I6: an irrigation without a stop")
    must(books.is_known, "I8: the books are not known")
    must(books.volume_l == house.well.litres, "I10: W %s, the well %d" % (books.volume_l, house.well.litres))
    must(not books.held_l, "I10: litres counted twice")
    must(house.app.rights.seq == after.grant_seq, "I6: grant %d is in force" % house.app.rights.seq)
    must(
        journal.head["grant_seq"] == after.grant_seq,
        "I6: the head names grant %d" % journal.head["grant_seq"],
    )
    return after
