"""A month of the power company from file to act, over a real store, with records of real chains."""

import csv
import io
import json

import pytest
from typer.testing import CliRunner

from karez_gateway.cli.main import app
from karez_gateway.store import acts

from .alarm_county import plan, region, site
from .alarm_desk import Desk
from .county import create, opened
from .county_forms import xlsx_of
from .synthetic import SyntheticController

MONTH = "2026-09"  # START_UTC_S of synthetic.py lies in it
SETTINGS = '\n[power]\ntolerance_kwh = 1\n\n[power.columns]\nmeter = "资产号"\n'


@pytest.fixture
def desk(tmp_path, database_kind):
    with opened(create(tmp_path / "g", SETTINGS)) as county:
        desk = Desk(county)
        meter = {"serial": "00077", "site": "well-1", "quantity": "supply", "from_date": "2024-01-01"}
        permit = {"number": "P", "holder": "h", "volume_l": 1, "to_date": "2105-01-01"}
        desk.put(
            region("651"),
            site("well-1", permit="P"),
            site("well-2", status="sealed"),
            plan("well-1", 10),
            ("permit", permit),
            ("meter", meter | {"multiplier_milli": 40_000}),
            ("meter", meter | {"serial": "W", "quantity": "water"}),
        )
        box = SyntheticController("a", "well-1")
        for at in range(11):
            box.interval(100, energy_wh=at * 10_000)
        desk.take(box)
        yield desk


def karez(desk, *words):
    return CliRunner().invoke(
        app, ["power", words[0], "--data", str(desk.county.config.data), *map(str, words[1:])]
    )


def bring(desk, tmp_path, kwh, name="file.csv", *more):
    path = tmp_path / name
    path.write_text(f"资产号,倍率,电量\n77,40,{kwh}\n", encoding="utf-8")
    return karez(desk, "import", "--month", MONTH, "--because", "September", "--by", "li", *more, path)


def compared(desk, *more):
    done = karez(desk, "compare", "--month", MONTH, "--json", *more)
    assert done.exit_code == 0, done.stderr
    return json.loads(done.stdout)["cases"]


def test_a_month_that_agrees_says_so(desk, tmp_path):
    done = bring(desk, tmp_path, 100)
    assert done.exit_code == 0 and "1 meters, 100 kWh" in done.stdout, done.stderr
    assert compared(desk) == []
    (one,) = compared(desk, "--all")
    assert (one["site"], one["state"], one["ours"]["energy_wh"], one["multiplier_milli"]) == (
        "well-1",
        "agrees",
        100_000,
        40_000,
    )


def test_a_workbook_is_taken_in_and_one_with_a_formula_changes_nothing(desk, tmp_path):
    path = tmp_path / "september.xlsx"
    path.write_bytes(xlsx_of({"九月": [["资产号", "倍率", "电量"], [77, 40, "=50+50"]]}))
    done = karez(desk, "import", "--month", MONTH, "--because", "September", "--by", "li", path)
    assert done.exit_code == 2 and "sheet 九月, row 2: energy_kwh" in done.stderr
    assert json.loads(karez(desk, "statements", "--json").stdout) == []
    path.write_bytes(xlsx_of({"九月": [["资产号", "倍率", "电量"], [77, 40, 100]]}))
    done = karez(desk, "import", "--month", MONTH, "--because", "September", "--by", "li", path)
    assert done.exit_code == 0 and "1 meters, 100 kWh" in done.stdout, done.stderr
    assert compared(desk) == []


def test_a_month_that_differs_is_kept_with_its_causes(desk, tmp_path):
    bring(desk, tmp_path, 125)
    kept = karez(desk, "compare", "--month", MONTH, "--keep", "--because", "September", "--by", "li")
    assert kept.exit_code == 0 and "wrong CT ratio" in kept.stdout, kept.stderr
    desk.county.acts.log_queued(desk.now_s)
    with desk.county.store.reading() as connection:
        (act,) = acts.in_force(connection, "power-reconciled")
    said = json.loads(act.detail)
    assert said["states"]["differs"] == 1
    assert [one["cause"] for one in said["cases"][0]["likely"]][:1] == ["ct-ratio"]
    listed = json.loads(karez(desk, "statements", "--json").stdout)
    assert [one["sort"] for one in listed] == ["power-reconciled", "power-statement"]
    assert all(one["log_index"] is not None for one in listed)


def test_a_later_file_of_a_month_counts_and_the_same_one_is_refused(desk, tmp_path):
    bring(desk, tmp_path, 125)
    assert "taken in before" in bring(desk, tmp_path, 125).stderr
    assert bring(desk, tmp_path, 100, "corrected.csv").exit_code == 0
    assert compared(desk) == []


def test_a_faulty_file_leaves_nothing(desk, tmp_path):
    assert bring(desk, tmp_path, "x").exit_code == 2
    assert json.loads(karez(desk, "statements", "--json").stdout) == []
    assert "no file of 2026-09" in karez(desk, "compare", "--month", MONTH).stderr
    assert bring(desk, tmp_path, 1, "a.csv", "--map", "meter").exit_code == 2
    assert karez(desk, "compare", "--month", "2026").exit_code == 2


@pytest.mark.parametrize(
    ("language", "title", "word"), [("en", "state", "differs"), ("zh", "结果", "不一致")]
)
def test_differences_are_a_file_in_both_languages(desk, tmp_path, language, title, word):
    bring(desk, tmp_path, 50)
    out = tmp_path / "d.csv"
    done = karez(desk, "compare", "--month", MONTH, "--lang", language, "--out", out)
    assert done.exit_code == 0, done.stderr
    (row,) = csv.DictReader(io.StringIO(out.read_text(encoding="utf-8-sig")))
    assert row[title] == word and "-50" in row.values()
    assert karez(desk, "compare", "--month", MONTH, "--out", out).exit_code == 2  # never replaced


def test_the_list_for_the_power_company_says_who_may_be_supplied(desk, tmp_path):
    found = {one["site"]: one for one in json.loads(karez(desk, "list", "--json").stdout)}
    assert found["well-1"]["may"] and found["well-1"]["remaining_l"] is not None
    assert not found["well-2"]["may"] and found["well-2"]["reasons"][0] == "sealed"
    out = tmp_path / "s.csv"
    assert karez(desk, "list", "--lang", "zh", "--out", out).exit_code == 0
    rows = {row["取水口"]: row for row in csv.DictReader(io.StringIO(out.read_text(encoding="utf-8-sig")))}
    assert (rows["well-1"]["可否供电"], rows["well-1"]["倍率"]) == ("可", "40")
    assert rows["well-2"]["原因"] == "已封停；未安装计量设施；未登记供电表号"
    book = tmp_path / "s.xlsx"
    assert karez(desk, "list", "--format", "xlsx", "--out", book).exit_code == 0
    assert book.read_bytes().startswith(b"PK")
    assert karez(desk, "list", "--format", "pdf", "--out", tmp_path / "s.pdf").exit_code == 2


def test_a_county_s_own_column_that_is_none_is_refused(tmp_path, database_kind):
    from karez_gateway import config
    from karez_gateway.errors import ConfigError

    with pytest.raises(ConfigError, match="there is no column metre"):
        config.load(create(tmp_path / "h", '\n[power.columns]\nmetre = "x"\n'))
