"""A small county from its limits to the close of a water year: every total is held against the truth."""

import json

import pytest

from karez_protocols import causes

from ..gateway.county import create, opened
from ..gateway.season import at
from .county_story import M3, YEAR, YEARS, Story


@pytest.fixture
def story(tmp_path, monkeypatch):
    with opened(create(tmp_path / "gateway", "\n[county]\nwater_year_month = 1\n")) as county:
        yield Story(tmp_path, county, monkeypatch)


def test_a_county_lives_through_a_water_year(story):
    print(story.import_registry())
    story.set_up_office()
    story.rest("2026-12-31T20")
    story.until("2027-01-02T08")
    story.rest("2027-01-02T08")
    story.serve()
    plans = story.decompose(YEAR)
    print(plans)
    shown = story.give_rights(YEAR, "rights-2027")
    print(story.in_force(YEAR))
