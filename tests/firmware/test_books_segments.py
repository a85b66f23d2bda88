"""Segments of the books: rollover, reset, swap, backflow, reverse flow, conversion, power cuts."""

from karez_firmware.core import bookmark, register
from karez_firmware.core.books import Books
from karez_firmware.core.doubts import Doubts
from karez_protocols import causes, event_details, fields, grant, record
from karez_protocols.errors import NotAllowed

SITE = {"upper_ml_per_wh": 3000, "rated_flow_lph": 60_000, "rated_power_w": 22_000, "riser_l": 50}
UTC = 1_790_000_000


def row(quantity, register_base, **changed):
    values = {
        "quantity": quantity, "method": record.METERED, "base": 0, "register_base": register_base,
        "multiplier_ppm": 1_000_000, "coefficient_version": 0,
    }  # fmt: skip
    values.update(changed)
    return values


WATER = row(grant.WATER, 20_000)
ENERGY = row(grant.ENERGY, 1_000)
CONVERTED = row(grant.WATER, 1_000, method=record.CONVERTED, multiplier_ppm=2_500_000, coefficient_version=3)


class Site:
    """Meters on a desk: readings once a second, what they show is set by the test."""

    def __init__(self, rows=(WATER, ENERGY), head=None, outage_s=None, **site):
        values = dict(SITE)
        values.update(site)
        self.books = Books(values, rows)
        self.books.utc_s = UTC
        if head:
            self.books.restore(head)
        self.outage_s = outage_s
        self.now_ms = 0
        self.water_l, self.wh = 20_000, 1_000
        self.modulus = self.reverse = self.flow_lph = self.measuring = None
        self.is_closed = False
        self.is_silent = self.is_dark = False  # water meter, power meter
        self.results = []

    def second(self, flow_l=0, used_wh=0):
        """A second passes, then both meters are read and the books are ticked."""
        self.now_ms += 1000
        self.water_l += flow_l
        if self.modulus:
            self.water_l %= self.modulus
        self.wh += used_wh
        books = self.books
        if not self.is_dark:
            result = books.read_energy(self.wh, self.now_ms, self.outage_s, is_open=not self.is_closed)
            if books.is_converted:
                self.results.append(result)
        if not self.is_silent and not books.is_converted:
            self.results.append(books.read_water(
                self.water_l, self.now_ms, self.outage_s, 1, self.modulus, not self.is_closed,
                self.reverse, self.flow_lph, self.measuring,
            ))  # fmt: skip
        books.tick(self.now_ms, self.is_closed)
        return self.results[-1] if self.results else None

    def run(self, seconds, flow_l=0, used_wh=0):
        self.is_closed = bool(flow_l or used_wh)
        for _ in range(seconds):
            self.second(flow_l, used_wh)
        return self

    def causes(self):
        return [cause for cause, _ in self.books.events]

    def opened(self):
        """The detail of the newest opened segment, through its layout and back."""
        values = [detail for cause, detail in self.books.events if cause == causes.SEGMENT_OPENED][-1]
        layout = event_details.layout(causes.SEGMENT_OPENED)
        return fields.unpack(layout, fields.pack(layout, values))

    def again(self, outage_s=20, **site):
        """Power off, and new books from what FRAM holds, through its layout and back."""
        packed = fields.pack(bookmark.LAYOUT, self.books.snapshot())
        other = Site(self._rows(), fields.unpack(bookmark.LAYOUT, packed), outage_s, **site)
        other.water_l, other.wh, other.modulus = self.water_l, self.wh, self.modulus
        return other

    def _rows(self):
        water = self.books.water.segment
        return (CONVERTED,) if water.is_converted and not self.books.energy else (WATER, ENERGY)


def known(**named):
    site = Site(**named)
    site.run(3)
    assert site.books.is_known and site.books.volume_l == 0
    return site


def jumped(site, to_l, seconds=12, flow_l=16, used_wh=6):
    """The register goes on from somewhere else while pumping."""
    site.water_l = to_l
    return site.run(seconds, flow_l, used_wh)


# -- rollover -------------------------------------------------------------------------------


def test_a_rollover_stays_in_the_segment_and_is_told_once():
    site = known()
    site.water_l, site.modulus = 20_000, 20_100
    site.run(30, 16, 6)
    assert site.results.count(register.ROLLED) == 1 and site.causes() == [causes.ROLLOVER]
    assert site.books.volume_l == 30 * 16 and site.books.held_l == 0 and site.books.segment == 1
    assert site.books.water.segment.turned == 20_100
    site.run(1300, 16, 6)  # once more
    assert site.results.count(register.ROLLED) == 2 and site.books.volume_l == 1330 * 16
    assert site.books.events[0] == (causes.ROLLOVER, {"quantity": grant.WATER})


def test_litres_held_during_a_rollover_are_not_booked_twice():
    site = known()
    site.modulus = 20_100
    before = 0
    for _ in range(40):
        site.run(1, 16, 6)
        assert site.books.volume_l >= before and site.books.charged_l >= before
        before = site.books.volume_l
    assert before == 640


def test_a_reset_far_from_the_modulus_is_no_rollover_even_after_weeks():
    site = known()
    site.modulus = 65_536_000
    site.run(10, 16, 6)
    for outage_s in (20, 28 * 86_400):
        again = site.again(outage_s)
        again.water_l = 3
        again.run(13)
        assert register.ROLLED not in again.results and register.OPENED in again.results
        assert again.opened()["reason"] == event_details.RESET and again.books.volume_l == 160


def test_a_rollover_over_an_outage_is_bounded_by_energy_too():
    for used_wh, expected in ((10, register.OPENED), (60, register.ROLLED)):
        site = known()
        site.modulus = 20_200
        site.run(10, 16, 6)
        again = site.again(3600)
        again.water_l = 20_160 + 140 - 20_200
        again.wh += used_wh
        again.run(11)
        assert again.results[-1] == expected, used_wh
    assert again.books.volume_l == 300


def test_a_modulus_of_which_the_rollover_is_too_large_a_part_asks_a_person():
    site = known()
    site.modulus = 20_001
    site.run(2)
    site.is_silent = True
    site.run(400, 16, 6)
    site.is_silent = False
    site.run(12)
    assert register.ROLLED not in site.results and register.OPENED in site.results


# -- reset, jump, swap ----------------------------------------------------------------------


def test_a_reset_closes_the_segment_books_p_and_opens_one_unconfirmed():
    site = known()
    site.run(10, 16, 6)
    jumped(site, 0, 11)
    detail = site.opened()
    # P of 11 s at 6 Wh and 3 l/Wh, of which the new register has counted 10 s.
    assert site.books.volume_l == 160 + 11 * 18 and site.books.held_l == 0
    assert detail == {
        "quantity": grant.WATER, "method": record.METERED, "reason": event_details.RESET, "number": 3,
        "closing": 20_160, "register_base": 16, "base": 198, "is_confirmed": 0,
    }  # fmt: skip
    assert site.books.segment == 3 and site.books.is_provisional and not site.books.is_uncertain
    assert site.books.water.segment.opened_utc_s == UTC and site.books.method == record.METERED


def test_a_jump_is_a_jump_and_its_litres_are_no_litres():
    site = jumped(known(), 1_000_000)
    assert site.opened()["reason"] == event_details.JUMP and site.books.volume_l == 11 * 18 + 16


def test_while_held_readings_do_not_agree_the_books_are_uncertain_and_p_counts():
    site = known()
    for at in range(20):
        site.water_l = 500_000 * (1 + at % 2)
        site.run(1, 0, 6)
    assert site.results[-1] == register.UNCERTAIN and site.books.is_uncertain
    assert site.books.held_l == 20 * 18 and site.books.volume_l == 0
    assert site.books.method == record.CONVERTED and site.causes() == []


def test_a_register_toggled_each_minute_never_wins_a_litre():
    site = known()
    truth_l = 0
    for minute in range(20):
        wild = minute % 2
        for _ in range(60):
            truth_l += 16
            site.water_l = (900_000 if wild else 20_000) + truth_l
            site.run(1, 0, 6)
            assert site.books.charged_l >= truth_l - 42  # P shows after two missed polls
    assert site.causes().count(causes.SEGMENT_OPENED) == 19
    # Each toggle may cost the honest 11 s of P instead of the meter's litres: 18 for 16.
    assert truth_l <= site.books.volume_l <= truth_l + 19 * 11 * (18 - 16)


def test_without_an_energy_meter_a_reset_books_rated_flow_times_time_closed():
    site = Site(rows=(WATER,)).run(3).run(5, 16)
    jumped(site, 5)
    assert site.books.volume_l == 80 + 60_000 * 11_000 // 3_600_000 + 16
    assert site.books.energy_wh is None


def test_an_energy_register_that_jumps_keeps_e_and_counts_rated_power_times_time_closed():
    site = known()
    site.run(5, 16, 6)
    site.wh = 900_000
    site.run(12, 16, 6)
    detail = site.opened()
    assert detail["quantity"] == grant.ENERGY and detail["number"] == 3 and detail["base"] == 30 + 7
    assert site.books.energy_wh == 30 + 22_000 * 11_000 // 3_600_000 + 6 and site.books.segment == 1
    assert site.books.held_l == 0 and site.books.volume_l == 17 * 16


def test_an_outage_that_nothing_bounds_is_held_and_a_person_says_that_the_meter_ran_on():
    site = Site(rows=(WATER,)).run(3)
    again = Site((WATER,), site.books.snapshot())
    again.water_l = 25_000
    again.run(15)
    assert again.results[-1] == register.UNCERTAIN and again.books.is_uncertain
    assert not again.books.is_known and again.books.volume_l == 0
    assert again.books.confirm(grant.WATER, again.now_ms) == causes.NONE
    assert again.books.volume_l == 5_000 and again.books.is_known and not again.books.is_uncertain
    assert again.books.gap == (0, None) and again.causes() == [causes.SEGMENT_CONFIRMED]
    assert again.books.confirm(grant.WATER, again.now_ms) == "there is nothing to confirm"


def test_what_waits_behind_the_last_good_reading_becomes_a_confirmed_segment():
    for head, base in ((True, 160), (False, 0)):
        site = Site(rows=(WATER,)).run(3).run(10, 16)
        again = Site((WATER,), site.books.snapshot() if head else None)
        again.water_l = 500
        again.run(15)
        assert again.books.is_uncertain and again.books.confirm(grant.WATER, again.now_ms) == causes.NONE
        assert again.books.volume_l == base and not again.books.is_provisional
        assert again.opened()["is_confirmed"] == 1 and (again.books.gap is None) != head
        again.run(5, 16)
        assert again.books.volume_l == base + 5 * 16


def test_an_untrusted_outage_with_an_energy_meter_is_bounded_by_its_energy():
    site = known()
    for used_wh, litres, is_booked in ((100, 290, True), (100, 400, False)):
        again = site.again(None)
        again.wh += used_wh
        again.water_l += litres
        again.run(15)
        assert again.books.is_known and not again.books.is_uncertain
        # Not booked as the meter's, but converted: the energy of the outage at the upper coefficient.
        assert again.books.volume_l == (litres if is_booked else 300)
        assert again.books.is_provisional != is_booked


def test_an_outage_reaches_up_to_the_reading_not_to_the_boot():
    site = known()
    again = site.again(1)
    again.is_silent = True
    again.run(100, 16, 6)
    again.is_silent = False
    again.run(3)
    assert again.results[-1] == register.BACK and again.books.volume_l == 1600
    assert again.books.gap == (0, 0)


# -- backflow and reverse flow --------------------------------------------------------------


def falling(site, litres, seconds=1):
    """Water runs back with the contactor open."""
    site.is_closed = False
    for _ in range(seconds):
        site.second(-litres)
    return site


def test_backflow_is_neither_booked_nor_credited_and_what_refills_the_riser_is_not_booked_again():
    site = known().run(10, 16, 6)
    for fall in range(3):
        falling(site, 10, 4)
        assert site.results[-1] == register.BACKFLOW and site.books.volume_l == 160 + 16 * fall
        assert site.books.held_l == 0 and site.books.is_known
        site.run(3, 16, 6)  # 40 l refill, 8 l are new
        falling(site, -8)  # and 8 more
    assert site.books.volume_l == 160 + 3 * 16 and site.books.segment == 1
    assert site.causes() == [causes.BACKFLOW] * 3
    assert site.books.events[0][1] == {"quantity": grant.WATER}


def test_repeated_falls_never_add_up_beyond_the_riser():
    site = falling(known().run(10, 16, 6), 30)
    assert site.results[-1] == register.BACKFLOW
    assert falling(site, -5).results[-1] == register.GOOD  # 25 below the mark
    assert falling(site, 25).results[-1] == register.BACKFLOW  # 50
    assert falling(site, 1).results[-1] == register.HELD  # 51: beyond the riser
    assert site.causes() == [causes.BACKFLOW]
    site.run(3, 17, 6)
    assert site.books.volume_l == 160 and site.results[-1] == register.GOOD
    site.run(1, 17, 6)
    assert site.books.volume_l == 160 - 51 + 4 * 17


def test_a_fall_that_was_under_way_when_the_contactor_closed_is_backflow_and_a_later_one_is_not():
    site = known().run(10, 16, 6)
    falling(site, 0)
    site.is_closed = True
    assert site.second(-20) == register.BACKFLOW
    assert site.second(-1) == register.HELD


def test_a_fall_with_the_contactor_closed_or_without_a_riser_is_held_and_decides():
    site = known().run(10, 16, 6)
    site.is_closed = True
    assert site.second(-20, 6) == register.HELD
    site = known(riser_l=0).run(10, 16, 6)
    assert falling(site, 5).results[-1] == register.HELD
    site.run(11)
    assert site.opened()["closing"] == 20_160 and site.books.volume_l == 160


def test_water_runs_back_through_zero_of_the_register():
    site = known()
    site.modulus = 20_100
    site.run(20, 16, 6)
    assert site.books.volume_l == 320 and site.water_l == 220
    site.run(1234, 16, 6)
    site.run(11, 16, 6)
    site.modulus, before = 20_100, site.books.volume_l
    site.water_l = (20_000 + before) % 20_100
    falling(site, site.water_l + 30 if site.water_l <= 20 else 30)
    assert site.results[-1] == register.BACKFLOW and site.books.volume_l == before


def test_a_fall_below_zero_of_the_register_is_backflow_and_no_step_forward():
    site = Site()
    site.modulus = 30_000
    site.run(3)
    site.books.water.last, site.water_l = 10, 10
    site.books.water.segment.turned = 30_000
    before = site.books.volume_l
    assert falling(site, 30).results[-1] == register.BACKFLOW and site.water_l == 29_980
    assert falling(site, -10).results[-1] == register.GOOD and site.water_l == 29_990
    assert falling(site, -20).results[-1] == register.GOOD and site.water_l == 10
    assert site.books.volume_l == before
    assert falling(site, -5).results[-1] == register.GOOD and site.books.volume_l == before + 5


def test_backflow_survives_a_power_cut_and_may_happen_in_one():
    site = falling(known().run(10, 16, 6), 30)
    again = site.again(20)
    again.run(4)
    assert again.results[-1] == register.GOOD and again.books.volume_l == 160
    again.run(3, 16, 6)
    assert again.books.volume_l == 160 - 30 + 48
    again = known().run(10, 16, 6).again(20)
    again.water_l -= 30
    again.run(4)
    assert register.BACKFLOW in again.results and again.books.volume_l == 160
    assert again.causes() == [causes.BACKFLOW]


def test_a_meter_that_counts_backwards_while_pumping_is_held_and_its_litres_are_never_forgotten():
    site = known()
    site.reverse = 7
    site.run(5, 16, 6)
    for _ in range(60):
        site.reverse += 16
        site.run(1, 0, 6)
    assert site.books.is_reversed and site.results[-1] == register.HELD
    assert site.causes() == [causes.REVERSE_FLOW] and site.books.held_l == 60 * 18
    site.run(3)  # the pump stops, and the meter is sound again
    assert not site.books.is_reversed and site.books.held_l == 0
    assert site.books.volume_l == 5 * 16 + 60 * 18 and site.books.is_provisional


def test_a_coarse_reverse_total_is_reversed_between_its_steps_too():
    site = known()
    site.reverse = 0
    for second in range(30):
        site.reverse = second // 6 * 100
        site.run(1, 0, 6)
    # Its first step is unseen until it is whole.
    assert site.causes() == [causes.REVERSE_FLOW] and site.books.charged_l == 24 * 18
    assert site.results[-1] == register.HELD


def test_a_short_reversal_stays_in_p_and_survives_a_cut_and_a_reset_books_it():
    site = known()
    site.reverse = 0
    site.run(1, 16, 6)
    site.reverse = 3
    site.run(1, 0, 6)
    site.run(1, 16, 6)
    # 36 l by energy for the two seconds, 16 of them counted.
    assert site.books.charged_l == 32 + 20 and site.books.volume_l == 32
    assert site.books.method == record.METERED
    again = site.again(20)
    again.run(4)
    assert again.books.charged_l == 52 and again.books.volume_l == 32
    jumped(again, 0, 12, 0, 0)
    assert again.books.volume_l == 52 and again.books.held_l == 0


def test_a_cut_while_the_meter_counts_backwards_takes_no_litre_back():
    site = known()
    site.reverse = 0
    site.run(1)
    for _ in range(10):
        site.reverse += 16
        site.run(1, 0, 6)
    assert site.books.held_l == 180
    again = site.again(20)
    again.run(5)
    assert again.books.charged_l == 180


def test_a_register_set_back_and_caught_up_in_the_dark_does_not_take_p_back():
    for is_cut in (False, True):
        site = known().run(10, 16, 6)
        site.water_l -= 400
        site.run(2, 16, 6)
        assert site.results[-1] == register.HELD
        site.is_silent = True
        site.run(29, 16, 6)
        assert site.books.held_l == 31 * 18
        if is_cut:
            site = site.again(1)
        site.is_silent = False
        site.run(4)
        assert site.books.segment == 3 and site.books.held_l == 0, is_cut
        assert site.books.volume_l == 160 + 31 * 18  # 96 of them as the meter shows them


def test_reverse_flow_is_told_off_after_a_minute_without_any():
    site = known()
    site.reverse = 0
    site.run(1, 16, 6)
    site.reverse = 5
    site.run(1, 0, 6)
    site.reverse = None  # unknown is not a move
    site.run(62, 16, 6)
    assert not site.books.is_reversed
    site.reverse = 5
    site.run(1, 16, 6)
    assert not site.books.is_reversed and site.books.volume_l == 64 * 16
    site.reverse = 9
    site.run(1, 0, 6)
    assert site.causes() == [causes.REVERSE_FLOW] * 2


def test_a_meter_that_says_it_measures_nothing_leaves_its_litres_in_p():
    site = known()
    site.run(5, 16, 6)
    site.measuring = False
    site.run(8, 0, 6)
    assert site.results[-1] == register.HELD and not site.books.is_uncertain
    site.measuring = None
    site.run(1)
    assert site.books.charged_l == 80 + 8 * 18 and site.books.volume_l == 80
    site.measuring = False
    site.run(8, 0, 6)
    site.measuring = None
    site.run(1)  # more than ten seconds of it: a segment books them
    assert site.books.volume_l == 80 + 16 * 18 and site.books.held_l == 0
    assert site.opened()["reason"] == event_details.JUMP and site.results[-1] == register.OPENED


def test_uncounted_litres_wait_until_the_riser_is_full():
    site = falling(known().run(10, 16, 6), 20)
    site.measuring = False
    site.run(20, 0, 6)
    site.measuring = None
    site.run(1)
    assert site.books.held_l == 360 and site.books.segment == 1
    site.run(2, 16, 6)
    assert site.books.volume_l == 160 + 12 + 360 and site.books.held_l == 0


# -- stuck ----------------------------------------------------------------------------------


def test_a_total_that_stands_while_the_meter_says_flow_is_stuck_and_p_counts():
    site = known()
    site.flow_lph = 57_600
    site.run(57, 0, 6)
    assert not site.books.is_stuck
    site.run(30, 0, 6)
    assert site.books.is_stuck and site.books.held_l >= 26 * 18
    site.run(3, 16, 6)
    assert not site.books.is_stuck and site.books.charged_l >= 26 * 18 + 48


def test_what_is_stuck():
    for flow_lph, step, expected in (
        (57_600, 1, True), (5_999, 1, False), (None, 1, False), (57_600, 1000, False),
    ):  # fmt: skip
        doubts = Doubts(6_000)
        for second in range(65):
            doubts.take(500, second * 1000, step, False, None, flow_lph, None)
        assert doubts.is_stuck == expected, (flow_lph, step)
    doubts = Doubts(6_000)
    for second in range(3):  # two readings a minute apart say nothing of the time between
        doubts.take(500, second * 61_000, 1, False, None, 57_600, None)
    assert not doubts.is_stuck


def test_a_total_that_stands_with_the_contactor_open_is_told_but_not_held():
    doubts = Doubts(6_000)
    for second in range(65):
        is_doubted = doubts.take(500, second * 1000, 1, True, None, 57_600, None)
    assert doubts.is_stuck and not is_doubted


# -- conversion -----------------------------------------------------------------------------


def converted(rows=(CONVERTED, ENERGY)):
    return Site(rows).run(3)


def test_a_converted_well_counts_energy_times_its_coefficient():
    for rows in ((CONVERTED, ENERGY), (CONVERTED,)):
        site = converted(rows)
        site.run(10, 0, 6)
        assert site.books.volume_l == 150 and site.books.held_l == 0
        assert site.books.method == record.CONVERTED and site.books.is_known
        assert site.books.energy_wh == (60 if len(rows) == 2 else None)
        assert site.books.read_water(5, site.now_ms, None) is None  # a second meter rules nothing
        site.is_dark = True
        site.run(10, 0, 6)
        # 60 m3/h for 10 s of silence.
        assert site.books.held_l == 166 and site.books.method == record.ESTIMATED
        site.is_dark = False
        site.run(2)
        assert site.books.volume_l == 300 and site.books.held_l == 0
        again = site.again(20)
        again.run(4)
        assert again.books.volume_l == 300 and again.books.method == record.CONVERTED


def test_an_untrusted_outage_of_a_converted_well_is_its_energy():
    site = converted()
    again = Site((CONVERTED, ENERGY), site.books.snapshot())
    again.wh = 1_500
    again.run(4)
    assert again.books.volume_l == 1_250 and again.books.energy_wh == 500


def test_a_converted_wells_register_that_jumps_opens_both_segments():
    site = converted()
    site.run(10, 0, 6)
    site.wh = 90_000
    site.run(12, 0, 6)
    numbers = [detail["number"] for _, detail in site.books.events]
    assert numbers == [3, 4] and site.books.segment == 3
    # 11 s of rated flow, then its own register again.
    assert site.books.volume_l == 150 + 183 + 15 and site.books.method == record.CONVERTED


def test_a_new_coefficient_opens_a_segment_from_now_on():
    site = converted()
    site.run(10, 0, 6)
    assert site.books.convert(2_000_000, 4) == causes.NONE
    assert site.books.volume_l == 150
    site.run(10, 0, 6)
    assert site.books.volume_l == 150 + 120
    detail = site.opened()
    assert detail["reason"] == event_details.COEFFICIENT and detail["is_confirmed"] == 1
    assert detail["base"] == 150 and detail["register_base"] == 1_060
    assert site.books.water.segment.coefficient_version == 4 and not site.books.is_provisional
    again = site.again(20)
    again.run(4)
    assert again.books.volume_l == 270 and again.books.water.segment.multiplier_ppm == 2_000_000
    assert again.books.water.segment.coefficient_version == 4
    for multiplier_ppm in (0, 1 << 32):
        assert again.books.convert(multiplier_ppm, 5) == "a coefficient that no well has"
    assert known().books.convert(2_000_000, 4) == "the volume is not converted here"
    assert Site((CONVERTED,)).books.convert(1, 1) == "the power meter has not been read yet"


def test_what_is_silent_stays_counted_over_a_new_coefficient():
    site = converted()
    site.is_dark = True
    site.run(10, 0, 6)
    held_l = site.books.held_l
    assert site.books.convert(2_000_000, 4) == causes.NONE and site.books.held_l == held_l == 166
    site.run(10, 0, 6)
    assert site.books.held_l == 333


def test_a_site_without_meters_is_estimated_by_p_alone():
    estimated = row(grant.WATER, 0, method=record.ESTIMATED, base=70)
    site = Site((estimated,))
    site.run(3)
    assert site.books.is_known and site.books.volume_l == 70 and site.results == [None] * 3
    site.run(3600, 16)
    assert site.books.volume_l == 70 and site.books.charged_l == 60_070
    assert site.books.method == record.ESTIMATED
    again = Site((estimated,), site.books.snapshot())
    again.run(60, 16)
    # One step before the first tick has no length.
    assert again.books.charged_l == 60_070 + 59 * 60_000 // 3600
    again.books.catch_up({"volume_l": 70, "energy_wh": None, "held_l": 99})
    assert again.books.charged_l == 169
    assert again.books.swap(grant.WATER, 1, 1, 0) == "there is no such meter"
    assert again.books.swap(grant.ENERGY, 1, 1, 0) == "there is no such meter"


def test_the_second_meter_takes_over_and_gives_back():
    site = known().run(10, 16, 6)
    site.is_silent = True
    site.run(10, 0, 6)
    assert site.books.held_l == 180
    assert site.books.take_over(2_500_000, site.now_ms, 9) == causes.NONE
    detail = site.opened()
    assert detail["reason"] == event_details.TAKEOVER and detail["method"] == record.CONVERTED
    assert detail["base"] == 340 and site.books.volume_l == 340 and site.books.held_l == 0
    site.run(10, 0, 6)
    assert site.books.volume_l == 490 and site.books.method == record.CONVERTED
    assert site.books.take_over(1, site.now_ms) == "the power meter rules already"
    again = site.again(20)
    again.run(4)
    assert again.books.volume_l == 490 and again.books.water.segment.coefficient_version == 9
    assert again.books.take_over(1_000_000, again.now_ms, opening=40) == causes.NONE
    again.water_l = 40
    again.run(10, 16, 6)
    assert again.books.volume_l == 650 and again.books.method == record.METERED
    assert again.opened()["closing"] == 1_180


def test_a_take_over_that_cannot_be_is_refused():
    assert Site((WATER,)).run(3).books.take_over(1, 3000) == "the power meter does not answer"
    assert known().books.take_over(0, 3000) == "a coefficient that no well has"
    assert known().books.take_over(1_000_000, 3000, opening=-1) == "a reading that no meter shows"
    site = known()
    site.is_dark = True
    site.run(62)
    assert site.books.take_over(1, site.now_ms) == "the power meter does not answer"


def test_a_take_over_while_the_power_meter_is_late_counts_nothing_twice():
    site = known()
    site.is_silent = site.is_dark = True
    site.run(10, 16, 6)
    assert site.books.held_l == 166
    assert site.books.take_over(3_000_000, site.now_ms) == causes.NONE and site.books.volume_l == 0
    site.is_dark = False
    site.run(1)
    assert site.books.volume_l == 180


def test_a_water_meter_that_never_answered_is_taken_over_at_its_base():
    site = Site()
    site.is_silent = True
    site.run(3, 0, 0)
    assert site.books.volume_l is None
    assert site.books.take_over(2_500_000, site.now_ms) == causes.NONE and site.books.volume_l == 0


# -- a person swaps a meter -----------------------------------------------------------------


def test_a_swap_said_in_time_moves_w_to_the_closing_reading():
    site = known().run(10, 16, 6)
    site.is_silent = True
    site.run(5, 16, 6)
    assert site.books.swap(grant.WATER, 20_240, 7, site.now_ms) == causes.NONE
    assert site.books.volume_l == 240 and site.books.held_l == 0 and not site.books.is_provisional
    detail = site.opened()
    assert detail["reason"] == event_details.SWAP and detail["is_confirmed"] == 1
    assert (detail["closing"], detail["register_base"], detail["base"]) == (20_240, 7, 240)
    site.is_silent, site.water_l = False, 7
    site.run(5, 16, 6)
    assert site.books.volume_l == 320 and site.books.segment == 3


def test_a_closing_reading_that_cannot_be_is_refused_and_changes_nothing():
    site = known().run(10, 16, 6)
    books = site.books
    for closing, opening, words in (
        (20_159, 0, "below the last good one"),
        (20_160 + 50, 0, "farther than the well"),
        (-1, 0, "no meter shows"),
        (20_160, 1 << 47, "no meter shows"),
    ):
        assert words in books.swap(grant.WATER, closing, opening, site.now_ms), closing
    assert books.segment == 1 and books.volume_l == 160 and books.events == []


def test_a_meter_that_stood_still_is_swapped_with_its_litres_converted():
    site = known().run(10, 16, 6)
    site.is_silent = True
    site.run(100, 16, 6)
    assert site.books.held_l == 1800
    assert site.books.swap(grant.WATER, 20_160, 0, site.now_ms) == causes.NONE
    assert site.books.volume_l == 160 + 1800 and site.books.held_l == 0


def test_a_swap_said_after_the_books_noticed_only_confirms():
    site = jumped(known().run(10, 16, 6), 0)
    volume_l = site.books.volume_l
    books = site.books
    # The new meter was at 16 when it was first read: it cannot have begun above that.
    assert "above the first" in books.swap(grant.WATER, 20_170, 17, site.now_ms)
    assert books.is_provisional
    assert books.swap(grant.WATER, 20_170, 0, site.now_ms) == causes.NONE
    assert books.volume_l == volume_l and books.segment == 3 and not books.is_provisional
    cause, detail = books.events[-1]
    assert cause == causes.SEGMENT_CONFIRMED and detail["is_confirmed"] == 1
    assert detail["reason"] == event_details.SWAP


def test_a_meter_swapped_after_a_jump_is_swapped_and_not_only_confirmed():
    site = jumped(known().run(10, 16, 6), 50_000)
    assert site.books.swap(grant.WATER, site.water_l, 0, site.now_ms) == causes.NONE
    assert site.books.segment == 4 and site.opened()["reason"] == event_details.SWAP


def test_an_unconfirmed_jump_is_confirmed_by_a_person():
    site = jumped(known(), 50_000)
    volume_l = site.books.volume_l
    assert site.books.confirm(grant.WATER, site.now_ms) == causes.NONE
    assert not site.books.is_provisional and site.books.volume_l == volume_l
    assert site.books.confirm(grant.WATER, site.now_ms) == "there is nothing to confirm"
    assert site.books.confirm(grant.ENERGY, site.now_ms) == "there is nothing to confirm"


def test_a_swap_over_a_rollover_and_below_the_mark_counts_what_was_counted():
    site = known()
    site.modulus = 20_100
    site.run(5, 16, 6)
    site.is_silent = True
    site.run(3, 16, 6)
    assert site.books.swap(grant.WATER, 28, 0, site.now_ms) == causes.NONE
    assert site.books.volume_l == 128
    site = falling(known().run(10, 16, 6), 30)
    assert site.books.swap(grant.WATER, 20_130 + 10, 0, site.now_ms + 1000) == causes.NONE
    assert site.books.volume_l == 160


def test_a_new_power_meter_opens_a_segment_of_energy_and_at_a_converted_well_of_both():
    site = known().run(10, 16, 6)
    assert site.books.swap(grant.ENERGY, 1_062, 5, site.now_ms + 1000) == causes.NONE
    assert site.books.energy_wh == 62 and site.books.segment == 1 and site.books.volume_l == 160
    site.wh = 5
    site.run(5, 16, 6)
    assert site.books.energy_wh == 92 and site.causes() == [causes.SEGMENT_OPENED]
    site = converted()
    site.run(10, 0, 6)
    assert site.books.swap(grant.WATER, 1_060, 5, site.now_ms) == causes.NONE
    site.wh = 5
    site.run(5, 0, 6)
    assert site.books.energy_wh == 90 and site.books.volume_l == 225
    assert site.causes() == [causes.SEGMENT_OPENED] * 2


def test_after_a_restart_without_any_reading_a_person_may_still_swap():
    again = known().run(10, 16, 6).again(None)
    assert again.books.swap(grant.WATER, 20_900, 4, 100) == causes.NONE
    assert again.books.volume_l == 900 and not again.books.is_known
    fresh = Site()
    assert "below" in fresh.books.swap(grant.WATER, 19_000, 4, 100)
    assert fresh.books.swap(grant.WATER, 20_500, 4, 100) == causes.NONE
    assert fresh.books.volume_l == 500


# -- power cuts -----------------------------------------------------------------------------


def test_a_snapshot_through_fram_is_the_same_books():
    site = jumped(known().run(10, 16, 6), 0)
    site.run(5, 16, 6)
    again = site.again(20)
    assert again.books.snapshot() == site.books.snapshot()
    again.run(4, 0, 0)
    assert again.books.volume_l == site.books.volume_l and again.books.is_provisional
    assert again.books.water.segment.opened_utc_s == UTC


def test_a_head_from_before_segments_means_the_bindings_last():
    old = {"register_l": 20_500, "energy_register_wh": 1_200, "held_l": 4, "volume_l": 500}
    for name in fields.unpack(bookmark.LAYOUT, b"\xff" * fields.size_of(bookmark.LAYOUT)):
        old.setdefault(name, None)
    site = Site(head=old, outage_s=20)
    assert site.books.volume_l == 500 and site.books.held_l == 4 and site.books.segment == 1
    assert site.books.energy_wh == 200


def test_a_binding_with_a_later_segment_rules_over_the_head():
    site = jumped(known(), 0)
    site.run(5, 16, 6)
    head = site.books.snapshot()
    rows = (WATER, ENERGY, WATER, row(grant.WATER, 500, base=9_000))
    again = Site(rows, head, 20)
    assert again.books.segment == 4 and again.books.volume_l is None
    again.water_l = 600
    again.run(3)
    assert again.books.volume_l == 9_100


def test_a_cut_before_and_after_the_record_of_a_segment_gives_the_same_w():
    site = known().run(10, 16, 6)
    old_head = site.books.snapshot()  # the last head before the register was reset
    jumped(site, 0, 15)
    site.run(1)
    recorded = {name: getattr(site.books, name) for name in ("volume_l", "energy_wh", "held_l")}
    events = site.books.events
    for heads in ("record only", "head too", "record twice"):
        again = Site(head=site.books.snapshot() if heads == "head too" else old_head, outage_s=20)
        for _ in range(2 if heads == "record twice" else 1):
            for _, values in events:
                again.books.adopt(values, values["multiplier_ppm"])
            again.books.catch_up(recorded)
        again.water_l, again.wh = site.water_l, site.wh
        again.run(4)
        assert again.books.volume_l == site.books.volume_l, heads
        assert again.books.held_l == 0 and again.books.segment == 3 and again.books.events == []
    # Neither record nor head: the readings decide again, and P covers what the register told above.
    again = Site(head=old_head, outage_s=20)
    again.water_l, again.wh = site.water_l, site.wh
    again.run(15)
    assert site.books.volume_l <= again.books.volume_l <= 160 + 15 * 18


def test_a_cut_between_a_rollover_and_its_head_gives_the_same_w():
    site = known()
    site.modulus = 20_100
    site.run(5, 16, 6)
    old_head = site.books.snapshot()
    site.run(20, 16, 6)
    recorded = {name: getattr(site.books, name) for name in ("volume_l", "energy_wh", "held_l")}
    for is_caught_up in (True, False):
        again = Site(head=old_head, outage_s=20)
        if is_caught_up:
            again.books.catch_up(recorded)
        again.water_l, again.wh, again.modulus = site.water_l, site.wh, site.modulus
        again.run(14)
        assert again.books.volume_l == 400 and again.books.segment == 1


def test_a_lost_head_is_found_again_in_the_ring():
    site = jumped(known().run(10, 16, 6), 0)
    site.books.confirm(grant.WATER, site.now_ms)
    site.wh = 70_000
    site.run(15, 16, 6)
    recorded = {name: getattr(site.books, name) for name in ("volume_l", "energy_wh", "held_l")}
    again = Site(outage_s=20)
    for cause, values in site.books.events:
        if event_details.layout(cause):
            again.books.adopt(values, values["multiplier_ppm"])
    again.books.catch_up(recorded)
    again.water_l, again.wh = site.water_l, site.wh
    again.run(4)
    assert again.books.volume_l == site.books.volume_l and again.books.energy_wh == site.books.energy_wh
    assert again.books.segment == 3 and again.books.energy.segment.number == 4
    assert again.books.water.segment.is_confirmed and not again.books.energy.segment.is_confirmed


def test_an_event_that_is_known_or_of_no_meter_is_not_taken_again():
    site = jumped(known(), 0)
    before = site.books.snapshot()
    detail = dict(site.books.events[0][1])
    for number in (1, 3, None):
        detail["number"] = number
        site.books.adopt(detail)
    assert site.books.snapshot() == before
    detail["number"], detail["is_confirmed"] = 3, 1
    site.books.adopt(detail)
    assert not site.books.is_provisional
    alone = Site((WATER,))
    detail["quantity"] = grant.ENERGY
    alone.books.adopt(detail)
    alone.books.catch_up({"volume_l": None, "energy_wh": None, "held_l": None})
    assert alone.books.energy is None and alone.books.volume_l is None


def test_a_record_below_what_is_known_takes_nothing_back():
    site = known().run(10, 16, 6)
    site.books.catch_up({"volume_l": 100, "energy_wh": 10, "held_l": 5})
    assert site.books.volume_l == 160 and site.books.energy_wh == 60 and site.books.held_l == 5
    fresh = Site((row(grant.WATER, 20_000, base=500),))
    fresh.books.catch_up({"volume_l": 400, "energy_wh": None, "held_l": 0})
    assert fresh.books.volume_l == 500


def test_a_segment_opened_without_a_trusted_time_gets_it_when_there_is_one():
    site = known()
    site.books.utc_s = None
    jumped(site, 0)
    assert site.books.water.segment.opened_utc_s is None
    site.books.utc_s = UTC + 5
    site.run(1)
    assert site.books.water.segment.opened_utc_s == UTC + 5


def test_segment_numbers_end_and_records_still_hold_them():
    site = known()
    site.books.water.segment.number = 65_534
    jumped(site, 0)
    assert site.books.segment == 65_534 and site.opened()["number"] == 65_534


def test_p_never_outgrows_its_place_in_a_record():
    site = Site((WATER,), rated_flow_lph=4_000_000_000)
    site.run(3)
    site.is_silent = True
    site.books.tick(site.now_ms + 1000, True)
    site.books.tick(site.now_ms + 100 * 3_600_000, True)
    assert site.books.held_l == 0xFFFF_FFFE


def test_a_person_vouches_for_a_rollover_that_a_cut_came_between():
    site = Site(rows=(WATER,)).run(3)
    site.modulus = 20_100
    site.run(8, 16)
    again = Site((WATER,), site.books.snapshot())
    again.modulus, again.water_l = 20_100, 28
    again.run(15)
    assert again.books.is_uncertain and again.books.confirm(grant.WATER, again.now_ms) == causes.NONE
    assert again.books.volume_l == 128 and again.books.water.segment.turned == 20_100


def test_a_person_may_vouch_before_the_books_decide():
    for step_wh, expected in ((5_000, 5_000), (-600, 0)):
        site = known()
        for at in range(12):
            site.wh = 900_000 * (1 + at % 2)
            site.run(1)
        site.wh = 1_000 + step_wh
        site.run(4)
        assert site.books.confirm(grant.ENERGY, site.now_ms) == causes.NONE
        assert site.books.energy_wh == expected and site.books.volume_l == 0
    assert site.opened()["is_confirmed"] == 1 and site.opened()["quantity"] == grant.ENERGY


def test_a_reading_from_before_the_last_tick_is_judged_and_no_time_is_counted_twice():
    site = Site(rows=(WATER,)).run(3).run(5, 16)
    site.is_silent = True
    site.run(5, 16)
    books = site.books
    books.tick(site.now_ms + 400, True)
    books.read_water(90_000, site.now_ms + 100, None)
    books.tick(site.now_ms + 1_000, True)
    assert books.held_l == 60_000 * 6_000 // 3_600_000


def test_an_estimated_site_counts_rated_flow_after_a_power_cut_as_before_it():
    rows = (row(grant.WATER, 0, method=record.ESTIMATED), ENERGY)
    site = Site(rows).run(3).run(10, 16, 6)
    assert site.books.held_l == 150  # 60 m3/h, from the second second on
    again = Site(rows, site.books.snapshot(), 20)
    again.wh = site.wh
    again.run(4)
    again.run(100, 16, 6)
    assert again.books.held_l == 150 + 60_000 * 99 // 3600


def test_a_register_that_stands_where_it_stood_needs_no_person_however_long_the_outage_was():
    head = Site((WATER,)).run(3).run(10, 16).books.snapshot()
    again = Site((WATER,), head, None)
    again.water_l = 20_160
    again.run(30)
    assert again.books.is_known and not again.books.is_uncertain


def test_a_number_that_no_head_can_hold_leaves_the_head_as_it_is_and_raises_nothing():
    site = Site()
    site.books.water.segment.turned = 1 << 48
    values = site.books.snapshot()
    try:
        fields.pack(bookmark.LAYOUT, values)
        raise AssertionError("a head took it")
    except NotAllowed:
        pass
    site.books.water.segment.turned = 0
    assert fields.unpack(bookmark.LAYOUT, fields.pack(bookmark.LAYOUT, site.books.snapshot()))
