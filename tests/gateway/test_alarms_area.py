"""An area in stages: what is said, and what an office is offered to order; never for drinking water."""

import pytest

from karez_gateway.county.alarms import area_rules, response
from karez_gateway.county.alarms.facts import Day
from karez_gateway.county.alarms.settings import Override
from karez_gateway.errors import Refused

from .alarm_county import NOW_S, facts, limit, litres, region, said, site

LINES = ("level", {"region": "65", "year": 2026, "warn_mm": 50_000, "hours_mm": 55_000, "stop_mm": 60_000})


@pytest.mark.parametrize(
    ("cubic_metres", "expected"),
    [
        (77, {}),
        (78, {"all warn": None}),
        (80, {"all warn": True}),
        (95, {"all warn": None, "all hours": True}),
        (100, {"all warn": None, "all hours": None, "all stop": True}),
    ],
)
def test_volume_of_an_area_goes_through_its_stages(cubic_metres, expected):
    found = facts(
        region("65"), region("651", "65"), site("w1"), limit("65", 100), used_year=litres(w1=cubic_metres)
    )
    assert {line: holds for (_, _, line), holds in said(area_rules.volume(found)).items()} == expected


def test_a_limit_on_groundwater_counts_groundwater_only():
    objects = (region("65"), site("w1", "65"), site("canal", "65", source="surface"))
    used = litres(w1=50, canal=1000)
    found = facts(*objects, limit("65", 100, "ground"), limit("65", 2000, year=2027), used_year=used)
    assert said(area_rules.volume(found)) == {}
    found = facts(*objects, limit("65", 1000, "surface"), used_year=used)
    assert said(area_rules.volume(found))["area-volume", "65", "surface stop"] is True


def levels(*depths_m, days_ago=1, probe_m=80):
    """Days on which the probe of w1, w2 … was at these depths to water, in metres."""
    day = facts().day(NOW_S) - days_ago
    return tuple(
        Day(f"w{at}", day, 0, 0, 0, 0, probe_m * 1000 - depth_m * 1000)
        for at, depth_m in enumerate(depths_m, 1)
    )


def level(days, **more):
    sites = [site(f"w{at}", "65", probe_mm=80_000) for at in range(1, 5)]
    return said(area_rules.level(facts(region("65"), *sites, LINES, days=days, **more)))


def test_the_median_of_the_wells_decides_and_not_the_one_that_pumps():
    assert level(levels(40, 41, 79)) == {}
    assert level(levels(56, 57, 79))["area-level", "65", "hours"] is True
    assert level(levels(70, 60, 61))["area-level", "65", "stop"] is True
    assert level(levels(40, 61)) == {}  # of two the shallower


def test_the_line_at_which_it_is_over_lies_above_the_one_at_which_it_is_raised():
    assert level(levels(49.8)) == {("area-level", "65", "warn"): None}
    assert level(levels(49.6)) == {}


def test_a_level_must_hold_for_the_days_that_are_asked_for():
    override = [Override("area-level", {"days": 2})]
    deep = levels(58) + levels(40, days_ago=2)
    assert level(deep, overrides=override) == {}
    deep = levels(58) + levels(59, days_ago=2)
    assert level(deep, overrides=override)["area-level", "65", "hours"] is True
    assert level(levels(58), overrides=override) == {}  # one day is not two


def test_today_is_not_over_and_a_well_without_a_probe_says_nothing():
    assert level(levels(70, days_ago=0)) == {}
    sites = [site("w1", "65")]
    assert said(area_rules.level(facts(region("65"), *sites, LINES, days=levels(70)))) == {}


def alarm(line="all stop", rule="area-volume", **more):
    about = {"year": 2026, "used_l": 100_000, "limit_l": 100_000, "source": "all"}
    return {"id": 5, "rule": rule, "line": line, "subject": "65", "value": 100, "facts": about} | more


COUNTY = (
    region("65"),
    region("651", "65"),
    site("w1"),
    site("drink", **{"class": "domestic"}),
    site("shut", status="sealed"),
    site("canal", source="surface"),
    site("else", "66"),
)


def test_a_proposal_names_wells_and_says_why_others_are_left_out():
    found = response.propose(facts(*COUNTY).places, alarm(), now_s=NOW_S)
    assert (found["kind"], found["basis"], found["sites"]) == ("stop", "volume", ["canal", "w1"])
    assert {one["site"]: one["why"].split(":")[0] for one in found["left_out"]} == {
        "drink": "domestic",
        "shut": "it is sealed",
    }
    assert found["until_utc_s"] == NOW_S + 7 * 86400 and "hours" not in found
    assert "100 % of the limit" in found["text_en"] and "控制指标" in found["text_zh"]


def test_hours_are_proposed_before_a_stop_and_for_the_source_that_is_short():
    found = response.propose(
        facts(*COUNTY).places, alarm("ground hours"), now_s=NOW_S, hours=("05:00", "11:00")
    )
    assert (found["kind"], found["hours"], found["sites"]) == ("hours", "05:00-11:00", ["w1"])
    found = response.propose(facts(*COUNTY).places, alarm("hours", "area-level"), now_s=NOW_S)
    assert (found["basis"], found["sites"]) == ("level", ["w1"])


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (alarm("all warn"), "no order follows"),
        (alarm(rule="used"), "only area-volume and area-level"),
        (alarm(subject="67"), "no well"),
    ],
)
def test_no_order_is_proposed_where_none_follows(wrong, why):
    with pytest.raises(Refused, match=why):
        response.propose(facts(*COUNTY).places, wrong, now_s=NOW_S)


def test_a_region_of_drinking_wells_gets_no_proposal():
    places = facts(region("65"), site("drink", "65", **{"class": "domestic"})).places
    with pytest.raises(Refused, match="no well"):
        response.propose(places, alarm(), now_s=NOW_S)


def test_a_proposal_is_one_order_for_a_named_area_and_else_one_for_each_well():
    places = facts(*COUNTY).places
    (one,) = response.propose(places, alarm(), now_s=NOW_S, area="north")["orders"]
    assert (one["scope"], one["target"], one["kind"], one["basis"]) == ("area", "north", "stop", "volume")
    found = response.propose(places, alarm(), now_s=NOW_S)["orders"]
    assert [(one["scope"], one["target"]) for one in found] == [("site", "canal"), ("site", "w1")]
