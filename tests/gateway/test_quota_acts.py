"""Plans, transfers and the close of a year as acts: kept whole, logged, and never computed again."""

import csv
import io
import json

import pytest
from sqlalchemy import insert, select, update

from karez_gateway.calendars import Calendar
from karez_gateway.county import planning, year_close
from karez_gateway.county.acts import Deed
from karez_gateway.county.ledger import correcting
from karez_gateway.county.ledger.corrections import Correction
from karez_gateway.county.quota import close_rules, closing, decision_file, proof
from karez_gateway.county.quota.cells import Cell
from karez_gateway.county.quota.decomposition import Wish
from karez_gateway.county.quota.transfers import Transfer
from karez_gateway.county.registry.objects import Object, name_of
from karez_gateway.county.years.wateryear import WaterYears
from karez_gateway.errors import Refused
from karez_gateway.store import acts, closed_years, objects
from karez_gateway.store.schema import act, closed_site, ledger, registry_object

from .county import create, opened
from .quota_desk import M3, YEAR, limit, region, site
from .test_quota_closing import put

YEARS = WaterYears(Calendar(8), 1)
BEGIN_S, END_S = YEARS.span(YEAR)
JULY_S = YEARS.month(YEAR, 7).from_utc_s
DEED = Deed("li", "year plan", BEGIN_S - 1000, document="水政 1 号")
PLACES = [region("c"), region("v", "c"), region("b", tree="basin")]
SITES = [site(f"w-{at}", "v", basin="b", holder=f"h-{at}") for at in (1, 2)]
WISH = Wish("c", YEAR, Cell("all", "all"), "equal")
RULES = close_rules.default()


def install(county, *rows):
    """Put objects into the registry as an import would, long before."""
    with county.store.writing() as connection:
        number = acts.add(connection, acts.Act(0, "import", "li", "first", "", 1, 1, b"{}", bytes(32), None))
        made = [Object(kind, name_of(kind, values), 1, values, number, 1) for kind, values in rows]
        objects.add(connection, made)


@pytest.fixture
def county(tmp_path, database_kind):
    with opened(create(tmp_path / "gateway")) as found:
        install(found, *PLACES, *SITES, limit("c", 100 * M3), limit("c", 90 * M3, year=YEAR + 1))
        yield found


def use(county, name, litres, utc_s=JULY_S, method=0):
    """Litres in the ledger, as its stage would book them, beside an entry that the log holds."""
    county.acts.log_queued(BEGIN_S)
    where = (ledger.c.site == name) & (ledger.c.hour_utc == utc_s // 3600) & (ledger.c.method == method)
    row = {"site": name, "hour_utc": utc_s // 3600, "method": method, "litres": litres}
    with county.store.writing() as connection:
        if not connection.execute(update(ledger).where(where).values(litres=litres)).rowcount:
            connection.execute(insert(ledger).values(**row, first_entry=0, last_entry=0))


def write(county, call, *args, **more):
    with county.store.writing() as connection:
        return call(connection, YEARS, *args, **more)


def read(county, call, *args):
    with county.store.reading() as connection:
        return call(connection, *args)


def plans(county, year=YEAR):
    found = read(county, objects.registry)
    return {name: one["volume_l"] for name, one in found.of_kind("plan") if one["year"] == year}


def table(county, which):
    with county.store.reading() as connection:
        return connection.execute(select(which)).all()


def planned(county):
    write(county, planning.plan, WISH, DEED)


def test_a_decomposition_is_one_act_with_the_digest_of_its_proof(county):
    with county.store.reading() as connection:
        dry = planning.decompose(connection, YEARS, WISH)
    assert plans(county) == {} and len(table(county, act)) == 1
    found, changed = write(county, planning.plan, WISH, DEED)
    assert proof.facts(found) == proof.facts(dry) and len(changed) == 2
    assert plans(county) == {"w-1/2025/year": 50 * M3, "w-2/2025/year": 50 * M3}
    kept = read(county, acts.get, changed[0].act_id)
    detail = json.loads(kept.detail)
    assert (kept.sort, detail["proof_sha256"], detail["placed_l"]) == (
        "plan",
        proof.facts(dry)["proof_sha256"],
        100 * M3,
    )
    assert read(county, objects.registry)["plan", "w-1/2025/year"]["document"] == "水政 1 号"
    assert write(county, planning.plan, WISH, DEED)[1] == []  # the same again leaves no trace


def test_limits_that_do_not_add_up_are_not_decomposed(county):
    install(county, limit("v", 101 * M3))
    with pytest.raises(Refused, match="c 2025 all/all: the parts sum to 101 m³"):
        planned(county)
    assert plans(county) == {}


def test_a_decomposition_of_nobody_is_refused(county):
    install(county, limit("c", 5, "industry"))
    with pytest.raises(Refused, match="no site of industry/all stands in c"):
        write(county, planning.plan, WISH._replace(cell=Cell("industry", "all")), DEED)


def test_a_weight_that_nobody_has_is_refused(county):
    with pytest.raises(Refused, match="none of the 2 sites has a demand to be measured by"):
        write(county, planning.plan, WISH._replace(weight="demand"), DEED)


def test_plans_below_use_are_refused_with_the_well_unless_meant(county):
    use(county, "w-1", 51 * M3)
    with pytest.raises(
        Refused, match=r"site w-1: 50 m³ are planned, 51 m³ are used already\nsay --below-use"
    ):
        planned(county)
    assert plans(county) == {}
    write(county, planning.plan, WISH, DEED, is_below_use_meant=True)
    assert plans(county)["w-1/2025/year"] == 50 * M3


def test_last_year_s_use_can_be_the_weight(county):
    use(county, "w-1", 30 * M3)
    use(county, "w-2", 60 * M3)
    write(county, planning.plan, WISH._replace(year=YEAR + 1, weight="used"), DEED)
    assert plans(county, YEAR + 1) == {"w-1/2026/year": 30 * M3, "w-2/2026/year": 60 * M3}


def test_plans_of_several_cells_hold_the_limit_of_all_of_them(county):
    install(
        county,
        limit("c", 80 * M3, "all", "ground"),
        site("i", "v", source="surface"),
        limit("c", 20 * M3, "all", "surface"),
    )
    write(county, planning.plan, WISH._replace(cell=Cell("all", "ground")), DEED)
    write(county, planning.plan, WISH._replace(cell=Cell("all", "surface")), DEED)
    assert sum(plans(county).values()) == 100 * M3
    with pytest.raises(Refused, match="c 2025 all/all: plans sum to 101 m³"):
        write(county, planning.adjust, YEAR, {"i": 21 * M3}, DEED)


def changed_since(county):
    """A county that was decomposed, then adjusted (w-1: 40), then traded (w-2 gives 5 to w-1)."""
    planned(county)
    now = DEED._replace(now_s=JULY_S, document="水政 7 号")
    (adjusted,) = write(county, planning.adjust, YEAR, {"w-1": 40 * M3}, now)
    moved = write(county, planning.transfer, Transfer("w-2", "w-1", YEAR, 5 * M3), now)
    return adjusted.act_id, moved[0].act_id


def test_a_second_decomposition_names_what_it_would_undo_and_changes_nothing(county):
    adjusted, moved = changed_since(county)
    before = plans(county)
    with pytest.raises(Refused) as refused:
        planned(county)
    assert str(refused.value).splitlines()[1:] == [
        f"adjust, act {adjusted}: w-1",
        f"transfer, act {moved}: w-1, w-2",
        "say --over-changes if that is meant, and make those again that are to hold",
    ]
    assert plans(county) == before == {"w-1/2025/year": 45 * M3, "w-2/2025/year": 45 * M3}
    with county.store.reading() as connection:
        found = planning.decompose(connection, YEARS, WISH)
        assert planning.would_undo(connection, found) == str(refused.value).splitlines()[1:3]


def test_what_a_decomposition_undoes_stands_in_its_act_and_then_is_history(county):
    undone = changed_since(county)
    _, changed = write(county, planning.plan, WISH, DEED, is_undoing_meant=True)
    assert plans(county) == {"w-1/2025/year": 50 * M3, "w-2/2025/year": 50 * M3}
    assert json.loads(read(county, acts.get, changed[0].act_id).detail)["undoes"] == list(undone)
    install(county, limit("c", 80 * M3, "all", "ground"))
    assert len(write(county, planning.plan, WISH._replace(cell=Cell("all", "ground")), DEED)[1]) == 2


def test_a_change_that_a_decomposition_leaves_as_it_is_is_not_undone(county):
    planned(county)
    now = DEED._replace(now_s=JULY_S)
    for volume_l in (40 * M3, 50 * M3):
        write(county, planning.adjust, YEAR, {"w-1": volume_l}, now)
    assert write(county, planning.plan, WISH, DEED)[1] == []


def test_a_plan_that_was_imported_is_not_undone_unseen(county):
    install(county, ("plan", {"site": "w-1", "year": YEAR, "period": "year", "volume_l": 7 * M3}))
    with pytest.raises(Refused, match=r"import, act \d+: w-1\nsay --over-changes"):
        planned(county)


def test_months_that_are_over_keep_their_plan_in_a_new_decomposition(county):
    planned(county)
    write(county, planning.spread, YEAR, (), {"06": 500, "07": 500}, DEED)
    install(county, limit("c", 80 * M3, "all", "ground"))
    write(county, planning.plan, WISH._replace(cell=Cell("all", "ground")), DEED._replace(now_s=JULY_S))
    assert [plans(county)[f"w-1/2025/{one}"] for one in ("year", "06", "07")] == [40 * M3, 25 * M3, 15 * M3]


def test_a_year_is_spread_and_an_adjustment_takes_the_months_along(county):
    planned(county)
    assert len(write(county, planning.spread, YEAR, (), {"06": 400, "07": 600}, DEED)) == 4
    with pytest.raises(Refused, match="no site has a plan for 2030"):
        write(county, planning.spread, 2030, (), {"06": 1000}, DEED)
    now = DEED._replace(now_s=JULY_S, because="efficiency below standard", document="水政 7 号")
    write(county, planning.adjust, YEAR, {"w-1": 40 * M3}, now)
    found = plans(county)
    assert [found[f"w-1/2025/{one}"] for one in ("year", "06", "07")] == [40 * M3, 20 * M3, 20 * M3]
    history = read(county, objects.history, "plan", "w-1/2025/year")
    assert [(one.version, one.values["volume_l"]) for one in history] == [(1, 50 * M3), (2, 40 * M3)]
    assert read(county, acts.get, history[1].act_id).because == "efficiency below standard"


def test_rounds_that_are_over_are_past_like_months(county):
    install(
        county,
        ("round", {"year": YEAR, "round": "春灌", "from_date": "2025-03-01", "to_date": "2025-05-31"}),
        ("round", {"year": YEAR, "round": "夏灌", "from_date": "2025-06-01", "to_date": "2025-08-31"}),
        ("round", {"year": 2024, "round": "冬灌", "from_date": "2024-10-01", "to_date": "2024-12-31"}),
    )
    with county.store.reading() as connection:
        assert planning.past_periods(connection, YEARS, YEAR, JULY_S)[-3:] == ("05", "06", "春灌")


def test_a_transfer_is_two_changes_in_one_act_that_says_who_and_for_what(county):
    planned(county)
    use(county, "w-1", 30 * M3)
    deed = DEED._replace(because="agreed", document="转让 3 号", now_s=JULY_S)
    changed = write(county, planning.transfer, Transfer("w-1", "w-2", YEAR, 20 * M3, 90_000), deed)
    assert plans(county) == {"w-1/2025/year": 30 * M3, "w-2/2025/year": 70 * M3}
    (kept,) = read(county, acts.newest_first, (planning.TRANSFER,))
    assert {one.act_id for one in changed} == {kept.id}
    detail = json.loads(kept.detail)
    assert (detail["giver_holder"], detail["taker_holder"], detail["scope"]) == ("h-1", "h-2", "within v")
    assert (detail["volume_l"], detail["price_fen"]) == (20 * M3, 90_000)
    with pytest.raises(Refused, match="w-1 can give 0 m³"):
        write(county, planning.transfer, Transfer("w-1", "w-2", YEAR, 1), deed)


def test_a_transfer_above_the_taker_s_allowed_volume_is_refused(county):
    planned(county)
    install(county, site("w-9", "v", basin="b", allowed_l=5 * M3))
    with pytest.raises(Refused, match="site w-9: its plan is 6 m³, its yearly allowed volume 5 m³"):
        write(county, planning.transfer, Transfer("w-1", "w-9", YEAR, 6 * M3), DEED)


AFTER = DEED._replace(now_s=END_S, because="year end", document="")


def closed(county):
    planned(county)
    use(county, "w-1", 62 * M3)
    use(county, "w-2", 10 * M3, method=1)
    return write(county, year_close.freeze, YEAR, AFTER)


def test_a_year_is_closed_once_it_is_over_and_only_once(county):
    planned(county)
    with pytest.raises(Refused, match=r"water year 2025 is not over: it ends at 2026-01-01T00:00:00\+08:00"):
        write(county, year_close.freeze, YEAR, AFTER._replace(now_s=END_S - 1))
    found = closed(county)
    assert [(one.site, one.plan_l, one.total_l, one.over_plan_l) for one in found.rows] == [
        ("w-1", 50 * M3, 62 * M3, 12 * M3),
        ("w-2", 50 * M3, 10 * M3, 0),
    ]
    with pytest.raises(Refused, match="closed already"):
        write(county, year_close.freeze, YEAR, AFTER)
    bodies = [json.loads(one.body) for one in table(county, closed_site)]
    detail = json.loads(read(county, acts.get, found.act_id).detail)
    assert detail["sha256"] == closing.digest(bodies) and detail["used_l"] == 72 * M3


def test_a_correction_that_waits_for_the_log_is_not_lost_to_a_frozen_year(county):
    planned(county)
    use(county, "w-1", 62 * M3)
    less = Correction("w-1", "error", 0, *YEARS.month(YEAR, 7), -12 * M3)
    with county.store.writing() as connection:
        correcting.correct(connection, [less], AFTER, YEARS.calendar)
    with pytest.raises(Refused, match=r"cannot be frozen yet: 1 correction waits for the log"):
        write(county, year_close.freeze, YEAR, AFTER)
    county.acts.log_queued(END_S)
    assert write(county, year_close.freeze, YEAR, AFTER).rows[0].over_plan_l == 0


def test_a_county_without_a_site_has_nothing_to_close(tmp_path):
    with opened(create(tmp_path / "empty")) as empty, pytest.raises(Refused, match="no site in 2025"):
        write(empty, year_close.freeze, YEAR, AFTER)


def test_what_comes_late_never_changes_a_closed_year(county):
    before = closed(county).rows
    use(county, "w-1", 70 * M3)
    use(county, "w-2", 3 * M3, method=0)
    install(county, site("w-3", "v"))
    assert read(county, year_close.frozen, YEAR).rows == before
    assert read(county, year_close.late, YEARS, YEAR) == {"w-1": {0: 8 * M3}, "w-2": {0: 3 * M3}}
    assert read(county, year_close.cases, YEAR, RULES, {})[0][1].deduction_l == 12 * M3


def test_a_plan_that_is_changed_after_the_year_does_not_undo_what_was_over_it(county):
    planned(county)
    use(county, "w-1", 62 * M3)
    write(county, planning.adjust, YEAR, {"w-2": 30 * M3}, AFTER._replace(document="x"))
    found = write(county, year_close.freeze, YEAR, AFTER)
    assert found.rows[1].plan_l == 50 * M3 and found.dated_back == ()


def test_plans_that_are_dated_back_into_a_year_that_is_over_are_named_at_its_close(county):
    planned(county)
    use(county, "w-1", 62 * M3)
    back = AFTER._replace(document="x", effective_utc_s=JULY_S)
    made = write(county, planning.adjust, YEAR, {"w-1": 62 * M3, "w-2": 38 * M3}, back)
    found = write(county, year_close.freeze, YEAR, AFTER)
    assert found.rows[0].over_plan_l == 0 and found.dated_back == (made[0].act_id,)
    assert json.loads(read(county, acts.get, found.act_id).detail)["dated_back"] == [made[0].act_id]


def decision_rows(county, *changes):
    """The file as it goes out, edited, for the cases of 2025."""
    of_year = read(county, year_close.cases, YEAR, RULES, {})
    rows = [[one.key for one in decision_file.COLUMNS]]
    rows += [list(map(str, row)) for row in decision_file.table(YEAR, of_year).rows]
    for change in changes:
        change(rows)
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return of_year, out.getvalue().encode()


def decide(county, *changes):
    of_year, data = decision_rows(county, *changes)
    with county.store.writing() as connection:
        return year_close.decide(connection, YEAR, data, of_year, AFTER._replace(because="decided"))


def test_decisions_wait_for_the_log_and_then_come_off_the_next_year_s_plan(county):
    closed(county)
    with pytest.raises(Refused, match="the log does not hold the close of 2025 yet"):
        decide(county)
    county.acts.log_queued(END_S)
    assert [(one.site, one.decision.deduction_l) for one in decide(county)] == [("w-1", 12 * M3)]
    following = WISH._replace(year=YEAR + 1)
    with pytest.raises(Refused, match="the log does not hold the decisions on 2025 yet"):
        write(county, planning.plan, following, AFTER)
    county.acts.log_queued(END_S)
    found, _ = write(county, planning.plan, following, AFTER)
    assert plans(county, YEAR + 1) == {"w-1/2026/year": 33 * M3, "w-2/2026/year": 45 * M3}
    assert found.nodes[1].left_over_l == 12 * M3
    write(county, planning.plan, following, AFTER, with_decisions=False)
    assert plans(county, YEAR + 1)["w-1/2026/year"] == 45 * M3


def test_a_later_decision_counts_instead_of_the_earlier_one_and_both_are_kept(county):
    closed(county)
    county.acts.log_queued(END_S)
    decide(county)
    decide(county, put(1, "decided_deduction_m3", "5"), put(1, "reason", "drought"))
    county.acts.log_queued(END_S)
    assert read(county, year_close.decisions, YEAR)["w-1"].deduction_l == 5 * M3
    kept = read(county, acts.newest_first, (year_close.DECIDE,))
    assert [json.loads(one.detail)["deduction_l"] for one in kept] == [5 * M3, 12 * M3]
    assert read(county, closed_years.decisions, YEAR)["w-1"].body["reason"] == "drought"


def test_a_file_with_a_wrong_row_decides_nothing(county):
    closed(county)
    county.acts.log_queued(END_S)
    with pytest.raises(Refused, match="row 2: it is decided otherwise"):
        decide(county, put(1, "decided_deduction_m3", "5"))
    assert (
        read(county, closed_years.decisions, YEAR) == {}
        and read(county, acts.newest_first, (year_close.DECIDE,)) == []
    )
    with pytest.raises(Refused, match="first line"):
        decide(county, lambda rows: rows[0].reverse())


def test_an_open_year_has_nothing_to_decide_and_a_false_report_names_a_site_of_it(county):
    with pytest.raises(Refused, match="2025 is not closed: karez gateway quota close freeze --year 2025"):
        read(county, year_close.frozen, YEAR)
    closed(county)
    with pytest.raises(Refused, match="'w-9' is no site of 2025"):
        read(county, year_close.cases, YEAR, RULES, {"w-9": 1})
    assert read(county, year_close.cases, YEAR, RULES, {"w-2": 4})[1][1].deduction_l == 4


def test_idle_rights_look_back_over_closed_years_without_a_gap(county):
    rules = close_rules.read(b"idle_years = 2\nidle_below_permille = 300")
    closed(county)
    assert read(county, year_close.cases, YEAR, rules, {})[1][1].cap_l is None
    write(county, planning.plan, WISH._replace(year=YEAR + 1), AFTER)
    use(county, "w-2", 12 * M3, YEARS.month(YEAR + 1, 7).from_utc_s)
    write(county, year_close.freeze, YEAR + 1, AFTER._replace(now_s=YEARS.span(YEAR + 1).to_utc_s))
    found = {row.site: proposal for row, proposal in read(county, year_close.cases, YEAR + 1, rules, {})}
    assert found["w-2"].cap_l == 12 * M3 and found["w-1"].cap_l is None


def test_nothing_of_a_refused_act_stays(county):
    before = len(table(county, act)), len(table(county, registry_object))
    for call in (
        lambda: write(county, planning.plan, WISH, DEED._replace(because="")),
        lambda: write(county, planning.adjust, YEAR, {"w-1": 1}, DEED._replace(document="")),
        lambda: write(county, planning.adjust, YEAR, {"w-1": 101 * M3}, DEED),
        lambda: write(county, planning.transfer, Transfer("w-1", "w-2", YEAR, 1), DEED),
    ):
        with pytest.raises(Refused):
            call()
    assert (len(table(county, act)), len(table(county, registry_object))) == before
