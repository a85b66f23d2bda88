"""The life of an alarm, every pair of it; no line flaps; the same thing twice is one alarm."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from karez_gateway.county.alarms import engine, states
from karez_gateway.county.alarms.signs import Key, Sign, crossed

KEY = Key("used", "site", "w1", "90")
PAIRS = [(state, event) for state in states.STATES for event in states.EVENTS]
EXPECTED = {
    ("raised", "over"): ("latched", "over"),
    ("raised", "acknowledge"): ("acknowledged", "acknowledged"),
    ("raised", "due"): ("raised", "escalated"),
    ("latched", "holds"): ("raised", "raised again"),
    ("latched", "acknowledge"): ("cleared", "cleared"),
    ("latched", "due"): ("latched", "escalated"),
    ("acknowledged", "over"): ("cleared", "cleared"),
}


@pytest.mark.parametrize(("state", "event"), PAIRS)
def test_every_pair_of_state_and_event(state, event):
    assert states.step(state, event) == EXPECTED.get((state, event))


def words(opened, *signs, whole=()):
    return [one.word for one in engine.happenings(opened, signs, whole=whole)]


def test_what_holds_is_raised_once_however_often_it_is_said():
    assert words({}, Sign(KEY, True), Sign(KEY, True)) == ["raised"]
    assert words({KEY: "raised"}, Sign(KEY, True)) == []
    assert words({KEY: "acknowledged"}, Sign(KEY, True)) == []


def test_what_is_over_stays_latched_until_somebody_knows():
    assert words({KEY: "raised"}, Sign(KEY, False)) == ["over"]
    assert words({KEY: "latched"}, Sign(KEY, False)) == []
    assert words({KEY: "latched"}, Sign(KEY, True)) == ["raised again"]
    assert words({KEY: "acknowledged"}, Sign(KEY, False)) == ["cleared"]
    assert words({}, Sign(KEY, False)) == []


def test_what_a_whole_rule_does_not_name_is_over_and_other_rules_are_left_alone():
    other = Key("silent", "site", "w1", "offline")
    opened = {KEY: "raised", other: "raised"}
    found = engine.happenings(opened, [], whole=["used"])
    assert [(one.sign.key, one.word) for one in found] == [(KEY, "over")]
    assert words(opened, Sign(KEY, None), whole=["used"]) == []  # between its lines: it stays as it is


def test_an_event_is_raised_and_over_at_once():
    found = engine.happenings({}, [Sign(KEY, True), Sign(KEY, False)])
    assert [(one.state, one.word) for one in found] == [("raised", "raised"), ("latched", "over")]


def test_the_highest_line_reached_holds_and_those_below_stay_as_they_are():
    assert dict(crossed(95, (80, 90, 100), 2)) == {80: None, 90: True}
    assert dict(crossed(99, (80, 90, 100), 2)) == {80: None, 90: True, 100: None}
    assert dict(crossed(78, (80, 90, 100), 2)) == {80: None}
    assert dict(crossed(77, (80, 90, 100), 2)) == {}


@given(st.lists(st.integers(0, 130), min_size=1, max_size=60))
def test_a_value_that_trembles_within_the_margin_raises_its_line_once(values):
    """Between two raisings of a line the value has been below the line less its margin."""
    opened, fell = {}, {90: True}
    for value in values:
        signs = [Sign(KEY, holds) for line, holds in crossed(value, (90,), 5)]
        for one in engine.happenings(opened, signs, whole=["used"]):
            if one.word in ("raised", "raised again"):
                assert fell[90]
                fell[90] = False
            opened[KEY] = one.state
        if value < 85:
            fell[90] = True
