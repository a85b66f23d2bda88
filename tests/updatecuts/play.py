"""One update with water before and after it, played once; what a power cut leaves at every write is started.

The three memories are models of NOR and FRAM (firmware: ports/fake_memory.py): a cut write is not begun, half
done, done bit by bit as chance will, or left in bits that read as they like.
"""

import hashlib

from karez_firmware.ports.fake_memory import MODES, PREFIX, Mains, PowerCut
from karez_firmware.store.devices import SECTOR, StoreFailed
from karez_firmware.update import intake, marks
from karez_protocols import update_link
from karez_protocols.slices import finish
from terminal import Tool
from update_carriers import Gateway, send_chunks, send_manifest, technician
from updates import OLD, a_flash, content, image_of, manifest_of, port_of, ready
from wellhouse import House

DARK_L = 3  # somebody draws so much while the box is dark: the totaliser counts it
CARRIERS = ("cable", "mqtt")


class Update:
    """What is brought: an image of so many bytes, and its manifest; `sectors` of a slot for it."""

    def __init__(self, size, sectors):
        self.image = image_of(chunks=size // SECTOR + 1, short=SECTOR - size % SECTOR)
        self.manifest = manifest_of(self.image)
        self.sha256 = hashlib.sha256(self.manifest).digest()
        self.sectors = sectors

    def flash(self):
        """A flash with slots that hold it, and the factory's image in the first."""
        return a_flash(sectors=self.sectors)

    def whole(self, slot):
        """What must stand in a slot that runs."""
        return OLD if slot == 0 else self.image


SMALL = Update(11_288, 4)
FULL_SIZE = 300_000  # bytes: the largest image that a board's ROMFS is made for (docs/ports.md)


def full():
    """The largest image there is, with its 74 chunks."""
    return Update(FULL_SIZE, -(-FULL_SIZE // SECTOR))


class Bricked(AssertionError):
    """A box that runs neither the image before nor the new one, or does not get there any more."""


def started(update, nor, fram, flash, well, utc_s):
    """Power returns: the boot chooses a slot, the app runs from it. Raises Bricked."""
    port = port_of(nor, fram, well, flash, utc_s)
    house = House(nor, fram, well, utc_s, port=port)
    image = update.whole(port.slot)
    if content(house, len(image)) != image:
        raise Bricked(f"slot {port.slot} does not hold its image")
    return house


def _restarted(update, house):
    utc_s = house.port.utc()[0] + 5
    house.well.go_on(house.port.us)
    return started(update, house.nor, house.fram, house.port.flash, house.well.copy(), utc_s)


def _bring(update, trial):
    """Take the whole update, past the carriers."""
    taken, is_new = trial.intake()
    if is_new:
        finish(taken.survey_slices())
    taken.put(len(update.manifest), update.sha256)
    taken.piece(0, update.manifest)
    finish(taken.signed_slices())
    while taken.state == intake.COMING:
        at = taken.index * SECTOR
        taken.chunk(taken.index, 0, update.image[at : at + SECTOR])
    finish(taken.check_slices())


def settle(update, house):
    """Let a box that came back end the update: it must still be able to. Raises Bricked."""
    if house.port.slot == 0:
        _bring(update, house.app.update)
        house.app.update.arm()
        house = _restarted(update, house)
        if house.port.slot != 1:
            raise Bricked("the update that was begun again is not tried")
    house.run(75)
    if house.app.update.slots.newest().kept != 1:
        raise Bricked("the update that was begun again is not kept")


def judge(update, nor, fram, flash, well, utc_s, is_settled):
    """Return the litres that were not counted after one cut. Raises Bricked, AssertionError of the chain."""
    well.extra_l += DARK_L
    house = started(update, nor, fram, flash, well, utc_s)
    house.run(5)
    if house.app.books.volume_l is None:
        raise Bricked("the books are not known after the start")
    uncounted_l = abs(house.well.litres - house.app.books.volume_l)
    house.check_chain()
    if is_settled:
        settle(update, house)
    return uncounted_l


class Cuts:
    """Every write of a play, cut in every mode. `every`: of so many writes one, beginning at `first`.

    `is_each`: in one mode each, which take turns.
    """

    def __init__(self, every=1, first=0, modes=MODES, update=SMALL, is_each=False):
        self._every, self._first, self._modes = every, first, modes
        self.update, self._is_each = update, is_each
        self.writes = self.cuts = self.bricked = self.uncounted_l = 0
        self.failures = []
        self.house = None

    def watch(self, flash, nor, fram):
        """Hear of every write of these from now on."""
        flash.mains = Mains(on_write=lambda _, name, words: self._cut("flash", name, words))
        nor.mains = fram.mains = Mains(on_write=self._cut)

    def _cut(self, memory, name, words):
        number, self.writes = self.writes, self.writes + 1
        if number % self._every != self._first:
            return
        house = self.house
        utc_s = house.port.utc()[0] + 20
        house.well.go_on(house.port.us)
        for mode in self._modes_of(number // self._every):
            one = {"nor": house.nor.copy(), "fram": house.fram.copy(), "flash": house.port.flash.copy()}
            hit = one[memory]
            hit.mains = Mains(1, 50, mode=mode, seed=number + 1)
            try:
                getattr(hit, name)(*words)
            except PowerCut:
                pass
            hit.mains = Mains()
            self._judge(one, house.well.copy(), utc_s, (number, memory, name, mode))

    def _modes_of(self, turn):
        return (self._modes[turn % len(self._modes)],) if self._is_each else self._modes

    def _judge(self, one, well, utc_s, where):
        self.cuts += 1
        try:
            self.uncounted_l += judge(
                self.update, one["nor"], one["fram"], one["flash"], well, utc_s, is_settled=where[3] == PREFIX
            )
        except Bricked as error:
            self.bricked += 1
            self.failures.append(f"write {where}: {error}")
        except Exception as error:  # noqa: BLE001 - told with its place, and counted
            self.failures.append(f"write {where}: {type(error).__name__} {error}")


def _by_cable(house, update):
    tool = Tool(house)
    send_manifest(tool, update.manifest)
    send_chunks(tool, update.image)
    technician(tool)
    tool.ask("update", "apply", update.sha256.hex())
    house.run(2)


def _by_mqtt(house, update):
    gateway = Gateway(house)
    gateway.run(10)
    gateway.bring(update.manifest, update.image)
    gateway.send(update_link.APPLY, update=update.sha256)
    gateway.run(60)


def play(carrier, cuts):
    """Play the whole of it; `cuts` hears of every write from the first step on. Raises AssertionError."""
    house = ready(cuts.update.flash(), broker=carrier == "mqtt")
    house.press()
    house.run(20)
    house.port.script("stop")
    house.run(40)
    assert house.well.litres > 50 and not house.well.closed
    cuts.house = house
    cuts.watch(house.port.flash, house.nor, house.fram)
    try:
        (_by_cable if carrier == "cable" else _by_mqtt)(house, cuts.update)
    except SystemExit:
        pass
    else:
        raise AssertionError("the box did not restart into the update")
    utc_s = house.port.utc()[0] + 5
    house.well.go_on(house.port.us)
    nor, fram, flash, well = house.nor.copy(), house.fram.copy(), house.port.flash.copy(), house.well.copy()
    cuts.house = _Dark(nor, fram, flash, well, utc_s)
    cuts.watch(flash, nor, fram)
    port = port_of(nor, fram, well, flash, utc_s)
    cuts.house.port = port
    after = House(nor, fram, well, utc_s, port=port)
    cuts.house = after
    after.run(75)
    assert after.app.update.slots.newest().kept == 1
    assert after.app.update.slots.newest().outcome == marks.KEPT


class _Dark:
    """The box between two runs: memories and a well, and no app yet."""

    def __init__(self, nor, fram, flash, well, utc_s):
        self.nor, self.fram, self.well = nor, fram, well
        self.port = _Clock(flash, utc_s)


class _Clock:
    us = 0

    def __init__(self, flash, utc_s):
        self.flash, self._utc_s = flash, utc_s

    def utc(self):
        return self._utc_s, 0


# -- a flash that fails, and no cut ---------------------------------------------------------


class Failing:
    """Mains that let writes of a flash fail: from number `first` on `count` of them, then none."""

    def __init__(self, first, count):
        self.writes = 0
        self._failing = range(first, first + count)

    def __call__(self, *_):
        number, self.writes = self.writes, self.writes + 1
        if number in self._failing:
            raise OSError(5)


def _try_update(house, manifest, image, pieces):
    """Bring an update as far as the box takes it, apply it, or drop it when only `pieces` of it are sent."""
    trial = house.app.update
    try:
        taken, is_new = trial.intake()
        if is_new:
            finish(taken.survey_slices())
        taken.put(len(manifest), hashlib.sha256(manifest).digest())
        taken.piece(0, manifest)
        finish(taken.signed_slices())
        while taken.state == intake.COMING and pieces:
            at, pieces = taken.index * SECTOR, pieces - 1
            taken.chunk(taken.index, 0, image[at : at + SECTOR])
        if taken.state != intake.WHOLE:
            taken.drop()
            return
        finish(taken.check_slices())
        trial.want()
    except (intake.NotTaken, StoreFailed, OSError):
        return  # refused, with a reason: the box goes on as it is


def _run_on(house, seconds):
    """Run, and restart when the box ends itself."""
    try:
        house.run(seconds)
    except SystemExit:
        return _restarted(SMALL, house)
    return house


def fail(first, count=1):
    """Play an update whose flash fails at writes; return how many there were and the litres not counted.

    Behind it comes another update that breaks off, then four short starts. Raises Bricked.
    """
    failing = Failing(first, count)
    house = ready()
    house.press()
    house.run(20)
    house.port.script("stop")
    house.run(40)
    house.port.flash.mains = Mains(on_write=failing)
    _try_update(house, SMALL.manifest, SMALL.image, 3)
    house = _run_on(house, 5)
    house.port.flash.mains = Mains(on_write=failing)
    house = _run_on(house, 75)
    house.port.flash.mains = Mains()
    _try_update(house, manifest_of(image_of(seed=9), number=7), image_of(seed=9), 1)
    for _ in range(marks.TRIES + 1):
        house = _restarted(SMALL, house)
    house.run(75)
    if house.app.books.volume_l is None:
        raise Bricked("the books are not known after the start")
    house.check_chain()
    return failing.writes, abs(house.well.litres - house.app.books.volume_l)
