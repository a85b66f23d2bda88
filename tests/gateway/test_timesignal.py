"""Who is told the time, how often, and when this machine's own clock cannot be right."""

import pytest

from karez_gateway.downlink import timesignal
from karez_gateway.downlink.timesignal import TimeSignal
from karez_protocols import record

RIGHT = {"online": 1, "time_state": record.TIME_SYNCHRONISED}
WITHOUT = {"online": 1, "time_state": record.TIME_UNKNOWN}
GUESSED = {"online": 1, "time_state": record.TIME_INFORMATIVE}


@pytest.mark.parametrize(
    ("state", "is_connect", "is_wanted"),
    [
        (RIGHT, True, True),
        (RIGHT, False, False),
        (WITHOUT, False, True),
        (GUESSED, False, True),
        ({"online": 0}, True, False),
    ],
)
def test_on_each_connect_and_while_a_controller_has_no_time(state, is_connect, is_wanted):
    assert TimeSignal().wanted("a", state, 1.0, is_connect=is_connect) is is_wanted


def test_once_an_hour_at_most_and_each_controller_by_itself():
    signal = TimeSignal()
    signal.told("a", 100.0)
    assert not signal.wanted("a", WITHOUT, 3699.9, is_connect=True)
    assert signal.wanted("a", WITHOUT, 3700.0, is_connect=False)
    assert signal.wanted("b", WITHOUT, 101.0, is_connect=False)


@pytest.mark.parametrize(
    ("utc_s", "last_s", "why"),
    [
        (0, None, "older than this program"),
        (timesignal.WRITTEN_UTC_S - 1, None, "older than this program"),
        (timesignal.WRITTEN_UTC_S, None, ""),
        (1_790_000_000, 1_790_000_000, ""),
        (1_790_000_000, 1_790_000_001, "before the newest entry of its own log"),
    ],
)
def test_a_clock_that_cannot_be_right_is_nobodys_time(utc_s, last_s, why):
    said = timesignal.why_not(utc_s, last_s)
    assert why in said and bool(said) == bool(why)
