"""What mutants of the bookmark showed: what a head lacks, and what an event brings with it."""

from karez_firmware.core import register
from karez_protocols import event_details, grant, record
from test_books_segments import Site, converted, falling, known


def test_energy_is_found_where_it_stood_to_the_watt_hour():
    for wh, result in ((-1, register.HELD), (0, register.BACK)):
        again = known().run(10, 16, 6).again(0)
        again.wh += wh
        found = [again.books.read_energy(again.wh, now_ms, 0) for now_ms in (0, 1_000, 2_000)]
        assert found[-1] == result, wh


def test_litres_of_a_head_that_knows_none_uncounted_are_all_taken_back():
    site = Site(head={"register_l": 20_000, "energy_register_wh": 1_000, "held_l": 4}, outage_s=20)
    assert (site.books.held_l, site.books.held.uncounted_l) == (4, 0)
    site.run(4)
    assert site.books.held_l == 0


def test_a_meter_that_stands_under_its_mark_is_found_there_with_the_contactor_closed():
    site = falling(known().run(10, 16, 6), 30)
    again = site.again(20)
    again.is_closed = True
    for _ in range(3):
        again.second()
    assert again.results[-1] == register.BACK and again.books.water.below == 30


def an_event(number, quantity=grant.WATER, **changed):
    """The detail of an opened segment."""
    values = {
        "quantity": quantity, "method": record.METERED, "reason": event_details.JUMP, "number": number,
        "closing": 20_160, "register_base": 500, "base": 160, "is_confirmed": 0,
    }  # fmt: skip
    values.update(changed)
    return values


def test_the_number_of_the_segment_in_use_is_known_however_large_it_is():
    site = known()
    site.books.adopt(an_event(60_000))
    site.books.water.restore(777)
    site.books.adopt(an_event(int("60000"), is_confirmed=1))  # equal, and not the same object
    assert site.books.water.last == 777 and not site.books.is_provisional


def test_an_adopted_segment_has_the_coefficient_of_its_event_or_goes_on_with_the_one_before():
    for told_ppm, multiplier_ppm in ((2_000_000, 2_000_000), (None, 2_500_000)):
        site = converted()
        site.books.adopt(an_event(3, method=record.CONVERTED), told_ppm)
        assert site.books.segment == 3 and site.books.water.segment.multiplier_ppm == multiplier_ppm


def test_a_segment_of_water_has_taken_p_into_its_base_and_one_of_energy_has_not():
    for quantity, held_l in ((grant.WATER, 0), (grant.ENERGY, 180)):
        site = known()
        site.is_silent = True
        site.run(10, 0, 6)
        assert site.books.held_l == 180
        site.books.adopt(an_event(3, quantity))
        assert site.books.held_l == held_l, quantity


def test_a_record_that_knows_no_p_brings_none():
    site = known()
    site.books.catch_up({"volume_l": None, "energy_wh": None, "held_l": None})
    assert site.books.held_l == 0
