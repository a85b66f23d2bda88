"""Every rule of the registry, by the change that breaks it: which object, which field, which sentence."""

import pytest

from karez_gateway.county.checks import all_rules, due
from karez_gateway.county.checks.context import Context
from karez_gateway.county.registry import trees
from karez_gateway.county.registry.objects import Object, name_of
from karez_gateway.county.registry.wording import CELLS, FAULTS, SENTENCES, WARNINGS
from karez_gateway.county.registry.words import STATUSES

from .county_forms import COUNTY, registry_of, values_of

TODAY = "2026-10-01"
CONTEXT = Context(TODAY)
BASE = registry_of(COUNTY)


def row(kind, index=0, /, **cells):
    """A row of the county with other cells."""
    return kind, {**COUNTY[kind][index], **cells}


def site(name, **cells):
    return row("site", 0, **{"site": name, "permit": "", "holder": "", "status": "pending", **cells})


def objects(*rows):
    """Whole objects from (kind, row); a name instead of a row ends it."""
    for kind, cells in rows:
        if isinstance(cells, str):
            yield Object(kind, cells, 0, None, 0, 0)
        else:
            values = values_of(kind, cells)
            yield Object(kind, name_of(kind, values), 0, values, 0, 0)


def found(*rows, before=BASE, context=CONTEXT):
    return all_rules.compared(before, before.with_changes(objects(*rows)), context)


def with_rows(*rows):
    return BASE.with_changes(objects(*rows))


OLD = [site(name, status="retired") for name in ("old-1", "old-2")]
RETIRED = with_rows(*OLD)
CLOSED = with_rows(row("meter", to_date="2026-05-01", closing_register="99"))
NEW_WELL = {"before": RETIRED}

# (rows of the change, (kind, name, field, what), what else the check is asked with)
CASES = [
    ([row("site", 0, **{"class": ""})], ("site", "well-1", "class", "needed"), {}),
    ([row("site", 0, holder="v9", permit="", status="sealed")], ("site", "well-1", "holder", "no-such"), {}),
    ([("holder", "v1")], ("permit", "P-1", "holder", "no-such"), {}),
    ([row("norm", year="1960")], ("norm", "cotton/drip/1960", "year", "year"), {}),
    ([row("norm", year="3000")], ("norm", "cotton/drip/3000", "year", "year"), {}),
    ([row("permit", to_date="2021-12-31")], ("permit", "P-1", "to_date", "days"), {}),
    ([row("round", to_date="2026-02-28")], ("round", "2026/spring", "to_date", "days"), {}),
    ([row("meter", to_date="2025-01-31", closing_register="99")], ("meter", "W-1", "to_date", "days"), {}),
    # regions
    ([row("region", 1, parent="basin-1")], ("region", "650402", "parent", "other-tree"), {}),
    ([row("region", 0, parent="650402")], ("region", "6504", "parent", "cycle"), {}),
    ([row("region", 1, parent="650402")], ("region", "650402", "parent", "cycle"), {}),
    ([row("region", 1, parent="")], ("region", "650402", "parent", "two-roots"), {}),
    ([row("region", 1, code="x", parent="6504-r")], ("region", "6504-r", "is_reserve", "reserve-leaf"), {}),
    ([site("w", region="6504-r")], ("region", "6504-r", "is_reserve", "reserve-leaf"), {}),
    ([site("w", region="basin-1")], ("site", "w", "region", "wrong-tree"), {}),
    ([site("w", basin="6504")], ("site", "w", "basin", "wrong-tree"), {}),
    # sites
    ([row("site", 1, point="wellhead")], ("site", "head-1", "point", "point"), {}),
    ([site("w", point="canal-head")], ("site", "w", "point", "point"), {}),
    ([row("site", 1, source="ground")], ("site", "head-1", "source", "source"), {}),
    ([row("site", 0, permit="")], ("site", "well-1", "permit", "no-permit"), {}),
    ([row("site", 0, holder="")], ("site", "well-1", "permit", "permit-holder"), {}),
    ([row("site", 0, **{"class": "industry"})], ("site", "well-1", "permit", "permit-class"), {}),
    ([row("site", 0, source="brackish")], ("site", "well-1", "permit", "permit-source"), {}),
    ([site("old-1", status="licensed")], ("site", "old-1", "status", "status"), {"before": RETIRED}),
    ([("site", "old-1")], ("site", "old-1", "status", "retired-ends"), {"before": RETIRED}),
    # renewal: two retired for one renewed where it is over-drawn (T37)
    ([site("new", renews="old-1")], ("site", "new", "renews", "renews-few"), NEW_WELL),
    ([site("new", renews="old-1 old-1")], ("site", "new", "renews", "renews-few"), NEW_WELL),
    ([site("new", renews="old-1 new")], ("site", "new", "renews", "renews-itself"), NEW_WELL),
    ([site("new", renews="old-1 gone")], ("site", "new", "renews", "no-such"), NEW_WELL),
    ([site("new", renews="old-1 well-1")], ("site", "new", "renews", "renews-living"), NEW_WELL),
    (
        [site("new-a", renews="old-1 old-2"), site("new-b", renews="old-2 old-1")],
        ("site", "new-b", "renews", "renews-twice"),
        NEW_WELL,
    ),
    # meters: one serial number at one place, one count at a time
    ([row("meter", site="head-1")], ("meter", "W-1", "site", "meter-moved"), {}),
    (
        [row("meter", site="head-1", from_date="2026-04-30")],
        ("meter", "W-1", "from_date", "meter-earlier"),
        {"before": CLOSED},
    ),
    (
        [row("meter", serial="W-2", from_date="2026-05-01")],
        ("meter", "W-2", "from_date", "meters-overlap"),
        {},
    ),
    (
        [row("meter", serial="W-2", from_date="2026-04-30")],
        ("meter", "W-2", "from_date", "meters-overlap"),
        {"before": CLOSED},
    ),
    ([row("meter", to_date="2026-05-01")], ("meter", "W-1", "closing_milli", "no-closing"), {}),
    (
        [row("meter", serial="W-2", from_date="2026-05-01", opening_register="")],
        ("meter", "W-2", "opening_milli", "no-opening"),
        {"before": CLOSED},
    ),
    ([row("meter", closing_register="99")], ("meter", "W-1", "to_date", "closing-open"), {}),
    (
        [row("meter", to_date="2026-05-01", closing_register="12.344")],
        ("meter", "W-1", "closing_milli", "closing-below"),
        {},
    ),
    ([row("meter", due_date="2024-12-31")], ("meter", "W-1", "due_date", "due-first"), {}),
    ([row("meter", multiplier="0")], ("meter", "W-1", "multiplier_milli", "zero"), {}),
    ([row("coefficient", m3_per_kwh="0")], ("coefficient", "well-1/2026-01-01", "l_per_kwh", "zero"), {}),
    (
        [row("coefficient", m3_per_kwh="2.601")],
        ("coefficient", "well-1/2026-01-01", "l_per_kwh", "coefficient-range"),
        {},
    ),
    (
        [row("coefficient", m3_per_kwh="1.599", high_m3_per_kwh="")],
        ("coefficient", "well-1/2026-01-01", "l_per_kwh", "coefficient-range"),
        {},
    ),
    # accounts
    (
        [row("account", number="2", share_percent="37.6")],
        ("account", "well-1/2", "share_permille", "shares"),
        {},
    ),
    ([row("account", number="0")], ("account", "well-1/0", "number", "account-number"), {}),
    (
        [row("account", number="4294967296", share_percent="1")],
        ("account", "well-1/4294967296", "number", "account-number"),
        {},
    ),
    # years
    ([row("round", round="07")], ("round", "2026/07", "round", "round-name"), {}),
    ([row("round", to_date="2027-01-01")], ("round", "2026/spring", "from_date", "round-outside"), {}),
    (
        [row("round", round="early", from_date="2026-01-01", to_date="2026-03-01")],
        ("round", "2026/spring", "from_date", "rounds-overlap"),
        {},
    ),
    ([row("plan", period="7", volume_m3="1")], ("plan", "well-1/2026/7", "period", "period"), {}),
    ([row("plan", period="13", volume_m3="1")], ("plan", "well-1/2026/13", "period", "period"), {}),
    ([row("plan", year="2025", period="spring")], ("plan", "well-1/2025/spring", "period", "period"), {}),
    ([("round", "2026/spring")], ("plan", "well-1/2026/spring", "period", "period"), {}),
    (
        [row("plan", period="07", volume_m3="0", energy_kwh="")],
        ("plan", "well-1/2026/spring", "period", "plan-mixed"),
        {},
    ),
    ([row("plan", 2, volume_m3="30000.001")], ("plan", "well-1/2026/year", "volume_l", "plan-sum"), {}),
    ([row("plan", 1, energy_kwh="21000.001")], ("plan", "well-1/2026/year", "energy_wh", "plan-sum"), {}),
    (
        [row("plan", energy_kwh="0")],
        ("plan", "well-1/2026/year", "energy_wh", "energy-zero"),
        {},
    ),
    (
        [row("plan", 1, energy_kwh="0"), row("plan", 2, energy_kwh="0")],
        ("plan", "well-1/2026/spring", "energy_wh", "energy-zero"),
        {},
    ),
    (
        [row("plan", 1, energy_kwh="0"), row("plan", 2, volume_m3="0")],
        ("plan", "well-1/2026/spring", "energy_wh", "energy-zero"),
        {},
    ),
    (
        [row("price", from_percent="10")],
        ("price", "farming/plan/2026/1", "from_permille", "price-first"),
        {},
    ),
    (
        [("price", "farming/plan/2026/1")],
        ("price", "farming/plan/2026/2", "from_permille", "price-first"),
        {},
    ),
    (
        [row("price", 1, from_percent="0")],
        ("price", "farming/plan/2026/2", "from_permille", "price-from"),
        {},
    ),
    (
        [row("price", 1, yuan_per_m3="0.19")],
        ("price", "farming/plan/2026/2", "fen_per_m3", "price-falls"),
        {},
    ),
    ([row("site", minimum_m3="60000.001")], ("site", "well-1", "minimum_l", "minimum"), {}),
    ([row("site", probe_m="0")], ("site", "well-1", "probe_mm", "zero"), {}),
    ([row("site", 1, probe_m="5")], ("site", "head-1", "probe_mm", "probe-intake"), {}),
    ([row("level", region="6509")], ("level", "6509/2026", "region", "no-such"), {}),
    ([row("level", warn_m="", hours_m="", stop_m="")], ("level", "650402/2026", "warn_mm", "no-line"), {}),
    ([row("level", hours_m="50")], ("level", "650402/2026", "hours_mm", "line-order"), {}),
    (
        [row("level", hours_m="", stop_m="49.999")],
        ("level", "650402/2026", "stop_mm", "line-order"),
        {},
    ),
]

WARNED = [
    (
        [],
        ("site", "well-1", "class", "binding-class"),
        {"context": CONTEXT._replace(bound={"well-1": "industry"})},
    ),
    ([row("permit", to_date="2026-09-30")], ("permit", "P-1", "to_date", "permit-expired"), {}),
    ([row("site", 0, status="unlicensed")], ("site", "well-1", "status", "permit-odd"), {}),
    ([row("site", 0, status="retired")], ("site", "well-1", "status", "retired-meter"), {}),
    ([site("new")], ("site", "new", "renews", "new-well"), {}),
    ([site("seventeen-letters", region="6504")], ("site", "seventeen-letters", "site", "site-long"), {}),
    ([row("meter", 1, multiplier="")], ("meter", "E-1", "multiplier_milli", "no-multiplier"), {}),
    ([row("plan", 2, volume_m3="29999.999")], ("plan", "well-1/2026/year", "volume_l", "plan-below"), {}),
    ([row("plan", volume_m3="43892")], ("plan", "well-1/2026/year", "energy_wh", "energy-stays"), {}),
    (
        [row("coefficient", tested_date="2026-01-02")],
        ("coefficient", "well-1/2026-01-01", "tested_date", "tested-late"),
        {},
    ),
]


def id_of(case):
    return f"{case[1][3]}-{case[1][1]}"


def test_a_period_without_energy_may_stand_beside_one_that_has_some_or_without_water():
    for rows in (
        [row("plan", 1, energy_kwh="0"), row("plan", 2, energy_kwh="1")],
        [row("plan", 1, energy_kwh="0", volume_m3="0"), row("plan", 2, volume_m3="0")],
    ):
        assert "energy-zero" not in {one.what for those in found(*rows) for one in those}


@pytest.mark.parametrize("case", CASES, ids=id_of)
def test_a_change_that_breaks_a_rule_is_refused_where_it_does(case):
    rows, expected, asked = case
    faults = found(*rows, **asked).faults
    assert expected in [one[:4] for one in faults]


@pytest.mark.parametrize("case", WARNED, ids=id_of)
def test_what_a_person_should_look_at_refuses_nothing(case):
    rows, expected, asked = case
    before = asked.get("before", BASE)
    said = all_rules.found_in(before, before.with_changes(objects(*rows)), asked.get("context", CONTEXT))
    assert expected in [one[:4] for one in said.warnings]
    assert said.faults == []


def test_every_sentence_is_met_and_reads_in_both_languages():
    assert {case[1][3] for case in CASES} == set(FAULTS)
    assert {case[1][3] for case in WARNED} == set(WARNINGS)
    assert len(SENTENCES) == len(CELLS) + len(FAULTS) + len(WARNINGS)
    for rows, expected, asked in [*CASES, *WARNED]:
        before = asked.get("before", BASE)
        said = all_rules.found_in(before, before.with_changes(objects(*rows)), asked.get("context", CONTEXT))
        one = next(each for each in [*said.faults, *said.warnings] if each[:4] == expected)
        for language in ("en", "zh"):
            assert "{" not in one.text(language)
        assert one.text("en").isascii() or "m³" in one.text("en") or "…" in one.text("en")
        assert not one.text("zh").isascii()


def test_the_county_itself_breaks_no_rule():
    assert all_rules.found_in(BASE, BASE, CONTEXT) == ([], [])


GOOD = [
    [site("new", renews="old-1 old-2")],
    [row("level", warn_m="", hours_m="")],
    [row("site", minimum_m3="60000")],
    [site("new", region="6504", renews="old-1")],  # not over-drawn there
    [row("site", 0, status="sealed")],
    [
        row("meter", to_date="2026-05-01", closing_register="12.345"),
        row("meter", serial="W-2", from_date="2026-05-01"),
    ],
    [row("plan", 2, volume_m3="29999.999")],
    [row("account", number="2", share_percent="37.5")],
    [row("region", 2, code="basin-r", tree="basin", parent="basin-1")],
]


@pytest.mark.parametrize("rows", GOOD)
def test_what_is_allowed_passes(rows):
    assert found(*rows, before=RETIRED).faults == []


def test_a_closed_meter_hangs_elsewhere_from_its_day_on():
    moved = row("meter", site="head-1", from_date="2026-05-01")
    assert found(moved, before=CLOSED).faults == []


def test_only_retired_is_for_ever():
    for old in STATUSES:
        before = with_rows(site("w", status=old))
        for new in STATUSES:
            permit = {"permit": "P-1", "holder": "v1"} if new == "licensed" else {}
            after = row("site", 0, **{"site": "w", "permit": "", "holder": "", "status": new, **permit})
            what = {one.what for one in found(after, before=before).faults}
            assert what == ({"status"} if old == "retired" != new else set()), (old, new)


def test_a_county_may_ask_for_other_renewals():
    one = [site("new", renews="old-1")]
    assert found(*one, before=RETIRED, context=CONTEXT._replace(retired_for_new=1)).faults == []
    three = found(
        site("new", renews="old-1 old-2"), before=RETIRED, context=CONTEXT._replace(retired_for_new=3)
    )
    assert [fault.what for fault in three.faults] == ["renews-few"]


def test_rounds_lie_in_a_water_year_that_begins_in_autumn():
    autumn = CONTEXT._replace(first_month=10)
    rounds = row("round", round="winter", from_date="2026-11-01", to_date="2027-01-31")
    assert [one.what for one in found(rounds).faults] == ["round-outside"]
    assert found(rounds, context=autumn).faults == []


def test_what_was_wrong_before_is_no_reason_to_refuse():
    bad = with_rows(row("region", 1, parent=""))
    assert all_rules.found_in(bad, bad, CONTEXT).faults
    assert found(row("person", phone="1"), before=bad) == ([], [])


def test_the_check_of_a_change_says_every_fault_at_once():
    after = with_rows(row("region", 0, parent="650402"), row("meter", multiplier="0"))
    with pytest.raises(all_rules.Faulty, match=r"region 6504 parent: lies below itself.*meter W-1") as caught:
        all_rules.refusing(CONTEXT, [])(BASE, after)
    assert {one.what for one in caught.value.found.faults} == {"cycle", "zero"}


def test_who_answers_for_a_site():
    assert trees.responsible(BASE, BASE["site", "well-1"]) == "李明"  # of the region above its region
    own = with_rows(("person", {"name": "王芳"}), row("site", 0, person="王芳"))
    assert trees.responsible(own, own["site", "well-1"]) == "王芳"
    loop = with_rows(row("region", 0, parent="650402", person=""))
    assert trees.responsible(loop, loop["site", "well-1"]) == ""


def test_meters_that_are_due():
    def those(days, registry=BASE, today=TODAY):
        return [(one.serial, one.days, one.person) for one in due.due(registry, today, days)]

    assert those(95) == [("E-1", None, "李明")]
    assert those(96) == [("W-1", 96, "李明"), ("E-1", None, "李明")]
    assert those(0, today="2027-02-05") == [("W-1", -31, "李明"), ("E-1", None, "李明")]
    assert those(3650, CLOSED) == [("E-1", None, "李明")]
    level = with_rows(row("meter", 1, quantity="level"))
    assert those(95, level) == []
    assert due.due(BASE, TODAY, 96)[0].telephone == "+86 138 0000 0000"
