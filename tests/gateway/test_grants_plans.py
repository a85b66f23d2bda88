"""From plans to rows: cumulative, without a gap, no more than a grant holds."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from karez_firmware.core.rights import Rights
from karez_gateway.calendars import Calendar
from karez_gateway.county.quota import grants
from karez_gateway.county.quota.grants import Terms
from karez_gateway.county.registry.objects import Object, Registry, name_of
from karez_gateway.county.years.wateryear import MONTHS, WaterYears
from karez_gateway.errors import Refused
from karez_gateway.regulator import rows as regulator_rows
from karez_gateway.regulator.errors import Untrue
from karez_gateway.regulator.limits import Rules
from karez_gateway.regulator.request import Wish
from karez_protocols import causes, grant

YEAR = 2027
YEARS = WaterYears(Calendar(8))
WHOLE = YEARS.span(YEAR)
START = WHOLE.from_utc_s
PLAIN = Terms()


def registry(*objects):
    return Registry.of(
        Object(kind, name_of(kind, values), 1, values, 1, 0) for kind, values in (SITE, *objects)
    )


SITE = "site", {"site": "w1", "sort": "well", "class": "farming", "source": "ground"}


def plan(period, volume_l, energy_wh=None, site="w1"):
    values = {"site": site, "year": YEAR, "period": period, "volume_l": volume_l}
    return "plan", values if energy_wh is None else values | {"energy_wh": energy_wh}


def irrigation(name, first, last):
    return "round", {"year": YEAR, "round": name, "from_date": first, "to_date": last}


def planned(*objects, now_s=START, terms=PLAIN, years=YEARS):
    return grants.planned(registry(*objects), years, "w1", YEAR, now_s, terms)


def rows(found):
    """(day of the year it begins, litres) of each row."""
    return [((row.from_utc_s - START) // 86_400, row.right) for row in found.rows]


def test_a_year_is_one_row_and_the_interim_rule_a_share_of_it():
    found = planned(plan("year", 400_000, 80_000), terms=Terms(interim_percent=5))
    assert [tuple(row) for row in found.rows] == [
        ("water", *WHOLE, 400_000),
        ("energy", *WHOLE, 80_000),
    ]
    assert (found.right_l, found.interim_l, found.interim_wh, found.policy) == (
        400_000,
        20_000,
        4_000,
        "stop",
    )


@pytest.mark.parametrize("litres", [0, 1, 9, 10, 19, 20, 400_000])
@pytest.mark.parametrize("percent", [1, 10, 100])
def test_the_smallest_plan_has_an_interim_rule_that_the_regulator_takes(litres, percent):
    found = planned(plan("year", litres, litres), terms=Terms(interim_percent=percent))
    wish = Wish(
        site="w1",
        policy=found.policy,
        rows=found.rows,
        interim_l=found.interim_l,
        interim_wh=found.interim_wh,
        interim_to_utc_s=WHOLE.to_utc_s + 1,
    )
    regulator_rows.check_interim(wish, WHOLE.to_utc_s, Rules(interim_percent=percent))
    assert (found.interim_l > 0) == (litres > 0)
    more = replace(wish, interim_l=found.interim_l + 1)
    with pytest.raises(Untrue, match="interim-percent"):
        regulator_rows.check_interim(more, WHOLE.to_utc_s, Rules(interim_percent=percent))


def right_of(found, start_wh=7_000):
    """What a plan comes to at the box: the office's rows in the controller's own rights."""
    wish = Wish(
        "w1", found.policy, found.rows, interim_wh=found.interim_wh, interim_to_utc_s=WHOLE.to_utc_s + 1
    )
    span = regulator_rows.Span(*WHOLE, START)
    held = Rights("w1")
    values = {"seq": 1, "site": "w1", "policy": regulator_rows.POLICIES[found.policy], "flags": 0}
    held.install(values, regulator_rows.build(wish, regulator_rows.Base(0, start_wh), span))
    return held


@pytest.mark.parametrize(
    ("limit_wh", "used_wh", "cause"),
    [
        (None, 10**9, causes.NONE),
        (None, None, causes.NONE),  # its energy need not even be known
        (0, 0, causes.ENERGY_CEILING),  # a limit of nothing
        (0, None, causes.BOOKS_UNKNOWN),
        (1, 0, causes.NONE),
        (1, 1, causes.ENERGY_CEILING),
    ],
)
def test_no_energy_limit_and_a_limit_of_nothing_are_two_things_down_to_the_controller(
    limit_wh, used_wh, cause
):
    found = planned(plan("year", 1000, limit_wh))
    assert found.energy_wh == limit_wh
    assert [row.right for row in found.rows if row.quantity == "energy"] == (
        [] if limit_wh is None else [limit_wh]
    )
    held = right_of(found)
    assert held.has_row(grant.ENERGY) == (limit_wh is not None)
    energy_wh = None if used_wh is None else 7_000 + used_wh
    assert held.exceeded(0, energy_wh, START + 1, in_progress=False) == cause


@pytest.mark.parametrize(
    ("of_year", "march", "april", "energy_wh"),
    [
        (None, None, None, None),
        (50, None, None, 50),
        (50, 20, 10, 30),
        (50, 0, 0, 0),
        (0, None, None, 0),
        (None, 20, 0, 20),
    ],
)
def test_the_energy_of_a_year_is_that_of_its_periods_else_its_own(of_year, march, april, energy_wh):
    found = planned(plan("year", 300, of_year), plan("03", 100, march), plan("04", 200, april))
    assert found.energy_wh == energy_wh


def test_a_period_that_does_not_say_whether_its_energy_is_limited_is_named():
    with pytest.raises(
        Refused, match=r"site w1: .*in some periods and not in 04: state it for each, 0 where"
    ):
        planned(plan("03", 100, 5), plan("04", 200))
    assert planned(plan("03", 100, 5), plan("04", 0)).energy_wh == 5  # without water it needs none


def test_nothing_is_planned_for_who_has_no_plan():
    assert planned(plan("year", 1, site="w2")) is None


def test_months_add_up_and_what_is_over_is_left_out():
    found = planned(plan("03", 100), plan("04", 200), plan("06", 300))
    assert rows(found) == [(0, 0), (59, 100), (90, 300), (151, 600)]
    in_may = planned(plan("03", 100), plan("04", 200), plan("06", 300), now_s=START + 130 * 86_400)
    assert rows(in_may) == [(90, 300), (151, 600)]


def test_rounds_stand_by_their_days_and_the_sum_so_far_holds_between_them():
    spring, winter = (
        irrigation("spring", "2027-03-20", "2027-04-10"),
        irrigation("winter", "2027-10-15", "2027-11-05"),
    )
    found = planned(spring, winter, plan("spring", 150), plan("winter", 350), plan("year", 500))
    assert rows(found) == [(0, 0), (78, 150), (287, 500)]
    assert found.rows[-1].to_utc_s == WHOLE.to_utc_s


def test_a_water_year_may_begin_in_october():
    october = WaterYears(Calendar(8), 10)
    found = planned(plan("11", 10), plan("03", 20), years=october, now_s=october.span(YEAR).from_utc_s)
    assert [row.right for row in found.rows] == [0, 10, 30]
    assert found.rows[1].from_utc_s == october.month(YEAR, 11).from_utc_s


def test_drinking_water_is_warned_and_a_finish_needs_its_policy():
    assert planned(plan("year", 1), terms=Terms(finish_l=1000)).policy == "finish"
    home = ("site", SITE[1] | {"class": "domestic"})
    found = grants.planned(registry(home, plan("year", 1)), YEARS, "w1", YEAR, START, Terms(finish_l=1000))
    assert found.policy == "warn"


BAD = {
    "overlap": (
        (
            irrigation("a", "2027-03-01", "2027-03-20"),
            irrigation("b", "2027-03-20", "2027-04-10"),
            plan("a", 1),
            plan("b", 2),
        ),
        "a and b of 2027 overlap",
    ),
    "a month and a round in it": (
        (irrigation("a", "2027-03-10", "2027-03-20"), plan("a", 1), plan("03", 2)),
        "overlap",
    ),
    "more than the year": ((plan("03", 300), plan("year", 299)), "add up to 300 L, its year has 299 L"),
    "more than a grant can say": ((plan("year", 10**12 + 1),), "above 10⁹ m³"),
    "more energy than that": ((plan("year", 1, 10**12 + 1),), "or kWh"),
    "no such round": ((plan("autumn", 1),), "round autumn of 2027, which is not in the registry"),
    "too many rounds": (
        tuple(irrigation(f"r{n:02d}", f"2027-03-{n:02d}", f"2027-03-{n:02d}") for n in range(1, 18))
        + tuple(plan(f"r{n:02d}", n) for n in range(1, 18)),
        "has 18 periods to come, a grant takes 15",
    ),
}


@pytest.mark.parametrize("bad", BAD)
def test_a_plan_that_makes_no_rows_is_named(bad):
    objects, said = BAD[bad]
    with pytest.raises(Refused, match=f"site w1: .*{said}"):
        planned(*objects)


def test_a_plan_without_its_site_is_named():
    with pytest.raises(Refused, match="site w7 has a plan for 2027 and is not in the registry"):
        grants.planned(registry(plan("year", 1, site="w7")), YEARS, "w7", YEAR, START, Terms())


@given(st.dictionaries(st.sampled_from(MONTHS), st.integers(0, 10**9), min_size=1), st.integers(0, 364))
def test_rows_cover_the_rest_of_the_year_and_end_at_the_sum(months, day):
    now_s = START + day * 86_400
    found = planned(*(plan(month, litres) for month, litres in months.items()), now_s=now_s)
    assert found.rows[0].from_utc_s <= now_s and found.rows[-1].to_utc_s == WHOLE.to_utc_s
    assert found.rows[-1].right == found.right_l == sum(months.values())
    for before, after in zip(found.rows, found.rows[1:]):
        assert before.to_utc_s == after.from_utc_s and before.right < after.right
    assert len(found.rows) <= 13
