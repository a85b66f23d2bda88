"""Limits, permits and plans that add up: every rule with what it lets pass and what it finds."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from karez_gateway.county.quota import checking, findings, limit_checks, matrix, wording
from karez_gateway.county.quota.cells import Cell, limit_years
from karez_gateway.county.registry.trees import both, tree
from karez_gateway.errors import Refused

from . import quota_desk as desk
from .quota_desk import M3, YEAR, limit, norm, permit, plan, plot, region, registry, site

HOLDER = ("holder", {"code": "h", "name_zh": "村", "sort": "village"})
COUNTIES = (region("c"), region("c-1", "c"), region("c-2", "c"), region("c-r", "c", is_reserve=1))


def found(*rows, subjects=(), year=YEAR):
    return [(one.level, one.rule, one.where) for one in checking.check(registry(*rows), year, 1, *subjects)]


def parts(*volumes, rounding=0):
    """A county with a limit of 100 and three parts."""
    limits = [limit(f"c-{name}", one) for name, one in zip("12r", volumes, strict=True)]
    return found(*COUNTIES, limit("c", 100, rounding_l=rounding), *limits)


@pytest.mark.parametrize(
    ("volumes", "rounding", "says"),
    [
        ((50, 40, 10), 0, []),
        ((50, 41, 10), 1, [("warning", "parts-within-rounding")]),
        ((50, 42, 10), 1, [("fault", "parts-above")]),
        ((50, 41, 10), 0, [("fault", "parts-above")]),
        ((50, 39, 10), 5, [("note", "parts-below")]),
    ],
)
def test_parts_with_their_reserve_are_no_more_than_the_whole_and_its_rounding(volumes, rounding, says):
    assert [one[:2] for one in parts(*volumes, rounding=rounding)] == says


def test_parts_of_parts_count_where_the_one_between_says_nothing():
    rows = [region("c"), region("c-1", "c"), region("v-1", "c-1"), region("v-2", "c-1")]
    limits = [limit("c", 100), limit("v-1", 60, "farming", "ground"), limit("v-2", 50, "farming", "surface")]
    assert found(*rows, *limits) == [("fault", "parts-above", "c 2025 all/all")]
    # The finer limit of a region itself is in its own whole already.
    assert found(*rows, limit("c", 100), limit("c-1", 70), limit("c-1", 30, "farming"), limit("v-1", 60)) == [
        ("note", "parts-below", "c 2025 all/all"),
        ("note", "parts-below", "c-1 2025 all/all"),
        ("note", "classes-below", "c-1 2025 all/all"),
    ]


def test_a_basin_is_a_tree_of_its_own():
    rows = [region("b", tree="basin"), region("b-1", "b", tree="basin"), limit("b", 5), limit("b-1", 6)]
    assert found(*rows) == [("fault", "parts-above", "b 2025 all/all")]


def test_rows_and_columns_of_a_matrix_add_up():
    whole = [region("c"), limit("c", 100), limit("c", 70, source="surface"), limit("c", 30, source="ground")]
    assert found(*whole) == []
    over = [
        *whole,
        limit("c", 60, "farming"),
        limit("c", 41, "farming", "surface"),
        limit("c", 20, "farming", "ground"),
    ]
    assert found(*over) == [
        ("fault", "sources-above", "c 2025 farming/all"),
        ("note", "classes-below", "c 2025 all/all"),
        ("note", "classes-below", "c 2025 all/surface"),
        ("note", "classes-below", "c 2025 all/ground"),
    ]
    assert (
        found(region("c"), limit("c", 5), limit("c", 3, "farming"), limit("c", 3, "industry"))[0][1]
        == "classes-above"
    )


def test_a_later_limit_may_be_higher_and_is_shown():
    rows = [region("c"), limit("c", 10, year=2021), limit("c", 12, year=2030), limit("c", 11, year=2035)]
    assert found(*rows, year=2030) == [("note", "limit-rises", "c 2030 all/all")]
    assert found(*rows, year=2035) == [] and limit_years(registry(*rows)) == [2021, 2030, 2035]


def test_a_reserve_has_no_site():
    assert found(*COUNTIES, site("w", "c-r")) == [("fault", "reserve-holds-sites", "c-r")]


def test_permits_sum_to_no_more_than_the_limit_where_they_count():
    rows = [*COUNTIES, HOLDER, limit("c-1", 100, source="ground"), limit("c", 250)]
    sites = [
        site("w-1", "c-1", permit="p-1"),
        site("w-2", "c-1", permit="p-1"),
        site("w-3", "c-2", permit="p-2"),
    ]
    held = [permit("p-1", 100), permit("p-2", 150)]
    assert found(*rows, *sites, *held, subjects=["permits"]) == []
    more = permit("p-3", 1, holder="h-1")
    at = ("holder", {"code": "h-1", "name_zh": "村", "sort": "village", "region": "c-1"})
    assert found(*rows, *sites, *held, at, more, subjects=["permits"]) == [
        ("fault", "permits-above", "c 2025 all/all"),
        ("fault", "permits-above", "c-1 2025 all/ground"),
    ]


def test_a_permit_of_two_counties_counts_in_neither_but_above_them():
    rows = [*COUNTIES, HOLDER, limit("c", 99), limit("c-1", 10), permit("p", 100)]
    sites = [site("w-1", "c-1", permit="p"), site("w-2", "c-2", permit="p")]
    assert found(*rows, *sites, subjects=["permits"]) == [("fault", "permits-above", "c 2025 all/all")]


def test_a_permit_that_nobody_places_is_told_and_one_that_is_over_counts_no_more():
    rows = [*COUNTIES, HOLDER, limit("c", 1)]
    assert found(*rows, permit("p", 5), subjects=["permits"]) == [("warning", "permit-nowhere", "p")]
    old = permit("p", 5, to_date="2024-12-31")
    assert found(*rows, old, site("w", "c-1", permit="p"), subjects=["permits"]) == []


def test_plans_hold_both_limits_of_both_trees():
    basin = region("b", tree="basin")
    rows = [
        *COUNTIES,
        basin,
        limit("c", 100),
        limit("c", 60, source="ground"),
        limit("b", 50, source="ground"),
    ]
    sites = [site("w-1", "c-1", basin="b"), site("w-2", "c-2"), site("i-1", "c-1", source="surface")]
    fit = [plan("w-1", 50), plan("w-2", 10), plan("i-1", 40)]
    assert found(*rows, *sites, *fit, subjects=["plans"]) == []
    over = [plan("w-1", 51), plan("w-2", 10), plan("i-1", 40)]
    assert found(*rows, *sites, *over, subjects=["plans"]) == [
        ("fault", "plans-above", "c 2025 all/all"),
        ("fault", "plans-above", "c 2025 all/ground"),
        ("fault", "plans-above", "b 2025 all/ground"),
    ]


def test_a_plan_keeps_to_permit_allowed_volume_and_protected_minimum():
    rows = [*COUNTIES, HOLDER, permit("p", 100)]
    sites = [
        site("w-1", "c-1", permit="p", allowed_l=60),
        site("w-2", "c-1", permit="p", minimum_l=40),
        site("w-3", "c-1", permit="gone"),
        site("w-4", "c-1"),
    ]
    assert found(*rows, *sites, plan("w-1", 60), plan("w-2", 40), plan("w-3", 0), subjects=["plans"]) == []
    wrong = [plan("w-1", 70), plan("w-2", 39), plan("w-3", 1)]
    assert found(*rows, *sites, *wrong, subjects=["plans"]) == [
        ("fault", "plan-above-permit", "p"),
        ("fault", "plan-above-permit", "gone"),
        ("fault", "plan-above-allowed", "w-1"),
        ("fault", "plan-below-minimum", "w-2"),
    ]


def test_periods_that_differ_from_their_year_are_told():
    rows = [*COUNTIES, site("w", "c-1"), plan("w", 10), plan("w", 4, "04")]
    assert found(*rows, plan("w", 6, "05"), subjects=["plans"]) == []
    assert found(*rows, plan("w", 7, "05"), subjects=["plans"]) == [("warning", "periods-differ", "w")]


def test_farming_above_the_ceiling_of_its_region_is_told():
    ceiling = ("ceiling", {"region": "c-1", "year": 2021, "l_per_mu": 365 * M3})
    empty = ("ceiling", {"region": "c-2", "year": 2021, "l_per_mu": 365 * M3})
    basin = ("ceiling", {"region": "b", "year": 2021, "l_per_mu": 1})
    rows = [
        *COUNTIES,
        ceiling,
        empty,
        basin,
        norm("wheat", 400 * M3),
        site("w", "c-1"),
        plot("w", "wheat", 1000),
        plot("w", "wheat", 9000, year=2024),
    ]
    rows.append(site("town", "c-1", of_class="industry"))
    assert found(*rows, plan("w", 3650 * M3), plan("town", 9_000_000), subjects=["plans"]) == []
    assert found(*rows, plan("w", 3650 * M3 + 1), subjects=["plans"]) == [
        ("warning", "intensity-above", "c-1")
    ]


def test_regions_in_a_ring_or_without_their_parent_are_refused():
    with pytest.raises(Refused, match="lie above themselves: x, y"):
        tree(registry(region("x", "y"), region("y", "x"), region("z")), "admin")
    with pytest.raises(Refused, match="region x: the one above it, y, is not in the admin tree"):
        tree(registry(region("x", "y"), region("y", tree="basin")), "admin")
    with pytest.raises(Refused, match="site w: its region y is not in the admin tree"):
        both(registry(site("w", "y")))
    with pytest.raises(Refused, match="no region 'x' in the admin tree"):
        tree(registry(), "admin").subtree("x")


def test_the_lowest_region_in_common():
    admin = tree(registry(*COUNTIES, region("v", "c-1"), region("d")), "admin")
    assert [admin.common(those) for those in (["v", "c-2"], ["v", "c-1"], ["v", "d"], [])] == [
        "c",
        "c-1",
        "",
        "",
    ]


def test_a_fault_that_shrinks_or_stays_holds_nothing_up():
    rows = [*COUNTIES, site("w-1", "c-1"), site("w-2", "c-1"), limit("c", 10)]
    before = registry(*rows, plan("w-1", 20))
    checking.refuse_new_faults(before, registry(*rows, plan("w-1", 15)), YEAR, 1)
    checking.refuse_new_faults(before, before, YEAR, 1)
    with pytest.raises(Refused, match=r"plans sum to 0\.021 m³"):
        checking.refuse_new_faults(before, registry(*rows, plan("w-1", 20), plan("w-2", 1)), YEAR, 1)
    with pytest.raises(Refused, match=r"plans sum to 0\.011 m³"):
        checking.refuse_new_faults(registry(*rows), registry(*rows, plan("w-1", 11)), YEAR, 1)


def test_many_faults_are_cut_short():
    many = [
        findings.Finding("fault", "plan-below-minimum", f"w-{at}", {"parts_l": 0, "limit_l": 1})
        for at in range(12)
    ]
    with pytest.raises(Refused, match=r"w-9.*\nand 2 more$"):
        findings.refuse_faults(many)
    assert many[0].facts() == {
        "level": "fault", "rule": "plan-below-minimum", "where": "w-0", "parts_l": 0, "limit_l": 1,
    }  # fmt: skip


def test_every_sentence_is_there_in_both_languages_with_the_same_figures():
    import string

    for rule, texts in wording.table("findings").items():
        named = [
            {name for _, name, _, _ in string.Formatter().parse(texts[one]) if name} for one in ("en", "zh")
        ]
        assert named[1] <= named[0] and "where" in named[0], rule
        shown = wording.sentence(rule, "X", dict.fromkeys(named[0] - {"where"}, 1500), "zh")
        assert "X" in shown and "{" not in shown
    assert wording.m3(-1500) == "-1.5"


def test_the_matrix_shows_what_is_left_for_the_others():
    rows = [region("c"), limit("c", 100), limit("c", 70, source="ground"), limit("c", 60, "farming")]
    shown = dict(matrix.rows(registry(*rows), "c", YEAR))
    assert shown["all"]["all"] == 100 and shown["farming"]["ground"] is None
    assert (shown["others"]["all"], shown["others"]["ground"], shown["others"]["rain"]) == (40, None, None)
    assert list(dict(matrix.rows(registry(region("c"), limit("c", 1)), "c", YEAR))) == ["all"]


@settings(deadline=None)
@given(st.integers(0, 200), st.integers(0, 20), st.lists(st.integers(0, 60), min_size=1, max_size=5))
def test_what_is_compared_is_a_fault_exactly_beyond_the_rounding(whole, rounding, volumes):
    rows = [region("c"), limit("c", whole, rounding_l=rounding)]
    for at, volume in enumerate(volumes):
        rows += [region(f"p-{at}", "c"), limit(f"p-{at}", volume)]
    over = sum(volumes) - whole
    expected = "fault" if over > rounding else "warning" if over > 0 else "note" if over < 0 else None
    levels = [one.level for one in limit_checks.parts(registry(*rows), tree(registry(*rows), "admin"), YEAR)]
    assert levels == ([] if expected is None else [expected])


def test_a_cell_holds_what_is_of_its_class_and_source():
    values = site("w", "c")[1]
    known = [Cell("all", "all"), Cell("farming", "ground"), Cell("industry", "all")]
    assert [one.holds(values) for one in known] == [True, True, False]
    assert desk.volumes(desk.shared(registry(region("c"), limit("c", 5), site("w", "c")), "c")) == {"w": 5}
