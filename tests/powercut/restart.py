"""A start after a cut, and cuts at every write of that start, as deep as one likes."""

from karez_firmware.app import App
from karez_firmware.ports.fake_memory import MODES, Mains
from powercut.history import Violation, must
from powercut.rest import DECIDED_S, OVERSHOOT_L, RECOVERED_S, RUN_DOWN_L, WRITES_MAX, cuts, look
from wellhouse import House, port_for, site_of


class EarlyApp(App):
    """An app that its house knows from the first moment."""

    def __init__(self, house, site):
        house.app = self
        super().__init__(house.port, site)


class Opening(House):
    """A house that can be looked at while it starts: its app is there before it is whole."""

    def __init__(self, rest, writes):
        self.nor, self.fram, self.well = rest.nor.copy(), rest.fram.copy(), rest.well.copy()
        self.nor.mains = self.fram.mains = writes.mains()
        self.port = port_for(self.nor, self.fram, self.well, rest.utc_s)
        self.app = None
        writes.house = self
        EarlyApp(self, site_of(self.port))


class Writes:
    """Stands behind the mains of a running house: `on_cut(number, mode, rest, history)` for every way to cut.

    A saving of the head that changes nothing but its time is like the one before it, and is
    passed by. What on_cut raises is kept and not thrown into the app, which may catch it.
    """

    def __init__(self, history, on_cut, modes=MODES, seed=1, share=(0, 1), turns=False, only=None):
        self.house = None
        self.history = history
        self.number = 0  # writes so far
        self.alike = 0  # of them passed by
        self.failures = []  # what on_cut raised
        self._on_cut = on_cut
        self._modes = modes
        self._seed = seed
        self._share = share  # (k, n): every n-th write from the k-th
        self._turns = turns  # one mode at each write, in turn
        self._only = only  # the number of the one write to cut
        self._before = None
        self._due = 0

    def mains(self):
        """Return mains that look here before every write."""
        return Mains(on_write=self.on_write)

    def on_write(self, memory, name, arguments):
        """One write is about to be done."""
        self.number += 1
        if self._is_alike(memory, arguments):
            self.alike += 1
            return
        self._due += 1
        k, n = self._share
        if self.house is None or self._due % n != k or self._only not in (None, self.number):
            return
        try:
            journal = getattr(self.house.app, "journal", None)
            if journal:
                self.history.follow(journal)
            modes = MODES[self._due // n % len(MODES) :][:1] if self._turns else self._modes
            for mode, rest in cuts(self.house, (memory, name, arguments), self.number, modes, self._seed):
                self._on_cut(self.number, mode, rest, self.history)
        except Violation as error:
            self.failures.append(error)

    def _is_alike(self, memory, arguments):
        journal = getattr(self.house.app, "journal", None) if self.house else None
        if memory != "fram" or not journal:
            self._before = None
            return False
        head = dict(journal.head)
        for name in ("generation", "good_utc_s", "energy_good_utc_s", "saved_utc_s", "floor_utc_s"):
            head.pop(name, None)
        # Other tables stand elsewhere; theirs is a write of its own.
        now = arguments[0] < 768, head if arguments[0] < 768 else arguments
        was, self._before = self._before, now
        return now == was


def restart(rest, history, depth=1, modes=MODES, seed=1, only=None):
    """Start after a cut and look; with depth > 1 also cut at every write of that start.

    `only`: [(number, mode), ...], the one path of further cuts to follow. Return how many
    starts that were. Raises Violation; its `path` names the inner cuts.
    """
    starts = [1]

    def inner(number, mode, again, so_far):
        if only and mode != only[0][1]:
            return
        try:
            starts[0] += restart(again, so_far, depth - 1, modes, seed, only and only[1:])
        except Violation as error:
            error.path.insert(0, (number, mode))
            raise

    at = only[0][0] if only else None
    writes = Writes(history.copy(), inner, modes if depth > 1 else (), seed, only=at)
    house = Opening(rest, writes)
    house.run(RECOVERED_S)
    if house.well.shift_l and not house.app.books.is_known:
        house.run(DECIDED_S)  # another meter, of which no record tells yet
    if writes.failures:
        raise writes.failures[0]
    after = look(house, history)
    must(writes.number <= WRITES_MAX, "I8: a start of %d writes" % writes.number)
    limit_l = after.ceiling_l + OVERSHOOT_L + 3 * RUN_DOWN_L
    must(
        house.well.litres <= limit_l or not after.ceiling_l,
        "I4: %d litres of %d" % (house.well.litres, limit_l),
    )
    return starts[0]
