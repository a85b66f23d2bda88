"""Plans of sites: spread over periods, adjusted, transferred; a year and its periods never drift apart."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from karez_gateway.county.quota import adjusting, plans, transfers
from karez_gateway.county.quota.transfers import Transfer
from karez_gateway.errors import Refused

from .quota_desk import M3, YEAR, limit, plan, region, registry, shared, site

ROUND = ("round", {"year": YEAR, "round": "春灌", "from_date": "2025-03-01", "to_date": "2025-05-31"})
PLACES = (
    region("c"),
    region("v-1", "c"),
    region("v-2", "c"),
    region("b", tree="basin"),
    region("b-2", tree="basin"),
)
GIVER, TAKER = site("w-1", "v-1", basin="b", holder="h-1"), site("w-2", "v-1", basin="b", holder="h-2")
PLANS = (plan("w-1", 100 * M3), plan("w-2", 10 * M3))


def by_name(changes):
    return {name: values["volume_l"] for _, name, values in changes}


def test_a_year_is_spread_over_months_or_rounds_to_the_litre():
    found = registry(*PLACES, GIVER, ROUND, plan("w-1", 1001, energy_wh=7))
    months = by_name(plans.spread(found, YEAR, ["w-1"], {"04": 500, "05": 500}))
    assert months == {"w-1/2025/04": 500, "w-1/2025/05": 501}
    (rounds,) = plans.spread(found, YEAR, ["w-1"], {"春灌": 1000}, "水政 1 号")
    assert rounds == (
        "plan",
        "w-1/2025/春灌",
        {"site": "w-1", "year": YEAR, "period": "春灌", "volume_l": 1001, "document": "水政 1 号"},
    )


@pytest.mark.parametrize(
    ("permille", "says"),
    [
        ({"04": 500, "05": 499}, "sum to 999"),
        ({"04": 1100, "05": -100}, "must sum to 1000"),
        ({"04": 500, "春灌": 500}, "not both"),
        ({"13": 1000}, r"rounds of 2025 in the registry \(春灌\)"),
        ({}, "name months"),
    ],
)
def test_shares_that_do_not_fit_are_refused(permille, says):
    with pytest.raises(Refused, match=says):
        plans.spread(registry(*PLACES, GIVER, ROUND, *PLANS), YEAR, ["w-1"], permille)


def test_a_spread_needs_a_year_and_no_other_spread():
    with pytest.raises(Refused, match="site w-1 has no plan for 2025"):
        plans.spread(registry(*PLACES, GIVER), YEAR, ["w-1"], {"04": 1000})
    with pytest.raises(Refused, match="spread over others already: 05"):
        plans.spread(registry(*PLACES, GIVER, *PLANS, plan("w-1", 1, "05")), YEAR, ["w-1"], {"04": 1000})


PLANNED = st.dictionaries(st.sampled_from(["03", "04", "05", "06"]), st.integers(0, 1000), min_size=1)


@settings(deadline=None)
@given(PLANNED, st.integers(0, 5000), st.integers(0, 3))
def test_periods_follow_their_year_and_those_that_are_over_stay(planned, year_l, count):
    over = ("03", "04", "05")[:count]
    past_l = sum(planned.get(one, 0) for one in over)
    if set(planned) <= set(over) and year_l >= past_l:
        with pytest.raises(Refused, match="every period of the year is over"):
            plans.respread(planned, year_l, over)
        return
    found = plans.respread(planned, year_l, over)
    assert sum(found.values()) == year_l and min(found.values()) >= 0 and set(found) == set(planned)
    if year_l >= past_l:
        assert all(found[one] == planned[one] for one in over if one in planned)


def test_the_past_gives_way_the_newest_first():
    assert plans.respread({"03": 10, "04": 10, "05": 10}, 15, ("03", "04")) == {"03": 10, "04": 5, "05": 0}


def test_a_new_year_volume_takes_its_periods_along():
    found = registry(*PLACES, GIVER, plan("w-1", 90), plan("w-1", 30, "04"), plan("w-1", 60, "05"))
    changed = by_name(plans.of_year(found, YEAR, {"w-1": 60}, "", ("04",)))
    assert changed == {"w-1/2025/year": 60, "w-1/2025/04": 30, "w-1/2025/05": 30}
    assert by_name(plans.of_year(found, YEAR, {"w-1": 90})) == {"w-1/2025/year": 90}
    known = plans.of_year(
        registry(*PLACES, GIVER, plan("w-1", 9, energy_wh=5, document="old")), YEAR, {"w-1": 8}
    )
    assert known[0][2] == {
        "site": "w-1",
        "year": YEAR,
        "period": "year",
        "volume_l": 8,
        "energy_wh": 4,
        "document": "old",
    }


def energies(*rows, year_l, over=()):
    found = plans.of_year(registry(*PLACES, GIVER, *rows), YEAR, {"w-1": year_l}, "", over)
    return {name.rpartition("/")[2]: values.get("energy_wh") for _, name, values in found}


@pytest.mark.parametrize(
    ("year_l", "energy_wh"),
    [(200, 100), (50, 25), (99, 49), (1, 1), (0, 50)],
    ids=["raised", "cut", "rounded down", "never to no limit", "without water the figure stays"],
)
def test_energy_follows_the_water_of_its_plan(year_l, energy_wh):
    assert energies(plan("w-1", 100, energy_wh=50), year_l=year_l) == {"year": energy_wh}


def test_a_plan_without_energy_stays_without_and_one_without_water_keeps_its_own():
    assert energies(plan("w-1", 100), year_l=50) == {"year": None}
    assert energies(plan("w-1", 0, energy_wh=7), year_l=50) == {"year": 7}


def test_the_energy_of_a_year_is_no_less_than_that_of_its_periods():
    rows = (
        plan("w-1", 100, energy_wh=60),
        plan("w-1", 50, "04", energy_wh=40),
        plan("w-1", 50, "05", energy_wh=10),
    )
    # April is over and keeps its 40; May has 10 of 50 left; the 10 of no period follow the year.
    assert energies(*rows, year_l=60, over=("04",)) == {"year": 40 + 2 + 6, "04": 40, "05": 2}


def test_energy_of_periods_is_spread_as_their_water():
    rows = (
        plan("w-1", 100, energy_wh=60),
        plan("w-1", 50, "04", energy_wh=40),
        plan("w-1", 50, "05", energy_wh=10),
    )
    found = plans.spread(registry(*PLACES, GIVER, *rows), YEAR, ["w-1"], {"04": 900, "05": 100})
    assert [values["energy_wh"] for _, _, values in found] == [45, 5]


WHS = st.integers(0, 10**9)
LITRES = st.integers(0, 10**9)


@settings(deadline=None, max_examples=60)
@given(st.dictionaries(st.sampled_from(["03", "04", "05"]), st.tuples(LITRES, WHS)), LITRES, WHS, LITRES)
def test_periods_never_have_more_energy_than_their_year_whatever_changes(parts, rest_l, rest_wh, year_l):
    rows = [plan("w-1", litres, period, energy_wh=wh) for period, (litres, wh) in parts.items()]
    year = plan(
        "w-1",
        rest_l + sum(litres for litres, _ in parts.values()),
        energy_wh=rest_wh + sum(wh for _, wh in parts.values()),
    )
    found = {
        values["period"]: values["energy_wh"]
        for _, _, values in plans.of_year(registry(*PLACES, GIVER, year, *rows), YEAR, {"w-1": year_l})
    }
    whole = found.pop("year")
    assert whole >= sum(found.values()) and (whole > 0) == (year[1]["energy_wh"] > 0)


def test_a_decomposition_plans_every_well_and_ends_what_has_no_right_with_0():
    rows = [
        *PLACES,
        GIVER,
        site("old", "v-1", status="sealed"),
        site("new", "v-1", status="unlicensed"),
        limit("c", 50),
    ]
    found = registry(*rows, plan("old", 20))
    assert by_name(plans.of_decomposition(found, shared(found, "c"))) == {
        "w-1/2025/year": 50,
        "old/2025/year": 0,
    }


def adjust(volume_l, used_l=0, document="水政 7 号", *, meant=False, rows=(GIVER, *PLANS), name="w-1"):
    found = registry(*PLACES, *rows)
    return adjusting.changes(
        found, YEAR, {name: volume_l}, {name: used_l}, document, is_below_use_meant=meant
    )


def test_an_adjustment_needs_a_document_and_a_site():
    assert by_name(adjust(5, 5)) == {"w-1/2025/year": 5}
    with pytest.raises(Refused, match="--document"):
        adjust(5, document=" ")
    with pytest.raises(Refused, match="no site 'gone'"):
        adjust(5, name="gone")


def test_a_cut_below_use_is_legal_but_must_be_meant_and_nothing_goes_below_the_minimum():
    with pytest.raises(Refused, match=r"site w-1: 4 m³ are planned, 5 m³ are used already\nsay --below-use"):
        adjust(4 * M3, 5 * M3)
    assert by_name(adjust(4, 5, meant=True)) == {"w-1/2025/year": 4}
    with pytest.raises(Refused, match=r"w-1: 0.002 m³ are below its protected minimum, 0.003 m³"):
        adjust(2, rows=[site("w-1", "v-1", minimum_l=3)], meant=True)


def moved(taker=TAKER, giver=GIVER, volume_l=40 * M3, used_l=0, across=(), rows=PLANS, wish=None):
    found = registry(*PLACES, giver, taker, *rows)
    wish = wish or Transfer("w-1", "w-2", YEAR, volume_l, 125_000)
    return by_name(transfers.changes(found, wish, {"w-1": used_l}, across))


def test_a_transfer_moves_what_is_planned_and_unused():
    assert moved() == {"w-1/2025/year": 60 * M3, "w-2/2025/year": 50 * M3}
    assert moved(used_l=60 * M3) == moved()
    assert moved(rows=[PLANS[0]])["w-2/2025/year"] == 40 * M3  # who had no plan has one


REFUSED = {
    "drinking": (
        {"giver": site("w-1", "v-1", of_class="domestic", basin="b")},
        "drinking water gives nothing",
    ),
    "no licence": ({"taker": site("w-2", "v-1", basin="b", status="sealed")}, "w-2 is sealed"),
    "source": (
        {"taker": site("w-2", "v-1", basin="b", source="surface")},
        "ground water does not become surface",
    ),
    "basin": ({"taker": site("w-2", "v-1", basin="b-2")}, "groundwater of b does not go to b-2"),
    "no basin": ({"taker": site("w-2", "v-1")}, "must name their basin"),
    "point": ({"taker": site("w-2", "v-1", basin="b", point="pipe")}, "measured at wellhead and at pipe"),
    "region": ({"taker": site("w-2", "v-2", basin="b")}, "from region v-1 to v-2: say --across region"),
    "class": ({"taker": site("w-2", "v-1", basin="b", of_class="industry")}, "say --across class"),
    "used": ({"used_l": 61 * M3}, "w-1 can give 39 m³: 100 m³ are planned, 61 m³ used, 0 m³ protected"),
    "protected": ({"giver": site("w-1", "v-1", basin="b", minimum_l=99 * M3)}, "can give 1 m³"),
    "all used": ({"used_l": 101 * M3}, "w-1 can give 0 m³"),
    "nothing": ({"volume_l": 0}, "moves more than nothing"),
    "itself": ({"wish": Transfer("w-1", "w-1", YEAR, 5)}, "cannot give to itself"),
    "no site": ({"wish": Transfer("w-1", "gone", YEAR, 5)}, "no site 'gone'"),
    "no plan": ({"rows": [PLANS[1]]}, "w-1 has no plan for 2025"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_transfer_that_breaks_a_rule_is_refused_with_it(case):
    change, says = REFUSED[case]
    with pytest.raises(Refused, match=says):
        moved(**change)


def test_a_person_may_allow_to_cross_a_region_and_a_class():
    far = site("w-2", "v-2", basin="b", of_class="industry")
    assert moved(taker=far, across=("region", "class")) == moved()
    with pytest.raises(Refused, match=r"region.*; .*class"):
        moved(taker=far)
    surface = [site(f"w-{at}", "v-1", source="surface") for at in (1, 2)]
    assert moved(*surface[::-1]) == moved()  # only groundwater has an area


def test_the_scope_of_a_transfer_is_kept_with_it():
    def scope(giver, taker):
        return transfers.scope(registry(*PLACES, giver, taker), Transfer("w-1", "w-2", YEAR, 1))

    assert scope(GIVER, TAKER) == "within v-1"
    assert scope(GIVER, site("w-2", "v-2", holder="h-1")) == "same holder, within c"
    assert scope(site("w-1", "v-1"), site("w-2", "c", of_class="industry")) == "farming to industry, within c"
    lone = registry(*PLACES, region("d"), GIVER, site("w-2", "d"))
    assert transfers.scope(lone, Transfer("w-1", "w-2", YEAR, 1)) == "across regions"
