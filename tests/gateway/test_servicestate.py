"""service.json says the newest state of every controller, whatever was known before."""

import json

import pytest

from karez_gateway.intake.fieldlink import LinkState, Presence
from karez_gateway.intake.ingest import Counters
from karez_gateway.service import servicestate
from karez_gateway.service.servicestate import ServiceState


@pytest.fixture
def said(tmp_path, monkeypatch):
    """Write these states and return what a reader finds."""
    monkeypatch.setattr(servicestate, "PAUSE_PER_COST", 0)
    path = tmp_path / "service.json"
    state = ServiceState(path)

    def write(presence):
        state.write(LinkState("connected", presence), Counters(), {"county": {"waiting": 3}}, "")
        return servicestate.read(path)

    return write


def test_every_controller_stands_with_its_newest_state_in_order(said):
    presence = {"b": Presence(5, {"online": 1, "w_l": None}), "a": Presence(4, {"online": 0})}
    assert said(presence)["presence"] == {
        "a": {"utc_s": 4, "online": 0},
        "b": {"utc_s": 5, "online": 1, "w_l": None},
    }

    presence |= {"a": Presence(9, {"online": 1}), '"c\\': Presence(7, {"online": 0})}
    found = said(presence)
    assert found["presence"] == {name: {"utc_s": one.utc_s, **one.state} for name, one in presence.items()}
    assert list(found["presence"]) == sorted(presence)
    assert (found["broker"], found["destinations"]) == ("connected", {"county": {"waiting": 3}})


def test_the_file_stays_while_it_would_say_the_same(said, tmp_path):
    presence = {"a": Presence(4, {"online": 1})}
    said(presence)
    before = (tmp_path / "service.json").stat().st_ino
    assert said(presence)["presence"] == {"a": {"utc_s": 4, "online": 1}}
    assert (tmp_path / "service.json").stat().st_ino == before
    presence["a"] = Presence(5, {"online": 1})
    assert said(presence)["presence"]["a"]["utc_s"] == 5


def test_a_county_of_states_is_json_once_for_each_new_one(said, monkeypatch):
    presence = {f"{number:016x}": Presence(1, {"online": 1}) for number in range(500)}
    said(presence)
    dumped = []
    monkeypatch.setattr(json, "dumps", lambda one, dumps=json.dumps: dumped.append(one) or dumps(one))
    presence["0" * 16] = Presence(2, {"online": 0})
    assert said(presence)["presence"]["0" * 16] == {"utc_s": 2, "online": 0}
    assert {"utc_s": 2, "online": 0} in dumped
    assert len(dumped) == 3  # its name, its state, and the rest of the file
