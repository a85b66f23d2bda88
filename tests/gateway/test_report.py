"""The pages of a commissioning: everything on them, in both languages, readable with no network."""

import hashlib
import json
import re
import subprocess
import sys
from dataclasses import fields, replace
from html.parser import HTMLParser

import pytest
import segno
from typer.testing import CliRunner

from karez_gateway.technician import commissioning, judgement, report, report_words
from karez_gateway.technician.cli import app
from karez_gateway.technician.commissioning_file import decode, encode, photo
from karez_gateway.technician.report_content import LANGUAGES
from karez_gateway.technician.report_content import report as content
from karez_gateway.technician.report_figures import coordinates, decimal, dial, multiplier, percent, short
from karez_gateway.technician.wording import PAGE

from .commissionings import WATER, checks, filed, sample, swapped_box, swapped_meter

HAN = re.compile("[\u4e00-\u9fff]")
LATIN_WORD = re.compile("[A-Za-z]{4,}")


def file_of(says=None):
    return decode(filed(says), "a file")


def failed():
    off = judgement.made(
        commissioning.DialCheck,
        quantity="water",
        dial_before=100,
        dial_after=20_100,
        dial_step=10,
        register_before=0,
        register_after=19_000,
    )
    return sample(checks=replace(checks(), dial=(off,)))


class Page(HTMLParser):
    """Texts and attributes of a page; a tag that is not closed is found out."""

    def __init__(self, data):
        super().__init__()
        self.open, self.texts, self.attributes, self.tags = [], [], [], set()
        self.feed(data.decode())
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes += attrs
        if tag not in {"meta", "col", "path"}:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes += attrs

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] != "style":
            self.texts.append(data)

    @property
    def text(self):
        return "\n".join(self.texts)


def words_of(found):
    """Every text that we wrote ourselves: no values of the file."""
    yield from (found.title, found.result, found.hint, found.page, *found.sign_here)
    for section in found.sections:
        yield section.heading
        yield from (label for label, _ in section.values)
        if section.table is not None:
            yield from section.table.columns


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("says", [sample(), failed(), swapped_box(), swapped_meter()])
def test_the_page_needs_nothing_but_itself(language, says):
    page = Page(report.html(file_of(says), language))
    assert page.tags.isdisjoint({"script", "link", "img", "iframe", "object"})
    assert not [one for one in page.attributes if one[0] in {"src", "href", "onload", "xlink:href"}]
    assert b"url(" not in report.html(file_of(says), language)
    assert "svg" in page.tags and content(file_of(says), language).qr in page.text


def test_everything_of_the_file_is_on_the_page():
    says = sample()
    text = Page(report.html(file_of(says), "both")).text
    site = says.site
    for one in (site.name_en, site.name_zh, site.county, site.village, site.permit, site.right_holder):
        assert one in text
    for one in (
        "44.012345° N, 87.308765° E",
        "滴灌棉花",
        says.controller.key,
        says.grant.sha256,
        WATER.serial,
    ):
        assert one in text
    for one in (*says.seals, *says.photos):
        for member in fields(one):
            value = getattr(one, member.name)
            assert value is None or (f"{value:,}" if isinstance(value, int) else value) in text
    for one in ("×40", "48,211.300 m³", "−0.49 %", "3.417 m³/kWh", "412 ms", "14.801 kW", *says.remarks):
        assert one in text
    assert file_of(says).sha256.hex() in text and file_of(says).signature.ed25519 in text


def test_a_swap_says_what_was_taken_away_and_both_readings():
    text = Page(report.html(file_of(swapped_meter()), "en")).text
    assert "Meter replacement report" in text and "99,120.450 m³" in text and "W1807-0093" in text
    text = Page(report.html(file_of(swapped_box()), "zh")).text
    assert "控制器更换报告" in text and "61,300.412 m³" in text and "雷击损坏" in text


def test_each_language_stands_alone_and_both_stand_together():
    for says in (sample(), failed(), swapped_box(), swapped_meter()):
        english, chinese, both = (content(file_of(says), one) for one in ("en", "zh", "both"))
        assert not [one for one in words_of(english) if HAN.search(one)]
        known = ("SHA", "UTC", "{page}")
        assert not [
            one for one in words_of(chinese) if LATIN_WORD.search(one) and not any(w in one for w in known)
        ]
        for one, other, together in zip(words_of(english), words_of(chinese), words_of(both), strict=True):
            assert one in together and other in together


def test_every_word_has_two_languages():
    for name in ("TITLES", "RESULTS", "OUTCOMES", "HEADINGS", "CHECKS", "LABELS", "WORDS", "REASONS"):
        for english, chinese in getattr(report_words, name).values():
            assert english and not HAN.search(english) and (HAN.search(chinese) or english == chinese)
    words = {*commissioning.QUANTITIES, *commissioning.CLASSES, *commissioning.SOURCES}
    assert words | {*commissioning.FAILS, *commissioning.FEEDBACKS} == set(report_words.WORDS)
    assert set(report_words.CHECKS) == set(commissioning.CHECKS)


def test_a_failed_check_says_so_on_top_with_the_reason_beside_it():
    found = content(file_of(failed()), "en")
    assert (found.state, found.result) == ("failed", "A check has failed")
    page = report.html(file_of(failed()), "en").decode()
    row = page[page.index("Dial within") :].partition("</tr>")[0]
    assert "−5.00 %" in row and "more than 1 % off" in row and "FAILED" in row


def test_a_draft_says_that_nobody_signed_it():
    found = content(decode(encode(sample()), "a draft"), "both")
    assert found.state == "unsigned" and "not signed" in found.result


def test_what_a_file_says_cannot_become_markup():
    site = replace(sample().site, name_en='<script src="x">&</script>')
    page = Page(report.html(file_of(sample(site=site)), "en"))
    assert "script" not in page.tags and '<script src="x">&</script>' in page.text


def test_the_code_says_controller_key_and_site_whatever_its_letters():
    box = sample().controller
    print_ = hashlib.sha256(bytes.fromhex(box.key)).hexdigest()[:32]
    named = content(file_of(sample(code="井 1:2")), "en").qr
    assert named == f"KAREZ:1:{box.name}:{print_}:井 1:2"
    found = content(file_of(), "en")
    expected = segno.make(f"KAREZ:1:{box.name}:{print_}:well-12", error="m", micro=False).matrix_iter(
        border=4
    )
    assert report._modules(found) == [list(row) for row in expected]


@pytest.mark.parametrize("says", [failed(), swapped_meter()])
def test_paper_is_a4_carries_its_font_and_is_the_same_each_time(says):
    data, lacking = report.pdf(file_of(says), "both")
    assert lacking == "" and data.startswith(b"%PDF-1.") and data.rstrip().endswith(b"%%EOF")
    assert report.pdf(file_of(says), "both") == (data, "")
    assert b"/MediaBox [0 0 595.28 841.89]" in data and b"/FontFile2" in data
    assert 2 <= len(re.findall(rb"/Type /Page\n", data)) <= 3
    assert b"/URI" not in data and b"/JavaScript" not in data


def test_a_character_that_the_font_lacks_is_named():
    says = sample(remarks=("№ 7, يول",))
    assert report.pdf(file_of(says), "en")[1] == "№يول"


def test_the_longest_file_still_makes_pages():
    long = "长" * 80
    site = replace(
        sample().site, name_zh=long, name_en="W" * 80, village=long, county=long, right_holder=long
    )
    seals = tuple(commissioning.Seal(f"{at}" + "W" * 30, long, None) for at in range(64))
    photo = sample().photos[0]
    photos = tuple(replace(photo, file=f"{at}" + "W" * 96, shows="长" * 120) for at in range(64))
    says = sample(site=site, seals=seals, photos=photos, remarks=("长 W" * 130,) * 32)
    data, _ = report.pdf(file_of(says), "both")
    assert len(re.findall(rb"/Type /Page\n", data)) > 8
    assert Page(report.html(file_of(says), "both")).text.count(long) >= 68


def test_figures_are_whole_numbers_with_a_point_put_in():
    assert (
        decimal(12_489, 3) == "12.489" and decimal(-5, 3) == "−0.005" and decimal(1_234_567, 0) == "1,234,567"
    )
    assert short(40_000_000, 6) == "40" and short(1_500_000, 6) == "1.5" and short(0, 6) == "0"
    assert multiplier(1_000_000) == "×1" and dial("energy", 9_314_200) == "9,314.200 kWh"
    assert dial("water", 100_000, thousandths=True) == "0.1 m³" and dial("water", None) == ""
    assert percent(-4861) == "−0.49 %" and percent(49) == "0.00 %" and percent(50) == "+0.01 %"
    assert percent(None) == "–" and coordinates(-1, -180_000_000) == "0.000001° S, 180.000000° W"
    assert coordinates(None, 5) is None


def run(*words, **environment):
    env = {"LC_ALL": "", "LANG": "C", **environment}
    result = CliRunner(env=env).invoke(app, ["report", *[str(one) for one in words]])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.stdout, result.stderr


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "well-12.json"
    path.write_bytes(filed())
    return path


def test_the_command_writes_both_pages_beside_the_file_or_elsewhere(tmp_path, file):
    code, out, err = run(file)
    assert (code, err) == (0, "") and out.count("\n") == 4  # two pages, two photos that are elsewhere
    assert sorted(one.name for one in tmp_path.iterdir()) == ["well-12.html", "well-12.json", "well-12.pdf"]
    there = tmp_path / "a" / "b"
    code, out, _ = run(file, "--out", there, "--lang", "zh", "--json")
    said = json.loads(out)
    assert code == 0 and said["result"] == "skipped" and said["signed"] and said["lacking"] == ""
    assert [one["file"] for one in said["files"]] == [str(there / "well-12.html"), str(there / "well-12.pdf")]
    assert [one["size"] for one in said["files"]] == [
        (there / one).stat().st_size for one in ("well-12.html", "well-12.pdf")
    ]
    assert (there / "well-12.html").read_bytes() == report.html(file_of(), "zh")


def test_pages_that_are_there_stay_without_force(file):
    assert run(file)[0] == 0
    file.with_suffix(".html").write_text("mine")
    code, _, err = run(file)
    assert code == 2 and "--force" in err and file.with_suffix(".html").read_text() == "mine"
    assert run(file, "--force")[0] == 0 and file.with_suffix(".html").read_text() != "mine"


def test_a_file_with_faults_names_them_all_and_makes_no_page(tmp_path, file):
    file.write_bytes(filed().replace(b'"dial_after": 4', b'"dial_after": 5', 1))
    code, _, err = run(file, "--lang", "zh")
    assert code == 2 and "checks: " in err
    assert list(tmp_path.iterdir()) == [file]


def test_wrong_options_are_said_in_one_sentence(tmp_path, file):
    code, _, err = run(file, "--lang", "fr")
    assert code == 2 and err == "karez tech: --lang is one of en, zh, both.\n"
    assert run(tmp_path / "none.json")[0] == 2
    blocked = tmp_path / "blocked"
    blocked.write_text("")
    assert run(file, "--out", blocked / "x")[0] == 2


def test_a_character_lacking_on_paper_is_said(file):
    file.write_bytes(filed(sample(remarks=("№ 7",))))
    code, out, _ = run(file)
    assert code == 0 and PAGE["en"]["report-glyphs"].format(marks="№") + "\n" in out


def test_photos_beside_the_file_are_compared(file):
    (file.parent / "dial.jpg").write_bytes(b"dial")
    (file.parent / "box.jpg").write_bytes(b"box")
    taken = tuple(photo(file.parent / name, "x") for name in ("dial.jpg", "box.jpg"))
    file.write_bytes(filed(sample(photos=taken)))
    assert json.loads(run(file, "--json")[1])["photos"] == []
    (file.parent / "dial.jpg").write_bytes(b"liad")
    (file.parent / "box.jpg").unlink()
    code, out, _ = run(file, "--force")
    assert code == 0 and PAGE["en"]["photo-differs"].format(file="dial.jpg") in out
    assert PAGE["en"]["photo-missing"].format(file="box.jpg") in out


@pytest.mark.parametrize("package", ["segno", "fpdf"])
def test_without_the_packages_it_says_what_to_install(file, monkeypatch, package):
    monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.delitem(sys.modules, "karez_gateway.technician.report_pdf", raising=False)
    monkeypatch.delattr("karez_gateway.technician.report_pdf", raising=False)
    code, _, err = run(file)
    assert code == 2 and package in err and "pip install 'karez[tech]'" in err
    assert [one.name for one in file.parent.iterdir()] == [file.name]


def test_help_imports_none_of_it():
    done = subprocess.run(
        [sys.executable, "-c", "import sys, karez_gateway.technician.cli; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert {"fpdf", "segno", "cryptography", "sqlalchemy"}.isdisjoint(done.stdout.split())
