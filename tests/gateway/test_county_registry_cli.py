"""`karez gateway registry` as a person uses it."""

import csv
import json

import pytest
from typer.testing import CliRunner

from karez_gateway.cli.main import app
from karez_gateway.controllers import commissionings

from .commissionings import FINISHED_UTC_S, filed, make_list, sample, swapped_meter
from .county import create, opened
from .county_forms import COUNTY, files_of, xlsx_of
from .synthetic import SyntheticController, public

WHY = ("--by", "li", "--because", "survey", "--document", "3号")


def registry(*words):
    return CliRunner().invoke(app, ["registry", *map(str, words)])


def said(*words):
    """The JSON that a verb prints."""
    done = registry(*words, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


@pytest.fixture
def data(tmp_path):
    create(tmp_path / "g")
    return "--data", tmp_path / "g"


def written(folder, files):
    folder.mkdir(exist_ok=True)
    for name, body in files:
        (folder / name).write_bytes(body)
    return [folder / name for name, _ in files]


@pytest.fixture
def full(tmp_path, data):
    done = registry("import", *data, *written(tmp_path / "forms", files_of(COUNTY)), *WHY)
    assert done.exit_code == 0, done.output
    assert "meter        2 new" in done.output and "taken, as act 1" in done.output
    return data


def test_what_is_imported_is_shown_with_its_history(full, tmp_path):
    assert said("show", *full, "site") == ["head-1", "well-1"]
    shown = said("show", *full, "取水口", "well-1", "--lang", "zh")
    assert shown["values"]["用水类别"] == "农业" and shown["values"]["年可开采量（立方米）"] == "60000"
    assert (shown["responsible"], shown["meters"]) == ("李明", ["E-1", "W-1"])
    (change,) = written(tmp_path / "more", [("site.csv", b"site,status\nwell-1,sealed\n")])
    assert registry("import", *full, change, "--by", "wang", "--because", "order 7").exit_code == 0
    first, second = said("history", *full, "site", "well-1")
    assert (first["by"], first["because"], first["document"]) == ("li", "survey", "3号")
    assert (second["by"], second["changed"]) == ("wang", {"status": "sealed"})
    text = registry("history", *full, "site", "well-1").output
    assert "li: survey [3号], act 1" in text and "wang: order 7, act 2" in text
    assert "answers for it         李明" in registry("show", *full, "site", "well-1").output
    for words, why in (
        (("show", "well"), "well is no kind of the registry: one of person, region"),
        (("show", "site", "x"), "there is no site x: karez gateway registry show site lists them"),
        (("history", "site", "x"), "there never was a site x"),
        (("show", "site", "--lang", "fr"), "--lang is one of en, zh, not fr"),
    ):
        done = registry(words[0], *full, *words[1:])
        assert (done.exit_code, why in done.output) == (2, True), done.output


def test_a_bad_import_says_every_line_and_ends_with_1(full, tmp_path):
    lines = b"serial,site,quantity,from_date\nM-1,w,water,2026-01-01\nM-2,well-1,mud,soon\n"
    (file,) = written(tmp_path / "bad", [("meter.csv", lines)])
    done = registry("import", *full, file, *WHY, "--lang", "zh")
    assert done.exit_code == 1
    assert "meter.csv，第 2 行，列“site”: 不存在该取水口：w" in done.output
    assert "3 faults: nothing was changed" in done.output
    done = registry("import", *full, file, *WHY, "--json")
    facts = json.loads(done.stdout)
    assert (done.exit_code, facts["count"], facts["act"]) == (1, 3, None)
    assert facts["findings"][0]["row"] == 2 and facts["findings"][0]["column"] == "site"
    assert [one["what"] for one in facts["findings"]] == ["no-such", "no-day", "no-word"]


def test_more_faults_than_anybody_reads_are_counted(full, tmp_path):
    lines = "\n".join(["name,role", *(f"p{number}/x,y" for number in range(250))])
    (file,) = written(tmp_path / "bad", [("person.csv", lines.encode())])
    done = registry("import", *full, file, *WHY)
    assert done.output.count("is no name") == 200
    assert "… and 50 more" in done.output and "250 faults: nothing was changed" in done.output


def test_a_dry_run_changes_nothing(data, tmp_path):
    files = written(tmp_path / "forms", files_of(COUNTY))
    done = registry("import", *data, *files, *WHY, "--dry-run")
    assert done.exit_code == 0 and "a dry run: nothing was changed" in done.output
    assert said("show", *data, "site") == []


def test_a_chinese_excel_s_csv_wants_its_encoding(data, tmp_path):
    (file,) = written(tmp_path / "gb", [("责任人.csv", "姓名,职务\n李明,水管员\n".encode("gb18030"))])
    done = registry("import", *data, file, *WHY)
    assert done.exit_code == 2 and "责任人.csv, line 1: byte 0 is no UTF-8" in done.output
    assert registry("import", *data, file, *WHY, "--encoding", "gb18030").exit_code == 0
    assert said("show", *data, "person", "李明")["values"] == {"name": "李明", "role": "水管员"}


def test_export_comes_back_without_a_change(full, tmp_path):
    made = said("export", *full, "--all", "--out", tmp_path / "csv", "--bom")
    assert sum(one["rows"] for one in made) == sum(map(len, COUNTY.values()))
    registry("export", *full, "--all", "--format", "xlsx", "--lang", "zh", "--out", tmp_path / "all.xlsx")
    for files in (sorted((tmp_path / "csv").glob("*.csv")), [tmp_path / "all.xlsx"]):
        done = registry("import", *full, *files, *WHY)
        assert "the registry says all of it already" in done.output, done.output
    sum_file = (tmp_path / "all.xlsx.sha256").read_text()
    assert sum_file.endswith("  all.xlsx\n")
    for words, why in (
        (("--all", "--out", tmp_path / "csv"), "exists already: name another one, or say --force"),
        (("--out", tmp_path / "x"), "say what: --kind KIND, or --all"),
        (("--all", "--kind", "site", "--out", tmp_path / "x"), "say what: --kind KIND, or --all"),
        (("--all", "--format", "pdf", "--out", tmp_path / "x"), "--format is one of csv, xlsx, not pdf"),
    ):
        done = registry("export", *full, *words)
        assert (done.exit_code, why in done.output) == (2, True), done.output
    assert (
        registry("export", *full, "--kind", "site", "--force", "--out", tmp_path / "csv/site.csv").exit_code
        == 0
    )


def test_the_past_still_answers(full, tmp_path):
    assert said("show", *full, "site", "--at", "2020-01-01") == []
    made = said("export", *full, "--kind", "site", "--at", "2020-01-01", "--out", tmp_path / "old.csv")
    assert made[0]["rows"] == 0


def test_templates_are_filled_in_and_imported(data, tmp_path):
    assert registry("templates", tmp_path / "forms", "--lang", "zh").exit_code == 0
    form = tmp_path / "forms" / "person.csv"
    form.write_text(form.read_text(encoding="utf-8") + "李明,水管员,,,\n", encoding="utf-8")
    assert registry("import", *data, form, *WHY).exit_code == 0
    assert said("show", *data, "person") == ["李明"]
    again = registry("templates", tmp_path / "forms")
    assert again.exit_code == 2 and "exists already" in again.output
    assert registry("templates", tmp_path / "en").exit_code == 0
    assert (
        (tmp_path / "en" / "columns.csv").read_text(encoding="utf-8-sig").startswith("kind,kind_zh,column,")
    )


def test_kinds_say_their_columns():
    assert "meter 计量器具" in registry("kinds").output
    assert "volume_m3" in registry("kinds", "permit").output
    rows = said("kinds", "取水口")
    assert {row["kind"] for row in rows} == {"site"}
    assert next(row for row in rows if row["column"] == "status")["written"].startswith("one of licensed")


def test_a_meter_is_swapped_as_one_act(full):
    words = ("well-1", "E-2", "--quantity", "energy", "--closing", "99120.45", "--opening", "0.3")
    done = registry("meter-swap", *full, *words, "--on", "2026-05-01", *WHY)
    assert "E-1 is closed and E-2 counts energy at well-1, multiplier 40; act 2" in done.output
    old, new = (said("show", *full, "meter", serial)["values"] for serial in ("E-1", "E-2"))
    assert (old["to_date"], old["closing_register"]) == ("2026-05-01", "99120.45")
    assert (new["from_date"], new["opening_register"]) == ("2026-05-01", "0.3")
    for words, why in (
        (("well-9", "E-3"), "there is no site well-9"),
        (("head-1", "E-3"), "site head-1 has no meter of water"),
        (("well-1", "W-1"), "W-1 is the meter that hangs there"),
        (("well-1", "E-2"), "meter E-2 counts at well-1 still"),
        (("well-1", "W-2", "--on", "2024-05-01"), "ends on 2024-05-01, before it begins on 2025-02-01"),
        (("well-1", "W-2", "--closing", "12"), "12 is below 12.345"),
        (("well-1", "W-2", "--closing", "12,0"), "--closing: '12,0' is no number"),
        (("well-1", "W/2"), "SERIAL: 'W/2' is no name"),
        (("well-1", "W-2", "--multiplier", "0"), "must be more than zero"),
    ):
        options = ("--closing", "99", "--opening", "0", "--on", "2026-05-02")
        done = registry("meter-swap", *full, *words[:2], *options, *words[2:], *WHY)
        assert (done.exit_code, why in done.output) == (2, True), done.output
    assert "W-2" not in said("show", *full, "meter")


def test_check_and_due_lists(full, tmp_path):
    assert "0 faults, 0 warnings" in registry("check", *full).output
    (file,) = written(tmp_path / "more", [("meter.csv", b"serial,multiplier\nE-1,\n")])
    registry("import", *full, file, *WHY)
    found = said("check", *full)
    assert found["faults"] == [] and [one["what"] for one in found["warnings"]] == ["no-multiplier"]
    assert "未填倍率" in registry("check", *full, "--lang", "zh").output
    assert [(one["serial"], one["person"]) for one in said("due", *full, "--within", 3650)] == [
        ("W-1", "李明"),
        ("E-1", "李明"),
    ]
    assert "李明 +86 138 0000 0000" in registry("due", *full, "--within", "3650").output


def commissioned(data, *files):
    """Take signed commissionings of well-12 in."""
    box = SyntheticController("a", "well-12")
    with opened(data[1]) as county:
        county.enrol(box)
        commissionings.take_list(county.store, make_list(), FINISHED_UTC_S)
        for says in files:
            commissionings.take_in(county.store, filed(says(public(box.key))), "f", FINISHED_UTC_S + 86_400)


def test_commissionings_propose_rows_that_a_person_completes(full, tmp_path):
    commissioned(full, sample)
    proposed = tmp_path / "proposed"
    found = said("from-commissionings", *full, proposed)
    assert found["rows"] == {"holder": 1, "permit": 1, "site": 1, "meter": 2}
    assert any("site well-12 is new: say its region and status" in note for note in found["notes"])
    assert said("show", *full, "site") == ["head-1", "well-1"]  # nothing silently
    bad = registry("import", *full, *sorted(proposed.glob("*.csv")), *WHY)
    assert bad.exit_code == 1 and "column code: is empty, but it names the object" in bad.output
    for name, old, new in (
        ("holder.csv", ",三屯村农民用水者协会,,", "a1,三屯村农民用水者协会,association,650402"),
        ("permit.csv", ",,,farming,ground,,,", ",a1,61000,farming,ground,2026-01-01,2030-12-31,"),
        ("site.csv", "well-12,三屯村果园井,well,,,,", "well-12,三屯村果园井,well,6504,,a1,"),
        ("site.csv", "wellhead,,", "wellhead,licensed,"),
    ):
        text = (proposed / name).read_text(encoding="utf-8")
        assert old in text, text
        (proposed / name).write_text(text.replace(old, new), encoding="utf-8")
    done = registry("import", *full, *sorted(proposed.glob("*.csv")), *WHY)
    assert done.exit_code == 0, done.output
    meter = said("show", *full, "meter", "E-771204")["values"]
    assert (meter["multiplier"], meter["opening_register"]) == ("40", "9314.2")
    again = registry("from-commissionings", *full, tmp_path / "again", "--site", "well-12")
    assert "nothing is proposed: the registry says it all" in again.output, again.output


def test_a_swap_at_the_well_proposes_both_meters(full, tmp_path):
    swap = swapped_meter()

    def swapped(key):
        return sample(key, kind=swap.kind, replaced_meters=swap.replaced_meters, skipped=())

    commissioned(full, swapped)
    found = said("from-commissionings", *full, tmp_path / "p")
    assert found["rows"]["meter"] == 3
    with (tmp_path / "p" / "meter.csv").open(encoding="utf-8-sig", newline="") as file:
        filled = [{name: cell for name, cell in one.items() if cell} for one in csv.DictReader(file)]
    rows = {one["serial"]: one for one in filled}
    old, new = rows["W1807-0093"], rows["W2209-0417"]
    shared = {"site": "well-12", "quantity": "water", "maker": "海峰", "model": "TUF-2000M"}
    assert old == shared | {"serial": "W1807-0093", "to_date": "2026-09-21", "closing_register": "99120.45"}
    assert new == shared | {
        "serial": "W2209-0417",
        "multiplier": "1",
        "due_date": "2028-05-31",
        "from_date": "2026-09-21",
        "opening_register": "48211.3",
    }


def test_a_workbook_of_one_unnamed_sheet_takes_its_kind_from_the_option(data, tmp_path):
    (file,) = written(tmp_path / "x", [("people.xlsx", xlsx_of({"Sheet1": [["姓名"], ["李明"]]}))])
    done = registry("import", *data, file, *WHY)
    assert (
        done.exit_code == 1 and "people.xlsx, sheet Sheet1: say what its rows are with --kind" in done.output
    )
    assert registry("import", *data, file, *WHY, "--kind", "责任人").exit_code == 0
