"""The clock: a floor that only rises, and time that stands before it is not believed."""

from karez_firmware.core.clock import Clock
from karez_protocols import record


def test_time_before_the_floor_is_unknown_and_stands_at_the_floor():
    found = Clock(1000)
    assert (found.utc_s, found.is_trusted) == (1000, False)
    found.set(999, record.TIME_SYNCHRONISED)
    assert (found.utc_s, found.state) == (1000, record.TIME_UNKNOWN)
    found.set(1000, record.TIME_SYNCHRONISED)
    assert found.is_trusted and found.utc_s == 1000


def test_a_dead_clock_stands_at_the_floor_and_comes_back():
    found = Clock(1000)
    found.set(5000, record.TIME_SYNCHRONISED)
    found.set(None, record.TIME_UNKNOWN)
    assert (found.utc_s, found.is_trusted) == (1000, False)
    found.set(5010, record.TIME_SYNCHRONISED)
    assert (found.utc_s, found.is_trusted) == (5010, True)


def test_the_floor_is_raised_and_never_lowered():
    found = Clock(1000)
    found.raise_floor(4000)
    found.raise_floor(2000)
    assert found.floor_utc_s == 4000
    found.set(3999, record.TIME_SYNCHRONISED)
    assert not found.is_trusted and found.utc_s == 4000


def test_only_synchronised_time_binds():
    found = Clock(0)
    for state, is_trusted in (
        (record.TIME_UNKNOWN, False),
        (record.TIME_INFORMATIVE, False),
        (record.TIME_SYNCHRONISED, True),
    ):
        found.set(10, state)
        assert found.is_trusted == is_trusted
