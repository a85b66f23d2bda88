"""Reports as files: read back cell by cell, in both languages, whatever names the registry holds."""

import csv
import io
import json
import re
import sys
import zipfile
from xml.etree import ElementTree as ET

import pytest
from typer.testing import CliRunner

from karez_gateway.cli.main import app
from karez_gateway.county.reports import files, making, words
from karez_gateway.county.reports.document import Column, Litres, Permille, Report, Table, plain, shown
from karez_gateway.operation import doctor

from . import pdf_text
from .ledger_desk import CIVIL, CONVERTED, Well, office, region, site

HAN = re.compile(r"[\u4e00-\u9fff]")
FIELD = r"{(\w+)[:}]"  # a count bears its noun in English behind a colon
NASTY = [
    "=1+1",
    "+cmd|' /C calc'!A0",
    "@SUM(A1)",
    "-2+3",
    "'x",
    '井 "12"',
    "https://x.example",
    "0012",
    "1e5",
]
SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    with office(tmp_path_factory.mktemp("files") / "g") as found:
        first, second = Well("a", "well-1"), Well("b", "=cmd|calc")
        first.days(20, litres=2400)
        second.days(20, litres=4800, method=CONVERTED)
        found.hear(first, second)
        found.register(
            region("6504", name_zh="吐鲁番市"),
            site("well-1", name_zh="一号井"),
            site("=cmd|calc", name_zh="@SUM(A1)"),
        )
        found.correct(("well-1", "dispute", "2026-10", "metered", "", "-0.5", ""))
        yield found


def run(desk, *wanted):
    return CliRunner().invoke(app, ["report", wanted[0], "--data", str(desk.directory), *wanted[1:]])


def written(desk, tmp_path, form, *more, kind="month", period="2026-10"):
    out = tmp_path / f"report.{form}"
    done = run(desk, kind, "--period", period, "--format", form, "--out", str(out), *more)
    assert done.exit_code == 0, done.output
    return out.read_bytes()


def sheets(data):
    """{sheet: rows of cells}: texts as they are, numbers as floats."""
    found = {}
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        shared = ET.fromstring(archive.read("xl/sharedStrings.xml"))
        strings = ["".join(one.itertext()) for one in shared.findall(f"{SHEET}si")]
        book = ET.fromstring(archive.read("xl/workbook.xml"))
        for number, sheet in enumerate(book.iter(f"{SHEET}sheet"), 1):
            root = ET.fromstring(archive.read(f"xl/worksheets/sheet{number}.xml"))
            assert not list(root.iter(f"{SHEET}f")), "a formula"
            rows = []
            for row in root.iter(f"{SHEET}row"):
                values = [(cell.get("t"), cell.findtext(f"{SHEET}v")) for cell in row]
                rows.append([strings[int(v)] if t == "s" else v and float(v) for t, v in values])
            found[sheet.get("name")] = rows
    return found


def test_a_workbook_has_a_sheet_for_each_table_and_every_sheet_says_what_it_rests_on(desk, tmp_path):
    found = sheets(written(desk, tmp_path, "xlsx"))
    assert list(found) == [
        words.TITLES["month"][0],
        *(words.HEADINGS[key][0] for key in making.TABLES["month"]),
    ]
    for name, rows in found.items():
        text = str(rows if name == words.TITLES["month"][0] else rows[0])
        assert all(part in text for part in ("ach figure", "method", "arrival", "open", "root"))


def test_volumes_in_a_sheet_are_the_ledger_s_to_the_litre(desk, tmp_path):
    table = sheets(written(desk, tmp_path, "xlsx"))["By site"]
    header, rows = table[2], table[3:]
    at = header.index("Total m³")
    lines = desk.books("2026-10").lines
    truth = {}
    for line in lines:
        truth[line.site] = truth.get(line.site, 0) + line.booked_l + line.correction_l
    assert {row[0]: round(row[at] * 1000) for row in rows} == truth
    assert "=cmd|calc" in truth


@pytest.mark.parametrize("language", ["en", "zh"])
def test_csv_holds_the_same_in_sections_and_no_formula(desk, tmp_path, language):
    data = written(desk, tmp_path, "csv", "--lang", language)
    assert data.startswith(b"\xef\xbb\xbf")
    lines = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    for line in lines:
        for cell in line:
            assert not cell.startswith(("=", "+", "@", "\t")) or cell[1:].replace(".", "").isdigit()
            assert not cell.startswith("-") or re.fullmatch(r"-[\d.]+", cell)
    flat = [cell for line in lines for cell in line]
    assert "'=cmd|calc" in flat and "'@SUM(A1)" in flat and "-0.500" in flat
    at = 1 if language == "zh" else 0
    assert all(words.HEADINGS[key][at] in flat for key in making.TABLES["month"])


def test_json_has_whole_numbers_with_their_units(desk, tmp_path):
    said = json.loads(written(desk, tmp_path, "json"))
    rows = {one["site"]: one for one in said["tables"]["sites"]}
    assert rows["well-1"]["corrections_l"] == -500 and isinstance(rows["well-1"]["total_l"], int)
    assert rows["well-1"]["metering_permille"] == 1000 and rows["well-1"]["arrival_permille"] is not None


@pytest.mark.parametrize("kind", ["day", "month", "quarter", "half-year", "year"])
def test_paper_says_it_all_in_chinese_on_every_page(desk, tmp_path, kind):
    period = {"day": "2026-10-05", "quarter": "2026-Q4", "half-year": "2026-H2", "year": "2026"}.get(
        kind, "2026-10"
    )
    data = written(desk, tmp_path, "pdf", "--lang", "zh", kind=kind, period=period)
    found = pdf_text.pages(data)
    assert found and len(found) == len(re.findall(rb"/Type /Page\n", data))
    for at, page in enumerate(found, 1):
        assert all(word in page for word in ("计量方式逐项列示", "到报率", "未结账", "根摘要"))
        assert f"第 {at} 页" in page and len(HAN.findall(page)) > 40, "a page without a table"
    text = "".join(found).replace("\n", "")
    assert words.TITLES[kind][1] in text and "一号井" in text and "吐鲁番市" in text
    for key in making.TABLES[kind]:
        assert words.HEADINGS[key][1] in text
    assert "〓" not in text


def test_paper_in_english_has_every_site_and_its_litres(desk, tmp_path):
    text = "\n".join(pdf_text.pages(written(desk, tmp_path, "pdf")))
    for line in desk.books("2026-10").lines:
        assert line.site in text
        assert shown(Litres(line.booked_l + line.correction_l)) in text
    assert "Total = booked + corrections" in text.replace("\n", " ")


def test_many_sites_make_many_pages_and_none_is_empty(tmp_path):
    names = NASTY + [f"井-{at:03}" for at in range(160)]
    columns = (
        Column("site", "取水口", 10),
        Column("total", "合计", 10, "l"),
        Column("rate", "率", 6, "permille"),
    )
    rows = [(name, Litres(at * 1001), Permille(at)) for at, name in enumerate(names)]
    tables = (Table("sites", "按取水口", columns, rows),)
    report = Report(
        "zh", "month", "月报", "2026-10", "数据依据", (("网关", "g"),), tables,
        "第 {page} 页，共 {pages} 页", 1_790_000_000,
    )  # fmt: skip
    made = {}
    for form in files.FORMATS:
        out = io.BytesIO()
        out.name = str(tmp_path / form)
        files.write(report, out, form)
        made[form] = out.getvalue()
        out = io.BytesIO()
        out.name = str(tmp_path / form)
        files.write(report, out, form)
        assert out.getvalue() == made[form], "the same report, other bytes"
    pages = pdf_text.pages(made["pdf"])
    assert len(pages) > 3 and all("数据依据" in page and len(page) > 100 for page in pages)
    assert all(name in "\n".join(pages) for name in names)
    assert [row[0] for row in sheets(made["xlsx"])["按取水口"][3:]] == names


def test_a_report_names_what_its_font_lacks(desk, tmp_path):
    desk.register(site("well-1", name_zh="بئر"))
    try:
        done = run(desk, "month", "--period", "2026-10", "--format", "pdf", "--out", str(tmp_path / "a.pdf"))
        assert done.exit_code == 0 and "the font lacks" in done.output
    finally:
        desk.register(site("well-1", name_zh="一号井"))


def test_a_file_has_its_sum_and_is_not_replaced_unasked(desk, tmp_path):
    written(desk, tmp_path, "csv")
    assert (tmp_path / "report.csv.sha256").is_file()
    words_ = ("month", "--period", "2026-10", "--format", "csv", "--out", str(tmp_path / "report.csv"))
    assert "exists already" in run(desk, *words_).output
    assert run(desk, *words_, "--force").exit_code == 0
    said = json.loads(run(desk, *words_, "--force", "--json").output)
    assert len(said["sha256"]) == 64 and said["rows"] > 0


@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        (("week", "--period", "2026-10"), "KIND is one of day, month"),
        (("month", "--period", "2026"), "write 2026-10"),
        (("quarter", "--period", "2026-Q5"), "write 2026-Q4"),
        (("month", "--period", "2026-13"), "is no day"),
        (("year", "--period", "1066"), "is no water year"),
        (("month", "--period", "2104-12"), "has not begun"),
        (("month", "--period", "2026-10", "--format", "doc"), "--format is one of"),
        (("month", "--period", "2026-10", "--lang", "ug"), "--lang is one of"),
        (("month", "--period", "2026-10", "--region", "9"), "region 9 is not in the registry"),
    ],
)
def test_what_cannot_be_reported_is_said_and_no_file_is_left(desk, tmp_path, wanted, says):
    done = run(desk, *wanted, "--out", str(tmp_path / "x.xlsx"))
    assert done.exit_code == 2 and says in done.output, done.output
    assert list(tmp_path.iterdir()) == []


def test_every_word_is_there_in_both_languages():
    for table in (words.TITLES, words.FACTS, words.TEXTS, words.HEADINGS, words.COLUMNS):
        for key, (english, chinese) in table.items():
            assert english and chinese and not HAN.search(english), key
            assert HAN.search(chinese) or "{" in chinese or chinese == "m³", key
            assert sorted(re.findall(FIELD, english)) == sorted(re.findall(FIELD, chinese)), key


def test_cells_are_shown_with_their_unit_and_unknown_as_a_dash():
    assert [shown(one) for one in (None, Litres(1_234_567), Litres(-5), Permille(985), 1234, "x")] == [
        "–", "1,234.567", "-0.005", "98.5 %", "1,234", "x",
    ]  # fmt: skip
    assert [plain(one) for one in (None, Litres(1_234_567), Permille(985), 1234)] == [
        "",
        "1234.567",
        "98.5",
        "1234",
    ]


@pytest.mark.parametrize(
    ("day", "says"),
    [
        ("2027-01-01", "2026-H2 is due on 2027-01-15"), ("2027-07-15", "2027-H1 is due on 2027-07-15"),
        ("2027-07-16", None), ("2027-02-01", None),
    ],
)  # fmt: skip
def test_the_doctor_reminds_of_the_half_year_report_until_it_is_due(desk, day, says):
    found = [one for one in doctor.examine(desk.config, CIVIL.moment(day)) if one.part == "report"]
    assert [one.state for one in found] == ([] if says is None else [doctor.WARNING])
    assert says is None or says in found[0].text


def test_without_fpdf2_it_says_what_to_install(desk, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "fpdf", None)
    monkeypatch.delitem(sys.modules, "karez_gateway.county.reports.pdf", raising=False)
    monkeypatch.delattr("karez_gateway.county.reports.pdf", raising=False)
    done = run(desk, "month", "--period", "2026-10", "--format", "pdf", "--out", str(tmp_path / "x.pdf"))
    assert done.exit_code == 2 and "pip install 'karez[reports]'" in done.output
    assert list(tmp_path.iterdir()) == []
