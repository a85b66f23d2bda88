"""From a region's limit down to every well: any tree, any weights and caps, to the litre."""

import csv
import io
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from karez_gateway.county.quota import demand, proof, proof_check, proof_file
from karez_gateway.county.quota.carrying import Decision, carry
from karez_gateway.errors import Refused
from karez_gateway.exports import writers

from .quota_desk import M3, YEAR, limit, norm, permit, plot, region, registry, shared, site, volumes

TREE = (region("c"), region("t-1", "c"), region("t-2", "c"), region("v", "t-1"))


def nodes(found):
    return {one.region: one for one in found.nodes}


def rules(found):
    return [(one.rule, one.where) for one in found.findings]


def proved(found):
    """The rows of the proof, as a reader of the file has them; they must add up."""
    keys = [one.key for one in proof.COLUMNS]
    rows = [dict(zip(keys, row, strict=True)) for row in proof.rows(found)]
    assert proof_check.check(rows) == []
    return rows


@st.composite
def counties(draw):
    """A registry with a tree at random, some limits in it that fit, wells, and what the root has."""
    count = draw(st.integers(1, 8))
    above = [None, *(draw(st.integers(0, at - 1)) for at in range(1, count))]
    root_l = draw(st.integers(0, 50_000))
    left = {0: root_l}
    rows = [region(f"r{at}", *([] if at == 0 else [f"r{above[at]}"])) for at in range(count)]
    rows.append(limit("r0", root_l))
    for at in range(1, count):
        if above[at] in left and draw(st.booleans()):
            left[at] = draw(st.integers(0, left[above[at]]))
            left[above[at]] -= left[at]
            rows.append(limit(f"r{at}", left[at]))
    for at in range(draw(st.integers(1, 12))):
        bounds = {"allowed_l": draw(st.integers(0, 9000))} if draw(st.booleans()) else {}
        rows.append(site(f"w{at}", f"r{draw(st.integers(0, count - 1))}", **bounds))
    return registry(*rows), root_l


def with_root(found, litres):
    """The same county with another limit at the root."""
    rows = [(kind, values) for kind in found.objects for _, values in found.of_kind(kind)]
    return registry(
        *(one for one in rows if one[1].get("region") != "r0" or one[0] != "limit"), limit("r0", litres)
    )


@settings(deadline=None, max_examples=200)
@given(counties(), st.sampled_from(["equal", "allowed"]), st.sampled_from([1, 7, 100]))
def test_any_tree_adds_up_and_keeps_every_cap(made, weight, step):
    county, root_l = made
    found = shared(county, "r0", weight, ["allowed"], step_l=step)
    proved(found)
    assert all(one.difference_l == 0 for one in found.nodes)
    placed = sum(volumes(found).values())
    assert placed + sum(one.left_over_l + one.reserve_l for one in found.nodes) == root_l
    for one in found.wells:
        assert one.volume_l % step == 0 and one.volume_l <= (one.volume_l if one.cap_l is None else one.cap_l)
    for one in found.nodes:
        stated = county.get("limit", f"{one.region}/{YEAR}/all/all")
        assert stated is None or one.amount_l == stated["volume_l"]


@settings(deadline=None)
@given(counties(), st.integers(1, 500))
def test_any_tree_gives_nobody_less_when_the_limit_rises(made, more):
    county, root_l = made
    before = volumes(shared(county, "r0", "equal", ["allowed"]))
    after = volumes(shared(with_root(county, root_l + more), "r0", "equal", ["allowed"]))
    assert all(before[name] <= after[name] for name in before)


def test_what_a_capped_well_leaves_goes_to_the_others_across_villages():
    wells = [site("w-1", "v", allowed_l=10), site("w-2", "v"), site("w-3", "t-2")]
    found = shared(registry(*TREE, limit("c", 100), *wells), "c", caps=["allowed"])
    # t-1 has two of three weights: 67, of which one well takes 10.
    assert volumes(found) == {"w-1": 10, "w-2": 57, "w-3": 33}
    assert {one.region: one.amount_l for one in found.nodes} == {"c": 100, "t-1": 67, "t-2": 33, "v": 67}


def test_where_all_are_capped_the_rest_is_left_over_where_it_is():
    wells = [site("w-1", "v", allowed_l=10), site("w-2", "t-2", allowed_l=20)]
    found = shared(registry(*TREE, limit("c", 100), limit("t-2", 60), *wells), "c", caps=["allowed"])
    assert {one.region: one.left_over_l for one in found.nodes} == {"c": 30, "t-1": 0, "t-2": 40, "v": 0}


def test_a_reserve_is_kept_back_whether_a_region_or_a_share():
    rows = [*TREE, region("r", "c", is_reserve=1), limit("c", 100), limit("r", 9), site("w", "v")]
    found = shared(registry(*rows), "c", reserve_permille=100)
    assert volumes(found) == {"w": 81}
    assert (nodes(found)["c"].reserve_l, nodes(found)["r"].reserve_l) == (10, 9)
    assert proof.facts(found)["reserve_l"] == 19
    empty = shared(registry(*TREE, region("r", "c", is_reserve=1), limit("c", 100), site("w", "v")), "c")
    assert nodes(empty)["r"].amount_l == 0


def test_parts_above_the_whole_take_it_from_the_reserve_first():
    rows = [region("c"), region("a", "c"), region("b", "c"), region("r", "c", is_reserve=1)]
    rows += [limit("c", 1120, rounding_l=10), limit("a", 600), limit("b", 515), limit("r", 9)]
    found = shared(registry(*rows, site("w-a", "a"), site("w-b", "b")), "c")
    assert (volumes(found), nodes(found)["r"].amount_l) == ({"w-a": 600, "w-b": 515}, 5)
    assert rules(found) == [("reserve-gives-way", "c 2025 all/all")]
    proved(found)


def test_beyond_the_reserve_the_parts_are_squeezed_in_proportion_and_below_them_again():
    rows = [region("c"), region("a", "c"), region("b", "c"), region("a-1", "a")]
    rows += [limit("c", 1000, rounding_l=20), limit("a", 600), limit("b", 418), limit("a-1", 600)]
    found = shared(registry(*rows, site("w-a", "a-1"), site("w-b", "b")), "c")
    assert volumes(found) == {"w-a": 589, "w-b": 411}
    assert [one for one in rules(found) if one[0] == "squeezed"] == [
        ("squeezed", "a 2025 all/all"), ("squeezed", "b 2025 all/all"), ("squeezed", "a-1 2025 all/all"),
    ]  # fmt: skip
    proved(found)


def test_what_cannot_be_done_names_the_region_and_its_sums():
    rows = [
        *TREE,
        limit("c", 100_000),
        site("w-1", "v", minimum_l=60_000),
        site("w-2", "t-2", minimum_l=50_000),
    ]
    with pytest.raises(
        Refused, match=r"c 2025 all/all has 100 m³; its parts need 110 m³.*10 m³ are missing, 0"
    ):
        shared(registry(*rows), "c")
    rows[4] = limit("c", 100_000, rounding_l=20_000)  # rounding excuses limits, not protected minimums
    with pytest.raises(Refused, match="10 m³ are missing, 20 m³ of rounding"):
        shared(registry(*rows), "c")
    with pytest.raises(Refused, match="v 2025 all/all has 5 m³; its parts need 60 m³"):
        shared(registry(*TREE, limit("c", 100_000), limit("v", 5_000), rows[5]), "c")
    with pytest.raises(Refused, match="t-1 2025 all/all has no limit"):
        shared(registry(*rows), "t-1")
    for wrong in ({"step_l": 0}, {"reserve_permille": 1001}):
        with pytest.raises(Refused, match="a step is 1 L or more"):
            shared(registry(*rows), "c", **wrong)
    with pytest.raises(Refused, match="no weight 'luck': one of demand"):
        shared(registry(*rows), "c", "luck")
    with pytest.raises(Refused, match="no cap 'luck': one of permit"):
        shared(registry(*rows), "c", caps=["luck"])


def test_drinking_water_keeps_its_minimum_before_the_others_share():
    town = site("town", "v", of_class="domestic", minimum_l=70)
    found = shared(registry(*TREE, limit("c", 100), town, site("w", "t-2", of_class="industry")), "c")
    assert volumes(found) == {"town": 70, "w": 30}


def test_a_minimum_above_the_cap_rules_and_is_told():
    wells = [site("w", "v", minimum_l=70, allowed_l=50), site("o", "v")]
    found = shared(registry(*TREE, limit("c", 100), *wells), "c", caps=["allowed"], step_l=20)
    assert volumes(found) == {"w": 80, "o": 20} and rules(found) == [("minimum-rules", "w")]
    proved(found)


def test_a_step_that_is_too_coarse_for_a_well_is_refused():
    one = site("w", "v", minimum_l=1200, allowed_l=1800)
    with pytest.raises(Refused, match=r"site w: no multiple of 1 m³ lies between.*1.2 m³.*1.8 m³"):
        shared(registry(*TREE, limit("c", 100_000), one), "c", caps=["allowed"], step_l=1000)


def test_only_sites_of_the_class_and_source_with_a_right_take_part():
    wells = [
        site("w", "v"), site("i", "v", source="surface"), site("town", "v", of_class="domestic"),
        site("old", "v", status="retired"), site("new", "v", status="pending"),
    ]  # fmt: skip
    rows = [*TREE, limit("c", 100, "all", "ground"), limit("c", 10, "domestic", "all"), *wells]
    found = shared(registry(*rows), "c", cell=("all", "ground"))
    assert volumes(found) == {
        "w": 33,
        "town": 33,
        "new": 34,
    }  # of equals the first by name gets the last litre
    assert set(rules(found)) == {("no-status", "old"), ("no-minimum", "town")}


def test_every_weight_measures_what_it_says():
    holder = ("holder", {"code": "h", "name_zh": "村", "sort": "village"})
    wells = [
        site("w-1", "v", permit="p", allowed_l=30),
        site("w-2", "v", permit="p", allowed_l=90),
        site("w-3", "v"),
    ]
    rows = [*TREE, holder, permit("p", 120 * M3), limit("c", 1000), norm("n", 100), *wells]
    rows += [plot("w-1", "n", 100), plot("w-2", "n", 200), plot("w-2", "n", 400, year=2024)]
    expected = {
        "equal": [333, 334, 333], "allowed": [250, 750, 0], "permit": [250, 750, 0],
        "area": [333, 667, 0], "demand": [333, 667, 0], "used": [0, 1000, 0],
    }  # fmt: skip
    for weight, shares in expected.items():
        found = volumes(shared(registry(*rows), "c", weight, used={"w-2": 5, "w-1": -3}))
        assert sum(found.values()) == 1000
        assert [abs(found[f"w-{at}"] - share) <= 1 for at, share in enumerate(shares, 1)] == [True] * 3, (
            weight
        )
    bare = shared(registry(*rows), "c", "demand", ["permit", "demand"])
    assert volumes(bare) == {"w-1": 100, "w-2": 200, "w-3": 0} and rules(bare) == [("no-weight", "w-3")]


def test_a_permit_whose_sites_state_no_volume_is_shared_equally():
    holder = ("holder", {"code": "h", "name_zh": "村", "sort": "village"})
    wells = [
        site("w-1", "v", permit="p", allowed_l=30),
        site("w-2", "v", permit="p"),
        site("i", "v", of_class="industry"),
    ]
    rows = [*TREE, holder, permit("p", 100), limit("c", 1000), *wells]
    assert volumes(shared(registry(*rows), "c", caps=["permit"])) == {"w-1": 50, "w-2": 50, "i": 0}
    assert volumes(shared(registry(*rows), "c", caps=["demand"])) == {"w-1": 0, "w-2": 0, "i": 1000}


def test_demand_is_norm_times_area_held_to_the_ceiling_of_the_nearest_region():
    ceilings = [
        ("ceiling", {"region": "c", "year": year, "l_per_mu": high * M3})
        for year, high in ((2021, 365), (2025, 345), (2030, 337))
    ]
    rows = [
        *TREE,
        *ceilings,
        norm("wheat", 300 * M3, 2020),
        norm("cotton", 400 * M3, 2020),
        norm("cotton", 380 * M3, 2024),
    ]
    rows += [
        site("w-1", "v"),
        site("w-2", "t-2"),
        plot("w-1", "wheat", 1001),
        plot("w-1", "cotton", 2000),
        plot("w-2", "wheat", 333),
    ]
    found = demand.demands(registry(*rows), YEAR)
    # 10.01 mu × 300 + 20 mu × 380 = 10,603 m³; the ceiling is an average: 30.01 mu × 345 = 10,353.45 m³.
    assert found.of["w-1"] == demand.Demand(3001, 10_603_000, 10_353_450) and found.findings == []
    assert found.of["w-1"].volume_l == 10_353_450 and found.of["w-2"].volume_l == 999_000
    free = demand.demands(
        registry(*TREE, norm("wheat", 1), site("w", "v"), plot("w", "wheat", 150)), YEAR
    ).of["w"]
    assert free == demand.Demand(150, 1, None) and free.volume_l == 1
    none = demand.demands(
        registry(*TREE, norm("wheat", 1, 2026), site("w", "v"), plot("w", "wheat", 1)), YEAR
    )
    assert [one.text() for one in none.findings] == [
        "plot w/2025/wheat/drip: no norm for wheat, drip in 2025 or before"
    ]


def decided(decisions, *rows):
    return carry(shared(registry(*TREE, *rows), "c", caps=["allowed"]), decisions)


def test_deductions_stay_with_the_region_and_never_go_below_the_minimum():
    rows = [limit("c", 100), site("w-1", "v"), site("w-2", "v", minimum_l=45)]
    found = decided({"w-1": Decision(10), "w-2": Decision(20), "gone": Decision(5)}, *rows)
    assert volumes(found) == {"w-1": 40, "w-2": 45} and nodes(found)["v"].left_over_l == 15
    assert rules(found) == [("deduction-not-whole", "w-2")]
    assert next(one.text("zh") for one in found.findings).startswith("取水口w-2：应扣减0.02立方米")
    proved(found)


def test_an_idle_right_keeps_no_more_than_was_decided():
    rows = [limit("c", 100), site("w-1", "v"), site("w-2", "v")]
    assert volumes(decided({"w-1": Decision(cap_l=20), "w-2": Decision(5, 0, 90)}, *rows)) == {
        "w-1": 20,
        "w-2": 45,
    }


def test_water_carried_over_comes_from_what_is_left_over_up_the_tree():
    rows = [
        limit("c", 100),
        site("w-1", "v", allowed_l=20),
        site("w-2", "t-1", allowed_l=30),
        site("w-3", "t-2", allowed_l=40),
    ]
    found = decided({"w-1": Decision(carry_l=8), "w-2": Decision(4)}, *rows)
    assert volumes(found) == {"w-1": 28, "w-2": 26, "w-3": 40}
    assert {one.region: (one.amount_l, one.left_over_l) for one in found.nodes} == {
        "c": (100, 6), "t-1": (54, 0), "t-2": (40, 0), "v": (28, 0),
    }  # fmt: skip
    assert sum(volumes(found).values()) + 6 == 100
    with pytest.raises(
        Refused, match=r"site w-1 is to carry over 0.02 m³, but region c has 0.01 m³ too little"
    ):
        decided({"w-1": Decision(carry_l=20)}, *rows)
    with pytest.raises(Refused, match="region v has"):
        decided({"w-1": Decision(carry_l=20)}, *rows, limit("v", 20))


def test_water_carried_over_may_come_from_what_was_kept_back():
    kept = shared(registry(*TREE, limit("c", 100), site("w", "v")), "c", reserve_permille=100)
    found = carry(kept, {"w": Decision(carry_l=7)})
    assert volumes(found) == {"w": 97} and nodes(found)["c"].reserve_l == 3
    proved(found)


def exported(found, form, language="en"):
    file = io.BytesIO()
    writers.write(proof.table(found), file, form, language)
    return file.getvalue()


def small():
    rows = [*TREE, limit("c", 100), site("=w", "v", allowed_l=10), site("w-2", "t-2")]
    return shared(registry(*rows), "c", caps=["allowed"])


@pytest.mark.parametrize(("form", "language"), [("csv", "en"), ("csv", "zh"), ("json", "en")])
def test_a_proof_comes_back_from_its_file_with_its_digest(form, language):
    found = small()
    rows = proof_file.read(exported(found, form, language))
    assert proof_check.check(rows) == []
    assert proof_file.digest(rows) == proof.facts(found)["proof_sha256"]


WRONG = {
    "a well with a litre more": ("=w", "share_l", 11, "above its most"),
    "a volume that is not share and decisions": ("=w", "amount_l", 9, "do not make its volume"),
    "a region that gives more than comes in": ("v", "left_over_l", 1, "come in"),
    "a region above its limit": ("c", "limit_l", 99, "above its limit"),
    "a volume below nothing": ("v", "reserve_l", -1, "below nothing"),
    "a site of no region": ("w-2", "above", "x", "no region of the table"),
    "a second root": ("v", "above", "", "2 regions without one above"),
    "less than the minimum": ("w-2", "floor_l", 99, "less than its protected minimum"),
    "a difference": ("v", "difference_l", 1, "come in"),
    "sums of sites": ("v", "sites_l", 9, "its sites sum to 10 L"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_proof_that_was_changed_does_not_add_up(case):
    name, key, value, says = WRONG[case]
    rows = proved(small())
    (row,) = [one for one in rows if one["name"] == name]
    row[key] = value
    assert any(says in one for one in proof_check.check(rows)), proof_check.check(rows)


def test_two_rows_of_one_name_do_not_add_up():
    rows = proved(small())
    assert "w-2 stands in two rows" in proof_check.check([*rows, rows[-1]])


def edited(data, change):
    rows = list(csv.reader(io.StringIO(data.decode(), newline="")))
    change(rows)
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue().encode()


def test_a_file_that_is_no_proof_is_refused_with_its_place():
    data = exported(small(), "csv")
    bad = {
        "not UTF-8": b"\xff\xfe",
        "first line": b"a,b\n",
        "is no CSV": data.replace(b"region", b'"reg"ion', 1),
        "no JSON": b"{",
        "is no JSON": b"{" + b'"a":{' * 100_000,
        "the file is no JSON": b'{"a": ' + b"9" * 5000 + b"}",
        "no table of kind": b'{"kind": "ledger", "rows": []}',
        "each row has": json.dumps({"kind": "quota-proof", "rows": [{}]}).encode(),
        "line 2 has 15 cells": edited(data, lambda rows: rows[1].pop()),
        "row 1: amount_l says 'x'": edited(data, lambda rows: rows[1].__setitem__(4, "x")),
        "row of a region or of a site": edited(data, lambda rows: rows[1].__setitem__(0, "x")),
    }
    for says, content in bad.items():
        with pytest.raises(Refused, match=says):
            proof_file.read(content)
