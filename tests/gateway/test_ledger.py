"""Litres per site, hour and method, and that no restart books anything twice."""

import contextlib

import pytest

from karez_protocols import record

from .county import create, opened
from .synthetic import INTERVAL_S, START_UTC_S, SyntheticController, tampered

HOUR = START_UTC_S // 3600


class Killed(BaseException):
    """Not an Exception: nothing may catch it on the way."""


def booked(tmp_path, *boxes):
    with opened(create(tmp_path / "g")) as county:
        county.enrol(*boxes)
        for box in boxes:
            county.take(box, *box.payloads())
        county.work()
        return county.litres()


def test_litres_are_booked_to_the_hour_in_which_the_later_reading_lies(tmp_path):
    box = SyntheticController("a", "well-1")
    for _ in range(24):  # five minutes each: 55 minutes in the first hour, then the next one
        box.interval(1000)
    per_hour = 3600 // INTERVAL_S
    assert booked(tmp_path, box) == {
        ("well-1", HOUR, record.METERED): 1000 * (per_hour - 1),
        ("well-1", HOUR + 1, record.METERED): 1000 * per_hour,
        ("well-1", HOUR + 2, record.METERED): 1000,
    }


def test_the_first_reading_counts_from_the_register_at_commissioning(tmp_path):
    box = SyntheticController("a", "well-1")
    box.interval(123)
    assert booked(tmp_path, box) == {("well-1", HOUR, record.METERED): 123}


def test_a_gap_belongs_to_the_hour_in_which_it_ends(tmp_path):
    box = SyntheticController("a", "well-1")
    box.interval(100)
    box.measure(record.GAP, 7000, 5 * 3600)
    assert booked(tmp_path, box) == {
        ("well-1", HOUR, record.METERED): 100,
        ("well-1", HOUR + 5, record.METERED): 7000,
    }


def test_each_method_has_its_own_litres(tmp_path):
    box = SyntheticController("a", "well-1")
    box.interval(100)
    box.interval(50, method=record.CONVERTED)
    box.interval(20, method=None)
    assert booked(tmp_path, box) == {
        ("well-1", HOUR, record.METERED): 100,
        ("well-1", HOUR, record.CONVERTED): 50,
        ("well-1", HOUR, 0): 20,
    }


def test_what_quarantined_records_say_is_booked_by_the_next_good_one(tmp_path):
    box = SyntheticController("a", "well-1")
    box.interval(100)
    box.interval(200)
    box.interval(300)
    box.checkpoint()
    box.interval(400)
    box.slots[2] = tampered(box.slots[2], 70)
    assert booked(tmp_path, box) == {("well-1", HOUR, record.METERED): 1000}


def test_a_record_without_time_goes_to_the_last_hour_known(tmp_path):
    box = SyntheticController("a", "well-1")
    box.interval(100)
    box.measure(record.INTERVAL, 10, 7200, utc_s=None, time_state=record.TIME_UNKNOWN)
    assert booked(tmp_path, box) == {("well-1", HOUR, record.METERED): 110}


def test_the_next_chain_goes_on_from_the_register_of_the_one_before(tmp_path):
    box = SyntheticController("a", "well-1")
    box.interval(100)
    after = box.next_chain()
    after.interval(40)
    with opened(create(tmp_path / "g")) as county:
        county.enrol(box)
        county.take(box, *box.payloads())
        county.take(after, *after.payloads())
        county.work()
        assert county.litres() == {("well-1", HOUR, record.METERED): 140}


def test_sites_do_not_mix(tmp_path):
    one, two = SyntheticController("a", "well-1"), SyntheticController("b", "well-2")
    one.interval(1)
    two.interval(2)
    assert booked(tmp_path, one, two) == {
        ("well-1", HOUR, record.METERED): 1,
        ("well-2", HOUR, record.METERED): 2,
    }


@pytest.mark.parametrize("phase", ["inserted", "committed", "appended", "verify", "ledger", "downlink"])
def test_a_stop_at_any_phase_of_any_round_books_every_litre_once(tmp_path, phase):
    box = SyntheticController("a", "well-1")
    box.irrigate(40)
    directory = create(tmp_path / "g")
    with opened(directory) as county:
        county.enrol(box)

    def at(passing):
        if passing == phase:
            raise Killed

    for payload in box.payloads():
        with contextlib.suppress(Killed), opened(directory, at) as county:
            county.take(box, payload)
            county.work()
            pytest.fail(f"{phase} was not passed")
        with opened(directory) as county:  # restarted: the controller sends what was not acknowledged
            county.take(box, payload)
            county.work()
            assert county.sequencer.log.size == len(county.reasons(box))
    with opened(directory) as county:
        assert sum(county.litres().values()) == 41 * 4000
        assert county.marks(box).signed_seq == box.seq
        assert all(found == [None] for found in county.reasons(box).values())


def test_working_again_with_nothing_new_changes_nothing(tmp_path):
    box = SyntheticController("a", "well-1")
    box.irrigate(10)
    directory = create(tmp_path / "g")
    with opened(directory) as county:
        county.enrol(box)
        county.take(box, *box.payloads())
        county.work()
        before = county.litres()
    for _ in range(2):
        with opened(directory) as county:
            county.take(box, *box.payloads())
            county.work()
            assert county.litres() == before
