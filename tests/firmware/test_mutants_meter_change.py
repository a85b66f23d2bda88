"""What mutants of the meter's change showed: boundaries of what a person may say, and what becomes of P."""

from karez_firmware.core import register
from karez_protocols import causes, event_details, grant, record
from test_books_segments import ENERGY, WATER, Site, converted, falling, jumped, known, row

PER_MS = 2_880_000  # l/h: a quarter more is one litre each millisecond
LONGEST_MS = 400 * 86_400_000
REGISTER_MAX = 1 << 47
NO_SUCH = "a reading that no meter shows"
NO_COEFFICIENT = "a coefficient that no well has"
TOO_FAR = "the closing reading is farther than the well can have come since the last good one"


def silent(site, seconds=0, flow_l=0, used_wh=0):
    """The water meter is silent for so long, and the pump runs."""
    site.is_silent = True
    return site.run(seconds, flow_l, used_wh)


# -- readings and coefficients that cannot be -----------------------------------------------


def test_readings_that_no_meter_shows_are_refused_and_nought_is_shown_by_any_new_one():
    for closing, opening, said in (
        (-1, 5, NO_SUCH), (5, -1, NO_SUCH), (0, 0, causes.NONE), (1, 1, causes.NONE),
        (5, REGISTER_MAX - 1, causes.NONE), (5, REGISTER_MAX, NO_SUCH), (5, REGISTER_MAX + 1, NO_SUCH),
        (REGISTER_MAX - 1, 5, TOO_FAR), (REGISTER_MAX, 5, NO_SUCH), (REGISTER_MAX + 1, 5, NO_SUCH),
    ):  # fmt: skip
        site = Site((row(grant.WATER, 0), ENERGY))
        assert site.books.swap(grant.WATER, closing, opening, 100) == said, (closing, opening)


def test_a_meter_that_takes_over_may_read_anything_a_meter_shows():
    for opening, said in (
        (-1, NO_SUCH), (0, causes.NONE), (1, causes.NONE), (REGISTER_MAX - 1, causes.NONE),
        (REGISTER_MAX, NO_SUCH), (REGISTER_MAX + 1, NO_SUCH),
    ):  # fmt: skip
        site = known()
        assert site.books.take_over(1_000_000, site.now_ms, opening=opening) == said, opening


def test_a_coefficient_is_above_nought_and_has_four_bytes_of_which_all_ones_say_unknown():
    for multiplier_ppm, said in (
        (-1, NO_COEFFICIENT), (0, NO_COEFFICIENT), (1, causes.NONE), (0xFFFF_FFFE, causes.NONE),
        (0xFFFF_FFFF, NO_COEFFICIENT), (1 << 32, NO_COEFFICIENT),
    ):  # fmt: skip
        assert converted().books.convert(multiplier_ppm, 4) == said, multiplier_ppm
        site = known()
        assert site.books.take_over(multiplier_ppm, site.now_ms) == said, multiplier_ppm


# -- a swap said in time --------------------------------------------------------------------


def test_a_closing_reading_may_lie_as_far_ahead_as_the_well_can_have_come():
    # Two seconds after the last good reading at 60 m3/h: 41 l and one step.
    for ahead, said in ((42, causes.NONE), (43, TOO_FAR)):
        site = known()
        assert site.books.swap(grant.WATER, 20_000 + ahead, 0, site.now_ms + 2_000) == said, ahead


def test_after_a_restart_a_person_may_speak_for_400_days():
    for ahead, said in ((LONGEST_MS + 1, causes.NONE), (LONGEST_MS + 2, TOO_FAR)):
        site = Site((WATER,), known(rows=(WATER,)).books.snapshot(), rated_flow_lph=PER_MS)
        assert site.books.swap(grant.WATER, 20_000 + ahead, 0, 100) == said, ahead


def test_of_a_closing_reading_above_the_mark_only_what_lies_above_it_is_new():
    site = falling(known().run(10, 16, 6), 30)
    assert site.books.swap(grant.WATER, 20_160 + 10, 0, site.now_ms + 2_000) == causes.NONE
    assert site.books.volume_l == 170


def swapped(counted_l, used_wh, uncounted_l=0):
    """What W moves by in a swap: the old meter counted so much of what ran while it was silent."""
    site = known(upper_ml_per_wh=1_000).run(10, 16, 6)
    if uncounted_l:
        site.measuring = False
        for _ in range(20):
            site.run(1, 0, uncounted_l // 20)
        site.measuring = None
        site.run(1)
    assert site.books.held_l == uncounted_l and site.books.volume_l == 160
    silent(site)
    while used_wh:
        used = min(8, used_wh)
        site.run(1, 0, used)
        used_wh -= used
    site.run(30)  # it takes the well at least as long to pump so much
    assert site.books.swap(grant.WATER, 20_160 + counted_l, 0, site.now_ms) == causes.NONE
    assert site.books.held_l == 0
    return site.books.volume_l - 160


def test_a_meter_that_has_counted_half_of_p_has_counted_and_one_that_has_not_stood_still():
    for counted_l, used_wh, moved_l in ((300, 600, 300), (300, 601, 601), (0, 208, 0), (0, 209, 209)):
        assert swapped(counted_l, used_wh) == moved_l, (counted_l, used_wh)


def test_what_was_uncounted_before_is_booked_and_says_nothing_of_the_silence():
    for counted_l, used_wh, moved_l in (
        (300, 600, 100 + 300), (300, 601, 100 + 601), (0, 208, 100), (0, 209, 100 + 209), (250, 90, 350),
    ):  # fmt: skip
        assert swapped(counted_l, used_wh, uncounted_l=100) == moved_l, (counted_l, used_wh)


def test_a_power_meter_is_swapped_whatever_p_the_water_meter_has():
    site = silent(known(), 20, 0, 8)
    assert site.books.held_l == 20 * 24
    assert site.books.swap(grant.ENERGY, site.wh, 0, site.now_ms) == causes.NONE
    assert site.books.energy_wh == 160 and site.books.held_l == 20 * 24


# -- a swap said late -----------------------------------------------------------------------


def noticed(closing, last, register_base=0, is_confirmed=False):
    """Books that opened a segment by themselves when the meter before stood at `closing`."""
    site = known()
    water = site.books.water
    water.segment.closing, water.segment.register_base = closing, register_base
    water.segment.is_confirmed = is_confirmed
    water.restore(last)
    water.last_ms = site.now_ms
    return site


def test_whether_a_swap_is_late_shows_in_which_of_two_meters_its_closing_reading_goes_on_from():
    late, new = causes.SEGMENT_CONFIRMED, causes.SEGMENT_OPENED
    for before, last, closing, expected in (
        (20_160, 216, 20_160, late), (20_160, 216, 20_170, late),  # the meter before ran on a little
        (20_160, 216, 216, new), (20_160, 216, 220, new),
        (20_160, 50_000, 49_999, late), (20_160, 50_000, 50_000, new), (20_160, 50_000, 50_005, new),
        (20_160, 60_475, 60_480, new),  # thrice the other
        (20_000, 20_000, 20_010, new),  # as near to both: it is the one that is read now
        (20_000, 19_999, 20_010, late), (20_159, 20_150, 20_160, late),
    ):  # fmt: skip
        site = noticed(before, last)
        found = site.books.swap(grant.WATER, closing, 0, site.now_ms + 1_000)
        assert found == causes.NONE, (before, last, closing)
        assert site.causes() == [expected], (before, last, closing)


def test_what_goes_on_from_neither_meter_is_refused():
    site = noticed(20_160, 216)
    assert site.books.swap(grant.WATER, 20_159, 0, site.now_ms) == TOO_FAR
    assert site.books.is_provisional and site.causes() == []
    # A person has spoken for the meter before already.
    site = noticed(20_160, 216, is_confirmed=True)
    assert site.books.swap(grant.WATER, 20_170, 0, site.now_ms) == TOO_FAR and site.causes() == []


def test_the_new_meter_began_no_higher_than_where_it_was_first_read():
    for opening, is_taken in ((15, True), (16, True), (17, False)):
        site = noticed(20_160, 216, register_base=16)
        found = site.books.swap(grant.WATER, 20_170, opening, site.now_ms)
        assert (found == causes.NONE) == is_taken, opening


# -- what waits for a person ----------------------------------------------------------------


def test_a_person_vouches_for_readings_that_agree_and_wait_and_for_no_others():
    site = Site((WATER,), known(rows=(WATER,)).books.snapshot())
    for at in range(15):
        site.water_l = 25_000 + 90_000 * (at % 2)
        site.run(1)
    assert site.books.is_uncertain  # and no two of them agree
    assert site.books.confirm(grant.WATER, site.now_ms) == "there is nothing to confirm"
    site = Site((WATER,), known(rows=(WATER,)).books.snapshot())
    site.water_l = 25_000
    site.run(5)
    assert not site.books.is_uncertain  # and all of them agree
    assert site.books.confirm(grant.WATER, site.now_ms) == "there is nothing to confirm"
    assert site.books.volume_l == 0


def test_both_registers_of_a_converted_well_are_confirmed_whichever_waits():
    for waiting in ("water", "energy", "both"):
        site = converted()
        site.books.water.segment.is_confirmed = waiting == "energy"
        site.books.energy.segment.is_confirmed = waiting == "water"
        assert site.books.confirm(grant.WATER, site.now_ms) == causes.NONE
        assert not site.books.is_provisional and len(site.causes()) == (2 if waiting == "both" else 1)


def test_a_confirmation_without_a_swap_has_no_reason():
    site = jumped(known(), 50_000)
    assert site.books.confirm(grant.WATER, site.now_ms) == causes.NONE
    cause, detail = site.books.events[-1]
    assert cause == causes.SEGMENT_CONFIRMED and detail["reason"] == 0
    assert 0 not in (
        event_details.RESET, event_details.JUMP, event_details.SWAP, event_details.COEFFICIENT,
        event_details.TAKEOVER,
    )  # fmt: skip


def waiting(register_l, head=None, **site):
    """A site without energy after an outage of unknown length: its readings agree and wait."""
    head = head or known(rows=(WATER,)).run(10, 16).books.snapshot()
    found = Site((WATER,), head, **site)
    found.water_l = register_l
    found.run(15)
    assert found.books.is_uncertain and found.books.water.agreed()
    return found


def test_what_a_person_vouches_for_is_a_step_up_to_what_400_days_bring_and_else_a_new_segment():
    for ahead, is_step in (
        (-1, False), (2, True), (LONGEST_MS, True), (LONGEST_MS + 1, True), (LONGEST_MS + 2, False),
    ):  # fmt: skip
        site = waiting(20_160 + ahead, rated_flow_lph=PER_MS, riser_l=0)
        assert site.books.confirm(grant.WATER, site.now_ms) == causes.NONE
        opened = causes.SEGMENT_CONFIRMED if is_step else causes.SEGMENT_OPENED
        assert site.causes() == [opened] and site.books.volume_l == 160 + (ahead if is_step else 0), ahead


def test_after_a_persons_word_the_next_reading_is_judged_from_the_one_that_was_vouched_for():
    for register_l in (25_000, 500):
        for step, result in ((21, register.GOOD), (22, register.HELD)):
            site = waiting(register_l)
            assert site.books.confirm(grant.WATER, site.now_ms) == causes.NONE
            assert site.second(step) == result, (register_l, step)


def test_what_a_doubted_meter_has_not_counted_stays_when_a_person_vouches_for_it():
    head = known(rows=(WATER,)).run(10, 16).books.snapshot()
    head["held_l"], head["water_is_doubted"] = 100, 1
    site = waiting(20_160 + 50, head)
    assert site.books.confirm(grant.WATER, site.now_ms) == causes.NONE
    assert site.books.volume_l == 210 and site.books.held_l == 50


def test_a_new_segment_takes_what_ran_beside_its_first_reading_and_what_it_has_not_counted_since():
    # 60 m3/h are 16 l and two thirds each second; the first second is not counted.
    for flow_l, counted_l in ((16, 233), (4, 233), (20, 20 * 14)):
        site = Site((WATER,), known(rows=(WATER,)).run(10, 16).books.snapshot())
        site.water_l = 500
        site.run(15, flow_l)
        assert site.books.is_uncertain and site.books.held_l == 233
        assert site.books.confirm(grant.WATER, site.now_ms) == causes.NONE
        assert site.opened()["register_base"] == 500 + flow_l
        assert site.books.volume_l == 160 + counted_l and site.books.held_l == 0, flow_l


def test_litres_from_before_the_cut_are_in_the_base_of_the_segment_a_person_vouches_for():
    head = known(rows=(WATER,)).run(10, 16).books.snapshot()
    head["held_l"] = 100
    site = waiting(500, head)
    assert site.books.confirm(grant.WATER, site.now_ms) == causes.NONE
    assert site.opened()["base"] == 260 and site.opened()["closing"] == 20_160
    assert site.books.volume_l == 260 and site.books.held_l == 0


def test_a_new_segment_of_energy_leaves_p_as_it_is():
    site = known()
    for at in range(12):
        site.wh = 900_000 * (1 + at % 2)
        site.run(1)
    site.wh = 400
    site.run(4)
    silent(site, 4)
    site.books.held.restore(33, 0, site.books.energy_wh, False)
    assert site.books.confirm(grant.ENERGY, site.now_ms) == causes.NONE
    assert site.opened()["quantity"] == grant.ENERGY and site.books.held_l == 33


def test_a_take_over_counts_no_millisecond_of_the_silence_before_it():
    # A litre every millisecond.
    site = known(rated_flow_lph=3_600_000)
    site.is_silent = site.is_dark = True
    site.run(10, 16, 6)
    assert site.books.take_over(3_000_000, site.now_ms) == causes.NONE
    assert site.books.volume_l == 0 and site.books.method == record.CONVERTED
