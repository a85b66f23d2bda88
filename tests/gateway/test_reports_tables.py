"""What reports say: sums by region and class, rates, lists at their very lines."""

import pytest

from karez_gateway.config.reports import Reports, UserList
from karez_gateway.county.ledger import hearing
from karez_gateway.county.ledger.hearing import Rates
from karez_gateway.county.registry import changing
from karez_gateway.county.registry.objects import Object, Registry, name_of
from karez_gateway.county.reports import making, planned
from karez_gateway.county.reports.document import Litres, Permille
from karez_gateway.county.reports.making import Log, Maker, Wish
from karez_gateway.county.reports.planned import Standing
from karez_gateway.county.years.wateryear import Span
from karez_gateway.store.heard import Hours
from karez_protocols import record

from .ledger_desk import CIVIL, CONVERTED, DAY_S, NOVEMBER, Well, office, region, site

LISTS = """
[county.reports]
idle_days = 30

[[county.reports.list]]
name = "key-users"
en = "Key users"
zh = "重点用水户"
at_least_m3 = 40
classes = ["industry"]
always = ["school"]

[[county.reports.list]]
name = "online"
en = "Online monitoring"
zh = "在线监测"
over_m3 = 50000
to_year = 2025

[[county.reports.list]]
name = "online"
en = "Online monitoring"
zh = "在线监测"
over_m3 = 80
from_year = 2026
"""
REGISTRY = (
    region("6504", name_en="Turpan"),
    region("650402", "6504"),
    region("650421", "6504"),
    region("basin", tree="basin"),
    ("holder", {"code": "factory", "name_zh": "工厂", "sort": "enterprise"}),
    ("holder", {"code": "school", "name_zh": "学校", "sort": "institution"}),
    site("well-1", region="650402", basin="basin"),
    site("well-2", region="650421", holder="factory", **{"class": "industry"}),
    site("canal-1", region="650421", sort="intake", source="surface", point="branch-outlet"),
    site("dry", region="650402", holder="school"),
    ("plan", {"site": "well-1", "year": 2026, "period": "year", "volume_l": 60_000}),
    ("plan", {"site": "well-2", "year": 2026, "period": "10", "volume_l": 20_000}),
    ("norm", {"crop": "grape", "irrigation": "drip", "year": 2026, "l_per_mu": 400_000}),
    ("plot", {"site": "well-1", "year": 2026, "crop": "grape", "irrigation": "drip", "area_cmu": 10}),
    ("limit", {"region": "6504", "year": 2026, "class": "all", "source": "ground", "volume_l": 100_000}),
    ("limit", {"region": "6504", "year": 2030, "class": "all", "source": "all", "volume_l": 10**9}),
    (
        "meter",
        {
            "serial": "W1", "site": "well-1", "quantity": "water", "from_date": "2025-01-01",
            "due_date": "2026-11-30", "error_permille": 20,
        },
    ),
    ("meter", {"serial": "W2", "site": "well-2", "quantity": "water", "from_date": "2025-01-01"}),
    (
        "coefficient",
        {"site": "well-2", "from_date": "2026-01-01", "l_per_kwh": 3500, "tested_date": "2026-03-01"},
    ),
)  # fmt: skip


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    with office(tmp_path_factory.mktemp("reports") / "g", LISTS) as found:
        first, second, third = Well("a", "well-1"), Well("b", "well-2"), Well("c", "canal-1")
        first.days(41, litres=2400)
        second.days(41, litres=2400, method=CONVERTED)
        third.days(20, litres=1200, method=record.ESTIMATED)
        found.hear(first, second, third)
        found.register(*REGISTRY)
        found.correct(("well-2", "coefficient", "2026-10", "converted", "", "-1.5", ""))
        found.close("2026-09")
        found.correct(("well-1", "dispute", "2026-09", "metered", "", "0.5", ""))
        yield found


def made(desk, name, where="", language="en", now_s=NOVEMBER):
    with desk.store.reading() as connection:
        maker = Maker(connection, desk.config, Log("log", 5, "ab" * 32), now_s)
        return maker.make(Wish(desk.period(name), where, language))


def rows(report, key):
    """Rows of a table as dictionaries by the names of their columns."""
    table = next(one for one in report.tables if one.key == key)
    names = [one.key for one in table.columns]
    return [dict(zip(names, row, strict=True)) for row in table.rows]


def test_every_kind_of_report_has_its_tables_and_no_cell_without_its_column(desk):
    for name, kind in (
        ("2026-10-05", "day"), ("2026-10", "month"), ("2026-Q3", "quarter"), ("2026-H2", "half-year"),
        ("2026", "year"),
    ):  # fmt: skip
        for language in ("en", "zh"):
            found = made(desk, name, language=language)
            assert tuple(one.key for one in found.tables) == making.TABLES[kind]
            for table in found.tables:
                assert all(len(row) == len(table.columns) for row in table.rows)
                assert table.rows or table.note


def test_regions_hold_all_below_them_and_metering_points_stay_apart(desk):
    found = rows(made(desk, "2026-10"), "regions")
    sums = {(one["region"], one["point"]): int(one["total"]) for one in found}
    with desk.store.reading():
        truth = {line.site: 0 for line in desk.books("2026-10").lines}
        for line in desk.books("2026-10").lines:
            truth[line.site] += line.booked_l + line.correction_l
    assert sums["6504", "wellhead"] == truth["well-1"] + truth["well-2"]
    assert sums["6504", "branch-outlet"] == truth["canal-1"] == sums["650421", "branch-outlet"]
    assert sums["basin", "wellhead"] == sums["650402", "wellhead"] == truth["well-1"]


def test_corrections_stand_in_the_total_and_beside_it_and_late_ones_only_beside(desk):
    october = {one["site"]: one for one in rows(made(desk, "2026-10"), "sites")}
    assert october["well-2"]["corrections"] == -1500
    assert october["well-2"]["total"] == october["well-2"]["converted"] > 0
    september = {one["site"]: one for one in rows(made(desk, "2026-09"), "sites")}
    assert (september["well-1"]["late"], september["well-1"]["corrections"]) == (500, 0)
    late = rows(made(desk, "2026"), "late")
    assert [(one["month"], one["site"], one["volume"]) for one in late] == [("2026-09", "well-1", 500)]
    year = {one["month"]: one["state"] for one in rows(made(desk, "2026"), "months")}
    assert (year["2026-09"], year["2026-10"]) == ("closed", "open")


def test_the_metering_rate_is_metered_of_all(desk):
    regions = {(one["region"], one["point"]): one for one in rows(made(desk, "2026-10"), "regions")}
    both = regions["6504", "wellhead"]
    assert both["metering"] == int(both["metered"]) * 1000 // int(both["total"])
    assert regions["650402", "wellhead"]["metering"] == 1000
    assert regions["650421", "wellhead"]["metering"] == 0


def test_shares_are_of_the_same_metering_point(desk):
    for one in rows(made(desk, "2026-10"), "classes"):
        if one["point"] == "branch-outlet":
            assert one["share"] == 1000
    shares = [one["share"] for one in rows(made(desk, "2026-10"), "classes") if one["point"] == "wellhead"]
    assert len(shares) == 2 and 999 <= sum(shares) <= 1000


def test_the_quarter_is_of_groundwater_alone(desk):
    found = made(desk, "2026-Q4")
    assert {one["site"] for one in rows(found, "sites")} == {"well-1", "well-2", "dry"}
    assert {one["source"] for one in rows(found, "classes")} == {"ground"}


def test_a_region_s_report_holds_only_what_lies_in_it(desk):
    found = made(desk, "2026-10", "650402")
    assert {one["site"] for one in rows(found, "sites")} == {"well-1", "dry"}
    assert {one["region"] for one in rows(found, "regions")} == {"650402"}
    assert rows(made(desk, "2026", "650402"), "targets") == []  # a limit of a larger region is not its own


def test_over_plan_and_over_norm_are_two_figures(desk):
    found = {one["site"]: one for one in rows(made(desk, "2026"), "overruns")}
    assert found["well-1"]["over_plan"] > 0 and found["well-1"]["norm"] == 40_000
    assert found["well-1"]["over_norm"] == int(found["well-1"]["used"]) - 40_000
    october = {one["site"]: one for one in rows(made(desk, "2026-10"), "overruns")}
    assert set(october) == {"well-2"} and october["well-2"]["norm"] is None
    assert october["well-2"]["over_plan"] == int(october["well-2"]["used"]) - 20_000


def test_limits_of_one_metering_point_have_a_distance_and_mixed_ones_none(desk):
    this, later = rows(made(desk, "2026"), "targets")
    assert (
        int(this["limit"]) - int(this["used"]) == this["distance"] < 0 and this["state"] == "beyond the limit"
    )
    assert (later["year"], later["used"], later["distance"]) == ("2030", None, None)
    assert "not added up" in later["state"]


def test_lists_take_their_lines_from_the_settings(desk):
    found = rows(made(desk, "2026"), "users")
    assert {(one["list"], one["user"]) for one in found} == {
        ("Key users", "factory"), ("Key users", "school"), ("Online monitoring", "well-1"),
        ("Online monitoring", "factory"),
    }  # fmt: skip
    assert {one["why"] for one in found if one["user"] == "school"} == {"named by hand"}
    assert {one["list"] for one in rows(made(desk, "2026", language="zh"), "users")} == {
        "重点用水户",
        "在线监测",
    }


def test_meters_due_and_wells_that_may_be_idle_are_listed(desk):
    found = made(desk, "2026")
    assert [(one["serial"], one["state"]) for one in rows(found, "meters")] == [
        ("W2", "never verified"), ("W1", "verification ended 2026-11-30"),
    ]  # fmt: skip
    assert {one["site"] for one in rows(found, "idle")} == {"dry", "well-1", "well-2"}  # to December
    assert {one["serial"]: one["state"] for one in rows(made(desk, "2026-10"), "meters")} == {
        "W2": "never verified", "W1": None,
    }  # fmt: skip


def test_uncertainty_says_class_verification_and_test(desk):
    found = {one["site"]: one["uncertainty"] for one in rows(made(desk, "2026-10"), "sites")}
    assert found["well-1"] == "±2 %, verified to 2026-11-30"
    assert found["well-2"] == "converted: ±20 %, tested 2026-03-01"
    assert (found["canal-1"], found["dry"]) == ("estimated", "")


def test_every_page_says_method_completeness_state_and_log(desk):
    for language, words in (
        ("en", ("each figure by its method", "arrival", "open", "log log, 5 entries, root abababababababab")),
        ("zh", ("计量方式逐项列示", "到报率", "未结账", "根摘要 abababababababab")),
    ):
        line = made(desk, "2026-10", language=language).line
        assert all(word in line for word in words), line
    assert "closed: 2026-09; open: 2026-07 – 2026-08" in made(desk, "2026-Q3").line
    assert "2026-09 is closed" in made(desk, "2026-09-25").line
    assert dict(made(desk, "2026-H2").facts)["Due"] == "by 15 of the month after"


def test_arrival_counts_hours_that_came_and_online_those_that_came_at_once(desk):
    found = {one["site"]: one for one in rows(made(desk, "2026-10"), "sites")}
    assert found["well-1"]["arrival"] == 1000 and found["canal-1"]["arrival"] < 400
    # The gateway of these tests hears everything in one moment: 23 September, 02:00.
    assert (found["well-1"]["online"], found["dry"]["arrival"]) == (0, None)
    day = {one["site"]: one for one in rows(made(desk, "2026-09-23"), "sites")}
    assert (day["well-1"]["arrival"], day["well-1"]["online"]) == (1000, 5 * 1000 // 24)


def test_hours_are_counted_at_their_edges():
    days = {100: Hours(0b111, 0b001), 101: Hours((1 << 24) - 1, 0)}
    whole = Span(100 * DAY_S, 102 * DAY_S)
    assert hearing.of_site(days, whole, 0, 200 * DAY_S) == Rates(48, 27, 1)
    assert hearing.of_site(days, Span(100 * DAY_S + 3600, 100 * DAY_S + 7200), 0, 200 * DAY_S) == Rates(
        1, 1, 0
    )
    assert hearing.of_site(days, whole, 101 * DAY_S + 100, 200 * DAY_S) == Rates(24, 24, 0)
    assert hearing.of_site(days, whole, 0, 100 * DAY_S + 2 * 3600 + 59) == Rates(2, 2, 1)
    assert hearing.of_site(days, whole, None, 200 * DAY_S) == Rates() == hearing.of_site({}, whole, 0, 5)


@pytest.mark.parametrize(
    ("used_l", "is_due"), [(1_290_000, False), (1_299_999, False), (1_300_000, True), (1_310_000, True)]
)
def test_a_water_balance_test_is_due_from_130_percent_on(used_l, is_due):
    assert Standing(used_l, 1_000_000, None).reaches(130) is is_due


def test_no_plan_owes_no_test_and_a_plan_of_nothing_does():
    assert not Standing(5, None, None).reaches(130) and not Standing(0, 0, None).reaches(130)
    assert Standing(5, 0, None).reaches(130)


@pytest.mark.parametrize(
    ("line", "litres", "holds"),
    [
        ({"at_least_m3": 50_000}, 49_999_999, False),
        ({"at_least_m3": 50_000}, 50_000_000, True),
        ({"over_m3": 50_000}, 50_000_000, False),
        ({"over_m3": 50_000}, 50_000_001, True),
    ],
)
def test_at_least_is_not_over(line, litres, holds):
    assert UserList(name="x", en="x", zh="x", **line).holds(litres) is holds


def test_the_list_of_a_year_is_the_newest_in_force():
    lists = [
        UserList(name="online", en="x", zh="x", at_least_m3=line, from_year=year)
        for year, line in ((2023, 50_000), (2024, 10_000), (2025, 5_000))
    ]
    settings = Reports(list=tuple(reversed(lists)))
    lines = {year: [one.at_least_m3 for one in settings.lists_of(year)] for year in (2022, 2023, 2024, 2026)}
    assert lines == {2022: [], 2023: [50_000], 2024: [10_000], 2026: [5_000]}


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"at_least_m3": 1, "over_m3": 1},
        {"at_least_m3": 1, "classes": ("fishing",)},
        {"at_least_m3": 1, "holders": ("king",)},
    ],
)
def test_a_list_without_one_line_or_with_unknown_words_is_refused(wrong):
    with pytest.raises(ValueError, match="one of"):
        UserList(name="x", en="x", zh="x", **wrong)


def test_a_year_without_a_plan_of_its_own_is_its_months():
    def plan(period, litres):
        values = {"site": "w", "year": 2026, "period": period, "volume_l": litres}
        return Object("plan", f"w/2026/{period}", 1, values, 0, 0)

    assert planned.plans(Registry.of([plan("01", 5), plan("02", 7)]), 2026) == {"w": 12}
    assert planned.plans(Registry.of([plan("01", 5), plan("year", 9)]), 2026) == {"w": 9}
    assert planned.plans(Registry.of([plan("01", 5)]), 2026, "02") == {}


def test_cells_are_whole_numbers_with_their_unit():
    assert (Litres(1500) + 1, Permille(985) // 5) == (1501, 197)


def test_a_report_of_the_past_keeps_the_holder_of_then(tmp_path):
    with office(tmp_path / "g", LISTS) as found:
        well = Well("a", "w")
        well.days(41, litres=2400)
        found.hear(well)
        october = CIVIL.moment("2026-10-01")
        before = ("region", "6504"), ("holder", "factory"), ("holder", "school")
        old = [one for one in REGISTRY if (one[0], one[1].get("code")) in before]
        with found.store.writing() as connection:
            for holder, begin_s in (("school", 1), ("factory", october)):
                plans = [
                    ("plan", {"site": "w", "year": 2026, "period": month, "volume_l": 1})
                    for month in ("09", "10")
                ]
                values = [*old, site("w", region="6504", holder=holder), *plans]
                wanted = [(kind, name_of(kind, one), one) for kind, one in values]
                deed = found.deed()._replace(effective_utc_s=begin_s)
                changing.change(connection, wanted, deed, check=lambda _before, _after: None)
        users = {
            period: {one["user"] for one in rows(made(found, period), "overruns")}
            for period in ("2026-09", "2026-10")
        }
        assert users == {"2026-09": {"school"}, "2026-10": {"factory"}}
