"""The failure catalogue: each of F1 to F30 is played, or says for what it waits."""

import re

import pytest

from karez_simulators import cli_scenarios, failures, scenario
from karez_simulators.acts import CHECKS
from karez_simulators.scenario_faults import ScenarioError


def row(number, **more):
    """A good row of the catalogue."""
    return {"number": number, "title": "T", "title_zh": "题", "must": "stop"} | more


def document(*, without=None, **changed):
    """All thirty, each waiting; `changed`: F7 with other values."""
    rows = [row(number, waits=["the sea"]) for number in scenario.FAILURES if number != without]
    return {"failure": [one | changed if one["number"] == "F7" else one for one in rows]}


def refusal(wrong, shipped=()):
    with pytest.raises(scenario.ScenarioError) as caught:
        failures.parse(wrong, list(shipped))
    return caught.value.faults


def test_every_failure_is_played_or_says_for_what_it_waits():
    found = failures.catalogue()
    assert tuple(one.number for one in found) == scenario.FAILURES
    for one in found:
        assert one.scenarios or one.waits, one.number
        assert one.state == ("waiting" if not one.scenarios else "in part" if one.waits else "played")


def test_a_scenario_of_a_failure_is_named_by_it_and_checks_something_in_every_act():
    for name in scenario.names():
        number = re.match(r"f(\d\d)-", name)
        found = scenario.load(name)
        assert found.failure == (f"F{int(number[1])}" if number else ""), name
        for act in found.acts:
            assert any(step.is_check for step in act.steps), (name, act.title)


def test_every_check_that_there_is_some_scenario_looks_at():
    looked_at = {
        step.name for name in scenario.names() for act in scenario.load(name).acts for step in act.steps
    }
    assert set(CHECKS) - looked_at == set()


def test_all_faults_of_a_catalogue_are_told_at_once():
    told = refusal(document(title=5, must="", tilte="T", waits="soon"))
    assert len(told) == 5 and all("failure 7" in one for one in told), told
    assert any("did you mean 'title'?" in one for one in told)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({}, "write [[failure]]"),
        ({"failure": 5}, "write [[failure]]"),
        ({"failure": []}, "F1 to F30, each once and in order"),
        (document(without="F9"), "F1 to F30, each once and in order"),
        (document() | {"failures": []}, "did you mean 'failure'?"),
        ({"failure": [5]}, "failure 1 must be a table"),
        (document(waits=[]), "no scenario plays F7"),
        (document(waits=[""]), "waits = [''] in failure 7 must be a list of texts"),
    ],
)
def test_a_catalogue_that_is_wrong_says_where(wrong, said):
    assert any(said in one for one in refusal(wrong))


def test_a_failure_that_nothing_plays_yet_says_for_what_it_waits():
    wanted = failures.Failure("F5", "a title", "标题", "must", ("weeks of pumping",), ())
    with pytest.raises(ScenarioError, match="--only F5: no scenario plays it yet; weeks of pumping"):
        cli_scenarios._chosen(["f5"], [wanted])
