"""Files into the registry: one act, everything or nothing, on both databases."""

import hashlib
import json

import pytest
from sqlalchemy import delete, func, select, update

from karez_gateway.calendars import Calendar
from karez_gateway.county import acts as county_acts
from karez_gateway.county.acts import Deed
from karez_gateway.county.checks.context import Context
from karez_gateway.county.checks.standing import context, today
from karez_gateway.county.files import importing
from karez_gateway.county.files.importing import File
from karez_gateway.county.registry import changing
from karez_gateway.errors import Refused
from karez_gateway.proofs import actscheck
from karez_gateway.store import acts, closings, objects
from karez_gateway.store.schema import act, registry_object

from .county import create, opened
from .county_forms import COUNTY, all_values, csv_of, csv_of_lines, files_of, registry_of, xlsx_of
from .synthetic import SyntheticController

DEED = Deed("li", "survey", 1_790_000_000, document="水政 1 号")
RULES = Context("2026-10-01")


@pytest.fixture
def county(tmp_path, database_kind):
    with opened(create(tmp_path / "gateway")) as found:
        yield found


def bring(county, *files, deed=DEED, rules=RULES, kind=""):
    """Import (name, bytes); return what came of it."""
    brought = [File(*one) for one in files]
    wishes = importing.read(brought, kind)
    with county.store.writing() as connection:
        return importing.bring_in(connection, brought, wishes, deed, rules)


def rows(county):
    with county.store.reading() as connection:
        return [connection.execute(select(table)).all() for table in (act, registry_object)]


def stored(county):
    with county.store.reading() as connection:
        return objects.registry(connection)


def full(county):
    found = bring(county, *files_of(COUNTY))
    assert found.findings == []
    return found


def test_an_import_is_one_act_with_its_files_and_the_log_vouches_for_it(county):
    files = files_of(COUNTY)
    found = full(county)
    assert all_values(stored(county)) == all_values(registry_of(COUNTY))
    assert found.counts["meter"] == {"new": 2, "changed": 0, "ended": 0}
    with county.store.reading() as connection:
        (kept,) = acts.newest_first(connection)
        assert (kept.id, kept.by, kept.because) == (found.act_id, "li", "survey")
        detail = json.loads(kept.detail)
    digests = [{"name": name, "sha256": hashlib.sha256(data).hexdigest()} for name, data in files]
    assert detail["files"] == digests
    assert (detail["warnings"], detail["warned"]) == ([], 0)
    assert county.acts.log_queued(DEED.now_s) == 1


def test_one_workbook_holds_many_kinds(county):
    sheets = {}
    for kind, forms in COUNTY.items():
        columns = list(dict.fromkeys(column for row in forms for column in row))
        sheets[kind] = [columns, *([row.get(column) for column in columns] for row in forms)]
    found = bring(county, ("county.xlsx", xlsx_of(sheets | {"说明": [["read me"]]})))
    assert found.findings == []
    assert all_values(stored(county)) == all_values(registry_of(COUNTY))


def test_the_same_again_leaves_no_trace(county):
    full(county)
    before = rows(county)
    again = full(county)
    assert (again.act_id, again.counts) == (None, {})
    assert rows(county) == before


def test_a_column_that_is_not_there_leaves_its_field_and_an_empty_cell_empties_it(county):
    full(county)
    bring(county, ("site.csv", b"site,allowed_m3,pipe_m\nwell-1,50000,\n"))
    values = stored(county)["site", "well-1"]
    assert values["allowed_l"] == 50_000_000
    assert "pipe_mm" not in values
    assert values["permit"] == "P-1"


def test_a_row_with_yes_under_end_ends_its_object(county):
    full(county)
    lines = [["crop", "irrigation", "year", "m3_per_mu", "注销"], ["cotton", "drip", "2026", "nothing", "是"]]
    found = bring(county, ("norm.csv", csv_of_lines(lines)))
    assert found.counts == {"norm": {"new": 0, "changed": 0, "ended": 1}}
    assert stored(county).get("norm", "cotton/drip/2026") is None
    with county.store.reading() as connection:
        assert [one.values is None for one in objects.history(connection, "norm", "cotton/drip/2026")] == [
            False,
            True,
        ]


def test_what_is_warned_of_is_taken_and_kept_in_the_act(county):
    full(county)
    found = bring(county, ("meter.csv", csv_of([{"serial": "E-1", "multiplier": ""}])))
    (one,) = found.warnings
    assert one.text().startswith("meter.csv, line 2, column multiplier: has no multiplier")
    assert one.text("zh").startswith("meter.csv，第 2 行，列“multiplier”: 未填倍率")
    with county.store.reading() as connection:
        detail = json.loads(acts.get(connection, found.act_id).detail)
    assert detail["warnings"] == [one.text()]


SITE = COUNTY["site"][0]
METER = COUNTY["meter"][0]
NEW_METER = {**METER, "serial": "W-2", "from_date": "2026-05-01"}


def one(kind, *forms):
    return [(f"{kind}.csv", csv_of(forms))]


# (files over the county as it stands, the places and sentences of what is wrong)
BAD = {
    "a tree in a ring": (
        one("region", {"code": "6504", "parent": "650402"}),
        ["region.csv, line 2, column parent: lies below itself: 6504 < 650402 < 6504"],
    ),
    "duplicate sites": (
        one("site", {**SITE, "site": "w", "permit": ""}, {**SITE, "site": "w", "permit": ""}),
        [
            "site.csv, line 2, column permit: is licensed, so its permit is needed",
            "site.csv, line 3: w stands already at site.csv, line 2",
        ],
    ),
    "duplicate sites over two files": (
        [("site.csv", csv_of([SITE])), ("s.xlsx", xlsx_of({"site": [["site"], ["well-1"]]}))],
        ["s.xlsx, sheet site, row 2: well-1 stands already at site.csv, line 2"],
    ),
    "two meters with one serial number": (
        one("meter", {**METER, "site": "head-1"}),
        ["meter.csv, line 2, column site: counts at well-1, and one serial number is one meter: close it"],
    ),
    "two meters with one serial number in a file": (
        one("meter", NEW_METER, {**NEW_METER, "site": "head-1"}),
        [
            "meter.csv, line 2, column from_date: counts water at well-1 from 2026-05-01, and W-1 does so",
            "meter.csv, line 3: W-2 stands already at meter.csv, line 2",
        ],
    ),
    "two meters of one quantity": (
        one("meter", NEW_METER),
        ["meter.csv, line 2, column from_date: counts water at well-1 from 2026-05-01, and W-1 does so"],
    ),
    "a well without a class": (
        one("site", {**SITE, "class": ""}),
        ["site.csv, line 2, column class: is needed and empty"],
    ),
    "a new well with its columns missing": (
        one("site", {"site": "w", "sort": "well", "region": "650402"}),
        [
            f"site.csv, line 2, column {column}: is needed and empty"
            for column in ("class", "point", "source", "status")
        ],
    ),
    "plans of months beside rounds": (
        one("plan", {**COUNTY["plan"][1], "period": "07"}),
        [
            "plan well-1/2026/spring, column period: site well-1 has months and rounds in 2026",
            "plan.csv, line 2, column period: site well-1 has months and rounds in 2026",
        ],
    ),
    "rounds that overlap": (
        one("round", {"year": "2026", "round": "late", "from_date": "2026-08-31", "to_date": "2026-09-30"}),
        ["round.csv, line 2, column from_date: shares days with round 2026/summer"],
    ),
    "a formula": (
        [
            (
                "x.xlsx",
                xlsx_of({"limit": [list(COUNTY["limit"][0]), ["6504", 2026, "all", "rain", "=1+1", None]]}),
            )
        ],
        ["x.xlsx, sheet limit, row 2, column volume_m3: is a formula: put its value there"],
    ),
    "somebody still refers to it": (
        one("person", {"name": "李明", "end": "yes"}),
        [
            "holder v1, column person: there is no person 李明",
            "region 6504, column person: there is no person 李明",
        ],
    ),
    "nothing to end": (
        one("person", {"name": "王芳", "end": "yes"}),
        ["person.csv, line 2: 王芳 is not in the registry: there is nothing to end"],
    ),
    "many faults at once, and none that follows from another": (
        [
            ("holder.csv", csv_of([{"code": "v2", "name_zh": "四屯村", "sort": "clan"}])),
            ("site.csv", csv_of([{**SITE, "site": "w", "permit": "", "status": "pending", "holder": "v2"}])),
            ("account.csv", csv_of([{"site": "w", "number": "0", "holder": "v3"}])),
        ],
        [
            "account.csv, line 2, column holder: there is no holder v3",
            "account.csv, line 2, column number: 0 is no account: 1 to 4294967295",
            "holder.csv, line 2, column sort: 'clan' is not known: one of village, association",
        ],
    ),
}


def test_bad_files_are_told_by_their_places_and_change_nothing(county):
    full(county)
    before = rows(county)
    for what, (files, expected) in BAD.items():
        found = bring(county, *files)
        said = [each.text() for each in found.findings]
        assert len(said) == len(expected), (what, said)
        for text, begin in zip(said, expected):
            assert text.startswith(begin), (what, text)
        assert (found.act_id, found.counts, rows(county)) == (None, {}, before), what


JULY_S = DEED.now_s - 60 * 86_400


def dated(county, *files, effective_utc_s=JULY_S):
    return bring(county, *files, deed=DEED._replace(now_s=DEED.now_s + 9, effective_utc_s=effective_utc_s))


def test_a_change_that_holds_from_a_day_leaves_what_was_before(county):
    bring(county, *files_of(COUNTY), deed=DEED._replace(effective_utc_s=JULY_S - 86_400))
    found = dated(county, ("site.csv", b"site,status\nwell-1,sealed\n"))
    assert found.findings == [] and not found.is_of_then
    with county.store.reading() as connection:
        stood = [
            objects.registry(connection, moment)["site", "well-1"]["status"]
            for moment in (JULY_S - 1, JULY_S, DEED.now_s)
        ]
        detail = json.loads(acts.get(connection, found.act_id).detail)
    assert stood == ["licensed", "sealed", "sealed"] and detail["effective_utc_s"] == JULY_S


def test_a_change_from_a_day_on_refers_to_nothing_that_came_later(county):
    bring(county, *files_of(COUNTY), deed=DEED._replace(effective_utc_s=JULY_S - 86_400))
    bring(county, ("person.csv", csv_of([{"name": "王"}])))
    before = rows(county)
    found = dated(county, ("region.csv", csv_of([{"code": "650402", "person": "王"}])))
    assert found.is_of_then and [one.what for one in found.findings] == ["no-such"]
    assert rows(county) == before


def test_a_change_never_hides_one_that_holds_from_later_on(county):
    bring(county, *files_of(COUNTY), deed=DEED._replace(effective_utc_s=JULY_S - 86_400))
    dated(county, ("site.csv", b"site,status\nwell-1,sealed\n"))
    before = rows(county)
    with pytest.raises(Refused, match="site well-1 was changed already to hold from 2026-"):
        dated(county, ("site.csv", b"site,status\nwell-1,licensed\n"), effective_utc_s=JULY_S - 1)
    assert rows(county) == before


SITES = "site,name_zh,effective\nwell-1,新,{}\nhead-1,新,{}\n"


def day_of(utc_s):
    return Calendar(8).local(utc_s).date().isoformat()


def stood(county, name, moment_s):
    with county.store.reading() as connection:
        return objects.registry(connection, moment_s)["site", name].get("name_zh")


def test_a_row_holds_from_its_own_day_before_that_of_the_import_and_others_from_that(county):
    start_s = Calendar(8).start("day", JULY_S)
    bring(county, *files_of(COUNTY), deed=DEED._replace(effective_utc_s=start_s - 86_400))
    day = day_of(start_s)
    files = ("site.csv", SITES.format(day, "").encode())
    found = dated(county, files, effective_utc_s=start_s + 86_400)
    assert found.findings == [] and found.counts == {"site": {"new": 0, "changed": 2, "ended": 0}}
    assert [stood(county, "well-1", at) for at in (start_s - 1, start_s)] == ["果园井", "新"]
    assert [stood(county, "head-1", start_s + at) for at in (86_399, 86_400)] == [None, "新"]
    county.acts.log_queued(DEED.now_s + 9)
    assert problems(county) == []
    assert move(county, "head-1", start_s) == [f"act {found.act_id}: {OTHER_DAYS}"]


OTHER_DAYS = "the registry's versions that it made hold from other days than it says"


def problems(county):
    with county.store.reading() as connection:
        return actscheck.check(connection, county.config).wrong


def move(county, name, utc_s):
    """Move a site's newest version to another day behind everybody's back; what the check says to it."""
    rows_of = registry_object.c
    with county.store.writing() as connection:
        version = connection.scalar(select(func.max(rows_of.version)).where(rows_of.name == name))
        where = (rows_of.kind == "site") & (rows_of.name == name) & (rows_of.version == version)
        done = connection.execute(update(registry_object).where(where).values(effective_utc_s=utc_s))
    assert done.rowcount == 1
    return problems(county)


@pytest.mark.parametrize("effective_utc_s", [None, JULY_S])
def test_a_version_that_is_moved_to_another_day_is_found_by_the_check_of_acts(county, effective_utc_s):
    bring(county, *files_of(COUNTY), deed=DEED._replace(effective_utc_s=JULY_S - 86_400))
    found = dated(county, ("site.csv", b"site,status\nwell-1,sealed\n"), effective_utc_s=effective_utc_s)
    county.acts.log_queued(DEED.now_s + 9)
    assert problems(county) == []
    assert move(county, "well-1", JULY_S - 3600) == [f"act {found.act_id}: {OTHER_DAYS}"]


def test_rows_that_change_nothing_are_not_in_what_an_act_vouches_for(county):
    start_s = Calendar(8).start("day", JULY_S)
    bring(county, *files_of(COUNTY), deed=DEED._replace(effective_utc_s=start_s - 86_400))
    book = f"site,name_zh,effective\nwell-1,果园井,{day_of(start_s)}\nhead-1,新,{day_of(start_s)}\n"
    found = bring(county, ("site.csv", book.encode()), deed=DEED._replace(now_s=DEED.now_s + 9))
    assert found.counts == {"site": {"new": 0, "changed": 1, "ended": 0}}
    county.acts.log_queued(DEED.now_s + 9)
    assert problems(county) == []
    assert move(county, "head-1", start_s - 3600) == [f"act {found.act_id}: {OTHER_DAYS}"]


def test_an_act_of_before_the_days_had_a_digest_stays_good(county, monkeypatch):
    monkeypatch.setattr(changing, "_days", lambda _draft, _deed: {})
    full(county)
    county.acts.log_queued(DEED.now_s)
    assert problems(county) == []
    assert move(county, "head-1", JULY_S) != []


def test_a_version_that_is_deleted_is_found_by_the_check_of_acts(county):
    full(county)
    found = bring(county, ("site.csv", b"site,status\nwell-1,sealed\n"))
    county.acts.log_queued(DEED.now_s)
    with county.store.writing() as connection:
        connection.execute(delete(registry_object).where(registry_object.c.act_id == found.act_id))
    assert problems(county) == [f"act {found.act_id}: the registry's versions that it made have been changed"]


def test_without_a_day_of_the_import_a_row_without_its_own_holds_from_now_on(county):
    start_s = Calendar(8).start("day", JULY_S)
    bring(county, *files_of(COUNTY), deed=DEED._replace(effective_utc_s=start_s - 86_400))
    later = DEED._replace(now_s=DEED.now_s + 9)
    book = SITES.format(day_of(start_s), "").replace("effective", "生效日期").encode()
    assert bring(county, ("site.csv", book), deed=later).findings == []
    assert [stood(county, "well-1", start_s), stood(county, "head-1", DEED.now_s)] == ["新", None]
    assert stood(county, "head-1", later.now_s) == "新"


@pytest.mark.parametrize(
    ("day", "what"),
    [
        ("2099-01-01", "effective-to-come"),
        ("1969-12-31", "no-day"),
        ("0001-01-01", "no-day"),
        ("2026-02-30", "no-day"),
        ("soon", "no-day"),
        ("1999-01-01", "effective-before"),
        ("=TODAY()", "formula"),
    ],
)
def test_a_row_whose_day_cannot_be_is_named_with_its_cell_and_nothing_is_taken(county, day, what):
    bring(county, *files_of(COUNTY))
    before = rows(county)
    found = bring(county, ("site.csv", SITES.format(day, "").encode()))
    (one,) = [each for each in found.findings if each.what == what]
    assert (one.place.row, one.place.column) == (2, "effective") and found.act_id is None
    assert rows(county) == before


def test_a_row_that_would_change_a_closed_month_is_refused(county):
    start_s = Calendar(8).start("month", JULY_S)
    end_s = Calendar(8).after("month", start_s)
    bring(county, *files_of(COUNTY), deed=DEED._replace(effective_utc_s=start_s - 86_400))
    with county.store.writing() as connection:
        number = county_acts.write(connection, "month-closed", DEED, {})
        closings.add(connection, closings.Closed(start_s, end_s, number, 0, bytes(32)), {})
    files = ("site.csv", SITES.format(day_of(start_s), day_of(end_s)).encode())
    found = bring(county, files, deed=DEED._replace(now_s=DEED.now_s + 9))
    assert [(one.what, one.place.row) for one in found.findings] == [("effective-closed", 2)]
    assert f"say {day_of(end_s)} or later" in found.findings[0].text()
    norms = ("person.csv", csv_of([{"name": "王", "effective": day_of(start_s)}]))
    assert bring(county, norms, deed=DEED._replace(now_s=DEED.now_s + 9)).findings == []


def test_who_does_not_say_why_imports_nothing(county):
    with pytest.raises(Refused, match="--because"):
        bring(county, *files_of(COUNTY), deed=DEED._replace(because=" "))
    assert rows(county) == [[], []]


def test_trying_it_out_says_the_same_and_changes_nothing(county):
    wishes = importing.read([File(*each) for each in files_of(COUNTY)])
    tried = importing.try_out(stored(county), wishes, RULES)
    assert rows(county) == [[], []]
    assert tried.counts == full(county).counts


def test_the_rules_know_what_the_bindings_say(county):
    county.enrol(SyntheticController("a", "well-1"))
    with county.store.reading() as connection:
        rules = context(connection, county.config.county, DEED.now_s)
    assert rules.bound == {"well-1": "irrigation"}
    assert rules.today == today(county.config.county, DEED.now_s) == "2026-09-21"
    assert (rules.first_month, rules.retired_for_new) == (1, 2)
    full(county)
    industry = [("permit.csv", csv_of([{"number": "P-1", "class": "industry"}]))]
    industry.append(("site.csv", csv_of([{"site": "well-1", "class": "industry"}])))
    found = bring(county, *industry, rules=rules)
    assert [each.what for each in found.warnings] == ["binding-class"]
