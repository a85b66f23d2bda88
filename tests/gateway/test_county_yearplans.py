"""One idea of a site's plan for a year: alarms, reports, quota, its close and grants agree to the litre."""

import pytest

from karez_gateway.calendars import Calendar
from karez_gateway.county.alarms.places import Places
from karez_gateway.county.quota import closing, grants
from karez_gateway.county.reports import planned
from karez_gateway.county.years import yearplans
from karez_gateway.county.years.wateryear import WaterYears

from .alarm_county import YEAR, plan, region, registry, site

YEARS = WaterYears(Calendar(8))
SPRING, SUMMER = (
    (
        "round",
        {"year": YEAR, "round": name, "from_date": f"{YEAR}-{first}-01", "to_date": f"{YEAR}-{first}-28"},
    )
    for name, first in (("spring", "03"), ("summer", "06"))
)
OTHERS = (plan("w2", 7), plan("w1", 9, year=YEAR - 1), plan("w1", 9, "07", year=YEAR + 1))
CASES = {
    "none": ([], None),
    "nothing": ([plan("w1", 0)], 0),
    "year": ([plan("w1", 100)], 100_000),
    "months": ([plan("w1", 60, "07"), plan("w1", 40, "08")], 100_000),
    "rounds": ([plan("w1", 30, "spring"), plan("w1", 50, "summer")], 80_000),
    "year and months": ([plan("w1", 100), plan("w1", 60, "07"), plan("w1", 40, "08")], 100_000),
    "year and rounds": ([plan("w1", 80), plan("w1", 30, "spring"), plan("w1", 50, "summer")], 80_000),
    "months of nothing": ([plan("w1", 0, "07")], 0),
}


def county(plans):
    return registry(region("651"), site("w1"), site("w2"), SPRING, SUMMER, *OTHERS, *plans)


@pytest.mark.parametrize(("plans", "litres"), CASES.values(), ids=CASES)
def test_everybody_has_the_same_plan(plans, litres):
    books = county(plans)
    granted = grants.planned(books, YEARS, "w1", YEAR, YEARS.span(YEAR).from_utc_s, grants.Terms())
    closed = {one.site: one.plan_l for one in closing.close(books, YEAR, {})}
    found = {
        "one": yearplans.plan_l(books, "w1", YEAR),
        "all": yearplans.plans_l(books, YEAR).get("w1"),
        "alarms": Places(books).plan_l("w1", YEAR),
        "reports": planned.plans(books, YEAR).get("w1"),
        "close": closed["w1"],
        "grant": None if granted is None else granted.right_l,
    }
    assert found == dict.fromkeys(found, litres)


def test_a_year_that_is_not_spread_to_its_end_is_the_plan_and_a_grant_opens_only_what_is_spread():
    books = county([plan("w1", 100), plan("w1", 60, "07")])
    assert yearplans.plan_l(books, "w1", YEAR) == Places(books).plan_l("w1", YEAR) == 100_000
    granted = grants.planned(books, YEARS, "w1", YEAR, YEARS.span(YEAR).from_utc_s, grants.Terms())
    assert granted.right_l == 60_000


def test_a_month_has_the_plan_that_bears_its_name_alone():
    books = county([plan("w1", 100), plan("w1", 60, "07")])
    assert planned.plans(books, YEAR, "07") == {"w1": 60_000} and planned.plans(books, YEAR, "08") == {}
    assert Places(books).month_plan_l("w1", YEAR, "07") == 60_000
