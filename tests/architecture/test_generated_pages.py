"""docs/configuration.md says what the firmware reads, docs/console.md what the console says, and the pages of
the technician what the tool shows."""

import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from rich.cells import cell_len

from karez_gateway.technician import guide
from karez_gateway.technician.wording_asks import TITLES

ROOT = Path(__file__).parents[2]
PICTURES = sorted((ROOT / "docs" / "pictures").glob("*.svg"))
PICTURE_BYTES_MAX = 60_000
READERS = {"en": "technician.md", "zh": "technician.zh-CN.md"}
NAMESPACE = 'xmlns="http://www.w3.org/2000/svg"'


@pytest.mark.parametrize("generator", ["console_verbs.py", "configuration_tables.py", "scenarios_table.py"])
def test_a_page_has_its_tables_and_answers_from_the_code(generator):
    done = subprocess.run(
        [sys.executable, f"docs/{generator}", "--check"],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_pictures_show_what_the_technician_s_tool_shows():
    done = subprocess.run(
        [sys.executable, "docs/technician_pictures.py", "--check"],
        cwd=ROOT, capture_output=True, text=True, timeout=110, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def text_of(page):
    return (ROOT / "docs" / page).read_text(encoding="utf-8")


@pytest.mark.parametrize("page", READERS.values())
def test_the_table_of_steps_is_the_guide_s(page):
    rows = re.findall(r"^\| `([\w-]+)(-…)?` \| (\S+) \| .* \| (\S+)[^|]* \|$", text_of(page), re.MULTILINE)
    said = [
        (name, bool(each), title, answer in ("yes", "是"))
        for name, each, title, answer in rows
        if name in TITLES["zh"]
    ]
    steps = guide.STEPS["commissioning"]
    assert said == [(one.name, bool(one.each), TITLES["zh"][one.name], one.may_skip) for one in steps]


def test_each_picture_stands_in_both_languages_on_the_page_of_its_readers():
    names = {path.name.partition(".")[0] for path in PICTURES}
    assert len(names) >= 8 and len(PICTURES) == 2 * len(names)
    for language, page in READERS.items():
        shown = re.findall(r"!\[[^]]+\]\(pictures/([\w.-]+)\)", text_of(page))
        assert sorted(shown) == sorted(f"{name}.{language}.svg" for name in names)


@pytest.mark.parametrize("path", PICTURES, ids=lambda path: path.name)
def test_a_picture_is_small_whole_and_leads_nowhere(path):
    text = path.read_text(encoding="utf-8")
    assert len(text.encode()) < PICTURE_BYTES_MAX
    assert text.count(NAMESPACE) == 1
    assert not re.search(r"//|@import|@font-face|href|<script", text.replace(NAMESPACE, ""))
    places = set(re.findall(r"url\(([^)]*)\)", text))
    assert places == {"#clip-terminal"} and 'id="clip-terminal"' in text
    root = ET.fromstring(text)
    width = float(root.attrib["viewBox"].split()[2])
    runs = [one for one in root.iter("{http://www.w3.org/2000/svg}text") if "textLength" in one.attrib]
    assert len(runs) > 10
    for one in runs:  # each with the width of its characters, and none beyond the edge
        cells = cell_len(one.text)
        assert float(one.attrib["textLength"]) == pytest.approx(12.2 * cells, abs=0.1), one.text
        assert float(one.attrib["x"]) + 12.2 * cells <= width, one.text
        assert cells in (len(one.text), 2 * len(one.text)), one.text
