"""Litres per site, hour and method, and that no restart books anything twice."""

import contextlib

import pytest

from karez_protocols import causes, event_details, fields, grant, record

from .county import create, opened
from .synthetic import BASE_VOLUME_L, INTERVAL_S, START_UTC_S, SyntheticController, tampered

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


def opening(box, litres, base_l, **changed):
    """The event that opens a segment of water; W has risen by `litres` since the record before."""
    detail = {
        "quantity": grant.WATER, "method": record.METERED, "reason": event_details.RESET, "number": 2,
        "closing": 9, "register_base": 4, "base": base_l, "is_confirmed": 0,
    }  # fmt: skip
    reason = changed.pop("reason", event_details.RESET)
    packed = fields.pack(event_details.SEGMENT, detail | {"reason": reason})
    values = {"cause": causes.SEGMENT_OPENED, "segment": 2, "detail": packed, "energy_wh": 1000}
    return box.measure(record.EVENT, litres, 1, **(values | changed))


def test_a_converted_well_is_booked_as_converted(tmp_path):
    box = SyntheticController("a", "well-1")
    for method in (record.CONVERTED, record.CONVERTED, record.CONVERTED_GROUP, record.ESTIMATED):
        box.interval(100, method=method)
    assert booked(tmp_path, box) == {
        ("well-1", HOUR, record.CONVERTED): 200,
        ("well-1", HOUR, record.CONVERTED_GROUP): 100,
        ("well-1", HOUR, record.ESTIMATED): 100,
    }


def test_what_was_held_is_booked_as_converted_where_a_segment_opens_and_only_there(tmp_path):
    box = SyntheticController("a", "well-1")
    box.interval(100)
    box.interval(held_l=700, method=record.CONVERTED)  # W stands, P counts beside it: nothing is booked
    opening(box, 750, BASE_VOLUME_L + 800)
    box.interval(30, segment=2)
    assert booked(tmp_path, box) == {
        ("well-1", HOUR, record.METERED): 100 + 50 + 30,
        ("well-1", HOUR, record.CONVERTED): 700,
    }


def test_a_good_reading_after_a_hold_is_metered(tmp_path):
    box = SyntheticController("a", "well-1")
    box.interval(100)
    box.interval(held_l=700, method=record.CONVERTED)
    box.interval(650)
    assert booked(tmp_path, box) == {("well-1", HOUR, record.METERED): 750}


def test_without_energy_what_was_held_is_estimated(tmp_path):
    box = SyntheticController("a", "well-1")
    opening(box, 700, BASE_VOLUME_L + 700, energy_wh=None)
    assert booked(tmp_path, box) == {("well-1", HOUR, record.ESTIMATED): 700}


def test_a_converted_well_whose_power_meter_was_silent_is_estimated(tmp_path):
    box = SyntheticController("a", "well-1")
    opening(box, 700, BASE_VOLUME_L + 600, method=record.CONVERTED)
    assert booked(tmp_path, box) == {
        ("well-1", HOUR, record.ESTIMATED): 600,
        ("well-1", HOUR, record.CONVERTED): 100,
    }


def test_a_new_coefficient_takes_up_nothing_and_a_takeover_what_was_held(tmp_path):
    box = SyntheticController("a", "well-1")
    opening(box, 700, BASE_VOLUME_L + 700, method=record.CONVERTED_GROUP, reason=event_details.COEFFICIENT)
    opening(box, 40, BASE_VOLUME_L + 740, method=record.CONVERTED_GROUP, reason=event_details.TAKEOVER)
    assert booked(tmp_path, box) == {
        ("well-1", HOUR, record.CONVERTED_GROUP): 700,
        ("well-1", HOUR, record.CONVERTED): 40,
    }
