"""The polls that a world passes over change nothing: the same hours with every poll say the same."""

import pytest

import world_desk as desk
from karez_protocols import record
from karez_simulators.world import box, run

COMPARED = ("kind", "cause", "volume_l", "held_l", "energy_wh", "utc_s", "method", "alarms", "status")


@pytest.fixture(autouse=True)
def _gateway(monkeypatch):
    desk.offer_the_gateway(monkeypatch)


def told(monkeypatch, passes_over):
    """What the records of an hour and a half say, with or without the polls between."""
    made = box.Box.__init__

    def begin(self, *arguments):
        made(self, *arguments)
        self.passes_over = passes_over

    slots = []
    with monkeypatch.context() as patch:
        patch.setattr(box.Box, "__init__", begin)
        patch.setattr(run, "EASE_MS", 900_000)
        patch.setattr(run.Story, "record", lambda _self, _site, slot: slots.append(slot))
        assert not run.play(5, 0.0625, 1, ("open_the_door",)).violations
    found = [record.decode(slot) for slot in slots]
    return [{name: one.get(name) for name in COMPARED} for one in found if record.is_measuring(one["kind"])]


def test_polls_that_are_passed_over_would_have_changed_no_record(monkeypatch):
    quiet, every = told(monkeypatch, True), told(monkeypatch, False)
    assert any(one["kind"] == record.STOP for one in quiet)
    assert quiet == every
