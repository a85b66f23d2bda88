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
    assert done.exit_code == 0 and "1 meter, 100 kWh" in done.stdout, done.stderr
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
    assert done.exit_code == 0 and "1 meter, 100 kWh" in done.stdout, done.stderr
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


def kept(desk):
    done = karez(desk, "compare", "--month", MONTH, "--keep", "--because", "September", "--by", "li")
    assert done.exit_code == 0, done.stderr


def answer(desk, tmp_path, text, *more, month=MONTH, name="reply.csv"):
    body = text if isinstance(text, bytes) else text.encode()
    (tmp_path / name).write_bytes(body)
    words = ("--month", month, "--because", "letter 12", "--by", "li")
    return karez(desk, "reply", *words, *more, tmp_path / name)


def opened_lines(desk, *more):
    done = karez(desk, "open", "--json", *more)
    assert done.exit_code == 0, done.stderr
    return [(one["status"], one["energy_wh"], one["remark"]) for one in json.loads(done.stdout)]


def test_what_the_company_answers_is_kept_and_what_it_disputes_stays_open(desk, tmp_path):
    bring(desk, tmp_path, 125)
    kept(desk)
    assert opened_lines(desk) == [("no-reply", None, "")]
    said = answer(desk, tmp_path, "meter,status,remark\n0077,异议,their ratio is 40\n")
    assert said.exit_code == 0 and "disputed 1; 1 line is open" in said.stdout, said.stderr
    assert (
        "taken in before"
        in answer(desk, tmp_path, "meter,status,remark\n0077,异议,their ratio is 40\n").stderr
    )
    assert opened_lines(desk) == [("disputed", None, "their ratio is 40")]
    answer(desk, tmp_path, "表号,答复,更正电量\n77,已更正,100\n".encode("gb18030"), "--encoding", "gb18030")
    assert opened_lines(desk, "--month", MONTH) == [("corrected", 100_000, "")]
    answer(desk, tmp_path, "meter,status\n77,accepted\n")
    assert opened_lines(desk) == [] and opened_lines(desk, "--all") == [("accepted", None, "")]
    desk.county.acts.log_queued(desk.now_s)
    listed = json.loads(karez(desk, "statements", "--json").stdout)
    assert [one["sort"] for one in listed].count("power-reply") == 3
    assert "power-reply" in karez(desk, "statements").stdout
    kept(desk)  # compared anew: it waits for an answer again
    assert opened_lines(desk) == [("no-reply", None, "")]


def test_the_list_of_differences_comes_back_as_the_reply_and_open_lines_are_a_file(desk, tmp_path):
    bring(desk, tmp_path, 125)
    kept(desk)
    assert karez(desk, "compare", "--month", MONTH, "--out", tmp_path / "d.csv").exit_code == 0
    head, line = (tmp_path / "d.csv").read_text(encoding="utf-8-sig").splitlines()
    said = answer(desk, tmp_path, f"{head},status,remark\n{line},disputed,a=1+1\n")
    assert said.exit_code == 0, said.stderr
    done = karez(desk, "open", "--lang", "zh", "--out", tmp_path / "o.csv")
    assert done.exit_code == 0, done.stderr
    (row,) = csv.DictReader(io.StringIO((tmp_path / "o.csv").read_text(encoding="utf-8-sig")))
    assert (row["供电公司答复"], row["备注"]) == ("有异议", "a=1+1")


WRONG_REPLIES = {
    "meter,status\n9,accepted\n": "line 2: meter '9' is in no difference",
    "meter,status\n77,perhaps\n": "line 2: status 'perhaps' is none: write accepted",
    "meter,status\n77,corrected\n": "fill in energy_kwh",
    "meter,status,energy_kwh\n77,corrected,many\n": "line 2: energy_kwh:",
    "meter,status,energy_kwh\n77,corrected,99999999999999999999\n": "line 2: energy_kwh:",
    "meter,status\n77,accepted\n077,disputed\n": "line 3: the line of meter 00077 was answered above",
    "meter,status,remark\n77,accepted,a\u202eb\n": "remark: one line",
    "meter,status\n77,\n": "has no reply",
    "meter\n77\n": "say --map status=TITLE",
    "": "empty",
    bytes(range(256)): "reply.csv",
}


def test_a_reply_that_is_wrong_is_refused_with_its_line(desk, tmp_path):
    bring(desk, tmp_path, 125)
    kept(desk)
    for text, says in WRONG_REPLIES.items():
        done = answer(desk, tmp_path, text)
        assert done.exit_code == 2 and says in done.stderr, (text, done.stderr)
    assert opened_lines(desk) == [("no-reply", None, "")]


def test_a_reply_needs_a_comparison_that_was_kept(desk, tmp_path):
    assert "no comparison of 2026-09 was kept" in answer(desk, tmp_path, "meter,status\n77,accepted\n").stderr
    assert "no comparison of 2026-09 was kept" in karez(desk, "open", "--month", MONTH).stderr
    assert opened_lines(desk) == []
