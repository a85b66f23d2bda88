"""A register that stands while its meter says flow, against the truth (design §5, field F6).

Stuck at any moment, for a minute of flow and more, over rests, silences and restarts: nothing is
lost, and nothing is counted above what P allows. And an honest register with steps so coarse that it
stands for most of a minute, or one that is shown only now and then: W is what it says, P is nothing.
"""

from hypothesis import given, settings
from hypothesis import strategies as st

from karez_firmware.core import bookmark
from karez_firmware.core.books import Books
from karez_protocols import fields
from test_books_properties import METERED, PROFILE, SITE, UPPER, WITHOUT_ENERGY

QUICK = settings(PROFILE, max_examples=100)
RATED_LPS = 17  # 60 m3/h, rounded up
FULL, LOW = (16, 6), (2, 1)  # a second's litres and watt-hours; LOW is still above a tenth of rated


class Well:
    """One well, read each second. Its register shows whole steps, and each `shown_s` seconds."""

    def __init__(self, rows, step=1, shown_s=1):
        self.rows, self.step, self.shown_s = rows, step, shown_s
        self.books = Books(SITE, rows)
        self.truth_l = self.wh = self.stood_l = self.all_s = self.up_s = 0
        self.shown_l = 0
        self.outage_s = None
        self.run(5)

    def run(self, seconds, flow=None, is_stuck=False, is_silent=False, is_dark=False):
        """Seconds of one kind; the power of a well at rest is none."""
        litres, used_wh = flow or (0, 0)
        for _ in range(seconds):
            self.up_s += 1
            self.all_s += 1
            self.truth_l += litres
            self.wh += used_wh
            self.stood_l += litres if is_stuck else 0
            if self.all_s % self.shown_s == 0:
                self.shown_l = (self.truth_l - self.stood_l) // self.step * self.step
            self._read(litres, is_silent, is_dark)

    def _read(self, litres, is_silent, is_dark):
        now_ms, books = self.up_s * 1000, self.books
        if not is_dark:
            books.read_energy(1_000 + self.wh, now_ms, self.outage_s)
        if not is_silent:
            books.read_water(
                64_000 + self.shown_l, now_ms, self.outage_s, self.step, None, not litres,
                flow_lph=litres * 3600,
            )  # fmt: skip
        books.tick(now_ms, litres > 0)

    def restart(self):
        """Power fails, and is back after a minute; the head is of this second."""
        packed = fields.pack(bookmark.LAYOUT, self.books.snapshot())
        self.books = Books(SITE, self.rows)
        self.books.restore(fields.unpack(bookmark.LAYOUT, packed))
        self.outage_s, self.up_s = 60, 0
        self.run(5)

    def stretch(self, kind, seconds, **named):
        """One piece of a story."""
        if kind == "restart":
            self.restart()
        elif kind == "rest":
            self.run(seconds)
        else:
            self.run(seconds, FULL, **named)


PIECES = st.lists(st.tuples(st.sampled_from(("pump", "rest", "restart")), st.integers(1, 40)), max_size=5)


@QUICK
@given(st.integers(0, 70), PIECES, st.integers(0, 40))
def test_no_litre_is_lost_at_a_register_that_stands_however_its_minute_is_cut_up(good_s, pieces, silent_s):
    well = Well(METERED)
    well.run(good_s, FULL)
    for kind, seconds in pieces:
        well.stretch(kind, seconds, is_stuck=True)
    well.run(silent_s, FULL, is_stuck=True, is_silent=True)
    well.run(70, FULL, is_stuck=True)
    assert well.books.is_stuck
    well.run(10, is_stuck=True)
    assert well.truth_l <= well.books.charged_l <= good_s * FULL[0] + (well.wh - good_s * FULL[1]) * UPPER
    well.run(50, FULL)  # mended, it goes on from where it stood
    well.run(10)
    # Until it has moved it counts as stuck: so much P may add once more.
    assert well.truth_l <= well.books.charged_l <= well.wh * UPPER


@QUICK
@given(st.integers(0, 70), st.lists(st.integers(1, 59), max_size=4))
def test_without_a_power_meter_the_whole_time_closed_counts(good_s, runs_s):
    well = Well(WITHOUT_ENERGY)
    well.run(good_s, FULL)
    for seconds in runs_s:
        well.run(seconds, FULL, is_stuck=True)
        well.run(5)
    well.run(70, FULL, is_stuck=True)
    well.run(10)
    stood_s = well.stood_l // FULL[0]
    assert well.truth_l <= well.books.charged_l <= good_s * FULL[0] + stood_s * RATED_LPS


@QUICK
@given(
    st.sampled_from(((100, 1, LOW), (100, 1, FULL), (10, 6, FULL), (1, 5, FULL))),
    st.lists(st.tuples(st.sampled_from(("pump", "rest", "restart")), st.integers(1, 130)), max_size=8),
)
def test_an_honest_register_that_moves_seldom_is_counted_once(kind, pieces):
    step, shown_s, flow = kind
    well = Well(METERED, step, shown_s)
    for name, seconds in pieces:
        if name == "pump":
            well.run(seconds, flow)
            # The refill of the register at rest, as every meter does, before it loses its power.
            well.run(shown_s + 1)
        else:
            well.stretch(name, seconds)
        assert not well.books.is_stuck
    well.run(shown_s + 5)
    assert well.books.volume_l == well.shown_l
    assert well.books.held_l == 0 and well.books.segment == 1


@QUICK
@given(st.integers(61, 300), st.integers(0, 1))
def test_a_register_that_only_was_not_shown_has_counted_everything(seconds, has_energy):
    well = Well(METERED if has_energy else WITHOUT_ENERGY, 1, 100_000)
    well.run(seconds, FULL)
    assert well.books.is_stuck and well.books.held_l >= seconds * FULL[0]
    well.shown_s = 1
    well.run(5, FULL)
    well.run(5)
    assert not well.books.is_stuck
    assert well.books.volume_l == well.truth_l and well.books.held_l == 0


@QUICK
@given(st.integers(1, 100), st.booleans())
def test_energy_that_lifts_nothing_is_no_water_of_a_register_that_stands(dry_s, is_dark_before):
    """The meter says no flow, and is believed: a pump that runs dry, or a heater behind the meter."""
    well = Well(METERED)
    well.run(20, FULL)
    well.run(dry_s, (0, 6), is_dark=is_dark_before)
    well.run(70, FULL, is_stuck=True)
    well.run(5)
    assert well.truth_l <= well.books.charged_l <= 20 * FULL[0] + 70 * RATED_LPS * 9 // 8 * 5 // 4


def test_a_power_meter_that_was_silent_brings_p_nothing_that_water_has_counted():
    for stuck_s in (0, 30):
        well = Well(METERED)
        well.run(300, FULL, is_dark=True)
        well.run(stuck_s, FULL, is_dark=True, is_stuck=True)
        well.run(70, FULL, is_stuck=True)
        well.run(5)
        stood_l = (71 + stuck_s) * SITE["rated_power_w"] // 3600 * 5 // 4 * UPPER
        assert well.truth_l <= well.books.charged_l <= 300 * FULL[0] + stood_l
