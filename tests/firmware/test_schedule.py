"""Intervals end on the clock, checkpoints come in their time."""

from karez_firmware.core.schedule import Schedule

SETTINGS = {
    "interval_idle_s": 900,
    "interval_pumping_s": 300,
    "checkpoint_idle_s": 21600,
    "checkpoint_pumping_s": 3600,
}


def test_an_interval_ends_where_the_clock_is_divided_and_once():
    found = Schedule(SETTINGS)
    ends = [second for second in range(1_000, 4_000) if found.is_interval_over(second, False)]
    assert ends == [1800, 2700, 3600]


def test_the_first_look_ends_nothing():
    assert not Schedule(SETTINGS).is_interval_over(900, False)


def test_another_length_alone_ends_none_and_counts_from_there():
    found = Schedule(SETTINGS)
    found.is_interval_over(1000, False)
    assert not found.is_interval_over(1250, True)
    assert not found.is_interval_over(1499, True) and found.is_interval_over(1500, True)
    assert not found.is_interval_over(1500, False)


def test_a_long_sleep_is_one_end_and_a_clock_set_back_is_none_for_ever():
    found = Schedule(SETTINGS)
    found.is_interval_over(1000, False)
    assert found.is_interval_over(100_000, False) and not found.is_interval_over(100_001, False)
    found.is_interval_over(5_000, False)  # back: a record more, never none
    assert [s for s in range(5_001, 7_000) if found.is_interval_over(s, False)] == [5400, 6300]


def test_a_checkpoint_is_due_in_its_time_or_when_it_is_wanted():
    found = Schedule(SETTINGS)
    assert not found.is_checkpoint_due(5_000, False, False)
    assert not found.is_checkpoint_due(5_000 + 3_600_000 - 1, True, False)
    assert found.is_checkpoint_due(5_000 + 3_600_000, True, False)
    assert not found.is_checkpoint_due(5_000 + 3_600_001, True, False)
    assert found.is_checkpoint_due(6_000_000, True, True)
    assert not found.is_checkpoint_due(6_000_000 + 3_599_999, True, False)
    assert not found.is_checkpoint_due(6_000_000 + 21_599_999, False, False)
    assert found.is_checkpoint_due(6_000_000 + 21_600_000, False, False)
