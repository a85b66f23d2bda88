"""A water year's close: frozen totals, proposals by rules, and a person's decision file."""

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from karez_gateway.county.quota import close_rules, closing, decision_file
from karez_gateway.county.quota.carrying import Decision
from karez_gateway.county.quota.closing import Closed, Proposal
from karez_gateway.errors import Refused
from karez_gateway.exports import writers

from .county_forms import xlsx_of
from .quota_desk import M3, YEAR, norm, plan, plot, region, registry, site

ROW = Closed("w-1", "farming", "", "ground", "v", 100 * M3, 1, 80 * M3, 10 * M3, {0: 120 * M3, 1: 10 * M3})


def test_a_close_takes_every_site_and_all_that_took_water():
    rows = [region("v"), site("w-1", "v", subclass="fishery", minimum_l=5), site("w-2", "v"), norm("n", 100)]
    found = closing.close(
        registry(*rows, plan("w-1", 90), plot("w-1", "n", 80), plan("w-1", 1, "04")),
        YEAR,
        {"w-1": {3: 1, 0: 99}, "stray": {0: 7}},
    )
    assert [one.site for one in found] == ["stray", "w-1", "w-2"]
    assert found[1] == Closed("w-1", "farming", "fishery", "ground", "v", 90, 1, 80, 5, {0: 99, 3: 1})
    assert (found[1].total_l, found[1].over_plan_l, found[1].over_norm_l, found[1].unused_l) == (
        100,
        10,
        20,
        0,
    )
    # No plan is no plan of 0: nothing is over it.
    assert (found[0].plan_l, found[0].over_plan_l, found[0].unused_l, found[0].region) == (None, 0, 0, "")
    assert [Closed.of(one.body()) for one in found] == found
    assert closing.digest([one.body() for one in found]) != closing.digest([one.body() for one in found[1:]])


def test_late_water_stands_apart_by_method():
    rows = [ROW, ROW._replace(site="w-2", used_l={0: 5})]
    now = {"w-1": {0: 120 * M3, 1: 9 * M3, 2: 4}, "w-2": {0: 5}, "w-3": {0: 1}}
    assert closing.late(rows, now) == {"w-1": {1: -M3, 2: 4}, "w-3": {0: 1}}


def rules(text=""):
    return close_rules.read(text.encode()) if text else close_rules.default()


def test_over_plan_water_is_proposed_as_a_deduction_1_to_1_down_to_the_minimum():
    assert closing.propose(ROW, rules()) == Proposal(30 * M3)
    assert closing.propose(ROW, rules("deduct_permille = 1500")) == Proposal(45 * M3)
    assert closing.propose(ROW._replace(minimum_l=80 * M3), rules()) == Proposal(20 * M3)
    assert closing.propose(ROW._replace(minimum_l=180 * M3), rules()) == Proposal(0)
    assert not closing.propose(ROW._replace(plan_l=None), rules()).is_any


def test_what_was_proven_to_be_reported_falsely_is_deducted_too():
    assert closing.propose(ROW, rules(), false_l=7 * M3) == Proposal(37 * M3)
    assert closing.propose(ROW, rules("false_report_permille = 2000"), false_l=7 * M3) == Proposal(44 * M3)


def test_drinking_water_is_not_deducted_unless_the_county_says_so():
    town = ROW._replace(of_class="domestic")
    assert not closing.propose(town, rules(), false_l=5).is_any
    assert closing.propose(town, rules("[class.domestic]\ndeduct_permille = 500")) == Proposal(15 * M3)


def test_a_county_that_sets_one_ratio_of_a_class_keeps_our_others():
    town = ROW._replace(of_class="domestic", used_l={0: 1})
    idle = "idle_years = 1\nidle_below_permille = 500\n"
    assert closing.propose(ROW._replace(used_l={0: 1}), rules(idle)).cap_l == 10 * M3
    assert not closing.propose(town, rules(idle + "[class.domestic]\ndeduct_permille = 500")).is_any


def test_a_sub_class_has_the_last_word():
    sheep = ROW._replace(subclass="livestock")
    assert closing.propose(sheep, rules()) == Proposal(30 * M3)
    assert closing.propose(sheep, rules("[subclass.livestock]\ndeduct_permille = 100")) == Proposal(3 * M3)
    both = rules("[class.farming]\ndeduct_permille = 0\n[subclass.livestock]\ndeduct_permille = 100")
    assert closing.propose(sheep, both) == Proposal(3 * M3) and not closing.propose(ROW, both).is_any


def test_unused_water_is_carried_over_only_where_rules_say_so():
    thrifty = ROW._replace(used_l={0: 60 * M3})
    assert not closing.propose(thrifty, rules()).is_any
    assert closing.propose(thrifty, rules("carry_permille = 250")) == Proposal(0, 10 * M3)


def test_a_right_is_idle_after_years_below_the_line_and_keeps_its_highest_use():
    idle = rules("idle_years = 3\nidle_below_permille = 300")
    low = [ROW._replace(used_l={0: used * M3}) for used in (20, 29, 12)]
    assert closing.propose(low[0], idle, low[1:]) == Proposal(cap_l=29 * M3)
    assert closing.propose(low[0]._replace(minimum_l=50 * M3), idle, low[1:]).cap_l == 50 * M3
    for before in (
        low[1:2],
        [low[1], None],
        [low[1], low[2]._replace(plan_l=None)],
        [low[1], low[2]._replace(used_l={0: 30 * M3})],
    ):
        assert closing.propose(low[0], idle, before).cap_l is None
    assert closing.propose(low[0], rules(), low[1:]).cap_l is None


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("deduct_permille = -1", "deduct_permille: write a whole number from 0 to 10000"),
        ("idle_years = 21", "idle_years: write a whole number from 0 to 20"),
        ("deduct_permille = 1.5", "deduct_permille: write a whole number"),
        ("luck = 1", "luck: there is no such rule, only deduct_permille"),
        ("[class.domestic]\nluck = 1", "class.domestic.luck: there is no such rule"),
        ("[class.gold]\ndeduct_permille = 1", "class.gold: there is no such class, only farming"),
        ("class = 1", r"class: write a table, such as \[class.name\]"),
        ("class.domestic = 1", "class.domestic: write a table of ratios"),
        ("x = ", "no TOML"),
        ("x = " + "9" * 5000, "no TOML"),
        ("x = " + "[" * 5000, "no TOML"),
    ],
)
def test_rules_that_say_nothing_sensible_are_refused(text, says):
    with pytest.raises(Refused, match=says):
        rules(text)


CASES = [
    (ROW, Proposal(30 * M3)),
    (ROW._replace(site="w-2", plan_l=None, norm_l=None), Proposal()),
    (ROW._replace(site="=w-3", used_l={0: M3}), Proposal(0, 5 * M3, 40 * M3)),
]


def written(form="csv", language="en"):
    file = io.BytesIO()
    writers.write(decision_file.table(YEAR, CASES), file, form, language, bom=True)
    return file.getvalue()


def edited(change, language="en"):
    rows = list(csv.reader(io.StringIO(written(language=language).decode("utf-8-sig"), newline="")))
    change(rows)
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue().encode()


def put(row, column, value):
    at = [one.key for one in decision_file.COLUMNS].index(column)
    return lambda rows: rows[row].__setitem__(at, value)


def both(*changes):
    return lambda rows: [change(rows) for change in changes]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_file_comes_back_as_it_went_out(language):
    found = decision_file.read(written(language=language), YEAR, CASES)
    assert [(one.site, one.decision) for one in found] == [
        ("=w-3", Decision(0, 5 * M3, 40 * M3)),
        ("w-1", Decision(30 * M3)),
    ]


def test_a_person_decides_otherwise_with_a_reason():
    change = both(
        put(1, "decided_deduction_m3", "12.5"), put(1, "reason", "drought"), put(2, "decided_cap_m3", "")
    )
    change = both(change, put(2, "reason", "new owner"))
    found = decision_file.read(edited(change), YEAR, CASES)
    assert [(one.decision, one.reason) for one in found] == [
        (Decision(0, 5 * M3), "new owner"),
        (Decision(12_500), "drought"),
    ]


def test_spreadsheets_may_write_a_volume_in_their_way():
    change = both(
        put(1, "used_m3", "130.0"), put(1, "plan_m3", "100.000"), lambda rows: rows.append([""] * 15)
    )
    assert len(decision_file.read(edited(change), YEAR, CASES)) == 2


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (put(1, "decided_deduction_m3", "12"), "row 2: it is decided otherwise than proposed: say why"),
        (put(1, "decided_deduction_m3", ""), "row 2: decided_deduction_m3 is empty"),
        (put(1, "decided_carry_m3", ""), "row 2: decided_carry_m3 is empty"),
        (put(1, "decided_cap_m3", "much"), "row 2: decided_cap_m3: 'much' is no number"),
        (put(1, "decided_deduction_m3", "-5"), "row 2: decided_deduction_m3: '-5' is below zero"),
        (put(1, "decided_deduction_m3", "=1+1"), "'=1[+]1' is a formula"),
        (put(1, "used_m3", "100"), "row 2: used_m3 says '100', the close has '130'"),
        (put(1, "plan_m3", ""), "row 2: plan_m3 says ''"),
        (put(1, "class", "industry"), "row 2: class says 'industry'"),
        (put(1, "water_year", "2024"), "row 2: water_year says '2024'"),
        (put(1, "site", "w-9"), "row 2: 'w-9' is no site of this close"),
        (put(2, "site", "w-1"), "row 3: plan_m3|row 3: used_m3"),
        (lambda rows: rows.append(rows[1]), "row 4: w-1 stands in the file twice"),
        (lambda rows: rows.pop(1), "site w-1 has a proposal and no row"),
        (lambda rows: rows[1].pop(), "row 2 has 14 cells, not 15"),
        (lambda rows: rows[0].reverse(), "the first line must be that of the exported file"),
        (lambda rows: rows.clear(), "the first line must be"),
    ],
)
def test_what_is_wrong_is_told_row_by_row_and_nothing_is_decided(change, says):
    with pytest.raises(Refused, match=says):
        decision_file.read(edited(change), YEAR, CASES)


def test_files_that_are_no_text_are_refused():
    for data, says in (
        (b"\xff\xfe\x00", r"not UTF-8 text \(byte 0\)"),
        (written() + b'"a"b,"\r\n', "line 4: this is no CSV"),
        (b"x" * (decision_file.FILE_BYTES_MAX + 1), "larger than"),
    ):
        with pytest.raises(Refused, match=says):
            decision_file.read(data, YEAR, CASES)


def test_what_a_chinese_spreadsheet_saved_as_csv_is_read_once_its_encoding_is_said():
    data = edited(both(put(1, "decided_deduction_m3", "5"), put(1, "reason", "旱情")))
    old = data.decode("utf-8-sig").encode("gb18030")
    with pytest.raises(Refused, match="try --encoding gb18030"):
        decision_file.read(old, YEAR, CASES)
    assert decision_file.read(old, YEAR, CASES, "gb18030") == decision_file.read(data, YEAR, CASES)
    for wrong, encoding, says in (
        (data, "gb18030", "leave --encoding out"),
        (old, "big5", "--encoding is one of utf-8, gb18030, not big5"),
        (b"\xff\xff", "gb18030", "is no GB 18030"),
    ):
        with pytest.raises(Refused, match=says):
            decision_file.read(wrong, YEAR, CASES, encoding)


def test_many_wrong_rows_are_cut_short():
    many = edited(lambda rows: rows.extend([rows[1]] * 25))
    with pytest.raises(Refused, match=r"and 5 more$"):
        decision_file.read(many, YEAR, CASES)


def test_a_workbook_holds_the_same_rows(tmp_path):
    path = tmp_path / "close.xlsx"
    with path.open("wb") as file:
        assert writers.write(decision_file.table(YEAR, CASES), file, "xlsx", "zh") == 2
    assert decision_file.read(path.read_bytes(), YEAR, CASES) == decision_file.read(written(), YEAR, CASES)


def workbook(change, language="en"):
    """The file as a spreadsheet keeps it: volumes are numbers, what is empty is not there."""
    rows = list(csv.reader(io.StringIO(written(language=language).decode("utf-8-sig"), newline="")))
    change(rows)
    numbers = [[float(cell) if cell.isdecimal() else cell or None for cell in row] for row in rows]
    return xlsx_of(
        {"close": [[("text", "=w-3") if cell == "'=w-3" else cell for cell in row] for row in numbers]}
    )


@pytest.mark.parametrize("language", ["en", "zh"])
def test_decisions_come_back_in_a_workbook(language):
    change = both(put(1, "decided_deduction_m3", "12.5"), put(1, "reason", "drought"))
    found = decision_file.read(workbook(change, language), YEAR, CASES)
    assert [(one.site, one.decision, one.reason) for one in found] == [
        ("=w-3", Decision(0, 5 * M3, 40 * M3), ""),
        ("w-1", Decision(12_500), "drought"),
    ]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (
            put(1, "decided_deduction_m3", "=1+1"),
            "row 2: decided_deduction_m3: '=' is a formula: put its value",
        ),
        (put(1, "reason", "=A1"), "row 2: reason: '=' is a formula"),
        (put(1, "used_m3", "100"), "row 2: used_m3 says '100', the close has '130'"),
        (lambda rows: rows[1].append("x"), "row 2 has 16 cells, not 15"),
        (lambda rows: rows[0].reverse(), "the first line must be that of the exported file"),
    ],
)
def test_a_wrong_workbook_is_told_row_by_row_and_nothing_is_decided(change, says):
    with pytest.raises(Refused, match=says):
        decision_file.read(workbook(change), YEAR, CASES)


@settings(deadline=None)
@given(
    st.integers(0, 10**12), st.integers(0, 10**12), st.integers(0, 10**12),
    st.integers(0, 3000), st.integers(0, 1000), st.integers(0, 10**9),
)  # fmt: skip
def test_a_proposal_never_takes_what_is_protected_nor_gives_more_than_is_unused(
    plan_l, used, least, ratio, carry, false_l
):
    row = ROW._replace(plan_l=plan_l, used_l={0: used}, minimum_l=least)
    found = closing.propose(row, rules(f"deduct_permille = {ratio}\ncarry_permille = {carry}"), (), false_l)
    assert 0 <= found.deduction_l <= max(plan_l - least, 0)
    assert 0 <= found.carry_l <= row.unused_l and row.over_plan_l * row.unused_l == 0
