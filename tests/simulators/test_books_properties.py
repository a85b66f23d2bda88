"""The books against a meter that tells the truth, and then against one with every fault there is.

    truth       litres abstracted; what runs back down the riser and up again is none
    allowed     for each fault, by how much the books may differ from it, with the reason beside it

An honest well: W is the truth to the litre and P is 0, at every reading. With faults: W never
falls; at the end, after a minute of good readings, truth - low <= W + P <= the litres that P allows
(upper coefficient x energy, the whole of it) + high.
"""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from karez_firmware.core import bookmark, register
from karez_firmware.core.books import Books
from karez_protocols import fields, grant, record

FLOW_L, USED_WH = 16, 6  # a second's litres and watt-hours: 2.67 l/Wh, under the upper coefficient
UPPER = 3
RISER_L = 50
BASE_L, BASE_WH = 64_000, 1_000
SITE = {
    "upper_ml_per_wh": 1000 * UPPER,
    "rated_flow_lph": 60_000,
    "rated_power_w": 22_000,
    "riser_l": RISER_L,
}
PROFILE = settings(
    max_examples=300,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)


def row(quantity, register_base, method=record.METERED, multiplier_ppm=1_000_000):
    return {
        "quantity": quantity, "method": method, "base": 0, "register_base": register_base,
        "multiplier_ppm": multiplier_ppm, "coefficient_version": 0,
    }  # fmt: skip


METERED = (row(grant.WATER, BASE_L), row(grant.ENERGY, BASE_WH))
WITHOUT_ENERGY = (row(grant.WATER, BASE_L),)
CONVERTED = (row(grant.WATER, BASE_WH, record.CONVERTED, 2_500_000), row(grant.ENERGY, BASE_WH))


class World:
    """A well, its meters with their faults, and the books that read them; time in seconds."""

    def __init__(self, rows, poll_s, modulus, is_honest=False):
        self.rows, self.poll_s, self.modulus = rows, poll_s, modulus
        self.books = Books(SITE, rows)
        self.now_s = 0
        self.jumped_l = self.jumped_segment = 0  # a jump that the books have still to decide about
        self.outage_s = None
        self.truth_l = self.used_wh = self.closed_s = self.dark_s = 0
        self.register_l, self.register_wh = BASE_L, BASE_WH
        self.reverse_l = 0
        self.below_l = 0  # how far the riser has run empty
        self.silent_s = 0  # since the last reading that was offered
        self.low = self.high = 0
        self.highest = 0
        self.wild = 0
        self.unseen_l = self.unseen_wh = 0  # set back by so much, and nobody has read it since
        self.is_honest = is_honest

    # -- what passes --------------------------------------------------------------------

    def second(self, closed=False, silent=False, dark=False, stands=None, shows=None):
        """One second; `stands`: "stuck" or "reverse", `shows`: a reading that is not the register."""
        self.books.tick(self.now_s * 1000, closed)
        self.now_s += 1
        if closed:
            self.closed_s += 1
            self.dark_s += dark
            self.used_wh += USED_WH
            self.register_wh += USED_WH
            refill_l = min(self.below_l, FLOW_L)
            self.below_l -= refill_l
            self.truth_l += FLOW_L - refill_l
            if stands == "reverse":
                self.reverse_l += FLOW_L
            elif stands is None:
                self._turn(FLOW_L)
        self.silent_s += 1
        if self.now_s % self.poll_s == 0 or self.silent_s == 0:
            self._read(closed, silent, dark, shows)
        self.books.tick(self.now_s * 1000, closed)
        self._look()

    def _turn(self, litres):
        self.register_l += litres
        if self.modulus:
            self.register_l %= self.modulus

    def _read(self, closed, silent, dark, shows):
        now_ms, books = self.now_s * 1000, self.books
        if not dark:
            # Set back, and read again only when it had passed the last good reading: nothing shows it.
            if books.energy and books.energy.last is not None and self.register_wh >= books.energy.last:
                self.low += UPPER * self.unseen_wh
            self.unseen_wh = 0
            books.read_energy(self.register_wh, now_ms, self.outage_s, is_open=not closed)
        if not silent:
            # The same; and within the riser it looks like water that ran back.
            if shows is None and books.water.last is not None:
                ahead = self.register_l - books.water.last
                if ahead >= -RISER_L or (self.modulus and ahead % self.modulus <= self.modulus // 8):
                    self.low += self.unseen_l
                self.unseen_l = 0
            books.read_water(
                self.register_l if shows is None else shows, now_ms, self.outage_s, 1, self.modulus,
                not closed, self.reverse_l, FLOW_L * 3600 if closed else 0,
            )  # fmt: skip
            self.silent_s = 0

    def _look(self):
        books = self.books
        if books.volume_l is None:
            return
        assert books.volume_l >= self.highest, "W fell"
        self.highest = books.volume_l
        if books.segment != self.jumped_segment:
            self.jumped_l = 0
        elif books.is_known and self.jumped_l <= books.water.bound(
            self.now_s * 1000 - books.water.last_ms + 20_000
        ):
            # As long as nothing can be judged, time makes it plausible.
            self.high += self.jumped_l
            self.jumped_l = 0
        if self.is_honest and books.is_known:
            assert books.held_l == 0 or self.now_s % self.poll_s, "P on an honest well"
            behind_l = FLOW_L * (self.poll_s - 1) + self.below_l
            assert self.truth_l - behind_l <= books.volume_l <= self.truth_l

    # -- what may go wrong --------------------------------------------------------------

    def believable(self):
        """The farthest step forward that would be believed of the next readings: time, and a decision."""
        seconds = self.silent_s + 4 * self.poll_s + 60 + (self.outage_s or 0)
        return SITE["rated_flow_lph"] * 5 * seconds // (4 * 3600) + 1

    def displace(self, new_l):
        """The register is somewhere else all at once."""
        forward = new_l - self.register_l
        if forward < 0 and self.modulus and forward + self.modulus <= self.modulus // 8:
            forward += self.modulus  # as a rollover would look
        is_asked = self.outage_s is None and not self.books.is_known  # and the person says yes, it ran on
        if forward > 0 and (is_asked or forward <= self.believable()):
            self.high += forward  # a plausible step is what the books have to believe
        elif forward > 0:
            self.jumped_l, self.jumped_segment = forward, self.books.segment
        if self.books.water.last is not None:
            self.unseen_l = max(self.unseen_l - forward, self.books.water.last - new_l, 0)
        self.high += self.below_l  # the new register counts the refilling of the riser
        self.low += 2 * UPPER  # E is known to its step, litres are rounded down
        self.register_l = new_l

    def act(self, name, amount, seconds):
        """Do one of the things below."""
        getattr(self, "do_" + name)(amount, seconds)

    def do_pump(self, _, seconds):
        self.run(seconds, closed=True)

    def do_rest(self, _, seconds):
        self.run(seconds)

    def do_silent(self, _, seconds):
        self.run(seconds, closed=True, silent=True)

    def do_dark(self, _, seconds):
        self.run(seconds, closed=True, dark=True)

    def do_all_dark(self, _, seconds):
        self.run(seconds, closed=True, dark=True, silent=True)

    def do_wild(self, amount, seconds):
        """Single wild values, one or more, between good ones or not."""
        for _ in range(seconds % 20):
            self.wild += 1  # no two polls in a row agree: 1,000 and 500 litres apart
            self.second(closed=True, shows=5_000_000 + amount * 1_000 + self.wild // self.poll_s % 2 * 500)
        self.low += 2 * UPPER

    def do_near(self, amount, seconds):
        """A reading that is a little off."""
        shift = amount % 401 - 200
        self.high += max(0, shift)  # it may be a plausible step
        self.low += max(0, -shift)  # and take P back that the meter has not counted, if it fails next
        if shift < 0:
            self.high += self.books.held_l + 3 * 18  # or keep P although the meter has counted it
        self.second(closed=seconds % 2 == 0, shows=max(0, self.register_l + shift))
        self.low += 2 * UPPER

    def do_reset(self, _, __):
        self.displace(0)

    def do_jump(self, amount, _):
        new_l = self.register_l + amount
        self.displace(new_l % self.modulus if self.modulus else new_l)

    def do_set_back(self, amount, _):
        self.displace(max(0, self.register_l - amount % 300))

    def do_swap(self, amount, seconds):
        self.run(seconds % 40, silent=True)
        self.displace(amount)

    def do_power_swap(self, amount, _):
        forward = amount % 900 - self.register_wh
        is_unbounded = self.outage_s is None and not (self.books.energy and self.books.energy.is_known)
        limit = self.believable() * SITE["rated_power_w"] // SITE["rated_flow_lph"]
        if forward > 0 and (is_unbounded or forward <= limit):
            self.high += UPPER * forward  # after an outage of any length energy is believed (outage.py)
        self.register_wh = amount % 900
        for one in (self.books.energy, self.books.water if self.books.is_converted else None):
            if one and one.last is not None:
                self.unseen_wh = max(self.unseen_wh - forward, one.last - self.register_wh, 0)
        self.low += 2 * UPPER

    def do_backflow(self, amount, seconds):
        """The pump has stopped, and up to the riser's water runs back."""
        fall_l = min(amount % (RISER_L + 1), RISER_L - self.below_l)
        self.below_l += fall_l
        self._turn(-fall_l)
        self.run(1 + seconds % 30)

    def do_reverse(self, _, seconds):
        """What moves up to a poll with the contactor open again is water that runs back."""
        self.run(seconds, closed=True, stands="reverse")
        self.low += FLOW_L * self.poll_s + 2 * UPPER

    def do_stuck(self, _, seconds):
        """It takes a minute and two polls to call a register stuck; until then the meter is believed."""
        self.run(seconds, closed=True, stands="stuck")
        self.low += FLOW_L * min(seconds, 60 + 2 * self.poll_s) + 2 * UPPER

    def do_restart(self, amount, _):
        """Power fails for a trusted time, or for who knows how long."""
        packed = fields.pack(bookmark.LAYOUT, self.books.snapshot())
        good_ms = self.books.water.last_ms or 0  # an outage reaches back to the last good reading
        silent_s = self.now_s - good_ms // 1000 + (0 if self.books.is_known else self.outage_s or 0)
        self.books = Books(SITE, self.rows)
        self.books.restore(fields.unpack(bookmark.LAYOUT, packed))
        # P since the last reading is not kept before it shows, after two polls (held.py).
        self.low += FLOW_L * (self.poll_s + 3)
        self.high += self.jumped_l  # not decided yet, it may be a plausible step over the outage
        self.outage_s = amount + silent_s if amount % 3 else None
        self.silent_s = 0
        self.now_s = 0

    def run(self, seconds, **named):
        for _ in range(seconds):
            self.second(**named)

    def end(self):
        """A minute and more of good readings; a person answers what only a person can."""
        self.poll_s = 1
        for closed in (False, True, False):
            self.run(45, closed=closed)
            if self.books.is_uncertain:
                self.books.confirm(grant.WATER, self.now_s * 1000)
        self.run(5)
        assert self.books.is_known and not self.books.is_uncertain


HONEST = ("pump", "rest", "backflow")
FAULTS = (
    "silent", "dark", "all_dark", "wild", "near", "reset", "jump", "set_back", "swap", "power_swap",
    "reverse", "stuck", "restart",
)  # fmt: skip
CONVERTED_FAULTS = ("pump", "rest", "dark", "restart", "power_swap")


def actions(names):
    one = st.tuples(st.sampled_from(names), st.integers(0, 60_000), st.integers(1, 100))
    return st.lists(one, min_size=1, max_size=8)


def played(rows, poll_s, modulus, story, is_honest=False):
    world = World(rows, poll_s, modulus, is_honest)
    world.run(3 * poll_s)
    for name, amount, seconds in story:
        world.act(name, amount, seconds)
    return world


@PROFILE
# While water may flow, the controller polls at least every 2 s (settings.py).
@given(st.sampled_from((1, 2)), st.sampled_from((None, 65_536_000)), actions(HONEST))
def test_an_honest_wells_books_are_the_truth_and_nothing_is_held(poll_s, modulus, story):
    world = played(METERED, poll_s, modulus, story, is_honest=True)
    world.end()
    assert world.books.volume_l == world.truth_l and world.books.held_l == 0
    assert world.books.segment == 1 and world.books.energy_wh == world.used_wh


@PROFILE
@given(st.sampled_from((1, 2, 10)), st.sampled_from((None, 65_536)), actions((*HONEST, *FAULTS)))
def test_whatever_a_meter_does_w_never_falls_and_stays_within_its_bounds(poll_s, modulus, story):
    world = played(METERED, poll_s, modulus, story)
    world.end()
    charged_l = world.books.charged_l
    assert charged_l >= world.truth_l - world.low
    # While the power meter is dark P runs by rated flow, and E by rated power when it is swapped.
    rated_l = UPPER * SITE["rated_power_w"] * world.dark_s // 3600 + UPPER * 7 * len(story) * 30
    assert charged_l <= UPPER * world.used_wh + rated_l + world.high


@PROFILE
@given(
    st.sampled_from((1, 2, 10)),
    st.sampled_from((None, 65_536)),
    actions([name for name in (*HONEST, *FAULTS) if "power" not in name]),
)
def test_without_a_power_meter_the_bounds_are_of_rated_flow(poll_s, modulus, story):
    world = played(WITHOUT_ENERGY, poll_s, modulus, story)
    world.end()
    charged_l = world.books.charged_l
    assert charged_l >= world.truth_l - world.low
    assert charged_l <= SITE["rated_flow_lph"] * world.closed_s // 3600 + world.high


@PROFILE
@given(st.sampled_from((1, 2, 10)), actions(CONVERTED_FAULTS))
def test_a_converted_well_is_its_energy_and_rated_flow_where_that_is_dark(poll_s, story):
    world = played(CONVERTED, poll_s, None, story)
    world.end()
    exact_l = world.used_wh * 25 // 10
    assert world.books.charged_l >= exact_l - world.low - len(story)
    if not any(name == "power_swap" for name, _, _ in story):
        assert world.books.volume_l == exact_l
    assert world.books.charged_l <= SITE["rated_flow_lph"] * world.closed_s // 3600 + world.high


def test_the_world_makes_every_result_there_is():
    """Else the properties above would prove little."""
    found = set()
    for poll_s in (1, 10):
        world = World(METERED, poll_s, 65_536)
        offer = world.books.read_water
        world.books.read_water = lambda *given, offer=offer, **named: found.add(offer(*given, **named))
        world.run(3 * poll_s)
        for name, amount, seconds in (
            ("pump", 0, 130), ("backflow", 20, 5), ("silent", 0, 100), ("rest", 0, 60), ("wild", 1, 13),
            ("jump", 30_000, 1), ("rest", 0, 60),
        ):  # fmt: skip
            world.act(name, amount, seconds)
    assert found == {
        register.GOOD, register.BACK, register.HELD, register.UNCERTAIN, register.ROLLED,
        register.BACKFLOW, register.OPENED,
    }  # fmt: skip
